//! Tokens and cost, call by call or as sums.

use serde_json::Value;

use crate::domain::{
    evidence::Spent,
    money::{PriceUnit, Usage, Usd},
    reading::{OneOrMore, Pointer, Take, UsageRule, holds},
};

/// Longest name of a model that is believed, in bytes.
const NAME: usize = 200;

/// What was spent so far, by one rule.
#[derive(Debug)]
pub(super) struct Spending<'r> {
    rule: &'r UsageRule,
    by_model: Spent,
    cost: Cost,
    /// Numbers that were none.
    odd: u64,
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

impl<'r> Spending<'r> {
    pub(super) fn new(rule: &'r UsageRule) -> Self {
        Self { rule, by_model: Spent::default(), cost: Cost::Untold, odd: 0 }
    }

    pub(super) fn record(&mut self, record: &Value) {
        let rule = self.rule;
        if !holds(&rule.among, record) {
            return;
        }
        let usage = self.usage(record);
        let cost = rule.cost.0.iter().find_map(|at| dollars(at.find(record).first()?)).filter(|_| holds(&rule.cost_where, record));
        if usage.is_none() && cost.is_none() {
            return;
        }
        let sums = rule.take == Take::Sum || rule.take == Take::Concat;
        let is_first = self.by_model.by_model.is_empty() && self.cost == Cost::Untold;
        if !sums && rule.take == Take::First && !is_first {
            return;
        }
        if !sums {
            self.by_model.by_model.clear();
        }
        if let Some(usage) = usage {
            self.by_model.add(model(rule, record).as_deref(), usage);
        }
        self.cost = match (self.cost, cost) {
            (_, Some(cost)) if !sums || is_first => Cost::Known(cost),
            (_, None) if !sums || is_first => Cost::Untold,
            (Cost::Known(sum), Some(cost)) => Cost::Known(sum.saturating_add(cost)),
            (Cost::Untold, None) => Cost::Untold,
            (Cost::Known(_), None) | (Cost::Untold, Some(_)) | (Cost::InPart, _) => Cost::InPart,
        };
    }

    fn usage(&mut self, record: &Value) -> Option<Usage> {
        let rule = self.rule;
        let (input, output) = (self.count(&rule.input, record), self.count(&rule.output, record));
        let (cache_read, cache_write) = (self.count(&rule.cache_read, record), self.count(&rule.cache_write, record));
        let reasoning = self.count(&rule.reasoning, record);
        let total = self.count(&rule.total, record);
        if input.is_none() && output.is_none() && cache_read.is_none() && cache_write.is_none() {
            return None;
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
        Some(Usage { input, output, cache_read: read, cache_write: written })
    }

    /// The number of tokens at the first of these places that has one; several values at a place are added up.
    fn count(&mut self, at: &OneOrMore<Pointer>, record: &Value) -> Option<u64> {
        for pointer in &at.0 {
            let found: Vec<&Value> = pointer.find(record).into_iter().filter(|value| !value.is_null()).collect();
            if !found.is_empty() {
                return Some(found.into_iter().fold(0, |sum: u64, value| sum.saturating_add(count(value, &mut self.odd))));
            }
        }
        None
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
        if self.odd > 0 {
            remarks.push(format!("{} token counts were no counts and were left out", self.odd));
        }
        if self.cost == Cost::InPart {
            remarks.push("the agent tells the cost of some calls only: their sum is unknown".to_owned());
        }
        remarks
    }
}

/// A number of tokens; a fraction is dropped, what is negative or no number counts as none and is noted.
fn count(given: &Value, odd: &mut u64) -> u64 {
    /// More tokens than any run has had: beyond it a number is a mistake.
    const MOST: f64 = 1e15;
    match (given.as_u64(), given.as_f64()) {
        (Some(number), _) => number,
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the guard leaves numbers that fit")]
        (None, Some(number)) if (0.0..=MOST).contains(&number) => number as u64,
        _ => {
            *odd += 1;
            0
        }
    }
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
