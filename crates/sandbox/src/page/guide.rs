//! How far the person has come in the guide, told from what is the case in the world.

use serde_json::{Value, json};

use super::{markdown, viewer::Viewer};
use crate::{
    guide::{Guide, Until},
    world::{guild::Channel, interaction::InteractionKind, message::Message, snowflake::Snowflake},
};

/// How far a browser has come.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reached {
    /// How many steps were done.
    pub(super) step: usize,
    /// What was the newest when the guide began; `None` if it begins now.
    pub(super) began: Option<Snowflake>,
    /// What was the newest when the last step was done.
    pub(super) since: Option<Snowflake>,
}

/// The step that the person is at, who had `reached` another before; `null` if there is no guide.
pub(super) fn step(viewer: Viewer<'_>, guide: Option<&Guide>, reached: Reached) -> Value {
    let Some(guide) = guide else { return Value::Null };
    let (steps, newest) = (guide.steps.len(), newest(viewer));
    let began = reached.began.unwrap_or(newest);
    let (mut at, mut since) = (reached.step.min(steps), reached.since.unwrap_or(began));
    while guide.steps.get(at).is_some_and(|step| is_done(viewer, &step.until, began, since)) {
        (at, since) = (at + 1, newest);
    }
    let step = guide.steps.get(at);
    let channel = step.and_then(|step| step.channel.as_deref()).and_then(|name| named(viewer, name));
    json!({
        "title": guide.title, "step": at, "steps": steps, "began": began, "since": since,
        "html": markdown::render(step.map_or(guide.end.as_str(), |step| step.text.as_str()), viewer.world),
        "write": step.and_then(|step| step.write.as_deref()),
        "channel": channel.map(|channel| channel.id), "channel_name": channel.map(|channel| channel.name.as_str()),
        "here": channel.is_none_or(|channel| Some(channel.id) == viewer.channel),
    })
}

/// The id of what was last written or used: whatever comes later has a greater one.
fn newest(viewer: Viewer<'_>) -> Snowflake {
    let world = viewer.world;
    let written = world.channels().filter_map(|channel| world.messages(channel.id).next_back()).map(|message| message.id);
    // Nothing is older than its server.
    written.chain(world.interactions().map(|interaction| interaction.id)).max().unwrap_or(viewer.guild.id)
}

fn is_done(viewer: Viewer<'_>, until: &Until, began: Snowflake, since: Snowflake) -> bool {
    match until {
        Until::Marked { channel, emoji, and } => own(viewer, channel, began).any(|message| {
            let is_marked = |emoji: &String| is_marked(viewer, message, emoji);
            is_marked(emoji) && (and.is_empty() || and.iter().any(is_marked))
        }),
        Until::Read { channel } => {
            named(viewer, channel).is_some_and(|channel| Some(channel.id) == viewer.channel && has_answer(viewer, channel, began))
        }
        Until::Used => viewer.world.interactions().any(|interaction| {
            interaction.id > since
                && interaction.user == viewer.user.id
                && interaction.answer.is_some()
                && matches!(interaction.kind, InteractionKind::Command | InteractionKind::Component)
        }),
    }
}

/// Whether a bot has put the emoji on the message.
fn is_marked(viewer: Viewer<'_>, message: &Message, emoji: &str) -> bool {
    let by_bot = |user| viewer.world.user(user).is_some_and(|user| user.bot);
    message.reactions.iter().any(|reaction| reaction.emoji.as_str() == emoji && reaction.users.iter().copied().any(by_bot))
}

/// Whether a bot's message in the channel is about a message of the person.
fn has_answer(viewer: Viewer<'_>, channel: &Channel, began: Snowflake) -> bool {
    let world = viewer.world;
    let written = world.channels().flat_map(|channel| world.messages(channel.id));
    let ids: Vec<_> = written.filter(|message| message.author == viewer.user.id && message.id > began).map(|message| message.id).collect();
    world.messages(channel.id).filter(|message| world.user(message.author).is_some_and(|user| user.bot)).any(|message| {
        let shown = json!([message.content, message.embeds, message.components]).to_string();
        ids.iter().any(|id| message.reply_to == Some(*id) || shown.contains(&id.to_string()))
    })
}

/// What the person has written in a channel since the guide began.
fn own<'a>(viewer: Viewer<'a>, channel: &str, began: Snowflake) -> impl Iterator<Item = &'a Message> {
    let messages = named(viewer, channel).map(|channel| viewer.world.messages(channel.id));
    let is_own = move |message: &&Message| message.author == viewer.user.id && message.id > began && message.only_for.is_none();
    messages.into_iter().flatten().filter(is_own)
}

/// A channel of the open server by name.
fn named<'a>(viewer: Viewer<'a>, name: &str) -> Option<&'a Channel> {
    viewer.channels().into_iter().find(|channel| channel.name == name)
}
