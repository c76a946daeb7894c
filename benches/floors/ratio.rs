//! One line of the table, and the table.

use std::fmt::Write as _;

use serde_json::json;

/// A figure beside its floor or its peer.
pub struct Row {
    /// What was measured.
    pub figure: String,
    /// Ours, with its unit.
    pub ours: String,
    /// The floor or the peer, with its unit; empty: there is none.
    pub floor: String,
    /// What is judged: the ratio, or the figure itself.
    pub value: Option<f64>,
    /// What it should be; none: it is told for comparison.
    pub target: Option<Target>,
    /// What a reader must know beside it.
    pub note: String,
}

/// What a figure should be.
#[derive(Clone, Copy)]
pub enum Target {
    /// Not more than this.
    AtMost(f64),
    /// Not less than this.
    AtLeast(f64),
}

impl Row {
    /// Ours over the floor, both in the same unit.
    pub fn ratio(figure: impl Into<String>, ours: f64, floor: f64, unit: &str, target: Option<Target>) -> Self {
        let digits = if floor.abs() < 10.0 { 3 } else { 0 };
        Self {
            figure: figure.into(),
            ours: format!("{ours:.digits$} {unit}"),
            floor: format!("{floor:.digits$} {unit}"),
            value: Some(ours / floor),
            target,
            note: String::new(),
        }
    }

    /// A figure that has no floor.
    pub fn plain(figure: impl Into<String>, ours: f64, unit: &str, target: Option<Target>) -> Self {
        let digits = if ours.fract() == 0.0 { 0 } else { 2 };
        Self {
            figure: figure.into(),
            ours: format!("{ours:.digits$} {unit}").trim().to_owned(),
            floor: String::new(),
            value: Some(ours),
            target,
            note: String::new(),
        }
    }

    /// A figure that could not be measured here, and why.
    pub fn absent(figure: impl Into<String>, why: impl Into<String>, target: Option<Target>) -> Self {
        Self { figure: figure.into(), ours: String::new(), floor: String::new(), value: None, target, note: why.into() }
    }

    /// With a remark.
    pub fn noting(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    fn shown_value(&self) -> String {
        self.value.map_or_else(String::new, |value| format!("{value:.2}"))
    }

    fn shown_target(&self) -> String {
        match self.target {
            Some(Target::AtMost(most)) => format!("<= {most}"),
            Some(Target::AtLeast(least)) => format!(">= {least}"),
            None => String::new(),
        }
    }

    /// `holds`, `falls short`, `not measured`, or nothing where nothing is promised.
    pub fn verdict(&self) -> &'static str {
        match (self.value, self.target) {
            (None, _) => "not measured",
            (Some(_), None) => "",
            (Some(value), Some(Target::AtMost(most))) if value <= most => "holds",
            (Some(value), Some(Target::AtLeast(least))) if value >= least => "holds",
            (Some(_), Some(_)) => "falls short",
        }
    }

    fn cells(&self) -> [String; 7] {
        let verdict = self.verdict().to_owned();
        [self.figure.clone(), self.ours.clone(), self.floor.clone(), self.shown_value(), self.shown_target(), verdict, self.note.clone()]
    }
}

const HEADS: [&str; 7] = ["figure", "ours", "floor or peer", "value", "target", "verdict", "remark"];

/// The table for a terminal.
pub fn plain(rows: &[Row]) -> String {
    let lines: Vec<[String; 7]> = std::iter::once(HEADS.map(str::to_owned)).chain(rows.iter().map(Row::cells)).collect();
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..7).map(width).collect();
    let mut table = String::new();
    for line in &lines {
        for (cell, width) in line.iter().zip(&widths).take(6) {
            let _infallible = write!(table, "{cell:<width$}  ");
        }
        table.push_str(line[6].trim_end());
        table.truncate(table.trim_end().len());
        table.push('\n');
    }
    table
}

/// The table for docs/performance.md.
pub fn markdown(rows: &[Row]) -> String {
    let mut table = format!("| {} |\n|{}\n", HEADS.join(" | "), "---|".repeat(HEADS.len()));
    for row in rows {
        let _infallible = writeln!(table, "| {} |", row.cells().join(" | "));
    }
    table
}

/// The table for programs.
pub fn as_json(rows: &[Row]) -> String {
    let row = |row: &Row| {
        json!({
            "figure": row.figure, "ours": row.ours, "floor": row.floor, "value": row.value,
            "target": row.shown_target(), "verdict": row.verdict(), "note": row.note,
        })
    };
    format!("{:#}\n", serde_json::Value::Array(rows.iter().map(row).collect()))
}

/// The middle one.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
