//! How an interaction begins: what a person's client sends is held against what the bot has registered or posted.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{
    World,
    draft::Upload,
    event::Event,
    guild::Guild,
    interaction::{Answer, Interaction, InteractionKind},
    message::Attachment,
    permission,
    snowflake::Snowflake,
};
use crate::{
    form::{Errors, Form, invalid},
    refusal::Refusal,
};

/// How long interactions are remembered, for those who look at what became of them.
const MEMORY: TimeDelta = TimeDelta::hours(24);

/// What a client may send for `application_id`, `channel_id` and the like.
struct Start<'a> {
    user: Snowflake,
    application: Snowflake,
    channel: Snowflake,
    data: &'a Value,
    message: Option<Snowflake>,
}

impl World {
    /// Starts an interaction as the person's client asks for it.
    pub(crate) fn start_interaction(
        &mut self,
        now: DateTime<Utc>,
        user: Snowflake,
        body: &Value,
        mut files: Vec<(u64, Upload)>,
    ) -> Result<Snowflake, Refusal> {
        let mut errors = Errors::default();
        let form = Form::body(body)?;
        for key in ["type", "application_id", "channel_id", "data"] {
            if form.raw(key).is_none() {
                errors.required(key);
            }
        }
        let kind = match form.integer("type", 2, 5, &mut errors) {
            Some(3) => InteractionKind::Component,
            Some(4) => InteractionKind::Autocomplete,
            Some(5) => InteractionKind::ModalSubmit,
            _ => InteractionKind::Command,
        };
        let (application, channel) = (form.snowflake("application_id", &mut errors), form.snowflake("channel_id", &mut errors));
        let (message, guild) = (form.snowflake("message_id", &mut errors), form.snowflake("guild_id", &mut errors));
        form.text("nonce", 0, 25, &mut errors);
        errors.verdict()?;
        let (Some(application), Some(channel), Some(data)) = (application, channel, form.raw("data")) else {
            return Err(Refusal::unknown_application());
        };
        let of = self.channel_for(user, channel, 0)?.guild;
        if guild.is_some_and(|guild| of != Some(guild)) {
            return Err(Refusal::unknown_guild());
        }
        if !self.applications.contains_key(&application) {
            return Err(Refusal::unknown_application());
        }
        let start = Start { user, application, channel, data, message };
        let (mut data, mut attachments) = match kind {
            InteractionKind::Command | InteractionKind::Autocomplete => (self.checked_command(&start, kind)?, Vec::new()),
            InteractionKind::Component => (self.checked_component(&start)?, Vec::new()),
            InteractionKind::ModalSubmit => self.checked_modal(now, &start, &mut files)?,
        };
        let opener = if kind == InteractionKind::ModalSubmit { self.modal_shown_to(now, &start) } else { None };
        let (opened_by, message) = match opener {
            Some(opener) => (Some(opener.id), opener.message),
            None => (None, message.filter(|_| kind == InteractionKind::Component)),
        };
        // Who only types a command has not sent its files yet.
        if let Some(options) = data.get_mut("options").filter(|_| kind == InteractionKind::Command) {
            attachments = self.take_files(now, options, &mut files)?;
        }
        self.forget_old_interactions(now);
        let id = self.new_id(now);
        let token = format!("aW50ZXJhY3Rpb246{}", self.chance.word(150));
        let interaction = Interaction {
            id,
            token,
            application,
            user,
            channel,
            kind,
            data,
            opened_by,
            message,
            attachments,
            nonce: form.raw("nonce").cloned(),
            answer: None,
            original: None,
            follow_ups: Vec::new(),
            ended: false,
            deadlines: self.deadlines,
        };
        self.interactions.insert(id, interaction);
        self.happened(Event::InteractionStarted { interaction: id });
        Ok(id)
    }

    /// Nothing can be done any more with interactions whose token ended long ago.
    fn forget_old_interactions(&mut self, now: DateTime<Utc>) {
        while let Some(oldest) = self.interactions.first_entry().filter(|oldest| now - oldest.key().made_at() >= MEMORY) {
            let files: Vec<_> = oldest.remove().attachments.iter().map(|file| file.id).collect();
            self.forget_files(&files);
        }
    }

