//! A task's card and its thread, as they are seen in the local Discord.

mod again;
mod backlog;
mod following_up;
mod pressing;
mod showing;
mod surviving;
mod threads;

use orchestrator_sandbox::{Snowflake, world::message::Message};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::world::{Founding, PATIENCE, World};

/// Waits for a file, then is done.
const WAITS: &str = "until [ -e $HOME/go ]; do sleep 0.02; done; echo It is done > RESULT.txt";

/// A world in which cards show as much as is said.
fn showing(shown: &str, threads: bool) -> Founding {
    Founding::new().config("cards.show", json!(shown)).config("cards.threads", json!(threads))
}

fn go(world: &World) {
    std::fs::write(world.dir().join("go"), "").expect("a file");
}

/// The cards that answer a task's message.
fn cards(world: &World, task: Snowflake) -> Vec<Message> {
    let answers = |message: &Message| message.reply_to == Some(task) && message.embeds.len() == 1 && message.content.is_empty();
    world.said("task-queue").into_iter().filter(answers).collect()
}

/// What the store's file says, looked at from outside: the first column of each row.
fn stored(world: &World, sql: &str) -> Vec<String> {
    let connection = Connection::open(world.dir().join(".runtime/orchestrator.db")).expect("the store's file");
    connection.busy_timeout(PATIENCE).expect("it waits");
    let mut asked = connection.prepare(sql).expect("SQL");
    let rows = asked.query_map([], |row| row.get(0)).expect("rows");
    rows.map(|row| row.expect("a text")).collect()
}

/// What happened to a task.
fn journal(world: &World, task: Snowflake) -> Vec<String> {
    stored(world, &format!("SELECT what FROM journal WHERE task = '{task}' ORDER BY seq"))
}

/// The state as the program before had left it: without what the migrations since have added, and with every card that does not stand due at once. Tells
/// the version that it has to be brought to again.
fn take_back_the_last_migrations(world: &World) -> u32 {
    let connection = Connection::open(world.dir().join(".runtime/orchestrator.db")).expect("the store's file");
    let version: u32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).expect("a number");
    connection
        .execute_batch(
            "DROP TABLE long_result; DROP INDEX ledger_by_lane; ALTER TABLE ledger DROP COLUMN requester; ALTER TABLE ledger DROP COLUMN channel; \
             ALTER TABLE ledger DROP COLUMN instance; ALTER TABLE ledger DROP COLUMN cost_from; \
             DROP INDEX card_near; DROP INDEX card_far; ALTER TABLE card DROP COLUMN near; ALTER TABLE card DROP COLUMN priority; \
             ALTER TABLE card DROP COLUMN step; UPDATE card SET rank = 1 WHERE rank = 3; UPDATE card SET due_at = 1 WHERE message IS NULL; \
             PRAGMA user_version = 3;",
        )
        .expect("it is as it was");
    version
}

/// A card's text.
fn text(card: &Message) -> &str {
    card.embeds[0]["description"].as_str().unwrap_or_default()
}

/// Waits until a task's card says something.
async fn says(world: &World, task: Snowflake, part: &str) -> Message {
    world.until(part, |world| cards(world, task).iter().any(|card| text(card).contains(part))).await;
    cards(world, task).remove(0)
}

/// What stands on a card's buttons, and what they are known by.
fn buttons(card: &Message) -> Vec<(String, String)> {
    let row = card.components.first().and_then(|row| row["components"].as_array()).cloned().unwrap_or_default();
    let word = |button: &Value, key: &str| button[key].as_str().unwrap_or_default().to_owned();
    row.iter().map(|button| (word(button, "label"), word(button, "custom_id"))).collect()
}

/// What stands in the thread beneath a message.
fn in_thread(world: &World, of: Snowflake) -> Vec<Message> {
    // The line that Discord itself writes at a thread's beginning is nobody's.
    world.sandbox.look(|world| world.messages(of).filter(|message| !message.kind.is_system()).cloned().collect())
}

/// Waits for a message in the thread beneath another.
async fn thread_says(world: &World, of: Snowflake, is_it: impl Fn(&Message) -> bool) -> Message {
    let found = world.sandbox.wait_for(|world| world.messages(of).find(|message| is_it(message)).cloned(), PATIENCE).await;
    found.unwrap_or_else(|_| panic!("the message in the thread did not come: {:?}\n{}", in_thread(world, of), world.log()))
}
