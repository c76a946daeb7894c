//! What a run cost: its tokens, by model, at the prices that are known. Pure.

use super::{
    evidence::Spent,
    model::{Catalogue, ModelId},
    money::{CostFrom, Doubt, Price, Usage, Usd},
};

/// What a report says of tokens and money.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Priced {
    /// Tokens; `None`: unknown.
    pub usage: Option<Usage>,
    /// Cost; `None`: unknown.
    pub cost: Option<Usd>,
    /// Whose figure that is.
    pub cost_from: Option<CostFrom>,
    /// The model that answered, where the agent says so, else the one that was asked for.
    pub model: Option<String>,
    /// Things that a reader should know.
    pub remarks: Vec<String>,
    /// Why the figure can hardly be meant; empty: nothing speaks against it.
    pub doubts: Vec<String>,
}

/// How far our figure and the agent's own may lie apart before a reader is told: one of them is read in the wrong unit.
const APART: i128 = 500;

/// Prices what an agent reports. A price that is known counts; what the agent itself says that it cost only where none is. A model that asks nothing
/// costs nothing, whether its tokens are known or not. `tokenless` agents have none and cost nothing.
pub fn price(spent: &Spent, catalogue: &Catalogue, requested: Option<&ModelId>, tokenless: bool) -> Priced {
    let mut priced = Priced { usage: spent.usage(), model: requested.map(|id| id.0.clone()), ..Priced::default() };
    let by_agent = spent.cost.map(|cost| (cost, CostFrom::Agent));
    if spent.by_model.is_empty() {
        let free = requested.and_then(|id| catalogue.price(id)).is_some_and(|price| price.is_free());
        let figure = if free || tokenless { Some((Usd::ZERO, CostFrom::Free)) } else { by_agent };
        (priced.cost, priced.cost_from) = figure.unzip();
        priced.usage = tokenless.then(Usage::default);
        return priced;
    }
    let answered: Vec<Answered<'_>> = spent
        .by_model
        .iter()
        .map(|(reported, usage)| {
            let known = identify(reported.as_deref(), requested, catalogue);
            let price = known.as_ref().and_then(|id| catalogue.price(id));
            Answered { model: known.map(|id| id.0).or_else(|| reported.clone()), price, usage }
        })
        .collect();
    let costs: Option<Vec<Usd>> = answered.iter().map(|one| one.price.map(|price| price.cost(one.usage))).collect();
    let ours = costs.map(|costs| {
        let is_free = answered.iter().all(|one| one.price.is_some_and(|price| price.is_free()));
        (costs.into_iter().sum::<Usd>(), if is_free { CostFrom::Free } else { CostFrom::PriceTable })
    });
    // Nothing was asked of a model, so nothing is owed.
    let nothing = spent.usage() == Some(Usage::default());
    let figure = ours.or(by_agent).or(nothing.then_some((Usd::ZERO, CostFrom::Free)));
    (priced.cost, priced.cost_from) = figure.unzip();
    // The model with the most to say is the one that answered; others are told.
    let most = answered.iter().max_by_key(|one| one.usage.output);
    priced.model = most.and_then(|one| one.model.clone()).or(priced.model);
    let names: Vec<_> = answered.iter().filter_map(|one| one.model.as_deref()).collect();
    if names.len() > 1 {
        priced.remarks.push(format!("several models answered: {}", names.join(", ")));
    }
    priced.doubts.extend(answered.iter().filter_map(Answered::doubt));
    priced.doubts.extend(ours.and_then(|(ours, _)| far_apart(ours, spent.cost?)));
    priced
}

/// One model's part in an answer.
struct Answered<'a> {
    model: Option<String>,
    price: Option<Price>,
    usage: &'a Usage,
}

impl Answered<'_> {
    /// What is to be said of a price that nobody asks.
    fn doubt(&self) -> Option<String> {
        let model = self.model.as_deref().unwrap_or("the model");
        let asked = match self.price?.doubt()? {
            Doubt::TooHigh => "more than $1 per 1,000 tokens",
            Doubt::TooLow => "less than half a cent per 1,000,000 tokens",
        };
        Some(format!("implausible price: by the price table {model} costs {asked}; check `prices.unit`"))
    }
}

