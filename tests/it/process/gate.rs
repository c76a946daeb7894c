//! An agent that reaches named hosts alone: what it reaches, what it is refused, what it can't do about it, and that nothing of its gate is left.

use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    os::unix::fs::MetadataExt,
    sync::{Arc, Mutex},
    thread,
};

use discord_orchestrator::adapters::process;
use orchestrator_core::{
    domain::hosts::Hosts,
    ports::agent_runner::{AgentRunner, Cause, Ending, Exit, LaunchSpec, StopReason},
};

use super::house::{House, is_alive, kill, parent_of, status_of, until};

/// Says so where this machine permits no network of one's own: then there is nothing to be tested.
fn offers() -> bool {
    let offered = process::offered();
    if !offered.namespaces {
        eprintln!("NOT TESTED: this machine permits no namespaces of users and networks");
    }
    offered.namespaces && offered.filters
}

/// A server on this machine's loopback that says its name to whoever asks, and remembers what it was asked.
struct Origin {
    at: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Origin {
    fn start(name: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let (at, asked) = (listener.local_addr().expect("an address"), Arc::<Mutex<Vec<String>>>::default());
        let remembered = Arc::clone(&asked);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let remembered = Arc::clone(&remembered);
                thread::spawn(move || answer(client, name, &remembered));
            }
        });
        Self { at, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no panic").clone()
    }
}

fn answer(mut client: TcpStream, name: &str, remembered: &Mutex<Vec<String>>) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && matches!(client.read(&mut byte), Ok(1)) {
        head.push(byte[0]);
    }
    remembered.lock().expect("no panic").push(String::from_utf8_lossy(&head).into_owned());
    drop(client.write_all(format!("HTTP/1.0 200 OK\r\n\r\n{name}").as_bytes()));
}

/// An agent in perl that reaches these hosts. Its script has `ask(address, text)`, which returns what is answered on one line, and `$gate`.
fn reaching(house: &House, hosts: &[&str], script: &str) -> LaunchSpec {
    let ask = "use IO::Socket::INET; $| = 1; ($gate) = $ENV{HTTPS_PROXY} =~ m{^http://(.*)$}; sub ask { my ($to, $text) = @_; \
        my $s = IO::Socket::INET->new(PeerAddr => $to, Timeout => 20) or return qq(no: $!); print $s $text; local $/; \
        my $said = <$s>; $said =~ s/\\s+/ /g; $said } sub tunnel { ask($gate, qq(CONNECT $_[0] HTTP/1.1\\r\\n\\r\\nGET / HTTP/1.0\\r\\n\\r\\n)) } ";
    let mut spec = house.perl_agent(&format!("{ask}{script}"));
    spec.walls.hosts = Some(Hosts(hosts.iter().map(|host| host.parse().expect("a host")).collect()));
    spec
}

/// The gate of the attempt whose agent has this number.
fn gate_beside(agent: i32) -> i32 {
    let attendant = parent_of(agent);
    let children = fs::read_to_string(format!("/proc/{attendant}/task/{attendant}/children")).expect("it lives");
    let gates: Vec<i32> = children.split_whitespace().map(|pid| pid.parse().expect("a number")).filter(|pid| *pid != agent).collect();
    assert_eq!(gates.len(), 1, "{children}");
    assert_eq!(status_of(gates[0], "Name"), "orch-gate");
    gates[0]
}

