//! Agent definitions: the built-in ones, what the configuration changes about them, and those that it adds.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    time::Duration,
};

use orchestrator_core::domain::agent::{AgentDefinition, AgentName, OutputRule, Secret};

use super::{
    agent_checks::{self, signal_number},
    complaint::{Complaint, nearest},
    env_file::Layers,
    openclaw::OpenClaw,
    own_file::OwnFile,
    programs::Places,
    sections::{Group, RawAgent, RawFileSystem, RawOutputRule},
};

/// Every agent that tasks may ask for, and the one that they get who ask for none.
#[derive(Clone, Debug)]
pub struct Agents {
    /// By name. A definition whose program is not on this machine is there too, with the reason.
    pub definitions: BTreeMap<AgentName, AgentDefinition>,
    /// The agent of tasks that ask for none.
    pub default: AgentName,
    /// Why it is that one, as a sentence: to be said aloud at start.
    pub default_because: String,
}

impl Agents {
    /// The definition of a name, if there is one.
    pub fn get(&self, name: &AgentName) -> Option<&AgentDefinition> {
        self.definitions.get(name)
    }

    /// The names, in order: what a refusal and an autocomplete offer.
    pub fn names(&self) -> Vec<&str> {
        self.definitions.keys().map(AgentName::as_str).collect()
    }
}

/// The names of secrets that the built-in agents may be given: known in the env file without being asked for.
pub(super) const BUILT_IN_SECRETS: [&str; 4] = ["OPENROUTER_API_KEY", "LLM_API_KEY", "LLM_BASE_URL", "LLM_MODEL"];

/// What definitions are made from.
pub(super) struct Making<'a> {
    pub(super) own: &'a OwnFile,
    pub(super) layers: &'a Layers<'a>,
    pub(super) places: &'a Places,
    pub(super) openclaw: &'a OpenClaw,
    /// This very program: the built-in agents are verbs of it.
    pub(super) this_program: &'a Path,
    pub(super) search_path: &'a str,
    /// What no agent may ever be given.
    pub(super) tokens: &'a [Secret],
}

/// One definition before the configuration's changes.
struct Built {
    program: Result<PathBuf, String>,
    /// Whether `PATH` leads to the program; if not, its folder is put before the agent's `PATH`.
    in_path: bool,
    args: Vec<Vec<String>>,
    env: BTreeMap<String, String>,
    secrets: BTreeMap<String, Secret>,
    output: OutputRule,
    file_system: &'static str,
    reports_usage: bool,
}

impl Built {
    fn of(program: Result<PathBuf, String>, in_path: bool, args: &[&[&str]], output: OutputRule) -> Self {
        Self {
            program,
            in_path,
            args: args.iter().map(|group| group.iter().map(|&text| text.to_owned()).collect()).collect(),
            env: BTreeMap::new(),
            secrets: BTreeMap::new(),
            output,
            file_system: "full",
            reports_usage: true,
        }
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }

    fn secret(mut self, name: &str, value: Option<Secret>) -> Self {
        self.secrets.extend(value.map(|value| (name.to_owned(), value)));
        self
    }
}

/// Makes all definitions and chooses the default.
pub(super) fn make(with: &Making<'_>, faults: &mut Vec<Complaint>, warnings: &mut Vec<Complaint>) -> Agents {
    let mut built = built_in(with, warnings);
    let mut definitions = BTreeMap::new();
    let written: BTreeSet<&str> = with.own.raw.agents.keys().map(String::as_str).collect();
    let names: BTreeSet<String> = built.keys().map(|name| (*name).to_owned()).chain(written.iter().map(|&name| name.to_owned())).collect();
    for text in names {
        let key = super::json_text::join("agents", &text);
        let name = match text.parse::<AgentName>() {
            Ok(name) => name,
            Err(error) => {
                faults.push(with.own.complaint(&key, error.to_string()));
                continue;
            }
        };
        let nothing = RawAgent::default();
        let raw = with.own.raw.agents.get(&text).unwrap_or(&nothing);
        if let Some(definition) = definition(name.clone(), &key, raw, built.remove(text.as_str()), with, faults, warnings) {
            definitions.insert(name, definition);
        }
    }
    let (default, default_because) = choose_default(with, &definitions, faults, warnings);
    Agents { definitions, default, default_because }
}