/// What is to be said where our figure and the agent's own can't both be right.
fn far_apart(ours: Usd, agents: Usd) -> Option<String> {
    let (one, other) = (i128::from(ours.nanos()), i128::from(agents.nanos()));
    // An agent that has no prices says zero.
    let apart = other > 0 && (one == 0 || one >= other * APART || other >= one * APART);
    apart.then(|| {
        let factor = match (one.max(other) / one.min(other).max(1), one) {
            (_, 0) => "free".to_owned(),
            (factor, _) => format!("{ours}, a factor of {factor}"),
        };
        format!("the agent says that it cost {agents}, by the price table it is {factor}: check `prices`")
    })
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
    if let Some(known) = catalogue.resolve(reported).ok().filter(|id| catalogue.price(id).is_some()) {
        return Some(known);
    }
    // A dated edition of the only model that it can be.
    let mut editions = catalogue.priced().map(|(id, _)| id).filter(|id| means(reported, &id.0));
    match (editions.next(), editions.next()) {
        (Some(only), None) => Some(only.clone()),
        _ => None,
    }
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
    fn it_is_known_whose_figure_a_cost_is() {
        let from = |spent: &Spent, requested: &str| price(spent, &catalogue(), Some(&ModelId(requested.into())), false).cost_from;
        let (unpriced, free) = ("openrouter/x/unpriced", "openrouter/stepfun/step-3.5-flash:free");

        assert_eq!(from(&spent(&[(None, 5, 5)], Some(1)), KIMI), Some(CostFrom::PriceTable));
        assert_eq!(from(&spent(&[(None, 5, 5)], Some(1)), unpriced), Some(CostFrom::Agent));
        assert_eq!(from(&spent(&[], Some(1)), unpriced), Some(CostFrom::Agent));
        assert_eq!(from(&spent(&[(None, 5, 5)], None), free), Some(CostFrom::Free));
        assert_eq!(from(&spent(&[(None, 5, 5)], None), unpriced), None);
        assert_eq!(price(&Spent::default(), &catalogue(), None, true).cost_from, Some(CostFrom::Free));
    }

    #[test]
    fn figures_that_can_t_both_be_right_are_told() {
        let doubts =
            |input, agents| price(&spent(&[(None, input, 0)], Some(agents)), &catalogue(), Some(&ModelId(KIMI.into())), false).doubts;
        // 1,000 tokens are $0.00045 here.
        let apart = "the agent says that it cost $0.225, by the price table it is $0.00045, a factor of 500: check `prices`";

        assert_eq!(doubts(1_000, 225_000_000), [apart]);
        assert_eq!(doubts(1_000, 224_000_000), [""; 0]);
        assert_eq!(doubts(1_000, 900).len(), 1);
        assert_eq!(doubts(1_000, 901), [""; 0]);
        assert_eq!(doubts(1_000, 0), [""; 0], "an agent without prices of its own says zero");
        let free = "openrouter/stepfun/step-3.5-flash:free";
        let told = price(&spent(&[(None, 1, 1)], Some(5_000_000)), &catalogue(), Some(&ModelId(free.into())), false).doubts;
        assert_eq!(told, ["the agent says that it cost $0.005, by the price table it is free: check `prices`"]);
    }

    #[test]
    fn a_price_that_nobody_asks_is_told_with_the_run() {
        let mut known = catalogue();
        known.add(&ModelId(KIMI.into()), None, Some(Price { output: 2_250_000_000_000, ..Price::default() }));

        let priced = price(&spent(&[(None, 1, 1)], None), &known, Some(&ModelId(KIMI.into())), false);

        let told = format!("implausible price: by the price table {KIMI} costs more than $1 per 1,000 tokens; check `prices.unit`");
        assert_eq!(priced.doubts, [told]);
    }

    #[test]
    fn a_dated_edition_has_the_price_of_the_only_model_that_it_can_be() {
        let mut known = catalogue();
        known.add(&ModelId("claude-sonnet-4-5".into()), None, Some(Price { input: 3_000_000_000, ..Price::default() }));
        let dated = spent(&[(Some("claude-sonnet-4-5-20250929"), 1_000_000, 0)], None);

        assert_eq!(price(&dated, &known, None, false).cost, Some(Usd::from_nanos(3_000_000_000)));
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
