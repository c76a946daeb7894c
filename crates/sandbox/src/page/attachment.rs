//! Files: text is previewed in place, pictures are shown, everything can be opened.

use super::html::{escape, is_web_address, open_link, push};
use crate::world::{
    World,
    message::{Attachment, Message},
};

/// Most bytes of a text that the preview shows; the rest is behind the link.
const PREVIEW_BYTES: usize = 4_096;

/// Renders a file.
pub(super) fn render(world: &World, message: &Message, file: &Attachment, out: &mut String) {
    // The address stands without a host: the page and its files come from the same place.
    let url = escape(&crate::wire::media::attachment_url("", message.channel, file));
    let name = escape(&file.filename);
    push(
        out,
        format_args!(
            "<div class=\"file\"><p><span aria-hidden=\"true\">📄</span> <a href=\"{url}\" target=\"_blank\" rel=\"noopener\">{name}</a> <span class=\"size\">{}</span> \
             <a href=\"{url}\" download=\"{name}\" class=\"download\" aria-label=\"Download {name}\">⬇</a></p>",
            size(file.size)
        ),
    );
    if is_picture(file) {
        picture(message, file, None, out);
    } else if let Some(text) = preview(world, file) {
        let cut = if file.size > PREVIEW_BYTES { "\n… open the file to see the rest" } else { "" };
        push(
            out,
            format_args!("<details><summary>Preview</summary><pre tabindex=\"0\"><code>{}{cut}</code></pre></details>", escape(&text)),
        );
    }
    out.push_str("</div>");
}

fn is_picture(file: &Attachment) -> bool {
    ["image/png", "image/jpeg", "image/gif", "image/webp"].iter().any(|picture| file.content_type.starts_with(picture))
}

/// Shows a file that is a picture; another is a link.
pub(super) fn picture(message: &Message, file: &Attachment, description: Option<&str>, out: &mut String) {
    let url = escape(&crate::wire::media::attachment_url("", message.channel, file));
    let description = escape(description.or(file.description.as_deref()).unwrap_or(&file.filename));
    if is_picture(file) {
        push(
            out,
            format_args!(
                "<a href=\"{url}\" target=\"_blank\" rel=\"noopener\"><img src=\"{url}\" alt=\"{description}\" loading=\"lazy\"></a>"
            ),
        );
    } else {
        push(out, format_args!("<a href=\"{url}\" target=\"_blank\" rel=\"noopener\">{description}</a>"));
    }
}

/// A picture from elsewhere: a link, as the page loads nothing from elsewhere.
pub(super) fn elsewhere(url: &str, description: Option<&str>, out: &mut String) {
    let shown = escape(description.unwrap_or(url));
    if is_web_address(url) {
        out.push_str("<p class=\"only\">🖼 ");
        open_link(out, url);
        push(out, format_args!("{shown}</a> (not loaded: it is elsewhere)</p>"));
    } else {
        push(out, format_args!("<p class=\"only\">🖼 {shown}</p>"));
    }
}

/// The beginning of a file that is text.
fn preview(world: &World, file: &Attachment) -> Option<String> {
    let bytes = world.file(file.id)?;
    let start = &bytes[..bytes.len().min(PREVIEW_BYTES)];
    // The cut may go through a character: up to three bytes at the end don't count.
    let text = match std::str::from_utf8(start) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => std::str::from_utf8(&start[..error.valid_up_to()]).ok()?,
        Err(_) => return None,
    };
    let is_text = !text.chars().any(|c| c.is_control() && !c.is_ascii_whitespace() && c != '\u{1B}');
    is_text.then(|| text.to_owned())
}

fn size(bytes: usize) -> String {
    let tenths = |unit: usize| format!("{}.{}", bytes / unit, bytes % unit * 10 / unit);
    match bytes {
        0..1_024 => format!("{bytes} bytes"),
        1_024..1_048_576 => format!("{} KB", tenths(1_024)),
        _ => format!("{} MB", tenths(1_048_576)),
    }
}
