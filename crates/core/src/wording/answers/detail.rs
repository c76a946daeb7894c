//! One task with all that a person may ask of it: what `/status <task>` answers.

use chrono::{DateTime, Utc};

use super::{buttons, sign, state_in_words};
use crate::{
    domain::{
        component::Row,
        outbound::{Embed, Post},
        task::show_duration,
    },
    wording::{
        checks, figures, fit,
        harmless::{code, in_fence, plain, sentence},
        permission,
        views::{AttemptView, NowView, ResultView, TaskDetail},
    },
};
use std::time::Duration;

/// The bar's colour.
const CALM: u32 = 0x58_65f2;
/// Most characters of a box's text. Source: Discord developer documentation, "Embed Limits".
const BOX: usize = 4_096;
/// How much of the task's text is shown.
const TEXT: usize = 600;
/// How much of a result is shown; all of it stands in #results.
const RESULT: usize = 800;
/// How many attempts are shown, the newest ones.
const ATTEMPTS: usize = 5;
/// How much is shown of what it does now.
const NOW: usize = 200;
/// How much of a reason is shown.
const REASON: usize = 200;

/// The answer: one box, and the buttons that make sense in the task's state.
pub fn detail(task: &TaskDetail) -> Post {
    let summary = &task.summary;
    let id = match &task.links.message {
        Some(link) => format!("[`{}`]({link})", summary.id),
        None => format!("`{}`", summary.id),
    };
    let mut lines = vec![
        format!("{} {id} · **{}**", sign(&summary.state), state_in_words(&summary.state)),
        format!("asked by {} {}", plain(&summary.requester, 64), ago(summary.created_at)),
        fenced(&task.prompt, TEXT),
    ];
    lines.extend(task.reason.as_deref().map(|reason| format!("**Why:** {}", sentence(reason, REASON))));
    let model = summary.model.as_deref().map_or_else(String::new, |model| format!(" · model {}", code(model, 80)));
    lines.push(format!(
        "**How:** agent {}{model} · thinking {} · time limit {}{} · priority {}",
        code(&summary.agent, 40),
        summary.thinking,
        show_duration(Duration::from_secs(task.time_limit_s)),
        [task.budget.as_deref().map(|budget| format!(" · budget {budget}")), task.isolation.map(|closer| format!(" · {}", closer.words()))]
            .into_iter()
            .flatten()
            .collect::<String>(),
        summary.priority
    ));
    let left_out = task.attempts.len().saturating_sub(ATTEMPTS);
    if left_out > 0 {
        lines.push(format!("-# {} before these", figures::counted(left_out as u64, "attempt", "attempts")));
    }
    lines.extend(task.attempts.iter().skip(left_out).map(attempt));
    lines.extend(task.now.as_ref().map(now));
    if task.attempts.len() > 1 {
        lines.push(format!("**Cost of all attempts:** {}", summary.cost));
    }
    lines.extend(task.result.as_ref().and_then(result));
    lines.extend(task.links.result.as_ref().map(|link| format!("[Its entry in the results]({link})")));
    let open = task.asks.iter().find(|asked| asked.decision.is_none()).map(|asked| &asked.question);
    let mut rows: Vec<Row> =
        open.map(|question| Row::Buttons { buttons: permission::buttons(&summary.id, question) }).into_iter().collect();
    rows.extend(buttons::below(
        &summary.id,
        (&summary.state, task.budget.is_some()),
        task.attempts.iter().map(|one| one.number).max().unwrap_or(0),
    ));
    Post { embeds: vec![Embed { description: fit::cut(&lines.join("\n"), BOX).into_owned(), colour: CALM }], rows, ..Post::default() }
}

