//! Which texts are emoji: the world has Unicode emoji only, as its guild has none of its own.

use serde::{Deserialize, Serialize};

/// A Unicode emoji as it stands on a reaction.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Emoji(String);

impl Emoji {
    /// Reads an emoji; `None` for anything that Discord would call unknown.
    pub fn parse(text: &str) -> Option<Self> {
        let keycap = matches!(
            text.chars().collect::<Vec<_>>()[..],
            ['0'..='9' | '#' | '*', '\u{20E3}'] | ['0'..='9' | '#' | '*', '\u{FE0F}', '\u{20E3}']
        );
        let picture = text.chars().next().is_some_and(is_pictograph) && text.chars().all(|c| is_pictograph(c) || is_joiner(c));
        let joined =
            text.chars().filter(|&c| is_pictograph(c)).count() <= 1 + text.chars().filter(|&c| is_joiner(c) || is_paired(c)).count();
        ((keycap || picture && joined) && text.len() <= 64).then(|| Self(text.to_owned()))
    }

    /// The emoji's characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn without_variation(&self) -> impl Iterator<Item = char> + '_ {
        self.0.chars().filter(|&c| c != '\u{FE0F}')
    }
}

/// The emoji variation selector does not make another emoji: clients write ⏱ with and without it.
impl PartialEq for Emoji {
    fn eq(&self, other: &Self) -> bool {
        self.without_variation().eq(other.without_variation())
    }
}

impl Eq for Emoji {}

fn is_pictograph(c: char) -> bool {
    matches!(u32::from(c),
        0xA9 | 0xAE | 0x203C | 0x2049 | 0x2122 | 0x2139 | 0x2194..=0x21AA | 0x231A..=0x23FF | 0x24C2 | 0x25AA..=0x25FE
        | 0x2600..=0x27BF | 0x2934..=0x2935 | 0x2B05..=0x2B55 | 0x3030 | 0x303D | 0x3297 | 0x3299 | 0x1F000..=0x1FAFF)
}

/// What binds pictographs into one emoji: the joiner, the variation selector, tags.
fn is_joiner(c: char) -> bool {
    matches!(u32::from(c), 0x200D | 0xFE0F | 0xE0020..=0xE007F)
}

/// What counts as a pictograph but goes with another: regional letters and skin tones.
fn is_paired(c: char) -> bool {
    matches!(u32::from(c), 0x1F1E6..=0x1F1FF | 0x1F3FB..=0x1F3FF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emoji_are_told_from_words() {
        for emoji in ["✅", "❌", "🏁", "⏱", "⏱️", "🛑", "🔁", "⏸", "👀", "1️⃣", "👍🏽", "👩‍💻", "🇨🇭", "❤️"]
        {
            assert!(Emoji::parse(emoji).is_some(), "{emoji}");
        }
        for word in ["", "ok", ":white_check_mark:", "1", "✅ok", "✅✅", "party:123"] {
            assert!(Emoji::parse(word).is_none(), "{word}");
        }
    }

    #[test]
    fn the_variation_selector_makes_no_other_emoji() {
        assert_eq!(Emoji::parse("⏱"), Emoji::parse("⏱️"));
    }
}
