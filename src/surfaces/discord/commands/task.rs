//! `/task`: gives an agent a task, at once or by a form.

#![expect(clippy::too_many_arguments, reason = "each is an option that Discord shows")]

use orchestrator_core::intake::parse::{Asked, listed_checks};
use serenity::model::channel::Attachment;

use super::{
    Context,
    failing::CommandError,
    form,
    submitting::{Wanted, attachment, submit},
    suggest,
    visit::Visit,
};

/// How hard a model thinks, as Discord offers it.
#[derive(Clone, Copy, Debug, poise::ChoiceParameter)]
enum Thinking {
    #[name = "off"]
    Off,
    #[name = "low"]
    Low,
    #[name = "medium"]
    Medium,
    #[name = "high"]
    High,
}

/// Give an agent a task. Without a text a form opens, with room for a long one.
#[poise::command(slash_command, interaction_context = "Guild")]
pub(super) async fn task(
    ctx: Context<'_>,
    #[description = "What is to be done; leave it out to write it in a form"] text: Option<String>,
    #[description = "Which model"]
    #[autocomplete = "suggest::models"]
    model: Option<String>,
    #[description = "How hard it thinks"] thinking: Option<Thinking>,
    #[description = "Which agent"]
    #[autocomplete = "suggest::agents"]
    agent: Option<String>,
    #[description = "How long it may take, like 90s, 10m or 1h30m"]
    #[autocomplete = "suggest::timeouts"]
    timeout: Option<String>,
    #[description = "0 to 1000, or low, normal, high, critical"]
    #[autocomplete = "suggest::priorities"]
    priority: Option<String>,
    #[description = "What it may cost at most, in dollars, like 0.50"] budget: Option<String>,
    #[description = "What its work is checked by: names of checks, with commas"]
    #[autocomplete = "suggest::checks"]
    check: Option<String>,
    #[description = "A file for the agent"] file: Option<Attachment>,
) -> Result<(), CommandError> {
    let thinking = thinking.map(|level| poise::ChoiceParameter::name(&level).to_string());
    let checks = check.as_deref().map(listed_checks).unwrap_or_default();
    let asked = Asked { model, thinking, agent, timeout, priority, budget, checks, isolation: Vec::new() };
    let attachments = file.iter().map(attachment).collect();
    let Some(text) = text.filter(|text| !text.trim().is_empty()) else { return form::open(ctx, asked, attachments).await };
    // Taken twice it is one task, so that a second telling of the same interaction does no harm.
    let Some(visit) = Visit::even_repeated(ctx).await? else { return Ok(()) };
    submit(&visit, Wanted { began: ctx.interaction.id.get(), text, asked, attachments }).await
}
