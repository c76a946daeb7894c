//! The question about a task that has grown old before it was seen.

use std::time::Duration;

use crate::domain::{id::TaskId, task::show_duration};

/// Asks whether an old task is still wanted.
pub fn question(task: &TaskId, age: Duration) -> String {
    // To the hour: nobody cares for the seconds of a day.
    let hours = Duration::from_secs(age.as_secs() / 3_600 * 3_600);
    format!(
        "⏳ This was written {} ago, while nobody was listening, so it was not run (task `{task}`). React with 🔁 to run it now, or with 🛑 to drop it.",
        show_duration(hours)
    )
}
