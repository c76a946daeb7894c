//! Reads the configuration, once, at start: the only place that looks at the process's environment.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
};

use super::{
    Config, Template, agent_folders,
    agents::{self, Making},
    budgets, checks,
    complaint::{Complaint, ConfigError, nearest},
    discord,
    env_file::{self, EnvFile, KEYS, Layers},
    environment, isolation, limits,
    openclaw::{self, Reading},
    own_file, price_table,
    programs::{FoundProgram, Places},
    provenance::{Setting, Source},
    text_file, who_may,
};

/// What the command line says about configuration.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Flags {
    /// The root folder; the current one otherwise, or `ORCHESTRATOR_CONFIG_DIR`.
    #[arg(long, global = true, value_name = "FOLDER")]
    pub config_dir: Option<PathBuf>,
    /// Read this instead of `discord-config.env` in the root folder.
    #[arg(long, global = true, value_name = "FILE")]
    pub env_file: Option<PathBuf>,
    /// Read this instead of `orchestrator_config.json` in the root folder.
    #[arg(long = "config", global = true, value_name = "FILE")]
    pub config_file: Option<PathBuf>,
    /// Read this instead of `./openclaw.json` and `~/.openclaw/openclaw.json`.
    #[arg(long, global = true, value_name = "FILE")]
    pub openclaw_config: Option<PathBuf>,
    /// Set any key, above file and environment: one of the env file in capitals, or of `orchestrator_config.json` with its path.
    #[arg(long, global = true, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

/// The world around the process, as configuration sees it.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// The environment; variables that are no UTF-8 are left out.
    pub variables: BTreeMap<String, String>,
    /// The current folder.
    pub current_dir: PathBuf,
    /// This program.
    pub this_program: PathBuf,
}

impl Surroundings {
    /// Looks at the process.
    ///
    /// # Errors
    ///
    /// If the current folder or this program's own file can't be told.
    pub fn of_this_process() -> io::Result<Self> {
        // This is the one place that reads the environment.
        let variables =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))).collect();
        Ok(Self { variables, current_dir: std::env::current_dir()?, this_program: std::env::current_exe()? })
    }
}

/// Reads the configuration of this process.
///
/// # Errors
///
/// [`ConfigError`], with everything that is wrong.
pub fn load(flags: &Flags) -> Result<Config, ConfigError> {
    let around = Surroundings::of_this_process().map_err(|error| ConfigError {
        complaints: vec![Complaint::of_file("this process", format!("its current folder or program can't be told: {error}"))],
    })?;
    load_from(flags, &around)
}

/// The agent programs on this machine, found without any configuration file.
pub fn found_programs() -> Vec<FoundProgram> {
    Surroundings::of_this_process().map(|around| Places::of(&around.variables, &around.current_dir).agent_programs()).unwrap_or_default()
}

/// Reads the configuration as it is in given surroundings.
///
/// # Errors
///
/// [`ConfigError`], with everything that is wrong.
pub fn load_from(flags: &Flags, around: &Surroundings) -> Result<Config, ConfigError> {
    let (mut faults, mut warnings) = (Vec::new(), Vec::new());
    let (root, root_from) = root(flags, around, &mut faults);
    let (env_flags, own_flags) = settings_of(&flags.set, &mut faults);

    let env_path = named(flags.env_file.as_deref(), "--env-file", around, &mut faults).unwrap_or_else(|| root.join(env_file::FILE_NAME));
    let layers = Layers { file: EnvFile::read(&env_path, &mut faults, &mut warnings), environment: &around.variables, flags: env_flags };

    let own_path = named(flags.config_file.as_deref(), "--config", around, &mut faults).unwrap_or_else(|| root.join(own_file::FILE_NAME));
    let own = own_file::read(&own_path, &around.variables, &own_flags, &mut faults, &mut warnings);

    let fallback = own.raw.channels.fallback.as_ref().and_then(|id| who_may::id(&own, "channels.fallback", id, &mut faults));
    let checked = discord::check(&layers, fallback, &mut faults, &mut warnings);

    let openclaw_named = named(flags.openclaw_config.as_deref(), "--openclaw-config", around, &mut Vec::new());
    let candidates = openclaw_candidates(openclaw_named.as_deref(), &root, around);
    let reading = Reading { unit: price_table::unit(&own), variables: &around.variables, tokens: &checked.tokens };
    let mut openclaw = openclaw::read(&candidates, openclaw_named.is_some(), &reading, &mut warnings);
    price_table::lay_over(&own, &mut openclaw.catalogue, &mut faults, &mut warnings);

    let limits = limits::check(&layers, &own, openclaw.max_concurrent, &mut faults);
    let who_may = who_may::check(&own, &mut faults);

    let folders = agent_folders::read(&root, &mut faults);
    let named_secrets = own.raw.agents.values().flat_map(|agent| agent.secrets.iter().flatten().cloned());
    let known: BTreeSet<String> = named_secrets.chain(agent_folders::secrets(&folders)).chain(agents::built_in_secrets()).collect();
    layers.file.warn_of_unknown(&known, &mut warnings);
    let places = Places::of(&around.variables, &root);
    let search_path = around.variables.get("PATH").map_or("/usr/local/bin:/usr/bin:/bin", String::as_str);
    let making = Making {
        root: &root,
        folders: &folders,
        own: &own,
        layers: &layers,
        places: &places,
        openclaw: &openclaw,
        this_program: &around.this_program,
        search_path,
        tokens: &checked.tokens,
    };
    let agents = agents::make(&making, &mut faults, &mut warnings);
    isolation::check_all(&own, &mut faults);
    checks::check_all(&own, &mut faults);
    let budgets = budgets::check(&own, agents.definitions.keys(), &mut faults);
    let template = template(&layers, &root, &mut faults);

    if !faults.is_empty() {
        return Err(ConfigError { complaints: faults });
    }
    let mut secrets = checked.tokens;
    secrets.extend(agents.definitions.values().flat_map(|agent| agent.secrets.values().cloned()));
    secrets.extend(openclaw.env.values().cloned());
    secrets.extend(openclaw.gateway.token.clone());
    let mut seen = BTreeSet::new();
    secrets.retain(|secret| seen.insert(secret.expose().to_owned()));
    let mut settings = vec![Setting { key: "root".to_owned(), shown: root.display().to_string(), from: root_from }];
    settings.extend(layers.settings());
    let of_own = own.settings();
    let of_folders = agent_folders::settings(&folders, &of_own);
    settings.extend(of_own.into_iter().chain(of_folders));
    Ok(Config {
        runtime_dir: root.join(".runtime"),
        workers_dir: root.join("workers"),
        logs_dir: root.join("logs"),
        root,
        env_file: env_path,
        config_file: own.path.clone(),
        config_file_exists: own.exists,
        discord: checked.discord,
        submit: checked.submit,
        limits,
        budgets,
        who_may,
        agents,
        openclaw,
        agent_environment: environment::of(&around.variables, &secrets),
        template,
        programs: places.agent_programs(),
        secrets,
        settings,
        warnings,
    })
}