    /// Whether the user may use this command here.
    pub(crate) fn may_use(&self, user: Snowflake, channel: Snowflake, command: &Value) -> bool {
        let Some(granted) = self.channels.get(&channel).map(|channel| self.permissions_in(user, channel)) else { return false };
        // A guild's command is there alone, and only the bots of a guild have commands in it.
        let guild = self.guild_of(channel);
        let its_own = command["guild_id"].as_str().is_none_or(|id| guild.is_some_and(|guild| guild.id.to_string() == id));
        let bot = command["application_id"].as_str().and_then(|id| id.parse().ok());
        let bot_is_here = guild.is_none_or(|guild| bot.is_some_and(|bot: Snowflake| guild.members.contains_key(&bot)));
        if !its_own || !bot_is_here {
            return false;
        }
        // All channels here are of guilds, and all applications installed there: context 0 and installation 0.
        let is_for = |key: &str| command[key].as_array().is_none_or(|list| list.iter().any(|entry| *entry == 0));
        if !is_for("contexts") || !is_for("integration_types") {
            return false;
        }
        let needed = command["default_member_permissions"].as_str().and_then(|bits| bits.parse::<u64>().ok());
        let by_default = match needed {
            None => true,
            Some(0) => granted & permission::ADMINISTRATOR != 0,
            Some(needed) => granted & needed == needed,
        };
        let is_admin = granted & permission::ADMINISTRATOR != 0;
        let set = guild.filter(|_| !is_admin).and_then(|guild| self.set_permission(guild, user, channel, command));
        set.unwrap_or(by_default) && granted & permission::USE_APPLICATION_COMMANDS != 0
    }

    fn checked_command(&self, start: &Start<'_>, kind: InteractionKind) -> Result<Value, Refusal> {
        let id = start.data["id"].as_str().and_then(|id| id.parse().ok());
        let command: Option<&Value> = id.and_then(|id: Snowflake| self.commands.get(&id));
        let command = command
            .filter(|command| command["application_id"] == start.application.to_string())
            .ok_or_else(|| invalid("data.id", "INTERACTION_APPLICATION_COMMAND_INVALID", "This command is unknown"))?;
        if start.data["name"] != command["name"] || start.data.get("version").is_some_and(|version| *version != command["version"]) {
            return Err(invalid(
                "data",
                "INTERACTION_APPLICATION_COMMAND_INVALID_VERSION",
                "This command is outdated, please try again in a few minutes",
            ));
        }
        if !self.may_use(start.user, start.channel, command) {
            return Err(Refusal::missing_permissions());
        }
        let mut data = json!({"id": command["id"], "name": command["name"], "type": command["type"]});
        if let Some(guild) = command.get("guild_id") {
            data["guild_id"] = guild.clone();
        }
        if command["type"] == 1 {
            let mut errors = Errors::default();
            let typing = kind == InteractionKind::Autocomplete;
            check_options(&command["options"], &start.data["options"], "data.options", typing, &mut errors);
            if !typing {
                self.check_named(self.guild_of(start.channel), &command["options"], &start.data["options"], "data.options", &mut errors);
            }
            errors.verdict()?;
            if let Some(options) = start.data["options"].as_array().filter(|options| !options.is_empty()) {
                data["options"] = options.clone().into();
            }
            return Ok(data);
        }
        let target: Snowflake = start.data["target_id"]
            .as_str()
            .and_then(|id| id.parse().ok())
            .ok_or_else(|| invalid("data.target_id", "BASE_TYPE_REQUIRED", "This field is required"))?;
        let known = if command["type"] == 2 {
            self.guild_of(start.channel).is_some_and(|guild| guild.members.contains_key(&target))
        } else {
            self.message(start.channel, target).is_some_and(|message| message.is_shown_to(start.user))
        };
        if !known {
            return Err(if command["type"] == 2 { Refusal::unknown_user() } else { Refusal::unknown_message() });
        }
        data["target_id"] = target.to_string().into();
        Ok(data)
    }

    /// Whether the people, roles and channels that the options name are there.
    fn check_named(&self, guild: Option<&Guild>, registered: &Value, given: &Value, path: &str, errors: &mut Errors) {
        for (index, option) in given.as_array().into_iter().flatten().enumerate() {
            let path = format!("{path}.{index}");
            let known = registered.as_array().into_iter().flatten().find(|known| known["name"] == option["name"]);
            let Some(known) = known else { continue };
            self.check_named(guild, &known["options"], &option["options"], &format!("{path}.options"), errors);
            if !self.names_something(guild, known, &option["value"]) {
                errors.add(
                    &format!("{path}.value"),
                    "INTERACTION_APPLICATION_COMMAND_OPTION_ENTITY",
                    "The value names nothing that the option allows",
                );
            }
        }
    }

    fn checked_component(&self, start: &Start<'_>) -> Result<Value, Refusal> {
        let message = start.message.ok_or_else(|| invalid("message_id", "BASE_TYPE_REQUIRED", "This field is required"))?;
        let message =
            self.message(start.channel, message).filter(|message| message.is_shown_to(start.user)).ok_or_else(Refusal::unknown_message)?;
        let custom_id = start.data["custom_id"].as_str().unwrap_or_default();
        let invalid_id = || invalid("data.custom_id", "COMPONENT_VALIDATION_FAILED", "Component validation failed");
        let component = message.components.iter().find_map(|component| component_with(component, custom_id)).ok_or_else(invalid_id)?;
        if message.author != start.application || component["disabled"] == true {
            return Err(invalid_id());
        }
        let kind = component["type"].as_i64().unwrap_or(0);
        let mut data = json!({"component_type": kind, "custom_id": custom_id, "id": component["id"]});
        if kind != 2 {
            data["values"] = self.checked_values(self.guild_of(start.channel), component, &start.data["values"])?;
        }
        Ok(data)
    }

