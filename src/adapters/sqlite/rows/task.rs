//! Intake rows and tasks.

use orchestrator_core::{
    domain::{
        attempt::Outcome,
        id::{MessageId, TaskId},
    },
    ports::rows::{IntakeRow, RowsError, TaskFilter, TaskRow},
};
use rusqlite::{Row, named_params, params};

use super::{
    SqliteRows,
    cells::{Cells, json, nanos},
};

impl SqliteRows<'_> {
    pub(super) fn find_intake(&self, source: &str, key: &str) -> Result<Option<IntakeRow>, RowsError> {
        self.one("SELECT * FROM intake WHERE source = ?1 AND key = ?2", [source, key], |row| {
            let cells = Cells::new("intake", "key", row);
            Ok(IntakeRow {
                source: cells.text("source")?.to_owned(),
                key: cells.text("key")?.to_owned(),
                body_hash: cells.text("body_hash")?.to_owned(),
                task: cells.shown("task")?,
            })
        })
    }

    pub(super) fn add_intake(&self, row: &IntakeRow) -> Result<(), RowsError> {
        let key = format!("{}/{}", row.source, row.key);
        let values = params![row.source, row.key, row.body_hash, row.task.as_str()];
        self.insert("intake", &key, "INSERT INTO intake VALUES (?1, ?2, ?3, ?4)", values)?;
        Ok(())
    }

    pub(super) fn find_task(&self, id: &TaskId) -> Result<Option<TaskRow>, RowsError> {
        self.one("SELECT * FROM task WHERE id = ?1", [id.as_str()], read_task)
    }

    pub(super) fn find_task_of_message(&self, message: MessageId) -> Result<Option<TaskId>, RowsError> {
        let message = message.get().cast_signed();
        self.one("SELECT seq, id FROM task WHERE message = ?1", [message], |row| Cells::new("task", "seq", row).shown("id"))
    }

    pub(super) fn list_tasks(&self, filter: &TaskFilter) -> Result<Vec<TaskRow>, RowsError> {
        let before = match &filter.before {
            None => i64::MAX,
            Some(cursor) => {
                let seq =
                    self.one("SELECT seq, id FROM task WHERE id = ?1", [cursor.as_str()], |row| Cells::new("task", "id", row).int("seq"))?;
                seq.unwrap_or(0)
            }
        };
        let (open, lane, limit) = (filter.open, &filter.lane, filter.limit);
        match (lane, open) {
            (None, None) => self.all("SELECT * FROM task WHERE seq < ?1 ORDER BY seq DESC LIMIT ?2", params![before, limit], read_task),
            (None, Some(open)) => {
                let sql = "SELECT * FROM task WHERE open = ?3 AND seq < ?1 ORDER BY seq DESC LIMIT ?2";
                self.all(sql, params![before, limit, open], read_task)
            }
            (Some(lane), None) => {
                let sql = "SELECT * FROM task WHERE lane = ?3 AND seq < ?1 ORDER BY seq DESC LIMIT ?2";
                self.all(sql, params![before, limit, lane], read_task)
            }
            (Some(lane), Some(open)) => {
                let sql = "SELECT * FROM task WHERE lane = ?3 AND open = ?4 AND seq < ?1 ORDER BY seq DESC LIMIT ?2";
                self.all(sql, params![before, limit, lane, open], read_task)
            }
        }
    }

    pub(super) fn add_task(&self, row: &TaskRow) -> Result<(), RowsError> {
        let sql = "INSERT INTO task (id, lane, open, message_channel, message, entry_channel, entry, ended_at, outcome, task) \
                   VALUES (:id, :lane, :open, :message_channel, :message, :entry_channel, :entry, :ended_at, :outcome, :task)";
        write_task(row, |values| self.insert("task", &row.task.id, sql, values).map(|_| ()))
    }

    pub(super) fn change_task(&self, row: &TaskRow) -> Result<(), RowsError> {
        let sql = "UPDATE task SET lane = :lane, open = :open, message_channel = :message_channel, message = :message, \
                   entry_channel = :entry_channel, entry = :entry, ended_at = :ended_at, outcome = :outcome, task = :task WHERE id = :id";
        write_task(row, |values| self.update("task", &row.task.id, sql, values))
    }
}

/// Gives a task's columns to the statement that adds or changes it.
fn write_task(row: &TaskRow, write: impl FnOnce(&[(&str, &dyn rusqlite::ToSql)]) -> Result<(), RowsError>) -> Result<(), RowsError> {
    write(named_params! {
        ":id": row.task.id.as_str(),
        ":lane": row.task.requester.lane(),
        ":open": row.ended.is_none(),
        ":message_channel": row.message.map(|at| at.channel.get().cast_signed()),
        ":message": row.message.map(|at| at.message.get().cast_signed()),
        ":entry_channel": row.entry.map(|at| at.channel.get().cast_signed()),
        ":entry": row.entry.map(|at| at.message.get().cast_signed()),
        ":ended_at": row.ended.map(|(at, _)| nanos(at)).transpose()?,
        ":outcome": row.ended.map(|(_, outcome)| outcome.word()),
        ":task": json(&row.task)?,
    })
}

fn read_task(row: &Row<'_>) -> Result<TaskRow, RowsError> {
    let cells = Cells::new("task", "id", row);
    let ended = match cells.opt_time("ended_at")? {
        None => None,
        Some(at) => Some((at, cells.word::<Outcome>("outcome")?)),
    };
    Ok(TaskRow {
        task: cells.json("task")?,
        message: cells.opt_message_ref("message_channel", "message")?,
        entry: cells.opt_message_ref("entry_channel", "entry")?,
        ended,
    })
}
