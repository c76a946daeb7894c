//! Makes text fit: lengths as Discord may count them, cuts that say so, and splits that leave no code fence open.

use std::borrow::Cow;

/// Most characters in one message. Source: Discord developer documentation, "Create Message", field `content`.
pub const MESSAGE: usize = 2_000;

/// What the reader sees in place of what was cut.
const ELLIPSIS: char = '…';
const FENCE: &str = "```";

/// The length of a text in UTF-16 units: Discord's documents say "characters" and its clients count units, so what fits by this count fits
/// by any.
pub fn length(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// At most `most` units of a text, the last of them `…` where something was cut. Never cuts inside a character.
pub fn cut(text: &str, most: usize) -> Cow<'_, str> {
    if length(text) <= most {
        return Cow::Borrowed(text);
    }
    let mut kept = head(text, most.saturating_sub(1)).trim_end().to_owned();
    if most > 0 {
        kept.push(ELLIPSIS);
    }
    Cow::Owned(kept)
}

/// The longest beginning of a text of at most `most` units.
pub fn head(text: &str, most: usize) -> &str {
    let mut room = most;
    let end = text.char_indices().find_map(|(at, c)| match room.checked_sub(c.len_utf16()) {
        Some(left) => {
            room = left;
            None
        }
        None => Some(at),
    });
    &text[..end.unwrap_or(text.len())]
}

/// The longest end of a text of at most `most` units.
pub fn tail(text: &str, most: usize) -> &str {
    let mut room = most;
    let start = text.char_indices().rev().find_map(|(at, c)| match room.checked_sub(c.len_utf16()) {
        Some(left) => {
            room = left;
            None
        }
        None => Some(at + c.len_utf8()),
    });
    &text[start.unwrap_or(0)..]
}

/// Parts a text into messages of at most `limit` units: between paragraphs where that is possible, else between lines, else between words,
/// else anywhere. A code fence that a cut would leave open is closed before it and opened again, with its language, after it; both count.
///
/// # Panics
///
/// If `limit` is below 40: there would be no room for the fences.
pub fn split(text: &str, limit: usize) -> Vec<String> {
    assert!(limit >= 40, "a message needs room for its fences");
    let mut parts = Vec::new();
    let mut rest = text;
    let mut opened: Option<String> = None;
    loop {
        let reopened = opened.as_ref().map(|fence| format!("{fence}\n")).unwrap_or_default();
        let room = limit - length(&reopened);
        if head(rest, room).len() == rest.len() {
            let end = if opened_after(opened.as_deref(), rest).is_some() { "\n```" } else { "" };
            if length(rest) + end.len() <= room {
                if !rest.is_empty() || parts.is_empty() {
                    parts.push(format!("{reopened}{rest}{end}"));
                }
                return parts;
            }
        }
        // The closing fence is always given its room: a cut that needs none only loses four units.
        let piece = break_at(rest, room - length("\n```"));
        let after = opened_after(opened.as_deref(), piece);
        let shown = piece.trim_end_matches('\n');
        let end = if after.is_some() { "\n```" } else { "" };
        parts.push(format!("{reopened}{shown}{end}"));
        rest = &rest[piece.len()..];
        opened = after;
    }
}

/// The part of `text` that goes into this message: at most `most` units, at least one character.
fn break_at(text: &str, most: usize) -> &str {
    let fits = head(text, most);
    let least = fits.len() / 3;
    let after = |found: Option<usize>, len: usize| found.map(|at| at + len).filter(|at| *at > least);
    let end =
        after(fits.rfind("\n\n"), 2).or_else(|| after(fits.rfind('\n'), 1)).or_else(|| after(fits.rfind(' '), 1)).unwrap_or(fits.len());
    // A run of back-ticks is never parted: its halves would mean something else.
    let run = fits[..end].bytes().rev().take_while(|b| *b == b'`').count();
    let parted = run > 0 && text[end..].starts_with('`') && run < end;
    &text[..if parted { end - run } else { end }]
}

/// The opening line of the code fence that is open at the end of `text`, if one is, when `before` was open at its beginning.
fn opened_after(before: Option<&str>, text: &str) -> Option<String> {
    let mut open = before.map(str::to_owned);
    let mut rest = text;
    while let Some(at) = rest.find(FENCE) {
        rest = &rest[at + FENCE.len()..];
        open = if open.is_some() {
            None
        } else {
            let word = rest.split(|c: char| c.is_whitespace() || c == '`').next().unwrap_or_default();
            let language = word.len() <= 12 && word.chars().all(|c| c.is_ascii_alphanumeric() || "+-#_.".contains(c));
            Some(format!("{FENCE}{}", if language && rest[word.len()..].starts_with('\n') { word } else { "" }))
        };
    }
    open
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_fits_is_left_alone_and_what_is_cut_says_so() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 3), "ab…");
        assert_eq!(cut("a🦀b", 3), "a…", "a crab is two units wide");
        assert_eq!(cut("abc", 0), "");
    }

    #[test]
    fn a_tail_keeps_the_end() {
        assert_eq!(tail("abc🦀", 3), "c🦀");
        assert_eq!(tail("abc", 9), "abc");
    }

    #[test]
    fn a_fence_is_closed_and_opened_again_at_a_cut() {
        let text = format!("Before\n```rust\n{}```\nAfter", "let x = 1;\n".repeat(8));

        let parts = split(&text, 60);

        assert_eq!(parts[0], "Before\n```rust\nlet x = 1;\nlet x = 1;\nlet x = 1;\n```");
        assert_eq!(parts[1], "```rust\nlet x = 1;\nlet x = 1;\nlet x = 1;\nlet x = 1;\n```");
    }

    #[test]
    fn a_paragraph_s_end_is_the_best_place_to_cut() {
        assert_eq!(
            split("one two three four five\n\nsix seven eight nine ten eleven", 45),
            ["one two three four five", "six seven eight nine ten eleven"]
        );
    }

    fn markdown() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            "[a-z]{1,30}",
            Just("```".to_owned()),
            Just("```rust\n".to_owned()),
            Just("\n".to_owned()),
            Just(" ".to_owned()),
            Just("🦀".to_owned()),
            Just("`".to_owned()),
            "[a-z]{200}"
        ];
        proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn every_part_fits_and_closes_its_fences(text in markdown(), limit in 40_usize..200) {
            for part in split(&text, limit) {
                prop_assert!(length(&part) <= limit, "{part:?}");
                prop_assert_eq!(opened_after(None, &part), None, "{:?}", part);
            }
        }

        #[test]
        fn a_text_without_fences_loses_nothing_but_line_breaks(text in "[a-z \n🦀]{0,400}") {
            let joined = split(&text, 50).concat();
            prop_assert_eq!(joined.replace('\n', ""), text.replace('\n', ""));
        }

        #[test]
        fn head_and_tail_part_a_text_where_they_say(text in ".{0,80}", most in 0_usize..90) {
            prop_assert!(length(head(&text, most)) <= most && text.starts_with(head(&text, most)));
            prop_assert!(length(tail(&text, most)) <= most && text.ends_with(tail(&text, most)));
            prop_assert!(length(&cut(&text, most)) <= most);
        }
    }
}
