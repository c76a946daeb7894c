//! What a message is about, in a line: for an answer to it, and for a list in which it stands.

use serde_json::Value;

use super::{html::escape, markdown};
use crate::world::{World, message::Message};

/// The beginning of what the message says; where it has no text of its own, of its box, its layout, or the name of its file. It is HTML already.
pub(super) fn of(message: &Message, most: usize, world: &World) -> String {
    let text = |text: &str| Some(markdown::excerpt(text, most, world)).filter(|shown| !shown.trim().is_empty());
    let said = text(&message.content);
    let boxed = || {
        let embed = message.embeds.first()?;
        let first = embed["description"].as_str().and_then(|text| text.lines().find(|line| !line.trim().is_empty()));
        [embed["title"].as_str(), first, embed["author"]["name"].as_str()].into_iter().flatten().find_map(text)
    };
    let laid_out = || message.components.iter().find_map(first_text).and_then(text);
    let file = || message.attachments.first().map(|file| format!("📄 {}", escape(&file.filename)));
    said.or_else(boxed).or_else(laid_out).or_else(file).unwrap_or_else(|| "a message without text".to_owned())
}

/// The first text of a layout's part.
fn first_text(component: &Value) -> Option<&str> {
    let inner = || component["components"].as_array()?.iter().find_map(first_text);
    if component["type"] == 10 { component["content"].as_str() } else { inner() }
}
