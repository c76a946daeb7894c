//! The command line: one verb, one file.
//!
//! Arguments come in, an exit code goes out. Verbs ask the running service over its socket; where none runs, they ask the same desk in this
//! process. They hold no rules of their own.

mod agents;
mod args;
mod backup;
mod cancel;
mod client;
mod config_check;
mod cost;
mod demo;
mod doctor;
pub mod exit;
mod given;
mod house;
mod list;
mod logs;
mod money;
mod once;
mod panic;
mod permit;
mod posting;
mod quotas;
mod reclaim;
mod restore;
mod retry;
mod run;
mod sandbox;
mod setup;
mod status;
mod submit;
mod trigger;
mod voice;
mod wait;
mod why;

use std::{ffi::OsString, path::PathBuf, process::ExitCode};

use clap::{CommandFactory as _, Parser as _, error::ErrorKind};

use self::{
    args::{Cli, ConfigVerb, Global, Verb},
    exit::{Exit, Failure},
    voice::Voice,
};
use crate::{
    config::{self, Config, Surroundings},
    telemetry,
};

/// What a verb works with.
pub struct Context {
    /// What every verb takes.
    global: Global,
    /// How it speaks.
    voice: Voice,
}

impl Context {
    /// Reads the configuration. Where nothing is configured and a demonstration runs in the folder, the demonstration is meant.
    fn config(&self) -> Result<Config, Failure> {
        let mut flags = self.global.flags();
        if let Some(folder) = self.demonstration()?.filter(|folder| demo::runs_in(folder)) {
            flags.config_dir = Some(folder);
        }
        Ok(config::load(&flags)?)
    }

    /// Reads the configuration of the folder itself, whatever runs in it.
    fn own_config(&self) -> Result<Config, Failure> {
        Ok(config::load(&self.global.flags())?)
    }

    /// What a demonstration has left in the folder, where nothing else is configured.
    fn demonstration(&self) -> Result<Option<PathBuf>, Failure> {
        let around = Surroundings::of_this_process().map_err(|error| Failure::of(Exit::Broken, &error))?;
        let set = |name: &str| around.variables.get(name).filter(|value| !value.is_empty());
        let root = self.global.dir.clone().or_else(|| set("ORCHESTRATOR_CONFIG_DIR").map(PathBuf::from)).unwrap_or_default();
        let configured =
            self.global.env_file.is_some() || set("ORCHESTRATOR_AGENT_TOKEN").is_some() || root.join("discord-config.env").exists();
        Ok(if configured { None } else { demo::left_in(&root) })
    }

    /// Whether results may have colours: a person reads them, and wants some.
    fn coloured(&self) -> bool {
        let around = Surroundings::of_this_process();
        let unwanted = |around: Surroundings| around.variables.get("NO_COLOR").is_some_and(|value| !value.is_empty());
        self.voice.out_is_terminal && !around.is_ok_and(unwanted)
    }

    /// Starts to log: to standard error, and of a service into its file too.
    fn log(&self, chattiness: Chattiness, config: Option<&Config>) -> Result<(), Failure> {
        let around = Surroundings::of_this_process().map_err(|error| Failure::of(Exit::Broken, &error))?;
        let set = |name: &str| around.variables.get(name).filter(|value| !value.is_empty());
        let (ours, others) = match (self.global.quiet, self.global.verbose, chattiness) {
            (true, _, _) => ("error", "error"),
            (false, 0, Chattiness::Client) => ("warn", "error"),
            (false, 0, Chattiness::Service) => ("info", "warn"),
            (false, 1, _) => ("debug", "info"),
            (false, _, _) => ("trace", "debug"),
        };
        let asked = self.global.quiet || self.global.verbose > 0;
        telemetry::start(&telemetry::Settings {
            filter: set("RUST_LOG").filter(|_| !asked).cloned().unwrap_or_else(|| telemetry::filter(ours, others)),
            json: self.global.log_json,
            colour: self.voice.err_is_terminal && set("NO_COLOR").is_none(),
            file: config.map(|config| config.logs_dir.join(telemetry::FILE)),
            secrets: config.map(|config| config.secrets.clone()).unwrap_or_default(),
        })
        .map_err(|error| Failure::of(Exit::Usage, &error))
    }
}

/// How much is logged unless somebody says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Chattiness {
    /// A command that ends: what must be known.
    Client,
    /// A service: what it does.
    Service,
}

/// The version, with the commit if that was known when it was built.
const VERSION: &str = env!("ORCHESTRATOR_VERSION");

/// Does what the arguments say.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            let _reader_has_gone = error.print();
            // clap's own code for a wrong command is 2, which means something else here.
            let asked_for = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            return if asked_for { Exit::Done } else { Exit::Usage }.into();
        }
    };
    let Cli { global, verb } = cli;
    let context = Context { voice: Voice::new(global.json, global.quiet), global };
    let done = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::of(Exit::Broken, &error))
        .and_then(|runtime| runtime.block_on(dispatch(&context, verb)));
    match done {
        Ok(exit) => exit.into(),
        Err(failure) => {
            context.voice.failure(&failure);
            failure.exit.into()
        }
    }
}

async fn dispatch(context: &Context, verb: Verb) -> Result<Exit, Failure> {
    if !matches!(verb, Verb::Run(_) | Verb::Once | Verb::Demo(_) | Verb::Sandbox(_) | Verb::Trigger) {
        context.log(Chattiness::Client, None)?;
    }
    match verb {
        Verb::Run(args) => run::run(context, args).await,
        Verb::Once => once::run(context).await,
        Verb::Demo(args) => demo::run(context, args).await,
        Verb::Sandbox(args) => sandbox::run(context, args).await,
        Verb::Submit(args) => submit::run(context, args).await,
        Verb::Status(args) => status::run(context, args).await,
        Verb::List(args) => list::run(context, args).await,
        Verb::Cost(args) => cost::run(context, args).await,
        Verb::Quotas(args) => quotas::run(context, args).await,
        Verb::Why(args) => why::run(context, args).await,
        Verb::Agents(verb) => agents::run(context, verb).await,
        Verb::Logs(args) => logs::run(context, args).await,
        Verb::Cancel(args) => cancel::run(context, args).await,
        Verb::Retry(args) => retry::run(context, args).await,
        Verb::Hold(args) => retry::hold(context, args).await,
        Verb::Release(args) => retry::release(context, args).await,
        Verb::Hasten(args) => retry::hasten(context, args).await,
        Verb::Raise(args) => money::raise(context, args).await,
        Verb::Accept(args) => money::accept(context, args).await,
        Verb::Permit(args) => permit::run(context, args).await,
        Verb::Reclaim(args) => reclaim::run(context, args).await,
        Verb::Trigger => trigger::run(context).await,
        Verb::Doctor(args) => doctor::run(context, args).await,
        Verb::Setup(args) => setup::run(context, args).await,
        Verb::Config(ConfigVerb::Check(args)) => config_check::run(context, &args),
        Verb::Backup(args) => backup::run(context, args).await,
        Verb::Restore(args) => restore::run(context, args).await,
        Verb::Panic(args) => panic::run(context, args).await,
        Verb::Resume => panic::resume(context).await,
        Verb::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "orchestrator", &mut script);
            context.voice.line(&String::from_utf8_lossy(&script));
            Ok(Exit::Done)
        }
    }
}
