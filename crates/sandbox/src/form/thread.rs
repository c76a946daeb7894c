//! The bodies of "start thread" and of forum posts.

use serde_json::Value;

use super::{Errors, Form, message, snowflake};
use crate::{
    refusal::Refusal,
    world::{
        draft::{Draft, Upload},
        snowflake::Snowflake,
    },
};

/// Most tags on one post. Source: Discord developer documentation, "Start Thread in Forum or Media Channel".
const MAX_APPLIED_TAGS: usize = 5;

/// What a request wants of a new thread.
#[derive(Debug)]
pub(crate) struct ThreadDraft {
    pub(crate) name: String,
    pub(crate) auto_archive_minutes: Option<u32>,
    /// Whether only those see it who are added.
    pub(crate) private: bool,
    pub(crate) invitable: bool,
    pub(crate) slow_mode_seconds: Option<u32>,
    /// For a forum: the tags and the first message.
    pub(crate) applied_tags: Vec<Snowflake>,
    pub(crate) post: Option<Draft>,
}

/// Reads a thread on a message, whose kind follows from its channel.
pub(crate) fn on_message(body: &Value) -> Result<ThreadDraft, Refusal> {
    let (mut errors, form) = (Errors::default(), Form::body(body)?);
    let draft = read(&form, &mut errors);
    errors.verdict()?;
    Ok(draft)
}

/// Reads a thread on a channel. Without a type it is a private one, as on Discord.
pub(crate) fn on_channel(body: &Value) -> Result<ThreadDraft, Refusal> {
    let (mut errors, form) = (Errors::default(), Form::body(body)?);
    let mut draft = read(&form, &mut errors);
    draft.private = match form.integer("type", 0, 100, &mut errors) {
        None | Some(12) => true,
        Some(11) => false,
        Some(_) => {
            errors.add("type", "BASE_TYPE_CHOICES", "Value must be one of {11, 12}.");
            false
        }
    };
    errors.verdict()?;
    Ok(draft)
}

/// Reads a post of a forum: its first message stands in `message`, or beside the name.
pub(crate) fn in_forum(body: &Value, files: Vec<(u64, Upload)>) -> Result<ThreadDraft, Refusal> {
    let (mut errors, form) = (Errors::default(), Form::body(body)?);
    let mut draft = read(&form, &mut errors);
    draft.applied_tags = applied_tags(&form, &mut errors).unwrap_or_default();
    let nested = form.raw("message").and_then(|value| Form::nested(value, "message", &mut errors));
    match nested {
        Some(nested) => draft.post = Some(message::read_into(&nested, files, false, &mut errors)?),
        None => errors.required("message"),
    }
    errors.verdict()?;
    Ok(draft)
}

/// A post without its first message, for webhooks, which bring their own.
pub(crate) fn named(name: &str) -> ThreadDraft {
    ThreadDraft {
        name: name.to_owned(),
        auto_archive_minutes: None,
        private: false,
        invitable: true,
        slow_mode_seconds: None,
        applied_tags: Vec::new(),
        post: None,
    }
}

/// The ids of tags that a post is to have.
pub(crate) fn applied_tags(form: &Form<'_>, errors: &mut Errors) -> Option<Vec<Snowflake>> {
    let list = form.list("applied_tags", 0, MAX_APPLIED_TAGS, errors)?;
    Some(list.iter().enumerate().filter_map(|(index, id)| snowflake(id, &format!("applied_tags.{index}"), errors)).collect())
}

fn read(form: &Form<'_>, errors: &mut Errors) -> ThreadDraft {
    ThreadDraft {
        auto_archive_minutes: auto_archive(form, "auto_archive_duration", errors),
        invitable: form.boolean("invitable", errors).unwrap_or(true),
        slow_mode_seconds: slow_mode(form, errors),
        ..named(&form.required_text("name", 1, 100, errors))
    }
}

/// Source: Discord developer documentation, "Threads".
pub(super) fn auto_archive(form: &Form<'_>, key: &str, errors: &mut Errors) -> Option<u32> {
    let minutes = form.integer(key, 0, i64::MAX, errors)?;
    if ![60, 1_440, 4_320, 10_080].contains(&minutes) {
        errors.add(&form.at(key), "BASE_TYPE_CHOICES", "Value must be one of {60, 1440, 4320, 10080}.");
    }
    u32::try_from(minutes).ok()
}

/// Source: Discord developer documentation, "Channel Structure".
pub(super) fn slow_mode(form: &Form<'_>, errors: &mut Errors) -> Option<u32> {
    form.integer("rate_limit_per_user", 0, 21_600, errors).and_then(|seconds| u32::try_from(seconds).ok())
}
