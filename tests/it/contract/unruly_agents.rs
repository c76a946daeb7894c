//! Agents that do not do what they should: each is ended, nothing of it is left running, memory and disk stay bounded, and the post says why.

use std::time::Duration;

use serde_json::json;

use crate::world::{Founding, PATIENCE, World};

/// What an agent does, the sign of its entry, and words that the entry holds.
const UNRULY: &[(&str, &str, &[&str])] = &[
    ("trap '' TERM INT; while :; do sleep 0.1; done [timeout:1s]", "TIMEOUT", &["time limit of 1s"]),
    ("exec >&- 2>&-; sleep 1000 [timeout:1s]", "TIMEOUT", &["time limit of 1s"]),
    ("echo ok > RESULT.txt; (sleep 1000 &) ; (sleep 1000 &)", "SUCCESS", &["2 processes that the agent had left running had to be killed"]),
    (
        "echo ok > RESULT.txt; setsid sh -c 'sleep 1000 & trap \"\" TERM HUP; sleep 1000' </dev/null >/dev/null 2>&1 & sleep 0.3",
        "SUCCESS",
        &["that the agent had left running had to be killed"],
    ),
    ("setsid sh -c 'sleep 1000 & sleep 1000' & trap '' TERM; sleep 1000 [timeout:1s]", "TIMEOUT", &["had to be killed"]),
    ("exit 3", "FAILED", &["exit code 3", "no result was written"]),
    ("echo half > RESULT.txt; exit 1", "FAILED", &["exit code 1", "half"]),
    ("kill -9 $$", "FAILED", &["signal 9 (SIGKILL)"]),
    ("true", "FAILED", &["no result was written (RESULT.txt is missing)"]),
    (": > RESULT.txt", "FAILED", &["RESULT.txt is empty"]),
    ("printf ' \\n\\t \\n' > RESULT.txt", "FAILED", &["nothing but white space"]),
    ("echo outside-of-it > $HOME/outside; ln -s $HOME/outside RESULT.txt", "FAILED", &["a symbolic link"]),
    ("ln -s /dev/zero RESULT.txt", "FAILED", &["a symbolic link"]),
    ("echo outside-of-it > $HOME/outside2; ln $HOME/outside2 RESULT.txt", "FAILED", &["a hard link"]),
    ("mkfifo RESULT.txt", "FAILED", &["a named pipe"]),
    ("mkdir RESULT.txt", "FAILED", &["a directory"]),
    (
        "echo ok > RESULT.txt; ln -s /etc/passwd SUMMARY.txt; mkfifo OUTPUTS.json; mkdir USAGE.json",
        "SUCCESS",
        &["SUMMARY.txt was not read"],
    ),
    ("printf 'ab\\377\\376cd' > RESULT.txt", "SUCCESS", &["ab", "cd", "not valid UTF-8"]),
    ("printf 'a\\000b\\033[31mred\\033[0m\\007' > RESULT.txt", "SUCCESS", &["abred"]),
    ("cd ..; mv \"$OLDPWD\" away; ln -s /etc \"$OLDPWD\"", "FAILED", &["workspace"]),
    ("cd ../..; rm -rf \"$PWD\"", "FAILED", &["workspace"]),
    ("echo x [agent:absent]", "FAILED", &["no-such-program"]),
    ("echo x > RESULT.txt; head -c 3000000 /dev/zero > big", "FAILED", &["larger than allowed"]),
];

