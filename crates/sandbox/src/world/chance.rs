//! Chance that can be repeated: what a world draws (tokens, session ids) follows from its seed.

use std::hash::{BuildHasher, RandomState};

use serde::{Deserialize, Serialize};

/// A `SplitMix64` generator. Good enough to tell local tokens apart, and no secret of anybody depends on it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Chance {
    state: u64,
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

impl Chance {
    /// The same seed gives the same draws; without one, each world differs.
    pub(crate) fn new(seed: Option<u64>) -> Self {
        Self { state: seed.unwrap_or_else(|| RandomState::new().hash_one("a new world")) }
    }

    pub(crate) fn draw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// `length` letters, digits, `-` and `_`.
    pub(crate) fn word(&mut self, length: usize) -> String {
        (0..length).map(|_| char::from(ALPHABET[usize::try_from(self.draw() % 64).unwrap_or(0)])).collect()
    }

    /// `length` lower-case hexadecimal digits.
    pub(crate) fn hex(&mut self, length: usize) -> String {
        (0..length).map(|_| char::from_digit(u32::try_from(self.draw() % 16).unwrap_or(0), 16).unwrap_or('0')).collect()
    }
}

/// Base64 with the URL alphabet and no padding, as in a bot token's first part.
pub(crate) fn base64_url(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0_u32, |word, &byte| (word << 8) | u32::from(byte)) << (8 * (3 - chunk.len()));
        for sextet in 0..=chunk.len() {
            let index = (word >> (18 - 6 * sextet)) & 63;
            text.push(char::from(ALPHABET[usize::try_from(index).unwrap_or(0)]));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_matches_known_values() {
        assert_eq!(["", "f", "fo", "foo", "foob"].map(|text| base64_url(text.as_bytes())), ["", "Zg", "Zm8", "Zm9v", "Zm9vYg"]);
    }

    #[test]
    fn one_seed_gives_one_story() {
        let (mut first, mut second) = (Chance::new(Some(7)), Chance::new(Some(7)));

        assert_eq!(first.word(40), second.word(40));
    }
}
