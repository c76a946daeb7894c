//! Reads a message: what its agent is told, and how it wishes to be run.
//!
//! A tag is `[name:value]` with one of the names below, on one line; it may stand anywhere. The first of a kind counts, of checks each; all are removed. With a
//! tag goes one blank (space or tab), where otherwise two would meet or one would be left at an end of its line; nothing else of the text is
//! touched, no line break, no blank that parts two words.

use std::{collections::BTreeMap, time::Duration};

use super::checks;
use crate::{
    domain::{
        agent::{AgentName, OwnModels},
        check::{self, Offers},
        id::TaskId,
        isolation::Closer,
        model::{Catalogue, ModelId},
        money::Usd,
        quota::Usual,
        task::{Priority, Wishes, parse_duration},
    },
    wording::refusals::Refusal,
};

/// What a message's wishes are judged by, and what it gets where it wishes nothing.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    /// The models that are known, and the default thinking.
    pub catalogue: &'a Catalogue,
    /// The agents that are known.
    pub agents: &'a [AgentName],
    /// Those that know models of their own.
    pub own_models: &'a BTreeMap<AgentName, OwnModels>,
    /// The agent of a task that names none.
    pub default_agent: &'a AgentName,
    /// The operator's `TIMEOUT`; none: the thinking level decides.
    pub time_limit: Option<Duration>,
    /// `MAX_TIMEOUT`: the longest that a tag may ask for.
    pub max_time_limit: Duration,
    /// The highest priority that this actor may ask for.
    pub max_priority: Priority,
    /// What a task may cost that names no ceiling; none: as much as it does.
    pub budget: Option<Usd>,
    /// The highest ceiling that a tag may ask for; none: any.
    pub max_budget: Option<Usd>,
    /// How many counted attempts a task from this door may have.
    pub attempts: u32,
    /// The checks that tasks of each agent may name, and have.
    pub checks: &'a Offers,
    /// Whether this actor may bring along a command as a check.
    pub free_checks: &'a Result<(), Refusal>,
}

/// A message that was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// What the agent is told.
    pub prompt: String,
    /// How it is to be run, defaults filled in.
    pub wishes: Wishes,
}

/// Wishes as they were written: in tags, in a command's options, on a command line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// An alias or full id.
    pub model: Option<String>,
    /// `off`, `low`, `medium`, `high`.
    pub thinking: Option<String>,
    /// An agent definition's name.
    pub agent: Option<String>,
    /// A duration.
    pub timeout: Option<String>,
    /// A number or word.
    pub priority: Option<String>,
    /// Dollars.
    pub budget: Option<String>,
    /// Names of checks, or commands after `!`.
    pub checks: Vec<String>,
    /// `workspace`, `offline`, `closed`.
    pub isolation: Vec<String>,
}

impl Asked {
    /// Takes a tag: the first of a kind counts, and each of those that do not speak against each other: checks and isolations.
    fn take(&mut self, kind: Kind, value: &str) {
        let place = match kind {
            Kind::Model => &mut self.model,
            Kind::Thinking => &mut self.thinking,
            Kind::Agent => &mut self.agent,
            Kind::Timeout => &mut self.timeout,
            Kind::Priority => &mut self.priority,
            Kind::Budget => &mut self.budget,
            Kind::Isolation => return self.isolation.push(value.to_owned()),
            Kind::Check => return self.checks.push(value.to_owned()),
        };
        place.get_or_insert_with(|| value.to_owned());
    }
}

/// Reads a message.
///
/// # Errors
///
/// Everything that is wrong with it, at least one refusal.
pub fn parse(text: &str, rules: &Rules<'_>) -> Result<Parsed, Vec<Refusal>> {
    parse_with(text, Asked::default(), rules)
}

/// Reads a text whose wishes may also have been given beside it; those count before its tags.
///
/// # Errors
///
/// Everything that is wrong with it, at least one refusal.
pub fn parse_with(text: &str, beside: Asked, rules: &Rules<'_>) -> Result<Parsed, Vec<Refusal>> {
    let mut asked = beside;
    let prompt = without_tags(after_header(text).map_or(text, |(_, rest)| rest), &mut asked);
    let mut refusals = Vec::new();
    if !prompt.chars().any(is_visible) {
        refusals.push(Refusal::Empty);
    }
    if prompt.contains('\0') {
        refusals.push(Refusal::Nul);
    }
    if let Some(given) = command_with_brackets(&prompt) {
        refusals.push(Refusal::BadCheckCommand { given });
    }
    match wishes(&asked, rules) {
        Ok(wishes) if refusals.is_empty() => Ok(Parsed { prompt, wishes }),
        Ok(_) => Err(refusals),
        Err(more) => {
            refusals.extend(more);
            Err(refusals)
        }
    }
}

