//! Signs on messages: the ✅ that an agent waits for, the ❌ of a refusal, the sign of the end.

use std::time::Duration;

use chrono::{DateTime, Utc};
use orchestrator_core::{
    domain::{
        attempt::{AttemptState, Outcome},
        id::ChannelId,
        outbound::{MarkState, Purpose},
        task::{MessageRef, Origin},
    },
    queue::{
        Rules,
        board::Closed,
        marks::{CLAIMED, MarkFailure, REFUSED},
    },
};

use crate::{
    steps::of,
    support::{Ask, EDITED, World, ask, message, recount, rules},
};

const BY: &str = "somebody";

fn said(id: u64) -> Ask {
    Ask { from_message: true, ..ask(id) }
}

fn forbidden(due_at: DateTime<Utc>) -> MarkFailure {
    MarkFailure::Forbidden { due_at, reason: "Missing Permissions".into(), alert: "⛔ ✅ can't be put".into() }
}

async fn put(world: &World, on: u64, emoji: &'static str) {
    let mark = world.mark(on, emoji).await.expect("the sign is wanted");
    world.queue.mark_put(mark.id).await.expect("recorded");
}

async fn fails(world: &World, on: u64, emoji: &'static str, failure: MarkFailure) {
    let mark = world.mark(on, emoji).await.expect("the sign is wanted");
    world.queue.mark_failed(mark.id, failure).await.expect("recorded");
}

#[tokio::test]
async fn an_agent_is_cleared_when_its_tick_stands() {
    let world = World::new();
    world.enqueue(&said(1)).await;
    assert_eq!(world.live(1).await.state, AttemptState::Launching { cleared: false });

    put(&world, 1, CLAIMED).await;

    assert_eq!(world.live(1).await.state, AttemptState::Launching { cleared: true });
}

#[tokio::test]
async fn a_claim_that_comes_again_needs_no_second_tick() {
    let world = World::new();
    world.enqueue(&said(1)).await;
    put(&world, 1, CLAIMED).await;
    let first = world.live(1).await;
    world.queue.launch_failed(first.id, first.fence, "cut off".into(), true).await.expect("recorded");

    let second = world.claim().await.expect("it waits again");

    assert_eq!(second.state, AttemptState::Launching { cleared: true });
}

#[tokio::test]
async fn a_message_that_is_gone_before_its_agent_starts_is_cancelled() {
    let world = World::new();
    world.enqueue(&said(1)).await;

    fails(&world, 1, CLAIMED, MarkFailure::MessageGone).await;

    assert_eq!(recount::outcome(&world.whole(1).await), Some(Outcome::Cancelled));
    world.holds().await;
}

#[tokio::test]
async fn a_message_that_is_gone_while_its_task_waits_for_another_launch_is_cancelled_too() {
    let world = World::new();
    world.enqueue(&said(1)).await;
    let first = world.live(1).await;
    world.queue.launch_failed(first.id, first.fence, "no memory".into(), false).await.expect("recorded");

    fails(&world, 1, CLAIMED, MarkFailure::MessageGone).await;

    assert_eq!(recount::outcome(&world.whole(1).await), Some(Outcome::Cancelled));
    assert_eq!(world.whole(1).await.results().count(), 1);
    world.holds().await;
}

#[tokio::test]
async fn a_message_that_is_gone_when_its_agent_runs_changes_nothing() {
    let world = World::new();
    world.enqueue(&said(1)).await;
    put(&world, 1, CLAIMED).await;
    let attempt = world.live(1).await;
    world.queue.launched(attempt.id, attempt.fence).await.expect("recorded");

    fails(&world, 1, CLAIMED, MarkFailure::MessageGone).await;

    assert!(matches!(world.live(1).await.state, AttemptState::Running { .. }));
}

#[tokio::test]
async fn a_message_that_takes_no_reaction_is_answered_and_its_agent_starts() {
    let world = World::new();
    world.enqueue(&said(1)).await;

    fails(&world, 1, CLAIMED, MarkFailure::Impossible { reason: "blocked".into(), reply: Some("claimed".into()) }).await;

    assert_eq!(world.live(1).await.state, AttemptState::Launching { cleared: true });
    assert_eq!(world.whole(1).await.letters.len(), 1);
}

