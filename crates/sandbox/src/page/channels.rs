//! The rail of servers, and the channels of the one that is open: categories, channels, and threads beneath them.

use super::{
    html::{escape, push},
    viewer::Viewer,
};
use crate::world::{
    guild::{Channel, ChannelKind},
    snowflake::Snowflake,
};

/// How many of a channel's threads stand below it, those with the newest messages: so many tasks have one that the channels would be pushed out of sight.
const RECENT: usize = 4;

/// The servers as list items. Each tells the newest message of its channels, so that the page can mark what was not read.
pub(super) fn rail(viewer: Viewer<'_>) -> String {
    let mut out = String::new();
    for guild in viewer.guilds() {
        let open = guild.id == viewer.guild.id;
        let inside = Viewer { guild, ..viewer };
        let newest: Vec<String> =
            inside.channels().into_iter().filter_map(|channel| channel.last_message.map(|last| format!("{}:{last}", channel.id))).collect();
        push(
            &mut out,
            format_args!(
                "<li><a href=\"{}\" data-guild=\"{}\" data-newest=\"{}\" data-initials=\"{}\" title=\"{name}\"{}><span class=\"unseen\">{name}</span></a></li>",
                viewer.address("guild", guild.id),
                guild.id,
                newest.join(" "),
                escape(&initials(&guild.name)),
                if open { " aria-current=\"true\"" } else { "" },
                name = escape(&guild.name),
            ),
        );
    }
    out
}

/// The channels as list items: first those in no category, then the categories with theirs.
pub(super) fn list(viewer: Viewer<'_>) -> String {
    let channels = viewer.channels();
    let in_category = |category: Option<Snowflake>| channels.iter().filter(move |channel| channel.parent == category);
    let mut out = String::new();
    for channel in in_category(None) {
        item(viewer, channel, &mut out);
    }
    for category in viewer.categories() {
        if in_category(Some(category.id)).next().is_none() {
            continue;
        }
        push(
            &mut out,
            format_args!(
                "<li class=\"category\"><h3 id=\"c-{id}\">{}</h3><ul aria-labelledby=\"c-{id}\">",
                escape(&category.name),
                id = category.id
            ),
        );
        for channel in in_category(Some(category.id)) {
            item(viewer, channel, &mut out);
        }
        out.push_str("</ul></li>");
    }
    let direct = viewer.direct();
    if !direct.is_empty() {
        out.push_str("<li class=\"category\"><h3 id=\"c-direct\">Direct messages</h3><ul aria-labelledby=\"c-direct\">");
        for channel in direct {
            out.push_str("<li>");
            link(viewer, channel, &mut out);
            out.push_str("</li>");
        }
        out.push_str("</ul></li>");
    }
    out
}

fn item(viewer: Viewer<'_>, channel: &Channel, out: &mut String) {
    out.push_str("<li>");
    link(viewer, channel, out);
    let mut threads = viewer.threads(channel.id, false);
    let others = threads.split_off(threads.len().min(RECENT));
    // The one that is open before the reader has its place in the list too, archived or not.
    let rest = others.len();
    threads.extend(others.into_iter().chain(viewer.threads(channel.id, true)).filter(|thread| Some(thread.id) == viewer.channel));
    if !threads.is_empty() {
        push(out, format_args!("<ul class=\"threads\" aria-label=\"Threads of {}\">", escape(&channel.name)));
        for thread in threads {
            out.push_str("<li>");
            link(viewer, thread, out);
            out.push_str("</li>");
        }
        if rest > 0 {
            push(
                out,
                format_args!(
                    "<li><button type=\"button\" class=\"more\" data-threads=\"{}\" data-name=\"{name}\" aria-label=\"{rest} more threads of {name}\">{rest} more</button></li>",
                    channel.id,
                    name = escape(&channel.name)
                ),
            );
        }
        out.push_str("</ul>");
    }
    out.push_str("</li>");
}

fn link(viewer: Viewer<'_>, channel: &Channel, out: &mut String) {
    let current = if Some(channel.id) == viewer.channel { " aria-current=\"page\"" } else { "" };
    push(
        out,
        format_args!(
            "<a href=\"{}\" data-channel=\"{}\" data-last=\"{}\"{current}><span class=\"hash sign-{}\" aria-hidden=\"true\">{}</span>\
             <span class=\"channel-name\">{}</span><span class=\"unread\" role=\"img\" hidden></span></a>",
            viewer.address("channel", channel.id),
            channel.id,
            channel.last_message.map(|last| last.to_string()).unwrap_or_default(),
            channel.kind.number(),
            sign(channel),
            escape(viewer.title(channel)),
        ),
    );
}

/// The sign before a channel's name.
pub(super) fn sign(channel: &Channel) -> &'static str {
    match channel.kind {
        ChannelKind::Thread => "🧵",
        ChannelKind::PrivateThread => "🔒",
        ChannelKind::Announcement => "📣",
        ChannelKind::Forum => "💬",
        ChannelKind::Direct => "@",
        ChannelKind::Text | ChannelKind::Category => "#",
    }
}

/// The first letters of a name's first words.
fn initials(name: &str) -> String {
    name.split_whitespace().filter_map(|word| word.chars().find(|c| c.is_alphanumeric())).take(3).collect()
}
