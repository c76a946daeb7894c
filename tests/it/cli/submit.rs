//! `submit`: what stands in #task-queue, what is printed, and how it ends. Contract 003 §1 and §7 rows 1, 2 and 4.

use std::{io::Write as _, process::Stdio};

use orchestrator_sandbox::Rule;
use serde_json::json;

use super::{end_of, run, run_with, start, until};
use crate::world::{Founding, World};

fn last_in_queue(world: &World) -> String {
    world.sandbox.look(|seen| seen.messages_in("task-queue").last().map(|message| message.content.clone()).unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_submission_stands_with_its_header_and_tags_and_its_id_is_printed() {
    let world = Founding::new().silent().await;

    let (code, out, _) = run(&world, &["submit", "T", "cheap", "low"]).await;

    let id = out.trim().to_owned();
    assert_eq!(code, 0);
    assert!(id.parse::<u64>().is_ok(), "{out:?}");
    assert_eq!(last_in_queue(&world), format!("**[Task: {id}]** T [model:cheap] [thinking:low]"));
}

#[tokio::test(flavor = "multi_thread")]
async fn text_and_tags_are_posted_in_one_request_before_the_header_is_added() {
    let world = Founding::new().silent().await;

    run(&world, &["submit", "T", "cheap"]).await;

    let log = world.sandbox.log();
    let posts: Vec<_> = log.iter().filter_map(|record| record.request()).filter(|request| request.method != "GET").collect();
    assert_eq!(posts.iter().map(|post| post.method.as_str()).collect::<Vec<_>>(), ["POST", "PATCH"]);
    assert_eq!(posts[0].body["content"], json!("T [model:cheap]"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_argument_that_was_not_given_makes_no_tag_and_an_empty_one_neither() {
    let world = Founding::new().silent().await;

    let (_, id, _) = run(&world, &["submit", "T"]).await;
    assert_eq!(last_in_queue(&world), format!("**[Task: {}]** T", id.trim()));

    let (_, id, _) = run(&world, &["submit", "T", "", "high"]).await;
    assert_eq!(last_in_queue(&world), format!("**[Task: {}]** T [thinking:high]", id.trim()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_of_all_kinds_of_signs_arrives_as_it_is() {
    let world = Founding::new().silent().await;
    let text = "say \"hi\" \\ `x` $(touch pwned) | 🦀\nsecond line";

    let (code, id, _) = run(&world, &["submit", text]).await;

    assert_eq!(code, 0);
    assert_eq!(last_in_queue(&world), format!("**[Task: {}]** {text}", id.trim()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dash_reads_standard_input() {
    let world = Founding::new().silent().await;
    let mut child =
        world.command(&["submit", "-", "coder"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"from a\npipe\n").unwrap();

    let (code, id, _) = end_of(child).await;

    assert_eq!(code, 0);
    assert_eq!(last_in_queue(&world), format!("**[Task: {}]** from a\npipe [model:coder]", id.trim()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_within_a_text_is_refused_and_one_beside_it_is_run() {
    const FOREIGN: &str = "Look at this: [check:!touch $HOME/evil] +1 -1";
    let world = Founding::new().start().await;

    let (code, out, err) = run(&world, &["submit", FOREIGN]).await;
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains("--check '!make test'"), "{err}");
    assert!(world.said("task-queue").is_empty());

    let (code, _, err) = run(&world, &["submit", "echo done > RESULT.txt", "--check", "!touch $HOME/good", "--wait"]).await;
    assert_eq!(code, 0, "{err}");
    assert!(world.has_file("good") && !world.has_file("evil"));
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_text_the_usage_is_told() {
    let world = Founding::new().silent().await;

    for args in [&["submit"][..], &["submit", ""], &["submit", " \n"]] {
        let (code, out, err) = run(&world, args).await;
        assert_eq!((code, out.as_str()), (1, ""), "{args:?}");
        assert!(err.contains("Usage: orchestrator submit"), "{err}");
    }
    let (code, _, err) = run(&world, &["submit", "--wiat", "T"]).await;
    assert_eq!(code, 1, "{err}");
    assert!(world.sandbox.log().is_empty(), "something was sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_setting_is_named() {
    let world = Founding::new().silent().await;
    let empty = world.dir().join("empty");
    std::fs::create_dir(&empty).unwrap();

    let (code, _, err) = run(&world, &["--dir", empty.to_str().unwrap(), "submit", "T"]).await;
    assert_eq!(code, 1);
    assert!(err.contains("ORCHESTRATOR_AGENT_TOKEN") && err.contains("TASK_QUEUE_CHANNEL"), "{err}");

    let (code, _, err) = run_with(&world, &[("ORCHESTRATOR_AGENT_TOKEN", "abc")], &["--dir", empty.to_str().unwrap(), "submit", "T"]).await;
    assert_eq!(code, 1);
    assert!(!err.contains("ORCHESTRATOR_AGENT_TOKEN") && err.contains("TASK_QUEUE_CHANNEL"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_not_accepted_is_told_by_its_setting_and_never_shown() {
    let world = Founding::new().silent().await;

    let (code, _, err) = run_with(&world, &[("ORCHESTRATOR_AGENT_TOKEN", "MTA0.wrong.token")], &["submit", "T", "-vv"]).await;

    assert_eq!(code, 1);
    assert!(err.contains("`ORCHESTRATOR_AGENT_TOKEN`") && err.contains("401"), "{err}");
    assert!(!err.contains("MTA0"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_is_waited_out_and_the_task_stands_once() {
    let world = Founding::new().silent().await;
    let limit = json!({"message": "You are being rate limited.", "retry_after": 0.3, "global": false});
    world.sandbox.trouble(Rule::on("POST", "/channels/#task-queue/messages").times(7).answers(429, limit));

    let (code, id, _) = run(&world, &["submit", "T"]).await;

    assert_eq!(code, 0);
    let stand: Vec<String> = world.sandbox.look(|seen| seen.messages_in("task-queue").map(|message| message.content.clone()).collect());
    assert_eq!(stand, [format!("**[Task: {}]** T", id.trim())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_whose_answer_was_lost_stands_once() {
    let world = Founding::new().silent().await;
    world.sandbox.trouble(Rule::on("POST", "/channels/#task-queue/messages").loses_answer());

    let (code, id, _) = run(&world, &["submit", "T"]).await;

    assert_eq!(code, 0);
    let stand: Vec<String> = world.sandbox.look(|seen| seen.messages_in("task-queue").map(|message| message.content.clone()).collect());
    assert_eq!(stand, [format!("**[Task: {}]** T", id.trim())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_that_can_t_be_added_is_told_with_the_id_and_exit_code_2() {
    let world = Founding::new().silent().await;
    world.sandbox.trouble(
        Rule::on("PATCH", "/channels/#task-queue/messages/*")
            .always()
            .answers(403, json!({"code": 50013, "message": "Missing Permissions"})),
    );

    let (code, out, err) = run(&world, &["submit", "T"]).await;

    assert_eq!(code, 2);
    let id = out.trim();
    assert!(id.parse::<u64>().is_ok() && err.contains(id), "{out:?} {err}");
    assert_eq!(last_in_queue(&world), "T");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_is_tried_again() {
    let world = Founding::new().silent().await;
    world.sandbox.trouble(Rule::on("PATCH", "/channels/#task-queue/messages/*").answers(503, json!({})));

    let (code, id, _) = run(&world, &["submit", "T"]).await;

    assert_eq!(code, 0);
    assert_eq!(last_in_queue(&world), format!("**[Task: {}]** T", id.trim()));
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_prints_the_result_and_the_exit_code_says_how_it_ended() {
    let world = World::new().await;

    let (code, out, err) = run(&world, &["submit", "echo '42' > RESULT.txt", "--wait"]).await;
    assert_eq!(code, 0, "{err}");
    assert_eq!(out.lines().nth(1), Some("42"), "{out}");
    assert!(err.contains("[SUCCESS]"), "{err}");

    let (code, _, err) = run(&world, &["submit", "echo no >&2; exit 3", "--wait"]).await;
    assert_eq!(code, 3, "{err}");
    assert!(err.contains("[FAILED]") && err.contains('3'), "{err}");

    let (code, _, err) = run(&world, &["submit", "sleep 60 [timeout:1s]", "--wait"]).await;
    assert_eq!(code, 4, "{err}");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_tells_of_a_cancelled_task_and_json_has_all_of_it() {
    let world = World::new().await;
    let child = start(&world, &["submit", "sleep 60", "--wait", "--json"]);
    let task =
        world.message("task-queue", |message| message.content.contains("sleep 60") && message.content.starts_with("**[Task")).await.id;
    world.marked(task, "✅").await;
    until(&world, task, |told| told["started_at"].is_string()).await;

    let (cancelled, _, _) = run(&world, &["cancel", &task.to_string()]).await;
    let (code, out, err) = end_of(child).await;

    assert_eq!((cancelled, code), (0, 5), "{err}");
    let told: serde_json::Value = serde_json::from_str(&out).expect("one JSON value");
    assert_eq!((&told["id"], &told["outcome"]), (&json!(task.to_string()), &json!("cancelled")));
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_without_a_service_in_reach_follows_the_reactions_and_reads_the_entry() {
    let world = World::new().await;
    let elsewhere = world.dir().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    std::fs::copy(world.dir().join("discord-config.env"), elsewhere.join("discord-config.env")).unwrap();

    let (code, out, err) = run(&world, &["--dir", elsewhere.to_str().unwrap(), "submit", "echo '42' > RESULT.txt", "--wait"]).await;

    assert_eq!(code, 0, "{err}");
    assert!(out.contains("**[SUCCESS]**") && out.contains("42"), "{out}");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_ends_when_it_has_taken_long_enough() {
    let world = Founding::new().silent().await;

    let (code, _, err) = run(&world, &["submit", "T", "--wait", "--at-most", "1s"]).await;

    assert_eq!(code, 10);
    assert!(err.contains("has not ended"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_task_is_told_while_it_is_waited_for() {
    let world = World::new().await;

    let child = start(&world, &["submit", "T", "chaep", "--wait", "--at-most", "40s"]);
    let refused =
        world.message("task-queue", |message| message.content.contains("[model:chaep]") && message.content.starts_with("**[Task")).await;
    world.marked(refused.id, "❌").await;
    let (code, _, err) = end_of(child).await;

    assert_eq!(code, 9, "{err}");
    assert!(err.contains("Unknown model `chaep`"), "in the words of the reply: {err}");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_no_message_holds_goes_through_the_service_or_is_refused() {
    let mut world = Founding::new().silent().await;
    let long = format!("echo done > RESULT.txt # {}", "x".repeat(2_500));

    let (code, _, err) = run(&world, &["submit", &long]).await;
    assert_eq!(code, 1);
    assert!(err.contains("2,000") && err.contains("orchestrator run"), "{err}");

    world.start_bot();
    world.wait_until_online().await;
    let (code, out, err) = run(&world, &["submit", &long, "--wait"]).await;
    assert_eq!(code, 0, "{err}");
    assert_eq!(out.lines().nth(1), Some("done"), "{out}");
    world.until("its end is shown", |world| !world.puts_of("🏁").is_empty()).await;
    world.finish().await;
}