#[tokio::test]
async fn a_missing_permission_holds_the_queue_and_is_told_once() {
    let world = World::by(Rules { slots: 3, ..rules() });
    world.enqueue(&said(1)).await;
    world.enqueue(&said(2)).await;
    for task in [1, 2, 1] {
        fails(&world, task, CLAIMED, forbidden(world.clock_now())).await;
    }
    world.enqueue(&said(3)).await;

    assert!(matches!(world.queue.closed().await.expect("the store answers"), Some(Closed::Unmarkable { .. })));
    assert_eq!(world.claims().await, 0);
    assert_eq!(world.told_the_operator().await.len(), 1);

    put(&world, 1, CLAIMED).await;
    assert_eq!(world.claims().await, 3);
    world.holds().await;
}

#[tokio::test]
async fn a_queue_held_for_a_tick_goes_on_when_that_message_is_deleted() {
    let world = World::new();
    world.enqueue(&said(1)).await;
    fails(&world, 1, CLAIMED, forbidden(world.clock_now())).await;
    world.enqueue(&said(2)).await;

    fails(&world, 1, CLAIMED, MarkFailure::MessageGone).await;

    world.holds().await;
    assert_eq!(world.claims().await, 2, "another tick tells whether the permission is back");
}

#[tokio::test]
async fn a_hold_for_a_channel_in_which_nobody_waits_any_more_ends_with_the_last_tick_elsewhere() {
    let world = World::new();
    world.enqueue(&said(1)).await;
    let mut elsewhere = said(2).new_task(world.clock_now());
    let there = MessageRef { channel: ChannelId::new(999), ..message(2) };
    elsewhere.task.origin = Origin::Message(there);
    world.queue.enqueue(elsewhere).await.expect("taken");
    fails(&world, 2, CLAIMED, forbidden(world.clock_now())).await;
    fails(&world, 2, CLAIMED, MarkFailure::MessageGone).await;
    world.holds().await;

    put(&world, 1, CLAIMED).await;

    assert_eq!(world.queue.closed().await.expect("the store answers"), None);
    world.holds().await;
}

#[tokio::test]
async fn a_sign_of_another_kind_does_not_prove_that_ticks_can_be_put() {
    let world = World::new();
    world.enqueue(&said(1)).await;
    fails(&world, 1, CLAIMED, forbidden(world.clock_now())).await;
    world.queue.refuse(message(7), "no".into()).await.expect("refused");

    put(&world, 7, REFUSED).await;

    assert!(matches!(world.queue.closed().await.expect("the store answers"), Some(Closed::Unmarkable { .. })));
}

#[tokio::test]
async fn a_refusal_is_said_once_however_often_it_is_found() {
    let world = World::new();
    for _ in 0..3 {
        world.queue.refuse(message(7), "unknown alias".into()).await.expect("refused");
    }

    assert_eq!(world.replies(101).await, ["unknown alias"]);
    assert_eq!(world.sign(7, REFUSED).await, Some(MarkState::Wanted));
}

#[tokio::test]
async fn a_message_that_was_edited_and_is_still_refused_is_told_the_new_reason_only() {
    let world = World::new();
    world.queue.refuse(message(7), "unknown alias".into()).await.expect("refused");
    put(&world, 7, REFUSED).await;

    for _ in 0..2 {
        world.queue.refuse(message(7), "too long".into()).await.expect("refused");
    }

    assert_eq!(world.replies(101).await, ["unknown alias", "too long"]);
    assert_eq!(world.sign(7, REFUSED).await, Some(MarkState::Put));
}

#[tokio::test]
async fn a_message_that_is_accepted_after_a_refusal_loses_its_cross() {
    let world = World::new();
    world.queue.refuse(message(7), "unknown alias".into()).await.expect("refused");
    put(&world, 7, REFUSED).await;

    world.enqueue(&said(7)).await;

    assert_eq!(world.sign(7, REFUSED).await, Some(MarkState::Lifting));
}

