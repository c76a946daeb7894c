//! When a quota is there again, as programs and providers tell it: a number, a time, or words in an error.
//!
//! The forms that are known, and where they were seen: `Claude AI usage limit reached|1762952400` and `… resets 8:30pm (Asia/Tokyo)` (issues 11429
//! and 77082 of anthropics/claude-code), `… try again in 5 days 22 hours 11 minutes.` and `… try again at Jul 5th, 2026 8:19 PM.` (issues 3899 and
//! 26668 of openai/codex), `Your quota will reset after 8h44m7s.` (issue 13004 of google-gemini/gemini-cli), seconds as in `Retry-After` (RFC 9110).

use std::time::Duration;

use chrono::{DateTime, Datelike as _, Days, NaiveDate, NaiveDateTime, NaiveTime, Utc};

/// Numbers from here on are seconds since 1970, and no wait: a wait this long is 31 years.
const FIRST_EPOCH: u64 = 1_000_000_000;
/// Numbers from here on are milliseconds since 1970.
const FIRST_EPOCH_MS: u64 = 1_000_000_000_000;
/// How many words behind "resets" or "try again" are looked at.
const WORDS_BEHIND: usize = 24;
/// The longest wait that is believed: a month's quota, and the day of its end.
const LONGEST: Duration = Duration::from_secs(32 * 86_400);

/// When a quota is there again, as it was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resets {
    /// So long after it was told.
    After(Duration),
    /// At a time.
    At(DateTime<Utc>),
    /// At a time of a clock: on a day, else the next time that it shows that.
    Clock {
        /// The day: its year where that was told, month and day of the month.
        day: Option<(Option<i32>, u32, u32)>,
        /// The time of that day.
        time: NaiveTime,
        /// Whether it is UTC's clock, and not this machine's.
        utc: bool,
    },
}

impl Resets {
    /// Reads a value that stands where such a time is told: seconds to wait, seconds or milliseconds since 1970, a time, or words.
    pub fn of_value(told: &str) -> Option<Self> {
        let told = told.trim();
        if let Ok(number) = told.parse::<u64>() {
            return of_number(number);
        }
        if let Ok(seconds) = told.parse::<f64>() {
            return Duration::try_from_secs_f64(seconds).ok().map(Self::After);
        }
        of_time(told).or_else(|| of_tokens(&tokens(told))).or_else(|| Self::in_words(told))
    }

    /// Reads it out of an error's words; `None`: they tell no time.
    pub fn in_words(error: &str) -> Option<Self> {
        if let Some(at) = behind_a_bar(error) {
            return Some(at);
        }
        let lower = error.to_lowercase();
        let begins = ["reset", "try again", "retry after", "retry in", "available again"];
        let mut places: Vec<usize> = begins.iter().flat_map(|word| lower.match_indices(word).map(|(at, word)| at + word.len())).collect();
        places.sort_unstable();
        places.into_iter().find_map(|at| {
            let behind = &lower[at..];
            let time = behind.split_whitespace().take(4).find_map(|word| of_time(&word.trim_end_matches(['.', ',']).to_uppercase()));
            time.or_else(|| of_tokens(&tokens(behind)))
        })
    }

    /// The time that is meant, told at `told_at`; `local` knows this machine's clock. `None`: it is over already, or further away than a quota is.
    pub fn when(self, told_at: DateTime<Utc>, local: impl Fn(NaiveDateTime) -> Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
        let at = match self {
            Self::After(wait) => told_at.checked_add_signed(chrono::TimeDelta::from_std(wait).ok()?)?,
            Self::At(at) => at,
            Self::Clock { day, time, utc } => {
                let zoned = |at: NaiveDateTime| if utc { Some(at.and_utc()) } else { local(at) };
                // A day before and after: which day it is here depends on the zone.
                let today = told_at.date_naive();
                let days: Vec<NaiveDate> = match day {
                    None => (0..3).filter_map(|ahead| today.checked_sub_days(Days::new(1))?.checked_add_days(Days::new(ahead))).collect(),
                    Some((Some(year), month, day)) => NaiveDate::from_ymd_opt(year, month, day).into_iter().collect(),
                    Some((None, month, day)) => {
                        let years = [today.year(), today.year() + 1];
                        years.into_iter().filter_map(|year| NaiveDate::from_ymd_opt(year, month, day)).collect()
                    }
                };
                days.into_iter().filter_map(|day| zoned(day.and_time(time))).find(|at| *at > told_at)?
            }
        };
        let wait = (at - told_at).to_std().ok()?;
        (Duration::ZERO < wait && wait <= LONGEST).then_some(at)
    }
}

