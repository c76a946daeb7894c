//! What was spent, by whatever somebody asks.

use std::{sync::Arc, time::Duration};

use orchestrator_core::{
    domain::{
        attempt::{Outcome, Report},
        money::{CostFrom, Usage, Usd},
        period::{Dimension, Period},
    },
    ports::memory::MemoryStore,
    queue::board::spending::{Asked, Spent},
    scheduler::tick::tick,
};

use crate::support::{Ask, World, ask, noon, report, rules};

/// Of two users on two days: 1 spends 5 and 7 billionths with two agents, 2 spends 100 and something that nobody knows.
async fn world() -> World {
    let world = World::over(Arc::new(MemoryStore::new()), rules());
    let own = Report { cost_from: Some(CostFrom::Agent), model: Some("kimi".into()), ..report(Outcome::Succeeded, Some(100)) };
    let counted = Report { usage: Some(Usage { input: 3, output: 2, ..Usage::default() }), ..report(Outcome::Failed, Some(7)) };
    let runs = [
        (Ask { user: 1, ..ask(1) }, report(Outcome::Succeeded, Some(5))),
        (Ask { user: 1, agent: "y", ..ask(2) }, counted),
        (Ask { user: 2, ..ask(3) }, own),
        (Ask { user: 2, ..ask(4) }, report(Outcome::Interrupted, None)),
    ];
    for (nth, (asked, report)) in runs.into_iter().enumerate() {
        if nth == 2 {
            world.clock.advance(Duration::from_secs(86_400));
        }
        world.enqueue(&asked).await;
        tick(&world.queue).await.expect("the store answers");
        let (attempt, _) = world.queue.live().await.expect("the store answers").remove(0);
        world.queue.settle(attempt.id, attempt.fence, report).await.expect("settled");
    }
    world
}

async fn spent(world: &World, by: Dimension, lane: Option<&str>, days: u64, most: usize) -> Spent {
    let period = Period::last(days, world.clock_now().date_naive());
    world.queue.spent(Asked { period, by, lane: lane.map(str::to_owned), most }).await.expect("the store answers")
}

fn shown(spent: &Spent) -> Vec<(&str, i64)> {
    spent.parts.iter().map(|part| (part.name.as_str(), part.spending.cost.nanos())).collect()
}

#[tokio::test]
async fn costs_are_parted_by_whatever_is_asked_the_dearest_first_and_days_in_their_order() {
    let world = world().await;
    for (by, expected) in [
        (Dimension::User, vec![("user 2", 100), ("user 1", 12)]),
        (Dimension::Agent, vec![("x", 105), ("y", 7)]),
        (Dimension::Model, vec![("kimi", 100), ("", 12)]),
        (Dimension::Channel, vec![("", 112)]),
        (Dimension::Day, vec![("2026-03-02", 12), ("2026-03-03", 100)]),
        (Dimension::Task, vec![("task 3", 100), ("task 2", 7), ("task 1", 5), ("task 4", 0)]),
        (Dimension::Instance, vec![("here", 112)]),
    ] {
        assert_eq!(shown(&spent(&world, by, None, 30, 10).await), expected, "by {by}");
    }
}

#[tokio::test]
async fn a_sum_tells_what_is_not_known_and_what_is_the_agents_own_figure() {
    let total = spent(&world().await, Dimension::Day, None, 30, 10).await.total;

    assert_eq!((total.cost, total.attempts, total.unknown, total.by_agents), (Usd::from_nanos(112), 4, 1, 1));
    assert_eq!((total.usage.input, total.usage.output), (3, 2));
}

#[tokio::test]
async fn only_the_period_and_the_lane_that_are_asked_for_count() {
    let world = world().await;

    assert_eq!(spent(&world, Dimension::Day, None, 1, 10).await.total.cost, Usd::from_nanos(100));
    assert_eq!(spent(&world, Dimension::Day, Some("user:1"), 30, 10).await.total.cost, Usd::from_nanos(12));
    assert_eq!(spent(&world, Dimension::User, Some("user:1"), 1, 10).await.parts, []);
}

#[tokio::test]
async fn what_has_no_room_is_summed_up() {
    let world = world().await;

    let tasks = spent(&world, Dimension::Task, None, 30, 2).await;
    assert_eq!(shown(&tasks), [("task 3", 100), ("task 2", 7)]);
    assert_eq!(tasks.others.map(|(left_out, sum)| (left_out, sum.cost.nanos(), sum.unknown)), Some((2, 5, 1)));
    let days = spent(&world, Dimension::Day, None, 30, 1).await;
    assert_eq!((shown(&days), days.others.map(|(left_out, _)| left_out)), (vec![("2026-03-03", 100)], Some(1)), "the latest day is kept");
    assert_eq!(noon().date_naive().to_string(), "2026-03-02");
}
