//! Figures as people read them: tokens, dollars, bytes, durations, ages. Each has one form, in posts, tables and alerts alike.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::domain::{
    money::{CostFrom, Usage, Usd},
    task::show_duration,
};

/// `1234567` as `1,234,567`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut shown = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// `1,234 in / 56 out (cache 1,000 read)`, or `unknown`.
pub fn tokens(usage: Option<&Usage>) -> String {
    let Some(usage) = usage else { return "unknown".to_owned() };
    let cached: Vec<_> = [(usage.cache_read, "read"), (usage.cache_write, "written")]
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| format!("{} {what}", thousands(number)))
        .collect();
    let cache = if cached.is_empty() { String::new() } else { format!(" (cache {})", cached.join(", ")) };
    format!("{} in / {} out{cache}", thousands(usage.input), thousands(usage.output))
}

/// `$0.001215`, `$0`, or `N/A` where nobody knows.
pub fn cost(cost: Option<Usd>) -> String {
    cost.map_or_else(|| "N/A".to_owned(), |cost| cost.to_string())
}

/// Whose figure a cost is, in words.
pub fn whose(from: CostFrom) -> &'static str {
    match from {
        CostFrom::PriceTable => "by the price table",
        CostFrom::Agent => "the agent's own figure",
        CostFrom::Free => "free",
    }
}

/// A cost and whose figure it is: `$0.5 (the agent's own figure)`; the cost alone where nobody noted that.
pub fn cost_from(cost: Option<Usd>, from: Option<CostFrom>) -> String {
    let shown = self::cost(cost);
    from.filter(|_| cost.is_some()).map_or_else(|| shown.clone(), |from| format!("{shown} ({})", whose(from)))
}

/// An amount where there is little room, rounded half up: cents from a dollar on, below that three figures that count: `$12.35`, `$0.00122`.
pub fn about(amount: Usd) -> String {
    let nanos = amount.nanos().unsigned_abs();
    let mut unit = 10_000_000_u64;
    while nanos < 1_000_000_000 && unit > 1 && nanos < unit.saturating_mul(100) {
        unit /= 10;
    }
    let rounded = (nanos.saturating_add(unit / 2) / unit).saturating_mul(unit);
    let shown = Usd::from_nanos(i64::try_from(rounded).unwrap_or(i64::MAX)).to_string();
    let cents = match shown.split_once('.') {
        Some((whole, cents)) if cents.len() == 1 => format!("{whole}.{cents}0"),
        _ => shown,
    };
    if amount.nanos() < 0 { format!("-{cents}") } else { cents }
}

/// `512 bytes`, `1.5 KiB`, `12 MiB`: one decimal below ten.
pub fn bytes(bytes: u64) -> String {
    if bytes < 1_024 {
        return counted(bytes, "byte", "bytes");
    }
    let (mut unit, mut names) = (1_024_u64, ["KiB", "MiB", "GiB", "TiB"].into_iter());
    let mut name = names.next().unwrap_or_default();
    for next in names {
        if bytes / unit < 1_024 {
            break;
        }
        unit *= 1_024;
        name = next;
    }
    let tenths = u128::from(bytes) * 10 / u128::from(unit);
    if tenths < 100 && tenths % 10 > 0 { format!("{}.{} {name}", tenths / 10, tenths % 10) } else { format!("{} {name}", tenths / 10) }
}

/// `0.4s`, `3.2s`, `3s`, `1m30s`: tenths below ten seconds, where they matter.
pub fn duration(duration: Duration) -> String {
    let tenths = duration.as_millis() / 100;
    if tenths < 100 && !tenths.is_multiple_of(10) { format!("{}.{}s", tenths / 10, tenths % 10) } else { show_duration(duration) }
}

/// How long ago something was: `just now`, `3m ago`, `5h ago`, `12d ago`. What lies ahead is just now: clocks differ.
pub fn age(then: DateTime<Utc>, now: DateTime<Utc>) -> String {
    match span(then, now) {
        None => "just now".to_owned(),
        Some(span) => format!("{span} ago"),
    }
}

