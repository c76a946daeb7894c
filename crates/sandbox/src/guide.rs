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
///
/// A guide begins when a browser shows it for the first time. What was there before that counts for nothing: a world may be old, and its guide new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Until {
    /// A bot has put `emoji` on a message that the person has written in this channel since the guide began, and, unless the list is empty, one of
    /// `and` as well.
    Marked {
        /// The channel's name.
        channel: String,
        /// The emoji, as it is written.
        emoji: String,
        /// Other emoji, one of which has to be there too.
        and: Vec<String>,
    },
    /// A bot has posted something in this channel that names a message which the person has written since the guide began, or answers it; and the
    /// person looks at it.
    Read {
        /// The channel's name.
        channel: String,
    },
    /// The person has used a command, a button or a select since the step before was done, and was answered.
    Used,
}
