//! One post of every kind that there is, around a text.

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, Utc};
use orchestrator_core::{
    domain::{
        actor::{Actor, Right},
        attempt::{Outcome, Report},
        card::{CardFacts, TaskState},
        check::{Changes, CheckReport, Checked, Finding, WishedCheck},
        id::{ChannelId, RoleId, TaskId, UserId},
        model::ModelId,
        money::{Usage, Usd},
        outbound::{Post, ResultFacts},
        permission::{Answer, Asked, Offer, Question},
        showing::{Showing, Shown},
        task::{Attachment, MessageRef, Origin, Priority, Task, Thinking, Wishes},
    },
    wording::{
        age, alerts, announcements,
        answers::{self, detail, hints, settings},
        because, card, entry, notices,
        panels::{self, Glance, Line, Log},
        permission,
        redact::{redact, redact_cut, redact_report},
        refusals::{self, Refusal},
        views::{AttemptView, Links, ResultView, TaskDetail, TaskSummary},
        why::{self, Cause, Entry, Runner, Shut, Why},
    },
};

use super::SECRET;

const LINK: &str = "https://discord.com/channels/1/2/3";

/// All kinds, by name.
pub(super) fn all(text: &str, answers: MessageRef) -> Vec<(String, Post)> {
    let mut all = Vec::new();
    let mut add = |kind: &str, post: Post| all.push((kind.to_owned(), post));
    results(text, answers, &mut add);
    cards(text, &mut add);
    letters(text, answers, &mut add);
    asked(text, &mut add);
    reasons(text, &mut add);
    all
}

type Add<'a> = dyn FnMut(&str, Post) + 'a;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_763_700_000 + seconds, 0).expect("a time")
}

fn id() -> TaskId {
    "a.long:task_id-that-somebody-has-chosen-for-himself-0123456789ab".parse().expect("an id")
}

fn said(content: String) -> Post {
    Post { content, ..Post::default() }
}

/// A running agent asks whether it may do something.
fn question(text: &str) -> Question {
    let offer = |answer| Offer { id: text.to_owned(), answer, name: text.to_owned() };
    let offers = Answer::ALL.map(offer).into();
    Question { number: 7, title: text.to_owned(), kind: text.to_owned(), detail: Some(text.to_owned()), offers, until: at(600) }
}

fn task(text: &str) -> Task {
    Task {
        id: id(),
        requester: Actor::Member { user: UserId::new(7), name: text.to_owned(), roles: vec![], bot: false, administrator: false },
        prompt: text.to_owned(),
        wishes: Wishes {
            agent: "openclaw".parse().expect("a name"),
            model: Some(ModelId(text.to_owned())),
            // What a person has written himself is no secret of ours.
            model_shown: Some(redact(text, &[SECRET])),
            thinking: Thinking::High,
            time_limit: Duration::from_secs(120),
            priority: Priority::DEFAULT,
            budget: None,
            attempts: 3,
            checks: Vec::new(),
            closer: None,
        },
        origin: Origin::Asked { announce_in: None },
        attachments: vec![Attachment { name: text.to_owned(), url: LINK.to_owned(), size: 1 }; 3],
        created_at: at(0),
    }
}

fn report(text: &str, outcome: Outcome) -> Report {
    let report = Report {
        reason: (outcome != Outcome::Succeeded).then(|| text.to_owned()),
        text: text.to_owned(),
        text_left_out: 7,
        summary: Some(text.to_owned()),
        partial: outcome == Outcome::TimedOut,
        outputs: BTreeMap::from([("branch".to_owned(), text.to_owned()), (text.to_owned(), "x".to_owned())]),
        files: vec![(text.to_owned(), 1 << 20); 4],
        log_tail: Some(text.to_owned()),
        usage: Some(usage()),
        cost: Some(Usd::from_nanos(1_215_000)),
        model: Some(text.to_owned()),
        duration: Duration::from_secs(75),
        remarks: vec![text.to_owned(); 3],
        checked: Some(checked(text)),
        ..Report::without_result(outcome, text)
    };
    // As it is stored.
    redact_report(report, &[SECRET])
}

fn checked(text: &str) -> Checked {
    let one = |check: WishedCheck, finding| CheckReport {
        check,
        command: Some(text.to_owned()),
        finding,
        because: text.to_owned(),
        exit: Some(1),
        ran_ms: 1_500,
        output: Some(text.to_owned()),
    };
    let brought = WishedCheck::Command(text.chars().take(500).collect());
    let named = WishedCheck::Named("tests".parse().expect("a name"));
    let checks = vec![
        one(brought.clone(), Finding::Gaps),
        one(named.clone(), Finding::Verified),
        one(brought, Finding::Unverified),
        one(named, Finding::Gaps),
    ];
    let changes = Changes { sha256: Some("0123456789abcdef".repeat(4)), unknown: None, added: u32::MAX, changed: 1, removed: 1 };
    redact_report(
        Report { checked: Some(Checked { checks, changes: Some(changes) }), ..Report::without_result(Outcome::Failed, "") },
        &[SECRET],
    )
    .checked
    .expect("it is kept")
}

