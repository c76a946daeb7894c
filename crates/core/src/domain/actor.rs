//! Who asks: a person, a bot, or the machine's own operator.

use serde::{Deserialize, Serialize};

use super::id::{RoleId, UserId};

/// Somebody who asks for something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Actor {
    /// A member of the server.
    Member {
        /// Discord's id of the user.
        user: UserId,
        /// What the user is called.
        name: String,
        /// The roles that the member has.
        roles: Vec<RoleId>,
        /// Another bot, or a webhook.
        bot: bool,
        /// Owner of the server, or with its Administrator permission, as far as Discord told it.
        administrator: bool,
    },
    /// Whoever holds the machine: the command line, the socket in `.runtime`, our own `submit`.
    Operator {
        /// The name to show: the account on the machine, or `submit`.
        name: String,
    },
}

impl Actor {
    /// What is shown and stored as the requester.
    pub fn name(&self) -> &str {
        match self {
            Self::Member { name, .. } | Self::Operator { name } => name,
        }
    }

    /// The lane of this requester's tasks: fairness is between lanes.
    pub fn lane(&self) -> String {
        match self {
            Self::Member { user, .. } => format!("user:{user}"),
            Self::Operator { .. } => "operator".to_owned(),
        }
    }

    /// The Discord user, if it is one.
    pub fn user(&self) -> Option<UserId> {
        match self {
            Self::Member { user, .. } => Some(*user),
            Self::Operator { .. } => None,
        }
    }
}

/// What somebody wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// Give a task.
    Submit,
    /// Cancel, retry, hold, read the log of a task of one's own.
    ControlOwn,
    /// The same of anybody's task; pause and resume the service.
    Operate,
    /// Bring along a command by which a task's work is checked.
    FreeCheck,
}
