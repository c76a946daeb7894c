//! Cards, as delivery is told of them.

use std::{sync::Arc, time::Duration};

use orchestrator_core::{
    domain::{
        card::{TaskState, Thread},
        id::ChannelId,
    },
    queue::{
        cards::{NextCard, Part, Stands},
        marks::MarkFailure,
    },
};

use crate::{
    steps::of,
    support::{Ask, TASKS, World, ask, rules},
};

/// Nothing is put off for longer.
const LONGEST: Duration = Duration::from_secs(600);

#[tokio::test]
async fn what_a_clock_has_put_off_that_was_set_back_since_is_due() {
    let world = World::new();
    world.clock.advance(Duration::from_secs(86_400));
    world.enqueue(&Ask { from_message: true, ..ask(1) }).await;
    // The clock of the next service is right again.
    let world = World::over(Arc::clone(&world.store), rules());

    let next = world.queue.next_card(ChannelId::new(TASKS), &[0, 1, 2], LONGEST).await.expect("it is read");
    assert!(matches!(next, NextCard::Due(due) if due.1.id() == &of(1)));
    let patient = world.queue.next_card(ChannelId::new(TASKS), &[0, 1, 2], Duration::from_secs(2 * 86_400)).await.expect("it is read");
    assert!(matches!(patient, NextCard::Later(_)), "what may be put off for so long is not due");
}

#[tokio::test]
async fn a_change_while_a_card_is_being_sent_is_shown_next() {
    let world = World::new();
    world.enqueue(&Ask { from_message: true, ..ask(1) }).await;
    let NextCard::Due(before) = world.queue.next_card(ChannelId::new(TASKS), &[0, 1, 2], LONGEST).await.expect("it is read") else {
        panic!("a card is due")
    };
    assert_eq!(before.1.doing, TaskState::Claimed);

    world.queue.cancel(of(1), "ann".into(), "no".into()).await.expect("cancelled");
    let stands = Stands {
        part: Part::Face,
        message: crate::support::message(901).message,
        version: before.0.card.wanted,
        digest: String::new(),
        again: None,
    };
    world.queue.card_stands(before.0.task, stands).await.expect("recorded");
    world.clock.advance(Duration::from_secs(5));

    let NextCard::Due(after) = world.queue.next_card(ChannelId::new(TASKS), &[0, 1, 2], LONGEST).await.expect("it is read") else {
        panic!("it is due again")
    };
    assert!(matches!(after.1.doing, TaskState::Stopping { .. }));
}

#[tokio::test]
async fn an_end_is_shown_although_something_of_its_card_had_failed_before() {
    let world = World::new();
    world.enqueue(&Ask { from_message: true, ..ask(1) }).await;
    let stands =
        |version| Stands { part: Part::Face, message: crate::support::message(901).message, version, digest: String::new(), again: None };
    world.queue.card_stands(of(1), stands(9)).await.expect("recorded");
    let due_at = world.clock_now() + chrono::TimeDelta::seconds(2);
    world.queue.card_put_off(of(1), Part::Details, due_at, "HTTP 503".into()).await.expect("recorded");
    world.queue.thread_settled(of(1), Thread::Impossible { reason: "gone".into() }, None).await.expect("recorded");
    world.queue.card_rests(of(1), Part::Face, 9, None).await.expect("recorded");
    let next = async || world.queue.next_card(ChannelId::new(TASKS), &[0, 1, 2], LONGEST).await.expect("it is read");
    assert!(matches!(next().await, NextCard::Nothing), "all is shown");

    world.queue.mark_failed(world.mark(1, "✅").await.expect("wanted").id, MarkFailure::MessageGone).await.expect("recorded");
    world.clock.advance(Duration::from_secs(5));

    assert!(matches!(next().await, NextCard::Due(due) if matches!(due.1.doing, TaskState::Ended { .. })));
}
