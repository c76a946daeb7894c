//! Components: buttons and selects under a message, the newer layout components, and the inputs of a modal.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::{Errors, Form, check_url};

/// The flag by which a message is made of components alone. Source: Discord developer documentation, "Message Flags".
pub(crate) const COMPONENTS_V2: u64 = 1 << 15;

/// What a component is looked at with: which custom ids were seen, how many components, how much text.
struct Walk<'a> {
    errors: &'a mut Errors,
    custom_ids: HashSet<String>,
    count: usize,
    text: usize,
}

/// Checks a message's components; `layout` says whether the message has the flag for the newer ones.
///
/// Limits: Discord developer documentation, "Component Reference"; the 4,000 characters of text are from the unofficial docs.discord.food.
pub(crate) fn read(form: &Form<'_>, layout: bool, errors: &mut Errors) -> Option<Vec<Value>> {
    if !form.has("components") {
        return None;
    }
    let list = form.list("components", 0, if layout { 40 } else { 5 }, errors).unwrap_or_default();
    let mut walk = Walk { errors, custom_ids: HashSet::new(), count: 0, text: 0 };
    let allowed: &[i64] = if layout { &[1, 9, 10, 12, 13, 14, 17] } else { &[1] };
    let shown: Vec<Value> = list
        .iter()
        .enumerate()
        .filter_map(|(index, value)| component(value, &format!("{}.{index}", form.at("components")), allowed, &mut walk))
        .collect();
    let (count, text) = (walk.count, walk.text);
    if layout && count > 40 {
        errors.add(&form.at("components"), "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", "The maximum number of total components is 40");
    }
    if text > 4_000 {
        errors.add(
            &form.at("components"),
            "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED",
            "Displayable text size exceeds maximum size of 4000",
        );
    }
    let mut next_id = 1;
    let mut shown = shown;
    for component in &mut shown {
        number(component, &mut next_id);
    }
    Some(shown)
}

/// Checks a modal: its title, its custom id and one to five inputs.
pub(crate) fn modal(data: &Value, errors: &mut Errors) -> Option<Value> {
    let form = Form::nested(data, "data", errors)?;
    let title = form.required_text("title", 1, 45, errors);
    let custom_id = form.required_text("custom_id", 1, 100, errors);
    if form.raw("components").is_none() {
        errors.required(&form.at("components"));
    }
    let list = form.list("components", 1, 5, errors).unwrap_or_default();
    let mut walk = Walk { errors, custom_ids: HashSet::new(), count: 0, text: 0 };
    let components: Vec<Value> = list
        .iter()
        .enumerate()
        .filter_map(|(index, value)| {
            let path = format!("{}.{index}", form.at("components"));
            match value["type"].as_i64() {
                Some(1) => modal_row(value, &path, &mut walk),
                _ => component(value, &path, &[10, 18], &mut walk),
            }
        })
        .collect();
    Some(json!({"title": title, "custom_id": custom_id, "components": components}))
}

/// The older form: a row that holds one text input with its own label.
fn modal_row(value: &Value, path: &str, walk: &mut Walk<'_>) -> Option<Value> {
    let form = Form::nested(value, path, walk.errors)?;
    let list = form.list("components", 1, 1, walk.errors).unwrap_or_default();
    let inner: Vec<Value> = list
        .iter()
        .enumerate()
        .filter_map(|(index, value)| component(value, &format!("{}.{index}", form.at("components")), &[4], walk))
        .collect();
    if let Some(input) = list.first().and_then(|value| Form::nested(value, &format!("{}.0", form.at("components")), walk.errors)) {
        input.required_text("label", 1, 45, walk.errors);
    }
    Some(json!({"type": 1, "components": inner}))
}

fn component(value: &Value, path: &str, allowed: &[i64], walk: &mut Walk<'_>) -> Option<Value> {
    let form = Form::nested(value, path, walk.errors)?;
    walk.count += 1;
    let kind = form.raw("type").and_then(Value::as_i64);
    let Some(kind) = kind.filter(|kind| allowed.contains(kind)) else {
        let known = allowed.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        walk.errors.add(&form.at("type"), "BASE_TYPE_CHOICES", format!("Value must be one of {{{known}}}."));
        return None;
    };
    let mut shown = value.clone();
    match kind {
        1 => row(&form, &mut shown, walk),
        2 => button(&form, walk),
        3 | 5..=8 => select(&form, kind, walk),
        4 => text_input(&form, walk),
        9 => {
            children(&form, "components", 1, 3, &[10], &mut shown, walk);
            child(&form, "accessory", &[2, 11], &mut shown, walk);
        }
        10 => walk.text += form.required_text("content", 1, 4_000, walk.errors).chars().count(),
        11 => media(&form, "media", walk),
        12 => {
            let items = form.list("items", 1, 10, walk.errors).unwrap_or_default();
            for (index, item) in items.iter().enumerate() {
                if let Some(item) = Form::nested(item, &format!("{}.{index}", form.at("items")), walk.errors) {
                    media(&item, "media", walk);
                }
            }
        }
        13 => media(&form, "file", walk),
        17 => children(&form, "components", 1, 40, &[1, 9, 10, 12, 13, 14], &mut shown, walk),
        18 => {
            form.required_text("label", 1, 45, walk.errors);
            form.text("description", 0, 100, walk.errors);
            child(&form, "component", &[3, 4, 5, 6, 7, 8], &mut shown, walk);
        }
        _ => {}
    }
    Some(shown)
}

