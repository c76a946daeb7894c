//! What is kept of attempts, their money and their workspaces, of what is said about them, and of what is counted.

use orchestrator_core::{
    domain::{
        attempt::{AttemptState, Outcome},
        id::{ChannelId, InstanceId, LetterId, ParcelId, StepId},
        journal::{Event, What},
        lease::Fence,
        money::Usd,
        outbound::{Class, Identity, LetterState, MarkState, Purpose},
        step::{Blocked, StepState},
    },
    ports::{rows::Counts, store::Store},
};

use super::{
    super::{
        read,
        samples::{
            address, at, attempt, attempt_id, day, delivered, ended, ledger, mark, message, notice, parcel, ready, result, step, task,
            task_id,
        },
        write,
    },
    is_duplicate, is_stale,
};

pub(super) async fn a_step_has_one_live_attempt(store: &dyn Store) {
    let first = attempt(1, StepId(1), 1, "A");
    write(store, |rows| Ok(rows.insert_attempt(&attempt(1, StepId(1), 1, "A"))?)).await.unwrap();

    assert!(is_duplicate(&write(store, |rows| Ok(rows.insert_attempt(&attempt(2, StepId(1), 1, "B"))?)).await));
    assert!(is_duplicate(&write(store, |rows| Ok(rows.insert_attempt(&attempt(1, StepId(2), 1, "A"))?)).await));

    let over = ended(&first, Outcome::Failed, 5);
    let stored = over.clone();
    write(store, move |rows| {
        rows.update_attempt(&over)?;
        Ok(rows.insert_attempt(&attempt(2, StepId(1), 1, "B"))?)
    })
    .await
    .unwrap();
    assert_eq!(read(store, |rows| rows.attempt(attempt_id(1))).await.unwrap(), Some(stored.clone()));
    let all = read(store, |rows| rows.attempts_of(&task_id(1))).await.unwrap();
    assert_eq!(all, [stored, attempt(2, StepId(1), 1, "B")]);
    let live = read(store, |rows| rows.live_attempts(&InstanceId("A".to_owned()))).await.unwrap();
    assert_eq!(live, []);
}

pub(super) async fn a_long_result_is_kept_once_and_read_as_it_was_written(store: &dyn Store) {
    // Some of its characters lie across any place at which a store could part it, and one has no length in C.
    let texts = [String::new(), "\0 a\0".to_owned(), format!("x{}", "é🦀\n".repeat(200_000))];
    for (n, text) in (1..).zip(&texts) {
        let kept = text.clone();
        write(store, move |rows| Ok(rows.insert_long_result(attempt_id(n), &kept)?)).await.unwrap();
        let twice = write(store, move |rows| Ok(rows.insert_long_result(attempt_id(n), "another")?)).await;
        assert!(is_duplicate(&twice));
    }
    for (n, text) in (1..).zip(texts) {
        assert!(read(store, move |rows| rows.long_result(attempt_id(n))).await.unwrap() == Some(text), "the {n}.");
    }
    assert_eq!(read(store, |rows| rows.long_result(attempt_id(9))).await.unwrap(), None);
}

pub(super) async fn a_late_writer_is_stale(store: &dyn Store) {
    let row = attempt(1, StepId(1), 1, "A");
    let first = row.clone();
    write(store, move |rows| Ok(rows.insert_attempt(&first)?)).await.unwrap();
    let mut late = row.clone();
    late.fence = Fence(0);
    assert!(is_stale(&write(store, move |rows| Ok(rows.update_attempt(&late)?)).await));
    assert!(is_stale(&write(store, |rows| Ok(rows.forget_workspace(attempt_id(1))?)).await));

    let mut void = row.clone();
    void.state = AttemptState::Void;
    let after = void.clone();
    write(store, move |rows| Ok(rows.update_attempt(&void)?)).await.unwrap();

    assert!(is_stale(&write(store, move |rows| Ok(rows.update_attempt(&after)?)).await));
    write(store, |rows| Ok(rows.forget_workspace(attempt_id(1))?)).await.unwrap();
    write(store, |rows| Ok(rows.forget_workspace(attempt_id(1))?)).await.unwrap();
    let stored = read(store, |rows| rows.attempt(attempt_id(1))).await.unwrap().expect("it is there");
    assert!(stored.workspace_removed);
}

