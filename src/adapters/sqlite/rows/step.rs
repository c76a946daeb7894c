//! Steps, the lanes they wait in and the gates they wait at.

use chrono::{DateTime, Utc};
use orchestrator_core::{
    domain::{
        id::{StepId, TaskId},
        lease::Fence,
        step::StepState,
    },
    ports::rows::{GateRow, LaneRow, RowsError, StepRow},
};
use rusqlite::{Row, named_params, params};

use super::{
    SqliteRows,
    cells::{Cells, int, json, nanos},
};

/// The most gates at which steps wait that are told at once.
const MOST_GATES: usize = 10_000;

impl SqliteRows<'_> {
    pub(super) fn find_step(&self, id: StepId) -> Result<Option<StepRow>, RowsError> {
        self.one("SELECT * FROM step WHERE id = ?1", [id.0], read_step)
    }

    pub(super) fn find_step_of(&self, task: &TaskId) -> Result<Option<StepRow>, RowsError> {
        self.one("SELECT * FROM step WHERE task = ?1 ORDER BY id LIMIT 1", [task.as_str()], read_step)
    }

    pub(super) fn find_first_ready(&self, lane: &str) -> Result<Option<StepRow>, RowsError> {
        let sql = "SELECT * FROM step WHERE lane = ?1 AND state = 'ready' ORDER BY priority DESC, id LIMIT 1";
        self.one(sql, [lane], read_step)
    }

    pub(super) fn list_waiting_steps(&self, limit: u32) -> Result<Vec<StepRow>, RowsError> {
        let sql = "SELECT * FROM step WHERE state IN ('ready', 'parked', 'delayed') ORDER BY priority DESC, id LIMIT ?1";
        self.all(sql, [limit], read_step)
    }

    pub(super) fn find_first_parked(&self, gate: &str) -> Result<Option<StepRow>, RowsError> {
        let sql = "SELECT * FROM step WHERE gate = ?1 AND state = 'parked' ORDER BY priority DESC, id LIMIT 1";
        self.one(sql, [gate], read_step)
    }

    pub(super) fn list_parked_gates(&self, beginning: &str) -> Result<Vec<String>, RowsError> {
        // One seek for each gate: a hundred thousand may wait at one of them, and DISTINCT would look at all.
        let sql = "SELECT gate FROM step WHERE gate > ?1 AND gate < ?2 AND state = 'parked' ORDER BY gate LIMIT 1";
        let behind = format!("{beginning}\u{10ffff}");
        let (mut found, mut last) = (Vec::new(), beginning.to_owned());
        while found.len() < MOST_GATES {
            let next = self.one(sql, [&last, &behind], |row| Cells::new("step", "gate", row).text("gate").map(str::to_owned))?;
            let Some(gate) = next else { break };
            last.clone_from(&gate);
            found.push(gate);
        }
        Ok(found)
    }

    pub(super) fn list_due_steps(&self, now: DateTime<Utc>, limit: u32) -> Result<Vec<StepRow>, RowsError> {
        let sql = "SELECT * FROM step WHERE due_at <= ?1 AND state = 'delayed' ORDER BY due_at, id LIMIT ?2";
        self.all(sql, params![nanos(now)?, limit], read_step)
    }

    pub(super) fn find_next_due(&self) -> Result<Option<DateTime<Utc>>, RowsError> {
        let sql = "SELECT id, due_at FROM step WHERE state = 'delayed' ORDER BY due_at LIMIT 1";
        self.one(sql, [], |row| Cells::new("step", "id", row).time("due_at"))
    }

    pub(super) fn add_step(&self, row: &StepRow) -> Result<StepId, RowsError> {
        let sql = "INSERT INTO step (task, lane, state, state_json, gate, due_at, priority, gates, attempts, attempts_allowed, \
                   failed_launches, fence, version) VALUES (:task, :lane, :state, :state_json, :gate, :due_at, :priority, :gates, \
                   :attempts, :attempts_allowed, :failed_launches, :fence, :version)";
        let (gate, due_at) = waits_for(&row.state)?;
        let values = named_params! {
            ":task": row.task.as_str(),
            ":lane": row.lane,
            ":state": row.state.word(),
            ":state_json": json(&row.state)?,
            ":gate": gate,
            ":due_at": due_at,
            ":priority": row.priority.get(),
            ":gates": json(&row.gates)?,
            ":attempts": row.attempts,
            ":attempts_allowed": row.attempts_allowed,
            ":failed_launches": row.failed_launches,
            ":fence": int(row.fence.0)?,
            ":version": int(row.version)?,
        };
        self.insert("step", &row.task, sql, values).map(StepId)
    }

    pub(super) fn change_step(&self, row: &mut StepRow) -> Result<(), RowsError> {
        let sql = "UPDATE step SET lane = :lane, state = :state, state_json = :state_json, gate = :gate, due_at = :due_at, \
                   priority = :priority, gates = :gates, attempts = :attempts, attempts_allowed = :attempts_allowed, \
                   failed_launches = :failed_launches, fence = :fence, version = version + 1 \
                   WHERE id = :id AND task = :task AND version = :version";
        let (gate, due_at) = waits_for(&row.state)?;
        let values = named_params! {
            ":id": row.id.0,
            ":task": row.task.as_str(),
            ":lane": row.lane,
            ":state": row.state.word(),
            ":state_json": json(&row.state)?,
            ":gate": gate,
            ":due_at": due_at,
            ":priority": row.priority.get(),
            ":gates": json(&row.gates)?,
            ":attempts": row.attempts,
            ":attempts_allowed": row.attempts_allowed,
            ":failed_launches": row.failed_launches,
            ":fence": int(row.fence.0)?,
            ":version": int(row.version)?,
        };
        self.update("step", &row.id.0, sql, values)?;
        row.version += 1;
        Ok(())
    }

    pub(super) fn find_lane(&self, id: &str) -> Result<Option<LaneRow>, RowsError> {
        self.one("SELECT * FROM lane WHERE id = ?1", [id], read_lane)
    }

    pub(super) fn find_next_lane(&self) -> Result<Option<LaneRow>, RowsError> {
        let sql = "SELECT * FROM lane WHERE ready > 0 AND running < cap ORDER BY head DESC, pass, id LIMIT 1";
        self.one(sql, [], read_lane)
    }

    pub(super) fn write_lane(&self, row: &LaneRow) -> Result<(), RowsError> {
        let sql = "INSERT INTO lane (id, weight, pass, running, cap, ready, head) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) \
                   ON CONFLICT (id) DO UPDATE SET weight = ?2, pass = ?3, running = ?4, cap = ?5, ready = ?6, head = ?7";
        let values = params![row.id, row.weight, int(row.pass)?, row.running, row.cap, row.ready, row.head.get()];
        self.change(sql, values)?;
        Ok(())
    }

    pub(super) fn find_gate(&self, name: &str) -> Result<Option<GateRow>, RowsError> {
        self.one("SELECT * FROM gate WHERE name = ?1", [name], |row| {
            let cells = Cells::new("gate", "name", row);
            let cap = match cells.opt_int("cap")? {
                None => None,
                Some(_) => Some(cells.number("cap")?),
            };
            Ok(GateRow { name: cells.text("name")?.to_owned(), held: cells.number("held")?, cap, paused: cells.flag("paused")? })
        })
    }

    pub(super) fn write_gate(&self, row: &GateRow) -> Result<(), RowsError> {
        let sql = "INSERT INTO gate (name, held, cap, paused) VALUES (?1, ?2, ?3, ?4) \
                   ON CONFLICT (name) DO UPDATE SET held = ?2, cap = ?3, paused = ?4";
        self.change(sql, params![row.name, row.held, row.cap, row.paused])?;
        Ok(())
    }
}

