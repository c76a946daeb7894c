//! What a person chose or filled in, held against what the bot offered.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{World, draft::Upload, guild::Guild, interacting::component_with, message::Attachment, snowflake::Snowflake};
use crate::{
    form::{
        Errors,
        component::{
            CHANNEL_SELECT, CHECKBOX, CHECKBOX_GROUP, FILE_UPLOAD, MENTIONABLE_SELECT, RADIO_GROUP, ROLE_SELECT, TEXT_INPUT, USER_SELECT,
        },
        invalid,
    },
    refusal::Refusal,
};

/// A modal as it was sent: its parts, and the files that came with it.
pub(super) type Filled = (Vec<Value>, Vec<Attachment>);

impl World {
    /// What was chosen from a select on a message.
    pub(super) fn checked_values(&self, guild: Option<&Guild>, select: &Value, values: &Value) -> Result<Value, Refusal> {
        let given = values.as_array().map(Vec::as_slice).unwrap_or_default();
        if !counts(select, given.len(), 1, 1) || !given.iter().all(|value| self.offers(guild, select, value)) || has_doubles(given) {
            return Err(invalid("data.values", "COMPONENT_VALIDATION_FAILED", "Component validation failed"));
        }
        Ok(given.into())
    }

    /// Whether the value is one of those that the component offers.
    fn offers(&self, guild: Option<&Guild>, component: &Value, value: &Value) -> bool {
        let id: Option<Snowflake> = value.as_str().and_then(|id| id.parse().ok());
        let is_member = || id.is_some_and(|id| guild.is_some_and(|guild| guild.members.contains_key(&id)));
        let is_role = || id.is_some_and(|id| guild.is_some_and(|guild| guild.roles.contains_key(&id)));
        match component["type"].as_i64() {
            Some(USER_SELECT) => is_member(),
            Some(ROLE_SELECT) => is_role(),
            Some(MENTIONABLE_SELECT) => is_member() || is_role(),
            Some(CHANNEL_SELECT) => id.is_some_and(|id| self.is_channel_of(guild, id, &component["channel_types"])),
            _ => component["options"].as_array().is_some_and(|options| options.iter().any(|option| option["value"] == *value)),
        }
    }

    /// Whether the channel is one of the guild, of one of these types; of any, if none is said.
    fn is_channel_of(&self, guild: Option<&Guild>, id: Snowflake, types: &Value) -> bool {
        let fits = |number: u8| types.as_array().is_none_or(|types| types.is_empty() || types.iter().any(|kind| *kind == number));
        self.channel(id).is_some_and(|channel| channel.guild == guild.map(|guild| guild.id) && fits(channel.kind.number()))
    }

    /// Whether an option's value names something that is there. `kind` is the option's type.
    pub(super) fn names_something(&self, guild: Option<&Guild>, known: &Value, value: &Value) -> bool {
        let id: Option<Snowflake> = value.as_str().and_then(|id| id.parse().ok());
        let is_user = || id.is_some_and(|id| self.user(id).is_some());
        let is_role = || id.is_some_and(|id| guild.is_some_and(|guild| guild.roles.contains_key(&id)));
        match known["type"].as_i64() {
            Some(6) => is_user(),
            Some(7) => id.is_some_and(|id| self.is_channel_of(guild, id, &known["channel_types"])),
            Some(8) => is_role(),
            Some(9) => is_user() || is_role(),
            _ => true,
        }
    }

