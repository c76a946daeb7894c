//! Which days are meant, and by what their costs are parted. Days are UTC's, as in the ledger.

use std::{fmt, str::FromStr};

use chrono::{Datelike as _, Days, NaiveDate};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// By what costs are parted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dimension {
    /// Who asked.
    User,
    /// The agent definition.
    Agent,
    /// The model, as shown.
    Model,
    /// The channel in which the task stands.
    Channel,
    /// The day on which the attempt ended.
    #[default]
    Day,
    /// The task.
    Task,
    /// The instance on which the agent ran.
    Instance,
}

impl Dimension {
    /// All of them.
    pub const ALL: [Self; 7] = [Self::Day, Self::User, Self::Agent, Self::Model, Self::Channel, Self::Task, Self::Instance];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Agent => "agent",
            Self::Model => "model",
            Self::Channel => "channel",
            Self::Day => "day",
            Self::Task => "task",
            Self::Instance => "instance",
        }
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The text names no dimension.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("`{given}` is nothing that costs are parted by: it is one of day, user, agent, model, channel, task, instance")]
pub struct ParseDimensionError {
    given: String,
}

impl FromStr for Dimension {
    type Err = ParseDimensionError;

    fn from_str(given: &str) -> Result<Self, ParseDimensionError> {
        let meant = given.trim().to_ascii_lowercase();
        let known = Self::ALL.into_iter().find(|one| one.word() == meant);
        known.ok_or_else(|| ParseDimensionError { given: given.chars().take(40).collect() })
    }
}

/// Days in a row, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    /// The first.
    pub from: NaiveDate,
    /// The last.
    pub to: NaiveDate,
}

/// The text names no period.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum PeriodError {
    /// Neither a word nor a number of days.
    #[error("`{given}` is no period: it is one of today, yesterday, week, month, all, or a number of days like 30")]
    Unknown {
        /// What was given.
        given: String,
    },
    /// It would end before it begins.
    #[error("the period ends on {to}, before it begins on {from}")]
    Backwards {
        /// Its first day.
        from: NaiveDate,
        /// Its last.
        to: NaiveDate,
    },
}

/// Days of the period that is meant where none is named.
pub const USUAL_DAYS: u64 = 30;

/// The first day that any ledger can hold: before the first commit of this program.
const BEGINNING: NaiveDate = NaiveDate::from_ymd_opt(2020, 1, 1).expect("a day");

impl Period {
    /// The last so many days, today included; at least one.
    pub fn last(days: u64, today: NaiveDate) -> Self {
        let from = today.checked_sub_days(Days::new(days.max(1) - 1)).unwrap_or(BEGINNING);
        Self { from: from.max(BEGINNING), to: today }
    }

    /// Everything up to today.
    pub fn all(today: NaiveDate) -> Self {
        Self { from: BEGINNING, to: today }
    }

    /// From a day to a day, both included; what is left out is the beginning, or today.
    ///
    /// # Errors
    ///
    /// [`PeriodError::Backwards`].
    pub fn between(from: Option<NaiveDate>, to: Option<NaiveDate>, today: NaiveDate) -> Result<Self, PeriodError> {
        let (from, to) = (from.unwrap_or(BEGINNING), to.unwrap_or(today));
        if from > to { Err(PeriodError::Backwards { from, to }) } else { Ok(Self { from, to }) }
    }

    /// Reads `today`, `yesterday`, `week` (since Monday), `month` (since its first), `all`, or a number of days, also as `30d`.
    ///
    /// # Errors
    ///
    /// [`PeriodError::Unknown`], naming what may be said.
    pub fn named(given: &str, today: NaiveDate) -> Result<Self, PeriodError> {
        let meant = given.trim().to_ascii_lowercase();
        let back = |days: u64| today.checked_sub_days(Days::new(days)).unwrap_or(BEGINNING);
        let period = match meant.as_str() {
            "today" => Self::last(1, today),
            "yesterday" => Self { from: back(1), to: back(1) },
            "week" => Self { from: back(u64::from(today.weekday().num_days_from_monday())), to: today },
            "month" => Self { from: back(u64::from(today.day0())), to: today },
            "all" => Self::all(today),
            number => {
                let days = number.strip_suffix('d').unwrap_or(number).parse().ok().filter(|days| *days > 0);
                let unknown = || PeriodError::Unknown { given: given.chars().take(40).collect() };
                Self::last(days.ok_or_else(unknown)?, today)
            }
        };
        Ok(period)
    }

    /// How many days it has.
    pub fn days(self) -> u64 {
        u64::try_from((self.to - self.from).num_days() + 1).unwrap_or(0)
    }
}

impl fmt::Display for Period {
    /// `2026-03-02`, or `2026-02-01 to 2026-03-02`; without a beginning where it has everything.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.from == self.to, self.from == BEGINNING) {
            (true, _) => write!(f, "{}", self.to),
            (_, true) => write!(f, "up to {}", self.to),
            _ => write!(f, "{} to {}", self.from, self.to),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(day: &str) -> NaiveDate {
        day.parse().unwrap()
    }

    #[test]
    fn a_period_is_named_by_a_word_or_a_number_of_days() {
        // A Thursday.
        let today = day("2026-03-05");
        for (given, from, to) in [
            ("today", "2026-03-05", "2026-03-05"),
            ("yesterday", "2026-03-04", "2026-03-04"),
            ("Week", "2026-03-02", "2026-03-05"),
            ("month", "2026-03-01", "2026-03-05"),
            ("1", "2026-03-05", "2026-03-05"),
            ("7d", "2026-02-27", "2026-03-05"),
            ("99999999", "2020-01-01", "2026-03-05"),
            ("all", "2020-01-01", "2026-03-05"),
        ] {
            assert_eq!(Period::named(given, today), Ok(Period { from: day(from), to: day(to) }), "{given}");
        }
        for bad in ["", "0", "-1", "1.5", "year", "d", "18446744073709551616"] {
            assert!(Period::named(bad, today).is_err(), "{bad:?} was accepted");
        }
    }

    #[test]
    fn a_period_never_ends_before_it_begins() {
        let (early, late) = (day("2026-03-01"), day("2026-03-05"));

        assert_eq!(Period::between(Some(early), None, late).map(Period::days), Ok(5));
        assert_eq!(Period::between(Some(late), Some(early), late), Err(PeriodError::Backwards { from: late, to: early }));
        assert_eq!(Period::between(None, None, late).unwrap().to_string(), "up to 2026-03-05");
    }

    #[test]
    fn every_dimension_is_read_by_its_word() {
        for one in Dimension::ALL {
            assert_eq!(one.word().parse(), Ok(one));
        }
        assert!("colour".parse::<Dimension>().is_err());
    }
}
