//! Quotas of agents: what several of them share, until when one is used up, and what becomes of tasks meanwhile.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    agent::AgentName,
    check::{Offer, WishedCheck},
    id::TaskId,
    model::ModelId,
    name::name,
    task::Wishes,
};

/// What the gates of quotas begin with.
pub const GATES: &str = "quota:";

/// A provider that asks for less than this asks to slow down; its quota is not used up.
pub const LEAST: Duration = Duration::from_secs(60);

/// So often a task's attempts may end at a used-up quota; then the task has failed.
pub const MOST_WAITS: usize = 5;

name! {
    /// The name of a login or a key: agents with the same one use up one quota.
    Credential, "the name of a credential"
}

impl From<&AgentName> for Credential {
    fn from(agent: &AgentName) -> Self {
        Self(agent.as_str().to_owned())
    }
}

/// What becomes of one agent's tasks when its quota is used up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Whose quota it uses.
    pub credential: Credential,
    /// Whether those that wait go on by themselves when it is there again; else somebody says so.
    pub resumes: bool,
    /// Agents that take them instead, the first that can.
    pub instead: Vec<AgentName>,
}

impl Rule {
    /// The rule of an agent that says nothing of it.
    pub fn of(agent: &AgentName) -> Self {
        Self { credential: agent.into(), resumes: false, instead: Vec::new() }
    }
}

/// The model that an agent uses for a task that names none, with what it is shown as.
pub type Usual = Option<(ModelId, String)>;

/// What of an agent bears on its quota, and on tasks that it takes over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manner {
    /// Its rule.
    pub rule: Rule,
    /// The model that it uses as a rule.
    pub usual: Usual,
    /// The checks that its tasks may name, and have.
    pub checks: Offer,
}

/// Those of all agents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quotas(BTreeMap<AgentName, Manner>);

impl FromIterator<(AgentName, Manner)> for Quotas {
    fn from_iter<I: IntoIterator<Item = (AgentName, Manner)>>(agents: I) -> Self {
        Self(agents.into_iter().collect())
    }
}

impl Quotas {
    /// An agent's rule; one that is configured no more has a credential of its own.
    pub fn of(&self, agent: &AgentName) -> Rule {
        self.0.get(agent).map_or_else(|| Rule::of(agent), |manner| manner.rule.clone())
    }

    /// The agents to which an agent's tasks may go, and those from which it may have them, directly or by others.
    pub fn stand_ins(&self, agent: &AgentName) -> BTreeSet<AgentName> {
        let mut found = BTreeSet::from([agent.clone()]);
        loop {
            let more: Vec<AgentName> = self
                .0
                .iter()
                .flat_map(|(name, manner)| manner.rule.instead.iter().map(move |other| (name, other)))
                .flat_map(|(one, other)| [(one, other), (other, one)])
                .filter(|(known, new)| found.contains(*known) && !found.contains(*new))
                .map(|(_, new)| new.clone())
                .collect();
            if more.is_empty() {
                found.remove(agent);
                return found;
            }
            found.extend(more);
        }
    }

    /// Every credential, with the agents that use it.
    pub fn credentials(&self) -> BTreeMap<Credential, Vec<AgentName>> {
        let mut found = BTreeMap::<_, Vec<_>>::new();
        self.0.iter().for_each(|(agent, manner)| found.entry(manner.rule.credential.clone()).or_default().push(agent.clone()));
        found
    }

    /// What a task would ask of another agent; `None`: it names a model that its own agent does not use as a rule, or a check that the other does
    /// not have, and is not the other's to run.
    pub fn moved(&self, wishes: &Wishes, to: &AgentName) -> Option<Wishes> {
        let (own, other) = (self.0.get(&wishes.agent)?, self.0.get(to)?);
        let is_usual = wishes.model.as_ref() == own.usual.as_ref().map(|(id, _)| id);
        let mut checks = wishes.checks.clone();
        // Those that its own agent's tasks all have are not what it asked for.
        checks.retain(
            |check| !matches!(check, WishedCheck::Named(name) if own.checks.always.contains(name) && !other.checks.names.contains(name)),
        );
        let has_them = checks.iter().all(|check| !matches!(check, WishedCheck::Named(name) if !other.checks.names.contains(name)));
        if !is_usual || !has_them {
            return None;
        }
        for always in other.checks.always.iter().cloned().map(WishedCheck::Named) {
            if !checks.contains(&always) {
                checks.push(always);
            }
        }
        let (model, model_shown) = other.usual.clone().unzip();
        Some(Wishes { agent: to.clone(), model, model_shown, checks, ..wishes.clone() })
    }
}

