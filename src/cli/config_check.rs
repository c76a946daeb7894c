//! `config check`: the configuration as the service would read it, each value with its origin.

use std::path::{Path, PathBuf};

use clap::Args;
use orchestrator_core::wording::tables::Table;
use serde_json::json;

use super::{
    Context,
    exit::{Exit, Failure},
};
use crate::config::{self, Flags, Setting};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  orchestrator config check\n  orchestrator config check discord-config.env.example\n  orchestrator config check orchestrator_config.json"
)]
pub(super) struct CheckArgs {
    /// Check this file in the place of the one that it is a version of: an env file, `orchestrator_config*.json` or `openclaw*.json`
    file: Option<PathBuf>,
}

pub(super) fn run(context: &Context, args: &CheckArgs) -> Result<Exit, Failure> {
    let mut flags = context.global.flags();
    if let Some(file) = &args.file {
        put(file, &mut flags)?;
    }
    let config = config::load(&flags)?;
    // An example, or a single file that is looked at, need not be filled in.
    let missing = config.discord.as_ref().err();
    let shown: Vec<&Setting> = config.settings.iter().collect();
    let told = json!({
        "settings": shown.iter().map(|setting| json!({"key": setting.key, "value": setting.shown, "from": setting.from.to_string()})).collect::<Vec<_>>(),
        "warnings": config.warnings.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "missing": missing.map(|missing| missing.keys.clone()).unwrap_or_default(),
        "agent": {"default": config.agents.default, "because": config.agents.default_because},
    });
    context.voice.result(&told, || {
        let mut table = Table::new(&["SETTING", "VALUE", "FROM"]).at_most(1, 60);
        for setting in &shown {
            table.row([setting.key.clone(), setting.shown.clone(), setting.from.to_string()]);
        }
        let mut lines = vec![table.show(), config.agents.default_because.clone()];
        lines.extend(config.warnings.iter().map(|warning| format!("warning: {warning}")));
        lines.join("\n")
    });
    match missing {
        Some(missing) if args.file.is_none() => Err(Failure::usage(missing.to_string())),
        Some(missing) => {
            context.voice.note(&format!("not filled in yet: {}", missing.keys.join(", ")));
            Ok(Exit::Done)
        }
        None => Ok(Exit::Done),
    }
}

/// Puts a file in the place of the one that it is a version of.
fn put(file: &Path, flags: &mut Flags) -> Result<(), Failure> {
    if !file.exists() {
        return Err(Failure::new(Exit::NotFound, format!("There is no file {}.", file.display())));
    }
    let name = file.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    if !name.contains(".json") {
        flags.env_file = Some(file.to_owned());
    } else if name.contains("openclaw") {
        flags.openclaw_config = Some(file.to_owned());
    } else {
        flags.config_file = Some(file.to_owned());
    }
    Ok(())
}
