//! `orchestrator_config.json` as a person writes it: strict words with their defaults. Names carry their unit; unknown keys are refused.
//!
//! A key that is added here gets its default in the same place, one line in `docs/configuration.md` (a test compares both), and its
//! environment variable and `--set` by itself.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, Visitor},
};

use super::{agent_section::RawAgent, budgets::RawBudgets, checks::RawCheck, isolation::RawIsolation};

/// The whole file.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Raw {
    pub(super) default_agent: Option<String>,
    pub(super) agents: BTreeMap<String, RawAgent>,
    pub(super) who_may: RawWhoMay,
    pub(super) caps: RawCaps,
    pub(super) channels: RawChannels,
    pub(super) prices: RawPrices,
    /// US dollars a day, over all tasks; a number or a text.
    pub(super) daily_budget_usd: Option<Amount>,
    pub(super) budgets: RawBudgets,
    pub(super) attempts: RawAttempts,
    pub(super) ask_after_hours: AskAfter,
    pub(super) retention: RawRetention,
    pub(super) disk_low_water_mb: DiskLowWater,
    pub(super) output: RawOutput,
    pub(super) lease_seconds: Lease,
    pub(super) grace_seconds: Grace,
    /// None: agents may be silent for as long as their own definition says, or for ever.
    pub(super) stall_seconds: Option<u64>,
    pub(super) launch: RawLaunch,
    pub(super) posts: RawPosts,
    pub(super) cards: RawCards,
    pub(super) attachments: RawAttachments,
    pub(super) drain: RawDrain,
    pub(super) isolation: RawIsolation,
    /// Those that tasks of every agent may name.
    pub(super) checks: BTreeMap<String, RawCheck>,
}

/// A number at the top level, with its default: serde takes defaults of a whole struct from `Default`, so each is a type of its own.
macro_rules! number {
    ($name:ident = $default:literal) => {
        #[derive(Clone, Copy, Debug, Serialize, Deserialize)]
        #[serde(transparent)]
        pub(super) struct $name(pub(super) u64);

        impl Default for $name {
            fn default() -> Self {
                Self($default)
            }
        }
    };
}

number!(AskAfter = 24);
number!(DiskLowWater = 512);
number!(Lease = 60);
number!(Grace = 10);

