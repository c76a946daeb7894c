//! Writing HTML: everything that comes from outside goes through [`escape`].

use std::fmt::Write;

/// The text with every character that means something in HTML replaced, for content and for quoted attributes.
pub(crate) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            _ => safe.push(c),
        }
    }
    safe
}

/// Whether a link leads to the web and nowhere else (not to `javascript:`, say).
pub(super) fn is_web_address(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(|c: char| c.is_whitespace() || c.is_control()))
}

/// Opens a link that tells the other side nothing; the caller closes it.
pub(super) fn open_link(out: &mut String, url: &str) {
    push(out, format_args!("<a href=\"{}\" target=\"_blank\" rel=\"noopener noreferrer\">", escape(url)));
}

/// Appends formatted text.
pub(crate) fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing into a string does not fail.
    let _ = out.write_fmt(text);
}

/// A time as a `<time>` that the page's script turns into the reader's own; without the script it is shown in UTC.
pub(super) fn time(at: chrono::DateTime<chrono::Utc>, style: char) -> String {
    let shown = at.format(match style {
        't' => "%H:%M",
        'T' => "%H:%M:%S",
        'd' => "%d/%m/%Y",
        'D' => "%d %B %Y",
        'F' => "%A, %d %B %Y %H:%M",
        _ => "%d %B %Y %H:%M",
    });
    format!("<time datetime=\"{}\" data-style=\"{style}\">{shown} UTC</time>", at.to_rfc3339())
}
