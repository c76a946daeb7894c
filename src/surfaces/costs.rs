//! From the queue's sums to what is shown of costs, at every door.

use orchestrator_core::{
    domain::money::Spending,
    queue::board::spending::Spent,
    wording::{
        costs::{CostLine, CostsView},
        fit, harmless,
    },
};

/// How much of a task's text is shown.
const EXCERPT: usize = 80;

pub(super) fn view(spent: &Spent) -> CostsView {
    let line = |key: &str, name: &str, spending: &Spending| CostLine::new(key, name, spending);
    CostsView {
        by: spent.by,
        from: spent.period.from,
        to: spent.period.to,
        total: line("", "", &spent.total),
        parts: spent.parts.iter().map(|part| line(&part.key, &excerpt(&part.name), &part.spending)).collect(),
        left_out: spent.others.map_or(0, |(left_out, _)| left_out),
        others: spent.others.map(|(_, spending)| line("", "", &spending)),
    }
}

fn excerpt(text: &str) -> String {
    fit::cut(&harmless::one_line(text), EXCERPT).into_owned()
}
