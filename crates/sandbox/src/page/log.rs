//! The messages of the open channel as list items: the newest, or those before, after or around one.

use std::collections::BTreeMap;

use super::{
    forum,
    html::{escape, push},
    message,
    viewer::Viewer,
};
use crate::world::{guild::ChannelKind, message::Message, permission, snowflake::Snowflake};

/// How many messages are shown at once.
const PAGE: usize = 50;

/// Which messages are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Newest,
    Before(Snowflake),
    After(Snowflake),
    Around(Snowflake),
}

impl Part {
    /// Reads `before`, `after` or `message` of an address.
    pub(super) fn of(query: &BTreeMap<String, String>) -> Self {
        let id = |key: &str| query.get(key).and_then(|id| id.parse().ok());
        let before = id("before").map(Self::Before);
        before.or_else(|| id("after").map(Self::After)).or_else(|| id("message").map(Self::Around)).unwrap_or(Self::Newest)
    }
}

/// The messages, oldest first; before them a button or the channel's beginning, after them a button if there are newer ones.
pub(super) fn messages(viewer: Viewer<'_>, part: Part) -> String {
    let Some(channel) = viewer.open_channel() else { return String::new() };
    if channel.kind == ChannelKind::Forum {
        return forum::posts(viewer, channel);
    }
    let reads_history = viewer.may(permission::READ_MESSAGE_HISTORY);
    let known: Vec<_> = viewer.world.messages(channel.id).filter(|message| message.is_shown_to(viewer.user.id) && reads_history).collect();
    let (from, to) = range(&known, part);
    let mut out = String::new();
    if from > 0 && !matches!(part, Part::After(_)) {
        out.push_str("<li class=\"older\"><button type=\"button\" data-act=\"older\">Show older messages</button></li>");
    } else if from == 0 {
        beginning(viewer, reads_history, &mut out);
    }
    for message in &known[from..to] {
        out.push_str(&message::render(viewer, message));
    }
    if to < known.len() && !matches!(part, Part::Before(_)) {
        out.push_str("<li class=\"newer\"><button type=\"button\" data-act=\"newer\">Show newer messages</button></li>");
    }
    out
}

/// Where the part begins and ends among all messages, which are in order.
fn range(known: &[&Message], part: Part) -> (usize, usize) {
    let place = |id: Snowflake| known.partition_point(|message| message.id < id);
    match part {
        Part::Newest => (known.len().saturating_sub(PAGE), known.len()),
        Part::Before(id) => (place(id).saturating_sub(PAGE), place(id)),
        Part::After(id) => {
            let from = known.partition_point(|message| message.id <= id);
            (from, (from + PAGE).min(known.len()))
        }
        Part::Around(id) => {
            let end = (place(id) + PAGE / 2).min(known.len());
            (end.saturating_sub(PAGE), end)
        }
    }
}

fn beginning(viewer: Viewer<'_>, reads_history: bool, out: &mut String) {
    let Some(channel) = viewer.open_channel() else { return };
    let name = escape(viewer.title(channel));
    if channel.kind == ChannelKind::Direct {
        return push(
            out,
            format_args!("<li class=\"beginning\"><h3>{name}</h3><p>This is the beginning of your direct messages with {name}.</p></li>"),
        );
    }
    if !reads_history {
        return out.push_str("<li class=\"beginning\"><p>You may not read what was written here before.</p></li>");
    }
    match channel.parent.and_then(|parent| viewer.world.channel(parent)).filter(|_| channel.thread.is_some()) {
        Some(parent) => push(
            out,
            format_args!(
                "<li class=\"beginning\"><h3>{name}</h3><p>This is the beginning of the thread in <a class=\"mention\" href=\"{}\" data-channel=\"{}\">#{}</a>.</p></li>",
                viewer.address("channel", parent.id),
                parent.id,
                escape(&parent.name)
            ),
        ),
        None => {
            push(
                out,
                format_args!("<li class=\"beginning\"><h3>Welcome to #{name}!</h3><p>This is the beginning of the channel.</p></li>"),
            );
        }
    }
}