fn usage() -> Usage {
    Usage { input: 1_200, output: 300, cache_read: 9, cache_write: 9 }
}

fn facts(text: &str, outcome: Outcome, answers: Option<MessageRef>) -> ResultFacts {
    ResultFacts {
        task: task(text),
        attempt: None,
        agent_id: Some("agent-1763700009-k3x9".to_owned()),
        number: 2,
        report: report(text, outcome),
        workspace: Some("workers/agent-1763700009-k3x9".to_owned()),
        answers,
    }
}

fn results(text: &str, answers: MessageRef, add: &mut Add<'_>) {
    for outcome in [Outcome::Succeeded, Outcome::Failed, Outcome::TimedOut] {
        add(&format!("the entry of one that {}", because::ended(outcome)), entry::entry(&facts(text, outcome, None)));
        add(&format!("what is told in its thread of one that {}", because::ended(outcome)), card::told(&facts(text, outcome, None)));
    }
    add("a second entry", entry::entry(&facts(text, Outcome::Succeeded, Some(answers))));
    let without_summary = |outcome| {
        let facts = facts(text, outcome, None);
        ResultFacts { report: Report { summary: None, text_left_out: 0, ..facts.report }, ..facts }
    };
    add("an entry without a summary", entry::entry(&without_summary(Outcome::Succeeded)));
    add("what is told in its thread, whole", card::told(&without_summary(Outcome::Succeeded)));
    for many in [2, 3, 10] {
        let several: Vec<_> = (0..many).map(|_| facts(text, Outcome::Failed, None)).collect();
        add(&format!("{many} entries together"), entry::batch(&several).0);
    }
}

fn cards(text: &str, add: &mut Add<'_>) {
    let states = [
        TaskState::Waiting { position: Some(3) },
        TaskState::Waiting { position: None },
        TaskState::Parked { gate: text.to_owned() },
        TaskState::Delayed { until: at(9) },
        TaskState::Held,
        TaskState::Asked,
        TaskState::Claimed,
        TaskState::Running { since: at(1), until: at(121) },
        TaskState::Stopping { by: text.to_owned(), out_of_money: false },
        TaskState::Stopping { by: text.to_owned(), out_of_money: true },
        TaskState::Ended { at: at(60), outcome: Outcome::Failed, reason: Some(text.to_owned()), ran: Duration::from_secs(59) },
    ];
    for doing in states {
        let facts = CardFacts {
            task: task(text),
            doing,
            attempts: 2,
            allowed: 3,
            cost: Some(Usd::from_nanos(1)),
            cost_has_gaps: true,
            cost_is_doubtful: true,
            usage: Some(usage()),
            model: Some(text.to_owned()),
            agent_id: Some("agent-1763700009-k3x9".to_owned()),
            metered: Some(false),
            waits_for_people: true,
            accepted: None,
            quiet_since: None,
            open: None,
            asked: vec![Asked { question: question(text), decision: None }, Asked { question: question(text), decision: None }],
            checked: Some(checked(text)),
            entry: None,
            follow_ups: 2,
            showing: Showing { shown: Shown::Live, threads: true },
        };
        add(&format!("the card of one that is {:?}", std::mem::discriminant(&facts.doing)), card::face(&facts, Some(LINK), Some(text)));
        add("its sheet", card::sheet(&facts, Some(text)));
    }
}

