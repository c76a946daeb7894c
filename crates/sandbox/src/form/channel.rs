//! The bodies of "create channel" and "modify channel".

use serde_json::Value;

use super::{Errors, Form, snowflake};
use crate::{
    refusal::Refusal,
    world::{
        guild::{ChannelKind, Overwrite, OverwriteTarget},
        snowflake::Snowflake,
    },
};

/// What a request wants of a channel; `None` leaves a part as it is.
#[derive(Debug, Default)]
pub(crate) struct ChannelDraft {
    pub(crate) name: Option<String>,
    pub(crate) kind: Option<ChannelKind>,
    /// An empty topic takes it away.
    pub(crate) topic: Option<String>,
    pub(crate) position: Option<u32>,
    pub(crate) parent: Option<Parent>,
    pub(crate) overwrites: Option<Vec<Overwrite>>,
    /// For threads alone, as the next two.
    pub(crate) archived: Option<bool>,
    pub(crate) locked: Option<bool>,
    pub(crate) auto_archive_minutes: Option<u32>,
}

/// Where a channel is to stand.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Parent {
    /// In no category.
    None,
    /// In this one.
    Category(Snowflake),
}

impl Parent {
    pub(crate) fn id(self) -> Option<Snowflake> {
        match self {
            Self::None => None,
            Self::Category(id) => Some(id),
        }
    }
}

/// Reads a channel; `new` says that it is to be made, so it needs a name.
pub(crate) fn read(body: &Value, new: bool) -> Result<ChannelDraft, Refusal> {
    let mut errors = Errors::default();
    let form = Form::body(body)?;
    if new && form.raw("name").is_none() {
        errors.required("name");
    }
    let kind = match form.integer("type", 0, 100, &mut errors) {
        None => None,
        Some(0) => Some(ChannelKind::Text),
        Some(4) => Some(ChannelKind::Category),
        Some(_) => {
            errors.add("type", "BASE_TYPE_CHOICES", "Value must be one of {0, 4}.");
            None
        }
    };
    let draft = ChannelDraft {
        name: form.text("name", 1, 100, &mut errors),
        kind,
        topic: form.has("topic").then(|| form.text("topic", 0, 1_024, &mut errors).unwrap_or_default()),
        position: form.integer("position", 0, i64::from(u32::MAX), &mut errors).and_then(|position| u32::try_from(position).ok()),
        parent: form.has("parent_id").then(|| form.snowflake("parent_id", &mut errors).map_or(Parent::None, Parent::Category)),
        overwrites: overwrites(&form, &mut errors),
        archived: form.boolean("archived", &mut errors),
        locked: form.boolean("locked", &mut errors),
        auto_archive_minutes: auto_archive(&form, &mut errors),
    };
    errors.verdict()?;
    Ok(draft)
}

fn overwrites(form: &Form<'_>, errors: &mut Errors) -> Option<Vec<Overwrite>> {
    let list = form.list("permission_overwrites", 0, 100, errors)?;
    let read = |(index, value): (usize, &Value)| overwrite(value, &format!("permission_overwrites.{index}"), errors);
    Some(list.iter().enumerate().filter_map(read).collect())
}

/// Reads one overwrite with its id in the body.
fn overwrite(value: &Value, path: &str, errors: &mut Errors) -> Option<Overwrite> {
    let form = Form::nested(value, path, errors)?;
    if form.raw("id").is_none() {
        errors.required(&form.at("id"));
    }
    let id = form.raw("id").and_then(|id| snowflake(id, &form.at("id"), errors));
    let target = match form.integer("type", 0, 1, errors) {
        Some(1) => OverwriteTarget::Member,
        _ => OverwriteTarget::Role,
    };
    Some(Overwrite { id: id?, target, allow: form.bits("allow", errors).unwrap_or(0), deny: form.bits("deny", errors).unwrap_or(0) })
}

/// Reads one overwrite whose id stands in the path.
pub(crate) fn read_overwrite(id: Snowflake, body: &Value) -> Result<Overwrite, Refusal> {
    let mut errors = Errors::default();
    let mut body = body.clone();
    body["id"] = id.to_string().into();
    let read = overwrite(&body, "", &mut errors);
    errors.verdict()?;
    read.ok_or_else(Refusal::not_found)
}

/// What a request wants of a new thread.
#[derive(Debug)]
pub(crate) struct ThreadDraft {
    pub(crate) name: String,
    pub(crate) auto_archive_minutes: Option<u32>,
}

/// Reads a new thread.
pub(crate) fn read_thread(body: &Value) -> Result<ThreadDraft, Refusal> {
    let mut errors = Errors::default();
    let form = Form::body(body)?;
    let name = form.required_text("name", 1, 100, &mut errors);
    let auto_archive_minutes = auto_archive(&form, &mut errors);
    // 11 is a public thread, the only kind here; on a message the kind follows from its channel.
    if form.integer("type", 0, 100, &mut errors).is_some_and(|kind| kind != 11) {
        errors.add("type", "BASE_TYPE_CHOICES", "Value must be one of {11}.");
    }
    errors.verdict()?;
    Ok(ThreadDraft { name, auto_archive_minutes })
}

/// Source: Discord developer documentation, "Threads".
fn auto_archive(form: &Form<'_>, errors: &mut Errors) -> Option<u32> {
    let minutes = form.integer("auto_archive_duration", 0, i64::MAX, errors)?;
    if ![60, 1_440, 4_320, 10_080].contains(&minutes) {
        errors.add(&form.at("auto_archive_duration"), "BASE_TYPE_CHOICES", "Value must be one of {60, 1440, 4320, 10080}.");
    }
    u32::try_from(minutes).ok()
}
