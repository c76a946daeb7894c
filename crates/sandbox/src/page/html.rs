//! Writing HTML: everything that comes from outside goes through [`escape`].

use std::fmt::Write;

use crate::world::snowflake::Snowflake;

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

/// Where a link to a message or a channel of Discord leads: the channel, and the message if it names one.
pub(super) fn place(url: &str) -> Option<(Snowflake, Option<Snowflake>)> {
    let hosts = ["https://discord.com", "https://ptb.discord.com", "https://canary.discord.com", "https://discordapp.com"];
    let path = hosts.iter().find_map(|host| url.strip_prefix(host)).unwrap_or(url).strip_prefix("/channels/")?;
    let mut parts = path.trim_end_matches('/').split('/');
    let (_guild, channel, message) = (parts.next()?, parts.next()?.parse().ok()?, parts.next());
    match (message, parts.next()) {
        (None, _) => Some((channel, None)),
        (Some(message), None) => Some((channel, Some(message.parse().ok()?))),
        (Some(_), Some(_)) => None,
    }
}

/// The attributes of a link: one to Discord leads to the same place here, another tells the other side nothing.
pub(super) fn link_attributes(url: &str) -> String {
    match place(url) {
        Some((channel, Some(message))) => {
            format!("href=\"/?channel={channel}&amp;message={message}\" data-in=\"{channel}\" data-message=\"{message}\"")
        }
        Some((channel, None)) => format!("href=\"/?channel={channel}\" data-channel=\"{channel}\""),
        None => format!("href=\"{}\" target=\"_blank\" rel=\"noopener noreferrer\"", escape(url)),
    }
}

/// Opens a link; the caller closes it.
pub(super) fn open_link(out: &mut String, url: &str) {
    push(out, format_args!("<a {}>", link_attributes(url)));
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
