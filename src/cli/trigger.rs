//! `trigger`: a running service looks at the queue at once; where none runs, `once` does.

use serde_json::{Value, json};

use super::{
    Chattiness, Context,
    client::Client,
    exit::{Exit, Failure},
    once,
};

pub(super) async fn run(context: &Context) -> Result<Exit, Failure> {
    let config = context.config()?;
    if let Some(service) = Client::of_service(&config)? {
        let told: Value = service.post("/look", &json!({})).await?;
        context.voice.result(&told, || "The service looks at the queue.".to_owned());
        return Ok(Exit::Done);
    }
    context.log(Chattiness::Service, Some(&config))?;
    once::once(context, &config).await
}
