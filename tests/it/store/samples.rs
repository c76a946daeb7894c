//! Rows to try a store with: whole, plausible, and told apart by one number.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use orchestrator_core::{
    domain::{
        actor::Actor,
        attempt::{AttemptState, Outcome, Report},
        card::{Card, Shows},
        id::{AttemptId, ChannelId, InstanceId, LetterId, MarkId, MessageId, ParcelId, StepId, TaskId, UserId},
        lease::{Fence, Lease},
        money::{CostFrom, Usage, Usd},
        outbound::{Address, Class, Identity, Letter, LetterState, Mark, MarkState, Post, Progress, Purpose},
        step::StepState,
        task::{FollowUp, MessageRef, Origin, Priority, Task, Thinking, Wishes},
    },
    ports::rows::{AttemptRow, CardRow, FollowUpRow, LaneRow, LedgerRow, LetterRow, MarkRow, ParcelRow, StepRow, TaskRow},
};

/// A time, in seconds and a few nanoseconds after a fixed one: whoever stores less shows it.
pub(crate) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_763_700_000, 123_456_789).expect("a valid time") + TimeDelta::seconds(seconds)
}

pub(crate) fn day(of_month: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2025, 11, of_month).expect("a valid day")
}

pub(crate) fn task_id(n: u64) -> TaskId {
    format!("{}", 1_000 + n).parse().expect("a valid id")
}

pub(crate) fn attempt_id(n: u64) -> AttemptId {
    AttemptId::from_parts(1_763_700_000_000 + n, [u8::try_from(n % 256).expect("below 256"); 10])
}

pub(crate) fn message(n: u64) -> MessageRef {
    MessageRef { channel: ChannelId::new(77), message: MessageId::new(1_000 + n) }
}

pub(crate) fn priority(n: u16) -> Priority {
    n.to_string().parse().expect("a valid priority")
}

pub(crate) fn address(channel: u64, identity: Identity) -> Address {
    Address { channel: ChannelId::new(channel), identity }
}

/// A task of a user, with a message of its own number.
pub(crate) fn task(n: u64, user: u64) -> TaskRow {
    let requester =
        Actor::Member { user: UserId::new(user), name: format!("user {user}"), roles: vec![], bot: false, administrator: false };
    let wishes = Wishes {
        agent: "openclaw".parse().expect("a valid name"),
        model: None,
        model_shown: None,
        thinking: Thinking::Medium,
        time_limit: Duration::from_secs(120),
        priority: Priority::DEFAULT,
        budget: None,
        attempts: 1,
        checks: Vec::new(),
        closer: None,
    };
    let task = Task {
        id: task_id(n),
        requester,
        prompt: format!("Say \"{n}\" and nothing else.\n\u{1f980}"),
        wishes,
        origin: Origin::Message(message(n)),
        attachments: vec![],
        created_at: at(0),
    };
    TaskRow { task, message: Some(message(n)), entry: None, ended: None }
}

pub(crate) fn step(task: u64, lane: &str, state: StepState, of_priority: u16) -> StepRow {
    StepRow {
        id: StepId(0),
        task: task_id(task),
        lane: lane.to_owned(),
        state,
        priority: priority(of_priority),
        gates: vec!["agent:openclaw".to_owned()],
        attempts: 0,
        attempts_allowed: 3,
        failed_launches: 1,
        fence: Fence(4),
        version: 0,
    }
}

pub(crate) fn ready() -> StepState {
    StepState::Ready { since: at(0) }
}

pub(crate) fn lane(id: &str, head: u16, pass: u64) -> LaneRow {
    LaneRow { id: id.to_owned(), weight: 1, pass, running: 0, cap: 1, ready: 1, head: priority(head) }
}

