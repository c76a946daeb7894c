//! `/settings`: how much a channel shows of its tasks, chosen from lists.

use orchestrator_core::{
    domain::{
        actor::Right,
        component::{Press, Verb},
        id::ChannelId,
        outbound::Post,
        showing::{Showing, Shown},
    },
    wording::answers::{hints, settings as words},
};

use super::{Context, failing::CommandError, reply::said, visit::Visit};

/// Set how much this channel shows of its tasks.
#[poise::command(slash_command, interaction_context = "Guild")]
pub(super) async fn settings(ctx: Context<'_>) -> Result<(), CommandError> {
    let Some(visit) = Visit::of(ctx).await? else { return Ok(()) };
    visit.deps.desk.may(&visit.actor, Right::Operate, false)?;
    let channel = ChannelId::new(ctx.interaction.channel_id.get());
    let showing = visit.deps.queue.showing(channel).await?;
    visit.reply.say(&shown(&visit, channel, showing)).await;
    Ok(())
}

/// A choice was made. What can't be read changes nothing, and how it is now is shown.
pub(super) async fn set(visit: &Visit<'_>, press: &Press, chosen: Option<&str>) -> Result<Post, CommandError> {
    visit.deps.desk.may(&visit.actor, Right::Operate, false)?;
    let Ok(channel) = press.subject.parse::<ChannelId>() else { return Ok(said(hints::stale_button())) };
    let before = visit.deps.queue.showing(channel).await?;
    let wanted = match press.verb {
        Verb::SetShown => chosen.and_then(Shown::of).map(|shown| Showing { shown, ..before }),
        _ => chosen.and_then(words::threads_of).map(|threads| Showing { threads, ..before }),
    };
    if let Some(wanted) = wanted {
        visit.deps.desk.show_in(&visit.actor, channel, wanted).await?;
    }
    Ok(shown(visit, channel, wanted.unwrap_or(before)))
}

fn shown(visit: &Visit<'_>, channel: ChannelId, showing: Showing) -> Post {
    words::settings(channel, showing, &visit.deps.desk.rules().task_channels)
}
