//! The lists of who may submit and operate, and how high a priority each may ask for. What they mean is decided at the desk, by one gate.

use std::collections::{BTreeMap, BTreeSet};

use orchestrator_core::domain::{
    id::{RoleId, UserId},
    task::Priority,
};

use super::{
    complaint::Complaint,
    own_file::OwnFile,
    sections::{Id, Level},
};

/// The rights, as lists of ids.
#[derive(Clone, Debug)]
pub struct WhoMay {
    /// Users who may submit; with `submit_roles` empty too: every member.
    pub submit_users: BTreeSet<UserId>,
    /// Roles that may submit.
    pub submit_roles: BTreeSet<RoleId>,
    /// Other bots and webhooks that may submit; nobody else's do.
    pub submit_bots: BTreeSet<UserId>,
    /// Users who may operate; with `operate_roles` empty too: the server's administrators.
    pub operate_users: BTreeSet<UserId>,
    /// Roles that may operate.
    pub operate_roles: BTreeSet<RoleId>,
    /// Users who may bring along commands as checks.
    pub free_check_users: BTreeSet<UserId>,
    /// Roles that may.
    pub free_check_roles: BTreeSet<RoleId>,
    /// The highest priority of everybody who has no more.
    pub priority_everyone: Priority,
    /// The highest priority of operators.
    pub priority_operators: Priority,
    /// The highest priority that a role gives.
    pub priority_roles: BTreeMap<RoleId, Priority>,
}

/// Checks every id and priority of the section.
pub(super) fn check(own: &OwnFile, faults: &mut Vec<Complaint>) -> WhoMay {
    let raw = &own.raw.who_may;
    let mut level = |key: &str, level: &Level, fallback: Priority| {
        level.0.parse().unwrap_or_else(|_| {
            let rule = "it must be a whole number from 0 to 1000, or low, normal, high, critical";
            faults.push(own.complaint(key, rule).given(&level.0));
            fallback
        })
    };
    let priority_everyone = level("who_may.max_priority.everyone", &raw.max_priority.everyone, Priority::DEFAULT);
    let priority_operators = level("who_may.max_priority.operators", &raw.max_priority.operators, Priority::MAX);
    let by_role: Vec<(Id, Priority)> = raw
        .max_priority
        .roles
        .iter()
        .map(|(role, given)| (Id(role.clone()), level(&format!("who_may.max_priority.roles.{role}"), given, Priority::DEFAULT)))
        .collect();
    let priority_roles = by_role
        .into_iter()
        .filter_map(|(role, priority)| Some((id(own, &format!("who_may.max_priority.roles.{}", role.0), &role, faults)?, priority)))
        .collect();
    WhoMay {
        submit_users: ids(own, "who_may.submit.users", &raw.submit.users, faults),
        submit_roles: ids(own, "who_may.submit.roles", &raw.submit.roles, faults),
        submit_bots: ids(own, "who_may.submit.bots", &raw.submit.bots, faults),
        operate_users: ids(own, "who_may.operate.users", &raw.operate.users, faults),
        operate_roles: ids(own, "who_may.operate.roles", &raw.operate.roles, faults),
        free_check_users: ids(own, "who_may.free_checks.users", &raw.free_checks.users, faults),
        free_check_roles: ids(own, "who_may.free_checks.roles", &raw.free_checks.roles, faults),
        priority_everyone,
        priority_operators,
        priority_roles,
    }
}

fn ids<T: std::str::FromStr + Ord>(own: &OwnFile, key: &str, given: &[Id], faults: &mut Vec<Complaint>) -> BTreeSet<T> {
    given.iter().enumerate().filter_map(|(index, given)| id(own, &format!("{key}[{index}]"), given, faults)).collect()
}

/// Reads a Discord id; a wrong one is complained of: a list that shrinks in silence would open what it closes.
pub(super) fn id<T: std::str::FromStr>(own: &OwnFile, key: &str, given: &Id, faults: &mut Vec<Complaint>) -> Option<T> {
    let bare = given.0.trim().trim_start_matches(['<', '@', '#', '&', '!']).trim_end_matches('>');
    let id = bare.parse().ok();
    if id.is_none() {
        faults.push(own.complaint(key, "it must be a Discord id: 1 to 20 digits, in quotes").given(&given.0));
    }
    id
}
