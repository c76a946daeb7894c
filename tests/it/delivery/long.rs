//! Results that are too long to be read with each look at their task: whole wherever they are asked for, and where they are posted.

use orchestrator_sandbox::{Rule, Snowflake};
use rusqlite::Connection;
use serde_json::{Value, json};

use super::super::contract::well_again;
use crate::world::{Founding, World};

/// Writes a result of 900,000 bytes: 36,000 lines of 24 characters.
const LONG: &str = "yes 'a line of a long résult' | head -c 900000 > RESULT.txt";

fn is_whole(text: &str) -> bool {
    text == "a line of a long résult\n".repeat(36_000)
}

fn told(world: &World, task: Snowflake) -> Value {
    let (code, told, error) = world.run(&["status", &task.to_string(), "--json"]);
    assert_eq!(code, 0, "{error}");
    serde_json::from_str(&told).expect("JSON")
}

/// How many bytes the store keeps of the reports of a task's attempts.
fn in_reports(world: &World, task: Snowflake) -> i64 {
    let store = Connection::open(world.dir().join(".runtime/orchestrator.db")).expect("the store's file");
    let sql = "SELECT SUM(OCTET_LENGTH(report)) FROM attempt WHERE task = ?1";
    store.query_row(sql, [task.to_string()], |row| row.get(0)).expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_result_is_told_whole_and_its_task_is_looked_at_without_it() {
    let world = Founding::new().start().await;

    let task = world.say(LONG);
    let entry = world.entry(task).await;

    assert!(is_whole(&String::from_utf8_lossy(&world.attached(&entry)[0].1)), "{}", entry.content);
    assert!(entry.content.contains(" of 863,999 characters"), "{}", entry.content);
    let detail = told(&world, task);
    assert!(is_whole(detail["result"]["text"].as_str().expect("a text")));
    assert!(in_reports(&world, task) < 140_000);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_result_that_was_packed_before_a_kill_is_posted_whole_by_the_next_bot() {
    let mut world = Founding::new().start().await;
    world.sandbox.trouble(Rule::on("POST", "/channels/#results/messages").always().answers(503, json!({})));

    let task = world.say(LONG);
    world.until("its post has failed", |world| world.requests().iter().any(|request| request.status == Some(503))).await;
    world.kill_bot();
    well_again(&world);
    world.start_bot();
    let entry = world.entry(task).await;

    assert!(is_whole(&String::from_utf8_lossy(&world.attached(&entry)[0].1)));
    assert_eq!(world.count_entries(task), 1);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_result_that_no_channel_takes_is_kept_whole_as_a_file() {
    let world = Founding::new().start().await;
    world.sandbox.trouble(Rule::on("POST", "/channels/#results/messages").answers_error(404, 10_003, "Unknown Channel"));

    let task = world.say(LONG);
    world.message("worker-pool", |message| message.content.contains("could not be delivered")).await;

    let kept = world.shell("cat .runtime/undelivered/*.md");
    assert!(kept.len() > 900_000 && kept.contains(&task.to_string()), "{} bytes", kept.len());
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_follows_a_task_is_told_the_whole_of_its_long_result() {
    let world = Founding::new().start().await;

    let (code, printed, error) = world.run(&["submit", "--wait", LONG]);

    assert_eq!(code, 0, "{error}");
    assert!(printed.len() > 899_990, "{} bytes", printed.len());
    world.finish().await;
}