    fn checked_modal(
        &mut self,
        now: DateTime<Utc>,
        start: &Start<'_>,
        files: &mut Vec<(u64, Upload)>,
    ) -> Result<(Value, Vec<Attachment>), Refusal> {
        let asked = self.modal_shown_to(now, start).ok_or_else(|| invalid("data.custom_id", "MODAL_UNKNOWN", "No such modal is open"))?;
        let Some(Answer::Modal(modal)) = asked.answer.clone() else { return Err(Refusal::unknown_interaction()) };
        let (parts, taken) = self.filled_modal(now, start.channel, (&modal, &start.data["components"]), files)?;
        Ok((json!({"custom_id": modal["custom_id"], "components": parts}), taken))
    }

    /// The newest interaction whose modal with this custom id the person has before him.
    fn modal_shown_to(&self, now: DateTime<Utc>, start: &Start<'_>) -> Option<&Interaction> {
        self.interactions.values().rev().take_while(|asked| !asked.is_over(now)).find(|asked| {
            asked.user == start.user
                && asked.application == start.application
                && matches!(&asked.answer, Some(Answer::Modal(modal)) if modal["custom_id"] == start.data["custom_id"])
        })
    }
}

/// Finds the component with this custom id, however deep it is.
pub(super) fn component_with<'a>(component: &'a Value, custom_id: &str) -> Option<&'a Value> {
    if component["custom_id"] == custom_id && !component["type"].is_null() {
        return Some(component);
    }
    let inner =
        component["components"].as_array().into_iter().flatten().chain(component.get("accessory")).chain(component.get("component"));
    inner.into_iter().find_map(|inner| component_with(inner, custom_id))
}

/// Holds the options that were sent against those that were registered. While a person still types, nothing is required.
fn check_options(registered: &Value, given: &Value, path: &str, typing: bool, errors: &mut Errors) {
    let registered = registered.as_array().map(Vec::as_slice).unwrap_or_default();
    let given = given.as_array().map(Vec::as_slice).unwrap_or_default();
    for (index, option) in given.iter().enumerate() {
        let path = format!("{path}.{index}");
        match registered.iter().find(|known| known["name"] == option["name"]) {
            None => errors.add(&format!("{path}.name"), "INTERACTION_APPLICATION_COMMAND_OPTION_UNKNOWN", "This option is unknown"),
            Some(known) if known["type"].as_i64().is_some_and(|kind| kind <= 2) => {
                check_options(&known["options"], &option["options"], &format!("{path}.options"), typing, errors);
            }
            Some(known) if !typing => check_value(known, &option["value"], &format!("{path}.value"), errors),
            Some(_) => {}
        }
    }
    let subcommands = registered.iter().any(|known| known["type"].as_i64().is_some_and(|kind| kind <= 2));
    if subcommands && given.len() != 1 {
        errors.add(path, "INTERACTION_APPLICATION_COMMAND_INVALID", "Exactly one subcommand has to be chosen");
    }
    for known in registered.iter().filter(|known| !typing && known["required"] == true) {
        if !given.iter().any(|option| option["name"] == known["name"]) {
            errors.add(
                path,
                "INTERACTION_APPLICATION_COMMAND_OPTION_MISSING",
                format!("The option `{}` is required", known["name"].as_str().unwrap_or_default()),
            );
        }
    }
}

fn check_value(known: &Value, value: &Value, path: &str, errors: &mut Errors) {
    let fits = match known["type"].as_i64() {
        Some(4) => value.is_i64(),
        Some(5) => value.is_boolean(),
        Some(10) => value.is_number(),
        _ => value.is_string(),
    };
    if !fits {
        errors.add(path, "INTERACTION_APPLICATION_COMMAND_OPTION_TYPE", "The value does not fit the option's type");
        return;
    }
    if known["choices"].as_array().is_some_and(|choices| !choices.iter().any(|choice| choice["value"] == *value)) {
        errors.add(path, "INTERACTION_APPLICATION_COMMAND_OPTION_CHOICE", "The value is none of the choices");
    }
    if let Some(text) = value.as_str().filter(|_| known["type"] == 3) {
        let length = u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
        let (least, most) = (known["min_length"].as_u64().unwrap_or(0), known["max_length"].as_u64().unwrap_or(6_000));
        if !(least..=most).contains(&length) {
            errors.add(path, "BASE_TYPE_BAD_LENGTH", format!("Must be between {least} and {most} in length."));
        }
    }
    if let Some(number) = value.as_f64() {
        let below = known["min_value"].as_f64().is_some_and(|least| number < least);
        let above = known["max_value"].as_f64().is_some_and(|most| number > most);
        if below || above {
            errors.add(path, "NUMBER_TYPE_RANGE", "The number is outside the option's range");
        }
    }
}
