//! Looking at tasks, and changing them.

use std::fs;

use orchestrator_core::domain::attempt::Outcome;
use serde_json::json;

use super::{Given, SECRET, SOON, World};

#[tokio::test]
async fn the_status_tells_what_there_is_what_it_has_cost_and_why_nothing_is_started() {
    let world = World::new().await;
    world.task_of("stranger", "One").await;
    world.task_of("stranger", "Two").await;
    world.queue.pause("ann".to_owned(), false).await.unwrap();

    let told = world.asks("stranger", "status", &[]).await;

    assert_eq!(
        told.lines().take(3).collect::<Vec<_>>(),
        [
            "⛔ Nothing is started: paused by ann. `orchestrator resume` goes on.",
            "⚠️ The disk is nearly full.",
            "**Running:** 0 of 0 · **Waiting:** 2 · **Held or asked:** 0",
        ]
    );
    assert!(told.contains("**Ended:** 0 · **Today:** $0"), "{told}");
}

#[tokio::test]
async fn the_queue_is_listed_in_its_order() {
    let world = World::new().await;
    let usual = world.task_of("stranger", "One @everyone").await;
    let urgent = world.task_of("stranger", "Two [priority:high]").await;

    let told = world.asks("stranger", "queue", &[]).await;

    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines.len(), 2, "{told}");
    assert!(lines[0].starts_with("1. ⏳") && lines[0].contains(urgent.as_str()) && lines[0].contains("`Two`"), "{told}");
    assert!(lines[1].starts_with("2. ⏳") && lines[1].contains(usual.as_str()), "{told}");
}

#[tokio::test]
async fn one_task_is_told_with_its_place_whether_by_its_id_or_by_its_message() {
    let world = World::new().await;
    world.task_of("stranger", "Before it").await;
    world.task_of("stranger", "Before it too").await;
    let task = world.task_of("stranger", "Count\nthe lines").await;
    let stands = |discord: &orchestrator_sandbox::World| discord.messages_in("task-queue").nth(2).map(|message| message.id);
    let message = world.discord.wait_for(stands, SOON).await.unwrap();
    while world.task(&task).await.row.message.is_none() {
        tokio::task::yield_now().await;
    }

    for given in [task.to_string(), format!(" `{task}` "), message.to_string(), format!("https://discord.com/channels/1/2/{message}")] {
        let told = world.asks("stranger", "status", &[("task", json!(given))]).await;

        assert!(told.starts_with(&format!("⏳ [`{task}`](")), "{given}: {told}");
        assert!(told.contains("**waiting for its turn**") && told.contains("```\nCount\nthe lines\n```"), "{told}");
        assert!(told.contains("**Why:** 2 tasks are before it.") && told.contains("agent `script`"), "{told}");
    }
}

#[tokio::test]
async fn what_is_no_task_is_told_as_such() {
    let world = World::new().await;

    for command in ["status", "cancel", "retry", "logs"] {
        let told = world.asks("admin", command, &[("task", json!("<@123> nonsense"))]).await;

        assert_eq!(told, "❌ There is no task `<@123> nonsense` here.", "{command}");
    }
}

#[tokio::test]
async fn a_waiting_task_is_cancelled_and_run_again() {
    let world = World::new().await;
    let task = world.task_of("stranger", "Count").await;
    let named = [("task", json!(task.as_str()))];

    assert_eq!(
        world.asks("stranger", "retry", &named).await,
        format!("❌ `{task}` has not ended yet, so it can't be run again. To stop it: 🛑 or `cancel`.")
    );
    assert_eq!(world.asks("stranger", "cancel", &named).await, format!("🛑 `{task}` waited and will not run."));
    assert_eq!(world.task(&task).await.row.ended.map(|(_, outcome)| outcome), Some(Outcome::Cancelled));
    assert_eq!(world.asks("stranger", "cancel", &named).await, format!("❌ `{task}` has ended already. To run it again: 🔁 or `retry`."));
    assert_eq!(world.asks("stranger", "retry", &named).await, format!("🔁 `{task}` will run again."));
    assert_eq!(world.task(&task).await.row.ended, None);
}

#[tokio::test]
async fn somebody_else_s_task_is_controlled_and_looked_into_by_operators_alone() {
    let world = World::new().await;
    let task = world.task_of("stranger", "Count").await;
    let named = [("task", json!(task.as_str()))];

    for command in ["cancel", "retry", "status", "logs"] {
        let told = world.asks("operator", command, &named).await;

        assert!(told.starts_with("❌ You may not control somebody else's task"), "{command}: {told}");
    }
    assert_eq!(world.asks("admin", "cancel", &named).await, format!("🛑 `{task}` waited and will not run."), "an administrator operates");
}

#[tokio::test]
async fn a_log_s_end_is_shown_without_secrets_and_more_of_it_goes_along_as_a_file() {
    let world = World::with(Given { slots: 1, ..Given::default() }).await;
    let task = world.task_of("stranger", "Count").await;
    let named = [("task", json!(task.as_str()))];
    let attempt = world.task(&task).await.latest().cloned().expect("it is claimed");
    let folder = world.workers().join(&attempt.agent_id).join("tasks").join(task.as_str());

    let missing = world.asks("stranger", "logs", &named).await;
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("agent-output.log"), format!("```token {SECRET}\n")).unwrap();
    let short = world.asks("stranger", "logs", &named).await;
    fs::write(folder.join("agent-output.log"), "a line of it\n".repeat(1_000)).unwrap();
    let long = world.answer(world.uses("stranger", "logs", &named)).await;

    assert!(missing.starts_with(&format!("The log of `{task}` (`{}`) can't be shown", attempt.agent_id)), "{missing}");
    assert!(short.contains("token [secret]") && short.contains("attempt 1 · running"), "{short}");
    assert!(long.content.contains("a line of it\n") && long.content.chars().count() <= 2_000);
    assert_eq!((long.attachments[0].filename.clone(), long.attachments[0].size), (format!("log-{task}.txt"), 13_000));
}

#[tokio::test]
async fn a_task_that_never_ran_has_no_log() {
    let world = World::new().await;
    let task = world.task_of("stranger", "Count").await;

    assert_eq!(
        world.asks("stranger", "logs", &[("task", json!(task.as_str()))]).await,
        format!("`{task}` has not been started yet, so there is no log.")
    );
}

#[tokio::test]
async fn help_names_every_command_the_models_and_the_place() {
    let world = World::new().await;

    let told = world.asks("stranger", "help", &[]).await;

    for expected in [
        "<#",
        "`cheap`, `primary`",
        "`openclaw`, `script`",
        "`/task`: Give an agent a task.",
        "`/status`",
        "`/queue`",
        "`/cancel`",
        "`/retry`",
        "`/logs`",
        "`/help`",
    ] {
        assert!(told.contains(expected), "{expected} is not in: {told}");
    }
}
