//! What commands show: the service at a glance, the queue, a task's log, and help. Each is one message.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};

use super::{
    answers, figures, fit,
    harmless::{code, in_fence, plain, sentence},
    views::{StatusView, TaskSummary},
};
use crate::domain::{
    id::TaskId,
    outbound::{Embed, Post, PostFile},
};

/// The bar's colours: all is well, something waits for a person, nothing is started.
const CALM: u32 = 0x58_65f2;
const CLOSED: u32 = 0xe7_4c3c;
/// Most characters of a box's text. Source: Discord developer documentation, "Embed Limits".
const BOX: usize = 4_096;
/// How much of a task's text a line shows.
const TEXT: usize = 60;
/// How much of a log stands in the message; more goes along as a file.
const LOG: usize = 1_700;
/// Most bytes of a log that go along.
const LOG_FILE: usize = 8 << 20;

/// A task, as a list shows it.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// Its id.
    pub task: &'a TaskId,
    /// The word for what it is doing.
    pub state: &'a str,
    /// What is to be done.
    pub text: &'a str,
    /// Who asked.
    pub requester: &'a str,
    /// The model, as shown.
    pub model: Option<&'a str>,
    /// Since when it is in this state, or when it was accepted.
    pub since: DateTime<Utc>,
    /// Where its message is.
    pub link: Option<&'a str>,
}

/// The service at a glance.
#[derive(Clone, Copy, Debug, Default)]
pub struct Glance<'a> {
    /// Tasks that wait for their turn.
    pub waiting: u64,
    /// Tasks that are held or asked about.
    pub blocked: u64,
    /// Tasks that run.
    pub running: u64,
    /// How many may.
    pub slots: u32,
    /// Tasks that have ended.
    pub ended: u64,
    /// Posts that wait.
    pub letters: u64,
    /// What the day has cost, shown.
    pub spent_today: &'a str,
    /// Its ceiling, shown.
    pub ceiling: Option<&'a str>,
    /// Why nothing is started, as a sentence.
    pub closed: Option<&'a str>,
    /// What an operator must know, as sentences.
    pub troubles: &'a [String],
}

impl<'a> From<&'a TaskSummary> for Line<'a> {
    /// Since its latest turn: ended, started, or accepted.
    fn from(summary: &'a TaskSummary) -> Self {
        Self {
            task: &summary.id,
            state: &summary.state,
            text: &summary.text,
            requester: &summary.requester,
            model: summary.model.as_deref(),
            since: summary.ended_at.or(summary.started_at).unwrap_or(summary.created_at),
            link: None,
        }
    }
}

impl<'a> From<&'a StatusView> for Glance<'a> {
    fn from(view: &'a StatusView) -> Self {
        Self {
            waiting: view.counts.waiting,
            blocked: view.counts.blocked,
            running: view.counts.running,
            slots: view.slots,
            ended: view.counts.ended,
            letters: view.counts.letters,
            spent_today: &view.spent_today,
            ceiling: view.daily_budget.as_deref(),
            closed: view.closed.as_deref(),
            troubles: &view.troubles,
        }
    }
}

/// `/status`.
pub fn status(glance: &Glance<'_>, running: &[Line<'_>]) -> Post {
    let mut lines = Vec::new();
    lines.extend(glance.closed.map(|why| format!("⛔ {}", sentence(why, 400))));
    lines.extend(glance.troubles.iter().take(5).map(|trouble| format!("⚠️ {}", sentence(trouble, 300))));
    let ceiling = glance.ceiling.map_or_else(String::new, |ceiling| format!(" of {ceiling}"));
    lines.push(format!(
        "**Running:** {} of {} · **Waiting:** {} · **Held or asked:** {}",
        glance.running,
        glance.slots,
        figures::thousands(glance.waiting),
        glance.blocked
    ));
    lines.push(format!(
        "**Ended:** {} · **Today:** {}{ceiling} · **Posts waiting:** {}",
        figures::thousands(glance.ended),
        glance.spent_today,
        figures::thousands(glance.letters)
    ));
    lines.extend(running.iter().map(line));
    boxed(lines, if glance.closed.is_some() { CLOSED } else { CALM })
}

/// `/queue`: what runs and what is next.
pub fn queue(running: &[Line<'_>], next: &[Line<'_>], waiting: u64) -> Post {
    if running.is_empty() && next.is_empty() {
        return boxed(vec!["Nothing runs and nothing waits.".to_owned()], CALM);
    }
    let mut lines: Vec<String> = running.iter().map(line).collect();
    lines.extend(next.iter().enumerate().map(|(place, one)| format!("{}. {}", place + 1, line(one))));
    let more = waiting.saturating_sub(next.len() as u64);
    if more > 0 {
        lines.push(format!("… and {} more", figures::thousands(more)));
    }
    boxed(lines, CALM)
}

