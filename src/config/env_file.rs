//! `discord-config.env`: its keys, and the three layers that may give each of them a value.
//!
//! The file is iterated, never loaded into the process's environment: an agent could inherit what is in there.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use super::{
    complaint::{Complaint, nearest},
    provenance::{MASKED, NOT_FILLED_IN, Setting, Source},
    text_file,
};

/// The file's name in the root folder.
pub(super) const FILE_NAME: &str = "discord-config.env";

/// One key of the env file.
#[derive(Debug)]
pub struct EnvKey {
    /// Its name.
    pub name: &'static str,
    /// What holds where nobody gives a value, as the documentation has it; empty: nothing.
    pub default: &'static str,
    /// Whether its value is never shown.
    pub secret: bool,
}

const fn open(name: &'static str, default: &'static str) -> EnvKey {
    EnvKey { name, default, secret: false }
}

const fn secret(name: &'static str) -> EnvKey {
    EnvKey { name, default: "", secret: true }
}

/// Every key of the env file. Source: contract 003 §6; the last one is for the local Discord alone.
pub const KEYS: [EnvKey; 17] = [
    secret("ORCHESTRATOR_AGENT_TOKEN"),
    secret("WORKER1_TOKEN"),
    secret("WORKER2_TOKEN"),
    secret("WORKER3_TOKEN"),
    open("TASK_QUEUE_CHANNEL", ""),
    open("RESULTS_CHANNEL", ""),
    open("WORKER_POOL_CHANNEL", ""),
    open("OPERATOR_CHANNEL", "WORKER_POOL_CHANNEL"),
    open("GUILD_ID", ""),
    open("TIMEOUT", ""),
    open("MAX_TIMEOUT", "1h"),
    open("WORKER_RETENTION_HOURS", "24"),
    open("SUMMARY_MAX_LENGTH", "2000"),
    open("AGENTS_MD_TEMPLATE", ""),
    open("OPENCLAW_BIN", ""),
    open("DISCORD_API_BASE", "https://discord.com"),
    secret(SANDBOX_HUMAN),
];

/// The token of the person who plays in the local Discord: accepted, not part of the documentation.
pub(super) const SANDBOX_HUMAN: &str = "SANDBOX_HUMAN_TOKEN";

/// A value with its origin.
#[derive(Clone, Debug)]
pub(super) struct Given {
    pub(super) value: String,
    pub(super) from: Source,
}

/// The env file as it was written.
#[derive(Debug, Default)]
pub(super) struct EnvFile {
    pub(super) path: PathBuf,
    pub(super) exists: bool,
    values: BTreeMap<String, (String, usize)>,
}

impl EnvFile {
    /// Reads the file; what can't be understood is complained of, the rest is used.
    pub(super) fn read(path: &Path, faults: &mut Vec<Complaint>, warnings: &mut Vec<Complaint>) -> Self {
        let mut file = Self { path: path.to_owned(), ..Self::default() };
        match text_file::read(path) {
            Ok(Some(text)) => {
                file.exists = true;
                file.take(&text, faults, warnings);
            }
            Ok(None) => {}
            Err(complaint) => faults.push(complaint),
        }
        file
    }

    fn take(&mut self, text: &str, faults: &mut Vec<Complaint>, warnings: &mut Vec<Complaint>) {
        let lines: Vec<&str> = text.lines().collect();
        let mut next = 0;
        for item in dotenvy::from_read_iter(text.as_bytes()) {
            match item {
                Ok((key, value)) => {
                    let at = (next..lines.len()).find(|at| key_of(lines[*at]) == Some(key.as_str()));
                    next = at.map_or(next, |at| at + 1);
                    if self.values.insert(key.clone(), (value, at.map_or(0, |at| at + 1))).is_some() {
                        let place = self.place(at.map_or(0, |at| at + 1));
                        warnings
                            .push(Complaint::about(place, key, "it is there more than once; the last one counts").way_out("Leave one."));
                    }
                }
                Err(error) => {
                    // The library's text repeats the line, which may hold a token: only its place is told.
                    let rest = if let dotenvy::Error::LineParse(rest, _) = &error { rest.lines().next().unwrap_or("").trim() } else { "" };
                    let at = (next..lines.len()).find(|at| !rest.is_empty() && lines[*at].contains(rest));
                    next = at.map_or(next, |at| at + 1);
                    let key = at.and_then(|at| key_of(lines[at])).unwrap_or("");
                    let rule = "this line must be of the form KEY=\"value\"";
                    faults.push(
                        Complaint::about(self.place(at.map_or(0, |at| at + 1)), key, rule)
                            .way_out("A value with spaces or # needs quotes, a quote needs its end, a $ needs single quotes."),
                    );
                }
            }
        }
    }

