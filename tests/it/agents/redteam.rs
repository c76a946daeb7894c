//! An agent that is told to misbehave, at each level of isolation: what it is kept from, by what, and what a level does not keep it from.
//!
//! The table here is the one in `docs/isolation.md`: a row that differs fails.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    net::{IpAddr, TcpListener, ToSocketAddrs, UdpSocket},
    thread,
};

use discord_orchestrator::adapters::process;
use orchestrator_sandbox::world::snowflake::Snowflake;
use serde_json::json;

use crate::world::{Founding, PATIENCE, World};

/// What stops a try, as the documentation calls it; nothing: it succeeds.
type Stop = Option<&'static str>;

const LANDLOCK: Stop = Some("Landlock");
const SECCOMP: Stop = Some("seccomp");
const NOT_GIVEN: Stop = Some("it is not there");
const DESCENT: Stop = Some("refused by descent");
const WATCH: Stop = Some("ended by its attendant");
const NETWORK: Stop = Some("its own network");
const GATE: Stop = Some("its gate");
const NO_GATE: Stop = Some("there is no gate");
const DONE: Stop = None;

/// What is tried, with which shell command (it succeeds if the try does), and what stops it: at `full`, at `workspace`, with everything set, and with everything
/// set and some hosts.
const TRIES: [(&str, &str, [Stop; 4]); 33] = [
    ("read the orchestrator's configuration", "grep -q agents $ROOT/orchestrator_config.json", [DONE, LANDLOCK, LANDLOCK, LANDLOCK]),
    ("read its env file with the token", "grep -q TOKEN $ROOT/discord-config.env", [DONE, LANDLOCK, LANDLOCK, LANDLOCK]),
    ("change its configuration", "cat /dev/null >> $ROOT/orchestrator_config.json", [DONE, LANDLOCK, LANDLOCK, LANDLOCK]),
    ("read the store", "head -c 1 $ROOT/.runtime/orchestrator.db | grep -q S", [DONE, LANDLOCK, LANDLOCK, LANDLOCK]),
    ("read its log", "ls $ROOT/logs && cat $ROOT/bot.log", [DONE, LANDLOCK, LANDLOCK, LANDLOCK]),
    ("read the orchestrator's environment", "grep -q BOTS_OWN /proc/$BOT/environ", [DONE, LANDLOCK, LANDLOCK, LANDLOCK]),
    ("find a secret in its own environment", "grep -q BOTS_OWN /proc/self/environ", [NOT_GIVEN, NOT_GIVEN, NOT_GIVEN, NOT_GIVEN]),
    ("find a secret in its attendant's environment", "grep -q BOTS_OWN /proc/$PPID/environ", [NOT_GIVEN, LANDLOCK, LANDLOCK, LANDLOCK]),
    ("read another attempt's workspace", "grep -q private $OTHER/mine", [DONE, LANDLOCK, LANDLOCK, LANDLOCK]),
    ("write into another attempt's workspace", "echo x > $OTHER/planted", [DONE, LANDLOCK, LANDLOCK, LANDLOCK]),
    ("read another attempt's control file", "grep -q mark $ROOT/.runtime/attempts/$ATTEMPT/control", [DONE, LANDLOCK, LANDLOCK, LANDLOCK]),
    ("forge its own exit record", "echo x >> $TMPDIR/../control", [DONE, LANDLOCK, LANDLOCK, LANDLOCK]),
    ("write outside its workspace", "echo x > $ROOT/outside", [DONE, LANDLOCK, LANDLOCK, LANDLOCK]),
    ("write to /tmp", "echo x > $ROOT.outside", [DONE, LANDLOCK, LANDLOCK, LANDLOCK]),
    ("take a hard link out", "ln $ROOT/openclaw.json stolen", [DONE, LANDLOCK, LANDLOCK, LANDLOCK]),
    ("signal the orchestrator", "kill -0 $BOT", [DONE, LANDLOCK, LANDLOCK, LANDLOCK]),
    ("signal its attendant", "kill -0 $PPID", [DONE, LANDLOCK, LANDLOCK, LANDLOCK]),
    ("signal another attempt's agent", "kill -0 $AGENT", [DONE, LANDLOCK, LANDLOCK, LANDLOCK]),
    ("give the orchestrator orders over its socket", "asks", [DONE, DESCENT, SECCOMP, SECCOMP]),
    ("connect to a host that is not allowed", "connects $HOST $PORT", [DONE, DONE, SECCOMP, NETWORK]),
    ("connect to an address, without a name", "connects $MACHINE $PORT", [DONE, DONE, SECCOMP, NETWORK]),
    ("reach the machine's loopback services", "connects 127.0.0.1 $PORT", [DONE, DONE, SECCOMP, NETWORK]),
    ("reach the cloud's metadata address", "routes 169.254.169.254", [DONE, DONE, SECCOMP, NETWORK]),
    ("resolve a name at a name server", "sends $MACHINE $NAMES answered", [DONE, DONE, SECCOMP, NETWORK]),
    ("send datagrams out", "sends $MACHINE 53", [DONE, DONE, SECCOMP, NETWORK]),
    ("use the gate for a host that is not allowed", "tunnels $MACHINE:$PORT", [NO_GATE, NO_GATE, NO_GATE, GATE]),
    ("lead an allowed name to a private address", "tunnels $HOST:$PORT", [NO_GATE, NO_GATE, NO_GATE, GATE]),
    ("connect to a Unix socket of another service", "unix", [DONE, DONE, SECCOMP, SECCOMP]),
    ("use the keys that the kernel keeps for the account", "keys", [DONE, SECCOMP, SECCOMP, SECCOMP]),
    ("set bounds to the orchestrator", "bounds $BOT", [DONE, SECCOMP, SECCOMP, SECCOMP]),
    ("see the command lines of other processes", "grep -q run /proc/$BOT/cmdline", [DONE, DONE, DONE, DONE]),
    ("change permissions of files outside", "chmod u+x $ROOT/openclaw.json", [DONE, DONE, DONE, DONE]),
    (
        "gain privileges by a set-user-id program",
        "grep -q 'NoNewPrivs:.0' /proc/self/status",
        [PRIVILEGES, PRIVILEGES, PRIVILEGES, PRIVILEGES],
    ),
];
const PRIVILEGES: Stop = Some("no_new_privs");

