//! What Discord itself writes into a channel: that a thread began, that something was pinned, that somebody was added.

use super::{
    html::{escape, push},
    markdown,
    viewer::Viewer,
};
use crate::world::message::{Message, MessageKind};

/// The line for a message of Discord's own; `None` for what people and bots write.
pub(super) fn line(viewer: Viewer<'_>, message: &Message) -> Option<String> {
    let by = format!("<b>{}</b>", escape(viewer.name(message.author)));
    let who = || {
        let names = message.mentions.iter().map(|id| format!("<b>{}</b>", escape(viewer.name(*id))));
        names.collect::<Vec<_>>().join(", ")
    };
    let line = match message.kind {
        MessageKind::Default | MessageKind::Reply | MessageKind::ChatInputCommand | MessageKind::ContextMenuCommand => return None,
        MessageKind::RecipientAdd => format!("{by} added {} to the thread.", who()),
        MessageKind::RecipientRemove => format!("{by} removed {} from the thread.", who()),
        MessageKind::NameChange => format!("{by} changed the thread's name: <b>{}</b>", escape(&message.content)),
        MessageKind::PinnedMessage => match message.reference.and_then(|to| Some((to.channel, to.message?))) {
            Some((channel, pinned)) => {
                format!(
                    "{by} pinned <a href=\"#m-{pinned}\" data-message=\"{pinned}\" data-in=\"{channel}\">a message</a> to this channel."
                )
            }
            None => format!("{by} pinned a message to this channel."),
        },
        MessageKind::ThreadCreated => {
            let name = escape(&message.content);
            match message.reference.and_then(|to| viewer.world.channel(to.channel)) {
                Some(thread) => format!(
                    "{by} started a thread: <a href=\"{}\" data-channel=\"{}\">{name}</a>.",
                    viewer.address("channel", thread.id),
                    thread.id
                ),
                None => format!("{by} started a thread: {name}."),
            }
        }
        MessageKind::ThreadStarter => return Some(starter(viewer, message)),
    };
    Some(format!("<div class=\"content\"><p>{line}</p></div>"))
}

/// The message that a thread began with, which stands in the channel that the thread hangs on.
fn starter(viewer: Viewer<'_>, message: &Message) -> String {
    let started = message.reference.and_then(|to| viewer.world.message(to.channel, to.message?));
    let Some(started) = started else {
        return "<div class=\"content\"><p>Sorry, we couldn't load the first message in this thread.</p></div>".to_owned();
    };
    let mut out = String::from("<blockquote class=\"started\">");
    push(
        &mut out,
        format_args!(
            "<p class=\"only\"><b>{}</b> <a href=\"#\" data-message=\"{}\" data-in=\"{}\">in the channel</a></p>",
            escape(viewer.name(started.author)),
            started.id,
            started.channel
        ),
    );
    push(&mut out, format_args!("<div class=\"content\">{}</div></blockquote>", markdown::render(&started.content, viewer.world)));
    out
}
