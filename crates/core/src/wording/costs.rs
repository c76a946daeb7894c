//! What was spent, as it is shown: to programs as figures and CSV, in a terminal with bars, in Discord beside a drawn chart.

use std::fmt::Write as _;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{
    figures,
    harmless::{code, one_line, plain},
    tables::{cut_to, width},
};
use crate::domain::{
    money::{Spending, Usage, Usd},
    outbound::{Embed, Post},
    period::{Dimension, Period},
};

/// What was spent in a period, parted by something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CostsView {
    /// By what it is parted.
    pub by: Dimension,
    /// The first day, UTC.
    pub from: NaiveDate,
    /// The last day, included.
    pub to: NaiveDate,
    /// All of it; `key` and `name` are empty.
    pub total: CostLine,
    /// Its parts: days in their order, everything else the dearest first.
    pub parts: Vec<CostLine>,
    /// How many parts more there are.
    pub left_out: u64,
    /// What those come to.
    pub others: Option<CostLine>,
}

/// One part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CostLine {
    /// A day, `user:<id>` or `operator`, an agent, a model, a channel's id, a task's id, an instance; empty: none was noted.
    pub key: String,
    /// What a person is called, or the beginning of a task's text; for everything else the key.
    pub name: String,
    /// What is known of its cost, shown; `N/A` where nothing is.
    pub cost: String,
    /// The same in billionths of a dollar.
    pub cost_nanos: i64,
    /// The tokens that are known.
    pub tokens: Usage,
    /// How many attempts.
    pub attempts: u64,
    /// How many of them have a cost that nobody knows.
    pub unknown: u64,
    /// How many of them count with the agent's own figure, not with ours.
    pub by_agents: u64,
}

impl CostLine {
    /// A line of what was spent.
    pub fn new(key: impl Into<String>, name: impl Into<String>, spending: &Spending) -> Self {
        let nothing_known = spending.attempts > 0 && spending.unknown == spending.attempts;
        Self {
            key: key.into(),
            name: name.into(),
            cost: figures::cost((!nothing_known).then_some(spending.cost)),
            cost_nanos: spending.cost.nanos(),
            tokens: spending.usage,
            attempts: spending.attempts,
            unknown: spending.unknown,
            by_agents: spending.by_agents,
        }
    }

    /// What it is called where there is room for so many places.
    pub fn label(&self, by: Dimension, places: usize) -> String {
        let name = one_line(&self.name);
        let label = match (by, self.key.as_str()) {
            (Dimension::Model, "") => "unknown model".to_owned(),
            (Dimension::Channel, "") => "no channel".to_owned(),
            (_, "") => "unknown".to_owned(),
            (Dimension::Task, key) if name != self.key => format!("{key} {name}"),
            _ => name,
        };
        cut_to(&label, places)
    }
}

impl CostsView {
    /// Its days.
    pub fn period(&self) -> Period {
        Period { from: self.from, to: self.to }
    }

    /// What stands above all of it: `Costs by user, 2026-02-01 to 2026-03-02`.
    pub fn title(&self) -> String {
        format!("Costs by {}, {}", self.by, self.period())
    }

    /// The sum in one line, with what is not in it.
    pub fn sum(&self) -> String {
        let (total, attempts) = (&self.total, |number| figures::counted(number, "attempt", "attempts"));
        let mut said = format!("{} for {} · tokens {}", total.cost, attempts(total.attempts), figures::tokens(Some(&total.tokens)));
        if total.unknown > 0 {
            let _ = write!(said, " · without {} of unknown cost", attempts(total.unknown));
        }
        if total.by_agents > 0 {
            let _ = write!(said, " · {} by the agent's own figure", attempts(total.by_agents));
        }
        said
    }

    fn rest(&self) -> Option<CostLine> {
        let mut rest = self.others.clone()?;
        rest.name = match self.by {
            Dimension::Day => figures::counted(self.left_out, "earlier day", "earlier days"),
            _ => format!("{} more", figures::thousands(self.left_out)),
        };
        rest.key.clone_from(&rest.name);
        Some(rest)
    }
}

/// The least and the most places of a bar.
const BAR: (usize, usize) = (8, 60);
/// The most places of a name.
const NAME: usize = 44;
/// A block's part of a place, in eighths.
const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
/// Begins and ends what is coloured in a terminal.
const COLOUR: (&str, &str) = ("\u{1b}[36m", "\u{1b}[0m");

