//! Attempts, and the ledger of their money.

use chrono::{DateTime, NaiveDate, Utc};
use orchestrator_core::{
    domain::{
        attempt::{AttemptState, Outcome},
        id::{AttemptId, InstanceId, StepId, TaskId},
        lease::{Fence, Lease},
        money::{CostFrom, Usd},
    },
    ports::rows::{AttemptRow, LedgerRow, LiveHead, RowsError},
};
use rusqlite::{Row, named_params, params};

use super::{
    SqliteRows,
    cells::{Cells, int, json, nanos, opt_nanos},
};

impl SqliteRows<'_> {
    pub(super) fn find_attempt(&self, id: AttemptId) -> Result<Option<AttemptRow>, RowsError> {
        self.one("SELECT * FROM attempt WHERE id = ?1", [id.to_string()], read_attempt)
    }

    pub(super) fn list_attempts_of(&self, task: &TaskId) -> Result<Vec<AttemptRow>, RowsError> {
        self.all("SELECT * FROM attempt WHERE task = ?1 ORDER BY seq", [task.as_str()], read_attempt)
    }

    pub(super) fn list_live_attempts(&self, instance: &InstanceId) -> Result<Vec<AttemptRow>, RowsError> {
        self.all("SELECT * FROM attempt WHERE instance = ?1 AND live = 1 ORDER BY seq", [&instance.0], read_attempt)
    }

    pub(super) fn list_live_heads(&self, instance: &InstanceId) -> Result<Vec<LiveHead>, RowsError> {
        let sql = "SELECT id, slot, state = 'running' AS runs, stop FROM attempt WHERE instance = ?1 AND live = 1 ORDER BY seq";
        self.all(sql, [&instance.0], |row| {
            let cells = Cells::new("attempt", "id", row);
            Ok(LiveHead { id: cells.shown("id")?, slot: cells.number("slot")?, runs: cells.flag("runs")?, stop: cells.opt_json("stop")? })
        })
    }

    pub(super) fn list_removable(&self, succeeded: bool, before: DateTime<Utc>, limit: u32) -> Result<Vec<AttemptRow>, RowsError> {
        let sql = "SELECT * FROM attempt WHERE succeeded = ?1 AND ended_at < ?2 AND state = 'ended' AND workspace_removed = 0 \
                   AND result_over = 1 ORDER BY ended_at, seq LIMIT ?3";
        self.all(sql, params![succeeded, nanos(before)?, limit], read_attempt)
    }

    pub(super) fn add_attempt(&self, row: &AttemptRow) -> Result<(), RowsError> {
        let sql = "INSERT INTO attempt (id, step, task, number, fence, instance, lease_until, state, state_json, live, succeeded, \
                   agent_id, agent, slot, stop, report, claimed_at, ended_at, workspace_removed) VALUES (:id, :step, :task, :number, \
                   :fence, :instance, :lease_until, :state, :state_json, :live, :succeeded, :agent_id, :agent, :slot, :stop, :report, \
                   :claimed_at, :ended_at, :workspace_removed)";
        write_attempt(row, |values| self.insert("attempt", &row.id, sql, values).map(|_| ()))
    }

    pub(super) fn change_attempt(&self, row: &AttemptRow) -> Result<(), RowsError> {
        let sql = "UPDATE attempt SET number = :number, instance = :instance, lease_until = :lease_until, state = :state, \
                   state_json = :state_json, live = :live, succeeded = :succeeded, agent_id = :agent_id, agent = :agent, slot = :slot, \
                   stop = :stop, report = :report, claimed_at = :claimed_at, ended_at = :ended_at, \
                   workspace_removed = :workspace_removed \
                   WHERE id = :id AND fence = :fence AND live = 1 AND step = :step AND task = :task";
        write_attempt(row, |values| self.update("attempt", &row.id, sql, values))
    }

    pub(super) fn remove_workspace(&self, id: AttemptId) -> Result<(), RowsError> {
        let sql = "UPDATE attempt SET workspace_removed = 1 WHERE id = ?1 AND live = 0";
        self.update("attempt", &id, sql, [id.to_string()])
    }

    pub(super) fn renew(&self, instance: &InstanceId, until: DateTime<Utc>) -> Result<u64, RowsError> {
        let sql = "UPDATE attempt SET lease_until = ?2 WHERE instance = ?1 AND live = 1";
        Ok(self.change(sql, params![instance.0, nanos(until)?])? as u64)
    }

    pub(super) fn add_ledger(&self, row: &LedgerRow) -> Result<(), RowsError> {
        let sql = "INSERT INTO ledger (attempt, task, lane, requester, channel, instance, agent, model, day, cost, cost_from, usage) \
                   VALUES (:attempt, :task, :lane, :requester, :channel, :instance, :agent, :model, :day, :cost, :cost_from, :usage)";
        let values = named_params! {
            ":attempt": row.attempt.to_string(),
            ":task": row.task.as_str(),
            ":lane": row.lane,
            ":requester": row.requester,
            ":channel": row.channel.map(|channel| channel.get().cast_signed()),
            ":instance": row.instance.0,
            ":agent": row.agent.as_str(),
            ":model": row.model,
            ":day": row.day.to_string(),
            ":cost": row.cost.map(Usd::nanos),
            ":cost_from": row.cost_from.map(CostFrom::word),
            ":usage": row.usage.as_ref().map(json).transpose()?,
        };
        self.insert("ledger", &row.attempt, sql, values)?;
        let Some(cost) = row.cost else { return Ok(()) };
        let spent = self.find_spent(row.day)?.saturating_add(cost);
        let sql = "INSERT INTO spent VALUES (?1, ?2) ON CONFLICT (day) DO UPDATE SET nanos = ?2";
        self.change(sql, params![row.day.to_string(), spent.nanos()])?;
        Ok(())
    }

    pub(super) fn find_spent(&self, day: NaiveDate) -> Result<Usd, RowsError> {
        let spent = self.one("SELECT * FROM spent WHERE day = ?1", [day.to_string()], |row| {
            Cells::new("spent", "day", row).int("nanos").map(Usd::from_nanos)
        })?;
        Ok(spent.unwrap_or(Usd::ZERO))
    }

    pub(super) fn show_ledger(
        &self,
        lane: Option<&str>,
        from: NaiveDate,
        to: NaiveDate,
        each: &mut dyn FnMut(LedgerRow),
    ) -> Result<(), RowsError> {
        let (from, to) = (from.to_string(), to.to_string());
        match lane {
            None => self.each("SELECT * FROM ledger WHERE day BETWEEN ?1 AND ?2 ORDER BY day, seq", [&from, &to], read_ledger, each),
            Some(lane) => {
                let sql = "SELECT * FROM ledger WHERE lane = ?1 AND day BETWEEN ?2 AND ?3 ORDER BY day, seq";
                self.each(sql, [lane, &from, &to], read_ledger, each)
            }
        }
    }
}

