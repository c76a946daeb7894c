//! What is done to tasks and to the service: status, list, cancel, retry, hold, reclaim, panic, once, backup, restore.

use std::{fs, time::Duration};

use orchestrator_sandbox::world::snowflake::Snowflake;
use serde_json::{Value, json};

use super::{run, until};
use crate::world::{Founding, World};

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

async fn state_of(world: &World, task: Snowflake) -> Value {
    let (code, out, err) = run(world, &["status", &task.to_string(), "--json"]).await;
    assert_eq!(code, 0, "{err}");
    json_of(&out)["state"].clone()
}

/// Waits until a task's agent has been started.
async fn started(world: &World, task: Snowflake) {
    until(world, task, |told| told["started_at"].is_string()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn status_list_and_logs_show_what_happened() {
    let world = World::new().await;
    let task = world.say("echo working; echo 42 > RESULT.txt");
    world.entry(task).await;

    let (code, out, _) = run(&world, &["status"]).await;
    assert_eq!(code, 0);
    assert!(out.contains("0 running of 4 at once, 0 waiting, 0 held, 1 ended"), "{out}");

    let (_, out, _) = run(&world, &["status", &task.to_string()]).await;
    for part in ["succeeded", "attempt 1", "Result:\n42", "its ✅ stands"] {
        assert!(out.contains(part), "`{part}` is not in {out}");
    }

    let (_, out, _) = run(&world, &["list", "--json"]).await;
    let page = json_of(&out);
    assert_eq!((&page["tasks"][0]["id"], &page["tasks"][0]["state"]), (&json!(task.to_string()), &json!("succeeded")));

    let (code, out, _) = run(&world, &["logs", &task.to_string()]).await;
    assert_eq!(code, 0);
    assert!(out.contains("working"), "{out}");

    let (code, out, _) = run(&world, &["logs", "--service"]).await;
    assert_eq!(code, 0);
    assert!(out.lines().all(|line| line.starts_with('{')) && out.contains(&task.to_string()), "{out}");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_s_log_holds_neither_tokens_nor_prompts() {
    let world = World::new().await;
    let task = world.say("echo a-very-private-prompt > RESULT.txt");
    world.entry(task).await;

    let log = fs::read_to_string(world.dir().join("logs/orchestrator.log")).unwrap();
    let env = fs::read_to_string(world.dir().join("discord-config.env")).unwrap();

    assert!(!log.contains("a-very-private-prompt"));
    for token in env.lines().filter_map(|line| line.split_once("_TOKEN=")).map(|(_, token)| token) {
        assert!(!log.contains(token) && !world.log().contains(token));
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_known_ends_with_exit_code_7() {
    let world = World::new().await;

    for args in [&["status", "123"][..], &["logs", "123"], &["cancel", "123"], &["retry", "123"], &["status", "../etc"]] {
        let (code, _, err) = run(&world, args).await;
        assert_eq!(code, 7, "{args:?}: {err}");
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_task_is_cancelled_and_run_again() {
    let world = World::new().await;
    let task = world.say("sleep 60");
    started(&world, task).await;

    let (code, out, _) = run(&world, &["cancel", &task.to_string()]).await;
    assert_eq!(code, 0, "{out}");
    let entry = world.entry(task).await;
    assert!(entry.content.starts_with("**[CANCELLED]**"), "{}", entry.content);

    let (code, _, err) = run(&world, &["cancel", &task.to_string()]).await;
    assert_eq!(code, 9, "{err}");
    let (code, _, _) = run(&world, &["retry", &task.to_string()]).await;
    assert_eq!(code, 0);
    let (code, _, err) = run(&world, &["retry", &task.to_string()]).await;
    assert_eq!(code, 9, "{err}");
    started(&world, task).await;
    run(&world, &["cancel", &task.to_string()]).await;
    world.sandbox.wait_until(|seen| seen.messages_in("results").count() == 2, Duration::from_secs(20)).await.expect("a second entry");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn why_tells_what_holds_a_task_and_the_verb_that_moves_it() {
    let world = Founding::new().config("caps", json!({"max_concurrent": 1})).start().await;
    let first = world.say("echo counting; sleep 60");
    started(&world, first).await;
    let second = world.say("echo 2 > RESULT.txt");
    until(&world, second, |told| told["state"] == "waiting").await;
    let (first, second) = (first.to_string(), second.to_string());

    let (code, out, err) = run(&world, &["why", &second]).await;
    assert_eq!(code, 0, "{err}");
    assert!(out.starts_with(&format!("{second}  waiting\n  It is next.\n  The only slot is filled:\n  ▶️ `{first}` · ")), "{out}");
    assert!(out.trim_end().ends_with(&format!("orchestrator cancel {second}")), "{out}");

    world.until("it has said something", |world| world.task_text(first.parse().unwrap(), "agent-output.log").contains("counting")).await;
    let (_, out, _) = run(&world, &["why", &first, "--json"]).await;
    let told = json_of(&out);
    assert_eq!((&told["id"], &told["state"], &told["moves"]), (&json!(first), &json!("running"), &json!(["logs", "cancel"])));
    assert!(told["why"].to_string().contains("Its log ends with `") && told["why"].to_string().contains("counting"), "{told}");

    run(&world, &["hold", &second]).await;
    let (_, out, _) = run(&world, &["why", &second]).await;
    assert!(out.contains(" held it at 20") && out.contains(&format!("orchestrator release {second}")), "{out}");
    assert_eq!(run(&world, &["hasten", &second]).await.0, 9, "it waits for no time");
    run(&world, &["cancel", &first, &second]).await;
    assert_eq!(run(&world, &["why", "123"]).await.0, 7);
    world.entry(first.parse().unwrap()).await;
    world.entry(second.parse().unwrap()).await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_task_is_held_released_and_cleared_away() {
    let world = Founding::new().config("caps", json!({"max_concurrent": 1})).start().await;
    let first = world.say("sleep 60");
    world.marked(first, "✅").await;
    let second = world.say("echo 2 > RESULT.txt");
    let third = world.say("echo 3 > RESULT.txt");
    until(&world, third, |told| told["state"] == "waiting").await;

    assert_eq!(run(&world, &["hold", &second.to_string()]).await.0, 0);
    assert_eq!(state_of(&world, second).await, json!("held"));
    assert_eq!(run(&world, &["release", &second.to_string()]).await.0, 0);
    assert_eq!(state_of(&world, second).await, json!("waiting"));

    let (code, _, err) = run(&world, &["cancel", "--waiting"]).await;
    assert_eq!(code, 1, "nobody was there to answer, and it went on: {err}");
    let (code, out, _) = run(&world, &["cancel", "--waiting", "--yes"]).await;
    assert_eq!((code, out.lines().count()), (0, 2), "{out}");
    assert_eq!((state_of(&world, second).await, state_of(&world, third).await), (json!("cancelled"), json!("cancelled")));
    assert_eq!(state_of(&world, first).await, json!("running"));
    started(&world, first).await;
    run(&world, &["cancel", &first.to_string()]).await;
    world.entry(first).await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_service_the_store_is_read_and_changed_by_the_same_rules() {
    let mut world = World::new().await;
    let task = world.say("echo 42 > RESULT.txt");
    world.entry(task).await;
    assert_eq!(world.stop_bot(), 0);

    let (code, out, _) = run(&world, &["status"]).await;
    assert_eq!(code, 0);
    assert!(out.starts_with("No service runs"), "{out}");
    assert_eq!(state_of(&world, task).await, json!("succeeded"));
    assert_eq!(run(&world, &["cancel", &task.to_string()]).await.0, 9);
    let (code, _, err) = run(&world, &["retry", &task.to_string()]).await;
    assert_eq!(code, 0);
    assert!(err.contains("next start"), "{err}");
    assert_eq!(state_of(&world, task).await, json!("waiting"));

    world.start_bot();
    world.sandbox.wait_until(|seen| seen.messages_in("results").count() == 2, Duration::from_secs(20)).await.expect("it ran again");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_service_and_store_that_is_said() {
    let world = Founding::new().silent().await;

    let (code, _, err) = run(&world, &["status"]).await;

    assert_eq!(code, 8);
    assert!(err.contains("orchestrator run"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn once_runs_what_is_there_and_says_so_when_nothing_is() {
    let world = Founding::new().silent().await;

    let (code, out, err) = run(&world, &["once"]).await;
    assert_eq!((code, out.trim()), (0, "No pending tasks"), "{err}");

    let task = world.say("echo 42 > RESULT.txt");
    let (code, _, err) = run(&world, &["once"]).await;
    assert_eq!(code, 0, "{err}");
    assert_eq!(world.entries(task).len(), 1);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trigger_without_a_service_runs_what_waits() {
    let world = Founding::new().silent().await;
    let task = world.say("echo 42 > RESULT.txt");

    let (code, _, err) = run(&world, &["trigger"]).await;

    assert_eq!(code, 0, "{err}");
    assert_eq!(world.entries(task).len(), 1);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn panic_ends_every_agent_and_nothing_is_started_until_resume() {
    let world = World::new().await;
    let task = world.say("sleep 60");
    world.marked(task, "✅").await;
    started(&world, task).await;

    let (code, out, err) = run(&world, &["panic"]).await;
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("Paused") && out.contains(&task.to_string()), "{out}");
    world.entry(task).await;

    let later = world.say("echo 42 > RESULT.txt");
    world.until("it is known", |world| world.log().contains(&format!("task {later} of"))).await;
    assert!(world.entries(later).is_empty());
    let (_, out, _) = run(&world, &["status"]).await;
    assert!(out.contains("Nothing is started: paused by"), "{out}");

    assert_eq!(run(&world, &["resume"]).await.0, 0);
    world.entry(later).await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn panic_works_with_the_service_dead() {
    let mut world = World::new().await;
    let task = world.say("sleep 300 & sleep 300");
    world.marked(task, "✅").await;
    started(&world, task).await;
    world.kill_bot();

    let (code, out, err) = run(&world, &["panic"]).await;
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains(&format!("task {task}")), "{out}");

    let (_, out, _) = run(&world, &["status"]).await;
    assert!(out.contains("Nothing is started"), "{out}");
    assert_eq!(run(&world, &["resume"]).await.0, 0);
    world.start_bot();
    world.entry(task).await;
    assert_eq!(world.entries(task).len(), 1);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn claimed_messages_are_reclaimed_after_the_store_was_lost() {
    let mut world = World::new().await;
    let done = world.say("echo 1 > RESULT.txt");
    world.entry(done).await;
    world.marked(done, "🏁").await;
    let running = world.say("sleep 300");
    world.marked(running, "✅").await;
    world.kill_bot();
    run(&world, &["panic", "--grace", "1s"]).await;
    fs::remove_dir_all(world.dir().join(".runtime")).unwrap();
    let reads = |world: &World| world.log().matches("messages back").count();
    let before = reads(&world);
    world.start_bot();
    world.until("the channel was read", |world| reads(world) > before).await;
    assert_eq!(run(&world, &["status", &running.to_string()]).await.0, 7, "a message with ✅ was run again by itself");

    let (code, out, err) = run(&world, &["reclaim", "--all", "--json"]).await;

    assert_eq!(code, 0, "{err}");
    assert_eq!(json_of(&out)["taken"], json!([running.to_string()]));
    assert_eq!(run(&world, &["reclaim", &running.to_string()]).await.0, 9, "it is known now");
    assert_eq!(run(&world, &["reclaim", &done.to_string()]).await.0, 0, "a single one may have ended");
    started(&world, running).await;
    run(&world, &["cancel", &running.to_string()]).await;
    world.entry(running).await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_made_while_the_service_runs_and_put_back_when_it_does_not() {
    let mut world = World::new().await;
    let first = world.say("echo 1 > RESULT.txt");
    world.entry(first).await;
    world.marked(first, "🏁").await;

    let (code, out, err) = run(&world, &["backup", "copy.db"]).await;
    assert_eq!(code, 0, "{out}{err}");
    assert_ne!(run(&world, &["backup", "copy.db"]).await.0, 0, "a backup was overwritten");
    assert_eq!(run(&world, &["restore", "copy.db"]).await.0, 9, "a restore beside a service");

    let second = world.say("echo 2 > RESULT.txt");
    world.entry(second).await;
    world.marked(second, "🏁").await;
    assert_eq!(world.stop_bot(), 0);
    let (code, out, err) = run(&world, &["restore", "copy.db"]).await;
    assert_eq!(code, 0, "{out}{err}");
    assert_eq!(run(&world, &["status", &first.to_string()]).await.0, 0);
    assert_eq!(run(&world, &["status", &second.to_string()]).await.0, 7);
}
