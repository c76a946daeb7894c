//! `/queue`: what runs and what is next.

use orchestrator_core::{
    domain::actor::Right,
    wording::panels::{self, Line},
};

use super::{
    Context,
    failing::CommandError,
    status::{Shown, running},
    visit::Visit,
};

/// How many waiting tasks are shown.
const NEXT: u32 = 20;

/// Show what runs and what is next.
#[poise::command(slash_command, interaction_context = "Guild")]
pub(super) async fn queue(ctx: Context<'_>) -> Result<(), CommandError> {
    let Some(visit) = Visit::of(ctx).await? else { return Ok(()) };
    let deps = visit.deps;
    deps.desk.may(&visit.actor, Right::Submit, true)?;
    let running = running(deps).await?;
    let next: Vec<Shown> = deps.queue.waiting(NEXT).await?.iter().map(|view| Shown::of(deps, view)).collect();
    let waiting = deps.queue.glance().await?.counts.waiting;
    visit.reply.say(&panels::queue(&lines(&running), &lines(&next), waiting)).await;
    Ok(())
}

fn lines(shown: &[Shown]) -> Vec<Line<'_>> {
    shown.iter().map(Shown::line).collect()
}
