//! `/status`: the service at a glance, or one task with all that may be asked of it.

use orchestrator_core::{
    domain::{actor::Right, component::Row, money::Usd, outbound::Post},
    ports::rows::TaskFilter,
    queue::board::{Closed, Doing, TaskView},
    wording::{
        answers::{buttons, detail},
        because,
        panels::{self, Glance, Line},
        quotas::QuotaView,
    },
};

use super::{Context, Deps, failing::CommandError, suggest, visit::Visit};
use crate::surfaces::show;

/// How many open tasks are looked through for those that run.
const OPEN: u32 = 200;
/// How many waiting tasks are counted to find a task's place.
const DEEPEST: u32 = 1_000;

/// Show how things are: the service at a glance, or one task.
#[poise::command(slash_command, interaction_context = "Guild")]
pub(super) async fn status(
    ctx: Context<'_>,
    #[description = "A task's id; leave it out for everything at a glance"]
    #[autocomplete = "suggest::tasks"]
    task: Option<String>,
) -> Result<(), CommandError> {
    let Some(visit) = Visit::of(ctx).await? else { return Ok(()) };
    match task {
        None => at_a_glance(&visit).await,
        Some(given) => one(&visit, &given).await,
    }
}

async fn at_a_glance(visit: &Visit<'_>) -> Result<(), CommandError> {
    let deps = visit.deps;
    deps.desk.may(&visit.actor, Right::Submit, true)?;
    let glance = deps.queue.glance().await?;
    let running = running(deps).await?;
    let rules = deps.queue.rules();
    let spent = Usd::from_nanos(glance.spent_today_nanos);
    let (spent_today, ceiling) = (spent.to_string(), rules.ceilings.day.map(|ceiling| ceiling.to_string()));
    let paused = matches!(glance.closed, Some(Closed::Paused { .. }));
    let closed = glance.closed.map(|closed| match closed {
        Closed::Paused { by } => because::paused(&by),
        Closed::Unmarkable { reason } => because::unmarkable(&reason),
        Closed::DiskLow { reason } => because::disk_low(&reason),
        Closed::DailyCeiling => because::daily_ceiling(spent, rules.ceilings.day),
    });
    let mut troubles = (deps.troubles)();
    troubles.extend(deps.queue.quotas().await?.into_iter().filter_map(|quota| QuotaView::from(quota).trouble()));
    let mut post = panels::status(
        &Glance {
            waiting: glance.counts.waiting,
            blocked: glance.counts.blocked,
            running: glance.counts.running,
            slots: rules.slots,
            ended: glance.counts.ended,
            letters: glance.counts.letters,
            spent_today: &spent_today,
            ceiling: ceiling.as_deref(),
            closed: closed.as_deref(),
            troubles: &troubles,
        },
        &running.iter().map(Shown::line).collect::<Vec<_>>(),
    );
    if paused && deps.desk.may(&visit.actor, Right::Operate, false).is_ok() {
        post.rows.push(Row::Buttons { buttons: vec![buttons::resume()] });
    }
    visit.reply.say(&post).await;
    Ok(())
}

async fn one(visit: &Visit<'_>, given: &str) -> Result<(), CommandError> {
    let view = visit.controlled(given).await?;
    visit.reply.say(&detail_of(visit.deps, &view).await?).await;
    Ok(())
}

/// All that may be asked of a task, with the buttons that make sense in its state.
pub(super) async fn detail_of(deps: &Deps, view: &TaskView) -> Result<Post, CommandError> {
    let id = view.row.task.id.clone();
    let position = if view.doing() == Doing::Waiting {
        let waiting = deps.queue.waiting(DEEPEST).await?;
        waiting.iter().position(|other| other.row.task.id == id).and_then(|at| u64::try_from(at + 1).ok())
    } else {
        None
    };
    let pulse = deps.progress.pulse(&id).filter(|_| view.word() == "running");
    let events = deps.queue.events(id).await?;
    let shown = show::detail(view, position, &events, Some(deps.chat.as_ref()), &deps.workers, pulse.as_ref());
    Ok(detail::detail(&shown))
}

/// A task as a list shows it.
pub(super) struct Shown {
    summary: orchestrator_core::wording::views::TaskSummary,
    link: Option<String>,
}

impl Shown {
    pub(super) fn of(deps: &Deps, view: &TaskView) -> Self {
        Self { summary: show::summary(view), link: view.row.message.map(|at| deps.chat.link(at)) }
    }

    pub(super) fn line(&self) -> Line<'_> {
        Line { link: self.link.as_deref(), ..Line::from(&self.summary) }
    }
}

/// What runs, the longest-running first.
pub(super) async fn running(deps: &Deps) -> Result<Vec<Shown>, CommandError> {
    let open = deps.queue.list(TaskFilter { open: Some(true), limit: OPEN, ..TaskFilter::default() }).await?;
    let running = open.iter().rev().filter(|view| matches!(view.doing(), Doing::Running { .. }));
    Ok(running.map(|view| Shown::of(deps, view)).collect())
}
