//! The definition of a slash command, a user command or a message command.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::{Errors, Form};
use crate::refusal::Refusal;

/// Most characters over names, descriptions and choices of one command.
/// Source: Discord developer documentation, "Application Commands", as all numbers here.
const MAX_TOTAL: usize = 8_000;
const MAX_OPTIONS: usize = 25;

/// Source: Discord developer documentation, "Reference", "Locales".
const LOCALES: [&str; 33] = [
    "id", "da", "de", "en-GB", "en-US", "es-ES", "es-419", "fr", "hr", "it", "lt", "hu", "nl", "no", "pl", "pt-BR", "ro", "fi", "sv-SE",
    "vi", "tr", "cs", "el", "bg", "ru", "uk", "hi", "th", "zh-CN", "ja", "zh-TW", "ko", "ar",
];

/// Slash command.
pub(crate) const CHAT_INPUT: i64 = 1;

// Types of options. Source: Discord developer documentation, "Application Command Option Type".
const GROUP: i64 = 2;
const STRING: i64 = 3;
const INTEGER: i64 = 4;
const CHANNEL: i64 = 7;
const NUMBER: i64 = 10;

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
    } else {
        for (key, code) in
            [("description", "APPLICATION_COMMANDS_DESCRIPTION_NOT_ALLOWED"), ("options", "APPLICATION_COMMANDS_OPTIONS_NOT_ALLOWED")]
        {
            let is_empty = form.raw(key).is_none_or(|value| value.as_str() == Some("") || value.as_array().is_some_and(Vec::is_empty));
            if !is_empty {
                errors.add(&form.at(key), code, format!("Context menu commands cannot have {key}"));
            }
        }
    }
    if let Some(bits) = form.bits("default_member_permissions", errors) {
        shown["default_member_permissions"] = bits.to_string().into();
    }
    if let Some(nsfw) = form.boolean("nsfw", errors) {
        shown["nsfw"] = nsfw.into();
    }
    for (key, least, highest) in [("contexts", 0, 2), ("integration_types", 1, 1)] {
        let Some(list) = form.list(key, least, 3, errors) else { continue };
        for (index, _) in list.iter().enumerate().filter(|(_, entry)| entry.as_u64().is_none_or(|entry| entry > highest)) {
            errors.add(&format!("{}.{index}", form.at(key)), "BASE_TYPE_CHOICES", format!("Value must be one of 0 to {highest}."));
        }
        shown[key] = list.into();
    }
    localizations(&form, &mut shown, kind == CHAT_INPUT, &mut total, errors);
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
    if shown.iter().any(is_subcommand) && !shown.iter().all(is_subcommand) {
        errors.add(
            &form.at("options"),
            "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
            "Sub-command and sub-command group option types are mutually exclusive to all other types",
        );
    }
    shown
}