/// One task in one line: sign, id, text, who, since when (each reader's own clock shows it).
fn line(one: &Line<'_>) -> String {
    let id = one.link.map_or_else(|| format!("`{}`", one.task), |link| format!("[`{}`]({link})", one.task));
    let model = one.model.map_or_else(String::new, |model| format!(" · {}", code(model, 40)));
    format!(
        "{} {id} {} · {}{model} · <t:{}:R>",
        answers::sign(one.state),
        code(one.text, TEXT),
        plain(one.requester, 32),
        one.since.timestamp()
    )
}

fn boxed(lines: Vec<String>, colour: u32) -> Post {
    let (mut description, mut left_out) = (String::new(), 0_u32);
    for line in lines {
        // Whole lines only: half a link is none.
        if left_out > 0 || fit::length(&description) + fit::length(&line) + 40 > BOX {
            left_out += 1;
            continue;
        }
        description.push_str(&line);
        description.push('\n');
    }
    if left_out > 0 {
        let _ = write!(description, "… and {left_out} more lines");
    }
    Post { embeds: vec![Embed { description: description.trim_end().to_owned(), colour }], ..Post::default() }
}

/// A part of a task's log.
#[derive(Clone, Copy, Debug)]
pub struct Log<'a> {
    /// The task.
    pub task: &'a TaskId,
    /// The agent whose log it is.
    pub agent_id: &'a str,
    /// Which attempt.
    pub attempt: u32,
    /// Whether it still runs.
    pub running: bool,
    /// The end of the log.
    pub text: &'a str,
    /// Bytes before it.
    pub left_out: u64,
}

/// `/logs`: the end of a log, and what does not fit of it as a file.
pub fn log(log: &Log<'_>) -> Post {
    let running = if log.running { "running" } else { "ended" };
    let head = format!("📜 `{}` · {} · attempt {} · {running}", log.task, code(log.agent_id, 48), log.attempt);
    let inside = in_fence(fit::tail(log.text.trim_end(), 2 * LOG));
    if inside.trim().is_empty() {
        return Post { content: format!("{head}\n-# Nothing is in its log yet."), ..Post::default() };
    }
    let tail = fit::tail(&inside, LOG);
    let cut = tail.len() < inside.len() || fit::tail(log.text, 2 * LOG).len() < log.text.trim_end().len();
    let tail = if cut { tail.split_once('\n').map_or(tail, |(_, rest)| rest) } else { tail };
    let mut notes = Vec::new();
    let mut files = Vec::new();
    if cut {
        let file = PostFile::of(format!("log-{}.txt", log.task.as_str().replace(':', "-")), file_tail(log.text).to_owned());
        notes.push(format!("more is in `{}`", file.name));
        files.push(file);
    }
    if log.left_out > 0 {
        notes.push(format!("{} before it are in the workspace only", figures::bytes(log.left_out)));
    }
    let note = if notes.is_empty() { String::new() } else { format!("\n-# The end of the log; {}", notes.join("; ")) };
    Post { content: format!("{head}\n```\n{tail}\n```{note}"), files, ..Post::default() }
}

fn file_tail(text: &str) -> &str {
    let mut start = text.len().saturating_sub(LOG_FILE);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    &text[start..]
}