fn letters(text: &str, answers: MessageRef, add: &mut Add<'_>) {
    let reply = |text: String| Post { reply_to: Some(answers), ..said(text) };
    // As the mailer does it: the beginning of the text was stored.
    let beginning: String = text.chars().take(notices::TASK).collect();
    let spawned = notices::spawned("agent-1763700009-k3x9", &redact_cut(&beginning, &[SECRET]));
    add("a start", notices::join([spawned.as_str()]).0);
    add("many notices", notices::join(std::iter::repeat_n(spawned.as_str(), 60)).0);
    let ended: Vec<_> = Outcome::ALL.map(|outcome| notices::finished(text, outcome)).into();
    add("ends", notices::join(ended.iter().map(String::as_str)).0);
    add("a question of an agent", Post { reply_to: Some(answers), ..permission::question(&id(), &question(text)) });
    add("what was answered", said(permission::answered(&id(), &question(text), Answer::AllowAlways)));
    add("an announcement", announcements::announcement(&task(text)));
    add("the question about an old one", reply(age::question(&id(), Duration::from_secs(90_000))));
    let refused = refused(text);
    for one in &refused {
        add(&format!("the refusal {}", one.word()), reply(refusals::reply(std::slice::from_ref(one))));
        add(&format!("the answer {}", one.word()), said(refusals::answer(one)));
    }
    add("many refusals", reply(refusals::reply(&refused)));
    let channel = answers.channel;
    // What is told while Discord is away, or refuses the token, is told locally.
    let alerts = vec![
        alerts::claimed_without_mark(text),
        alerts::marks_forbidden(channel, text),
        alerts::channel_refused(channel, text),
        alerts::marks_allowed_again(channel),
        alerts::undeliverable(channel, text, text),
        alerts::cards_refused(channel, text),
        alerts::threads_refused(channel, text),
        alerts::unconfirmed(channel, text),
        alerts::daily_ceiling(Usd::from_nanos(5), Usd::from_nanos(4)),
        alerts::disk_low(text, 1, 2),
        alerts::disk_is_well(text, 3),
        alerts::store_full(),
        alerts::paused(text, 2),
        alerts::resumed(text),
        alerts::unkillable(text, 2),
        alerts::unstartable(text, text),
        alerts::no_content(channel),
        age::left_alone(channel, 7),
    ];
    for alert in &alerts {
        add("an alert", said(alert.clone()));
    }
    add("alerts together", said(alerts::together(&alerts)));
}

fn refused(text: &str) -> Vec<Refusal> {
    let given = text.to_owned();
    let known = vec![text.to_owned(); 30];
    vec![
        Refusal::Empty,
        Refusal::Nul,
        Refusal::TooLong { bytes: 9, most: 8 },
        Refusal::UnknownModel { given: given.clone(), known },
        Refusal::UnknownAgent { given: given.clone(), known: vec!["openclaw".parse().expect("a name"); 40] },
        Refusal::BadThinking { given: given.clone() },
        Refusal::BadTimeout { given: given.clone() },
        Refusal::TimeoutTooLong { given: Duration::from_secs(9), most: Duration::from_secs(8) },
        Refusal::BadPriority { given: given.clone() },
        Refusal::PriorityTooHigh { given: Priority::MAX, most: Priority::DEFAULT },
        Refusal::BadBudget { given: text.into() },
        Refusal::BudgetTooHigh { given: Usd::from_nanos(7_000_000_000), most: Usd::from_nanos(1) },
        Refusal::NotAllowed { right: Right::Operate, roles: (1..40).map(RoleId::new).collect(), bot: false },
        Refusal::NotAllowed { right: Right::Submit, roles: Vec::new(), bot: true },
        Refusal::TooManyOpen { most: 9 },
        Refusal::NoSuchTask { given: given.clone() },
        Refusal::HasEnded { task: id() },
        Refusal::HasNotEnded { task: id() },
        Refusal::IdTaken { task: id() },
        Refusal::Closed { why: given },
    ]
}

fn asked(text: &str, add: &mut Add<'_>) {
    let task = id();
    for (answer, words) in [
        ("queued", answers::queued(&task, Some(LINK))),
        ("known", answers::known(&task, "waiting")),
        ("stopping already", answers::stopping_already(&task, text, true)),
        ("failed", answers::failed(text)),
        ("no log", hints::no_log(&task, "agent-1763700009-k3x9", text)),
        ("not started", hints::not_started(&task)),
    ] {
        add(answer, said(words));
    }
    add("whether to stop it", answers::stop_it(&task, 7, Some(at(0))));
    add("a form given back", hints::given_back(&refused(text), text));
    let channel = ChannelId::new(5);
    for shown in Shown::ALL {
        add("settings", settings::settings(channel, Showing { shown, threads: true }, &[ChannelId::new(6)]));
    }
    let line = Line { task: &task, state: "running", text, requester: text, model: Some(text), since: at(0), link: Some(LINK) };
    let troubles = vec![text.to_owned(); 9];
    let glance = Glance { closed: Some(text), troubles: &troubles, spent_today: "$1", ceiling: Some("$2"), ..Glance::default() };
    add("the status", panels::status(&glance, &[line; 4]));
    add("the queue", panels::queue(&[line; 4], &[line; 4], 99));
    for running in [true, false] {
        let log = Log { task: &task, agent_id: "agent-1763700009-k3x9", attempt: 2, running, text, left_out: 9 };
        add("a log", panels::log(&log));
    }
    let names = vec![text.to_owned(); 3];
    add("help", panels::help(&[("task", "Give an agent a task."), ("why", "Say why.")], Some("<#5>"), &names, &names));
    for state in ["waiting", "delayed", "held", "asked", "running", "failed"] {
        add(&format!("the details of one that is {state}"), detail::detail(&details(text, state)));
    }
}

