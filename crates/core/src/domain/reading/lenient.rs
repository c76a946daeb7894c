//! JSON as programs print it: a text that was cut through a character ends with half of one.

use serde_json::Value;

/// Reads JSON in which halves of characters may stand, like `"\ud83d"` without what follows it: so JavaScript and Python write texts that were cut
/// there. Each half is read as U+FFFD.
///
/// # Errors
///
/// What is no JSON otherwise.
pub fn parse(text: &str) -> serde_json::Result<Value> {
    let text = text.trim_start_matches('\u{feff}');
    serde_json::from_str(text).or_else(|error| without_halves(text).map_or(Err(error), |whole| serde_json::from_str(&whole)))
}

/// The text with U+FFFD in the place of each half; `None`: there are none. Source: RFC 8259, §7.
fn without_halves(text: &str) -> Option<String> {
    let code = |at: usize| u16::from_str_radix(text.get(at..at + 6)?.strip_prefix("\\u")?, 16).ok();
    let (mut whole, mut copied, mut at) = (String::new(), 0, 0);
    while let Some(found) = text[at..].find('\\') {
        let here = at + found;
        let escaped = text[here + 1..].chars().next().map_or(0, char::len_utf8);
        at = match code(here) {
            Some(0xd800..=0xdbff) if matches!(code(here + 6), Some(0xdc00..=0xdfff)) => here + 12,
            Some(0xd800..=0xdfff) => {
                whole.push_str(&text[copied..here]);
                whole.push_str("\\ufffd");
                copied = here + 6;
                copied
            }
            _ => here + 1 + escaped,
        };
    }
    (copied > 0).then(|| whole + &text[copied..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_character_is_read_as_one_without_a_meaning_and_a_whole_one_as_it_is() {
        for (written, read) in [
            (r#""cut \ud83d""#, "cut \u{fffd}"),
            (r#""\ude00 cut \uD83D\u0041""#, "\u{fffd} cut \u{fffd}A"),
            (r#""\ud83d\ude00 \ud83d\ud83d\ude00""#, "\u{1f600} \u{fffd}\u{1f600}"),
            (r#""\\ud83d \\\ud83d ä\"""#, "\\ud83d \\\u{fffd} ä\""),
            ("\u{feff}\"a\"", "a"),
        ] {
            assert_eq!(parse(written).unwrap(), read, "{written}");
        }
        for broken in ["\"\\ud83d", "\"\\ä \\ud83d\"", "{\"a\":\"\\ud8", "\\"] {
            assert!(parse(broken).is_err(), "{broken}");
        }
    }
}
