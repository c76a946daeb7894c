//! What an agent is kept from holds for it and for all that it starts; where it can't be held, nothing is started.

use std::{
    fs,
    net::TcpListener,
    os::unix::{
        fs::PermissionsExt,
        net::{UnixDatagram, UnixListener},
    },
    path::PathBuf,
};

use discord_orchestrator::adapters::process;
use orchestrator_core::ports::agent_runner::{AgentRunner, Cause, DiskLimit, Exit, LaunchError, LaunchSpec, Reach, Walls};

use super::house::{House, marked};

/// What a shell needs, and the house's folder `own` to write to.
fn walled(house: &House, script: &str) -> LaunchSpec {
    let own = house.path("own");
    fs::create_dir_all(&own).expect("a folder");
    let mut spec = house.agent(script);
    spec.cwd.clone_from(&own);
    let read = ["/usr", "/bin", "/lib", "/lib64", "/proc", "/etc/ld.so.cache"].map(PathBuf::from).into();
    spec.walls.files = Some(Reach { read, write: vec![own, "/dev/null".into()] });
    spec
}

/// Says so where this kernel can't hold the walls that a test is about: then there is nothing to be tested.
fn offers(landlock: u32) -> bool {
    let found = process::offered().landlock;
    if found < landlock {
        eprintln!("NOT TESTED: this kernel offers Landlock {found}, and {landlock} is needed");
    }
    found >= landlock
}

#[tokio::test]
async fn walls_let_an_agent_work_in_its_folder_and_shut_everything_else() {
    if !offers(3) {
        return;
    }
    let house = House::new();
    fs::write(house.path("secret"), "the secret\n").expect("writes");
    fs::create_dir(house.path("other")).expect("a folder");
    let secret = house.path("secret").display().to_string();
    let other = house.path("other").display().to_string();
    let tries = [
        ("read", format!("cat {secret}")),
        ("list", format!("ls {other}")),
        ("write", format!("echo x > {other}/new")),
        ("append", format!("echo x >> {secret}")),
        ("empty", format!("truncate -s 0 {secret}")),
        ("remove", format!("rm -f {secret}")),
        ("move", format!("mv {secret} stolen")),
        ("link", format!("ln {secret} stolen")),
        ("follow", format!("ln -s {secret} way; cat way")),
        ("make", format!("mkdir {other}/sub")),
        ("run", format!("cp /bin/true {other}/program")),
        ("mount", "mount -t tmpfs none .".to_owned()),
        ("device", "mknod disk b 259 0 && cat disk".to_owned()),
    ];
    let script: String = tries.iter().map(|(name, try_it)| format!("({try_it}) >/dev/null 2>&1 && echo {name}; ")).collect();
    let work = "mkdir -p a/b; echo mine > a/b/f; mv a/b/f g; cp /bin/true t; ./t && cat g";

    let record = house.run(&walled(&house, &format!("{script} echo tried; {work}; setsid sh -c '({script}) > late'; true"))).await;

    assert_eq!((record.exit, record.cause), (Exit::Code(0), Cause::Itself));
    assert_eq!(house.read("agent.log"), "tried\nmine\n", "what is before \"tried\" was not kept from it");
    assert_eq!(house.read("own/late"), "", "what it starts has the same walls");
    assert_eq!(house.read("secret"), "the secret\n");
    assert_eq!(fs::read_dir(house.path("other")).expect("lists").count(), 0);
    house.finish();
}

#[tokio::test]
async fn walls_keep_signals_and_looks_from_processes_outside() {
    if !offers(6) {
        return;
    }
    let house = House::new();
    let outside = house.agent("echo $$ > pid; sleep 600");
    house.launch(&outside).await;
    let pid = house.pid("pid").await;
    let script = format!(
        "for p in {pid} $PPID; do kill -0 $p 2>/dev/null && echo signalled $p; \
         for f in environ maps cwd/agent.log root/etc/passwd fd/0; do cat /proc/$p/$f >/dev/null 2>&1 && echo looked at $f; done; done; \
         sleep 600 & kill $! && echo its own"
    );

    house.run(&walled(&house, &script)).await;

    let log = house.read("agent.log");
    assert_eq!(log, "its own\n");
    house.runner.stop(outside.attempt, orchestrator_core::ports::agent_runner::StopReason::Cancelled).await;
    house.recorded(outside.attempt).await;
    house.finish();
}

