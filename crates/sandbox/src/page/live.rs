//! What happens in the world, told to an open page over server-sent events.

use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
    sync::Arc,
};

use axum::{
    body::Body,
    http::Response,
    response::{
        IntoResponse, Sse,
        sse::{Event as Sent, KeepAlive},
    },
};
use futures_util::{Stream, stream};
use serde_json::{Value, json};
use tokio::sync::{
    broadcast::{self, error::RecvError},
    watch,
};
use tokio_util::sync::CancellationToken;

use super::{channels, message, viewer::Viewer};
use crate::{
    hub::Hub,
    world::{event::Event, guild::ChannelKind, interaction::Answer, snowflake::Snowflake},
};

/// Answers with a stream of events for the person in the query.
pub(super) fn answer(hub: Arc<Hub>, query: BTreeMap<String, String>, stop: CancellationToken) -> Response<Body> {
    Sse::new(told(hub, query, stop)).keep_alive(KeepAlive::default()).into_response()
}

fn told(hub: Arc<Hub>, query: BTreeMap<String, String>, stop: CancellationToken) -> impl Stream<Item = Result<Sent, Infallible>> {
    let (events, changes, online) = (hub.events(), hub.changes(), hub.sessions().online());
    let watch = Watch { events, changes, online, hub, query, stop };
    stream::unfold(watch, |mut watch| async move {
        loop {
            if let Some((name, data)) = watch.next().await? {
                let sent = Sent::default().event(name).data(data.to_string());
                return Some((Ok(sent), watch));
            }
        }
    })
}

/// What one open page follows.
struct Watch {
    events: broadcast::Receiver<Arc<Event>>,
    /// Rings with everything that is recorded, the coming and going of bots among it.
    changes: watch::Receiver<u64>,
    /// The bots that had a connection when it was last looked.
    online: BTreeSet<Snowflake>,
    hub: Arc<Hub>,
    query: BTreeMap<String, String>,
    stop: CancellationToken,
}

impl Watch {
    /// Waits for something to happen; tells what the page is told of it, if anything. `None` ends the stream.
    async fn next(&mut self) -> Option<Option<(&'static str, Value)>> {
        // Receiving, and waiting for a change, are cancel safe.
        let received = tokio::select! {
            () = self.stop.cancelled() => return None,
            changed = self.changes.changed() => {
                changed.ok()?;
                return Some(self.presence());
            }
            received = self.events.recv() => received,
        };
        match received {
            Ok(event) => Some(self.hub.read(|world| {
                let online = self.hub.sessions().online();
                Viewer::new(world, &online, &self.query).and_then(|viewer| tell(viewer, &event))
            })),
            // The page was too slow: it starts over.
            Err(RecvError::Lagged(_)) => Some(Some(("reload", Value::Null))),
            Err(RecvError::Closed) => None,
        }
    }

    fn presence(&mut self) -> Option<(&'static str, Value)> {
        let online = self.hub.sessions().online();
        let before = std::mem::replace(&mut self.online, online);
        (before != self.online).then_some(("presence", Value::Null))
    }
}

/// What the viewer is told of an event; `None` if it is not for his eyes.
fn tell(viewer: Viewer<'_>, event: &Event) -> Option<(&'static str, Value)> {
    let (world, user) = (viewer.world, viewer.user.id);
    if event.channel().is_some_and(|channel| !world.sees(user, channel)) {
        return None;
    }
    match event {
        Event::MessageCreated { channel, message } => shown(viewer, *channel, *message, true),
        Event::MessageUpdated { channel, message }
        | Event::ReactionAdded { channel, message, .. }
        | Event::ReactionRemoved { channel, message, .. }
        | Event::ReactionsCleared { channel, message }
        | Event::ReactionKindCleared { channel, message, .. } => shown(viewer, *channel, *message, false),
        Event::MessageDeleted { channel, message, .. } => {
            Some(("gone", json!({"channel": channel, "ids": [message], "in_thread": in_thread(viewer, *channel)})))
        }
        Event::MessagesDeleted { channel, messages } => {
            Some(("gone", json!({"channel": channel, "ids": messages, "in_thread": in_thread(viewer, *channel)})))
        }
        Event::ChannelCreated { .. }
        | Event::ChannelUpdated { .. }
        | Event::AccessGained { .. }
        | Event::ThreadMembersChanged { .. }
        | Event::GuildUpdated { .. } => Some(("channels", listed(viewer))),
        Event::ChannelDeleted { channel } => {
            let mut lists = listed(viewer);
            lists["gone"] = json!(channel.id);
            Some(("channels", lists))
        }
        Event::MemberUpdated { .. }
        | Event::MembershipChanged { .. }
        | Event::RoleCreated { .. }
        | Event::RoleUpdated { .. }
        | Event::RoleDeleted { .. } => Some(("members", listed(viewer))),
        Event::TypingStarted { channel, user: id, .. } => {
            let name = world.user(*id).filter(|typing| typing.id != user)?.display_name.as_str();
            Some(("typing", json!({"channel": channel, "user": id, "name": name})))
        }
        Event::InteractionAnswered { interaction } => {
            let known = world.interaction(*interaction).filter(|known| known.user == user)?;
            let (kind, data) = match known.answer.as_ref()? {
                Answer::Message | Answer::Deferred { .. } => ("message", Value::Null),
                Answer::Update => ("update", Value::Null),
                Answer::Suggestions(choices) => ("suggestions", choices.clone().into()),
                Answer::Modal(modal) => ("modal", modal.clone()),
            };
            Some((
                "answer",
                json!({"id": interaction, "application": known.application, "channel": known.channel, "message": known.message, "kind": kind, "data": data}),
            ))
        }
        Event::CommandsChanged => Some(("commands", Value::Null)),
        Event::PinsChanged { channel } => Some(("pins", json!({"channel": channel}))),
        Event::WebhooksChanged { .. } | Event::Banned { .. } | Event::Unbanned { .. } | Event::InteractionStarted { .. } => None,
    }
}

/// The lists beside the messages.
fn listed(viewer: Viewer<'_>) -> Value {
    json!({"html": channels::list(viewer), "rail": channels::rail(viewer)})
}

fn shown(viewer: Viewer<'_>, channel: Snowflake, id: Snowflake, is_new: bool) -> Option<(&'static str, Value)> {
    let known = viewer.world.message(channel, id).filter(|known| known.is_shown_to(viewer.user.id))?;
    let viewer = viewer.at(channel);
    let mentions_me = known.mention_everyone || known.mentions.contains(&viewer.user.id);
    let is_direct = viewer.open_channel().is_some_and(|channel| channel.kind == ChannelKind::Direct);
    let data = json!({
        "guild": viewer.guild.id, "channel": channel, "id": id, "author": known.author, "new": is_new, "mention": mentions_me || is_direct,
        "direct": is_direct, "in_thread": in_thread(viewer, channel), "html": message::render(viewer, known),
    });
    Some(("message", data))
}

/// How many messages stand in the thread, for the message below which that is told; `None` for what is no thread.
fn in_thread(viewer: Viewer<'_>, channel: Snowflake) -> Option<String> {
    viewer.world.channel(channel).and_then(message::count_in)
}
