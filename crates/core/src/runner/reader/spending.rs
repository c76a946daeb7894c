//! Tokens and cost, call by call or as sums.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::domain::{
    evidence::Spent,
    money::{PriceUnit, Usage, Usd},
    reading::{OneOrMore, Pointer, Take, UsageRule, holds},
};

/// Longest name of a model that is believed, in bytes.
const NAME: usize = 200;
/// More tokens than any run has had: beyond it a number is a mistake.
const MOST_TOKENS: u64 = 1_000_000_000_000_000;
/// How much is shown of what stood in a number's place, in characters.
const SHOWN: usize = 40;

/// What was spent so far, by one rule.
#[derive(Debug)]
pub(super) struct Spending<'r> {
    rule: &'r UsageRule,
    by_model: Spent,
    cost: Cost,
    /// What was no number where one should be: the first of each place, and how many there were.
    odd: BTreeMap<String, (String, u64)>,
    /// Whether a record that counts has such a number among its tokens: then their sum is unknown.
    unsure: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cost {
    /// No call has told one.
    Untold,
    /// Every call has.
    Known(Usd),
    /// Some have: the sum is unknown.
    InPart,
}

/// What a record says of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Nothing,
    Usage(Usage),
    /// Something that can't be true.
    Unsure,
}

impl<'r> Spending<'r> {
    pub(super) fn new(rule: &'r UsageRule) -> Self {
        Self { rule, by_model: Spent::default(), cost: Cost::Untold, odd: BTreeMap::new(), unsure: false }
    }

    pub(super) fn record(&mut self, record: &Value) {
        let rule = self.rule;
        if !holds(&rule.among, record) {
            return;
        }
        let (usage, cost) = (self.usage(record), self.dollars(record));
        if usage == Told::Nothing && cost.is_none() {
            return;
        }
        let sums = rule.take == Take::Sum || rule.take == Take::Concat;
        let is_first = self.by_model.by_model.is_empty() && self.cost == Cost::Untold && !self.unsure;
        if !sums && rule.take == Take::First && !is_first {
            return;
        }
        if !sums {
            self.by_model.by_model.clear();
            self.unsure = false;
        }
        match usage {
            Told::Usage(usage) => self.by_model.add(model(rule, record).as_deref(), usage),
            Told::Unsure => self.unsure = true,
            Told::Nothing => {}
        }
        self.cost = match (self.cost, cost) {
            (_, Some(cost)) if !sums || is_first => Cost::Known(cost),
            (_, None) if !sums || is_first => Cost::Untold,
            (Cost::Known(sum), Some(cost)) => Cost::Known(sum.saturating_add(cost)),
            (Cost::Untold, None) => Cost::Untold,
            (Cost::Known(_), None) | (Cost::Untold, Some(_)) | (Cost::InPart, _) => Cost::InPart,
        };
    }

    fn usage(&mut self, record: &Value) -> Told {
        let (rule, odd_before) = (self.rule, self.odd_ones());
        let (input, output) = (self.count(&rule.input, record), self.count(&rule.output, record));
        let (cache_read, cache_write) = (self.count(&rule.cache_read, record), self.count(&rule.cache_write, record));
        let reasoning = self.count(&rule.reasoning, record);
        let total = self.count(&rule.total, record);
        if input.is_none() && output.is_none() && cache_read.is_none() && cache_write.is_none() {
            return Told::Nothing;
        }
        if self.odd_ones() > odd_before {
            return Told::Unsure;
        }
        let (read, written) = (cache_read.unwrap_or(0), cache_write.unwrap_or(0));
        let input = input.unwrap_or(0);
        let input = if rule.input_includes_cached { input.saturating_sub(read).saturating_sub(written) } else { input };
        let mut output = output.unwrap_or(0);
        if !rule.output_includes_reasoning {
            let told = [input, read, written, output].into_iter().fold(0_u64, u64::saturating_add);
            let untold = || total.map_or(0, |total| total.saturating_sub(told));
            output = output.saturating_add(reasoning.unwrap_or_else(untold));
        }
        Told::Usage(Usage { input, output, cache_read: read, cache_write: written })
    }

