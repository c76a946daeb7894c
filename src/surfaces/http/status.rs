//! `GET /v1/status` and `/v1/health`.

use axum::{Json, extract::State};
use orchestrator_core::{
    domain::money::Usd,
    ports::rows::{Counts, TaskFilter},
    queue::board::{Closed, Doing},
    wording::{
        because,
        quotas::QuotaView,
        views::{CountsView, Health, StatusView},
    },
};

use super::{COMMIT, Door, VERSION, answer::Refused, show};

/// How many waiting tasks a glance shows.
const NEXT: u32 = 10;
/// How many open tasks are looked through for those that run.
const OPEN: u32 = 200;

pub(super) async fn health(State(door): State<Door>) -> Result<Json<Health>, Refused> {
    // A store that does not answer is no health.
    door.queue.glance().await?;
    Ok(Json(Health { status: "ok".to_owned(), pid: std::process::id(), version: VERSION.to_owned() }))
}

pub(super) async fn status(State(door): State<Door>) -> Result<Json<StatusView>, Refused> {
    let glance = door.queue.glance().await?;
    let open = door.queue.list(TaskFilter { open: Some(true), limit: OPEN, ..TaskFilter::default() }).await?;
    let next = door.queue.waiting(NEXT).await?;
    let rules = door.queue.rules();
    let spent = Usd::from_nanos(glance.spent_today_nanos);
    let Counts { waiting, blocked, running, ended, letters, undeliverable } = glance.counts;
    let mut of_running: Vec<_> = open.iter().filter(|view| matches!(view.doing(), Doing::Running { .. })).map(show::summary).collect();
    of_running.reverse();
    let mut troubles = (door.troubles)();
    troubles.extend(door.queue.quotas().await?.into_iter().filter_map(|quota| QuotaView::from(quota).trouble()));
    if undeliverable > 0 {
        troubles.push(format!("{undeliverable} posts could not be delivered; `orchestrator list --ended` and `logs` name them."));
    }
    Ok(Json(StatusView {
        service: door.about.service,
        version: VERSION.to_owned(),
        commit: COMMIT.map(str::to_owned),
        pid: std::process::id(),
        started_at: door.about.started_at,
        instance: rules.instance.to_string(),
        slots: rules.slots,
        counts: CountsView { waiting, blocked, running, ended, letters, undeliverable },
        spent_today: spent.to_string(),
        spent_today_nanos: spent.nanos(),
        daily_budget: rules.ceilings.day.map(|ceiling| ceiling.to_string()),
        closed: glance.closed.map(|closed| match closed {
            Closed::Paused { by } => because::paused(&by),
            Closed::Unmarkable { reason } => because::unmarkable(&reason),
            Closed::DiskLow { reason } => because::disk_low(&reason),
            Closed::DailyCeiling => because::daily_ceiling(spent, rules.ceilings.day),
        }),
        at_rest: glance.at_rest,
        running: of_running,
        next: next.iter().map(show::summary).collect(),
        troubles,
    }))
}