/// The costs for a terminal that is so many places wide, each part with a bar.
pub fn table(view: &CostsView, places: usize, coloured: bool) -> String {
    let mut shown = format!("{} (UTC)\n", view.title());
    if view.parts.is_empty() {
        shown.push_str("Nothing was run.\n");
        return shown;
    }
    let lines: Vec<CostLine> = view.parts.iter().cloned().chain(view.rest()).collect();
    let has_gaps = lines.iter().any(|line| line.unknown > 0);
    let costs: Vec<String> = lines.iter().map(|line| line.cost.clone()).collect();
    let runs: Vec<String> = lines.iter().map(|line| figures::thousands(line.attempts)).collect();
    let gaps: Vec<String> = lines.iter().map(|line| figures::thousands(line.unknown)).collect();
    let wide = |head: &str, cells: &[String]| cells.iter().map(|cell| width(cell)).chain([head.len()]).max().unwrap_or(0);
    let (cost, run, gap) = (wide("COST", &costs), wide("ATTEMPTS", &runs), if has_gaps { wide("UNKNOWN", &gaps) + 2 } else { 0 });
    // The name gives way before the bar does.
    let free = places.saturating_sub(cost + run + gap + 6);
    let most = NAME.min(free.saturating_sub(BAR.0)).max(10);
    let names: Vec<String> = lines.iter().map(|line| line.label(view.by, most)).collect();
    let head = view.by.word().to_uppercase();
    let name = wide(&head, &names);
    let bar = free.saturating_sub(name).clamp(BAR.0, BAR.1);
    // The rest has no bar: beside all of it the parts would be nothing.
    let dearest = view.parts.iter().map(|line| line.cost_nanos).max().unwrap_or(0);

    let unknown = |cell: &str| if has_gaps { format!("  {cell:>wide$}", wide = gap - 2) } else { String::new() };
    let _ = writeln!(
        shown,
        "\n{head}{}  {:>cost$}  {:bar$}  {:>run$}{}",
        " ".repeat(name - width(&head)),
        "COST",
        "",
        "ATTEMPTS",
        unknown("UNKNOWN")
    );
    for (nth, line) in lines.iter().enumerate() {
        let blocks = if nth < view.parts.len() { blocks(line.cost_nanos, dearest, bar) } else { String::new() };
        let space = " ".repeat(bar - width(&blocks));
        let blocks = if coloured && !blocks.is_empty() { format!("{}{blocks}{}", COLOUR.0, COLOUR.1) } else { blocks };
        let padding = " ".repeat(name - width(&names[nth]));
        let _ =
            writeln!(shown, "{}{padding}  {:>cost$}  {blocks}{space}  {:>run$}{}", names[nth], costs[nth], runs[nth], unknown(&gaps[nth]));
    }
    let _ = writeln!(shown, "\nAll: {}", view.sum());
    shown
}

/// A bar of blocks: its share of `places`; whatever is more than nothing is seen.
fn blocks(amount: i64, dearest: i64, places: usize) -> String {
    if amount <= 0 || dearest <= 0 {
        return String::new();
    }
    let eighths = u128::from(amount.unsigned_abs()) * (places as u128) * 8 / u128::from(dearest.unsigned_abs());
    let eighths = usize::try_from(eighths).unwrap_or(0).clamp(1, places * 8);
    format!("{}{}", "█".repeat(eighths / 8), EIGHTHS[eighths % 8])
}

/// The costs as CSV (RFC 4180), a line for each part, with its head; amounts in dollars. What has no room is a line called `others`.
pub fn csv(view: &CostsView) -> String {
    let mut shown = format!("{},name,cost_usd,attempts,unknown,agents_own_figure,input,output,cache_read,cache_write\r\n", view.by);
    let others = view.others.clone().map(|others| CostLine { key: "others".to_owned(), name: String::new(), ..others });
    for line in view.parts.iter().chain(&others) {
        let dollars = Usd::from_nanos(line.cost_nanos).to_string().replace('$', "");
        let Usage { input, output, cache_read, cache_write } = line.tokens;
        let _ = write!(
            shown,
            "{},{},{dollars},{},{},{},{input},{output},{cache_read},{cache_write}\r\n",
            cell(&line.key),
            cell(&line.name),
            line.attempts,
            line.unknown,
            line.by_agents,
        );
    }
    shown
}

/// One cell: quoted where it must be, and never a formula to whoever opens it in a spreadsheet.
fn cell(text: &str) -> String {
    let text = one_line(text);
    let text = if text.starts_with(['=', '+', '-', '@']) { format!("'{text}") } else { text };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

/// Lines in Discord: the chart shows the rest.
const LINES: usize = 10;
/// The bar's colour.
const CALM: u32 = 0x58_65f2;

/// `/cost`: the sum and the dearest, beside a chart. `own`: only the asker's costs are in it.
pub fn post(view: &CostsView, own: bool) -> Post {
    let whose = if own { "Your costs" } else { "Costs" };
    let mut lines = vec![format!("**{whose} by {}, {}** (UTC)", view.by, view.period())];
    if view.parts.is_empty() {
        lines.push("Nothing was run.".to_owned());
    } else {
        lines.push(view.sum());
        // Of days the latest, of everything else the dearest.
        let skipped = if view.by == Dimension::Day { view.parts.len().saturating_sub(LINES) } else { 0 };
        for line in view.parts.iter().skip(skipped).take(LINES) {
            let runs = figures::counted(line.attempts, "attempt", "attempts");
            lines.push(format!("{} · **{}** · {runs}", mention(view.by, line), line.cost));
        }
        let unsaid = view.left_out + (view.parts.len() as u64).saturating_sub(LINES as u64);
        if unsaid > 0 {
            lines.push(format!("-# and {} more; `orchestrator cost --by {}` has them all", figures::thousands(unsaid), view.by));
        }
    }
    Post { embeds: vec![Embed { description: lines.join("\n"), colour: CALM }], ..Post::default() }
}

/// A part as Discord shows it best.
fn mention(by: Dimension, line: &CostLine) -> String {
    match (by, line.key.strip_prefix("user:")) {
        (Dimension::User, Some(user)) => format!("<@{user}>"),
        (Dimension::User, None) => plain(&line.label(by, 40), 60),
        (Dimension::Channel, _) if !line.key.is_empty() => format!("<#{}>", line.key),
        (Dimension::Task, _) => {
            let text = one_line(&line.name);
            if text == line.key { format!("`{}`", line.key) } else { format!("`{}` {}", line.key, code(&text, 50)) }
        }
        _ => code(&line.label(by, 60), 60),
    }
}

#[cfg(test)]
mod tests;
