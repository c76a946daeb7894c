//! Whatever happens, in whatever order: what the queue promises holds after each step, and in the end everything has run.

use std::{collections::BTreeMap, future::Future, sync::Arc, time::Duration};

use orchestrator_core::{
    domain::{
        attempt::{AttemptState, Outcome, Report},
        ceiling::{Ceilings, Kind},
        check::Offer,
        id::{ChannelId, TaskId},
        money::Usd,
        outbound::{Letter, MarkState, Post},
        quota::{Manner, Quotas, Rule},
        step::StepState,
        task::Origin,
    },
    ports::{
        memory::MemoryStore,
        rows::{AttemptRow, MarkRow},
        store::Store,
    },
    queue::{QueueError, Rules, enqueue::NewTask, marks::MarkFailure, outbound::Outgoing},
    scheduler::tick::tick,
};
use proptest::prelude::*;

use super::support::{
    Ask, EDITED, TASKS, World, agent, ask, id, message, noon, priority,
    recount::{self, Whole},
    report, rules,
};

const BY: &str = "somebody";
const AGENTS: [&str; 3] = ["x", "y", "z"];
const PRIORITIES: [u16; 3] = [50, 100, 500];

/// Something that happens. Numbers choose among what is there, whatever there is.
#[derive(Clone, Debug)]
enum Event {
    Asked { user: u64, agent: usize, priority: usize, attempts: u32, door: Door },
    AskedAgain(usize),
    Edited { task: usize, agent: usize, priority: usize },
    Withdrawn(usize),
    Cancelled(usize),
    RunAgain(usize),
    Held(usize),
    Released(usize),
    Paused { stops: bool },
    Resumed,
    Claimed,
    Ticked,
    MarkDone(usize),
    MarkFailed(usize, Fault),
    Launched(usize),
    LaunchFailed { attempt: usize, cut_off: bool },
    Ended { attempt: usize, outcome: usize, cost: Option<i64> },
    Used { attempt: usize, nanos: i64 },
    QuotaUsedUp { attempt: usize, seconds: u64 },
    QuotaIsBack(usize),
    Hastened(usize),
    LateReport(usize),
    Posted { address: usize, letters: usize },
    Undeliverable { address: usize },
    Capped { agent: usize, cap: Option<u32> },
    Restarted { slots: u32, lane_cap: u32 },
    TimePassed(u64),
}

#[derive(Clone, Copy, Debug)]
enum Door {
    Message,
    Command,
    CommandWithMessage,
}

#[derive(Clone, Copy, Debug)]
enum Fault {
    Later,
    Forbidden,
    Gone,
    Impossible,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let door = prop_oneof![Just(Door::Message), Just(Door::Command), Just(Door::CommandWithMessage)];
    let fault = prop_oneof![3 => Just(Fault::Later), 1 => Just(Fault::Forbidden), 1 => Just(Fault::Gone), 1 => Just(Fault::Impossible)];
    let which = any::<usize>;
    let event = prop_oneof![
        12 => (1..=3_u64, 0..3_usize, 0..3_usize, 1..=3_u32, door)
            .prop_map(|(user, agent, priority, attempts, door)| Event::Asked { user, agent, priority, attempts, door }),
        1 => which().prop_map(Event::AskedAgain),
        2 => (which(), 0..3_usize, 0..3_usize).prop_map(|(task, agent, priority)| Event::Edited { task, agent, priority }),
        1 => which().prop_map(Event::Withdrawn),
        3 => which().prop_map(Event::Cancelled),
        3 => which().prop_map(Event::RunAgain),
        2 => which().prop_map(Event::Held),
        2 => which().prop_map(Event::Released),
        1 => any::<bool>().prop_map(|stops| Event::Paused { stops }),
        2 => Just(Event::Resumed),
        4 => Just(Event::Claimed),
        6 => Just(Event::Ticked),
        6 => which().prop_map(Event::MarkDone),
        2 => (which(), fault).prop_map(|(mark, fault)| Event::MarkFailed(mark, fault)),
        5 => which().prop_map(Event::Launched),
        2 => (which(), any::<bool>()).prop_map(|(attempt, cut_off)| Event::LaunchFailed { attempt, cut_off }),
        10 => (which(), 0..Outcome::ALL.len(), prop::option::of(0..400_000_000_i64))
            .prop_map(|(attempt, outcome, cost)| Event::Ended { attempt, outcome, cost }),
        3 => (which(), 0..900_000_000_i64).prop_map(|(attempt, nanos)| Event::Used { attempt, nanos }),
        2 => (which(), 1..50_000_u64).prop_map(|(attempt, seconds)| Event::QuotaUsedUp { attempt, seconds }),
        1 => (0..QUOTAS.len()).prop_map(Event::QuotaIsBack),
        1 => which().prop_map(Event::Hastened),
        1 => which().prop_map(Event::LateReport),
        3 => (which(), 1..4_usize).prop_map(|(address, letters)| Event::Posted { address, letters }),
        1 => which().prop_map(|address| Event::Undeliverable { address }),
        2 => (0..3_usize, prop::option::of(1..=2_u32)).prop_map(|(agent, cap)| Event::Capped { agent, cap }),
        1 => (1..=4_u32, 1..=4_u32).prop_map(|(slots, lane_cap)| Event::Restarted { slots, lane_cap }),
        3 => (1..50_000_u64).prop_map(Event::TimePassed),
    ];
    prop::collection::vec(event, 1..120)
}

