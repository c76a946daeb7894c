//! What an operator must know: each trouble has its own words, says what still goes on, and what to do. Also told to the requester where he would
//! otherwise wonder.

use super::{
    figures, fit,
    harmless::{code, plain, sentence},
};
use crate::domain::{id::ChannelId, money::Usd};

/// How much of a foreign reason is shown.
const REASON: usize = 300;

/// The reply that shows a claim where no reaction can.
pub fn claimed_without_mark(error: &str) -> String {
    format!("✅ This task is claimed and runs. (The reaction that would show it could not be put: {})", sentence(error, REASON))
}

/// ✅ can't be put for want of a permission: nothing more is claimed.
pub fn marks_forbidden(channel: ChannelId, error: &str) -> String {
    format!(
        "⚠️ **No task is started:** the bot may not put ✅ in <#{channel}> ({}). Give it the permissions Add Reactions and Read Message History \
         there; it tries again every minute and goes on by itself.",
        sentence(error, REASON)
    )
}

/// A task channel can't be read back.
pub fn channel_refused(channel: ChannelId, error: &str) -> String {
    format!(
        "⚠️ <#{channel}> can't be read back ({}): tasks that were posted there while the bot was away are not seen. Give it the permissions View \
         Channel and Read Message History there.",
        sentence(error, REASON)
    )
}

/// ✅ can be put again.
pub fn marks_allowed_again(channel: ChannelId) -> String {
    format!("✅ The bot may put ✅ in <#{channel}> again: tasks are started.")
}

/// A post that no repetition would better.
pub fn undeliverable(channel: ChannelId, error: &str, kept_in: &str) -> String {
    format!(
        "⚠️ A post to <#{channel}> could not be delivered ({}) and is not tried again. Its text is kept in {}; `orchestrator logs <task>` shows a task's own.",
        sentence(error, REASON),
        code(kept_in, 200)
    )
}

/// A task's card can't be shown: tasks run all the same.
pub fn cards_refused(channel: ChannelId, error: &str) -> String {
    format!(
        "⚠️ The cards of tasks can't be shown in <#{channel}> ({}). Tasks run all the same, and their results are posted. Give the bot Send Messages and Embed \
         Links there, or turn cards off with `/settings` in that channel.",
        sentence(error, REASON)
    )
}

/// A task gets no thread: everything else goes on.
pub fn threads_refused(channel: ChannelId, error: &str) -> String {
    format!(
        "⚠️ Tasks get no threads in <#{channel}> ({}). Everything else goes on. Give the bot Create Public Threads and Send Messages in Threads there, or turn \
         threads off with `/settings` in that channel.",
        sentence(error, REASON)
    )
}

/// A post whose fate nobody can find out: it may stand, so it is not sent again.
pub fn unconfirmed(channel: ChannelId, kept_in: &str) -> String {
    format!(
        "⚠️ A post to <#{channel}> may stand there or not: Discord's answer was lost, and the bot may not read the channel's history to find out. It is held, not \
         repeated. Give it Read Message History there. The text is kept in {}.",
        code(kept_in, 200)
    )
}

/// Discord has refused a token again and again; all that is sent has stopped. Told locally: Discord would not take it.
pub fn token_refused(setting: &str, tries: u32) -> String {
    format!(
        "Discord does not accept the bot token ({setting}): {} in a row were answered with HTTP 401. Nothing is sent any more, so that the address is not banned. Agents that run go on, \
         and their results are kept. Put a valid token into {setting} and restart; what waits is posted then.",
        figures::counted(u64::from(tries), "request", "requests")
    )
}

/// Posts have been failing for a while and are kept. Told locally.
pub fn discord_away(error: &str, waiting: u64) -> String {
    let posts = match waiting {
        1 => "1 post waits and goes out".to_owned(),
        more => format!("{} posts wait and go out", figures::thousands(more)),
    };
    format!("Discord can't be reached ({error}). {posts} when it is back.")
}

