//! The form for long tasks, whatever happens between its opening and its submission.

use orchestrator_core::domain::task::Thinking;
use serde_json::json;

use super::{World, id};

#[tokio::test]
async fn a_form_takes_four_thousand_characters_with_line_breaks_and_the_wishes_of_the_command() {
    let world = World::new().await;
    let opened = world.uses("stranger", "task", &[("model", json!("cheap")), ("thinking", json!(1)), ("agent", json!("openclaw"))]);
    let form = world.form(opened).await;
    let text = format!("Line one\n\n```\n{}", "x".repeat(3_986));

    let submitted = world.discord.person("stranger").submit(opened, &[("text", &text)]).unwrap();

    assert_eq!(form["title"], "New task · cheap · low · openclaw");
    assert!(world.told(submitted).await.starts_with(&format!("📝 Queued as `{opened}`")), "the task is named after what opened the form");
    let task = world.task(&id(opened)).await.row.task;
    assert_eq!(task.prompt, text);
    assert_eq!(
        (task.wishes.model_shown.as_deref(), task.wishes.thinking, task.wishes.agent.as_str()),
        (Some("cheap"), Thinking::Low, "openclaw")
    );
}

#[tokio::test]
async fn a_form_that_was_opened_before_a_restart_is_obeyed_after_it() {
    let mut world = World::new().await;
    let opened = world.uses("stranger", "task", &[("model", json!("cheap")), ("timeout", json!("10m"))]);
    world.form(opened).await;
    world.stop_bots().await;
    world.start_bot().await;

    let submitted = world.discord.person("stranger").submit(opened, &[("text", "after the restart")]).unwrap();

    assert!(world.told(submitted).await.starts_with(&format!("📝 Queued as `{opened}`")));
    let task = world.task(&id(opened)).await.row.task;
    assert_eq!((task.prompt.as_str(), task.wishes.time_limit.as_secs()), ("after the restart", 600));
}

#[tokio::test]
async fn wishes_that_fit_into_no_form_s_id_are_kept_over_a_restart() {
    let mut world = World::new().await;
    let model = format!("openrouter/x/{}", "y".repeat(90));
    let opened = world.uses("stranger", "task", &[("model", json!(model))]);
    world.form(opened).await;
    world.stop_bots().await;
    world.start_bot().await;

    let submitted = world.discord.person("stranger").submit(opened, &[("text", "x")]).unwrap();

    assert!(world.told(submitted).await.starts_with("📝 Queued"));
    assert_eq!(world.task(&id(opened)).await.row.task.wishes.model.map(|model| model.0), Some(model));
}

#[tokio::test]
async fn kept_wishes_that_another_form_has_replaced_are_not_mixed_up_and_the_text_goes_back() {
    let world = World::new().await;
    let model = |last: &str| json!(format!("openrouter/x/{}{last}", "y".repeat(90)));
    let first = world.uses("stranger", "task", &[("model", model("1"))]);
    world.form(first).await;
    let second = world.uses("stranger", "task", &[("model", model("2"))]);
    world.form(second).await;

    let submitted = world.discord.person("stranger").submit(first, &[("text", "my long text")]).unwrap();

    let answer = world.answer(submitted).await;
    assert!(answer.content.starts_with("You have opened another form since"), "{}", answer.content);
    assert_eq!(answer.attachments[0].filename, "task.txt");
    assert!(world.all_tasks().await.is_empty());
}

#[tokio::test]
async fn a_form_that_is_submitted_twice_is_one_task() {
    let world = World::new().await;
    let opened = world.uses("stranger", "task", &[]);
    world.form(opened).await;
    let stranger = world.discord.person("stranger");

    let first = stranger.submit(opened, &[("text", "once")]).unwrap();
    let told_first = world.told(first).await;
    let second = stranger.submit(opened, &[("text", "once")]).unwrap();

    assert!(told_first.starts_with("📝 Queued"));
    assert_eq!(world.told(second).await, format!("This was asked before: it is `{opened}`, waiting for its turn."));
    assert_eq!(world.all_tasks().await.len(), 1);
}

#[tokio::test]
async fn a_wrong_wish_is_told_before_the_text_is_written() {
    let world = World::new().await;

    let told = world.asks("stranger", "task", &[("timeout", json!("2h"))]).await;

    assert_eq!(told, "❌ A timeout of `2h` is longer than the longest that is allowed here, `1h` (`MAX_TIMEOUT`).");
}

#[tokio::test]
async fn a_refused_form_gives_the_text_back() {
    let world = World::new().await;
    let opened = world.uses("stranger", "task", &[]);
    world.form(opened).await;

    let submitted = world.discord.person("stranger").submit(opened, &[("text", "long text [thinking:deep]")]).unwrap();

    let answer = world.answer(submitted).await;
    assert_eq!(
        answer.content,
        "❌ Not run. `deep` is not a thinking level. It is one of `off`, `low`, `medium`, `high`.\n-# Your text is in `task.txt`."
    );
    let given = world.discord.look(|discord| discord.file(answer.attachments[0].id));
    assert_eq!(given.as_deref(), Some(b"long text [thinking:deep]".as_slice()));
}
