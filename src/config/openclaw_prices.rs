//! Prices as `openclaw.json` states them: read exactly as they are written, and doubted where nobody asks such a price.

use orchestrator_core::domain::{
    model::ModelId,
    money::{Doubt, Price, PriceUnit},
};
use serde_json::Value;

use super::{
    complaint::Complaint,
    json_text::{Document, join},
};

/// A model whose price is known.
pub(super) struct Priced {
    pub(super) model: ModelId,
    pub(super) price: Price,
}

/// Reads `cost`. `None`, with a warning, where the price of input or output is missing or no price: then the cost is unknown, not zero.
/// Cache prices that are missing are zero, as OpenClaw itself takes them.
pub(super) fn read(
    document: &Document,
    cost: &Value,
    path: &str,
    unit: PriceUnit,
    warn: &mut dyn FnMut(&str, &'static str),
) -> Option<Price> {
    if !cost.is_object() {
        warn(path, "it should be an object with `input` and `output`; the price is unknown");
        return None;
    }
    let mut part = |name: &str| {
        let at = join(path, name);
        match (cost.get(name), document.number(&at)) {
            (None, _) => Some(None),
            // The digits of the file, not the nearest binary fraction.
            (Some(Value::Number(_)), Some(written)) => {
                let price = unit.read(written);
                if price.is_none() {
                    warn(&at, "it should be a number of dollars, 0 or above; the model's price is unknown");
                }
                price.map(Some)
            }
            (Some(_), _) => {
                warn(&at, "it should be a number; the model's price is unknown");
                None
            }
        }
    };
    let (input, output, cache_read, cache_write) = (part("input"), part("output"), part("cacheRead"), part("cacheWrite"));
    let (Some(input), Some(output)) = (input?, output?) else {
        warn(path, "it should have `input` and `output`; the price is unknown");
        return None;
    };
    Some(Price { input, output, cache_read: cache_read?.unwrap_or(0), cache_write: cache_write?.unwrap_or(0) })
}

/// Less than two cents per million tokens of output, asked by every model of a file: less than the cheapest model that is not free.
const TOO_LOW: u64 = 20_000_000;

/// Says which prices can hardly be meant as `unit`, and what to do about it; one complaint for the file.
pub(super) fn implausible(place: &str, priced: &[Priced], unit: PriceUnit) -> Option<Complaint> {
    const KEY: &str = "models.providers";
    const DEAR: &str = "more than $1 per 1,000";
    const CHEAP: &str = "less than any model does";
    const CHECK: &str = "Check the file, or put the right prices into `prices.models` of orchestrator_config.json.";
    let names = |odd: &[&Priced]| {
        let shown: Vec<&str> = odd.iter().take(3).map(|priced| priced.model.0.as_str()).collect();
        let more = if odd.len() > 3 { format!(" and {} more", odd.len() - 3) } else { String::new() };
        format!("{}{more}", shown.join(", "))
    };
    let doubted = |doubt: Doubt| -> Vec<&Priced> { priced.iter().filter(|p| p.price.doubt() == Some(doubt)).collect() };
    let (high, low) = (doubted(Doubt::TooHigh), doubted(Doubt::TooLow));
    let paid: Vec<&Priced> = priced.iter().filter(|p| p.price.output > 0).collect();
    let all_low = !paid.is_empty() && paid.iter().all(|p| p.price.output < TOO_LOW);
    let about = |read: &str, odd: &[&Priced], costs: &str, way_out: &str| {
        let rule = format!("implausible prices: read as dollars per {read} tokens, {} cost {costs}", names(odd));
        Some(Complaint::about(place, KEY, rule).way_out(way_out))
    };
    match unit {
        PriceUnit::PerThousand if !high.is_empty() => about(
            "1,000",
            &high,
            DEAR,
            "Today's OpenClaw files state prices per million: set \"prices\": {\"unit\": \"per_million\"} in orchestrator_config.json.",
        ),
        PriceUnit::PerMillion if all_low => about(
            "1,000,000",
            &paid,
            CHEAP,
            "The file seems to state them per 1,000: take \"prices\": {\"unit\": \"per_million\"} out of orchestrator_config.json.",
        ),
        PriceUnit::PerMillion if !high.is_empty() => about("1,000,000", &high, DEAR, CHECK),
        PriceUnit::PerThousand if !low.is_empty() => about("1,000", &low, CHEAP, CHECK),
        PriceUnit::PerMillion if !low.is_empty() => about("1,000,000", &low, CHEAP, CHECK),
        PriceUnit::PerThousand | PriceUnit::PerMillion => None,
    }
}
