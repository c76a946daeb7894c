//! What this machine can't hold of an agent's isolation is said wherever somebody looks, and keeps an agent from being started that requires it.

use std::process::Command;

use serde_json::{Value, json};

use crate::world::{Founding, World};

/// Numbers of `prctl` and `seccomp`.
const CALLS: (u32, u32) = if cfg!(target_arch = "x86_64") { (157, 317) } else { (167, 277) };

/// What a kernel or container does not let anybody call: its number and the error.
struct Missing(u32, i32);

/// `landlock_create_ruleset` of a kernel without Landlock.
const LANDLOCK: Missing = Missing(444, libc::ENOSYS);

/// `unshare` in a container that permits no namespaces.
const NAMESPACES: Missing = Missing(if cfg!(target_arch = "x86_64") { 272 } else { 97 }, libc::EPERM);

/// Runs a command on a kernel without a call: a filter answers for it as such a kernel does.
const WITHOUT: &str = "my ($prctl, $seccomp, $call, $error) = splice @ARGV, 0, 4; \
    my $filter = pack('SCCL' x 4, 0x20, 0, 0, 0, 0x15, 0, 1, $call, 6, 0, 0, 0x00050000 | $error, 6, 0, 0, 0x7fff0000); \
    my $program = pack('Sx6P', 4, $filter); \
    syscall($prctl, 38, 1, 0, 0, 0) == 0 && syscall($seccomp, 1, 0, $program) == 0 or die 'no filter'; \
    exec { $ARGV[0] } @ARGV";

#[expect(clippy::disallowed_methods, reason = "the program itself, as it is started on another machine")]
fn without(missing: &Missing, command: &Command) -> Command {
    let mut wrapped = Command::new("/usr/bin/perl");
    wrapped.args(["-e", WITHOUT]).args([CALLS.0, CALLS.1, missing.0].map(|call| call.to_string())).arg(missing.1.to_string());
    wrapped.arg(command.get_program()).args(command.get_args()).env_clear();
    wrapped
        .envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .current_dir(command.get_current_dir().expect("a folder"));
    wrapped
}