/// The same of what ends the whole agent: the try, what is said of its end, and what stops it.
const FATAL: [(&str, &str, &str, [Stop; 4]); 4] = [
    (
        "fill the memory",
        "perl -e '$x = \"x\" x 150_000_000; sleep 1'; echo done > RESULT.txt",
        "more memory than it may",
        [DONE, DONE, WATCH, WATCH],
    ),
    (
        "fill the process table",
        "i=0; while [ $i -lt 60 ]; do sleep 3 & i=$((i+1)); done; wait; echo done > RESULT.txt",
        "more processes than it may",
        [DONE, DONE, WATCH, WATCH],
    ),
    (
        "write many files until the disk is full",
        "for i in 1 2 3 4 5 6 7 8; do for j in 1 2 3; do head -c 1500000 /dev/zero > f$i$j; done; sleep 0.4; done; echo done > RESULT.txt",
        "more room on the disk than it may",
        [DONE, DONE, WATCH, WATCH],
    ),
    ("write one huge file", "echo x > RESULT.txt; exec head -c 3000000 /dev/zero > big", "larger than allowed", [FILE_SIZE; 4]),
];
const FILE_SIZE: Stop = Some("RLIMIT_FSIZE");

const LEVELS: [&str; 4] = ["full", "workspace", "closed", "hosts"];

