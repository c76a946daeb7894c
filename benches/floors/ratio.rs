//! One line of the table.

use std::fmt;

/// A figure beside its floor.
pub struct Figure {
    /// What was measured.
    pub name: String,
    /// Ours, with its unit.
    pub ours: String,
    /// The floor, with its unit.
    pub floor: String,
    /// Ours over the floor.
    pub ratio: Option<f64>,
    /// What it should be.
    pub target: &'static str,
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ratio = self.ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}"));
        write!(f, "{:<44} {:>12} {:>12} {:>8} {:>8}", self.name, self.ours, self.floor, ratio, self.target)
    }
}

/// The middle one.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// CPU seconds of a process and of what it has waited for, from `/proc/<pid>/stat`.
pub fn cpu_seconds(process: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The name may hold anything: count from the last parenthesis.
    let fields: Vec<f64> =
        stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(4).filter_map(|n| n.parse().ok()).collect();
    // Ticks are hundredths of a second on every Linux that we know.
    fields.iter().sum::<f64>() / 100.0
}