/// Of a number: a wait, or a time since 1970.
fn of_number(number: u64) -> Option<Resets> {
    let signed = i64::try_from(number).ok()?;
    match number {
        FIRST_EPOCH_MS.. => DateTime::from_timestamp_millis(signed).map(Resets::At),
        FIRST_EPOCH.. => DateTime::from_timestamp(signed, 0).map(Resets::At),
        _ => Some(Resets::After(Duration::from_secs(number))),
    }
}

fn of_time(told: &str) -> Option<Resets> {
    Some(Resets::At(DateTime::parse_from_rfc3339(told).ok()?.to_utc()))
}

/// `…|1762952400`
fn behind_a_bar(error: &str) -> Option<Resets> {
    error.match_indices('|').find_map(|(at, _)| {
        let digits: String = error[at + 1..].chars().take_while(char::is_ascii_digit).collect();
        let is_epoch = digits.len() == 10 || digits.len() == 13;
        of_number(digits.parse().ok().filter(|_| is_epoch)?)
    })
}

/// A word or a number of a text in small letters.
#[derive(Clone, Debug, PartialEq)]
enum Token {
    Number(f64),
    Word(String),
    Colon,
}

fn tokens(text: &str) -> Vec<Token> {
    let (lower, mut found) = (text.to_lowercase(), Vec::new());
    let mut letters = lower.chars().peekable();
    while let Some(first) = letters.next() {
        if found.len() == WORDS_BEHIND {
            break;
        }
        if first.is_ascii_digit() {
            let mut number = String::from(first);
            while let Some(next) = letters.next_if(|c| c.is_ascii_digit() || *c == '.') {
                number.push(next);
            }
            // "7s." ends a sentence, "7." does too.
            found.push(Token::Number(number.trim_end_matches('.').parse().unwrap_or(f64::NAN)));
        } else if first.is_alphabetic() {
            let mut word = String::from(first);
            while let Some(next) = letters.next_if(|c| c.is_alphabetic()) {
                word.push(next);
            }
            found.push(Token::Word(word));
        } else if first == ':' {
            found.push(Token::Colon);
        }
    }
    found
}

/// Words between "resets" and the time.
const FILLERS: [&str; 12] = ["s", "ting", "will", "be", "your", "limit", "quota", "at", "on", "in", "after", "again"];

fn of_tokens(tokens: &[Token]) -> Option<Resets> {
    let is_filler =
        |token: &&Token| matches!(token, Token::Colon) || matches!(token, Token::Word(word) if FILLERS.contains(&word.as_str()));
    let fillers = tokens.iter().take_while(is_filler).count();
    let told = &tokens[fillers..];
    duration(told).map(Resets::After).or_else(|| on_a_day(told)).or_else(|| {
        let (time, rest) = clock(told)?;
        Some(Resets::Clock { day: None, time, utc: is_utc(rest) })
    })
}

/// `5 days 22 hours 11 minutes`, `8h44m7s`
fn duration(tokens: &[Token]) -> Option<Duration> {
    let mut seconds = None;
    let mut rest = tokens;
    loop {
        rest = match rest {
            [Token::Number(number), Token::Word(unit), behind @ ..] => {
                let Some(unit) = unit_of(unit) else { break };
                seconds = Some(seconds.unwrap_or(0.0) + number * unit);
                behind
            }
            [Token::Word(and), behind @ ..] if and == "and" && seconds.is_some() => behind,
            _ => break,
        };
    }
    Duration::try_from_secs_f64(seconds?).ok()
}

