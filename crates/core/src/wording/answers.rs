//! Answers to commands, buttons and reactions that were obeyed: what was done, as one sentence, with the task's id.

pub mod buttons;
pub mod choices;
pub mod detail;
pub mod hints;
pub mod settings;

use chrono::{DateTime, Utc};

use crate::domain::{
    component::{Row, Verb},
    id::TaskId,
    money::Usd,
    outbound::Post,
};

use super::{figures, harmless::plain};

/// A task was taken; `link` leads to its message, if that stands already.
pub fn queued(task: &TaskId, link: Option<&str>) -> String {
    match link {
        Some(link) => format!("📝 Queued as `{task}`: {link}"),
        None => format!("📝 Queued as `{task}`. Its message follows in the task channel."),
    }
}

/// The same request had been taken before.
pub fn known(task: &TaskId, state: &str) -> String {
    format!("This was asked before: it is `{task}`, {}.", state_in_words(state))
}

/// A task was cancelled before it ran.
pub fn cancelled(task: &TaskId) -> String {
    format!("🛑 `{task}` waited and will not run.")
}

/// A running task is being stopped.
pub fn stopping(task: &TaskId) -> String {
    format!("🛑 `{task}` runs; its agent is being stopped. Its entry in the results follows.")
}

/// A task will run again.
pub fn retried(task: &TaskId) -> String {
    format!("🔁 `{task}` will run again.")
}

/// A task runs again whose message was edited after it was claimed.
pub fn runs_as_it_was(task: &TaskId) -> String {
    format!(
        "✏️ `{task}` runs again with the text that it had when it was claimed: this message was edited after that, and the new text is not read. To \
         have that run, post it as a message of its own."
    )
}

/// A task is held.
pub fn held(task: &TaskId) -> String {
    format!("⏸ `{task}` is held until it is released.")
}

/// A task is not held any more.
pub fn released(task: &TaskId) -> String {
    format!("▶️ `{task}` takes its turn again.")
}

/// A task that waited for a later time is tried now.
pub fn hastened(task: &TaskId) -> String {
    format!("⏩ `{task}` is tried again now.")
}

/// A running task is stopped, and goes on with what was said in its thread.
pub fn interrupted(task: &TaskId) -> String {
    format!("⏩ `{task}` is interrupted and goes on at once with what was said in its thread.")
}

/// A task may cost more.
pub fn raised(task: &TaskId, budget: Usd) -> String {
    format!("💵 `{task}` may cost {budget} in all now.")
}

/// What a task has left is taken as its result.
pub fn accepted(task: &TaskId) -> String {
    format!("🏁 `{task}`: what there is of its result is taken as it is.")
}

/// A running task: is it to be stopped?
pub fn stop_it(task: &TaskId, version: u32, since: Option<DateTime<Utc>>) -> Post {
    let since = since.map_or_else(String::new, |since| format!(", started <t:{}:R>", since.timestamp()));
    let content = format!("`{task}` is running{since}. Stop it? What it has done so far is kept, and what it has cost is spent.");
    let buttons = [Verb::Stop, Verb::LetRun].map(|verb| buttons::of_task(verb, task, "running", version));
    Post { content, rows: vec![Row::Buttons { buttons: buttons.into() }], ..Post::default() }
}

/// A running task is not stopped.
pub fn runs_on(task: &TaskId) -> String {
    format!("▶️ `{task}` runs on.")
}

/// A running task is being stopped already.
pub fn stopping_already(task: &TaskId, by: &str, out_of_money: bool) -> String {
    let why = if out_of_money { plain(by, 160) } else { format!("{} asked for it", plain(by, 64)) };
    format!("🛑 `{task}` is being stopped already: {why}. Its entry in the results follows.")
}

/// Nothing is paused.
pub fn not_paused() -> String {
    "▶️ Nothing is paused: tasks are started.".to_owned()
}

/// Claims were stopped.
pub fn paused(stopped: u32) -> String {
    match stopped {
        0 => "⏸ Nothing more is started until `resume`. Running agents go on.".to_owned(),
        stopped => {
            format!(
                "⏸ Nothing more is started until `resume`. {} being stopped.",
                figures::counted(u64::from(stopped), "agent is", "agents are")
            )
        }
    }
}

/// Claims go on.
pub fn resumed() -> String {
    "▶️ Tasks are started again.".to_owned()
}

/// Something went wrong on our side; nothing was done.
pub fn failed(reason: &str) -> String {
    format!("⚠️ That could not be done: {}. Nothing was changed; try again.", plain(reason, 300))
}

/// What a task's state means, as the end of "it is …". Unknown words stand for themselves.
pub fn state_in_words(state: &str) -> &str {
    match state {
        "waiting" => "waiting for its turn",
        "delayed" => "waiting to be tried again",
        "parked" => "waiting for a free agent",
        "out_of_quota" => "waiting for its agent's quota",
        "held" => "held",
        "asked" => "waiting for its requester's answer",
        "succeeded" => "done",
        "timed_out" => "timed out",
        "over_budget" => "stopped over its budget",
        other => other,
    }
}

/// The sign of a task's state: before its line in a list.
pub fn sign(state: &str) -> &'static str {
    match state {
        "running" => "▶️",
        "held" => "⏸",
        "asked" => "❔",
        "succeeded" => "🏁",
        "failed" | "interrupted" | "over_budget" => "❌",
        "timed_out" => "⏱",
        "cancelled" => "🛑",
        _ => "⏳",
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn each_answer_names_its_task() {
        let task: TaskId = "1443021398234771496".parse().unwrap();
        assert_snapshot!(queued(&task, Some("https://discord.com/channels/1/2/3")), @"📝 Queued as `1443021398234771496`: https://discord.com/channels/1/2/3");
        assert_snapshot!(queued(&task, None), @"📝 Queued as `1443021398234771496`. Its message follows in the task channel.");
        assert_snapshot!(known(&task, "parked"), @"This was asked before: it is `1443021398234771496`, waiting for a free agent.");
        assert_snapshot!(cancelled(&task), @"🛑 `1443021398234771496` waited and will not run.");
        assert_snapshot!(stopping(&task), @"🛑 `1443021398234771496` runs; its agent is being stopped. Its entry in the results follows.");
        assert_snapshot!(retried(&task), @"🔁 `1443021398234771496` will run again.");
        assert_snapshot!(held(&task), @"⏸ `1443021398234771496` is held until it is released.");
        assert_snapshot!(released(&task), @"▶️ `1443021398234771496` takes its turn again.");
    }

    #[test]
    fn a_pause_says_what_becomes_of_running_agents() {
        assert_snapshot!(paused(0), @"⏸ Nothing more is started until `resume`. Running agents go on.");
        assert_snapshot!(paused(1), @"⏸ Nothing more is started until `resume`. 1 agent is being stopped.");
        assert_snapshot!(resumed(), @"▶️ Tasks are started again.");
        assert_snapshot!(failed("the store is closed"), @"⚠️ That could not be done: the store is closed. Nothing was changed; try again.");
    }
}
