//! Reads what an agent prints by the rules of its definition: text, tokens, cost, model, session, errors.
//!
//! An agent's output is a foreign text: lines that can't be read are counted and told, numbers that can't be true are held at what could be, and no
//! more is kept of it than its bounds say.

mod gathered;
mod spending;

use serde_json::Value;

use self::{gathered::Gathered, spending::Spending};
use crate::domain::{
    evidence::{Answer, Spent},
    progress::Story,
    reading::{Condition, ErrorClass, Format, Pointer, Reading, holds, lenient},
    resets::Resets,
};

/// Longest error, model or session that is kept, in characters.
const WORDS: usize = 500;
/// Most notes that are kept of one run.
const NOTES: usize = 10;
/// How many lines that could begin a JSON answer are tried.
const BEGINNINGS: usize = 50;

/// What a run's output says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reported {
    /// Tokens and cost.
    pub spent: Spent,
    /// Whether tokens were told that can't be true: then how many there were is unknown.
    pub unsure: bool,
    /// The agent's own verdict.
    pub answer: Option<Answer>,
    /// The text of its answer, and how many bytes of it were left out.
    pub text: Option<(String, u64)>,
    /// The session that it kept.
    pub session: Option<String>,
    /// What it has told of its work.
    pub story: Story,
    /// What could not be read.
    pub remarks: Vec<String>,
}

/// Reads records one by one; what they say so far can be asked at any time.
#[derive(Debug)]
pub struct Reader<'r> {
    rules: &'r Reading,
    text: Gathered<'r>,
    session: Gathered<'r>,
    model: Gathered<'r>,
    error: Gathered<'r>,
    status: Gathered<'r>,
    resets: Gathered<'r>,
    spending: Spending<'r>,
    story: Story,
    require: Vec<bool>,
    refuse: Vec<bool>,
    denied: u64,
    notes: Vec<String>,
    records: u64,
    broken: u64,
    /// Whether one object was expected and none was found.
    no_object: bool,
}

impl<'r> Reader<'r> {
    /// A reader by these rules that keeps at most so many bytes of the text.
    pub fn new(rules: &'r Reading, text_limit: u64) -> Self {
        let words = |selectors| Gathered::new(selectors, WORDS);
        Self {
            text: Gathered::new(&rules.text, usize::try_from(text_limit).unwrap_or(usize::MAX)),
            session: words(&rules.session),
            model: words(&rules.model),
            error: Gathered::of_any_kind(&rules.error, WORDS),
            status: words(&rules.status),
            resets: words(&rules.resets),
            spending: Spending::new(&rules.usage),
            story: Story::default(),
            require: vec![false; rules.success.require.len()],
            refuse: vec![false; rules.success.refuse.len()],
            denied: 0,
            notes: Vec::new(),
            records: 0,
            broken: 0,
            no_object: false,
            rules,
        }
    }

    /// Reads all that an agent has printed; the records of it, that is: words alone are none.
    pub fn printed(&mut self, printed: &str) {
        match self.rules.format {
            Format::Text | Format::ResultFile => {}
            Format::Json => match object_in(printed) {
                Some(object) => self.record(&object),
                None => self.no_object = !printed.trim().is_empty(),
            },
            Format::Jsonl => printed.lines().for_each(|line| self.line(line)),
        }
    }

    /// Reads one line of a stream of records. One that is none, a warning say, is passed over; one that seems to be broken is counted.
    pub fn line(&mut self, line: &str) {
        let line = line.trim();
        match lenient::parse(line) {
            Ok(record) if record.is_object() => self.record(&record),
            Err(_) if line.trim_start_matches('\u{feff}').starts_with('{') => self.broken += 1,
            Ok(_) | Err(_) => {}
        }
    }

    /// Reads one record.
    pub fn record(&mut self, record: &Value) {
        self.records += 1;
        for gathered in [&mut self.text, &mut self.session, &mut self.model, &mut self.error, &mut self.status, &mut self.resets] {
            gathered.record(record);
        }
        self.spending.record(record);
        for rule in self.rules.progress.iter().filter(|rule| holds(&rule.among, record)) {
            if let Some(words) = rule.at.0.iter().find_map(|at| words_at(at, record)) {
                self.story.add(rule.tells, &words);
            }
        }
        for selector in &self.rules.denied.0 {
            let lists = selector.at.iter().flat_map(|at| at.find(record)).filter_map(Value::as_array);
            if holds(&selector.among, record) {
                self.denied += lists.map(|list| list.len() as u64).sum::<u64>();
            }
        }
        for selector in self.rules.notes.0.iter().filter(|selector| holds(&selector.among, record)) {
            let notes = selector.at.iter().flat_map(|at| at.find(record)).filter_map(Value::as_str);
            let cut = notes.map(|note| note.chars().take(WORDS).collect());
            self.notes.extend(cut.take(NOTES.saturating_sub(self.notes.len())));
        }
        let rules = &self.rules.success;
        for (seen, condition) in self.require.iter_mut().zip(&rules.require).chain(self.refuse.iter_mut().zip(&rules.refuse)) {
            match condition {
                Condition::Any(like) => *seen |= holds(like, record),
                Condition::Last { last, is } if holds(last, record) => *seen = holds(is, record),
                Condition::Last { .. } => {}
            }
        }
    }

