//! The bodies of "create channel" and "modify channel".

use serde_json::Value;

use super::{Errors, Form, snowflake, thread};
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
    /// For threads alone, as the next four.
    pub(crate) archived: Option<bool>,
    pub(crate) locked: Option<bool>,
    pub(crate) auto_archive_minutes: Option<u32>,
    pub(crate) invitable: Option<bool>,
    pub(crate) applied_tags: Option<Vec<Snowflake>>,
    /// Channel flags, as on the wire.
    pub(crate) flags: Option<u64>,
    /// For forums alone.
    pub(crate) tags: Option<Vec<TagDraft>>,
    pub(crate) slow_mode_seconds: Option<u32>,
    pub(crate) nsfw: Option<bool>,
    pub(crate) default_auto_archive_minutes: Option<u32>,
}

impl ChannelDraft {
    /// Whether nothing else is wanted than to archive or take out.
    pub(crate) fn is_about_archiving_alone(&self) -> bool {
        self.name.is_none()
            && self.locked.is_none()
            && self.auto_archive_minutes.is_none()
            && self.invitable.is_none()
            && self.applied_tags.is_none()
            && self.flags.is_none()
            && self.slow_mode_seconds.is_none()
    }
}

/// A tag as a forum is to have it.
#[derive(Clone, Debug)]
pub(crate) struct TagDraft {
    pub(crate) id: Option<Snowflake>,
    pub(crate) name: String,
    pub(crate) moderated: bool,
    pub(crate) emoji: Option<String>,
}

/// The flag of a post that stands above the others. Source: Discord developer documentation, "Channel Flags", as the next one.
pub(crate) const PINNED: u64 = 1 << 1;
/// The flag of a forum whose posts need a tag.
pub(crate) const REQUIRE_TAG: u64 = 1 << 4;
/// Most tags of a forum. Source: Discord developer documentation, "Modify Channel".
const MAX_TAGS: usize = 20;

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
        Some(5) => Some(ChannelKind::Announcement),
        Some(15) => Some(ChannelKind::Forum),
        Some(_) => {
            errors.add("type", "BASE_TYPE_CHOICES", "Value must be one of {0, 4, 5, 15}.");
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
        auto_archive_minutes: thread::auto_archive(&form, "auto_archive_duration", &mut errors),
        invitable: form.boolean("invitable", &mut errors),
        applied_tags: thread::applied_tags(&form, &mut errors),
        flags: form.integer("flags", 0, i64::MAX, &mut errors).and_then(|flags| u64::try_from(flags).ok()),
        tags: tags(&form, &mut errors),
        slow_mode_seconds: thread::slow_mode(&form, &mut errors),
        nsfw: form.boolean("nsfw", &mut errors),
        default_auto_archive_minutes: thread::auto_archive(&form, "default_auto_archive_duration", &mut errors),
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

/// The tags of a forum; new ones have no id yet.
fn tags(form: &Form<'_>, errors: &mut Errors) -> Option<Vec<TagDraft>> {
    let list = form.list("available_tags", 0, MAX_TAGS, errors)?;
    let read = |(index, value): (usize, &Value)| {
        let form = Form::nested(value, &format!("available_tags.{index}"), errors)?;
        Some(TagDraft {
            id: form.snowflake("id", errors),
            name: form.required_text("name", 1, 20, errors),
            moderated: form.boolean("moderated", errors).unwrap_or(false),
            emoji: form.text("emoji_name", 0, 64, errors).filter(|emoji| !emoji.is_empty()),
        })
    };
    Some(list.iter().enumerate().filter_map(read).collect())
}
