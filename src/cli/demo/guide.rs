//! The guided first task that the demonstration's chat page shows.

use orchestrator_sandbox::{Guide, GuideStep, Until};

/// A task that every agent can do, the demonstration's own among them.
pub(super) const FIRST_TASK: &str = "Compare tea and coffee in five lines [thinking:low]";
/// One that is there to be stopped: hard thinking takes every agent a while.
const TO_BE_STOPPED: &str = "Write a long story about a teapot [thinking:high]";

/// Five steps: write a task, see it done, read its result, ask about it, and stop another.
pub(super) fn first_task() -> Guide {
    let step = |text: &str, channel: &str, write: Option<&str>, until: Until| GuideStep {
        text: text.to_owned(),
        channel: Some(channel.to_owned()),
        write: write.map(str::to_owned),
        until,
    };
    // ✅ before all else: what was refused has a ❌ too, and was no task.
    let marked = |and: &[&str]| Until::Marked {
        channel: "task-queue".to_owned(),
        emoji: "✅".to_owned(),
        and: and.iter().map(|emoji| (*emoji).to_owned()).collect(),
    };
    Guide {
        title: "Your first task".to_owned(),
        steps: vec![
            step(
                "One message in **#task-queue** is one task. Write one, or take this one, and press Enter.",
                "task-queue",
                Some(FIRST_TASK),
                marked(&[]),
            ),
            step(
                "✅ under your message: it was taken, an agent is at work. Its card below tells how far it is. 🏁 will mean that it is done.",
                "task-queue",
                None,
                marked(&["🏁", "❌", "🛑"]),
            ),
            step(
                "It has ended. Its entry stands in **#results**: the answer, its tokens and what it cost.",
                "results",
                None,
                Until::Read { channel: "results".to_owned() },
            ),
            step(
                "Now ask about it: press **Why?** or **Logs** on its card in **#task-queue**. Or type `/why`, which tells of a task that waits what it waits for. A `/` shows every command.",
                "task-queue",
                None,
                Until::Used,
            ),
            step(
                "Last, stop one. Send this, which takes a while, then press **Cancel** on its card and **Stop it** below that.",
                "task-queue",
                Some(TO_BE_STOPPED),
                marked(&["🛑"]),
            ),
        ],
        end: "That was all of it. Give it real work; `orchestrator setup` takes it to a Discord of your own.".to_owned(),
    }
}
