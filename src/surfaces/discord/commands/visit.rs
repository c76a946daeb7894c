//! What every command begins with: it comes from our server, and is acknowledged before anything is looked up.

use std::sync::Arc;

use orchestrator_core::{
    domain::{
        actor::Actor,
        id::{MessageId, TaskId},
    },
    queue::board::TaskView,
    wording::{answers::hints, refusals::Refusal},
};
use serenity::{builder::CreateInteractionResponse, http::Http};

use super::{
    Context, Deps,
    call::{Call, Place},
    failing::CommandError,
    reply::{Answered, Reply, Unanswered, said},
};

/// Somebody before the desk, and how he is answered.
pub(super) struct Visit<'a> {
    pub(super) deps: &'a Deps,
    pub(super) actor: Actor,
    pub(super) reply: Reply<'a>,
    /// Whether another has acknowledged, because Discord told of this interaction twice: that one answers.
    pub(super) repeated: bool,
}

impl<'a> Visit<'a> {
    /// A command, acknowledged. `None`: it is not for us, which was said, or it came twice.
    pub(super) async fn of(ctx: Context<'a>) -> Result<Option<Self>, Unanswered> {
        Ok(Self::even_repeated(ctx).await?.filter(|visit| !visit.repeated))
    }

    /// The same, also if it came twice: for what can be done twice without harm.
    pub(super) async fn even_repeated(ctx: Context<'a>) -> Result<Option<Self>, Unanswered> {
        let visit = Self::enter(ctx.framework.user_data, &ctx.framework.serenity_context.http, ctx.interaction.into()).await;
        match visit {
            Some(visit) => visit.acknowledged().await.map(Some),
            None => Ok(None),
        }
    }

    /// Whoever comes from our server; others are told.
    pub(super) async fn enter(deps: &'a Arc<Deps>, http: &'a Http, call: Call<'a>) -> Option<Self> {
        let reply = Reply::new(http, call, &deps.secrets, deps.timing);
        let why = match call.place(&deps.server) {
            Place::Here => return Some(Self { deps, actor: call.actor(), reply, repeated: false }),
            Place::Elsewhere => hints::not_here(),
            Place::Unknown => hints::still_starting(),
        };
        reply.tell(&said(why)).await;
        None
    }

    /// Puts the answer off.
    pub(super) async fn acknowledged(mut self) -> Result<Self, Unanswered> {
        self.repeated = self.reply.defer().await? == Answered::Before;
        Ok(self)
    }

    /// The same, where the message on which something was pressed is going to be changed.
    pub(super) async fn acknowledged_as_change(mut self) -> Result<Self, Unanswered> {
        self.repeated = self.reply.defer_change().await? == Answered::Before;
        Ok(self)
    }

    /// Answers with a form instead.
    pub(super) async fn answer(&self, form: CreateInteractionResponse) -> Result<Answered, Unanswered> {
        self.reply.first(form).await
    }

    /// The task that somebody means: by its id, by its message's id, or by a link to its message.
    pub(super) async fn task(&self, given: &str) -> Result<TaskId, CommandError> {
        let meant = given.trim().trim_matches('`');
        let last = meant.rsplit('/').next().unwrap_or(meant);
        let unknown = || Refusal::NoSuchTask { given: given.to_owned() };
        let id: TaskId = last.parse().map_err(|_| unknown())?;
        if self.deps.queue.show(id.clone()).await?.is_some() {
            return Ok(id);
        }
        let message = last.parse::<u64>().ok().filter(|message| *message > 0).map(MessageId::new);
        match message {
            Some(message) => Ok(self.deps.queue.task_of_message(message).await?.ok_or_else(unknown)?),
            None => Err(unknown().into()),
        }
    }

    /// The same, with all that is known of it, if the asker may control it.
    pub(super) async fn controlled(&self, given: &str) -> Result<TaskView, CommandError> {
        let id = self.task(given).await?;
        Ok(self.deps.desk.controlled(&self.actor, &id).await?)
    }

    /// Says it in words.
    pub(super) async fn say(&self, words: String) {
        self.reply.say(&said(words)).await;
    }
}