#[tokio::test]
async fn an_agent_without_network_makes_no_socket_but_those_of_files() {
    let house = House::new();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let script = format!(
        "use Socket; \
         socket(my $s, PF_UNIX, SOCK_STREAM, 0) and print \"unix\\n\"; \
         socket(my $p, AF_INET, SOCK_STREAM, 0) or print \"tcp: $!\\n\"; \
         socket(my $u, AF_INET, SOCK_DGRAM, 0) or print \"udp: $!\\n\"; \
         socket(my $v, AF_INET6, SOCK_STREAM, 0) or print \"tcp6: $!\\n\"; \
         socket(my $n, 16, SOCK_RAW, 0) or print \"netlink: $!\\n\"; \
         syscall(425, 1, 0) == -1 and print \"io_uring: $!\\n\"; \
         connect($p, sockaddr_in({port}, inet_aton('127.0.0.1'))) and print \"connected\\n\" if $p;"
    );
    let mut shut = house.perl_agent(&script);
    shut.walls.no_network = true;
    let mut open = house.perl_agent(&script);
    open.log = house.path("open.log");

    house.run(&shut).await;
    house.run(&open).await;

    let no = "Permission denied";
    assert_eq!(
        house.read("agent.log"),
        format!("unix\ntcp: {no}\nudp: {no}\ntcp6: {no}\nnetlink: {no}\nio_uring: Operation not permitted\n")
    );
    assert!(house.read("open.log").contains("connected"), "{}", house.read("open.log"));
    house.finish();
}

#[tokio::test]
async fn an_agent_without_unix_sockets_reaches_no_service_and_keeps_pairs_of_its_own() {
    let house = House::new();
    let (stream, datagram) = (house.path("stream"), house.path("datagram"));
    let _stream = UnixListener::bind(&stream).expect("a socket");
    let _datagram = UnixDatagram::bind(&datagram).expect("a socket");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let script = format!(
        "use Socket; sub told {{ print shift, ': ', (shift() ? 'done' : 'refused'), qq(\\n) }} \
         told('stream', socket($s, PF_UNIX, SOCK_STREAM, 0) && connect($s, sockaddr_un('{}'))); \
         told('datagram', socket($d, PF_UNIX, SOCK_DGRAM, 0) && send($d, 'x', 0, sockaddr_un('{at}'))); \
         told('pair of datagrams', socketpair($a, $b, PF_UNIX, SOCK_DGRAM, 0) && send($a, 'x', 0, sockaddr_un('{at}'))); \
         told('raw pair', socketpair($f, $g, PF_UNIX, SOCK_RAW, 0)); \
         told('pair', socketpair($c, $e, PF_UNIX, SOCK_STREAM, 0)); \
         told('pair that is led away', connect($c, sockaddr_un('{}'))); \
         told('tcp', socket($t, PF_INET, SOCK_STREAM, 0) && connect($t, sockaddr_in({port}, INADDR_LOOPBACK)));",
        stream.display(),
        stream.display(),
        at = datagram.display(),
    );
    let mut shut = house.perl_agent(&script);
    shut.walls.no_unix_sockets = true;
    let mut open = house.perl_agent(&script);
    open.log = house.path("open.log");
    let mut neither = house.perl_agent(&script);
    neither.log = house.path("neither.log");
    neither.walls = Walls { no_unix_sockets: true, no_network: true, ..Walls::default() };

    for spec in [&shut, &open, &neither] {
        house.run(spec).await;
    }

    let told = |pair_of_datagrams: &str, others: &str, tcp: &str| {
        format!(
            "stream: {others}\ndatagram: {others}\npair of datagrams: {pair_of_datagrams}\nraw pair: {others}\npair: done\n\
             pair that is led away: refused\ntcp: {tcp}\n"
        )
    };
    assert_eq!(house.read("open.log"), told("done", "done", "done"), "it could");
    assert_eq!(house.read("agent.log"), told("refused", "refused", "done"));
    assert_eq!(house.read("neither.log"), told("refused", "refused", "refused"));
    house.finish();
}

#[tokio::test]
async fn a_tree_that_takes_more_memory_than_it_may_is_ended_whole() {
    let house = House::new();
    // Each holds less than is allowed; together they hold more.
    let hold = "perl -e '$x = \"x\" x 30_000_000; sleep 600' &";
    let mut spec = house.agent(&format!("{hold} {hold} {hold} wait"));
    spec.walls.memory_limit = Some(64 << 20);

    let record = house.run(&spec).await;

    assert_eq!((record.cause, record.unkillable), (Cause::Memory, 0), "{record:?}");
    assert!(marked(spec.attempt).is_empty());
    house.finish();
}

#[tokio::test]
async fn memory_that_is_held_in_files_which_were_never_anywhere_else_counts_as_well() {
    let house = House::new();
    let memfd_create = if cfg!(target_arch = "x86_64") { 319 } else { 279 };
    let script = format!(
        "$name = 'x'; open(F, '>&=', syscall({memfd_create}, $name, 0)) or die; $much = 'x' x 1_000_000; for (1 .. 100) {{ syswrite F, $much }} sleep 600"
    );
    let mut spec = house.perl_agent(&script);
    spec.walls.memory_limit = Some(64 << 20);
    let mut within = house.perl_agent(&script.replace("100", "20").replace("sleep 600", "sleep 3"));
    within.walls.memory_limit = Some(64 << 20);

    let (record, within) = (house.run(&spec).await, house.run(&within).await);

    assert_eq!((record.cause, record.unkillable), (Cause::Memory, 0), "{record:?}");
    assert_eq!((within.exit, within.cause), (Exit::Code(0), Cause::Itself), "{within:?}");
    house.finish();
}

