//! Cards: the one message that each task has in its channel; and what was said in the threads beneath them.

use chrono::{DateTime, Utc};
use orchestrator_core::{
    domain::id::{ChannelId, MessageId, StepId, TaskId},
    ports::rows::{CardRow, FollowUpRow, RowsError, Turn},
};
use rusqlite::{Row, named_params, params};

use super::{
    SqliteRows,
    cells::{Cells, json, nanos},
};

impl SqliteRows<'_> {
    pub(super) fn find_card(&self, task: &TaskId) -> Result<Option<CardRow>, RowsError> {
        self.one("SELECT * FROM card WHERE task = ?1", [task.as_str()], read_card)
    }

    pub(super) fn find_card_at(&self, message: MessageId) -> Result<Option<TaskId>, RowsError> {
        let sql = "SELECT task FROM card WHERE message = ?1 LIMIT 1";
        self.one(sql, [message.get().cast_signed()], |row| Cells::new("card", "task", row).shown("task"))
    }

    /// Leaps from channel to channel: however many cards wait in one, it is looked at once.
    pub(super) fn list_carded_channels(&self) -> Result<Vec<ChannelId>, RowsError> {
        let read = |row: &Row<'_>| Cells::new("card", "task", row).channel("channel");
        let first = "SELECT task, channel FROM card INDEXED BY card_due WHERE due_at IS NOT NULL ORDER BY channel LIMIT 1";
        let after = "SELECT task, channel FROM card INDEXED BY card_due WHERE due_at IS NOT NULL AND channel > ?1 ORDER BY channel LIMIT 1";
        let (mut channels, mut next) = (Vec::new(), self.one(first, [], read)?);
        while let Some(channel) = next {
            channels.push(channel);
            next = self.one(after, [channel.get().cast_signed()], read)?;
        }
        channels.sort_unstable();
        Ok(channels)
    }

    pub(super) fn list_due_cards(&self, channel: ChannelId, rank: u8, now: DateTime<Utc>, limit: u32) -> Result<Vec<CardRow>, RowsError> {
        let sql = "SELECT * FROM card INDEXED BY card_due WHERE channel = ?1 AND rank = ?2 AND due_at <= ?3 ORDER BY due_at, task LIMIT ?4";
        self.all(sql, params![channel.get().cast_signed(), rank, nanos(now)?, limit], read_card)
    }

    pub(super) fn find_next_card_due(&self, channel: ChannelId, rank: u8) -> Result<Option<DateTime<Utc>>, RowsError> {
        let sql = "SELECT task, due_at FROM card INDEXED BY card_due WHERE channel = ?1 AND rank = ?2 AND due_at IS NOT NULL \
                   ORDER BY due_at LIMIT 1";
        self.one(sql, params![channel.get().cast_signed(), rank], |row| Cells::new("card", "task", row).time("due_at"))
    }

    pub(super) fn count_cards_near(&self, channel: ChannelId, most: u32) -> Result<u32, RowsError> {
        let sql = "SELECT 1 FROM card INDEXED BY card_near WHERE channel = ?1 AND near = 1 LIMIT ?2";
        let near = self.all(sql, params![channel.get().cast_signed(), most], |_| Ok(()))?;
        Ok(u32::try_from(near.len()).unwrap_or(most))
    }

    pub(super) fn find_first_card_far(&self, channel: ChannelId) -> Result<Option<CardRow>, RowsError> {
        let sql = "SELECT * FROM card INDEXED BY card_far WHERE channel = ?1 AND near = 0 ORDER BY priority DESC, step LIMIT 1";
        self.one(sql, [channel.get().cast_signed()], read_card)
    }

    pub(super) fn set_card(&self, row: &CardRow) -> Result<(), RowsError> {
        let sql = "INSERT INTO card (task, channel, message, rank, due_at, near, priority, step, card) \
                   VALUES (:task, :channel, :message, :rank, :due_at, :near, :priority, :step, :card) \
                   ON CONFLICT (task) DO UPDATE SET channel = :channel, message = :message, rank = :rank, due_at = :due_at, near = :near, \
                   priority = :priority, step = :step, card = :card";
        let values = named_params! {
            ":task": row.task.as_str(),
            ":channel": row.channel.get().cast_signed(),
            ":message": row.message.map(|message| message.get().cast_signed()),
            ":rank": row.rank(),
            ":due_at": row.due_at.map(nanos).transpose()?,
            ":near": row.turn.map(|turn| turn.near),
            ":priority": row.turn.map(|turn| turn.priority.get()),
            ":step": row.turn.map(|turn| turn.step.0),
            ":card": json(&row.card)?,
        };
        self.insert("card", &row.task, sql, values).map(drop)
    }

    pub(super) fn list_follow_ups_of(&self, task: &TaskId) -> Result<Vec<FollowUpRow>, RowsError> {
        self.all("SELECT * FROM follow_up WHERE task = ?1 ORDER BY seq", [task.as_str()], read_follow_up)
    }

    pub(super) fn add_follow_up(&self, row: &FollowUpRow) -> Result<(), RowsError> {
        let sql = "INSERT INTO follow_up (message, task, told_to, follow_up) VALUES (?1, ?2, ?3, ?4)";
        let message = row.said.at.message;
        let values = params![message.get().cast_signed(), row.task.as_str(), row.told_to, json(&row.said)?];
        self.insert("follow_up", &message, sql, values).map(drop)
    }

    pub(super) fn tell_follow_ups_of(&self, task: &TaskId, attempt: u32) -> Result<(), RowsError> {
        let sql = "UPDATE follow_up SET told_to = ?2 WHERE task = ?1 AND told_to IS NULL";
        self.change(sql, params![task.as_str(), attempt]).map(drop)
    }
}

fn read_card(row: &Row<'_>) -> Result<CardRow, RowsError> {
    let cells = Cells::new("card", "task", row);
    let turn = match cells.opt_int("near")? {
        None => None,
        Some(near) => Some(Turn { near: near != 0, priority: cells.priority("priority")?, step: StepId(cells.int("step")?) }),
    };
    Ok(CardRow {
        turn,
        task: cells.shown("task")?,
        channel: cells.channel("channel")?,
        message: cells.opt_message("message")?,
        due_at: cells.opt_time("due_at")?,
        card: cells.json("card")?,
    })
}

fn read_follow_up(row: &Row<'_>) -> Result<FollowUpRow, RowsError> {
    let cells = Cells::new("follow_up", "message", row);
    let told_to = cells.opt_int("told_to")?.map(u32::try_from).transpose().map_err(|error| cells.corrupt("told_to", error))?;
    Ok(FollowUpRow { task: cells.shown("task")?, told_to, said: cells.json("follow_up")? })
}