/// The root folder, absolute; `--config-dir`, else `ORCHESTRATOR_CONFIG_DIR`, else the current folder.
fn root(flags: &Flags, around: &Surroundings, faults: &mut Vec<Complaint>) -> (PathBuf, Source) {
    const VARIABLE: &str = "ORCHESTRATOR_CONFIG_DIR";
    let variable = around.variables.get(VARIABLE).filter(|dir| !dir.is_empty());
    let (asked, from) = match (&flags.config_dir, variable) {
        (Some(dir), _) => (dir.clone(), Source::Flag { name: "--config-dir".to_owned() }),
        (None, Some(dir)) => (PathBuf::from(dir), Source::Environment { name: VARIABLE.to_owned() }),
        (None, None) => (around.current_dir.clone(), Source::Default),
    };
    let root = around.current_dir.join(asked);
    if !root.is_dir() {
        let rule = format!("there is no folder {}", root.display());
        faults.push(Complaint::of_file(from.to_string(), rule).way_out("Make it, or name another one with --config-dir."));
    }
    (root.canonicalize().unwrap_or(root), from)
}

/// A file that a flag names: it must be there.
fn named(given: Option<&Path>, flag: &str, around: &Surroundings, faults: &mut Vec<Complaint>) -> Option<PathBuf> {
    let path = around.current_dir.join(given?);
    if !path.exists() {
        faults.push(Complaint::of_file(format!("flag {flag}"), format!("there is no file {}", path.display())));
    }
    Some(path)
}

fn openclaw_candidates(named: Option<&Path>, root: &Path, around: &Surroundings) -> Vec<PathBuf> {
    if let Some(named) = named {
        return vec![named.to_owned()];
    }
    let home = around.variables.get("HOME").filter(|home| home.starts_with('/'));
    let at_home = home.map(|home| Path::new(home).join(".openclaw").join(openclaw::FILE_NAME));
    std::iter::once(root.join(openclaw::FILE_NAME)).chain(at_home).collect()
}

/// Parts `--set KEY=value` by the file that the key belongs to.
fn settings_of(set: &[String], faults: &mut Vec<Complaint>) -> (BTreeMap<String, String>, BTreeMap<String, String>) {
    let (mut env, mut own) = (BTreeMap::new(), BTreeMap::new());
    for given in set {
        let Some((key, value)) = given.split_once('=') else {
            // The value is missing, so nothing secret can be in it; a value alone could be, so it is not shown.
            faults.push(Complaint::of_file("flag --set", "it must be of the form KEY=value"));
            continue;
        };
        let key = key.trim();
        if KEYS.iter().any(|known| known.name == key) {
            env.insert(key.to_owned(), value.to_owned());
        } else if key.chars().any(|c| c.is_ascii_lowercase()) {
            own.insert(key.to_owned(), value.to_owned());
        } else {
            let meant = nearest(key, KEYS.iter().map(|known| known.name));
            let complaint = Complaint::about("flag --set", key, "there is no such key");
            faults.push(complaint.way_out(meant.map(|meant| format!("Did you mean `{meant}`?")).unwrap_or_default()));
        }
    }
    (env, own)
}

fn template(layers: &Layers<'_>, root: &Path, faults: &mut Vec<Complaint>) -> Option<Template> {
    const KEY: &str = "AGENTS_MD_TEMPLATE";
    let given = layers.given(KEY)?;
    let path = root.join(&given.value);
    match text_file::read(&path) {
        Ok(Some(text)) => Some(Template { path, text }),
        Ok(None) => {
            faults.push(Complaint::about(given.from.to_string(), KEY, "there is no such file").given(&path.display().to_string()));
            None
        }
        Err(complaint) => {
            faults.push(complaint);
            None
        }
    }
}
