//! What was said while nobody listened.

use std::sync::{PoisonError, atomic::Ordering};

use orchestrator_core::{
    domain::{
        attempt::Outcome,
        id::{ChannelId, MessageId},
        step::StepState,
    },
    intake::read_back::{Found, ReadBackError, cursor_fact},
    ports::chat::ChatError,
    queue::{Rules, marks::CLAIMED},
};

use crate::{
    room::{Room, person},
    steps::of,
    support::{TASKS, World, message, recount, rules},
};

fn channel() -> ChannelId {
    ChannelId::new(TASKS)
}

async fn cursor(world: &World) -> Option<String> {
    world.queue.fact(&cursor_fact(channel())).await.expect("the store answers")
}

/// A world in which nothing is claimed, and a room in which these messages stand.
async fn quiet(messages: impl IntoIterator<Item = u64>) -> (World, Room) {
    let (world, room) = (World::by(Rules { slots: 1, ..rules() }), Room::default());
    world.queue.pause("the test".into(), false).await.expect("paused");
    for id in messages {
        room.says(&world.heard(id, &format!("task {id}")));
    }
    (world, room)
}

async fn taken(world: &World) -> Vec<u64> {
    recount::everything(&world.store).await.iter().map(|task| task.row.task.id.as_str().parse().expect("a number")).collect()
}

#[tokio::test]
async fn waiting_messages_are_taken_oldest_first_whether_35_or_250_on_the_first_start_or_a_later_one() {
    for count in [35, 250] {
        for heard_before in [false, true] {
            let (world, room) = quiet(1_001..=1_000 + count).await;
            if heard_before {
                world.desk().heard_up_to(channel(), MessageId::new(1_000)).await.expect("kept");
            }

            let found = world.desk().read_back(&room).await.expect("read");

            let all = usize::try_from(count).expect("few");
            assert_eq!(found, Found { read: all, tasks: all, asked: 0 }, "{count} {heard_before}");
            assert_eq!(taken(&world).await, (1_001..=1_000 + count).collect::<Vec<_>>());
            world.queue.resume("the test".into()).await.expect("resumed");
            assert_eq!(world.drain().await, (1_001..=1_000 + count).collect::<Vec<_>>());
        }
    }
}

#[tokio::test]
async fn reading_back_again_takes_nothing_twice() {
    let (world, room) = quiet(1_001..=1_150).await;
    world.desk().read_back(&room).await.expect("read");

    let found = world.desk().read_back(&room).await.expect("read");

    assert_eq!((found.tasks, found.asked), (0, 0), "what came in the last minute is read once more, and known");
    assert_eq!(taken(&world).await.len(), 150);
    assert_eq!(cursor(&world).await.as_deref(), Some("1150"));
}

#[tokio::test]
async fn messages_that_came_in_a_gap_are_taken() {
    let (world, room) = quiet([1_001, 1_002]).await;
    world.desk().read_back(&room).await.expect("read");
    for id in [1_500, 2_000, 9_000] {
        room.says(&world.heard(id, "later"));
    }

    assert_eq!(world.desk().read_back(&room).await.expect("read").tasks, 3);
    assert_eq!(taken(&world).await, [1_001, 1_002, 1_500, 2_000, 9_000]);
}

#[tokio::test]
async fn a_message_that_a_later_one_overtook_before_a_kill_is_taken() {
    let (world, room) = quiet([1_001, 1_002, 1_003]).await;
    let desk = world.desk();
    desk.hear(&world.heard(1_003, "task 1003")).await.expect("heard");
    desk.heard_up_to(channel(), MessageId::new(1_003)).await.expect("kept");

    desk.read_back(&room).await.expect("read");

    let mut ids = taken(&world).await;
    ids.sort_unstable();
    assert_eq!(ids, [1_001, 1_002, 1_003]);
}

#[tokio::test]
async fn a_read_back_that_breaks_off_goes_on_where_it_was() {
    let (world, room) = quiet(1_001..=1_250).await;
    world.desk().heard_up_to(channel(), MessageId::new(1_000)).await.expect("kept");
    *room.broken.lock().unwrap_or_else(PoisonError::into_inner) = Some((channel(), ChatError::Unavailable { status: 503 }));
    assert!(matches!(world.desk().read_back(&room).await, Err(ReadBackError::Chat { .. })));
    assert_eq!(cursor(&world).await.as_deref(), Some("1000"), "what was not read is not passed");
    *room.broken.lock().unwrap_or_else(PoisonError::into_inner) = None;

    assert_eq!(world.desk().read_back(&room).await.expect("read").tasks, 250);
}

#[tokio::test]
async fn a_channel_that_cannot_be_read_does_not_keep_the_others_from_being_read() {
    let (world, room) = quiet([]).await;
    let mut other = world.heard(1_001, "hello");
    other.at.channel = ChannelId::new(TASKS + 1);
    room.says(&other);
    let refusal = ChatError::Forbidden { code: 50_001, message: "Missing Access".into() };
    *room.broken.lock().unwrap_or_else(PoisonError::into_inner) = Some((channel(), refusal));

    for _ in 0..2 {
        world.desk().read_back(&room).await.expect("the other channel is read");
    }

    assert_eq!(taken(&world).await, [1_001]);
    assert_eq!(world.told_the_operator().await.len(), 1, "it is named once");
}

