//! Reads request bodies the way Discord does: every field is checked, and all that is wrong is told at once, as a tree (code 50035).
//!
//! Comes in: JSON. Goes out: checked drafts, or a [`Refusal`]. Knows nothing of the world; ids are checked for shape only.

pub(crate) mod channel;
pub(crate) mod command;
pub(crate) mod component;
pub(crate) mod embed;
pub(crate) mod file_name;
pub(crate) mod message;
pub(crate) mod role;
pub(crate) mod thread;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use crate::{refusal::Refusal, world::snowflake::Snowflake};

/// What is wrong with a form so far.
#[derive(Debug, Default)]
pub(crate) struct Errors {
    tree: Map<String, Value>,
}

impl Errors {
    /// Notes that the field at `path` (keys and indices parted by dots; empty is the form itself) is wrong.
    pub(crate) fn add(&mut self, path: &str, code: &str, message: impl Into<String>) {
        let mut node = &mut self.tree;
        for key in path.split('.').filter(|key| !key.is_empty()) {
            let next = node.entry(key).or_insert_with(|| json!({}));
            let Value::Object(object) = next else { return };
            node = object;
        }
        let list = node.entry("_errors").or_insert_with(|| json!([]));
        if let Value::Array(list) = list {
            list.push(json!({"code": code, "message": message.into()}));
        }
    }

    pub(crate) fn required(&mut self, path: &str) {
        self.add(path, "BASE_TYPE_REQUIRED", "This field is required");
    }

    /// `Ok` if nothing was noted.
    pub(crate) fn verdict(self) -> Result<(), Refusal> {
        if self.tree.is_empty() {
            return Ok(());
        }
        let mut refusal = Refusal::new(400, 50035, "Invalid Form Body");
        refusal.errors = Some(Value::Object(self.tree));
        Err(refusal)
    }
}

/// One wrong field and nothing else.
pub(crate) fn invalid(path: &str, code: &str, message: impl Into<String>) -> Refusal {
    let mut errors = Errors::default();
    errors.add(path, code, message);
    errors.verdict().err().unwrap_or_else(Refusal::not_found)
}

/// A JSON object that is being read, with the path under which its errors are told.
pub(crate) struct Form<'a> {
    object: &'a Map<String, Value>,
    path: String,
}

impl<'a> Form<'a> {
    /// Reads a whole body; anything but an object is refused.
    pub(crate) fn body(body: &'a Value) -> Result<Self, Refusal> {
        let Value::Object(object) = body else {
            return Err(invalid("", "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType"));
        };
        Ok(Self { object, path: String::new() })
    }

    /// Reads a value inside another form.
    pub(crate) fn nested(value: &'a Value, path: &str, errors: &mut Errors) -> Option<Self> {
        let Value::Object(object) = value else {
            errors.add(path, "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType");
            return None;
        };
        Some(Self { object, path: path.to_owned() })
    }

    pub(crate) fn at(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Whether the key is there at all, even as null.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.object.contains_key(key)
    }

