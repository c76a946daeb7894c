//! `GET /v1/costs`: what was spent in a period, parted by something.

use axum::{Json, extract::State};
use chrono::NaiveDate;
use orchestrator_core::{
    domain::period::{Dimension, Period, USUAL_DAYS},
    queue::board::spending,
    wording::costs::CostsView,
};
use serde::Deserialize;

use super::{
    super::costs,
    Door,
    answer::{Asked, Refused},
};

/// Parts in an answer that names no number.
const PARTS: u32 = 100;
/// The most.
const MOST: u32 = 10_000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    by: Option<String>,
    period: Option<String>,
    since: Option<String>,
    until: Option<String>,
    lane: Option<String>,
    limit: Option<u32>,
}

pub(super) async fn costs(State(door): State<Door>, Asked(wanted): Asked<Wanted>) -> Result<Json<CostsView>, Refused> {
    let by = match &wanted.by {
        None => Dimension::default(),
        Some(by) => by.parse().map_err(|error| Refused::bad_field("by", format!("{error}")))?,
    };
    let limit = wanted.limit.unwrap_or(PARTS);
    if !(1..=MOST).contains(&limit) {
        return Err(Refused::bad_field("limit", format!("it is from 1 to {MOST}")));
    }
    let period = period(&wanted, door.queue.today())?;
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let spent = door.queue.spent(spending::Asked { period, by, lane: wanted.lane, most }).await?;
    Ok(Json(costs::view(&spent)))
}

fn period(wanted: &Wanted, today: NaiveDate) -> Result<Period, Refused> {
    let day = |field: &str, given: &Option<String>| {
        let read = given.as_deref().map(str::parse::<NaiveDate>).transpose();
        read.map_err(|_| Refused::bad_field(field, "it is a day like 2026-03-02"))
    };
    let (since, until) = (day("since", &wanted.since)?, day("until", &wanted.until)?);
    match (&wanted.period, since, until) {
        (None, None, None) => Ok(Period::last(USUAL_DAYS, today)),
        (Some(named), None, None) => Period::named(named, today).map_err(|error| Refused::bad_field("period", format!("{error}"))),
        (None, since, until) => Period::between(since, until, today).map_err(|error| Refused::bad_field("until", format!("{error}"))),
        (Some(_), _, _) => Err(Refused::bad_field("period", "it can't stand beside `since` or `until`")),
    }
}
