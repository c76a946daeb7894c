//! A sound history of one task, to be doctored.

use crate::{
    agents::{Agent, Deed, cost_of, result_of},
    evidence::{Course, Entry, Evidence, Run, Shown},
    fate::{Fate, Taken},
    script::{Door, Who, Wish},
    settings::{Cards, Settings},
    store::{AttemptRow, LedgerRow, LetterRow, Store, TaskRow},
    task::Tag,
};

pub(super) const ID: &str = "1";
pub(super) const ATTEMPT: &str = "att_1";

pub(super) fn attempt(id: &str, number: u32) -> AttemptRow {
    AttemptRow {
        id: id.to_owned(),
        task: ID.to_owned(),
        number,
        state: "ended".to_owned(),
        live: false,
        outcome: Some("succeeded".to_owned()),
        cost: Some(cost_of(0)),
        claimed_at: 10,
        agent_id: format!("agent-{id}"),
        finding: None,
    }
}

pub(super) fn letter() -> LetterRow {
    LetterRow { task: Some(ID.to_owned()), is_result: true, state: "delivered".to_owned() }
}

pub(super) fn evidence() -> Evidence {
    let mut fate = Fate::new(0, Door::Message, Who::Admin, Agent { deed: Deed::Succeed, ms: 0 }, Wish::None);
    fate.id = Some(ID.to_owned());
    fate.message = ID.parse().ok();
    fate.taken = Taken::Must;
    let cost = Some(cost_of(0));
    Evidence {
        course: Course {
            settings: Settings {
                slots: 1,
                attempts: 1,
                grace: 0,
                limits: false,
                keep: true,
                by_role: false,
                worker_bots: false,
                cards: Cards::Silent,
                heartbeat_ms: 41_250,
                checked: false,
                walled: false,
                instead: false,
            },
            fates: vec![fate],
            stops: 0,
            clock_moved: false,
            said: String::new(),
            last_exit: Some(0),
            listed: Some(serde_json::json!({"tasks": [{"id": ID, "cost_nanos": cost}]})),
        },
        entries: vec![Entry { task: ID.to_owned(), tag: Tag::Success, number: Some(1), cost, text: result_of("t0v0") }],
        garbled: Vec::new(),
        runs: vec![Run { task: ID.to_owned(), attempt: ATTEMPT.to_owned(), label: "t0v0".to_owned() }],
        checked: Vec::new(),
        permitted: Vec::new(),
        store: Store {
            integrity: "ok".to_owned(),
            tasks: vec![TaskRow {
                id: ID.to_owned(),
                open: false,
                outcome: Some("succeeded".to_owned()),
                message: Some(1),
                prompt: String::new(),
            }],
            attempts: vec![attempt(ATTEMPT, 1)],
            ledger: vec![LedgerRow { attempt: ATTEMPT.to_owned(), task: ID.to_owned(), cost }],
            letters: vec![letter()],
            spent: cost_of(0),
            marks_wanted: 0,
        },
        shown: vec![Shown { id: 1, signs: vec!["✅".to_owned(), "🏁".to_owned()], ..Shown::default() }],
        finished: [("✅ Agent `a` finished".to_owned(), 1)].into(),
        ticks_removed: Vec::new(),
        left: Vec::new(),
        controls: Vec::new(),
        leaks: Vec::new(),
    }
}
