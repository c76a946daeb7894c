//! Agents outlive whatever becomes of the service: stopped in each way, killed, replaced, contained, its clock put off.

mod clocks;
mod containers;
mod draining;
mod emergencies;
mod restarts;

use std::{fs, path::Path, process::Command};

use orchestrator_sandbox::Snowflake;

use crate::world::{RUNS, World};

/// Runs until the test says so, and then succeeds.
const WAITS: &str = "until [ -e $HOME/go ]; do sleep 0.02; done; echo done > RESULT.txt";

fn go(world: &World) {
    fs::write(world.dir().join("go"), "").expect("a file");
}

fn say_waiting(world: &World) -> Snowflake {
    world.say(&format!("{RUNS} {WAITS}"))
}

fn say_simple(world: &World) -> Snowflake {
    world.say(&format!("{RUNS} echo ok > RESULT.txt"))
}

/// A command that is not the program.
#[expect(clippy::disallowed_methods, reason = "what stands around the program on a machine")]
fn another(program: impl AsRef<Path>) -> Command {
    Command::new(program.as_ref())
}

/// Sends a signal to a process.
fn signal(process: i32, name: &str) {
    let sent = another("kill").args([format!("-{name}"), process.to_string()]).status().expect("kill");
    assert!(sent.success(), "{name} to {process}");
}

/// The processes of this name below a folder that a world works in, or whose parent is `parent`.
fn named(name: &str, is_meant: impl Fn(i32) -> bool) -> Vec<i32> {
    let all = fs::read_dir("/proc").expect("/proc is there").flatten();
    let numbers = all.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    numbers.filter(|pid| comm(*pid) == name && is_meant(*pid)).collect()
}

fn comm(process: i32) -> String {
    fs::read_to_string(format!("/proc/{process}/comm")).unwrap_or_default().trim().to_owned()
}

/// The parent and the state of a process.
fn parent(process: i32) -> Option<(i32, char)> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let mut rest = stat.rsplit_once(')')?.1.split_whitespace();
    let state = rest.next()?.chars().next()?;
    Some((rest.next()?.parse().ok()?, state))
}

/// The nursery of the bot that runs.
fn nursery(world: &World) -> i32 {
    let bot = i32::try_from(world.bot_process()).expect("a process number");
    let found = named("orch-nursery", |pid| parent(pid).is_some_and(|(parent, _)| parent == bot));
    assert_eq!(found.len(), 1, "nurseries of {bot}: {found:?}");
    found[0]
}

/// The leader of the agent that works on a task.
fn leader_of(world: &World, task: Snowflake) -> i32 {
    let cwd = fs::canonicalize(world.task_dir(task).expect("its folder")).expect("is there");
    let all = fs::read_dir("/proc").expect("/proc is there").flatten();
    let numbers = all.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let here = numbers.filter(|pid| fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|at| at == cwd));
    let mut led = here.filter(|pid| parent(*pid).is_some_and(|(parent, _)| comm(parent) == "orch-attendant"));
    led.next().expect("its agent runs")
}

/// Its attendant.
fn attendant_of(world: &World, task: Snowflake) -> i32 {
    parent(leader_of(world, task)).expect("has a parent").0
}

/// Each of these has exactly one entry, a success, and was run once.
fn all_succeeded_once(world: &World, tasks: &[Snowflake]) {
    let mut ran = world.runs();
    ran.sort_unstable();
    let mut known = tasks.to_vec();
    known.sort_unstable();
    assert_eq!(ran, known, "each ran once:\n{}", world.log());
    for task in tasks {
        let text: String = world.entries(*task).iter().map(|message| format!("{}{:?}", message.content, message.embeds)).collect();
        assert!(text.contains(&format!("**[SUCCESS]** `{task}`")), "{text}");
        assert_eq!(world.count_entries(*task), 1, "{text}");
    }
}
