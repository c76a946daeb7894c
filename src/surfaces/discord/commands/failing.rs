//! What fails is answered too: every error of a command ends here, in words.

use std::sync::Arc;

use orchestrator_core::{
    domain::outbound::Post,
    intake::desk::DeskError,
    queue::QueueError,
    wording::{
        answers::{self, hints},
        refusals::{self, Refusal},
    },
};
use poise::{BoxFuture, CommandInteractionType, FrameworkError};
use serenity::{
    builder::{CreateAutocompleteResponse, CreateInteractionResponse},
    http::Http,
    model::application::{CommandInteraction, CommandType},
};
use thiserror::Error;

use super::{
    Deps,
    call::Call,
    reply::{Reply, Unanswered, said},
};

/// A command was not obeyed.
#[derive(Debug, Error)]
pub(super) enum CommandError {
    /// The desk said no, or could not.
    #[error(transparent)]
    Desk(#[from] DeskError),
    /// Discord did not take the answer: nobody is left to be told.
    #[error(transparent)]
    Unanswered(#[from] Unanswered),
}

impl From<QueueError> for CommandError {
    fn from(error: QueueError) -> Self {
        Self::Desk(error.into())
    }
}

impl From<Refusal> for CommandError {
    fn from(refusal: Refusal) -> Self {
        Self::Desk(refusal.into())
    }
}

impl CommandError {
    /// What the asker is told; `None`: he can't be told.
    pub(super) fn words(&self) -> Option<String> {
        match self {
            Self::Desk(DeskError::Refused(refusals)) => Some(match refusals.as_slice() {
                [only] => refusals::answer(only),
                several => refusals::reply(several),
            }),
            Self::Desk(DeskError::Queue(error)) => {
                tracing::warn!(%error, "a command failed: {error}");
                Some(answers::failed(&error.to_string()))
            }
            Self::Unanswered(error) => {
                tracing::warn!(%error, "a command was not carried out: {error}");
                None
            }
        }
    }
}

/// Tells the asker what became of his command. Covers all that poise can run into.
pub(super) fn on_error(error: FrameworkError<'_, Arc<Deps>, CommandError>) -> BoxFuture<'_, ()> {
    Box::pin(async move {
        let http = &error.serenity_context().http;
        let words = match &error {
            FrameworkError::Command { error, .. } | FrameworkError::EventHandler { error, .. } => match error.words() {
                Some(words) => words,
                None => return,
            },
            FrameworkError::CommandPanic { payload, ctx, .. } => {
                let what = payload.as_deref().unwrap_or("a panic without words");
                tracing::error!("`/{}` failed because of a defect: {what}", ctx.command().name);
                hints::defect()
            }
            FrameworkError::ArgumentParse { ctx, .. } => hints::stale_command(&ctx.command().name),
            FrameworkError::CommandStructureMismatch { ctx, .. } => hints::stale_command(&ctx.interaction.data.name),
            FrameworkError::UnknownInteraction { interaction, .. } => hints::stale_command(&interaction.data.name),
            // Cooldowns, permissions and owners are poise's ways; none of them is used here.
            other => {
                tracing::error!("a command was stopped by poise: {other}");
                hints::defect()
            }
        };
        let (interaction, deps, typing) = match &error {
            FrameworkError::UnknownInteraction { interaction, framework, .. } => {
                (*interaction, framework.user_data, is_typing(interaction))
            }
            other => match other.ctx() {
                Some(poise::Context::Application(ctx)) => {
                    let typing = ctx.interaction_type == CommandInteractionType::Autocomplete;
                    (ctx.interaction, ctx.framework.user_data, typing)
                }
                _ => return tracing::error!("a failure without an interaction: {words}"),
            },
        };
        answer(http, deps, interaction, typing, said(words)).await;
    })
}

async fn answer(http: &Http, deps: &Deps, interaction: &CommandInteraction, typing: bool, post: Post) {
    let reply = Reply::new(http, Call::from(interaction), &deps.secrets, deps.timing);
    if typing {
        // Whoever types is shown nothing rather than a failure.
        reply.first(CreateInteractionResponse::Autocomplete(CreateAutocompleteResponse::new())).await.ok();
    } else {
        reply.tell(&post).await;
    }
}

/// poise hands both kinds over in one type; while somebody types, one option is focused.
fn is_typing(interaction: &CommandInteraction) -> bool {
    interaction.data.kind == CommandType::ChatInput && interaction.data.autocomplete().is_some()
}
