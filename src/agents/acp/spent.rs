//! What an agent has used, as it tells it at the end of its turn and, the cost alone, meanwhile.
//!
//! Agents do not agree on what their words mean. Where they tell a total as well, it decides: whether what was found in the cache is counted among what was
//! read, and the thinking among what was written.

use serde_json::{Map, Number, Value, json};

/// Names of one number, as agents write it.
const INPUT: [&str; 2] = ["inputTokens", "input_tokens"];
const OUTPUT: [&str; 2] = ["outputTokens", "output_tokens"];
const CACHE_READ: [&str; 3] = ["cachedReadTokens", "cachedInputTokens", "cached_input_tokens"];
const CACHE_WRITE: [&str; 3] = ["cachedWriteTokens", "cacheWriteInputTokens", "cache_write_input_tokens"];
const THOUGHT: [&str; 3] = ["thoughtTokens", "reasoningOutputTokens", "reasoning_output_tokens"];
const TOTAL: [&str; 2] = ["totalTokens", "total_tokens"];

/// What is known of what was used.
#[derive(Debug, Default)]
pub(super) struct Spent {
    tokens: Option<Value>,
    cost: Option<Number>,
    model: Option<String>,
    /// Costs that are told in another currency.
    foreign: Option<String>,
    /// A sum so far that was told after a higher one, or that is no sum of money.
    odd: Option<Number>,
}

impl Spent {
    /// The model, where the session tells it before anything is used.
    pub(super) fn begins_with(&mut self, model: Option<String>) {
        self.model = model;
    }

    /// A `usage_update`: what the session has cost so far. Whether there is something new to tell.
    pub(super) fn update(&mut self, update: &Value) -> bool {
        if let Some(model) = update["_meta"]["_claude/model"].as_str() {
            self.model = Some(model.to_owned());
        }
        let cost = &update["cost"];
        let Some(amount) = cost["amount"].as_number() else { return false };
        match cost["currency"].as_str() {
            None | Some("USD") => {}
            Some(other) => {
                self.foreign = Some(other.chars().take(10).collect());
                return false;
            }
        }
        // It is the sum so far: what was spent does not come back.
        let before = self.cost.as_ref().and_then(Number::as_f64).unwrap_or(0.0);
        let Some(sum) = amount.as_f64().filter(|sum| *sum >= before) else {
            self.odd = Some(amount.clone());
            return false;
        };
        let is_new = self.cost.as_ref() != Some(amount);
        self.cost = Some(amount.clone());
        // Nothing yet is not told: an agent that is stopped may say that it has used nothing.
        is_new && sum > 0.0
    }

    /// What the reader of the result has to know of its cost.
    pub(super) fn notes(&self) -> Vec<String> {
        let foreign = self.foreign.as_ref().map(|currency| format!("the agent tells its cost in {currency}: it is not counted"));
        let odd = self.odd.as_ref().map(|odd| match &self.cost {
            Some(highest) => format!("the agent told its cost so far as {odd} after {highest}: the highest counts"),
            None => format!("the agent told its cost so far as {odd}: it is not counted"),
        });
        foreign.into_iter().chain(odd).collect()
    }

    /// The end of the turn. An agent that was stopped and says that it has used nothing is not believed: `false`.
    pub(super) fn turn(&mut self, result: &Value, cancelled: bool) -> bool {
        let quota = &result["_meta"]["quota"];
        let by_model: Vec<&Value> = quota["model_usage"].as_array().into_iter().flatten().collect();
        let largest = by_model.iter().max_by_key(|one| total(counted(&one["token_count"]).as_ref()));
        if let Some(model) = largest.and_then(|one| one["model"].as_str()) {
            self.model = Some(model.to_owned());
        }
        let of_turn = [&result["usage"], &quota["token_count"]].into_iter().map(counted).find(Option::is_some).flatten();
        let of_models = by_model.iter().filter_map(|one| counted(&one["token_count"])).reduce(sum);
        // Some calls, for a title say, belong to no turn; they were paid for all the same.
        self.tokens = if total(of_models.as_ref()) > total(of_turn.as_ref()) { of_models } else { of_turn };
        let has_cost = self.cost.as_ref().is_some_and(|cost| cost.as_f64() != Some(0.0));
        if cancelled && !has_cost && total(self.tokens.as_ref()) == 0 {
            (self.tokens, self.cost) = (None, None);
            return false;
        }
        true
    }

    /// What was told of tokens is not all: how many there were is unknown. Whether any were told.
    pub(super) fn forget_tokens(&mut self) -> bool {
        self.tokens.take().is_some()
    }

    /// As a line of the bridge: all that is known by now.
    pub(super) fn line(&self) -> Option<Value> {
        let mut line = json!({ "type": "usage" });
        let fields = line.as_object_mut()?;
        fields.extend(self.tokens.clone().map(|tokens| ("usage".to_owned(), tokens)));
        fields.extend(self.cost.clone().map(|cost| ("cost_usd".to_owned(), Value::Number(cost))));
        fields.extend(self.model.clone().map(|model| ("model".to_owned(), Value::String(model))));
        (fields.len() > 1).then_some(line)
    }
}

