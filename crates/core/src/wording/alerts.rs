//! What delivery has to tell when something can't be said or marked.

use crate::domain::id::ChannelId;

/// The reply that shows a claim where no reaction can.
pub fn claimed_without_mark(error: &str) -> String {
    format!("✅ This task is claimed and runs. (The reaction that would show it could not be put: {error})")
}

/// ✅ can't be put for want of a permission: nothing more is claimed.
pub fn marks_forbidden(channel: ChannelId, error: &str) -> String {
    format!(
        "⚠️ **No task is started:** the bot may not put ✅ in <#{channel}> ({error}). Give it the permissions Add Reactions and Read Message History \
         there; it tries again every minute and goes on by itself."
    )
}

/// A post that no repetition would better.
pub fn undeliverable(channel: ChannelId, error: &str, kept_in: &str) -> String {
    format!(
        "⚠️ A post to <#{channel}> could not be delivered ({error}). Its text is kept in `{kept_in}`, and `orchestrator logs <task>` shows the task's result."
    )
}