pub(super) async fn leases_of_live_attempts_are_renewed(store: &dyn Store) {
    let over = ended(&attempt(3, StepId(3), 3, "A"), Outcome::Succeeded, 1);
    write(store, move |rows| {
        rows.insert_attempt(&attempt(2, StepId(2), 2, "A"))?;
        rows.insert_attempt(&attempt(1, StepId(1), 1, "A"))?;
        rows.insert_attempt(&over)?;
        Ok(rows.insert_attempt(&attempt(4, StepId(4), 4, "B"))?)
    })
    .await
    .unwrap();

    let renewed = write(store, |rows| Ok(rows.renew_leases(&InstanceId("A".to_owned()), at(500))?)).await.unwrap();

    assert_eq!(renewed, 2);
    let live = read(store, |rows| rows.live_attempts(&InstanceId("A".to_owned()))).await.unwrap();
    assert_eq!(live.iter().map(|row| row.id).collect::<Vec<_>>(), [attempt_id(2), attempt_id(1)]);
    assert!(live.iter().all(|row| row.lease.until == at(500)));
    let other = read(store, |rows| rows.attempt(attempt_id(4))).await.unwrap().expect("it is there");
    assert_eq!(other.lease.until, at(60));
}

pub(super) async fn a_workspace_is_removable_when_its_result_is_over(store: &dyn Store) {
    let removable = async |succeeded| -> Vec<_> {
        let found = read(store, move |rows| rows.removable_workspaces(succeeded, at(100), 10)).await.unwrap();
        found.iter().map(|row| row.id).collect()
    };
    let letters = write(store, |rows| {
        let mut letters = Vec::new();
        for (n, outcome, second) in [(1, Outcome::Succeeded, 50), (2, Outcome::Succeeded, 40), (3, Outcome::Failed, 1)] {
            let row = attempt(n, StepId(i64::try_from(n).unwrap()), n, "A");
            rows.insert_attempt(&row)?;
            rows.update_attempt(&ended(&row, outcome, second))?;
            letters.push(rows.insert_letter(&result(n))?);
        }
        let late = attempt(4, StepId(4), 4, "A");
        rows.insert_attempt(&late)?;
        rows.update_attempt(&ended(&late, Outcome::Succeeded, 100))?;
        letters.push(rows.insert_letter(&result(4))?);
        let unanswered = attempt(5, StepId(5), 5, "A");
        rows.insert_attempt(&unanswered)?;
        rows.update_attempt(&ended(&unanswered, Outcome::Succeeded, 1))?;
        Ok(letters)
    })
    .await
    .unwrap();
    assert_eq!(removable(true).await, []);

    let over = letters.clone();
    write(store, move |rows| {
        rows.set_letter(over[0], &delivered())?;
        rows.set_letter(over[1], &LetterState::Packed)?;
        rows.set_letter(over[1], &LetterState::Undeliverable { reason: "gone".to_owned() })?;
        rows.set_letter(over[2], &delivered())?;
        Ok(rows.set_letter(over[3], &delivered())?)
    })
    .await
    .unwrap();
    assert_eq!(removable(true).await, [attempt_id(2), attempt_id(1)]);
    assert_eq!(removable(false).await, [attempt_id(3)]);

    let again = letters[0];
    write(store, move |rows| {
        rows.forget_workspace(attempt_id(2))?;
        Ok(rows.set_letter(again, &LetterState::Waiting)?)
    })
    .await
    .unwrap();
    assert_eq!(removable(true).await, []);
}

