//! The bodies of "create role", "modify role" and of changes to members.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::{Errors, Form, channel::Parent, snowflake};
use crate::{refusal::Refusal, world::snowflake::Snowflake};

/// Longest silence. Source: Discord developer documentation, "Modify Guild Member".
const LONGEST_SILENCE: TimeDelta = TimeDelta::days(28);

/// What a request wants of a role; `None` leaves a part as it is.
#[derive(Debug, Default)]
pub(crate) struct RoleDraft {
    pub(crate) name: Option<String>,
    pub(crate) permissions: Option<u64>,
    pub(crate) colour: Option<u32>,
    pub(crate) hoist: Option<bool>,
    pub(crate) mentionable: Option<bool>,
}

/// Reads a role.
pub(crate) fn read(body: &Value) -> Result<RoleDraft, Refusal> {
    let empty = serde_json::json!({});
    let (mut errors, form) = (Errors::default(), Form::body(if body.is_null() { &empty } else { body })?);
    let draft = RoleDraft {
        name: form.text("name", 1, 100, &mut errors),
        permissions: form.bits("permissions", &mut errors),
        colour: form.integer("color", 0, 0xFF_FF_FF, &mut errors).and_then(|colour| u32::try_from(colour).ok()),
        hoist: form.boolean("hoist", &mut errors),
        mentionable: form.boolean("mentionable", &mut errors),
    };
    errors.verdict()?;
    Ok(draft)
}

/// Where a role or channel is to stand; `None` leaves a part as it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) id: Snowflake,
    pub(crate) position: Option<u32>,
    pub(crate) parent: Option<Parent>,
}

/// Reads a list of ids with their new positions.
pub(crate) fn positions(body: &Value) -> Result<Vec<Place>, Refusal> {
    let mut errors = Errors::default();
    let Value::Array(list) = body else {
        errors.add("", "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType");
        errors.verdict()?;
        return Ok(Vec::new());
    };
    let mut read = Vec::new();
    for (index, value) in list.iter().enumerate() {
        let Some(form) = Form::nested(value, &index.to_string(), &mut errors) else { continue };
        if form.raw("id").is_none() {
            errors.required(&form.at("id"));
        }
        let position = form.integer("position", 0, i64::from(u32::MAX), &mut errors).and_then(|position| u32::try_from(position).ok());
        let parent = form.has("parent_id").then(|| form.snowflake("parent_id", &mut errors).map_or(Parent::None, Parent::Category));
        read.extend(form.snowflake("id", &mut errors).map(|id| Place { id, position, parent }));
    }
    errors.verdict()?;
    Ok(read)
}

/// Whether a member may speak.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Silence {
    Over,
    Until(DateTime<Utc>),
}

impl Silence {
    pub(crate) fn until(self) -> Option<DateTime<Utc>> {
        match self {
            Self::Over => None,
            Self::Until(until) => Some(until),
        }
    }
}

/// What a request wants of a member; `None` leaves a part as it is.
#[derive(Debug, Default)]
pub(crate) struct MemberDraft {
    /// An empty one takes it away.
    pub(crate) nick: Option<String>,
    pub(crate) roles: Option<Vec<Snowflake>>,
    pub(crate) silence: Option<Silence>,
}

/// Reads a change of a member.
pub(crate) fn member(body: &Value, now: DateTime<Utc>) -> Result<MemberDraft, Refusal> {
    let (mut errors, form) = (Errors::default(), Form::body(body)?);
    let roles = form.list("roles", 0, 250, &mut errors);
    let roles = roles.map(|list| {
        list.iter().enumerate().filter_map(|(index, id)| snowflake(id, &format!("roles.{index}"), &mut errors)).collect::<Vec<_>>()
    });
    let until = form.text("communication_disabled_until", 0, 64, &mut errors);
    let until = until.map(|text| super::time("communication_disabled_until", &text)).transpose()?;
    if until.is_some_and(|until| until > now + LONGEST_SILENCE) {
        errors.add("communication_disabled_until", "TOO_LATE", "Must be at most 28 days from now.");
    }
    let draft = MemberDraft {
        nick: form.has("nick").then(|| form.text("nick", 0, 32, &mut errors).unwrap_or_default()),
        roles,
        silence: form.has("communication_disabled_until").then(|| until.filter(|until| *until > now).map_or(Silence::Over, Silence::Until)),
    };
    errors.verdict()?;
    Ok(draft)
}
