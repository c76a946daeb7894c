//! Money and tokens: whole numbers, exact, rounded once per attempt.

use std::{fmt, iter::Sum, ops::AddAssign, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// An amount in billionths of a US dollar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Usd(i64);

impl Usd {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    const NANOS_PER_DOLLAR: i64 = 1_000_000_000;

    /// From billionths of a dollar.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// In billionths of a dollar.
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// The sum, held at the largest amount instead of wrapping.
    #[must_use]
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Usd {
    fn add_assign(&mut self, other: Self) {
        *self = self.saturating_add(other);
    }
}

impl Sum for Usd {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Self::saturating_add)
    }
}

impl fmt::Display for Usd {
    /// `$0`, `$0.001215`, `$12.5`: exact, without trailing zeros.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, rest) = (self.0.unsigned_abs() / 1_000_000_000, self.0.unsigned_abs() % 1_000_000_000);
        if rest == 0 {
            return write!(f, "{sign}${whole}");
        }
        write!(f, "{sign}${whole}.{}", format!("{rest:09}").trim_end_matches('0'))
    }
}

/// The text is no amount of dollars.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("`{given}` is not an amount of dollars: expected a number from 0 to 1000000 with up to 9 decimals, like 0.50")]
pub struct ParseUsdError {
    given: String,
}

impl FromStr for Usd {
    type Err = ParseUsdError;

    fn from_str(given: &str) -> Result<Self, ParseUsdError> {
        let amount =
            decimal(given.trim().trim_start_matches('$'), 9).filter(|nanos| *nanos <= 1_000_000 * i128::from(Self::NANOS_PER_DOLLAR));
        amount
            .and_then(|nanos| i64::try_from(nanos).ok())
            .map(Self)
            .ok_or_else(|| ParseUsdError { given: given.chars().take(40).collect() })
    }
}

/// What one model asks, in billionths of a dollar per million tokens of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// Tokens read by the model and not found in its cache.
    pub input: u64,
    /// Tokens written by the model.
    pub output: u64,
    /// Tokens found in the cache.
    pub cache_read: u64,
    /// Tokens written to the cache.
    pub cache_write: u64,
}

/// The unit in which a price file states its prices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PriceUnit {
    /// US dollars per 1,000 tokens, as in the seed.
    #[default]
    PerThousand,
    /// US dollars per 1,000,000 tokens, as in today's OpenClaw files.
    PerMillion,
}

impl PriceUnit {
    /// Reads one price as it stands in a file (`0.00045`, also `4.5e-4`); `None` if it is no number, negative, or beyond all measure.
    pub fn read(self, written: &str) -> Option<u64> {
        // Twelve decimals, then down to the nine that are kept: a price below a billionth per million tokens is rounded half up.
        let pico = decimal(written, 12)?;
        let per_million = match self {
            Self::PerThousand => pico.checked_mul(1_000)?,
            Self::PerMillion => pico,
        };
        u64::try_from((per_million + 500) / 1_000).ok()
    }
}

/// Tokens of one attempt: the sum over all its turns. Cached ones are not in `input`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    /// Read by the model, not from its cache.
    pub input: u64,
    /// Written by the model, its reasoning included.
    pub output: u64,
    /// Found in the cache.
    pub cache_read: u64,
    /// Written to the cache.
    pub cache_write: u64,
}

/// Whose figure a cost is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CostFrom {
    /// Ours: the tokens that the agent reports, at the prices that are known.
    PriceTable,
    /// The agent's own: its model has no price here.
    Agent,
    /// Nothing was asked for: the model is free, or nothing was asked of any.
    Free,
}

impl CostFrom {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::PriceTable, Self::Agent, Self::Free];

    /// The word for it, in the store and in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::PriceTable => "price_table",
            Self::Agent => "agent",
            Self::Free => "free",
        }
    }
}

/// The text names nobody whose figure a cost could be.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("`{given}` is none of price_table, agent, free")]
pub struct ParseCostFromError {
    given: String,
}

impl FromStr for CostFrom {
    type Err = ParseCostFromError;

    fn from_str(given: &str) -> Result<Self, ParseCostFromError> {
        let known = Self::ALL.into_iter().find(|one| one.word() == given);
        known.ok_or_else(|| ParseCostFromError { given: given.chars().take(40).collect() })
    }
}