/// A quota that is used up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsedUp {
    /// When it is there again.
    pub until: DateTime<Utc>,
    /// When it was told last.
    pub told_at: DateTime<Utc>,
    /// By which agent.
    pub agent: AgentName,
    /// In which task.
    pub task: TaskId,
}

/// A credential, and what its quota is at present.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Which.
    pub credential: Credential,
    /// The agents that use it.
    pub agents: Vec<AgentName>,
    /// Until when it is used up, and who told so; `None`: as far as is known it is not.
    pub used_up: Option<UsedUp>,
    /// Agents of it whose tasks wait.
    pub waiting: Vec<AgentName>,
}

/// What a task waits for whose agent's quota is used up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait {
    /// Its agent.
    pub agent: AgentName,
    /// Until when; `None`: somebody has said that it is there again.
    pub until: Option<DateTime<Utc>>,
    /// Whether it goes on by itself then.
    pub resumes: bool,
}

/// The gate at which an agent's tasks wait for its quota.
pub fn gate(agent: &AgentName) -> String {
    format!("{GATES}{agent}")
}

/// The agent of such a gate; `None`: it is another kind of gate.
pub fn agent_of(gate: &str) -> Option<AgentName> {
    gate.strip_prefix(GATES)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gate_tells_its_agent() {
        let agent: AgentName = "claude".parse().unwrap();

        assert_eq!(agent_of(&gate(&agent)), Some(agent));
        assert_eq!(agent_of("agent:claude"), None);
    }

    #[test]
    fn a_task_goes_only_to_an_agent_that_has_what_it_asks_for() {
        let check = |name: &str| -> crate::domain::check::CheckName { name.parse().unwrap() };
        let manner = |name: &str, model: &str, names: &[&str], always: &[&str]| {
            let agent: AgentName = name.parse().unwrap();
            let offer =
                Offer { names: names.iter().map(|name| check(name)).collect(), always: always.iter().map(|name| check(name)).collect() };
            (agent.clone(), Manner { rule: Rule::of(&agent), usual: Some((ModelId(model.into()), model.into())), checks: offer })
        };
        let all = [manner("a", "a-1", &["tests", "lint"], &["lint"]), manner("b", "b-1", &["tests", "size"], &["size"])];
        let quotas: Quotas = all.into_iter().collect();
        let wishes = |model: &str, checks: &[&str]| Wishes {
            agent: "a".parse().unwrap(),
            model: Some(ModelId(model.into())),
            model_shown: Some(model.into()),
            thinking: crate::domain::thinking::Thinking::Medium,
            time_limit: Duration::from_secs(1),
            priority: crate::domain::task::Priority::DEFAULT,
            budget: None,
            attempts: 1,
            closer: None,
            checks: checks.iter().map(|name| WishedCheck::Named(check(name))).collect(),
        };
        let to = "b".parse().unwrap();

        let moved = quotas.moved(&wishes("a-1", &["tests", "lint"]), &to).unwrap();
        assert_eq!(moved.model_shown.as_deref(), Some("b-1"));
        assert_eq!(
            moved.checks,
            ["tests", "size"].map(|name| WishedCheck::Named(check(name))),
            "what all tasks of each have is each one's own"
        );
        assert_eq!(quotas.moved(&wishes("a-9", &[]), &to), None, "it asks for a model");
        let mut other = wishes("a-1", &["lint"]);
        other.agent = "nobody".parse().unwrap();
        assert_eq!(quotas.moved(&other, &to), None);
        let named = Wishes { checks: vec![WishedCheck::Named(check("fast"))], ..wishes("a-1", &[]) };
        assert_eq!(quotas.moved(&named, &to), None, "it asks for a check that the other does not have");
    }

    #[test]
    fn names_that_are_no_credential_s_are_refused_with_the_rule() {
        let refused = "my key".parse::<Credential>().unwrap_err().to_string();

        assert!(refused.contains("`my key`") && refused.contains("a-z"), "{refused}");
    }
}