/// The numbers of a usage in our words; `None`: it has none. What is no number of tokens is passed on as it is, so that whoever reads it sees that.
fn counted(usage: &Value) -> Option<Value> {
    let find = |names: &[&str]| names.iter().map(|name| &usage[*name]).find(|value| !value.is_null()).cloned();
    let (input, output, read, written) = (find(&INPUT), find(&OUTPUT), find(&CACHE_READ), find(&CACHE_WRITE));
    if input.is_none() && output.is_none() {
        return None;
    }
    let number = |value: &Option<Value>| value.as_ref().and_then(Value::as_u64);
    let told = |value: &Option<Value>| number(value).unwrap_or(0);
    let mut counts = Map::new();
    for (name, value) in [("input", &input), ("output", &output), ("cache_read", &read), ("cache_write", &written)] {
        counts.extend(value.clone().map(|value| (name.to_owned(), value)));
    }
    let (in_, out, cached, thought) = (told(&input), told(&output), told(&read).saturating_add(told(&written)), told(&find(&THOUGHT)));
    let sum = |parts: &[u64]| parts.iter().fold(0_u64, |sum, part| sum.saturating_add(*part));
    if let Some(total) = number(&find(&TOTAL)) {
        let (with_thought, with_cached) = match total {
            total if total == sum(&[in_, out, cached]) => (false, false),
            total if thought > 0 && total == sum(&[in_, out, cached, thought]) => (true, false),
            total if cached > 0 && total == sum(&[in_, out]) => (false, true),
            total if cached > 0 && thought > 0 && total == sum(&[in_, out, thought]) => (true, true),
            _ => (false, false),
        };
        if with_thought {
            counts.insert("output".to_owned(), out.saturating_add(thought).into());
        }
        if with_cached {
            counts.insert("input".to_owned(), in_.saturating_sub(cached).into());
        }
    }
    Some(Value::Object(counts))
}

fn total(counts: Option<&Value>) -> u64 {
    let numbers = counts.into_iter().filter_map(Value::as_object).flat_map(Map::values).filter_map(Value::as_u64);
    numbers.fold(0, u64::saturating_add)
}

/// Two usages together. A number that is none stays one that is none.
fn sum(one: Value, other: Value) -> Value {
    let (Value::Object(mut sum), Value::Object(other)) = (one, other) else { return Value::Null };
    for (name, value) in other {
        let both = match (sum.get(&name).map(Value::as_u64), value.as_u64()) {
            (Some(None), _) => continue,
            (Some(Some(one)), Some(other)) => one.saturating_add(other).into(),
            (None, _) | (Some(Some(_)), None) => value,
        };
        sum.insert(name, both);
    }
    Value::Object(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_total_decides_what_the_words_mean() {
        let read = |usage: Value| {
            let counts = counted(&usage).unwrap();
            ["input", "output", "cache_read"].map(|name| counts[name].as_u64())
        };
        let usage = |total: u64| json!({"inputTokens": 1234, "outputTokens": 36, "thoughtTokens": 20, "cachedReadTokens": 1000, "totalTokens": total});

        assert_eq!(read(usage(2270)), [Some(1234), Some(36), Some(1000)], "the thinking is in what was written");
        assert_eq!(read(usage(2290)), [Some(1234), Some(56), Some(1000)], "it is not");
        assert_eq!(read(usage(1270)), [Some(234), Some(36), Some(1000)], "what was cached is in what was read");
        assert_eq!(read(usage(1290)), [Some(234), Some(56), Some(1000)], "both");
        assert_eq!(read(usage(7)), [Some(1234), Some(36), Some(1000)], "a total that fits nothing decides nothing");
        assert_eq!(counted(&json!({"used": 5})), None);
        assert_eq!(counted(&json!({"inputTokens": -3})), Some(json!({"input": -3})));
    }

    #[test]
    fn an_agent_that_was_stopped_and_says_that_it_used_nothing_is_not_believed() {
        let nothing = json!({"stopReason": "cancelled", "usage": {"inputTokens": 0, "outputTokens": 0, "totalTokens": 0}});
        let mut spent = Spent::default();
        assert!(!spent.update(&json!({"cost": {"amount": 0, "currency": "USD"}})));
        assert!(!spent.turn(&nothing, true) && spent.line().is_none());

        assert!(spent.update(&json!({"cost": {"amount": 0.5, "currency": "USD"}})));
        assert!(spent.turn(&nothing, true));
        assert_eq!(spent.line().unwrap()["cost_usd"], json!(0.5));
    }

    #[test]
    fn a_cost_in_another_currency_is_not_taken_for_dollars() {
        let mut spent = Spent::default();

        assert!(!spent.update(&json!({"cost": {"amount": 3, "currency": "EUR"}})));

        assert_eq!((spent.notes(), spent.line()), (vec!["the agent tells its cost in EUR: it is not counted".to_owned()], None));
    }

    #[test]
    fn a_sum_so_far_does_not_become_smaller_and_is_not_negative() {
        let told = |amounts: &[f64]| {
            let mut spent = Spent::default();
            let news: Vec<bool> =
                amounts.iter().map(|amount| spent.update(&json!({"cost": {"amount": amount, "currency": "USD"}}))).collect();
            (news, spent.line().map(|line| line["cost_usd"].clone()), spent.notes().len())
        };

        assert_eq!(told(&[0.4, 0.1, 0.4, 0.5]), (vec![true, false, false, true], Some(json!(0.5)), 1));
        assert_eq!(told(&[0.2, -5.0]), (vec![true, false], Some(json!(0.2)), 1));
        assert_eq!(told(&[-5.0]), (vec![false], None, 1));
    }
}
