//! `openclaw.json`: a foreign file. What we need is taken from it, what we don't know is ignored, what is odd is a warning, nothing is an error.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use orchestrator_core::domain::{
    agent::Secret,
    model::{Catalogue, ModelId},
    money::PriceUnit,
    task::Thinking,
};
use serde_json::{Map, Value};

use super::{
    complaint::Complaint,
    env_file::is_placeholder,
    json_text::{self, Document, join},
    openclaw_prices::{self, Priced},
    provenance::Source,
    text_file,
};

/// The file's name.
pub(super) const FILE_NAME: &str = "openclaw.json";

/// What OpenClaw's own configuration tells us.
#[derive(Clone, Debug)]
pub struct OpenClaw {
    /// The file that was read: absolute, no link (OpenClaw refuses links); `None`: there is none.
    pub path: Option<PathBuf>,
    /// Models, aliases, prices, defaults.
    pub catalogue: Catalogue,
    /// `agents.defaults.maxConcurrent`.
    pub max_concurrent: Option<u32>,
    /// The text values of `env`: model keys, mostly.
    pub env: BTreeMap<String, Secret>,
    /// Where OpenClaw's Gateway listens.
    pub gateway: Gateway,
    /// `models.providers.openrouter.baseUrl`, for the built-in agent that asks a model itself.
    pub openrouter_url: Option<String>,
}

/// OpenClaw's Gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gateway {
    /// Its host as a client reaches it.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The token that its clients show.
    pub token: Option<Secret>,
}

/// Where the Gateway listens unless told otherwise. Source: OpenClaw's documentation, `gateway.port`.
const DEFAULT_PORT: u16 = 18_789;

impl Default for Gateway {
    fn default() -> Self {
        Self { host: "127.0.0.1".to_owned(), port: DEFAULT_PORT, token: None }
    }
}

/// What the file is read with.
pub(super) struct Reading<'a> {
    pub(super) unit: PriceUnit,
    /// For values of the form `${NAME}`.
    pub(super) variables: &'a BTreeMap<String, String>,
    /// Our own tokens: another program must not use them.
    pub(super) tokens: &'a [Secret],
}

impl OpenClaw {
    fn nothing() -> Self {
        Self {
            path: None,
            catalogue: Catalogue::default(),
            max_concurrent: None,
            env: BTreeMap::new(),
            gateway: Gateway::default(),
            openrouter_url: None,
        }
    }
}

/// Reads the first of `candidates` that exists. `insisted`: the operator named it, so that its absence is worth a word.
pub(super) fn read(candidates: &[PathBuf], insisted: bool, with: &Reading<'_>, warnings: &mut Vec<Complaint>) -> OpenClaw {
    for path in candidates {
        match text_file::read(path) {
            Ok(Some(text)) => return of_text(&text, path, with, warnings),
            Ok(None) => {}
            Err(complaint) => {
                warnings.push(complaint);
                return OpenClaw::nothing();
            }
        }
    }
    let looked: Vec<String> = candidates.iter().map(|path| path.display().to_string()).collect();
    let rule = "there is no such file, so models have no aliases and no prices";
    let complaint = Complaint::of_file(looked.join(" and "), rule);
    warnings.push(complaint.way_out(if insisted {
        "Check --openclaw-config."
    } else {
        "`cp openclaw-example.json openclaw.json` and fill it in."
    }));
    OpenClaw::nothing()
}

fn of_text(text: &str, path: &Path, with: &Reading<'_>, warnings: &mut Vec<Complaint>) -> OpenClaw {
    let mut openclaw = OpenClaw::nothing();
    openclaw.path = Some(path.canonicalize().unwrap_or_else(|_| path.to_owned()));
    let document = match json_text::read(text, &json_text::theirs()) {
        Ok(document) => document,
        Err(error) => {
            let place = format!("{}:{}:{}", path.display(), error.line, error.column);
            let rule = format!("this is not JSON5: {}; models have no aliases and no prices until it is", error.why);
            warnings.push(Complaint::of_file(place, rule));
            return openclaw;
        }
    };
    let mut reader = Reader { document: &document, path, warnings };
    reader.tell_oddities();
    openclaw.env = reader.env(with);
    openclaw.gateway = reader.gateway(with);
    openclaw.catalogue = reader.catalogue(with);
    openclaw.max_concurrent = reader.max_concurrent();
    openclaw.openrouter_url = reader.text(&["models", "providers", "openrouter", "baseUrl"]).map(str::to_owned);
    reader.warn_of_our_tokens(with.tokens);
    openclaw
}

/// Walks one file and collects what is odd about it.
struct Reader<'a> {
    document: &'a Document,
    path: &'a Path,
    warnings: &'a mut Vec<Complaint>,
}

impl<'a> Reader<'a> {
    fn warn(&mut self, key: &str, rule: impl Into<String>) {
        let place = Source::file(self.path, self.document.line(key)).to_string();
        self.warnings.push(Complaint::about(place, key, rule));
    }

