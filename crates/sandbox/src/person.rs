//! A person in the world, as a test uses him: he does what a person's client does, without a wire in between.

use serde_json::{Value, json};

use crate::{
    form::component::{CHECKBOX, RADIO_GROUP, TEXT_INPUT},
    hub::Hub,
    refusal::Refusal,
    rest::{Ask, Reply, ReplyBody, ask_now},
    world::{World, draft::Upload, message::Message, people::User, snowflake::Snowflake},
};

/// A person who acts. His requests stand in the log, meet no trouble and no limits.
#[derive(Clone, Copy, Debug)]
pub struct Person<'a> {
    hub: &'a Hub,
    id: Snowflake,
}

impl<'a> Person<'a> {
    pub(crate) fn new(hub: &'a Hub, id: Snowflake) -> Self {
        Self { hub, id }
    }

    /// The person's id.
    pub fn id(&self) -> Snowflake {
        self.id
    }

    /// The person's token, for requests over the wire.
    pub fn token(&self) -> String {
        self.hub.read(|world| world.user(self.id).map(|user: &User| user.token.clone())).unwrap_or_default()
    }

    /// Writes in a channel, given by name.
    pub fn say(&self, channel: &str, text: &str) -> Result<Snowflake, Refusal> {
        self.post(channel, json!({"content": text}), Vec::new())
    }

    /// Answers a message.
    pub fn reply(&self, channel: &str, to: Snowflake, text: &str) -> Result<Snowflake, Refusal> {
        self.post(channel, json!({"content": text, "message_reference": {"message_id": to}}), Vec::new())
    }

    /// Writes with files: their names and bytes.
    pub fn attach(&self, channel: &str, text: &str, files: &[(&str, &[u8])]) -> Result<Snowflake, Refusal> {
        let upload = |(filename, bytes): &(&str, &[u8])| Upload {
            filename: (*filename).to_owned(),
            description: None,
            content_type: None,
            bytes: bytes.to_vec(),
        };
        self.post(channel, json!({"content": text}), (0..).zip(files.iter().map(upload)).collect())
    }

    /// Changes a message of his own.
    pub fn edit(&self, message: Snowflake, text: &str) -> Result<(), Refusal> {
        self.ask("PATCH", &self.message_path(message)?, json!({"content": text}), Vec::new()).map(drop)
    }

    /// Deletes a message.
    pub fn delete(&self, message: Snowflake) -> Result<(), Refusal> {
        self.ask("DELETE", &self.message_path(message)?, Value::Null, Vec::new()).map(drop)
    }

    /// Puts an emoji on a message.
    pub fn react(&self, message: Snowflake, emoji: &str) -> Result<(), Refusal> {
        self.ask("PUT", &format!("{}/reactions/{emoji}/@me", self.message_path(message)?), Value::Null, Vec::new()).map(drop)
    }

    /// Takes his emoji off a message.
    pub fn unreact(&self, message: Snowflake, emoji: &str) -> Result<(), Refusal> {
        self.ask("DELETE", &format!("{}/reactions/{emoji}/@me", self.message_path(message)?), Value::Null, Vec::new()).map(drop)
    }

    /// Takes somebody else's emoji off a message, as a moderator may.
    pub fn take_reaction(&self, message: Snowflake, emoji: &str, of: Snowflake) -> Result<(), Refusal> {
        self.ask("DELETE", &format!("{}/reactions/{emoji}/{of}", self.message_path(message)?), Value::Null, Vec::new()).map(drop)
    }

    /// Uses a slash command, with its options as on the wire: `[{"name", "type", "value"}]`.
    pub fn command(&self, channel: &str, name: &str, options: &Value) -> Result<Snowflake, Refusal> {
        let command = self.registered(1, name)?;
        self.interact(
            channel,
            2,
            &command["application_id"],
            &json!({"id": command["id"], "name": name, "type": 1, "options": options}),
            None,
        )
    }

    /// Asks for suggestions; one of the options has `"focused": true`.
    pub fn complete(&self, channel: &str, name: &str, options: &Value) -> Result<Snowflake, Refusal> {
        let command = self.registered(1, name)?;
        self.interact(
            channel,
            4,
            &command["application_id"],
            &json!({"id": command["id"], "name": name, "type": 1, "options": options}),
            None,
        )
    }

    /// Uses a command from a message's context menu.
    pub fn message_command(&self, message: Snowflake, name: &str) -> Result<Snowflake, Refusal> {
        let (command, channel) = (self.registered(3, name)?, self.channel_name_of(message)?);
        self.interact(
            &channel,
            2,
            &command["application_id"],
            &json!({"id": command["id"], "name": name, "type": 3, "target_id": message}),
            None,
        )
    }

    /// Presses a button.
    pub fn press(&self, message: Snowflake, custom_id: &str) -> Result<Snowflake, Refusal> {
        self.use_component(message, &json!({"component_type": 2, "custom_id": custom_id}))
    }

    /// Chooses from a select.
    pub fn choose(&self, message: Snowflake, custom_id: &str, values: &[&str]) -> Result<Snowflake, Refusal> {
        self.use_component(message, &json!({"component_type": 3, "custom_id": custom_id, "values": values}))
    }

