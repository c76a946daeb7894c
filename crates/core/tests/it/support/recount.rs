//! What the store counts, counted again from its rows: whatever the queue did, the two agree.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use orchestrator_core::{
    domain::{
        attempt::{AttemptState, Outcome},
        ceiling::Scope,
        id::InstanceId,
        money::{Spending, Usd},
        outbound::{Letter, MarkState, Purpose},
        period::{Dimension, Period},
        step::StepState,
        task::{Origin, Priority},
    },
    ports::{
        rows::{AttemptRow, LedgerRow, LetterRow, Look, RowsError, StepRow, TaskFilter, TaskRow},
        store::Store,
    },
    queue::{board::spending::Sums, cards::SHOWN_WAITING},
};

/// Everything about one task.
#[derive(Clone, Debug)]
pub(crate) struct Whole {
    pub(crate) row: TaskRow,
    pub(crate) step: StepRow,
    pub(crate) attempts: Vec<AttemptRow>,
    pub(crate) letters: Vec<LetterRow>,
}

impl Whole {
    pub(crate) fn results(&self) -> impl Iterator<Item = &LetterRow> {
        self.letters.iter().filter(|row| matches!(row.letter, Letter::Result { .. }))
    }

    pub(crate) fn live(&self) -> Option<&AttemptRow> {
        self.attempts.iter().find(|attempt| attempt.state.is_live())
    }
}

/// All tasks, the oldest first.
pub(crate) async fn everything(store: &Arc<dyn Store>) -> Vec<Whole> {
    look(store, |look| {
        let mut tasks = look.tasks(&TaskFilter { limit: 100_000, ..TaskFilter::default() })?;
        tasks.reverse();
        tasks
            .into_iter()
            .map(|row| {
                let id = row.task.id.clone();
                let step = look.step_of(&id)?.expect("each task has its step");
                Ok(Whole { row, step, attempts: look.attempts_of(&id)?, letters: look.letters_of(&id)? })
            })
            .collect()
    })
    .await
}

/// Looks at the rows themselves.
pub(crate) async fn look<T: Send + 'static>(
    store: &Arc<dyn Store>,
    mut body: impl FnMut(&dyn Look) -> Result<T, RowsError> + Send + 'static,
) -> T {
    let slot = Arc::new(Mutex::new(None));
    let answer = Arc::clone(&slot);
    let read = store.read(Box::new(move |look| {
        *answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(body(look)?);
        Ok(())
    }));
    read.await.expect("the store answers");
    let told = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
    told.expect("the body was run")
}

/// Checks every promise that can be checked at rest.
///
/// # Panics
///
/// Where the store counts otherwise than its rows.
pub(crate) async fn holds(store: &Arc<dyn Store>, instance: &InstanceId) {
    let all = everything(store).await;
    one_at_a_time(&all);
    lanes_count_their_steps(store, &all).await;
    gates_count_their_holders(store, &all, instance).await;
    nobody_waits_at_an_open_gate(store, &all).await;
    each_end_has_one_letter(&all);
    the_ledger_is_the_sum_of_the_attempts(store, &all).await;
    a_refused_sign_is_tried_again(store).await;
    signs_say_what_is(store, &all).await;
    only_who_merely_waits_has_a_turn_to_come(store, &all).await;
}

/// A card with a turn to come is that of a task that has never run and waits for nothing else; and nobody is kept far while there is room near.
async fn only_who_merely_waits_has_a_turn_to_come(store: &Arc<dyn Store>, all: &[Whole]) {
    let mut far = BTreeSet::new();
    for task in all {
        let id = task.row.task.id.clone();
        let Some(card) = look(store, move |look| look.card(&id)).await else { continue };
        let Some(turn) = card.turn else { continue };
        let merely_waits = matches!(task.step.state, StepState::Ready { .. } | StepState::Parked { .. }) && task.attempts.is_empty();
        assert!(merely_waits, "the card of {} waits for a turn, and its step is {:?}", task.row.task.id, task.step.state);
        assert_eq!((turn.priority, turn.step), (task.step.priority, task.step.id));
        if !turn.near {
            far.insert(card.channel);
        }
    }
    for channel in far {
        let near = look(store, move |look| look.cards_near(channel, SHOWN_WAITING)).await;
        assert_eq!(near, SHOWN_WAITING, "somebody is kept far in {channel} while there is room near");
    }
}