/// The quotas that there are.
const QUOTAS: [&str; 2] = ["acme", "other"];

/// Two agents share one; of one the tasks go on by themselves, and the third gives its own away.
fn quotas() -> Quotas {
    let rules = [("acme", false, vec![]), ("acme", true, vec![]), ("other", true, vec![agent(AGENTS[0])])];
    let rule =
        |(credential, resumes, instead): (&str, bool, Vec<_>)| Rule { credential: credential.parse().expect("a name"), resumes, instead };
    AGENTS
        .into_iter()
        .zip(rules)
        .map(|(name, told)| (agent(name), Manner { rule: rule(told), usual: None, checks: Offer::default() }))
        .collect()
}

/// A world to which things happen.
struct History {
    world: World,
    asked: Vec<Ask>,
    /// How often each task has ended.
    ends: BTreeMap<TaskId, usize>,
    messages: u64,
}

impl History {
    fn over(store: Arc<dyn Store>) -> Self {
        let usd = |amount: &str| Some(amount.parse().expect("an amount"));
        let ceilings = Ceilings {
            day: usd("1"),
            user: Kind { each: usd("0.7"), named: BTreeMap::new() },
            agent: Kind { each: None, named: ["x", "y"].map(|name| (agent(name), "0.5".parse().expect("an amount"))).into() },
            ..Ceilings::default()
        };
        let rules = Rules { ceilings, quotas: quotas(), launch_tries: 2, ..rules() };
        Self { world: World::over(store, rules), asked: vec![], ends: BTreeMap::new(), messages: 1_000_000 }
    }

    /// Lets something happen, and looks whether all is well.
    async fn happens(&mut self, event: &Event) {
        let (before, held_before) = (self.all().await, self.held().await);
        self.act(event).await;
        let after = self.all().await;
        for task in &after {
            let ended_before = before.iter().any(|was| was.row.task.id == task.row.task.id && was.row.ended.is_some());
            if task.row.ended.is_some() && !ended_before {
                *self.ends.entry(task.row.task.id.clone()).or_default() += 1;
            }
            let ends = self.ends.get(&task.row.task.id).copied().unwrap_or_default();
            assert_eq!(task.results().count(), ends, "result letters of {}", task.row.task.id);
            let fence = |all: &[Whole]| all.iter().find(|was| was.row.task.id == task.row.task.id).map(|was| was.step.fence);
            assert!(fence(&before) <= fence(&after), "the fence of {} shrank", task.row.task.id);
        }
        for (name, (held, cap)) in self.held().await {
            let before = held_before.get(&name).map_or(0, |(held, _)| *held);
            assert!(cap.is_none_or(|cap| held <= cap.max(before)), "gate {name} let {held} through, and its cap is {cap:?}");
        }
        self.world.holds_all().await;
        recount::ceilings(&self.world).await;
    }

