//! Counts, small facts and the journal.

use orchestrator_core::{
    domain::{id::TaskId, journal::Event},
    ports::rows::{Counts, RowsError},
};
use rusqlite::params;

use super::{
    SqliteRows,
    cells::{Cells, json, nanos},
};

impl SqliteRows<'_> {
    pub(super) fn count_all(&self) -> Result<Counts, RowsError> {
        Ok(Counts {
            waiting: self.tally("step/ready")? + self.tally("step/parked")? + self.tally("step/delayed")?,
            blocked: self.tally("step/blocked")?,
            running: self.tally("step/running")?,
            ended: self.tally("task/ended")?,
            letters: self.tally("letter/waiting")? + self.tally("letter/packed")?,
            undeliverable: self.tally("letter/undeliverable")?,
        })
    }

    pub(super) fn count_open_tasks(&self, lane: &str) -> Result<u64, RowsError> {
        self.tally(&format!("open/{lane}"))
    }

    /// What the schema's triggers have counted.
    fn tally(&self, name: &str) -> Result<u64, RowsError> {
        let counted = self.one("SELECT * FROM tally WHERE name = ?1", [name], |row| Cells::new("tally", "name", row).number("n"))?;
        Ok(counted.unwrap_or(0))
    }

    /// Counts what the triggers have counted, one row at a time.
    pub(super) fn check_tallies(&self) -> Result<(), RowsError> {
        let sql = "WITH counted (name, n) AS ( \
                   SELECT 'step/' || state, count(*) FROM step GROUP BY state \
                   UNION ALL SELECT 'letter/' || state, count(*) FROM letter GROUP BY state \
                   UNION ALL SELECT 'open/' || lane, sum(open) FROM task GROUP BY lane \
                   UNION ALL SELECT 'task/ended', count(*) FROM task WHERE open = 0) \
                   SELECT name, tally.n AS told, counted.n AS found FROM tally FULL JOIN counted USING (name) \
                   WHERE coalesce(tally.n, 0) <> coalesce(counted.n, 0) LIMIT 1";
        let wrong = self.one(sql, [], |row| {
            let cells = Cells::new("tally", "name", row);
            let (told, found) = (cells.opt_int("told")?.unwrap_or(0), cells.opt_int("found")?.unwrap_or(0));
            Ok(cells.corrupt("n", format_args!("it says {told}, and there are {found}")))
        })?;
        wrong.map_or(Ok(()), Err)
    }

    pub(super) fn find_fact(&self, name: &str) -> Result<Option<String>, RowsError> {
        self.one("SELECT * FROM fact WHERE name = ?1", [name], |row| Ok(Cells::new("fact", "name", row).text("value")?.to_owned()))
    }

    pub(super) fn remove_fact(&self, name: &str) -> Result<(), RowsError> {
        self.change("DELETE FROM fact WHERE name = ?1", [name]).map(drop)
    }

    pub(super) fn write_fact(&self, name: &str, value: &str) -> Result<(), RowsError> {
        self.change("INSERT INTO fact VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2", [name, value])?;
        Ok(())
    }

    pub(super) fn add_event(&self, event: &Event) -> Result<(), RowsError> {
        let sql = "INSERT INTO journal (at, task, attempt, what) VALUES (?1, ?2, ?3, ?4)";
        let attempt = event.attempt.map(|id| id.to_string());
        self.change(sql, params![nanos(event.at)?, event.task.as_ref().map(TaskId::as_str), attempt, json(&event.what)?])?;
        Ok(())
    }

    pub(super) fn list_events_of(&self, task: &TaskId) -> Result<Vec<Event>, RowsError> {
        self.all("SELECT * FROM journal WHERE task = ?1 ORDER BY seq", [task.as_str()], |row| {
            let cells = Cells::new("journal", "seq", row);
            Ok(Event {
                at: cells.time("at")?,
                task: cells.opt_shown("task")?,
                attempt: cells.opt_shown("attempt")?,
                what: cells.json("what")?,
            })
        })
    }
}
