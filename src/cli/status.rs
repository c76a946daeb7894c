//! `status`: the service at a glance, or one task.

use clap::Args;
use orchestrator_core::{
    domain::task::show_duration,
    ports::clock::Clock as _,
    wording::{
        checks, figures, harmless,
        tables::Table,
        views::{AttemptView, NowView, StatusView, TaskDetail, TaskSummary},
    },
};

use super::{
    Context,
    client::Client,
    exit::{Exit, Failure},
};
use crate::adapters::system_clock::SystemClock;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  orchestrator status\n  orchestrator status 1443021398234771496\n  orchestrator status --json | jq .counts"
)]
pub(super) struct StatusArgs {
    /// One task, with all that is known of it
    id: Option<String>,
}

pub(super) async fn run(context: &Context, args: StatusArgs) -> Result<Exit, Failure> {
    let client = Client::find_to_look(&context.config()?)?;
    match args.id {
        None => {
            let status: StatusView = client.get("/status").await?;
            context.voice.result(&status, || at_a_glance(&status));
        }
        Some(id) => {
            let detail: TaskDetail = client.get(&format!("/tasks/{}", in_path(&id)?)).await?;
            context.voice.result(&detail, || in_detail(&detail));
        }
    }
    client.close().await;
    Ok(Exit::Done)
}

/// An id as it may stand in an address; anything else is known nowhere.
pub(super) fn in_path(id: &str) -> Result<&str, Failure> {
    let known = id.parse::<orchestrator_core::domain::id::TaskId>();
    known.map(|_| id).map_err(|error| Failure::new(Exit::NotFound, format!("{error}.")))
}

fn at_a_glance(status: &StatusView) -> String {
    let mut lines = Vec::new();
    let commit = status.commit.as_ref().map_or_else(String::new, |commit| format!(" (commit {commit})"));
    lines.push(match (status.service, status.started_at) {
        (true, since) => {
            let since = since.map_or_else(String::new, |since| format!(", up {}", elapsed(since)));
            format!("orchestrator {}{commit}, instance {}, process {}{since}", status.version, status.instance, status.pid)
        }
        (false, _) => "No service runs; this is what the store holds.".to_owned(),
    });
    let counts = status.counts;
    let slots = if status.service { format!(" of {} at once", status.slots) } else { String::new() };
    lines.push(format!("{} running{slots}, {} waiting, {} held, {} ended", counts.running, counts.waiting, counts.blocked, counts.ended));
    let budget = status.daily_budget.as_ref().map_or_else(String::new, |budget| format!(" of {budget}"));
    lines.push(format!("spent today (UTC): {}{budget}", status.spent_today));
    if counts.letters > 0 {
        lines.push(format!("{} on their way to Discord", figures::counted(counts.letters, "post", "posts")));
    }
    lines.extend(status.closed.iter().map(|closed| format!("! {closed}")));
    lines.extend(status.troubles.iter().map(|trouble| format!("! {trouble}")));
    for (heading, tasks) in [("Running", &status.running), ("Next", &status.next)] {
        if !tasks.is_empty() {
            lines.push(format!("\n{heading}:\n{}", table(tasks)));
        }
    }
    lines.join("\n")
}

/// Tasks as a table.
pub(super) fn table(tasks: &[TaskSummary]) -> String {
    let mut table =
        Table::new(&["ID", "STATE", "AGE", "TIME", "COST", "BY", "TASK"]).right(2).right(3).right(4).at_most(5, 20).at_most(6, 70);
    for task in tasks {
        let time = match (task.started_at, task.ended_at) {
            (Some(since), None) => elapsed(since),
            (Some(since), Some(until)) => show_duration((until - since).to_std().unwrap_or_default()),
            (None, _) => String::new(),
        };
        table.row([
            task.id.to_string(),
            checks::state(task),
            figures::short_age(task.created_at, SystemClock.now()),
            time,
            task.cost.clone(),
            task.requester.clone(),
            task.text.clone(),
        ]);
    }
    table.show()
}

fn elapsed(since: chrono::DateTime<chrono::Utc>) -> String {
    show_duration((SystemClock.now() - since).to_std().unwrap_or_default())
}

fn in_detail(detail: &TaskDetail) -> String {
    let summary = &detail.summary;
    let mut lines = vec![format!("{}  {}", summary.id, checks::state(summary))];
    lines.extend(detail.reason.iter().map(|reason| format!("  {reason}")));
    lines.extend(detail.now.iter().filter_map(NowView::words).map(|words| format!("  now: {words}")));
    let model = summary.model.clone().unwrap_or_else(|| "the agent's own model".to_owned());
    lines.push(format!(
        "  {model}, thinking {}, agent {}, priority {}, time limit {}",
        summary.thinking,
        summary.agent,
        summary.priority,
        show_duration(std::time::Duration::from_secs(detail.time_limit_s))
    ));
    lines.push(format!("  asked by {} at {}", summary.requester, summary.created_at.format("%Y-%m-%d %H:%M:%S UTC")));
    let budget = detail.budget.as_ref().map_or_else(String::new, |budget| format!(" of {budget}"));
    lines.push(format!("  cost {}{budget}", summary.cost));
    lines.extend(detail.isolation.map(|closer| format!("  {}", closer.words())));
    if !detail.checks.is_empty() {
        let names: Vec<String> = detail.checks.iter().map(|check| harmless::one_line(&check.to_string())).collect();
        lines.push(format!("  checked by {}", names.join(", ")));
    }
    lines.extend(detail.links.message.iter().map(|link| format!("  message {link}")));
    lines.extend(detail.links.result.iter().map(|link| format!("  result  {link}")));
    lines.extend(detail.attempts.iter().map(attempt));
    lines.push(format!("\n{}", harmless::without_escapes(&detail.prompt)));
    if let Some(result) = &detail.result
        && !result.text.is_empty()
    {
        let what = if result.partial { "Partial result" } else { "Result" };
        lines.push(format!("\n{what}:\n{}", harmless::without_escapes(&result.text)));
    }
    if !detail.events.is_empty() {
        lines.push("\nStory:".to_owned());
        lines.extend(
            detail.events.iter().map(|event| format!("  {}  {}", event.at.format("%m-%d %H:%M:%S"), harmless::one_line(&event.what))),
        );
    }
    lines.join("\n")
}

fn attempt(attempt: &AttemptView) -> String {
    let took = attempt.duration_ms.map_or_else(String::new, |ms| format!(", {}", figures::duration(std::time::Duration::from_millis(ms))));
    let state = attempt.outcome.map_or_else(|| attempt.state.clone(), |outcome| outcome.word().replace('_', " "));
    let whose = attempt.cost_from.map_or_else(String::new, |from| format!(" ({})", figures::whose(from)));
    let tokens = figures::tokens(attempt.tokens.as_ref());
    let mut lines = vec![format!("  attempt {}: {state}{took}, {tokens} tokens, {}{whose}", attempt.number, attempt.cost)];
    lines.extend(attempt.checked.iter().flat_map(checks::in_terminal).map(|line| format!("    {line}")));
    lines.extend(attempt.workspace.iter().map(|workspace| format!("    workspace {workspace}")));
    lines.extend(attempt.remarks.iter().map(|remark| format!("    {}", harmless::one_line(remark))));
    lines.join("\n")
}
