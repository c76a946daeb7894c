//! Which lines of an endless output must not be lost: those that tell what was used.

use serde_json::Value;

use super::{Format, OneOrMore, Pointer, Reading, Test};

impl Reading {
    /// What each line holds that tells what was used, as it is written in JSON; a line with one of these may tell it, one with none does not. Nothing: no
    /// line of its output does.
    pub fn words_of_usage(&self) -> Vec<String> {
        let rule = &self.usage;
        let figures = [&rule.input, &rule.output, &rule.cache_read, &rule.cache_write, &rule.reasoning, &rule.total, &rule.cost];
        let named: Vec<String> = figures.into_iter().filter_map(|OneOrMore(ways)| words_of(ways)).flatten().collect();
        if self.format != Format::Jsonl || named.is_empty() {
            return Vec::new();
        }
        // What its kind is called is told by fewer lines than its figures.
        rule.among.values().find_map(words_of_test).unwrap_or(named)
    }
}

/// The names at the ends of some ways, of each the last one; `None`: one has none.
fn words_of(ways: &[Pointer]) -> Option<Vec<String>> {
    let last = |way: &Pointer| way.names().last().map(quoted);
    ways.iter().map(last).collect()
}

fn words_of_test(test: &Test) -> Option<Vec<String>> {
    let Test::Is(any) = test else { return None };
    any.iter().map(|value| if let Value::String(text) = value { Some(quoted(text)) } else { None }).collect()
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn words(usage: &Value, format: &str) -> Vec<String> {
        serde_json::from_value::<Reading>(json!({"format": format, "usage": usage})).unwrap().words_of_usage()
    }

    #[test]
    fn lines_that_tell_of_usage_are_known_by_their_kind_or_else_by_the_names_of_its_figures() {
        assert_eq!(words(&json!({"where": {"/n": 7, "/type": ["a", "b"]}, "input": "/in"}), "jsonl"), ["\"a\"", "\"b\""]);
        assert_eq!(
            words(&json!({"where": {"/n": {"exists": true}}, "input": ["/u/in", "/u/*/tokens/*"], "cost": "/usd"}), "jsonl"),
            ["\"in\"", "\"tokens\"", "\"usd\""]
        );
        assert!(words(&json!({"input": "/in"}), "json").is_empty() && words(&json!({}), "jsonl").is_empty());
    }
}
