//! Cards, as delivery is told of them.

use std::{sync::Arc, time::Duration};

use orchestrator_core::{
    domain::{card::TaskState, id::ChannelId},
    queue::cards::{NextCard, Part, Stands},
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