    fn tell_oddities(&mut self) {
        for (key, line) in &self.document.repeated {
            let place = Source::file(self.path, *line).to_string();
            self.warnings.push(Complaint::about(place, key, "it is there twice; the last one counts"));
        }
        if self.document.value.get("$include").is_some() {
            self.warn("$include", "included files are not read here: models and prices in them are not known");
        }
    }

    /// The value at a path of keys; a step that is there but is no object is warned about.
    fn at(&mut self, keys: &[&str]) -> Option<&'a Value> {
        let (mut value, mut path) = (&self.document.value, String::new());
        for key in keys {
            let Value::Object(map) = value else {
                self.warn(&path, "it should be an object; it is left out");
                return None;
            };
            path = join(&path, key);
            value = map.get(*key)?;
        }
        (!value.is_null()).then_some(value)
    }

    fn object(&mut self, keys: &[&str]) -> Option<&'a Map<String, Value>> {
        let value = self.at(keys)?;
        if value.as_object().is_none() {
            self.warn(&path_of(keys), "it should be an object; it is left out");
        }
        value.as_object()
    }

    fn text(&mut self, keys: &[&str]) -> Option<&'a str> {
        let value = self.at(keys)?;
        if value.as_str().is_none() {
            self.warn(&path_of(keys), "it should be a text; it is left out");
        }
        value.as_str().map(str::trim).filter(|text| !text.is_empty())
    }

    /// `env`, and `env.vars` below it: texts, or `${NAME}` of our own environment. The example's placeholders count as nothing.
    fn env(&mut self, with: &Reading<'_>) -> BTreeMap<String, Secret> {
        let mut found = BTreeMap::new();
        let direct = self.object(&["env"]);
        let vars = direct.filter(|env| env.contains_key("vars")).and_then(|_| self.object(&["env", "vars"]));
        for (prefix, map) in [("env", direct), ("env.vars", vars)] {
            for (name, value) in map.into_iter().flatten() {
                match value {
                    Value::String(text) => {
                        if let Some(secret) = self.filled(&join(prefix, name), text, with) {
                            found.insert(name.clone(), secret);
                        }
                    }
                    Value::Object(_) | Value::Null => {}
                    _ => self.warn(&join(prefix, name), "it should be a text; it is left out"),
                }
            }
        }
        found
    }

    fn filled(&mut self, key: &str, text: &str, with: &Reading<'_>) -> Option<Secret> {
        let text = text.trim();
        let Some(name) = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) else {
            return Some(text).filter(|text| !text.is_empty() && !is_placeholder(text)).map(Secret::new);
        };
        let value = with.variables.get(name).filter(|value| !value.is_empty());
        if value.is_none() {
            self.warn(key, format!("it asks for the environment variable {}, which is not set", super::complaint::quoted(name)));
        }
        value.map(Secret::new)
    }

    fn gateway(&mut self, with: &Reading<'_>) -> Gateway {
        let mut gateway = Gateway::default();
        if let Some(port) = self.at(&["gateway", "port"]) {
            match port.as_u64().and_then(|port| u16::try_from(port).ok()).filter(|port| *port > 0) {
                Some(port) => gateway.port = port,
                None => self.warn("gateway.port", "it should be a port from 1 to 65535; 18789 is used"),
            }
        }
        let remote = self.text(&["gateway", "mode"]) == Some("remote");
        let token_at: &[&str] = if remote { &["gateway", "remote", "token"] } else { &["gateway", "auth", "token"] };
        if remote && let Some(url) = self.text(&["gateway", "remote", "url"]) {
            match reqwest::Url::parse(url).ok().and_then(|url| Some((url.host_str()?.to_owned(), url.port_or_known_default()?))) {
                Some((host, port)) => (gateway.host, gateway.port) = (host, port),
                None => self.warn("gateway.remote.url", "it should be an address like ws://host:18789; this machine is used"),
            }
        }
        // A token may also be a reference to a secret store: that is not ours to resolve.
        if self.at(token_at).is_some_and(Value::is_string) {
            gateway.token = self.text(token_at).and_then(|text| self.filled(&path_of(token_at), text, with));
        }
        if let Some(token) = with.variables.get("OPENCLAW_GATEWAY_TOKEN").filter(|token| !token.is_empty()) {
            gateway.token = Some(Secret::new(token.as_str()));
        }
        gateway
    }

    fn catalogue(&mut self, with: &Reading<'_>) -> Catalogue {
        let mut catalogue = Catalogue::default();
        let mut priced = Vec::new();
        for (provider, _) in self.object(&["models", "providers"]).into_iter().flatten() {
            self.models_of(provider, with.unit, &mut catalogue, &mut priced);
        }
        let place = self.path.display().to_string();
        self.warnings.extend(openclaw_prices::implausible(&place, &priced, with.unit));

        let mut owners: BTreeMap<&str, &str> = BTreeMap::new();
        for (id, entry) in self.object(&["agents", "defaults", "models"]).into_iter().flatten() {
            if id.contains('*') {
                // A rule for many models names none.
                continue;
            }
            let at = join("agents.defaults.models", id);
            let alias = match entry.get("alias") {
                None | Some(Value::Null) => None,
                Some(Value::String(alias)) if is_alias(alias.trim()) => Some(alias.trim()),
                Some(_) => {
                    self.warn(&join(&at, "alias"), "it should be a word of up to 64 letters, digits, dots, - and _; it is left out");
                    None
                }
            };
            if !entry.is_object() {
                self.warn(&at, "it should be an object; the model has no alias");
            }
            if let Some(alias) = alias
                && let Some(owner) = owners.insert(alias, id)
            {
                self.warn(&join(&at, "alias"), format!("`{alias}` is the alias of {owner} already, which keeps it"));
            }
            catalogue.add(&ModelId(id.clone()), alias.map(str::to_owned), None);
        }
        self.defaults(&mut catalogue);
        catalogue
    }

    fn models_of(&mut self, provider: &str, unit: PriceUnit, catalogue: &mut Catalogue, priced: &mut Vec<Priced>) {
        let keys = ["models", "providers", provider, "models"];
        let at = path_of(&keys);
        let models = match self.at(&keys) {
            None => return,
            Some(Value::Array(models)) => models,
            Some(_) => return self.warn(&at, "it should be a list of models; it is left out"),
        };
        for (index, model) in models.iter().enumerate() {
            let at = format!("{at}[{index}]");
            let Some(id) = model.get("id").and_then(Value::as_str).map(str::trim).filter(|id| !id.is_empty()) else {
                self.warn(&at, "it should have an `id` that is a text; it is left out");
                continue;
            };
            let id = ModelId(format!("{provider}/{id}"));
            let cost = model.get("cost").filter(|cost| !cost.is_null());
            let price = cost.and_then(|cost| {
                openclaw_prices::read(self.document, cost, &join(&at, "cost"), unit, &mut |key, rule| self.warn(key, rule))
            });
            if let Some(price) = price {
                priced.push(Priced { model: id.clone(), price });
            }
            catalogue.add(&id, None, price);
        }
    }

    fn defaults(&mut self, catalogue: &mut Catalogue) {
        const MODEL: [&str; 3] = ["agents", "defaults", "model"];
        let primary = match self.at(&MODEL) {
            Some(Value::String(text)) => Some((path_of(&MODEL), text.trim())),
            Some(Value::Object(_)) => {
                self.text(&["agents", "defaults", "model", "primary"]).map(|text| (format!("{}.primary", path_of(&MODEL)), text))
            }
            Some(_) => {
                self.warn(&path_of(&MODEL), "it should be a text or an object with `primary`; the alias `primary` is used");
                None
            }
            None => None,
        };
        if let Some((key, named)) = primary.filter(|(_, named)| !named.is_empty()) {
            if catalogue.resolve(named).is_err() {
                self.warn(&key, format!("{} is no alias and no model of this file", super::complaint::quoted(named)));
            }
            catalogue.set_default(named);
        }
        if let Some(level) = self.text(&["agents", "defaults", "thinkingDefault"]) {
            match (level.parse::<Thinking>(), level.to_ascii_lowercase().as_str()) {
                (Ok(thinking), _) => catalogue.thinking = thinking,
                (Err(_), "minimal") => catalogue.thinking = Thinking::Low,
                (Err(_), "xhigh" | "max" | "ultra") => catalogue.thinking = Thinking::High,
                (Err(_), _) => self.warn("agents.defaults.thinkingDefault", "it should be off, low, medium or high; medium is used"),
            }
        }
    }

    fn max_concurrent(&mut self) -> Option<u32> {
        let value = self.at(&["agents", "defaults", "maxConcurrent"])?;
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok()).filter(|number| (1..=1_000).contains(number));
        if number.is_none() {
            self.warn("agents.defaults.maxConcurrent", "it should be a whole number from 1 to 1000; 4 is used");
        }
        number
    }

    /// Two programs with one bot token both answer: the seed's file had a place for it.
    fn warn_of_our_tokens(&mut self, tokens: &[Secret]) {
        let mut rest = vec![(String::new(), &self.document.value)];
        while let Some((path, value)) = rest.pop() {
            match value {
                Value::Object(map) => rest.extend(map.iter().map(|(key, below)| (join(&path, key), below))),
                Value::Array(array) => rest.extend(array.iter().enumerate().map(|(index, below)| (format!("{path}[{index}]"), below))),
                Value::String(text) if tokens.iter().any(|token| token.expose() == text.trim()) => {
                    let rule = "it is a Discord token of this orchestrator: OpenClaw and we would both answer";
                    let place = Source::file(self.path, self.document.line(&path)).to_string();
                    self.warnings
                        .push(Complaint::about(place, path, rule).way_out("Give OpenClaw a bot of its own, or take the token out."));
                }
                _ => {}
            }
        }
    }
}

fn path_of(keys: &[&str]) -> String {
    keys.iter().fold(String::new(), |path, key| join(&path, key))
}

fn is_alias(alias: &str) -> bool {
    (1..=64).contains(&alias.len()) && alias.chars().all(|c| c.is_alphanumeric() || "._:/@+-".contains(c))
}
