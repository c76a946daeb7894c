//! Tokens and cost, from what an agent reports to what the post says.

use crate::world::{Founding, PATIENCE, World};

/// A client of OpenClaw that has had the conversation which the task's text holds.
const CLIENT: &str = r#"#!/bin/sh
printf '%s\n' "$@" > args.txt
env | grep ^OPENCLAW_ > openclaw-env.txt
while [ $# -gt 0 ]; do
  case "$1" in --session-id) session=$2 ;; esac
  shift
done
mkdir -p "$OPENCLAW_STATE_DIR/agents/main/sessions"
tail -c +7 TASK.txt > "$OPENCLAW_STATE_DIR/agents/main/sessions/$session.jsonl"
echo done > RESULT.txt
"#;

fn with_openclaw() -> Founding {
    Founding::new().program("openclaw.sh", CLIENT).env("OPENCLAW_BIN", "./openclaw.sh").config("default_agent", "openclaw".into())
}

fn turn(model: &str, usage: &str) -> String {
    format!(r#"{{"type":"message","message":{{"role":"assistant","provider":"openrouter","model":"{model}","usage":{usage}}}}}"#)
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_all_turns_are_summed_and_priced_exactly() {
    let world = with_openclaw().start().await;
    let kimi = |usage: &[&str]| usage.iter().map(|usage| turn("moonshotai/kimi-k2.5", usage)).collect::<Vec<_>>().join("\n");

    let cases = [
        (kimi(&[r#"{"input":1200,"output":300}"#]), "1,200 in / 300 out · ", "$0.001215"),
        (kimi(&[r#"{"input":1000,"output":200}"#, r#"{"input":200,"output":100}"#]), "1,200 in / 300 out · ", "$0.001215"),
        // 1,200 × 0.45 + 300 × 2.25 + 10,000 × 0.07 millionths.
        (
            kimi(&[r#"{"input":1000,"output":200,"cacheRead":10000}"#, r#"{"input":200,"output":100,"cacheWrite":5}"#]),
            "1,200 in / 300 out (cache 10,000 read, 5 written) · ",
            "$0.001915",
        ),
        (format!("{} [model:cheap]", turn("stepfun/step-3.5-flash:free", r#"{"input":1200,"output":300}"#)), "1,200 in / 300 out", "$0"),
        (format!("{} [model:openrouter/x/y]", turn("x/y", r#"{"input":7,"output":8}"#)), "7 in / 8 out", "N/A"),
        ("no session at all".to_owned(), "unknown", "N/A"),
        // The model that answered has the price, not the one that was asked for.
        (format!("{} [model:cheap]", turn("qwen/qwen3-coder-next", r#"{"input":1000,"output":1000}"#)), "1,000 in / 1,000 out", "$0.00095"),
    ];
    let tasks: Vec<_> = cases.iter().map(|(session, _, _)| world.say(session)).collect();
    world.all_entries(&tasks, PATIENCE).await;

    for (task, (session, tokens, cost)) in tasks.iter().zip(&cases) {
        let text = world.entry(*task).await.content;
        let line = text.lines().find(|line| line.starts_with("**Tokens:**")).expect("a line of figures");
        assert!(line.starts_with(&format!("**Tokens:** {tokens}")), "{session}: {line}");
        assert!(line.contains(&format!(" · **Cost:** {cost} · ")), "{session}: {line}");
        assert!(!text.contains("$N/A"));
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_reports_its_usage_in_a_file() {
    let world = World::new().await;

    let usage = r#"{"input": 1200, "output": 300, "model": "openrouter/moonshotai/kimi-k2.5"}"#;
    let task = world.say(&format!("echo '{usage}' > USAGE.json; echo ok > RESULT.txt"));
    let odd = world.say(r#"echo '{"input": -5, "output": 1e300, "cost_usd": -1}' > USAGE.json; echo ok > RESULT.txt"#);
    let broken = world.say("echo '{' > USAGE.json; echo ok > RESULT.txt");
    let entry = world.entry(task).await.content;

    assert!(entry.contains("**Tokens:** 1,200 in / 300 out · **Cost:** $0.001215 · "), "{entry}");
    let entry = world.entry(odd).await.content;
    assert!(entry.contains("can't be true: how many tokens there were is unknown"), "numbers that can't be true are named: {entry}");
    let entry = world.entry(broken).await.content;
    assert!(entry.contains("**Tokens:** unknown · **Cost:** N/A") && entry.contains("USAGE.json was not read"), "{entry}");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn openclaw_is_called_as_in_the_seed() {
    let world = with_openclaw().start().await;

    let (code, out, error) = world.run(&["submit", "T", "cheap", "low"]);
    assert_eq!(code, 0, "{error}");
    let task = out.trim().parse().expect("the id is printed");
    let entry = world.entry(task).await;

    assert!(entry.content.contains("`cheap`") && entry.content.contains("**Thinking:** low"), "{}", entry.content);
    assert_eq!(world.task_text(task, "TASK.txt"), "TASK: T");
    let args = world.task_text(task, "args.txt");
    let agent_id = entry.content.split("by **").nth(1).and_then(|rest| rest.split("**").next()).expect("an agent id");
    assert!(args.starts_with("agent\n") && args.contains(&format!("--session-id\n{agent_id}-{task}\n")), "{args}");
    assert!(args.contains("--thinking\nlow\n") && args.contains("TASK.txt") && args.contains("RESULT.txt"), "{args}");
    let env = world.task_text(task, "openclaw-env.txt");
    assert!(env.contains("OPENCLAW_MODEL=openrouter/stepfun/step-3.5-flash:free\n"), "{env}");
    assert!(env.contains("OPENCLAW_CONFIG_PATH=") && env.contains(&format!("workers/{agent_id}\n")), "{env}");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_day_s_ceiling_nothing_more_is_started_and_a_higher_one_lets_it_go_on() {
    let mut world = Founding::new().config("daily_budget_usd", 0.001.into()).start().await;
    let spends = r#"echo '{"input": 1000, "output": 1000}' > USAGE.json; echo ok > RESULT.txt"#;

    let first = world.say(spends);
    world.entry(first).await;
    world.message("worker-pool", |message| message.content.contains("Nothing more is started today")).await;
    let second = world.say("echo ok > RESULT.txt");
    world.until("it is known", |world| world.log().contains(&format!("task {second} of"))).await;
    assert_eq!(world.stop_bot(), 0);
    assert_eq!(world.count_entries(second), 0);
    assert!(!world.has_mark(second, "✅"), "it is not claimed either");

    world.reconfigure("daily_budget_usd", 1.into());
    world.start_bot();
    world.entry(second).await;
    world.finish().await;
}
