//! What `doctor`, `setup`, `submit` and the surfaces ask of Discord beside the port: one method, one request.

use std::sync::atomic::Ordering;

use orchestrator_core::{
    domain::{
        id::{ChannelId, UserId},
        outbound::Identity,
        task::MessageRef,
    },
    ports::chat::ChatError,
};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use serenity::model::Permissions;

use super::{
    chat::nobody,
    permissions::permissions,
    route::Route,
    sender::{Body, Sender},
    server::{Application, Channel, Guild, GuildName, Me, Member},
    wire,
};

impl Sender {
    /// The gateway that this server names. The token may go there, and nowhere else but to the base.
    ///
    /// # Errors
    ///
    /// [`ChatError`].
    pub async fn gateway_url(&self) -> Result<String, ChatError> {
        #[derive(Deserialize)]
        struct Gateway {
            url: String,
        }
        let gateway: Gateway = self.get(Identity::Orchestrator, Route::plain(Method::GET, "/gateway", "/gateway".to_owned())).await?;
        Ok(gateway.url)
    }

    /// The user behind an identity's token.
    ///
    /// # Errors
    ///
    /// [`ChatError`].
    pub async fn me(&self, identity: Identity) -> Result<Me, ChatError> {
        self.get(identity, Route::plain(Method::GET, "/users/@me", "/users/@me".to_owned())).await
    }

    /// The id of that user, asked once; `None` if a worker's token is not accepted.
    ///
    /// # Errors
    ///
    /// [`ChatError`].
    pub(super) async fn user(&self, identity: Identity) -> Result<Option<UserId>, ChatError> {
        let ask = || async {
            match self.me(identity).await {
                Ok(me) => Ok(Some(me.id)),
                Err(ChatError::Unauthorized) if identity != Identity::Orchestrator => Ok(None),
                Err(error) => Err(error),
            }
        };
        self.user_cell(identity).get_or_try_init(ask).await.copied()
    }

    /// The application behind the orchestrator's token.
    ///
    /// # Errors
    ///
    /// [`ChatError`].
    pub async fn application(&self) -> Result<Application, ChatError> {
        self.get(Identity::Orchestrator, Route::plain(Method::GET, "/applications/@me", "/applications/@me".to_owned())).await
    }

    /// The servers that the bot is in, at most 200 of them.
    ///
    /// # Errors
    ///
    /// [`ChatError`].
    pub async fn guilds(&self) -> Result<Vec<GuildName>, ChatError> {
        self.get(Identity::Orchestrator, Route::plain(Method::GET, "/users/@me/guilds", "/users/@me/guilds".to_owned())).await
    }

    /// A server with its roles.
    ///
    /// # Errors
    ///
    /// [`ChatError`].
    pub async fn guild(&self, guild: u64) -> Result<Guild, ChatError> {
        self.get(Identity::Orchestrator, Route::guild(Method::GET, "/guilds/{guild}", guild, "")).await
    }

    /// A server's channels, without threads.
    ///
    /// # Errors
    ///
    /// [`ChatError`].
    pub async fn channels(&self, guild: u64) -> Result<Vec<Channel>, ChatError> {
        self.get(Identity::Orchestrator, Route::guild(Method::GET, "/guilds/{guild}/channels", guild, "/channels")).await
    }

    /// A member of a server.
    ///
    /// # Errors
    ///
    /// [`ChatError`].
    pub async fn member(&self, guild: u64, user: UserId) -> Result<Member, ChatError> {
        let route = Route::guild(Method::GET, "/guilds/{guild}/members/{user}", guild, &format!("/members/{user}"));
        self.get(Identity::Orchestrator, route).await
    }

    /// A channel or thread.
    ///
    /// # Errors
    ///
    /// [`ChatError`].
    pub async fn channel(&self, channel: ChannelId) -> Result<Channel, ChatError> {
        self.get(Identity::Orchestrator, Route::channel(Method::GET, "/channels/{channel}", channel, "")).await
    }

