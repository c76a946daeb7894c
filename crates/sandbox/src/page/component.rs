//! Buttons, selects and layout components under a message.

use serde_json::Value;

use super::{
    html::{escape, is_web_address, push},
    markdown,
};
use crate::world::{
    World,
    guild::{ChannelKind, Guild},
    message::Message,
};

/// Renders all components of a message.
pub(super) fn render_all(world: &World, message: &Message, out: &mut String) {
    for component in &message.components {
        render(world, world.guild_of(message.channel), component, out);
    }
}

fn render(world: &World, guild: Option<&Guild>, component: &Value, out: &mut String) {
    let inner =
        |out: &mut String| component["components"].as_array().into_iter().flatten().for_each(|inner| render(world, guild, inner, out));
    match component["type"].as_i64() {
        Some(1) => {
            out.push_str("<div class=\"row\">");
            inner(out);
            out.push_str("</div>");
        }
        Some(2) => button(component, out),
        Some(kind @ (3 | 5..=8)) => select(world, guild, component, kind, out),
        Some(9) => {
            out.push_str("<div class=\"section\"><div>");
            inner(out);
            out.push_str("</div>");
            render(world, guild, &component["accessory"], out);
            out.push_str("</div>");
        }
        Some(10) => push(out, format_args!("<div class=\"content\">{}</div>", markdown::render(text(component, "content"), world))),
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
        // Pictures and files of layouts are shown by their description: the page loads nothing from elsewhere.
        Some(11..=13) => {
            push(out, format_args!("<p class=\"only\">{}</p>", escape(component["description"].as_str().unwrap_or("a picture or file"))));
        }
        _ => {}
    }
}

fn button(component: &Value, out: &mut String) {
    let emoji = component["emoji"]["name"].as_str().unwrap_or_default();
    let label = [emoji, text(component, "label")].into_iter().filter(|part| !part.is_empty()).map(escape).collect::<Vec<_>>().join(" ");
    if let Some(url) = component["url"].as_str().filter(|url| is_web_address(url)) {
        push(out, format_args!("<a class=\"button\" href=\"{}\" target=\"_blank\" rel=\"noopener noreferrer\">{label} ↗</a>", escape(url)));
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

fn select(world: &World, guild: Option<&Guild>, component: &Value, kind: i64, out: &mut String) {
    let most = component["max_values"].as_u64().unwrap_or(1);
    let placeholder = component["placeholder"].as_str().unwrap_or("Make a selection");
    let multiple = if most > 1 { format!(" multiple size=\"{}\"", most.min(6)) } else { String::new() };
    let disabled = if component["disabled"] == true { " disabled" } else { "" };
    push(
        out,
        format_args!(
            "<span class=\"select\"><select data-act=\"choose\" data-kind=\"{kind}\" data-custom-id=\"{}\" aria-label=\"{}\"{multiple}{disabled}>",
            escape(text(component, "custom_id")),
            escape(placeholder)
        ),
    );
    if most == 1 {
        push(out, format_args!("<option value=\"\">{}</option>", escape(placeholder)));
    }
    for (value, label) in options(world, guild, component, kind) {
        push(out, format_args!("<option value=\"{}\">{}</option>", escape(&value), escape(&label)));
    }
    out.push_str("</select>");
    if most > 1 {
        push(out, format_args!("<button type=\"button\" class=\"button style-2\" data-act=\"choose-many\"{disabled}>Choose</button>"));
    }
    out.push_str("</span>");
}

/// What can be chosen: given options, or users, roles and channels of the guild.
fn options(world: &World, guild: Option<&Guild>, component: &Value, kind: i64) -> Vec<(String, String)> {
    let members = || guild.into_iter().flat_map(|guild| guild.members.keys()).filter_map(|id| world.user(*id));
    let users = || members().map(|user| (user.id.to_string(), user.display_name.clone()));
    let roles = || guild.into_iter().flat_map(|guild| guild.roles.values()).map(|role| (role.id.to_string(), format!("@{}", role.name)));
    match kind {
        5 => users().collect(),
        6 => roles().collect(),
        7 => users().chain(roles()).collect(),
        8 => guild
            .into_iter()
            .flat_map(|guild| world.channels_of(guild.id))
            .filter(|channel| channel.kind == ChannelKind::Text)
            .map(|channel| (channel.id.to_string(), format!("#{}", channel.name)))
            .collect(),
        _ => component["options"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|option| (text(option, "value").to_owned(), text(option, "label").to_owned()))
            .collect(),
    }
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}
