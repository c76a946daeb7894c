//! `agents`: which agents there are, and whether one works: a task of one line is run through it, and what was read is shown.

use std::{pin::pin, str::FromStr as _, time::Duration};

use clap::{Args, Subcommand};
use orchestrator_core::{
    domain::{
        agent::{AgentDefinition, AgentName, Home},
        task::parse_duration,
    },
    wording::{checks, figures, fit, harmless, tables::Table},
};
use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::{
    Context,
    exit::{Exit, Failure},
};
use crate::{
    adapters::process,
    config::{self, Config},
    service::trial::{Trial, TrialError, Wanted, trial},
};

/// What an agent is asked that is only to show that it works.
const LINE: &str = "Answer with the number 42 and nothing else.";

/// The most that is shown of a failed trial's log, in characters.
const LOG: usize = 1_500;

/// What can be done with agents.
#[derive(Debug, Subcommand)]
pub(super) enum AgentsVerb {
    /// Which agents there are, and which of them can be run here
    #[command(after_help = "Example:\n  orchestrator agents list --json | jq -r '.agents[] | select(.ready) | .name'")]
    List,
    /// Print a built-in definition, as a beginning of one's own
    #[command(after_help = "Example:\n  orchestrator agents show claude > agents/my-claude/agent.json")]
    Show {
        /// The agent
        agent: String,
    },
    /// Print the JSON Schema of definitions, for editors
    #[command(after_help = "Example:\n  orchestrator agents schema > agents/agent.schema.json")]
    Schema,
    /// Run a task of one line through an agent, and show what was read of it
    Test(TestArgs),
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  orchestrator agents test claude\n  orchestrator agents test llm --model cheap --text 'Which files are here?' --keep\n\nNothing is queued, posted or entered in the ledger; what its model asks is paid for all the same.\n\nExit codes: as of a task that was waited for; 3 also where the agent could not be started."
)]
pub(super) struct TestArgs {
    /// The agent
    agent: String,
    /// The task's text
    #[arg(long, default_value = LINE)]
    text: String,
    /// The model, by alias or name
    #[arg(long)]
    model: Option<String>,
    /// How hard it thinks: off, low, medium or high
    #[arg(long)]
    thinking: Option<String>,
    /// How long it may take, like 90s or 5m
    #[arg(long, default_value = "2m", value_name = "TIME", value_parser = |text: &str| parse_duration(text).map_err(|error| error.to_string()))]
    timeout: Duration,
    /// What its work is checked by, beside what each of its tasks is. May be repeated
    #[arg(long, value_name = "CHECK")]
    check: Vec<String>,
    /// Keep its folder, and say where it is
    #[arg(long)]
    keep: bool,
}

pub(super) async fn run(context: &Context, verb: AgentsVerb) -> Result<Exit, Failure> {
    let config = context.config()?;
    match verb {
        AgentsVerb::List => {
            list(context, &config);
            Ok(Exit::Done)
        }
        AgentsVerb::Show { agent } => match config::built_in_agent(&agent) {
            Some(written) => {
                context.voice.line(written);
                Ok(Exit::Done)
            }
            None => {
                let (name, places) = (harmless::one_line(&agent), config::places_of_agent(&config, &agent));
                let why = if config.agents.names().contains(&agent.as_str()) {
                    format!("`{name}` is not built in: it is defined in {}.", places.join(" and "))
                } else {
                    format!("There is no agent `{name}`. `orchestrator agents list` shows which there are.")
                };
                Err(Failure::new(Exit::NotFound, why))
            }
        },
        AgentsVerb::Schema => {
            context.voice.line(config::AGENT_SCHEMA);
            Ok(Exit::Done)
        }
        AgentsVerb::Test(args) => test(context, &config, args).await,
    }
}