/// Who may do what. Empty lists of `submit`: every member; empty lists of `operate`: the server's administrators.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawWhoMay {
    pub(super) submit: RawSubmit,
    pub(super) operate: RawOperate,
    /// Who may bring along commands as checks; empty lists: nobody but the machine's own operator.
    pub(super) free_checks: RawOperate,
    pub(super) max_priority: RawMaxPriority,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawSubmit {
    pub(super) users: Vec<Id>,
    pub(super) roles: Vec<Id>,
    pub(super) bots: Vec<Id>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawOperate {
    pub(super) users: Vec<Id>,
    pub(super) roles: Vec<Id>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawMaxPriority {
    pub(super) everyone: Level,
    pub(super) operators: Level,
    pub(super) roles: BTreeMap<String, Level>,
}

impl Default for RawMaxPriority {
    fn default() -> Self {
        Self { everyone: Level("500".to_owned()), operators: Level("1000".to_owned()), roles: BTreeMap::new() }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawCaps {
    /// Agents at once; none: OpenClaw's `maxConcurrent`, else 4.
    pub(super) max_concurrent: Option<u32>,
    /// Agents of one requester at once; none: only `max_concurrent` counts.
    pub(super) per_user_running: Option<u32>,
    /// Tasks of one requester that wait or run.
    pub(super) per_user_queued: u32,
    pub(super) prompt_bytes: u64,
}

impl Default for RawCaps {
    fn default() -> Self {
        // One argument of a program may have 128 KiB on Linux (MAX_ARG_STRLEN): a prompt must fit where an agent wants it there.
        Self { max_concurrent: None, per_user_running: None, per_user_queued: 1_000, prompt_bytes: 100_000 }
    }
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawChannels {
    /// Where a result goes that #results does not take.
    pub(super) fallback: Option<Id>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawPrices {
    pub(super) unit: RawPriceUnit,
    /// By alias or id. What is left out is as `openclaw.json` has it.
    pub(super) models: BTreeMap<String, RawPrice>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawPrice {
    pub(super) input: Option<Amount>,
    pub(super) output: Option<Amount>,
    pub(super) cache_read: Option<Amount>,
    pub(super) cache_write: Option<Amount>,
    /// Of these prices; none: `prices.unit`, if it is given.
    pub(super) unit: Option<RawPriceUnit>,
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawPriceUnit {
    #[default]
    PerThousand,
    PerMillion,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawAttempts {
    /// Counted attempts of a task from a message, a slash command or the command line.
    pub(super) task: u32,
    /// Before the second attempt; doubled each time.
    pub(super) first_delay_seconds: u64,
    pub(super) delay_cap_seconds: u64,
}

impl Default for RawAttempts {
    fn default() -> Self {
        Self { task: 1, first_delay_seconds: 5, delay_cap_seconds: 300 }
    }
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawRetention {
    /// `WORKER_RETENTION_HOURS` wins over it.
    pub(super) success_hours: u64,
    /// None: until it is removed by hand.
    pub(super) failure_hours: Option<u64>,
}

impl Default for RawRetention {
    fn default() -> Self {
        Self { success_hours: 24, failure_hours: None }
    }
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawOutput {
    /// What an agent's output may add to `agent-output.log`.
    pub(super) log_max_kb: u64,
    /// What is kept of standard output where a result or the usage is read from it.
    pub(super) stdout_max_kb: u64,
    /// What is read of `RESULT.txt`.
    pub(super) result_max_kb: u64,
    /// The largest file that an agent may write; 0: unlimited.
    pub(super) file_max_mb: u64,
    /// How many files that an agent has left go along with its result.
    pub(super) attach_max_files: u64,
}

impl Default for RawOutput {
    fn default() -> Self {
        Self { log_max_kb: 10_240, stdout_max_kb: 16_384, result_max_kb: 8_192, file_max_mb: 4_096, attach_max_files: 5 }
    }
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawLaunch {
    pub(super) retries: u32,
    pub(super) first_delay_ms: u64,
    pub(super) delay_cap_seconds: u64,
}

impl Default for RawLaunch {
    fn default() -> Self {
        Self { retries: 5, first_delay_ms: 2_000, delay_cap_seconds: 60 }
    }
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawPosts {
    /// 2 s, as contract 003 §5 fixes it; tests shorten it.
    pub(super) first_delay_ms: u64,
    pub(super) delay_cap_seconds: u64,
    pub(super) request_timeout_seconds: u64,
    pub(super) nonce_window_seconds: u64,
}

impl Default for RawPosts {
    fn default() -> Self {
        Self { first_delay_ms: 2_000, delay_cap_seconds: 600, request_timeout_seconds: 30, nonce_window_seconds: 55 }
    }
}

/// The cards of tasks, where a channel has no settings of its own.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawCards {
    pub(super) show: RawShown,
    pub(super) threads: bool,
    pub(super) live_seconds: u64,
    pub(super) edit_gap_ms: u64,
}

impl Default for RawCards {
    fn default() -> Self {
        Self { show: RawShown::StateChanges, threads: true, live_seconds: 5, edit_gap_ms: 2_500 }
    }
}

/// How much a card tells, and when.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawShown {
    Silent,
    DoneOnly,
    StateChanges,
    Live,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawAttachments {
    pub(super) max_files: u32,
    pub(super) max_file_mb: u64,
    pub(super) max_total_mb: u64,
    pub(super) download_seconds: u64,
}

impl Default for RawAttachments {
    fn default() -> Self {
        Self { max_files: 10, max_file_mb: 25, max_total_mb: 100, download_seconds: 60 }
    }
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawDrain {
    pub(super) agents: RawDrainRule,
    pub(super) deadline_seconds: u64,
}

impl Default for RawDrain {
    fn default() -> Self {
        Self { agents: RawDrainRule::Auto, deadline_seconds: 20 }
    }
}

/// What becomes of running agents when the service is asked to end.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawDrainRule {
    Auto,
    HandOver,
    Wait,
    Stop,
}

/// A text, or a number that becomes its text: so a Discord id, a priority or an amount may be written either way.
macro_rules! text_or_number {
    ($(#[$doc:meta])* $name:ident, $expecting:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
        #[serde(transparent)]
        pub(super) struct $name(pub(super) String);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(TextOrNumber($expecting)).map(Self)
            }
        }
    };
}

text_or_number! {
    /// A Discord id.
    Id, "an id of 1 to 20 digits"
}
text_or_number! {
    /// A priority.
    Level, "a number from 0 to 1000, or low, normal, high, critical"
}
text_or_number! {
    /// An amount of dollars.
    Amount, "an amount of dollars, like 12.50"
}

struct TextOrNumber(&'static str);

impl Visitor<'_> for TextOrNumber {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<String, E> {
        Ok(number.to_string())
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<String, E> {
        Ok(number.to_string())
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<String, E> {
        Ok(number.to_string())
    }
}
