//! `doctor`: tries whether everything works, with real requests, and says the way out for what does not.

mod agents;
mod discord;
mod machine;
mod model_keys;

use std::time::Duration;

use clap::Args;
use orchestrator_core::wording::figures;
use serde::Serialize;

use super::{
    Context,
    exit::{Exit, Failure},
};
use crate::config::{self, Config};

/// How long one request may take that is not Discord's.
const PATIENCE: Duration = Duration::from_secs(8);

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  orchestrator doctor\n  orchestrator doctor --json | jq '.findings[] | select(.standing == \"broken\")'\n\nNothing is posted, and no model is asked for anything that costs. The exit code is 11 if something must be mended."
)]
pub(super) struct DoctorArgs {
    /// Leave out what needs other servers than Discord: providers of models, OpenClaw's Gateway
    #[arg(long)]
    discord_only: bool,
}

/// How something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Standing {
    /// It works.
    Well,
    /// It works, but should be known.
    Odd,
    /// It does not work.
    Broken,
    /// It could not be tried, because something before it does not work.
    Untried,
}

/// What was found out about one thing.
#[derive(Clone, Debug, Serialize)]
struct Finding {
    check: String,
    standing: Standing,
    says: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    way_out: Option<String>,
}

impl Finding {
    fn new(check: impl Into<String>, standing: Standing, says: impl Into<String>) -> Self {
        Self { check: check.into(), standing, says: says.into(), way_out: None }
    }

    fn well(check: impl Into<String>, says: impl Into<String>) -> Self {
        Self::new(check, Standing::Well, says)
    }

    fn odd(check: impl Into<String>, says: impl Into<String>) -> Self {
        Self::new(check, Standing::Odd, says)
    }

    fn broken(check: impl Into<String>, says: impl Into<String>) -> Self {
        Self::new(check, Standing::Broken, says)
    }

    fn untried(check: impl Into<String>, says: impl Into<String>) -> Self {
        Self::new(check, Standing::Untried, says)
    }

    fn way_out(mut self, way_out: impl Into<String>) -> Self {
        self.way_out = Some(way_out.into());
        self
    }

    fn line(&self) -> String {
        let mark = match self.standing {
            Standing::Well => "✔",
            Standing::Odd => "!",
            Standing::Broken => "✗",
            Standing::Untried => "·",
        };
        let way_out = self.way_out.as_ref().map_or_else(String::new, |way_out| format!("\n    → {way_out}"));
        format!("{mark} {}: {}{way_out}", self.check, self.says)
    }
}

#[derive(Serialize)]
struct Told {
    broken: usize,
    odd: usize,
    findings: Vec<Finding>,
}

pub(super) async fn run(context: &Context, args: DoctorArgs) -> Result<Exit, Failure> {
    let findings = match context.config() {
        Ok(config) => examine(context, &config, args.discord_only).await,
        Err(failure) => {
            // Nothing that depends on the configuration can be tried, but all of its mistakes are told.
            let mut findings: Vec<Finding> = match config::load(&context.global.flags()) {
                Err(error) => error.complaints.iter().map(|complaint| Finding::broken("configuration", complaint.to_string())).collect(),
                Ok(_) => vec![Finding::broken("configuration", failure.message)],
            };
            findings.push(machine::isolation().await);
            findings
        }
    };
    let count = |standing| findings.iter().filter(|finding| finding.standing == standing).count();
    let told = Told { broken: count(Standing::Broken), odd: count(Standing::Odd), findings };
    context.voice.result(&told, || {
        let mut lines: Vec<String> = told.findings.iter().map(Finding::line).collect();
        lines.push(match (told.broken, told.odd) {
            (0, 0) => "\nAll is well.".to_owned(),
            (0, odd) => format!("\nAll works; {} should be known.", figures::counted(odd as u64, "thing", "things")),
            (broken, _) => format!("\n{} must be mended.", figures::counted(broken as u64, "thing", "things")),
        });
        lines.join("\n")
    });
    Ok(if told.broken == 0 { Exit::Done } else { Exit::Unwell })
}

async fn examine(context: &Context, config: &Config, discord_only: bool) -> Vec<Finding> {
    context.voice.progress("asking Discord, the machine and the agents …");
    let others = async {
        let mut findings = agents::programs(config);
        findings.extend(model_keys::prices(config));
        if !discord_only {
            findings.extend(agents::gateway(config).await);
            findings.extend(model_keys::keys(config).await);
        }
        findings
    };
    let (discord, machine, others) = tokio::join!(discord::examine(config), machine::examine(config), others);
    context.voice.clear();
    let mut findings = configuration(config);
    findings.extend(discord);
    findings.extend(others);
    findings.extend(machine);
    findings
}

/// What the configuration itself says, where no other check says it better.
fn configuration(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    let file = if config.env_file.exists() { "read" } else { "not there; the environment is used" };
    findings.push(Finding::well("configuration", format!("{} ({file}), root {}", config.env_file.display(), config.root.display())));
    let told_elsewhere = |warning: &&config::Complaint| {
        model_keys::is_about_prices(warning)
            || agents::is_about_programs(warning)
            || config.openclaw.path.is_none() && warning.key.is_empty()
    };
    findings.extend(
        config.warnings.iter().filter(|warning| !told_elsewhere(warning)).map(|warning| Finding::odd("configuration", warning.to_string())),
    );
    findings
}
