//! Threads: how they begin, who follows them, and those that were put away.

use chrono::DateTime;
use serde_json::{Value, json};

use super::{answer::Reply, ask::Call, members};
use crate::{
    form::{self, thread as form_thread},
    refusal::Refusal,
    wire::{channel, guild},
    world::{
        guild::{Channel, ChannelKind},
        permission,
        snowflake::Snowflake,
    },
};

/// `POST /channels/{channel}/messages/{message}/threads`
pub(super) fn start_on_message(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (user, parent, message) = (call.user()?, call.id("channel")?, call.id("message")?);
    let draft = form_thread::on_message(&call.body)?;
    let id = call.world.start_thread(call.now, user, parent, Some(message), draft)?;
    created(call, user, id)
}

/// `POST /channels/{channel}/threads`: a thread without a message, or a post of a forum.
pub(super) fn start(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (user, parent) = (call.user()?, call.id("channel")?);
    if call.world.channel_for(user, parent, 0)?.kind != ChannelKind::Forum {
        let draft = form_thread::on_channel(&call.body)?;
        let id = call.world.start_thread(call.now, user, parent, None, draft)?;
        return created(call, user, id);
    }
    let draft = form_thread::in_forum(&call.body, std::mem::take(&mut call.files))?;
    let id = call.world.start_post(call.now, user, parent, draft)?;
    let mut reply = created(call, user, id)?;
    let first = call.world.message(id, id).ok_or_else(Refusal::unknown_message)?;
    if let super::ReplyBody::Json(body) = &mut reply.body {
        body["message"] = call.viewer(user).posted(first);
    }
    Ok(reply)
}

/// `GET /guilds/{guild}/threads/active`
pub(super) fn active(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (user, guild) = (call.user()?, call.id("guild")?);
    call.world.guild_for(user, guild)?;
    let threads: Vec<_> = call.world.open_threads(guild, user).collect();
    Ok(Reply::json(listed(call, user, &threads)))
}

/// `GET /channels/{channel}/threads/archived/public`
pub(super) fn archived_public(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    archived(call, ChannelKind::Thread, 0)
}

/// `GET /channels/{channel}/threads/archived/private`
pub(super) fn archived_private(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    archived(call, ChannelKind::PrivateThread, permission::MANAGE_THREADS)
}

/// Newest archived first; `before` is a time.
fn archived(call: &Call<'_>, kind: ChannelKind, needed: u64) -> Result<Reply, Refusal> {
    let (user, parent) = (call.user()?, call.id("channel")?);
    let limit = call.number("limit", 50, 2, 100)?;
    let before = call.query.get("before").map(|text| form::time("before", text)).transpose()?;
    call.world.channel_for(user, parent, permission::READ_MESSAGE_HISTORY | needed)?;
    let archived_at = |known: &Channel| known.thread.as_ref().map_or(DateTime::UNIX_EPOCH, |thread| thread.archive_changed_at);
    let mut threads: Vec<_> =
        call.world.archived_threads(parent, kind).filter(|known| before.is_none_or(|before| archived_at(known) < before)).collect();
    threads.sort_by_key(|known| std::cmp::Reverse((archived_at(known), known.id)));
    Ok(Reply::json(page(call, user, threads, limit)))
}

/// `GET /channels/{channel}/users/@me/threads/archived/private`: newest made first; `before` is an id.
pub(super) fn archived_joined(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (user, parent) = (call.user()?, call.id("channel")?);
    let (limit, before) = (call.number("limit", 50, 2, 100)?, call.id_in_query("before")?);
    call.world.channel_for(user, parent, permission::READ_MESSAGE_HISTORY)?;
    let follows = |known: &&Channel| known.thread.as_ref().is_some_and(|thread| thread.followers.contains(&user));
    let mut threads: Vec<_> = call
        .world
        .archived_threads(parent, ChannelKind::PrivateThread)
        .filter(follows)
        .filter(|known| before.is_none_or(|before| known.id < before))
        .collect();
    threads.sort_by_key(|known| std::cmp::Reverse(known.id));
    Ok(Reply::json(page(call, user, threads, limit)))
}

/// `GET /channels/{channel}/thread-members`
pub(super) fn list_members(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (user, id) = (call.user()?, call.id("channel")?);
    let with_member = call.query.get("with_member").is_some_and(|asked| asked == "true");
    let (limit, after) = (call.number("limit", 100, 1, 100)?, call.id_in_query("after")?);
    let thread = call.world.thread_for(user, id)?;
    members::check_intent(call)?;
    let mut followers = thread.followers.clone();
    followers.sort_unstable();
    // Pages are only made for those who want the members too.
    let wanted = |of: &Snowflake| !with_member || after.is_none_or(|after| *of > after);
    let most = if with_member { limit } else { usize::MAX };
    let shown = followers.into_iter().filter(wanted).take(most).map(|of| member_of(call, id, of, with_member));
    Ok(Reply::json(shown.collect()))
}

/// `GET /channels/{channel}/thread-members/{user}`
pub(super) fn member(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (user, id, of) = (call.user()?, call.id("channel")?, call.user_or_me("user")?);
    let with_member = call.query.get("with_member").is_some_and(|asked| asked == "true");
    call.world.thread_for(user, id)?.followers.iter().find(|known| **known == of).ok_or_else(Refusal::unknown_member)?;
    Ok(Reply::json(member_of(call, id, of, with_member)))
}

/// `PUT /channels/{channel}/thread-members/{user}`
pub(super) fn add_member(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (user, id, added) = (call.user()?, call.id("channel")?, call.user_or_me("user")?);
    call.world.add_to_thread(call.now, user, id, added)?;
    Ok(Reply::nothing())
}

/// `DELETE /channels/{channel}/thread-members/{user}`
pub(super) fn remove_member(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (user, id, removed) = (call.user()?, call.id("channel")?, call.user_or_me("user")?);
    call.world.remove_from_thread(call.now, user, id, removed)?;
    Ok(Reply::nothing())
}

fn created(call: &Call<'_>, user: Snowflake, id: Snowflake) -> Result<Reply, Refusal> {
    let thread = call.world.channel(id).ok_or_else(Refusal::unknown_channel)?;
    Ok(Reply::with_status(201, channel::channel_for(call.world, thread, user)))
}

fn page(call: &Call<'_>, user: Snowflake, mut threads: Vec<&Channel>, limit: usize) -> Value {
    let more = threads.len() > limit;
    threads.truncate(limit);
    let mut shown = listed(call, user, &threads);
    shown["has_more"] = more.into();
    shown
}

/// Threads, and for those that the user follows how he does.
fn listed(call: &Call<'_>, user: Snowflake, threads: &[&Channel]) -> Value {
    let own = threads.iter().filter_map(|known| channel::thread_member(known, user));
    let shown = threads.iter().map(|known| channel::channel(call.world, known));
    json!({"threads": shown.collect::<Vec<_>>(), "members": own.collect::<Vec<_>>()})
}

fn member_of(call: &Call<'_>, id: Snowflake, of: Snowflake, with_member: bool) -> Value {
    let Some(thread) = call.world.channel(id) else { return Value::Null };
    let mut shown = channel::thread_member(thread, of).unwrap_or_default();
    if let Some(member) = call.world.guild_of(id).and_then(|guild| guild.members.get(&of)).filter(|_| with_member) {
        shown["member"] = guild::member(call.world, member);
    }
    shown
}