fn attempt(one: &AttemptView) -> String {
    let state = one.outcome.map_or(one.state.as_str(), |outcome| outcome.word());
    let mut facts = vec![format!("**Attempt {}:** {} {}", one.number, sign(state), in_words(state))];
    facts.push(match (one.started_at, one.ended_at) {
        (Some(started), None) => format!("started {}", ago(started)),
        (_, Some(ended)) => format!("ended {}", ago(ended)),
        (None, None) => format!("claimed {}", ago(one.claimed_at)),
    });
    facts.extend(one.duration_ms.filter(|ms| *ms > 0).map(|ms| figures::duration(Duration::from_millis(ms))));
    if one.ended_at.is_some() {
        facts.push(format!("{} tokens", figures::tokens(one.tokens.as_ref())));
        facts.push(one.cost.clone() + &one.cost_from.map_or_else(String::new, |from| format!(" ({})", figures::whose(from))));
    }
    facts.push(code(&one.agent_id, 48));
    if one.ended_at.is_some() && one.workspace.is_none() {
        facts.push("workspace removed".to_owned());
    }
    let reason = one.reason.as_deref().map_or_else(String::new, |reason| format!("\n-# {}", sentence(reason, REASON)));
    let found = one.checked.as_ref().map_or_else(String::new, |checked| format!("\n{}", checks::lines(checked, false).join("\n")));
    format!("{}{reason}{found}", facts.join(" · "))
}

/// How its agent is doing, by its own word.
fn now(now: &NowView) -> String {
    let heard = format!("last heard {}", ago(now.heard_at));
    let words = now.words().map_or_else(String::new, |words| format!("{} · ", plain(&words, NOW)));
    format!("**Now:** {words}{heard}")
}

/// An attempt's state; the words for a task's fit it too, but for a claim.
fn in_words(state: &str) -> &str {
    match state {
        "claimed" => "claimed, waiting for its ✅",
        "cleared" => "about to start",
        other => state_in_words(other),
    }
}

fn result(result: &ResultView) -> Option<String> {
    let text = result.summary.as_deref().filter(|summary| !summary.trim().is_empty()).unwrap_or(&result.text).trim();
    let partial = if result.partial { " (partial)" } else { "" };
    (!text.is_empty()).then(|| format!("**Result{partial}:**\n{}", fenced(text, RESULT)))
}

fn fenced(text: &str, most: usize) -> String {
    let inside = in_fence(fit::head(text, 2 * most));
    format!("```\n{}\n```", fit::cut(&inside, most))
}