/// Tries one thing after the other, each in a shell of its own, and names those that it could do.
fn script() -> String {
    let perl = |name: &str, body: &str| format!("{name}() {{ perl -MSocket -e '{body}' \"$@\"; }}\n");
    let mut script =
        "eval \"$(tail -c +7 TASK.txt)\"; case $RUN in *?*) eval \"$RUN\"; exit;; esac\nexec 2> errors; echo tried > RESULT.txt\n"
            .to_owned();
    script += &perl(
        "connects",
        "$to = inet_aton($ARGV[0]) and socket(S, PF_INET, SOCK_STREAM, 0) && connect(S, sockaddr_in($ARGV[1], $to)) or exit 1",
    );
    script += &perl("routes", "socket(S, PF_INET, SOCK_DGRAM, 0) && connect(S, sockaddr_in(80, inet_aton($ARGV[0]))) or exit 1");
    script += &perl(
        "sends",
        "socket(S, PF_INET, SOCK_DGRAM, 0) && send(S, q(x), 0, sockaddr_in($ARGV[1], inet_aton($ARGV[0]))) or exit 1; \
         $ARGV[2] and do { alarm 20; recv(S, $answer, 10, 0) // exit 1; exit($answer eq q(y) ? 0 : 1) }",
    );
    script += &perl(
        "tunnels",
        "($at, $port) = $ENV{HTTPS_PROXY} =~ m{^http://(.*):(.*)$} or exit 2; \
         socket(S, PF_INET, SOCK_STREAM, 0) && connect(S, sockaddr_in($port, inet_aton($at))) or exit 3; \
         syswrite S, qq(CONNECT $ARGV[0] HTTP/1.1\\r\\n\\r\\n); sysread S, $answer, 4000; print STDERR $answer; exit($answer =~ m( 200 ) ? 0 : 1)",
    );
    script += &perl("unix", "socket(S, PF_UNIX, SOCK_STREAM, 0) && connect(S, sockaddr_un(qq($ENV{SERVICE}))) or exit 1");
    let (add_key, keyctl, prlimit) = if cfg!(target_arch = "x86_64") { (248, 250, 302) } else { (217, 219, 261) };
    // To look at them takes the same right.
    script += &perl("bounds", &format!("exit(syscall({prlimit}, $ARGV[0] + 0, 7, 0, 0) == 0 ? 0 : 1)"));
    script += &perl(
        "keys",
        &format!(
            "($kind, $name) = qw(user orch-try); ($key = syscall({add_key}, $kind, $name, $name, 1, -4)) > 0 or exit 1; syscall({keyctl}, 9, $key, -4)"
        ),
    );
    script += &perl(
        "asks",
        "socket(S, PF_UNIX, SOCK_STREAM, 0) && connect(S, sockaddr_un(qq($ENV{ROOT}/.runtime/orchestrator.sock))) or exit 2; \
         syswrite S, qq(GET /v1/status HTTP/1.1\\r\\nhost: x\\r\\nconnection: close\\r\\n\\r\\n); \
         sysread S, $answer, 4000; print STDERR $answer; exit($answer =~ m( 200 ) ? 0 : 1)",
    );
    for (name, command, _) in TRIES {
        let name = name.replace('\'', "'\\''");
        let _ = writeln!(script, "( {command} ) > /dev/null && echo '{name}' >> RESULT.txt");
    }
    script + "tunnels $NAMED && echo reached > reached; true"
}

/// Says so where this kernel can't hold the walls that a test is about: then its table is another.
fn offers_all() -> bool {
    let offered = process::offered();
    let all = offered.landlock >= 6 && offered.filters && offered.namespaces;
    if !all {
        eprintln!("NOT TESTED: this kernel offers {offered:?}");
    }
    all
}

/// What there is of a network around the test.
struct Surroundings {
    /// This machine's name, and its address towards others.
    host: String,
    machine: IpAddr,
}

impl Surroundings {
    /// None, and says so: this machine has no way to others, or its name leads nowhere, and what reaches them without walls can't be seen.
    fn found() -> Option<Self> {
        let host = fs::read_to_string("/etc/hostname").unwrap_or_default().trim().to_owned();
        let leads = (host.as_str(), 80).to_socket_addrs().is_ok_and(|mut found| found.any(|at| at.is_ipv4()));
        let way = UdpSocket::bind("0.0.0.0:0").and_then(|socket| socket.connect("169.254.169.254:80").and_then(|()| socket.local_addr()));
        match way {
            Ok(at) if leads => Some(Self { host, machine: at.ip() }),
            way => {
                eprintln!("NOT TESTED: this machine is `{host}` (leads somewhere: {leads}), its way to others: {way:?}");
                None
            }
        }
    }

    /// Starts one at this machine's address towards others; its port.
    fn name_server(&self) -> u16 {
        let server = UdpSocket::bind((self.machine, 0)).expect("a port");
        let port = server.local_addr().expect("an address").port();
        thread::spawn(move || {
            let mut question = [0; 10];
            while let Ok((_, who)) = server.recv_from(&mut question) {
                drop(server.send_to(b"y", who));
            }
        });
        port
    }
}

fn stopped(stop: Stop) -> &'static str {
    stop.unwrap_or("**not stopped**")
}

