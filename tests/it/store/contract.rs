//! What every store promises, whatever it is made of.

use std::{
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use futures_util::FutureExt;
use orchestrator_core::{
    domain::{
        attempt::{AttemptState, Outcome},
        id::{InstanceId, LetterId, MessageId, StepId},
        journal::{Event, What},
        lease::Fence,
        money::Usd,
        outbound::{Class, Identity, LetterState, MarkState, Purpose},
        step::{Blocked, StepState, Verdict},
    },
    ports::{
        memory::MemoryStore,
        rows::{Counts, GateRow, IntakeRow, RowsError, TaskFilter},
        store::{Abort, Store, StoreError},
    },
};

use super::{
    open, read,
    samples::{
        address, at, attempt, attempt_id, day, delivered, ended, lane, ledger, mark, message, notice, parcel, ready, result, step, task,
        task_id,
    },
    write,
};

macro_rules! promises {
    ($($name:ident),+ $(,)?) => {
        mod memory {
            use super::*;
            $(#[tokio::test]
            async fn $name() {
                super::$name(&MemoryStore::rehearsing()).await;
            })+
        }
        mod sqlite {
            use super::*;
            $(#[tokio::test]
            async fn $name() {
                let folder = tempfile::tempdir().unwrap();
                super::$name(&open(&folder.path().join("store.db")).unwrap()).await;
            })+
        }
    };
}

promises!(
    a_source_s_id_is_taken_once,
    a_task_is_read_as_it_was_written,
    tasks_are_listed_newest_first_page_by_page,
    a_message_belongs_to_one_task,
    a_step_that_was_changed_meanwhile_is_stale,
    ready_steps_come_by_priority_then_age,
    waiting_steps_are_ready_parked_and_delayed_ones,
    a_gate_wakes_the_most_urgent_step_first,
    delayed_steps_come_when_they_are_due,
    the_next_lane_is_the_most_urgent_then_the_one_with_the_least,
    gates_are_replaced,
    a_step_has_one_live_attempt,
    a_late_writer_is_stale,
    leases_of_live_attempts_are_renewed,
    a_workspace_is_removable_when_its_result_is_over,
    one_result_speaks_for_all_attempts_before_it,
    a_day_s_money_is_the_sum_of_its_ledger,
    letters_wait_by_class_then_age,
    one_parcel_is_under_way_to_an_address,
    marks_are_wanted_by_purpose_then_age,
    counts_follow_every_change,
    the_journal_keeps_its_order,
    facts_are_replaced,
    a_body_that_refuses_has_changed_nothing,
    a_failed_row_operation_undoes_the_whole_body,
    a_body_may_go_on_after_a_duplicate,
    a_body_that_panics_has_changed_nothing,
    a_view_is_of_one_moment,
);

fn is_stale<T>(outcome: Result<T, StoreError>) -> bool {
    matches!(outcome, Err(StoreError::Rows(RowsError::Stale { .. })))
}

fn is_duplicate<T>(outcome: Result<T, StoreError>) -> bool {
    matches!(outcome, Err(StoreError::Rows(RowsError::Duplicate { .. })))
}

async fn a_source_s_id_is_taken_once(store: &dyn Store) {
    let row = IntakeRow { source: "message".to_owned(), key: "1".to_owned(), body_hash: "ab".to_owned(), task: task_id(1) };
    let (first, again) = (row.clone(), IntakeRow { body_hash: "cd".to_owned(), ..row.clone() });
    write(store, move |rows| Ok(rows.insert_intake(&first)?)).await.unwrap();

    assert!(is_duplicate(write(store, move |rows| Ok(rows.insert_intake(&again)?)).await));

    assert_eq!(read(store, |rows| rows.intake("message", "1")).await.unwrap(), Some(row));
    assert_eq!(read(store, |rows| rows.intake("cli", "1")).await.unwrap(), None);
}

async fn a_task_is_read_as_it_was_written(store: &dyn Store) {
    let mut row = task(1, 7);
    let first = row.clone();
    write(store, move |rows| Ok(rows.insert_task(&first)?)).await.unwrap();
    let again = row.clone();
    assert!(is_duplicate(write(store, move |rows| Ok(rows.insert_task(&again)?)).await));

    (row.entry, row.ended) = (Some(message(50)), Some((at(9), Outcome::OverBudget)));
    let changed = row.clone();
    write(store, move |rows| Ok(rows.update_task(&changed)?)).await.unwrap();

    assert_eq!(read(store, |rows| rows.task(&task_id(1))).await.unwrap(), Some(row));
    assert_eq!(read(store, |rows| rows.task(&task_id(2))).await.unwrap(), None);
    assert!(is_stale(write(store, |rows| Ok(rows.update_task(&task(2, 7))?)).await));
}

async fn tasks_are_listed_newest_first_page_by_page(store: &dyn Store) {
    write(store, |rows| {
        for n in [3, 1, 2, 4] {
            rows.insert_task(&task(n, 7 + n % 2))?;
        }
        let mut over = task(1, 8);
        over.ended = Some((at(1), Outcome::Succeeded));
        Ok(rows.update_task(&over)?)
    })
    .await
    .unwrap();
    let list = async |filter: TaskFilter| -> Vec<_> {
        let found = read(store, move |rows| rows.tasks(&filter)).await.unwrap();
        found.into_iter().map(|row| row.task.id).collect()
    };
    let ids = |numbers: &[u64]| numbers.iter().map(|n| task_id(*n)).collect::<Vec<_>>();
    let filter = TaskFilter { limit: 10, ..TaskFilter::default() };
    let lane = Some("user:8".to_owned());

    assert_eq!(list(filter.clone()).await, ids(&[4, 2, 1, 3]));
    assert_eq!(list(TaskFilter { before: Some(task_id(2)), limit: 1, ..filter.clone() }).await, ids(&[1]));
    assert_eq!(list(TaskFilter { before: Some(task_id(99)), ..filter.clone() }).await, ids(&[]));
    assert_eq!(list(TaskFilter { open: Some(true), ..filter.clone() }).await, ids(&[4, 2, 3]));
    assert_eq!(list(TaskFilter { open: Some(false), ..filter.clone() }).await, ids(&[1]));
    assert_eq!(list(TaskFilter { lane: lane.clone(), ..filter.clone() }).await, ids(&[1, 3]));
    assert_eq!(list(TaskFilter { lane, open: Some(true), ..filter }).await, ids(&[3]));
    assert_eq!(read(store, |rows| rows.open_tasks("user:8")).await.unwrap(), 1);
    assert_eq!(read(store, |rows| rows.open_tasks("user:7")).await.unwrap(), 2);
    assert_eq!(read(store, |rows| rows.open_tasks("user:1")).await.unwrap(), 0);
}

async fn a_message_belongs_to_one_task(store: &dyn Store) {
    write(store, |rows| Ok(rows.insert_task(&task(1, 7))?)).await.unwrap();
    let mut other = task(2, 7);
    other.message = Some(message(1));
    let (first, later) = (other.clone(), other.clone());

    assert!(is_duplicate(write(store, move |rows| Ok(rows.insert_task(&first)?)).await));
    other.message = None;
    write(store, move |rows| Ok(rows.insert_task(&other)?)).await.unwrap();
    assert!(is_duplicate(write(store, move |rows| Ok(rows.update_task(&later)?)).await));

    assert_eq!(read(store, |rows| rows.task_of_message(message(1).message)).await.unwrap(), Some(task_id(1)));
    assert_eq!(read(store, |rows| rows.task_of_message(MessageId::new(5))).await.unwrap(), None);
}

async fn a_step_that_was_changed_meanwhile_is_stale(store: &dyn Store) {
    let id = write(store, |rows| Ok(rows.insert_step(&step(1, "a", ready(), 100))?)).await.unwrap();
    let seen = read(store, move |rows| rows.step(id)).await.unwrap().expect("it is there");
    let mut late = seen.clone();

    let now = write(store, move |rows| {
        let mut row = seen.clone();
        row.state = StepState::Running;
        rows.update_step(&mut row)?;
        Ok(row)
    })
    .await
    .unwrap();

    assert_eq!(now.version, 1);
    assert_eq!(read(store, |rows| rows.step_of(&task_id(1))).await.unwrap(), Some(now));
    assert!(is_stale(write(store, move |rows| Ok(rows.update_step(&mut late)?)).await));
    assert!(is_stale(write(store, |rows| Ok(rows.update_step(&mut step(1, "a", ready(), 1))?)).await));
}

async fn ready_steps_come_by_priority_then_age(store: &dyn Store) {
    let ids = write(store, |rows| {
        let waiting = [("a", 5), ("a", 9), ("b", 1_000), ("a", 9)];
        let ids: Result<Vec<_>, _> = waiting.iter().map(|(lane, high)| rows.insert_step(&step(1, lane, ready(), *high))).collect();
        rows.insert_step(&step(1, "a", StepState::Running, 10))?;
        Ok(ids?)
    })
    .await
    .unwrap();
    let first = read(store, |rows| rows.first_ready("a")).await.unwrap().expect("one is ready");
    assert_eq!(first.id, ids[1]);

    write(store, move |rows| {
        let mut first = first.clone();
        first.state = StepState::Running;
        Ok(rows.update_step(&mut first)?)
    })
    .await
    .unwrap();

    assert_eq!(read(store, |rows| rows.first_ready("a")).await.unwrap().map(|row| row.id), Some(ids[3]));
    assert_eq!(read(store, |rows| rows.first_ready("c")).await.unwrap(), None);
}

async fn waiting_steps_are_ready_parked_and_delayed_ones(store: &dyn Store) {
    let states = [
        ready(),
        StepState::Blocked { reason: Blocked::Paused },
        StepState::Parked { gate: "g".to_owned() },
        StepState::Running,
        StepState::Delayed { until: at(5) },
        StepState::Finished { at: at(1), verdict: Verdict::Done },
    ];
    let ids = write(store, move |rows| {
        let mut ids = Vec::new();
        for (state, high) in states.iter().zip([1, 9, 2, 9, 2, 9]) {
            ids.push(rows.insert_step(&step(1, "a", state.clone(), high))?);
        }
        Ok(ids)
    })
    .await
    .unwrap();

    let shown: Vec<StepId> = read(store, |rows| rows.waiting_steps(10)).await.unwrap().iter().map(|row| row.id).collect();

    assert_eq!(shown, [ids[2], ids[4], ids[0]]);
    assert_eq!(read(store, |rows| rows.waiting_steps(1)).await.unwrap().len(), 1);
}

async fn a_gate_wakes_the_most_urgent_step_first(store: &dyn Store) {
    let ids = write(store, |rows| {
        let mut ids = Vec::new();
        for (gate, high) in [("g", 5), ("h", 9), ("g", 7), ("g", 7)] {
            ids.push(rows.insert_step(&step(1, "a", StepState::Parked { gate: gate.to_owned() }, high))?);
        }
        Ok(ids)
    })
    .await
    .unwrap();

    assert_eq!(read(store, |rows| rows.first_parked("g")).await.unwrap().map(|row| row.id), Some(ids[2]));
    assert_eq!(read(store, |rows| rows.first_parked("x")).await.unwrap(), None);
}

async fn delayed_steps_come_when_they_are_due(store: &dyn Store) {
    assert_eq!(read(store, |rows| rows.next_due()).await.unwrap(), None);
    let ids = write(store, |rows| {
        let mut ids = Vec::new();
        for second in [30, 10, 20, 10] {
            ids.push(rows.insert_step(&step(1, "a", StepState::Delayed { until: at(second) }, 1))?);
        }
        Ok(ids)
    })
    .await
    .unwrap();

    let due: Vec<StepId> = read(store, |rows| rows.due_steps(at(20), 10)).await.unwrap().iter().map(|row| row.id).collect();

    assert_eq!(due, [ids[1], ids[3], ids[2]]);
    assert_eq!(read(store, |rows| rows.due_steps(at(20), 2)).await.unwrap().len(), 2);
    assert_eq!(read(store, |rows| rows.next_due()).await.unwrap(), Some(at(10)));
}

async fn the_next_lane_is_the_most_urgent_then_the_one_with_the_least(store: &dyn Store) {
    let next = async || read(store, |rows| rows.next_lane()).await.unwrap().map(|row| row.id);
    assert_eq!(next().await, None);
    let mut lanes = vec![lane("full", 9, 0), lane("idle", 9, 0), lane("late", 5, 8), lane("b", 5, 3), lane("a", 5, 3), lane("low", 4, 0)];
    (lanes[0].running, lanes[1].ready) = (1, 0);
    write(store, move |rows| Ok(lanes.iter().try_for_each(|row| rows.put_lane(row))?)).await.unwrap();
    assert_eq!(next().await.as_deref(), Some("a"));

    write(store, |rows| Ok(rows.put_lane(&lane("a", 5, 9))?)).await.unwrap();

    assert_eq!(next().await.as_deref(), Some("b"));
    assert_eq!(read(store, |rows| rows.lane("a")).await.unwrap(), Some(lane("a", 5, 9)));
}

async fn gates_are_replaced(store: &dyn Store) {
    let row = GateRow { name: "agent:x".to_owned(), held: 1, cap: Some(2), paused: false };
    let later = GateRow { cap: None, paused: true, ..row.clone() };
    let (first, second) = (row.clone(), later.clone());
    write(store, move |rows| Ok(rows.put_gate(&first)?)).await.unwrap();
    assert_eq!(read(store, |rows| rows.gate("agent:x")).await.unwrap(), Some(row));

    write(store, move |rows| Ok(rows.put_gate(&second)?)).await.unwrap();

    assert_eq!(read(store, |rows| rows.gate("agent:x")).await.unwrap(), Some(later));
}

async fn a_step_has_one_live_attempt(store: &dyn Store) {
    let first = attempt(1, StepId(1), 1, "A");
    write(store, |rows| Ok(rows.insert_attempt(&attempt(1, StepId(1), 1, "A"))?)).await.unwrap();

    assert!(is_duplicate(write(store, |rows| Ok(rows.insert_attempt(&attempt(2, StepId(1), 1, "B"))?)).await));
    assert!(is_duplicate(write(store, |rows| Ok(rows.insert_attempt(&attempt(1, StepId(2), 1, "A"))?)).await));

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

async fn a_late_writer_is_stale(store: &dyn Store) {
    let row = attempt(1, StepId(1), 1, "A");
    let first = row.clone();
    write(store, move |rows| Ok(rows.insert_attempt(&first)?)).await.unwrap();
    let mut late = row.clone();
    late.fence = Fence(0);
    assert!(is_stale(write(store, move |rows| Ok(rows.update_attempt(&late)?)).await));
    assert!(is_stale(write(store, |rows| Ok(rows.forget_workspace(attempt_id(1))?)).await));

    let mut void = row.clone();
    void.state = AttemptState::Void;
    let after = void.clone();
    write(store, move |rows| Ok(rows.update_attempt(&void)?)).await.unwrap();

    assert!(is_stale(write(store, move |rows| Ok(rows.update_attempt(&after)?)).await));
    write(store, |rows| Ok(rows.forget_workspace(attempt_id(1))?)).await.unwrap();
    write(store, |rows| Ok(rows.forget_workspace(attempt_id(1))?)).await.unwrap();
    let stored = read(store, |rows| rows.attempt(attempt_id(1))).await.unwrap().expect("it is there");
    assert!(stored.workspace_removed);
}

async fn leases_of_live_attempts_are_renewed(store: &dyn Store) {
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

async fn a_workspace_is_removable_when_its_result_is_over(store: &dyn Store) {
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

async fn one_result_speaks_for_all_attempts_before_it(store: &dyn Store) {
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

async fn a_day_s_money_is_the_sum_of_its_ledger(store: &dyn Store) {
    write(store, |rows| {
        for (n, of_month, cost) in [(1, 20, Some(5)), (2, 21, Some(7)), (3, 20, None), (4, 20, Some(i64::MAX))] {
            rows.insert_ledger(&ledger(n, of_month, cost))?;
        }
        Ok(())
    })
    .await
    .unwrap();

    assert!(is_duplicate(write(store, |rows| Ok(rows.insert_ledger(&ledger(1, 25, Some(1)))?)).await));

    assert_eq!(read(store, |rows| rows.spent_on(day(20))).await.unwrap(), Usd::from_nanos(i64::MAX));
    assert_eq!(read(store, |rows| rows.spent_on(day(21))).await.unwrap(), Usd::from_nanos(7));
    assert_eq!(read(store, |rows| rows.spent_on(day(25))).await.unwrap(), Usd::ZERO);
    let lines = read(store, |rows| rows.ledger(day(20), day(21))).await.unwrap();
    let expected: Vec<_> =
        [(1, 20, Some(5)), (3, 20, None), (4, 20, Some(i64::MAX)), (2, 21, Some(7))].map(|(n, day, cost)| ledger(n, day, cost)).into();
    assert_eq!(lines, expected);
    assert_eq!(read(store, |rows| rows.ledger(day(21), day(20))).await.unwrap(), []);
}

async fn letters_wait_by_class_then_age(store: &dyn Store) {
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
    assert!(is_stale(write(store, |rows| Ok(rows.set_letter(LetterId(99), &LetterState::Packed)?)).await));
    write(store, |rows| Ok(rows.insert_letter(&result(3))?)).await.unwrap();
    assert_eq!(read(store, |rows| rows.letters_of(&task_id(3))).await.unwrap().len(), 1);
}

async fn one_parcel_is_under_way_to_an_address(store: &dyn Store) {
    let (here, there) = (address(9, Identity::Orchestrator), address(9, Identity::Worker(1)));
    write(store, move |rows| {
        rows.insert_parcel(&parcel("p", here))?;
        Ok(rows.insert_parcel(&parcel("q", there))?)
    })
    .await
    .unwrap();
    assert!(is_duplicate(write(store, move |rows| Ok(rows.insert_parcel(&parcel("r", here))?)).await));
    assert!(is_duplicate(write(store, move |rows| Ok(rows.insert_parcel(&parcel("q", address(1, Identity::Orchestrator)))?)).await));
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

    assert!(is_stale(write(store, move |rows| Ok(rows.update_parcel(&again)?)).await));
    assert_eq!(read(store, move |rows| rows.parcel_under_way(here)).await.unwrap(), Some(parcel("r", here)));
    assert_eq!(read(store, |rows| rows.parcel(&orchestrator_core::domain::id::ParcelId("p".to_owned()))).await.unwrap(), Some(over));
}

async fn marks_are_wanted_by_purpose_then_age(store: &dyn Store) {
    let ids = write(store, |rows| {
        let mut ids = Vec::new();
        for (n, purpose) in [(1, Purpose::End), (2, Purpose::Claim), (3, Purpose::Refusal), (4, Purpose::Claim)] {
            ids.push(rows.insert_mark(&mark(n, "✅", purpose))?);
        }
        Ok(ids)
    })
    .await
    .unwrap();
    assert!(is_duplicate(write(store, |rows| Ok(rows.insert_mark(&mark(1, "✅", Purpose::Claim))?)).await));
    let wanted = async || -> Vec<_> { read(store, |rows| rows.wanted_marks(10)).await.unwrap().iter().map(|row| row.id).collect() };
    assert_eq!(wanted().await, [ids[1], ids[3], ids[2], ids[0]]);

    let mut put = read(store, |rows| rows.mark_on(message(2).message, "✅")).await.unwrap().expect("it is there");
    put.state = MarkState::Put;
    let stored = put.clone();
    write(store, move |rows| Ok(rows.update_mark(&put)?)).await.unwrap();

    assert_eq!(wanted().await, [ids[3], ids[2], ids[0]]);
    assert_eq!(read(store, move |rows| rows.mark(ids[1])).await.unwrap(), Some(stored));
    assert!(is_stale(write(store, |rows| Ok(rows.update_mark(&mark(9, "✅", Purpose::Claim))?)).await));
}

async fn counts_follow_every_change(store: &dyn Store) {
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

async fn the_journal_keeps_its_order(store: &dyn Store) {
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

async fn facts_are_replaced(store: &dyn Store) {
    assert_eq!(read(store, |rows| rows.fact("cursor")).await.unwrap(), None);

    write(store, |rows| {
        rows.put_fact("cursor", "1")?;
        Ok(rows.put_fact("cursor", "2")?)
    })
    .await
    .unwrap();

    assert_eq!(read(store, |rows| rows.fact("cursor")).await.unwrap().as_deref(), Some("2"));
}

async fn a_body_that_refuses_has_changed_nothing(store: &dyn Store) {
    let refused = write(store, |rows| {
        rows.insert_task(&task(1, 7))?;
        rows.put_fact("a", "b")?;
        Err::<(), _>(Abort::Refused)
    })
    .await;

    assert!(matches!(refused, Err(StoreError::Refused)));
    assert_eq!(read(store, |rows| Ok((rows.task(&task_id(1))?, rows.fact("a")?))).await.unwrap(), (None, None));
}

async fn a_failed_row_operation_undoes_the_whole_body(store: &dyn Store) {
    let failed = write(store, |rows| {
        rows.insert_task(&task(1, 7))?;
        Ok(rows.update_task(&task(2, 7))?)
    })
    .await;

    assert!(is_stale(failed));
    assert_eq!(read(store, |rows| rows.task(&task_id(1))).await.unwrap(), None);
    assert_eq!(read(store, |rows| rows.open_tasks("user:7")).await.unwrap(), 0);
}

async fn a_body_may_go_on_after_a_duplicate(store: &dyn Store) {
    write(store, |rows| Ok(rows.insert_task(&task(1, 7))?)).await.unwrap();

    write(store, |rows| {
        assert!(matches!(rows.insert_task(&task(1, 7)), Err(RowsError::Duplicate { .. })));
        Ok(rows.insert_task(&task(2, 7))?)
    })
    .await
    .unwrap();

    assert!(read(store, |rows| rows.task(&task_id(2))).await.unwrap().is_some());
}

async fn a_body_that_panics_has_changed_nothing(store: &dyn Store) {
    let asked = write(store, |rows| {
        rows.insert_task(&task(1, 7))?;
        if rows.task(&task_id(1))?.is_some() {
            panic!("a mistake in a body");
        }
        Ok(())
    });

    assert!(AssertUnwindSafe(asked).catch_unwind().await.is_err());

    assert_eq!(read(store, |rows| rows.task(&task_id(1))).await.unwrap(), None);
    write(store, |rows| Ok(rows.insert_task(&task(2, 7))?)).await.unwrap();
}

async fn a_view_is_of_one_moment(store: &dyn Store) {
    write(store, |rows| {
        rows.put_fact("left", "0")?;
        Ok(rows.put_fact("right", "0")?)
    })
    .await
    .unwrap();
    let is_over = Arc::new(AtomicBool::new(false));
    let writing = async {
        for n in 1..200 {
            write(store, move |rows| {
                rows.put_fact("left", &n.to_string())?;
                Ok(rows.put_fact("right", &n.to_string())?)
            })
            .await
            .unwrap();
        }
        is_over.store(true, Ordering::Relaxed);
    };
    let looking = async {
        while !is_over.load(Ordering::Relaxed) {
            let (left, right) = read(store, |rows| Ok((rows.fact("left")?, rows.fact("right")?))).await.unwrap();
            assert_eq!(left, right);
            tokio::task::yield_now().await;
        }
    };

    tokio::join!(writing, looking);
}
