//! The entry of a finished task in #results, whole (a message of its own) or shortened (several boxes in one message).
//!
//! The first line and the attempt number are its visible mark: by them a history search finds out whether it stands. Both come before
//! anything that an agent wrote.

use std::borrow::Borrow;

use super::{
    checks, figures, fit,
    harmless::{code, in_fence, plain, sentence, value},
};
use crate::domain::{
    attempt::{Outcome, Report},
    id::TaskId,
    money::CostFrom,
    outbound::{Embed, LongResult, Post, PostFile, ResultFacts},
};

/// Most boxes in one message. Source: Discord developer documentation, "Create Message", field `embeds`.
const EMBEDS: usize = 10;
/// Most characters in all boxes of one message together. Source: the same, "Embed Limits".
const EMBEDS_TOTAL: usize = 6_000;
/// Most characters in one box's text (4,096 at Discord): more is no overview.
const EMBED: usize = 3_000;
/// Most bytes of files that several entries share one message with. Discord takes three times as much in a request ("Uploading Files": 25 MiB);
/// but one that fails is sent again whole, and is whole in memory.
const FILES_TOTAL: u64 = 8 << 20;
/// Most bytes of one file: below Discord's 10 MiB.
const FILE: u64 = 8 << 20;
/// How much of the prompt is shown. Source: contract 003 §5.
const PROMPT: usize = 500;

const SUMMARY: &str = "Summary";
const ATTEMPT: &str = "**Attempt:** ";

/// The entry as a message of its own.
pub fn entry(facts: &ResultFacts) -> Post {
    let composed = compose(facts, fit::MESSAGE);
    Post { content: composed.text, reply_to: facts.answers, files: composed.file.into_iter().collect(), ..Post::default() }
}

/// The first of several waiting entries in one message, and how many of them it holds (at least one, if there is one). An entry that answers
/// an earlier one always has a message of its own.
pub fn batch<F: Borrow<ResultFacts>>(facts: &[F]) -> (Post, usize) {
    let facts: Vec<&ResultFacts> = facts.iter().take(EMBEDS).map(Borrow::borrow).collect();
    let alone = facts.iter().take_while(|facts| facts.answers.is_none()).count();
    let mut together = alone;
    while together > 1 {
        let limit = EMBED.min(EMBEDS_TOTAL / together);
        let composed: Vec<_> = facts[..together].iter().map(|facts| (compose(facts, limit), facts.report.outcome)).collect();
        let bytes: u64 = composed.iter().filter_map(|(one, _)| one.file.as_ref()).map(PostFile::size).sum();
        if bytes <= FILES_TOTAL {
            let mut post = Post::default();
            for (one, outcome) in composed {
                post.embeds.push(Embed { description: one.text, colour: colour(outcome) });
                post.files.extend(one.file);
            }
            return (post, together);
        }
        together -= 1;
    }
    facts.first().map_or_else(|| (Post::default(), 0), |first| (entry(first), 1))
}

/// The entries that a text of ours holds: a message's content or one box's text. An entry is recognised only where it begins the text, so that
/// nothing that an agent wrote is taken for one. The number is the attempt's, 0 for a task that never ran.
pub fn marks_of(text: &str) -> Vec<(TaskId, u32)> {
    mark_of(text).into_iter().collect()
}

fn mark_of(text: &str) -> Option<(TaskId, u32)> {
    let mut lines = text.lines();
    let (tag, rest) = lines.next()?.strip_prefix("**[")?.split_once("]** `")?;
    let known = OUTCOMES.iter().any(|outcome| outcome.tag() == tag);
    let id = rest.split_once('`').filter(|_| known)?.0.parse().ok()?;
    // The third line holds nothing but figures: an agent's name for its model stands in the second.
    let (_, number) = lines.nth(1)?.rsplit_once(ATTEMPT)?;
    Some((id, if number == NEVER { 0 } else { number.parse().ok().filter(|n| *n > 0)? }))
}

const NEVER: &str = "none";
const OUTCOMES: [Outcome; 6] =
    [Outcome::Succeeded, Outcome::Failed, Outcome::TimedOut, Outcome::Cancelled, Outcome::Interrupted, Outcome::OverBudget];

