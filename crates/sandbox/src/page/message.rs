//! One message as it stands in the list.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::{
    attachment, component, embed,
    html::{self, escape, push},
    markdown,
    viewer::Viewer,
};
use crate::world::{
    message::{LOADING, Message, MessageKind, SUPPRESS_EMBEDS},
    people::User,
    permission,
};

/// Renders a message for the viewer; he is known to be allowed to see it.
pub(super) fn render(viewer: Viewer<'_>, message: &Message) -> String {
    let inner = inner(viewer, message);
    // By its version the page knows whether a message that it already shows has changed.
    let mut hasher = DefaultHasher::new();
    inner.hash(&mut hasher);
    let mentioned = message.mention_everyone || message.mentions.contains(&viewer.user.id);
    format!(
        "<li class=\"message{}{}\" id=\"m-{id}\" data-id=\"{id}\" data-author=\"{}\" data-version=\"{:x}\" data-raw=\"{}\" tabindex=\"-1\">{inner}</li>",
        if message.only_for.is_some() { " ephemeral" } else { "" },
        if mentioned { " mentioned" } else { "" },
        message.author,
        hasher.finish(),
        escape(&message.content),
        id = message.id,
    )
}

fn inner(viewer: Viewer<'_>, message: &Message) -> String {
    let author = viewer.world.user(message.author);
    let mut out = String::new();
    context(viewer, message, &mut out);
    avatar(author, &mut out);
    out.push_str("<div class=\"body\">");
    heading(message, author, &mut out);
    content(viewer, message, &mut out);
    if message.flags & SUPPRESS_EMBEDS == 0 {
        for shown in &message.embeds {
            embed::render(viewer.world, shown, &mut out);
        }
    }
    for file in &message.attachments {
        attachment::render(viewer.world, message, file, &mut out);
    }
    component::render_all(viewer.world, message, &mut out);
    reactions(viewer, message, &mut out);
    thread(viewer, message, &mut out);
    if message.only_for.is_some() {
        out.push_str(
            "<p class=\"only\">Only you can see this · <button type=\"button\" data-act=\"delete-now\">Dismiss message</button></p>",
        );
    }
    out.push_str("</div>");
    tools(viewer, message, author, &mut out);
    out
}

/// What a message answers: another message, or a command that somebody used.
fn context(viewer: Viewer<'_>, message: &Message, out: &mut String) {
    if let Some(interaction) = message.interaction.as_ref().filter(|interaction| interaction.kind == 2) {
        let user = viewer.world.user(interaction.user).map_or("somebody", |user| user.display_name.as_str());
        let slash = if message.kind == MessageKind::ChatInputCommand { "/" } else { "" };
        push(out, format_args!("<p class=\"context\"><b>{}</b> used <b>{slash}{}</b></p>", escape(user), escape(&interaction.name)));
        return;
    }
    let Some(id) = message.reply_to.filter(|_| message.kind == MessageKind::Reply) else { return };
    match viewer.world.message(message.channel, id).filter(|answered| answered.is_shown_to(viewer.user.id)) {
        Some(answered) => {
            let author = viewer.world.user(answered.author).map_or("somebody", |user| user.display_name.as_str());
            let excerpt = markdown::excerpt(&answered.content, 120, viewer.world);
            let excerpt = if excerpt.is_empty() { "a message without text".to_owned() } else { excerpt };
            push(
                out,
                format_args!("<p class=\"context\">↪ <b>{}</b> <a href=\"#m-{id}\" data-act=\"jump\">{}</a></p>", escape(author), excerpt),
            );
        }
        None => out.push_str("<p class=\"context\">↪ <i>Original message was deleted</i></p>"),
    }
}

fn avatar(author: Option<&User>, out: &mut String) {
    let letter: String = author.and_then(|user| user.display_name.chars().next()).unwrap_or('?').to_uppercase().collect();
    let hue = author.map_or(0, |user| user.id.get() % 6);
    push(out, format_args!("<div class=\"avatar hue-{hue}\" aria-hidden=\"true\">{}</div>", escape(&letter)));
}