#[tokio::test]
async fn a_tree_of_more_processes_than_it_may_have_is_ended_whole_and_one_within_its_bounds_is_left_alone() {
    let house = House::new();
    let mut many = house.agent("i=0; while [ $i -lt 40 ]; do sleep 600 & i=$((i+1)); done; wait");
    many.walls.process_limit = Some(20);
    let mut few = house.agent("for i in 1 2 3; do sleep 1 & done; wait; exit 5");
    few.walls = Walls { memory_limit: Some(256 << 20), process_limit: Some(20), ..Walls::default() };

    assert_eq!(house.run(&many).await.cause, Cause::Processes);

    let few = house.run(&few).await;
    assert_eq!((few.exit, few.cause), (Exit::Code(5), Cause::Itself));
    house.finish();
}

#[tokio::test]
async fn an_agent_whose_folders_hold_more_than_they_may_is_ended_however_it_fills_them() {
    let house = House::new();
    let megabyte = "head -c 1000000 /dev/zero";
    let ways = [
        ("one file", format!("{megabyte} >> f; i=0; while [ $i -lt 12 ]; do {megabyte} >> f; i=$((i+1)); done; exec sleep 600")),
        ("files in folders", format!("i=0; while [ $i -lt 12 ]; do mkdir -p a/$i; {megabyte} > a/$i/f; i=$((i+1)); done; exec sleep 600")),
        ("empty files", "mkdir e; cd e; seq 3000 | xargs touch; exec sleep 600".to_owned()),
        (
            "folders deeper than a path",
            format!("perl -e 'for (1 .. 30) {{ mkdir q(d) x 200; chdir q(d) x 200 }}; system q({megabyte} > f); sleep 600'"),
        ),
        ("a file without a name", "exec 9> gone; rm gone; head -c 12000000 /dev/zero >&9; exec sleep 600".to_owned()),
    ];
    for (way, script) in ways {
        let mut spec = house.agent(&script);
        let own = house.path(&way.replace(' ', "-"));
        fs::create_dir(&own).expect("a folder");
        spec.cwd.clone_from(&own);
        spec.walls.disk_limit = Some(DiskLimit { bytes: 10_000_000, folders: vec![house.path("not-there"), own] });

        let record = house.run(&spec).await;

        assert_eq!((record.cause, record.unkillable), (Cause::Disk, 0), "{way}: {record:?}");
        assert!(marked(spec.attempt).is_empty(), "{way}");
    }
    let mut within = house.agent(&format!("{megabyte} > f; ln f again; ln -s / way; sleep 3; exit 5"));
    let own = house.path("within");
    fs::create_dir(&own).expect("a folder");
    spec_in(&mut within, own);
    let record = house.run(&within).await;
    assert_eq!((record.exit, record.cause), (Exit::Code(5), Cause::Itself));
    house.finish();
}

/// Works in a folder that may hold little.
fn spec_in(spec: &mut LaunchSpec, own: PathBuf) {
    spec.cwd.clone_from(&own);
    spec.walls.disk_limit = Some(DiskLimit { bytes: 2_000_000, folders: vec![own] });
}

#[tokio::test]
async fn a_program_that_its_own_walls_shut_is_told_with_the_way_out() {
    if !offers(1) {
        return;
    }
    let house = House::new();
    let script = house.path("agent.sh");
    fs::write(&script, "#!/bin/sh\necho ran\n").expect("writes");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o700)).expect("may be run");
    let mut spec = walled(&house, "");
    spec.program = script;

    let error = house.runner.launch(&spec).await.expect_err("it can't be reached");

    assert!(matches!(error, LaunchError::Program { .. }) && error.to_string().contains("`read` names more"), "{error}");
    assert_eq!(house.read("agent.log"), "");
    house.finish();
}

#[tokio::test]
async fn walls_that_can_t_be_put_up_keep_the_agent_from_being_started() {
    let house = House::new();
    let mut spec = walled(&house, "echo ran");
    spec.walls.files.as_mut().expect("walls").write.push(house.path("not-there"));

    let error = house.runner.launch(&spec).await.expect_err("a part of its walls is missing");

    assert!(error.to_string().contains("not-there") && !error.may_be_retried(), "{error}");
    assert_eq!(house.read("agent.log"), "");
    house.finish();
}