    async fn act(&mut self, event: &Event) {
        let queue = self.world.queue.clone();
        match event {
            Event::Asked { user, agent, priority, attempts, door } => {
                let next = u64::try_from(self.asked.len()).expect("few") + 1;
                let from_message = matches!(door, Door::Message);
                let new = Ask {
                    user: *user,
                    agent: AGENTS[*agent],
                    priority: PRIORITIES[*priority],
                    attempts: *attempts,
                    from_message,
                    ..ask(next)
                };
                if matches!(door, Door::CommandWithMessage) {
                    let mut task = new.task(self.world.clock_now());
                    task.origin = Origin::Asked { announce_in: Some(ChannelId::new(TASKS)) };
                    let (gates, key) = (new.gates(), next.to_string());
                    queue
                        .enqueue(NewTask { task, source: "cli", key, body_hash: "hash".into(), gates, blocked: None })
                        .await
                        .expect("taken");
                } else {
                    self.world.enqueue(&new).await;
                }
                self.asked.push(new);
            }
            Event::AskedAgain(n) => {
                if let Some(ask) = pick(&self.asked, *n) {
                    self.world.enqueue(ask).await;
                }
            }
            Event::Edited { task, agent: name, priority: urgency } => {
                if let Some(ask) = pick(&self.asked, *task) {
                    let mut task = ask.task(self.world.clock_now());
                    (task.wishes.agent, task.wishes.priority) = (agent(AGENTS[*name]), priority(PRIORITIES[*urgency]));
                    queue.edit(task, vec![format!("agent:{}", AGENTS[*name])]).await.expect("edited, or ignored");
                }
            }
            Event::Withdrawn(n) => self.of(*n, |task| queue.withdraw(task, BY.into(), "gone".into())).await,
            Event::Cancelled(n) => self.of(*n, |task| queue.cancel(task, BY.into(), "not wanted".into())).await,
            Event::RunAgain(n) => self.of(*n, |task| queue.retry(task, BY.into(), EDITED.into())).await,
            Event::Held(n) => self.of(*n, |task| queue.hold(task, BY.into())).await,
            Event::Released(n) => self.of(*n, |task| queue.release(task, BY.into())).await,
            Event::Paused { stops } => drop(queue.pause(BY.into(), *stops).await.expect("paused")),
            Event::Resumed => queue.resume(BY.into()).await.expect("resumed"),
            Event::Claimed => drop(queue.claim(1).await.expect("the store answers")),
            Event::Ticked => self.tick().await,
            Event::MarkDone(n) => {
                if let Some(mark) = pick(&self.marks().await, *n) {
                    self.mark_done(mark).await;
                }
            }
            Event::MarkFailed(n, fault) => {
                if let Some(mark) = pick(&self.marks().await, *n) {
                    let (due_at, reason) = (self.world.clock_now() + Duration::from_secs(60), "no".to_owned());
                    let failure = match fault {
                        Fault::Later => MarkFailure::Later { due_at, reason },
                        Fault::Forbidden => MarkFailure::Forbidden { due_at, reason, alert: "⛔".into() },
                        Fault::Gone => MarkFailure::MessageGone,
                        Fault::Impossible => MarkFailure::Impossible { reason, reply: Some("claimed".into()) },
                    };
                    queue.mark_failed(mark.id, failure).await.expect("recorded");
                }
            }
            Event::Launched(n) => {
                if let Some(attempt) =
                    pick(&self.live().await, *n).filter(|attempt| attempt.state != AttemptState::Launching { cleared: false })
                {
                    queue.launched(attempt.id, attempt.fence).await.expect("recorded");
                }
            }
            Event::LaunchFailed { attempt, cut_off } => {
                let live = self.live().await;
                if let Some(attempt) = pick(&live, *attempt).filter(|attempt| matches!(attempt.state, AttemptState::Launching { .. })) {
                    queue.launch_failed(attempt.id, attempt.fence, "no memory".into(), *cut_off).await.expect("recorded");
                }
            }
            Event::Ended { attempt, outcome, cost } => {
                if let Some(attempt) = pick(&self.live().await, *attempt) {
                    queue.settle(attempt.id, attempt.fence, report(Outcome::ALL[*outcome], *cost)).await.expect("settled");
                }
            }
            Event::Used { attempt, nanos } => {
                if let Some(attempt) = pick(&self.live().await, *attempt) {
                    let used = Usd::from_nanos(*nanos);
                    queue.uses(attempt.task.clone(), attempt.id, attempt.fence, used).await.expect("recorded");
                }
            }
            Event::QuotaUsedUp { attempt, seconds } => {
                if let Some(attempt) = pick(&self.live().await, *attempt) {
                    let until = self.world.clock_now() + Duration::from_secs(*seconds);
                    let told = Report { resets_at: Some(until), ..report(Outcome::Failed, Some(7)) };
                    queue.settle(attempt.id, attempt.fence, told).await.expect("settled");
                }
            }
            Event::QuotaIsBack(n) => {
                queue.quota_is_back(QUOTAS[*n].parse().expect("a name"), BY.into()).await.expect("the store answers");
            }
            Event::Hastened(n) => self.of(*n, |task| queue.hasten(task, BY.into())).await,
            Event::LateReport(n) => {
                let over: Vec<_> =
                    self.all().await.into_iter().flat_map(|task| task.attempts).filter(|attempt| !attempt.state.is_live()).collect();
                if let Some(attempt) = pick(&over, *n) {
                    let late = queue.settle(attempt.id, attempt.fence, report(Outcome::Succeeded, None)).await;
                    assert!(matches!(late, Err(QueueError::Late)), "a late report was taken: {late:?}");
                    let late = queue.uses(attempt.task.clone(), attempt.id, attempt.fence, Usd::from_nanos(1)).await;
                    assert!(matches!(late, Err(QueueError::Late)), "something was held back for one that has ended: {late:?}");
                }
            }
            Event::Posted { address, letters } => self.post(*address, *letters, false).await,
            Event::Undeliverable { address } => self.post(*address, 1, true).await,
            Event::Capped { agent, cap } => queue.cap_gates(vec![(format!("agent:{}", AGENTS[*agent]), *cap)]).await.expect("capped"),
            Event::Restarted { slots, lane_cap } => self.restart(*slots, *lane_cap).await,
            Event::TimePassed(seconds) => self.world.clock.advance(Duration::from_secs(*seconds)),
        }
    }

