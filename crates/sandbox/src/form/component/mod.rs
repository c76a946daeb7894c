//! Components: buttons and selects under a message, the newer layout components, and the inputs of a modal.
//!
//! Limits and rules: Discord developer documentation, "Component Reference"; the 4,000 characters of text are from the unofficial
//! docs.discord.food.

mod interactive;
mod media;

use std::collections::{BTreeSet, HashSet};

use serde_json::{Value, json};

use super::{Errors, Form};

pub(crate) use self::media::{ATTACHED, check_references};

/// What stands below a message with that flag, at its top.
const LAYOUT: [i64; 7] = [ACTION_ROW, SECTION, TEXT_DISPLAY, MEDIA_GALLERY, FILE, SEPARATOR, CONTAINER];
/// What stands in a row of a message.
const IN_A_ROW: [i64; 6] = [BUTTON, STRING_SELECT, USER_SELECT, ROLE_SELECT, MENTIONABLE_SELECT, CHANNEL_SELECT];
/// What stands in a label of a modal.
const IN_A_LABEL: [i64; 10] = [
    STRING_SELECT,
    TEXT_INPUT,
    USER_SELECT,
    ROLE_SELECT,
    MENTIONABLE_SELECT,
    CHANNEL_SELECT,
    FILE_UPLOAD,
    RADIO_GROUP,
    CHECKBOX_GROUP,
    CHECKBOX,
];

const ACTION_ROW: i64 = 1;
pub(crate) const BUTTON: i64 = 2;
pub(crate) const STRING_SELECT: i64 = 3;
pub(crate) const TEXT_INPUT: i64 = 4;
pub(crate) const USER_SELECT: i64 = 5;
pub(crate) const ROLE_SELECT: i64 = 6;
pub(crate) const MENTIONABLE_SELECT: i64 = 7;
pub(crate) const CHANNEL_SELECT: i64 = 8;
const SECTION: i64 = 9;
const TEXT_DISPLAY: i64 = 10;
const THUMBNAIL: i64 = 11;
const MEDIA_GALLERY: i64 = 12;
const FILE: i64 = 13;
const SEPARATOR: i64 = 14;
const CONTAINER: i64 = 17;
const LABEL: i64 = 18;
pub(crate) const FILE_UPLOAD: i64 = 19;
pub(crate) const RADIO_GROUP: i64 = 21;
pub(crate) const CHECKBOX_GROUP: i64 = 22;
pub(crate) const CHECKBOX: i64 = 23;

/// Most components in a message of the newer kind, nested ones counted.
const MAX_COMPONENTS: usize = 40;
/// Most characters over all its texts.
const MAX_TEXT: usize = 4_000;

/// What components are looked at with: which ids were seen, how many components, how much text.
struct Walk<'a> {
    errors: &'a mut Errors,
    in_modal: bool,
    custom_ids: HashSet<String>,
    ids: BTreeSet<u64>,
    count: usize,
    text: usize,
}

impl<'a> Walk<'a> {
    fn new(errors: &'a mut Errors, in_modal: bool) -> Self {
        Self { errors, in_modal, custom_ids: HashSet::new(), ids: BTreeSet::new(), count: 0, text: 0 }
    }
}

/// Checks a message's components; `layout` says whether the message has the flag for the newer ones.
pub(crate) fn read(form: &Form<'_>, layout: bool, errors: &mut Errors) -> Option<Vec<Value>> {
    if !form.has("components") {
        return None;
    }
    let list = form.list("components", 0, if layout { MAX_COMPONENTS } else { 5 }, errors).unwrap_or_default();
    let mut walk = Walk::new(errors, false);
    let allowed: &[i64] = if layout { &LAYOUT } else { &[ACTION_ROW] };
    let mut shown = components(list, &form.at("components"), allowed, &mut walk);
    let (count, text, taken) = (walk.count, walk.text, walk.ids);
    if layout && count > MAX_COMPONENTS {
        errors.add(
            &form.at("components"),
            "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED",
            format!("The maximum number of total components is {MAX_COMPONENTS}"),
        );
    }
    if text > MAX_TEXT {
        errors.add(
            &form.at("components"),
            "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED",
            format!("Displayable text size exceeds maximum size of {MAX_TEXT}"),
        );
    }
    number_all(&mut shown, &taken);
    Some(shown)
}

/// Checks a modal: its title, its custom id and one to five parts.
pub(crate) fn modal(data: &Value, errors: &mut Errors) -> Option<Value> {
    let form = Form::nested(data, "data", errors)?;
    let title = form.required_text("title", 1, 45, errors);
    let custom_id = form.required_text("custom_id", 1, 100, errors);
    if form.raw("components").is_none() {
        errors.required(&form.at("components"));
    }
    let list = form.list("components", 1, 5, errors).unwrap_or_default();
    let mut walk = Walk::new(errors, true);
    let mut shown = components(list, &form.at("components"), &[ACTION_ROW, TEXT_DISPLAY, LABEL], &mut walk);
    let taken = walk.ids;
    number_all(&mut shown, &taken);
    Some(json!({"title": title, "custom_id": custom_id, "components": shown}))
}

