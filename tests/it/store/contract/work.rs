//! What is kept of tasks, steps, lanes and gates, and in which order it is looked up.

use orchestrator_core::{
    domain::{
        attempt::Outcome,
        id::{MessageId, StepId},
        step::{Blocked, StepState, Verdict},
    },
    ports::{
        rows::{GateRow, IntakeRow, TaskFilter},
        store::Store,
    },
};

use super::{
    super::{
        read,
        samples::{at, lane, message, ready, step, task, task_id},
        write,
    },
    is_duplicate, is_stale,
};

pub(super) async fn a_source_s_id_is_taken_once(store: &dyn Store) {
    let row = IntakeRow { source: "message".to_owned(), key: "1".to_owned(), body_hash: "ab".to_owned(), task: task_id(1) };
    let (first, again) = (row.clone(), IntakeRow { body_hash: "cd".to_owned(), ..row.clone() });
    write(store, move |rows| Ok(rows.insert_intake(&first)?)).await.unwrap();

    assert!(is_duplicate(&write(store, move |rows| Ok(rows.insert_intake(&again)?)).await));

    assert_eq!(read(store, |rows| rows.intake("message", "1")).await.unwrap(), Some(row));
    assert_eq!(read(store, |rows| rows.intake("cli", "1")).await.unwrap(), None);
}

pub(super) async fn a_task_is_read_as_it_was_written(store: &dyn Store) {
    let mut row = task(1, 7);
    let first = row.clone();
    write(store, move |rows| Ok(rows.insert_task(&first)?)).await.unwrap();
    let again = row.clone();
    assert!(is_duplicate(&write(store, move |rows| Ok(rows.insert_task(&again)?)).await));

    (row.entry, row.ended) = (Some(message(50)), Some((at(9), Outcome::OverBudget)));
    let changed = row.clone();
    write(store, move |rows| Ok(rows.update_task(&changed)?)).await.unwrap();

    assert_eq!(read(store, |rows| rows.task(&task_id(1))).await.unwrap(), Some(row));
    assert_eq!(read(store, |rows| rows.task(&task_id(2))).await.unwrap(), None);
    assert!(is_stale(&write(store, |rows| Ok(rows.update_task(&task(2, 7))?)).await));
}

pub(super) async fn tasks_are_listed_newest_first_page_by_page(store: &dyn Store) {
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

pub(super) async fn a_message_belongs_to_one_task(store: &dyn Store) {
    write(store, |rows| Ok(rows.insert_task(&task(1, 7))?)).await.unwrap();
    let mut other = task(2, 7);
    other.message = Some(message(1));
    let (first, later) = (other.clone(), other.clone());

    assert!(is_duplicate(&write(store, move |rows| Ok(rows.insert_task(&first)?)).await));
    other.message = None;
    write(store, move |rows| Ok(rows.insert_task(&other)?)).await.unwrap();
    assert!(is_duplicate(&write(store, move |rows| Ok(rows.update_task(&later)?)).await));

    assert_eq!(read(store, |rows| rows.task_of_message(message(1).message)).await.unwrap(), Some(task_id(1)));
    assert_eq!(read(store, |rows| rows.task_of_message(MessageId::new(5))).await.unwrap(), None);
}

pub(super) async fn a_step_that_was_changed_meanwhile_is_stale(store: &dyn Store) {
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
    assert!(is_stale(&write(store, move |rows| Ok(rows.update_step(&mut late)?)).await));
    assert!(is_stale(&write(store, |rows| Ok(rows.update_step(&mut step(1, "a", ready(), 1))?)).await));
}

pub(super) async fn ready_steps_come_by_priority_then_age(store: &dyn Store) {
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

pub(super) async fn waiting_steps_are_ready_parked_and_delayed_ones(store: &dyn Store) {
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

pub(super) async fn a_gate_wakes_the_most_urgent_step_first(store: &dyn Store) {
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

pub(super) async fn delayed_steps_come_when_they_are_due(store: &dyn Store) {
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

pub(super) async fn the_next_lane_is_the_most_urgent_then_the_one_with_the_least(store: &dyn Store) {
    let next = async || read(store, |rows| rows.next_lane()).await.unwrap().map(|row| row.id);
    assert_eq!(next().await, None);
    let mut lanes = [lane("full", 9, 0), lane("idle", 9, 0), lane("late", 5, 8), lane("b", 5, 3), lane("a", 5, 3), lane("low", 4, 0)];
    (lanes[0].running, lanes[1].ready) = (1, 0);
    write(store, move |rows| Ok(lanes.iter().try_for_each(|row| rows.put_lane(row))?)).await.unwrap();
    assert_eq!(next().await.as_deref(), Some("a"));

    write(store, |rows| Ok(rows.put_lane(&lane("a", 5, 9))?)).await.unwrap();

    assert_eq!(next().await.as_deref(), Some("b"));
    assert_eq!(read(store, |rows| rows.lane("a")).await.unwrap(), Some(lane("a", 5, 9)));
}

pub(super) async fn gates_are_replaced(store: &dyn Store) {
    let row = GateRow { name: "agent:x".to_owned(), held: 1, cap: Some(2), paused: false };
    let later = GateRow { cap: None, paused: true, ..row.clone() };
    let (first, second) = (row.clone(), later.clone());
    write(store, move |rows| Ok(rows.put_gate(&first)?)).await.unwrap();
    assert_eq!(read(store, |rows| rows.gate("agent:x")).await.unwrap(), Some(row));

    write(store, move |rows| Ok(rows.put_gate(&second)?)).await.unwrap();

    assert_eq!(read(store, |rows| rows.gate("agent:x")).await.unwrap(), Some(later));
}