fn details(text: &str, state: &str) -> TaskDetail {
    let attempt = AttemptView {
        number: 1,
        state: "ended".into(),
        outcome: Some(Outcome::Failed),
        reason: Some(text.to_owned()),
        agent_id: "agent-1763700009-k3x9".into(),
        claimed_at: at(9),
        started_at: Some(at(10)),
        ended_at: Some(at(13)),
        duration_ms: Some(3_200),
        model: Some(text.to_owned()),
        tokens: Some(usage()),
        cost: "$0.001215".into(),
        cost_nanos: Some(1_215_000),
        cost_from: None,
        checked: Some(checked(text)),
        workspace: None,
        remarks: vec![text.to_owned()],
    };
    TaskDetail {
        summary: TaskSummary {
            id: id(),
            state: state.to_owned(),
            outcome: None,
            finding: Some(Finding::Gaps),
            requester: text.to_owned(),
            text: text.to_owned(),
            agent: "openclaw".into(),
            model: Some(text.to_owned()),
            thinking: Thinking::Medium,
            priority: 100,
            created_at: at(0),
            started_at: None,
            ended_at: None,
            attempt: Some(1),
            agent_id: None,
            cost: "N/A".into(),
            cost_nanos: None,
        },
        prompt: text.to_owned(),
        model_id: None,
        time_limit_s: 120,
        budget: None,
        checks: Vec::new(),
        isolation: None,
        reason: Some(text.to_owned()),
        now: None,
        asks: vec![Asked { question: question(text), decision: None }],
        queue_position: Some(3),
        links: Links { message: Some(LINK.to_owned()), result: Some(LINK.to_owned()) },
        attempts: vec![attempt; 7],
        result: Some(ResultView {
            text: text.to_owned(),
            text_left_out: 0,
            summary: None,
            partial: true,
            outputs: BTreeMap::default(),
            files: Vec::new(),
            log_tail: None,
        }),
        delivered: false,
        events: Vec::new(),
    }
}

fn reasons(text: &str, add: &mut Add<'_>) {
    let runner = Runner { task: id(), link: Some(LINK.to_owned()), requester: text.to_owned(), since: at(0) };
    let (running, given) = (vec![runner; 3], text.to_owned());
    let failing = Entry::Failing { tries: 3, error: given.clone(), again: at(9) };
    let ended = |entry| Cause::Ended {
        at: at(0),
        outcome: Outcome::Failed,
        reason: Some(given.clone()),
        last_line: Some(given.clone()),
        ran: true,
        entry,
    };
    let causes = [
        ("waiting", Cause::Waiting { place: Some(3), slots: 3, running: running.clone(), own: Some((2, given.clone())) }),
        ("parked", Cause::Parked { gate: given.clone(), running }),
        ("held", Cause::Held { by: Some((given.clone(), at(0))) }),
        ("asked", Cause::Asked { written: at(0) }),
        ("delayed", Cause::Delayed { until: at(9), reason: Some(given.clone()) }),
        ("running", Cause::Unmarked { since: at(0), trouble: Some((given.clone(), at(9))) }),
        ("running", Cause::Starting { since: at(0) }),
        ("running", Cause::Running { since: at(0), limit: Duration::from_secs(60), asked: true, last_line: Some(given.clone()) }),
        ("running", Cause::Permission { question: question(&given) }),
        ("running", Cause::Stopping { by: given.clone(), out_of_money: false }),
        ("failed", ended(failing)),
        ("failed", ended(Entry::Stands(LINK.to_owned()))),
        ("failed", ended(Entry::Undeliverable { reason: given.clone() })),
    ];
    let shuts = [
        None,
        Some(Shut::Paused { by: given.clone(), others: Some((1..9).map(RoleId::new).collect()) }),
        Some(Shut::Unmarkable { reason: given.clone() }),
        Some(Shut::DiskLow { reason: given.clone() }),
    ];
    for ((state, cause), shut) in causes.into_iter().zip(shuts.into_iter().cycle()) {
        let why = Why { task: id(), state: state.to_owned(), version: 7, has_budget: true, link: Some(LINK.to_owned()), shut, cause };
        add(&format!("why one is {state}"), why::answer(&why));
        add(&format!("the story of one that is {state}"), why::story(&why, &vec![(at(0), text.to_owned()); 3]));
    }
}
