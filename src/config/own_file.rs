//! `orchestrator_config.json`, read strictly: every mistake in it is found in one go, told by line, key path and rule.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use serde_path_to_error::Segment;

use super::{
    complaint::{Complaint, nearest},
    confidential::{self, shown},
    json_text::{self, Document},
    misfit,
    provenance::{Setting, Source},
    sections::Raw,
    text_file,
};

/// The file's name in the root folder.
pub(super) const FILE_NAME: &str = "orchestrator_config.json";

/// The most mistakes that are told of one file.
const MAX_MISTAKES: usize = 50;

/// A file with the layers above it, and where each value came from.
pub(super) struct OwnFile<T = Raw> {
    pub(super) path: PathBuf,
    pub(super) exists: bool,
    /// Whether nobody knows what stands in it: it is there, and could not be read.
    pub(super) unread: bool,
    pub(super) raw: T,
    /// What stands in the file, where nothing is laid over it.
    said: Value,
    sources: BTreeMap<String, Source>,
    document: Document,
}

/// Reads the file, lays environment and flags over it, and checks every key and type.
pub(super) fn read(
    path: &Path,
    environment: &BTreeMap<String, String>,
    flags: &BTreeMap<String, String>,
    faults: &mut Vec<Complaint>,
    warnings: &mut Vec<Complaint>,
) -> OwnFile {
    let (mut own, mut value) = OwnFile::<Raw>::open(path, faults);
    own.overlay(&mut value, environment, flags, faults, warnings);
    own.raw = own.strictly(value, faults);
    own
}

/// Reads a file that nothing is laid over.
pub(super) fn read_alone<T: DeserializeOwned + Default>(path: &Path, faults: &mut Vec<Complaint>) -> OwnFile<T> {
    let (mut own, value) = OwnFile::<T>::open(path, faults);
    own.said = without_nulls(&value);
    own.raw = own.strictly(value, faults);
    own
}

/// What the variables of this file's keys begin with.
const PREFIX: &str = "ORCHESTRATOR_";

/// The environment variable of a key of `orchestrator_config.json`: `ORCHESTRATOR_` and its path in capitals.
pub fn variable_of(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "_").to_uppercase())
}

/// Every key that has one value, with its default: what the environment may set and the documentation lists.
///
/// # Panics
///
/// Never: the sections are plain data.
pub fn keys() -> Vec<(String, Value)> {
    let mut found = Vec::new();
    flatten(&serde_json::to_value(Raw::default()).unwrap_or_default(), "", &mut found);
    found
}

fn flatten(value: &Value, path: &str, found: &mut Vec<(String, Value)>) {
    match value {
        // What an agent is given stays whole: the names in its files are nobody's business either.
        Value::Object(map) if !map.is_empty() && confidential::entry(path).is_none() => {
            for (key, below) in map {
                flatten(below, &json_text::join(path, key), found);
            }
        }
        leaf => found.push((path.to_owned(), leaf.clone())),
    }
}

/// Whoever can tell where a key's value came from.
pub(super) trait Written {
    /// A complaint about a key, at the place that its value came from.
    fn complaint(&self, key: &str, rule: &str) -> Complaint;

    /// Whether nobody knows what stands there: it could not be read.
    fn is_unread(&self) -> bool;
}

impl<T: DeserializeOwned + Default> Written for OwnFile<T> {
    fn complaint(&self, key: &str, rule: &str) -> Complaint {
        OwnFile::complaint(self, key, rule)
    }

    fn is_unread(&self) -> bool {
        self.unread
    }
}

impl<T: DeserializeOwned + Default> OwnFile<T> {
    /// The file, and what stands in it: an object, whatever it was.
    fn open(path: &Path, faults: &mut Vec<Complaint>) -> (Self, Value) {
        let mut own = Self {
            path: path.to_owned(),
            exists: false,
            unread: false,
            raw: T::default(),
            said: Value::Null,
            sources: BTreeMap::new(),
            document: Document::default(),
        };
        let text = text_file::read(path).unwrap_or_else(|complaint| {
            faults.push(complaint);
            own.unread = true;
            None
        });
        own.exists = text.is_some();
        match json_text::read(text.as_deref().unwrap_or(""), &json_text::ours()) {
            Ok(document) => own.document = document,
            Err(error) => {
                let place = format!("{}:{}:{}", path.display(), error.line, error.column);
                faults.push(
                    Complaint::of_file(place, format!("this is not JSON: {}", error.why))
                        .way_out("Comments and trailing commas are allowed."),
                );
                own.unread = true;
                own.document.value = Value::Object(Map::new());
            }
        }
        for (key, line) in &own.document.repeated {
            faults.push(Complaint::about(own.place(*line), key, "it is there twice").way_out("Leave one."));
        }
        for (key, line) in &own.document.unmeasured {
            faults.push(Complaint::about(own.place(*line), key, "this number is beyond all measure"));
        }
        if !own.document.value.is_object() {
            faults.push(Complaint::of_file(own.place(1), "it must be an object: { … }"));
            own.unread = true;
            own.document.value = Value::Object(Map::new());
        }
        let value = std::mem::take(&mut own.document.value);
        (own, value)
    }

