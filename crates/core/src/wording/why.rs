//! The answer to "why isn't it moving?": what holds a task where it is, and what would move it. And its story, for "why did this happen?".

mod sentences;

use std::time::Duration;

use chrono::{DateTime, Utc};

use self::sentences::REASON;
use super::{
    answers::{self, buttons},
    figures, fit,
    harmless::sentence,
    permission,
};
use crate::domain::{
    attempt::Outcome,
    component::{MAX_BUTTONS, Row, Verb},
    id::{RoleId, TaskId},
    money::Usd,
    outbound::{Embed, Post},
    permission::Question,
    quota::Wait,
};

/// The bar's colour.
const CALM: u32 = 0x58_65f2;
/// Most characters of a box's text. Source: Discord developer documentation, "Embed Limits".
const BOX: usize = 4_096;
/// How many events a story tells, the latest ones.
const EVENTS: usize = 25;

/// Who reads it: each has times in his own way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// Discord shows each reader his own clock.
    Discord,
    /// A terminal shows UTC.
    Terminal,
}

/// What is known of why a task is where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    /// The task.
    pub task: TaskId,
    /// The word for what it is doing.
    pub state: String,
    /// How many counted attempts have begun.
    pub version: u32,
    /// Whether it has a budget of its own.
    pub has_budget: bool,
    /// Where its message is.
    pub link: Option<String>,
    /// Why nothing is started at present, if so.
    pub shut: Option<Shut>,
    /// What holds it.
    pub cause: Cause,
}

/// Why nothing is started at present.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shut {
    /// Somebody paused everything.
    Paused {
        /// Who.
        by: String,
        /// Roles that may resume; none: the reader himself may.
        others: Option<Vec<RoleId>>,
    },
    /// ✅ is refused.
    Unmarkable {
        /// Discord's words.
        reason: String,
    },
    /// The disk is nearly full.
    DiskLow {
        /// How full.
        reason: String,
    },
    /// The day's ceiling is reached.
    DailyCeiling {
        /// What the day has cost.
        spent: Usd,
        /// The ceiling.
        ceiling: Option<Usd>,
    },
}

/// What holds a task where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// It waits for its turn.
    Waiting {
        /// Its place, from 1.
        place: Option<u64>,
        /// How many tasks run at once.
        slots: u32,
        /// What fills the slots.
        running: Vec<Runner>,
        /// As many of its requester's tasks run as may: so many, and whose.
        own: Option<(u32, String)>,
    },
    /// It waits at a gate.
    Parked {
        /// Which.
        gate: String,
        /// What is in front of it.
        running: Vec<Runner>,
    },
    /// It waits for its agent's quota.
    OutOfQuota(Wait),
    /// It is held.
    Held {
        /// By whom and since when, if that was told.
        by: Option<(String, DateTime<Utc>)>,
    },
    /// Its requester is asked about it.
    Asked {
        /// When it was written.
        written: DateTime<Utc>,
    },
    /// It is tried again later.
    Delayed {
        /// When.
        until: DateTime<Utc>,
        /// What went wrong before.
        reason: Option<String>,
    },
    /// It is claimed, and its ✅ does not stand yet.
    Unmarked {
        /// When it was claimed.
        since: DateTime<Utc>,
        /// The last refusal of the ✅, and when it is tried again.
        trouble: Option<(String, DateTime<Utc>)>,
    },
    /// Its agent is about to be started.
    Starting {
        /// When it was claimed.
        since: DateTime<Utc>,
    },
    /// Its agent works.
    Running {
        /// When it was started.
        since: DateTime<Utc>,
        /// How long it may.
        limit: Duration,
        /// Whether people were asked meanwhile: the end of that time is another then.
        asked: bool,
        /// The last line of its log; none: it has written nothing, or its log can't be read.
        last_line: Option<String>,
    },
    /// Its agent works, and waits for somebody's permission.
    Permission {
        /// For this.
        question: Question,
    },
    /// Its agent is being stopped.
    Stopping {
        /// Who asked for it.
        by: String,
        /// Whether that is no person but its money, which has run out; then it tells how.
        out_of_money: bool,
    },
    /// It is over.
    Ended {
        /// When.
        at: DateTime<Utc>,
        /// How.
        outcome: Outcome,
        /// Why, in words.
        reason: Option<String>,
        /// The last line of its log, where that says more.
        last_line: Option<String>,
        /// Whether anything of it ran, so that there is a log.
        ran: bool,
        /// Where its entry in the results is.
        entry: Entry,
    },
}

