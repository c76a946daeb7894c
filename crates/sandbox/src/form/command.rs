//! The definition of a slash command, a user command or a message command.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::{Errors, Form};
use crate::refusal::Refusal;

/// Most characters over names, descriptions and choices of one command.
/// Source: Discord developer documentation, "Application Commands", as all numbers here.
const MAX_TOTAL: usize = 8_000;
const MAX_OPTIONS: usize = 25;

/// Slash command.
pub(crate) const CHAT_INPUT: i64 = 1;

/// Reads one command and gives it as Discord would show it, without ids.
pub(crate) fn read(body: &Value) -> Result<Value, Refusal> {
    let mut errors = Errors::default();
    let shown = command(body, "", &mut errors);
    errors.verdict()?;
    shown.ok_or_else(Refusal::not_found)
}

/// Reads the whole list of a bulk overwrite.
pub(crate) fn read_all(body: &Value) -> Result<Vec<Value>, Refusal> {
    let mut errors = Errors::default();
    let Value::Array(list) = body else {
        return Err(super::invalid("", "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType"));
    };
    let shown: Vec<Value> = list.iter().enumerate().filter_map(|(index, value)| command(value, &index.to_string(), &mut errors)).collect();
    let mut seen = HashSet::new();
    for (index, command) in shown.iter().enumerate() {
        if !seen.insert((command["type"].as_i64(), command["name"].as_str())) {
            errors.add(&format!("{index}.name"), "APPLICATION_COMMANDS_DUPLICATE_NAME", "Application command names must be unique");
        }
    }
    errors.verdict()?;
    for (kind, most) in [(CHAT_INPUT, 100), (2, 15), (3, 15)] {
        if shown.iter().filter(|command| command["type"] == kind).count() > most {
            return Err(Refusal::too_many_commands());
        }
    }
    Ok(shown)
}

fn command(body: &Value, path: &str, errors: &mut Errors) -> Option<Value> {
    let form = Form::nested(body, path, errors)?;
    let kind = form.integer("type", 1, 3, errors).unwrap_or(CHAT_INPUT);
    let name = form.required_text("name", 1, 32, errors);
    let mut total = name.chars().count();
    let mut shown = json!({"type": kind, "name": name, "description": "", "nsfw": false, "default_member_permissions": null, "integration_types": [0], "contexts": null});
    if kind == CHAT_INPUT {
        check_name(&form.at("name"), &name, errors);
        let description = form.required_text("description", 1, 100, errors);
        total += description.chars().count();
        shown["description"] = description.into();
        let options = options(&form, 0, &mut total, errors);
        if !options.is_empty() {
            shown["options"] = options.into();
        }
    } else if form.text("description", 0, 100, errors).is_some_and(|text| !text.is_empty()) {
        errors.add(
            &form.at("description"),
            "APPLICATION_COMMANDS_DESCRIPTION_NOT_ALLOWED",
            "Context menu commands cannot have description",
        );
    }
    if let Some(bits) = form.bits("default_member_permissions", errors) {
        shown["default_member_permissions"] = bits.to_string().into();
    }
    if let Some(nsfw) = form.boolean("nsfw", errors) {
        shown["nsfw"] = nsfw.into();
    }
    for key in ["contexts", "integration_types"] {
        if form.list(key, 0, 3, errors).is_some() {
            shown[key] = form.raw(key).cloned().unwrap_or_default();
        }
    }
    copy_localizations(&form, &mut shown);
    if total > MAX_TOTAL {
        errors.add(path, "APPLICATION_COMMAND_TOO_LARGE", format!("Command exceeds maximum size ({MAX_TOTAL})"));
    }
    Some(shown)
}

/// Reads options at `depth` 0 (command), 1 (in a group or subcommand), 2 (in a subcommand of a group).
fn options(form: &Form<'_>, depth: u8, total: &mut usize, errors: &mut Errors) -> Vec<Value> {
    let list = form.list("options", 0, MAX_OPTIONS, errors).unwrap_or_default();
    let mut names = HashSet::new();
    let mut optional_seen = false;
    let mut shown = Vec::new();
    for (index, value) in list.iter().enumerate() {
        let path = format!("{}.{index}", form.at("options"));
        let Some(option) = option(value, &path, depth, total, errors) else { continue };
        let required = option["required"] == true;
        if required && optional_seen {
            errors.add(
                &path,
                "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
                "Required options must be placed before non-required options",
            );
        }
        optional_seen |= !required;
        if !names.insert(option["name"].as_str().unwrap_or_default().to_owned()) {
            errors.add(&format!("{path}.name"), "APPLICATION_COMMAND_OPTIONS_NAME_INVALID", "Option name already exists");
        }
        shown.push(option);
    }
    shown
}

