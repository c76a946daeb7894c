//! A task's card in its channel, the sheet in its thread, and what an attempt has left, told there.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{
    checks, entry, figures, fit,
    harmless::{code, in_fence, one_line, plain, sentence},
    permission,
};
use crate::domain::{
    attempt::Outcome,
    card::{CardFacts, TaskState},
    ceiling::{NEARLY, Scope},
    component::{Button, Press, Row, Style, Verb},
    money::Usd,
    outbound::{Embed, Post, ResultFacts},
    showing::Shown,
    task::{Task, show_duration},
};

/// The bar's colours of what has not ended; each state is told in words too.
const WAITS: u32 = 0x95_a5a6;
const WORKS: u32 = 0x58_65f2;
const STOPS: u32 = 0xe6_7e22;
const ASKS: u32 = 0xf1_c40f;
/// How much of a task's text its card shows.
const TEXT: usize = 160;
/// How much of a task's text its sheet shows.
const WHOLE_TEXT: usize = 1_500;
/// How much of a reason is shown.
const REASON: usize = 250;
/// How much of the log's end a live card shows.
const SAID: usize = 120;
/// How much of the log's end a sheet shows.
const LOG: usize = 1_600;
/// Most characters of a thread's name. Source: Discord developer documentation, "Start Thread from Message"; a little room is left.
const NAME: usize = 90;
/// How much of one box is a result's.
const BOX: usize = 3_900;
/// Most of a result that is told in boxes: Discord takes 6,000 characters in all of a message's together. Source: "Embed Limits".
const BOXES: usize = 5_600;

/// The name of a task's thread, for ever: what it is about.
pub fn thread_name(task: &Task) -> String {
    let about = one_line(&task.prompt);
    let about = about.trim();
    if about.is_empty() { format!("Task {}", task.id) } else { fit::cut(about, NAME).into_owned() }
}

/// The card. `entry`: where its entry in the results is found. `said`: the end of its log, for a live one.
pub fn face(facts: &CardFacts, entry: Option<&str>, said: Option<&str>) -> Post {
    let mut lines = vec![headline(facts), code(facts.task.prompt.trim(), TEXT)];
    if let TaskState::Ended { reason: Some(reason), .. } = &facts.doing {
        lines.push(format!("**Why:** {}", sentence(reason, REASON)));
    }
    if let (TaskState::Ended { .. }, Some(checked)) = (&facts.doing, &facts.checked) {
        lines.extend(checks::lines(checked, false));
    }
    lines.push(figures_of(facts));
    lines.extend(said.and_then(last_line).filter(|_| facts.showing.shown == Shown::Live).map(|line| format!("> {}", code(&line, SAID))));
    lines.extend(facts.quiet_since.map(|since| format!("-# Its agent was last heard {}.", ago(since))));
    lines.extend(facts.open.as_ref().map(|open| format!("-# ⚠ {}", plain(open, REASON))));
    lines.extend(waiting_words(facts));
    if runs(facts) {
        lines.extend(permission::on_card(&facts.asked));
    }
    lines.push(format!(
        "-# {} · asked by {} {}",
        code(facts.id().as_str(), 64),
        plain(facts.task.requester.name(), 64),
        ago(facts.task.created_at)
    ));
    Post {
        embeds: vec![boxed(&lines, facts)],
        rows: vec![Row::Buttons { buttons: buttons(facts, entry) }],
        silent: true,
        ..Post::default()
    }
}

