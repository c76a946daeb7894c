//! What people press, choose, fill in or tick.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::{
    super::{Errors, Form, check_url},
    BUTTON, CHANNEL_SELECT, CHECKBOX_GROUP, FILE_UPLOAD, MENTIONABLE_SELECT, RADIO_GROUP, ROLE_SELECT, STRING_SELECT, TEXT_INPUT,
    USER_SELECT, Walk, default,
};

/// Most choices in a select.
const IN_A_SELECT: usize = 25;
/// Most choices in a group, and most files in an upload.
const IN_A_GROUP: usize = 10;

/// Checks one; what is left out of `shown` is filled in as Discord does.
pub(super) fn check(form: &Form<'_>, kind: i64, shown: &mut Value, walk: &mut Walk<'_>) {
    let is_button = kind == BUTTON;
    if is_button {
        button(form, walk);
    } else {
        custom_id(form, walk);
    }
    if form.boolean("disabled", walk.errors) == Some(true) && walk.in_modal {
        walk.errors.add(&form.at("disabled"), "MODAL_COMPONENT_DISABLED", "Modals cannot have disabled components");
    }
    match kind {
        STRING_SELECT | USER_SELECT | ROLE_SELECT | MENTIONABLE_SELECT | CHANNEL_SELECT => select(form, kind, walk),
        TEXT_INPUT => text_input(form, walk.errors),
        FILE_UPLOAD => {
            range(form, IN_A_GROUP, 1, walk);
        }
        RADIO_GROUP => {
            form.boolean("required", walk.errors);
            let chosen = options(form, 2, IN_A_GROUP, walk);
            check_defaults(form, "options", chosen, 0, 1, walk.errors);
        }
        CHECKBOX_GROUP => {
            let all = form.raw("options").and_then(Value::as_array).map_or(IN_A_GROUP, Vec::len);
            let (least, most) = range(form, IN_A_GROUP, all, walk);
            let chosen = options(form, 1, IN_A_GROUP, walk);
            check_defaults(form, "options", chosen, least.min(chosen), most, walk.errors);
        }
        _ => {
            form.boolean("default", walk.errors);
        }
    }
    if (STRING_SELECT..=CHANNEL_SELECT).contains(&kind) && kind != TEXT_INPUT {
        default(shown, "min_values", &json!(1));
        default(shown, "max_values", &json!(1));
    }
}

fn button(form: &Form<'_>, walk: &mut Walk<'_>) {
    form.text("label", 0, 80, walk.errors);
    if form.raw("style").is_none() {
        walk.errors.required(&form.at("style"));
    }
    let style = form.integer("style", 1, 6, walk.errors);
    let forbidden: &[&str] = match style {
        Some(5) => {
            let url = form.required_text("url", 1, 512, walk.errors);
            check_url(&form.at("url"), &url, walk.errors);
            &["custom_id", "sku_id"]
        }
        Some(6) => {
            if form.raw("sku_id").is_none() {
                walk.errors.required(&form.at("sku_id"));
            } else if form.snowflake("sku_id", walk.errors).is_some() {
                // No application here sells anything.
                walk.errors.add(&form.at("sku_id"), "BUTTON_COMPONENT_INVALID_SKU", "The SKU is not one of this application's.");
            }
            &["custom_id", "url", "label", "emoji"]
        }
        Some(_) => {
            custom_id(form, walk);
            &["url", "sku_id"]
        }
        None => &[],
    };
    for key in forbidden.iter().filter(|key| form.raw(key).is_some()) {
        walk.errors.add(&form.at(key), "BUTTON_COMPONENT_FIELD_NOT_ALLOWED", format!("A button of this style cannot have the field {key}"));
    }
    if style != Some(6) && form.raw("emoji").is_none() && form.raw("label").is_none_or(|label| label == "") {
        walk.errors.add(form.path(), "BUTTON_COMPONENT_LABEL_OR_EMOJI_REQUIRED", "A label or an emoji is required");
    }
}

