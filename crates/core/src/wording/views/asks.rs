//! What is asked over the HTTP interface: the bodies of requests.

use serde::{Deserialize, Serialize};

use crate::domain::id::TaskId;

/// A task as somebody asks for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubmitAsk {
    /// What is to be done; may hold tags.
    pub text: String,
    /// The task's id; generated otherwise. The same id asks once.
    #[serde(default)]
    pub task_id: Option<TaskId>,
    /// An alias or a full id.
    #[serde(default)]
    pub model: Option<String>,
    /// `off`, `low`, `medium`, `high`.
    #[serde(default)]
    pub thinking: Option<String>,
    /// An agent definition.
    #[serde(default)]
    pub agent: Option<String>,
    /// A duration.
    #[serde(default)]
    pub timeout: Option<String>,
    /// A number or a word.
    #[serde(default)]
    pub priority: Option<String>,
    /// Dollars.
    #[serde(default)]
    pub budget: Option<String>,
    /// Names of checks, or commands after `!`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<String>,
    /// `workspace`, `offline`, `closed`.
    #[serde(default)]
    pub isolation: Option<String>,
}

/// How claims are stopped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PauseAsk {
    /// Whether running agents are stopped too.
    #[serde(default)]
    pub stop_running: bool,
}
