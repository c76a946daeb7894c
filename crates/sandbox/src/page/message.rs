//! One message as it stands in the list.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::{
    attachment, component, embed, gist,
    html::{self, escape, push},
    markdown, members, system,
    viewer::Viewer,
};
use crate::world::{
    guild::Channel,
    message::{HAS_THREAD, LOADING, Message, MessageKind, SUPPRESS_EMBEDS, SUPPRESS_NOTIFICATIONS},
    permission,
    thread::Thread,
};

/// Renders a message for the viewer; he is known to be allowed to see it.
pub(super) fn render(viewer: Viewer<'_>, message: &Message) -> String {
    let inner = inner(viewer, message);
    // By its version the page knows whether a message that it already shows has changed.
    let mut hasher = DefaultHasher::new();
    inner.hash(&mut hasher);
    let mentioned = message.mention_everyone || message.mentions.contains(&viewer.user.id);
    format!(
        "<li class=\"message{}{}{}{}\" id=\"m-{id}\" data-id=\"{id}\" data-author=\"{}\" data-app=\"{}\" data-version=\"{:x}\" data-raw=\"{}\" data-can=\"{}\" tabindex=\"-1\">{inner}</li>",
        if message.only_for.is_some() { " ephemeral" } else { "" },
        if mentioned { " mentioned" } else { "" },
        if message.kind.is_system() { " system" } else { "" },
        if message.pinned_at.is_some() { " pinned" } else { "" },
        message.webhook.as_ref().map_or(message.author.to_string(), |webhook| webhook.name.clone()).replace(['"', '<', '>', '&', '\''], ""),
        message.webhook.as_ref().and_then(|webhook| webhook.application).unwrap_or(message.author),
        hasher.finish(),
        escape(&message.content),
        powers(viewer, message),
        id = message.id,
    )
}

fn inner(viewer: Viewer<'_>, message: &Message) -> String {
    let mut out = String::new();
    if let Some(line) = system::line(viewer, message) {
        push(&mut out, format_args!("<span class=\"arrow\" aria-hidden=\"true\">→</span><div class=\"body\">{line}"));
        reactions(viewer, message, &mut out);
        push(&mut out, format_args!("{}</div>", html::time(message.posted_at(), 'M')));
        tools(viewer, message, &mut out);
        return out;
    }
    context(viewer, message, &mut out);
    let by = message.webhook.as_ref().map_or(message.author, |webhook| webhook.id);
    members::avatar(viewer.author(message).0, by, &mut out);
    out.push_str("<div class=\"body\">");
    heading(viewer, message, &mut out);
    content(viewer, message, &mut out);
    if message.flags & SUPPRESS_EMBEDS == 0 {
        for shown in &message.embeds {
            embed::render(viewer.world, message, shown, &mut out);
        }
    }
    // What embeds and layouts show is not shown twice.
    let shown = serde_json::json!([message.embeds, message.components]).to_string();
    for file in message.attachments.iter().filter(|file| {
        !shown.contains(&format!("attachment://{}\"", file.filename)) && !shown.contains(&format!("/{}/{}\"", file.id, file.filename))
    }) {
        attachment::render(viewer.world, message, file, &mut out);
    }
    component::render_all(viewer.world, message, &mut out);
    if let Some(said) = message.snapshot.as_ref().and_then(|snapshot| snapshot["message"]["content"].as_str()) {
        push(
            &mut out,
            format_args!(
                "<p class=\"only\">↪ Forwarded</p><blockquote class=\"started content\">{}</blockquote>",
                markdown::render(said, viewer.world)
            ),
        );
    }
    reactions(viewer, message, &mut out);
    thread(viewer, message, &mut out);
    if message.only_for.is_some() {
        out.push_str(
            "<p class=\"only\">Only you can see this · <button type=\"button\" data-act=\"delete-now\">Dismiss message</button></p>",
        );
    }
    out.push_str("</div>");
    tools(viewer, message, &mut out);
    out
}

