//! Cards, as delivery is told of them.

use std::{sync::Arc, time::Duration};

use orchestrator_core::{
    domain::{
        attempt::Outcome,
        card::{TaskState, Thread},
        id::ChannelId,
    },
    ports::rows::CardRow,
    queue::{
        Rules,
        cards::{NextCard, Part, SHOWN_WAITING, Stands},
        marks::MarkFailure,
    },
};

use crate::{
    steps::of,
    support::{Ask, TASKS, World, ask, recount, rules},
};

/// The tasks whose cards of a rank are to be sent now, in order.
async fn due(world: &World, rank: u8) -> Vec<u64> {
    let now = world.clock_now();
    let rows = recount::look(&world.store, move |look| look.due_cards(ChannelId::new(TASKS), rank, now, 1_000)).await;
    let mut tasks: Vec<u64> = rows.iter().map(|row| row.task.to_string().parse().expect("a number")).collect();
    tasks.sort_unstable();
    tasks
}

/// One slot, and tasks with numbers from 1: the first is claimed.
async fn backlog(tasks: u64) -> World {
    let world = World::by(Rules { slots: 1, ..rules() });
    for n in 1..=tasks {
        world.enqueue(&Ask { from_message: true, ..ask(n) }).await;
    }
    world
}

/// Nothing is put off for longer.
const LONGEST: Duration = Duration::from_secs(600);
/// Whatever is to be sent for cards.
const RANKS: [u8; 4] = [CardRow::BEHIND, CardRow::UNPOSTED, CardRow::WAITING, CardRow::OTHER];

#[tokio::test]
async fn what_a_clock_has_put_off_that_was_set_back_since_is_due() {
    let world = World::new();
    world.clock.advance(Duration::from_secs(86_400));
    world.enqueue(&Ask { from_message: true, ..ask(1) }).await;
    // The clock of the next service is right again.
    let world = World::over(Arc::clone(&world.store), rules());

    let next = world.queue.next_card(ChannelId::new(TASKS), &RANKS, LONGEST).await.expect("it is read");
    assert!(matches!(next, NextCard::Due(due) if due.1.id() == &of(1)));
    let patient = world.queue.next_card(ChannelId::new(TASKS), &RANKS, Duration::from_secs(2 * 86_400)).await.expect("it is read");
    assert!(matches!(patient, NextCard::Later(_)), "what may be put off for so long is not due");
}

#[tokio::test]
async fn a_change_while_a_card_is_being_sent_is_shown_next() {
    let world = World::new();
    world.enqueue(&Ask { from_message: true, ..ask(1) }).await;
    let NextCard::Due(before) = world.queue.next_card(ChannelId::new(TASKS), &RANKS, LONGEST).await.expect("it is read") else {
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

    let NextCard::Due(after) = world.queue.next_card(ChannelId::new(TASKS), &RANKS, LONGEST).await.expect("it is read") else {
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
    let next = async || world.queue.next_card(ChannelId::new(TASKS), &RANKS, LONGEST).await.expect("it is read");
    assert!(matches!(next().await, NextCard::Nothing), "all is shown");

    world.queue.mark_failed(world.mark(1, "✅").await.expect("wanted").id, MarkFailure::MessageGone).await.expect("recorded");
    world.clock.advance(Duration::from_secs(5));

    assert!(matches!(next().await, NextCard::Due(due) if matches!(due.1.doing, TaskState::Ended { .. })));
}

#[tokio::test]
async fn while_few_tasks_wait_each_has_its_card_at_once() {
    let few = u64::from(SHOWN_WAITING) + 1;
    let world = backlog(few).await;

    assert_eq!(due(&world, CardRow::UNPOSTED).await, [1], "whose task is claimed goes first");
    assert_eq!(due(&world, CardRow::WAITING).await, (2..=few).collect::<Vec<_>>());
}

#[tokio::test]
async fn of_many_waiting_tasks_only_the_first_have_cards_until_their_turn_comes_near() {
    let mut world = backlog(300).await;
    let last = u64::from(SHOWN_WAITING) + 1;
    assert_eq!(due(&world, CardRow::WAITING).await, (2..=last).collect::<Vec<_>>());

    world.restart(Rules { slots: 1, ..rules() });
    world.queue.cancel(of(3), "ann".into(), "no".into()).await.expect("cancelled");

    assert_eq!(due(&world, CardRow::WAITING).await, [2].into_iter().chain(4..=last + 1).collect::<Vec<_>>(), "one leaves, one comes");
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(due(&world, CardRow::UNPOSTED).await, [1, 3]);
}

#[tokio::test]
async fn whoever_needs_somebody_or_has_ended_has_a_card_however_far_back_he_waits() {
    let world = backlog(100).await;

    world.queue.hold(of(70), "ann".into()).await.expect("held");
    world.queue.cancel(of(80), "ann".into(), "no".into()).await.expect("cancelled");
    world.clock.advance(Duration::from_secs(1));

    assert_eq!(due(&world, CardRow::UNPOSTED).await, [1, 70, 80]);
    assert_eq!(due(&world, CardRow::WAITING).await.len(), SHOWN_WAITING as usize, "nobody near has left");
    world.queue.release(of(70), "ann".into()).await.expect("released");
    assert_eq!(due(&world, CardRow::UNPOSTED).await, [1, 70, 80], "once wanted it stays wanted");
}

#[tokio::test]
async fn what_is_urgent_comes_near_before_what_is_older() {
    let world = backlog(100).await;
    world.enqueue(&Ask { from_message: true, priority: 500, ..ask(101) }).await;

    world.queue.cancel(of(2), "ann".into(), "no".into()).await.expect("cancelled");

    assert!(due(&world, CardRow::WAITING).await.contains(&101));
    let mut dearer = Ask { from_message: true, ..ask(90) }.task(world.clock_now());
    dearer.wishes.priority = crate::support::priority(600);
    assert!(world.queue.edit(dearer, ask(90).gates()).await.expect("edited"));
    world.queue.cancel(of(4), "ann".into(), "no".into()).await.expect("cancelled");
    assert!(due(&world, CardRow::WAITING).await.contains(&90), "its priority was edited");
}

#[tokio::test]
async fn each_task_of_a_backlog_has_its_card_when_it_has_ended() {
    let world = backlog(100).await;

    for n in 2..=100 {
        world.queue.cancel(of(n), "ann".into(), "no".into()).await.expect("cancelled");
    }
    world.clock.advance(Duration::from_secs(1));

    assert_eq!(due(&world, CardRow::UNPOSTED).await, (1..=100).collect::<Vec<_>>());
    assert!(due(&world, CardRow::WAITING).await.is_empty());
}

#[tokio::test]
async fn who_stands_in_line_for_its_first_post_keeps_its_place_there_when_its_task_ends() {
    let world = World::by(Rules { slots: 2, ..rules() });
    for n in [1, 2] {
        world.enqueue(&Ask { from_message: true, ..ask(n) }).await;
        world.clock.advance(Duration::from_millis(10));
    }

    world.ends(&world.live(1).await, Outcome::Succeeded).await;

    let next = world.queue.next_card(ChannelId::new(TASKS), &RANKS, LONGEST).await.expect("it is read");
    assert!(matches!(next, NextCard::Due(due) if due.1.id() == &of(1)), "however soon after it was claimed");
}
