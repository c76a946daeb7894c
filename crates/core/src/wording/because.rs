//! Why a task waits, why nothing is started, and what happened to it: whole sentences for lists, details and the command line.

use chrono::{DateTime, Utc};

use super::figures;
use crate::domain::{attempt::Outcome, journal::What, money::Usd, quota::Wait};

/// It waits for its turn.
pub fn waiting(position: Option<u64>) -> String {
    match position {
        Some(1) => "It is next.".to_owned(),
        Some(2) => "One task is before it.".to_owned(),
        Some(position) => format!("{} tasks are before it.", position - 1),
        None => "It waits for its turn.".to_owned(),
    }
}

/// It waits for a time.
pub fn delayed(until: DateTime<Utc>) -> String {
    format!("It is tried again at {}.", time(until))
}

/// It waits at a gate.
pub fn parked(gate: &str) -> String {
    match gate.split_once(':') {
        Some(("budget", whose)) => short_of_money(whose),
        Some(("agent", agent)) => format!("As many agents `{agent}` run as may; it waits for one to end."),
        _ => format!("It waits until `{gate}` is free."),
    }
}

/// It waits for its agent's quota: true before that time and after it.
pub fn out_of_quota(wait: &Wait) -> String {
    let agent = &wait.agent;
    match (wait.until, wait.resumes) {
        (None, _) => format!("The quota of agent `{agent}` is there again; it is about to take its turn."),
        (Some(until), true) => format!("Agent `{agent}` has no quota before {}. It goes on by itself then.", time(until)),
        (Some(until), false) => format!(
            "Agent `{agent}` has no quota before {}. It goes on when somebody says so: **Go on** on its card, or `hasten`.",
            time(until)
        ),
    }
}

fn time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// It waits at a ceiling of money.
fn short_of_money(whose: &str) -> String {
    let of = match whose.split_once(':') {
        Some(("task", _)) => {
            return "What it may cost is spent. It goes on when its budget is raised: **+ $1** on its card, or `raise`.".to_owned();
        }
        Some(("user", _)) => "its requester's tasks".to_owned(),
        Some(("agent", agent)) => format!("tasks of agent `{agent}`"),
        Some(("channel", _)) => "its channel's tasks".to_owned(),
        _ => "all tasks".to_owned(),
    };
    format!(
        "What {of} may cost today is spent or held back for running ones (`budgets`). It starts when one of them ends for less, after midnight UTC, or \
         when the ceiling is raised."
    )
}

/// Somebody held it.
pub fn held() -> String {
    "Somebody holds it. `release` lets it take its turn.".to_owned()
}

/// It is asked about.
pub fn asked() -> String {
    "It was written long before it was seen, so its requester is asked. `retry` runs it, `cancel` drops it.".to_owned()
}

/// Its ✅ is awaited.
pub fn unmarked() -> String {
    "It is claimed; its agent starts when the ✅ stands on its message.".to_owned()
}

/// It is asked to stop: by somebody, or because its money has run out.
pub fn stopping(by: &str, out_of_money: bool) -> String {
    if out_of_money { format!("It is being stopped: {by}.") } else { format!("{by} asked that it be stopped.") }
}

/// Nothing is started: a person stopped it.
pub fn paused(by: &str) -> String {
    format!("Nothing is started: paused by {by}. `orchestrator resume` goes on.")
}

/// Nothing is started: ✅ can't be put.
pub fn unmarkable(reason: &str) -> String {
    format!("Nothing is started: our ✅ is refused ({reason}). Give the bot Add Reactions and Read Message History in the task channel.")
}

/// Nothing is started: the disk is nearly full.
pub fn disk_low(reason: &str) -> String {
    format!("Nothing is started: {reason}. Make room; it goes on by itself.")
}

