//! What was spent: the ledger of a period, parted by whatever somebody asks.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::super::{Queue, QueueError};
use crate::{
    domain::{
        money::{CostFrom, Spending, Usd},
        period::{Dimension, Period},
    },
    ports::rows::LedgerRow,
};

/// What is asked of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Of which days.
    pub period: Period,
    /// By what it is parted.
    pub by: Dimension,
    /// Only of this lane; `None`: of everybody.
    pub lane: Option<String>,
    /// At most so many parts; the rest is summed up.
    pub most: usize,
}

/// What was spent in a period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spent {
    /// The period.
    pub period: Period,
    /// By what it is parted.
    pub by: Dimension,
    /// All of it.
    pub total: Spending,
    /// Its parts: days in their order, everything else the dearest first.
    pub parts: Vec<Part>,
    /// How many parts are left out (of days the earlier ones), and what they come to.
    pub others: Option<(u64, Spending)>,
}

/// One part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// A day, a lane, an agent, a model, a channel's id, a task's id, an instance; empty: none was noted.
    pub key: String,
    /// What a person is called, or the beginning of what a task is about; for everything else the key.
    pub name: String,
    /// What it comes to.
    pub spending: Spending,
}

impl Queue {
    /// The day that it is, UTC: what periods are counted from.
    pub fn today(&self) -> NaiveDate {
        self.now().date_naive()
    }

    /// What was spent.
    ///
    /// # Errors
    ///
    /// [`QueueError::Store`].
    pub async fn spent(&self, asked: Asked) -> Result<Spent, QueueError> {
        self.read(move |look| {
            let mut sums = Sums::new(asked.by);
            look.each_ledger_line(asked.lane.as_deref(), asked.period.from, asked.period.to, &mut |line| sums.add(&line))?;
            let mut spent = sums.spent(asked.period, asked.most);
            if asked.by == Dimension::Task {
                for part in &mut spent.parts {
                    let Ok(id) = part.key.parse() else { continue };
                    if let Some(row) = look.task(&id)? {
                        part.name = row.task.prompt;
                    }
                }
            }
            Ok(spent)
        })
        .await
    }
}

/// Adds up ledger lines.
#[derive(Clone, Debug)]
pub struct Sums {
    by: Dimension,
    total: Spending,
    parts: BTreeMap<String, (String, Spending)>,
}

impl Sums {
    /// Nothing yet.
    pub fn new(by: Dimension) -> Self {
        Self { by, total: Spending::default(), parts: BTreeMap::new() }
    }

    /// One line more. Of a person's several names the last one counts.
    pub fn add(&mut self, line: &LedgerRow) {
        let one = Spending {
            cost: line.cost.unwrap_or(Usd::ZERO),
            usage: line.usage.unwrap_or_default(),
            attempts: 1,
            unknown: u64::from(line.cost.is_none()),
            by_agents: u64::from(line.cost_from == Some(CostFrom::Agent)),
        };
        self.total += one;
        let (key, name) = match self.by {
            Dimension::User => (line.lane.clone(), Some(line.requester.clone())),
            Dimension::Agent => (line.agent.to_string(), None),
            Dimension::Model => (line.model.clone().unwrap_or_default(), None),
            Dimension::Channel => (line.channel.map(|channel| channel.to_string()).unwrap_or_default(), None),
            Dimension::Day => (line.day.to_string(), None),
            Dimension::Task => (line.task.to_string(), None),
            Dimension::Instance => (line.instance.to_string(), None),
        };
        let part = self.parts.entry(key).or_default();
        if let Some(name) = name.filter(|name| !name.is_empty()) {
            part.0 = name;
        }
        part.1 += one;
    }

    /// The sums, in at most so many parts.
    pub fn spent(self, period: Period, most: usize) -> Spent {
        let by = self.by;
        let named = |key: &String, name: String| if name.is_empty() { key.clone() } else { name };
        let parts = self.parts.into_iter().map(|(key, (name, spending))| Part { name: named(&key, name), key, spending });
        let mut parts: Vec<Part> = parts.collect();
        if by == Dimension::Day {
            // The latest are kept.
            parts.reverse();
        } else {
            parts.sort_by(|one, other| {
                let (a, b) = (&one.spending, &other.spending);
                (b.cost, b.attempts).cmp(&(a.cost, a.attempts)).then_with(|| one.key.cmp(&other.key))
            });
        }
        let left_out = parts.split_off(most.min(parts.len()));
        if by == Dimension::Day {
            parts.reverse();
        }
        let others = (!left_out.is_empty()).then(|| (left_out.len() as u64, left_out.iter().map(|part| part.spending).sum()));
        Spent { period, by, total: self.total, parts, others }
    }
}
