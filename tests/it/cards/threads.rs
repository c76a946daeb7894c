//! The thread beneath a card: its name, its sheet, and what attempts have left.

use orchestrator_sandbox::Demand;
use serde_json::json;

use super::{PATIENCE, WAITS, cards, go, in_thread, says, showing, text, thread_says};
use crate::world::RUNS;

#[tokio::test(flavor = "multi_thread")]
async fn a_task_s_thread_has_its_final_name_a_sheet_and_the_result() {
    let world = showing("state_changes", true).start().await;

    let task = world.say(&format!("echo a line of the log; {WAITS}"));
    let card = says(&world, task, "Running").await.id;
    let sheet = thread_says(&world, card, |message| message.embeds.len() == 1).await;
    go(&world);
    let told = thread_says(&world, card, |message| message.content.contains("**Attempt 1** succeeded")).await;
    world.until("the sheet shows the log's end", |world| text(&in_thread(world, card)[0]).contains("a line of the log")).await;

    assert!(text(&sheet).starts_with(&format!("**Task** `{task}`\n```\necho a line of the log; until")), "{}", text(&sheet));
    assert_eq!(told.embeds[0]["description"], "```\nIt is done\n```");
    let thread = world.sandbox.look(|world| world.channel(card).cloned()).expect("the thread");
    assert!(thread.name.starts_with("echo a line of the log; until [ -e"), "{}", thread.name);
    assert_eq!(thread.thread.expect("it is one").auto_archive_minutes, 10_080);
    assert_eq!(in_thread(&world, card).len(), 2, "the sheet and the result");
    world.all_entries(&[task], PATIENCE).await;
    assert_eq!(world.count_entries(task), 1);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_result_goes_along_as_a_file() {
    let world = showing("state_changes", true).start().await;

    let task = world.say("for n in $(seq 3000); do echo line $n; done > RESULT.txt");
    let card = says(&world, task, "**Done**").await.id;
    let told = thread_says(&world, card, |message| message.content.contains("The beginning; the whole is in")).await;

    let files = world.attached(&told);
    assert_eq!(files.len(), 1);
    assert!(files[0].1.starts_with(b"line 1\n") && files[0].1.ends_with(b"line 3000\n"));
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn six_results_as_large_as_they_are_kept_all_arrive_when_they_come_at_once() {
    let world = showing("state_changes", true).config("caps.max_concurrent", json!(6)).start().await;
    let task = format!("{RUNS} until [ -e $HOME/go ]; do sleep 0.02; done; yes 'a line of a long result' | head -c 8000000 > RESULT.txt");

    let tasks: Vec<_> = (0..6).map(|_| world.say(&task)).collect();
    world.until("all work", |world| world.runs().len() == tasks.len()).await;
    go(&world);
    world.all_entries(&tasks, 4 * PATIENCE).await;

    for task in tasks {
        let card = says(&world, task, "**Done**").await.id;
        let told = thread_says(&world, card, |message| message.content.contains("The beginning; the whole is in")).await;
        assert_eq!(world.attached(&told)[0].1.len(), 8_000_000);
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_permission_for_threads_everything_else_goes_on_and_the_operator_is_told_once() {
    let world = showing("state_changes", true).start().await;
    let bot = orchestrator_sandbox::Options::default().seed.bot;
    let deny = json!({"deny": {"user": bot, "channel": "task-queue", "permissions": ["CREATE_PUBLIC_THREADS"]}});
    world.sandbox.make_trouble(serde_json::from_value::<Demand>(deny).expect("a demand"));

    let tasks: Vec<_> = (0..3).map(|_| world.say("echo ok > RESULT.txt")).collect();
    for task in &tasks {
        says(&world, *task, "**Done**").await;
        world.entry(*task).await;
    }
    world.message("worker-pool", |message| message.content.contains("Tasks get no threads in")).await;

    assert_eq!(world.told("Tasks get no threads in").len(), 1);
    assert!(tasks.iter().all(|task| cards(&world, *task).len() == 1));
    world.finish().await;
}