/// The gate and the time that a step waits for, as the columns of its indexes.
fn waits_for(state: &StepState) -> Result<(Option<&str>, Option<i64>), RowsError> {
    Ok(match state {
        StepState::Parked { gate } => (Some(gate), None),
        StepState::Delayed { until } => (None, Some(nanos(*until)?)),
        StepState::Blocked { .. } | StepState::Ready { .. } | StepState::Running | StepState::Finished { .. } => (None, None),
    })
}

fn read_step(row: &Row<'_>) -> Result<StepRow, RowsError> {
    let cells = Cells::new("step", "id", row);
    Ok(StepRow {
        id: StepId(cells.int("id")?),
        task: cells.shown("task")?,
        lane: cells.text("lane")?.to_owned(),
        state: cells.json("state_json")?,
        priority: cells.priority("priority")?,
        gates: cells.json("gates")?,
        attempts: cells.number("attempts")?,
        attempts_allowed: cells.number("attempts_allowed")?,
        failed_launches: cells.number("failed_launches")?,
        fence: Fence(cells.number("fence")?),
        version: cells.number("version")?,
    })
}

fn read_lane(row: &Row<'_>) -> Result<LaneRow, RowsError> {
    let cells = Cells::new("lane", "id", row);
    Ok(LaneRow {
        id: cells.text("id")?.to_owned(),
        weight: cells.number("weight")?,
        pass: cells.number("pass")?,
        running: cells.number("running")?,
        cap: cells.number("cap")?,
        ready: cells.number("ready")?,
        head: cells.priority("head")?,
    })
}
