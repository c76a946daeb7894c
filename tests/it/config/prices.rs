//! A price table of one's own, beside and above `openclaw.json`.

use orchestrator_core::domain::{model::ModelId, money::Price};

use super::{Machine, tells};

const OPENCLAW: &str = r#"{
  models: { providers: { p: { models: [{ id: "m", cost: { input: 0.001, output: 0.002, cacheRead: 0.0001 } }, { id: "bare" }] } } },
  agents: { defaults: { models: { "p/m": { alias: "primary" } } } },
}"#;

fn with(prices: &str) -> Machine {
    Machine::new().file("openclaw.json", OPENCLAW).file("orchestrator_config.json", format!("{{\"prices\": {prices}}}"))
}

fn price(machine: &Machine, model: &str) -> Option<Price> {
    machine.config().openclaw.catalogue.price(&ModelId(model.to_owned()))
}

/// Billionths of a dollar per million tokens.
const DOLLAR: u64 = 1_000_000_000;

#[test]
fn one_s_own_table_wins_part_by_part_and_knows_models_that_no_other_file_does() {
    let machine = with(
        r#"{"unit": "per_thousand", "models": {
            "primary": {"output": 0.004},
            "p/bare": {"input": "$0.001", "output": 0},
            "gpt-5": {"input": 1.25, "output": 10, "cache_read": 0.125, "cache_write": 1e-1, "unit": "per_million"},
        }}"#,
    );

    assert_eq!(price(&machine, "p/m"), Some(Price { input: DOLLAR, output: 4 * DOLLAR, cache_read: DOLLAR / 10, cache_write: 0 }));
    assert_eq!(price(&machine, "p/bare"), Some(Price { input: DOLLAR, ..Price::default() }));
    let gpt = Price { input: DOLLAR * 5 / 4, output: 10 * DOLLAR, cache_read: DOLLAR / 8, cache_write: DOLLAR / 10 };
    assert_eq!(price(&machine, "gpt-5"), Some(gpt));
    assert_eq!(machine.config().openclaw.catalogue.resolve("gpt-5"), Ok(ModelId("gpt-5".to_owned())), "a task may ask for it");
    assert_eq!(machine.warnings(), Vec::<String>::new());
}

#[test]
fn a_table_needs_no_openclaw_json() {
    let machine = Machine::new().file(
        "orchestrator_config.json",
        r#"{"prices": {"unit": "per_million", "models": {"openai/gpt-5": {"input": 1.25, "output": 10}}}}"#,
    );

    assert_eq!(price(&machine, "openai/gpt-5").map(|price| price.output), Some(10 * DOLLAR));
}

#[test]
fn what_a_price_means_is_never_guessed() {
    for (prices, parts) in [
        (r#"{"models": {"x": {"input": 1, "output": 2}}}"#, ["`prices.models.x`", "per thousand or per million", "Set `prices.unit`"]),
        (
            r#"{"unit": "per_million", "models": {"x": {"input": -1, "output": 2}}}"#,
            ["`prices.models.x.input`", "\"-1\"", "a number of dollars"],
        ),
        (
            r#"{"unit": "per_million", "models": {"x": {"input": 1}}}"#,
            ["`prices.models.x`", "`input` and `output`", "no price of this model"],
        ),
        (r#"{"unit": "per_million", "models": {"two words": {"input": 1, "output": 1}}}"#, ["prices.models", "named like a model", ""]),
        (r#"{"unit": "per_million", "models": {"primary": {"input": 1}, "p/m": {"input": 2}}}"#, ["same model as `p/m`", "Leave one", ""]),
        (r#"{"unit": "per_million", "models": {"x": {"inptu": 1, "output": 1}}}"#, ["unknown key", "Did you mean `input`?", ""]),
    ] {
        let faults = with(prices).faults();
        assert!(tells(&faults, &parts), "{prices}: {faults:?}");
    }
}

#[test]
fn the_unit_may_come_from_a_flag_or_the_environment() {
    let machine = with(r#"{"models": {"x": {"input": 1, "output": 2}}}"#).set("prices.unit=per_million");

    assert_eq!(price(&machine, "x").map(|price| price.output), Some(2 * DOLLAR));
}

#[test]
fn a_price_that_nobody_asks_is_warned_about_with_what_mends_it() {
    let doubted = |unit: &str, output: &str| {
        with(&format!(r#"{{"unit": "{unit}", "models": {{"x": {{"input": 0, "output": {output}}}}}}}"#)).warnings()
    };

    assert!(tells(&doubted("per_thousand", "10"), &["`prices.models.x`", "implausible", "more than $1 per 1,000", "per_million"]));
    assert!(tells(&doubted("per_million", "0.002"), &["`prices.models.x`", "implausible", "half a cent", "per_thousand"]));
    assert!(!tells(&doubted("per_million", "10"), &["`prices.models.x`"]));
    assert!(!tells(&doubted("per_million", "0"), &["`prices.models.x`"]), "free is no mistake");
}
