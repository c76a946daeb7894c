//! Buttons, selects and layout components under a message.

use serde_json::Value;

use super::{
    attachment,
    html::{self, escape, is_web_address, push},
    markdown,
};
use crate::world::{
    World,
    guild::{ChannelKind, Guild},
    message::{Attachment, Message},
};

/// Renders all components of a message.
pub(super) fn render_all(world: &World, message: &Message, out: &mut String) {
    let scene = Scene { world, guild: world.guild_of(message.channel), message };
    for component in &message.components {
        render(scene, component, out);
    }
}

/// Where components stand.
#[derive(Clone, Copy)]
struct Scene<'a> {
    world: &'a World,
    guild: Option<&'a Guild>,
    message: &'a Message,
}

fn render(scene: Scene<'_>, component: &Value, out: &mut String) {
    let inner = |out: &mut String| component["components"].as_array().into_iter().flatten().for_each(|inner| render(scene, inner, out));
    match component["type"].as_i64() {
        Some(1) => {
            out.push_str("<div class=\"row\">");
            inner(out);
            out.push_str("</div>");
        }
        Some(2) => button(component, out),
        Some(kind @ (3 | 5..=8)) => select(scene, component, kind, out),
        Some(9) => {
            out.push_str("<div class=\"section\"><div>");
            inner(out);
            out.push_str("</div>");
            render(scene, &component["accessory"], out);
            out.push_str("</div>");
        }
        Some(10) => push(out, format_args!("<div class=\"content\">{}</div>", markdown::render(text(component, "content"), scene.world))),
        Some(14) if component["divider"] == false => out.push_str("<div class=\"gap\"></div>"),
        Some(14) => out.push_str("<hr>"),
        Some(17) => {
            let colour = component["accent_color"].as_u64().unwrap_or(0x80_84_8E);
            push(
                out,
                format_args!(
                    "<article class=\"embed\"><svg class=\"bar\" aria-hidden=\"true\"><rect width=\"100%\" height=\"100%\" fill=\"#{colour:06x}\"/></svg>"
                ),
            );
            inner(out);
            out.push_str("</article>");
        }
        Some(11) => picture(scene, &component["media"], component["description"].as_str(), component["spoiler"] == true, out),
        Some(12) => {
            out.push_str("<div class=\"gallery\">");
            for item in component["items"].as_array().into_iter().flatten() {
                picture(scene, &item["media"], item["description"].as_str(), item["spoiler"] == true, out);
            }
            out.push_str("</div>");
        }
        Some(13) => match attached(scene.message, &component["file"]) {
            Some(file) => attachment::render(scene.world, scene.message, file, out),
            None => push(out, format_args!("<p class=\"only\">📄 {}</p>", escape(text(&component["file"], "url")))),
        },
        _ => {}
    }
}

/// The file of the message that a layout names by `attachment://`.
pub(super) fn attached<'a>(message: &'a Message, media: &Value) -> Option<&'a Attachment> {
    let url = text(media, "url");
    let name = url.strip_prefix("attachment://");
    message.attachments.iter().find(|file| name == Some(file.filename.as_str()) || url.contains(&format!("/{}/", file.id)))
}

/// A picture of the message's own. One from elsewhere is a link: the page loads nothing from elsewhere.
fn picture(scene: Scene<'_>, media: &Value, description: Option<&str>, spoiler: bool, out: &mut String) {
    if spoiler {
        out.push_str("<details><summary>Spoiler</summary>");
    }
    match attached(scene.message, media) {
        Some(file) => attachment::picture(scene.message, file, description, out),
        None => attachment::elsewhere(text(media, "url"), description, out),
    }
    if spoiler {
        out.push_str("</details>");
    }
}

fn button(component: &Value, out: &mut String) {
    let emoji = component["emoji"]["name"].as_str().unwrap_or_default();
    let label = [emoji, text(component, "label")].into_iter().filter(|part| !part.is_empty()).map(escape).collect::<Vec<_>>().join(" ");
    if let Some(url) = component["url"].as_str().filter(|url| is_web_address(url)) {
        push(out, format_args!("<a class=\"button\" {}>{label} ↗</a>", html::link_attributes(url)));
        return;
    }
    let style = component["style"].as_i64().unwrap_or(2);
    let disabled = if component["disabled"] == true { " disabled" } else { "" };
    push(
        out,
        format_args!(
            "<button type=\"button\" class=\"button style-{style}\" data-act=\"press\" data-custom-id=\"{}\"{disabled}>{label}</button>",
            escape(text(component, "custom_id"))
        ),
    );
}