/// The day's ceiling is reached.
pub fn daily_ceiling(spent: Usd, ceiling: Usd) -> String {
    format!(
        "⛔ **Nothing more is started today (UTC).** The day has cost {spent}, and the ceiling is {ceiling}. Running agents go on; waiting tasks start \
         after midnight UTC, or at once when the ceiling is raised."
    )
}

/// The disk is nearly full: nothing more is started.
pub fn disk_low(path: &str, free: u64, mark: u64) -> String {
    format!(
        "⛔ **No task is started:** {} are free at {}, less than the {} that are kept free. Running agents go on. Make room, for example with `orchestrator clean`; it goes on by itself.",
        figures::bytes(free),
        code(path, 200),
        figures::bytes(mark)
    )
}

/// Why nothing is started while the disk is nearly full, for `status`.
pub fn disk_low_because(path: &str, free: u64, mark: u64) -> String {
    format!("{} are free at {}, less than the {} that are kept free", figures::bytes(free), code(path, 200), figures::bytes(mark))
}

/// There is room again.
pub fn disk_is_well(path: &str, free: u64) -> String {
    format!("✅ {} are free at {} again: tasks are started.", figures::bytes(free), code(path, 200))
}

/// The store's disk is full.
pub fn store_full() -> String {
    "⛔ **The store's disk is full:** no task is accepted and no end is recorded until there is room. Nothing is lost: agents that end meanwhile are recorded then.".to_owned()
}

/// Somebody stopped everything.
pub fn paused(by: &str, stopped: u32) -> String {
    let running = match stopped {
        0 => "Running agents go on.".to_owned(),
        stopped => format!("{} being stopped.", figures::counted(u64::from(stopped), "agent is", "agents are")),
    };
    format!("⏸ **Paused by {}.** Nothing more is started until `resume`. {running}", plain(by, 64))
}

/// Somebody let it go on.
pub fn resumed(by: &str) -> String {
    format!("▶️ **Resumed by {}.** Tasks are started again.", plain(by, 64))
}

/// An agent's processes that could not be killed.
pub fn unkillable(agent_id: &str, processes: u32) -> String {
    format!(
        "⚠️ {} of {} could not be killed and may still run. `orchestrator doctor` names them.",
        figures::counted(u64::from(processes), "process", "processes"),
        code(agent_id, 64)
    )
}

/// An agent can't be started, again and again.
pub fn unstartable(agent: &str, reason: &str) -> String {
    format!(
        "⚠️ Agent {} can't be started: {}. Tasks for it fail until that is mended; `orchestrator doctor` checks it.",
        code(agent, 40),
        sentence(reason, REASON)
    )
}

/// Text that can't be read: Discord gives none without the intent.
pub fn no_content(channel: ChannelId) -> String {
    format!(
        "⚠️ Messages in <#{channel}> arrive without their text. Switch on **Message Content Intent** for this bot in Discord's developer portal (Bot → Privileged Gateway Intents) and restart."
    )
}