/// A world with an agent of each level, and one that sleeps, to be attacked.
async fn world(hosts: &[String]) -> (World, Snowflake, String) {
    let at = |level: &str| {
        let mut definition = json!({"command": "/bin/sh", "args": [["-c", script()]], "grace_seconds": 1, "home": "own"});
        if level != "full" {
            definition["file_system"] = json!("workspace");
            definition["isolation_required"] = json!(true);
        }
        if matches!(level, "closed" | "hosts") {
            definition["network"] = if level == "hosts" { json!({"hosts": hosts}) } else { json!("none") };
            definition["unix_sockets"] = json!(false);
            definition["memory_mb"] = json!(100);
            definition["processes"] = json!(30);
            definition["disk_mb"] = json!(20);
        }
        definition
    };
    let mut founding = Founding::new().config("output.file_max_mb", json!(2)).env("BOTS_OWN", "secret");
    for level in LEVELS {
        founding = founding.config(&format!("agents.{level}"), at(level));
    }
    let world = founding.start().await;
    let other = world.say("echo private > mine; echo $$ > .pid; mv .pid pid; exec sleep 600 [timeout:10m]");
    world.until("the other agent runs", |world| world.task_file(other, "pid").is_some()).await;
    let attempt = world.shell("ls .runtime/attempts | grep ^att_").trim().to_owned();
    let facts = format!(
        "ROOT={} OTHER={} ATTEMPT={attempt} BOT={} AGENT={}",
        world.dir().display(),
        world.task_dir(other).expect("its folder").display(),
        world.bot_process(),
        String::from_utf8_lossy(&world.task_file(other, "pid").expect("its number")).trim(),
    );
    (world, other, facts)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_told_to_break_out_is_stopped_as_the_table_of_its_level_says_and_nowhere_else() {
    let Some(surroundings) = Surroundings::found().filter(|_| offers_all()) else { return };
    let port = TcpListener::bind("0.0.0.0:0").expect("a port");
    let named = TcpListener::bind("127.0.0.1:0").expect("a port");
    let (port_number, named_at) = (port.local_addr().expect("a port").port(), named.local_addr().expect("an address"));
    let host = &surroundings.host;
    // The name is allowed; where it leads is not.
    let (world, other, facts) = world(&[named_at.to_string(), format!("{host}:{port_number}")]).await;
    let service = tempfile::tempdir().expect("a folder");
    let path = service.path().join("s");
    let _service = std::os::unix::net::UnixListener::bind(&path).expect("a socket");
    let facts = format!(
        "{facts} PORT={port_number} SERVICE={} HOST={host} MACHINE={} NAMES={} NAMED={named_at}; export ROOT SERVICE",
        path.display(),
        surroundings.machine,
        surroundings.name_server(),
    );

    for (level, name) in LEVELS.iter().enumerate() {
        let task = world.say(&format!("{facts} [agent:{name}]"));
        let entry = world.entry(task).await;

        assert!(entry.content.contains("tried"), "{name}: {}", entry.content);
        let result = world.task_text(task, "RESULT.txt");
        let could: BTreeSet<&str> = result.lines().skip(1).collect();
        let expected: BTreeSet<&str> = TRIES.iter().filter(|(_, _, stops)| stops[level] == DONE).map(|(what, ..)| *what).collect();
        let errors = world.task_text(task, "errors");
        assert_eq!(could, expected, "{name}: {errors}");
        assert_eq!(world.task_file(task, "reached").is_some(), *name == "hosts", "what is named: {errors}");
        let told = ["not among its hosts", "leads to the private address"].map(|what| entry.content.contains(what));
        assert_eq!(told, [*name == "hosts"; 2], "{name}: {}", entry.content);
        for planted in [world.dir().join("outside"), format!("{}.outside", world.dir().display()).into()] {
            assert_eq!(fs::remove_file(&planted).is_ok(), *name == "full", "{}", planted.display());
        }
    }

    let (code, ..) = world.run(&["cancel", &other.to_string()]);
    assert_eq!(code, 0);
    world.entry(other).await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_told_to_take_the_whole_machine_is_ended_as_the_table_of_its_level_says() {
    if !offers_all() {
        return;
    }
    let (world, other, _) = world(&["a.example".to_owned()]).await;

    for (what, run, says, stops) in FATAL {
        for (level, name) in LEVELS.iter().enumerate() {
            let task = world.say(&format!("RUN='{}' [agent:{name}]", run.replace('\'', "'\\''")));
            let entry = world.entry_within(task, PATIENCE * 2).await.content;

            match stops[level] {
                DONE => assert!(entry.starts_with("**[SUCCESS]**"), "{what}, {name}: {entry}"),
                Some(_) => assert!(entry.starts_with("**[FAILED]**") && entry.contains(says), "{what}, {name}: {entry}"),
            }
        }
    }

    let (code, ..) = world.run(&["cancel", &other.to_string()]);
    assert_eq!(code, 0);
    world.entry(other).await;
    world.finish().await;
}

#[test]
fn the_documented_table_is_the_tested_one() {
    let page = include_str!("../../../docs/isolation.md");
    let tried = TRIES.iter().map(|(what, _, stops)| (*what, *stops)).chain(FATAL.iter().map(|(what, _, _, stops)| (*what, *stops)));
    let rows: Vec<String> = tried.map(|(what, stops)| format!("| {what} | {} |", stops.map(stopped).join(" | "))).collect();

    let documented: Vec<&str> =
        page.lines().skip_while(|line| !line.starts_with("| It is told to ")).skip(2).take_while(|line| line.starts_with('|')).collect();

    assert_eq!(documented, rows, "the table as it has to stand:\n{}", rows.join("\n"));
}
