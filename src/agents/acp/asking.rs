//! Questions of the agent: whether it may do something. Decided by the policy, or put to people and answered when an answer is found.
//!
//! A question goes out as a line; its answer comes as a file in a folder that the agent, where it has walls, can't write to. So neither needs the
//! orchestrator to live at that moment.

use std::{
    fs::{self, File},
    io::Read,
    path::PathBuf,
    time::Duration,
};

use chrono::{DateTime, Utc};
use orchestrator_core::domain::{
    acp::{Orders, Waiting},
    permission::{Answer, Decision, Ending, Offer, Policy, Question},
};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    lines::{Lines, title},
    message::answer,
};

/// How often answers are looked for.
const LOOKS: Duration = Duration::from_millis(100);
/// Largest file with an answer, in bytes.
const ANSWER: u64 = 16 << 10;
/// Longest words of a question beside its title, in characters.
const DETAIL: usize = 1_500;
/// Most offers of one question.
const OFFERS: usize = 10;
/// Most questions of one run: more than that nobody answers.
const QUESTIONS: u32 = 999;
/// Longest name by which an agent knows one of its offers, in bytes. One that is longer could not be put to anybody: no line would hold it.
const OFFER_ID: usize = 4 << 10;
/// So many beats a promise holds that somebody is waited for: one that is late must not end a run.
const PROMISED_BEATS: u32 = 3;

/// The questions of one run.
pub(super) struct Asking {
    policy: Policy,
    answers: PathBuf,
    within: Duration,
    beat: Duration,
    first: u32,
    asked: u32,
    open: Vec<Open>,
    looked_at: Instant,
    beaten_at: Instant,
    /// For how long people were waited for up to `counted_at`, by which the time limit is longer.
    waited: Duration,
    counted_at: Instant,
    /// Nobody has answered the last question in time: until somebody answers one, waiting is the agent's own time again.
    unheard: bool,
}

struct Open {
    /// By which the agent knows it.
    id: Value,
    question: Question,
    until: Instant,
}

impl Asking {
    pub(super) fn of(orders: &Orders) -> Self {
        Self {
            policy: orders.permissions,
            answers: orders.answers.clone(),
            within: Duration::from_millis(orders.answer_within_ms),
            beat: Duration::from_millis(orders.beat_ms),
            first: orders.first_question,
            asked: 0,
            open: Vec::new(),
            looked_at: Instant::now(),
            beaten_at: Instant::now(),
            waited: Duration::ZERO,
            counted_at: Instant::now(),
            unheard: false,
        }
    }

    /// The agent asks; `tool`: the title and the kind of what it asks about. What it is told at once, if anything.
    pub(super) fn asks(&mut self, id: &Value, params: &Value, tool: (String, String), lines: &mut Lines<'_>) -> Option<String> {
        if self.open.iter().any(|open| open.id == *id) {
            lines.note("the agent asked for permission twice under one number: its first question counts");
            return None;
        }
        let (offers, title) = (offers(&params["options"]), tool.0);
        if offers.is_empty() {
            lines.note("the agent asked for permission and offered nothing that could be answered: it was told that nothing was");
            denied(&title, lines);
            return Some(unanswered(id));
        }
        let too_many = self.asked >= QUESTIONS;
        if self.policy != Policy::Ask || too_many {
            if too_many {
                lines.note("the agent asked for permission more often than anybody answers: what came after that was denied");
            }
            let wanted = self.policy == Policy::Allow && !too_many;
            return Some(by_policy(id, &offers, wanted, &title, lines));
        }
        let until = wall_time() + self.within;
        let number = self.first.saturating_add(self.asked);
        self.asked += 1;
        let detail = detail(&params["toolCall"], &title);
        let question = Question { number, title, kind: tool.1, detail, offers, until };
        lines.say(&json!({ "type": "asks", "question": question }));
        self.count();
        self.open.push(Open { id: id.clone(), question, until: Instant::now() + self.within });
        self.beat(lines);
        None
    }