    /// The scheduler looks: what can start has started.
    async fn tick(&self) {
        tick(&self.world.queue).await.expect("the store answers");
        let slots = self.world.queue.rules().slots;
        if self.world.queue.closed().await.expect("the store answers").is_some() || self.live().await.len() >= slots as usize {
            return;
        }
        for task in self.all().await {
            assert!(
                !matches!(task.step.state, StepState::Delayed { until } if until <= self.world.clock_now()),
                "{:?} sleeps on",
                task.step
            );
            if let StepState::Ready { .. } = task.step.state {
                let named = task.step.lane.clone();
                let lane = recount::look(&self.world.store, move |look| look.lane(&named)).await.expect("its lane is there");
                assert!(lane.running >= lane.cap, "{:?} could run, and does not", task.step);
            }
        }
    }

    /// The service dies and starts again: what it had not started is given back, what runs goes on.
    async fn restart(&mut self, slots: u32, lane_cap: u32) {
        self.world.restart(Rules { slots, lane_cap, ..self.world.queue.rules().clone() });
        for attempt in self.live().await {
            let queue = &self.world.queue;
            match attempt.state {
                AttemptState::Launching { .. } => {
                    queue.launch_failed(attempt.id, attempt.fence, "cut off".into(), true).await.expect("recorded");
                }
                AttemptState::Running { .. } | AttemptState::Ended { .. } | AttemptState::Void => {
                    queue.adopted(attempt.id, attempt.fence).await.expect("recorded");
                }
            }
        }
        self.world.queue.renew().await.expect("renewed");
    }

    async fn post(&mut self, address: usize, letters: usize, gives_up: bool) {
        let queue = self.world.queue.clone();
        let busy = queue.busy_addresses().await.expect("the store answers");
        let Some(to) = pick(&busy, address).copied() else { return };
        let Outgoing::Letters(waiting) = queue.outgoing(to, 10, 40).await.expect("the store answers") else { return };
        // A task's own message stands alone.
        let alone = waiting.iter().any(|(row, _)| matches!(row.letter, Letter::Announcement { .. }));
        let ids = waiting.iter().take(if alone { 1 } else { letters }).map(|(row, _)| row.id).collect();
        let parcel = queue.pack(to, ids, Post::default()).await.expect("packed").expect("they wait");
        self.messages += 1;
        if gives_up {
            queue.undeliverable(parcel.id, "404".into(), Some("⛔".into())).await.expect("recorded");
        } else {
            queue.delivered(parcel.id, message(self.messages)).await.expect("delivered");
        }
    }

    async fn mark_done(&self, mark: &MarkRow) {
        let queue = &self.world.queue;
        if mark.state == MarkState::Lifting { queue.mark_lifted(mark.id).await } else { queue.mark_put(mark.id).await }.expect("recorded");
    }