fn option(value: &Value, path: &str, depth: u8, total: &mut usize, errors: &mut Errors) -> Option<Value> {
    let form = Form::nested(value, path, errors)?;
    if form.raw("type").is_none() {
        errors.required(&form.at("type"));
    }
    let kind = form.integer("type", 1, 11, errors).unwrap_or(3);
    let name = form.required_text("name", 1, 32, errors);
    check_name(&form.at("name"), &name, errors);
    let description = form.required_text("description", 1, 100, errors);
    *total += name.chars().count() + description.chars().count();
    let mut shown = json!({"type": kind, "name": name, "description": description});
    if kind <= 2 {
        let too_deep = depth >= 2 || (depth == 1 && kind == 2);
        if too_deep {
            errors.add(&form.at("type"), "BASE_TYPE_CHOICES", "Subcommands can't be nested this deep.");
        } else {
            shown["options"] = options(&form, depth + 1, total, errors).into();
        }
        return Some(shown);
    }
    if form.boolean("required", errors) == Some(true) {
        shown["required"] = true.into();
    }
    let choices = choices(&form, kind, total, errors);
    let autocomplete = form.boolean("autocomplete", errors).unwrap_or(false);
    if autocomplete {
        if !choices.is_empty() {
            errors.add(
                &form.at("autocomplete"),
                "APPLICATION_COMMAND_OPTIONS_CHOICES_AUTOCOMPLETE",
                "Autocomplete and choices are mutually exclusive",
            );
        }
        shown["autocomplete"] = true.into();
    }
    if !choices.is_empty() {
        shown["choices"] = choices.into();
    }
    for key in ["min_length", "max_length"] {
        if let Some(length) = form.integer(key, 0, 6_000, errors) {
            shown[key] = length.into();
        }
    }
    for key in ["min_value", "max_value", "channel_types"] {
        if let Some(value) = form.raw(key) {
            shown[key] = value.clone();
        }
    }
    copy_localizations(&form, &mut shown);
    Some(shown)
}

fn choices(form: &Form<'_>, kind: i64, total: &mut usize, errors: &mut Errors) -> Vec<Value> {
    let list = form.list("choices", 0, MAX_OPTIONS, errors).unwrap_or_default();
    list.iter()
        .enumerate()
        .filter_map(|(index, value)| choice(value, kind, &format!("{}.{index}", form.at("choices")), total, errors))
        .collect()
}

/// Reads one choice of an option or of an autocomplete answer; `kind` is the option's type.
pub(crate) fn choice(value: &Value, kind: i64, path: &str, total: &mut usize, errors: &mut Errors) -> Option<Value> {
    let form = Form::nested(value, path, errors)?;
    let name = form.required_text("name", 1, 100, errors);
    let given = form.raw("value");
    let fits = match (kind, given) {
        (_, None) => {
            errors.required(&form.at("value"));
            return None;
        }
        (4, Some(value)) => value.is_i64(),
        (10, Some(value)) => value.is_number(),
        (_, Some(value)) => value.is_string(),
    };
    if !fits {
        errors.add(&form.at("value"), "APPLICATION_COMMAND_OPTIONS_VALUE_INVALID", "The value does not fit the option's type.");
    }
    form.text("value", 0, 100, errors);
    *total += name.chars().count() + given.and_then(Value::as_str).map_or(0, |text| text.chars().count());
    Some(json!({"name": name, "value": given}))
}

/// Names of slash commands and options: letters, digits, `-`, `_`, `'`, and no capitals where there is a small letter.
fn check_name(path: &str, name: &str, errors: &mut Errors) {
    let known = name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '\''));
    if !name.is_empty() && (!known || name.to_lowercase() != name) {
        errors.add(path, "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid");
    }
}

fn copy_localizations(form: &Form<'_>, shown: &mut Value) {
    let mut copied = Map::new();
    for key in ["name_localizations", "description_localizations"] {
        if let Some(value) = form.raw(key) {
            copied.insert(key.to_owned(), value.clone());
        }
    }
    if let Value::Object(object) = shown {
        object.extend(copied);
    }
}