/// The sheet in the thread: all that was asked, how it is run, and the end of the log.
pub fn sheet(facts: &CardFacts, said: Option<&str>) -> Post {
    let wishes = &facts.task.wishes;
    let whole = in_fence(facts.task.prompt.trim());
    let mut lines = vec![format!("**Task** {}", code(facts.id().as_str(), 64)), format!("```\n{}\n```", fit::cut(&whole, WHOLE_TEXT))];
    let model = wishes.model_shown.as_deref().map_or_else(|| "the agent's own".to_owned(), |model| code(model, 80));
    lines.push(format!(
        "**How:** agent {} · model {model} · thinking {} · time limit {} · priority {}",
        code(wishes.agent.as_str(), 40),
        wishes.thinking,
        show_duration(wishes.time_limit),
        wishes.priority.get()
    ));
    if !wishes.checks.is_empty() {
        let names: Vec<_> = wishes.checks.iter().map(|check| code(&check.to_string(), 60)).collect();
        lines.push(format!("**Checked by:** {}", names.join(", ")));
    }
    if !facts.task.attachments.is_empty() {
        let names: Vec<_> = facts.task.attachments.iter().take(10).map(|file| code(&file.name, 60)).collect();
        lines.push(format!("**Files:** {}", names.join(", ")));
    }
    lines.extend(facts.agent_id.as_deref().map(|agent| format!("**Workspace:** {}", code(&format!("workers/{agent}"), 80))));
    let said = said.map(|said| in_fence(said.trim_end())).filter(|said| !said.trim().is_empty());
    if let Some(said) = said {
        lines.push(format!("**The end of its log:**\n```\n{}\n```", fit::tail(&said, LOG)));
    }
    lines.push("-# Write here to go on with this task: what you say is told to a new attempt, together with what the last one left. Lines that begin with `!aside` are left to people.".to_owned());
    Post { embeds: vec![boxed(&lines, facts)], silent: true, ..Post::default() }
}

/// What an attempt has left, in the task's thread: whole as far as a message goes, else its beginning and a file.
pub fn told(facts: &ResultFacts) -> Post {
    let report = &facts.report;
    let head = format!(
        "{} **Attempt {}** {} · {} · {} tokens · {}",
        report.outcome.mark(),
        facts.number,
        super::because::ended(report.outcome),
        figures::duration(report.duration),
        figures::tokens(report.usage.as_ref()),
        figures::cost_from(report.cost, report.cost_from),
    );
    let reason = report.reason.as_deref().map_or_else(String::new, |reason| format!("\n{}", sentence(reason, REASON)));
    let found = report.checked.as_ref().map_or_else(String::new, |checked| format!("\n{}", checks::in_short(checked)));
    let reason = format!("{reason}{found}");
    let text = report.text.trim();
    if text.is_empty() {
        return Post { content: format!("{head}{reason}"), silent: true, ..Post::default() };
    }
    let partial = if report.partial { "\n-# What there was of a result when it was cut off:" } else { "" };
    let inside = in_fence(text);
    let fits = fit::length(&inside) <= BOXES && report.text_left_out == 0 && report.aside.is_none();
    let shown = if fits { inside.as_str() } else { fit::head(&inside, BOX) };
    let embeds =
        fit::split(shown, BOX).iter().map(|part| Embed { description: fenced(part), colour: entry::colour(report.outcome) }).collect();
    let (note, files) = if fits {
        (String::new(), Vec::new())
    } else {
        let name = format!("result-{}-{}.md", facts.task.id.as_str().replace([':', '.'], "-"), facts.number);
        let cut = if report.text_left_out > 0 {
            format!(", but for {} that stayed in the workspace", figures::bytes(report.text_left_out))
        } else {
            String::new()
        };
        (format!("\n-# The beginning; the whole is in {}{cut}.", code(&name, 120)), vec![entry::file_of(facts, name)])
    };
    Post { content: format!("{head}{reason}{partial}{note}"), embeds, files, silent: true, ..Post::default() }
}

