//! `/task` with its text, and "Run as task".

use orchestrator_core::domain::{actor::Actor, task::Thinking};
use serde_json::json;

use super::{SOON, World, id};

#[tokio::test]
async fn a_task_is_queued_under_the_interaction_s_id_and_its_answer_gains_the_link() {
    let world = World::new().await;

    let asked = world.uses(
        "stranger",
        "task",
        &[("text", json!("Count the lines [timeout:5m]")), ("model", json!("cheap")), ("thinking", json!(3)), ("priority", json!("high"))],
    );

    let told = |discord: &orchestrator_sandbox::World| {
        let interaction = discord.interaction(asked)?;
        let content = &discord.message(interaction.channel, interaction.original?)?.content;
        content.contains("/channels/").then(|| content.clone())
    };
    let told = world.discord.wait_for(told, SOON).await.expect("the link is added");
    let announced = world.discord.look(|discord| discord.messages_in("task-queue").next().cloned()).expect("the task's message stands");
    let link = format!("{}/channels/{}/{}/{}", world.discord.base_url(), world.guild(), announced.channel, announced.id);
    assert_eq!(told, format!("📝 Queued as `{asked}`: {link}"));
    let task = world.task(&id(asked)).await.row.task;
    assert_eq!(task.prompt, "Count the lines");
    assert_eq!((task.wishes.model_shown.as_deref(), task.wishes.thinking), (Some("cheap"), Thinking::High));
    assert_eq!((task.wishes.time_limit.as_secs(), task.wishes.priority.get()), (300, 500));
    assert!(
        matches!(&task.requester, Actor::Member { name, administrator: false, bot: false, .. } if name == "stranger"),
        "{:?}",
        task.requester
    );
}

#[tokio::test]
async fn a_refused_wish_is_told_to_the_asker_alone_and_nothing_is_stored() {
    let world = World::new().await;

    let told =
        world.asks("stranger", "task", &[("text", json!("x")), ("model", json!("chaep @everyone")), ("priority", json!("critical"))]).await;

    assert_eq!(
        told,
        "❌ Not run.\n\
         - Unknown model `chaep @everyone`. Known aliases: `cheap`, `primary`. A full id like `openrouter/provider/model` works too.\n\
         - Priority 1000 is above 500, the highest that you may give."
    );
    assert!(world.all_tasks().await.is_empty());
}

#[tokio::test]
async fn checks_are_named_in_one_option_and_a_command_is_not_for_everybody() {
    let world = World::new().await;

    let asked = world.uses("stranger", "task", &[("text", json!("x")), ("check", json!("tests, lint"))]);
    assert!(world.told(asked).await.starts_with("📝 Queued"));
    let checks = world.task(&id(asked)).await.row.task.wishes.checks;
    assert_eq!(checks.iter().map(ToString::to_string).collect::<Vec<_>>(), ["tests", "lint"]);

    let unknown = world.asks("stranger", "task", &[("text", json!("x")), ("check", json!("test"))]).await;
    assert_eq!(unknown, "❌ Unknown check `test` for agent `script`. Its checks: `lint`, `tests`.");
    let brought = world.asks("stranger", "task", &[("text", json!("x")), ("check", json!("!echo a, b"))]).await;
    assert!(brought.starts_with("❌ You may not bring a command along as a check"), "{brought}");
}

#[tokio::test]
async fn a_check_goes_with_the_form() {
    let world = World::new().await;
    let opened = world.uses("stranger", "task", &[("check", json!("tests,lint"))]);
    let form = world.form(opened).await;

    let submitted = world.discord.person("stranger").submit(opened, &[("text", "long")]).unwrap();

    assert_eq!(form["title"], "New task · tests,lint");
    assert!(world.told(submitted).await.starts_with("📝 Queued"));
    assert_eq!(world.task(&id(opened)).await.row.task.wishes.checks.len(), 2);
}

#[tokio::test]
async fn a_file_goes_along() {
    let world = World::new().await;
    let message = world.discord.person("stranger").attach("#general", "look at this [model:cheap]", &[("data.csv", b"a,b")]).unwrap();

    let asked = world.discord.person("admin").message_command(message, "Run as task").unwrap();

    assert!(world.told(asked).await.starts_with(&format!("📝 Queued as `{asked}`")));
    let task = world.task(&id(asked)).await.row.task;
    assert_eq!((task.prompt.as_str(), task.wishes.model_shown.as_deref()), ("look at this", Some("cheap")));
    assert_eq!((task.attachments.len(), task.attachments[0].name.as_str(), task.attachments[0].size), (1, "data.csv", 3));
    assert_eq!(task.requester.name(), "admin", "whoever chose it has asked for it");
}

#[tokio::test]
async fn a_message_that_is_a_task_already_is_not_run_again_by_its_menu() {
    let world = World::new().await;
    let task = world.task_of("stranger", "Count").await;
    let stands = |discord: &orchestrator_sandbox::World| discord.messages_in("task-queue").next().map(|message| message.id);
    let announced = world.discord.wait_for(stands, SOON).await.unwrap();
    while world.task(&task).await.row.message.is_none() {
        tokio::task::yield_now().await;
    }

    let asked = world.discord.person("stranger").message_command(announced, "Run as task").unwrap();

    assert_eq!(world.told(asked).await, format!("This was asked before: it is `{task}`, waiting for its turn."));
    assert_eq!(world.all_tasks().await.len(), 1);
}

#[tokio::test]
async fn a_message_without_words_is_refused_with_the_reason() {
    let world = World::new().await;
    let message = world.discord.person("stranger").attach("#general", "", &[("data.csv", b"a,b")]).unwrap();

    let asked = world.discord.person("stranger").message_command(message, "Run as task").unwrap();

    assert_eq!(world.told(asked).await, "❌ There is no text that an agent could work on. Write what is to be done.");
}
