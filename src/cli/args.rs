//! The command line as it is written: flags and verbs. What they do is in the file of each verb.

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand};
use clap_complete::Shell;

use super::{
    agents, backup, cancel, config_check, cost, demo, doctor, list, logs, money, panic, permit, quotas, reclaim, restore, retry, run,
    sandbox, setup, status, submit, why,
};
use crate::config::Flags;

/// A durable orchestrator for AI agents that lives in Discord.
#[derive(Debug, Parser)]
#[command(
    name = "orchestrator",
    version = super::VERSION,
    after_help = super::exit::Exit::table(),
    after_long_help = format!(
        "Examples:\n  orchestrator demo                        try it in a minute, without an account\n  orchestrator setup                       configure a real Discord\n  orchestrator run                         run the service\n  orchestrator submit \"Write a haiku\" cheap low --wait\n\n{}",
        super::exit::Exit::table()
    ),
    max_term_width = 110,
    disable_help_subcommand = true
)]
pub(super) struct Cli {
    /// What every verb takes.
    #[command(flatten)]
    pub(super) global: Global,
    /// What is to be done.
    #[command(subcommand)]
    pub(super) verb: Verb,
}

/// What every verb takes.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Everywhere")]
pub(super) struct Global {
    /// The folder that everything is in: configuration, .runtime, workers, logs [default: the current one]
    #[arg(long, global = true, value_name = "FOLDER", visible_alias = "config-dir")]
    pub(super) dir: Option<PathBuf>,
    /// Instead of discord-config.env in that folder
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) env_file: Option<PathBuf>,
    /// Instead of `orchestrator_config.json` in that folder
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Instead of ./openclaw.json and ~/.openclaw/openclaw.json
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) openclaw_config: Option<PathBuf>,
    /// Give a setting its value; wins over files and environment. May be repeated
    #[arg(long, global = true, value_name = "KEY=VALUE")]
    pub(super) set: Vec<String>,
    /// Results as JSON on standard output, failures as JSON on standard error
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// Log more (-v: debug, -vv: everything)
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(super) verbose: u8,
    /// Say nothing but results and failures
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// Log lines on standard error as JSON
    #[arg(long, global = true)]
    pub(super) log_json: bool,
}

impl Global {
    /// What they say about configuration.
    pub(super) fn flags(&self) -> Flags {
        Flags {
            config_dir: self.dir.clone(),
            env_file: self.env_file.clone(),
            config_file: self.config.clone(),
            openclaw_config: self.openclaw_config.clone(),
            set: self.set.clone(),
        }
    }
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Run the service until SIGTERM, which hands running agents over to the next start
    Run(run::RunArgs),
    /// Run what waits, post it, and end: the form for cron
    #[command(
        after_help = "Example, in a crontab:\n  */1 * * * * cd /srv/orchestrator && orchestrator once -q\n\nBeside a running service nothing is run twice."
    )]
    Once,
    /// A local Discord, a bot and an agent in one process, to try everything without an account
    Demo(demo::DemoArgs),
    /// A local Discord alone, for trying and testing bots
    Sandbox(sandbox::SandboxArgs),
    /// Post a task into #task-queue
    Submit(submit::SubmitArgs),
    /// What the service is doing; with an id, what a task is doing
    Status(status::StatusArgs),
    /// Tasks, newest first
    List(list::ListArgs),
    /// What was spent, by day, user, agent, model, channel or task
    Cost(cost::CostArgs),
    /// Which agents' quotas are used up, and until when
    Quotas(quotas::QuotasArgs),
    /// Why a task is not moving, and what would move it
    Why(why::WhyArgs),
    /// What a task's agent has said
    Logs(logs::LogsArgs),
    /// Stop tasks, waiting or running
    Cancel(cancel::CancelArgs),
    /// Run tasks again
    Retry(retry::RetryArgs),
    /// Hold waiting tasks until they are released
    Hold(retry::IdsArgs),
    /// Let held tasks take their turn
    Release(retry::IdsArgs),
    /// Try tasks again now that wait for a later time
    Hasten(retry::HastenArgs),
    /// Let a task cost more that has a budget
    Raise(money::RaiseArgs),
    /// Take what tasks have left that were stopped at their ceiling
    Accept(money::AcceptArgs),
    /// Answer what a running agent asks: whether it may do something
    Permit(permit::PermitArgs),
    /// Run messages again that were claimed before the state was lost
    Reclaim(reclaim::ReclaimArgs),
    /// Make a running service look at the queue at once; without one, do `once`
    #[command(after_help = "Example:\n  orchestrator trigger")]
    Trigger,
    /// Try whether everything works: real requests, and the way out for what does not
    Doctor(doctor::DoctorArgs),
    /// Configure a real Discord, step by step
    Setup(setup::SetupArgs),
    /// Which agents there are, and whether one works
    #[command(subcommand)]
    Agents(agents::AgentsVerb),
    /// Look at the configuration
    #[command(subcommand)]
    Config(ConfigVerb),
    /// Copy the state into a file, while the service runs
    Backup(backup::BackupArgs),
    /// Put a backup in the place of the state
    Restore(restore::RestoreArgs),
    /// Emergency: start nothing more and end every agent, even if the service is dead
    Panic(panic::PanicArgs),
    /// Start tasks again after `panic`
    #[command(after_help = "Example:\n  orchestrator resume")]
    Resume,
    /// Print what makes a shell complete these commands
    #[command(after_help = "Example:\n  orchestrator completions bash > /etc/bash_completion.d/orchestrator")]
    Completions {
        /// For which shell
        shell: Shell,
    },
}

/// What can be done with the configuration.
#[derive(Debug, Subcommand)]
pub(super) enum ConfigVerb {
    /// Read it as the service would, and say what is wrong with it and where each value comes from
    Check(config_check::CheckArgs),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_verb_has_an_example() {
        for verb in Cli::command().get_subcommands() {
            let help = verb.get_after_help().map(ToString::to_string).unwrap_or_default();
            let own = verb.get_subcommands().all(|inner| inner.get_after_help().is_some()) && verb.has_subcommands();
            assert!(help.contains("Example") || own, "`{}` has no example", verb.get_name());
        }
    }
}
