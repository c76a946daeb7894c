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
    world.until("its result is kept as a file", |world| world.shell("cat .runtime/undelivered/*.md").contains("kept")).await;
    world.sandbox.make_trouble(Demand::Invite("orchestrator".to_owned()));
    let later = world.say(&format!("{RUNS} echo after > RESULT.txt"));
    world.entry(later).await;

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
    world.until("it is known as delivered", |world| world.log().contains("it had arrived")).await;

    assert_eq!(world.count_entries(task), 1);
    let again = world.requests().iter().filter(|r| r.method == "POST" && r.body.to_string().contains(&format!("]** `{task}"))).count();
    assert!(again <= posted, "it was not posted again");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_not_taken_for_the_same_words_to_another_message() {
    const REFUSED: &str = "[agent:nobody] Do it.";
    let mut world = Founding::new().config("posts.nonce_window_seconds", json!(1)).start().await;
    let first = world.say(REFUSED);
    world.until("the first is answered", |world| world.replies(first).len() == 1).await;
    let answers = || Rule::on("POST", "/channels/#task-queue/messages");
    world.sandbox.trouble(answers().always().answers(503, json!({})));
    let second = world.say(REFUSED);
    world.until("the second answer has failed", |world| world.requests().iter().any(|request| request.status == Some(503))).await;
    world.kill_bot();
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    well_again(&world);

    world.start_bot();
    world.until("the second is answered", |world| world.replies(second).len() == 1).await;

    assert_eq!(world.replies(first)[0].content, world.replies(second)[0].content);
    assert_eq!(world.replies(first).len(), 1);
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
    world.until("the operator is told", |world| !world.told("#results").is_empty() || world.log().contains("it is held")).await;
    assert_eq!(world.count_entries(task), 1, "nothing is posted on suspicion");
    well_again(&world);
    world.until("the history was read", |world| searches(world) >= 2).await;
    world.until("it is known as delivered", |world| world.log().contains("it had arrived")).await;

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
    world.until("every notice is told", |world| world.told("").concat().matches("finished").count() == 5).await;
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

/// One result meets this; it stands once, and that is known. Gives the tries of its post.
async fn met_by(rule: Rule) -> Vec<orchestrator_sandbox::Request> {
    let world = Founding::new().config("posts.request_timeout_seconds", json!(1)).start().await;
    world.sandbox.trouble(rule.clone());

    let task = world.say(&format!("{RUNS} echo ok > RESULT.txt"));
    world.entry(task).await;
    let posts = |world: &World| -> Vec<_> {
        world.requests().into_iter().filter(|r| r.method == "POST" && r.body.to_string().contains(&format!("]** `{task}`"))).collect()
    };
    world.until("an answer was understood", |world| posts(world).iter().any(|r| r.cause == Cause::Handled && r.trouble.is_none())).await;

    assert_eq!((world.count_entries(task), world.runs()), (1, vec![task]), "{rule:?}");
    let posts = posts(&world);
    world.finish().await;
    posts
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_comes_instead_of_an_answer_the_result_stands_once() {
    let html = json!("<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>");
    for rule in [
        on_results().resets(),
        on_results().stays_silent(false),
        on_results().stays_silent(true),
        on_results().truncates(0),
        on_results().truncates(20),
        // A byte each 20 ms: the answer would take longer than is waited for it.
        on_results().trickles(Duration::from_millis(20)),
        on_results().is_carried_out_but_answers(502, html.clone()),
        on_results().is_carried_out_but_answers(200, json!("{\"id\": \"12")),
        on_results().is_carried_out_but_answers(200, json!("<html>")),
        on_results().answers(502, html).with_header("content-type", "text/html"),
        on_results().answers(500, json!("{\"code\": ")),
    ] {
        let tries = met_by(rule.clone()).await;

        assert_eq!(tries.len(), 2, "{rule:?}");
        assert_eq!(tries[0].body["nonce"], tries[1].body["nonce"], "{rule:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_of_any_kind_is_waited_out_and_not_repeated() {
    let body = |seconds: f64, global: bool| json!({"message": "You are being rate limited.", "retry_after": seconds, "global": global});
    let ban = json!("<html><title>Access denied</title><h1>Error 1015</h1><p>You are being rate limited.</p></html>");
    for (rule, least_ms) in [
        (on_results().answers(429, body(0.2, false)).with_header("retry-after", "1").with_header("x-ratelimit-scope", "user"), 990),
        (on_results().answers(429, body(1.2, false)).with_header("retry-after", "1"), 1_190),
        (
            on_results()
                .answers(429, body(0.5, false))
                .with_header("x-ratelimit-scope", "shared")
                .with_header("x-ratelimit-remaining", "9"),
            490,
        ),
        (on_results().answers(429, body(0.7, true)).with_header("x-ratelimit-global", "true"), 690),
        (on_results().answers(429, ban).with_header("retry-after", "1").with_header("content-type", "text/html"), 990),
        (
            on_results()
                .answers(429, body(0.6, false))
                .with_header("retry-after", "Thu, 01 Jan 1970 00:00:01 GMT")
                .with_header("x-ratelimit-reset", "1"),
            590,
        ),
        // It does not say for how long.
        (on_results().answers(429, json!({"message": "slower"})), 4_900),
    ] {
        let tries = met_by(rule.clone()).await;

        assert_eq!(tries.len(), 2, "{rule:?}");
        let waited = (tries[1].at - tries[0].at).num_milliseconds();
        assert!(waited >= least_ms, "{waited} ms, {rule:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_that_is_lowered_renamed_or_no_longer_told_is_kept() {
    let mut world = Founding::new().limits().silent().await;
    let tasks = super::seed::backlog(&world, 60, super::seed::Left { result_chars: 300, notices_and_sign: false }).await;
    world.sandbox.trouble(
        on_results()
            .with_header("x-ratelimit-limit", "1")
            .with_header("x-ratelimit-remaining", "0")
            .with_header("x-ratelimit-reset-after", "1.5"),
    );
    world.sandbox.trouble(on_results().with_header("x-ratelimit-bucket", "moved"));
    world.sandbox.trouble(on_results().without_header("x-ratelimit-remaining").without_header("x-ratelimit-bucket"));

    world.start_bot();
    world
        .until("all are posted", |world| world.said("results").iter().map(|message| message.embeds.len()).sum::<usize>() == tasks.len())
        .await;

    let posts: Vec<_> = world.requests().into_iter().filter(|r| r.method == "POST" && r.path.ends_with("/messages")).collect();
    assert!((posts[1].at - posts[0].at).num_milliseconds() >= 1_450, "the lower limit is kept");
    let refused = posts.iter().filter(|request| request.status == Some(429)).count();
    assert!(refused <= 1, "{refused} refusals: at most one for a bucket that is new");
    world.finish().await;
}