#[tokio::test]
async fn an_agent_reaches_the_hosts_that_are_named_and_nothing_else_and_what_it_was_refused_is_recorded() {
    if !offers() {
        return;
    }
    let house = House::new();
    let (named, other) = (Origin::start("named"), Origin::start("other"));
    let (named_at, other_at) = (named.at, other.at);
    let script = format!(
        "print 'tunnel: ', tunnel('{named_at}'), qq(\\n); \
         print 'plain: ', ask($gate, qq(GET http://{named_at}/x HTTP/1.1\\r\\nHost: evil\\r\\nProxy-Connection: keep-alive\\r\\n\\r\\n)), qq(\\n); \
         print 'door: ', ask('{named_at}', qq(GET / HTTP/1.0\\r\\n\\r\\n)), qq(\\n); \
         print 'other: ', tunnel('{other_at}'), qq(\\n); \
         print 'again: ', tunnel('{other_at}'), qq(\\n); \
         print 'other, plain: ', ask($gate, qq(GET http://{other_at}/ HTTP/1.1\\r\\n\\r\\n)), qq(\\n); \
         print 'other, past the gate: ', ask('{other_at}', qq(GET / HTTP/1.0\\r\\n\\r\\n)), qq(\\n); \
         print 'metadata: ', tunnel('169.254.169.254:80'), qq(\\n); \
         print 'name: ', tunnel('evil.example:443'), qq(\\n); \
         print 'nonsense: ', ask($gate, qq(GET / HTTP/1.1\\r\\n\\r\\n)), qq(\\n); \
         socket(my $u, AF_INET, SOCK_DGRAM, 0); \
         print 'datagram: ', (send($u, 'x', 0, sockaddr_in(53, inet_aton('1.1.1.1'))) ? 'sent' : $!), qq(\\n); \
         print 'raw: ', ask('1.1.1.1:443', 'x'), qq(\\n); \
         print 'own: ', (IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1:7777') ? 'listens' : $!), qq(\\n);"
    );

    let record = house.run(&reaching(&house, &[&named_at.to_string()], &script)).await;

    let refused = |what: &str| {
        let said = format!("orchestrator: this agent asked for {what}, which is not among its hosts (`network`)");
        format!(
            "HTTP/1.1 403 Forbidden Content-Type: text/plain; charset=utf-8 Content-Length: {} Connection: close {said} ",
            said.len() + 1
        )
    };
    let (other_refused, metadata, name) = (refused(&other_at.to_string()), refused("169.254.169.254:80"), refused("evil.example:443"));
    assert_eq!(
        house.read("agent.log"),
        format!(
            "tunnel: HTTP/1.1 200 Connection established HTTP/1.0 200 OK named\n\
             plain: HTTP/1.0 200 OK named\n\
             door: HTTP/1.0 200 OK named\n\
             other: {other_refused}\n\
             again: {other_refused}\n\
             other, plain: {other_refused}\n\
             other, past the gate: no: Connection refused\n\
             metadata: {metadata}\n\
             name: {name}\n\
             nonsense: HTTP/1.1 400 Bad Request Content-Type: text/plain; charset=utf-8 Content-Length: 72 Connection: close \
             orchestrator: this gate takes `CONNECT host:port` and `http://host/…` \n\
             datagram: Network is unreachable\n\
             raw: no: Network is unreachable\n\
             own: listens\n"
        )
    );
    assert_eq!(record.exit, Exit::Code(0));
    assert_eq!(
        record.refused_hosts,
        [other_at.to_string().as_str(), "169.254.169.254:80", "evil.example:443"]
            .map(|what| format!("{what}, which is not among its hosts"))
    );
    assert_eq!(named.asked()[1], format!("GET /x HTTP/1.1\r\nHost: {named_at}\r\nConnection: close\r\n\r\n"));
    assert_eq!((named.asked().len(), other.asked().len()), (3, 0));
    house.finish();
}

#[tokio::test]
async fn a_name_that_leads_to_this_machine_is_refused_unless_its_address_is_named_too() {
    let name = fs::read_to_string("/etc/hostname").unwrap_or_default().trim().to_owned();
    let leads = std::net::ToSocketAddrs::to_socket_addrs(&(name.as_str(), 80)).map(Iterator::collect::<Vec<_>>).unwrap_or_default();
    if !offers() || !leads.first().is_some_and(|at| at.ip().is_loopback()) {
        eprintln!("NOT TESTED: this machine's own name `{name}` does not lead to itself, but to {leads:?}");
        return;
    }
    let house = House::new();
    let origin = Origin::start("inner");
    let (host, address) = (format!("{name}:{}", origin.at.port()), leads[0].ip());
    let script = format!("print tunnel('{host}'), qq(\\n);");

    let record = house.run(&reaching(&house, &[&host], &script)).await;

    assert!(house.read("agent.log").starts_with("HTTP/1.1 403 Forbidden"), "{}", house.read("agent.log"));
    assert_eq!(record.refused_hosts, [format!("{host}, which leads to the private address {address}")]);
    assert!(origin.asked().is_empty());
    let mut both = reaching(&house, &[&host, &format!("{address}:{}", origin.at.port())], &script);
    both.log = house.path("both.log");
    let record = house.run(&both).await;
    assert!(house.read("both.log").contains("inner") && record.refused_hosts.is_empty(), "{}", house.read("both.log"));
    house.finish();
}

