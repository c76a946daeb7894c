//! What counts against a ceiling of the day, and who is told when most of it is spent.

use chrono::{DateTime, NaiveDate, Utc};

use super::super::{Rules, spent_fact, write_letter};
use crate::{
    domain::{
        ceiling::{NEARLY, Scope},
        money::Usd,
        outbound::Letter,
        task::Task,
    },
    ports::rows::{Look, Rows, RowsError},
};

/// Counts what an attempt has cost: by day, by the ceilings that count its task, and as what its agent costs as a rule.
pub(in crate::queue) fn count(rows: &mut dyn Rows, rules: &Rules, task: &Task, cost: Usd, now: DateTime<Utc>) -> Result<(), RowsError> {
    let before = number(rows, &spent_fact(now))?;
    rows.put_fact(&spent_fact(now), &before.saturating_add(cost.nanos()).to_string())?;
    for (scope, ceiling) in rules.ceilings.of(task) {
        // All of them together are counted anyway.
        let before = if scope == Scope::Day { before } else { spent(rows, &scope, now)? };
        let after = before.saturating_add(cost.nanos());
        if scope != Scope::Day {
            put_spent(rows, &scope, now.date_naive(), after)?;
        }
        tell(rows, rules, &scope, (before, after), ceiling, now)?;
    }
    if !rules.ceilings.is_none() {
        let fact = usual_fact(task);
        let usual = rows.fact(&fact)?.and_then(|nanos| nanos.parse::<i64>().ok());
        let usual = usual.map_or(cost.nanos(), |usual| usual.saturating_mul(3).saturating_add(cost.nanos()) / 4);
        rows.put_fact(&fact, &usual.to_string())?;
    }
    Ok(())
}

/// Tells the operator, once each, that most of what a day's ceiling allows is spent, and that all of it is.
fn tell(
    rows: &mut dyn Rows,
    rules: &Rules,
    scope: &Scope,
    (before, after): (i64, i64),
    ceiling: Usd,
    now: DateTime<Utc>,
) -> Result<(), RowsError> {
    let reaches = |spent: i64, percent: i64| i128::from(spent) * 100 >= i128::from(ceiling.nanos()) * i128::from(percent);
    let crossed = |percent| !reaches(before, percent) && reaches(after, percent);
    let whose = match scope {
        // A task's own budget is told on its card.
        Scope::Task(_) => return Ok(()),
        Scope::User(user) => format!("tasks of <@{user}>"),
        Scope::Agent(agent) => format!("tasks of agent `{agent}`"),
        Scope::Channel(channel) => format!("tasks in <#{channel}>"),
        Scope::Day => "all tasks".to_owned(),
    };
    let spent = Usd::from_nanos(after);
    let text = match scope {
        Scope::Day if crossed(100) => format!(
            "⛔ **Nothing more is started today (UTC).** The day has cost {spent}, and `daily_budget_usd` is {ceiling}. Running agents go on; waiting tasks \
             start after midnight UTC, or at once when the ceiling is raised."
        ),
        _ if crossed(100) => format!(
            "⛔ **What {whose} may cost today (UTC) is spent**: {spent} of {ceiling}. Those that wait start after midnight UTC, or when the ceiling \
             (`budgets`) is raised."
        ),
        _ if crossed(NEARLY) => format!("⚠️ **{NEARLY} % of what {whose} may cost today (UTC) is spent**: {spent} of {ceiling}."),
        _ => return Ok(()),
    };
    write_letter(rows, now, rules.routes.operator, None, Letter::Operator { text })?;
    Ok(())
}

/// What counts against a scope of the day so far.
pub(super) fn spent(look: &(impl Look + ?Sized), scope: &Scope, now: DateTime<Utc>) -> Result<i64, RowsError> {
    if *scope == Scope::Day {
        return number(look, &spent_fact(now));
    }
    // "2026-11-21 1215000": yesterday's counts no more, and leaves nothing behind.
    let told = look.fact(&scope_fact(scope))?.unwrap_or_default();
    let today = told.split_once(' ').filter(|(day, _)| *day == now.date_naive().to_string());
    Ok(today.and_then(|(_, nanos)| nanos.parse().ok()).unwrap_or(0))
}

pub(super) fn put_spent(rows: &mut dyn Rows, scope: &Scope, day: NaiveDate, nanos: i64) -> Result<(), RowsError> {
    rows.put_fact(&scope_fact(scope), &format!("{day} {nanos}"))
}

pub(super) fn number(look: &(impl Look + ?Sized), fact: &str) -> Result<i64, RowsError> {
    Ok(look.fact(fact)?.and_then(|number| number.parse().ok()).unwrap_or(0))
}

pub(super) fn add(rows: &mut dyn Rows, fact: &str, nanos: i64) -> Result<(), RowsError> {
    let sum = number(rows, fact)?.saturating_add(nanos).max(0);
    if sum == 0 { rows.drop_fact(fact) } else { rows.put_fact(fact, &sum.to_string()) }
}

fn scope_fact(scope: &Scope) -> String {
    format!("spent_by:{scope}")
}

pub(super) fn usual_fact(task: &Task) -> String {
    format!("usual_cost:{}", task.wishes.agent)
}
