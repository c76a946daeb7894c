//! Agents that are spoken with, as a person writes it.

use std::{path::Path, time::Duration};

use orchestrator_core::domain::acp::{Acp, Protocol};
use serde::{Deserialize, Serialize};

use super::agent_checks::Layer;
use super::agent_section::RawAgent;

/// How an agent is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawProtocol {
    Exec,
    Acp,
}

/// For how long a question waits for a person, where nobody says, in seconds.
const PERMISSION_SECONDS: u64 = 600;
/// How long an agent may take until it is ready, in seconds: the slowest that is known took 29 on a loaded machine.
const START_SECONDS: u64 = 120;
/// The most of both: a day.
const MOST_SECONDS: u64 = 86_400;

/// How an agent is run; `bridge`: the program in which the bridge lives.
pub(super) fn of(raw: &RawAgent, bridge: &Path) -> Protocol {
    match raw.protocol {
        None | Some(RawProtocol::Exec) => Protocol::Plain,
        Some(RawProtocol::Acp) => Protocol::Acp(Acp {
            bridge: bridge.to_owned(),
            permissions: raw.permissions.unwrap_or_default(),
            answer_within: Duration::from_secs(raw.permission_seconds.unwrap_or(PERMISSION_SECONDS)),
            start_within: Duration::from_secs(raw.start_seconds.unwrap_or(START_SECONDS)),
            mode: raw.mode.clone(),
            login: raw.login.clone(),
        }),
    }
}

/// Checks what a person wrote of one agent.
pub(super) fn check(layer: &Layer<'_>, is_acp: bool, faults: &mut Vec<super::complaint::Complaint>) {
    let raw = layer.raw;
    let (of_acp, of_exec) = (
        [
            ("permissions", raw.permissions.is_some()),
            ("permission_seconds", raw.permission_seconds.is_some()),
            ("start_seconds", raw.start_seconds.is_some()),
            ("mode", raw.mode.is_some()),
            ("login", raw.login.is_some()),
        ],
        [("output", raw.output.is_some()), ("stdin", raw.stdin.is_some()), ("soft_signal", raw.soft_signal.is_some())],
    );
    let (unfit, rule, way_out): (Vec<&str>, _, _) = if is_acp {
        let unfit = of_exec.into_iter().filter(|(_, given)| *given).map(|(key, _)| key).collect();
        (unfit, "it means nothing with `protocol: acp`: the protocol says how the agent is asked, read and stopped", "Leave it out.")
    } else {
        let unfit = of_acp.into_iter().filter(|(_, given)| *given).map(|(key, _)| key).collect();
        (unfit, "only an agent that is spoken with has it", "Set `protocol` to \"acp\", or leave it out.")
    };
    faults.extend(unfit.into_iter().map(|key| layer.complaint(key, rule).way_out(way_out)));
    for (key, seconds) in [("permission_seconds", raw.permission_seconds), ("start_seconds", raw.start_seconds)] {
        if let Some(seconds) = seconds.filter(|seconds| !(1..=MOST_SECONDS).contains(seconds)) {
            faults.push(layer.complaint(key, "it must be from 1 to 86400").given(&seconds.to_string()));
        }
    }
}