/// Gives an attempt's columns to the statement that adds or changes it.
fn write_attempt(row: &AttemptRow, write: impl FnOnce(&[(&str, &dyn rusqlite::ToSql)]) -> Result<(), RowsError>) -> Result<(), RowsError> {
    let succeeded = match row.state {
        AttemptState::Ended { outcome } => Some(outcome == Outcome::Succeeded),
        AttemptState::Launching { .. } | AttemptState::Running { .. } | AttemptState::Void => None,
    };
    write(named_params! {
        ":id": row.id.to_string(),
        ":step": row.step.0,
        ":task": row.task.as_str(),
        ":number": row.number,
        ":fence": int(row.fence.0)?,
        ":instance": row.lease.instance.0,
        ":lease_until": nanos(row.lease.until)?,
        ":state": row.state.word(),
        ":state_json": json(&row.state)?,
        ":live": row.state.is_live(),
        ":succeeded": succeeded,
        ":agent_id": row.agent_id,
        ":agent": row.agent.as_str(),
        ":slot": row.slot,
        ":stop": row.stop.as_ref().map(json).transpose()?,
        ":report": row.report.as_ref().map(json).transpose()?,
        ":claimed_at": nanos(row.claimed_at)?,
        ":ended_at": opt_nanos(row.ended_at)?,
        ":workspace_removed": row.workspace_removed,
    })
}

fn read_attempt(row: &Row<'_>) -> Result<AttemptRow, RowsError> {
    let cells = Cells::new("attempt", "id", row);
    Ok(AttemptRow {
        id: cells.shown("id")?,
        step: StepId(cells.int("step")?),
        task: cells.shown("task")?,
        number: cells.number("number")?,
        fence: Fence(cells.number("fence")?),
        lease: Lease { instance: InstanceId(cells.text("instance")?.to_owned()), until: cells.time("lease_until")? },
        state: cells.json("state_json")?,
        agent_id: cells.text("agent_id")?.to_owned(),
        agent: cells.shown("agent")?,
        slot: cells.number("slot")?,
        stop: cells.opt_json("stop")?,
        report: cells.opt_json("report")?,
        claimed_at: cells.time("claimed_at")?,
        ended_at: cells.opt_time("ended_at")?,
        workspace_removed: cells.flag("workspace_removed")?,
    })
}

fn read_ledger(row: &Row<'_>) -> Result<LedgerRow, RowsError> {
    let cells = Cells::new("ledger", "attempt", row);
    Ok(LedgerRow {
        attempt: cells.shown("attempt")?,
        task: cells.shown("task")?,
        lane: cells.text("lane")?.to_owned(),
        requester: cells.text("requester")?.to_owned(),
        channel: cells.opt_channel("channel")?,
        instance: InstanceId(cells.text("instance")?.to_owned()),
        agent: cells.shown("agent")?,
        model: cells.opt_text("model")?.map(str::to_owned),
        day: cells.shown("day")?,
        cost: cells.opt_int("cost")?.map(Usd::from_nanos),
        cost_from: cells.opt_shown("cost_from")?,
        usage: cells.opt_json("usage")?,
    })
}
