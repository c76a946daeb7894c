//! The bot is killed at any moment, and started again: every task ends in exactly one entry, none is silent, none is run twice undeclared.
//!
//! The judge is the local Discord (one entry per task) and a file to which each run of an agent appends a line.

use std::{collections::BTreeMap, time::Duration};

use orchestrator_sandbox::{Rule, Snowflake};
use serde_json::json;

use super::{on_claim, on_results, well_again};
use crate::world::{Founding, PATIENCE, RUNS, World};

/// Kills in one history; there are two histories.
const KILLS: u32 = 10;

/// Chance from a seed: a failing history can be had again, as far as the machine's own timing allows.
struct Chance(u64);

impl Chance {
    /// A number below `most`. Source: Sebastiano Vigna, splitmix64.
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % most
    }
}

/// Judges a history that is over: each task has one entry, and its agent has run once, or not at all where the entry says so.
fn judge(world: &World, tasks: &[Snowflake], history: &str) {
    let mut runs: BTreeMap<Snowflake, u32> = BTreeMap::new();
    for task in world.runs() {
        *runs.entry(task).or_default() += 1;
    }
    for task in tasks {
        let entries = world.count_entries(*task);
        let ran = runs.remove(task).unwrap_or(0);
        let text: String = world.entries(*task).iter().map(|message| format!("{}{:?}", message.content, message.embeds)).collect();
        let succeeded = text.contains(&format!("**[SUCCESS]** `{task}`"));
        assert_eq!(entries, 1, "{history}: task {task} has {entries} entries and ran {ran} times:\n{}", world.log());
        assert!(ran == 1 || (ran == 0 && !succeeded), "{history}: task {task} ran {ran} times: {text}\n{}", world.log());
        assert!(succeeded || text.contains(&format!("**[INTERRUPTED]** `{task}`")), "{history}: {text}");
    }
    assert!(runs.is_empty(), "{history}: runs of nothing: {runs:?}");
}

async fn history(seed: u64) {
    let mut chance = Chance(seed);
    let mut world = Founding::new().config("caps.max_concurrent", json!(3)).silent().await;
    let mut tasks = Vec::new();

    for _ in 0..KILLS {
        world.start_bot();
        // Some kills strike while it starts, some while it is busy.
        let wait = if chance.below(3) == 0 { chance.below(250) } else { 150 + chance.below(900) };
        let ends = tokio::time::Instant::now() + Duration::from_millis(wait);
        while tokio::time::Instant::now() < ends {
            let nap = chance.below(120);
            let works = ["", "sleep 0.1;", "sleep 0.6;"][usize::try_from(chance.below(3)).expect("small")];
            tasks.push(world.say(&format!("{RUNS} {works} echo ok > RESULT.txt")));
            tokio::time::sleep(Duration::from_millis(nap)).await;
        }
        world.kill_bot();
        tasks.push(world.say(&format!("{RUNS} echo said while nobody listened > RESULT.txt")));
    }
    world.start_bot();
    world.all_entries(&tasks, PATIENCE * 3).await;
    // Had something been posted twice, it would be by the time that a later task is done.
    let last = world.say(&format!("{RUNS} echo last > RESULT.txt"));
    world.marked(last, "🏁").await;
    world.entry(last).await;
    tasks.push(last);

    judge(&world, &tasks, &format!("seed {seed}, {} tasks", tasks.len()));
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_kills_under_load_lose_no_task_and_double_none() {
    history(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_other_kills_under_load_lose_no_task_and_double_none() {
    history(2).await;
}

/// A boundary: the trouble that makes it long enough, and what shows that it is reached.
type Boundary = (&'static str, Rule, fn(&World, Snowflake) -> bool);

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_between_any_two_steps_of_one_task_changes_nothing_of_its_end() {
    let slow = Duration::from_secs(20);
    let boundaries: Vec<Boundary> = vec![
        ("claimed, ✅ on its way", on_claim().delays(slow), |world, task| world.log().contains(&format!("task {task} of"))),
        ("✅ stands, its answer lost", on_claim().loses_answer(), |world, task| world.has_mark(task, "✅")),
        ("the agent runs", Rule::on("GET", "/nowhere"), |world, task| world.runs() == [task]),
        ("its start is being told", Rule::on("POST", "/channels/#worker-pool/messages").delays(slow), |world, task| world.runs() == [task]),
        ("the agent has ended, nothing is posted", on_results().delays(slow), |world, task| {
            world.log().contains(&format!("task {task}: attempt 1 has"))
        }),
        ("posted, the answer lost", on_results().loses_answer(), |world, task| world.count_entries(task) == 1),
        (
            "posted, ✅ stands, 🏁 does not",
            Rule::on("PUT", "/channels/#task-queue/messages/*/reactions/🏁/@me").delays(slow),
            |world, task| world.count_entries(task) == 1,
        ),
    ];
    for (name, trouble, is_reached) in boundaries {
        // What fails is not tried again before the kill.
        let mut world =
            Founding::new().config("posts.first_delay_ms", json!(4_000)).config("posts.delay_cap_seconds", json!(4)).start().await;
        world.sandbox.trouble(trouble);

        let task = world.say(&format!("{RUNS} sleep 0.2; echo ok > RESULT.txt"));
        world.until(name, |world| is_reached(world, task)).await;
        world.kill_bot();
        well_again(&world);
        world.start_bot();
        world.wait_until_online().await;
        // What was put off before the kill is still put off after it.
        let entry = world.entry_within(task, 2 * PATIENCE).await;
        world.marked(task, "🏁").await;
        let needle = format!("]** `{task}`");
        let confirmed =
            |world: &World| world.requests().iter().any(|post| post.status == Some(200) && post.body.to_string().contains(&needle));
        world.until("its post is confirmed", confirmed).await;

        assert!(entry.content.starts_with("**[SUCCESS]**"), "{name}: {}", entry.content);
        judge(&world, &[task], name);
        world.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_while_the_channel_is_read_back_loses_nothing() {
    let mut world = Founding::new().config("caps.max_concurrent", json!(2)).silent().await;
    let tasks: Vec<_> = (0..12).map(|_| world.say(&format!("{RUNS} echo ok > RESULT.txt"))).collect();
    world.start_bot();
    world.until("the first are taken", |world| !world.runs().is_empty()).await;
    world.kill_bot();

    for _ in 0..3 {
        world.start_bot();
        world.until("it has begun again", |world| world.requests().iter().any(|request| request.method == "GET")).await;
        world.kill_bot();
    }
    world.start_bot();
    world.all_entries(&tasks, PATIENCE).await;

    judge(&world, &tasks, "read-back");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn if_the_watcher_of_an_agent_is_killed_too_the_task_ends_interrupted_and_is_not_run_again() {
    let mut world = World::new().await;
    // The agent's parent is its attendant.
    let task = world.say(&format!("{RUNS} echo $PPID > $HOME/attendant; sleep 1000"));
    world.until("it runs", |world| world.text("attendant").trim().parse::<u32>().is_ok()).await;
    let attendant = world.text("attendant").trim().to_owned();

    world.kill_bot();
    world.shell(&format!("kill -9 {attendant}"));
    world.start_bot();
    let entry = world.entry(task).await;

    assert!(entry.content.starts_with(&format!("**[INTERRUPTED]** `{task}`")), "{}", entry.content);
    assert_eq!(world.runs(), [task], "a run that spends money is never repeated unasked");
    world.finish().await;
}
