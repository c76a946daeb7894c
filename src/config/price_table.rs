//! A price table of one's own, `prices.models`: it wins over `openclaw.json`, part by part, and prices models that no other file knows.

use std::collections::BTreeMap;

use orchestrator_core::domain::{
    model::{Catalogue, ModelId},
    money::{Doubt, PartialPrice, PriceUnit},
};

use super::{
    complaint::Complaint,
    json_text::join,
    own_file::OwnFile,
    sections::{Amount, RawPrice, RawPriceUnit},
};

/// The key that holds it.
const KEY: &str = "prices.models";
/// The key of the unit.
const UNIT: &str = "prices.unit";
/// The longest name of a model.
const LONGEST: usize = 200;

/// The unit of the prices in `openclaw.json`.
pub(super) fn unit(own: &OwnFile) -> PriceUnit {
    meant(own.raw.prices.unit)
}

fn meant(unit: RawPriceUnit) -> PriceUnit {
    match unit {
        RawPriceUnit::PerThousand => PriceUnit::PerThousand,
        RawPriceUnit::PerMillion => PriceUnit::PerMillion,
    }
}

/// Lays the table over what is known. A price that can't be read or whose unit nobody gave is a fault: money is not guessed. One that nobody asks is
/// a warning.
pub(super) fn lay_over(own: &OwnFile, catalogue: &mut Catalogue, faults: &mut Vec<Complaint>, warnings: &mut Vec<Complaint>) {
    let mut named: BTreeMap<ModelId, &str> = BTreeMap::new();
    for (name, raw) in &own.raw.prices.models {
        let key = join(KEY, name);
        if name.is_empty() || name.len() > LONGEST || name.chars().any(|c| c.is_whitespace() || c.is_control()) {
            faults.push(own.complaint(&key, "it must be named like a model: its alias or its id, without spaces"));
            continue;
        }
        let model = catalogue.resolve(name).unwrap_or_else(|_| ModelId(name.clone()));
        if let Some(other) = named.insert(model.clone(), name) {
            faults.push(
                own.complaint(&key, format!("it is the same model as `{other}`, which has a price here already")).way_out("Leave one."),
            );
            continue;
        }
        let Some(unit) = unit_of(own, raw) else {
            let complaint = own.complaint(&key, "nobody says whether its prices are per thousand or per million tokens");
            faults.push(complaint.way_out(format!("Set `{UNIT}` to per_thousand or per_million, or `unit` beside the price.")));
            continue;
        };
        let mut part = |name: &str, given: &Option<Amount>| match given {
            None => Some(None),
            Some(given) => {
                let price = unit.read(given.0.trim().trim_start_matches('$'));
                if price.is_none() {
                    faults.push(own.complaint(&join(&key, name), "it must be a number of dollars, 0 or above").given(&given.0));
                }
                price.map(Some)
            }
        };
        let parts = (
            part("input", &raw.input),
            part("output", &raw.output),
            part("cache_read", &raw.cache_read),
            part("cache_write", &raw.cache_write),
        );
        let (Some(input), Some(output), Some(cache_read), Some(cache_write)) = parts else { continue };
        let Some(price) = (PartialPrice { input, output, cache_read, cache_write }).over(catalogue.price(&model)) else {
            let complaint = own.complaint(&key, "it must have `input` and `output`: openclaw.json has no price of this model");
            faults.push(complaint);
            continue;
        };
        if let Some(doubt) = price.doubt() {
            warnings.push(doubted(own.complaint(&key, ""), doubt, unit));
        }
        catalogue.add(&model, None, Some(price));
    }
}

/// The unit that is written beside the price, else the one that is written for all; what is only the default is no word.
fn unit_of(own: &OwnFile, raw: &RawPrice) -> Option<PriceUnit> {
    raw.unit.or_else(|| Some(own.raw.prices.unit).filter(|_| own.gives(UNIT))).map(meant)
}

fn doubted(complaint: Complaint, doubt: Doubt, unit: PriceUnit) -> Complaint {
    let read = match unit {
        PriceUnit::PerThousand => "1,000",
        PriceUnit::PerMillion => "1,000,000",
    };
    let (costs, way_out) = match (doubt, unit) {
        (Doubt::TooHigh, PriceUnit::PerThousand) => {
            ("more than $1 per 1,000", "If it is a price per million, write \"unit\": \"per_million\" beside it.")
        }
        (Doubt::TooLow, PriceUnit::PerMillion) => {
            ("less than half a cent per 1,000,000", "If it is a price per thousand, write \"unit\": \"per_thousand\" beside it.")
        }
        (Doubt::TooHigh, PriceUnit::PerMillion) => ("more than $1 per 1,000", "Check the number."),
        (Doubt::TooLow, PriceUnit::PerThousand) => ("less than half a cent per 1,000,000", "Check the number."),
    };
    let rule = format!("implausible price: read as dollars per {read} tokens, it costs {costs}");
    Complaint { rule, ..complaint }.way_out(way_out)
}
