//! The body of "create message" and "edit message", of replies to interactions and of follow-ups.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Errors, Form, component, embed, file_name::safe_name, snowflake};
use crate::{
    refusal::Refusal,
    world::{
        draft::{AllowedMentions, Draft, Forward, Reply, Upload},
        message::COMPONENTS_V2,
        snowflake::Snowflake,
    },
};

/// Most characters in one message, counted as Unicode code points.
/// Source: Discord developer documentation, "Create Message", field `content`.
pub(crate) const MAX_CONTENT: usize = 2_000;
/// Most files in one message. Source: the same page.
pub(crate) const MAX_ATTACHMENTS: usize = 10;
/// Most bytes in one file. Source: Discord developer documentation, "Uploading Files".
pub(crate) const MAX_FILE_BYTES: usize = 10 * 1024 * 1024;

/// Reads a message; `files` are the parts named `files[n]`, with their `n`.
pub(crate) fn read(body: &Value, files: Vec<(u64, Upload)>) -> Result<Draft, Refusal> {
    let mut errors = Errors::default();
    let draft = read_into(&Form::body(body)?, files, false, &mut errors)?;
    errors.verdict()?;
    Ok(draft)
}

/// Reads a change of a message; `layout` says whether it is made of components alone by now.
pub(crate) fn read_change(body: &Value, files: Vec<(u64, Upload)>, layout: bool) -> Result<Draft, Refusal> {
    let mut errors = Errors::default();
    let draft = read_into(&Form::body(body)?, files, layout, &mut errors)?;
    errors.verdict()?;
    Ok(draft)
}

/// Reads a message that stands inside another body; `layout` says whether the message that it changes is made of components alone.
pub(crate) fn read_into(form: &Form<'_>, files: Vec<(u64, Upload)>, layout: bool, errors: &mut Errors) -> Result<Draft, Refusal> {
    let flags = form.integer("flags", 0, i64::MAX, errors).and_then(|flags| u64::try_from(flags).ok());
    let layout = layout || flags.is_some_and(|flags| flags & COMPONENTS_V2 != 0);
    let content = if form.has("content") { Some(form.text("content", 0, MAX_CONTENT, errors).unwrap_or_default()) } else { None };
    let mut draft = Draft {
        content: content.map(|text| text.trim().to_owned()),
        embeds: embed::read(form, errors),
        components: component::read(form, layout, errors),
        flags,
        tts: form.boolean("tts", errors).unwrap_or(false),
        nonce: nonce(form, errors),
        enforce_nonce: form.boolean("enforce_nonce", errors).unwrap_or(false),
        reply: None,
        forward: None,
        allowed_mentions: allowed_mentions(form, errors),
        kept: None,
        files: Vec::new(),
    };
    read_reference(form, &mut draft, errors);
    if form.raw("poll").is_some() {
        return Err(Refusal::no_polls_here());
    }
    if layout {
        for (key, given) in [
            ("content", draft.content.as_ref().is_some_and(|text| !text.is_empty())),
            ("embeds", draft.embeds.as_ref().is_some_and(|list| !list.is_empty())),
        ] {
            if given {
                errors.add(
                    &form.at(key),
                    "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
                    format!("The '{key}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2"),
                );
            }
        }
    }
    attachments(form, files, &mut draft, errors)?;
    Ok(draft)
}

fn nonce(form: &Form<'_>, errors: &mut Errors) -> Option<Value> {
    form.text("nonce", 0, 25, errors)?;
    form.raw("nonce").cloned()
}

