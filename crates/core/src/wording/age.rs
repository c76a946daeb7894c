//! The question about a task that has grown old before it was seen.

use std::time::Duration;

use crate::domain::{
    id::{ChannelId, TaskId},
    task::show_duration,
};

/// Asks whether an old task is still wanted.
pub fn question(task: &TaskId, age: Duration) -> String {
    // To the hour: nobody cares for the seconds of a day.
    let hours = Duration::from_secs(age.as_secs() / 3_600 * 3_600);
    format!(
        "⏳ This was written {} ago, while nobody was listening, so it was not run (task `{task}`). React with 🔁 to run it now, or with 🛑 to drop it.",
        show_duration(hours)
    )
}

/// Tells the operator that a channel, when it was first read, held more old messages than anybody wants to be asked about.
pub fn left_alone(channel: ChannelId, count: usize) -> String {
    format!(
        "⏳ <#{channel}> was read for the first time. {count} older messages in it carry no sign of mine; they were left alone. To run one of \
         them: `orchestrator reclaim <id>`."
    )
}
