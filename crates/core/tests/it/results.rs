//! What is said to Discord about a task, and what follows when it stands there.

use orchestrator_core::{
    domain::{
        attempt::Outcome,
        id::ChannelId,
        outbound::{Address, Identity, LetterState, MarkState, Post},
        task::Origin,
    },
    queue::{enqueue::NewTask, marks::CLAIMED, outbound::Outgoing},
};

use crate::{
    steps::of,
    support::{EDITED, TASKS, World, ask, message},
};

fn queue_channel() -> Address {
    Address { channel: ChannelId::new(TASKS), identity: Identity::Orchestrator }
}

/// A task from a slash command, whose message is to be posted.
async fn announced(world: &World, id: u64) {
    let mut task = ask(id).task(world.clock_now());
    task.origin = Origin::Asked { announce_in: Some(ChannelId::new(TASKS)) };
    let new = NewTask { gates: ask(id).gates(), task, source: "interaction", key: id.to_string(), body_hash: String::new(), blocked: None };
    world.queue.enqueue(new).await.expect("taken");
}

/// The announcement is posted, as this message.
async fn is_posted(world: &World, as_message: u64) {
    let Outgoing::Letters(letters) = world.queue.outgoing(queue_channel(), 1, 1).await.expect("the store answers") else {
        panic!("nothing is to be posted")
    };
    let parcel = world.queue.pack(queue_channel(), vec![letters[0].0.id], Post::default()).await.expect("packed").expect("still waiting");
    world.queue.delivered(parcel.id, message(as_message)).await.expect("delivered");
}

#[tokio::test]
async fn the_message_of_a_task_that_runs_already_gets_its_tick_when_it_stands() {
    let world = World::new();
    announced(&world, 1).await;
    assert!(world.whole(1).await.live().is_some(), "it does not wait for its message");

    is_posted(&world, 900).await;

    assert_eq!(world.sign(900, CLAIMED).await, Some(MarkState::Wanted));
    assert_eq!(world.queue.task_of_message(message(900).message).await.expect("the store answers"), Some(of(1)));
}

#[tokio::test]
async fn a_message_that_is_posted_after_its_task_has_ended_gets_both_signs() {
    let world = World::new();
    announced(&world, 1).await;
    let attempt = world.live(1).await;
    world.ends(&attempt, Outcome::TimedOut).await;

    is_posted(&world, 900).await;

    assert_eq!(world.sign(900, CLAIMED).await, Some(MarkState::Wanted));
    assert_eq!(world.sign(900, "⏱").await, Some(MarkState::Wanted));
}

#[tokio::test]
async fn a_message_that_is_posted_after_its_task_was_cancelled_shows_no_tick() {
    let world = World::new();
    world.queue.pause("the test".into(), false).await.expect("paused");
    announced(&world, 1).await;
    world.queue.cancel(of(1), "somebody".into(), "not wanted".into()).await.expect("cancelled");

    is_posted(&world, 900).await;

    assert_eq!(world.sign(900, CLAIMED).await, None);
    assert_eq!(world.sign(900, "🛑").await, Some(MarkState::Wanted));
}

#[tokio::test]
async fn an_entry_that_no_channel_takes_is_told_to_the_operator_and_is_over() {
    let world = World::new();
    world.enqueue(&ask(1)).await;
    let attempt = world.live(1).await;
    world.ends(&attempt, Outcome::Succeeded).await;
    let results = world.queue.rules().routes.results;
    let waiting = world.whole(1).await.results().map(|row| row.id).collect();
    let parcel = world.queue.pack(results, waiting, Post::default()).await.expect("packed").expect("still waiting");

    for _ in 0..2 {
        world.queue.undeliverable(parcel.id.clone(), "404".into(), Some("the channel is gone".into())).await.expect("recorded");
    }

    assert!(matches!(world.whole(1).await.results().next().map(|row| &row.state), Some(LetterState::Undeliverable { .. })));
    assert_eq!(world.told_the_operator().await.len(), 1);
    let later = world.clock_now() + chrono::Duration::seconds(1);
    let removable = world.queue.removable(true, later, 10).await.expect("the store answers");
    assert_eq!(removable.len(), 1, "its workspace waits for nothing any more");
}

#[tokio::test]
async fn a_workspace_stays_until_the_entry_of_its_own_run_stands() {
    let world = World::new();
    world.enqueue(&ask(1)).await;
    let first = world.live(1).await;
    world.ends(&first, Outcome::Succeeded).await;
    world.deliver_result(900).await;
    world.queue.retry(of(1), "somebody".into(), EDITED.into()).await.expect("retried");
    let second = world.claim().await.expect("it waits again");
    world.ends(&second, Outcome::Succeeded).await;

    let later = world.clock_now() + chrono::Duration::seconds(1);
    let removable = world.queue.removable(true, later, 10).await.expect("the store answers");

    assert_eq!(removable.into_iter().map(|attempt| attempt.id).collect::<Vec<_>>(), [first.id]);
}

#[tokio::test]
async fn letters_are_packed_once() {
    let world = World::new();
    world.enqueue(&ask(1)).await;
    let attempt = world.live(1).await;
    world.ends(&attempt, Outcome::Succeeded).await;
    let results = world.queue.rules().routes.results;
    let waiting: Vec<_> = world.whole(1).await.results().map(|row| row.id).collect();

    let first = world.queue.pack(results, waiting.clone(), Post::default()).await.expect("packed");
    let second = world.queue.pack(results, waiting, Post::default()).await.expect("the store answers");

    assert!(first.is_some() && second.is_none());
}