fn built_in(with: &Making<'_>, warnings: &mut Vec<Complaint>) -> BTreeMap<&'static str, Built> {
    let (openclaw, in_path) = openclaw_program(with, warnings);
    let own_key = || secret_value(with, "OPENROUTER_API_KEY");
    let gateway_token = with.openclaw.gateway.token.clone();
    // The seed's call; the model by its flag too, because today's client does not read it from the environment.
    let gateway = Built::of(
        openclaw.clone(),
        in_path,
        &[
            &["agent"],
            &["--session-id", "{agent_id}-{task_id}"],
            &["--message", "{message}"],
            &["--model", "{model}"],
            &["--thinking", "{thinking}"],
            &["--timeout", "{timeout_s}"],
            &["--json"],
        ],
        OutputRule::OpenClaw,
    )
    .env("OPENCLAW_MODEL", "{model}")
    .env("OPENCLAW_STATE_DIR", "{workspace}")
    .env("OPENCLAW_CONFIG_PATH", "{config}")
    .secret("OPENCLAW_GATEWAY_TOKEN", gateway_token);
    let exec = Built::of(
        openclaw,
        in_path,
        &[
            &["agent", "exec", "{message}"],
            &["--config", "{config}"],
            &["--cwd", "{task_dir}"],
            &["--model", "{model}"],
            &["--thinking", "{thinking}"],
            &["--timeout", "{timeout_s}"],
            &["--json"],
        ],
        OutputRule::OpenClawExec,
    )
    .secret("OPENROUTER_API_KEY", own_key());

    let this = || Ok(with.this_program.to_owned());
    let verb: &[&[&str]] = &[&["__agent", "demo"]];
    let mut demo = Built::of(this(), true, verb, OutputRule::Command).env("DEMO_SECONDS", "6").env("ORCH_MODEL", "{model}");
    (demo.file_system, demo.reports_usage) = ("workspace", false);

    let base_url = plain_value(with, "LLM_BASE_URL");
    let there = base_url.is_some() || own_key().is_some();
    let no_key =
        "no model is configured for it: set OPENROUTER_API_KEY (in openclaw.json under `env`, or in the environment) or LLM_BASE_URL";
    let mut chat = Built::of(if there { this() } else { Err(no_key.to_owned()) }, true, verb, OutputRule::Command)
        .env("ORCH_MODEL", "{model}")
        .env("ORCH_THINKING", "{thinking}");
    chat.file_system = "workspace";
    // One endpoint gets one key: OpenRouter's never goes to another address.
    chat = match (base_url, &with.openclaw.openrouter_url) {
        (Some(base_url), _) => chat.env("LLM_BASE_URL", &base_url).secret("LLM_API_KEY", secret_value(with, "LLM_API_KEY")),
        (None, Some(base_url)) => chat.env("LLM_BASE_URL", base_url).secret("OPENROUTER_API_KEY", own_key()),
        (None, None) => chat.secret("OPENROUTER_API_KEY", own_key()),
    };
    if let Some(model) = plain_value(with, "LLM_MODEL") {
        chat = chat.env("LLM_MODEL", &model);
    }
    BTreeMap::from([("openclaw", gateway), ("openclaw-exec", exec), ("demo", demo), ("chat", chat)])
}

/// `OPENCLAW_BIN`, else `PATH`, else the usual places. A wrong `OPENCLAW_BIN` is told, not passed over.
fn openclaw_program(with: &Making<'_>, warnings: &mut Vec<Complaint>) -> (Result<PathBuf, String>, bool) {
    let Some(given) = with.layers.given("OPENCLAW_BIN") else {
        return match with.places.find("openclaw") {
            Ok((path, in_path)) => (Ok(path), in_path),
            Err(why) => (Err(format!("{why}; set OPENCLAW_BIN or install OpenClaw")), true),
        };
    };
    match with.places.find(&given.value) {
        Ok((path, _)) => (Ok(path), false),
        Err(why) => {
            warnings.push(
                Complaint::about(given.from.to_string(), "OPENCLAW_BIN", why.clone())
                    .way_out("Put it right, or leave it empty to have PATH searched."),
            );
            (Err(format!("OPENCLAW_BIN: {why}")), true)
        }
    }
}

fn definition(
    name: AgentName,
    key: &str,
    raw: &RawAgent,
    built: Option<Built>,
    with: &Making<'_>,
    faults: &mut Vec<Complaint>,
    warnings: &mut Vec<Complaint>,
) -> Option<AgentDefinition> {
    let found = raw.command.as_deref().map(|command| match with.places.find(command) {
        Ok((path, in_path)) => (Ok(path), in_path),
        Err(why) => {
            warnings.push(with.own.complaint(&format!("{key}.command"), why.clone()));
            (Err(why), true)
        }
    });
    let mut built = match (built, found) {
        (Some(built), None) => built,
        (Some(built), Some((program, in_path))) => Built { program, in_path, ..built },
        (None, Some((program, in_path))) => Built::of(program, in_path, &[], OutputRule::Command),
        (None, None) => {
            // A command of the wrong type was complained of already.
            if faults.iter().any(|fault| fault.key.strip_prefix(key).is_some_and(|below| below == ".command")) {
                return None;
            }
            let rule = "it needs a `command`: a program's name or path";
            faults.push(
                with.own.complaint(key, rule).way_out("Only built-in agents (openclaw, openclaw-exec, demo, chat) have one already."),
            );
            return None;
        }
    };
    if let Some(args) = &raw.args {
        built.args = args.iter().map(|Group(group)| group.clone()).filter(|group| !group.is_empty()).collect();
    }
    built.env.extend(raw.env.clone().unwrap_or_default());
    for (index, secret) in raw.secrets.iter().flatten().enumerate() {
        let at = format!("{key}.secrets[{index}]");
        if let Some(rule) = agent_checks::unfit_secret(secret) {
            faults.push(with.own.complaint(&at, rule).given(secret));
        } else if let Some(value) = secret_value(with, secret) {
            built.secrets.insert(secret.clone(), value);
        } else {
            let rule = format!(
                "no value for {} was found in the environment, {} or openclaw.json",
                super::complaint::quoted(secret),
                with.layers.file.path.display()
            );
            warnings.push(with.own.complaint(&at, rule));
        }
    }
    agent_checks::check(with.own, key, raw, &built.secrets, with.tokens, faults);
    agent_checks::warn_of_open_secrets(with.own, key, raw, warnings);

    let has_secrets = !built.secrets.is_empty();
    if let (Ok(program), false) = (&built.program, built.in_path)
        && let Some(folder) = program.parent()
        && !built.env.contains_key("PATH")
    {
        // A script of Node.js looks for `node` in PATH, and its installer put both into one folder.
        built.env.insert("PATH".to_owned(), format!("{}:{}", folder.display(), with.search_path));
    }
    Some(AgentDefinition {
        name,
        program: built.program,
        args: built.args,
        env: built.env,
        secrets: built.secrets,
        stdin: raw.stdin.unwrap_or(false),
        output: match raw.output {
            None => built.output,
            Some(RawOutputRule::Command) => OutputRule::Command,
            Some(RawOutputRule::Openclaw) => OutputRule::OpenClaw,
            Some(RawOutputRule::OpenclawExec) => OutputRule::OpenClawExec,
        },
        max_concurrent: raw.max_concurrent,
        soft_signal: raw.soft_signal.as_deref().and_then(signal_number).unwrap_or(libc::SIGTERM),
        grace: Duration::from_secs(raw.grace_seconds.unwrap_or(with.own.raw.grace_seconds.0)),
        file_system: match raw.file_system {
            None => built.file_system,
            Some(RawFileSystem::Full) => "full",
            Some(RawFileSystem::Workspace) => "workspace",
        },
        // The demonstration that is given a key asks a model after all.
        reports_usage: built.reports_usage || has_secrets,
    })
}

fn choose_default(
    with: &Making<'_>,
    definitions: &BTreeMap<AgentName, AgentDefinition>,
    faults: &mut Vec<Complaint>,
    warnings: &mut Vec<Complaint>,
) -> (AgentName, String) {
    let by_text = |text: &str| definitions.iter().find(|(name, _)| name.as_str() == text);
    if let Some(asked) = &with.own.raw.default_agent {
        if let Some((name, definition)) = by_text(asked) {
            if let Err(why) = &definition.program {
                warnings.push(with.own.complaint("default_agent", format!("`{name}` can't be run: {why}")));
            }
            return (name.clone(), format!("tasks are run by `{name}`, as `default_agent` says"));
        }
        let known: Vec<&str> = definitions.keys().map(AgentName::as_str).collect();
        let meant = nearest(asked, known.iter().copied()).map(|meant| format!("Did you mean `{meant}`? ")).unwrap_or_default();
        let rule = "it must be the name of an agent";
        faults.push(with.own.complaint("default_agent", rule).given(asked).way_out(format!("{meant}Known: {}.", known.join(", "))));
    }
    let (openclaw, demo) = (by_text("openclaw"), by_text("demo"));
    match (openclaw.map(|(name, definition)| (name, &definition.program)), demo) {
        (Some((name, Ok(program))), _) => (name.clone(), format!("tasks are run by OpenClaw ({})", program.display())),
        (Some((_, Err(why))), Some((demo, _))) => {
            let chat = by_text("chat").is_some_and(|(_, definition)| definition.program.is_ok());
            let hint = if chat { "; `default_agent`: \"chat\" would ask a model directly" } else { "" };
            (demo.clone(), format!("OpenClaw can't be run ({why}), so tasks are run by the demonstration agent, which asks no model{hint}"))
        }
        (other, _) => {
            // Both built-in names are always there; without them the first definition stands in while the faults are told.
            let name = other.map(|(name, _)| name).or(definitions.keys().next()).cloned();
            (name.unwrap_or_else(agent_checks::placeholder_name), String::new())
        }
    }
}

/// A secret's value: environment or flag, then the env file, then `openclaw.json`'s `env`. The example's placeholders are none.
fn secret_value(with: &Making<'_>, name: &str) -> Option<Secret> {
    plain_value(with, name).map(Secret::new).or_else(|| with.openclaw.env.get(name).cloned())
}

fn plain_value(with: &Making<'_>, name: &str) -> Option<String> {
    let written = with.layers.environment.get(name).map(String::as_str).filter(|value| !value.trim().is_empty());
    let value = written.or_else(|| with.layers.file.value(name))?.trim();
    (!value.is_empty() && !super::env_file::is_placeholder(value)).then(|| value.to_owned())
}
