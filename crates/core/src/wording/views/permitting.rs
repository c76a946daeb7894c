//! How a question of a running agent is answered.

use serde::{Deserialize, Serialize};

use crate::domain::permission::Answer;

/// An answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PermitAsk {
    /// This.
    pub answer: Answer,
    /// To which question; none: the oldest that is open.
    #[serde(default)]
    pub number: Option<u32>,
}
