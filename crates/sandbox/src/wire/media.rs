//! Media in components, as they are shown: what names a file of the message becomes that file's address.

use serde_json::{Value, json};

use crate::{
    form::{component::ATTACHED, file_name::safe_name},
    world::{
        message::{Attachment, Message},
        snowflake::Snowflake,
    },
};

/// The component with its media filled in, however deep they are.
pub(super) fn shown(component: &Value, base_url: &str, message: &Message) -> Value {
    let mut component = component.clone();
    fill(&mut component, base_url, message);
    component
}

fn fill(component: &mut Value, base_url: &str, message: &Message) {
    for key in ["components", "items"] {
        component.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten().for_each(|inner| fill(inner, base_url, message));
    }
    if let Some(accessory) = component.get_mut("accessory") {
        fill(accessory, base_url, message);
    }
    if let Some(media) = component.get_mut("media") {
        unfurl(media, base_url, message);
    }
    let file = component.get_mut("file").and_then(|file| unfurl(file, base_url, message));
    if let Some(file) = file {
        component["name"] = file.filename.as_str().into();
        component["size"] = file.size.into();
    }
}

/// Source: Discord developer documentation, "Component Reference", "Unfurled Media Item".
fn unfurl<'a>(media: &mut Value, base_url: &str, message: &'a Message) -> Option<&'a Attachment> {
    let url = media["url"].as_str()?;
    let name = url.strip_prefix(ATTACHED).map(safe_name);
    let file = name.and_then(|name| message.attachments.iter().find(|file| file.filename == name));
    *media = match file {
        Some(file) => {
            let url = attachment_url(base_url, message.channel, file);
            json!({"url": url, "proxy_url": url, "content_type": file.content_type, "attachment_id": file.id, "height": null, "width": null})
        }
        None => json!({"url": url, "proxy_url": url, "height": null, "width": null}),
    };
    file
}

/// Where a file can be fetched, as on Discord's own file server.
pub(crate) fn attachment_url(base_url: &str, channel: Snowflake, file: &Attachment) -> String {
    format!("{base_url}/attachments/{channel}/{}/{}", file.id, file.filename)
}
