//! Ceilings of money: of a task, and of a day by person, agent and channel.

use std::{collections::BTreeMap, str::FromStr};

use orchestrator_core::domain::{
    agent::AgentName,
    ceiling::{Ceilings, Kind},
    money::Usd,
};
use serde::{Deserialize, Serialize};

use super::{
    complaint::Complaint,
    own_file::OwnFile,
    sections::{Amount, Id},
    who_may,
};

/// `budgets` as a person writes it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawBudgets {
    /// Of a task that names none.
    pub(super) task_usd: Option<Amount>,
    /// The highest that a task may ask for.
    pub(super) max_task_usd: Option<Amount>,
    /// What is held back at least for a task without a budget.
    pub(super) estimate_usd: Option<Amount>,
    pub(super) user_day_usd: Option<Amount>,
    pub(super) agent_day_usd: Option<Amount>,
    pub(super) channel_day_usd: Option<Amount>,
    pub(super) users: BTreeMap<String, Amount>,
    pub(super) agents: BTreeMap<String, Amount>,
    pub(super) channels: BTreeMap<String, Amount>,
}

/// Ceilings, in real types.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Budgets {
    /// What a task may cost that names no budget.
    pub task: Option<Usd>,
    /// The highest budget that a task may ask for.
    pub max_task: Option<Usd>,
    /// Those of a day.
    pub ceilings: Ceilings,
}

/// Checks every amount and id. `agents`: those that there are.
pub(super) fn check<'a>(own: &OwnFile, agents: impl Iterator<Item = &'a AgentName>, faults: &mut Vec<Complaint>) -> Budgets {
    let raw = &own.raw.budgets;
    let mut amount = |key: &str, given: Option<&Amount>| given.and_then(|given| read(own, key, given, faults));
    let task = amount("budgets.task_usd", raw.task_usd.as_ref());
    let max_task = amount("budgets.max_task_usd", raw.max_task_usd.as_ref());
    let estimate = amount("budgets.estimate_usd", raw.estimate_usd.as_ref()).unwrap_or(Usd::ZERO);
    let each = [
        amount("budgets.user_day_usd", raw.user_day_usd.as_ref()),
        amount("budgets.agent_day_usd", raw.agent_day_usd.as_ref()),
        amount("budgets.channel_day_usd", raw.channel_day_usd.as_ref()),
    ];
    // The ceiling of all tasks of a day has a key of its own, older than the others.
    let day = amount("daily_budget_usd", own.raw.daily_budget_usd.as_ref());
    if let (Some(task), Some(most)) = (task, max_task)
        && task > most
    {
        let rule = format!("it must not be higher than `budgets.max_task_usd`, {most}");
        faults.push(own.complaint("budgets.task_usd", rule).given(&task.to_string()));
    }
    let known: Vec<&AgentName> = agents.collect();
    let named_agents = raw.agents.iter().filter_map(|(name, given)| {
        let key = format!("budgets.agents.{name}");
        let found = known.iter().find(|known| known.as_str() == name);
        if found.is_none() {
            let names: Vec<&str> = known.iter().map(|known| known.as_str()).collect();
            faults.push(own.complaint(&key, format!("there is no such agent: there are {}", names.join(", "))));
        }
        Some(((*found?).clone(), read(own, &key, given, faults)?))
    });
    let named_agents = named_agents.collect();
    let [user, agent, channel] = each;
    Budgets {
        task,
        max_task,
        ceilings: Ceilings {
            day,
            user: Kind { each: user, named: by_id(own, "users", &raw.users, faults) },
            agent: Kind { each: agent, named: named_agents },
            channel: Kind { each: channel, named: by_id(own, "channels", &raw.channels, faults) },
            estimate,
        },
    }
}

fn by_id<T: FromStr + Ord>(
    own: &OwnFile,
    section: &str,
    given: &BTreeMap<String, Amount>,
    faults: &mut Vec<Complaint>,
) -> BTreeMap<T, Usd> {
    let read = |(id, amount): (&String, &Amount)| {
        let key = format!("budgets.{section}.{id}");
        Some((who_may::id(own, &key, &Id(id.clone()), faults)?, read(own, &key, amount, faults)?))
    };
    given.iter().filter_map(read).collect()
}

fn read(own: &OwnFile, key: &str, given: &Amount, faults: &mut Vec<Complaint>) -> Option<Usd> {
    let amount = given.0.parse().ok();
    if amount.is_none() {
        let rule = "it must be an amount of dollars from 0 to 1000000, like 12.50";
        faults.push(own.complaint(key, rule).given(&given.0).way_out("Leave it out for no ceiling."));
    }
    amount
}