    fn place(&self, line: usize) -> String {
        Source::file(&self.path, line).to_string()
    }

    /// A value of any key, also one that is not ours: agents may name it as a secret.
    pub(super) fn value(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(|(value, _)| value.as_str())
    }

    /// Warns of keys that nobody knows: neither this program nor, by name, an agent of the configuration.
    pub(super) fn warn_of_unknown(&self, named_by_agents: &BTreeSet<String>, warnings: &mut Vec<Complaint>) {
        let known = || KEYS.iter().map(|key| key.name).filter(|name| *name != SANDBOX_HUMAN);
        for (key, (_, line)) in &self.values {
            if KEYS.iter().any(|known| known.name == key) || named_by_agents.contains(key) {
                continue;
            }
            let way_out = match nearest(key, known()) {
                Some(meant) => format!("Did you mean `{meant}`?"),
                None => "If an agent needs it, name it in that agent's `secrets`.".to_owned(),
            };
            warnings.push(Complaint::about(self.place(*line), key, "unknown key, ignored").way_out(way_out));
        }
    }
}

/// The key of a line that looks like an assignment.
fn key_of(line: &str) -> Option<&str> {
    let (key, _) = line.split_once('=')?;
    let key = key.trim();
    let key = key.strip_prefix("export").filter(|rest| rest.starts_with(char::is_whitespace)).map_or(key, str::trim_start);
    key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.').then_some(key)
}

/// The three layers of every key of the env file: file < environment < flag. An empty value counts as none.
pub(super) struct Layers<'a> {
    pub(super) file: EnvFile,
    pub(super) environment: &'a BTreeMap<String, String>,
    pub(super) flags: BTreeMap<String, String>,
}

impl Layers<'_> {
    /// The value that counts; `None` where nobody gave one, or only the example's is there.
    pub(super) fn given(&self, key: &str) -> Option<Given> {
        self.written(key).filter(|given| !is_placeholder(&given.value))
    }

    fn written(&self, key: &str) -> Option<Given> {
        let flag = self.flags.get(key).map(|value| (value, Source::Flag { name: format!("--set {key}") }));
        let variable = || self.environment.get(key).map(|value| (value, Source::Environment { name: key.to_owned() }));
        let line = || self.file.values.get(key).map(|(value, line)| (value, Source::file(&self.file.path, *line)));
        let filled = |found: &(&String, Source)| !found.0.trim().is_empty();
        let (value, from) = flag.filter(filled).or_else(|| variable().filter(filled)).or_else(|| line().filter(filled))?;
        Some(Given { value: value.trim().to_owned(), from })
    }

    /// Every key with its value and origin, secrets masked.
    pub(super) fn settings(&self) -> Vec<Setting> {
        let shown = |key: &EnvKey| match self.written(key.name) {
            None => Setting { key: key.name.to_owned(), shown: key.default.to_owned(), from: Source::Default },
            Some(given) => {
                let shown = match (is_placeholder(&given.value), key.secret) {
                    (true, _) => NOT_FILLED_IN.to_owned(),
                    (false, true) => MASKED.to_owned(),
                    (false, false) => given.value,
                };
                Setting { key: key.name.to_owned(), shown, from: given.from }
            }
        };
        KEYS.iter().filter(|key| key.name != SANDBOX_HUMAN).map(shown).collect()
    }
}

/// Whether a value is still an example's: `your-…`, `<…>`, `changeme`, `sk-or-...`.
pub(super) fn is_placeholder(value: &str) -> bool {
    let value = value.trim().to_ascii_lowercase();
    let bracketed = value.starts_with('<') && value.ends_with('>') && !value.starts_with("<#") && !value.starts_with("<@");
    let shortened = value.ends_with("...") || value.ends_with('…');
    bracketed
        || shortened
        || ["your-", "your_", "your ", "changeme", "change-me", "replace-me", "replace_me"].iter().any(|start| value.starts_with(start))
}