#[tokio::test]
async fn what_is_no_host_however_others_may_read_it_is_refused_and_recorded_as_well() {
    if !offers() {
        return;
    }
    let house = House::new();
    let script = "for my $way ('127.1:80', '0x7f000001:80', '2130706433:80') { print substr(tunnel($way), 0, 22), qq(\n) }";

    let record = house.run(&reaching(&house, &["a.example"], script)).await;

    assert_eq!(house.read("agent.log"), "HTTP/1.1 403 Forbidden\n".repeat(3));
    let refused = ["0x7f000001:80", "127.1:80", "2130706433:80"]
        .map(|what| format!("`{what}`, which is no host's name or address as it is written here"));
    let told: std::collections::BTreeSet<String> = record.refused_hosts.into_iter().collect();
    assert_eq!(told, refused.into());
    house.finish();
}

#[tokio::test]
async fn memory_that_an_agent_of_hosts_has_shared_is_seen_by_nobody_else_and_goes_with_it() {
    if !offers() {
        return;
    }
    let house = House::new();
    let key = 0x5a00_0000 + std::process::id();
    let script = format!("print shmget({key}, 4096, 01600) // $!, qq(\n); sleep 600");
    let spec = reaching(&house, &["a.example"], &script);

    house.launch(&spec).await;
    let id = house.said("agent.log").await;

    assert!(id.parse::<u32>().is_ok(), "{id}");
    let shared = fs::read_to_string("/proc/sysvipc/shm").expect("the kernel's list");
    assert!(!shared.lines().any(|line| line.split_whitespace().next() == Some(&key.to_string())), "{shared}");
    house.runner.stop(spec.attempt, StopReason::Cancelled).await;
    house.recorded(spec.attempt).await;
    house.finish();
}

#[tokio::test]
async fn an_agent_in_its_own_network_gains_no_rights_leaves_it_by_no_call_and_its_files_are_this_account_s() {
    if !offers() {
        return;
    }
    let house = House::new();
    let (unshare, setns, clone3, seccomp) = if cfg!(target_arch = "x86_64") { (272, 308, 435, 317) } else { (97, 268, 435, 277) };
    let script = format!(
        "open(F, '<', '/proc/self/status'); while (<F>) {{ print if /^(CapInh|CapPrm|CapEff|CapAmb|NoNewPrivs|Uid|Gid)/ }} \
         sub tried {{ my ($what, $done) = @_; print qq($what: ), ($done ? 'DONE' : $!), qq(\\n) }} \
         tried('a user namespace', syscall({unshare}, 0x10000000) == 0); \
         tried('a network namespace', syscall({unshare}, 0x40000000) == 0); \
         tried('clone3', syscall({clone3}, 0, 0) >= 0); \
         open(N, '<', '/proc/1/ns/net') and tried('the machine\\'s network', syscall({setns}, fileno(N), 0) == 0) or print qq(no way to it\\n); \
         for my $family (16, 17, 40) {{ tried(qq(family $family), socket(my $s, $family, 3, 0)) }} \
         tried('raw', socket(my $r, 2, 3, 1)); \
         tried('a filter of its own', syscall({seccomp}, 1, 0, 0) == 0); \
         open(P, '<', '/proc/' . getppid() . '/mem') ? print qq(its attendant's memory: DONE\\n) : print qq(its attendant's memory: $!\\n); \
         print `ls -ln made 2>&1` if open(M, '>', 'made') and close M; print qq(child: ), `echo started`;"
    );
    let mut spec = reaching(&house, &["a.example"], &script);
    spec.walls.files = None;

    house.run(&spec).await;

    let log = house.read("agent.log");
    let own = fs::metadata(house.path("made")).expect("it was made");
    let mine = fs::metadata(house.path("agent.log")).expect("a log");
    assert_eq!((own.uid(), own.gid()), (mine.uid(), mine.gid()), "{log}");
    for right in ["CapInh", "CapAmb"] {
        assert!(log.contains(&format!("{right}:\t0000000000000000\n")), "{log}");
    }
    // Rights over files alone, and those only for an administrator.
    for right in ["CapPrm", "CapEff"] {
        let held = log.lines().find_map(|line| line.strip_prefix(&format!("{right}:\t"))).expect("a line");
        assert_eq!(u64::from_str_radix(held, 16).expect("a number") & !0x1b, 0, "{log}");
    }
    assert!(log.contains("NoNewPrivs:\t1\n") && log.contains("child: started\n"), "{log}");
    assert!(!log.contains("DONE"), "{log}");
    for refused in ["a user namespace: Operation not permitted", "clone3: Function not implemented", "family 16: Permission denied"] {
        assert!(log.contains(refused), "{log}");
    }
    house.finish();
}