fn list(context: &Context, config: &Config) {
    let agents = &config.agents;
    let shown: Vec<Value> =
        agents.definitions.values().map(|agent| told(agent, *agents.default.as_str() == *agent.name.as_str())).collect();
    context.voice.result(&json!({"default": agents.default.as_str(), "agents": shown}), || {
        let mut table = Table::new(&["AGENT", "READY", "WHAT IT IS", "HOME", "FILES", "NETWORK", "QUOTA", "KEYS"]).at_most(2, 60);
        for agent in agents.definitions.values() {
            let mark = if agent.name == agents.default { "*" } else { "" };
            let keys: Vec<&str> = agent.secrets.keys().map(String::as_str).collect();
            let ready = if why_not(agent).is_none() { "yes" } else { "no" };
            table.row([
                format!("{}{mark}", agent.name),
                ready.to_owned(),
                agent.about.clone(),
                home(agent).to_owned(),
                agent.isolation.file_system.word().to_owned(),
                agent.isolation.network.in_short(),
                agent.quota.credential.to_string(),
                keys.join(" "),
            ]);
        }
        let names = |agent: &AgentDefinition| agent.checks.keys().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let checked = agents.definitions.values().filter(|agent| !agent.checks.is_empty());
        let checked: Vec<String> = checked.map(|agent| format!("{}: {}", agent.name, names(agent))).collect();
        let checked = if checked.is_empty() { String::new() } else { format!("\nChecks:\n  {}\n", checked.join("\n  ")) };
        let missing: Vec<String> =
            agents.definitions.values().filter_map(|agent| Some(format!("{}: {}", agent.name, why_not(agent)?))).collect();
        let why = if missing.is_empty() { String::new() } else { format!("\nNot ready:\n  {}\n", missing.join("\n  ")) };
        let open = agents.definitions.values().filter(|agent| why_not(agent).is_none());
        let open: Vec<String> =
            open.filter_map(|agent| Some(format!("{}: {}", agent.name, agent.isolation.open(process::offered())?))).collect();
        let open = if open.is_empty() {
            String::new()
        } else {
            format!("\nWith gaps (`orchestrator doctor` says why):\n  {}\n", open.join("\n  "))
        };
        format!("{}{checked}{why}{open}\n* {}", table.show(), agents.default_because)
    });
}

/// Why no task of it is started here; none: it is.
fn why_not(agent: &AgentDefinition) -> Option<String> {
    agent.program.as_ref().err().cloned().or_else(|| agent.isolation.refusal(process::offered()))
}

fn home(agent: &AgentDefinition) -> &'static str {
    match agent.home {
        Home::User => "user",
        Home::Own => "own",
    }
}

fn told(agent: &AgentDefinition, default: bool) -> Value {
    let why_not = why_not(agent);
    json!({
        "name": agent.name.as_str(),
        "about": agent.about,
        "default": default,
        "ready": why_not.is_none(),
        "program": agent.program.as_ref().ok().map(|path| path.display().to_string()),
        "why_not": why_not,
        "home": home(agent),
        "file_system": agent.isolation.file_system.word(),
        "network": agent.isolation.network.words(),
        "memory_mb": agent.isolation.memory.map(|bytes| bytes >> 20),
        "processes": agent.isolation.processes,
        "disk_mb": agent.isolation.disk.map(|bytes| bytes >> 20),
        "unix_sockets": !agent.isolation.no_unix_sockets,
        "not_walled": agent.isolation.open(process::offered()),
        "secrets": agent.secrets.keys().collect::<Vec<_>>(),
        "quota": {
            "credential": agent.quota.credential.to_string(),
            "resume": agent.quota.resumes,
            "instead": agent.quota.instead,
        },
        "models": agent.models.as_ref().map(|models| &models.names),
        "max_concurrent": agent.max_concurrent,
        "checks": agent.checks.iter().map(|(name, check)| json!({
            "name": name,
            "command": check.command,
            "time_limit_s": check.time_limit.as_secs(),
            "required": check.required,
            "always": agent.always_checked.contains(name),
            "isolation": check.isolation.words(),
        })).collect::<Vec<_>>(),
    })
}

