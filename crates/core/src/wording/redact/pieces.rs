//! A text that comes in pieces: each is shown as soon as it may be, and no value gets through because it came in several.

use super::{Known, SHORTEST, forms};

/// How many bytes of a text stand for one of a value at most: three of a %-sign, or one and a line break of two.
const WIDEST: usize = 3;

/// A text that comes in pieces. What may turn out to be the beginning of a value is held back until more of it has come.
#[derive(Debug, Default)]
pub struct Pieces {
    held: Vec<u8>,
}

impl Pieces {
    /// Takes what has come. What may be shown by now: bytes as they came, where nothing was taken out; maybe none.
    pub fn next(&mut self, known: &Known, piece: &[u8]) -> Vec<u8> {
        self.held.extend_from_slice(piece);
        let shown = self.held.len() - may_begin(known, &self.held).max(begun_character(&self.held));
        let rest = self.held.split_off(shown);
        cleaned(known, std::mem::replace(&mut self.held, rest))
    }

    /// Nothing more will come: the rest of it.
    pub fn last(&mut self, known: &Known) -> Vec<u8> {
        cleaned(known, std::mem::take(&mut self.held))
    }
}

fn cleaned(known: &Known, bytes: Vec<u8>) -> Vec<u8> {
    let said = String::from_utf8_lossy(&bytes);
    let clean = known.clean_cut(&said);
    if clean == said { bytes } else { clean.into_bytes() }
}

/// How many bytes at the end of a text begin a character whose others have not come.
fn begun_character(text: &[u8]) -> usize {
    let first = text.iter().rev().take(3).position(|byte| byte & 0b1100_0000 == 0b1100_0000).map_or(0, |at| at + 1);
    let whole = text[text.len() - first..].first().map_or(0, |byte| usize::try_from(byte.leading_ones()).unwrap_or(0));
    if first < whole { first } else { 0 }
}

/// How many bytes at the end of a text may be the beginning of a value, however it is written.
fn may_begin(known: &Known, text: &[u8]) -> usize {
    let longest = known.forms.iter().map(String::len).max().unwrap_or(0);
    let window = &text[text.len().saturating_sub(longest * WIDEST)..];
    let whole: Vec<(usize, usize)> = forms::READINGS.iter().flat_map(|read| whole_ones(known, &Read::of(read(window)))).collect();
    // A %-sign whose digits have not come may be anything.
    let open = window.iter().rev().take(2).position(|byte| *byte == b'%').map_or(0, |at| at + 1);
    let mut held_from = window.len();
    for end in [window, &window[..window.len() - open]] {
        // A few letters before a line break are no reason to hold a line back.
        let least = if end.ends_with(b"\n") { SHORTEST } else { 1 };
        for read in forms::READINGS {
            let begins = first_beginning(known, &Read::of(read(end)), least, &whole);
            held_from = held_from.min(begins.unwrap_or(window.len()));
        }
    }
    window.len() - held_from
}

/// A text as it is read in one way: its letters, and where each stands.
struct Read {
    letters: Vec<u8>,
    /// One more than letters: the last is the text's end.
    places: Vec<usize>,
}

impl Read {
    fn of(read: forms::Reading<'_>) -> Self {
        let (mut letters, mut places) = (Vec::new(), vec![0]);
        for (letter, length) in read {
            letters.push(letter);
            places.push(places.last().map_or(length, |at| at + length));
        }
        Self { letters, places }
    }
}

/// From where to where whole values stand.
fn whole_ones(known: &Known, read: &Read) -> Vec<(usize, usize)> {
    let found = known.forms.iter().flat_map(|form| forms::places(&read.letters, form.as_bytes()));
    found.map(|(from, until)| (read.places[from], read.places[until])).collect()
}

/// Where the longest end of a text begins that begins a value and is not all of it; no part of a `whole` one is meant.
fn first_beginning(known: &Known, read: &Read, least: usize, whole: &[(usize, usize)]) -> Option<usize> {
    let begins = |from: &usize| {
        let (end, at) = (&read.letters[*from..], read.places[*from]);
        known.forms.iter().any(|form| form.len() > end.len() && form.as_bytes().starts_with(end))
            && !whole.iter().any(|(begins, ends)| (begins + 1..*ends).contains(&at))
    };
    (0..(read.letters.len() + 1).saturating_sub(least)).find(begins).map(|from| read.places[from])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wording::redact::IN_ITS_PLACE;

    fn shown(known: &Known, pieces: &[&[u8]]) -> String {
        let mut text = Pieces::default();
        let mut shown: Vec<u8> = pieces.iter().flat_map(|piece| text.next(known, piece)).collect();
        shown.extend(text.last(known));
        String::from_utf8(shown).expect("a text")
    }

    #[test]
    fn only_what_may_begin_a_value_is_held_back_until_it_has_turned_out_not_to() {
        let known = Known::of(["tok_1234567890"]);
        let mut text = Pieces::default();

        assert_eq!(text.next(&known, b"one, to"), b"one, ");
        assert_eq!(text.next(&known, b"wn, "), b"town, ");
        assert_eq!(text.next(&known, b"a line that ends with t\n"), b"a line that ends with t\n");
        assert_eq!(text.next(&known, b"tok_1234567890"), b"[secret]", "its last letter could begin another way of writing it");
        assert_eq!(text.next(&known, b"tok_123"), b"");
        assert_eq!(text.last(&known), b"[secret]");
    }

    #[test]
    fn a_value_that_comes_letter_by_letter_is_not_shown() {
        let secret = "sk-or/v1+0123456789";
        let known = Known::of([secret]);
        for text in [
            format!("key: {secret}, and more"),
            "key: c2stb3IvdjErMDEy\nMzQ1Njc4OQ==, and more".to_owned(),
            "key: sk-or%2Fv1%2b0123456789, and more".to_owned(),
            "key: sk-or\\/v1+0123456789, and more".to_owned(),
            format!("key: {}\r\n{}, and more", &secret[..9], &secret[9..]),
        ] {
            let letters: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
            let shown = shown(&known, &letters);
            assert!(shown.starts_with("key: [secret]") && shown.ends_with(", and more"), "{shown}");
            assert!(shown.replace(IN_ITS_PLACE, "").len() <= "key: Q==, and more".len(), "{shown}");
        }
    }

    proptest! {
        #[test]
        fn however_a_text_is_parted_it_is_shown_as_if_it_had_come_whole(
            before in "[a-z_\\n ä]{0,30}",
            after in "[a-z_\\n ä]{0,30}",
            cuts in proptest::collection::vec(0_usize..90, 0..8),
        ) {
            let known = Known::of(["tok_1234tok_1", "abc_defghi"]);
            let whole = format!("{before}\0tok_1234tok_1\0{after}");
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(whole.len())).chain([0, whole.len()]).collect();
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|cut| &whole.as_bytes()[cut[0]..cut[1]]).collect();

            prop_assert_eq!(shown(&known, &pieces), format!("{}\0[secret]\0{}", before, after));
        }
    }
}
