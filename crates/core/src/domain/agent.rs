//! Agent definitions: a command, what it may know, and how its result is read.

use std::{collections::BTreeMap, fmt, path::PathBuf, sync::Arc, time::Duration};

use super::{
    acp::Protocol,
    check::{Check, CheckName, Offer},
    isolation::Isolation,
    model::{ModelId, UnknownModel},
    name::name,
    quota,
    reading::Reading,
    thinking::Thinking,
};

name! {
    /// The name of an agent definition.
    AgentName, "an agent's name"
}

impl AgentName {
    /// What the names of gates begin with that count how many of an agent run.
    pub const GATES: &str = "agent:";

    /// The gate that counts how many of it run.
    pub fn gate(&self) -> String {
        format!("{}{self}", Self::GATES)
    }
}

/// The placeholders of arguments, environment values and files.
pub const PLACEHOLDERS: [&str; 17] = [
    "task_text",
    "task_file",
    "task_dir",
    "task_id",
    "agent_id",
    "workspace",
    "model",
    "model_provider",
    "model_name",
    "thinking",
    "timeout_s",
    "message",
    "prompt",
    "instructions",
    "config",
    "config_dir",
    "home",
];

/// How one kind of agent is run: checked values, made from configuration.
#[derive(Clone, Debug)]
pub struct AgentDefinition {
    /// Its name, as `[agent:<name>]` has it.
    pub name: AgentName,
    /// What it is, for a table; empty: nobody says.
    pub about: String,
    /// The program: absolute, or `None` with the reason why there is none on this machine.
    pub program: Result<PathBuf, String>,
    /// Arguments, with [placeholders](PLACEHOLDERS). A group is left out when one of its placeholders has no value.
    pub args: Vec<Vec<String>>,
    /// Environment beside the allow-list, with the same placeholders; one without its value is left out.
    pub env: BTreeMap<String, String>,
    /// Names of secrets that this agent gets in its environment, with their values.
    pub secrets: BTreeMap<String, Secret>,
    /// Whether it is spoken with while it works, and how.
    pub protocol: Protocol,
    /// What its standard input is.
    pub stdin: Stdin,
    /// Where its HOME is.
    pub home: Home,
    /// Files that are written before it starts: their path and what is in them, both with placeholders. One whose path has no value is left out.
    pub files: BTreeMap<String, String>,
    /// The operator's instructions for this kind of agent, in place of the general ones.
    pub instructions: Option<String>,
    /// The models that it knows by itself; `None`: those of the catalogue.
    pub models: Option<OwnModels>,
    /// What it calls a thinking level; one that is missing is not passed on. `None`: the levels' own words.
    pub thinking: Option<BTreeMap<Thinking, String>>,
    /// How it is read.
    pub reading: Arc<Reading>,
    /// How many of it may run at once on all instances; `None`: only the instance's cap counts.
    pub max_concurrent: Option<u32>,
    /// Signal number of the soft stop.
    pub soft_signal: i32,
    /// From the soft stop to the kill.
    pub grace: Duration,
    /// For how long it may print nothing before it is stopped; `None`: for ever.
    pub stall: Option<Duration>,
    /// What it may reach and take.
    pub isolation: Isolation,
    /// What becomes of its tasks when its quota is used up.
    pub quota: quota::Rule,
    /// The checks that its tasks may name.
    pub checks: BTreeMap<CheckName, Check>,
    /// Those that each of its tasks has.
    pub always_checked: Vec<CheckName>,
    /// Whether it has tokens that it may report; `false`: it has none and costs nothing (the demonstration without a model).
    pub reports_usage: bool,
}

/// What an agent's standard input is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stdin {
    /// `/dev/null`.
    #[default]
    Nothing,
    /// TASK.txt.
    Task,
    /// The task's text with what an agent that only answers has to know of it.
    Prompt,
}

/// Where an agent's HOME is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Home {
    /// The service's own: logins and settings of its user hold.
    #[default]
    User,
    /// A folder of the attempt's own, empty at first and gone with it.
    Own,
}