/// `/help`: how a task is given and controlled, and which commands there are (name and purpose).
pub fn help(commands: &[(&str, &str)], task_channel: Option<&str>, aliases: &[String], agents: &[String]) -> Post {
    let named = |names: &[String]| names.iter().take(20).map(|name| code(name, 40)).collect::<Vec<_>>().join(", ");
    let place = task_channel.unwrap_or("the task channel");
    let mut lines = vec![
        format!("**Give a task:** write it in {place}; one message is one task. ✅ shows that it was claimed, its end shows 🏁 done, ❌ failed, ⏱ timed out or 🛑 cancelled."),
        "**Say how,** anywhere in the message: `[model:<alias>]` `[thinking:off|low|medium|high]` `[agent:<name>]` `[timeout:10m]` `[priority:high]`.".to_owned(),
    ];
    lines.extend((!aliases.is_empty()).then(|| format!("**Models:** {}", named(aliases))));
    lines.extend((!agents.is_empty()).then(|| format!("**Agents:** {}", named(agents))));
    lines.push("**React** to a task of yours: 🛑 cancel, 🔁 run again, ⏸ hold (take it away to release).".to_owned());
    lines.extend(commands.iter().map(|(name, purpose)| format!("`/{name}`: {purpose}")));
    boxed(lines, CALM)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::prelude::*;

    use super::*;

    fn id() -> TaskId {
        "1443021398234771496".parse().unwrap()
    }

    fn of<'a>(task: &'a TaskId, state: &'a str, text: &'a str) -> Line<'a> {
        Line {
            task,
            state,
            text,
            requester: "ann",
            model: Some("cheap"),
            since: DateTime::from_timestamp(1_763_700_000, 0).unwrap(),
            link: Some("https://discord.com/channels/1/2/3"),
        }
    }

    fn shown(post: &Post) -> &str {
        &post.embeds[0].description
    }

    #[test]
    fn the_status_tells_trouble_first() {
        let task = id();
        let calm = Glance { waiting: 1_200, running: 1, slots: 4, ended: 3, spent_today: "$0.5", ceiling: Some("$5"), ..Glance::default() };
        assert_snapshot!(shown(&status(&calm, &[of(&task, "running", "Count the lines")])), @"
        **Running:** 1 of 4 · **Waiting:** 1,200 · **Held or asked:** 0
        **Ended:** 3 · **Today:** $0.5 of $5 · **Posts waiting:** 0
        ▶️ [`1443021398234771496`](https://discord.com/channels/1/2/3) `Count the lines` · ann · `cheap` · <t:1763700000:R>
        ");

        let troubles = ["Discord can't be reached (HTTP 503).".to_owned()];
        let closed =
            Glance { closed: Some("Nothing is started: paused by ann. `orchestrator resume` goes on."), troubles: &troubles, ..calm };
        assert_snapshot!(shown(&status(&closed, &[])), @"
        ⛔ Nothing is started: paused by ann. `orchestrator resume` goes on.
        ⚠️ Discord can't be reached (HTTP 503).
        **Running:** 1 of 4 · **Waiting:** 1,200 · **Held or asked:** 0
        **Ended:** 3 · **Today:** $0.5 of $5 · **Posts waiting:** 0
        ");
    }

    #[test]
    fn the_queue_shows_what_runs_and_what_is_next() {
        let task = id();
        assert_snapshot!(shown(&queue(&[of(&task, "running", "One")], &[of(&task, "waiting", "Two\n`x`"), of(&task, "held", "Three")], 7)), @"
        ▶️ [`1443021398234771496`](https://discord.com/channels/1/2/3) `One` · ann · `cheap` · <t:1763700000:R>
        1. ⏳ [`1443021398234771496`](https://discord.com/channels/1/2/3) `Two ˋxˋ` · ann · `cheap` · <t:1763700000:R>
        2. ⏸ [`1443021398234771496`](https://discord.com/channels/1/2/3) `Three` · ann · `cheap` · <t:1763700000:R>
        … and 5 more
        ");
        assert_snapshot!(shown(&queue(&[], &[], 0)), @"Nothing runs and nothing waits.");
    }

    #[test]
    fn a_log_s_end_is_shown_and_the_rest_goes_along() {
        let task = id();
        let short = Log { task: &task, agent_id: "agent-1763700000-k3x9", attempt: 1, running: true, text: "one\n```two\n", left_out: 0 };
        assert_snapshot!(log(&short).content.replace('\u{200b}', "¦"), @"
        📜 `1443021398234771496` · `agent-1763700000-k3x9` · attempt 1 · running
        ```
        one
        ``¦`two
        ```
        ");
        assert_snapshot!(log(&Log { text: " \n", running: false, ..short }).content, @"
        📜 `1443021398234771496` · `agent-1763700000-k3x9` · attempt 1 · ended
        -# Nothing is in its log yet.
        ");

        let text = "a line of it\n".repeat(1_000);
        let post = log(&Log { text: &text, left_out: 1 << 20, ..short });
        assert!(fit::length(&post.content) <= fit::MESSAGE && post.content.contains("```\na line of it\n"));
        assert!(
            post.content
                .ends_with("-# The end of the log; more is in `log-1443021398234771496.txt`; 1 MiB before it are in the workspace only")
        );
        assert_eq!(post.files[0].text.len(), text.len());
    }

    #[test]
    fn help_is_one_message() {
        let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let post = help(
            &[("task", "give a task"), ("status", "the service at a glance")],
            Some("<#5>"),
            &names(&["cheap", "primary"]),
            &names(&["openclaw"]),
        );
        assert_snapshot!(shown(&post), @"
        **Give a task:** write it in <#5>; one message is one task. ✅ shows that it was claimed, its end shows 🏁 done, ❌ failed, ⏱ timed out or 🛑 cancelled.
        **Say how,** anywhere in the message: `[model:<alias>]` `[thinking:off|low|medium|high]` `[agent:<name>]` `[timeout:10m]` `[priority:high]`.
        **Models:** `cheap`, `primary`
        **Agents:** `openclaw`
        **React** to a task of yours: 🛑 cancel, 🔁 run again, ⏸ hold (take it away to release).
        `/task`: give a task
        `/status`: the service at a glance
        ");
    }

    proptest! {
        #[test]
        fn panels_fit_whatever_is_in_them(text in ".{0,200}", many in 0_usize..60, log_text in "[`\n x🦀]{0,6000}") {
            let task = id();
            let lines = vec![of(&task, "waiting", &text); many];
            let troubles = vec![text.clone(); many];

            prop_assert!(fit::length(shown(&queue(&lines, &lines, 1_000))) <= BOX);
            let glance = Glance { troubles: &troubles, ..Glance::default() };
            prop_assert!(fit::length(shown(&status(&glance, &lines))) <= BOX);
            let post = log(&Log { task: &task, agent_id: &text, attempt: 1, running: true, text: &log_text, left_out: 9 });
            prop_assert!(fit::length(&post.content) <= fit::MESSAGE);
            prop_assert_eq!(post.content.matches("```").count() % 2, 0);
        }
    }
}