fn is_subcommand(option: &Value) -> bool {
    option["type"].as_i64().is_some_and(|kind| kind <= GROUP)
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
    localizations(&form, &mut shown, true, total, errors);
    if kind <= GROUP {
        let too_deep = depth >= 2 || (depth == 1 && kind == GROUP);
        if too_deep {
            errors.add(&form.at("type"), "BASE_TYPE_CHOICES", "Subcommands can't be nested this deep.");
        } else {
            let inner = options(&form, depth + 1, total, errors);
            if kind == GROUP && !inner.iter().all(is_subcommand) {
                errors.add(&form.at("options"), "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "A group holds subcommands alone");
            }
            shown["options"] = inner.into();
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
    if (autocomplete || shown.get("choices").is_some()) && ![STRING, INTEGER, NUMBER].contains(&kind) {
        errors.add(
            &form.at("type"),
            "APPLICATION_COMMAND_OPTIONS_CHOICES_TYPE",
            "Options of this type have neither choices nor suggestions",
        );
    }
    bounds(&form, kind, &mut shown, errors);
    Some(shown)
}

/// What an option's value is kept within. Source: Discord developer documentation, "Application Command Option Structure".
fn bounds(form: &Form<'_>, kind: i64, shown: &mut Value, errors: &mut Errors) {
    for (key, kinds) in [
        ("min_length", &[STRING][..]),
        ("max_length", &[STRING]),
        ("min_value", &[INTEGER, NUMBER]),
        ("max_value", &[INTEGER, NUMBER]),
        ("channel_types", &[CHANNEL]),
    ] {
        // Some clients send an empty list where there is nothing to say.
        let Some(value) = form.raw(key).filter(|value| value.as_array().is_none_or(|list| !list.is_empty())) else { continue };
        if !kinds.contains(&kind) {
            errors.add(&form.at(key), "APPLICATION_COMMAND_OPTIONS_FIELD_INVALID", format!("Options of this type have no {key}"));
        }
        shown[key] = value.clone();
    }
    form.integer("min_length", 0, 6_000, errors);
    form.integer("max_length", 1, 6_000, errors);
    for key in ["min_value", "max_value"] {
        if form.raw(key).is_some_and(|value| if kind == INTEGER { !value.is_i64() } else { !value.is_number() }) {
            errors.add(&form.at(key), "NUMBER_TYPE_COERCE", "The value does not fit the option's type.");
        }
    }
    for (least, most) in [("min_length", "max_length"), ("min_value", "max_value")] {
        if let (Some(low), Some(high)) = (shown[least].as_f64(), shown[most].as_f64())
            && low > high
        {
            errors.add(&form.at(least), "APPLICATION_COMMAND_OPTIONS_RANGE_INVALID", format!("{least} must not be larger than {most}"));
        }
    }
    let types = form.list("channel_types", 0, 25, errors).unwrap_or_default();
    for (index, _) in types.iter().enumerate().filter(|(_, value)| value.as_u64().is_none_or(|kind| kind > 16)) {
        errors.add(&format!("{}.{index}", form.at("channel_types")), "BASE_TYPE_CHOICES", "This is no type of channel.");
    }
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
    let mut shown = json!({"name": name, "value": given});
    localized(&form, "name_localizations", 100, &mut shown, &mut Vec::new(), errors);
    Some(shown)
}

/// Names of slash commands and options: letters, digits, `-`, `_`, `'`, and no capitals where there is a small letter.
fn check_name(path: &str, name: &str, errors: &mut Errors) {
    let known = name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '\''));
    if !name.is_empty() && (!known || name.to_lowercase() != name) {
        errors.add(path, "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid");
    }
}

/// Names and descriptions in other languages; of each, the longest counts.
fn localizations(form: &Form<'_>, shown: &mut Value, is_slash: bool, total: &mut usize, errors: &mut Errors) {
    for (key, plain, most) in [("name_localizations", "name", 32), ("description_localizations", "description", 100)] {
        let mut given = Vec::new();
        localized(form, key, most, shown, &mut given, errors);
        let own = form.raw(plain).and_then(Value::as_str).map_or(0, |text| text.chars().count());
        let longest = given.iter().map(|(_, text)| text.chars().count()).max().unwrap_or(0);
        *total += longest.saturating_sub(own);
        if plain == "name" && is_slash {
            for (locale, text) in given {
                check_name(&format!("{}.{locale}", form.at(key)), &text, errors);
            }
        }
    }
}

/// Reads a dictionary of texts by language.
fn localized(form: &Form<'_>, key: &str, most: usize, shown: &mut Value, given: &mut Vec<(String, String)>, errors: &mut Errors) {
    if !form.has(key) {
        return;
    }
    shown[key] = form.raw(key).cloned().unwrap_or_default();
    let Some(Value::Object(texts)) = form.raw(key) else { return };
    let Some(inner) = form.raw(key).and_then(|value| Form::nested(value, &form.at(key), errors)) else { return };
    for locale in texts.keys() {
        if !LOCALES.contains(&locale.as_str()) {
            errors.add(&inner.at(locale), "BASE_TYPE_CHOICES", format!("`{locale}` is no locale that Discord knows."));
        }
        given.extend(inner.text(locale, 1, most, errors).map(|text| (locale.clone(), text)));
    }
}
