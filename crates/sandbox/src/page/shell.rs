//! The page as a whole.

use axum::http::{HeaderMap, header};

use super::{
    channels,
    html::{escape, push},
    log::{self, Part},
    markdown, members,
    viewer::Viewer,
};
use crate::world::{guild::ChannelKind, permission};

/// How this browser wants the page: told by cookies, so that it comes right at once.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Taste {
    /// `dark`, `light`, or as the system has it.
    theme: Option<&'static str>,
    /// Whether the members are hidden on a wide screen.
    members_hidden: bool,
}

/// The person as whom this browser last acted: a link to a message says nothing of that.
pub(super) fn last_person(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get(header::COOKIE)?.to_str().ok()?;
    cookies.split("; ").find_map(|cookie| cookie.strip_prefix("as="))
}

impl Taste {
    /// Reads the cookies `theme` and `members`.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let cookies = headers.get(header::COOKIE).and_then(|cookies| cookies.to_str().ok()).unwrap_or_default();
        let has = |wanted: &str| cookies.split("; ").any(|cookie| cookie == wanted);
        Self { theme: ["dark", "light"].into_iter().find(|theme| has(&format!("theme={theme}"))), members_hidden: has("members=hidden") }
    }
}

/// The whole page.
pub(super) fn page(viewer: Viewer<'_>, taste: Taste, part: Part) -> String {
    let channel = viewer.open_channel();
    let name = channel.map_or("no channel", |channel| viewer.title(channel));
    let parent = channel.and_then(|channel| channel.parent.filter(|_| channel.thread.is_some()));
    let trail = parent.and_then(|parent| viewer.world.channel(parent)).map(|parent| {
        format!(
            "<a class=\"trail\" href=\"{}\" data-channel=\"{}\">#{}</a><span class=\"trail\" aria-hidden=\"true\">›</span>",
            viewer.address("channel", parent.id),
            parent.id,
            escape(&parent.name)
        )
    });
    let topic =
        channel.and_then(|channel| channel.topic.as_deref()).map(|topic| markdown::render_line(topic, viewer.world)).unwrap_or_default();
    let is_direct = channel.is_some_and(|channel| channel.kind == ChannelKind::Direct);
    let (may_write, hint) = (viewer.may_write(), write_hint(viewer));
    format!(
        include_str!("page.html"),
        theme = taste.theme.map(|theme| format!(" data-theme=\"{theme}\"")).unwrap_or_default(),
        layout = if taste.members_hidden { "" } else { " class=\"with-aside\"" },
        title = escape(&if is_direct { format!("@{name}") } else { format!("#{name} · {}", viewer.guild.name) }),
        guild = escape(&viewer.guild.name),
        guild_id = viewer.guild.id,
        user = escape(&viewer.user.username),
        user_id = viewer.user.id,
        token = escape(&viewer.user.token),
        channel_id = viewer.channel.map(|id| id.to_string()).unwrap_or_default(),
        parent_id = parent.map(|id| id.to_string()).unwrap_or_default(),
        direct = if is_direct { " data-direct" } else { "" },
        powers = powers(viewer),
        channel = escape(name),
        sign = channel.map_or("", channels::sign),
        trail = trail.unwrap_or_default(),
        topic = topic,
        rail = channels::rail(viewer),
        people = people(viewer),
        channels = channels::list(viewer),
        members = members::list(viewer),
        messages = log::messages(viewer, part),
        attach_state = if may_write && viewer.may(permission::ATTACH_FILES) { "" } else { " hidden" },
        write_state = if may_write { "" } else { " disabled" },
        write_hint = escape(&hint),
    )
}

/// What the message box says while it is empty.
fn write_hint(viewer: Viewer<'_>) -> String {
    let Some(channel) = viewer.open_channel() else { return "There is no channel that you may see.".to_owned() };
    match &channel.thread {
        Some(thread) if thread.locked && !viewer.may_write() => "This thread is locked.".to_owned(),
        _ if channel.kind == ChannelKind::Forum => "A forum has posts; open one, or make another.".to_owned(),
        _ if !viewer.may_write() => "You do not have permission to send messages in this channel.".to_owned(),
        Some(thread) if thread.archived => format!("Message {} (takes it out of the archive)", channel.name),
        Some(_) => format!("Message {}", channel.name),
        None if channel.kind == ChannelKind::Direct => format!("Message @{}", viewer.title(channel)),
        None => format!("Message #{}", channel.name),
    }
}

/// What the person may do in the open channel, in the words that the page's script asks for.
fn powers(viewer: Viewer<'_>) -> String {
    let mut out = String::new();
    for (word, needed) in [
        ("react", permission::ADD_REACTIONS),
        ("thread", permission::CREATE_PUBLIC_THREADS),
        ("attach", permission::ATTACH_FILES),
        ("commands", permission::USE_APPLICATION_COMMANDS),
        ("manage-messages", permission::MANAGE_MESSAGES),
        ("manage-threads", permission::MANAGE_THREADS),
        ("pin", permission::PIN_MESSAGES),
    ] {
        if viewer.may(needed) {
            push(&mut out, format_args!("{word} "));
        }
    }
    if viewer.may_write() {
        out.push_str("write");
    }
    out.trim_end().to_owned()
}

/// The choice of persons to act as.
fn people(viewer: Viewer<'_>) -> String {
    let mut out = String::new();
    for known in viewer.world.users().filter(|known| !known.bot) {
        let selected = if known.id == viewer.user.id { " selected" } else { "" };
        let name = escape(&known.username);
        push(&mut out, format_args!("<option value=\"{name}\"{selected}>{name}{}</option>", members::standing(viewer, known)));
    }
    out
}
