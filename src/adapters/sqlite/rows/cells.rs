//! The border between columns and values: what is written, and what a cell that no version of this program has written is called.

use std::{cell::Cell, fmt::Display, str::FromStr};

use chrono::{DateTime, Utc};
use orchestrator_core::{
    domain::{
        id::{ChannelId, MessageId},
        outbound::{Address, Identity},
        task::{MessageRef, Priority},
    },
    ports::rows::RowsError,
};
use rusqlite::{Row, types::ValueRef};
use serde::{
    Serialize,
    de::{DeserializeOwned, value::StrDeserializer},
};

/// One row that is read, with what its complaints are made of.
pub(super) struct Cells<'r> {
    table: &'static str,
    key: &'static str,
    row: &'r Row<'r>,
    /// Where the next column is looked for first: rows are read about in the order in which they are written.
    next: Cell<usize>,
}

impl<'r> Cells<'r> {
    /// A row of a table, called by the column that people know it by.
    pub(super) fn new(table: &'static str, key: &'static str, row: &'r Row<'r>) -> Self {
        Self { table, key, row, next: Cell::new(0) }
    }

    fn cell(&self, column: &'static str) -> Result<ValueRef<'r>, RowsError> {
        let statement = self.row.as_ref();
        let (columns, first) = (statement.column_count(), self.next.get());
        let found = (first..columns).chain(0..first.min(columns)).find(|place| statement.column_name(*place) == Ok(column));
        let Some(place) = found else { return Err(self.corrupt(column, "there is no such column")) };
        self.next.set(place + 1);
        self.row.get_ref(place).map_err(|error| self.corrupt(column, error))
    }

    /// A complaint about a column of this row.
    pub(super) fn corrupt(&self, column: &'static str, reason: impl Display) -> RowsError {
        let row = match self.row.get_ref(self.key) {
            Ok(ValueRef::Integer(key)) => key.to_string(),
            Ok(ValueRef::Text(key)) => String::from_utf8_lossy(key).into_owned(),
            Ok(ValueRef::Null | ValueRef::Real(_) | ValueRef::Blob(_)) | Err(_) => "?".to_owned(),
        };
        RowsError::Corrupt { table: self.table, column, row, reason: reason.to_string() }
    }

    pub(super) fn opt_int(&self, column: &'static str) -> Result<Option<i64>, RowsError> {
        match self.cell(column)? {
            ValueRef::Null => Ok(None),
            ValueRef::Integer(number) => Ok(Some(number)),
            ValueRef::Real(_) | ValueRef::Text(_) | ValueRef::Blob(_) => Err(self.corrupt(column, "not a whole number")),
        }
    }

    pub(super) fn int(&self, column: &'static str) -> Result<i64, RowsError> {
        self.opt_int(column)?.ok_or_else(|| self.corrupt(column, "empty"))
    }

    pub(super) fn opt_text(&self, column: &'static str) -> Result<Option<&'r str>, RowsError> {
        match self.cell(column)? {
            ValueRef::Null => Ok(None),
            ValueRef::Text(bytes) => std::str::from_utf8(bytes).map(Some).map_err(|error| self.corrupt(column, error)),
            ValueRef::Integer(_) | ValueRef::Real(_) | ValueRef::Blob(_) => Err(self.corrupt(column, "not a text")),
        }
    }

    pub(super) fn text(&self, column: &'static str) -> Result<&'r str, RowsError> {
        self.opt_text(column)?.ok_or_else(|| self.corrupt(column, "empty"))
    }

    /// A whole number of the type that is wanted.
    pub(super) fn number<T: TryFrom<i64, Error: Display>>(&self, column: &'static str) -> Result<T, RowsError> {
        T::try_from(self.int(column)?).map_err(|error| self.corrupt(column, error))
    }

    pub(super) fn flag(&self, column: &'static str) -> Result<bool, RowsError> {
        match self.int(column)? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(self.corrupt(column, format_args!("{other} is neither 0 nor 1"))),
        }
    }

    pub(super) fn time(&self, column: &'static str) -> Result<DateTime<Utc>, RowsError> {
        self.int(column).map(DateTime::from_timestamp_nanos)
    }

    pub(super) fn opt_time(&self, column: &'static str) -> Result<Option<DateTime<Utc>>, RowsError> {
        Ok(self.opt_int(column)?.map(DateTime::from_timestamp_nanos))
    }

    /// A value that is written as it is shown.
    pub(super) fn shown<T: FromStr<Err: Display>>(&self, column: &'static str) -> Result<T, RowsError> {
        self.text(column)?.parse().map_err(|error| self.corrupt(column, error))
    }

    pub(super) fn opt_shown<T: FromStr<Err: Display>>(&self, column: &'static str) -> Result<Option<T>, RowsError> {
        self.opt_text(column)?.map(|text| text.parse().map_err(|error| self.corrupt(column, error))).transpose()
    }

    pub(super) fn json<T: DeserializeOwned>(&self, column: &'static str) -> Result<T, RowsError> {
        serde_json::from_str(self.text(column)?).map_err(|error| self.corrupt(column, error))
    }

    pub(super) fn opt_json<T: DeserializeOwned>(&self, column: &'static str) -> Result<Option<T>, RowsError> {
        self.opt_text(column)?.map(|text| serde_json::from_str(text).map_err(|error| self.corrupt(column, error))).transpose()
    }

    /// One of a few words, as serde writes them.
    pub(super) fn word<T: DeserializeOwned>(&self, column: &'static str) -> Result<T, RowsError> {
        T::deserialize(StrDeserializer::<serde::de::value::Error>::new(self.text(column)?)).map_err(|error| self.corrupt(column, error))
    }

    pub(super) fn priority(&self, column: &'static str) -> Result<Priority, RowsError> {
        self.int(column)?.to_string().parse().map_err(|error| self.corrupt(column, error))
    }

    /// One of a few values, by its place among them.
    pub(super) fn ranked<T: Copy>(&self, column: &'static str, all: &[T]) -> Result<T, RowsError> {
        let rank: usize = self.number(column)?;
        all.get(rank).copied().ok_or_else(|| self.corrupt(column, format_args!("{rank} stands for nothing")))
    }

    pub(super) fn channel(&self, column: &'static str) -> Result<ChannelId, RowsError> {
        self.snowflake(column, self.int(column)?).map(ChannelId::new)
    }

    pub(super) fn opt_channel(&self, column: &'static str) -> Result<Option<ChannelId>, RowsError> {
        self.opt_int(column)?.map(|id| self.snowflake(column, id).map(ChannelId::new)).transpose()
    }

    pub(super) fn message(&self, column: &'static str) -> Result<MessageId, RowsError> {
        self.snowflake(column, self.int(column)?).map(MessageId::new)
    }

    pub(super) fn opt_message(&self, column: &'static str) -> Result<Option<MessageId>, RowsError> {
        self.opt_int(column)?.map(|id| self.snowflake(column, id).map(MessageId::new)).transpose()
    }

    pub(super) fn opt_message_ref(&self, channel: &'static str, message: &'static str) -> Result<Option<MessageRef>, RowsError> {
        match self.opt_int(message)? {
            None => Ok(None),
            Some(_) => Ok(Some(MessageRef { channel: self.channel(channel)?, message: self.message(message)? })),
        }
    }

    /// The address in the columns `channel` and `identity`.
    pub(super) fn address(&self) -> Result<Address, RowsError> {
        let identity = match self.text("identity")?.split_once(':') {
            None if self.text("identity")? == ORCHESTRATOR => Identity::Orchestrator,
            Some((WORKER, number)) => Identity::Worker(number.parse().map_err(|error| self.corrupt("identity", error))?),
            None | Some(_) => return Err(self.corrupt("identity", "nobody is called so")),
        };
        Ok(Address { channel: self.channel("channel")?, identity })
    }

    fn snowflake(&self, column: &'static str, stored: i64) -> Result<u64, RowsError> {
        Some(stored.cast_unsigned()).filter(|id| *id != 0).ok_or_else(|| self.corrupt(column, "no id of Discord's"))
    }
}

const ORCHESTRATOR: &str = "orchestrator";
const WORKER: &str = "worker";

/// How an identity is written.
pub(super) fn identity(identity: Identity) -> String {
    match identity {
        Identity::Orchestrator => ORCHESTRATOR.to_owned(),
        Identity::Worker(number) => format!("{WORKER}:{number}"),
    }
}

/// How a time is written.
///
/// # Errors
///
/// [`RowsError::Backend`]: the time is before 1677 or after 2262.
pub(super) fn nanos(at: DateTime<Utc>) -> Result<i64, RowsError> {
    at.timestamp_nanos_opt().ok_or_else(|| RowsError::Backend { reason: format!("{at} can't be stored: the years 1678 to 2261 can") })
}

/// How a time is written that may not have come.
pub(super) fn opt_nanos(at: Option<DateTime<Utc>>) -> Result<Option<i64>, RowsError> {
    at.map(nanos).transpose()
}

/// How a number is written that can't be negative.
pub(super) fn int(number: u64) -> Result<i64, RowsError> {
    i64::try_from(number).map_err(|_| RowsError::Backend { reason: format!("{number} can't be stored: it is too large") })
}

/// How a value is written that no statement looks into.
pub(super) fn json(value: &impl Serialize) -> Result<String, RowsError> {
    serde_json::to_string(value).map_err(|error| RowsError::Backend { reason: format!("a value can't be written as JSON: {error}") })
}

/// The place of one of a few values among them; [`Cells::ranked`] reads it.
pub(super) fn rank<T: PartialEq>(value: &T, all: &[T]) -> i64 {
    all.iter().zip(0..).find(|(other, _)| *other == value).map_or(-1, |(_, rank)| rank)
}
