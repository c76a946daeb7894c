//! What a run cost: its tokens, by model, at the prices that are known. Pure.

use super::{
    evidence::Spent,
    model::{Catalogue, ModelId},
    money::{Price, Usage, Usd},
};

/// What a report says of tokens and money.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Priced {
    /// Tokens; `None`: unknown.
    pub usage: Option<Usage>,
    /// Cost; `None`: unknown.
    pub cost: Option<Usd>,
    /// The model that answered, where the agent says so, else the one that was asked for.
    pub model: Option<String>,
    /// Things that a reader should know.
    pub remarks: Vec<String>,
}

/// Prices what an agent reports. A price that is known counts; what the agent itself says that it cost only where none is. A model that asks nothing
/// costs nothing, whether its tokens are known or not. `tokenless` agents have none and cost nothing.
pub fn price(spent: &Spent, catalogue: &Catalogue, requested: Option<&ModelId>, tokenless: bool) -> Priced {
    let mut priced = Priced { usage: spent.usage(), cost: None, model: requested.map(|id| id.0.clone()), remarks: Vec::new() };
    if spent.by_model.is_empty() {
        let free = requested.and_then(|id| catalogue.price(id)).is_some_and(|price| price.is_free());
        priced.cost = if free || tokenless { Some(Usd::ZERO) } else { spent.cost };
        priced.usage = tokenless.then(Usage::default);
        return priced;
    }
    let answered: Vec<(Option<String>, Option<Price>, &Usage)> = spent
        .by_model
        .iter()
        .map(|(reported, usage)| {
            let known = identify(reported.as_deref(), requested, catalogue);
            let price = known.as_ref().and_then(|id| catalogue.price(id));
            (known.map(|id| id.0).or_else(|| reported.clone()), price, usage)
        })
        .collect();
    let costs: Option<Vec<Usd>> = answered.iter().map(|(_, price, usage)| price.map(|price| price.cost(usage))).collect();
    // Nothing was asked of a model, so nothing is owed.
    let nothing = spent.usage() == Some(Usage::default());
    priced.cost = costs.map(|costs| costs.into_iter().sum()).or(spent.cost).or(nothing.then_some(Usd::ZERO));
    // The model with the most to say is the one that answered; others are told.
    let most = answered.iter().max_by_key(|(_, _, usage)| usage.output);
    priced.model = most.and_then(|(model, _, _)| model.clone()).or(priced.model);
    let names: Vec<_> = answered.iter().filter_map(|(model, _, _)| model.as_deref()).collect();
    if names.len() > 1 {
        priced.remarks.push(format!("several models answered: {}", names.join(", ")));
    }
    priced
}

/// The model that a report means. What it does not name is what was asked for; so is that model's dated edition.
fn identify(reported: Option<&str>, requested: Option<&ModelId>, catalogue: &Catalogue) -> Option<ModelId> {
    let Some(reported) = reported else { return requested.cloned() };
    let exact = ModelId(reported.to_owned());
    if catalogue.price(&exact).is_some() {
        return Some(exact);
    }
    if let Some(requested) = requested.filter(|id| means(reported, &id.0)) {
        return Some(requested.clone());
    }
    catalogue.resolve(reported).ok().filter(|id| catalogue.price(id).is_some())
}