/// A step that runs has one live attempt, with its fence; any other has none.
fn one_at_a_time(all: &[Whole]) {
    for task in all {
        let live: Vec<_> = task.attempts.iter().filter(|attempt| attempt.state.is_live()).collect();
        assert_eq!(live.len(), usize::from(task.step.state == StepState::Running), "live attempts of {:?}", task.step);
        for attempt in &live {
            assert_eq!(attempt.fence, task.step.fence, "a live attempt of {} is fenced off", task.row.task.id);
        }
        let fences: Vec<_> = task.attempts.iter().map(|attempt| attempt.fence).collect();
        assert!(fences.is_sorted_by(|a, b| a < b), "fences of {} do not grow: {fences:?}", task.row.task.id);
        let counted = task.attempts.iter().filter(|attempt| matches!(attempt.state, AttemptState::Ended { .. })).count();
        assert_eq!(task.step.attempts as usize, counted, "counted attempts of {}", task.row.task.id);
        assert_eq!(task.row.ended.is_some(), matches!(task.step.state, StepState::Finished { .. }), "{:?}", task.step);
    }
}

async fn lanes_count_their_steps(store: &Arc<dyn Store>, all: &[Whole]) {
    let mut counted: BTreeMap<String, (u32, u32, Option<Priority>)> = BTreeMap::new();
    for Whole { step, .. } in all {
        let lane = counted.entry(step.lane.clone()).or_default();
        match step.state {
            StepState::Ready { .. } => {
                lane.0 += 1;
                lane.2 = lane.2.max(Some(step.priority));
            }
            StepState::Running => lane.1 += 1,
            StepState::Blocked { .. } | StepState::Delayed { .. } | StepState::Parked { .. } | StepState::Finished { .. } => {}
        }
    }
    for (id, (ready, running, head)) in counted {
        let named = id.clone();
        let lane = look(store, move |look| look.lane(&named)).await;
        let stored = lane.as_ref().map_or((0, 0), |lane| (lane.ready, lane.running));
        assert_eq!(stored, (ready, running), "ready and running steps of lane {id}");
        if ready > 0 {
            assert_eq!(lane.map(|lane| lane.head), head, "head of lane {id}");
        }
    }
}

async fn gates_count_their_holders(store: &Arc<dyn Store>, all: &[Whole], instance: &InstanceId) {
    let mut held: BTreeMap<String, u32> = BTreeMap::from([(format!("instance:{instance}"), 0)]);
    for task in all {
        let holds = u32::from(task.live().is_some());
        for gate in &task.step.gates {
            *held.entry(gate.clone()).or_default() += holds;
        }
        *held.entry(format!("instance:{instance}")).or_default() += holds;
    }
    for (name, held) in held {
        let named = name.clone();
        let stored = look(store, move |look| look.gate(&named)).await.map_or(0, |gate| gate.held);
        assert_eq!(stored, held, "holders of gate {name}");
    }
}

/// Where a gate is open, and steps are parked at it, one that needs it is on its way.
async fn nobody_waits_at_an_open_gate(store: &Arc<dyn Store>, all: &[Whole]) {
    let parked: BTreeSet<_> =
        all.iter().filter_map(|task| if let StepState::Parked { gate } = &task.step.state { Some(gate.clone()) } else { None }).collect();
    // Who waits at a ceiling of money, or for a quota, is looked at by the scheduler.
    for name in parked.into_iter().filter(|name| !name.starts_with("budget:") && !name.starts_with("quota:")) {
        let named = name.clone();
        let gate = look(store, move |look| look.gate(&named)).await;
        let open = gate.is_none_or(|gate| !gate.paused && gate.cap.is_none_or(|cap| gate.held < cap));
        let on_its_way = all.iter().any(|task| matches!(task.step.state, StepState::Ready { .. }) && task.step.gates.contains(&name));
        assert!(!open || on_its_way, "steps wait at gate {name}, which is open, and nothing will wake them");
    }
}