fn select(form: &Form<'_>, kind: i64, walk: &mut Walk<'_>) {
    form.text("placeholder", 0, 150, walk.errors);
    let (least, most) = range(form, IN_A_SELECT, 1, walk);
    if kind == STRING_SELECT {
        let chosen = options(form, 1, IN_A_SELECT, walk);
        check_defaults(form, "options", chosen, 0, most, walk.errors);
        let there = form.raw("options").and_then(Value::as_array).map_or(0, Vec::len);
        if most > there && form.raw("max_values").is_some() {
            walk.errors.add(&form.at("max_values"), "NUMBER_TYPE_MAX", format!("int value should be less than or equal to {there}."));
        }
        return;
    }
    let kinds: &[&str] = match kind {
        USER_SELECT => &["user"],
        ROLE_SELECT => &["role"],
        MENTIONABLE_SELECT => &["user", "role"],
        _ => &["channel"],
    };
    let defaults = form.list("default_values", 0, IN_A_SELECT, walk.errors).unwrap_or_default();
    for (index, value) in defaults.iter().enumerate() {
        let path = format!("{}.{index}", form.at("default_values"));
        let Some(value) = Form::nested(value, &path, walk.errors) else { continue };
        if value.raw("id").is_none() {
            walk.errors.required(&value.at("id"));
        }
        value.snowflake("id", walk.errors);
        let named = value.required_text("type", 1, 20, walk.errors);
        if !kinds.contains(&named.as_str()) {
            walk.errors.add(&value.at("type"), "BASE_TYPE_CHOICES", format!("Value must be one of ({}).", kinds.join(", ")));
        }
    }
    if !defaults.is_empty() {
        check_defaults(form, "default_values", defaults.len(), least, most, walk.errors);
    }
    if kind == CHANNEL_SELECT {
        let types = form.list("channel_types", 0, 25, walk.errors).unwrap_or_default();
        for (index, _) in types.iter().enumerate().filter(|(_, value)| value.as_u64().is_none_or(|kind| kind > 16)) {
            walk.errors.add(&format!("{}.{index}", form.at("channel_types")), "BASE_TYPE_CHOICES", "This is no type of channel.");
        }
    }
}

/// How many may be chosen: `least` and `most`, which is `otherwise` if nothing is said.
fn range(form: &Form<'_>, bound: usize, otherwise: usize, walk: &mut Walk<'_>) -> (usize, usize) {
    let top = i64::try_from(bound).unwrap_or(i64::MAX);
    let count = |value: Option<i64>| value.and_then(|value| usize::try_from(value).ok());
    let least = count(form.integer("min_values", 0, top, walk.errors));
    let most = count(form.integer("max_values", 1, top, walk.errors)).unwrap_or(otherwise);
    let required = form.boolean("required", walk.errors).unwrap_or(true);
    if walk.in_modal && required && least == Some(0) {
        walk.errors.add(
            &form.at("min_values"),
            "COMPONENT_REQUIRED_MIN_VALUES",
            "min_values must be at least 1 where an answer is required",
        );
    }
    let least = least.unwrap_or(1);
    if least > most {
        walk.errors.add(
            &form.at("min_values"),
            "SELECT_COMPONENT_MIN_VALUES_LARGER_THAN_MAX_VALUES",
            "min_values must not be larger than max_values",
        );
    }
    (least, most)
}

/// Checks choices, and counts those that are chosen from the beginning.
fn options(form: &Form<'_>, least: usize, most: usize, walk: &mut Walk<'_>) -> usize {
    if form.raw("options").is_none() {
        walk.errors.required(&form.at("options"));
    }
    let (mut values, mut chosen) = (HashSet::new(), 0);
    for (index, option) in form.list("options", least, most, walk.errors).unwrap_or_default().iter().enumerate() {
        let path = format!("{}.{index}", form.at("options"));
        let Some(option) = Form::nested(option, &path, walk.errors) else { continue };
        option.required_text("label", 1, 100, walk.errors);
        option.text("description", 0, 100, walk.errors);
        chosen += usize::from(option.boolean("default", walk.errors) == Some(true));
        if !values.insert(option.required_text("value", 1, 100, walk.errors)) {
            walk.errors.add(&option.at("value"), "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", "The specified option value is already used");
        }
    }
    chosen
}

fn check_defaults(form: &Form<'_>, key: &str, chosen: usize, least: usize, most: usize, errors: &mut Errors) {
    if !(least..=most).contains(&chosen) {
        errors.add(&form.at(key), "SELECT_COMPONENT_DEFAULT_VALUES_RANGE", format!("Between {least} and {most} may be chosen by default."));
    }
}

fn text_input(form: &Form<'_>, errors: &mut Errors) {
    if form.raw("style").is_none() {
        errors.required(&form.at("style"));
    }
    form.integer("style", 1, 2, errors);
    let least = form.integer("min_length", 0, 4_000, errors).unwrap_or(0);
    let most = form.integer("max_length", 1, 4_000, errors).unwrap_or(4_000);
    if least > most {
        errors.add(&form.at("min_length"), "TEXT_INPUT_MIN_LARGER_THAN_MAX", "min_length must not be larger than max_length");
    }
    form.text("value", 0, 4_000, errors);
    form.text("placeholder", 0, 100, errors);
    form.boolean("required", errors);
}

fn custom_id(form: &Form<'_>, walk: &mut Walk<'_>) {
    let id = form.required_text("custom_id", 1, 100, walk.errors);
    if !id.is_empty() && !walk.custom_ids.insert(id) {
        walk.errors.add(&form.at("custom_id"), "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated");
    }
}
