//! What is sent along with what people decide of a task.

use serde::{Deserialize, Serialize};

use crate::domain::permission::Answer;

/// An answer to what a running agent asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PermitAsk {
    /// This.
    pub answer: Answer,
    /// To which question; none: the oldest that is open.
    #[serde(default)]
    pub number: Option<u32>,
}

/// How much more a task may cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RaiseAsk {
    /// In dollars.
    pub more_usd: String,
}