    /// Whether no record has come yet.
    pub fn has_nothing(&self) -> bool {
        self.records == 0
    }

    /// What was spent, as far as it is known by now.
    pub fn spent(&self) -> Spent {
        let model = self.model.found().map(|(model, _)| model);
        self.spending.spent(model.as_deref())
    }

    /// What it has told of its work, by now.
    pub fn story(&self) -> &Story {
        &self.story
    }

    /// All that was said. `exit`: the code with which the agent ended, if it ended by itself.
    pub fn finish(self, exit: Option<i32>) -> Reported {
        let mut remarks = Vec::new();
        if self.broken > 0 {
            let lines = if self.broken == 1 { "1 line of its output is" } else { &format!("{} lines of its output are", self.broken) };
            remarks.push(format!("{lines} no whole JSON and could not be read: text, tokens or cost may be missing"));
        }
        if self.no_object {
            remarks.push("its output is no JSON object and could not be read: text, tokens and cost may be missing".to_owned());
        }
        if self.denied > 0 {
            let calls = if self.denied == 1 { "1 call of a tool was" } else { &format!("{} calls of tools were", self.denied) };
            remarks.push(format!("{calls} refused to the agent"));
        }
        remarks.extend(self.notes.iter().cloned());
        remarks.extend(self.spending.remarks());
        let found = |gathered: &Gathered<'_>| gathered.found().map(|(words, _)| words);
        let error = found(&self.error);
        let ok = self.require.iter().all(|seen| *seen) && !self.refuse.contains(&true);
        let status = found(&self.status).and_then(|status| status.parse().ok());
        let class = self.class(exit, status, error.as_deref().unwrap_or_default()).filter(|_| !ok || error.is_some() || exit != Some(0));
        let told = found(&self.resets).and_then(|told| Resets::of_value(&told));
        let resets = told.or_else(|| Resets::in_words(error.as_deref()?));
        Reported {
            unsure: self.spending.is_unsure(),
            spent: self.spending.settled(found(&self.model).as_deref()),
            answer: (self.records > 0 || class.is_some()).then_some(Answer { ok, error, class, resets }),
            text: self.text.found(),
            session: found(&self.session),
            story: self.story.clone(),
            remarks,
        }
    }

    fn class(&self, exit: Option<i32>, status: Option<u64>, error: &str) -> Option<ErrorClass> {
        let error = error.to_lowercase();
        let fits = self.rules.classes.iter().find(|rule| {
            exit.is_some_and(|code| rule.exit.contains(&code))
                || status.is_some_and(|status| rule.status.contains(&status))
                || rule.error.0.iter().any(|words| error.contains(&words.to_lowercase()))
        });
        fits.map(|rule| rule.class).or_else(|| status.and_then(ErrorClass::of_status))
    }
}

/// The texts at a place of a record, one after another; `None`: there are none.
fn words_at(at: &Pointer, record: &Value) -> Option<String> {
    let words: String = at.find(record).into_iter().filter_map(Value::as_str).collect();
    (!words.is_empty()).then_some(words)
}

/// The JSON object that a text is, or ends with, or else has on lines of its own: programs print warnings before their answer, and notices after it.
pub fn object_in(printed: &str) -> Option<Value> {
    let read = |text: &str| lenient::parse(text.trim()).ok().filter(Value::is_object);
    let first = |text: &str| serde_json::Deserializer::from_str(text).into_iter().next()?.ok().filter(Value::is_object);
    let begins =
        || printed.match_indices('{').map(|(at, _)| at).filter(|at| *at == 0 || printed.as_bytes()[at - 1] == b'\n').take(BEGINNINGS);
    read(printed).or_else(|| begins().find_map(|at| read(&printed[at..]))).or_else(|| begins().find_map(|at| first(&printed[at..])))
}

#[cfg(test)]
mod tests;
