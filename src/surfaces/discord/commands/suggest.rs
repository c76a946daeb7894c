//! What Discord offers while an option is typed. It can't be put off: what the store does not tell in time is not offered.

use std::{
    collections::BTreeSet,
    future::{Ready, ready},
};

use orchestrator_core::{
    domain::{
        actor::{Actor, Right},
        check::CheckName,
        step::Blocked,
        task::parse_duration,
    },
    ports::rows::TaskFilter,
    queue::{
        QueueError,
        board::{Doing, TaskView},
    },
    wording::answers::choices::{self, CHOICE, CHOICES},
};
use serenity::builder::{AutocompleteChoice, CreateAutocompleteResponse};
use tokio::time::timeout;

use super::{
    Context, Deps,
    call::{Call, Place},
};

/// How many tasks of one's own, and of everybody, are looked through.
const LOOKED_THROUGH: u32 = 100;

/// Models: aliases first, each with its full id.
pub(super) fn models(ctx: Context<'_>, typed: &str) -> Ready<CreateAutocompleteResponse> {
    let typed = typed.to_lowercase();
    let known = ctx.framework.user_data.desk.rules().catalogue.listing();
    let named = known.into_iter().map(|(alias, id)| {
        let label = choices::model(alias.as_deref(), &id);
        (label, alias.unwrap_or(id.0))
    });
    ready(offer(named.filter(|(label, value)| label.to_lowercase().contains(&typed) || value.to_lowercase().contains(&typed))))
}

/// Agents, by name.
pub(super) fn agents(ctx: Context<'_>, typed: &str) -> Ready<CreateAutocompleteResponse> {
    let rules = ctx.framework.user_data.desk.rules();
    let default = rules.agents.iter().filter(|name| **name == rules.default_agent);
    let all = default.chain(rules.agents.iter().filter(|name| **name != rules.default_agent)).map(ToString::to_string);
    ready(offer(all.filter(|name| name.contains(&typed.to_lowercase())).map(|name| (name.clone(), name))))
}

/// Checks, by name, after those that stand there already.
pub(super) fn checks(ctx: Context<'_>, typed: &str) -> Ready<CreateAutocompleteResponse> {
    let (before, last) = typed.rsplit_once(',').map_or(("", typed), |(before, last)| (before, last));
    let offers = &ctx.framework.user_data.desk.rules().checks;
    let all: BTreeSet<&str> = offers.values().flat_map(|offer| &offer.names).map(CheckName::as_str).collect();
    let fitting = all.into_iter().filter(|name| name.contains(&last.trim().to_lowercase()));
    let whole = fitting.map(|name| if before.is_empty() { name.to_owned() } else { format!("{before},{name}") });
    ready(offer(whole.map(|whole| (whole.clone(), whole))))
}

/// Durations that are allowed.
pub(super) fn timeouts(ctx: Context<'_>, typed: &str) -> Ready<CreateAutocompleteResponse> {
    let most = ctx.framework.user_data.desk.rules().max_time_limit;
    let usual = ["1m", "2m", "5m", "10m", "30m", "1h", "2h", "6h"].into_iter();
    let allowed = usual.filter(|one| parse_duration(one).is_ok_and(|length| length <= most) && one.starts_with(typed));
    ready(offer(allowed.map(|one| (one.to_owned(), one.to_owned()))))
}

/// Priorities that have a name.
pub(super) fn priorities(_: Context<'_>, typed: &str) -> Ready<CreateAutocompleteResponse> {
    let named = ["low", "normal", "high", "critical"].into_iter();
    ready(offer(named.filter(|word| word.starts_with(&typed.to_lowercase())).map(|word| (word.to_owned(), word.to_owned()))))
}

/// Any task.
pub(super) async fn tasks(ctx: Context<'_>, typed: &str) -> CreateAutocompleteResponse {
    find(ctx, typed, None, |_| true).await
}

/// Tasks that can be cancelled.
pub(super) async fn open_tasks(ctx: Context<'_>, typed: &str) -> CreateAutocompleteResponse {
    find(ctx, typed, Some(true), |_| true).await
}

/// Tasks that can be run again, or wait for a person.
pub(super) async fn retriable_tasks(ctx: Context<'_>, typed: &str) -> CreateAutocompleteResponse {
    find(ctx, typed, None, |view| match view.doing() {
        Doing::Ended { .. } | Doing::Blocked { reason: Blocked::Paused | Blocked::Approval } => true,
        Doing::Waiting | Doing::Delayed { .. } | Doing::Parked { .. } | Doing::OutOfQuota(_) | Doing::Running { .. } => false,
    })
    .await
}

/// Tasks that have a log.
pub(super) async fn started_tasks(ctx: Context<'_>, typed: &str) -> CreateAutocompleteResponse {
    find(ctx, typed, None, |view| view.latest().is_some()).await
}

async fn find(ctx: Context<'_>, typed: &str, open: Option<bool>, wanted: fn(&TaskView) -> bool) -> CreateAutocompleteResponse {
    let (deps, call) = (ctx.framework.user_data, Call::from(ctx.interaction));
    if call.place(&deps.server) != Place::Here {
        return offer(std::iter::empty());
    }
    let (actor, typed) = (call.actor(), typed.trim().to_lowercase());
    match timeout(deps.timing.store, visible(deps, &actor, open)).await {
        Ok(Ok(views)) => offer(views.iter().filter(|view| wanted(view) && is_meant(view, &typed)).map(|view| choice(view, &actor))),
        Ok(Err(error)) => {
            tracing::warn!(%error, "tasks could not be offered: {error}");
            offer(std::iter::empty())
        }
        Err(_) => offer(std::iter::empty()),
    }
}

/// What somebody may control: his own tasks first, then, of an operator, everybody's; each newest first.
async fn visible(deps: &Deps, actor: &Actor, open: Option<bool>) -> Result<Vec<TaskView>, QueueError> {
    let filter = TaskFilter { open, limit: LOOKED_THROUGH, ..TaskFilter::default() };
    let mut views = Vec::new();
    if deps.desk.may(actor, Right::ControlOwn, true).is_ok() {
        views = deps.queue.list(TaskFilter { lane: Some(actor.lane()), ..filter.clone() }).await?;
    }
    if deps.desk.may(actor, Right::ControlOwn, false).is_ok() {
        let all = deps.queue.list(filter).await?;
        views.extend(all.into_iter().filter(|view| view.row.task.requester.lane() != actor.lane()));
    }
    Ok(views)
}

fn is_meant(view: &TaskView, typed: &str) -> bool {
    view.row.task.id.as_str().starts_with(typed) || view.row.task.prompt.to_lowercase().contains(typed)
}

fn choice(view: &TaskView, actor: &Actor) -> (String, String) {
    let task = &view.row.task;
    let whose = (task.requester.lane() != actor.lane()).then(|| task.requester.name());
    (choices::task(task.id.as_str(), view.word(), &task.prompt, whose), task.id.to_string())
}

/// Choices: what is shown, and what is sent. What is too long to be sent is not offered.
fn offer(choices: impl Iterator<Item = (String, String)>) -> CreateAutocompleteResponse {
    let fitting = choices.filter(|(_, value)| value.chars().count() <= CHOICE).take(CHOICES);
    CreateAutocompleteResponse::new().set_choices(fitting.map(|(name, value)| AutocompleteChoice::new(name, value)).collect())
}
