//! Markdown within a line: emphasis, code, links, mentions, times.

use chrono::DateTime;

use super::super::html::{self, escape, is_web_address, open_link, push};
use crate::world::World;

/// Deeper than this, marks are shown as they are.
const MAX_DEPTH: u8 = 8;

/// Marks that stand on both sides of a text, longest first, with their tags.
const PAIRS: [(&str, &str); 6] = [("**", "strong"), ("__", "u"), ("~~", "s"), ("||", SPOILER), ("*", "em"), ("_", "em")];

/// What hides a text until it is asked for.
const SPOILER: &str = "span class=\"spoiler\"><button type=\"button\" data-act=\"reveal\">Spoiler</button><span hidden";

/// Renders one line.
pub(super) fn render(text: &str, world: &World, out: &mut String) {
    walk(text, world, 0, out);
}

fn walk(text: &str, world: &World, depth: u8, out: &mut String) {
    let mut rest = text;
    let mut before = ' ';
    while let Some(c) = rest.chars().next() {
        let taken = special(rest, c, before, world, depth, out).unwrap_or_else(|| {
            out.push_str(&escape(&rest[..c.len_utf8()]));
            c.len_utf8()
        });
        before = rest[..taken].chars().next_back().unwrap_or(' ');
        rest = &rest[taken..];
    }
}

/// Renders what begins here, if it is something special, and tells how many bytes that were.
fn special(rest: &str, c: char, before: char, world: &World, depth: u8, out: &mut String) -> Option<usize> {
    match c {
        '\\' => {
            let next = rest[1..].chars().next().filter(char::is_ascii_punctuation)?;
            out.push_str(&escape(&next.to_string()));
            Some(1 + next.len_utf8())
        }
        '`' => code(rest, out),
        '<' => angled(rest, world, out),
        '[' => link(rest, out),
        'h' => bare_link(rest, world, out),
        '@' => everyone(rest, out),
        '*' | '_' | '~' | '|' => emphasis(rest, before, world, depth, out),
        _ => None,
    }
}

fn code(rest: &str, out: &mut String) -> Option<usize> {
    let ticks = rest.bytes().take_while(|byte| *byte == b'`').count();
    let mark = &rest[..ticks];
    let end = rest[ticks..].find(mark)? + ticks;
    let inner = &rest[ticks..end];
    if inner.is_empty() {
        return None;
    }
    push(out, format_args!("<code>{}</code>", escape(inner)));
    Some(end + ticks)
}

fn emphasis(rest: &str, before: char, world: &World, depth: u8, out: &mut String) -> Option<usize> {
    if depth >= MAX_DEPTH {
        return None;
    }
    let (mark, tag) = PAIRS.into_iter().find(|(mark, _)| rest.starts_with(mark))?;
    // snake_case is no emphasis, nor is 2 * 3.
    let inner_start = &rest[mark.len()..];
    if (mark == "_" && before.is_alphanumeric()) || inner_start.starts_with(char::is_whitespace) {
        return None;
    }
    let end = closing(inner_start, mark)?;
    let name = tag.split(' ').next().unwrap_or(tag);
    push(out, format_args!("<{tag}>"));
    walk(&inner_start[..end], world, depth + 1, out);
    push(out, format_args!("</{name}>{}", if tag == SPOILER { "</span>" } else { "" }));
    Some(mark.len() * 2 + end)
}

/// Where the closing mark stands: not escaped, not in code, not empty, and not half of a longer mark.
fn closing(text: &str, mark: &str) -> Option<usize> {
    let (bytes, mut index) = (text.as_bytes(), 0);
    while index < bytes.len() {
        if bytes[index] == b'\\' {
            index += 2;
        } else if bytes[index] == b'`' {
            let ticks = bytes[index..].iter().take_while(|byte| **byte == b'`').count();
            let inner = index + ticks;
            index = text[inner..].find(&text[index..inner]).map_or(inner, |end| inner + end + ticks);
        } else if bytes[index..].starts_with(mark.as_bytes()) {
            let run = bytes[index..].iter().take_while(|byte| **byte == mark.as_bytes()[0]).count();
            let after = text[index + mark.len()..].chars().next();
            let inside_word = mark == "_" && after.is_some_and(char::is_alphanumeric);
            if mark.len() == 1 && run == 2 {
                index += 2;
            } else if index > 0 && !inside_word {
                return Some(index + run.saturating_sub(mark.len()));
            } else {
                index += run;
            }
        } else {
            index += 1;
        }
    }
    None
}

