//! What becomes of an agent's tasks when its quota is used up: `quota` in its definition.

use std::collections::BTreeSet;

use orchestrator_core::domain::{agent::AgentName, quota::Rule};
use serde::{Deserialize, Serialize};

use super::{
    agent_checks::Layer,
    complaint::{Complaint, nearest},
};

/// `quota` as a person writes it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawQuota {
    /// The login or key whose quota it is; agents with the same one wait together.
    pub(super) credential: Option<String>,
    /// Whether its tasks go on by themselves when there is quota again.
    pub(super) resume: Option<bool>,
    /// Agents that take its tasks instead.
    pub(super) instead: Option<Vec<String>>,
}

impl RawQuota {
    /// This one over a lower layer: what it says counts.
    pub(super) fn over(self, below: Self) -> Self {
        Self {
            credential: self.credential.or(below.credential),
            resume: self.resume.or(below.resume),
            instead: self.instead.or(below.instead),
        }
    }
}

/// An agent's rule. `names`: the agents that there are.
pub(super) fn rule(
    agent: &AgentName,
    raw: Option<&RawQuota>,
    layers: &[Layer<'_>],
    names: &BTreeSet<String>,
    faults: &mut Vec<Complaint>,
) -> Rule {
    let mut rule = Rule::of(agent);
    let Some(raw) = raw else { return rule };
    rule.resumes = raw.resume.unwrap_or(false);
    match raw.credential.as_deref().map(str::parse) {
        None => {}
        Some(Ok(credential)) => rule.credential = credential,
        Some(Err(error)) => {
            if let Some(layer) = said(layers, |quota| quota.credential.is_some()) {
                faults.push(layer.complaint("quota.credential", &error.to_string()));
            }
        }
    }
    let layer = said(layers, |quota| quota.instead.is_some());
    for (index, other) in raw.instead.iter().flatten().enumerate() {
        let mut complain = |rule: &str, way_out: String| {
            faults.extend(layer.map(|layer| layer.complaint(&format!("quota.instead[{index}]"), rule).given(other).way_out(way_out)));
        };
        match other.parse::<AgentName>() {
            Ok(other) if other == *agent => complain("it is this agent itself", "Name others, or leave it out.".to_owned()),
            Ok(other) if names.contains(other.as_str()) => rule.instead.push(other),
            _ => {
                let meant = nearest(other, names.iter().map(String::as_str)).map(|meant| format!("Did you mean \"{meant}\"? "));
                let known: Vec<&str> = names.iter().map(String::as_str).collect();
                complain("there is no such agent", format!("{}Known: {}.", meant.unwrap_or_default(), known.join(", ")));
            }
        }
    }
    rule
}

fn said<'a, 'l>(layers: &'a [Layer<'l>], what: impl Fn(&RawQuota) -> bool) -> Option<&'a Layer<'l>> {
    layers.iter().find(|layer| layer.raw.quota.as_ref().is_some_and(&what))
}
