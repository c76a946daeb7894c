//! Letters and the parcels they go in.

use orchestrator_core::{
    domain::{
        id::{LetterId, ParcelId, TaskId},
        outbound::{Address, Class, Letter, LetterState},
    },
    ports::rows::{LetterRow, ParcelRow, RowsError},
};
use rusqlite::{Row, named_params, params};

use super::{
    SqliteRows,
    cells::{Cells, identity, json, nanos, rank},
};

/// In the order of sending, which is the order of their numbers in the store.
const CLASSES: [Class; 3] = [Class::Answer, Class::Result, Class::Notice];

impl SqliteRows<'_> {
    pub(super) fn find_letter(&self, id: LetterId) -> Result<Option<LetterRow>, RowsError> {
        self.one("SELECT * FROM letter WHERE id = ?1", [id.0], read_letter)
    }

    /// Leaps from address to address: however many letters wait for one, it is looked at once.
    pub(super) fn list_busy_addresses(&self) -> Result<Vec<Address>, RowsError> {
        let read = |row: &Row<'_>| Cells::new("letter", "id", row).address();
        let first = "SELECT id, channel, identity FROM letter WHERE state = 'waiting' ORDER BY channel, identity LIMIT 1";
        let after = "SELECT id, channel, identity FROM letter WHERE state = 'waiting' AND (channel, identity) > (?1, ?2) \
                     ORDER BY channel, identity LIMIT 1";
        let under_way = "SELECT id, channel, identity FROM parcel INDEXED BY parcel_under_way WHERE over = 0";
        let mut busy = self.all(under_way, [], |row| Cells::new("parcel", "id", row).address())?;
        let mut next = self.one(first, [], read)?;
        while let Some(address) = next {
            busy.push(address);
            let from = params![address.channel.get().cast_signed(), identity(address.identity)];
            next = self.one(after, from, read)?;
        }
        busy.sort_unstable();
        busy.dedup();
        Ok(busy)
    }

    pub(super) fn list_waiting_letters(&self, to: Address, limit: u32) -> Result<Vec<LetterRow>, RowsError> {
        let sql = "SELECT * FROM letter WHERE channel = ?1 AND identity = ?2 AND state = 'waiting' ORDER BY class, id LIMIT ?3";
        self.all(sql, params![to.channel.get().cast_signed(), identity(to.identity), limit], read_letter)
    }

    pub(super) fn list_letters_of(&self, task: &TaskId) -> Result<Vec<LetterRow>, RowsError> {
        self.all("SELECT * FROM letter WHERE task = ?1 ORDER BY id", [task.as_str()], read_letter)
    }

    pub(super) fn add_letter(&self, row: &LetterRow) -> Result<LetterId, RowsError> {
        let sql = "INSERT INTO letter (channel, identity, class, is_result, letter, task, state, state_json, written_at) \
                   VALUES (:channel, :identity, :class, :is_result, :letter, :task, :state, :state_json, :written_at)";
        let is_result = matches!(row.letter, Letter::Result { .. });
        let values = named_params! {
            ":channel": row.to.channel.get().cast_signed(),
            ":identity": identity(row.to.identity),
            ":class": rank(&row.class, &CLASSES),
            ":is_result": is_result,
            ":letter": json(&row.letter)?,
            ":task": row.task.as_ref().map(TaskId::as_str),
            ":state": row.state.word(),
            ":state_json": json(&row.state)?,
            ":written_at": nanos(row.written_at)?,
        };
        let id = self.insert("letter", &"new", sql, values)?;
        if let (true, Some(task)) = (is_result, &row.task) {
            // It speaks for all attempts of its task that have had no word so far.
            let sql = "UPDATE attempt SET result = ?2, result_over = ?3 WHERE task = ?1 AND result IS NULL";
            self.change(sql, params![task.as_str(), id, is_over(&row.state)])?;
        }
        Ok(LetterId(id))
    }

    pub(super) fn change_letter(&self, id: LetterId, state: &LetterState) -> Result<(), RowsError> {
        let sql = "UPDATE letter SET state = ?2, state_json = ?3 WHERE id = ?1";
        self.update("letter", &id.0, sql, params![id.0, state.word(), json(state)?])?;
        self.change("UPDATE attempt SET result_over = ?2 WHERE result = ?1 AND result_over <> ?2", params![id.0, is_over(state)])?;
        Ok(())
    }

    pub(super) fn find_parcel(&self, id: &ParcelId) -> Result<Option<ParcelRow>, RowsError> {
        self.one("SELECT * FROM parcel WHERE id = ?1", [&id.0], read_parcel)
    }

    pub(super) fn find_parcel_under_way(&self, to: Address) -> Result<Option<ParcelRow>, RowsError> {
        let sql = "SELECT * FROM parcel WHERE channel = ?1 AND identity = ?2 AND over = 0";
        self.one(sql, params![to.channel.get().cast_signed(), identity(to.identity)], read_parcel)
    }

    pub(super) fn add_parcel(&self, row: &ParcelRow) -> Result<(), RowsError> {
        let sql = "INSERT INTO parcel (id, channel, identity, class, letters, post, progress, over) \
                   VALUES (:id, :channel, :identity, :class, :letters, :post, :progress, :over)";
        write_parcel(row, |values| self.insert("parcel", &row.id, sql, values).map(|_| ()))
    }

    pub(super) fn change_parcel(&self, row: &ParcelRow) -> Result<(), RowsError> {
        let sql = "UPDATE parcel SET class = :class, letters = :letters, post = :post, progress = :progress, over = :over \
                   WHERE id = :id AND over = 0 AND channel = :channel AND identity = :identity";
        write_parcel(row, |values| self.update("parcel", &row.id, sql, values))
    }
}

fn is_over(state: &LetterState) -> bool {
    match state {
        LetterState::Waiting | LetterState::Packed => false,
        LetterState::Delivered { .. } | LetterState::Undeliverable { .. } => true,
    }
}

/// Gives a parcel's columns to the statement that adds or changes it.
fn write_parcel(row: &ParcelRow, write: impl FnOnce(&[(&str, &dyn rusqlite::ToSql)]) -> Result<(), RowsError>) -> Result<(), RowsError> {
    write(named_params! {
        ":id": row.id.0,
        ":channel": row.to.channel.get().cast_signed(),
        ":identity": identity(row.to.identity),
        ":class": rank(&row.class, &CLASSES),
        ":letters": json(&row.letters)?,
        ":post": json(&row.post)?,
        ":progress": json(&row.progress)?,
        ":over": row.over,
    })
}

fn read_letter(row: &Row<'_>) -> Result<LetterRow, RowsError> {
    let cells = Cells::new("letter", "id", row);
    Ok(LetterRow {
        id: LetterId(cells.int("id")?),
        to: cells.address()?,
        class: cells.ranked("class", &CLASSES)?,
        letter: cells.json("letter")?,
        task: cells.opt_shown("task")?,
        state: cells.json("state_json")?,
        written_at: cells.time("written_at")?,
    })
}

fn read_parcel(row: &Row<'_>) -> Result<ParcelRow, RowsError> {
    let cells = Cells::new("parcel", "id", row);
    Ok(ParcelRow {
        id: ParcelId(cells.text("id")?.to_owned()),
        to: cells.address()?,
        class: cells.ranked("class", &CLASSES)?,
        letters: cells.json("letters")?,
        post: cells.json("post")?,
        progress: cells.json("progress")?,
        over: cells.flag("over")?,
    })
}