/// One message of alerts; what does not fit is cut.
pub fn together(alerts: &[String]) -> String {
    fit::cut(&alerts.join("\n"), fit::MESSAGE).into_owned()
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    fn channel() -> ChannelId {
        ChannelId::new(1_470_493_473_038_663_792)
    }

    #[test]
    fn what_discord_does_not_let_us_do_is_told_with_the_remedy() {
        assert_snapshot!(claimed_without_mark("Discord refuses: Maximum number of reactions reached (HTTP 403, code 30010)"), @"✅ This task is claimed and runs. (The reaction that would show it could not be put: Discord refuses: Maximum number of reactions reached (HTTP 403, code 30010))");
        assert_snapshot!(marks_forbidden(channel(), "Missing Permissions"), @"⚠️ **No task is started:** the bot may not put ✅ in <#1470493473038663792> (Missing Permissions). Give it the permissions Add Reactions and Read Message History there; it tries again every minute and goes on by itself.");
        assert_snapshot!(marks_allowed_again(channel()), @"✅ The bot may put ✅ in <#1470493473038663792> again: tasks are started.");
        assert_snapshot!(undeliverable(channel(), "Missing Access", ".runtime/undelivered"), @"⚠️ A post to <#1470493473038663792> could not be delivered (Missing Access) and is not tried again. Its text is kept in `.runtime/undelivered`; `orchestrator logs <task>` shows a task's own.");
        assert_snapshot!(unconfirmed(channel(), ".runtime/undelivered"), @"⚠️ A post to <#1470493473038663792> may stand there or not: Discord's answer was lost, and the bot may not read the channel's history to find out. It is held, not repeated. Give it Read Message History there. The text is kept in `.runtime/undelivered`.");
        assert_snapshot!(token_refused("ORCHESTRATOR_AGENT_TOKEN", 5), @"Discord does not accept the bot token (ORCHESTRATOR_AGENT_TOKEN): 5 requests in a row were answered with HTTP 401. Nothing is sent any more, so that the address is not banned. Agents that run go on, and their results are kept. Put a valid token into ORCHESTRATOR_AGENT_TOKEN and restart; what waits is posted then.");
        assert_snapshot!(discord_away("HTTP 503", 1), @"Discord can't be reached (HTTP 503). 1 post waits and goes out when it is back.");
        assert_snapshot!(discord_away("connection refused", 1_200), @"Discord can't be reached (connection refused). 1,200 posts wait and go out when it is back.");
        assert_snapshot!(no_content(channel()), @"⚠️ Messages in <#1470493473038663792> arrive without their text. Switch on **Message Content Intent** for this bot in Discord's developer portal (Bot → Privileged Gateway Intents) and restart.");
    }

    #[test]
    fn why_nothing_is_started_is_told_with_what_goes_on() {
        assert_snapshot!(daily_ceiling(Usd::from_nanos(5_010_000_000), Usd::from_nanos(5_000_000_000)), @"⛔ **Nothing more is started today (UTC).** The day has cost $5.01, and the ceiling is $5. Running agents go on; waiting tasks start after midnight UTC, or at once when the ceiling is raised.");
        assert_snapshot!(disk_low("/srv/workers", 300 << 20, 1 << 30), @"⛔ **No task is started:** 300 MiB are free at `/srv/workers`, less than the 1 GiB that are kept free. Running agents go on. Make room, for example with `orchestrator clean`; it goes on by itself.");
        assert_snapshot!(disk_is_well("/srv/workers", 3 << 30), @"✅ 3 GiB are free at `/srv/workers` again: tasks are started.");
        assert_snapshot!(store_full(), @"⛔ **The store's disk is full:** no task is accepted and no end is recorded until there is room. Nothing is lost: agents that end meanwhile are recorded then.");
        assert_snapshot!(paused("ann", 0), @"⏸ **Paused by ann.** Nothing more is started until `resume`. Running agents go on.");
        assert_snapshot!(paused("ann", 3), @"⏸ **Paused by ann.** Nothing more is started until `resume`. 3 agents are being stopped.");
        assert_snapshot!(resumed("**ann**"), @r"▶️ **Resumed by \*\*ann\*\*.** Tasks are started again.");
    }

    #[test]
    fn an_agent_s_trouble_is_told_with_its_name() {
        assert_snapshot!(unkillable("agent-1763700000-k3x9", 1), @"⚠️ 1 process of `agent-1763700000-k3x9` could not be killed and may still run. `orchestrator doctor` names them.");
        assert_snapshot!(unstartable("openclaw", "no `openclaw` in PATH"), @"⚠️ Agent `openclaw` can't be started: no `openclaw` in PATH. Tasks for it fail until that is mended; `orchestrator doctor` checks it.");
    }

    #[test]
    fn a_foreign_reason_stays_short_and_harmless() {
        let long = format!("@everyone `{}`", "x".repeat(5_000));

        assert!(fit::length(&undeliverable(channel(), &long, &long)) < 900);
        assert!(!undeliverable(channel(), &long, "x").contains("@everyone"));
        assert!(fit::length(&together(&[long.clone(), long])) <= fit::MESSAGE);
    }
}