async fn test(context: &Context, config: &Config, args: TestArgs) -> Result<Exit, Failure> {
    let known = || config.agents.names().join(", ");
    let agent = AgentName::from_str(&args.agent).ok().filter(|name| config.agents.get(name).is_some()).ok_or_else(|| {
        Failure::new(Exit::NotFound, format!("There is no agent `{}`. Known: {}.", harmless::one_line(&args.agent), known()))
    })?;
    let stop = CancellationToken::new();
    let mut ended = signal(SignalKind::terminate()).map_err(|error| Failure::of(Exit::Broken, &error))?;
    for warning in config.warnings.iter().filter(|warning| config::is_about_agent(warning, agent.as_str())) {
        context.voice.note(&warning.to_string());
    }
    context.voice.note(&format!("Running `{agent}`, at most {} …", figures::duration(args.timeout)));
    let wanted = Wanted {
        agent: agent.clone(),
        text: args.text,
        model: args.model,
        thinking: args.thinking,
        time_limit: args.timeout,
        checks: args.check,
        keep: args.keep,
    };
    let mut trial = pin!(trial(config, wanted, stop.clone()));
    let tried = tokio::select! {
        tried = &mut trial => tried,
        _ = tokio::signal::ctrl_c() => {
            stop.cancel();
            trial.await
        }
        _ = ended.recv() => {
            stop.cancel();
            trial.await
        }
    };
    let tried = tried.map_err(|error| match error {
        TrialError::Refused(why) => Failure::new(Exit::Usage, why),
        TrialError::NotStarted(why) => Failure::new(Exit::Failed, format!("`{agent}` could not be started: {why}")),
        TrialError::Machine(error) => Failure::of(Exit::Broken, &error),
    })?;
    context.voice.result(&shown(agent.as_str(), &tried), || in_words(&tried));
    Ok(Exit::of(tried.report.outcome))
}

fn shown(agent: &str, tried: &Trial) -> Value {
    let (report, record) = (&tried.report, tried.record.as_ref());
    json!({
        "agent": agent,
        "outcome": report.outcome.word(),
        "reason": report.reason,
        "class": report.class,
        "text": report.text,
        "tokens": report.usage,
        "cost_usd": report.cost.map(|cost| cost.to_string()),
        "cost_by_agent_usd": tried.collected.spent.cost.map(|cost| cost.to_string()),
        "model": report.model,
        "session": report.session,
        "exit": tried.exit(),
        "wall_ms": u64::try_from(report.duration.as_millis()).unwrap_or(u64::MAX),
        "cpu_ms": record.map(|record| record.cpu_ms),
        "peak_rss_kib": record.map(|record| record.peak_rss_kib),
        "processes_left_running": record.map(|record| record.swept),
        "remarks": report.remarks,
        "checked": report.checked,
        "log_tail": report.log_tail,
        "kept": tried.kept,
        "left": tried.left.as_ref().map(|(folder, why)| json!({"folder": folder, "why": why})),
    })
}

fn in_words(tried: &Trial) -> String {
    let report = &tried.report;
    let unknown = || "unknown".to_owned();
    let text = if report.text.trim().is_empty() { "none".to_owned() } else { harmless::one_line(&fit::cut(&report.text, 300)) };
    let mut rows = vec![("outcome", report.outcome.word().replace('_', " "))];
    rows.extend(report.reason.as_ref().map(|why| ("why", harmless::one_line(why))));
    rows.extend([
        ("text", text),
        ("tokens", figures::tokens(report.usage.as_ref())),
        ("cost", figures::cost_from(report.cost, report.cost_from)),
        ("model", report.model.as_deref().map_or_else(unknown, harmless::one_line)),
        ("session", report.session.as_deref().map_or_else(|| "none".to_owned(), harmless::one_line)),
        ("exit", tried.exit().unwrap_or_else(unknown)),
        ("time", figures::duration(report.duration)),
    ]);
    if let Some(record) = &tried.record {
        rows.push(("processor", figures::duration(Duration::from_millis(record.cpu_ms))));
        rows.push(("memory", format!("{} in its largest process", figures::bytes(record.peak_rss_kib.saturating_mul(1_024)))));
    }
    let found = report.checked.as_ref().map(checks::in_terminal).unwrap_or_default();
    rows.extend(found.into_iter().map(|line| ("check", line)));
    rows.extend(report.remarks.iter().map(|remark| ("remark", harmless::one_line(remark))));
    rows.extend(tried.left.iter().map(|(folder, why)| ("left", format!("{} could not be removed: {why}", folder.display()))));
    rows.extend(tried.kept.iter().map(|kept| ("kept", kept.display().to_string())));
    let rows: String = rows.into_iter().map(|(name, value)| format!("{name:<10}{value}\n")).collect();
    match report.log_tail.as_deref().map(|log| fit::tail(log.trim_end(), LOG)) {
        Some(log) => format!("{rows}\nThe end of its log:\n{}\n", harmless::without_escapes(log)),
        None => rows,
    }
}