pub(super) async fn one_result_speaks_for_all_attempts_before_it(store: &dyn Store) {
    let removable = async || -> Vec<_> {
        let found = read(store, |rows| rows.removable_workspaces(false, at(100), 10)).await.unwrap();
        found.iter().map(|row| row.id).collect()
    };
    write(store, |rows| {
        for n in [1, 2] {
            let row = attempt(n, StepId(1), 1, "A");
            rows.insert_attempt(&row)?;
            rows.update_attempt(&ended(&row, Outcome::Failed, 1))?;
        }
        let letter = rows.insert_letter(&result(1))?;
        rows.set_letter(letter, &delivered())?;
        let by_hand = attempt(3, StepId(1), 1, "A");
        rows.insert_attempt(&by_hand)?;
        Ok(rows.update_attempt(&ended(&by_hand, Outcome::Failed, 1))?)
    })
    .await
    .unwrap();
    assert_eq!(removable().await, [attempt_id(1), attempt_id(2)]);

    write(store, |rows| {
        let letter = rows.insert_letter(&result(1))?;
        Ok(rows.set_letter(letter, &delivered())?)
    })
    .await
    .unwrap();

    assert_eq!(removable().await, [attempt_id(1), attempt_id(2), attempt_id(3)]);
}

pub(super) async fn a_day_s_money_is_the_sum_of_its_ledger(store: &dyn Store) {
    write(store, |rows| {
        for (n, of_month, cost) in [(1, 20, Some(5)), (2, 21, Some(7)), (3, 20, None), (4, 20, Some(i64::MAX))] {
            rows.insert_ledger(&ledger(n, of_month, cost))?;
        }
        Ok(())
    })
    .await
    .unwrap();

    assert!(is_duplicate(&write(store, |rows| Ok(rows.insert_ledger(&ledger(1, 25, Some(1)))?)).await));

    assert_eq!(read(store, |rows| rows.spent_on(day(20))).await.unwrap(), Usd::from_nanos(i64::MAX));
    assert_eq!(read(store, |rows| rows.spent_on(day(21))).await.unwrap(), Usd::from_nanos(7));
    assert_eq!(read(store, |rows| rows.spent_on(day(25))).await.unwrap(), Usd::ZERO);
    let lines = read(store, |rows| rows.ledger(day(20), day(21))).await.unwrap();
    let expected: Vec<_> =
        [(1, 20, Some(5)), (3, 20, None), (4, 20, Some(i64::MAX)), (2, 21, Some(7))].map(|(n, day, cost)| ledger(n, day, cost)).into();
    assert_eq!(lines, expected);
    assert_eq!(read(store, |rows| rows.ledger(day(21), day(20))).await.unwrap(), []);
    let of_lane = read(store, |rows| {
        let mut lines = Vec::new();
        rows.each_ledger_line(Some("user:1"), day(20), day(21), &mut |line| lines.push(line.attempt))?;
        Ok(lines)
    });
    assert_eq!(of_lane.await.unwrap(), [attempt_id(1), attempt_id(3)]);
}

pub(super) async fn letters_wait_by_class_then_age(store: &dyn Store) {
    let (here, there) = (address(9, Identity::Worker(2)), address(8, Identity::Orchestrator));
    let ids = write(store, move |rows| {
        let mut ids = Vec::new();
        for class in [Class::Notice, Class::Result, Class::Answer, Class::Result] {
            ids.push(rows.insert_letter(&notice(here, class))?);
        }
        ids.push(rows.insert_letter(&notice(there, Class::Answer))?);
        Ok(ids)
    })
    .await
    .unwrap();
    let waiting =
        async || -> Vec<_> { read(store, move |rows| rows.waiting_letters(here, 10)).await.unwrap().iter().map(|row| row.id).collect() };
    assert_eq!(waiting().await, [ids[2], ids[1], ids[3], ids[0]]);
    assert_eq!(read(store, |rows| rows.busy_addresses()).await.unwrap(), [there, here]);

    let (packed, gone) = (ids[2], ids[4]);
    write(store, move |rows| {
        rows.set_letter(packed, &LetterState::Packed)?;
        Ok(rows.set_letter(gone, &delivered())?)
    })
    .await
    .unwrap();

    assert_eq!(waiting().await, [ids[1], ids[3], ids[0]]);
    assert_eq!(read(store, |rows| rows.busy_addresses()).await.unwrap(), [here]);
    assert_eq!(read(store, move |rows| rows.letter(gone)).await.unwrap().map(|row| row.state), Some(delivered()));
    assert!(is_stale(&write(store, |rows| Ok(rows.set_letter(LetterId(99), &LetterState::Packed)?)).await));
    write(store, |rows| Ok(rows.insert_letter(&result(3))?)).await.unwrap();
    assert_eq!(read(store, |rows| rows.letters_of(&task_id(3))).await.unwrap().len(), 1);
}