/// As each reader's own clock shows it.
fn ago(at: DateTime<Utc>) -> String {
    format!("<t:{}:R>", at.timestamp())
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::prelude::*;

    use super::*;
    use crate::{
        domain::{attempt::Outcome, money::Usage, task::Thinking},
        wording::views::{Links, TaskSummary},
    };

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_763_700_000 + seconds, 0).unwrap()
    }

    fn waiting(text: &str) -> TaskDetail {
        TaskDetail {
            summary: TaskSummary {
                id: "1443021398234771496".parse().unwrap(),
                state: "waiting".into(),
                outcome: None,
                finding: None,
                requester: "ann".into(),
                text: text.into(),
                agent: "openclaw".into(),
                model: Some("cheap".into()),
                thinking: Thinking::Medium,
                priority: 100,
                created_at: at(0),
                started_at: None,
                ended_at: None,
                attempt: None,
                agent_id: None,
                cost: "N/A".into(),
                cost_nanos: None,
            },
            prompt: text.into(),
            model_id: Some("openrouter/stepfun/step-3.5-flash:free".into()),
            time_limit_s: 120,
            isolation: None,
            budget: None,
            checks: Vec::new(),
            reason: Some("2 tasks are before it.".into()),
            now: None,
            asks: Vec::new(),
            queue_position: Some(3),
            links: Links::default(),
            attempts: Vec::new(),
            result: None,
            delivered: false,
            events: Vec::new(),
        }
    }

    fn attempt_of(number: u32, text: &str) -> AttemptView {
        AttemptView {
            number,
            state: "ended".into(),
            outcome: Some(Outcome::Failed),
            reason: Some(format!("exit code 3: {text}")),
            agent_id: "agent-1763700009-k3x9".into(),
            claimed_at: at(9),
            started_at: Some(at(10)),
            ended_at: Some(at(13)),
            duration_ms: Some(3_200),
            model: Some("cheap".into()),
            tokens: Some(Usage { input: 1_200, output: 300, cache_read: 0, cache_write: 0 }),
            cost: "$0.001215".into(),
            cost_nanos: Some(1_215_000),
            cost_from: None,
            checked: None,
            workspace: None,
            remarks: Vec::new(),
        }
    }

    fn shown(task: &TaskDetail) -> String {
        detail(task).embeds[0].description.replace('\u{200b}', "¦")
    }

    #[test]
    fn a_waiting_task_says_what_it_waits_for() {
        assert_snapshot!(shown(&waiting("Count the lines of\n```x```")), @"
        ⏳ `1443021398234771496` · **waiting for its turn**
        asked by ann <t:1763700000:R>
        ```
        Count the lines of
        ``¦`x``¦`
        ```
        **Why:** 2 tasks are before it.
        **How:** agent `openclaw` · model `cheap` · thinking medium · time limit 2m · priority 100
        ");
    }

    #[test]
    fn an_ended_task_tells_each_attempt_and_what_it_cost() {
        let mut task = waiting("Count the lines");
        task.summary.state = "failed".into();
        task.summary.cost = "$0.00243".into();
        task.reason = Some("exit code 3".into());
        task.links =
            Links { message: Some("https://discord.com/channels/1/2/3".into()), result: Some("https://discord.com/channels/1/4/5".into()) };
        task.attempts = vec![attempt_of(1, "**no**"), attempt_of(2, "`no`")];
        task.result = Some(ResultView {
            text: "the whole".into(),
            text_left_out: 0,
            summary: Some("half of it".into()),
            partial: true,
            outputs: std::collections::BTreeMap::default(),
            files: Vec::new(),
            log_tail: None,
        });
        assert_snapshot!(shown(&task), @r#"
        ❌ [`1443021398234771496`](https://discord.com/channels/1/2/3) · **failed**
        asked by ann <t:1763700000:R>
        ```
        Count the lines
        ```
        **Why:** exit code 3
        **How:** agent `openclaw` · model `cheap` · thinking medium · time limit 2m · priority 100
        **Attempt 1:** ❌ failed · ended <t:1763700013:R> · 3.2s · 1,200 in / 300 out tokens · $0.001215 · `agent-1763700009-k3x9` · workspace removed
        -# exit code 3: \*\*no\*\*
        **Attempt 2:** ❌ failed · ended <t:1763700013:R> · 3.2s · 1,200 in / 300 out tokens · $0.001215 · `agent-1763700009-k3x9` · workspace removed
        -# exit code 3: `no`
        **Cost of all attempts:** $0.00243
        **Result (partial):**
        ```
        half of it
        ```
        [Its entry in the results](https://discord.com/channels/1/4/5)
        "#);
    }

    #[test]
    fn a_running_task_says_since_when() {
        let mut task = waiting("x");
        task.summary.state = "running".into();
        task.reason = None;
        task.attempts = vec![AttemptView {
            state: "running".into(),
            outcome: None,
            reason: None,
            ended_at: None,
            duration_ms: None,
            ..attempt_of(1, "")
        }];
        assert_snapshot!(shown(&task), @"
        ▶️ `1443021398234771496` · **running**
        asked by ann <t:1763700000:R>
        ```
        x
        ```
        **How:** agent `openclaw` · model `cheap` · thinking medium · time limit 2m · priority 100
        **Attempt 1:** ▶️ running · started <t:1763700010:R> · `agent-1763700009-k3x9`
        ");

        let usage = Usage { input: 1_200, output: 300, cache_read: 0, cache_write: 0 };
        let now =
            |tells: Option<&str>, tokens, cost_nanos| NowView { tells: tells.map(str::to_owned), tokens, cost_nanos, heard_at: at(17) };
        let last = |now| shown(&TaskDetail { now: Some(now), ..task.clone() }).lines().last().unwrap_or_default().to_owned();
        assert_snapshot!(last(now(Some("▸ cargo *test*"), Some(usage), Some(250_000_000))), @r"**Now:** ▸ cargo \*test\* · 1,200 in / 300 out tokens · $0.25 so far · last heard <t:1763700017:R>");
        assert_snapshot!(last(now(None, None, None)), @"**Now:** last heard <t:1763700017:R>");
    }

    proptest! {
        #[test]
        fn a_detail_fits_whatever_is_in_it(text in ".{0,5000}", many in 0_u32..20) {
            let mut task = waiting(&text);
            task.attempts = (1..=many).map(|number| attempt_of(number, &text)).collect();
            task.result = Some(ResultView {
                text: text.clone(), text_left_out: 0, summary: None, partial: false, outputs: std::collections::BTreeMap::default(), files: Vec::new(), log_tail: None,
            });
            prop_assert!(fit::length(&shown(&task)) <= BOX);
        }
    }
}
