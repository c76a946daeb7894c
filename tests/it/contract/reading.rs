//! From a message to a task: byte for byte, with its tags and files, edited or deleted in time, and none overlooked.

use discord_orchestrator::adapters::system_clock::SystemClock;
use orchestrator_core::ports::clock::Clock as _;
use orchestrator_sandbox::{Rule, Snowflake};
use serde_json::{Value, json};

use super::well_again;
use crate::world::{Founding, PATIENCE, RUNS, World};

/// An agent that shows what it was given: its arguments, and the task's text as its result.
fn with_keeper() -> Founding {
    let script = r#"tail -c +7 TASK.txt > RESULT.txt; shift 0; for a in "$@"; do printf '<%s>' "$a"; done > args.txt"#;
    let keeper = json!({
        "command": "/bin/sh",
        "args": [["-c", script], "keeper", "{task_text}", ["{model}"], "{thinking}", "{timeout_s}"],
    });
    Founding::new().config("agents.keeper", keeper)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_reaches_the_agent_byte_for_byte_and_nothing_in_it_is_executed() {
    let world = with_keeper().start().await;
    let text = "say \"hi\" & 'bye' \\n \\ and `touch pwned1` | tee x; $(touch pwned2) ${HOME} %s %n\n\n  **bold** _it_ 🦀 e\u{301}\n-rf --help\n`````\nend *";

    let task = world.say(&format!("{text} [agent:keeper]"));
    let entry = world.entry(task).await;

    assert_eq!(world.task_text(task, "TASK.txt"), format!("TASK: {text}"));
    assert!(world.task_text(task, "args.txt").starts_with(&format!("<{text}>")), "{}", world.task_text(task, "args.txt"));
    assert!(entry.content.starts_with("**[SUCCESS]**"), "{}", entry.content);
    assert_eq!(world.shell("find . -name 'pwned*'"), "", "something was executed");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_are_honoured_wherever_they_stand_and_the_first_of_a_kind_wins() {
    let world = with_keeper().start().await;
    let padding = "x".repeat(1_860);
    let tags = "[timeout:77s] [thinking:high] [model:coder] [thinking:low] [model:cheap] [priority:low] [agent:keeper] [agent:script]";

    let late = world.say(&format!("{padding} {tags}"));
    let wild = world.say("[worker:keeper]a [THINKING:Off]b\n[timeout:5s]\nc [nothing:known] [model:openrouter/x/y]");
    world.all_entries(&[late, wild], PATIENCE).await;

    assert_eq!(world.task_text(late, "TASK.txt"), format!("TASK: {padding}"));
    assert_eq!(world.task_text(late, "args.txt"), format!("<{padding}><openrouter/qwen/qwen3-coder-next><high><77>"));
    assert_eq!(world.task_text(wild, "TASK.txt"), "TASK: a b\n\nc [nothing:known]");
    assert!(world.task_text(wild, "args.txt").ends_with("<openrouter/x/y><off><5>"), "{}", world.task_text(wild, "args.txt"));
    let entry = world.entry(late).await;
    assert!(entry.content.contains("`coder`") && entry.content.contains("**Thinking:** high"), "{}", entry.content);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_t_be_granted_is_refused_visibly_and_names_what_is_known() {
    let world = World::new().await;
    let run = format!("{RUNS} echo done > RESULT.txt");

    for (tag, named) in [
        ("[model:gpt-99]", &["cheap", "coder", "primary", "research"][..]),
        ("[thinking:very]", &["off", "low", "medium", "high"]),
        ("[agent:nobody]", &["script", "openclaw", "demo"]),
        ("[timeout:-3]", &["duration", "90s"]),
        ("[priority:9999]", &["priority"]),
        ("[budget:lots]", &["budget", "0.50"]),
    ] {
        let refused = world.say(&format!("{run} {tag}"));
        let reply = world.reply(refused).await;

        world.marked(refused, "❌").await;
        for known in named {
            assert!(reply.content.to_lowercase().contains(known), "{tag}: {}", reply.content);
        }
        assert!(!world.has_mark(refused, "✅"), "{tag}");
    }
    let after = world.say(&run);
    world.entry(after).await;

    assert_eq!(world.runs(), [after]);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_message_that_is_corrected_runs_and_its_refusal_goes() {
    let world = World::new().await;

    let task = world.say("[model:gpt-99] echo done > RESULT.txt");
    world.marked(task, "❌").await;
    world.sandbox.person("admin").edit(task, "[model:cheap] echo done > RESULT.txt").expect("an edit");

    let entry = world.entry(task).await;
    assert!(entry.content.starts_with("**[SUCCESS]**"), "{}", entry.content);
    world.unmarked(task, "❌").await;
    world.marked(task, "🏁").await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_that_wait_at_the_start_are_all_run_oldest_first() {
    let mut world = Founding::new().config("caps.max_concurrent", json!(1)).silent().await;
    let tasks: Vec<_> = (0..35).map(|n| world.say(&format!("{RUNS} echo {n} > RESULT.txt"))).collect();

    world.start_bot();
    world.all_entries(&tasks, PATIENCE).await;

    assert_eq!(world.runs(), tasks, "oldest first, each once");
    assert_eq!(world.puts_of("✅"), tasks);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_history_can_t_be_read_what_is_written_is_taken_and_the_rest_follows() {
    let mut world = Founding::new().silent().await;
    let history = Rule::on("GET", "/channels/#task-queue/messages");
    world.sandbox.trouble(history.answers(503, json!({"message": "upstream", "code": 0})).times(u32::MAX));
    let (before, unwanted) = (world.say(&format!("{RUNS} echo before > RESULT.txt")), world.say("sleep 1000"));
    world.start_bot();
    world.until("it has asked in vain", |world| world.log().contains("could not be read back")).await;

    let meanwhile = world.say(&format!("{RUNS} echo meanwhile > RESULT.txt"));
    world.entry(meanwhile).await;
    // What is asked of a message that is not known yet is not forgotten.
    world.sandbox.person("admin").react(unwanted, "🛑").expect("a reaction");
    assert_eq!(world.count_entries(before), 0, "it can't be known yet");
    well_again(&world);
    world.entry(before).await;
    let ended = world.entry(unwanted).await;

    assert_eq!(world.runs(), [meanwhile, before]);
    assert!(ended.content.starts_with("**[CANCELLED]**"), "{}", ended.content);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_and_fifty_waiting_tasks_are_found_page_by_page_and_all_run() {
    let mut world = Founding::new().config("caps.max_concurrent", json!(8)).silent().await;
    // Lets the first page be known, and what came after it be read from there.
    let before = world.say(&format!("{RUNS} echo ok > RESULT.txt"));
    world.start_bot();
    world.marked(before, "🏁").await;
    assert_eq!(world.stop_bot(), 0);
    let tasks: Vec<_> = (0..250).map(|_| world.say(&format!("{RUNS} echo ok > RESULT.txt"))).collect();

    world.start_bot();
    world.all_entries(&tasks, PATIENCE * 3).await;

    let mut ran = world.runs();
    ran.sort_unstable();
    assert_eq!(ran, [&[before][..], &tasks].concat(), "each once");
    assert_eq!(world.puts_of("✅"), [&[before][..], &tasks].concat(), "claimed oldest first");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn before_its_claim_an_edit_counts_and_a_deletion_withdraws_and_after_it_neither() {
    let world = Founding::new().config("caps.max_concurrent", json!(1)).start().await;
    let me = world.sandbox.person("admin");
    let busy = world.say(&format!("{RUNS} until [ -e $HOME/go ]; do sleep 0.05; done; echo first > RESULT.txt"));
    world.until("the only slot is taken", |world| world.runs() == [busy]).await;

    let edited = world.say(&format!("{RUNS} echo old > RESULT.txt"));
    let deleted = world.say(&format!("{RUNS} echo never > RESULT.txt"));
    let spoilt = world.say(&format!("{RUNS} echo never > RESULT.txt"));
    // What is deleted before it was heard is no task.
    world
        .until("all are known", |world| [edited, deleted, spoilt].iter().all(|task| world.log().contains(&format!("task {task} of"))))
        .await;
    me.edit(edited, &format!("{RUNS} echo new > RESULT.txt")).expect("an edit");
    me.edit(spoilt, "[model:gpt-99] x").expect("an edit");
    me.delete(deleted).expect("a deletion");
    me.edit(busy, "echo edited > RESULT.txt").expect("an edit");
    let withdrawn = world.entry(deleted).await;
    let refused = world.entry(spoilt).await;
    std::fs::write(world.dir().join("go"), "").expect("a file");
    let (first, second) = (world.entry(busy).await, world.entry(edited).await);

    assert!(withdrawn.content.starts_with("**[CANCELLED]**") && withdrawn.content.contains("deleted"), "{}", withdrawn.content);
    assert!(refused.content.starts_with("**[CANCELLED]**") && refused.content.contains("gpt-99"), "{}", refused.content);
    assert!(first.content.contains("\nfirst\n"), "an edit after the claim changes nothing: {}", first.content);
    assert!(second.content.contains("\nnew\n"), "the new text counts: {}", second.content);
    assert_eq!(world.runs(), [busy, edited]);

    let gone = world.say(&format!("{RUNS} until [ -e $HOME/go2 ]; do sleep 0.05; done; echo kept > RESULT.txt"));
    world.until("it runs", |world| world.runs().contains(&gone)).await;
    me.delete(gone).expect("a deletion");
    let after = world.say(&format!("{RUNS} echo after > RESULT.txt"));
    std::fs::write(world.dir().join("go2"), "").expect("a file");
    assert!(world.entry(gone).await.content.starts_with("**[SUCCESS]**"), "what was claimed runs to its end");
    world.entry(after).await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_edited_or_deleted_while_nobody_listened_counts_too() {
    let mut world = Founding::new().config("caps.max_concurrent", json!(1)).start().await;
    let busy = world.say(&format!("{RUNS} until [ -e $HOME/go ]; do sleep 0.05; done; echo first > RESULT.txt"));
    world.until("the only slot is taken", |world| world.runs() == [busy]).await;
    let edited = world.say(&format!("{RUNS} echo old > RESULT.txt"));
    let deleted = world.say(&format!("{RUNS} echo never > RESULT.txt"));
    world.until("both are known", |world| world.log().contains(&format!("task {deleted} of"))).await;
    world.kill_bot();
    let me = world.sandbox.person("admin");
    me.edit(edited, &format!("{RUNS} echo new > RESULT.txt")).expect("an edit");
    me.delete(deleted).expect("a deletion");

    world.start_bot();
    world.entry(deleted).await;
    std::fs::write(world.dir().join("go"), "").expect("a file");
    let entry = world.entry(edited).await;

    assert!(entry.content.contains("\nnew\n"), "{}", entry.content);
    world.entry(busy).await;
    assert_eq!(world.runs(), [busy, edited]);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_message_is_asked_about_and_runs_when_somebody_says_so() {
    let mut world = Founding::new().silent().await;
    let text = format!("{RUNS} echo done > RESULT.txt");
    let task = world.say(&text);
    let yesterday = (SystemClock.now() - chrono::TimeDelta::hours(25)).to_rfc3339();
    let message = as_read_back(&world, task, &text, &yesterday, &json!([]));
    world.sandbox.trouble(Rule::on("GET", "/channels/#task-queue/messages").answers(200, json!([message])));
    world.start_bot();

    let question = world.reply(task).await;
    assert!(world.runs().is_empty(), "{}", question.content);
    world.sandbox.person("admin").react(task, "🔁").expect("a reaction");
    world.entry(task).await;

    assert_eq!(world.runs(), [task]);
    world.finish().await;
}

/// A message of the owner as Discord's history has it, with a time and files of one's own.
fn as_read_back(world: &World, id: Snowflake, text: &str, written_at: &str, attachments: &Value) -> Value {
    let channel = world.sandbox.channel("task-queue").expect("it is there");
    let author = world.sandbox.person("admin").id();
    json!({
        "id": id, "channel_id": channel, "content": text, "type": 0, "flags": 0, "pinned": false, "tts": false,
        "author": {"id": author, "username": "admin", "discriminator": "0", "avatar": null}, "timestamp": written_at,
        "edited_timestamp": null, "mention_everyone": false, "mentions": [], "mention_roles": [], "embeds": [], "attachments": attachments,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_a_message_lie_in_the_working_folder() {
    let world = World::new().await;
    let binary: Vec<u8> = (0..=255).cycle().take(300_000).collect();

    let files: [(&str, &[u8]); 3] = [("data.csv", b"a,b\n1,2\n"), ("image.png", &binary), ("RESULT.txt", b"not the agent's")];
    let task = world.sandbox.person("admin").attach("task-queue", "ls > listing; cat data.csv > RESULT.txt", &files).expect("a message");
    let entry = world.entry(task).await;

    assert!(entry.content.contains("a,b\n1,2"), "{}", entry.content);
    assert_eq!(world.task_file(task, "image.png").as_deref(), Some(&binary[..]));
    assert_eq!(world.task_text(task, "RESULT-2.txt"), "not the agent's", "a file never stands for the agent's result");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_file_names_stay_in_the_working_folder() {
    let mut world = Founding::new().config("attachments", json!({"max_files": 20})).start().await;
    assert_eq!(world.stop_bot(), 0);
    let task =
        world.sandbox.person("admin").attach("task-queue", "ls > listing; echo ok > RESULT.txt", &[("a.txt", b"x")]).expect("a message");
    let (channel, file) = world.sandbox.look(|known| {
        let message = known.messages_in("task-queue").next().expect("it is there");
        (message.channel, message.attachments[0].id)
    });
    let url = format!("{}/attachments/{channel}/{file}/a.txt", world.sandbox.base_url());
    let names = [
        "../../../escaped",
        "/etc/escaped",
        "..\\..\\escaped",
        "a\u{0}b",
        "..",
        ".",
        "",
        "  ",
        "-rf",
        "a/../../b",
        "\u{202e}txt.exe",
        "CON",
        "TASK.txt",
        ".task.sh",
    ];
    let attachments: Vec<_> =
        (1..).zip(names).map(|(n, name)| json!({"id": n.to_string(), "filename": name, "size": 1, "url": url, "proxy_url": url})).collect();
    let now = SystemClock.now().to_rfc3339();
    let message = as_read_back(&world, task, "ls > listing; echo ok > RESULT.txt", &now, &json!(attachments));
    world.sandbox.trouble(Rule::on("GET", "/channels/#task-queue/messages").answers(200, json!([message])));

    world.start_bot();
    let entry = world.entry(task).await;

    assert!(entry.content.starts_with("**[SUCCESS]**"), "{}", entry.content);
    for path in world.shell("find . -name '*escaped*'").lines() {
        assert!(path.contains(&format!("/tasks/{task}/")), "{path} is outside of the working folder");
    }
    assert!(!std::path::Path::new("/etc/escaped").exists());
    assert!(world.task_text(task, "TASK.txt").starts_with("TASK: ls"), "our own files are not replaced");
    let listing = world.task_text(task, "listing");
    assert!(listing.lines().count() > names.len(), "all of them are there, under other names: {listing}");
    world.finish().await;
}