    fn place(&self, line: usize) -> String {
        Source::file(&self.path, line).to_string()
    }

    /// Where the value at `path`, or what holds it, came from.
    pub(super) fn source(&self, path: &str) -> Source {
        let mut step = path;
        loop {
            if let Some(source) = self.sources.get(step) {
                return source.clone();
            }
            if let line @ 1.. = self.document.line(step) {
                return Source::file(&self.path, line);
            }
            let Some(end) = step.rfind(['.', '[']) else { return Source::Default };
            step = &step[..end];
        }
    }

    /// Whether somebody has given this very key a value.
    pub(super) fn gives(&self, path: &str) -> bool {
        self.sources.contains_key(path) || self.document.line(path) > 0
    }

    /// A complaint about a key, at the place that its value came from.
    pub(super) fn complaint(&self, key: &str, rule: impl Into<String>) -> Complaint {
        let place = match self.source(key) {
            Source::Default => self.path.display().to_string(),
            source => source.to_string(),
        };
        Complaint::about(place, key, rule)
    }

    /// Reads the value as our sections. What is wrong is complained of and taken out, until the rest fits: so every mistake is found, once.
    fn strictly(&self, mut value: Value, faults: &mut Vec<Complaint>) -> T {
        // Objects of which something was taken out: what is missing in them was complained of.
        let (mut spoilt, mut gone) = (BTreeSet::new(), Gone::default());
        for _ in 0..MAX_MISTAKES {
            // `null` is how a person leaves a setting at its default.
            let error = match serde_path_to_error::deserialize::<_, T>(without_nulls(&value)) {
                Ok(raw) => return raw,
                Err(error) => error,
            };
            let steps: Vec<Segment> = error.path().iter().cloned().collect();
            let path = gone.written(&steps);
            if !spoilt.contains(&path) {
                let wrong = at(&mut value, &steps).cloned();
                faults.push(misfit::told(self, &path, wrong.as_ref(), &error.inner().to_string()));
            }
            if let Some((Segment::Map { .. }, above)) = steps.split_last() {
                spoilt.insert(gone.written(above));
            }
            match remove(&mut value, &steps) {
                0 => break,
                depth => gone.note(&steps[..depth]),
            }
        }
        T::default()
    }
}

impl<T: DeserializeOwned + Default> OwnFile<T> {
    /// What the file says, word by word, as settings below a key.
    pub(super) fn settings_below(&self, above: &str) -> Vec<Setting> {
        let mut found = Vec::new();
        flatten(&self.said, "", &mut found);
        let settings = found.into_iter().filter(|(key, _)| !key.is_empty()).map(|(key, value)| {
            let path = format!("{above}.{key}");
            Setting { shown: shown(&path, &value), from: self.source(&key), key: path }
        });
        settings.collect()
    }
}

impl OwnFile {
    /// Every key with its value and origin.
    pub(super) fn settings(&self) -> Vec<Setting> {
        let mut found = Vec::new();
        flatten(&serde_json::to_value(&self.raw).unwrap_or_default(), "", &mut found);
        let of_entry = |key: &str| ["agents.", "prices.models.", "checks."].iter().any(|section| key.starts_with(section));
        let set = found.into_iter().filter(|(key, value)| !(of_entry(key) && value.is_null()));
        set.map(|(key, value)| Setting { shown: shown(&key, &value), from: self.source(&key), key }).collect()
    }