fn unit_of(word: &str) -> Option<f64> {
    Some(match word {
        "ms" => 0.001,
        "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
        "m" | "min" | "mins" | "minute" | "minutes" => 60.0,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3_600.0,
        "d" | "day" | "days" => 86_400.0,
        "w" | "week" | "weeks" => 604_800.0,
        _ => return None,
    })
}

/// `jul 5th, 2026 8:19 pm`, `nov 27, 10am`
fn on_a_day(tokens: &[Token]) -> Option<Resets> {
    let [Token::Word(month), Token::Number(day), rest @ ..] = tokens else { return None };
    let month = month.parse::<chrono::Month>().ok()?.number_from_month();
    let rest = match rest {
        [Token::Word(th), rest @ ..] if ["st", "nd", "rd", "th"].contains(&th.as_str()) => rest,
        _ => rest,
    };
    let (year, rest) = match rest {
        [Token::Number(year), rest @ ..] if (2_000.0..10_000.0).contains(year) => (i32::try_from(whole(*year)?).ok(), rest),
        _ => (None, rest),
    };
    let rest = match rest {
        [Token::Word(at), rest @ ..] if at == "at" => rest,
        _ => rest,
    };
    let (time, rest) = clock(rest)?;
    Some(Resets::Clock { day: Some((year, month, whole(*day)?)), time, utc: is_utc(rest) })
}

/// `8:19 pm`, `3pm`, `15:00`, and what follows it.
fn clock(tokens: &[Token]) -> Option<(NaiveTime, &[Token])> {
    let (hour, minute, rest) = match tokens {
        [Token::Number(hour), Token::Colon, Token::Number(minute), Token::Colon, Token::Number(_), rest @ ..]
        | [Token::Number(hour), Token::Colon, Token::Number(minute), rest @ ..] => (*hour, *minute, rest),
        [Token::Number(hour), Token::Word(half), ..] if half == "am" || half == "pm" => (*hour, 0.0, &tokens[1..]),
        _ => return None,
    };
    let (half, rest) = match rest {
        [Token::Word(half), rest @ ..] if half == "am" || half == "pm" => (Some(half.as_str()), rest),
        _ => (None, rest),
    };
    let hour = match (half, whole(hour)?) {
        (Some(_), 0 | 13..) => return None,
        (Some("am"), 12) => 0,
        (Some("pm"), hour) if hour < 12 => hour + 12,
        (_, hour) => hour,
    };
    Some((NaiveTime::from_hms_opt(hour, whole(minute)?, 0)?, rest))
}

/// A number without a part behind its point.
fn whole(number: f64) -> Option<u32> {
    number.to_string().parse().ok()
}

