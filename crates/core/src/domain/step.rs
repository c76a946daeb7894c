//! The unit that is scheduled and run by one agent: its states, and the one function that moves it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What a step is doing. Everything that can be true at once stands in one variant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum StepState {
    /// Waits for something other than its turn.
    Blocked {
        /// For what.
        reason: Blocked,
    },
    /// Waits for its turn.
    Ready {
        /// Since when.
        since: DateTime<Utc>,
    },
    /// Waits for a time, then for its turn (a failed launch, a declared retry).
    Delayed {
        /// Until when.
        until: DateTime<Utc>,
    },
    /// Has its turn; held back by a closed gate, which wakes it when it opens.
    Parked {
        /// The gate.
        gate: String,
    },
    /// An attempt is under way.
    Running,
    /// Over.
    Finished {
        /// Since when.
        at: DateTime<Utc>,
        /// How.
        verdict: Verdict,
    },
}

/// Why a step is blocked. `dependencies` and `no_agent` belong to plans.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Blocked {
    /// Somebody held it.
    Paused,
    /// It is so old that its requester is asked whether it is still wanted.
    Approval,
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Its result is there.
    Done,
    /// It failed, was interrupted or ran out of money, and no attempt is left.
    Failed,
    /// Its last attempt reached its time limit.
    TimedOut,
    /// Somebody cancelled it.
    Cancelled,
}

/// What happens to a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepEvent<'a> {
    /// An instance took it.
    Claimed,
    /// A gate was closed when its turn came, or its attempt has told that one is.
    Stopped {
        /// The gate.
        gate: &'a str,
    },
    /// The gate it was parked on opened, its time came, its hold was lifted, or its turn was given back.
    Freed,
    /// It is to wait until a time: its launch failed, or a declared retry follows.
    PutOff {
        /// Until when.
        until: DateTime<Utc>,
    },
    /// Somebody holds it, or it is asked about.
    Blocked {
        /// Why.
        reason: Blocked,
    },
    /// It is over.
    Settled(Verdict),
    /// Somebody wants it run again.
    Retried,
}

/// A move that no rule allows. Nothing was changed.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("a step that is {state} can't be {event}")]
pub struct IllegalTransition {
    state: String,
    event: String,
}

impl StepState {
    /// The only place in the program where a step changes state.
    ///
    /// # Errors
    ///
    /// [`IllegalTransition`], naming the state and the event.
    pub fn after(&self, event: StepEvent<'_>, at: DateTime<Utc>) -> Result<Self, IllegalTransition> {
        use StepState::{Blocked, Delayed, Finished, Parked, Ready, Running};
        match (self, event) {
            (Ready { .. }, StepEvent::Claimed) => Ok(Running),
            (Ready { .. } | Running, StepEvent::Stopped { gate }) => Ok(Parked { gate: gate.to_owned() }),
            (Blocked { .. } | Delayed { .. } | Parked { .. } | Running, StepEvent::Freed) | (Finished { .. }, StepEvent::Retried) => {
                Ok(Ready { since: at })
            }
            (Running, StepEvent::PutOff { until }) => Ok(Delayed { until }),
            (Ready { .. } | Delayed { .. } | Parked { .. }, StepEvent::Blocked { reason }) => Ok(Blocked { reason }),
            // What waits can be cancelled or fail (its launches were refused), but never simply be done.
            (Running, StepEvent::Settled(verdict))
            | (
                Blocked { .. } | Ready { .. } | Delayed { .. } | Parked { .. },
                StepEvent::Settled(verdict @ (Verdict::Cancelled | Verdict::Failed)),
            ) => Ok(Finished { at, verdict }),
            (state, event) => Err(IllegalTransition { state: state.word().to_owned(), event: event.word().to_owned() }),
        }
    }

    /// The word for it, in the store and in tables.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Blocked { .. } => "blocked",
            Self::Ready { .. } => "ready",
            Self::Delayed { .. } => "delayed",
            Self::Parked { .. } => "parked",
            Self::Running => "running",
            Self::Finished { .. } => "finished",
        }
    }
}

impl StepEvent<'_> {
    fn word(&self) -> &'static str {
        match self {
            Self::Claimed => "claimed",
            Self::Stopped { .. } => "stopped at a gate",
            Self::Freed => "freed",
            Self::PutOff { .. } => "put off",
            Self::Blocked { .. } => "blocked",
            Self::Settled(_) => "settled",
            Self::Retried => "retried",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_763_700_000, 0).expect("a valid time")
    }

    #[test]
    fn only_a_ready_step_is_claimed() {
        let ready = StepState::Ready { since: now() };
        assert_eq!(ready.after(StepEvent::Claimed, now()), Ok(StepState::Running));

        for state in [
            StepState::Blocked { reason: Blocked::Paused },
            StepState::Running,
            StepState::Finished { at: now(), verdict: Verdict::Done },
            StepState::Parked { gate: "agent:x".into() },
            StepState::Delayed { until: now() },
        ] {
            assert!(state.after(StepEvent::Claimed, now()).is_err(), "{state:?} was claimed");
        }
    }

    #[test]
    fn an_illegal_move_names_state_and_event() {
        let refused = StepState::Running.after(StepEvent::Retried, now()).unwrap_err();

        assert_eq!(refused.to_string(), "a step that is running can't be retried");
    }

    #[test]
    fn what_has_ended_is_settled_no_second_time() {
        let ended = StepState::Finished { at: now(), verdict: Verdict::Done };

        assert!(ended.after(StepEvent::Settled(Verdict::Failed), now()).is_err());
    }

    #[test]
    fn a_waiting_step_is_never_simply_done() {
        assert!(StepState::Ready { since: now() }.after(StepEvent::Settled(Verdict::Done), now()).is_err());
    }
}