#[tokio::test(flavor = "multi_thread")]
async fn an_unruly_agent_is_ended_whole_and_the_post_says_why() {
    let world = Founding::new()
        .config("output.file_max_mb", json!(2))
        .config("agents.absent", json!({"command": "./no-such-program"}))
        .start()
        .await;

    // Two at a time: where more results wait, they share a message, and each is told in fewer words.
    for pair in UNRULY.chunks(2) {
        let tasks: Vec<_> = pair.iter().map(|(script, _, _)| world.say(script)).collect();
        world.all_entries(&tasks, PATIENCE).await;

        for (task, (script, sign, words)) in tasks.iter().zip(pair) {
            let entry = world.entry(*task).await.content;
            assert!(entry.starts_with(&format!("**[{sign}]** `{task}`")), "{script}: {entry}");
            for word in *words {
                assert!(entry.contains(word), "{script}: no `{word}` in {entry}");
            }
            assert!(!entry.contains("\noutside-of-it"), "{script}: {entry}");
            assert_eq!(world.count_entries(*task), 1, "{script}");
        }
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn endless_output_and_a_huge_result_stay_bounded_in_memory_and_on_disk() {
    let world = Founding::new()
        .config("output.log_max_kb", json!(100))
        .config("output.stdout_max_kb", json!(100))
        .config("output.result_max_kb", json!(1_000))
        .config("output.file_max_mb", json!(0))
        .start()
        .await;

    let flood = world.say("head -c 1000000000 /dev/zero; echo ok > RESULT.txt; echo the end [timeout:60s]");
    let huge = world.say("head -c 104857600 /dev/zero | tr '\\0' a > RESULT.txt");
    // Ten gigabytes that take no room on the disk, and would take it in memory.
    let vast = world.say("printf 'it begins' > RESULT.txt; truncate -s 10G RESULT.txt");
    let entry = world.entry_within(huge, PATIENCE * 2).await;
    let flooded = world.entry_within(flood, PATIENCE * 2).await;
    let vast = world.entry_within(vast, PATIENCE).await;

    assert!(vast.content.starts_with("**[SUCCESS]**") && vast.content.contains("it begins"), "{}", vast.content);
    assert!(entry.content.starts_with("**[SUCCESS]**"), "{}", entry.content);
    let attached = world.attached(&entry);
    assert_eq!(attached.len(), 1);
    assert_eq!(attached[0].1.len(), 1_024_000, "what is kept is attached");
    assert!(entry.content.contains("in the workspace only"), "{}", entry.content);
    assert!(flooded.content.starts_with("**[SUCCESS]**") && flooded.content.contains("left out of the log"), "{}", flooded.content);
    let log = world.task_file(flood, "agent-output.log").expect("a log");
    assert!(log.len() < 110_000, "{} bytes of log", log.len());
    assert!(String::from_utf8_lossy(&log).contains("the end"), "the end of the output is kept");
    let peak = peak_kib(world.bot_process());
    assert!(peak < 150_000, "the bot took {peak} KiB");
    let store = std::fs::metadata(world.dir().join(".runtime/orchestrator.db-wal")).map_or(0, |seen| seen.len());
    assert!(store < 32 << 20, "{store} bytes of journal");
    world.finish().await;
}

/// The most memory that a process has had.
fn peak_kib(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn at_its_time_limit_a_task_is_timed_out_and_what_it_has_is_posted_as_partial() {
    let world = World::new().await;

    let task = world.say("date +%s%N > began; echo the first half > RESULT.txt; sleep 100 [timeout:3s]");
    let entry = world.entry(task).await;

    let began: i64 = world.task_text(task, "began").trim().parse().expect("a time");
    let took = Duration::from_nanos(u64::try_from(entry.posted_at().timestamp_nanos_opt().expect("a time") - began).expect("later"));
    assert!(took > Duration::from_millis(2_900) && took < Duration::from_secs(9), "{took:?}");
    assert!(entry.content.starts_with(&format!("**[TIMEOUT]** `{task}`")), "{}", entry.content);
    assert!(entry.content.contains("**Partial result:**\n```\nthe first half"), "{}", entry.content);
    world.marked(task, "⏱").await;
    assert!(world.task_text(task, "RESULT.txt").contains("the first half"), "it is kept");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_s_time_limit_holds_for_all_and_a_task_may_ask_for_more_up_to_the_maximum() {
    let world = Founding::new().env("TIMEOUT", "1s").env("MAX_TIMEOUT", "4s").start().await;

    let usual = world.say("sleep 100");
    let long = world.say("sleep 2; echo ok > RESULT.txt [timeout:4s]");
    let too_long = world.say("echo x [timeout:5s]");
    let reply = world.reply(too_long).await;

    assert!(reply.content.contains("4s"), "{}", reply.content);
    assert!(world.entry(usual).await.content.starts_with("**[TIMEOUT]**"));
    assert!(world.entry(long).await.content.starts_with("**[SUCCESS]**"));
    world.finish().await;
}
