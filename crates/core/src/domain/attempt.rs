//! One run of a step: where it is, how it ended, what it cost.

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    check::Checked,
    money::{CostFrom, Usage, Usd},
    reading::ErrorClass,
    step::Verdict,
};

/// Where an attempt is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum AttemptState {
    /// Claimed; its agent has not been started.
    Launching {
        /// Whether it may start: its ✅ stands, or it needs none.
        cleared: bool,
    },
    /// Its agent runs, or was asked for.
    Running {
        /// Since when.
        since: DateTime<Utc>,
    },
    /// Over, with its report.
    Ended {
        /// How.
        outcome: Outcome,
    },
    /// Never became a run: its launch failed before the agent started. It does not count.
    Void,
}

impl AttemptState {
    /// The word for it, in the store.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Launching { cleared: false } => "claimed",
            Self::Launching { cleared: true } => "cleared",
            Self::Running { .. } => "running",
            Self::Ended { .. } => "ended",
            Self::Void => "void",
        }
    }

    /// Whether it still holds its step.
    pub fn is_live(&self) -> bool {
        match self {
            Self::Launching { .. } | Self::Running { .. } => true,
            Self::Ended { .. } | Self::Void => false,
        }
    }
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Exit 0 and a result, or the agent's own rule.
    Succeeded,
    /// Anything else that the agent did by itself.
    Failed,
    /// It reached its time limit.
    TimedOut,
    /// Somebody cancelled it.
    Cancelled,
    /// It was cut off from outside: its attendant was killed, the machine went down.
    Interrupted,
    /// It reached a spend ceiling.
    OverBudget,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Succeeded, Self::Failed, Self::TimedOut, Self::Cancelled, Self::Interrupted, Self::OverBudget];

    /// The tag of its result entry. Source: contract 003 §5.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Succeeded => "SUCCESS",
            Self::Failed => "FAILED",
            Self::TimedOut => "TIMEOUT",
            Self::Cancelled => "CANCELLED",
            Self::Interrupted => "INTERRUPTED",
            Self::OverBudget => "OVER BUDGET",
        }
    }

    /// The word for it in tables and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::TimedOut => "timed_out",
            Self::Cancelled => "cancelled",
            Self::Interrupted => "interrupted",
            Self::OverBudget => "over_budget",
        }
    }

    /// The reaction that its message gets at the end. Source: contract 003 §2.
    pub fn mark(self) -> &'static str {
        match self {
            Self::Succeeded => "🏁",
            Self::Failed | Self::Interrupted | Self::OverBudget => "❌",
            Self::TimedOut => "⏱",
            Self::Cancelled => "🛑",
        }
    }

    /// What becomes of the step when no attempt is left.
    pub fn verdict(self) -> Verdict {
        match self {
            Self::Succeeded => Verdict::Done,
            Self::Failed | Self::Interrupted | Self::OverBudget => Verdict::Failed,
            Self::TimedOut => Verdict::TimedOut,
            Self::Cancelled => Verdict::Cancelled,
        }
    }

    /// Whether a further declared attempt may follow by itself. Money that ran out and a person's will are final.
    pub fn may_be_retried(self) -> bool {
        match self {
            Self::Failed | Self::TimedOut => true,
            Self::Succeeded | Self::Cancelled | Self::Interrupted | Self::OverBudget => false,
        }
    }
}

/// How long a text is of which only the beginning is at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whole {
    /// In bytes.
    pub bytes: u64,
    /// In characters, without white space at either end.
    pub characters: u64,
}

