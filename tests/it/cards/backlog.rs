//! Cards when many tasks come at once: those of a backlog come when their turn is near, and nobody's edit waits behind them.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use orchestrator_core::queue::cards::SHOWN_WAITING;
use orchestrator_sandbox::{Snowflake, world::message::Message};
use serde_json::json;

use super::{WAITS, cards, go, says, showing, stored, take_back_the_last_migrations, text};
use crate::world::World;

/// Tasks that wait at once.
const BACKLOG: usize = 120;

/// The tasks that have a card, in the order in which these were posted.
fn carded(world: &World) -> Vec<Snowflake> {
    let is_card = |message: &Message| message.embeds.len() == 1 && message.content.is_empty();
    let mut shown = world.said("task-queue");
    shown.retain(is_card);
    shown.sort_unstable_by_key(|card| card.id);
    shown.into_iter().filter_map(|card| card.reply_to).collect()
}

fn waiting(world: &World) -> u64 {
    let told: serde_json::Value = serde_json::from_str(&world.run(&["status", "--json"]).1).unwrap_or_default();
    told["counts"]["waiting"].as_u64().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backlog_posts_few_cards_until_its_tasks_run_and_each_has_its_own_in_the_end() {
    let mut world =
        showing("state_changes", false).config("caps.max_concurrent", json!(1)).config("caps.per_user_queued", json!(1_000)).start().await;
    let first = world.say(WAITS);
    says(&world, first, "Running").await;
    let tasks: Vec<Snowflake> = (0..BACKLOG).map(|n| world.say(&format!("echo {n} > RESULT.txt"))).collect();
    world.until("all are accepted", |world| waiting(world) == BACKLOG as u64).await;
    let near = SHOWN_WAITING as usize;
    // Events overtake each other on their way: what counts is the order in which they were accepted.
    let turns: Vec<Snowflake> = stored(&world, "SELECT task FROM step ORDER BY id").iter().map(|id| id.parse().expect("an id")).collect();
    assert_eq!((turns[0], turns.len()), (first, BACKLOG + 1));
    world.until("the first of them have cards", |world| carded(world).len() == near + 1).await;

    // Far behind, with no card, it can be asked about and held as any other.
    let far = turns[101];
    let (code, why, _) = world.run(&["why", &far.to_string()]);
    assert!(code == 0 && why.contains("waiting\n") && why.contains("tasks are before it"), "{why}");
    world.kill_bot();
    world.start_bot();
    world.wait_until_online().await;
    // And once more, with what the program before would have left: all of them due.
    world.kill_bot();
    take_back_the_last_migrations(&world);
    world.start_bot();
    world.wait_until_online().await;
    world.sandbox.person("admin").react(far, "⏸").expect("a reaction");
    says(&world, far, "Held").await;
    // What was due before that one has been sent before it.
    let expected: Vec<Snowflake> = turns[..=near].iter().chain([&far]).copied().collect();
    assert_eq!(carded(&world), expected, "those near their turn, oldest first, and the one that needs somebody");

    go(&world);
    let others: Vec<Snowflake> = tasks.iter().copied().filter(|task| *task != far).collect();
    world.all_entries(&others, Duration::from_secs(180)).await;
    world.sandbox.person("admin").take_reaction(far, "⏸", world.sandbox.user("admin").expect("the admin is known").id).expect("taken away");
    world.entry(far).await;
    let all: BTreeSet<Snowflake> = [first].into_iter().chain(tasks.iter().copied()).collect();
    world
        .until("each has its card, which tells its end", |world| {
            let done = |message: &Message| message.embeds.len() == 1 && text(message).contains("**Done**");
            let told: BTreeSet<Snowflake> =
                world.said("task-queue").iter().filter(|message| done(message)).filter_map(|m| m.reply_to).collect();
            told == all
        })
        .await;

    let order = carded(&world);
    assert_eq!(order.len(), all.len(), "one card each");
    let others = |all: &[Snowflake]| all.iter().copied().filter(|task| *task != far).collect::<Vec<_>>();
    assert_eq!(others(&order), others(&turns), "in the order of their turns");
    assert_eq!(cards(&world, far).len(), 1);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_card_of_a_task_that_needs_somebody_goes_before_those_of_waiting_ones() {
    let world = showing("state_changes", false).config("caps.max_concurrent", json!(1)).limits().start().await;
    let first = world.say(WAITS);
    says(&world, first, "Running").await;
    let tasks: Vec<Snowflake> = (0..16).map(|_| world.say("echo ok > RESULT.txt")).collect();
    world.until("all are accepted", |world| waiting(world) == 16).await;
    let held = *stored(&world, "SELECT task FROM step ORDER BY id").last().expect("one").parse::<Snowflake>().as_ref().expect("an id");

    world.sandbox.person("admin").react(held, "⏸").expect("a reaction");
    says(&world, held, "Held").await;

    let place = carded(&world).iter().position(|task| *task == held).expect("it has one");
    assert!(place < 12, "it was posted {place} of all, after those that only wait");
    for task in &tasks {
        world.sandbox.person("admin").react(*task, "🛑").expect("a reaction");
    }
    go(&world);
    world.all_entries(&tasks, Duration::from_secs(60)).await;
    world.entry(first).await;
    let told = |world: &World| tasks.iter().all(|task| cards(world, *task).iter().any(|card| text(card).contains("Cancelled")));
    world.until("each card tells its end", told).await;
    world.finish().await;
}

/// Tasks that come at one moment.
const DOZEN: usize = 12;

/// How late cards tell something, from the moment that the store knew it: sorted, in milliseconds. `event` is what the journal calls it, `tells` what a card
/// says then.
fn lateness(world: &World, event: &str, tells: &str) -> Vec<i64> {
    let known = stored(world, &format!("SELECT task || ' ' || (at / 1000000) FROM journal WHERE what ->> 'event' = '{event}'"));
    let known = known.iter().filter_map(|line| line.split_once(' ')).map(|(task, at)| (task.to_owned(), at.parse().expect("a time")));
    let known: BTreeMap<String, i64> = known.collect();
    let mut late = BTreeMap::new();
    for request in
        world.requests().iter().filter(|request| matches!(request.method.as_str(), "POST" | "PATCH") && request.status == Some(200))
    {
        let said = request.body["embeds"][0]["description"].as_str().unwrap_or_default();
        let Some((task, at)) = known.iter().find(|(task, _)| said.contains(&format!("`{task}`"))).filter(|_| said.contains(tells)) else {
            continue;
        };
        late.entry(task).or_insert(request.at.timestamp_millis() - at);
    }
    let mut late: Vec<i64> = late.into_values().collect();
    late.sort_unstable();
    late
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cards_of_a_dozen_tasks_at_once_follow_them_within_seconds_under_discord_s_limits() {
    let world = showing("state_changes", false).config("cards.edit_gap_ms", json!(2_000)).limits().start().await;
    let tasks: Vec<Snowflake> = (0..DOZEN).map(|_| world.say("sleep 6; echo ok > RESULT.txt")).collect();
    world.all_entries(&tasks, Duration::from_secs(90)).await;
    let all_told = |world: &World| tasks.iter().all(|task| cards(world, *task).iter().any(|card| text(card).contains("**Done**")));
    world.until("each card tells its end", all_told).await;

    let (running, done) = (lateness(&world, "launched", "**Running**"), lateness(&world, "ended", "**Done**"));
    println!("late in ms: Running {running:?}, Done {done:?}");
    assert_eq!(done.len(), DOZEN);
    assert!(running.len() > DOZEN / 2, "most cards told that it ran while it did: {running:?}");
    assert!(done[DOZEN / 2] < 5_000 && done[DOZEN - 1] < 20_000, "Done {done:?}");
    world.finish().await;
}