fn headline(facts: &CardFacts) -> String {
    // What was run again by hand has no more attempts to come: "2 of 2" would read like a limit.
    let nth = match facts.attempts.max(1) {
        nth if facts.allowed > nth => format!(" · attempt {nth} of {}", facts.allowed),
        1 => String::new(),
        nth => format!(" · attempt {nth}"),
    };
    match &facts.doing {
        TaskState::Waiting { position: Some(1) } => "⏳ **Waiting** · it is next".to_owned(),
        TaskState::Waiting { position: Some(place) } => format!("⏳ **Waiting** · place {place} in the queue"),
        TaskState::Waiting { position: None } => "⏳ **Waiting** for its turn".to_owned(),
        TaskState::Parked { gate } => match Scope::of_gate(gate) {
            Some(Scope::Task(_)) => "💵 **Waiting for money**: what it may cost is spent".to_owned(),
            Some(_) => "💵 **Waiting for money**: what may be spent today is spent or held back".to_owned(),
            None => "⏳ **Waiting** for a free agent".to_owned(),
        },
        TaskState::OutOfQuota(wait) => {
            let until = wait.until.map_or_else(|| "there again".to_owned(), |until| format!("used up until {}", ago(until)));
            let how = if wait.resumes { "goes on by itself" } else { "goes on when somebody says so" };
            format!("⏳ **Waiting for quota**: that of `{}` is {until} · {how}", wait.agent)
        }
        TaskState::Delayed { until } => format!("⏳ **Tried again** {}{nth}", ago(*until)),
        TaskState::Held => "⏸ **Held**".to_owned(),
        TaskState::Asked => "❔ **Is this still wanted?**".to_owned(),
        TaskState::Claimed => format!("✅ **Claimed** · its agent is starting{nth}"),
        TaskState::Running { since, .. } if facts.waits_for_people => {
            format!("▶️ **Running** · started {} · its time stands still{nth}", ago(*since))
        }
        TaskState::Running { since, until } => format!("▶️ **Running** · started {} · its time is over {}{nth}", ago(*since), ago(*until)),
        TaskState::Stopping { by, out_of_money: true } => format!("🛑 **Being stopped** · {}{nth}", plain(by, 160)),
        TaskState::Stopping { by, .. } => format!("🛑 **Being stopped** · asked by {}{nth}", plain(by, 64)),
        TaskState::Ended { at, ran, .. } if facts.accepted.is_some() => {
            let by = facts.accepted.as_deref().unwrap_or_default();
            let ran = if *ran > Duration::ZERO { format!(" after {}", figures::duration(*ran)) } else { String::new() };
            format!("🏁 **Taken as it is** by {}{ran} · {}{nth}", plain(by, 64), ago(*at))
        }
        TaskState::Ended { at, outcome, ran, .. } => {
            let ran = if *ran > Duration::ZERO { format!(" after {}", figures::duration(*ran)) } else { String::new() };
            format!("{} **{}**{ran} · {}{nth}", outcome.mark(), capital(super::because::ended_as(*outcome)), ago(*at))
        }
    }
}

fn figures_of(facts: &CardFacts) -> String {
    let wishes = &facts.task.wishes;
    let model = facts.model.as_deref().or(wishes.model_shown.as_deref());
    let mut parts = vec![format!("agent {}", code(wishes.agent.as_str(), 40))];
    parts.extend(model.map(|model| format!("model {}", code(model, 60))));
    if facts.usage.is_some() || facts.cost.is_some() {
        parts.push(format!("{} tokens", figures::tokens(facts.usage.as_ref())));
        let more = if facts.cost_has_gaps && facts.cost.is_some() { " and more" } else { "" };
        let doubt = if facts.cost_is_doubtful { " ⚠ implausible, its entry says why" } else { "" };
        parts.push(format!("**{}**{more}{doubt}", figures::cost(facts.cost)));
    }
    parts.extend(facts.task.wishes.budget.map(|budget| money_of(facts, budget)));
    parts.extend(wishes.closer.map(|closer| closer.words().to_owned()));
    parts.join(" · ")
}

/// How much of a task's budget is used, and what there is to say of that.
fn money_of(facts: &CardFacts, budget: Usd) -> String {
    let (used, runs) = (facts.cost.unwrap_or(Usd::ZERO), matches!(facts.doing, TaskState::Running { .. } | TaskState::Stopping { .. }));
    if runs && facts.metered == Some(false) {
        return format!("budget {budget} (its agent tells what it costs at its end alone)");
    }
    let warned = if runs && is_near(used, budget) { "⚠️ " } else { "" };
    format!("{warned}used {used} of {budget}")
}

/// Whether most of a budget is used.
fn is_near(used: Usd, budget: Usd) -> bool {
    i128::from(used.nanos()) * 100 >= i128::from(budget.nanos()) * i128::from(NEARLY)
}

/// Whether its agent works, and is not being stopped: whoever is being stopped is answered nothing any more.
fn runs(facts: &CardFacts) -> bool {
    matches!(facts.doing, TaskState::Running { .. })
}

fn waiting_words(facts: &CardFacts) -> Option<String> {
    (facts.follow_ups > 0).then(|| {
        format!("💬 {} its agent's end.", figures::counted(u64::from(facts.follow_ups), "follow-up waits for", "follow-ups wait for"))
    })
}

