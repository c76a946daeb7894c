//! Ceilings of money: what a task may cost, and what a person's, an agent's, a channel's or all tasks of one day may.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use super::{
    agent::AgentName,
    id::{ChannelId, TaskId, UserId},
    money::Usd,
    task::{Origin, Task},
};

/// Ceilings of one day (UTC), and what is held back for a run whose cost nobody knows beforehand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ceilings {
    /// What all tasks together may cost.
    pub day: Option<Usd>,
    /// What one requester's may.
    pub user: Kind<UserId>,
    /// What one agent's may.
    pub agent: Kind<AgentName>,
    /// What one channel's may.
    pub channel: Kind<ChannelId>,
    /// What is held back at least for a task that has no budget of its own.
    pub estimate: Usd,
}

/// A ceiling for each of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kind<K> {
    /// Of each that is not named.
    pub each: Option<Usd>,
    /// Of those that are.
    pub named: BTreeMap<K, Usd>,
}

impl<K> Default for Kind<K> {
    fn default() -> Self {
        Self { each: None, named: BTreeMap::new() }
    }
}

impl<K: Ord> Kind<K> {
    fn of(&self, one: &K) -> Option<Usd> {
        self.named.get(one).copied().or(self.each)
    }

    fn is_none(&self) -> bool {
        self.each.is_none() && self.named.is_empty()
    }
}

impl Ceilings {
    /// Whether there is no ceiling at all.
    pub fn is_none(&self) -> bool {
        self.day.is_none() && self.user.is_none() && self.agent.is_none() && self.channel.is_none()
    }

    /// The day's ceilings that count a task, the narrowest first.
    pub fn of(&self, task: &Task) -> Vec<(Scope, Usd)> {
        let user = task.requester.user().and_then(|user| Some((Scope::User(user), self.user.of(&user)?)));
        let agent = self.agent.of(&task.wishes.agent).map(|most| (Scope::Agent(task.wishes.agent.clone()), most));
        let channel = match task.origin {
            Origin::Message(at) => Some(at.channel),
            Origin::Asked { announce_in } => announce_in,
        };
        let channel = channel.and_then(|channel| Some((Scope::Channel(channel), self.channel.of(&channel)?)));
        [user, agent, channel, self.day.map(|most| (Scope::Day, most))].into_iter().flatten().collect()
    }
}

/// What a ceiling counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Scope {
    /// All attempts of one task.
    Task(TaskId),
    /// A requester's tasks of the day.
    User(UserId),
    /// An agent's.
    Agent(AgentName),
    /// A channel's.
    Channel(ChannelId),
    /// All of them.
    Day,
}

/// From this part of a budget on, in percent, it is told that it runs out.
pub const NEARLY: i64 = 80;

/// What the gates of ceilings begin with.
pub const GATES: &str = "budget:";

impl Scope {
    /// The gate at which a task waits for it.
    pub fn gate(&self) -> String {
        format!("{GATES}{self}")
    }

    /// The scope of a gate; `None`: it is another kind of gate.
    pub fn of_gate(gate: &str) -> Option<Self> {
        let named = gate.strip_prefix(GATES)?;
        match named.split_once(':') {
            None => (named == "day").then_some(Self::Day),
            Some(("task", id)) => id.parse().ok().map(Self::Task),
            Some(("user", id)) => id.parse().ok().map(Self::User),
            Some(("agent", name)) => name.parse().ok().map(Self::Agent),
            Some(("channel", id)) => id.parse().ok().map(Self::Channel),
            Some(_) => None,
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Task(id) => write!(f, "task:{id}"),
            Self::User(id) => write!(f, "user:{id}"),
            Self::Agent(name) => write!(f, "agent:{name}"),
            Self::Channel(id) => write!(f, "channel:{id}"),
            Self::Day => f.write_str("day"),
        }
    }
}

/// What one ceiling has left for an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// Whose ceiling.
    pub scope: Scope,
    /// How high it is.
    pub ceiling: Usd,
    /// What counts against it already: spent, or held back for others.
    pub taken: Usd,
}

impl Room {
    /// What is left.
    pub fn left(&self) -> Usd {
        Usd::from_nanos(self.ceiling.nanos().saturating_sub(self.taken.nanos()).max(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gate_tells_its_scope() {
        for scope in [
            Scope::Task("1443021398234771496".parse().unwrap()),
            Scope::User(UserId::new(7)),
            Scope::Agent("claude".parse().unwrap()),
            Scope::Channel(ChannelId::new(8)),
            Scope::Day,
        ] {
            assert_eq!(Scope::of_gate(&scope.gate()), Some(scope));
        }
        assert_eq!(Scope::of_gate("agent:claude"), None);
        assert_eq!(Scope::of_gate("budget:moon"), None);
    }

    #[test]
    fn one_that_is_named_has_its_own_ceiling() {
        let kind = Kind { each: Some(Usd::from_nanos(1)), named: BTreeMap::from([(UserId::new(7), Usd::from_nanos(9))]) };

        assert_eq!(kind.of(&UserId::new(7)), Some(Usd::from_nanos(9)));
        assert_eq!(kind.of(&UserId::new(8)), Some(Usd::from_nanos(1)));
        assert_eq!(Kind::default().of(&UserId::new(8)), None);
    }
}
