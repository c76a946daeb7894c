//! Media in components: a web address, or a file that comes with the message.

use serde_json::Value;

use super::super::{Errors, Form, check_url};
use crate::{
    form::{file_name::safe_name, invalid},
    refusal::Refusal,
    world::message::Attachment,
};

/// How a file of the same message is named.
pub(crate) const ATTACHED: &str = "attachment://";

/// A thumbnail, or an entry of a gallery.
pub(super) fn item(form: &Form<'_>, errors: &mut Errors) {
    media(form, "media", errors);
    form.text("description", 0, 1_024, errors);
    form.boolean("spoiler", errors);
}

pub(super) fn gallery(form: &Form<'_>, errors: &mut Errors) {
    if form.raw("items").is_none() {
        errors.required(&form.at("items"));
    }
    let items = form.list("items", 1, 10, errors).unwrap_or_default();
    for (index, entry) in items.iter().enumerate() {
        if let Some(entry) = Form::nested(entry, &format!("{}.{index}", form.at("items")), errors) {
            item(&entry, errors);
        }
    }
}

/// A file is always one of the message's own.
pub(super) fn file(form: &Form<'_>, errors: &mut Errors) {
    form.boolean("spoiler", errors);
    let url = media(form, "file", errors);
    if !url.is_empty() && !url.starts_with(ATTACHED) {
        errors.add(
            &format!("{}.url", form.at("file")),
            "UNFURLED_MEDIA_ITEM_ONLY_ATTACHMENTS",
            "Only attachment://<filename> is supported here.",
        );
    }
}

fn media(form: &Form<'_>, key: &str, errors: &mut Errors) -> String {
    let path = form.at(key);
    let Some(media) = form.raw(key).and_then(|value| Form::nested(value, &path, errors)) else {
        errors.required(&path);
        return String::new();
    };
    let url = media.required_text("url", 1, 2_048, errors);
    check_url(&media.at("url"), &url, errors);
    url
}

/// Whether each file that the components name is there.
pub(crate) fn check_references(components: &[Value], attachments: &[Attachment]) -> Result<(), Refusal> {
    let is_there = |name: &str| attachments.iter().any(|attachment| attachment.filename == safe_name(name));
    let missing = |url: &&str| url.strip_prefix(ATTACHED).is_some_and(|name| !is_there(name));
    match components.iter().flat_map(references).find(missing) {
        None => Ok(()),
        Some(_) => Err(invalid(
            "components",
            "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND",
            "The unfurled media item references an attachment that was not uploaded",
        )),
    }
}

/// The addresses of all media in a component.
fn references(component: &Value) -> Vec<&str> {
    let own = [&component["media"], &component["file"]];
    let items = component["items"].as_array().into_iter().flatten().map(|item| &item["media"]);
    let mut found: Vec<&str> = own.into_iter().chain(items).filter_map(|media| media["url"].as_str()).collect();
    let inner = component["components"].as_array().into_iter().flatten().chain(component.get("accessory"));
    found.extend(inner.flat_map(references));
    found
}
