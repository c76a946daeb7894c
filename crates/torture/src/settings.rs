//! How a world is founded: drawn from the seed, like all that happens in it.

use serde::{Deserialize, Serialize};

use crate::chance::Chance;

/// How the world is founded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Settings {
    /// Agents at once.
    pub(crate) slots: u32,
    /// Declared attempts of a task.
    pub(crate) attempts: u32,
    /// Seconds between an agent's soft stop and its kill.
    pub(crate) grace: u32,
    /// Whether Discord's rate limits hold.
    pub(crate) limits: bool,
    /// Whether workspaces of successes are kept.
    pub(crate) keep: bool,
    /// Whether people have their rights by role, else by name.
    pub(crate) by_role: bool,
    /// Whether notices are posted by bots of their own.
    pub(crate) worker_bots: bool,
    /// How much is shown of tasks beside their signs.
    #[serde(default)]
    pub(crate) cards: Cards,
    /// How often the gateway wants a sign of life, in milliseconds.
    pub(crate) heartbeat_ms: u64,
    /// Whether what the agents have left is checked.
    #[serde(default)]
    pub(crate) checked: bool,
    /// Whether agents have a network of their own, and bounds.
    #[serde(default)]
    pub(crate) walled: bool,
    /// Whether another agent takes what one has no quota for.
    #[serde(default)]
    pub(crate) instead: bool,
}

/// How much is shown of tasks beside their signs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Cards {
    #[default]
    Silent,
    DoneOnly,
    StateChanges,
    Live,
}

impl Settings {
    /// Those of a seed.
    pub(crate) fn drawn(chance: &mut Chance) -> Self {
        Self {
            slots: chance.pick(&[1, 2, 3, 4]),
            attempts: chance.weighted(&[(5, 1), (1, 2)]),
            grace: chance.weighted(&[(2, 0), (1, 1)]),
            limits: chance.one_in(8),
            keep: !chance.one_in(3),
            by_role: chance.one_in(3),
            worker_bots: chance.one_in(6),
            cards: chance.weighted(&[(2, Cards::Silent), (1, Cards::DoneOnly), (3, Cards::StateChanges), (2, Cards::Live)]),
            heartbeat_ms: chance.weighted(&[(5, 41_250), (1, 500)]),
            checked: chance.one_in(3),
            walled: chance.one_in(4),
            instead: chance.one_in(2),
        }
    }
}
