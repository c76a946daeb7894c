//! What stands beside the messages when asked for: the channel's threads, and its pinned messages.

use super::{
    gist,
    html::{self, escape, push},
    viewer::Viewer,
};
use crate::world::{guild::Channel, permission};

/// The threads of the open channel, or of the channel of the open thread: those that are open, then the archived ones.
pub(super) fn threads(viewer: Viewer<'_>) -> String {
    let Some(open) = viewer.open_channel() else { return String::new() };
    let parent = open.parent.filter(|_| open.thread.is_some()).unwrap_or(open.id);
    let mut out = String::new();
    if open.thread.is_none() && viewer.may(permission::CREATE_PUBLIC_THREADS) {
        push(
            &mut out,
            format_args!(
                "<p><button type=\"button\" class=\"button style-1\" data-act=\"new-thread\" data-in=\"{}\">New thread</button></p>",
                open.id
            ),
        );
    }
    for (title, archived) in [("Active", false), ("Archived", true)] {
        let found = viewer.threads(parent, archived);
        push(&mut out, format_args!("<section><h3>{title} <span>· {}</span></h3>", found.len()));
        if found.is_empty() {
            push(&mut out, format_args!("<p class=\"empty\">No {} threads.</p>", title.to_lowercase()));
        } else {
            out.push_str("<ul>");
            for thread in found {
                item(viewer, thread, &mut out);
            }
            out.push_str("</ul>");
        }
        out.push_str("</section>");
    }
    out
}

fn item(viewer: Viewer<'_>, channel: &Channel, out: &mut String) {
    let Some(thread) = &channel.thread else { return };
    let owner = viewer.world.user(thread.owner).map_or("somebody", |user| user.display_name.as_str());
    let current = if Some(channel.id) == viewer.channel { " aria-current=\"page\"" } else { "" };
    push(
        out,
        format_args!(
            "<li><a class=\"thread-item\" href=\"{}\" data-channel=\"{}\"{current}><strong>{}{}</strong><span>by {}, {}</span></a></li>",
            viewer.address("channel", channel.id),
            channel.id,
            if thread.locked { "🔒 " } else { "" },
            escape(&channel.name),
            escape(owner),
            html::time(channel.last_message.unwrap_or(channel.id).made_at(), 'R'),
        ),
    );
}

/// The pinned messages of the open channel, the one pinned last first.
pub(super) fn pins(viewer: Viewer<'_>) -> String {
    let pinned = viewer
        .channel
        .filter(|_| viewer.may(permission::READ_MESSAGE_HISTORY))
        .map(|channel| viewer.world.pins(channel))
        .unwrap_or_default();
    if pinned.is_empty() {
        return "<p class=\"empty\">This channel doesn't have any pinned messages… yet.</p>".to_owned();
    }
    let mut out = String::from("<ul>");
    for message in pinned {
        push(
            &mut out,
            format_args!(
                "<li class=\"pin\"><p><b>{}</b> {}</p><p>{}</p><p class=\"buttons\"><button type=\"button\" data-act=\"jump\" data-target=\"{id}\">Jump</button>",
                escape(viewer.author(message).0),
                html::time(message.posted_at(), 'd'),
                gist::of(message, 300, viewer.world),
                id = message.id,
            ),
        );
        if viewer.may(permission::PIN_MESSAGES) {
            push(&mut out, format_args!("<button type=\"button\" data-act=\"unpin\" data-target=\"{}\">Unpin</button>", message.id));
        }
        out.push_str("</p></li>");
    }
    out.push_str("</ul>");
    out
}
