//! A short guided first task for the chat page: its texts come from whoever starts the local Discord, its progress from the world.

/// A guide that the chat page shows until the person has gone through it or left it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guide {
    /// What it is called.
    pub title: String,
    /// Its steps, in order.
    pub steps: Vec<GuideStep>,
    /// What is said when all steps are done, in Discord's Markdown.
    pub end: String,
}

/// One step of a [`Guide`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuideStep {
    /// What to do or to look at, in Discord's Markdown.
    pub text: String,
    /// The channel where it happens, by name; the page offers to go there.
    pub channel: Option<String>,
    /// A text that the page offers to put into the message box there.
    pub write: Option<String>,
    /// When the step is done.
    pub until: Until,
}

/// What has to be the case in the world for a step to be done. "The person" is whoever looks at the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Until {
    /// The person has written in this channel.
    Wrote {
        /// The channel's name.
        channel: String,
    },
    /// A bot has put one of these emoji on a message of the person in this channel.
    Marked {
        /// The channel's name.
        channel: String,
        /// The emoji, as they are written.
        emoji: Vec<String>,
    },
    /// A bot has posted something in this channel that names a message of the person by its id, or answers it; and the person looks at it.
    Read {
        /// The channel's name.
        channel: String,
    },
    /// The person has used a command, a button or a select.
    Used,
}