impl fmt::Display for CostFrom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What attempts have cost together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spending {
    /// The costs that are known.
    pub cost: Usd,
    /// The tokens that are known.
    pub usage: Usage,
    /// How many attempts there were.
    pub attempts: u64,
    /// How many of them have a cost that nobody knows.
    pub unknown: u64,
    /// How many of them count with the agent's own figure.
    pub by_agents: u64,
}

impl AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.input = self.input.saturating_add(other.input);
        self.output = self.output.saturating_add(other.output);
        self.cache_read = self.cache_read.saturating_add(other.cache_read);
        self.cache_write = self.cache_write.saturating_add(other.cache_write);
    }
}

impl AddAssign for Spending {
    fn add_assign(&mut self, other: Self) {
        self.cost += other.cost;
        self.usage += other.usage;
        self.attempts = self.attempts.saturating_add(other.attempts);
        self.unknown = self.unknown.saturating_add(other.unknown);
        self.by_agents = self.by_agents.saturating_add(other.by_agents);
    }
}

impl Sum for Spending {
    fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
        let mut sum = Self::default();
        for part in parts {
            sum += part;
        }
        sum
    }
}

impl Price {
    /// What `usage` costs: exact, rounded once, half up, to a billionth of a dollar; held at the largest amount.
    pub fn cost(&self, usage: &Usage) -> Usd {
        let part = |tokens: u64, price: u64| u128::from(tokens) * u128::from(price);
        let parts = [
            part(usage.input, self.input),
            part(usage.output, self.output),
            part(usage.cache_read, self.cache_read),
            part(usage.cache_write, self.cache_write),
        ];
        let exact = parts.into_iter().fold(0_u128, u128::saturating_add);
        let nanos = exact.saturating_add(500_000) / 1_000_000;
        Usd(i64::try_from(nanos).unwrap_or(i64::MAX))
    }

    /// Whether every kind of token is free.
    pub fn is_free(&self) -> bool {
        *self == Self::default()
    }

    /// Why it can hardly be meant, if so: nobody asks such a price.
    pub fn doubt(&self) -> Option<Doubt> {
        if self.input.max(self.output).max(self.cache_read).max(self.cache_write) > Self::HIGHEST {
            return Some(Doubt::TooHigh);
        }
        (self.output > 0 && self.output < Self::LOWEST).then_some(Doubt::TooLow)
    }

    /// $1 per 1,000 tokens. The dearest models ask $0.60. Source: `OpenAI`'s price list of 2025, "o1-pro", output.
    const HIGHEST: u64 = 1_000 * 1_000_000_000;

    /// Half a cent per 1,000,000 tokens of output. The cheapest models that are not free ask one cent. Source: `OpenRouter`'s list of models, 2026.
    const LOWEST: u64 = 5_000_000;
}

/// Why a price can hardly be meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// More than a dollar per 1,000 tokens.
    TooHigh,
    /// Less than half a cent per 1,000,000 tokens of output, and yet not free.
    TooLow,
}

/// A price as a person wrote it, in part perhaps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PartialPrice {
    /// As in [`Price`].
    pub input: Option<u64>,
    /// As in [`Price`].
    pub output: Option<u64>,
    /// As in [`Price`].
    pub cache_read: Option<u64>,
    /// As in [`Price`].
    pub cache_write: Option<u64>,
}

impl PartialPrice {
    /// What is written here, and the rest from what was known before. `None`: input or output is known from neither. Tokens of the cache
    /// cost nothing where nobody says what they cost, as `OpenClaw` takes them.
    pub fn over(self, known: Option<Price>) -> Option<Price> {
        Some(Price {
            input: self.input.or(known.map(|price| price.input))?,
            output: self.output.or(known.map(|price| price.output))?,
            cache_read: self.cache_read.or(known.map(|price| price.cache_read)).unwrap_or(0),
            cache_write: self.cache_write.or(known.map(|price| price.cache_write)).unwrap_or(0),
        })
    }
}