    /// Counts the time since the last look as waited for people, if any were.
    fn count(&mut self) {
        let now = Instant::now();
        if !self.open.is_empty() && !self.unheard {
            self.waited += now - self.counted_at;
        }
        self.counted_at = now;
    }

    /// Tells whoever keeps the time limit for how long people were waited for in all, and until when they are at least; it is a sign of life, too.
    fn beat(&mut self, lines: &mut Lines<'_>) {
        let waits = !self.open.is_empty() && !self.unheard;
        let waits_on = if waits { self.beat * PROMISED_BEATS } else { Duration::ZERO };
        let waiting = Waiting { waits_on_ms: millis(waits_on), waited_ms: millis(self.waited) };
        lines.say(&waiting.line());
        self.beaten_at = Instant::now();
    }

    /// When it has to be looked after next.
    pub(super) fn due(&self) -> Option<Instant> {
        (!self.open.is_empty()).then(|| self.looked_at + LOOKS)
    }

    /// Looks for answers, and denies what nobody has answered in time. What the agent is told.
    pub(super) fn look(&mut self, lines: &mut Lines<'_>) -> Vec<String> {
        let now = Instant::now();
        if self.due().is_none_or(|due| now < due) {
            return Vec::new();
        }
        self.looked_at = now;
        self.count();
        let mut told = Vec::new();
        for open in std::mem::take(&mut self.open) {
            let number = open.question.number;
            let decision = self.decision(number).filter(|decision| may_be(&open.question, decision.answer));
            match decision {
                Some(Decision { answer, by, .. }) => {
                    self.unheard = false;
                    lines.say(&json!({ "type": "answered", "number": number, "ending": Ending::Answered, "answer": answer, "by": by }));
                    told.push(match open.question.offer(answer) {
                        Some(offer) => {
                            if !answer.allows() {
                                denied(&open.question.title, lines);
                            }
                            selected(&open.id, offer)
                        }
                        None => by_policy(&open.id, &open.question.offers, false, &open.question.title, lines),
                    });
                }
                None if now >= open.until => {
                    self.unheard = true;
                    lines.say(&json!({ "type": "answered", "number": number, "ending": Ending::Expired }));
                    lines.note("nobody answered in time when the agent asked for permission: it was denied");
                    told.push(by_policy(&open.id, &open.question.offers, false, &open.question.title, lines));
                }
                None => self.open.push(open),
            }
        }
        // Whoever waits for a person is not silent.
        if !told.is_empty() || self.beaten_at.elapsed() >= self.beat {
            self.beat(lines);
        }
        told
    }

    /// The run is being stopped. What the agent is told: nobody will answer any more.
    pub(super) fn cancel(&mut self, lines: &mut Lines<'_>) -> Vec<String> {
        self.count();
        let open = std::mem::take(&mut self.open);
        let ends = open.into_iter().map(|open| {
            lines.say(&json!({ "type": "answered", "number": open.question.number, "ending": Ending::Cancelled }));
            unanswered(&open.id)
        });
        ends.collect()
    }

    fn decision(&self, number: u32) -> Option<Decision> {
        let file = File::open(self.answers.join(format!("{number}.json"))).ok()?;
        if !file.metadata().is_ok_and(|seen: fs::Metadata| seen.is_file()) {
            return None;
        }
        let mut text = String::new();
        file.take(ANSWER).read_to_string(&mut text).ok()?;
        serde_json::from_str(&text).ok()
    }
}

/// Whether a question can be answered so. A no needs no offer: an agent that is told nothing may not.
fn may_be(question: &Question, answer: Answer) -> bool {
    answer == Answer::RejectOnce || question.offer(answer).is_some()
}