/// Whether a reported name is the requested one, with or without its provider, and at most a date after it.
fn means(reported: &str, requested: &str) -> bool {
    let short = |id: &str| id.split_once('/').map(|(_, rest)| rest.to_owned());
    let names = [Some(requested.to_owned()), short(requested), requested.rsplit('/').next().map(str::to_owned)];
    let given = [Some(reported.to_owned()), short(reported)];
    given.iter().flatten().any(|given| {
        names.iter().flatten().filter_map(|name| given.strip_prefix(name.as_str())).any(|rest| {
            let date = rest.strip_prefix(['-', '@']).unwrap_or("x");
            rest.is_empty()
                || (date.chars().all(|c| c.is_ascii_digit() || c == '-') && date.chars().filter(char::is_ascii_digit).count() >= 4)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::money::PriceUnit;

    const KIMI: &str = "openrouter/moonshotai/kimi-k2.5";

    fn catalogue() -> Catalogue {
        let read = |written| PriceUnit::PerThousand.read(written).unwrap();
        let mut known = Catalogue::default();
        let kimi = Price { input: read("0.00045"), output: read("0.00225"), cache_read: read("0.00007"), cache_write: 0 };
        known.add(&ModelId(KIMI.into()), Some("primary".into()), Some(kimi));
        known.add(&ModelId("openrouter/stepfun/step-3.5-flash:free".into()), Some("cheap".into()), Some(Price::default()));
        known.add(&ModelId("openrouter/x/unpriced".into()), None, None);
        known
    }

    fn spent(turns: &[(Option<&str>, u64, u64)], cost: Option<i64>) -> Spent {
        let mut spent = Spent { cost: cost.map(Usd::from_nanos), ..Spent::default() };
        for (model, input, output) in turns {
            spent.add(*model, Usage { input: *input, output: *output, ..Usage::default() });
        }
        spent
    }

    fn cost(spent: &Spent, requested: &str) -> Option<String> {
        price(spent, &catalogue(), Some(&ModelId(requested.into())), false).cost.map(|cost| cost.to_string())
    }

    #[test]
    fn tokens_cost_what_the_catalogue_says_whatever_the_agent_says() {
        let two_turns = spent(&[(None, 1_000, 200), (None, 200, 100)], Some(9_000_000));

        assert_eq!(cost(&two_turns, KIMI).as_deref(), Some("$0.001215"));
    }

    #[test]
    fn a_free_model_costs_nothing_even_if_its_tokens_are_unknown() {
        let cheap = "openrouter/stepfun/step-3.5-flash:free";

        assert_eq!(cost(&spent(&[(None, 5, 5)], None), cheap).as_deref(), Some("$0"));
        assert_eq!(cost(&Spent::default(), cheap).as_deref(), Some("$0"));
    }

    #[test]
    fn without_a_price_the_agent_s_word_counts_and_without_that_nobody_knows() {
        assert_eq!(cost(&spent(&[(None, 5, 5)], Some(500_000_000)), "openrouter/x/unpriced").as_deref(), Some("$0.5"));
        assert_eq!(cost(&spent(&[(None, 5, 5)], None), "openrouter/x/unpriced"), None);
        assert_eq!(cost(&Spent::default(), KIMI), None);
    }

    #[test]
    fn a_run_that_asked_nothing_of_a_model_costs_nothing() {
        assert_eq!(cost(&spent(&[(None, 0, 0)], None), "openrouter/x/unpriced").as_deref(), Some("$0"));
    }

    #[test]
    fn the_model_that_answered_is_priced_and_shown() {
        for (reported, shown, known) in [
            (KIMI, KIMI, true),
            ("moonshotai/kimi-k2.5", KIMI, true),
            ("kimi-k2.5", KIMI, true),
            ("moonshotai/kimi-k2.5-20260127", KIMI, true),
            ("openrouter/moonshotai/kimi-k2.5-2026-01-27", KIMI, true),
            ("moonshotai/kimi-k2.5-turbo", "moonshotai/kimi-k2.5-turbo", false),
            ("stepfun/step-3.5-flash:free", "openrouter/stepfun/step-3.5-flash:free", true),
            ("somebody/else", "somebody/else", false),
        ] {
            let priced = price(&spent(&[(Some(reported), 1, 1)], None), &catalogue(), Some(&ModelId(KIMI.into())), false);
            assert_eq!((priced.model.as_deref(), priced.cost.is_some()), (Some(shown), known), "{reported}");
        }
    }

    #[test]
    fn several_models_are_priced_each_and_told() {
        let mixed = spent(&[(Some("stepfun/step-3.5-flash:free"), 1_000, 1), (Some(KIMI), 1_200, 300)], None);
        let priced = price(&mixed, &catalogue(), Some(&ModelId(KIMI.into())), false);

        assert_eq!((priced.cost.unwrap().to_string().as_str(), priced.model.as_deref()), ("$0.001215", Some(KIMI)));
        assert_eq!(priced.remarks, ["several models answered: openrouter/stepfun/step-3.5-flash:free, openrouter/moonshotai/kimi-k2.5"]);
        let unknown = spent(&[(Some("who/knows"), 1, 1), (Some(KIMI), 1, 1)], None);
        assert_eq!(cost(&unknown, KIMI), None, "a sum with an unknown part is unknown");
    }

    #[test]
    fn an_agent_without_tokens_costs_nothing() {
        let priced = price(&Spent::default(), &catalogue(), None, true);

        assert_eq!((priced.usage, priced.cost, priced.model), (Some(Usage::default()), Some(Usd::ZERO), None));
    }
}
