//! What happens by itself: leases renewed, delayed steps woken, gates capped, workspaces forgotten, small facts kept.

use chrono::{DateTime, Utc};

use super::{Queue, QueueError, dispatch, gates, lanes, write_letter};
use crate::{
    domain::{id::AttemptId, journal::What, outbound::Letter, step::StepEvent},
    ports::{rows::AttemptRow, store::Urgency},
};

/// Delayed steps woken in one transaction.
const WOKEN_AT_ONCE: u32 = 256;

impl Queue {
    /// Renews the leases of this instance's live attempts; returns how many.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn renew(&self) -> Result<u64, QueueError> {
        let (until, instance) = (self.now() + self.rules.lease, self.rules.instance.clone());
        self.write(Urgency::Urgent, move |rows| Ok(rows.renew_leases(&instance, until)?)).await
    }

    /// Gives their turn to delayed steps whose time has come; returns when the next is due.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn wake_due(&self) -> Result<Option<DateTime<Utc>>, QueueError> {
        self.open_ceilings().await?;
        self.open_quotas().await?;
        let (now, lane_cap) = (self.now(), self.rules.lane_cap);
        let delays = if self.rules.attempt_delays.cap() > self.rules.launch_delays.cap() {
            self.rules.attempt_delays
        } else {
            self.rules.launch_delays
        };
        let mut next = self.read(|look| look.next_due()).await?;
        while let Some(due) = next.filter(|due| delays.is_due(*due, now)) {
            next = self
                .write(Urgency::Usual, move |rows| {
                    for mut step in rows.due_steps(due.max(now), WOKEN_AT_ONCE)? {
                        lanes::enter(rows, &mut step, StepEvent::Freed, now, lane_cap)?;
                    }
                    Ok(rows.next_due()?)
                })
                .await?;
        }
        Ok(next)
    }

    /// Sets the caps of gates, as configured at start.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn cap_gates(&self, caps: Vec<(String, Option<u32>)>) -> Result<(), QueueError> {
        let (now, lane_cap) = (self.now(), self.rules.lane_cap);
        self.write(Urgency::Usual, move |rows| caps.iter().try_for_each(|(name, cap)| gates::set_cap(rows, name, *cap, now, lane_cap)))
            .await?;
        self.bells.work.notify_one();
        Ok(())
    }

    /// Ended attempts whose workspaces have outlived their time and whose results are over.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn removable(&self, succeeded: bool, before: DateTime<Utc>, limit: u32) -> Result<Vec<AttemptRow>, QueueError> {
        self.read(move |look| look.removable_workspaces(succeeded, before, limit)).await
    }

    /// A workspace was removed.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn workspace_removed(&self, attempt: AttemptId) -> Result<(), QueueError> {
        let now = self.now();
        self.write(Urgency::Usual, move |rows| {
            rows.forget_workspace(attempt)?;
            if let Some(row) = rows.attempt(attempt)? {
                super::journal_attempt(rows, now, &row, What::WorkspaceRemoved)?;
            }
            Ok(())
        })
        .await
    }

    /// Starts nothing while the disk is nearly full (`low` says how full), and goes on when it is not; the operator is told `alert` when that
    /// changes, once. Tells whether it has.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn disk(&self, low: Option<String>, alert: String) -> Result<bool, QueueError> {
        let (now, operator) = (self.now(), self.rules.routes.operator);
        let changed = self
            .write(Urgency::Urgent, move |rows| {
                let was_low = rows.fact(dispatch::DISK_LOW)?.is_some_and(|reason| !reason.is_empty());
                let reason = low.as_deref().unwrap_or_default();
                if was_low != reason.is_empty() {
                    return Ok(false);
                }
                rows.put_fact(dispatch::DISK_LOW, reason)?;
                write_letter(rows, now, operator, None, Letter::Operator { text: alert.clone() })?;
                Ok(true)
            })
            .await?;
        if changed {
            self.bells.outbound.notify_one();
            self.bells.work.notify_one();
        }
        Ok(changed)
    }

    /// A small fact by name.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn fact(&self, name: &str) -> Result<Option<String>, QueueError> {
        let name = name.to_owned();
        self.read(move |look| look.fact(&name)).await
    }

    /// Keeps a small fact: a cursor, a count of identifies.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn put_fact(&self, name: &str, value: &str) -> Result<(), QueueError> {
        let (name, value) = (name.to_owned(), value.to_owned());
        self.write(Urgency::Usual, move |rows| Ok(rows.put_fact(&name, &value)?)).await
    }
}
