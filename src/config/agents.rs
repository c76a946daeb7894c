//! Agent definitions: the built-in ones, what the configuration changes about them, and those that it adds.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use super::{
    agent_checks::{self, Layer, signal_number},
    agent_folders::{FOLDER, OwnFolder},
    agent_section::{self, Group, RawAgent, RawHome, RawReading, RawStdin},
    built_in::{self, THIS_PROGRAM},
    checks,
    complaint::{Complaint, nearest},
    confidential,
    env_file::Layers,
    isolation,
    openclaw::OpenClaw,
    own_file::OwnFile,
    programs::Places,
    protocol,
    quotas::{self, RawQuota},
    reading_checks,
};
use orchestrator_core::domain::{
    acp::Protocol,
    agent::{AgentDefinition, AgentName, Home, OwnModels, Secret, Stdin},
    check::Offers,
    isolation::Isolation,
    reading::Reading,
    thinking::Thinking,
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

    /// The models of those agents that know their own.
    pub fn own_models(&self) -> BTreeMap<AgentName, OwnModels> {
        self.definitions.iter().filter_map(|(name, agent)| Some((name.clone(), agent.models.clone()?))).collect()
    }

    /// The checks that tasks of each may name, and have.
    pub fn checks(&self) -> Offers {
        self.definitions.iter().map(|(name, agent)| (name.clone(), agent.offer())).collect()
    }

    /// The names, in order: what a refusal and an autocomplete offer.
    pub fn names(&self) -> Vec<&str> {
        self.definitions.keys().map(AgentName::as_str).collect()
    }
}

/// The names of secrets that the built-in agents may be given: known in the env file without being asked for.
pub(super) fn built_in_secrets() -> BTreeSet<String> {
    let named = built_in::agents().into_values().flat_map(|agent| agent.secrets.unwrap_or_default());
    named.chain(["LLM_API_KEY", "LLM_BASE_URL", "LLM_MODEL"].map(str::to_owned)).collect()
}

/// What to do about a key that stands where its name belongs.
const BY_NAME: &str = "The key itself belongs into discord-config.env, as NAME=key, and its NAME here.";

/// What definitions are made from.
pub(super) struct Making<'a> {
    /// The root folder, to which paths are relative.
    pub(super) root: &'a Path,
    /// Their own folders.
    pub(super) folders: &'a BTreeMap<String, OwnFolder>,
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

/// Makes all definitions and chooses the default.
pub(super) fn make(with: &Making<'_>, faults: &mut Vec<Complaint>, warnings: &mut Vec<Complaint>) -> Agents {
    let mut built_in = built_in::agents();
    let written = with.own.raw.agents.keys().chain(with.folders.keys());
    let names: BTreeSet<String> = written.cloned().chain(built_in.keys().map(|name| (*name).to_owned())).collect();
    let mut definitions = BTreeMap::new();
    for text in &names {
        let key = super::json_text::join("agents", text);
        let name = match text.parse::<AgentName>() {
            Ok(name) => name,
            Err(error) => {
                faults.push(with.own.complaint(&key, error.to_string()));
                continue;
            }
        };
        let (folder, below) = (with.folders.get(text), built_in.remove(text.as_str()));
        let mut layers = Vec::new();
        layers.extend(with.own.raw.agents.get(text).map(|raw| Layer { file: with.own, key, raw }));
        layers.extend(folder.map(|folder| Layer { file: &folder.file, key: String::new(), raw: &folder.file.raw }));
        let said = layers.iter().filter_map(|layer| layer.raw.quota.clone()).chain(below.as_ref().and_then(|below| below.quota.clone()));
        let quota = quotas::rule(&name, said.reduce(RawQuota::over).as_ref(), &layers, &names, faults);
        let instructions = folder.and_then(|folder| folder.instructions.clone());
        let made = definition(name.clone(), &layers, below, with, faults, warnings);
        definitions.extend(made.map(|definition| (name, AgentDefinition { instructions, quota, ..definition })));
    }
    let (default, default_because) = choose_default(with, &definitions, faults, warnings);
    Agents { definitions, default, default_because }
}