    /// Fills a modal in with what was sent: each part as Discord tells it to the bot.
    pub(super) fn filled_modal(
        &mut self,
        now: DateTime<Utc>,
        channel: Snowflake,
        (modal, given): (&Value, &Value),
        files: &mut Vec<(u64, Upload)>,
    ) -> Result<Filled, Refusal> {
        let mut errors = Errors::default();
        let (mut parts, mut uploads) = (Vec::new(), Vec::new());
        for (index, asked) in modal["components"].as_array().into_iter().flatten().enumerate() {
            let path = format!("data.components.{index}.value");
            let sent = |input: &Value| {
                let custom_id = input["custom_id"].as_str().unwrap_or_default();
                given.as_array().into_iter().flatten().find_map(|given| component_with(given, custom_id)).cloned().unwrap_or_default()
            };
            let mut part = json!({"type": asked["type"], "id": asked["id"]});
            match asked["type"].as_i64() {
                Some(1) => {
                    let input = &asked["components"][0];
                    part["components"] = json!([self.filled_input(channel, input, &sent(input), &path, &mut errors)]);
                }
                Some(18) => {
                    let input = &asked["component"];
                    if input["type"] == FILE_UPLOAD {
                        uploads.push((parts.len(), sent(input)["values"].clone()));
                    }
                    part["component"] = self.filled_input(channel, input, &sent(input), &path, &mut errors);
                }
                _ => {}
            }
            parts.push(part);
        }
        errors.verdict()?;
        let mut taken = Vec::new();
        for (index, numbers) in uploads {
            let kept = self.take_numbered(now, &numbers, files)?;
            parts[index]["component"]["values"] = kept.iter().map(|file| file.id.to_string()).collect();
            taken.extend(kept);
        }
        Ok((parts, taken))
    }

    fn filled_input(&self, channel: Snowflake, input: &Value, given: &Value, path: &str, errors: &mut Errors) -> Value {
        let mut filled = json!({"type": input["type"], "id": input["id"], "custom_id": input["custom_id"]});
        let required = input["required"] != false;
        let values = given["values"].as_array().map(Vec::as_slice).unwrap_or_default();
        match input["type"].as_i64() {
            Some(TEXT_INPUT) => {
                let text = given["value"].as_str().unwrap_or_default();
                check_text(input, text, path, errors);
                filled["value"] = text.into();
            }
            Some(RADIO_GROUP) => {
                if given["value"].is_null() {
                    if required {
                        errors.required(path);
                    }
                } else if !self.offers(None, input, &given["value"]) {
                    errors.add(path, "COMPONENT_VALIDATION_FAILED", "Component validation failed");
                }
                filled["value"] = given["value"].clone();
            }
            Some(CHECKBOX) => {
                filled["value"] = (given["value"] == true).into();
            }
            kind => {
                let guild = self.guild_of(channel);
                let most = if kind == Some(CHECKBOX_GROUP) { input["options"].as_array().map_or(0, Vec::len) } else { 1 };
                if values.is_empty() {
                    if required {
                        errors.required(path);
                    }
                } else if !counts(input, values.len(), 1, most)
                    || has_doubles(values)
                    || (kind != Some(FILE_UPLOAD) && !values.iter().all(|value| self.offers(guild, input, value)))
                {
                    errors.add(path, "COMPONENT_VALIDATION_FAILED", "Component validation failed");
                }
                filled["values"] = values.into();
            }
        }
        filled
    }
}

/// Whether so many may be chosen.
fn counts(component: &Value, count: usize, least: usize, most: usize) -> bool {
    let bound = |key: &str, otherwise: usize| component[key].as_u64().and_then(|bound| usize::try_from(bound).ok()).unwrap_or(otherwise);
    (bound("min_values", least)..=bound("max_values", most)).contains(&count)
}

fn has_doubles(values: &[Value]) -> bool {
    values.iter().enumerate().any(|(index, value)| values[..index].contains(value))
}

fn check_text(input: &Value, text: &str, path: &str, errors: &mut Errors) {
    let length = text.chars().count();
    let limit = |key: &str, otherwise: u64| usize::try_from(input[key].as_u64().unwrap_or(otherwise)).unwrap_or(usize::MAX);
    let (least, most) = (limit("min_length", 0), limit("max_length", 4_000));
    if length == 0 {
        if input["required"] != false {
            errors.required(path);
        }
    } else if !(least..=most).contains(&length) {
        errors.add(path, "BASE_TYPE_BAD_LENGTH", format!("Must be between {least} and {most} in length."));
    }
}