/// All that is known of an attempt that has ended: what its result entry is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// How it ended.
    pub outcome: Outcome,
    /// Why, in words; none for a success.
    pub reason: Option<String>,
    /// The result, up to the collection bound; of one that was [set aside](Self::set_aside) its beginning.
    pub text: String,
    /// How long the result is, where it was set aside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aside: Option<Whole>,
    /// Bytes of the result that were left behind the bound, in the workspace only.
    pub text_left_out: u64,
    /// The short form, if the agent wrote one.
    pub summary: Option<String>,
    /// Whether the result is what there was when the attempt was cut off.
    pub partial: bool,
    /// Named outputs.
    pub outputs: BTreeMap<String, String>,
    /// Files of the workspace that the entry names, by path below the working folder, with their size.
    pub files: Vec<(String, u64)>,
    /// The end of the log, where there is no success.
    pub log_tail: Option<String>,
    /// Tokens; `None`: unknown.
    pub usage: Option<Usage>,
    /// Cost; `None`: unknown.
    pub cost: Option<Usd>,
    /// Whose figure that is; `None`: there is none, or the report is of a time when this was not noted.
    #[serde(default)]
    pub cost_from: Option<CostFrom>,
    /// Whether it can hardly be meant; a remark says why.
    #[serde(default)]
    pub cost_is_doubtful: bool,
    /// The model that answered, where it says so, else the one that was asked for.
    pub model: Option<String>,
    /// From the agent's start to its end; zero if it never ran.
    pub duration: Duration,
    /// Things that a reader should know: processes that had to be killed, output left out, an implausible price.
    pub remarks: Vec<String>,
    /// What the agent's error means, where it ended in one that its definition knows.
    #[serde(default)]
    pub class: Option<ErrorClass>,
    /// The session that the agent kept, by its own name for it.
    #[serde(default)]
    pub session: Option<String>,
    /// When the quota is there again that was used up, where that was why it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resets_at: Option<DateTime<Utc>>,
    /// What its checks found; none: its task has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checked: Option<Checked>,
}

impl Report {
    /// Bytes of a result that a report holds at most: more than anybody is shown of it outside a file, and little enough to be read with each
    /// look at its task. The longest that is shown are the 20,000 characters that a next attempt is told.
    pub const INLINE: usize = 128 << 10;

    /// Takes a long result out, so that it can be kept beside the report, and leaves its beginning (without white space before it); `None`: it
    /// is short and stays.
    pub fn set_aside(&mut self) -> Option<String> {
        if self.text.len() <= Self::INLINE || self.aside.is_some() {
            return None;
        }
        let shown = self.text.trim();
        let mut end = shown.len().min(Self::INLINE);
        while !shown.is_char_boundary(end) {
            end -= 1;
        }
        self.aside = Some(Whole { bytes: self.text.len() as u64, characters: shown.chars().count() as u64 });
        let beginning = shown[..end].to_owned();
        Some(std::mem::replace(&mut self.text, beginning))
    }

    /// Bytes of the result that are kept.
    pub fn text_bytes(&self) -> u64 {
        self.aside.map_or(self.text.len() as u64, |whole| whole.bytes)
    }

    /// A report of an attempt that has no result: cancelled while waiting, never started, lost.
    pub fn without_result(outcome: Outcome, reason: impl Into<String>) -> Self {
        Self {
            outcome,
            reason: Some(reason.into()),
            text: String::new(),
            aside: None,
            text_left_out: 0,
            summary: None,
            partial: false,
            outputs: BTreeMap::new(),
            files: Vec::new(),
            log_tail: None,
            usage: None,
            cost: None,
            cost_from: None,
            cost_is_doubtful: false,
            model: None,
            duration: Duration::ZERO,
            remarks: Vec::new(),
            class: None,
            session: None,
            resets_at: None,
            checked: None,
        }
    }

    /// Whether a further declared attempt may follow by itself: a refused key is refused again.
    pub fn may_be_retried(&self) -> bool {
        self.outcome.may_be_retried() && self.class.is_none_or(ErrorClass::may_pass)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn what_is_set_aside_is_whole_and_what_is_left_is_its_beginning(
            before in "[ \\n]{0,5}", unit in "[a-zé🦀]{1,3}", times in 0..90_000_usize, after in "[ \\n]{0,5}",
        ) {
            let text = format!("{before}{}{after}", unit.repeat(times));
            let mut report = Report { text: text.clone(), ..Report::without_result(Outcome::Succeeded, "") };

            let aside = report.set_aside();

            prop_assert_eq!(report.text_bytes(), text.len() as u64);
            prop_assert!(report.text.len() <= Report::INLINE);
            prop_assert_eq!(aside.is_some(), text.len() > Report::INLINE);
            let Some(whole) = aside else {
                prop_assert_eq!(report.text, text);
                return Ok(());
            };
            prop_assert!(whole == text && text.trim().starts_with(&report.text));
            prop_assert_eq!(report.aside.map(|whole| whole.characters), Some(text.trim().chars().count() as u64));
            prop_assert_eq!(report.set_aside(), None);
        }
    }
}
