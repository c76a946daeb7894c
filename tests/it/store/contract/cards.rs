//! Cards and what is said in the threads beneath them.

use orchestrator_core::{domain::id::ChannelId, ports::store::Store};

use super::is_duplicate;
use crate::store::{
    read,
    samples::{at, card, follow_up, message, task_id},
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
