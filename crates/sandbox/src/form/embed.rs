//! Embeds: the limits of each field and of all of them together.

use serde_json::{Value, json};

use super::{Errors, Form, check_url};

/// Most embeds in one message. Source: Discord developer documentation, "Embed Limits", as all numbers here.
pub(crate) const MAX_EMBEDS: usize = 10;
const MAX_TOTAL: usize = 6_000;

/// Checks a message's embeds and gives them as Discord would show them.
pub(crate) fn read(form: &Form<'_>, errors: &mut Errors) -> Option<Vec<Value>> {
    if !form.has("embeds") {
        return None;
    }
    let list = form.list("embeds", 0, MAX_EMBEDS, errors).unwrap_or_default();
    let mut total = 0;
    let embeds = list
        .iter()
        .enumerate()
        .filter_map(|(index, value)| embed(value, &format!("{}.{index}", form.at("embeds")), &mut total, errors))
        .collect();
    if total > MAX_TOTAL {
        errors.add(&form.at("embeds"), "MAX_EMBED_SIZE_EXCEEDED", format!("Embed size exceeds maximum size of {MAX_TOTAL}"));
    }
    Some(embeds)
}

fn embed(value: &Value, path: &str, total: &mut usize, errors: &mut Errors) -> Option<Value> {
    let form = Form::nested(value, path, errors)?;
    let mut shown = json!({"type": "rich"});
    for (key, most) in [("title", 256), ("description", 4_096)] {
        if let Some(text) = form.text(key, 0, most, errors) {
            *total += text.chars().count();
            shown[key] = text.trim().into();
        }
    }
    if let Some(url) = form.text("url", 0, 2_048, errors) {
        check_url(&form.at("url"), &url, errors);
        shown["url"] = url.into();
    }
    if let Some(colour) = form.integer("color", 0, 0xFF_FF_FF, errors) {
        shown["color"] = colour.into();
    }
    if let Some(timestamp) = form.text("timestamp", 0, 64, errors) {
        if chrono::DateTime::parse_from_rfc3339(&timestamp).is_err() {
            errors.add(&form.at("timestamp"), "DATE_TIME_TYPE_PARSE", format!("Could not parse {timestamp}. Should be ISO8601."));
        }
        shown["timestamp"] = timestamp.into();
    }
    for (part, key, most) in [("footer", "text", 2_048), ("author", "name", 256)] {
        if let Some(nested) = form.raw(part).and_then(|value| Form::nested(value, &form.at(part), errors)) {
            let text = nested.required_text(key, 1, most, errors);
            *total += text.chars().count();
            shown[part] = json!({ key: text });
            for link in ["url", "icon_url"] {
                if let Some(url) = nested.text(link, 0, 2_048, errors) {
                    check_url(&nested.at(link), &url, errors);
                    shown[part][link] = url.into();
                }
            }
        }
    }
    for part in ["image", "thumbnail"] {
        if let Some(nested) = form.raw(part).and_then(|value| Form::nested(value, &form.at(part), errors)) {
            let url = nested.required_text("url", 1, 2_048, errors);
            check_url(&nested.at("url"), &url, errors);
            shown[part] = json!({"url": url});
        }
    }
    let fields = form.list("fields", 0, 25, errors).unwrap_or_default();
    if !fields.is_empty() {
        shown["fields"] = fields
            .iter()
            .enumerate()
            .filter_map(|(index, value)| field(value, &format!("{}.{index}", form.at("fields")), total, errors))
            .collect();
    }
    Some(shown)
}

fn field(value: &Value, path: &str, total: &mut usize, errors: &mut Errors) -> Option<Value> {
    let form = Form::nested(value, path, errors)?;
    let name = form.required_text("name", 1, 256, errors);
    let text = form.required_text("value", 1, 1_024, errors);
    let inline = form.boolean("inline", errors).unwrap_or(false);
    *total += name.chars().count() + text.chars().count();
    Some(json!({"name": name, "value": text, "inline": inline}))
}