/// The bar's colour of an outcome.
pub fn colour(outcome: Outcome) -> u32 {
    match outcome {
        Outcome::Succeeded => 0x2e_cc71,
        Outcome::Failed => 0xe7_4c3c,
        Outcome::TimedOut => 0xe6_7e22,
        Outcome::Cancelled => 0x95_a5a6,
        Outcome::Interrupted => 0x9b_59b6,
        Outcome::OverBudget => 0xf1_c40f,
    }
}

struct Composed {
    text: String,
    file: Option<PostFile>,
}

/// Room that is left, and what had none.
struct Room {
    left: usize,
    skipped: Vec<&'static str>,
}

impl Room {
    /// Takes a section if it fits beside `reserved`; each section brings its line break.
    fn take(&mut self, name: &'static str, section: Option<String>, reserved: usize) -> Option<String> {
        let section = section?;
        let needed = fit::length(&section) + 1;
        if needed + reserved > self.left {
            self.skipped.push(name);
            return None;
        }
        self.left -= needed;
        Some(section)
    }
}

/// Words an entry within `limit` units (at least 600). First comes what must stand, then the sections in the order of their worth as far as
/// there is room beside the result's share; the result gets what is left. What does not fit is named, and the whole result goes along as a file.
fn compose(facts: &ResultFacts, limit: usize) -> Composed {
    const SKIPPED_LINE: usize = 80;
    let report = &facts.report;
    let whole = limit >= 1_200;
    let head = head(facts, whole);
    let mut room = Room { left: limit.saturating_sub(fit::length(&head) + SKIPPED_LINE), skipped: Vec::new() };

    let reason = report.reason.as_deref().map(|reason| format!("**Reason:** {}", sentence(reason, if whole { 300 } else { 110 })));
    let reason = room.take("reason", reason, 0);

    let found =
        report.checked.as_ref().map(|checked| if whole { checks::lines(checked, true).join("\n") } else { checks::in_short(checked) });
    let found = room.take("checks", found, 0);

    let body = Body::of(facts, limit);
    let share = body.as_ref().map_or(0, Body::wanted).min(room.left * 2 / 5);
    let outputs = room.take(
        "outputs",
        list(
            "**Outputs:**",
            facts.report.outputs.iter().map(|(name, text)| format!("{}: {}", plain(name, 60), value(text, 150))),
            if whole { 300 } else { 120 },
        ),
        share,
    );
    let prompt = room.take("prompt", Some(prompt(facts, whole)), share);
    let workspace = room.take("workspace", facts.workspace.as_deref().map(|path| format!("**Workspace:** {}", code(path, 200))), share);
    let files = room.take(
        "files",
        list(
            "**Files:**",
            report.files.iter().map(|(name, size)| format!("{} ({})", code(name, 80), figures::bytes(*size))),
            if whole { 250 } else { 100 },
        ),
        share,
    );
    let remarks = room.take("remarks", remarks(report, if whole { 300 } else { 110 }), share);

    let printed = room.take("what the check printed", report.checked.as_ref().filter(|_| whole).and_then(checks::output), share);

    let (body, file) = body.map_or((None, None), |body| body.within(facts, &mut room));
    let log = report.log_tail.as_deref().filter(|_| room.left > 120).and_then(|log| log_section(log, room.left));

    let skipped = (!room.skipped.is_empty()).then(|| format!("-# No room here for: {}", room.skipped.join(", ")));
    let sections = [Some(head), reason, found, prompt, body, printed, log, outputs, files, workspace, remarks, skipped];
    let text = sections.into_iter().flatten().collect::<Vec<_>>().join("\n");
    Composed { text: fit::cut(&text, limit).into_owned(), file }
}