/// Nothing is started: the day's ceiling is reached.
pub fn daily_ceiling(spent: Usd, ceiling: Option<Usd>) -> String {
    let ceiling = ceiling.map_or_else(String::new, |ceiling| format!(" of {ceiling}"));
    format!("Nothing is started: today's budget{ceiling} is used up ({spent}). It goes on tomorrow (UTC).")
}

/// One line of a task's story.
pub fn happened(what: &What) -> String {
    match what {
        What::Accepted { by } => format!("accepted from {by}"),
        What::Edited => "its text was changed".to_owned(),
        What::EditIgnored => "its message was changed after its claim: without effect".to_owned(),
        What::Claimed { number } => format!("claimed for attempt {number}"),
        What::Marked => "its ✅ stands".to_owned(),
        What::Launched => "its agent was started".to_owned(),
        What::LaunchFailed { reason } => format!("its agent could not be started: {reason}"),
        What::Adopted => "its agent was found running after a restart".to_owned(),
        What::Ended { outcome, cost_nanos } => {
            format!("the attempt {}, cost {}", ended(*outcome), figures::cost(cost_nanos.map(Usd::from_nanos)))
        }
        What::StopAsked { by } => format!("{by} asked that it be stopped"),
        What::OutOfMoney { why } => format!("stopped: {why}"),
        What::NearlyOutOfMoney { why } => format!("its money runs out: {why}"),
        What::TakenAsItIs { by } => format!("{by} takes what it has left as it is"),
        What::Raised { by, to_nanos } => format!("{by} lets it cost {} in all", Usd::from_nanos(*to_nanos)),
        What::AskedPermission { .. } => "its agent asked for permission".to_owned(),
        What::Permitted { by, answer, .. } => format!("{by} {}", answer.told()),
        What::PermissionExpired { .. } => "nobody answered its agent in time: what it asked for was denied".to_owned(),
        What::QuotaUsedUp { credential, until } => format!("its agent's quota (`{credential}`) is used up until {}", time(*until)),
        What::GoesToAnother { from, to } => format!("agent `{to}` takes it, because `{from}` has no quota"),
        What::QuotaIsBack { credential, by } => format!("{by} said that the quota of `{credential}` is there again"),
        What::Held { by } => format!("held by {by}"),
        What::Released { by } => format!("released by {by}"),
        What::Retried { by } => format!("{by} wants it run again"),
        What::Hastened { by } => format!("{by} wants it tried again at once"),
        What::FollowedUp { by } => format!("{by} said in its thread how it is to go on"),
        What::Asked => "its requester is asked whether it is still wanted".to_owned(),
        What::Delivered => "its result stands in Discord".to_owned(),
        What::Undeliverable { reason } => format!("its result could not be delivered: {reason}"),
        What::WorkspaceRemoved => "its workspace was removed".to_owned(),
        What::LateWriterRefused => "a late report of an overtaken attempt was refused".to_owned(),
        What::Paused { by } => format!("everything was paused by {by}"),
        What::Resumed { by } => format!("everything was resumed by {by}"),
    }
}

/// How something ended, as what it is now.
pub fn ended_as(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Succeeded => "done",
        Outcome::Failed => "failed",
        Outcome::TimedOut => "timed out",
        Outcome::Cancelled => "cancelled",
        Outcome::Interrupted => "interrupted",
        Outcome::OverBudget => "stopped over its budget",
    }
}

/// How something ended, as a verb.
pub fn ended(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Succeeded => "succeeded",
        Outcome::Failed => "failed",
        Outcome::TimedOut => "timed out",
        Outcome::Cancelled => "was cancelled",
        Outcome::Interrupted => "was interrupted",
        Outcome::OverBudget => "reached its spend ceiling",
    }
}

#[cfg(test)]
mod tests {
    use super::waiting;

    #[test]
    fn its_place_is_told_in_a_sentence_whatever_the_number() {
        let told = [1, 2, 3].map(|place| waiting(Some(place)));

        assert_eq!(told, ["It is next.", "One task is before it.", "2 tasks are before it."]);
    }
}
