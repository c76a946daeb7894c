//! What becomes of one post or sign when Discord does not take it, when its answer is lost, or when the bot is killed on the way.

use std::time::{Duration, Instant};

use orchestrator_sandbox::{Cause, Demand, Record, Rule};
use serde_json::json;

use super::super::contract::well_again;
use crate::world::{Founding, RUNS, World};

fn on_results() -> Rule {
    Rule::on("POST", "/channels/#results/messages")
}

/// How many requests the channel's history of results was asked for.
fn searches(world: &World) -> usize {
    let path = format!("/channels/{}/messages", world.sandbox.channel("results").expect("it is there"));
    world.requests().iter().filter(|request| request.method == "GET" && request.path == path).count()
}

fn deny(channel: &str, permissions: &[&str]) -> Demand {
    Demand::Deny {
        user: "orchestrator".to_owned(),
        channel: channel.to_owned(),
        permissions: permissions.iter().map(|name| (*name).to_owned()).collect(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_that_discord_will_never_take_is_kept_as_a_file_and_told_whatever_the_reason() {
    for (status, code, words) in [
        (404, 10_003, "Unknown Channel"),
        (400, 50_035, "Invalid Form Body"),
        (400, 50_083, "Tried to perform an operation on an archived thread"),
        (400, 40_060, "Interaction has already been acknowledged"),
        (403, 50_001, "Missing Access"),
    ] {
        let world = World::new().await;
        world.sandbox.trouble(on_results().answers_error(status, code, words));

        let task = world.say("echo the only copy > RESULT.txt");
        let alert = world.message("worker-pool", |message| message.content.contains("could not be delivered")).await;
        world.marked(task, "🏁").await;

        assert!(alert.content.contains(words), "{}", alert.content);
        let kept = world.shell("cat .runtime/undelivered/*.md");
        assert!(kept.contains("the only copy"), "{code}: {kept}");
        assert_eq!(world.shell("ls .runtime/undelivered | wc -l").trim(), "1");
        let tries = world.requests().iter().filter(|request| request.status == Some(status)).count();
        assert_eq!(tries, 1, "{code}: not tried again");
        assert_eq!(world.run(&["logs", &task.to_string()]).0, 0, "its log can be read");
        world.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_is_deleted_while_its_results_are_made_costs_no_result() {
    let world = World::new().await;
    let task = world.say("until [ -e $HOME/go ]; do sleep 0.02; done; echo the only copy > RESULT.txt");
    world.marked(task, "✅").await;
    world.sandbox.make_trouble(Demand::DeleteChannel("results".to_owned()));

    std::fs::write(world.dir().join("go"), "").expect("a file");
    world.message("worker-pool", |message| message.content.contains("could not be delivered")).await;

    assert!(world.shell("cat .runtime/undelivered/*.md").contains("the only copy"));
    world.marked(task, "🏁").await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_that_is_kicked_and_invited_again_goes_on_where_it_was() {
    let world = Founding::new().config("posts.delay_cap_seconds", json!(1)).start().await;
    let task = world.say(&format!("{RUNS} until [ -e $HOME/go ]; do sleep 0.02; done; echo kept > RESULT.txt"));
    world.marked(task, "✅").await;

    world.sandbox.make_trouble(Demand::Kick("orchestrator".to_owned()));
    std::fs::write(world.dir().join("go"), "").expect("a file");
    world.until("its result is kept as a file", |world| world.has_file(".runtime/undelivered")).await;
    world.sandbox.make_trouble(Demand::Invite("orchestrator".to_owned()));
    let later = world.say(&format!("{RUNS} echo after > RESULT.txt"));
    world.entry(later).await;

    assert!(world.shell("cat .runtime/undelivered/*.md").contains("kept"));
    assert_eq!(world.runs(), [task, later]);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_killed_after_its_post_was_taken_finds_it_in_the_history_once_the_nonce_is_old() {
    let mut world = Founding::new().config("posts.nonce_window_seconds", json!(1)).start().await;
    world.sandbox.trouble(on_results().loses_answer());
    world.sandbox.trouble(on_results().always().answers(503, json!({})));

    let task = world.say(&format!("{RUNS} echo once > RESULT.txt"));
    let taken =
        |records: &[Record]| records.iter().filter_map(Record::request).any(|request| request.cause == Cause::AnswerLost).then_some(());
    world.sandbox.wait_for_log(taken, crate::world::PATIENCE).await.expect("Discord took it");
    world.kill_bot();
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    well_again(&world);
    let (posted, searched) = (
        world.requests().iter().filter(|r| r.method == "POST" && r.body.to_string().contains(&task.to_string())).count(),
        searches(&world),
    );
    world.start_bot();
    world.wait_until_online().await;
    world.marked(task, "🏁").await;
    world.until("the history was searched", |world| searches(world) > searched).await;
    world.until("it is known as delivered", |world| world.run(&["status", "--json"]).1.contains("\"letters\":0")).await;

    assert_eq!(world.count_entries(task), 1);
    let again = world.requests().iter().filter(|r| r.method == "POST" && r.body.to_string().contains(&format!("]** `{task}"))).count();
    assert!(again <= posted, "it was not posted again");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_stand_is_held_while_the_history_can_t_be_read_and_goes_on_when_it_can() {
    let mut world = Founding::new().config("posts.nonce_window_seconds", json!(1)).start().await;
    let hold = || Rule::on("GET", "/channels/#results/messages").always().answers_error(403, 50_001, "Missing Access");
    world.sandbox.trouble(on_results().loses_answer());
    world.sandbox.trouble(on_results().always().answers(503, json!({})));
    let task = world.say("echo once > RESULT.txt");
    world.until("it was taken", |world| world.count_entries(task) == 1).await;
    world.kill_bot();
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    well_again(&world);
    world.sandbox.trouble(hold());

    world.start_bot();
    world.wait_until_online().await;
    world
        .until("the operator is told", |world| {
            !world.told("could not be confirmed").is_empty()
                || !world.told("not known whether").is_empty()
                || world.log().contains("it is held")
        })
        .await;
    assert_eq!(world.count_entries(task), 1, "nothing is posted on suspicion");
    well_again(&world);
    world.until("the history was read", |world| searches(world) >= 2).await;
    world.until("it is known as delivered", |world| world.run(&["status", "--json"]).1.contains("\"letters\":0")).await;

    assert_eq!(world.count_entries(task), 1);
    assert_eq!(world.log().matches("it is held").count(), 1, "told once");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_killed_after_the_second_of_five_messages_goes_on_at_the_third() {
    let mut world = Founding::new().silent().await;
    let left = super::seed::Left { result_chars: 300, notices_and_sign: false };
    let tasks = super::seed::backlog(&world, 50, left).await;
    world.sandbox.trouble(on_results().after(2).always().answers(503, json!({})));
    world.start_bot();
    world.until("the third has failed", |world| world.requests().iter().any(|request| request.status == Some(503))).await;
    world.kill_bot();
    assert_eq!(world.said("results").len(), 2);
    well_again(&world);

    world.start_bot();
    world.until("five stand", |world| world.said("results").len() >= 5).await;

    let messages = world.said("results");
    assert_eq!(messages.len(), 5);
    for (n, task) in tasks.iter().enumerate() {
        let holds = |text: &str| text.lines().next().is_some_and(|line| line.contains(&format!("]** `{task}`")));
        let found: Vec<usize> = messages
            .iter()
            .enumerate()
            .filter(|(_, message)| message.embeds.iter().any(|embed| embed["description"].as_str().is_some_and(holds)))
            .map(|(at, _)| at)
            .collect();
        assert_eq!(found, [n / 10], "each once, in its order");
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_that_can_t_be_put_keeps_no_other_task_waiting() {
    let world = Founding::new().config("posts.delay_cap_seconds", json!(600)).start().await;
    let first = world.say("echo ok > RESULT.txt");
    world
        .sandbox
        .trouble(Rule::on("PUT", &format!("/channels/#task-queue/messages/{first}/reactions/🏁/@me")).always().answers(500, json!({})));
    world.entry(first).await;
    let failed = |world: &World| world.requests().iter().filter(|request| request.method == "PUT" && request.status == Some(500)).count();
    // 50, 100, … 1,600 ms: the next try is seconds away.
    world.until("its sign has failed often", |world| failed(world) >= 6).await;

    let began = Instant::now();
    let second = world.say("echo ok > RESULT.txt");
    world.marked(second, "✅").await;

    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    well_again(&world);
    world.marked(first, "🏁").await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_messages_are_not_taken_tasks_are_and_their_results_wait() {
    let world = World::new().await;
    world.sandbox.trouble(Rule::on("POST", "/channels/**").always().answers(503, json!("no healthy upstream")));

    let tasks: Vec<_> = (0..5).map(|n| world.say(&format!("{RUNS} echo result {n} > RESULT.txt"))).collect();
    for task in &tasks {
        world.marked(*task, "🏁").await;
    }
    assert!(world.said("results").is_empty());
    well_again(&world);
    world.all_entries(&tasks, crate::world::PATIENCE).await;

    assert_eq!(world.runs().len(), 5);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_gateway_is_away_results_are_posted_and_what_is_said_is_taken_when_it_is_back() {
    let world = World::new().await;
    let running = world.say(&format!("{RUNS} until [ -e $HOME/go ]; do sleep 0.02; done; echo result > RESULT.txt"));
    world.marked(running, "✅").await;
    world.sandbox.trouble(Rule::on("CONNECT", "/gateway").always().answers(503, json!(null)));
    world.sandbox.gateway_trouble(orchestrator_sandbox::GatewayTrouble::Drop);
    std::fs::write(world.dir().join("go"), "").expect("a file");

    world.entry(running).await;
    let meanwhile = world.say(&format!("{RUNS} echo meanwhile > RESULT.txt"));
    assert!(!world.has_mark(meanwhile, "✅"));
    well_again(&world);
    world.entry(meanwhile).await;

    assert_eq!(world.runs(), [running, meanwhile]);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_where_the_bot_may_not_write_for_a_while_holds_the_claims_not_the_tasks() {
    let world = Founding::new().config("posts.delay_cap_seconds", json!(1)).start().await;
    world.sandbox.make_trouble(deny("task-queue", &["ADD_REACTIONS"]));

    let task = world.say(&format!("{RUNS} echo ok > RESULT.txt"));
    world.until("the claim was refused", |world| world.requests().iter().any(|request| request.status == Some(403))).await;
    assert!(world.runs().is_empty(), "nothing starts unseen");
    world.sandbox.make_trouble(deny("task-queue", &[]));
    world.entry(task).await;

    assert_eq!(world.runs(), [task]);
    world.finish().await;
}