fn is_utc(rest: &[Token]) -> bool {
    matches!(rest.first(), Some(Token::Word(zone)) if ["utc", "gmt", "z"].contains(&zone.as_str()))
        // `Etc/GMT+5` is another one.
        && !matches!(rest.get(1), Some(Token::Number(_)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    /// Told at noon on 21 November 2026, on a machine whose clock is two hours ahead.
    fn when(error: &str) -> Option<String> {
        let local = |at: NaiveDateTime| Some(at.and_utc() - chrono::TimeDelta::hours(2));
        Resets::in_words(error)?.when(at("2026-11-21T12:00:00Z"), local).map(|at| at.format("%Y-%m-%d %H:%M:%S").to_string())
    }

    #[test]
    fn the_words_of_programs_tell_a_time() {
        let told = [
            ("Claude AI usage limit reached|1795280400", "2026-11-21 17:00:00"),
            ("Claude AI usage limit reached|1795280400123", "2026-11-21 17:00:00"),
            ("You've hit your session limit · resets 8:30pm (Asia/Tokyo)", "2026-11-21 18:30:00"),
            ("5-hour limit reached ∙ resets 1am", "2026-11-21 23:00:00"),
            ("Your limit will reset at 1pm (Etc/GMT+5).", "2026-11-22 11:00:00"),
            ("weekly limit reached ∙ resets Nov 27, 10am", "2026-11-27 08:00:00"),
            ("limit reached, resets 12am (UTC)", "2026-11-22 00:00:00"),
            ("resets at 15:00 UTC", "2026-11-21 15:00:00"),
            ("resets Jan 2 at 9am UTC", ""),
            ("or try again in 5 days 22 hours 11 minutes.", "2026-11-27 10:11:00"),
            ("usage limit. Try again in 1 hour and 2 minutes", "2026-11-21 13:02:00"),
            ("Plus to continue (https://chatgpt.com/x), or try again at Dec 5th, 2026 8:19 PM.", "2026-12-05 18:19:00"),
            ("Your quota will reset after 8h44m7s.", "2026-11-21 20:44:07"),
            ("Please retry in 38.5s.", "2026-11-21 12:00:38"),
            ("quota exceeded; resets at 2026-11-21T18:30:00Z.", "2026-11-21 18:30:00"),
        ];
        for (error, meant) in told {
            assert_eq!(when(error).unwrap_or_default(), meant, "{error}");
        }
    }

    #[test]
    fn words_without_a_time_tell_none() {
        for error in [
            "exceeded retry limit, last status: 429 Too Many Requests",
            "Please try again later.",
            "reset your password",
            "try again in a while",
            "resets 25:00",
            "resets 13pm",
            "resets Feb 31, 10am",
            "quota|12345",
            "the connection was reset after 3 tries",
            "",
        ] {
            assert_eq!(when(error), None, "{error}");
        }
    }

    #[test]
    fn a_value_is_a_wait_a_time_or_words() {
        let hour = Duration::from_secs(3_600);

        assert_eq!(Resets::of_value("3600"), Some(Resets::After(hour)));
        assert_eq!(Resets::of_value(" 0.5 "), Some(Resets::After(hour / 7_200)));
        assert_eq!(Resets::of_value("1795280400"), Some(Resets::At(at("2026-11-21T17:00:00Z"))));
        assert_eq!(Resets::of_value("2026-11-21T17:00:00Z"), Some(Resets::At(at("2026-11-21T17:00:00Z"))));
        assert_eq!(Resets::of_value("1h"), Some(Resets::After(hour)));
        assert_eq!(Resets::of_value("resets in 1 hour"), Some(Resets::After(hour)));
        for none in ["-1", "NaN", "inf", "soon", ""] {
            assert_eq!(Resets::of_value(none), None, "{none}");
        }
    }

    #[test]
    fn what_is_over_or_further_away_than_a_quota_is_no_time_to_wait_for() {
        let noon = at("2026-11-21T12:00:00Z");
        let when = |resets: Resets| resets.when(noon, |at| Some(at.and_utc()));

        assert_eq!(when(Resets::At(noon)), None);
        assert_eq!(when(Resets::After(Duration::ZERO)), None);
        assert_eq!(when(Resets::After(LONGEST)), Some(noon + LONGEST));
        assert_eq!(when(Resets::After(LONGEST + Duration::from_secs(1))), None);
        assert_eq!(when(Resets::After(Duration::MAX)), None);
    }

    proptest! {
        #[test]
        fn no_words_break_it(error in ".{0,200}", value in "[0-9a-z:|. ]{0,40}") {
            let local = |at: NaiveDateTime| Some(at.and_utc());
            for resets in [Resets::in_words(&error), Resets::of_value(&value), Resets::in_words(&format!("resets {value}"))].into_iter().flatten() {
                resets.when(at("2026-11-21T12:00:00Z"), local);
            }
        }
    }
}