    /// The number of tokens at the first of these places that has one; several values at a place are added up.
    fn count(&mut self, at: &OneOrMore<Pointer>, record: &Value) -> Option<u64> {
        for pointer in &at.0 {
            let found: Vec<&Value> = pointer.find(record).into_iter().filter(|value| !value.is_null()).collect();
            if !found.is_empty() {
                return Some(found.into_iter().fold(0, |sum: u64, value| {
                    sum.saturating_add(count(value).unwrap_or_else(|| {
                        self.is_odd(pointer, value);
                        0
                    }))
                }));
            }
        }
        None
    }

    /// The cost at the first of these places that has one.
    fn dollars(&mut self, record: &Value) -> Option<Usd> {
        let rule = self.rule;
        if !holds(&rule.cost_where, record) {
            return None;
        }
        for pointer in &rule.cost.0 {
            let found = pointer.find(record).into_iter().find(|value| !value.is_null());
            let Some(value) = found else { continue };
            match dollars(value) {
                Some(cost) => return Some(cost),
                None => self.is_odd(pointer, value),
            }
        }
        None
    }

    fn is_odd(&mut self, at: &Pointer, given: &Value) {
        let (_, number) = self.odd.entry(at.to_string()).or_insert_with(|| {
            let written = given.to_string();
            let more = if written.chars().nth(SHOWN).is_some() { "…" } else { "" };
            (written.chars().take(SHOWN).collect::<String>() + more, 0)
        });
        *number += 1;
    }

    fn odd_ones(&self) -> u64 {
        self.odd.values().map(|(_, number)| number).sum()
    }

    /// Whether tokens were told that can't be true.
    pub(super) fn is_unsure(&self) -> bool {
        self.unsure
    }

    /// What is known in the end: of tokens that were told in part, nothing.
    pub(super) fn settled(&self, model: Option<&str>) -> Spent {
        let mut spent = self.spent(model);
        if self.unsure {
            spent.by_model.clear();
        }
        spent
    }

    /// What is known by now; `model`: where the calls don't tell theirs.
    pub(super) fn spent(&self, model: Option<&str>) -> Spent {
        let mut spent = self.by_model.clone();
        for (known, _) in &mut spent.by_model {
            if known.is_none() {
                *known = model.map(str::to_owned);
            }
        }
        spent.cost = if let Cost::Known(cost) = self.cost { Some(cost) } else { None };
        spent
    }

    pub(super) fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        if !self.odd.is_empty() {
            let places = self.odd.iter().map(|(place, (first, number))| {
                let more = if *number > 1 { format!(" (and {} more there)", number - 1) } else { String::new() };
                format!("{first} at `{place}`{more}")
            });
            let places = places.collect::<Vec<_>>().join(", ");
            let unknown = if self.unsure { ": how many tokens there were is unknown" } else { "" };
            remarks.push(format!("its usage has {places}, which can't be true{unknown}"));
        }
        if self.cost == Cost::InPart {
            remarks.push("the agent tells the cost of some calls only: their sum is unknown".to_owned());
        }
        remarks
    }
}

/// A number of tokens, a fraction dropped; `None`: it is negative, beyond all measure, or no number.
fn count(given: &Value) -> Option<u64> {
    let number = match (given.as_u64(), given.as_f64()) {
        (Some(number), _) => number,
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "none is negative, and a cast holds what is too large at the largest"
        )]
        (None, Some(number)) if number >= 0.0 => number as u64,
        _ => return None,
    };
    (number <= MOST_TOKENS).then_some(number)
}

/// Dollars as they are stated, rounded half up to a billionth.
fn dollars(given: &Value) -> Option<Usd> {
    let number = given.as_number()?;
    // Read as if it were a price per million: billionths of a dollar.
    let nanos = PriceUnit::PerMillion.read(&number.to_string())?;
    i64::try_from(nanos).ok().map(Usd::from_nanos)
}

/// `provider/model` where both are named.
fn model(rule: &UsageRule, record: &Value) -> Option<String> {
    let named = |at: &OneOrMore<Pointer>| {
        let texts = at.0.iter().flat_map(|at| at.find(record)).filter_map(Value::as_str);
        texts.filter(|name| !name.is_empty() && name.len() <= NAME).map(str::to_owned).next()
    };
    let model = named(&rule.model)?;
    match named(&rule.provider) {
        Some(provider) if !model.starts_with(&format!("{provider}/")) => Some(format!("{provider}/{model}")),
        _ => Some(model),
    }
}