/// `<@user>`, `<@&role>`, `<#channel>`, `<t:seconds:style>`, `<:emoji:id>`, `<https://…>`.
fn angled(rest: &str, world: &World, out: &mut String) -> Option<usize> {
    let end = rest.find('>')?;
    let inner = &rest[1..end];
    if let Some(id) = inner.strip_prefix("@&") {
        let name = id.parse().ok().and_then(|id| world.role(id)).map_or("deleted-role", |role| role.name.as_str());
        push(out, format_args!("<span class=\"mention\">@{}</span>", escape(name)));
    } else if let Some(id) = inner.strip_prefix("@!").or_else(|| inner.strip_prefix('@')) {
        let name = id.parse().ok().and_then(|id| world.user(id)).map(|user| user.display_name.as_str())?;
        push(out, format_args!("<span class=\"mention\">@{}</span>", escape(name)));
    } else if let Some(id) = inner.strip_prefix('#') {
        let channel = id.parse().ok().and_then(|id| world.channel(id))?;
        push(
            out,
            format_args!(
                "<a class=\"mention\" href=\"/?channel={}\" data-channel=\"{}\">#{}</a>",
                channel.id,
                channel.id,
                escape(&channel.name)
            ),
        );
    } else if let Some(time) = inner.strip_prefix("t:") {
        let (seconds, style) = time.split_once(':').unwrap_or((time, "f"));
        let at = seconds.parse().ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0))?;
        out.push_str(&html::time(at, style.chars().next().filter(char::is_ascii_alphabetic).unwrap_or('f')));
    } else if is_web_address(inner) {
        address(inner, world, out);
    } else {
        let name =
            inner.strip_prefix("a:").or_else(|| inner.strip_prefix(':')).and_then(|emoji| emoji.split_once(':')).map(|(name, _)| name)?;
        push(out, format_args!(":{}:", escape(name)));
    }
    Some(end + 1)
}

/// `[text](https://…)`.
fn link(rest: &str, out: &mut String) -> Option<usize> {
    let middle = rest.find("](")?;
    let end = middle + 2 + rest[middle + 2..].find(')')?;
    let (text, url) = (&rest[1..middle], rest[middle + 2..end].trim());
    let url = url.strip_prefix('<').and_then(|url| url.strip_suffix('>')).unwrap_or(url);
    if text.is_empty() || text.contains('\n') || !is_web_address(url) {
        return None;
    }
    open_link(out, url);
    // A link in a link is no HTML, so its text is shown as it is, unless all of it is code.
    let written = out.len();
    let is_code = text.starts_with('`') && code(text, out) == Some(text.len());
    if !is_code {
        out.truncate(written);
        out.push_str(&escape(text));
    }
    out.push_str("</a>");
    Some(end + 1)
}

fn bare_link(rest: &str, world: &World, out: &mut String) -> Option<usize> {
    let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"')).unwrap_or(rest.len());
    let url = rest[..end].trim_end_matches(['.', ',', ';', ':', '!', '?', ')', '\'', '*', '_', '~', '|']);
    if !is_web_address(url) {
        return None;
    }
    address(url, world, out);
    Some(url.len())
}

/// An address as a link; one to a channel or message here is shown by the channel's name.
fn address(url: &str, world: &World, out: &mut String) {
    let place = html::place(url).and_then(|(channel, message)| Some((world.channel(channel)?, message)));
    open_link(out, url);
    match place {
        Some((channel, message)) => {
            push(out, format_args!("#{}{}</a>", escape(&channel.name), if message.is_some() { " › 💬" } else { "" }));
        }
        None => push(out, format_args!("{}</a>", escape(url))),
    }
}

fn everyone(rest: &str, out: &mut String) -> Option<usize> {
    let word = ["@everyone", "@here"].into_iter().find(|word| rest.starts_with(word))?;
    push(out, format_args!("<span class=\"mention\">{word}</span>"));
    Some(word.len())
}