fn buttons(facts: &CardFacts, entry: Option<&str>) -> Vec<Button> {
    let press = |verb| Press::task(verb, facts.attempts, facts.id());
    let why = Button::press("Why?", Style::Secondary, press(Verb::Why));
    let logs = Button::press("Logs", Style::Secondary, press(Verb::Logs));
    let cancel = Button::press("Cancel", Style::Danger, press(Verb::Cancel));
    let more = Button::press("+ $1", Style::Success, press(Verb::Raise));
    let runs_out = facts.task.wishes.budget.is_some_and(|budget| is_near(facts.cost.unwrap_or(Usd::ZERO), budget));
    let open = facts.asked.iter().find(|asked| asked.decision.is_none()).filter(|_| runs(facts));
    let mut shown = match &facts.doing {
        TaskState::Running { .. } if open.is_some() => {
            let answers = open.map(|asked| permission::buttons(facts.id(), &asked.question)).unwrap_or_default();
            answers.into_iter().chain([why, cancel]).collect()
        }
        TaskState::Parked { gate } if matches!(Scope::of_gate(gate), Some(Scope::Task(_))) => vec![more, why, cancel],
        TaskState::Running { .. } if runs_out && facts.follow_ups == 0 => vec![more, logs, why, cancel],
        TaskState::Ended { outcome: Outcome::OverBudget, .. } if facts.accepted.is_none() && facts.task.wishes.budget.is_some() => {
            vec![more, Button::press("Finish with what there is", Style::Secondary, press(Verb::Accept)), logs, why]
        }
        TaskState::Waiting { .. } | TaskState::Parked { .. } | TaskState::Claimed => vec![why, cancel],
        TaskState::OutOfQuota(_) => {
            let go_on = Button::press("Go on", Style::Primary, press(Verb::Hasten));
            if facts.attempts > 0 { vec![go_on, logs, why, cancel] } else { vec![go_on, why, cancel] }
        }
        TaskState::Delayed { .. } => vec![Button::press("Try now", Style::Primary, press(Verb::Hasten)), logs, why, cancel],
        TaskState::Held => vec![Button::press("Release", Style::Success, press(Verb::Release)), why, cancel],
        TaskState::Asked => {
            vec![
                Button::press("Run it", Style::Success, press(Verb::Retry)),
                Button::press("Drop it", Style::Danger, press(Verb::Cancel)),
                why,
            ]
        }
        TaskState::Running { .. } if facts.follow_ups > 0 => {
            vec![Button::press("Interrupt now", Style::Primary, press(Verb::Interrupt)), logs, why, cancel]
        }
        TaskState::Running { .. } => vec![logs, why, cancel],
        TaskState::Stopping { .. } => vec![logs, why],
        TaskState::Ended { .. } if facts.attempts == 0 => vec![Button::press("Retry", Style::Primary, press(Verb::Retry)), why],
        TaskState::Ended { outcome: Outcome::Succeeded, .. } => {
            vec![Button::press("Retry", Style::Secondary, press(Verb::Retry)), logs, why]
        }
        TaskState::Ended { .. } => vec![Button::press("Retry", Style::Primary, press(Verb::Retry)), logs, why],
    };
    shown.extend(entry.filter(|_| matches!(facts.doing, TaskState::Ended { .. })).map(|link| Button::open("Result", link.to_owned())));
    shown
}

fn boxed(lines: &[String], facts: &CardFacts) -> Embed {
    let colour = match &facts.doing {
        TaskState::Waiting { .. } | TaskState::Parked { .. } | TaskState::OutOfQuota(_) | TaskState::Delayed { .. } | TaskState::Held => {
            WAITS
        }
        TaskState::Asked => ASKS,
        TaskState::Claimed | TaskState::Running { .. } => WORKS,
        TaskState::Stopping { .. } => STOPS,
        TaskState::Ended { outcome, .. } => entry::colour(*outcome),
    };
    Embed { description: lines.join("\n"), colour }
}

fn last_line(said: &str) -> Option<String> {
    said.lines().rev().map(one_line).find(|line| !line.trim().is_empty())
}

fn fenced(text: &str) -> String {
    format!("```\n{text}\n```")
}

fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// As each reader's own clock shows it.
fn ago(at: DateTime<Utc>) -> String {
    format!("<t:{}:R>", at.timestamp())
}

#[cfg(test)]
mod tests;