/// The same without words, for a narrow column: `<5s`, `3m`, `5h`.
pub fn short_age(then: DateTime<Utc>, now: DateTime<Utc>) -> String {
    span(then, now).unwrap_or_else(|| "<5s".to_owned())
}

fn span(then: DateTime<Utc>, now: DateTime<Utc>) -> Option<String> {
    let seconds = (now - then).num_seconds();
    match seconds {
        ..5 => None,
        5..120 => Some(format!("{seconds}s")),
        120..7_200 => Some(format!("{}m", seconds / 60)),
        7_200..172_800 => Some(format!("{}h", seconds / 3_600)),
        _ => Some(format!("{}d", seconds / 86_400)),
    }
}

/// `1 task`, `2 tasks`.
pub fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", thousands(number), if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_told_with_their_cache() {
        let usage = Usage { input: 1_234, output: 56, cache_read: 1_000, cache_write: 0 };

        assert_eq!(tokens(Some(&usage)), "1,234 in / 56 out (cache 1,000 read)");
        assert_eq!(tokens(Some(&Usage { cache_write: 7, ..usage })), "1,234 in / 56 out (cache 1,000 read, 7 written)");
        assert_eq!(tokens(Some(&Usage::default())), "0 in / 0 out");
        assert_eq!(tokens(None), "unknown");
    }

    #[test]
    fn an_unknown_cost_has_no_dollar_sign() {
        assert_eq!(cost(None), "N/A");
        assert_eq!(cost(Some(Usd::ZERO)), "$0");
        assert_eq!(cost(Some(Usd::from_nanos(1_215_000))), "$0.001215");
    }

    #[test]
    fn an_amount_is_rounded_where_there_is_little_room() {
        for (nanos, shown) in [
            (0, "$0"),
            (1, "$0.000000001"),
            (1_215_499, "$0.00122"),
            (12_154_990, "$0.0122"),
            (121_549_900, "$0.122"),
            (500_000_000, "$0.50"),
            (999_999_999, "$1"),
            (1_215_499_000, "$1.22"),
            (12_345_678_901, "$12.35"),
            (9_000_000_000_000, "$9000"),
            (-1_215_499, "-$0.00122"),
        ] {
            assert_eq!(about(Usd::from_nanos(nanos)), shown, "{nanos}");
        }
    }

    #[test]
    fn a_cost_tells_whose_figure_it_is() {
        let half = Some(Usd::from_nanos(500_000_000));

        assert_eq!(cost_from(half, Some(CostFrom::Agent)), "$0.5 (the agent's own figure)");
        assert_eq!(cost_from(half, Some(CostFrom::PriceTable)), "$0.5 (by the price table)");
        assert_eq!(cost_from(Some(Usd::ZERO), Some(CostFrom::Free)), "$0 (free)");
        assert_eq!((cost_from(half, None).as_str(), cost_from(None, None).as_str()), ("$0.5", "N/A"));
    }

    #[test]
    fn sizes_have_the_unit_that_fits() {
        for (given, shown) in [
            (0, "0 bytes"),
            (1_023, "1,023 bytes"),
            (1_536, "1.5 KiB"),
            (2_048, "2 KiB"),
            (8 << 20, "8 MiB"),
            (100_000_000, "95 MiB"),
            (u64::MAX, "16777215 TiB"),
        ] {
            assert_eq!(bytes(given), shown);
        }
    }

    #[test]
    fn short_durations_show_tenths() {
        for (millis, shown) in [(0, "0s"), (49, "0s"), (412, "0.4s"), (3_000, "3s"), (3_250, "3.2s"), (12_900, "12s"), (90_000, "1m30s")] {
            assert_eq!(duration(Duration::from_millis(millis)), shown);
        }
    }

    #[test]
    fn ages_are_told_in_one_unit() {
        let now = DateTime::from_timestamp(1_763_700_000, 0).expect("a valid time");
        for (seconds, shown) in
            [(-60, "just now"), (4, "just now"), (90, "90s ago"), (200, "3m ago"), (7_300, "2h ago"), (400_000, "4d ago")]
        {
            assert_eq!(age(now - Duration::from_secs(0) - chrono::TimeDelta::seconds(seconds), now), shown);
        }
    }
}