#[tokio::test]
async fn nothing_of_a_gate_is_left_however_its_attempt_ends_and_it_counts_for_none_of_the_agent_s_processes() {
    if !offers() {
        return;
    }
    let house = House::new();
    let script = "open(F, '>', 'new'); print F qq($$\\n); close F; rename 'new', 'pid'; sleep 600 unless -e 'at-once';";
    let start = async || {
        drop(fs::remove_file(house.path("pid")));
        let mut spec = reaching(&house, &["a.example"], script);
        spec.walls.process_limit = Some(1);
        house.launch(&spec).await;
        let agent = house.pid("pid").await;
        (spec.attempt, agent, gate_beside(agent))
    };

    let (stopped, _, gate) = start().await;
    house.runner.stop(stopped, StopReason::Cancelled).await;
    let record = house.recorded(stopped).await;
    assert_eq!((record.cause, record.swept, is_alive(gate)), (Cause::Stopped, 0, false), "{record:?}");

    let (killed, agent, gate) = start().await;
    kill(agent, libc::SIGKILL);
    let record = house.recorded(killed).await;
    assert_eq!((record.exit, record.swept, is_alive(gate)), (Exit::Signal(libc::SIGKILL), 0, false), "{record:?}");

    let (lost, agent, gate) = start().await;
    kill(parent_of(agent), libc::SIGKILL);
    assert_eq!(house.ending(lost).await, Ending::Lost);
    until("its gate has ended", || !is_alive(gate) && !is_alive(agent)).await;

    let (early, agent, gate) = start().await;
    kill(gate, libc::SIGKILL);
    until("its gate has ended", || !is_alive(gate)).await;
    kill(agent, libc::SIGTERM);
    let record = house.recorded(early).await;
    assert_eq!(record.refused_hosts, ["what it could not reach any more, because its gate had ended early"]);

    fs::write(house.path("at-once"), "").expect("writes");
    let by_itself = house.run(&reaching(&house, &["a.example"], script)).await;
    assert_eq!((by_itself.exit, by_itself.swept), (Exit::Code(0), 0), "{by_itself:?}");
    house.finish();
}

#[tokio::test]
async fn a_gate_to_an_agent_that_can_t_be_started_is_ended_too() {
    if !offers() {
        return;
    }
    let house = House::new();
    let mut spec = reaching(&house, &["a.example"], "");
    spec.program = house.path("not-there");

    let error = house.runner.launch(&spec).await.expect_err("there is no program");

    assert!(!error.may_be_retried(), "{error}");
    let gates =
        fs::read_dir("/proc").expect("/proc").filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok()).filter(|pid| {
            // A gate that is there belongs to another test; one whose attendant is gone belongs to nobody.
            fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name == "orch-gate\n")
                && fs::read_to_string(format!("/proc/{}/comm", parent_of(*pid))).is_ok_and(|name| name.starts_with("orch-nursery"))
        });
    assert_eq!(gates.count(), 0);
    house.finish();
}

#[tokio::test]
async fn many_connections_and_much_data_pass_a_gate_that_stays_small() {
    if !offers() {
        return;
    }
    let house = House::new();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let at = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for mut client in listener.incoming().map_while(Result::ok) {
            // Says back what it hears, a megabyte each.
            thread::spawn(move || {
                let mut all = Vec::new();
                drop(client.read_to_end(&mut all));
                drop(client.write_all(&all));
            });
        }
    });
    let script = format!(
        "open(F, '>', 'new'); print F qq($$\\n); close F; rename 'new', 'pid'; \
         for my $n (1 .. 100) {{ next if fork; my $s = IO::Socket::INET->new($gate) or exit 1; print $s qq(CONNECT {at} HTTP/1.1\\r\\n\\r\\n); \
         my $head = ''; while ($head !~ /\\r\\n\\r\\n$/) {{ sysread($s, my $b, 1) or exit 2; $head .= $b }} \
         my $data = chr(64 + $n % 32) x 1_000_000; print $s $data; $s->flush; shutdown($s, 1); local $/; exit(<$s> eq $data ? 0 : 3) }} \
         my %codes; while (wait > 0) {{ $codes{{$? >> 8}}++ }} print join(' ', %codes), qq(\\n); sleep 600;"
    );
    let spec = reaching(&house, &[&at.to_string()], &script);

    house.launch(&spec).await;
    let gate = gate_beside(house.pid("pid").await);
    until("all have ended", || house.read("agent.log").ends_with('\n')).await;
    let peak: u64 = status_of(gate, "VmHWM").trim_end_matches(" kB").trim().parse().expect("a number");
    house.runner.stop(spec.attempt, StopReason::Cancelled).await;
    house.recorded(spec.attempt).await;

    assert_eq!(house.read("agent.log"), "0 100\n");
    assert!(peak < 40_000, "{peak} KiB");
    house.finish();
}
