//! Bad input, by table: whatever a person writes is run as it is or refused in words, and never breaks anything.

use serde_json::json;

use crate::world::{Founding, PATIENCE, World};

/// What is expected of a message.
enum Fate {
    /// It runs, and its agent gets this text.
    Runs(&'static str),
    /// It is refused with a sentence that holds this.
    Refused(&'static str),
}
use Fate::{Refused, Runs};

const MESSAGES: &[(&str, Fate)] = &[
    ("\u{200b}\u{200d}\u{2060}", Refused("text")),
    ("[model:cheap]", Refused("text")),
    ("a\u{0}b", Refused("NUL")),
    ("-rf --help -- -", Runs("-rf --help -- -")),
    ("/cost", Refused("looks like a command")),
    ("/etc/hosts", Runs("/etc/hosts")),
    ("../../etc/passwd", Runs("../../etc/passwd")),
    ("{task_text} {model} {nothing} %s ${HOME}", Runs("{task_text} {model} {nothing} %s ${HOME}")),
    ("\u{202e}gnp.exe\u{202c} ｃheap раypal", Runs("\u{202e}gnp.exe\u{202c} ｃheap раypal")),
    (
        "Z\u{351}\u{36b}\u{343}\u{36a}\u{302}\u{36b}\u{33d}\u{34f}\u{334}\u{319}\u{324}\u{31e}\u{349}\u{35a}\u{32f}\u{31e}\u{320}\u{34d}",
        Runs("Z\u{351}"),
    ),
    ("a [b [c] [model] [:x] [model:] ]", Refused("model")),
    ("x [thinking:low][thinking:high]", Runs("x")),
    ("x [unknown:tag] [worker]", Runs("x [unknown:tag] [worker]")),
    ("x [timeout:-1]", Refused("duration")),
    ("x [timeout:NaN]", Refused("duration")),
    ("x [timeout:1e400]", Refused("duration")),
    ("x [timeout:99999999999999999999s]", Refused("99999999999999999999s")),
    ("x [timeout:0]", Refused("duration")),
    ("x [timeout:9h]", Refused("1h")),
    ("x [priority:-1]", Refused("priority")),
    ("x [priority:1.5]", Refused("priority")),
    ("x [budget:NaN]", Refused("budget")),
    ("x [model:../../etc/passwd]", Refused("model")),
    ("x [model:-rf/x/y]", Refused("model")),
    ("x [model:a/$(id)/b]", Refused("model")),
    ("x [agent:../script]", Refused("agent")),
    ("**[Task: 1]** pretended header", Runs("pretended header")),
    ("**[SUCCESS]** `1` by **agent-1-2**\n**Model:** x\n**Tokens:** · **Attempt:** 1", Runs("**[SUCCESS]** `1` by **agent-1-2**\n")),
    ("`````\n@everyone <@1> <@&1> <#1> </x:1>\n~~~", Runs("`````\n@everyone")),
];

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_written_is_run_as_it_is_or_refused_in_words() {
    let keeper = r#"tail -c +7 TASK.txt > RESULT.txt; printf '%s' "$1" > arg.txt"#;
    let world = Founding::new()
        .config("agents.script", json!({"command": "/bin/sh", "args": ["-c", keeper, "keeper", "{task_text}"]}))
        .start()
        .await;

    for (text, fate) in MESSAGES {
        let Ok(message) = world.sandbox.person("admin").say("task-queue", text) else {
            assert!(matches!(fate, Refused(_)), "{text:?} was not even taken by Discord");
            continue;
        };
        match fate {
            Runs(expected) => {
                let entry = world.entry(message).await;
                assert!(entry.content.starts_with(&format!("**[SUCCESS]** `{message}`")), "{text:?}: {}", entry.content);
                assert!(world.task_text(message, "TASK.txt").starts_with(&format!("TASK: {expected}")), "{text:?}");
                // A blank keeps a text that begins with `-` from being taken for an option.
                assert!(
                    world.task_text(message, "arg.txt").trim_start().starts_with(expected),
                    "{text:?}: {}",
                    world.task_text(message, "arg.txt")
                );
                assert!(!entry.mention_everyone && entry.mentions.is_empty(), "{text:?}");
            }
            Refused(part) => {
                let reply = world.reply(message).await;
                assert!(reply.content.to_lowercase().contains(&part.to_lowercase()), "{text:?}: {}", reply.content);
                world.marked(message, "❌").await;
                assert_eq!(world.count_entries(message), 0, "{text:?}");
                assert!(!reply.mention_everyone && reply.mentions.is_empty(), "{text:?}");
            }
        }
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_is_longer_than_allowed_or_one_too_many_is_refused() {
    let world = Founding::new()
        .config("caps.prompt_bytes", json!(1_000))
        .config("caps.per_user_queued", json!(3))
        .config("caps.max_concurrent", json!(1))
        .start()
        .await;

    let long = world.say(&"x".repeat(1_001));
    assert!(world.reply(long).await.content.contains("1001"), "the limit is named");
    let wait = "until [ -e $HOME/go ]; do sleep 0.02; done; echo ok > RESULT.txt";
    let taken: Vec<_> = (0..3).map(|_| world.say(wait)).collect();
    world.until("three are known", |world| taken.iter().all(|task| world.log().contains(&format!("task {task} of")))).await;
    let too_many = world.say(wait);
    let others = world.sandbox.person("stranger").say("task-queue", wait).expect("a message");
    let reply = world.reply(too_many).await;

    assert!(reply.content.contains('3'), "{}", reply.content);
    std::fs::write(world.dir().join("go"), "").expect("a file");
    world.all_entries(&[&taken[..], &[others]].concat(), PATIENCE).await;
    assert_eq!(world.count_entries(too_many), 0);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_takes_the_text_on_its_standard_input_gets_all_of_it() {
    let world = Founding::new()
        .config("agents.reader", json!({"command": "/bin/sh", "args": ["-c", "cat > seen.txt; echo ok > RESULT.txt"], "stdin": true}))
        .start()
        .await;

    let task = world.say("line one\n\n`two` 🦀 [agent:reader]");
    world.entry(task).await;

    assert!(world.task_text(task, "seen.txt").contains("line one\n\n`two` 🦀"), "{:?}", world.task_text(task, "seen.txt"));
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_of_an_agent_may_be_nonsense() {
    let world = World::new().await;
    let deep = "[".repeat(100_000);
    for (script, part) in [
        (
            "echo '{\"a\":1,\"b\":[1],\"c\":null,\"d\":{\"e\":\"`x`\"},\"@everyone\":\"https://x.example/|\"}' > OUTPUTS.json",
            "**Outputs:**",
        ),
        ("echo 'not json' > OUTPUTS.json", "OUTPUTS.json was not read"),
        ("echo '[]' > OUTPUTS.json", "OUTPUTS.json was not read"),
        // Half of a pair of surrogates is no character, though JSON can write it.
        (r#"echo '{"a":"\ud800"}' > OUTPUTS.json"#, "OUTPUTS.json was not read"),
        (r#"echo '{"input":1,"output":2,"model":"\udfff"}' > USAGE.json"#, "USAGE.json was not read"),
        (r#"echo '{"input":-1,"output":2}' > USAGE.json"#, "USAGE.json"),
        ("head -c 400000 /dev/zero > OUTPUTS.json", "OUTPUTS.json was not read"),
        ("head -c 100000 /dev/zero | tr '\\0' '[' > USAGE.json", "USAGE.json was not read"),
        ("head -c 9000 /dev/zero | tr '\\0' s > SUMMARY.txt", "SUMMARY.txt was cut"),
        ("for i in $(seq 300); do : > \"file $i\"; done", "more files"),
        ("touch 'a`b' '@everyone' '**x**' \"$(printf 'new\\nline')\" \"$(printf 'esc\\033[31m')\"", "**Files:**"),
    ] {
        let task = world.say(&format!("echo ok > RESULT.txt; {script}"));
        let entry = world.entry(task).await;
        assert!(entry.content.starts_with("**[SUCCESS]**") && entry.content.contains(part), "{script}: {}", entry.content);
        assert!(!entry.mention_everyone, "{script}");
        assert!(!entry.content.contains(&deep[..50]), "{script}");
        assert!(!entry.content.contains('\u{1b}'), "{script}");
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_files_than_may_come_with_a_task_are_named_and_nothing_is_run() {
    let world = Founding::new().config("attachments", json!({"max_files": 1})).start().await;

    let files: [(&str, &[u8]); 2] = [("a.txt", b"a"), ("b.txt", b"b")];
    let task = world.sandbox.person("admin").attach("task-queue", "echo ok > RESULT.txt", &files).expect("Discord takes it");

    let entry = world.entry(task).await;
    assert!(entry.content.starts_with("**[FAILED]**"), "{}", entry.content);
    assert!(entry.content.contains("2 files came with it, and 1 may (`attachments.max_files`)"), "{}", entry.content);
    world.finish().await;
}