fn children(form: &Form<'_>, key: &str, least: usize, most: usize, allowed: &[i64], shown: &mut Value, walk: &mut Walk<'_>) {
    if form.raw(key).is_none() {
        walk.errors.required(&form.at(key));
    }
    let list = form.list(key, least, most, walk.errors).unwrap_or_default();
    shown[key] = list
        .iter()
        .enumerate()
        .filter_map(|(index, value)| component(value, &format!("{}.{index}", form.at(key)), allowed, walk))
        .collect();
}

fn child(form: &Form<'_>, key: &str, allowed: &[i64], shown: &mut Value, walk: &mut Walk<'_>) {
    match form.raw(key) {
        Some(value) => shown[key] = component(value, &form.at(key), allowed, walk).into(),
        None => walk.errors.required(&form.at(key)),
    }
}

fn row(form: &Form<'_>, shown: &mut Value, walk: &mut Walk<'_>) {
    children(form, "components", 1, 5, &[2, 3, 5, 6, 7, 8], shown, walk);
    let selects = shown["components"].as_array().map_or(0, |list| list.iter().filter(|inner| inner["type"] != 2).count());
    if selects > 0 && shown["components"].as_array().is_some_and(|list| list.len() > 1) {
        walk.errors.add(&form.at("components"), "COMPONENT_LAYOUT_WIDTH_EXCEEDED", "The specified component exceeds the maximum width");
    }
}

fn button(form: &Form<'_>, walk: &mut Walk<'_>) {
    form.text("label", 0, 80, walk.errors);
    if form.raw("style").is_none() {
        walk.errors.required(&form.at("style"));
    }
    match form.integer("style", 1, 6, walk.errors) {
        Some(5) => {
            let url = form.required_text("url", 1, 512, walk.errors);
            check_url(&form.at("url"), &url, walk.errors);
        }
        Some(1..=4) => custom_id(form, walk),
        _ => {}
    }
    if form.raw("label").is_none() && form.raw("emoji").is_none() {
        walk.errors.add(form.path(), "BUTTON_COMPONENT_LABEL_OR_EMOJI_REQUIRED", "A label or an emoji is required");
    }
}

fn select(form: &Form<'_>, kind: i64, walk: &mut Walk<'_>) {
    custom_id(form, walk);
    form.text("placeholder", 0, 150, walk.errors);
    form.integer("min_values", 0, 25, walk.errors);
    form.integer("max_values", 1, 25, walk.errors);
    if kind != 3 {
        return;
    }
    if form.raw("options").is_none() {
        walk.errors.required(&form.at("options"));
    }
    let mut values = HashSet::new();
    for (index, option) in form.list("options", 1, 25, walk.errors).unwrap_or_default().iter().enumerate() {
        let path = format!("{}.{index}", form.at("options"));
        if let Some(option) = Form::nested(option, &path, walk.errors) {
            option.required_text("label", 1, 100, walk.errors);
            let value = option.required_text("value", 1, 100, walk.errors);
            option.text("description", 0, 100, walk.errors);
            if !values.insert(value) {
                walk.errors.add(
                    &option.at("value"),
                    "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED",
                    "The specified option value is already used",
                );
            }
        }
    }
}

fn text_input(form: &Form<'_>, walk: &mut Walk<'_>) {
    custom_id(form, walk);
    if form.raw("style").is_none() {
        walk.errors.required(&form.at("style"));
    }
    form.integer("style", 1, 2, walk.errors);
    form.integer("min_length", 0, 4_000, walk.errors);
    form.integer("max_length", 1, 4_000, walk.errors);
    form.text("value", 0, 4_000, walk.errors);
    form.text("placeholder", 0, 100, walk.errors);
    form.boolean("required", walk.errors);
}

fn media(form: &Form<'_>, key: &str, walk: &mut Walk<'_>) {
    let path = form.at(key);
    match form.raw(key).and_then(|value| Form::nested(value, &path, walk.errors)) {
        Some(media) => {
            let url = media.required_text("url", 1, 2_048, walk.errors);
            check_url(&media.at("url"), &url, walk.errors);
        }
        None => walk.errors.required(&path),
    }
}

fn custom_id(form: &Form<'_>, walk: &mut Walk<'_>) {
    let id = form.required_text("custom_id", 1, 100, walk.errors);
    if !id.is_empty() && !walk.custom_ids.insert(id) {
        walk.errors.add(&form.at("custom_id"), "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated");
    }
}

/// Gives each component that has none a number of its own, as Discord does.
fn number(component: &mut Value, next: &mut u64) {
    if component["id"].as_u64().is_none_or(|id| id == 0) {
        component["id"] = (*next).into();
    }
    *next += 1;
    for key in ["components", "accessory", "component"] {
        match component.get_mut(key) {
            Some(Value::Array(list)) => {
                for inner in list {
                    number(inner, next);
                }
            }
            Some(inner @ Value::Object(_)) => number(inner, next),
            _ => {}
        }
    }
}
