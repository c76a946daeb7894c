//! Discord's Markdown as HTML: blocks here, what stands within a line in [`inline`].
//!
//! Comes in: text from anybody. Goes out: HTML in which nothing of that text is markup of its own.

mod inline;

use super::html::{escape, push};
use crate::world::World;

/// How much of a text is looked at for an excerpt: more than Discord takes in one message, so that what a spoiler hides has its end.
const READ: usize = 4_096;

/// Renders a text; `world` knows the names of who and what is mentioned.
pub(super) fn render(text: &str, world: &World) -> String {
    let mut out = String::new();
    let mut rest = text;
    // Fences are looked for first: nothing inside them means anything.
    while let Some((before, language, code, after)) = fence(rest) {
        blocks(before, world, &mut out);
        push(&mut out, format_args!("<pre{}><code>{}</code></pre>", language_attribute(language), escape(code)));
        rest = after;
    }
    blocks(rest, world, &mut out);
    out
}

/// Renders what may stand in one line: an embed's title, a field's name.
pub(super) fn render_line(text: &str, world: &World) -> String {
    let mut out = String::new();
    inline::render(text, world, &mut out);
    out
}

/// The beginning of a text without any marks, for a place where only text may stand; it is HTML already, and has no elements but times.
pub(super) fn excerpt(text: &str, most: usize, world: &World) -> String {
    let line: String = text.chars().take(READ).map(|c| if c == '\n' { ' ' } else { c }).collect();
    let (mut shown, mut left, mut hidden, mut in_time) = (String::new(), most, 0_usize, false);
    // Every `<` in rendered text begins an element of ours, as those of the text are escaped.
    for (index, part) in render_line(&line, world).split('<').enumerate() {
        let (tag, text) = if index == 0 { ("", part) } else { part.split_once('>').unwrap_or((part, "")) };
        // What a spoiler hides stays hidden, whatever stands in it.
        match tag {
            "span hidden" => hidden = 1,
            "/span" => hidden = hidden.saturating_sub(1),
            _ if hidden > 0 && tag.starts_with("span") => hidden += 1,
            _ => {}
        }
        if hidden > 0 {
            continue;
        }
        // A time moves here too.
        if (tag.starts_with("time ") && left > 0) || (tag == "/time" && in_time) {
            in_time = tag != "/time";
            push(&mut shown, format_args!("<{tag}>"));
        }
        left = append(&mut shown, text, left);
    }
    shown
}

/// Appends at most `most` of the characters that escaped text stands for, none of them in halves; tells how many more may follow.
fn append(shown: &mut String, escaped: &str, most: usize) -> usize {
    let (mut left, mut rest) = (most, escaped);
    while let Some(c) = rest.chars().next().filter(|_| left > 0) {
        let end = if c == '&' { rest.find(';').map_or(1, |end| end + 1) } else { c.len_utf8() };
        shown.push_str(&rest[..end]);
        (rest, left) = (&rest[end..], left - 1);
    }
    left
}

/// Splits at the first fence: what is before it, its language, its code, what is after it.
fn fence(text: &str) -> Option<(&str, &str, &str, &str)> {
    let start = text.find("```")?;
    let body = &text[start + 3..];
    let end = body.find("```")?;
    let (inner, after) = (&body[..end], &body[end + 3..]);
    let (language, code) = match inner.split_once('\n') {
        Some((first, code)) if first.chars().all(|c| c.is_ascii_alphanumeric() || "+-#._".contains(c)) => (first, code),
        Some(_) | None => ("", inner),
    };
    (!inner.is_empty())
        .then(|| (text[..start].trim_end_matches('\n'), language, code.trim_end_matches('\n'), after.trim_start_matches('\n')))
}

fn language_attribute(language: &str) -> String {
    if language.is_empty() { String::new() } else { format!(" data-language=\"{}\"", escape(language)) }
}

/// What kind of block a line belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Quote,
    Bullets,
    Numbers,
}

fn blocks(text: &str, world: &World, out: &mut String) {
    if text.is_empty() {
        return;
    }
    let (mut open, mut quoting_all, mut first_text) = (None, false, true);
    for line in text.split('\n') {
        if !quoting_all && let Some(rest) = line.strip_prefix(">>> ") {
            quoting_all = true;
            switch(&mut open, Some(Kind::Quote), out);
            inline::render(rest, world, out);
            continue;
        }
        let (kind, rest) = if quoting_all { (Kind::Quote, line) } else { classify(line) };
        if let Some((tag, rest)) = heading(rest).filter(|_| kind == Kind::Text) {
            switch(&mut open, None, out);
            push(out, format_args!("<{tag}>"));
            inline::render(rest, world, out);
            push(out, format_args!("</{}>", tag.split(' ').next().unwrap_or(tag)));
            first_text = true;
            continue;
        }
        let continued = open == Some(kind);
        switch(&mut open, Some(kind), out);
        match kind {
            Kind::Bullets | Kind::Numbers => {
                out.push_str("<li>");
                inline::render(rest, world, out);
                out.push_str("</li>");
            }
            Kind::Text | Kind::Quote => {
                if continued && !first_text {
                    out.push_str("<br>");
                }
                first_text = false;
                inline::render(rest, world, out);
            }
        }
        if !continued {
            first_text = false;
        }
    }
    switch(&mut open, None, out);
}

/// Closes the open block and opens another, if it is another.
fn switch(open: &mut Option<Kind>, next: Option<Kind>, out: &mut String) {
    if *open == next {
        return;
    }
    let tag = |kind| match kind {
        Kind::Text => "p",
        Kind::Quote => "blockquote",
        Kind::Bullets => "ul",
        Kind::Numbers => "ol",
    };
    if let Some(kind) = open.take() {
        push(out, format_args!("</{}>", tag(kind)));
    }
    if let Some(kind) = next {
        push(out, format_args!("<{}>", tag(kind)));
    }
    *open = next;
}

fn classify(line: &str) -> (Kind, &str) {
    if let Some(rest) = line.strip_prefix("> ") {
        return (Kind::Quote, rest);
    }
    let trimmed = line.trim_start();
    if let Some(rest) = trimmed.strip_prefix("- ").or_else(|| trimmed.strip_prefix("* ")) {
        return (Kind::Bullets, rest);
    }
    let digits = trimmed.bytes().take_while(u8::is_ascii_digit).count();
    match trimmed[digits..].strip_prefix(". ") {
        Some(rest) if (1..=9).contains(&digits) => (Kind::Numbers, rest),
        Some(_) | None => (Kind::Text, line),
    }
}

/// A heading's tag and text. Headings of a message stand below those of the page.
fn heading(line: &str) -> Option<(&'static str, &str)> {
    let kinds = [("# ", "h3"), ("## ", "h4"), ("### ", "h5"), ("-# ", "p class=\"subtext\"")];
    kinds.into_iter().find_map(|(mark, tag)| Some((tag, line.strip_prefix(mark)?)))
}

#[cfg(test)]
mod tests;