    /// Everything is let go on: all of it ends.
    async fn drains(&mut self) {
        self.world.queue.resume(BY.into()).await.expect("resumed");
        for credential in QUOTAS {
            self.world.queue.quota_is_back(credential.parse().expect("a name"), BY.into()).await.expect("the store answers");
        }
        for task in self.all().await {
            if let StepState::Blocked { .. } = task.step.state {
                self.world.queue.retry(task.row.task.id, BY.into(), EDITED.into()).await.expect("let go");
            }
        }
        for _ in 0..1_000 {
            for mark in self.marks().await {
                self.mark_done(&mark).await;
            }
            self.tick().await;
            for attempt in self.live().await {
                self.world.queue.settle(attempt.id, attempt.fence, report(Outcome::Succeeded, None)).await.expect("settled");
            }
            self.world.clock.advance(Duration::from_secs(600));
            if self.all().await.iter().all(|task| recount::outcome(task).is_some()) {
                break;
            }
        }
        for task in self.all().await {
            assert!(recount::outcome(&task).is_some(), "{:?} never ran", task.step);
        }
        self.world.holds_all().await;
        let slots = format!("instance:{}", self.world.queue.rules().instance);
        assert_eq!(recount::look(&self.world.store, move |look| look.gate(&slots)).await.map_or(0, |gate| gate.held), 0);
    }

    /// A verb on a task; that it may not be done now is an answer too.
    async fn of<T, F: Future<Output = Result<T, QueueError>>>(&self, n: usize, verb: impl FnOnce(TaskId) -> F) {
        let Some(ask) = pick(&self.asked, n) else { return };
        match verb(id(ask.id)).await {
            Ok(_) | Err(QueueError::NotNow { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }

    async fn all(&self) -> Vec<Whole> {
        recount::everything(&self.world.store).await
    }

    async fn live(&self) -> Vec<AttemptRow> {
        self.world.queue.live().await.expect("the store answers").into_iter().map(|(attempt, _)| attempt).collect()
    }

    async fn marks(&self) -> Vec<MarkRow> {
        self.world.queue.wanted_marks(10_000).await.expect("the store answers")
    }

    /// Holders and caps of the gates.
    async fn held(&self) -> BTreeMap<String, (u32, Option<u32>)> {
        let (mut held, rules) = (BTreeMap::new(), self.world.queue.rules().clone());
        let names = AGENTS.map(|name| format!("agent:{name}")).into_iter().chain([format!("instance:{}", rules.instance)]);
        for name in names {
            let asked = name.clone();
            if let Some(gate) = recount::look(&self.world.store, move |look| look.gate(&asked)).await {
                held.insert(name.clone(), (gate.held, if name.starts_with("instance:") { Some(rules.slots) } else { gate.cap }));
            }
        }
        held
    }
}

impl World {
    async fn holds_all(&self) {
        recount::holds(&self.store, &self.queue.rules().instance).await;
    }
}

fn pick<T>(all: &[T], n: usize) -> Option<&T> {
    all.get(n.checked_rem(all.len())?)
}

/// What is compared between two stores.
async fn state(history: &History) -> Vec<String> {
    let tasks = history.all().await.into_iter().map(|task| format!("{task:?}"));
    let marks = history.marks().await.into_iter().map(|mark| format!("{mark:?}"));
    let held = history.held().await.into_iter().map(|gate| format!("{gate:?}"));
    tasks.chain(marks).chain(held).collect()
}

/// Runs a history on a store and on the naive one: each promise holds on both, and both come to the same.
pub(crate) async fn same_on(store: Arc<dyn Store>, events: &[Happening]) {
    let (mut one, mut naive) = (History::over(store), History::over(Arc::new(MemoryStore::new())));
    assert_eq!(one.world.clock_now(), noon());
    for (agent, cap) in [(0, Some(1)), (1, Some(1))] {
        let capped = Event::Capped { agent, cap };
        one.happens(&capped).await;
        naive.happens(&capped).await;
    }
    for event in events {
        one.happens(&event.0).await;
        naive.happens(&event.0).await;
        assert_eq!(state(&one).await, state(&naive).await, "after {event:?}");
    }
    one.drains().await;
    naive.drains().await;
    assert_eq!(state(&one).await, state(&naive).await, "in the end");
}

/// One thing that happens, for those who tell histories from outside.
#[derive(Clone, Debug)]
pub(crate) struct Happening(Event);

/// Histories.
pub(crate) fn histories() -> impl Strategy<Value = Vec<Happening>> {
    events().prop_map(|events| events.into_iter().map(Happening).collect())
}

/// Runs it to its end, on a thread of its own making.
pub(crate) fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime").block_on(test);
}
