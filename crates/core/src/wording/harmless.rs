//! Foreign text (an agent's words, a file's name, a person's wish) made harmless before it stands in a post: it can't break out of its place,
//! ring anybody or hide a link's target. What an agent is given, and what is attached as a file, is never changed by this.

use super::fit;

/// Drawn in place of a back-tick where one would end the place it stands in.
const STILL_TICK: char = 'ˋ';
/// No width, no meaning: parts characters that would mean something together.
const PARTING: char = '\u{200b}';

/// A text as inline code, on one line, at most `most` units between its back-ticks. Inside it Discord knows no mention, no link, no format.
pub fn code(text: &str, most: usize) -> String {
    let line = one_line(text).replace('`', &STILL_TICK.to_string());
    if line.is_empty() {
        return "`(empty)`".to_owned();
    }
    format!("`{}`", fit::cut(&line, most))
}

/// The inside of a code fence: nothing in it ends the fence. Escape sequences of a terminal and control characters are left out.
pub fn in_fence(text: &str) -> String {
    let mut inside = String::with_capacity(text.len());
    let mut run = 0;
    for c in without_escapes(text).chars() {
        run = if c == '`' { run + 1 } else { 0 };
        if run == 3 {
            inside.push(PARTING);
            run = 1;
        }
        inside.push(c);
    }
    inside
}

/// A sentence between our own words: one line, its markdown shown instead of obeyed, no mention, at most `most` units before escaping.
pub fn plain(text: &str, most: usize) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    let line = one_line(text);
    let line = fit::cut(&line, most);
    let mut chars = line.chars().peekable();
    let mut before = ' ';
    while let Some(c) = chars.next() {
        let in_word = before.is_alphanumeric() && chars.peek().is_some_and(|next| next.is_alphanumeric());
        match c {
            '\\' | '*' | '~' | '`' | '|' | '[' | ']' | '<' => escaped.push('\\'),
            // Discord reads no format out of an underscore inside a word.
            '_' if !in_word => escaped.push('\\'),
            _ => {}
        }
        escaped.push(c);
        if c == '@' {
            escaped.push(PARTING);
        }
        before = c;
    }
    escaped
}

/// A sentence of ours that may hold foreign words: as [`plain`], but what stands between two back-ticks stays code.
pub fn sentence(text: &str, most: usize) -> String {
    let line = one_line(text);
    let line = fit::cut(&line, most);
    if line.contains("``") || !line.matches('`').count().is_multiple_of(2) {
        return plain(&line, most);
    }
    let parts = line.split('`').enumerate().map(|(place, part)| if place % 2 == 1 { format!("`{part}`") } else { spaced(part, most) });
    parts.collect::<Vec<_>>().concat()
}

/// As [`plain`], with the blanks at both ends.
fn spaced(part: &str, most: usize) -> String {
    let inner = part.trim_matches(' ');
    let (before, after) = (part.starts_with(' '), part.ends_with(' ') && !inner.is_empty());
    format!("{}{}{}", if before { " " } else { "" }, plain(inner, most), if after { " " } else { "" })
}

/// Text as plain lines for a terminal or a table: one line, nothing invisible.
pub fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in without_escapes(text).chars() {
        let c = if c.is_whitespace() { ' ' } else { c };
        let invisible = is_bidi(c) || (c == ' ' && line.ends_with(' '));
        if !invisible {
            line.push(c);
        }
    }
    line.trim().to_owned()
}

/// A link if it is one that can be shown as such (`<https://…>`, which unfolds no preview), else the value as inline code.
pub fn value(text: &str, most: usize) -> String {
    let web = text.starts_with("https://") || text.starts_with("http://");
    let plain = text.len() <= most && text.chars().all(|c| c.is_ascii_graphic() && !"<>`*|\\".contains(c));
    if web && plain { format!("<{text}>") } else { code(text, most) }
}

