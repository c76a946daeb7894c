//! What selectors find in records, one after another.

use serde_json::Value;

use crate::domain::reading::{OneOrMore, Selector, Take, holds};

/// What the selectors of one thing have found so far.
#[derive(Debug)]
pub(super) struct Gathered<'r> {
    selectors: &'r [Selector],
    /// By selector.
    found: Vec<Option<Kept>>,
    /// Most bytes that are kept.
    limit: usize,
}

#[derive(Clone, Debug, Default)]
struct Kept {
    text: String,
    left_out: u64,
}

impl<'r> Gathered<'r> {
    pub(super) fn new(selectors: &'r OneOrMore<Selector>, limit: usize) -> Self {
        Self { selectors: &selectors.0, found: vec![None; selectors.0.len()], limit }
    }

    pub(super) fn record(&mut self, record: &Value) {
        for (selector, found) in self.selectors.iter().zip(&mut self.found) {
            let settled = selector.take == Take::First && found.is_some();
            let Some(words) = (if settled || !holds(&selector.among, record) { None } else { words(selector, record) }) else { continue };
            match (selector.take, found) {
                (Take::Concat, Some(kept)) => kept.add(&words, self.limit),
                (_, found) => {
                    let mut kept = Kept::default();
                    kept.add(&words, self.limit);
                    *found = Some(kept);
                }
            }
        }
    }

    /// What the first selector found that found something, and how many bytes were left out of it.
    pub(super) fn found(&self) -> Option<(String, u64)> {
        let kept = self.found.iter().flatten().find(|kept| !kept.text.trim().is_empty())?;
        Some((kept.text.clone(), kept.left_out))
    }
}

impl Kept {
    fn add(&mut self, words: &str, limit: usize) {
        let room = limit.saturating_sub(self.text.len());
        let cut = (0..=room.min(words.len())).rev().find(|at| words.is_char_boundary(*at)).unwrap_or(0);
        let fits = if self.left_out > 0 { 0 } else { cut };
        self.text.push_str(&words[..fits]);
        self.left_out += (words.len() - fits) as u64;
    }
}

/// The words at a selector's place; `None`: there are none. What is no plain value is passed over.
fn words(selector: &Selector, record: &Value) -> Option<String> {
    let plain = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(_) | Value::Null | Value::Array(_) | Value::Object(_) => None,
    };
    let words: Vec<String> = match (&selector.at, &selector.keys) {
        (Some(at), _) => at.find(record).into_iter().filter_map(plain).collect(),
        (None, Some(keys)) => {
            keys.find(record).into_iter().filter_map(Value::as_object).flat_map(|object| object.keys().cloned()).collect()
        }
        (None, None) => Vec::new(),
    };
    let between = if selector.keys.is_some() && selector.join.is_empty() { ", " } else { &selector.join };
    (!words.is_empty()).then(|| words.join(between))
}