/// The model of a task that names none, with what it is shown as; `own`: those that its agent knows by itself.
pub fn usual_model(catalogue: &Catalogue, own: Option<&OwnModels>) -> Usual {
    match own {
        Some(own) => own.default.clone().map(ModelId).map(|id| (id.clone(), own.shown(&id))),
        None => catalogue.default_model().map(|id| (id.clone(), catalogue.shown(id))),
    }
}

/// Checks as one option of a command lists them: names with commas between them, or one command after `!`.
pub fn listed_checks(given: &str) -> Vec<String> {
    let parts: Vec<&str> = if given.trim_start().starts_with('!') { vec![given] } else { given.split(',').collect() };
    parts.into_iter().map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}

/// The task id in the header `**[Task: <id>]**` that a text begins with: our own `submit` puts it there.
pub fn header_of(text: &str) -> Option<TaskId> {
    after_header(text).map(|(id, _)| id)
}

/// Checks wishes and fills in what is not wished.
///
/// # Errors
///
/// Each wish that can't be granted.
pub fn wishes(asked: &Asked, rules: &Rules<'_>) -> Result<Wishes, Vec<Refusal>> {
    let mut refusals = Vec::new();
    let mut granted = |result: Result<(), Refusal>| refusals.extend(result.err());

    let mut thinking = rules.catalogue.thinking;
    granted(asked.thinking.as_deref().map_or(Ok(()), |given| {
        thinking = given.parse().map_err(|_| Refusal::BadThinking { given: given.to_owned() })?;
        Ok(())
    }));

    let mut agent = rules.default_agent.clone();
    granted(asked.agent.as_deref().map_or(Ok(()), |given| {
        let name = given.to_ascii_lowercase();
        let found = rules.agents.iter().find(|known| known.as_str() == name).cloned();
        agent = found.ok_or_else(|| Refusal::UnknownAgent { given: given.to_owned(), known: rules.agents.to_vec() })?;
        Ok(())
    }));

    let own = rules.own_models.get(&agent);
    let mut model = usual_model(rules.catalogue, own).map(|(id, _)| id);
    granted(asked.model.as_deref().map_or(Ok(()), |given| {
        let resolve = |given: &str| own.map_or_else(|| rules.catalogue.resolve(given), |own| own.resolve(given));
        // Aliases are small letters as a rule; a phone writes the first one large.
        let found = resolve(given).or_else(|unknown| resolve(&given.to_lowercase()).map_err(|_| unknown));
        model = Some(found.map_err(|unknown| Refusal::UnknownModel { given: given.to_owned(), known: unknown.known })?);
        Ok(())
    }));

    let mut time_limit = None;
    granted(asked.timeout.as_deref().map_or(Ok(()), |given| {
        let wished = parse_duration(given).map_err(|_| Refusal::BadTimeout { given: given.to_owned() })?;
        if wished > rules.max_time_limit {
            return Err(Refusal::TimeoutTooLong { given: wished, most: rules.max_time_limit });
        }
        time_limit = Some(wished);
        Ok(())
    }));

    let mut priority = Priority::DEFAULT.min(rules.max_priority);
    granted(asked.priority.as_deref().map_or(Ok(()), |given| {
        let wished: Priority = given.parse().map_err(|_| Refusal::BadPriority { given: given.to_owned() })?;
        if wished > rules.max_priority {
            return Err(Refusal::PriorityTooHigh { given: wished, most: rules.max_priority });
        }
        priority = wished;
        Ok(())
    }));

    let mut budget = rules.budget;
    granted(asked.budget.as_deref().map_or(Ok(()), |given| {
        let wished = given.parse().ok().filter(|wished| *wished > Usd::ZERO);
        let wished = wished.ok_or_else(|| Refusal::BadBudget { given: given.to_owned() })?;
        if let Some(most) = rules.max_budget.filter(|most| wished > *most) {
            return Err(Refusal::BudgetTooHigh { given: wished, most });
        }
        budget = Some(wished);
        Ok(())
    }));

    let mut closer: Option<Closer> = None;
    for given in &asked.isolation {
        let found = Closer::ALL.into_iter().find(|known| known.word().eq_ignore_ascii_case(given));
        granted(found.ok_or_else(|| Refusal::BadIsolation { given: given.clone() }).map(|found| {
            closer = Some(closer.map_or(found, |before| before.and(found)));
        }));
    }

    // Of an agent that is unknown nobody knows the checks.
    let checks = match checks::wished(&asked.checks, &agent, rules.checks.get(&agent), rules.free_checks) {
        Ok(checks) => checks,
        Err(_) if refusals.iter().any(|refusal| matches!(refusal, Refusal::UnknownAgent { .. })) => Vec::new(),
        Err(more) => {
            refusals.extend(more);
            Vec::new()
        }
    };

    if !refusals.is_empty() {
        return Err(refusals);
    }
    Ok(Wishes {
        agent,
        model_shown: model.as_ref().map(|id| own.map_or_else(|| rules.catalogue.shown(id), |own| own.shown(id))),
        model,
        thinking,
        time_limit: time_limit.or(rules.time_limit).unwrap_or_else(|| thinking.time_limit()),
        priority,
        budget,
        attempts: rules.attempts,
        checks,
        closer,
    })
}

