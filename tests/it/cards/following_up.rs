//! What is said in a task's thread: the task goes on with it.

use std::time::Duration;

use orchestrator_sandbox::{Snowflake, world::message::Message};

use super::{WAITS, buttons, cards, go, in_thread, says, showing, text, thread_says};
use crate::world::World;

/// Keeps what it was told, and what it leaves names the attempt.
const KEEPS: &str = r#"cp TASK.txt "$HOME/told-$(ls "$HOME" | grep -c told-)"; echo "left by $ORCH_AGENT_ID" > RESULT.txt; exit 0"#;

/// Somebody says something in the thread beneath a card.
pub(super) async fn say_in(world: &World, person: &str, thread: Snowflake, said: &str) -> Snowflake {
    let url = format!("{}/api/v10/channels/{thread}/messages", world.sandbox.base_url());
    let token = world.sandbox.person(person).token();
    let sent = reqwest::Client::builder().timeout(Duration::from_secs(5)).build().expect("a client");
    let answer = sent.post(url).header("authorization", token).json(&serde_json::json!({"content": said})).send().await.expect("an answer");
    assert!(answer.status().is_success(), "{}", answer.text().await.unwrap_or_default());
    let message: serde_json::Value = answer.json().await.expect("JSON");
    message["id"].as_str().and_then(|id| id.parse().ok()).expect("an id")
}

async fn opened(world: &World, task: Snowflake, part: &str) -> Snowflake {
    let card = says(world, task, part).await.id;
    thread_says(world, card, |message| message.embeds.len() == 1).await;
    card
}

fn heard(world: &World, thread: Snowflake, message: Snowflake) -> bool {
    let bot = world.sandbox.user(&orchestrator_sandbox::Options::default().seed.bot).expect("the bot").id;
    let is_it = |said: &Message| said.id == message && said.has_reaction("✅", bot);
    in_thread(world, thread).iter().any(is_it)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follow_up_in_the_thread_starts_a_new_attempt_that_is_told_what_the_last_one_left() {
    let world = showing("state_changes", true).start().await;
    let task = world.say(KEEPS);
    let thread = opened(&world, task, "**Done**").await;
    thread_says(&world, thread, |message| message.content.contains("**Attempt 1**")).await;

    let said = say_in(&world, "admin", thread, "and now `in French`\n!aside nobody needs to know").await;
    thread_says(&world, thread, |message| message.content.contains("**Attempt 2** succeeded")).await;

    world.until("it is heard", |world| heard(world, thread, said)).await;
    let bot = world.sandbox.user(&orchestrator_sandbox::Options::default().seed.bot).expect("the bot").id;
    let done = |message: &Message| message.id == said && message.has_reaction("🏁", bot);
    world.until("and its end is shown on it", |world| in_thread(world, thread).iter().any(done)).await;
    let order: Vec<bool> = in_thread(&world, thread).iter().take(2).map(|message| message.content.is_empty()).collect();
    assert_eq!(order, [true, false], "the thread begins with its sheet");
    let (first, second) = (world.text("told-0"), world.text("told-1"));
    assert_eq!(first, format!("TASK: {KEEPS}"));
    let (before, after) = second.split_once("\n\n--- What attempt 1 has left (succeeded) ---\nleft by ").expect(&second);
    assert_eq!(before, first);
    assert!(after.ends_with("\n\n--- admin then said ---\nand now `in French`"), "{after}");
    world.until("both entries stand", |world| world.count_entries(task) == 2).await;
    assert_eq!(cards(&world, task).len(), 1);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follow_up_to_a_running_task_waits_and_may_interrupt_it() {
    let world = showing("state_changes", true).start().await;
    let task = world.say(&format!("{WAITS}; exit 0"));
    let thread = opened(&world, task, "**Running**").await;

    let said = say_in(&world, "admin", thread, "go on").await;
    let card = says(&world, task, "💬 1 follow-up waits for its agent's end.").await;
    world.until("it is heard", |world| heard(world, thread, said)).await;
    assert_eq!(buttons(&card)[0], ("Interrupt now".to_owned(), format!("o1.interrupt.1.{task}")));
    assert!(world.entries(task).is_empty());
    go(&world);
    thread_says(&world, thread, |message| message.content.contains("**Attempt 2** succeeded")).await;

    assert!(!text(&says(&world, task, "**Done**").await).contains("follow-up"));
    world.until("both entries stand", |world| world.count_entries(task) == 2).await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_stranger_says_in_another_s_thread_is_refused_once_and_changes_nothing() {
    let world = showing("state_changes", true).start().await;
    let task = world.say("echo ok > RESULT.txt");
    let thread = opened(&world, task, "**Done**").await;

    let said = say_in(&world, "stranger", thread, "do something else").await;
    thread_says(&world, thread, |message| message.reply_to == Some(said)).await;
    say_in(&world, "stranger", thread, "please").await;
    let own = say_in(&world, "admin", thread, "# nothing").await;
    world.until("what is said by who may is heard", |world| heard(world, thread, own)).await;

    let bot = world.sandbox.user(&orchestrator_sandbox::Options::default().seed.bot).expect("the bot").id;
    let answers = in_thread(&world, thread).into_iter().filter(|message| message.author == bot && message.reply_to.is_some()).count();
    assert_eq!(answers, 1, "told once");
    thread_says(&world, thread, |message| message.content.contains("**Attempt 2**")).await;
    world.until("two runs, no third", |world| world.count_entries(task) == 2).await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_in_a_thread_while_the_bot_was_away_is_heard_when_it_is_back() {
    let mut world = showing("state_changes", true).start().await;
    let task = world.say("echo ok > RESULT.txt; exit 0");
    let thread = opened(&world, task, "**Done**").await;
    thread_says(&world, thread, |message| message.content.contains("**Attempt 1**")).await;
    world.marked(task, "🏁").await;
    world.stop_bot();

    let said = say_in(&world, "admin", thread, "# and now").await;
    let later = world.say("echo later > RESULT.txt");
    world.start_bot();
    world.entry(later).await;

    thread_says(&world, thread, |message| message.content.contains("**Attempt 2** succeeded")).await;
    world.until("it is heard", |world| heard(world, thread, said)).await;
    world.until("two entries", |world| world.count_entries(task) == 2).await;
    world.finish().await;
}