/// What a message answers: another message, or a command that somebody used.
fn context(viewer: Viewer<'_>, message: &Message, out: &mut String) {
    if let Some(interaction) = message.interaction.as_ref().filter(|interaction| interaction.kind == 2) {
        let user = viewer.name(interaction.user);
        let slash = if message.kind == MessageKind::ChatInputCommand { "/" } else { "" };
        push(out, format_args!("<p class=\"context\"><b>{}</b> used <b>{slash}{}</b></p>", escape(user), escape(&interaction.name)));
        return;
    }
    let Some(id) = message.reply_to.filter(|_| message.kind == MessageKind::Reply) else { return };
    match viewer.world.message(message.channel, id).filter(|answered| answered.is_shown_to(viewer.user.id)) {
        Some(answered) => {
            let author = viewer.author(answered).0;
            push(
                out,
                format_args!(
                    "<p class=\"context\"><span aria-hidden=\"true\">↪</span> <span class=\"unseen\">Reply to</span> <b>{}</b> <a href=\"#m-{id}\" data-act=\"jump\" data-target=\"{id}\">{}</a></p>",
                    escape(author),
                    gist::of(answered, 120, viewer.world)
                ),
            );
        }
        None => out.push_str("<p class=\"context\">↪ <i>Original message was deleted</i></p>"),
    }
}

fn heading(viewer: Viewer<'_>, message: &Message, out: &mut String) {
    let (name, is_app) = viewer.author(message);
    let name = escape(name);
    push(
        out,
        format_args!(
            "<h3 class=\"by\"><button type=\"button\" class=\"name\" data-act=\"user\" data-user=\"{}\" data-name=\"{name}\" aria-haspopup=\"dialog\">{name}</button>",
            message.author
        ),
    );
    if is_app {
        out.push_str("<span class=\"badge\">APP</span>");
    }
    if message.pinned_at.is_some() {
        out.push_str("<span role=\"img\" aria-label=\"pinned\" title=\"pinned\">📌</span>");
    }
    if message.flags & SUPPRESS_NOTIFICATIONS != 0 {
        out.push_str("<span role=\"img\" aria-label=\"silent\" title=\"This was a silent message\">🔕</span>");
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
    push(
        out,
        format_args!(
            "<p class=\"thread-link\"><a href=\"/?channel={id}\" data-channel=\"{id}\">🧵 {name}</a> <span>{count}</span></p>",
            id = thread.id,
            name = escape(&thread.name),
            count = count_in(thread).unwrap_or_default(),
        ),
    );
}

/// How many messages stand in a thread, in words; `None` for what is no thread.
pub(super) fn count_in(channel: &Channel) -> Option<String> {
    let count = channel.thread.as_ref().map(Thread::message_count)?;
    Some(format!("{count} message{}", if count == 1 { "" } else { "s" }))
}

/// What can be done with the message: only what this person may do. The rest stands in its menu, which the page's script makes of `data-can`.
fn tools(viewer: Viewer<'_>, message: &Message, out: &mut String) {
    if message.only_for.is_some() {
        return;
    }
    let name = escape(viewer.author(message).0);
    push(out, format_args!("<div class=\"tools\" role=\"group\" aria-label=\"Message by {name}\">"));
    let mut tool = |act: &str, sign: &str, label: &str, popup: &str| {
        push(
            out,
            format_args!("<button type=\"button\" data-act=\"{act}\" title=\"{label}\" aria-label=\"{label}\"{popup}>{sign}</button>"),
        );
    };
    if viewer.may(permission::ADD_REACTIONS) {
        tool("pick-emoji", "☺", "Add reaction", " aria-haspopup=\"dialog\"");
    }
    if viewer.may_write() {
        tool("reply", "↩", "Reply", "");
    }
    if message.author == viewer.user.id && !message.kind.is_system() {
        tool("edit", "✎", "Edit", "");
    }
    tool("more", "⋯", "More", " aria-haspopup=\"menu\"");
    out.push_str("</div>");
}

/// What this person may do with the message, in the words that the page's script asks for.
fn powers(viewer: Viewer<'_>, message: &Message) -> String {
    let own = message.author == viewer.user.id;
    let in_thread = viewer.open_channel().is_some_and(|channel| channel.thread.is_some());
    let has_thread = message.flags & HAS_THREAD != 0;
    [
        ("react", viewer.may(permission::ADD_REACTIONS)),
        ("reply", viewer.may_write()),
        ("thread", viewer.may(permission::CREATE_PUBLIC_THREADS) && !in_thread && !has_thread && !message.kind.is_system()),
        ("edit", own && !message.kind.is_system()),
        ("pin", viewer.may(permission::PIN_MESSAGES) && !message.kind.is_system()),
        ("delete", own || viewer.may(permission::MANAGE_MESSAGES)),
        ("apps", viewer.may(permission::USE_APPLICATION_COMMANDS)),
    ]
    .into_iter()
    .filter(|(_, may)| *may && message.only_for.is_none())
    .map(|(word, _)| word)
    .collect::<Vec<_>>()
    .join(" ")
}
