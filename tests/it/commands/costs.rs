//! `/cost`: one's own, or everybody's; in words and as a picture.

use orchestrator_core::{
    domain::{
        attempt::{Outcome, Report},
        id::UserId,
        money::Usd,
    },
    intake::admit::{Policy, WhoMay},
};
use orchestrator_sandbox::Sandbox;
use serde_json::json;

use super::{Given, World, text};

impl World {
    /// Somebody's task has cost so many billionths of a dollar.
    async fn costs(&self, who: &str, nanos: i64) {
        let task = self.running_task_of(who, "Count").await;
        let attempt = self.task(&task).await.latest().cloned().expect("it was claimed");
        let report = Report {
            cost: Some(Usd::from_nanos(nanos)),
            model: Some("openrouter/moonshotai/kimi-k2.5".to_owned()),
            ..Report::without_result(Outcome::Succeeded, "as the test says")
        };
        self.queue.settle(attempt.id, attempt.fence, report).await.expect("the store answers");
    }
}

/// A world in which `admin` operates and everybody may submit.
async fn world() -> World {
    let policy_of = |discord: &Sandbox| {
        let admin = discord.user("admin").expect("the admin is there").id.get();
        Policy { operate: WhoMay { users: [UserId::new(admin)].into(), ..WhoMay::default() }, ..Policy::default() }
    };
    World::with(Given { slots: 3, policy_of: Some(policy_of), ..Given::default() }).await
}

#[tokio::test]
async fn whoever_operates_sees_what_everybody_spent_with_a_chart() {
    let world = world().await;
    world.costs("stranger", 1_215_000).await;
    world.costs("admin", 2_000_000_000).await;
    let person = |who: &str| format!("<@{}>", world.discord.user(who).expect("somebody").id);

    let answer = world.answer(world.uses("admin", "cost", &[("by", json!(1))])).await;

    let told = text(&answer);
    let lines: Vec<&str> = told.lines().collect();
    assert!(lines[0].starts_with("**Costs by user, ") && lines[1].starts_with("$2.001215 for 2 attempts"), "{told}");
    assert_eq!(
        lines[2..],
        [format!("{} · **$2** · 1 attempt", person("admin")), format!("{} · **$0.001215** · 1 attempt", person("stranger"))]
    );
    let picture = &answer.attachments[0];
    assert_eq!((picture.filename.as_str(), picture.content_type.as_str()), ("costs.png", "image/png"));
    let bytes = world.discord.look(|discord| discord.file(picture.id)).expect("its bytes are there");
    assert!(bytes.starts_with(b"\x89PNG\r\n\x1a\n") && bytes.len() > 1_000, "{} bytes", bytes.len());
}

#[tokio::test]
async fn everybody_else_sees_what_he_spent_himself() {
    let world = world().await;
    world.costs("stranger", 1_215_000).await;
    world.costs("admin", 2_000_000_000).await;

    let own = world.asks("stranger", "cost", &[("by", json!(3)), ("period", json!(0))]).await;
    assert!(own.starts_with("**Your costs by model, ") && own.contains("$0.001215 for 1 attempt ·"), "{own}");
    assert!(own.contains("`openrouter/moonshotai/kimi-k2.5` · **$0.001215**") && !own.contains("$2"), "{own}");
    let yesterday = world.answer(world.uses("stranger", "cost", &[("period", json!(1))])).await;
    assert!(text(&yesterday).ends_with("Nothing was run.") && yesterday.attachments.is_empty(), "{yesterday:?}");
}