/// An attempt that its instance has claimed.
pub(crate) fn attempt(n: u64, step: StepId, of: u64, instance: &str) -> AttemptRow {
    AttemptRow {
        id: attempt_id(n),
        step,
        task: task_id(of),
        number: 1,
        fence: Fence(1),
        lease: Lease { instance: InstanceId(instance.to_owned()), until: at(60) },
        state: AttemptState::Launching { cleared: false },
        agent_id: format!("agent-1763700000-{n}"),
        agent: "openclaw".parse().expect("a valid name"),
        slot: 1,
        stop: None,
        report: None,
        claimed_at: at(0),
        ended_at: None,
        workspace_removed: false,
    }
}

/// The same attempt, ended.
pub(crate) fn ended(row: &AttemptRow, outcome: Outcome, second: i64) -> AttemptRow {
    let report = Report { usage: Some(Usage { input: u64::MAX, ..Usage::default() }), ..Report::without_result(outcome, "because") };
    AttemptRow { state: AttemptState::Ended { outcome }, report: Some(report), ended_at: Some(at(second)), ..row.clone() }
}

pub(crate) fn ledger(n: u64, of_month: u32, cost: Option<i64>) -> LedgerRow {
    LedgerRow {
        attempt: attempt_id(n),
        task: task_id(n),
        lane: format!("user:{}", n % 2),
        requester: format!("ann {n}"),
        channel: (n > 1).then(|| ChannelId::new(u64::MAX - n)),
        instance: InstanceId(format!("machine {n}")),
        agent: "openclaw".parse().expect("a valid name"),
        model: Some("cheap".to_owned()),
        day: day(of_month),
        cost: cost.map(Usd::from_nanos),
        cost_from: cost.map(|nanos| CostFrom::ALL[usize::try_from(nanos % 3).expect("small")]),
        usage: Some(Usage { input: 1, output: 2, cache_read: 3, cache_write: u64::MAX }),
    }
}

/// A notice to an address.
pub(crate) fn notice(to: Address, class: Class) -> LetterRow {
    LetterRow {
        id: LetterId(0),
        to,
        class,
        letter: Letter::Operator { text: "news".to_owned() },
        task: None,
        state: LetterState::Waiting,
        written_at: at(0),
    }
}

/// The result letter of a task.
pub(crate) fn result(of: u64) -> LetterRow {
    LetterRow {
        letter: Letter::Result { attempt: None, unrun: None },
        task: Some(task_id(of)),
        ..notice(address(5, Identity::Orchestrator), Class::Result)
    }
}

pub(crate) fn delivered() -> LetterState {
    LetterState::Delivered { at: message(900) }
}

pub(crate) fn parcel(name: &str, to: Address) -> ParcelRow {
    ParcelRow {
        id: ParcelId(name.to_owned()),
        to,
        class: Class::Result,
        letters: vec![LetterId(2), LetterId(1)],
        post: Post { content: "done".to_owned(), ..Post::default() },
        progress: progress(),
        over: false,
    }
}

pub(crate) fn progress() -> Progress {
    Progress { failures: 0, due_at: at(3), first_sent_at: None, last_error: None }
}

pub(crate) fn mark(n: u64, emoji: &str, purpose: Purpose) -> MarkRow {
    MarkRow {
        id: MarkId(0),
        mark: Mark { on: message(n), emoji: emoji.to_owned(), task: Some(task_id(n)), purpose },
        state: MarkState::Wanted,
        progress: progress(),
    }
}

/// A card at a message of its task's number.
pub(crate) fn card(n: u64, channel: ChannelId, due: Option<i64>, is_behind: bool) -> CardRow {
    let wanted = if is_behind { 2 } else { 1 };
    CardRow {
        task: task_id(n),
        channel,
        message: Some(message(n).message),
        due_at: due.map(at),
        turn: None,
        card: Card { wanted, face: Shows { version: 1, ..Shows::default() }, ..Card::default() },
    }
}

pub(crate) fn follow_up(n: u64, task: u64) -> FollowUpRow {
    let by = Actor::Operator { name: "ann".to_owned() };
    FollowUpRow {
        task: task_id(task),
        told_to: None,
        said: FollowUp { at: message(n), by, text: "and then?".to_owned(), attachments: Vec::new() },
    }
}