    /// Sends the modal that an earlier interaction was answered with; `inputs` are custom ids and texts: what is written, the one value that is
    /// chosen, or `true` for a box that is ticked.
    pub fn submit(&self, asked: Snowflake, inputs: &[(&str, &str)]) -> Result<Snowflake, Refusal> {
        let asked = self.hub.read(|world| world.interaction(asked).cloned()).ok_or_else(Refusal::unknown_interaction)?;
        let Some(crate::world::interaction::Answer::Modal(modal)) = &asked.answer else { return Err(Refusal::unknown_interaction()) };
        let filled: Vec<Value> = modal["components"].as_array().into_iter().flatten().map(|part| filled(part, inputs)).collect();
        let channel =
            self.hub.read(|world| world.channel(asked.channel).map(|channel| channel.name.clone())).ok_or_else(Refusal::unknown_channel)?;
        self.interact(&channel, 5, &json!(asked.application), &json!({"custom_id": modal["custom_id"], "components": filled}), None)
    }

    fn use_component(&self, message: Snowflake, data: &Value) -> Result<Snowflake, Refusal> {
        let channel = self.channel_name_of(message)?;
        let author = self.hub.read(|world| find(world, message).map(|message| message.author));
        self.interact(&channel, 3, &json!(author), data, Some(message))
    }

    fn interact(
        &self,
        channel: &str,
        kind: u8,
        application: &Value,
        data: &Value,
        message: Option<Snowflake>,
    ) -> Result<Snowflake, Refusal> {
        let channel = self.channel_id(channel)?;
        let guild = self.hub.read(|world| world.guild_of(channel).map(|guild| guild.id));
        let body = json!({"type": kind, "application_id": application, "guild_id": guild, "channel_id": channel, "message_id": message, "data": data});
        let reply = self.ask("POST", "/interactions", body, Vec::new())?;
        let id = reply.headers.iter().find(|(name, _)| name == "x-sandbox-interaction").and_then(|(_, id)| id.parse().ok());
        id.ok_or_else(Refusal::unknown_interaction)
    }

    fn post(&self, channel: &str, body: Value, files: Vec<(u64, Upload)>) -> Result<Snowflake, Refusal> {
        let reply = self.ask("POST", &format!("/channels/{}/messages", self.channel_id(channel)?), body, files)?;
        reply.json_body()["id"].as_str().and_then(|id| id.parse().ok()).ok_or_else(Refusal::unknown_message)
    }

    fn ask(&self, method: &str, path: &str, json: Value, files: Vec<(u64, Upload)>) -> Result<Reply, Refusal> {
        let body = crate::rest::AskBody { json, files, problem: None };
        let reply = ask_now(
            self.hub,
            Ask { method: method.to_owned(), path: path.to_owned(), authorization: Some(self.token()), body, ..Ask::default() },
        );
        if reply.status < 400 {
            return Ok(reply);
        }
        let body = match &reply.body {
            ReplyBody::Json(body) => body.clone(),
            ReplyBody::Empty | ReplyBody::Text { .. } => Value::Null,
        };
        let mut refusal = Refusal::new(reply.status, 0, body["message"].as_str().unwrap_or_default());
        refusal.code = body["code"].as_u64().and_then(|code| u32::try_from(code).ok()).unwrap_or(0);
        refusal.errors = body.get("errors").cloned();
        Err(refusal)
    }

    fn registered(&self, kind: u8, name: &str) -> Result<Value, Refusal> {
        self.hub
            .read(|world| world.commands().find(|command| command["type"] == kind && command["name"] == name).cloned())
            .ok_or_else(Refusal::unknown_command)
    }

    fn channel_id(&self, name: &str) -> Result<Snowflake, Refusal> {
        self.hub.read(|world| world.channel_named(name).map(|channel| channel.id)).ok_or_else(Refusal::unknown_channel)
    }

    fn channel_name_of(&self, message: Snowflake) -> Result<String, Refusal> {
        self.hub
            .read(|world| world.channel(find(world, message)?.channel).map(|channel| channel.name.clone()))
            .ok_or_else(Refusal::unknown_message)
    }

    fn message_path(&self, message: Snowflake) -> Result<String, Refusal> {
        let channel = self.hub.read(|world| find(world, message).map(|message| message.channel)).ok_or_else(Refusal::unknown_message)?;
        Ok(format!("/channels/{channel}/messages/{message}"))
    }
}

fn find(world: &World, message: Snowflake) -> Option<&Message> {
    world.channels().find_map(|channel| world.message(channel.id, message))
}

/// One part of a modal with its input filled in.
fn filled(part: &Value, inputs: &[(&str, &str)]) -> Value {
    let fill = |input: &Value| {
        let text =
            inputs.iter().find(|(id, _)| input["custom_id"] == *id).map(|(_, text)| *text).or(input["value"].as_str()).unwrap_or_default();
        let mut filled = json!({"type": input["type"], "id": input["id"], "custom_id": input["custom_id"]});
        match input["type"].as_i64() {
            Some(TEXT_INPUT) => filled["value"] = text.into(),
            Some(RADIO_GROUP) => filled["value"] = if text.is_empty() { Value::Null } else { text.into() },
            Some(CHECKBOX) => filled["value"] = (text == "true").into(),
            _ if text.is_empty() => filled["values"] = json!([]),
            _ => filled["values"] = json!([text]),
        }
        filled
    };
    match part["type"].as_i64() {
        Some(18) => json!({"type": 18, "id": part["id"], "component": fill(&part["component"])}),
        Some(1) => json!({"type": 1, "id": part["id"], "components": [fill(&part["components"][0])]}),
        _ => part.clone(),
    }
}
