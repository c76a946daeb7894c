//! What a round has come to, for people and for machines.

use std::{fmt::Write as _, time::Duration};

use serde_json::json;

use crate::{
    judge::Violation,
    play::{Counts, Played},
};

/// The sum of many histories.
#[derive(Debug, Default)]
pub struct Report {
    pub(crate) histories: u64,
    pub(crate) counts: Counts,
    /// By seed.
    pub(crate) violations: Vec<(u64, Violation)>,
    /// Seeds whose worlds broke a law.
    pub(crate) failed: Vec<u64>,
    pub(crate) took: Duration,
}

impl Report {
    pub(crate) fn add(&mut self, seed: u64, played: Played) {
        self.histories += 1;
        for (name, number) in played.counts {
            *self.counts.entry(name).or_default() += number;
        }
        if !played.violations.is_empty() {
            self.failed.push(seed);
        }
        self.violations.extend(played.violations.into_iter().map(|violation| (seed, violation)));
    }

    /// How many histories were played.
    pub fn histories(&self) -> u64 {
        self.histories
    }

    /// How often a law was broken.
    pub fn violations(&self) -> usize {
        self.violations.len()
    }

    /// How often something happened, by the name under which the text shows it.
    pub fn count(&self, name: &str) -> u64 {
        self.counts.get(name).copied().unwrap_or(0)
    }

    /// The report as lines: what happened, how often, and last the number of violations.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for (name, number) in &self.counts {
            let _ = writeln!(text, "{number:>9}  {name}");
        }
        for (seed, violation) in &self.violations {
            let _ = writeln!(text, "seed {seed}: {}: {}", violation.law, violation.what);
        }
        if !self.failed.is_empty() {
            let seeds: Vec<String> = self.failed.iter().map(ToString::to_string).collect();
            let _ = writeln!(text, "failed seeds: {}", seeds.join(" "));
        }
        let seconds = self.took.as_secs_f64();
        let per_minute = if seconds > 0.0 { 60.0 * count(self.histories) / seconds } else { 0.0 };
        let _ = writeln!(text, "histories: {} in {seconds:.0} s ({per_minute:.0} per minute)", self.histories);
        let kills: u64 = self.counts.iter().filter(|(name, _)| name.starts_with("kills")).map(|(_, number)| number).sum();
        let _ = writeln!(text, "tasks: {} · runs: {} · kills: {kills}", self.count("tasks"), self.count("runs"));
        let _ = writeln!(text, "violations: {}", self.violations.len());
        text
    }

    /// The same for machines.
    pub fn to_json(&self) -> serde_json::Value {
        let violations: Vec<_> =
            self.violations.iter().map(|(seed, violation)| json!({"seed": seed, "law": violation.law, "what": violation.what})).collect();
        json!({
            "histories": self.histories,
            "seconds": self.took.as_secs_f64(),
            "counts": self.counts,
            "failed_seeds": self.failed,
            "violations": violations,
        })
    }
}

/// Prints on standard output; a reader who has gone is no failure.
pub(crate) fn print(text: &str) {
    use std::io::Write as _;
    let _reader_has_gone = std::io::stdout().write_all(text.as_bytes());
}

/// A number of things, for arithmetic that needs no exactness.
#[expect(clippy::cast_precision_loss, reason = "figures for people")]
pub(crate) fn count(number: u64) -> f64 {
    number as f64
}