/// Each end of a task, and nothing else, has written one result letter.
fn each_end_has_one_letter(all: &[Whole]) {
    for task in all {
        let named: Vec<_> =
            task.results().filter_map(|row| if let Letter::Result { attempt, .. } = &row.letter { *attempt } else { None }).collect();
        let distinct: BTreeSet<_> = named.iter().collect();
        assert_eq!(distinct.len(), named.len(), "an attempt of {} has two result letters", task.row.task.id);
        if task.row.ended.is_some() {
            assert!(task.results().next().is_some(), "{} has ended without a result letter", task.row.task.id);
            // What it spent is told: its last run is in some letter.
            if let Some(last) = task.attempts.iter().rev().find(|attempt| matches!(attempt.state, AttemptState::Ended { .. })) {
                assert!(named.contains(&last.id), "the last run of {} is in no result letter", task.row.task.id);
            }
        }
    }
}

async fn the_ledger_is_the_sum_of_the_attempts(store: &Arc<dyn Store>, all: &[Whole]) {
    let lines = look(store, |look| look.ledger(day("2000-01-01"), day("2100-01-01"))).await;
    let ended: Vec<_> =
        all.iter().flat_map(|task| &task.attempts).filter(|attempt| matches!(attempt.state, AttemptState::Ended { .. })).collect();
    assert_eq!(lines.len(), ended.len(), "lines of the ledger");
    let mut days: BTreeMap<_, Usd> = BTreeMap::new();
    for attempt in ended {
        let line = lines.iter().find(|line| line.attempt == attempt.id).expect("each ended attempt has its line");
        let cost = attempt.report.as_ref().and_then(|report| report.cost);
        assert_eq!(line.cost, cost, "the cost of an attempt of {}", attempt.task);
        assert_eq!(Some(line.day), attempt.ended_at.map(|at| at.date_naive()));
        *days.entry(line.day).or_default() += cost.unwrap_or_default();
    }
    sums_part_the_ledger(&lines, all);
    for (day, cost) in days {
        let (spent, fact) = look(store, move |look| Ok((look.spent_on(day)?, look.fact(&format!("spent:{day}"))?))).await;
        assert_eq!(spent, cost, "what {day} has cost");
        assert_eq!(fact.map_or(0, |nanos| nanos.parse().expect("a number")), cost.nanos(), "what {day} is thought to have cost");
    }
}

/// However the lines are parted, each is in one part, and the parts are what was spent.
fn sums_part_the_ledger(lines: &[LedgerRow], all: &[Whole]) {
    let whole = Period { from: day("2000-01-01"), to: day("2100-01-01") };
    let mut cost = Usd::ZERO;
    let mut unknown = 0;
    for report in all.iter().flat_map(|task| &task.attempts).filter_map(|attempt| attempt.report.as_ref()) {
        match report.cost {
            Some(known) => cost += known,
            None => unknown += 1,
        }
    }
    for by in Dimension::ALL {
        for most in [1, 3, usize::MAX] {
            let mut sums = Sums::new(by);
            for line in lines {
                sums.add(line);
            }
            let spent = sums.spent(whole, most);
            let others = spent.others.map(|(_, others)| others);
            let parts: Spending = spent.parts.iter().map(|part| part.spending).chain(others).sum();
            assert_eq!((parts, spent.parts.len() <= most), (spent.total, true), "by {by}, {most} parts");
            assert_eq!((spent.total.cost, spent.total.unknown, spent.total.attempts), (cost, unknown, lines.len() as u64), "by {by}");
        }
    }
    for line in lines {
        let task = all.iter().find(|task| task.row.task.id == line.task).expect("a line is of a task");
        assert_eq!((&line.lane, line.requester.as_str()), (&task.row.task.requester.lane(), task.row.task.requester.name()));
        assert_eq!(line.channel, task.row.task.origin.channel(), "where {} stands", line.task);
    }
}

/// Nothing starts while ✅ is refused: then some ✅ must still be wanted, or nothing would ever start again.
async fn a_refused_sign_is_tried_again(store: &Arc<dyn Store>) {
    let (held, wanted) = look(store, |look| Ok((look.fact("dispatch.unmarkable")?, look.wanted_marks(100_000)?))).await;
    if held.is_some_and(|reason| !reason.is_empty()) {
        assert!(wanted.iter().any(|mark| mark.mark.purpose == Purpose::Claim), "nothing starts for want of a ✅ that nobody tries to put");
    }
}

