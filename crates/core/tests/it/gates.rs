//! Gates: only so many at once, and whoever was stopped at one is woken when it opens.

use orchestrator_core::{
    domain::{attempt::Outcome, step::StepState},
    queue::Rules,
};

use crate::{
    steps::of,
    support::{Ask, World, ask, rules},
};

fn agent_x(ids: impl IntoIterator<Item = u64>) -> Vec<Ask> {
    ids.into_iter().map(ask).collect()
}

async fn world_with_one_x_at_once() -> World {
    let world = World::by(Rules { slots: 4, ..rules() });
    world.queue.cap_gates(vec![("agent:x".to_owned(), Some(1))]).await.expect("capped");
    world
}

#[tokio::test]
async fn a_step_at_a_closed_gate_lets_others_pass_and_is_woken_by_a_release() {
    let world = world_with_one_x_at_once().await;
    world.waiting(&[agent_x(1..=2), vec![Ask { agent: "y", ..ask(3) }]].concat()).await;

    assert_eq!([world.claims().await, world.claims().await, world.claims().await], [1, 3, 0]);
    assert_eq!(world.state(2).await, StepState::Parked { gate: "agent:x".to_owned() });

    let first = world.live(1).await;
    world.ends(&first, Outcome::Succeeded).await;

    assert_eq!(world.claims().await, 2);
    world.holds().await;
}

#[tokio::test]
async fn what_waits_behind_many_closed_gates_is_claimed_at_once() {
    let world = world_with_one_x_at_once().await;
    world.waiting(&[agent_x(1..=200), vec![Ask { agent: "y", ..ask(1_000) }]].concat()).await;

    assert_eq!([world.claims().await, world.claims().await], [1, 1_000]);
    world.holds().await;
}

#[tokio::test]
async fn a_woken_step_that_is_cancelled_passes_its_turn_on() {
    let world = world_with_one_x_at_once().await;
    world.waiting(&agent_x(1..=3)).await;
    let first = world.claim().await.expect("something waits");
    assert_eq!(world.claims().await, 0, "the others are parked");
    world.ends(&first, Outcome::Succeeded).await;

    world.queue.cancel(of(2), "somebody".to_owned(), "not wanted".to_owned()).await.expect("cancelled");

    assert!(world.work_bell_rang().await);
    world.holds().await;
    assert_eq!(world.claims().await, 3);
}

#[tokio::test]
async fn a_woken_step_that_is_held_passes_its_turn_on() {
    let world = world_with_one_x_at_once().await;
    world.waiting(&agent_x(1..=3)).await;
    let first = world.claim().await.expect("something waits");
    assert_eq!(world.claims().await, 0, "the others are parked");
    world.ends(&first, Outcome::Succeeded).await;
    while world.work_bell_rang().await {}

    world.queue.hold(of(2), "somebody".to_owned()).await.expect("held");

    assert!(world.work_bell_rang().await);
    world.holds().await;
    assert_eq!(world.claims().await, 3);
}

#[tokio::test]
async fn a_woken_step_that_is_given_to_another_agent_passes_its_turn_on() {
    let world = world_with_one_x_at_once().await;
    world.waiting(&agent_x(1..=3)).await;
    let first = world.claim().await.expect("something waits");
    assert_eq!(world.claims().await, 0, "the others are parked");
    world.ends(&first, Outcome::Succeeded).await;

    let other = Ask { agent: "y", ..ask(2) };
    assert!(world.queue.edit(other.task(world.clock_now()), other.gates()).await.expect("edited"));

    world.holds().await;
    assert_eq!([world.claims().await, world.claims().await], [2, 3]);
}

#[tokio::test]
async fn a_parked_step_that_is_given_to_another_agent_is_claimable_and_the_bell_rings() {
    let world = world_with_one_x_at_once().await;
    world.waiting(&agent_x(1..=2)).await;
    assert_eq!([world.claims().await, world.claims().await], [1, 0]);
    while world.work_bell_rang().await {}

    let other = Ask { agent: "y", ..ask(2) };
    assert!(world.queue.edit(other.task(world.clock_now()), other.gates()).await.expect("edited"));

    assert!(world.work_bell_rang().await);
    assert_eq!(world.claims().await, 2);
    world.holds().await;
}

#[tokio::test]
async fn a_cap_that_is_raised_or_lifted_wakes_who_waits() {
    let world = world_with_one_x_at_once().await;
    world.waiting(&agent_x(1..=4)).await;
    assert_eq!([world.claims().await, world.claims().await], [1, 0]);

    world.queue.cap_gates(vec![("agent:x".to_owned(), Some(2))]).await.expect("capped");
    assert_eq!([world.claims().await, world.claims().await], [2, 0]);
    world.holds().await;

    world.queue.cap_gates(vec![("agent:x".to_owned(), None)]).await.expect("uncapped");
    assert_eq!([world.claims().await, world.claims().await], [3, 4]);
    world.holds().await;
}

#[tokio::test]
async fn a_lifted_cap_wakes_all_in_the_end_even_if_those_woken_first_are_cancelled() {
    let world = world_with_one_x_at_once().await;
    world.waiting(&agent_x(1..=400)).await;
    assert_eq!([world.claims().await, world.claims().await], [1, 0], "the others are parked");
    world.queue.pause("the test".to_owned(), false).await.expect("paused");
    world.queue.cap_gates(vec![("agent:x".to_owned(), None)]).await.expect("uncapped");
    for task in 2..=300 {
        world.queue.cancel(of(task), "somebody".to_owned(), "not wanted".to_owned()).await.expect("cancelled");
    }
    world.queue.resume("the test".to_owned()).await.expect("resumed");

    assert_eq!(world.drain().await, (301..=400).collect::<Vec<_>>());
    world.holds().await;
}

#[tokio::test]
async fn slots_are_never_more_than_they_are_and_are_given_back() {
    let world = World::new();
    world.waiting(&agent_x(1..=3)).await;

    assert_eq!([world.claims().await, world.claims().await, world.claims().await], [1, 2, 0]);
    let (first, second) = (world.live(1).await, world.live(2).await);
    assert_eq!([first.slot, second.slot], [1, 2]);

    world.queue.launch_failed(first.id, first.fence, "no memory".to_owned(), true).await.expect("recorded");

    let again = world.claim().await.expect("the slot is free");
    assert_eq!((again.task, again.slot, again.number), (of(1), 1, 1));
    assert!(again.fence > first.fence);
    world.holds().await;
}
