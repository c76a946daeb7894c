//! What can be said of a text without understanding it: pure counting.

use std::collections::BTreeMap;

/// The findings.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Study {
    pub(super) lines: usize,
    pub(super) words: usize,
    pub(super) characters: usize,
    pub(super) letters: usize,
    pub(super) questions: usize,
    /// Words that occur most, with their number; those that occur in every text are left out where others are there.
    pub(super) frequent: Vec<(String, usize)>,
    pub(super) longest: Option<String>,
    pub(super) numbers: Vec<String>,
    pub(super) links: Vec<String>,
    pub(super) files: Vec<String>,
}

/// How many findings of one kind are listed.
const LISTED: usize = 8;

/// Words that say nothing of what a text is about.
const COMMON: [&str; 48] = [
    "a", "all", "also", "an", "and", "are", "as", "at", "be", "but", "by", "can", "do", "each", "every", "for", "from", "has", "have",
    "how", "i", "if", "in", "into", "is", "it", "its", "me", "not", "of", "on", "or", "please", "so", "that", "the", "them", "then",
    "this", "to", "was", "we", "what", "when", "which", "with", "you", "your",
];

impl Study {
    pub(super) fn of(text: &str) -> Self {
        let tokens: Vec<&str> = text.split_whitespace().map(bare).filter(|token| !token.is_empty()).collect();
        let is_link = |token: &str| token.starts_with("http://") || token.starts_with("https://");
        let words: Vec<String> = tokens
            .iter()
            .filter(|token| !is_link(token))
            .flat_map(|token| token.split(|c: char| !c.is_alphanumeric() && c != '\'' && c != '-'))
            .map(|word| word.trim_matches(['-', '\'']).to_lowercase())
            .filter(|word| word.chars().any(char::is_alphabetic))
            .collect();
        Self {
            lines: text.lines().count(),
            words: words.len(),
            characters: text.chars().count(),
            letters: text.chars().filter(|c| c.is_alphabetic()).count(),
            questions: text.matches('?').count(),
            frequent: frequent(&words),
            longest: words.iter().max_by_key(|word| word.chars().count()).cloned(),
            numbers: listed(tokens.iter().filter(|token| is_number(token))),
            links: listed(tokens.iter().filter(|token| is_link(token))),
            files: listed(tokens.iter().filter(|token| is_file(token))),
        }
    }
}

/// A piece of text without the signs around it.
fn bare(token: &str) -> &str {
    let token = token.trim_start_matches(['(', '[', '{', '"', '\'', '`', '<', '*', '_', '“', '„']);
    token.trim_end_matches([')', ']', '}', '"', '\'', '`', '>', '*', '_', '”', '“', ',', ';', ':', '.', '!', '?'])
}

fn frequent(words: &[String]) -> Vec<(String, usize)> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for word in words {
        *counts.entry(word).or_default() += 1;
    }
    let telling = counts.keys().any(|word| !COMMON.contains(word));
    let mut ranked: Vec<(String, usize)> =
        counts.into_iter().filter(|(word, _)| !telling || !COMMON.contains(word)).map(|(word, count)| (word.to_owned(), count)).collect();
    ranked.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
    ranked.truncate(5);
    ranked
}

fn is_number(token: &str) -> bool {
    let digits = token.trim_start_matches(['-', '+', '$', '€']).trim_end_matches(['%', '€']);
    digits.starts_with(|c: char| c.is_ascii_digit()) && digits.chars().all(|c| c.is_ascii_digit() || c == '.' || c == ',')
}

fn is_file(token: &str) -> bool {
    let (Some((stem, ending)), false) = (token.rsplit_once('.'), token.contains("://")) else { return false };
    let ending_fits = (1..=5).contains(&ending.len()) && ending.chars().all(|c| c.is_ascii_alphanumeric());
    let named = stem.chars().any(char::is_alphabetic) && ending.chars().any(|c| c.is_ascii_alphabetic());
    ending_fits && named && stem.chars().all(|c| c.is_alphanumeric() || "._-/\\~".contains(c))
}

/// Each once, in order, the first few; each of a length that can be read.
fn listed<'a>(found: impl Iterator<Item = &'a &'a str>) -> Vec<String> {
    let mut list: Vec<String> = Vec::new();
    for token in found {
        let shown: String = token.chars().take(120).collect();
        if list.len() < LISTED && !list.contains(&shown) {
            list.push(shown);
        }
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_a_text_is_found() {
        let study = Study::of(
            "Compare src/main.rs with README.md (see https://example.org/a?b=1).\nThe report needs 3 tables, 42.5% and a report title. OK?",
        );

        assert_eq!(study.lines, 2);
        assert_eq!(study.files, ["src/main.rs", "README.md"]);
        assert_eq!(study.links, ["https://example.org/a?b=1"]);
        assert_eq!(study.numbers, ["3", "42.5%"]);
        assert_eq!(study.frequent[0], ("report".to_owned(), 2));
        assert_eq!(study.questions, 2);
    }

    #[test]
    fn nothing_is_found_in_nothing() {
        assert_eq!(Study::of(""), Study::default());
        assert_eq!(Study::of(" \n\u{200b} ?!").words, 0);
    }
}