/// `written` × 10^`places`, rounded half up; `None` if it is no plain, non-negative decimal (an exponent is allowed).
fn decimal(written: &str, places: i32) -> Option<i128> {
    let (mantissa, exponent) = match written.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok().filter(|e| e.abs() <= 60)?),
        None => (written, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let plain = !digits.is_empty() && digits.len() <= 60 && digits.bytes().all(|b| b.is_ascii_digit());
    if !plain {
        return None;
    }
    // What is to be multiplied by ten, or divided where it is negative.
    let shift = places + exponent - i32::try_from(fraction.len()).ok()?;
    let significant = digits.trim_start_matches('0');
    if significant.is_empty() {
        return Some(0);
    }
    let number = significant.parse::<i128>().ok()?;
    if shift >= 0 {
        return number.checked_mul(10_i128.checked_pow(shift.unsigned_abs())?);
    }
    let Some(divisor) = 10_i128.checked_pow(shift.unsigned_abs()) else { return Some(0) };
    Some((number + divisor / 2) / divisor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn kimi() -> Price {
        let read = |written| PriceUnit::PerThousand.read(written).expect(written);
        Price { input: read("0.00045"), output: read("0.00225"), cache_read: read("0.00007"), cache_write: 0 }
    }

    #[test]
    fn the_contract_s_example_costs_exactly_0_001215() {
        let usage = Usage { input: 1_200, output: 300, ..Usage::default() };

        assert_eq!(kimi().cost(&usage).to_string(), "$0.001215");
    }

    #[test]
    fn a_free_model_costs_nothing() {
        assert_eq!(Price::default().cost(&Usage { input: u64::MAX, output: 1, ..Usage::default() }).to_string(), "$0");
    }

    #[test]
    fn cached_tokens_have_their_own_price() {
        let usage = Usage { cache_read: 1_000, ..Usage::default() };

        assert_eq!(kimi().cost(&usage).to_string(), "$0.00007");
    }

    #[test]
    fn prices_are_read_exactly_in_both_units() {
        assert_eq!(PriceUnit::PerThousand.read("0.00045"), Some(450_000_000));
        assert_eq!(PriceUnit::PerMillion.read("0.45"), Some(450_000_000));
        assert_eq!(PriceUnit::PerThousand.read("4.5e-4"), Some(450_000_000));
        for bad in ["", "-1", "NaN", "1e400", "0x1", "1.2.3", "."] {
            assert_eq!(PriceUnit::PerThousand.read(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn amounts_of_dollars_are_read_and_shown() {
        assert_eq!("0.50".parse(), Ok(Usd::from_nanos(500_000_000)));
        assert_eq!("$3".parse(), Ok(Usd::from_nanos(3_000_000_000)));
        for bad in ["", "-1", "nan", "1e400", "1000001", "two"] {
            assert!(bad.parse::<Usd>().is_err(), "{bad:?}");
        }
        assert_eq!(Usd::from_nanos(-1_500_000_000).to_string(), "-$1.5");
    }

    #[test]
    fn a_price_that_nobody_asks_is_doubted() {
        let price = |input, output| Price { input, output, ..Price::default() };
        // The contract's example, read as it is meant and as the other unit would have it.
        assert_eq!(kimi().doubt(), None);
        assert_eq!(price(450_000_000_000, 2_250_000_000_000).doubt(), Some(Doubt::TooHigh));
        assert_eq!(price(450_000, 2_250_000).doubt(), Some(Doubt::TooLow));
        assert_eq!(price(0, 0).doubt(), None, "free is no doubtful price");
    }

    #[test]
    fn a_price_of_one_s_own_goes_over_a_known_one_part_by_part() {
        let own = PartialPrice { output: Some(7), ..PartialPrice::default() };

        assert_eq!(own.over(Some(kimi())), Some(Price { output: 7, ..kimi() }));
        assert_eq!(own.over(None), None, "nobody says what input costs");
        assert_eq!(PartialPrice { input: Some(0), ..own }.over(None), Some(Price { output: 7, ..Price::default() }));
    }

    proptest! {
        /// Judged by long division in decimal digits, which knows nothing of the code above.
        #[test]
        fn a_cost_is_the_rounded_exact_product(tokens in 0_u64..4_000_000_000, price in 0_u64..2_000_000_000) {
            let price = Price { input: price, ..Price::default() };
            let exact = u128::from(tokens) * u128::from(price.input);
            let (whole, rest) = (exact / 1_000_000, exact % 1_000_000);
            let expected = whole + u128::from(rest >= 500_000);

            prop_assert_eq!(u128::try_from(price.cost(&Usage { input: tokens, ..Usage::default() }).nanos()), Ok(expected));
        }
    }
}