/// Text without what a terminal would obey: escape sequences and control characters other than line feed and tab.
pub fn without_escapes(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => skip_sequence(&mut chars),
            '\r' if chars.peek() == Some(&'\n') => {}
            '\r' => kept.push('\n'),
            '\n' | '\t' => kept.push(c),
            _ if c.is_control() => {}
            _ => kept.push(c),
        }
    }
    kept
}

/// Takes the rest of an escape sequence: `[` … to its letter, `]` … to its bell or string terminator, or one character. Bounded, so that a
/// sequence that never ends does not take the text with it.
fn skip_sequence(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    const LONGEST: usize = 64;
    match chars.peek() {
        Some('[') => {
            chars.next();
            for _ in 0..LONGEST {
                if chars.next_if(|c| ('\u{20}'..='\u{3f}').contains(c)).is_none() {
                    break;
                }
            }
            chars.next_if(|c| ('\u{40}'..='\u{7e}').contains(c));
        }
        Some(']') => {
            chars.next();
            for _ in 0..LONGEST {
                if chars.next_if(|c| !c.is_control()).is_none() {
                    break;
                }
            }
            chars.next_if(|c| *c == '\u{7}');
        }
        Some(c) if c.is_ascii_graphic() => {
            chars.next();
        }
        _ => {}
    }
}

/// Characters that turn the direction of what follows them.
fn is_bidi(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_leaves_inline_code() {
        assert_eq!(code("a`b", 40), "`aˋb`");
        assert_eq!(code("two\nlines\u{202e}", 40), "`two lines`");
        assert_eq!(code("  ", 40), "`(empty)`");
        assert_eq!(code(&"x".repeat(50), 5), "`xxxx…`");
    }

    #[test]
    fn a_sentence_keeps_its_words_and_loses_its_powers() {
        assert_eq!(plain("**hi** @everyone [x](http://y)", 100), "\\*\\*hi\\*\\* @\u{200b}everyone \\[x\\](http://y)");
    }

    #[test]
    fn what_a_sentence_of_ours_has_in_back_ticks_stays_code() {
        assert_eq!(sentence("`a*b` is *gone*: use `x`, or `y` `z`.", 100), "`a*b` is \\*gone\\*: use `x`, or `y` `z`.");
        assert_eq!(sentence("```x``` *y*", 100), "\\`\\`\\`x\\`\\`\\` \\*y\\*");
        assert_eq!(sentence("one ` alone", 100), "one \\` alone");
    }

    #[test]
    fn a_web_address_stays_a_link_and_anything_else_becomes_code() {
        assert_eq!(value("https://github.com/o/r/pull/7", 200), "<https://github.com/o/r/pull/7>");
        assert_eq!(value("https://a>b", 200), "`https://a>b`");
        assert_eq!(value("main", 200), "`main`");
    }

    #[test]
    fn a_terminal_s_colours_are_left_out() {
        assert_eq!(without_escapes("\u{1b}[1;31mred\u{1b}[0m\r\nnext\u{0}\u{7}"), "red\nnext");
        assert_eq!(without_escapes("\u{1b}]0;title\u{7}text"), "text");
    }

    proptest! {
        #[test]
        fn nothing_inside_a_fence_ends_it(text in "[`a\n]{0,60}") {
            prop_assert!(!in_fence(&text).contains("```"));
        }

        #[test]
        fn a_sentence_opens_no_fence_and_rings_nobody(text in "[`@*a ]{0,40}") {
            let shown = sentence(&text, 100);
            prop_assert!(!shown.contains("```"), "{}", shown);
            prop_assert!(!shown.split('`').step_by(2).any(|outside| outside.contains("@a")) || shown.contains("\\`"), "{}", shown);
        }

        #[test]
        fn inline_code_is_one_line_with_two_back_ticks(text in ".{0,60}") {
            let shown = code(&text, 40);
            prop_assert_eq!(shown.matches('`').count(), 2);
            prop_assert!(!shown.contains('\n') && fit::length(&shown) <= 42);
        }
    }
}
