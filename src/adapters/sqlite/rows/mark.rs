//! Marks: the reactions that are to be put.

use orchestrator_core::{
    domain::{
        id::{MarkId, MessageId, TaskId},
        outbound::{Mark, Purpose},
        task::MessageRef,
    },
    ports::rows::{MarkRow, RowsError},
};
use rusqlite::{Row, named_params, params};

use super::{
    SqliteRows,
    cells::{Cells, json, rank},
};

/// In the order of sending, which is the order of their numbers in the store.
const PURPOSES: [Purpose; 3] = [Purpose::Claim, Purpose::Refusal, Purpose::End];

impl SqliteRows<'_> {
    pub(super) fn list_wanted_marks(&self, limit: u32) -> Result<Vec<MarkRow>, RowsError> {
        self.all("SELECT * FROM mark WHERE state IN ('wanted', 'lifting') ORDER BY purpose, id LIMIT ?1", [limit], read_mark)
    }

    pub(super) fn find_mark(&self, id: MarkId) -> Result<Option<MarkRow>, RowsError> {
        self.one("SELECT * FROM mark WHERE id = ?1", [id.0], read_mark)
    }

    pub(super) fn find_mark_on(&self, message: MessageId, emoji: &str) -> Result<Option<MarkRow>, RowsError> {
        let sql = "SELECT * FROM mark WHERE message = ?1 AND emoji = ?2";
        self.one(sql, params![message.get().cast_signed(), emoji], read_mark)
    }

    pub(super) fn add_mark(&self, row: &MarkRow) -> Result<MarkId, RowsError> {
        let sql = "INSERT INTO mark (channel, message, emoji, task, purpose, state, state_json, progress) \
                   VALUES (:channel, :message, :emoji, :task, :purpose, :state, :state_json, :progress)";
        let values = named_params! {
            ":channel": row.mark.on.channel.get().cast_signed(),
            ":message": row.mark.on.message.get().cast_signed(),
            ":emoji": row.mark.emoji,
            ":task": row.mark.task.as_ref().map(TaskId::as_str),
            ":purpose": rank(&row.mark.purpose, &PURPOSES),
            ":state": row.state.word(),
            ":state_json": json(&row.state)?,
            ":progress": json(&row.progress)?,
        };
        self.insert("mark", &format!("{} on {}", row.mark.emoji, row.mark.on.message), sql, values).map(MarkId)
    }

    pub(super) fn change_mark(&self, row: &MarkRow) -> Result<(), RowsError> {
        let sql = "UPDATE mark SET channel = :channel, task = :task, purpose = :purpose, state = :state, state_json = :state_json, \
                   progress = :progress WHERE id = :id AND message = :message AND emoji = :emoji";
        let values = named_params! {
            ":id": row.id.0,
            ":channel": row.mark.on.channel.get().cast_signed(),
            ":message": row.mark.on.message.get().cast_signed(),
            ":emoji": row.mark.emoji,
            ":task": row.mark.task.as_ref().map(TaskId::as_str),
            ":purpose": rank(&row.mark.purpose, &PURPOSES),
            ":state": row.state.word(),
            ":state_json": json(&row.state)?,
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
