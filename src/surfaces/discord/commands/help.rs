//! `/help`: how a task is given and controlled, and which commands there are.

use orchestrator_core::wording::panels;

use super::{Context, failing::CommandError, visit::Visit};

/// Show how tasks are given and controlled.
#[poise::command(slash_command, interaction_context = "Guild")]
pub(super) async fn help(ctx: Context<'_>) -> Result<(), CommandError> {
    let Some(visit) = Visit::of(ctx).await? else { return Ok(()) };
    let rules = visit.deps.desk.rules();
    let known = &ctx.framework.options.commands;
    let commands: Vec<(&str, &str)> = known
        .iter()
        .filter(|command| command.slash_action.is_some())
        .map(|command| (command.name.as_ref(), command.description.as_deref().unwrap_or_default()))
        .collect();
    let channel = rules.task_channels.first().map(|channel| format!("<#{channel}>"));
    let agents: Vec<String> = rules.agents.iter().map(ToString::to_string).collect();
    visit.reply.say(&panels::help(&commands, channel.as_deref(), &rules.catalogue.aliases(), &agents)).await;
    Ok(())
}