fn select(scene: Scene<'_>, component: &Value, kind: i64, out: &mut String) {
    let most = component["max_values"].as_u64().unwrap_or(1);
    if most > 1 {
        return choose_many(scene, component, kind, out);
    }
    let placeholder = escape(component["placeholder"].as_str().unwrap_or("Make a selection"));
    let disabled = if component["disabled"] == true { " disabled" } else { "" };
    push(
        out,
        format_args!(
            "<span class=\"select\"><select data-act=\"choose\" data-kind=\"{kind}\" data-custom-id=\"{}\" aria-label=\"{placeholder}\"{disabled}><option value=\"\">{placeholder}</option>",
            escape(text(component, "custom_id")),
        ),
    );
    for choice in options(scene, component, kind) {
        let selected = if choice.chosen { " selected" } else { "" };
        push(out, format_args!("<option value=\"{}\"{selected}>{}</option>", escape(&choice.value), escape(&choice.label)));
    }
    out.push_str("</select></span>");
}

/// A select of which several can be chosen: boxes to tick, and a button that sends them.
fn choose_many(scene: Scene<'_>, component: &Value, kind: i64, out: &mut String) {
    let placeholder = escape(component["placeholder"].as_str().unwrap_or("Make a selection"));
    let custom_id = escape(text(component, "custom_id"));
    let disabled = if component["disabled"] == true { " disabled" } else { "" };
    push(out, format_args!("<details class=\"many\"><summary>{placeholder}</summary><fieldset aria-label=\"{placeholder}\"{disabled}>"));
    for choice in options(scene, component, kind) {
        let checked = if choice.chosen { " checked" } else { "" };
        let detail = choice.detail.map(|detail| format!("<small>{}</small>", escape(&detail))).unwrap_or_default();
        push(
            out,
            format_args!(
                "<label class=\"choice\"><input type=\"checkbox\" value=\"{}\"{checked}><span>{}{detail}</span></label>",
                escape(&choice.value),
                escape(&choice.label)
            ),
        );
    }
    push(
        out,
        format_args!(
            "<button type=\"button\" class=\"button style-1\" data-act=\"choose-many\" data-kind=\"{kind}\" data-custom-id=\"{custom_id}\">Choose</button></fieldset></details>"
        ),
    );
}

/// One thing that can be chosen.
struct Choice {
    value: String,
    label: String,
    detail: Option<String>,
    chosen: bool,
}

/// What can be chosen: given options, or users, roles and channels of the guild.
fn options(scene: Scene<'_>, component: &Value, kind: i64) -> Vec<Choice> {
    let by_default: Vec<&str> =
        component["default_values"].as_array().into_iter().flatten().filter_map(|value| value["id"].as_str()).collect();
    let known = |id: String, label: String| Choice { chosen: by_default.contains(&id.as_str()), value: id, label, detail: None };
    let (world, guild) = (scene.world, scene.guild);
    let members = || guild.into_iter().flat_map(|guild| guild.members.keys()).filter_map(|id| world.user(*id));
    let users = || members().map(|user| known(user.id.to_string(), format!("@{}", user.display_name)));
    let roles = || {
        let of_guild = guild.into_iter().flat_map(|guild| guild.roles.values());
        of_guild.map(|role| known(role.id.to_string(), format!("@{}", role.name.trim_start_matches('@'))))
    };
    match kind {
        5 => users().collect(),
        6 => roles().collect(),
        7 => users().chain(roles()).collect(),
        8 => guild
            .into_iter()
            .flat_map(|guild| world.channels_of(guild.id))
            .filter(|channel| channel.kind == ChannelKind::Text)
            .map(|channel| known(channel.id.to_string(), format!("#{}", channel.name)))
            .collect(),
        _ => component["options"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|option| Choice {
                value: text(option, "value").to_owned(),
                label: [option["emoji"]["name"].as_str().unwrap_or_default(), text(option, "label")].join(" ").trim().to_owned(),
                detail: option["description"].as_str().map(str::to_owned),
                chosen: option["default"] == true,
            })
            .collect(),
    }
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}
