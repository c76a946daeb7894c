//! Cards and what is said in the threads beneath them.

use orchestrator_core::{
    domain::id::{ChannelId, StepId},
    ports::{
        rows::{CardRow, Turn},
        store::Store,
    },
};

use super::is_duplicate;
use crate::store::{
    read,
    samples::{at, card, follow_up, message, priority, task_id},
    write,
};

pub(super) async fn due_cards_come_by_their_time_and_those_that_are_behind_apart(store: &dyn Store) {
    let (here, there) = (ChannelId::new(1), ChannelId::new(2));
    write(store, move |rows| {
        for (n, channel, due, is_behind) in [
            (1, here, Some(6), true),
            (2, here, Some(4), true),
            (3, here, Some(3), false),
            (4, here, None, true),
            (5, there, Some(1), true),
            (6, here, Some(4), true),
        ] {
            rows.put_card(&card(n, channel, due, is_behind))?;
        }
        Ok(())
    })
    .await
    .unwrap();

    let due = async |rank, second, limit| -> Vec<_> {
        read(store, move |rows| rows.due_cards(here, rank, at(second), limit)).await.unwrap().into_iter().map(|row| row.task).collect()
    };
    assert_eq!(due(0, 5, 9).await, [task_id(2), task_id(6)]);
    assert_eq!(due(0, 9, 2).await, [task_id(2), task_id(6)]);
    assert_eq!(due(2, 5, 9).await, [task_id(3)]);
    assert!(due(1, 9, 9).await.is_empty(), "each of them stands");
    assert_eq!(read(store, |rows| rows.carded_channels()).await.unwrap(), [here, there]);
    assert_eq!(read(store, move |rows| rows.next_card_due(here, 0)).await.unwrap(), Some(at(4)));
    assert_eq!(read(store, move |rows| rows.next_card_due(there, 2)).await.unwrap(), None);
}

pub(super) async fn a_card_is_replaced_and_found_by_its_message(store: &dyn Store) {
    let here = ChannelId::new(1);
    let mut posted = card(1, here, Some(4), true);
    posted.message = None;
    let first = posted.clone();
    write(store, move |rows| Ok(rows.put_card(&first)?)).await.unwrap();
    assert_eq!(read(store, |rows| rows.card_at(message(1).message)).await.unwrap(), None);

    posted.message = Some(message(1).message);
    posted.due_at = None;
    let second = posted.clone();
    write(store, move |rows| Ok(rows.put_card(&second)?)).await.unwrap();

    assert_eq!(read(store, |rows| rows.card(&task_id(1))).await.unwrap(), Some(posted));
    assert_eq!(read(store, |rows| rows.card_at(message(1).message)).await.unwrap(), Some(task_id(1)));
    assert!(read(store, |rows| rows.carded_channels()).await.unwrap().is_empty());
}

pub(super) async fn the_cards_of_waiting_tasks_are_counted_if_near_and_come_by_priority_then_age_if_not(store: &dyn Store) {
    let (here, there) = (ChannelId::new(1), ChannelId::new(2));
    let waits = |n, channel, near, of_priority, step| {
        let turn = Some(Turn { near, priority: priority(of_priority), step: StepId(step) });
        CardRow { turn, message: None, ..card(n, channel, near.then_some(4), true) }
    };
    let rows = [
        waits(1, here, true, 100, 1),
        waits(2, here, true, 100, 2),
        waits(3, there, true, 100, 3),
        waits(4, here, false, 100, 5),
        waits(5, here, false, 100, 4),
        waits(6, here, false, 50, 6),
        card(7, here, Some(4), true),
    ];
    let kept = rows.clone();
    write(store, move |store| Ok(kept.iter().try_for_each(|row| store.put_card(row))?)).await.unwrap();

    let near = async |channel, most| read(store, move |rows| rows.cards_near(channel, most)).await.unwrap();
    assert_eq!((near(here, 20).await, near(here, 1).await, near(there, 20).await), (2, 1, 1));
    let first = async |channel| read(store, move |rows| rows.first_card_far(channel)).await.unwrap();
    assert_eq!((first(here).await, first(there).await), (Some(rows[4].clone()), None));
    let due = read(store, move |rows| rows.due_cards(here, CardRow::WAITING, at(9), 9)).await.unwrap();
    assert_eq!(due, rows[..2], "those that are not near have no time");

    let urgent = CardRow { turn: rows[5].turn.map(|turn| Turn { priority: priority(500), ..turn }), ..rows[5].clone() };
    let had = CardRow { turn: None, ..rows[0].clone() };
    let changed = [urgent.clone(), had];
    write(store, move |store| Ok(changed.iter().try_for_each(|row| store.put_card(row))?)).await.unwrap();
    assert_eq!((near(here, 20).await, first(here).await), (1, Some(urgent)));
    assert_eq!(read(store, move |rows| rows.next_card_due(here, CardRow::UNPOSTED)).await.unwrap(), Some(at(4)));
}

pub(super) async fn what_is_said_in_a_thread_is_kept_once_and_told_to_one_attempt(store: &dyn Store) {
    write(store, |rows| {
        rows.insert_follow_up(&follow_up(2, 1))?;
        rows.insert_follow_up(&follow_up(1, 1))?;
        Ok(rows.insert_follow_up(&follow_up(3, 2))?)
    })
    .await
    .unwrap();
    assert!(is_duplicate(&write(store, |rows| Ok(rows.insert_follow_up(&follow_up(1, 2))?)).await));

    write(store, |rows| Ok(rows.tell_follow_ups(&task_id(1), 2)?)).await.unwrap();
    write(store, |rows| Ok(rows.tell_follow_ups(&task_id(1), 3)?)).await.unwrap();

    let said = async |n| -> Vec<_> {
        let rows = read(store, move |rows| rows.follow_ups_of(&task_id(n))).await.unwrap();
        rows.into_iter().map(|row| (row.said.at.message, row.told_to)).collect()
    };
    assert_eq!(said(1).await, [(message(2).message, Some(2)), (message(1).message, Some(2))]);
    assert_eq!(said(2).await, [(message(3).message, None)]);
}
