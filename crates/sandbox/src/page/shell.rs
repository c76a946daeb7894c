//! The page as a whole, and its two parts that are loaded again: the list of channels and the list of messages.

use super::{
    html::{escape, push},
    markdown, message,
    viewer::Viewer,
};
use crate::world::{message::Message, permission, snowflake::Snowflake};

/// How many messages are shown at once.
const PAGE: usize = 50;

/// The whole page.
pub(super) fn page(viewer: Viewer<'_>) -> String {
    let (guild, user) = (viewer.guild, viewer.user);
    let channel = viewer.channel.and_then(|id| viewer.world.channel(id));
    let name = channel.map_or("no channel", |channel| channel.name.as_str());
    let may_write = viewer.channel.is_some_and(|id| viewer.granted() & viewer.world.writing_permission(id) != 0);
    let people = people(viewer);
    let topic =
        channel.and_then(|channel| channel.topic.as_deref()).map(|topic| markdown::render_line(topic, viewer.world)).unwrap_or_default();
    format!(
        include_str!("page.html"),
        title = escape(&format!("#{name} · {}", guild.name)),
        guild = escape(&guild.name),
        guild_id = guild.id,
        user = escape(&user.username),
        user_id = user.id,
        token = escape(&user.token),
        channel_id = viewer.channel.map(|id| id.to_string()).unwrap_or_default(),
        channel = escape(name),
        topic = topic,
        people = people,
        channels = channels(viewer),
        messages = messages(viewer, None),
        write_state = if may_write { "" } else { " disabled" },
        write_hint = if may_write { format!("Message #{}", escape(name)) } else { "You may not write here".to_owned() },
    )
}

/// The choice of persons to act as.
fn people(viewer: Viewer<'_>) -> String {
    let mut out = String::new();
    for known in viewer.world.users().filter(|known| !known.bot) {
        let selected = if known.id == viewer.user.id { " selected" } else { "" };
        let name = escape(&known.username);
        push(&mut out, format_args!("<option value=\"{name}\"{selected}>{name}{}</option>", standing(viewer, known.id)));
    }
    out
}

/// The channels as list items.
pub(super) fn channels(viewer: Viewer<'_>) -> String {
    let mut out = String::new();
    for channel in viewer.channels().into_iter().filter_map(|id| viewer.world.channel(id)) {
        let current = if Some(channel.id) == viewer.channel { " aria-current=\"page\"" } else { "" };
        push(
            &mut out,
            format_args!(
                "<li{thread}><a href=\"?as={}&amp;channel={id}\" data-channel=\"{id}\" data-last=\"{}\"{current}><span class=\"hash\" aria-hidden=\"true\">#</span><span class=\"channel-name\">{}</span>\
                 <span class=\"unread\" role=\"img\" hidden></span></a></li>",
                escape(&viewer.user.username),
                channel.last_message.map(|last| last.to_string()).unwrap_or_default(),
                escape(&channel.name),
                id = channel.id,
                thread = if channel.thread.is_some() { " class=\"thread\"" } else { "" },
            ),
        );
    }
    out
}

/// The newest messages of the open channel as list items, or those before one.
pub(super) fn messages(viewer: Viewer<'_>, before: Option<Snowflake>) -> String {
    let Some(channel) = viewer.channel else { return String::new() };
    let reads_history = viewer.granted() & permission::READ_MESSAGE_HISTORY != 0;
    let wanted =
        |message: &&Message| before.is_none_or(|before| message.id < before) && message.is_shown_to(viewer.user.id) && reads_history;
    let mut shown: Vec<_> = viewer.world.messages(channel).rev().filter(wanted).take(PAGE + 1).collect();
    let more = shown.len() > PAGE;
    shown.truncate(PAGE);
    let mut out = String::new();
    if more {
        out.push_str("<li class=\"older\"><button type=\"button\" data-act=\"older\">Show older messages</button></li>");
    } else {
        let name = viewer.world.channel(channel).map_or("", |channel| channel.name.as_str());
        push(
            &mut out,
            format_args!(
                "<li class=\"beginning\"><h2>Welcome to #{name}!</h2><p>This is the beginning of the channel.</p></li>",
                name = escape(name)
            ),
        );
    }
    for known in shown.into_iter().rev() {
        out.push_str(&message::render(viewer, known));
    }
    out
}

/// A word on what the person may do, for the choice of persons.
fn standing(viewer: Viewer<'_>, user: Snowflake) -> String {
    let guild = viewer.guild;
    let roles: Vec<_> = guild
        .members
        .get(&user)
        .into_iter()
        .flat_map(|member| &member.roles)
        .filter_map(|role| guild.roles.get(role))
        .map(|role| role.name.as_str())
        .collect();
    let name = viewer.world.user(user).map_or("", |user| user.username.as_str());
    match (guild.owner == user, roles.as_slice()) {
        (true, _) => " (owner)".to_owned(),
        (false, []) => " (no role)".to_owned(),
        (false, [role]) if *role == name => String::new(),
        (false, roles) => format!(" ({})", escape(&roles.join(", "))),
    }
}
