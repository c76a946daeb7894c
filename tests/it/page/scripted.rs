//! A bot that does what a test tells it: it answers interactions over the REST interface, as any bot does.

use orchestrator_sandbox::{Sandbox, Snowflake, world::interaction::InteractionKind};
use reqwest::Method;
use serde_json::{Value, json};

use crate::world::PATIENCE;

/// The bot of a local Discord in which no program runs.
pub(super) struct Scripted<'a> {
    discord: &'a Sandbox,
    token: String,
    id: String,
    /// How many interactions it has looked at.
    seen: usize,
}

impl<'a> Scripted<'a> {
    pub(super) fn new(discord: &'a Sandbox) -> Self {
        let bot = discord.user("orchestrator").expect("the bot");
        Self { discord, token: bot.token, id: bot.id.to_string(), seen: 0 }
    }

    /// Registers commands.
    pub(super) async fn offer(&self, commands: Value) {
        self.ask(Method::PUT, &format!("/applications/{}/commands", self.id), commands).await;
    }

    /// Posts a message in a channel.
    pub(super) async fn post(&self, channel: &str, message: Value) {
        let channel = self.discord.channel(channel).expect("the channel");
        self.ask(Method::POST, &format!("/channels/{channel}/messages"), message).await;
    }

    /// Writes to somebody directly.
    pub(super) async fn tell(&self, person: &str, message: Value) {
        let id = self.discord.user(person).expect("the person").id;
        let channel = self.ask(Method::POST, "/users/@me/channels", json!({"recipient_id": id})).await;
        let channel = channel["id"].as_str().expect("the channel's id");
        self.ask(Method::POST, &format!("/channels/{channel}/messages"), message).await;
    }

    /// Starts a thread on a message and gives its id.
    pub(super) async fn start_thread(&self, channel: &str, message: Snowflake, name: &str) -> String {
        let channel = self.discord.channel(channel).expect("the channel");
        self.ask(Method::POST, &format!("/channels/{channel}/messages/{message}/threads"), json!({"name": name})).await;
        message.to_string()
    }

    /// Waits for the next interaction of a kind, and gives its data; other kinds are left without an answer.
    pub(super) async fn answer(&mut self, kind: InteractionKind, answer: Value) -> Value {
        let (found, seen) = self
            .discord
            .wait_for(
                |world| {
                    let next = world.interactions().enumerate().skip(self.seen).find(|(_, known)| known.kind == kind)?;
                    Some((next.1.clone(), next.0 + 1))
                },
                PATIENCE,
            )
            .await
            .unwrap_or_else(|_| panic!("no {kind:?} came"));
        self.seen = seen;
        self.ask(Method::POST, &format!("/interactions/{}/{}/callback", found.id, found.token), answer).await;
        found.data
    }

    /// Gives what was answered, if that was JSON.
    async fn ask(&self, method: Method, path: &str, body: Value) -> Value {
        let url = format!("{}/api/v10{path}", self.discord.base_url());
        let client = reqwest::Client::builder().build().expect("a client");
        let answer = client.request(method, url).header("authorization", format!("Bot {}", self.token)).json(&body).send().await;
        let answer = answer.expect("an answer");
        let (status, text) = (answer.status(), answer.text().await.unwrap_or_default());
        assert!(status.is_success(), "{path}: {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }
}

/// An answer that only the person sees.
pub(super) fn quietly(text: &str) -> Value {
    json!({"type": 4, "data": {"content": text, "flags": 64}})
}
