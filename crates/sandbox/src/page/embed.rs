//! Embeds.

use serde_json::Value;

use super::{
    attachment, component,
    html::{self, escape, is_web_address, open_link, push},
    markdown,
};
use crate::world::{World, message::Message};

/// Renders an embed: a box with its colour at the side.
pub(super) fn render(world: &World, message: &Message, embed: &Value, out: &mut String) {
    out.push_str("<article class=\"embed\">");
    // An attribute of a drawing, as a style of its own would need a looser content security policy.
    let colour = embed["color"].as_u64().unwrap_or(0x80_84_8E);
    push(out, format_args!("<svg class=\"bar\" aria-hidden=\"true\"><rect width=\"100%\" height=\"100%\" fill=\"#{colour:06x}\"/></svg>"));
    if let Some(name) = embed["author"]["name"].as_str() {
        out.push_str("<p class=\"embed-author\">");
        linked(embed["author"]["url"].as_str(), &escape(name), out);
        out.push_str("</p>");
    }
    if let Some(title) = embed["title"].as_str().filter(|title| !title.is_empty()) {
        out.push_str("<h4 class=\"embed-title\">");
        match embed["url"].as_str().filter(|url| is_web_address(url)) {
            Some(url) => linked(Some(url), &escape(title), out),
            None => out.push_str(&markdown::render_line(title, world)),
        }
        out.push_str("</h4>");
    }
    if let Some(text) = embed["description"].as_str() {
        push(out, format_args!("<div class=\"content\">{}</div>", markdown::render(text, world)));
    }
    let fields = embed["fields"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !fields.is_empty() {
        out.push_str("<dl class=\"fields\">");
        for field in fields {
            let inline = if field["inline"] == true { " class=\"inline\"" } else { "" };
            let (name, value) = (field["name"].as_str().unwrap_or_default(), field["value"].as_str().unwrap_or_default());
            push(
                out,
                format_args!(
                    "<div{inline}><dt>{}</dt><dd class=\"content\">{}</dd></div>",
                    markdown::render_line(name, world),
                    markdown::render(value, world)
                ),
            );
        }
        out.push_str("</dl>");
    }
    for key in ["thumbnail", "image"] {
        match component::attached(message, &embed[key]) {
            Some(file) => attachment::picture(message, file, None, out),
            None => embed[key]["url"].as_str().map_or((), |url| attachment::elsewhere(url, None, out)),
        }
    }
    footer(embed, out);
    out.push_str("</article>");
}

fn footer(embed: &Value, out: &mut String) {
    let text = embed["footer"]["text"].as_str();
    let at = embed["timestamp"].as_str().and_then(|at| chrono::DateTime::parse_from_rfc3339(at).ok());
    if text.is_none() && at.is_none() {
        return;
    }
    out.push_str("<p class=\"embed-footer\">");
    out.push_str(&escape(text.unwrap_or_default()));
    if let Some(at) = at {
        out.push_str(if text.is_some() { " · " } else { "" });
        out.push_str(&html::time(at.to_utc(), 'f'));
    }
    out.push_str("</p>");
}

/// `shown` is HTML already.
fn linked(url: Option<&str>, shown: &str, out: &mut String) {
    match url.filter(|url| is_web_address(url)) {
        Some(url) => {
            open_link(out, url);
            push(out, format_args!("{shown}</a>"));
        }
        None => out.push_str(shown),
    }
}
