//! What is answered to what is not done.

use serde::{Deserialize, Serialize};

/// The body of every answer that is not a success.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// What is wrong.
    pub error: ErrorCode,
    /// What is wrong with which field.
    #[serde(default)]
    pub fields: Vec<FieldIssue>,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorCode {
    /// A word for programs.
    pub code: String,
    /// A sentence for people.
    pub message: String,
}

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldIssue {
    /// The field.
    pub field: String,
    /// What is wrong with it.
    pub issue: String,
}