#[tokio::test]
async fn a_channel_that_does_not_answer_is_an_error_after_the_others_were_read() {
    let (world, room) = quiet([]).await;
    let mut other = world.heard(1_001, "hello");
    other.at.channel = ChannelId::new(TASKS + 1);
    room.says(&other);
    *room.broken.lock().unwrap_or_else(PoisonError::into_inner) = Some((channel(), ChatError::Unavailable { status: 503 }));

    let error = world.desk().read_back(&room).await.expect_err("one channel can't be read");

    assert!(matches!(error, ReadBackError::Chat { channel, .. } if channel == self::channel()));
    assert_eq!(taken(&world).await, [1_001]);
}

#[tokio::test]
async fn old_messages_are_asked_about_and_young_ones_run() {
    let (world, room) = quiet([]).await;
    world.desk().heard_up_to(channel(), MessageId::new(1_000)).await.expect("kept");
    for (id, hours) in [(1_001, 72), (1_002, 25), (1_003, 23), (1_004, 0)] {
        let mut heard = world.heard(id, "hello");
        heard.written_at -= chrono::Duration::hours(hours);
        room.says(&heard);
    }

    assert_eq!(world.desk().read_back(&room).await.expect("read"), Found { read: 4, tasks: 4, asked: 2 });

    world.queue.resume("the test".into()).await.expect("resumed");
    assert_eq!(world.drain().await, [1_003, 1_004]);
    assert_eq!(world.replies(TASKS).await.len(), 2);
}

#[tokio::test]
async fn on_the_first_start_the_newest_of_the_old_messages_are_asked_about_and_the_operator_is_told_of_the_rest() {
    let (world, room) = quiet([]).await;
    for id in 1_001..=1_300 {
        let mut heard = world.heard(id, "of old");
        heard.written_at -= chrono::Duration::days(9);
        if id % 100 == 0 {
            heard.our_reactions = vec![CLAIMED.into()];
        }
        room.says(&heard);
    }
    room.says(&world.heard(1_301, "hello"));

    let found = world.desk().read_back(&room).await.expect("read");

    assert_eq!((found.tasks, found.asked), (11, 10));
    assert_eq!(taken(&world).await, (1_290..=1_301).filter(|id| *id != 1_300).collect::<Vec<_>>());
    assert_eq!(world.told_the_operator().await.len(), 1);
    let again = world.desk().read_back(&room).await.expect("read");
    assert_eq!((again.tasks, again.asked, world.told_the_operator().await.len()), (0, 0, 1), "and that was that");
}

#[tokio::test]
async fn what_was_edited_while_away_counts_for_waiting_and_held_tasks_alike() {
    let (world, room) = quiet(1_001..=1_003).await;
    world.desk().read_back(&room).await.expect("read");
    world.queue.hold(of(1_002), "somebody".into()).await.expect("held");
    for id in [1_001, 1_002] {
        room.says(&world.heard(id, "changed"));
    }

    world.desk().read_back(&room).await.expect("read");

    for (id, text) in [(1_001, "changed"), (1_002, "changed"), (1_003, "task 1003")] {
        assert_eq!(world.whole(id).await.row.task.prompt, text, "{id}");
    }
    world.holds().await;
}

#[tokio::test]
async fn what_was_deleted_while_away_is_not_run() {
    let (world, room) = quiet(1_001..=1_250).await;
    world.desk().read_back(&room).await.expect("read");
    for id in [1_001, 1_100, 1_101, 1_250] {
        room.deletes(id);
    }
    room.pages.store(0, Ordering::SeqCst);

    world.desk().read_back(&room).await.expect("read");

    for id in [1_001, 1_100, 1_101, 1_250] {
        assert_eq!(recount::outcome(&world.whole(id).await), Some(Outcome::Cancelled), "{id}");
    }
    assert!(matches!(world.state(1_002).await, StepState::Ready { .. }));
    assert!(room.pages.load(Ordering::SeqCst) <= 7, "a page for each hundred, and one for each channel");
    world.holds().await;
}

#[tokio::test]
async fn a_channel_whose_history_is_not_shown_is_not_taken_for_an_empty_one() {
    let (world, room) = quiet(1_001..=1_003).await;
    world.desk().read_back(&room).await.expect("read");
    *room.shows_no_history.lock().unwrap_or_else(PoisonError::into_inner) = true;

    world.desk().read_back(&room).await.expect("there is nothing to read");

    assert_eq!(world.queue.glance().await.expect("the store answers").counts.waiting, 3, "nothing was cancelled");
}

#[tokio::test]
async fn a_task_that_was_claimed_before_its_message_was_deleted_goes_on() {
    let (world, room) = quiet([1_001]).await;
    world.desk().read_back(&room).await.expect("read");
    world.queue.resume("the test".into()).await.expect("resumed");
    let attempt = world.claim().await.expect("it waits");
    world.queue.launch_failed(attempt.id, attempt.fence, "cut off".into(), true).await.expect("recorded");
    room.deletes(1_001);

    world.desk().read_back(&room).await.expect("read");

    assert!(matches!(world.state(1_001).await, StepState::Ready { .. }));
}

#[tokio::test]
async fn somebody_s_flood_is_refused_beyond_his_limit_and_does_not_stop_the_reading() {
    let (world, room) = (World::by(Rules { slots: 1, open_tasks_per_lane: 10, ..rules() }), Room::default());
    world.queue.pause("the test".into(), false).await.expect("paused");
    for id in 1_001..=1_040 {
        room.says(&world.heard(id, "hello"));
    }
    let mut other = world.heard(1_041, "hello");
    other.author = person(2);
    room.says(&other);

    assert_eq!(world.desk().read_back(&room).await.expect("read").tasks, 11);

    assert_eq!(world.replies(TASKS).await.len(), 30);
    assert!(world.queue.has_refused(message(1_011)).await.expect("the store answers"));
}