    fn overlay(
        &mut self,
        value: &mut Value,
        environment: &BTreeMap<String, String>,
        flags: &BTreeMap<String, String>,
        faults: &mut Vec<Complaint>,
        warnings: &mut Vec<Complaint>,
    ) {
        let known = keys();
        let variables: BTreeMap<String, &(String, Value)> = known.iter().map(|key| (variable_of(&key.0), key)).collect();
        for (name, text) in environment.iter().filter(|(name, text)| name.starts_with(PREFIX) && !text.trim().is_empty()) {
            if let Some((key, default)) = variables.get(name) {
                put(value, key, parsed(text, default));
                self.sources.insert(key.clone(), Source::Environment { name: name.clone() });
            } else if let Some(meant) = near_variable(name, variables.keys()) {
                let unknown = Complaint::about("environment", name, "unknown variable, ignored");
                warnings.push(unknown.way_out(format!("Did you mean `{PREFIX}{meant}`?")));
            }
        }
        for (key, text) in flags {
            let default = known.iter().find(|(known, _)| known == key).map_or(&Value::Null, |(_, default)| default);
            if !put(value, key, parsed(text, default)) {
                let complaint = Complaint::about(format!("flag --set {key}"), key, "there is no such key");
                let meant = nearest(key, known.iter().map(|(key, _)| key.as_str()));
                faults.push(complaint.way_out(meant.map(|meant| format!("Did you mean `{meant}`?")).unwrap_or_default()));
            }
            self.sources.insert(key.clone(), Source::Flag { name: format!("--set {key}") });
        }
    }
}

/// What a variable with our prefix was probably meant to be, without the prefix; nothing for those that are something else.
fn near_variable<'a>(name: &str, known: impl Iterator<Item = &'a String>) -> Option<&'a str> {
    let others = ["ORCHESTRATOR_AGENT_TOKEN", "ORCHESTRATOR_CONFIG_DIR"];
    let bare = name.strip_prefix(PREFIX).filter(|_| !others.contains(&name))?;
    nearest(bare, known.filter_map(|variable| variable.strip_prefix(PREFIX)))
}

/// A text of the environment or a flag as the JSON value that is wanted there.
fn parsed(text: &str, default: &Value) -> Value {
    let text = text.trim();
    if default.is_string() {
        return Value::String(text.to_owned());
    }
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

/// Puts a value at a path of plain keys; `false` if something on the way is no object. A `null` on the way is a section left out.
fn put(root: &mut Value, path: &str, value: Value) -> bool {
    let mut place = root;
    for key in path.split('.') {
        if place.is_null() {
            *place = Value::Object(Map::new());
        }
        let Value::Object(map) = place else { return false };
        place = map.entry(key).or_insert_with(|| Value::Object(Map::new()));
    }
    *place = value;
    true
}

fn at<'a>(root: &'a mut Value, steps: &[Segment]) -> Option<&'a mut Value> {
    steps.iter().try_fold(root, |place, step| match step {
        Segment::Seq { index } => place.get_mut(*index),
        Segment::Map { key } => place.get_mut(key),
        Segment::Enum { .. } => Some(place),
        Segment::Unknown => None,
    })
}

/// Which elements were taken out of which lists, by their numbers in the file: those behind them have moved up.
#[derive(Default)]
struct Gone(BTreeMap<String, BTreeSet<usize>>);

impl Gone {
    /// The steps as one path, as it is in the file.
    fn written(&self, steps: &[Segment]) -> String {
        steps.iter().fold(String::new(), |path, step| match step {
            Segment::Seq { index } => format!("{path}[{}]", self.in_file(&path, *index)),
            Segment::Map { key } | Segment::Enum { variant: key } => json_text::join(&path, key),
            Segment::Unknown => json_text::join(&path, "?"),
        })
    }

    fn in_file(&self, list: &str, index: usize) -> usize {
        let gone = self.0.get(list).into_iter().flatten();
        gone.fold(index, |at, gone| if *gone <= at { at + 1 } else { at })
    }

    /// What these steps lead to was taken out.
    fn note(&mut self, steps: &[Segment]) {
        if let Some((Segment::Seq { index }, above)) = steps.split_last() {
            let list = self.written(above);
            let index = self.in_file(&list, *index);
            self.0.entry(list).or_default().insert(index);
        }
    }
}

/// Takes out the innermost thing that the steps lead to. Says how many of them led there; 0 if there is none.
fn remove(root: &mut Value, steps: &[Segment]) -> usize {
    let Some((last, before)) = steps.split_last() else { return 0 };
    match (at(root, before), last) {
        (Some(Value::Object(map)), Segment::Map { key }) if map.contains_key(key) => {
            map.remove(key);
            steps.len()
        }
        (Some(Value::Array(array)), Segment::Seq { index }) if *index < array.len() => {
            array.remove(*index);
            steps.len()
        }
        _ => remove(root, before),
    }
}

/// The value without the keys that are `null`, also below.
fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            map.iter().filter(|(_, below)| !below.is_null()).map(|(key, below)| (key.clone(), without_nulls(below))).collect()
        }
        other => other.clone(),
    }
}
