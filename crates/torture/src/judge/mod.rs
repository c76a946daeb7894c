//! The judges: one law each, from the evidence alone.

mod cards;
mod checks;
mod lost;
mod money;
mod orphans;
mod permits;
mod results;
mod runs;
#[cfg(test)]
mod samples;
mod secrets;
mod signs;

use std::fmt;

use serde::Serialize;

use crate::evidence::Evidence;

/// What must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Law {
    /// Every accepted task ends, and none that nobody asked for is there.
    Lost,
    /// No run that was not declared.
    Runs,
    /// Results and notices stand once, and say what happened.
    Results,
    /// No process and no control folder is left.
    Orphans,
    /// The ledger is the sum of the attempts, and the entries say so.
    Money,
    /// What an attempt has left is checked once, and is said to be what its check found.
    Checks,
    /// No agent may what nobody has permitted.
    Permits,
    /// No secret is out.
    Secrets,
    /// Signs on messages.
    Signs,
    /// One card per task, which tells the truth.
    Cards,
    /// The service ends when it is asked to, and only then.
    Ends,
    /// A database of another version is left alone.
    Upgrade,
    /// The world itself could not be made or read.
    World,
}

impl fmt::Display for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lost => "lost",
            Self::Runs => "runs",
            Self::Results => "results",
            Self::Orphans => "orphans",
            Self::Money => "money",
            Self::Checks => "checks",
            Self::Permits => "permits",
            Self::Secrets => "secrets",
            Self::Signs => "signs",
            Self::Cards => "cards",
            Self::Ends => "ends",
            Self::Upgrade => "upgrade",
            Self::World => "world",
        })
    }
}

/// A law was broken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Violation {
    pub(crate) law: Law,
    pub(crate) what: String,
}

impl Violation {
    pub(crate) fn new(law: Law, what: impl Into<String>) -> Self {
        Self { law, what: what.into() }
    }
}

/// Says how its law was broken.
type Judge = fn(&Evidence) -> Vec<String>;

/// Asks all judges.
pub(crate) fn judge(evidence: &Evidence) -> Vec<Violation> {
    let laws: [(Law, Judge); 10] = [
        (Law::Lost, lost::judge),
        (Law::Runs, runs::judge),
        (Law::Results, results::judge),
        (Law::Orphans, orphans::judge),
        (Law::Money, money::judge),
        (Law::Checks, checks::judge),
        (Law::Permits, permits::judge),
        (Law::Secrets, secrets::judge),
        (Law::Signs, signs::judge),
        (Law::Cards, cards::judge),
    ];
    laws.iter().flat_map(|(law, judge)| judge(evidence).into_iter().map(|what| Violation::new(*law, what))).collect()
}