    /// The value, unless it is missing or null.
    pub(crate) fn raw(&self, key: &str) -> Option<&'a Value> {
        self.object.get(key).filter(|value| !value.is_null())
    }

    /// A text of `least` to `most` characters.
    pub(crate) fn text(&self, key: &str, least: usize, most: usize, errors: &mut Errors) -> Option<String> {
        let text = match self.raw(key)? {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            other => {
                errors.add(&self.at(key), "STRING_TYPE_CONVERT", format!("Could not interpret \"{other}\" as string."));
                return None;
            }
        };
        check_length(&self.at(key), text.chars().count(), least, most, errors);
        Some(text)
    }

    /// Like [`Form::text`], but it must be there.
    pub(crate) fn required_text(&self, key: &str, least: usize, most: usize, errors: &mut Errors) -> String {
        if self.raw(key).is_none() {
            errors.required(&self.at(key));
            return String::new();
        }
        self.text(key, least, most, errors).unwrap_or_default()
    }

    /// A whole number between two bounds.
    pub(crate) fn integer(&self, key: &str, least: i64, most: i64, errors: &mut Errors) -> Option<i64> {
        let value = self.raw(key)?;
        let number = value.as_i64().or_else(|| value.as_str().and_then(|text| text.parse().ok()));
        let Some(number) = number else {
            errors.add(&self.at(key), "NUMBER_TYPE_COERCE", format!("Value \"{}\" is not int.", plain(value)));
            return None;
        };
        if number < least {
            errors.add(&self.at(key), "NUMBER_TYPE_MIN", format!("int value should be greater than or equal to {least}."));
        } else if number > most {
            errors.add(&self.at(key), "NUMBER_TYPE_MAX", format!("int value should be less than or equal to {most}."));
        }
        Some(number)
    }

    /// Permission bits: a number in a string.
    pub(crate) fn bits(&self, key: &str, errors: &mut Errors) -> Option<u64> {
        let value = self.raw(key)?;
        let bits = value.as_u64().or_else(|| value.as_str().and_then(|text| text.parse().ok()));
        if bits.is_none() {
            errors.add(&self.at(key), "NUMBER_TYPE_COERCE", format!("Value \"{}\" is not int.", plain(value)));
        }
        bits
    }

    pub(crate) fn boolean(&self, key: &str, errors: &mut Errors) -> Option<bool> {
        let value = self.raw(key)?;
        if value.as_bool().is_none() {
            errors.add(&self.at(key), "BOOLEAN_TYPE_CONVERT", "Must be either true or false.");
        }
        value.as_bool()
    }

    pub(crate) fn snowflake(&self, key: &str, errors: &mut Errors) -> Option<Snowflake> {
        snowflake(self.raw(key)?, &self.at(key), errors)
    }

    /// A list of `least` to `most` entries.
    pub(crate) fn list(&self, key: &str, least: usize, most: usize, errors: &mut Errors) -> Option<&'a [Value]> {
        let Value::Array(list) = self.raw(key)? else {
            errors.add(&self.at(key), "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType");
            return None;
        };
        check_length(&self.at(key), list.len(), least, most, errors);
        Some(list)
    }
}

/// A snowflake in a string or, as some clients send it, a number.
pub(crate) fn snowflake(value: &Value, path: &str, errors: &mut Errors) -> Option<Snowflake> {
    let id = plain(value).parse().ok();
    if id.is_none() {
        errors.add(path, "NUMBER_TYPE_COERCE", format!("Value \"{}\" is not snowflake.", plain(value)));
    }
    id
}

/// A time as Discord writes it; in a query its `+` may have become a blank.
pub(crate) fn time(path: &str, text: &str) -> Result<DateTime<Utc>, Refusal> {
    let parsed = DateTime::parse_from_rfc3339(text).or_else(|_| DateTime::parse_from_rfc3339(&text.replace(' ', "+")));
    let at = parsed.map(|at| at.with_timezone(&Utc));
    at.map_err(|_| invalid(path, "DATE_TIME_TYPE_PARSE", format!("Could not parse {text}. Should be ISO8601.")))
}

fn check_length(path: &str, length: usize, least: usize, most: usize, errors: &mut Errors) {
    if (least..=most).contains(&length) {
        return;
    }
    if least == 0 {
        errors.add(path, "BASE_TYPE_MAX_LENGTH", format!("Must be {most} or fewer in length."));
    } else {
        errors.add(path, "BASE_TYPE_BAD_LENGTH", format!("Must be between {least} and {most} in length."));
    }
}

/// A web address; `attachment://` names a file of the same message.
pub(crate) fn check_url(path: &str, url: &str, errors: &mut Errors) {
    let known = ["http://", "https://", "attachment://"].iter().any(|scheme| url.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty()));
    if !known || url.contains(char::is_whitespace) {
        errors.add(path, "URL_TYPE_INVALID_URL", "Not a well formed URL.");
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