fn heading(message: &Message, author: Option<&User>, out: &mut String) {
    let name = author.map_or("unknown", |user| user.display_name.as_str());
    push(out, format_args!("<h3 class=\"by\"><span class=\"name\">{}</span>", escape(name)));
    if author.is_some_and(|user| user.bot) {
        out.push_str("<span class=\"badge\">APP</span>");
    }
    push(out, format_args!("{}</h3>", html::time(message.posted_at(), 'M')));
}

fn content(viewer: Viewer<'_>, message: &Message, out: &mut String) {
    if message.flags & LOADING != 0 {
        let name = viewer.world.user(message.author).map_or("The app", |user| user.display_name.as_str());
        push(
            out,
            format_args!(
                "<div class=\"content thinking\">{} is thinking<span class=\"dots\" aria-hidden=\"true\"></span></div>",
                escape(name)
            ),
        );
    } else if !message.content.is_empty() {
        push(out, format_args!("<div class=\"content\">{}", markdown::render(&message.content, viewer.world)));
        if let Some(at) = message.edited_at {
            push(out, format_args!("<span class=\"edited\" title=\"{}\">(edited)</span>", at.format("%H:%M:%S UTC")));
        }
        out.push_str("</div>");
    }
}

fn reactions(viewer: Viewer<'_>, message: &Message, out: &mut String) {
    if message.reactions.is_empty() {
        return;
    }
    out.push_str("<ul class=\"reactions\" aria-label=\"Reactions\">");
    for reaction in &message.reactions {
        let mine = reaction.users.contains(&viewer.user.id);
        let names: Vec<_> = reaction.users.iter().filter_map(|id| viewer.world.user(*id)).map(|user| user.display_name.as_str()).collect();
        let emoji = escape(reaction.emoji.as_str());
        push(
            out,
            format_args!(
                "<li><button type=\"button\" data-act=\"react\" data-emoji=\"{emoji}\" aria-pressed=\"{mine}\" title=\"{names}\" aria-label=\"{emoji}, {count}: {names}\">\
                 <span>{emoji}</span> <span class=\"count\">{count}</span></button></li>",
                names = escape(&names.join(", ")),
                count = reaction.users.len(),
            ),
        );
    }
    out.push_str("</ul>");
}

/// The thread that hangs on the message.
fn thread(viewer: Viewer<'_>, message: &Message, out: &mut String) {
    let Some(thread) = viewer.world.channel(message.id).filter(|channel| channel.thread.is_some()) else { return };
    let count = viewer.world.messages(thread.id).count();
    push(
        out,
        format_args!(
            "<p class=\"thread-link\"><a href=\"?channel={id}\" data-channel=\"{id}\">🧵 {name}</a> <span>{count} message{s}</span></p>",
            id = thread.id,
            name = escape(&thread.name),
            s = if count == 1 { "" } else { "s" },
        ),
    );
}

/// What can be done with the message: only what this person may do.
fn tools(viewer: Viewer<'_>, message: &Message, author: Option<&User>, out: &mut String) {
    if message.only_for.is_some() {
        return;
    }
    let granted = viewer.granted();
    let name = escape(author.map_or("unknown", |user| user.display_name.as_str()));
    push(out, format_args!("<div class=\"tools\" role=\"group\" aria-label=\"Message by {name}\">"));
    let mut tool = |act: &str, sign: &str, label: &str, popup: bool| {
        let popup = if popup { " aria-haspopup=\"true\"" } else { "" };
        push(
            out,
            format_args!("<button type=\"button\" data-act=\"{act}\" title=\"{label}\" aria-label=\"{label}\"{popup}>{sign}</button>"),
        );
    };
    if granted & permission::ADD_REACTIONS != 0 {
        tool("pick-emoji", "☺", "Add reaction", true);
    }
    if granted & viewer.world.writing_permission(message.channel) != 0 {
        tool("reply", "↩", "Reply", false);
    }
    if granted & permission::USE_APPLICATION_COMMANDS != 0 {
        tool("apps", "⚙", "Apps", true);
    }
    if message.author == viewer.user.id {
        tool("edit", "✎", "Edit", false);
    }
    if message.author == viewer.user.id || granted & permission::MANAGE_MESSAGES != 0 {
        tool("delete", "🗑", "Delete", true);
    }
    out.push_str("</div>");
}