    /// What an identity may do in a channel of a server. Four requests at most.
    ///
    /// # Errors
    ///
    /// [`ChatError`].
    pub async fn permissions_in(&self, identity: Identity, channel: ChannelId) -> Result<Permissions, ChatError> {
        let mut channel = self.channel(channel).await?;
        if let (true, Some(parent)) = (channel.is_thread(), channel.parent) {
            channel = self.channel(parent).await?;
        }
        let Some(guild) = channel.guild else {
            return Err(ChatError::Invalid { status: 400, code: 0, message: "the channel is in no server".to_owned() });
        };
        let Some(user) = self.user(identity).await? else { return Err(ChatError::Unauthorized) };
        Ok(permissions(&self.guild(guild).await?, &channel, &self.member(guild, user).await?))
    }

    /// Makes a text channel.
    ///
    /// # Errors
    ///
    /// [`ChatError`].
    pub async fn create_channel(&self, guild: u64, name: &str, topic: &str) -> Result<Channel, ChatError> {
        let route = Route::guild(Method::POST, "/guilds/{guild}/channels", guild, "/channels").interactive();
        self.call(Identity::Orchestrator, &route, Body::Json(json!({"name": name, "type": 0, "topic": topic}))).await?.json()
    }

    /// Replaces the application's commands, of one server or of all, and returns them as they now stand.
    ///
    /// # Errors
    ///
    /// [`ChatError`].
    pub async fn register_commands(&self, application: u64, guild: Option<u64>, commands: Value) -> Result<Vec<Value>, ChatError> {
        let route = match guild {
            None => Route::plain(Method::PUT, "/applications/{application}/commands", format!("/applications/{application}/commands")),
            Some(guild) => Route::plain(
                Method::PUT,
                "/applications/{application}/guilds/{guild}/commands",
                format!("/applications/{application}/guilds/{guild}/commands"),
            ),
        };
        self.call(Identity::Orchestrator, &route, Body::Json(commands)).await?.json()
    }

    /// Posts a message whose body is given as Discord's JSON; nobody is pinged, whatever it says. Somebody waits for it.
    ///
    /// # Errors
    ///
    /// [`ChatError`]; with [`ChatError::Unknown`] the message may stand.
    pub async fn create_message(&self, channel: ChannelId, body: Value) -> Result<MessageRef, ChatError> {
        let route = Route::channel(Method::POST, "/channels/{channel}/messages", channel, "/messages").interactive();
        let message: wire::Stands = self.call(Identity::Orchestrator, &route, Body::Json(silenced(body))).await?.json()?;
        Ok(MessageRef { channel, message: message.id })
    }

    /// Changes one of our messages, its body given as Discord's JSON; nobody is pinged. Somebody waits for it.
    ///
    /// # Errors
    ///
    /// [`ChatError`].
    pub async fn edit_message(&self, at: MessageRef, body: Value) -> Result<(), ChatError> {
        let rest = format!("/messages/{}", at.message);
        let route = Route::channel(Method::PATCH, "/channels/{channel}/messages/{message}", at.channel, &rest).interactive();
        self.call(Identity::Orchestrator, &route, Body::Json(silenced(body))).await.map(|_| ())
    }

    /// Gives the first answer to an interaction; it passes every limit of ours, as it passes Discord's.
    ///
    /// # Errors
    ///
    /// [`ChatError`].
    pub async fn answer_interaction(&self, interaction: u64, token: &str, mut body: Value) -> Result<(), ChatError> {
        if body["data"].is_object() {
            body["data"] = silenced(body["data"].take());
        }
        self.call(Identity::Orchestrator, &Route::callback(interaction, token), Body::Json(body)).await.map(|_| ())
    }

    /// The server whose messages [`link`](orchestrator_core::ports::chat::Chat::link) leads to, once it is known.
    pub fn link_to_guild(&self, guild: u64) {
        self.guild.store(guild, Ordering::Relaxed);
    }

    async fn get<T: serde::de::DeserializeOwned>(&self, who: Identity, route: Route) -> Result<T, ChatError> {
        self.call(who, &route, Body::None).await?.json()
    }
}

/// A body in which nobody is pinged.
fn silenced(mut body: Value) -> Value {
    if let (Some(body), Ok(nobody)) = (body.as_object_mut(), serde_json::to_value(nobody())) {
        body.insert("allowed_mentions".to_owned(), nobody);
    }
    body
}