pub(super) async fn one_parcel_is_under_way_to_an_address(store: &dyn Store) {
    let (here, there) = (address(9, Identity::Orchestrator), address(9, Identity::Worker(1)));
    write(store, move |rows| {
        rows.insert_parcel(&parcel("p", here))?;
        Ok(rows.insert_parcel(&parcel("q", there))?)
    })
    .await
    .unwrap();
    assert!(is_duplicate(&write(store, move |rows| Ok(rows.insert_parcel(&parcel("r", here))?)).await));
    assert!(is_duplicate(&write(store, move |rows| Ok(rows.insert_parcel(&parcel("q", address(1, Identity::Orchestrator)))?)).await));
    assert_eq!(read(store, |rows| rows.busy_addresses()).await.unwrap(), [here, there]);

    let mut over = parcel("p", here);
    over.over = true;
    let (first, again) = (over.clone(), over.clone());
    write(store, move |rows| {
        rows.update_parcel(&first)?;
        Ok(rows.insert_parcel(&parcel("r", here))?)
    })
    .await
    .unwrap();

    assert!(is_stale(&write(store, move |rows| Ok(rows.update_parcel(&again)?)).await));
    assert_eq!(read(store, move |rows| rows.parcel_under_way(here)).await.unwrap(), Some(parcel("r", here)));
    assert_eq!(read(store, |rows| rows.parcel(&ParcelId("p".to_owned()))).await.unwrap(), Some(over));
}

pub(super) async fn open_marks_come_by_purpose_then_age(store: &dyn Store) {
    let ids = write(store, |rows| {
        let mut ids = Vec::new();
        for (n, purpose) in [(1, Purpose::End), (2, Purpose::Claim), (3, Purpose::Refusal), (4, Purpose::Claim)] {
            ids.push(rows.insert_mark(&mark(n, "✅", purpose))?);
        }
        Ok(ids)
    })
    .await
    .unwrap();
    assert!(is_duplicate(&write(store, |rows| Ok(rows.insert_mark(&mark(1, "✅", Purpose::Claim))?)).await));
    let wanted = async || -> Vec<_> { read(store, |rows| rows.wanted_marks(10)).await.unwrap().iter().map(|row| row.id).collect() };
    assert_eq!(wanted().await, [ids[1], ids[3], ids[2], ids[0]]);

    let mut put = read(store, |rows| rows.mark_on(message(2).message, "✅")).await.unwrap().expect("it is there");
    put.state = MarkState::Put;
    let stored = put.clone();
    write(store, move |rows| Ok(rows.update_mark(&put)?)).await.unwrap();

    assert_eq!(wanted().await, [ids[3], ids[2], ids[0]]);
    let (first, mut lifting) = (ids[1], stored.clone());
    assert_eq!(read(store, move |rows| rows.mark(first)).await.unwrap(), Some(stored));
    lifting.state = MarkState::Lifting;
    write(store, move |rows| Ok(rows.update_mark(&lifting)?)).await.unwrap();
    assert_eq!(wanted().await, [ids[1], ids[3], ids[2], ids[0]]);
    assert!(is_stale(&write(store, |rows| Ok(rows.update_mark(&mark(9, "✅", Purpose::Claim))?)).await));
}

