//! How far the person has come in the guide, told from what is the case in the world.

use serde_json::{Value, json};

use super::{markdown, viewer::Viewer};
use crate::{
    guide::{Guide, Until},
    world::{guild::Channel, interaction::InteractionKind, message::Message},
};

/// The step that the person is at, who had reached `reached` before; `null` if there is no guide.
pub(super) fn step(viewer: Viewer<'_>, guide: Option<&Guide>, reached: usize) -> Value {
    let Some(guide) = guide else { return Value::Null };
    let steps = guide.steps.len();
    let mut at = reached.min(steps);
    while guide.steps.get(at).is_some_and(|step| is_done(viewer, &step.until)) {
        at += 1;
    }
    let step = guide.steps.get(at);
    let channel = step.and_then(|step| step.channel.as_deref()).and_then(|name| named(viewer, name));
    json!({
        "title": guide.title, "step": at, "steps": steps,
        "html": markdown::render(step.map_or(guide.end.as_str(), |step| step.text.as_str()), viewer.world),
        "write": step.and_then(|step| step.write.as_deref()),
        "channel": channel.map(|channel| channel.id), "channel_name": channel.map(|channel| channel.name.as_str()),
        "here": channel.is_none_or(|channel| Some(channel.id) == viewer.channel),
    })
}

fn is_done(viewer: Viewer<'_>, until: &Until) -> bool {
    match until {
        Until::Wrote { channel } => own(viewer, channel).next().is_some(),
        Until::Marked { channel, emoji } => own(viewer, channel).any(|message| {
            let by_bot = |user| viewer.world.user(user).is_some_and(|user| user.bot);
            message
                .reactions
                .iter()
                .any(|reaction| emoji.iter().any(|wanted| wanted == reaction.emoji.as_str()) && reaction.users.iter().copied().any(by_bot))
        }),
        Until::Read { channel } => {
            named(viewer, channel).is_some_and(|channel| Some(channel.id) == viewer.channel && has_answer(viewer, channel))
        }
        Until::Used => viewer.world.interactions().any(|interaction| {
            interaction.user == viewer.user.id && matches!(interaction.kind, InteractionKind::Command | InteractionKind::Component)
        }),
    }
}

/// Whether a bot's message in the channel is about a message of the person.
fn has_answer(viewer: Viewer<'_>, channel: &Channel) -> bool {
    let world = viewer.world;
    let written = world.channels().flat_map(|channel| world.messages(channel.id)).filter(|message| message.author == viewer.user.id);
    let ids: Vec<_> = written.map(|message| message.id).collect();
    world.messages(channel.id).filter(|message| world.user(message.author).is_some_and(|user| user.bot)).any(|message| {
        let shown = json!([message.content, message.embeds, message.components]).to_string();
        ids.iter().any(|id| message.reply_to == Some(*id) || shown.contains(&id.to_string()))
    })
}

/// The person's messages in a channel.
fn own<'a>(viewer: Viewer<'a>, channel: &str) -> impl Iterator<Item = &'a Message> {
    let messages = named(viewer, channel).map(|channel| viewer.world.messages(channel.id));
    messages.into_iter().flatten().filter(move |message| message.author == viewer.user.id && message.only_for.is_none())
}

/// A channel of the open server by name.
fn named<'a>(viewer: Viewer<'a>, name: &str) -> Option<&'a Channel> {
    viewer.channels().into_iter().find(|channel| channel.name == name)
}
