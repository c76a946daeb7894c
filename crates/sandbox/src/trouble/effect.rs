//! What happens to a request that meets trouble.

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use serde::Deserialize;
use serde_json::Value;

/// What happens to a request that meets trouble.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Effect {
    /// Nothing but the delay.
    #[default]
    Pass,
    /// It is not carried out, and answered thus. A body that is a text is sent as it is; anything else as JSON.
    Answer {
        /// The status.
        status: u16,
        /// The body.
        #[serde(default)]
        body: Value,
        /// More headers.
        #[serde(default)]
        headers: BTreeMap<String, String>,
    },
    /// It is carried out, and the answer is changed on its way.
    Alter(Alteration),
    /// It is not carried out, and the connection is closed without an answer.
    HangUp,
    /// It is not carried out, and the connection is reset.
    Reset,
    /// It is carried out, and the connection is closed without an answer.
    LoseAnswer,
    /// It is carried out, and the connection is closed after the head and so many bytes of the body; an answer without a body does not come at
    /// all.
    Truncate(usize),
    /// It is carried out, and the body of the answer comes byte by byte, one in so many milliseconds.
    Trickle(u64),
    /// The connection stays open and nothing ever comes, as when a cable is cut: the request is carried out, or not.
    Silence {
        /// Whether it is carried out.
        carried_out: bool,
    },
}

impl Effect {
    /// Whether the request is carried out and its answer may not tell so.
    pub(crate) fn hides_its_success(&self) -> bool {
        match self {
            Self::Alter(_) | Self::LoseAnswer | Self::Truncate(_) | Self::Silence { carried_out: true } => true,
            Self::Pass | Self::Answer { .. } | Self::HangUp | Self::Reset | Self::Trickle(_) | Self::Silence { carried_out: false } => {
                false
            }
        }
    }
}

/// How an answer is changed on its way.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alteration {
    /// Another status.
    #[serde(default)]
    pub(super) status: Option<u16>,
    /// Another body; a text is sent as it is, anything else as JSON.
    #[serde(default)]
    pub(super) body: Option<Value>,
    /// Headers that are added or replaced; those that are null are taken away.
    #[serde(default)]
    pub(super) headers: BTreeMap<String, Option<String>>,
}

impl Alteration {
    pub(crate) fn status(&self) -> Option<u16> {
        self.status
    }

    pub(crate) fn body(&self) -> Option<&Value> {
        self.body.as_ref()
    }

    /// Changes headers.
    pub(crate) fn apply(&self, headers: &mut Vec<(String, String)>) {
        headers.retain(|(known, _)| !self.headers.keys().any(|name| name.eq_ignore_ascii_case(known)));
        headers.extend(self.headers.iter().filter_map(|(name, value)| Some((name.clone(), value.clone()?))));
    }
}

/// What is called when a request is at its boundary.
#[derive(Clone)]
pub(crate) struct Boundary(Arc<dyn Fn() + Send + Sync>);

impl Boundary {
    pub(super) fn calling(call: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Arc::new(call))
    }

    pub(crate) fn reached(&self) {
        (self.0)();
    }
}

impl fmt::Debug for Boundary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Boundary")
    }
}

/// What is done to one request.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    pub(crate) delay: Duration,
    pub(crate) effect: Effect,
    /// Called right before the effect; where it is carried out and the answer does not tell so, right after it.
    pub(crate) calls: Option<Boundary>,
    /// Whether it comes from the storm and not from a rule.
    pub(crate) of_storm: bool,
}

/// As the log tells it.
impl fmt::Display for Planned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.of_storm {
            f.write_str("storm: ")?;
        }
        if !self.delay.is_zero() {
            write!(f, "after {} ms, ", self.delay.as_millis())?;
        }
        match &self.effect {
            Effect::Pass => f.write_str("passed"),
            Effect::Answer { status, .. } => write!(f, "answered with {status}"),
            Effect::Alter(Alteration { status: Some(status), .. }) => write!(f, "carried out, but answered with {status}"),
            Effect::Alter(Alteration { body: Some(_), .. }) => f.write_str("carried out, with another body"),
            Effect::Alter(alteration) => {
                let names: Vec<&str> = alteration.headers.keys().map(String::as_str).collect();
                write!(f, "carried out, with other headers: {}", names.join(", "))
            }
            Effect::HangUp => f.write_str("hung up"),
            Effect::Reset => f.write_str("reset"),
            Effect::LoseAnswer => f.write_str("carried out, answer lost"),
            Effect::Truncate(bytes) => write!(f, "carried out, answer cut after {bytes} bytes"),
            Effect::Trickle(each) => write!(f, "carried out, a byte each {each} ms"),
            Effect::Silence { carried_out: true } => f.write_str("carried out, then silence"),
            Effect::Silence { carried_out: false } => f.write_str("silence"),
        }
    }
}