/// The first three lines: tag, id and agent; model and thinking; tokens, cost, duration and attempt.
fn head(facts: &ResultFacts, whole: bool) -> String {
    let (report, wishes) = (&facts.report, &facts.task.wishes);
    let by = facts.agent_id.as_deref().map_or_else(|| "· never started".to_owned(), |agent| format!("by **{}**", plain(agent, 48)));
    let shown = wishes.model_shown.as_deref();
    let answered = report.model.as_deref().or(wishes.model.as_ref().map(|id| id.0.as_str()));
    let model = match (shown, answered) {
        (Some(shown), Some(answered)) if shown != answered && whole => format!("{} ({})", code(shown, 60), code(answered, 100)),
        (_, Some(answered)) if !whole && report.model.as_ref() != wishes.model.as_ref().map(|id| &id.0) => code(answered, 50),
        (Some(shown), _) => code(shown, if whole { 100 } else { 50 }),
        (None, Some(answered)) => code(answered, if whole { 100 } else { 50 }),
        (None, None) => "the agent's own".to_owned(),
    };
    let never = facts.agent_id.is_none();
    let (tokens, cost) =
        if never { ("none".to_owned(), "$0".to_owned()) } else { (figures::tokens(report.usage.as_ref()), figures::cost(report.cost)) };
    let number = if facts.number == 0 { NEVER.to_owned() } else { facts.number.to_string() };
    format!(
        "**[{}]** `{}` {by}\n**Model:** {model} · **Thinking:** {}\n**Tokens:** {tokens} · **Cost:** {cost} · **Duration:** {} · {ATTEMPT}{number}",
        report.outcome.tag(),
        facts.task.id,
        wishes.thinking,
        figures::duration(report.duration),
    )
}

fn prompt(facts: &ResultFacts, whole: bool) -> String {
    let prompt = facts.task.prompt.trim();
    if !whole {
        return format!("**Task:** {}", code(prompt, 60));
    }
    let inside = in_fence(prompt);
    let shown = fit::cut(&inside, PROMPT);
    let note = if fit::length(&inside) > PROMPT {
        format!(" (the first {PROMPT} of {} characters)", figures::thousands(prompt.chars().count() as u64))
    } else {
        String::new()
    };
    format!("**Task:**{note}\n```\n{shown}\n```")
}

/// What the entry shows of the agent's answer.
struct Body<'a> {
    title: &'static str,
    text: &'a str,
    /// The beginning of the text, made harmless: no more than an entry can hold.
    inside: String,
    /// Whether that beginning is all of it.
    whole: bool,
    /// Whether the whole result goes along even if the text fits: it is another text, or more than was kept.
    attach: bool,
}

impl<'a> Body<'a> {
    fn of(facts: &'a ResultFacts, limit: usize) -> Option<Self> {
        let report = &facts.report;
        let text = report.text.trim();
        let summary = report.summary.as_deref().map(str::trim).filter(|summary| !summary.is_empty() && *summary != text);
        let (title, shown, attach) = match (summary, text.is_empty()) {
            (None, true) => return None,
            (Some(summary), none) => (SUMMARY, summary, !none),
            (None, false) => {
                (if report.partial { "Partial result" } else { "Result" }, text, report.text_left_out > 0 || report.aside.is_some())
            }
        };
        let beginning = fit::head(shown, limit);
        Some(Self { title, text: shown, inside: in_fence(beginning), whole: beginning.len() == shown.len(), attach })
    }

    /// Room that the section would like to have.
    fn wanted(&self) -> usize {
        fit::length(&self.inside) + 120
    }

