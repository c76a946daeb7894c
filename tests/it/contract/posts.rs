//! Results in #results: valid whatever an agent wrote, and delivered once whatever happens on the way.

use std::time::Duration;

use orchestrator_sandbox::{
    Request, Rule, Snowflake,
    world::{
        guild::{Overwrite, OverwriteTarget},
        permission,
    },
};
use serde_json::json;

use super::{on_results, well_again};
use crate::world::{Founding, RUNS, World};

/// No post of the bot was refused for its form, and none may ring anybody.
fn all_posts_are_valid_and_silent(world: &World) {
    for request in world.requests().iter().filter(|request| request.method == "POST" && request.path.ends_with("/messages")) {
        assert_ne!(request.status, Some(400), "{} {}", request.body, request.answer);
        assert_eq!(request.body["allowed_mentions"]["parse"], json!([]), "{}", request.body);
        assert!(request.body["nonce"].is_string() && request.body["enforce_nonce"] == json!(true), "{}", request.body);
    }
    let rang =
        world.sandbox.look(|known| known.messages_in("results").any(|message| message.mention_everyone || !message.mentions.is_empty()));
    assert!(!rang, "somebody was notified");
}

#[tokio::test(flavor = "multi_thread")]
async fn results_of_every_size_and_kind_make_valid_posts_with_the_whole_text_attached_where_it_was_cut() {
    let world = World::new().await;
    let admin = world.sandbox.person("admin").id();
    let size = |n: usize| format!("head -c {n} /dev/zero | tr '\\0' x > RESULT.txt");

    for (script, whole, attached) in [
        (size(300), "x".repeat(300), false),
        (size(3_000), "x".repeat(3_000), true),
        (size(30_000), "x".repeat(30_000), true),
        ("printf 'a\\n```\\nb\\n```sh\\nc `d` ````` e' > RESULT.txt".to_owned(), "a\n```\nb\n```sh\nc `d` ````` e".to_owned(), false),
        (format!("printf '@everyone @here <@{admin}> <@&1> done' > RESULT.txt"), format!("@everyone @here <@{admin}> <@&1> done"), false),
        (
            "printf '[x](https://evil.example) **b** ||s|| # h' > RESULT.txt".to_owned(),
            "[x](https://evil.example) **b** ||s|| # h".to_owned(),
            false,
        ),
        (
            "for i in 1 2 3 4 5 6 7 8; do printf '🦀e\\314\\201\\342\\200\\256%0300d\\n' 0; done > RESULT.txt".to_owned(),
            String::new(),
            true,
        ),
    ] {
        let task = world.say(&script);
        let entry = world.entry(task).await;

        let files = world.attached(&entry);
        assert_eq!(files.len(), usize::from(attached), "{script}: {}", entry.content);
        let text =
            String::from_utf8(files.into_iter().next().map_or_else(|| entry.content.clone().into_bytes(), |file| file.1)).expect("text");
        let shown = text.replace('\u{200b}', "");
        assert!(shown.contains(&whole), "{script}: {shown}");
        if attached {
            assert!(whole.is_empty() || text == whole, "the file is the whole text, unchanged");
            assert!(
                entry.content.contains("The first ") && entry.content.contains("the whole text is in"),
                "what is cut says so: {}",
                entry.content
            );
        }
        assert_eq!(entry.content.matches("```").count() % 2, 0, "the layout is whole: {}", entry.content);
    }
    let blank = world.say("printf '   \\n\\n ' > RESULT.txt");
    let entry = world.entry(blank).await;
    assert!(entry.content.starts_with("**[FAILED]**"), "{}", entry.content);
    all_posts_are_valid_and_silent(&world);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_tells_all_that_is_known_of_a_task() {
    let world = World::new().await;

    let script = r#"echo "the whole result" > RESULT.txt; echo short > SUMMARY.txt; echo x > report.csv; echo '{"branch":"fix-1"}' > OUTPUTS.json [model:cheap] [thinking:low]"#;
    let task = world.say(script);
    let entry = world.entry(task).await;

    let (text, files) = (&entry.content, world.attached(&entry));
    for part in [
        "**Model:** `cheap`",
        "**Thinking:** low",
        "**Tokens:** ",
        "**Cost:** ",
        "**Duration:** ",
        "**Attempt:** 1",
        "short",
        "branch: ",
        "fix-1",
        "report.csv",
        "workers/agent-",
        "echo \"the whole result\"",
    ] {
        assert!(text.contains(part), "no `{part}` in {text}");
    }
    assert_eq!(String::from_utf8_lossy(&files[0].1).trim(), "the whole result", "beside a summary the whole goes along");
    let pool: Vec<String> = world.said("worker-pool").into_iter().map(|message| message.content).collect();
    world.until("both notices stand", |world| !world.told("finished").is_empty()).await;
    assert!(pool.iter().any(|notice| notice.contains("🤖 **AGENT SPAWNED**") && notice.contains("echo \"the whole result\"")), "{pool:?}");
    all_posts_are_valid_and_silent(&world);
    world.finish().await;
}

/// The tries to post the entry of a task.
fn posts_of(world: &World, task: Snowflake) -> Vec<Request> {
    let needle = format!("]** `{task}`");
    world.requests().into_iter().filter(|request| request.method == "POST" && request.body.to_string().contains(&needle)).collect()
}

/// What the log of a task says of its post.
fn told_of_posts(world: &World, task: Snowflake) -> Vec<String> {
    let log = world.task_text(task, "agent-output.log");
    log.lines().filter(|line| line.contains("Discord post")).map(str::to_owned).collect()
}

/// Whether a line begins with `[HH:MM:SS] `.
fn has_time(line: &str) -> bool {
    let shape: String = line.chars().take(11).map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    shape == "[00:00:00] "
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_that_fails_is_tried_again_after_2_4_and_8_seconds_and_stands_once() {
    let world = Founding::new().config("posts.first_delay_ms", json!(2_000)).config("posts.delay_cap_seconds", json!(600)).start().await;
    world.sandbox.trouble(on_results().answers_error(401, 0, "401: Unauthorized"));
    world.sandbox.trouble(
        on_results()
            .answers(429, json!({"message": "You are being rate limited.", "retry_after": 3.0, "global": false}))
            .with_header("Retry-After", "3"),
    );
    world.sandbox.trouble(on_results().answers(503, json!("upstream connect error")));

    let task = world.say("echo ok > RESULT.txt");
    world.entry(task).await;

    world.until("four tries are over", |world| posts_of(world, task).len() == 4).await;

    let tries = posts_of(&world, task);
    assert_eq!(tries.iter().map(|request| request.status).collect::<Vec<_>>(), [Some(401), Some(429), Some(503), Some(200)]);
    let waits: Vec<i64> = tries.windows(2).map(|pair| (pair[1].at - pair[0].at).num_milliseconds()).collect();
    for (waited, least) in waits.iter().zip([2_000, 4_000, 8_000]) {
        assert!((least - 50..least + 2_500).contains(waited), "waited {waits:?} ms");
    }
    assert_eq!(world.count_entries(task), 1);
    let told = told_of_posts(&world, task);
    assert!(told.iter().all(|line| has_time(line)), "{told:?}");
    let told: Vec<&str> = told.iter().map(|line| &line[11..]).collect();
    assert_eq!(
        told,
        [
            "Discord post failed (HTTP 401), retry 1/5 in 2s...",
            "Discord post failed (HTTP 429), retry 2/5 in 4s...",
            "Discord post failed (HTTP 503), retry 3/5 in 8s..."
        ]
    );
    assert!(world.log().contains("Discord post failed (HTTP 401), retry 1/5 in 2s..."), "in the bot's log too");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_try_comes_before_discord_s_own_time() {
    let world = World::new().await;
    world.sandbox.trouble(
        on_results()
            .answers(429, json!({"message": "You are being rate limited.", "retry_after": 1.5, "global": false}))
            .with_header("Retry-After", "2"),
    );

    let task = world.say("echo ok > RESULT.txt");
    world.entry(task).await;

    world.until("two tries are over", |world| posts_of(world, task).len() == 2).await;

    let tries = posts_of(&world, task);
    assert!((tries[1].at - tries[0].at).num_milliseconds() >= 1_990, "{:?}", tries[1].at - tries[0].at);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_refused_reset_or_lost_costs_no_result_and_doubles_none() {
    for trouble in [on_results().times(2).hangs_up(), on_results().times(2).loses_answer()] {
        let world = World::new().await;
        world.sandbox.trouble(trouble.clone());

        let task = world.say(&format!("{RUNS} echo ok > RESULT.txt"));
        world
            .until("it was posted", |world| {
                world.requests().iter().any(|r| r.status == Some(200) && r.body.to_string().contains(&format!("]** `{task}`")))
            })
            .await;

        assert_eq!(world.count_entries(task), 1, "{trouble:?}");
        assert_eq!(world.runs(), [task]);
        world.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_five_failures_the_result_waits_with_its_workspace_and_is_delivered_once_when_discord_is_back() {
    let mut world = Founding::new().config("posts.first_delay_ms", json!(10)).env("WORKER_RETENTION_HOURS", "0").start().await;
    world.sandbox.trouble(on_results().always().answers(500, json!({})));

    let task = world.say("echo ok > RESULT.txt; echo more > kept.txt");
    world.until("five retries have failed", |world| told_of_posts(world, task).len() >= 6).await;

    let told = told_of_posts(&world, task);
    for (n, line) in told.iter().take(5).enumerate() {
        assert!(line[11..].starts_with(&format!("Discord post failed (HTTP 500), retry {}/5 in ", n + 1)), "{line}");
    }
    assert_eq!(&told[5][11..], "Discord post failed (HTTP 500) after 5 retries: it is kept and posted when Discord is back");
    assert!(world.log().contains("after 5 retries"));
    assert_eq!(world.task_text(task, "kept.txt"), "more\n", "its workspace waits for it");
    world.kill_bot();
    world.start_bot();
    world.wait_until_online().await;
    assert_eq!(world.count_entries(task), 0);
    assert_eq!(world.task_text(task, "kept.txt"), "more\n", "a restart does not remove it either");

    well_again(&world);
    world.entry(task).await;
    assert_eq!(world.stop_bot(), 0);
    world.start_bot();
    world.until("its workspace goes when it was delivered", |world| world.task_dir(task).is_none()).await;

    assert_eq!(world.count_entries(task), 1);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_that_no_repetition_would_bring_is_kept_as_a_file_and_the_operator_is_told() {
    let world = World::new().await;
    let (results, bot) =
        (world.sandbox.channel("results").expect("it is there"), world.sandbox.user("orchestrator").expect("it is there").id);
    world.sandbox.overwrite("results", Overwrite { id: bot, target: OverwriteTarget::Member, allow: 0, deny: permission::SEND_MESSAGES });

    let task = world.say("echo the only copy > RESULT.txt");
    let alert = world.message("worker-pool", |message| message.content.contains("could not be delivered")).await;

    assert!(alert.content.contains(&results.to_string()), "{}", alert.content);
    let kept: Vec<_> = std::fs::read_dir(world.dir().join(".runtime/undelivered")).expect("a folder").flatten().collect();
    assert_eq!(kept.len(), 1);
    assert!(std::fs::read_to_string(kept[0].path()).expect("a file").contains("the only copy"));
    let refused = world.requests().into_iter().filter(|request| request.status == Some(403)).count();
    assert_eq!(refused, 1, "not tried again");
    let (code, shown, _) = world.run(&["logs", &task.to_string()]);
    assert_eq!(code, 0, "{shown}");
    world.marked(task, "🏁").await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_token_is_refused_one_post_asks_for_it_and_all_others_are_held() {
    let world = Founding::new().config("posts.first_delay_ms", json!(150)).start().await;
    let task = world.say("echo ok > RESULT.txt; until [ -e $HOME/go ]; do sleep 0.02; done");
    world.marked(task, "✅").await;
    world.until("its start was told", |world| !world.told("AGENT SPAWNED").is_empty()).await;
    world.sandbox.trouble(Rule::on("*", "/**").times(5).answers_error(401, 0, "401: Unauthorized"));
    let before = world.requests().len();

    std::fs::write(world.dir().join("go"), "").expect("a file");
    world.entry(task).await;
    world.marked(task, "🏁").await;

    let refused: Vec<_> = world.requests().split_off(before).into_iter().filter(|request| request.status == Some(401)).collect();
    assert_eq!(refused.len(), 5, "{refused:?}");
    let after_the_first = refused.iter().skip(3).map(|request| (&request.method, &request.path)).collect::<std::collections::BTreeSet<_>>();
    assert_eq!(after_the_first.len(), 1, "only one asks: {refused:#?}");
    assert_eq!(world.count_entries(task), 1);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_more_results_wait_than_the_channel_takes_several_share_a_message() {
    let world = Founding::new().config("caps.max_concurrent", json!(6)).start().await;
    world.sandbox.trouble(on_results().delays(Duration::from_secs(2)));

    let tasks: Vec<_> = (0..12).map(|n| world.say(&format!("echo result {n} > RESULT.txt"))).collect();
    world.all_entries(&tasks, crate::world::PATIENCE).await;

    let messages = world.said("results");
    assert!(messages.len() <= 4, "{} messages for 12 results", messages.len());
    for (n, task) in tasks.iter().enumerate() {
        assert_eq!(world.count_entries(*task), 1);
        let whole = messages
            .iter()
            .flat_map(|message| message.embeds.iter().map(ToString::to_string).chain([message.content.clone()]))
            .any(|text| text.contains(&task.to_string()) && text.contains(&format!("result {n}")));
        assert!(whole, "task {task} has its result");
    }
    all_posts_are_valid_and_silent(&world);
    world.finish().await;
}