/// The models that an agent knows by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnModels {
    /// Short names, with the names that the agent knows.
    pub names: BTreeMap<String, String>,
    /// The model of a task that names none; `None`: the agent decides.
    pub default: Option<String>,
}

impl OwnModels {
    /// The model that a task means. A name that is not in the list passes if it can't be a slip for a short one: if it has a digit, a dash or a slash.
    ///
    /// # Errors
    ///
    /// [`UnknownModel`], with the short names.
    pub fn resolve(&self, given: &str) -> Result<ModelId, UnknownModel> {
        if let Some(name) = self.names.get(given) {
            return Ok(ModelId(name.clone()));
        }
        let known = self.names.values().any(|name| name == given);
        // It becomes an argument of programs that we don't know: nothing that a path, an option or a shell would read.
        let word = |part: &str| {
            part.starts_with(|c: char| c.is_ascii_alphanumeric())
                && part.chars().all(|c| c.is_ascii_alphanumeric() || "._:@+~-".contains(c))
        };
        let full = given.contains(|c: char| c.is_ascii_digit() || c == '-' || c == '/');
        if known || full && given.len() <= 200 && given.split('/').all(word) {
            return Ok(ModelId(given.to_owned()));
        }
        Err(UnknownModel { given: given.chars().take(80).collect(), known: self.names.keys().cloned().collect() })
    }

    /// What a model is shown as: its short name, else its own.
    pub fn shown(&self, id: &ModelId) -> String {
        let short = self.names.iter().find(|(_, name)| **name == id.0).map(|(short, _)| short.clone());
        short.unwrap_or_else(|| id.0.clone())
    }
}

impl AgentDefinition {
    /// A definition of a program and nothing else.
    pub fn of(name: AgentName, program: Result<PathBuf, String>) -> Self {
        Self {
            quota: quota::Rule::of(&name),
            name,
            about: String::new(),
            program,
            args: Vec::new(),
            env: BTreeMap::new(),
            secrets: BTreeMap::new(),
            protocol: Protocol::Plain,
            stdin: Stdin::Nothing,
            home: Home::User,
            files: BTreeMap::new(),
            instructions: None,
            models: None,
            thinking: None,
            reading: Arc::default(),
            max_concurrent: None,
            soft_signal: 15,
            grace: Duration::ZERO,
            isolation: Isolation::default(),
            stall: None,
            checks: BTreeMap::new(),
            always_checked: Vec::new(),
            reports_usage: true,
        }
    }

    /// The checks that its tasks may name, and those that they have.
    pub fn offer(&self) -> Offer {
        Offer { names: self.checks.keys().cloned().collect(), always: self.always_checked.clone() }
    }

    /// What is known of an agent that is configured no more, but whose runs must still be judged.
    pub fn forgotten(name: AgentName) -> Self {
        let reason = format!("agent `{name}` is not configured any more");
        Self::of(name, Err(reason))
    }
}

/// A value that is never shown: its `Debug` says so, and it has no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_show_itself() {
        assert_eq!(format!("{:?}", Secret::new("abc")), "[secret]");
    }

    #[test]
    fn names_that_could_be_mistaken_for_something_else_are_refused() {
        for bad in ["", "Open Claw", "a/b", "..", "ä", &"x".repeat(33)] {
            assert!(bad.parse::<AgentName>().is_err(), "{bad:?} was accepted");
        }
    }

    #[test]
    fn an_agent_s_own_models_are_known_by_their_short_names_and_slips_are_refused() {
        let names = [("opus".to_owned(), "claude-opus-4-5".to_owned())].into();
        let models = OwnModels { names, default: None };

        assert_eq!(models.resolve("opus"), Ok(ModelId("claude-opus-4-5".into())));
        assert_eq!(models.resolve("claude-sonnet-5"), Ok(ModelId("claude-sonnet-5".into())), "there are more than anybody lists");
        assert_eq!(models.resolve("opsu").unwrap_err().known, ["opus"]);
        for bad in ["--dangerously", "a/../b", "x y-1", "", "-1"] {
            assert!(models.resolve(bad).is_err(), "{bad:?}");
        }
        assert_eq!(models.shown(&ModelId("claude-opus-4-5".into())), "opus");
    }
}
