//! Marks: the reactions that are to be put.

use chrono::{DateTime, Utc};
use orchestrator_core::{
    domain::{
        id::{ChannelId, MarkId, MessageId, TaskId},
        outbound::{Mark, Purpose},
        task::MessageRef,
    },
    ports::rows::{MarkRow, RowsError},
};
use rusqlite::{Row, named_params, params};

use super::{
    SqliteRows,
    cells::{Cells, json, nanos, rank},
};

/// In the order of sending, which is the order of their numbers in the store.
const PURPOSES: [Purpose; 4] = [Purpose::Claim, Purpose::Refusal, Purpose::End, Purpose::Heard];

impl SqliteRows<'_> {
    pub(super) fn list_wanted_marks(&self, limit: u32) -> Result<Vec<MarkRow>, RowsError> {
        self.all("SELECT * FROM mark WHERE state IN ('wanted', 'lifting') ORDER BY purpose, id LIMIT ?1", [limit], read_mark)
    }

    /// Leaps from channel to channel: however many marks wait in one, it is looked at once.
    pub(super) fn list_marked_channels(&self) -> Result<Vec<ChannelId>, RowsError> {
        let read = |row: &Row<'_>| Cells::new("mark", "id", row).channel("channel");
        let first = "SELECT id, channel FROM mark INDEXED BY mark_later WHERE state IN ('wanted', 'lifting') ORDER BY channel LIMIT 1";
        let after = "SELECT id, channel FROM mark INDEXED BY mark_later WHERE state IN ('wanted', 'lifting') AND channel > ?1 \
                     ORDER BY channel LIMIT 1";
        let (mut channels, mut next) = (Vec::new(), self.one(first, [], read)?);
        while let Some(channel) = next {
            channels.push(channel);
            next = self.one(after, [channel.get().cast_signed()], read)?;
        }
        channels.sort_unstable();
        Ok(channels)
    }

    pub(super) fn list_due_marks(&self, channel: ChannelId, now: DateTime<Utc>, limit: u32) -> Result<Vec<MarkRow>, RowsError> {
        let sql = "SELECT * FROM mark INDEXED BY mark_in_turn WHERE channel = ?1 AND state IN ('wanted', 'lifting') AND due_at <= ?2 \
                   ORDER BY purpose, id LIMIT ?3";
        self.all(sql, params![channel.get().cast_signed(), nanos(now)?, limit], read_mark)
    }

    pub(super) fn list_later_marks(&self, channel: ChannelId, now: DateTime<Utc>, limit: u32) -> Result<Vec<MarkRow>, RowsError> {
        let sql = "SELECT * FROM mark INDEXED BY mark_later WHERE channel = ?1 AND state IN ('wanted', 'lifting') AND due_at > ?2 \
                   ORDER BY due_at, id LIMIT ?3";
        self.all(sql, params![channel.get().cast_signed(), nanos(now)?, limit], read_mark)
    }

    pub(super) fn find_mark(&self, id: MarkId) -> Result<Option<MarkRow>, RowsError> {
        self.one("SELECT * FROM mark WHERE id = ?1", [id.0], read_mark)
    }

    pub(super) fn find_mark_on(&self, message: MessageId, emoji: &str) -> Result<Option<MarkRow>, RowsError> {
        let sql = "SELECT * FROM mark WHERE message = ?1 AND emoji = ?2";
        self.one(sql, params![message.get().cast_signed(), emoji], read_mark)
    }

    pub(super) fn add_mark(&self, row: &MarkRow) -> Result<MarkId, RowsError> {
        let sql = "INSERT INTO mark (channel, message, emoji, task, purpose, state, state_json, due_at, progress) \
                   VALUES (:channel, :message, :emoji, :task, :purpose, :state, :state_json, :due_at, :progress)";
        let values = named_params! {
            ":channel": row.mark.on.channel.get().cast_signed(),
            ":message": row.mark.on.message.get().cast_signed(),
            ":emoji": row.mark.emoji,
            ":task": row.mark.task.as_ref().map(TaskId::as_str),
            ":purpose": rank(&row.mark.purpose, &PURPOSES),
            ":state": row.state.word(),
            ":state_json": json(&row.state)?,
            ":due_at": nanos(row.progress.due_at)?,
            ":progress": json(&row.progress)?,
        };
        self.insert("mark", &format!("{} on {}", row.mark.emoji, row.mark.on.message), sql, values).map(MarkId)
    }

    pub(super) fn change_mark(&self, row: &MarkRow) -> Result<(), RowsError> {
        let sql = "UPDATE mark SET channel = :channel, task = :task, purpose = :purpose, state = :state, state_json = :state_json, \
                   due_at = :due_at, progress = :progress WHERE id = :id AND message = :message AND emoji = :emoji";
        let values = named_params! {
            ":id": row.id.0,
            ":channel": row.mark.on.channel.get().cast_signed(),
            ":message": row.mark.on.message.get().cast_signed(),
            ":emoji": row.mark.emoji,
            ":task": row.mark.task.as_ref().map(TaskId::as_str),
            ":purpose": rank(&row.mark.purpose, &PURPOSES),
            ":state": row.state.word(),
            ":state_json": json(&row.state)?,
            ":due_at": nanos(row.progress.due_at)?,
            ":progress": json(&row.progress)?,
        };
        self.update("mark", &row.id.0, sql, values)
    }
}

fn read_mark(row: &Row<'_>) -> Result<MarkRow, RowsError> {
    let cells = Cells::new("mark", "id", row);
    Ok(MarkRow {
        id: MarkId(cells.int("id")?),
        mark: Mark {
            on: MessageRef { channel: cells.channel("channel")?, message: cells.message("message")? },
            emoji: cells.text("emoji")?.to_owned(),
            task: cells.opt_shown("task")?,
            purpose: cells.ranked("purpose", &PURPOSES)?,
        },
        state: cells.json("state_json")?,
        progress: cells.json("progress")?,
    })
}
