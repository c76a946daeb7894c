//! Events that come twice, late, never or again; and more of them than one page holds.

use std::time::Duration;

use orchestrator_sandbox::{GatewayEvent, GatewayTrouble, Record};
use serde_json::json;

use crate::world::{Founding, PATIENCE, RUNS, World};

fn sorted<T: Ord>(mut list: Vec<T>) -> Vec<T> {
    list.sort_unstable();
    list
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_come_twice_or_in_another_order_are_one_task_each() {
    let world = World::new().await;
    world.sandbox.gateway_trouble(GatewayTrouble::Double(20));
    let mut tasks: Vec<_> = (0..3).map(|_| world.say(&format!("{RUNS} echo ok > RESULT.txt"))).collect();
    world.all_entries(&tasks, PATIENCE).await;
    world.sandbox.gateway_trouble(GatewayTrouble::Double(0));

    world.sandbox.gateway_trouble(GatewayTrouble::Swap(3));
    tasks.extend((0..4).map(|_| world.say(&format!("{RUNS} echo ok > RESULT.txt"))));
    world.all_entries(&tasks, PATIENCE).await;

    assert_eq!(sorted(world.runs()), tasks, "each once");
    assert!(tasks.iter().all(|task| world.count_entries(*task) == 1));
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_a_resume_brings_again_run_nothing_again() {
    let world = World::new().await;
    let tasks: Vec<_> = (0..3).map(|_| world.say(&format!("{RUNS} echo ok > RESULT.txt"))).collect();
    world.all_entries(&tasks, PATIENCE).await;

    world.sandbox.gateway_trouble(GatewayTrouble::Repeat(500));
    world.sandbox.gateway_trouble(GatewayTrouble::Drop);
    let after = world.say(&format!("{RUNS} echo ok > RESULT.txt"));
    world.entry(after).await;

    let replayed = world.sandbox.log().iter().filter_map(Record::gateway).find_map(|record| match record.what {
        orchestrator_sandbox::GatewayEvent::Resumed { replayed, .. } => Some(replayed),
        _ => None,
    });
    assert!(replayed.is_some_and(|events| events > 3), "{replayed:?}");
    assert_eq!(sorted(world.runs()), [&tasks[..], &[after]].concat());
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reaction_that_a_resume_brings_again_asks_once() {
    let world = World::new().await;
    let task = world.say(&format!("{RUNS} echo ok > RESULT.txt"));
    world.entry(task).await;
    world.marked(task, "🏁").await;
    let admin = world.sandbox.person("admin");
    admin.react(task, "🔁").expect("a reaction");
    world.until("it has run again", |world| world.count_entries(task) == 2).await;
    world.marked(task, "🏁").await;

    world.sandbox.gateway_trouble(GatewayTrouble::Repeat(500));
    world.sandbox.gateway_trouble(GatewayTrouble::Drop);
    let after = world.say(&format!("{RUNS} echo ok > RESULT.txt"));
    world.entry(after).await;
    assert_eq!(world.runs(), [task, task, after], "the reaction was told a second time");

    admin.unreact(task, "🔁").expect("one's own");
    admin.react(task, "🔁").expect("a reaction");
    world.until("it has run again", |world| world.count_entries(task) == 3).await;
    assert_eq!(world.runs(), [task, task, after, task], "taken away and put again, it asks again");
    world.finish().await;
}

/// Waits until the bot was sent all that has happened so far: what stands in a channel may still be on its way to it, and would be lost, doubled or
/// swapped in the place of what a test means. Events keep their order, and nobody else deletes anything.
async fn everything_has_arrived(world: &World) {
    let admin = world.sandbox.person("admin");
    let said = admin.say("general", "mind the gap").expect("it is taken");
    world.sandbox.gateway_trouble(GatewayTrouble::Double(1_000));
    admin.delete(said).expect("one's own");
    let arrived = |log: &[Record]| {
        let mut events = log.iter().filter_map(Record::gateway);
        events.any(|record| matches!(&record.what, GatewayEvent::Mishandled { name, .. } if name == "MESSAGE_DELETE")).then_some(())
    };
    world.sandbox.wait_for_log(arrived, PATIENCE).await.expect("the deletion is told");
    world.sandbox.gateway_trouble(GatewayTrouble::Double(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_lost_on_the_way_is_found_when_the_next_session_begins() {
    let world = World::new().await;
    // Once this is done, the first reading back is over.
    let first = world.say(&format!("{RUNS} echo first > RESULT.txt"));
    world.entry(first).await;
    world.marked(first, "🏁").await;
    world.until("its notices are told", |world| world.told("finished").len() == 1).await;
    everything_has_arrived(&world).await;
    world.sandbox.gateway_trouble(GatewayTrouble::Lose(1));
    let lost = world.say(&format!("{RUNS} echo lost > RESULT.txt"));
    let heard = world.say(&format!("{RUNS} echo heard > RESULT.txt"));
    world.entry(heard).await;
    assert_eq!(world.runs(), [first, heard]);

    world.sandbox.gateway_trouble(GatewayTrouble::InvalidSession(false));
    world.entry(lost).await;

    assert_eq!(world.runs(), [first, heard, lost]);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_few_messages_of_one_do_not_wait_for_hundreds_of_another() {
    let mut world = Founding::new().config("caps.max_concurrent", json!(3)).config("caps.per_user_queued", json!(1_000)).silent().await;
    let script = format!("{RUNS} sleep 0.15; echo ok > RESULT.txt");
    let say = |who: &str| world.sandbox.person(who).say("task-queue", &script).expect("it is taken");
    let many: Vec<_> = (0..220).map(|_| say("stranger")).collect();
    let few: Vec<_> = (0..5).map(|_| say("operator")).collect();

    world.start_bot();
    let all = [many.clone(), few.clone()].concat();
    world.all_entries(&all, Duration::from_secs(120)).await;

    let ran = world.runs();
    assert_eq!(sorted(ran.clone()), all, "each once");
    let last_of_few = ran.iter().rposition(|task| few.contains(task)).expect("they ran");
    assert!(ran.len() - last_of_few > 20, "they were {last_of_few} of {}: last of all", ran.len());
    let claimed: Vec<_> = world.puts_of("✅").into_iter().filter(|task| many.contains(task)).collect();
    assert!(claimed.is_sorted(), "oldest first: {claimed:?}");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tick_that_is_taken_away_unclaims_nothing() {
    let mut world = World::new().await;
    let task = world.say(&format!("{RUNS} until [ -e $HOME/go ]; do sleep 0.02; done; echo ok > RESULT.txt"));
    world.marked(task, "✅").await;
    world.until("it runs", |world| !world.runs().is_empty()).await;

    let bot = world.sandbox.user("orchestrator").expect("the bot is known").id;
    world.sandbox.person("admin").take_reaction(task, "✅", bot).expect("an admin may");
    world.kill_bot();
    world.start_bot();
    world.wait_until_online().await;
    std::fs::write(world.dir().join("go"), "").expect("a file");
    world.entry(task).await;

    assert_eq!((world.runs(), world.count_entries(task)), (vec![task], 1));
    world.finish().await;
}
