//! `cost`: the ledger as a table with bars, as CSV and as JSON, with the service and without it.

use serde_json::{Value, json};

use super::run;
use crate::world::{Founding, World};

/// Two tasks that have cost something by the price table, one that has cost what its agent says, and one that nobody knows the cost of.
async fn world() -> World {
    let world = Founding::new().start().await;
    let usage = r#"{"input": 1200, "output": 300, "model": "openrouter/moonshotai/kimi-k2.5"}"#;
    let own = r#"{"input": 7, "output": 8, "model": "openrouter/x/y", "cost_usd": 0.25}"#;
    for said in [
        format!("echo '{usage}' > USAGE.json; echo ok > RESULT.txt"),
        format!("echo '{usage}' > USAGE.json; echo ok > RESULT.txt"),
        format!("echo '{own}' > USAGE.json; echo ok > RESULT.txt"),
        "echo ok > RESULT.txt".to_owned(),
    ] {
        let task = world.say(&said);
        world.entry(task).await;
    }
    world
}

async fn costs(world: &World, args: &[&str]) -> Value {
    let (code, out, error) = run(world, &[&["cost", "--json"], args].concat()).await;
    assert_eq!(code, 0, "{error}");
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn costs_are_told_by_whatever_is_asked_with_the_service_and_without_it() {
    let mut world = world().await;
    let by_model = costs(&world, &["--by", "model"]).await;

    assert_eq!((&by_model["total"]["cost_nanos"], &by_model["total"]["attempts"]), (&json!(252_430_000), &json!(4)), "{by_model}");
    assert_eq!((&by_model["total"]["unknown"], &by_model["total"]["by_agents"]), (&json!(1), &json!(1)), "{by_model}");
    let parts: Vec<(&str, &str)> = by_model["parts"]
        .as_array()
        .expect("parts")
        .iter()
        .map(|part| (part["key"].as_str().expect("a key"), part["cost"].as_str().expect("a cost")))
        .collect();
    assert_eq!(parts[..2], [("openrouter/x/y", "$0.25"), ("openrouter/moonshotai/kimi-k2.5", "$0.00243")]);
    let (_, by_user, _) = run(&world, &["cost", "--by", "user"]).await;
    assert!(by_user.contains("\nadmin  $0.25243  ████████") && by_user.contains("All: $0.25243 for 4 attempts · "), "{by_user}");
    assert!(by_user.ends_with("without 1 attempt of unknown cost · 1 attempt by the agent's own figure\n"), "{by_user}");
    assert!(!by_user.contains('\u{1b}'), "colours are for terminals");

    world.stop_bot();
    assert_eq!(costs(&world, &["--by", "model"]).await, by_model);
    let (code, csv, _) = run(&world, &["cost", "--by", "agent", "--period", "today", "--csv"]).await;
    assert_eq!((code, csv.lines().count()), (0, 2), "{csv}");
    assert!(csv.contains("\r\nscript,script,0.25243,4,1,1,2407,608,0,0\r\n"), "{csv}");
    let tasks = costs(&world, &["--by", "task", "--top", "1"]).await;
    assert_eq!((&tasks["left_out"], &tasks["others"]["cost"]), (&json!(3), &json!("$0.00243")), "{tasks}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_said_whose_figure_a_cost_is() {
    let world = Founding::new().start().await;
    let ours = world.say(r#"echo '{"input": 1200, "output": 300, "cost_usd": 0.9}' > USAGE.json; echo ok > RESULT.txt"#);
    let own =
        world.say(r#"echo '{"input": 7, "output": 8, "model": "who/knows/it", "cost_usd": 0.25}' > USAGE.json; echo ok > RESULT.txt"#);
    let (of_ours, of_own) = (world.entry(ours).await.content, world.entry(own).await.content);

    // The two figures are a factor of 740 apart.
    assert!(of_ours.contains("⚠ the agent says that it cost $0.9, by the price table it is $0.001215, a factor of 740"), "{of_ours}");
    assert!(!of_ours.contains("the agent's own figure"), "{of_ours}");
    assert!(of_own.contains("**Cost:** $0.25 · ") && of_own.contains("The cost is the agent's own figure."), "{of_own}");
    let (_, told, _) = run(&world, &["status", &ours.to_string()]).await;
    assert!(told.contains("$0.001215 (by the price table)"), "{told}");
    let (_, told, _) = run(&world, &["status", &own.to_string(), "--json"]).await;
    assert!(told.contains(r#""cost_from": "agent""#), "{told}");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_price_of_one_s_own_counts_from_the_file_to_the_entry() {
    let table = json!({"primary": {"output": 1}, "who/knows/it": {"input": 1000, "output": 0, "unit": "per_million"}});
    let world = Founding::new().config("prices.unit", json!("per_thousand")).config("prices.models", table).start().await;
    let dear = world.say(r#"echo '{"input": 0, "output": 1000}' > USAGE.json; echo ok > RESULT.txt"#);
    let own = world.say(r#"echo '{"input": 1000, "output": 1, "model": "who/knows/it"}' > USAGE.json; echo ok > RESULT.txt"#);

    assert!(world.entry(dear).await.content.contains("**Cost:** $1 · "));
    assert!(world.entry(own).await.content.contains("**Cost:** $1 · "));
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_t_be_asked_is_refused_with_what_can() {
    let world = Founding::new().start().await;
    for (args, parts) in [
        (&["--by", "colour"][..], ["one of day, user, agent, model, channel, task, instance", "--by"]),
        (&["--period", "soon"][..], ["`period`", "today, yesterday, week, month, all"]),
        (&["--since", "2026-03-02", "--until", "2026-03-01"][..], ["ends on 2026-03-01, before it begins on 2026-03-02", "until"]),
        (&["--since", "yesterday"][..], ["--since", "invalid value"]),
        (&["--days", "0"][..], ["--days", "0 is not in"]),
    ] {
        let (code, out, error) = run(&world, &[&["cost"], args].concat()).await;
        assert_eq!((code, out.as_str()), (1, ""), "{args:?}: {error}");
        assert!(parts.iter().all(|part| error.contains(part)), "{args:?}: {error}");
    }
    let (code, out, _) = run(&world, &["cost"]).await;
    assert!(code == 0 && out.contains("Nothing was run."), "{out}");
    world.finish().await;
}