#[derive(Clone, Copy)]
enum Kind {
    Model,
    Thinking,
    Agent,
    Timeout,
    Priority,
    Budget,
    Isolation,
    Check,
}

impl Kind {
    fn named(name: &str) -> Option<Self> {
        const NAMES: [(&str, Kind); 9] = [
            ("model", Kind::Model),
            ("thinking", Kind::Thinking),
            ("agent", Kind::Agent),
            ("worker", Kind::Agent),
            ("timeout", Kind::Timeout),
            ("priority", Kind::Priority),
            ("budget", Kind::Budget),
            ("isolation", Kind::Isolation),
            (check::TAG, Kind::Check),
        ];
        NAMES.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, kind)| kind)
    }
}

/// The header's id and what follows it, less the one blank or line break that parts them.
fn after_header(text: &str) -> Option<(TaskId, &str)> {
    let (id, rest) = text.strip_prefix("**[Task: ")?.split_once("]**")?;
    let id = id.parse().ok()?;
    Some((id, rest.strip_prefix([' ', '\t', '\n']).unwrap_or(rest)))
}

/// The text without its tags, whose values go to `asked` where nothing stands yet.
fn without_tags(text: &str, asked: &mut Asked) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('[') {
        kept.push_str(&rest[..at]);
        rest = &rest[at..];
        let Some((kind, value, after)) = tag(rest) else {
            kept.push('[');
            rest = &rest[1..];
            continue;
        };
        asked.take(kind, value);
        rest = after;
        let blank_after = rest.starts_with(is_blank);
        if kept.ends_with(is_blank) && (blank_after || rest.is_empty() || rest.starts_with(['\n', '\r'])) {
            kept.pop();
        } else if blank_after && (kept.is_empty() || kept.ends_with('\n')) {
            rest = &rest[1..];
        }
    }
    kept.push_str(rest);
    kept
}

/// The tag that a text begins with: its kind, its value, and what follows it.
fn tag(text: &str) -> Option<(Kind, &str, &str)> {
    let inside = text.strip_prefix('[')?;
    let end = inside.find(['[', ']', '\n'])?;
    let after = inside[end..].strip_prefix(']')?;
    let (name, value) = inside[..end].split_once(':')?;
    Some((Kind::named(name.trim_matches(is_blank))?, value.trim(), after))
}

/// A command that was to be a check, and is no tag because of its brackets: a task must not run as if it had asked for none.
fn command_with_brackets(prompt: &str) -> Option<String> {
    Some(check::command_in(prompt)?.lines().next()?.trim().to_owned())
}

fn is_blank(c: char) -> bool {
    c == ' ' || c == '\t'
}

/// Whether a character shows anything. Source for the invisible ones: Unicode 16, `Default_Ignorable_Code_Point`, and the fillers that draw nothing.
fn is_visible(c: char) -> bool {
    let ignorable = matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}');
    !(ignorable || c.is_whitespace() || c.is_control())
}

#[cfg(test)]
mod tests;