/// A task that runs, and is in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Runner {
    /// Its id.
    pub task: TaskId,
    /// Where its message is.
    pub link: Option<String>,
    /// Whose it is.
    pub requester: String,
    /// When it was started, or claimed.
    pub since: DateTime<Utc>,
}

/// Where a task's entry in the results is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Nothing is known of one.
    Unknown,
    /// It stands there.
    Stands(String),
    /// It has not been sent yet.
    Waiting,
    /// It was sent in vain.
    Failing {
        /// How often.
        tries: u32,
        /// The last refusal.
        error: String,
        /// When it is sent again.
        again: DateTime<Utc>,
    },
    /// It will not be delivered.
    Undeliverable {
        /// Why.
        reason: String,
    },
}

impl Why {
    /// What would move the task, most likely first.
    pub fn moves(&self) -> Vec<Verb> {
        let mut moves = Vec::new();
        if self.is_shut() && matches!(self.shut, Some(Shut::Paused { others: None, .. })) {
            moves.push(Verb::Resume);
        }
        let never_ran = matches!(self.cause, Cause::Ended { ran: false, .. });
        let usual = if let Cause::Stopping { .. } = self.cause { &[Verb::Logs] } else { buttons::verbs(&self.state, self.has_budget) };
        moves.extend(usual.iter().filter(|verb| !(never_ran && **verb == Verb::Logs)));
        moves
    }

    /// Whole sentences: what holds it, and what is in its way.
    pub fn lines(&self, reader: Reader) -> Vec<String> {
        let mut lines = Vec::new();
        if self.is_shut() {
            lines.extend(self.shut.as_ref().map(|shut| sentences::shut_words(shut, reader)));
        }
        if let Cause::Permission { question } = &self.cause {
            lines.push(match reader {
                Reader::Discord => permission::waits(question),
                Reader::Terminal => permission::waits_plainly(&self.task, question),
            });
        }
        sentences::cause(&self.cause, self.is_shut(), reader, &mut lines);
        lines
    }

    /// Whether it matters for this task that nothing is started.
    fn is_shut(&self) -> bool {
        let needs_a_start = match self.cause {
            Cause::Waiting { .. }
            | Cause::Parked { .. }
            | Cause::OutOfQuota(_)
            | Cause::Delayed { .. }
            | Cause::Unmarked { .. }
            | Cause::Starting { .. } => true,
            Cause::Held { .. }
            | Cause::Asked { .. }
            | Cause::Running { .. }
            | Cause::Permission { .. }
            | Cause::Stopping { .. }
            | Cause::Ended { .. } => false,
        };
        needs_a_start && self.shut.is_some()
    }
}

/// `/why`: one box, and the buttons that would move the task.
pub fn answer(why: &Why) -> Post {
    post(why, why.lines(Reader::Discord))
}

/// "Why did this happen?": what happened to the task (when, and what, as [`super::because::happened`] says it), and why it is where it is.
pub fn story(why: &Why, events: &[(DateTime<Utc>, String)]) -> Post {
    let left_out = events.len().saturating_sub(EVENTS);
    let mut lines = why.lines(Reader::Discord);
    lines.push("**What happened:**".to_owned());
    if left_out > 0 {
        lines.push(format!("-# {} before these", figures::counted(left_out as u64, "event", "events")));
    }
    lines.extend(events.iter().skip(left_out).map(|(at, what)| format!("<t:{}:f> {}", at.timestamp(), sentence(what, REASON))));
    post(why, lines)
}

fn post(why: &Why, lines: Vec<String>) -> Post {
    let id = why.link.as_ref().map_or_else(|| format!("`{}`", why.task), |link| format!("[`{}`]({link})", why.task));
    let head = format!("{} {id} · **{}**", answers::sign(&why.state), answers::state_in_words(&why.state));
    let (mut description, mut left_out) = (head, false);
    for line in lines {
        // Whole lines only: half a link is none.
        left_out |= fit::length(&description) + fit::length(&line) + 3 > BOX;
        if !left_out {
            description.push('\n');
            description.push_str(&line);
        }
    }
    if left_out {
        description.push_str("\n…");
    }
    let buttons: Vec<_> =
        why.moves().into_iter().take(MAX_BUTTONS).map(|verb| buttons::of_task(verb, &why.task, &why.state, why.version)).collect();
    let mut rows = if buttons.is_empty() { Vec::new() } else { vec![Row::Buttons { buttons }] };
    if let Cause::Permission { question } = &why.cause {
        rows.insert(0, Row::Buttons { buttons: permission::buttons(&why.task, question) });
    }
    Post { embeds: vec![Embed { description, colour: CALM }], rows, ..Post::default() }
}

#[cfg(test)]
mod tests;