/// What is offered as an answer; what is no offer that we know is passed over.
fn offers(options: &Value) -> Vec<Offer> {
    let read = |option: &Value| {
        let id = option["optionId"].as_str().filter(|id| id.len() <= OFFER_ID)?.to_owned();
        let answer: Answer = serde_json::from_value(option["kind"].clone()).ok()?;
        Some(Offer { id, answer, name: title(option["name"].as_str().unwrap_or_default()) })
    };
    options.as_array().into_iter().flatten().filter_map(read).take(OFFERS).collect()
}

/// The command or the paths that a call is about, where its title does not tell them already.
fn detail(call: &Value, title: &str) -> Option<String> {
    let input = &call["rawInput"];
    let command = match &input["command"] {
        Value::String(command) => Some(command.clone()),
        Value::Array(words) => Some(words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")),
        _ => None,
    };
    let paths = || {
        let named = ["file_path", "filePath", "path", "url"].into_iter().filter_map(|name| input[name].as_str());
        let located = call["locations"].as_array().into_iter().flatten().filter_map(|place| place["path"].as_str());
        let mut paths: Vec<&str> = named.chain(located).collect();
        paths.dedup();
        (!paths.is_empty()).then(|| paths.join("\n"))
    };
    let told = command.filter(|command| !command.trim().is_empty()).or_else(paths)?;
    let told: String = told.chars().take(DETAIL).collect();
    (self::title(&told) != title).then_some(told)
}

/// What is decided without a person.
fn by_policy(id: &Value, offers: &[Offer], allow: bool, title: &str, lines: &mut Lines<'_>) -> String {
    // Once before for ever: what is for ever may be written into files that outlive the run.
    let wanted = if allow { [Answer::AllowOnce, Answer::AllowAlways] } else { [Answer::RejectOnce, Answer::RejectAlways] };
    let offer = wanted.into_iter().find_map(|answer| offers.iter().find(|offer| offer.answer == answer));
    if !allow || offer.is_none() {
        denied(title, lines);
    }
    if allow && offer.is_none() {
        lines.note("the agent asked for permission and offered no yes: it was told nothing");
    }
    offer.map_or_else(|| unanswered(id), |offer| selected(id, offer))
}

fn denied(title: &str, lines: &mut Lines<'_>) {
    lines.say(&json!({ "type": "denied", "calls": [title] }));
}

fn selected(id: &Value, offer: &Offer) -> String {
    answer(id, &json!({ "outcome": { "outcome": "selected", "optionId": offer.id } }))
}

/// What a question that nobody will answer any more is told.
pub(super) fn unanswered(id: &Value) -> String {
    answer(id, &json!({ "outcome": { "outcome": "cancelled" } }))
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[expect(clippy::disallowed_methods, reason = "the bridge outlives the orchestrator and its Clock; its deadlines do not use this")]
fn wall_time() -> DateTime<Utc> {
    std::time::SystemTime::now().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_detail_says_what_the_title_does_not() {
        let told = |call: &Value, title: &str| detail(call, title);

        assert_eq!(told(&json!({"rawInput": {"command": "touch hi.txt"}}), "touch hi.txt"), None);
        assert_eq!(told(&json!({"rawInput": {"command": ["rm", "-r", "x"]}}), "shell"), Some("rm -r x".to_owned()));
        let edit = json!({"rawInput": {"file_path": "/a/b"}, "locations": [{"path": "/a/b"}, {"path": "/c"}]});
        assert_eq!(told(&edit, "Edit"), Some("/a/b\n/c".to_owned()));
        assert_eq!(told(&json!({}), "Edit"), None);
    }

    #[test]
    fn offers_that_nobody_knows_are_passed_over() {
        let read = offers(
            &json!([{"optionId": "a", "kind": "allow_once", "name": "Yes"}, {"optionId": "b", "kind": "perhaps"}, {"kind": "allow_once"}, 7]),
        );

        assert_eq!(read, [Offer { id: "a".to_owned(), answer: Answer::AllowOnce, name: "Yes".to_owned() }]);
        assert!(offers(&json!({})).is_empty());
    }
}