#[tokio::test]
async fn a_task_that_failed_after_its_message_was_refused_carries_the_cross_of_its_end() {
    let world = World::new();
    world.queue.refuse(message(7), "unknown alias".into()).await.expect("refused");
    put(&world, 7, REFUSED).await;
    world.enqueue(&said(7)).await;
    let attempt = world.live(7).await;
    world.ends(&attempt, Outcome::Failed).await;
    let cross = world.mark(7, REFUSED).await.expect("it failed");
    assert_eq!((cross.state, cross.mark.purpose, cross.mark.task), (MarkState::Wanted, Purpose::End, Some(of(7))));
    put(&world, 7, REFUSED).await;

    world.queue.retry(of(7), BY.into(), EDITED.into()).await.expect("retried");

    assert_eq!(world.sign(7, REFUSED).await, Some(MarkState::Lifting));
}

#[tokio::test]
async fn a_sign_that_was_put_while_its_task_was_opened_again_is_taken_away() {
    let world = World::new();
    world.enqueue(&said(1)).await;
    let attempt = world.live(1).await;
    world.ends(&attempt, Outcome::Succeeded).await;

    world.queue.retry(of(1), BY.into(), EDITED.into()).await.expect("retried");
    put(&world, 1, "🏁").await;

    assert_eq!(world.sign(1, "🏁").await, Some(MarkState::Lifting));
}

#[tokio::test]
async fn a_sign_that_may_have_arrived_unrecorded_is_taken_away_when_its_task_is_opened_again() {
    let world = World::new();
    world.enqueue(&said(1)).await;
    let attempt = world.live(1).await;
    world.ends(&attempt, Outcome::Failed).await;
    assert_eq!(world.sign(1, REFUSED).await, Some(MarkState::Wanted));

    // It was sent, and whoever sent it was killed: nobody records that it stands.
    world.queue.retry(of(1), BY.into(), EDITED.into()).await.expect("retried");

    assert_eq!(world.sign(1, REFUSED).await, Some(MarkState::Lifting));
}

#[tokio::test]
async fn a_sign_that_could_not_be_put_is_tried_again_at_the_next_end() {
    let world = World::new();
    world.enqueue(&said(1)).await;
    let first = world.live(1).await;
    world.ends(&first, Outcome::Succeeded).await;
    fails(&world, 1, "🏁", MarkFailure::Impossible { reason: "not now".into(), reply: None }).await;
    world.queue.retry(of(1), BY.into(), EDITED.into()).await.expect("retried");
    let second = world.claim().await.expect("it waits again");

    world.ends(&second, Outcome::Succeeded).await;

    assert_eq!(world.sign(1, "🏁").await, Some(MarkState::Wanted));
}

#[tokio::test]
async fn a_sign_that_was_taken_away_while_it_was_wanted_again_is_put_again() {
    let world = World::new();
    world.enqueue(&said(1)).await;
    let first = world.live(1).await;
    world.ends(&first, Outcome::Succeeded).await;
    put(&world, 1, "🏁").await;
    world.queue.retry(of(1), BY.into(), EDITED.into()).await.expect("retried");
    let flag = world.mark(1, "🏁").await.expect("it stood");
    let second = world.claim().await.expect("it waits again");
    world.ends(&second, Outcome::Succeeded).await;

    world.queue.mark_lifted(flag.id).await.expect("recorded");

    assert_eq!(world.sign(1, "🏁").await, Some(MarkState::Wanted));
    put(&world, 1, "🏁").await;
    assert_eq!(world.sign(1, "🏁").await, Some(MarkState::Put));
}

#[tokio::test]
async fn a_tick_that_fails_for_the_moment_is_tried_again() {
    let world = World::new();
    world.enqueue(&said(1)).await;
    let due_at = world.clock_now() + Duration::from_secs(2);

    fails(&world, 1, CLAIMED, MarkFailure::Later { due_at, reason: "HTTP 500".into() }).await;

    let mark = world.mark(1, CLAIMED).await.expect("it is wanted");
    assert_eq!((mark.state, mark.progress.failures, mark.progress.due_at), (MarkState::Wanted, 1, due_at));
    assert_eq!(world.live(1).await.state, AttemptState::Launching { cleared: false });
}