/// An ended task's sign stands or is to stand, an open one's is taken away; no agent starts whose ✅ is still to be put.
async fn signs_say_what_is(store: &Arc<dyn Store>, all: &[Whole]) {
    for task in all {
        let Some(at) = task.row.message else { continue };
        for ending in Outcome::ALL {
            let mark =
                look(store, move |look| look.mark_on(at.message, ending.mark())).await.filter(|mark| mark.mark.purpose == Purpose::End);
            let shown = mark.as_ref().is_some_and(|mark| !matches!(mark.state, MarkState::Lifting | MarkState::Lifted));
            let is_so = outcome(task).is_some_and(|outcome| outcome.mark() == ending.mark());
            let impossible = mark.is_some_and(|mark| matches!(mark.state, MarkState::Impossible { .. }));
            assert!(shown == is_so || impossible, "{} on {}: shown {shown}, true {is_so}", ending.mark(), task.row.task.id);
        }
        if let (Origin::Message(_), Some(live)) = (&task.row.task.origin, task.live()) {
            let tick = look(store, move |look| look.mark_on(at.message, "✅")).await.map(|mark| mark.state);
            let waits = live.state == AttemptState::Launching { cleared: false };
            assert_eq!(waits, tick == Some(MarkState::Wanted), "{:?} of {} with ✅ {tick:?}", live.state, task.row.task.id);
        }
    }
}

/// How a task ended.
pub(crate) fn outcome(task: &Whole) -> Option<Outcome> {
    task.row.ended.map(|(_, outcome)| outcome)
}

fn day(day: &str) -> chrono::NaiveDate {
    day.parse().expect("a valid day")
}

/// What is held back is the sum over live attempts, and what counts against a scope of today is what its attempts of today have cost.
pub(crate) async fn ceilings(world: &super::World) {
    let (rules, now) = (world.queue.rules().clone(), world.clock_now());
    let (mut reserved, mut spent) = (BTreeMap::<Scope, i64>::new(), BTreeMap::<Scope, i64>::new());
    for whole in everything(&world.store).await {
        for attempt in &whole.attempts {
            let fact = format!("reserve:{}", attempt.id);
            let held = look(&world.store, move |look| look.fact(&fact)).await;
            assert!(held.is_none() || attempt.state.is_live(), "something is held back for {}, which has ended", attempt.id);
            if let Some(held) = held {
                let held: serde_json::Value = serde_json::from_str(&held).expect("JSON");
                for scope in held["scopes"].as_array().expect("scopes") {
                    let scope: Scope = serde_json::from_value(scope.clone()).expect("a scope");
                    *reserved.entry(scope).or_default() += held["nanos"].as_i64().expect("a number");
                }
            }
            let today = attempt.ended_at.is_some_and(|at| at.date_naive() == now.date_naive());
            if let (AttemptState::Ended { .. }, Some(cost), true) =
                (&attempt.state, attempt.report.as_ref().and_then(|report| report.cost), today)
            {
                let mut task = whole.row.task.clone();
                // Another agent may have it by now.
                task.wishes.agent.clone_from(&attempt.agent);
                for (scope, _) in rules.ceilings.of(&task) {
                    *spent.entry(scope).or_default() += cost.nanos();
                }
            }
        }
        for (scope, _) in rules.ceilings.of(&whole.row.task) {
            reserved.entry(scope.clone()).or_default();
            spent.entry(scope).or_default();
        }
    }
    for (scope, sum) in reserved {
        let fact = format!("reserved:{scope}");
        let told = look(&world.store, move |look| look.fact(&fact)).await;
        assert_eq!(told.map_or(0, |told| told.parse().expect("a number")), sum, "what is held back of {scope}");
    }
    for (scope, sum) in spent.into_iter().filter(|(scope, _)| *scope != Scope::Day) {
        let fact = format!("spent_by:{scope}");
        let told = look(&world.store, move |look| look.fact(&fact)).await.unwrap_or_default();
        let today = told.strip_prefix(&format!("{} ", now.date_naive())).map_or(0, |nanos| nanos.parse().expect("a number"));
        assert_eq!(today, sum, "what {scope} has cost today");
    }
}
