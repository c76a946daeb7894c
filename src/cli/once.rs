//! `once`: the form for cron. Beside a running service the service does the work, and this waits for it.

use std::time::Duration;

use orchestrator_core::wording::{figures, views::StatusView};
use serde_json::{Value, json};

use super::{
    Chattiness, Context,
    client::Client,
    exit::{Exit, Failure},
    house,
};
use crate::{config::Config, service::Ran};

/// Between looks at a service that does the work.
const LOOKS: Duration = Duration::from_millis(200);

pub(super) async fn run(context: &Context) -> Result<Exit, Failure> {
    let config = context.own_config()?;
    context.log(Chattiness::Service, Some(&config))?;
    once(context, &config).await
}

/// Runs what waits, here or in the running service, and says how many tasks have ended and how many could not be run.
pub(super) async fn once(context: &Context, config: &Config) -> Result<Exit, Failure> {
    let Ran { ended, waiting } = match house::once(config).await? {
        Some(ran) => ran,
        None => by_service(config).await?,
    };
    context.voice.result(&json!({"ended": ended, "waiting": waiting}), || {
        let tasks = |number| figures::counted(number, "task", "tasks");
        match (ended, waiting) {
            (0, 0) => "No pending tasks".to_owned(),
            (some, 0) => format!("{} ended", tasks(some)),
            (some, left) => format!("{} ended; {left} can't start now: `orchestrator list` shows what for", tasks(some)),
        }
    });
    Ok(Exit::Done)
}

async fn by_service(config: &Config) -> Result<Ran, Failure> {
    let Some(service) = Client::of_service(config)? else {
        let message = "Another orchestrator has just started or is ending here. Try again in a moment.";
        return Err(Failure::new(Exit::Refused, message));
    };
    let before: StatusView = service.get("/status").await?;
    let _told: Value = service.post("/look", &json!({})).await?;
    loop {
        let now: StatusView = service.get("/status").await?;
        if now.at_rest {
            return Ok(Ran { ended: now.counts.ended.saturating_sub(before.counts.ended), waiting: now.counts.waiting });
        }
        tokio::time::sleep(LOOKS).await;
    }
}
