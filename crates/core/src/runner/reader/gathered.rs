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
    /// What is no plain value: read as it is written in JSON, or passed over.
    takes_any: bool,
}

#[derive(Clone, Debug, Default)]
struct Kept {
    text: String,
    left_out: u64,
}

impl<'r> Gathered<'r> {
    pub(super) fn new(selectors: &'r OneOrMore<Selector>, limit: usize) -> Self {
        Self { selectors: &selectors.0, found: vec![None; selectors.0.len()], limit, takes_any: false }
    }

    /// The same; lists and objects are taken, too, as they are written.
    pub(super) fn of_any_kind(selectors: &'r OneOrMore<Selector>, limit: usize) -> Self {
        Self { takes_any: true, ..Self::new(selectors, limit) }
    }

    pub(super) fn record(&mut self, record: &Value) {
        for (selector, found) in self.selectors.iter().zip(&mut self.found) {
            let settled = selector.take == Take::First && found.is_some();
            if settled || !holds(&selector.among, record) {
                continue;
            }
            let words = words(selector, record, self.takes_any);
            if words.is_empty() {
                continue;
            }
            let before = if selector.take == Take::Concat { found.take() } else { None };
            found.insert(before.unwrap_or_default()).add(&words, between(selector), self.limit);
        }
    }

    /// What the first selector found that found something, and how many bytes were left out of it.
    pub(super) fn found(&self) -> Option<(String, u64)> {
        let kept = self.found.iter().flatten().find(|kept| !kept.text.trim().is_empty())?;
        Some((kept.text.clone(), kept.left_out))
    }
}

impl Kept {
    /// Never more is put together than is kept: a definition's join may be longer than all that it joins.
    fn add(&mut self, words: &[String], between: &str, limit: usize) {
        for (nth, one) in words.iter().enumerate() {
            if nth > 0 {
                self.push(between, limit);
            }
            self.push(one, limit);
        }
    }

    fn push(&mut self, words: &str, limit: usize) {
        let room = limit.saturating_sub(self.text.len());
        let cut = (0..=room.min(words.len())).rev().find(|at| words.is_char_boundary(*at)).unwrap_or(0);
        let fits = if self.left_out > 0 { 0 } else { cut };
        self.text.push_str(&words[..fits]);
        self.left_out += (words.len() - fits) as u64;
    }
}

/// What stands between several words of one record.
fn between(selector: &Selector) -> &str {
    if selector.keys.is_some() && selector.join.is_empty() { ", " } else { &selector.join }
}

/// The words at a selector's place.
fn words(selector: &Selector, record: &Value, takes_any: bool) -> Vec<String> {
    let plain = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Array(all) if takes_any && !all.is_empty() => Some(value.to_string()),
        Value::Object(all) if takes_any && !all.is_empty() => Some(value.to_string()),
        Value::Bool(_) | Value::Null | Value::Array(_) | Value::Object(_) => None,
    };
    match (&selector.at, &selector.keys) {
        (Some(at), _) => at.find(record).into_iter().filter_map(plain).collect(),
        (None, Some(keys)) => {
            keys.find(record).into_iter().filter_map(Value::as_object).flat_map(|object| object.keys().cloned()).collect()
        }
        (None, None) => Vec::new(),
    }
}
