//! Whose turn it is: requesters share the slots, priorities go first, and nobody hoards turns.

use orchestrator_core::domain::attempt::Outcome;

use crate::support::{Ask, World, ask, rules};

fn by(user: u64, ids: impl IntoIterator<Item = u64>) -> Vec<Ask> {
    ids.into_iter().map(|id| Ask { user, ..ask(id) }).collect()
}

#[tokio::test]
async fn one_requester_s_tasks_run_oldest_first() {
    let world = World::new();
    world.waiting(&by(1, 1..=5)).await;

    assert_eq!(world.drain().await, [1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn a_higher_priority_goes_first_and_within_it_the_oldest() {
    let world = World::new();
    let mut asks = by(1, 1..=4);
    asks[1].priority = 500;
    asks[3].priority = 500;
    world.waiting(&asks).await;

    assert_eq!(world.drain().await, [2, 4, 1, 3]);
}

#[tokio::test]
async fn requesters_take_turns_however_much_one_of_them_has_asked() {
    let world = World::new();
    world.waiting(&[by(1, 1..=6), by(2, 11..=13)].concat()).await;

    assert_eq!(world.drain().await, [1, 11, 2, 12, 3, 13, 4, 5, 6]);
}

#[tokio::test]
async fn who_comes_late_has_saved_no_turns() {
    let world = World::new();
    world.waiting(&[by(1, 1..=3), by(2, 11..=20)].concat()).await;
    for _ in 0..9 {
        let attempt = world.claim().await.expect("something waits");
        world.ends(&attempt, Outcome::Succeeded).await;
    }

    world.waiting(&by(1, 31..=34)).await;

    assert_eq!(world.drain().await, [31, 32, 17, 33, 18, 34, 19, 20], "one turn ahead at most");
}

#[tokio::test]
async fn a_long_run_saves_no_turns_for_its_requester() {
    let world = World::new();
    world.waiting(&by(1, [1])).await;
    let long = world.claim().await.expect("something waits");
    world.waiting(&by(2, 11..=20)).await;
    for _ in 0..6 {
        let attempt = world.claim().await.expect("something waits");
        world.ends(&attempt, Outcome::Succeeded).await;
    }

    world.waiting(&by(1, 31..=34)).await;

    assert_eq!(world.drain().await, [31, 32, 17, 33, 18, 34, 19, 20], "one turn ahead at most");
    world.ends(&long, Outcome::Succeeded).await;
    world.holds().await;
}

#[tokio::test]
async fn turns_that_priority_took_are_not_made_up_at_a_newcomer_s_cost() {
    let world = World::new();
    let urgent: Vec<_> = by(1, 1..=6).into_iter().map(|ask| Ask { priority: 500, ..ask }).collect();
    world.waiting(&[urgent, by(2, 11..=14)].concat()).await;
    for _ in 0..6 {
        let attempt = world.claim().await.expect("something waits");
        assert_eq!(attempt.task.as_str().len(), 1, "{} passed an urgent one", attempt.task);
        world.ends(&attempt, Outcome::Succeeded).await;
    }

    world.waiting(&by(3, 21..=24)).await;

    assert_eq!(world.drain().await, [11, 21, 12, 22, 13, 23, 14, 24]);
}

#[tokio::test]
async fn a_requester_at_his_cap_lets_others_pass() {
    let world = World::by(orchestrator_core::queue::Rules { lane_cap: 1, ..rules() });
    world.waiting(&[by(1, 1..=3), by(2, [11])].concat()).await;

    assert_eq!([world.claims().await, world.claims().await, world.claims().await], [1, 11, 0]);
    world.holds().await;
}

#[tokio::test]
async fn a_cap_that_was_raised_holds_for_tasks_that_wait_already() {
    let mut world = World::by(orchestrator_core::queue::Rules { lane_cap: 1, slots: 4, ..rules() });
    world.waiting(&by(1, 1..=4)).await;
    let first = world.claim().await.expect("something waits");
    world.restart(orchestrator_core::queue::Rules { lane_cap: 3, slots: 4, ..rules() });

    world.ends(&first, Outcome::Succeeded).await;

    assert_eq!([world.claims().await, world.claims().await, world.claims().await], [2, 3, 4]);
}