fn components(list: &[Value], path: &str, allowed: &[i64], walk: &mut Walk<'_>) -> Vec<Value> {
    list.iter().enumerate().filter_map(|(index, value)| component(value, &format!("{path}.{index}"), allowed, walk)).collect()
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
    let id = form.integer("id", 0, i64::from(i32::MAX), walk.errors).and_then(|id| u64::try_from(id).ok());
    if id.is_some_and(|id| id > 0 && !walk.ids.insert(id)) {
        walk.errors.add(&form.at("id"), "COMPONENT_ID_DUPLICATED", "Component id cannot be duplicated");
    }
    let mut shown = value.clone();
    match kind {
        ACTION_ROW if walk.in_modal => modal_row(&form, &mut shown, walk),
        ACTION_ROW => row(&form, &mut shown, walk),
        SECTION => {
            children(&form, "components", 3, &[TEXT_DISPLAY], &mut shown, walk);
            child(&form, "accessory", &[BUTTON, THUMBNAIL], &mut shown, walk);
        }
        TEXT_DISPLAY => walk.text += form.required_text("content", 1, MAX_TEXT, walk.errors).chars().count(),
        THUMBNAIL => media::item(&form, walk.errors),
        MEDIA_GALLERY => media::gallery(&form, walk.errors),
        FILE => media::file(&form, walk.errors),
        SEPARATOR => {
            form.boolean("divider", walk.errors);
            form.integer("spacing", 1, 2, walk.errors);
            default(&mut shown, "divider", &json!(true));
            default(&mut shown, "spacing", &json!(1));
        }
        CONTAINER => {
            form.integer("accent_color", 0, 0xff_ff_ff, walk.errors);
            form.boolean("spoiler", walk.errors);
            let inside = [ACTION_ROW, SECTION, TEXT_DISPLAY, MEDIA_GALLERY, FILE, SEPARATOR];
            children(&form, "components", MAX_COMPONENTS, &inside, &mut shown, walk);
            default(&mut shown, "spoiler", &json!(false));
            default(&mut shown, "accent_color", &Value::Null);
        }
        LABEL => {
            form.required_text("label", 1, 45, walk.errors);
            form.text("description", 0, 100, walk.errors);
            child(&form, "component", &IN_A_LABEL, &mut shown, walk);
        }
        kind => interactive::check(&form, kind, &mut shown, walk),
    }
    Some(shown)
}

/// The texts of a component and of all within it.
pub(crate) fn texts(component: &Value) -> Vec<&str> {
    let own = component["content"].as_str().filter(|_| component["type"] == TEXT_DISPLAY);
    let inner = component["components"].as_array().into_iter().flatten();
    own.into_iter().chain(inner.flat_map(texts)).collect()
}

fn default(shown: &mut Value, key: &str, value: &Value) {
    if shown.get(key).is_none() {
        shown[key] = value.clone();
    }
}

/// One or more components in a list.
fn children(form: &Form<'_>, key: &str, most: usize, allowed: &[i64], shown: &mut Value, walk: &mut Walk<'_>) {
    if form.raw(key).is_none() {
        walk.errors.required(&form.at(key));
    }
    let list = form.list(key, 1, most, walk.errors).unwrap_or_default();
    shown[key] = components(list, &form.at(key), allowed, walk).into();
}

fn child(form: &Form<'_>, key: &str, allowed: &[i64], shown: &mut Value, walk: &mut Walk<'_>) {
    match form.raw(key) {
        Some(value) => shown[key] = component(value, &form.at(key), allowed, walk).into(),
        None => walk.errors.required(&form.at(key)),
    }
}

fn row(form: &Form<'_>, shown: &mut Value, walk: &mut Walk<'_>) {
    children(form, "components", 5, &IN_A_ROW, shown, walk);
    let selects = shown["components"].as_array().map_or(0, |list| list.iter().filter(|inner| inner["type"] != BUTTON).count());
    if selects > 0 && shown["components"].as_array().is_some_and(|list| list.len() > 1) {
        walk.errors.add(&form.at("components"), "COMPONENT_LAYOUT_WIDTH_EXCEEDED", "The specified component exceeds the maximum width");
    }
}

/// The older form: a row that holds one text input with its own label.
fn modal_row(form: &Form<'_>, shown: &mut Value, walk: &mut Walk<'_>) {
    children(form, "components", 1, &[TEXT_INPUT], shown, walk);
    let path = format!("{}.0", form.at("components"));
    if let Some(input) = form.raw("components").and_then(|list| Form::nested(&list[0], &path, walk.errors)) {
        input.required_text("label", 1, 45, walk.errors);
    }
}

/// Gives each component that has none an id of its own, as Discord does: one after the other, but none that is taken.
fn number_all(components: &mut [Value], taken: &BTreeSet<u64>) {
    let mut next = 1;
    for component in components {
        number(component, &mut next, taken);
    }
}

fn number(component: &mut Value, next: &mut u64, taken: &BTreeSet<u64>) {
    if component["id"].as_u64().is_none_or(|id| id == 0) {
        while taken.contains(next) {
            *next += 1;
        }
        component["id"] = (*next).into();
        *next += 1;
    }
    for key in ["components", "accessory", "component"] {
        match component.get_mut(key) {
            Some(Value::Array(list)) => list.iter_mut().for_each(|inner| number(inner, next, taken)),
            Some(inner @ Value::Object(_)) => number(inner, next, taken),
            _ => {}
        }
    }
}
