//! A forum: its posts, and the button that makes another.

use serde_json::json;

use super::{
    html::{self, escape, push},
    markdown,
    viewer::Viewer,
};
use crate::world::{guild::Channel, permission, thread::Forum};

/// The posts of the open forum as list items: pinned ones first, then those that are open, then the archived.
pub(super) fn posts(viewer: Viewer<'_>, channel: &Channel) -> String {
    let tags = channel.forum.clone().unwrap_or_default();
    let mut out = String::new();
    push(&mut out, format_args!("<li class=\"beginning\"><h3>{}</h3>", escape(&channel.name)));
    if let Some(topic) = &channel.topic {
        push(&mut out, format_args!("<p>{}</p>", markdown::render_line(topic, viewer.world)));
    }
    if viewer.may(permission::SEND_MESSAGES) {
        let offered: Vec<_> = tags
            .tags
            .iter()
            .filter(|tag| !tag.moderated || viewer.may(permission::MANAGE_THREADS))
            .map(|tag| json!({"label": tag.name, "value": tag.id}))
            .collect();
        push(
            &mut out,
            format_args!(
                "<button type=\"button\" class=\"button style-1\" data-act=\"new-post\" data-tags=\"{}\" data-required=\"{}\">New post</button>",
                escape(&json!(offered).to_string()),
                tags.requires_tag
            ),
        );
    }
    out.push_str("</li>");
    let mut posts = viewer.threads(channel.id, false);
    posts.sort_by_key(|post| !post.thread.as_ref().is_some_and(|thread| thread.pinned));
    posts.extend(viewer.threads(channel.id, true));
    for post in &posts {
        item(viewer, &tags, post, &mut out);
    }
    if posts.is_empty() {
        out.push_str("<li class=\"empty\">There are no posts yet.</li>");
    }
    out
}

fn item(viewer: Viewer<'_>, forum: &Forum, post: &Channel, out: &mut String) {
    let Some(thread) = &post.thread else { return };
    let first = viewer.world.message(post.id, post.id);
    push(out, format_args!("<li class=\"post\"><a href=\"{}\" data-channel=\"{}\">", viewer.address("channel", post.id), post.id));
    for tag in forum.tags.iter().filter(|tag| thread.applied_tags.contains(&tag.id)) {
        push(out, format_args!("<span class=\"role\">{} {}</span> ", escape(tag.emoji.as_deref().unwrap_or_default()), escape(&tag.name)));
    }
    push(
        out,
        format_args!(
            "<strong>{}{}</strong><span>{}: {}</span><small>{} message{} · {}{}</small></a></li>",
            if thread.pinned { "📌 " } else { "" },
            escape(&post.name),
            escape(viewer.name(thread.owner)),
            first.map(|first| markdown::excerpt(&first.content, 160, viewer.world)).unwrap_or_default(),
            thread.message_count(),
            if thread.message_count() == 1 { "" } else { "s" },
            html::time(post.last_message.unwrap_or(post.id).made_at(), 'R'),
            if thread.archived { " · archived" } else { "" },
        ),
    );
}