    /// The section in what room is left, and the file if the section does not hold the whole result.
    fn within(self, facts: &ResultFacts, room: &mut Room) -> (Option<String>, Option<PostFile>) {
        let frame = |shown: &str, note: &str| format!("**{}:**\n```\n{shown}\n```{note}", self.title);
        let complete = frame(&self.inside, "");
        let whole = self.whole;
        if whole && !self.attach && fit::length(&complete) < room.left {
            return (room.take("result", Some(complete), 0), None);
        }
        // Where nothing but a summary was written there is no other whole than itself.
        let file = if facts.report.text.trim().is_empty() {
            PostFile::of(file_name(facts), self.text.to_owned())
        } else {
            file_of(facts, file_name(facts))
        };
        let there = match facts.report.text_left_out {
            0 => format!("the whole text is in `{}`", file.name),
            bytes => {
                let kept = figures::bytes(facts.report.text_bytes());
                format!("{kept} of it are in `{}`, {} more in the workspace only", file.name, figures::bytes(bytes))
            }
        };
        let told = frame(&self.inside, &format!("\n-# More: {there}"));
        if whole && fit::length(&told) < room.left {
            return (room.take("result", Some(told), 0), Some(file));
        }
        let of_result = facts.report.aside.filter(|_| self.title != SUMMARY);
        let all = figures::thousands(of_result.map_or_else(|| self.text.chars().count() as u64, |whole| whole.characters));
        let note = |shown: usize| format!("\n-# The first {} of {all} characters; {there}", figures::thousands(shown as u64));
        let bare = fit::length(&frame("", &note(fit::MESSAGE))) + 1;
        let shown = fit::cut(&self.inside, room.left.saturating_sub(bare));
        let characters = shown.chars().filter(|c| *c != '\u{200b}').count();
        let section = (characters > 10).then(|| frame(&shown, &note(characters - 1)));
        if section.is_none() {
            room.skipped.push("result");
        }
        (room.take("result", section, 0), Some(file))
    }
}

fn file_name(facts: &ResultFacts) -> String {
    let id: String = facts.task.id.as_str().replace(':', "-");
    let again = if facts.number > 1 { format!("-attempt-{}", facts.number) } else { String::new() };
    format!("result-{id}{again}.md")
}

/// The whole result as a file, as far as one file takes it. One that stands beside its report is not read for that.
pub(super) fn file_of(facts: &ResultFacts, name: String) -> PostFile {
    match facts.attempt.zip(facts.report.aside) {
        Some((attempt, whole)) => {
            PostFile { name, text: String::new(), result: Some(LongResult { attempt, bytes: whole.bytes.min(FILE) }) }
        }
        None => PostFile::of(name, in_a_file(&facts.report.text).to_owned()),
    }
}

/// As much of a text as goes into one file.
pub fn in_a_file(text: &str) -> &str {
    let mut end = text.len().min(usize::try_from(FILE).unwrap_or(usize::MAX));
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

fn log_section(log: &str, room: usize) -> Option<String> {
    const TITLE: &str = "**End of the log:**";
    let inside = in_fence(log.trim());
    let tail = fit::tail(&inside, room.saturating_sub(TITLE.len() + 12).min(900));
    // A cut line tells less than none.
    let tail = if tail.len() < inside.len() { tail.split_once('\n').map_or(tail, |(_, rest)| rest) } else { tail };
    (!tail.trim().is_empty()).then(|| format!("{TITLE}\n```\n{}\n```", tail.trim_end()))
}

/// Items on one line within `most` units, and how many had no place.
fn list(title: &str, items: impl Iterator<Item = String>, most: usize) -> Option<String> {
    let (mut line, mut left_out) = (title.to_owned(), 0_u64);
    for item in items {
        let parting = if line.len() == title.len() { " " } else { " · " };
        if left_out == 0 && fit::length(&line) + fit::length(&item) + parting.len() <= most {
            line.push_str(parting);
            line.push_str(&item);
        } else {
            left_out += 1;
        }
    }
    match (line.len() == title.len(), left_out) {
        (true, 0) => None,
        (true, n) => Some(format!("{title} {n}, too long to be shown here")),
        (false, 0) => Some(line),
        (false, n) => Some(format!("{line} and {n} more")),
    }
}

fn remarks(report: &Report, most: usize) -> Option<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut used = 0;
    for (nth, remark) in report.remarks.iter().enumerate() {
        let line = format!("-# ⚠ {}", sentence(remark, 180));
        used += fit::length(&line) + 1;
        if used > most && !lines.is_empty() {
            lines.push(format!("-# ⚠ and {} more", report.remarks.len() - nth));
            break;
        }
        lines.push(line);
    }
    // Ours needs no word, nor does one that is free or unknown: those are told by the figure itself.
    if report.cost_from == Some(CostFrom::Agent) {
        lines.push(format!("-# The cost is {}.", figures::whose(CostFrom::Agent)));
    }
    (!lines.is_empty()).then(|| lines.join("\n"))
}

#[cfg(test)]
pub(super) mod tests;
