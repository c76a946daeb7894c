//! poise under our own gateway: there is no setup that could fail, and nothing but interactions gets in.

use std::{panic::AssertUnwindSafe, sync::Arc};

use futures_util::FutureExt as _;
use orchestrator_core::wording::answers::hints;
use poise::{BoxFuture, FrameworkContext, FrameworkOptions};
use serde_json::Value;
use serenity::{
    async_trait,
    builder::CreateAllowedMentions,
    client::{Context, FullEvent},
    framework::Framework,
    gateway::ShardManager,
    model::{application::Interaction, id::UserId},
};

use super::{
    super::gateway::BuildFramework,
    Deps, all,
    call::Call,
    failing::{self, CommandError},
    form, pressing,
    reply::{Reply, said},
};

/// What the gateway is to be given, and the definitions that Discord is to be told.
pub fn framework(deps: Deps) -> (BuildFramework, Value) {
    let definitions = definitions();
    let build: BuildFramework = Box::new(move |manager, _http| Arc::new(Dispatcher { options: options(), deps: Arc::new(deps), manager }));
    (build, definitions)
}

/// What Discord is told of our commands: the body of a bulk overwrite.
pub fn definitions() -> Value {
    let builders = poise::builtins::create_application_commands(&all());
    // Only a map with keys that are no text fails here, and there is none.
    serde_json::to_value(builders).unwrap_or_default()
}

fn options() -> FrameworkOptions<Arc<Deps>, CommandError> {
    let mut commands = all();
    poise::set_qualified_names(&mut commands);
    FrameworkOptions {
        commands,
        on_error: failing::on_error,
        event_handler: others,
        allowed_mentions: Some(CreateAllowedMentions::new().replied_user(false)),
        initialize_owners: false,
        manual_cooldowns: true,
        ..FrameworkOptions::default()
    }
}

/// poise's own `Framework` can't be used: it learns of serenity's parts from a `Client`, and holds every event until a setup has succeeded.
struct Dispatcher {
    options: FrameworkOptions<Arc<Deps>, CommandError>,
    deps: Arc<Deps>,
    manager: Arc<ShardManager>,
}

#[async_trait]
impl Framework for Dispatcher {
    async fn dispatch(&self, ctx: Context, event: FullEvent) {
        let FullEvent::InteractionCreate { interaction } = &event else { return };
        // Who we are is asked only where messages are commands.
        let bot_id = UserId::new(match interaction {
            Interaction::Command(one) | Interaction::Autocomplete(one) => one.application_id.get(),
            Interaction::Component(one) => one.application_id.get(),
            Interaction::Modal(one) => one.application_id.get(),
            _ => return,
        });
        let framework = FrameworkContext {
            bot_id,
            serenity_context: &ctx,
            options: &self.options,
            user_data: &self.deps,
            shard_manager: &self.manager,
        };
        Box::pin(poise::dispatch_event(framework, event)).await;
    }
}

/// Interactions that are no commands.
fn others<'a>(framework: FrameworkContext<'a, Arc<Deps>, CommandError>, event: &'a FullEvent) -> BoxFuture<'a, Result<(), CommandError>> {
    Box::pin(async move {
        let (deps, http) = (framework.user_data, &framework.serenity_context.http);
        let FullEvent::InteractionCreate { interaction } = event else { return Ok(()) };
        // poise guards commands against defects of ours, but not these.
        let (broken, call, id) = match interaction {
            Interaction::Modal(modal) => {
                let done = AssertUnwindSafe(form::submitted(deps, http, modal)).catch_unwind().await;
                (done.is_err(), Call::from(modal), &modal.data.custom_id)
            }
            Interaction::Component(component) => {
                let done = AssertUnwindSafe(pressing::pressed(deps, http, component)).catch_unwind().await;
                (done.is_err(), Call::from(component), &component.data.custom_id)
            }
            _ => return Ok(()),
        };
        if broken {
            tracing::error!("a form or a press failed because of a defect: {id}");
            Reply::new(http, call, &deps.secrets, deps.timing).tell(&said(hints::defect())).await;
        }
        Ok(())
    })
}