fn definition(
    name: AgentName,
    layers: &[Layer<'_>],
    below: Option<RawAgent>,
    with: &Making<'_>,
    faults: &mut Vec<Complaint>,
    warnings: &mut Vec<Complaint>,
) -> Option<AgentDefinition> {
    let is_built_in = below.is_some();
    let raw = layers.iter().rev().fold(below.unwrap_or_default(), |below, layer| layer.raw.clone().over(below));
    let (program, in_path) = program(&name, &raw, layers, is_built_in, with, faults, warnings)?;

    let mut secrets = BTreeMap::new();
    for secret in raw.secrets.iter().flatten() {
        secrets.extend(secret_value(with, secret).map(|value| (secret.clone(), value)));
    }
    for layer in layers {
        for (index, secret) in layer.raw.secrets.iter().flatten().enumerate() {
            let at = format!("secrets[{index}]");
            if let Some(rule) = agent_checks::unfit_secret(secret) {
                let complaint = layer.complaint(&at, rule);
                faults.push(if confidential::is_a_name(secret) {
                    complaint.given(secret)
                } else {
                    complaint.given_unseen(&secret.as_str().into()).way_out(BY_NAME)
                });
            } else if !secrets.contains_key(secret) {
                let (is_a_name, file) = (confidential::is_a_name(secret), with.layers.file.path.display());
                let name = if is_a_name { super::complaint::quoted(secret) } else { "a variable of this name".to_owned() };
                let complaint = layer.complaint(&at, &format!("no value for {name} was found in the environment, {file} or openclaw.json"));
                warnings.push(if is_a_name { complaint } else { complaint.given_unseen(&secret.as_str().into()).way_out(BY_NAME) });
            }
        }
        let own_home = !matches!(raw.home, None | Some(RawHome::User));
        agent_checks::check(layer, own_home, &secrets, with.tokens, faults, warnings);
        agent_checks::warn_of_open_secrets(layer, warnings);
    }
    let mut made = AgentDefinition { secrets, ..AgentDefinition::of(name, program) };
    made.about = raw.about.clone().unwrap_or_default();
    made.args = raw.args.iter().flatten().map(|Group(group)| group.clone()).filter(|group| !group.is_empty()).collect();
    made.env = raw.env.clone().unwrap_or_default();
    if is_built_in {
        endpoints(&mut made, with);
    }
    if let (Ok(program), false) = (&made.program, in_path)
        && let Some(folder) = program.parent()
        && !made.env.contains_key("PATH")
    {
        // A script of Node.js looks for `node` in PATH, and its installer put both into one folder.
        made.env.insert("PATH".to_owned(), format!("{}:{}", folder.display(), with.search_path));
    }
    made.stdin = match raw.stdin {
        None | Some(RawStdin::Nothing) => Stdin::Nothing,
        Some(RawStdin::Task) => Stdin::Task,
        Some(RawStdin::Prompt) => Stdin::Prompt,
    };
    made.home = match raw.home {
        None | Some(RawHome::User) => Home::User,
        Some(RawHome::Own) => Home::Own,
        Some(RawHome::Auto) => {
            if made.secrets.is_empty() {
                Home::User
            } else {
                Home::Own
            }
        }
    };
    made.files = raw.files.iter().flatten().map(|(path, value)| (path.clone(), agent_section::content(value))).collect();
    made.protocol = protocol::of(&raw, with.this_program);
    let is_acp = made.protocol != Protocol::Plain;
    // What an agent that is spoken with knows of models, it says itself.
    made.models = (raw.models.is_some() || raw.default_model.is_some() || is_acp)
        .then(|| OwnModels { names: raw.models.clone().unwrap_or_default(), default: raw.default_model.clone() });
    made.thinking = raw.thinking.clone().map(|words| {
        let words =
            [(Thinking::Off, words.off), (Thinking::Low, words.low), (Thinking::Medium, words.medium), (Thinking::High, words.high)];
        words.into_iter().filter_map(|(level, word)| Some((level, word?))).collect()
    });
    made.reading = Arc::new(if is_acp { built_in::acp_reading() } else { reading(raw.output.as_ref(), layers, faults) });
    made.max_concurrent = raw.max_concurrent;
    made.soft_signal = raw.soft_signal.as_deref().and_then(signal_number).unwrap_or(libc::SIGTERM);
    made.grace = Duration::from_secs(raw.grace_seconds.unwrap_or(with.own.raw.grace_seconds.0));
    made.stall = stall(layers, with.own.raw.stall_seconds, &raw);
    let ground = (with.own, with.root, with.layers.environment.get("HOME").map(String::as_str));
    // Whose words lie in another program's sessions has its work done there.
    made.isolation = Isolation { elsewhere: made.reading.sessions.is_some(), ..isolation::of(&raw, layers, ground) };
    for layer in layers {
        isolation::check(layer, &made.isolation, made.home, faults, warnings);
        checks::check(layer, faults);
        protocol::check(layer, is_acp, faults);
        reading_checks::check(layer, faults, warnings);
    }
    made.checks = checks::of(&raw, layers, ground);
    made.always_checked = checks::always(layers, &made.checks, faults);
    // The demonstration that is given a key asks a model after all.
    made.reports_usage = raw.costs_nothing != Some(true) || !made.secrets.is_empty();
    Some(made)
}

/// How long it may be silent: what a person wrote of this agent, else of all, else what is built in; 0 is for ever.
fn stall(layers: &[Layer<'_>], of_all: Option<u64>, merged: &RawAgent) -> Option<Duration> {
    let own = layers.iter().find_map(|layer| layer.raw.stall_seconds);
    own.or(of_all).or(merged.stall_seconds).filter(|seconds| *seconds > 0).map(Duration::from_secs)
}

/// The program, and whether `PATH` leads to it. `None`: nobody says which it is, and that was complained of.
fn program(
    name: &AgentName,
    raw: &RawAgent,
    layers: &[Layer<'_>],
    is_built_in: bool,
    with: &Making<'_>,
    faults: &mut Vec<Complaint>,
    warnings: &mut Vec<Complaint>,
) -> Option<(Result<PathBuf, String>, bool)> {
    let asked = layers.iter().find_map(|layer| Some((layer, layer.raw.command.as_deref()?)));
    match (asked, raw.command.as_deref()) {
        (_, Some(command)) if command == THIS_PROGRAM => Some((Ok(with.this_program.to_owned()), true)),
        (None, Some("openclaw")) => Some(openclaw_program(with, warnings)),
        (None, Some(command)) => Some(match with.places.find(command) {
            Ok((path, in_path)) => (Ok(path), in_path),
            Err(why) => (Err(why), true),
        }),
        (Some((layer, command)), _) => Some(match with.places.find(command) {
            Ok((path, in_path)) => (Ok(path), in_path),
            Err(why) => {
                warnings.push(layer.complaint("command", &why));
                (Err(why), true)
            }
        }),
        (None, None) => {
            // A command of the wrong type was complained of already.
            let (key, folder) = (format!("agents.{name}.command"), format!("{FOLDER}/{name}/agent.json"));
            let told = faults.iter().any(|fault| fault.key == key || fault.key == "command" && fault.place.contains(&folder));
            // One may stand in what could not be read.
            let told = told || with.own.unread || layers.iter().any(|layer| layer.file.is_unread());
            if let Some(layer) = layers.first().filter(|_| !told && !is_built_in) {
                let key = if layer.key.is_empty() { "command" } else { "" };
                let rule = "it needs a `command`: a program's name or path";
                let complaint = if key.is_empty() { layer.file.complaint(&layer.key, rule) } else { layer.complaint(key, rule) };
                let known: Vec<&str> = built_in::agents().into_keys().collect();
                let meant =
                    nearest(name.as_str(), known.iter().copied()).map(|meant| format!("Did you mean `{meant}`? ")).unwrap_or_default();
                faults.push(complaint.way_out(format!("{meant}Only built-in agents ({}) have one already.", known.join(", "))));
            }
            None
        }
    }
}

fn reading(raw: Option<&RawReading>, layers: &[Layer<'_>], faults: &mut Vec<Complaint>) -> Reading {
    match raw {
        None => Reading::default(),
        Some(RawReading::Rules(rules)) => (**rules).clone(),
        Some(RawReading::As(named)) => match built_in::reading(named) {
            Some(RawReading::Rules(rules)) => *rules,
            _ => {
                let known: Vec<&str> = std::iter::once("command").chain(built_in::agents().into_keys()).collect();
                let meant = nearest(named, known.iter().copied()).map(|meant| format!("Did you mean \"{meant}\"? ")).unwrap_or_default();
                if let Some(layer) = layers.iter().find(|layer| layer.raw.output.is_some()) {
                    let complaint =
                        layer.complaint("output", "it must be rules, { … }, or the name of a built-in agent that is read alike");
                    faults.push(complaint.given(named).way_out(format!("{meant}Known: {}.", known.join(", "))));
                }
                Reading::default()
            }
        },
    }
}

/// What the built-in agents are told that no file can say: where models are asked, and the Gateway's token.
fn endpoints(made: &mut AgentDefinition, with: &Making<'_>) {
    match made.name.as_str() {
        "openclaw" => {
            let token = with.openclaw.gateway.token.clone();
            made.secrets.extend(token.map(|token| ("OPENCLAW_GATEWAY_TOKEN".to_owned(), token)));
        }
        "chat" | "llm" => {
            let own_key = secret_value(with, "OPENROUTER_API_KEY");
            let base_url = plain_value(with, "LLM_BASE_URL");
            if base_url.is_none() && own_key.is_none() && made.program.as_deref() == Ok(with.this_program) {
                let no_key = "no model is configured for it: set OPENROUTER_API_KEY (in openclaw.json under `env`, or in the environment) or LLM_BASE_URL";
                made.program = Err(no_key.to_owned());
            }
            // One endpoint gets one key: OpenRouter's never goes to another address.
            let (url, name, key) = match base_url {
                Some(url) => (Some(url), "LLM_API_KEY", secret_value(with, "LLM_API_KEY")),
                None => (with.openclaw.openrouter_url.clone(), "OPENROUTER_API_KEY", own_key),
            };
            let given = [("LLM_BASE_URL", url), ("LLM_MODEL", plain_value(with, "LLM_MODEL"))];
            for (name, value) in given.into_iter().filter_map(|(name, value)| Some((name, value?))) {
                made.env.entry(name.to_owned()).or_insert(value);
            }
            made.secrets.extend(key.map(|key| (name.to_owned(), key)));
        }
        _ => {}
    }
}

/// `OPENCLAW_BIN`, else `PATH`, else the usual places. A wrong `OPENCLAW_BIN` is told, once, not passed over.
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
            let complaint = Complaint::about(given.from.to_string(), "OPENCLAW_BIN", why.clone())
                .way_out("Put it right, or leave it empty to have PATH searched.");
            if !warnings.contains(&complaint) {
                warnings.push(complaint);
            }
            (Err(format!("OPENCLAW_BIN: {why}")), true)
        }
    }
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
