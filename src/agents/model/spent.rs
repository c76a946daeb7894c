//! What a run has used so far, summed over its calls, and the file that tells it.

use std::{io, path::Path};

use orchestrator_core::domain::money::Usd;
use serde_json::{Number, Value, json};

use super::{super::workspace, stream::Tokens};

/// Sums over the calls of a run. Money is added in billionths of a dollar: nothing drifts.
#[derive(Debug, Default)]
pub(in crate::agents) struct Spent {
    input: u64,
    output: u64,
    cache_read: u64,
    cache_write: u64,
    /// `None` as soon as one call did not tell its cost: a part of a sum is no sum.
    cost: Option<Usd>,
    model: String,
    told: u32,
    untold: u32,
}

impl Spent {
    /// Adds a call; one whose use is unknown is counted as such, not as nothing.
    pub(in crate::agents) fn add(&mut self, model: &str, tokens: Option<&Tokens>) {
        let Some(tokens) = tokens else {
            self.untold += 1;
            return;
        };
        let first = self.told == 0;
        model.clone_into(&mut self.model);
        self.input = self.input.saturating_add(tokens.input);
        self.output = self.output.saturating_add(tokens.output);
        self.cache_read = self.cache_read.saturating_add(tokens.cache_read.unwrap_or(0));
        self.cache_write = self.cache_write.saturating_add(tokens.cache_write.unwrap_or(0));
        let cost = tokens.cost.as_ref().and_then(|cost| cost.to_string().parse::<Usd>().ok());
        self.cost = match (first, self.cost, cost) {
            (true, _, cost) => cost,
            (false, Some(sum), Some(cost)) => Some(sum.saturating_add(cost)),
            (false, ..) => None,
        };
        self.told += 1;
    }

    /// How many calls did not tell what they used.
    pub(in crate::agents) fn untold(&self) -> u32 {
        self.untold
    }

    /// Writes USAGE.json in one piece; not before any call has told something: unknown is not zero.
    ///
    /// # Errors
    ///
    /// If the file can't be written.
    pub(in crate::agents) fn write(&self, folder: &Path) -> io::Result<()> {
        if self.told == 0 {
            return Ok(());
        }
        workspace::write(folder, "USAGE.json", &format!("{}\n", self.usage()))
    }

    fn usage(&self) -> Value {
        let mut usage = json!({
            "input": self.input, "output": self.output, "cache_read": self.cache_read, "cache_write": self.cache_write, "model": self.model,
        });
        // The cost of calls that did not tell theirs is missing from the sum.
        if let Some(cost) = self.cost.filter(|_| self.untold == 0).and_then(as_number) {
            usage["cost_usd"] = Value::Number(cost);
        }
        usage
    }
}

/// Exact: an amount that the orchestrator knows has at most 15 digits, which a number of JSON keeps.
fn as_number(amount: Usd) -> Option<Number> {
    serde_json::from_str(amount.to_string().trim_start_matches('$')).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(cost: &str) -> Tokens {
        Tokens { input: 1, output: 2, cost: serde_json::from_str(cost).ok(), ..Tokens::default() }
    }

    #[test]
    fn costs_are_added_as_they_are_written() {
        let mut spent = Spent::default();
        for cost in ["0.1", "0.2", "4.46e-4", "0.000000001"] {
            spent.add("m", Some(&tokens(cost)));
        }

        assert_eq!(spent.usage()["cost_usd"].to_string(), "0.300446001");
        assert_eq!((&spent.usage()["input"], &spent.usage()["output"]), (&4.into(), &8.into()));
    }

    #[test]
    fn a_cost_that_one_call_did_not_tell_is_no_sum() {
        for order in [["0.1", "null"], ["null", "0.1"]] {
            let mut spent = Spent::default();
            for cost in order {
                spent.add("m", Some(&tokens(cost)));
            }
            assert_eq!(spent.usage()["cost_usd"], Value::Null, "{order:?}");
        }
        let mut spent = Spent::default();
        spent.add("m", Some(&tokens("0.1")));
        spent.add("m", None);
        assert_eq!((&spent.usage()["cost_usd"], spent.untold()), (&Value::Null, 1));
    }
}