pub(super) async fn a_channel_s_marks_come_in_turn_and_those_for_later_by_their_time(store: &dyn Store) {
    let (here, there) = (ChannelId::new(77), ChannelId::new(78));
    let ids = write(store, move |rows| {
        let mut ids = Vec::new();
        for (n, purpose, due, channel) in [
            (1, Purpose::End, 1, here),
            (2, Purpose::Claim, 9, here),
            (3, Purpose::Claim, 8, here),
            (4, Purpose::Refusal, 2, here),
            (5, Purpose::Claim, 1, there),
            (6, Purpose::Claim, 2, here),
        ] {
            let mut row = mark(n, "✅", purpose);
            row.mark.on.channel = channel;
            row.progress.due_at = at(due);
            ids.push(rows.insert_mark(&row)?);
        }
        Ok(ids)
    })
    .await
    .unwrap();
    let due = async |second, limit| -> Vec<_> {
        read(store, move |rows| rows.due_marks(here, at(second), limit)).await.unwrap().iter().map(|row| row.id).collect()
    };
    let later = async |second, limit| -> Vec<_> {
        read(store, move |rows| rows.later_marks(here, at(second), limit)).await.unwrap().iter().map(|row| row.id).collect()
    };

    assert_eq!(read(store, |rows| rows.marked_channels()).await.unwrap(), [here, there]);
    assert_eq!(due(2, 10).await, [ids[5], ids[3], ids[0]]);
    assert_eq!(due(2, 1).await, [ids[5]]);
    assert_eq!((later(2, 10).await, later(2, 1).await), (vec![ids[2], ids[1]], vec![ids[2]]));

    let (first, other) = (ids[5], ids[4]);
    write(store, move |rows| {
        let mut put_off = rows.mark(first)?.expect("it is there");
        put_off.progress.due_at = at(20);
        rows.update_mark(&put_off)?;
        let mut put = rows.mark(other)?.expect("it is there");
        put.state = MarkState::Put;
        Ok(rows.update_mark(&put)?)
    })
    .await
    .unwrap();

    assert_eq!((due(2, 1).await, later(8, 10).await), (vec![ids[3]], vec![ids[1], ids[5]]));
    assert_eq!(read(store, |rows| rows.marked_channels()).await.unwrap(), [here]);
}

pub(super) async fn counts_follow_every_change(store: &dyn Store) {
    assert_eq!(read(store, |rows| rows.counts()).await.unwrap(), Counts::default());
    write(store, |rows| {
        for state in [ready(), StepState::Parked { gate: "g".to_owned() }, StepState::Delayed { until: at(1) }, StepState::Running] {
            rows.insert_step(&step(1, "a", state, 1))?;
        }
        let id = rows.insert_step(&step(1, "a", ready(), 1))?;
        let mut held = rows.step(id)?.expect("it is there");
        held.state = StepState::Blocked { reason: Blocked::Approval };
        rows.update_step(&mut held)?;
        let mut over = task(1, 7);
        rows.insert_task(&over)?;
        rows.insert_task(&task(2, 7))?;
        over.ended = Some((at(1), Outcome::Cancelled));
        rows.update_task(&over)?;
        let states = [LetterState::Packed, delivered(), LetterState::Undeliverable { reason: "gone".to_owned() }];
        rows.insert_letter(&result(1))?;
        for state in states {
            let id = rows.insert_letter(&result(1))?;
            rows.set_letter(id, &state)?;
        }
        Ok(())
    })
    .await
    .unwrap();

    let counted = read(store, |rows| rows.counts()).await.unwrap();

    assert_eq!(counted, Counts { waiting: 3, blocked: 1, running: 1, ended: 1, letters: 2, undeliverable: 1 });
}

pub(super) async fn the_journal_keeps_its_order(store: &dyn Store) {
    let event = |n: u64, second, what| Event { at: at(second), task: Some(task_id(n)), attempt: Some(attempt_id(n)), what };
    let first = event(1, 5, What::Accepted { by: "user 7".to_owned() });
    let later = event(1, 1, What::Ended { outcome: Outcome::TimedOut, cost_nanos: Some(-1) });
    let (one, two, other) = (first.clone(), later.clone(), event(2, 0, What::Launched));
    write(store, move |rows| {
        rows.append(&one)?;
        rows.append(&other)?;
        rows.append(&Event { at: at(2), task: None, attempt: None, what: What::Resumed { by: "operator".to_owned() } })?;
        Ok(rows.append(&two)?)
    })
    .await
    .unwrap();

    assert_eq!(read(store, |rows| rows.events_of(&task_id(1))).await.unwrap(), [first, later]);
}

pub(super) async fn facts_are_replaced(store: &dyn Store) {
    assert_eq!(read(store, |rows| rows.fact("cursor")).await.unwrap(), None);

    write(store, |rows| {
        rows.put_fact("cursor", "1")?;
        Ok(rows.put_fact("cursor", "2")?)
    })
    .await
    .unwrap();

    assert_eq!(read(store, |rows| rows.fact("cursor")).await.unwrap().as_deref(), Some("2"));
}
