//! The guided first task that the demonstration's chat page shows.

use orchestrator_sandbox::{Guide, GuideStep, Until};

/// A task that every agent can do, the demonstration's own among them.
pub(super) const FIRST_TASK: &str = "Compare tea and coffee in five lines [thinking:low]";

/// Four steps: write a task, see it taken and done, read its result, ask about it.
pub(super) fn first_task() -> Guide {
    let step = |text: &str, channel: &str, write: Option<&str>, until: Until| GuideStep {
        text: text.to_owned(),
        channel: Some(channel.to_owned()),
        write: write.map(str::to_owned),
        until,
    };
    let queue = || "task-queue".to_owned();
    Guide {
        title: "Your first task".to_owned(),
        steps: vec![
            step(
                "One message in **#task-queue** is one task. Write one, or take this one, and press Enter.",
                "task-queue",
                Some(FIRST_TASK),
                Until::Wrote { channel: queue() },
            ),
            step(
                "✅ under your message: it was taken, an agent is at work. 🏁: it is done. Watch it change, or press **Cancel** on its card while it works.",
                "task-queue",
                None,
                Until::Marked { channel: queue(), emoji: ["🏁", "❌", "🛑"].map(str::to_owned).to_vec() },
            ),
            step(
                "Done. The answer stands in **#results**, with its tokens and its cost.",
                "results",
                None,
                Until::Read { channel: "results".to_owned() },
            ),
            step(
                "Now ask about it: press **Logs** under the card in **#task-queue**, or type `/why`. A `/` shows every command.",
                "task-queue",
                None,
                Until::Used,
            ),
        ],
        end: "That was all of it. Give it real work; `orchestrator setup` takes it to a Discord of your own.".to_owned(),
    }
}