/// What the message answers or forwards.
fn read_reference(form: &Form<'_>, draft: &mut Draft, errors: &mut Errors) {
    let reference = form.raw("message_reference").and_then(|value| Form::nested(value, &form.at("message_reference"), errors));
    let Some(reference) = reference else { return };
    let must_exist = reference.boolean("fail_if_not_exists", errors).unwrap_or(true);
    if reference.raw("message_id").is_none() {
        errors.required(&reference.at("message_id"));
    }
    let (kind, channel) = (reference.integer("type", 0, 1, errors), reference.snowflake("channel_id", errors));
    let Some(message) = reference.snowflake("message_id", errors) else { return };
    if kind != Some(1) {
        draft.reply = Some(Reply { message, must_exist });
    } else if let Some(channel) = channel {
        draft.forward = Some(Forward { channel, message });
    } else {
        errors.required(&reference.at("channel_id"));
    }
}

fn allowed_mentions(form: &Form<'_>, errors: &mut Errors) -> Option<AllowedMentions> {
    let form = Form::nested(form.raw("allowed_mentions")?, &form.at("allowed_mentions"), errors)?;
    let mut allowed = AllowedMentions {
        everyone: false,
        all_users: false,
        all_roles: false,
        users: BTreeSet::new(),
        roles: BTreeSet::new(),
        replied_user: form.boolean("replied_user", errors).unwrap_or(false),
    };
    for (index, kind) in form.list("parse", 0, 3, errors).unwrap_or_default().iter().enumerate() {
        match kind.as_str() {
            Some("everyone") => allowed.everyone = true,
            Some("users") => allowed.all_users = true,
            Some("roles") => allowed.all_roles = true,
            _ => errors.add(
                &format!("{}.{index}", form.at("parse")),
                "BASE_TYPE_CHOICES",
                "Value must be one of ('users', 'roles', 'everyone').",
            ),
        }
    }
    let ids = |key: &str, errors: &mut Errors| -> BTreeSet<Snowflake> {
        let list = form.list(key, 0, 100, errors).unwrap_or_default();
        list.iter().enumerate().filter_map(|(index, id)| snowflake(id, &format!("{}.{index}", form.at(key)), errors)).collect()
    };
    allowed.users = ids("users", errors);
    allowed.roles = ids("roles", errors);
    for (key, all, some) in [("users", allowed.all_users, &allowed.users), ("roles", allowed.all_roles, &allowed.roles)] {
        if all && !some.is_empty() {
            errors.add(
                form.path(),
                "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
                format!("parse:[\"{key}\"] and {key}: [ids...] are mutually exclusive."),
            );
        }
    }
    Some(allowed)
}

/// Joins the `attachments` list (names, descriptions, what to keep) with the files of the request.
fn attachments(form: &Form<'_>, files: Vec<(u64, Upload)>, draft: &mut Draft, errors: &mut Errors) -> Result<(), Refusal> {
    let listed = form.list("attachments", 0, usize::MAX, errors);
    let mut described = std::collections::BTreeMap::new();
    let mut kept = Vec::new();
    for (index, value) in listed.unwrap_or_default().iter().enumerate() {
        let Some(entry) = Form::nested(value, &format!("{}.{index}", form.at("attachments")), errors) else { continue };
        let (filename, description) = (entry.text("filename", 0, 1_024, errors), entry.text("description", 0, 1_024, errors));
        let Some(id) = entry.text("id", 1, 20, errors).and_then(|id| id.parse::<u64>().ok()) else {
            errors.required(&entry.at("id"));
            continue;
        };
        if files.iter().any(|(number, _)| *number == id) {
            described.insert(id, (filename, description));
        } else if let Ok(id) = id.to_string().parse() {
            kept.push(id);
        }
    }
    if files.len() + kept.len() > MAX_ATTACHMENTS {
        return Err(Refusal::too_many_attachments());
    }
    draft.kept = listed.map(|_| kept);
    for (number, mut file) in files {
        if file.bytes.len() > MAX_FILE_BYTES {
            return Err(Refusal::request_too_large());
        }
        if let Some((filename, description)) = described.remove(&number) {
            file.filename = filename.unwrap_or(file.filename);
            file.description = description;
        }
        file.filename = safe_name(&file.filename);
        draft.files.push(file);
    }
    Ok(())
}