fn told(missing: &Missing, world: &World, args: &[&str]) -> (i32, String) {
    let output = without(missing, &world.command(args)).output().expect("it runs");
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wall_that_this_machine_can_t_put_up_is_named_everywhere_and_one_that_is_required_keeps_the_agent_away() {
    let script = "tail -c +7 TASK.txt > .task.sh; exec /bin/sh ./.task.sh";
    let walled = json!({"command": "/bin/sh", "args": [["-c", script]], "home": "own", "file_system": "workspace"});
    let mut required = walled.clone();
    required["isolation_required"] = json!(true);
    let mut world = Founding::new()
        .config("agents.walled", walled)
        .config("agents.required", required)
        .config("cards.show", json!("state_changes"))
        .silent()
        .await;
    let run = without(&LANDLOCK, &world.command(&["run"]));
    world.start_bot_as(run);
    world.wait_until_online().await;
    let open = "not walled on this machine: its files";

    let kept = world.say("echo ran > RESULT.txt [agent:walled]");
    let entry = world.entry(kept).await.content;
    let refused = world.say("echo ran > RESULT.txt [agent:required]");
    let not_started = world.entry(refused).await.content;
    let usual = world.say("echo ran > RESULT.txt");
    let unsaid = world.entry(usual).await.content;

    assert!(entry.starts_with("**[SUCCESS]**") && entry.contains(open), "{entry}");
    assert!(
        not_started.starts_with("**[FAILED]**") && not_started.contains("requires an isolation that this machine can't hold"),
        "{not_started}"
    );
    assert!(not_started.contains("offers no Landlock"), "{not_started}");
    assert!(!unsaid.contains(open), "it has no walls to be missed: {unsaid}");
    let card = world.message("task-queue", |message| message.embeds.iter().any(|embed| embed.to_string().contains(open))).await;
    assert!(card.embeds[0].to_string().contains(&kept.to_string()), "{card:?}");
    assert!(world.log().contains("agent `walled` is not walled on this machine: its files"), "at start");
    let (_, status, _) = world.run(&["status"]);
    assert!(status.contains(&format!("Agent `walled` is {open}")), "{status}");
    let (_, list) = told(&LANDLOCK, &world, &["agents", "list", "--json"]);
    let list: Value = serde_json::from_str(&list).expect("JSON");
    let of = |name: &str| list["agents"].as_array().into_iter().flatten().find(|agent| agent["name"] == name).cloned().expect(name);
    assert_eq!((&of("walled")["not_walled"], &of("script")["not_walled"]), (&json!(open), &Value::Null));
    assert_eq!((&of("walled")["ready"], &of("required")["ready"]), (&json!(true), &json!(false)));
    let (_, list) = told(&LANDLOCK, &world, &["agents", "list"]);
    let line = |beginning: &str| list.lines().find(|line| line.starts_with(beginning)).unwrap_or_default();
    assert_eq!(line("  walled: "), format!("  walled: {open}"), "{list}");
    assert!(line("required ").contains(" no ") && line("  required: ").contains("requires an isolation"), "{list}");
    let (_, doctor) = told(&LANDLOCK, &world, &["doctor", "--discord-only"]);
    assert!(
        doctor.contains("! agent `walled`") && doctor.contains("✗ agent `required`") && doctor.contains("offers no Landlock"),
        "{doctor}"
    );
    let (code, tried) = told(&LANDLOCK, &world, &["agents", "test", "walled", "--text", "echo 42 > RESULT.txt"]);
    assert!(code == 0 && tried.contains(open), "{tried}");
    let (code, tried) = told(&LANDLOCK, &world, &["agents", "test", "required"]);
    assert!(code == 3 && tried.contains("requires an isolation"), "{code} {tried}");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_of_hosts_that_this_machine_does_not_permit_is_named_and_keeps_the_agent_away_that_requires_it() {
    let script = "tail -c +7 TASK.txt > .task.sh; exec /bin/sh ./.task.sh";
    let some = json!({"command": "/bin/sh", "args": [["-c", script]], "home": "own", "network": {"hosts": ["api.example.org"]}});
    let mut required = some.clone();
    required["isolation_required"] = json!(true);
    let mut world = Founding::new().config("agents.some", some).config("agents.required", required).silent().await;
    let run = without(&NAMESPACES, &world.command(&["run"]));
    world.start_bot_as(run);
    world.wait_until_online().await;
    let open = "not walled on this machine: its network";

    let kept = world.say("echo \"ran with ${HTTPS_PROXY:-no gate}\" > RESULT.txt [agent:some]");
    let entry = world.entry(kept).await.content;
    let refused = world.say("echo ran > RESULT.txt [agent:required]");
    let not_started = world.entry(refused).await.content;

    assert!(entry.starts_with("**[SUCCESS]**") && entry.contains("ran with no gate") && entry.contains(open), "{entry}");
    assert!(not_started.starts_with("**[FAILED]**") && not_started.contains("user and network namespaces"), "{not_started}");
    assert!(world.log().contains("agent `some` is not walled on this machine: its network"), "at start");
    let (_, status, _) = world.run(&["status"]);
    assert!(status.contains(&format!("Agent `some` is {open}")), "{status}");
    let (_, doctor) = told(&NAMESPACES, &world, &["doctor", "--discord-only"]);
    assert!(doctor.contains("! agent `some`") && doctor.contains("✗ agent `required`") && doctor.contains("api.example.org"), "{doctor}");
    let (_, list) = told(&NAMESPACES, &world, &["agents", "list", "--json"]);
    assert!(list.contains(open), "{list}");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_is_none_of_its_agent_s_hosts_is_told_before_a_task_meets_that_wall() {
    let doctor = async |hosts: Value| {
        let founding = Founding::new().config("isolation.network", json!({"hosts": hosts})).env("LLM_BASE_URL", "http://127.0.0.1:9/v1");
        let world = founding.silent().await;
        let (_, told, _) = world.run(&["doctor", "--discord-only"]);
        world.finish_unsaid().await;
        told
    };

    let without = doctor(json!(["a.example"])).await;
    let with = doctor(json!(["a.example", "127.0.0.1:9"])).await;

    let told = "its model at 127.0.0.1:9 is none of the hosts that it reaches";
    assert!(without.lines().any(|line| line.starts_with("! agent `llm`") && line.contains(told)), "{without}");
    assert!(!with.contains(told), "{with}");
}
