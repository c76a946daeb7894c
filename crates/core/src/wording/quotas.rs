//! Quotas, at every door: what is known of each, and what is said of one that is used up.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::tables::Table;
use crate::domain::{agent::AgentName, id::TaskId, quota::Standing};

/// A credential and its quota.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuotaView {
    /// Its name.
    pub credential: String,
    /// The agents that use it.
    pub agents: Vec<AgentName>,
    /// Until when it is used up; `None`: as far as is known it is not.
    pub used_up_until: Option<DateTime<Utc>>,
    /// The task whose agent told so.
    pub told_in: Option<TaskId>,
    /// Those of its agents whose tasks wait for it.
    pub waiting: Vec<AgentName>,
}

/// All quotas.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuotaList {
    /// By credential.
    pub quotas: Vec<QuotaView>,
}

impl From<Standing> for QuotaView {
    fn from(standing: Standing) -> Self {
        let (used_up_until, told_in) = standing.used_up.map(|told| (told.until, told.task)).unzip();
        Self { credential: standing.credential.to_string(), agents: standing.agents, used_up_until, told_in, waiting: standing.waiting }
    }
}

impl QuotaView {
    /// What an operator must know of it; `None`: nothing.
    pub fn trouble(&self) -> Option<String> {
        let until = time(self.used_up_until?);
        let told = self.told_in.as_ref().map_or_else(String::new, |task| format!(", as task `{task}` has told"));
        let wait = if self.waiting.is_empty() { String::new() } else { format!("; tasks of {} wait", names(&self.waiting)) };
        let credential = &self.credential;
        Some(format!(
            "There is no quota of `{credential}` before {until}{told}{wait}. `orchestrator quotas back {credential}` says that it is there again."
        ))
    }
}

impl QuotaList {
    /// As a table.
    pub fn table(&self) -> String {
        let mut table = Table::new(&["CREDENTIAL", "USED UP UNTIL", "TASKS WAIT OF", "AGENTS"]);
        for quota in &self.quotas {
            table.row([
                quota.credential.clone(),
                quota.used_up_until.map_or_else(|| "-".to_owned(), time),
                plain_names(&quota.waiting),
                plain_names(&quota.agents),
            ]);
        }
        table.show()
    }
}

fn names(agents: &[AgentName]) -> String {
    agents.iter().map(|agent| format!("`{agent}`")).collect::<Vec<_>>().join(", ")
}

fn plain_names(agents: &[AgentName]) -> String {
    if agents.is_empty() { "-".to_owned() } else { agents.iter().map(AgentName::as_str).collect::<Vec<_>>().join(", ") }
}

fn time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    fn quota(used_up: bool, waiting: &[&str]) -> QuotaView {
        let named = |names: &[&str]| names.iter().map(|name| name.parse().unwrap()).collect();
        QuotaView {
            credential: "acme".into(),
            agents: named(&["claude", "claude-fast"]),
            used_up_until: used_up.then(|| "2026-11-21T18:30:00Z".parse().unwrap()),
            told_in: used_up.then(|| "77".parse().unwrap()),
            waiting: named(waiting),
        }
    }

    #[test]
    fn one_that_is_used_up_is_a_trouble_and_another_is_none() {
        assert_eq!(quota(false, &[]).trouble(), None);
        assert_snapshot!(quota(true, &["claude"]).trouble().unwrap(), @"There is no quota of `acme` before 2026-11-21 18:30 UTC, as task `77` has told; tasks of `claude` wait. `orchestrator quotas back acme` says that it is there again.");
    }

    #[test]
    fn the_table_has_a_line_for_each() {
        assert_snapshot!(QuotaList { quotas: vec![quota(true, &["claude"]), quota(false, &[])] }.table(), @"
        CREDENTIAL  USED UP UNTIL         TASKS WAIT OF  AGENTS
        acme        2026-11-21 18:30 UTC  claude         claude, claude-fast
        acme        -                     -              claude, claude-fast
        ");
    }
}
