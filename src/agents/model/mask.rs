//! Takes the model's key out of what is shown: an endpoint may repeat it, in an error as well as in an answer, in pieces of any size.

use orchestrator_core::domain::agent::Secret;

/// What stands where the key stood.
const INSTEAD: &str = "[key]";

/// A stream of text without the key in it.
#[derive(Debug)]
pub(in crate::agents) struct Mask {
    key: Option<Secret>,
    /// The end of what has come: the beginning of the key, perhaps.
    held: String,
}

impl Mask {
    pub(super) fn of(key: Option<&Secret>) -> Self {
        Self { key: key.cloned(), held: String::new() }
    }

    /// A whole text without the key.
    pub(in crate::agents) fn whole(&self, text: &str) -> String {
        self.key.as_ref().map_or_else(|| text.to_owned(), |key| text.replace(key.expose(), INSTEAD))
    }

    /// A piece of a text: what may be the beginning of the key is held back until more has come.
    pub(in crate::agents) fn piece(&mut self, piece: &str) -> String {
        let Some(key) = &self.key else { return piece.to_owned() };
        let key = key.expose();
        self.held.push_str(piece);
        let mut shown = self.held.replace(key, INSTEAD);
        let begun = (1..key.len()).rev().filter(|length| key.is_char_boundary(*length)).find(|length| shown.ends_with(&key[..*length]));
        self.held = begun.map_or_else(String::new, |length| shown.split_off(shown.len() - length));
        shown
    }

    /// What was held back, when nothing more comes.
    pub(in crate::agents) fn rest(&mut self) -> String {
        std::mem::take(&mut self.held)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_taken_out_wherever_the_pieces_part_it() {
        let (key, text) = ("sk-abc-ä1", "a sk-abc-ä1, sk-sk-abc-ä1sk-abc and sk");
        for size in 1..text.chars().count() {
            let mut mask = Mask::of(Some(&Secret::new(key)));
            let signs: Vec<char> = text.chars().collect();
            let mut shown: String = signs.chunks(size).map(|piece| mask.piece(&piece.iter().collect::<String>())).collect();
            shown.push_str(&mask.rest());

            assert_eq!(shown, "a [key], sk-[key]sk-abc and sk", "in pieces of {size}");
        }
    }
}
