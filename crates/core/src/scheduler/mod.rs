//! Stage 3: which step runs next, here, now.
//!
//! What comes in is the ringing of the queue's bell (and a slow clock, so that a lost ring costs seconds, never a task); what goes out are
//! claims, which the runner finds in the store. The scheduler knows nothing of processes and of Discord.

pub mod tick;
