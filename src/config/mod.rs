//! Everything that is configurable, read once at start: in come files, environment and flags, out goes one checked [`Config`].
//!
//! Each value is taken from the last layer that gives it (default < file < environment < flag) and remembers which one that was. This room
//! knows no Discord library, no store and no process; nothing after it reads the environment.

mod agent_checks;
mod agent_folders;
mod agent_section;
mod agents;
mod budgets;
mod built_in;
mod checks;
mod complaint;
mod confidential;
mod discord;
mod env_file;
mod environment;
mod isolation;
mod json_text;
mod limits;
mod load;
mod misfit;
mod misplaced;
mod openclaw;
mod openclaw_prices;
mod own_file;
mod price_table;
mod programs;
mod protocol;
mod provenance;
mod quotas;
mod reading_checks;
mod sections;
mod text_file;
mod who_may;

use std::path::PathBuf;

use orchestrator_core::domain::agent::Secret;

pub use self::{
    agent_folders::{is_about_agent, places_of_agent},
    agents::Agents,
    budgets::Budgets,
    built_in::{SCHEMA as AGENT_SCHEMA, written as built_in_agent},
    complaint::{Complaint, ConfigError},
    discord::{DiscordConfig, MissingSettings, SubmitConfig},
    env_file::{EnvKey, KEYS as ENV_KEYS},
    environment::{ALLOWED as AGENT_VARIABLES, ALLOWED_PREFIXES as AGENT_VARIABLE_PREFIXES},
    limits::{AttachmentLimits, DrainRule, Limits},
    load::{Flags, Surroundings, found_programs, load, load_from},
    openclaw::{Gateway, OpenClaw},
    own_file::{keys as config_keys, variable_of},
    programs::{AGENT_PROGRAMS, FoundProgram},
    provenance::{Setting, Source},
    who_may::WhoMay,
};

/// The configuration, checked: what the rest of the program sees. Its `Debug` shows no secret.
#[derive(Clone, Debug)]
pub struct Config {
    /// The folder that everything is relative to.
    pub root: PathBuf,
    /// State: `.runtime` below the root.
    pub runtime_dir: PathBuf,
    /// Workspaces: `workers` below the root.
    pub workers_dir: PathBuf,
    /// Our own log files: `logs` below the root.
    pub logs_dir: PathBuf,
    /// The env file, whether it exists or not.
    pub env_file: PathBuf,
    /// `orchestrator_config.json`, whether it exists or not.
    pub config_file: PathBuf,
    /// Whether it exists.
    pub config_file_exists: bool,
    /// Discord, or which settings are missing for it.
    pub discord: Result<DiscordConfig, MissingSettings>,
    /// The part of it that `submit` needs.
    pub submit: Result<SubmitConfig, MissingSettings>,
    /// Bounds.
    pub limits: Limits,
    /// Ceilings of money.
    pub budgets: Budgets,
    /// Rights.
    pub who_may: WhoMay,
    /// Agent definitions and the default.
    pub agents: Agents,
    /// What OpenClaw's file says: the catalogue of models, its Gateway.
    pub openclaw: OpenClaw,
    /// What agents inherit of the environment: an allow-list.
    pub agent_environment: Vec<(String, String)>,
    /// What replaces the built-in AGENTS.md.
    pub template: Option<Template>,
    /// Agent programs on this machine.
    pub programs: Vec<FoundProgram>,
    /// Every secret that is known: what must never be posted or logged.
    pub secrets: Vec<Secret>,
    /// Every setting with its origin, secrets masked.
    pub settings: Vec<Setting>,
    /// What is odd, but can be lived with: to be said aloud once.
    pub warnings: Vec<Complaint>,
}

/// A text that replaces the built-in AGENTS.md; the task's facts are put after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// Where it was read.
    pub path: PathBuf,
    /// What it says.
    pub text: String,
}
