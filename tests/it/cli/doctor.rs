//! `doctor` finds what is wrong. Contract 003 §7 row 16.

use std::fs;

use orchestrator_sandbox::{
    Rule,
    world::guild::{Overwrite, OverwriteTarget},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    task::JoinSet,
};

use super::{run, run_with};
use crate::world::{Founding, World};

async fn findings(world: &World, variables: &[(&str, &str)]) -> (i32, Vec<Value>) {
    let (code, out, err) = run_with(world, variables, &["doctor", "--json"]).await;
    let told: Value = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out} {err}"));
    (code, told["findings"].as_array().expect("a list").clone())
}

fn found<'a>(findings: &'a [Value], check: &str) -> &'a Value {
    findings.iter().find(|finding| finding["check"] == json!(check)).unwrap_or_else(|| panic!("nothing is said of {check}: {findings:#?}"))
}

#[track_caller]
fn assert_broken(findings: &[Value], check: &str, says: &str) {
    let broken = findings.iter().filter(|finding| finding["check"] == json!(check) && finding["standing"] == json!("broken"));
    assert!(broken.clone().any(|finding| finding["says"].as_str().unwrap().contains(says)), "{check} does not say `{says}`: {findings:#?}");
    for finding in broken {
        assert!(finding["way_out"].is_string() || check == "configuration", "no way out: {finding}");
    }
}

/// A server that answers every request with the same, as a provider of models or a Gateway would.
async fn answering(status: &'static str) -> (String, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut asked = [0; 4_096];
            let _ = stream.read(&mut asked).await;
            let _ = stream.write_all(format!("HTTP/1.1 {status}\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}").as_bytes()).await;
        }
    });
    (address, serving)
}

fn openclaw(provider: &str, gateway_port: u16, price: f64) -> String {
    json!({
        "env": {"OPENROUTER_API_KEY": "sk-or-test"},
        "gateway": {"port": gateway_port},
        "agents": {"defaults": {"model": {"primary": "openrouter/a/b"}, "models": {"openrouter/a/b": {"alias": "primary"}}}},
        "models": {"providers": {"openrouter": {"baseUrl": format!("http://{provider}/v1"), "models": [
            {"id": "a/b", "cost": {"input": price, "output": price, "cacheRead": 0, "cacheWrite": 0}}
        ]}}}
    })
    .to_string()
}

/// A world with an OpenClaw of the test's own making.
async fn with_openclaw(file: &str) -> World {
    let world = Founding::new().config("default_agent", json!("openclaw")).openclaw(file).silent().await;
    let program = world.dir().join("openclaw");
    fs::write(&program, "#!/bin/sh\n").unwrap();
    fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn all_is_well_where_all_is_well() {
    let (provider, _serving) = answering("200 OK").await;
    let port = provider.rsplit(':').next().unwrap().parse().unwrap();
    let world = with_openclaw(&openclaw(&provider, port, 0.001)).await;

    let (code, findings) = findings(&world, &[("OPENCLAW_BIN", "./openclaw")]).await;

    assert_eq!(code, 0, "{findings:#?}");
    for check in [
        "bot token",
        "Message Content intent",
        "gateway",
        "clock",
        "TASK_QUEUE_CHANNEL",
        "RESULTS_CHANNEL",
        "agent program",
        "OpenClaw Gateway",
        "model key OPENROUTER_API_KEY",
        "prices",
        "disk",
        "isolation",
    ] {
        assert_eq!(found(&findings, check)["standing"], json!("well"), "{check}: {findings:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_posted_and_no_secret_is_shown() {
    let world = Founding::new().silent().await;
    let token = fs::read_to_string(world.dir().join("discord-config.env")).unwrap();
    let token = token.lines().find_map(|line| line.strip_prefix("ORCHESTRATOR_AGENT_TOKEN=")).unwrap().to_owned();

    let (_, out, err) = run(&world, &["doctor"]).await;

    assert!(!out.contains(&token) && !err.contains(&token));
    assert!(world.sandbox.log().iter().filter_map(|record| record.request()).all(|request| request.method == "GET"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_token_a_missing_one_and_a_server_out_of_reach() {
    let world = Founding::new().silent().await;

    let (code, told) = findings(&world, &[("ORCHESTRATOR_AGENT_TOKEN", "MTA0.bad.token")]).await;
    assert_eq!(code, 11);
    assert_broken(&told, "bot token", "`ORCHESTRATOR_AGENT_TOKEN`");

    let (code, told) = findings(&world, &[("DISCORD_API_BASE", "http://127.0.0.1:9")]).await;
    assert_eq!(code, 11);
    assert_broken(&told, "Discord", "could not be reached");

    fs::remove_file(world.dir().join("discord-config.env")).unwrap();
    let (code, told) = findings(&world, &[]).await;
    assert_eq!(code, 11);
    assert_broken(&told, "Discord", "ORCHESTRATOR_AGENT_TOKEN, TASK_QUEUE_CHANNEL, RESULTS_CHANNEL");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_channel_and_a_missing_permission_are_told_by_channel() {
    let world = Founding::new().silent().await;
    let everyone = world.sandbox.look(|seen| seen.guild().id);
    let deny = 1 << 6 | 1 << 16;
    world.sandbox.overwrite("task-queue", Overwrite { id: everyone, target: OverwriteTarget::Role, allow: 0, deny });

    let (code, told) = findings(&world, &[("RESULTS_CHANNEL", "123456789")]).await;

    assert_eq!(code, 11);
    assert_broken(&told, "RESULTS_CHANNEL", "there is no channel 123456789");
    assert_eq!(found(&told, "WORKER_POOL_CHANNEL")["standing"], json!("well"));
    let lacking = found(&told, "TASK_QUEUE_CHANNEL");
    // The bot's own role may allow again what everyone is denied; then there is nothing to tell.
    if lacking["standing"] == json!("broken") {
        assert_broken(&told, "TASK_QUEUE_CHANNEL", "Add Reactions");
        assert_broken(&told, "TASK_QUEUE_CHANNEL", "Read Message History");
    } else {
        let bot = world.sandbox.user("orchestrator").expect("the bot").id;
        world.sandbox.overwrite("task-queue", Overwrite { id: bot, target: OverwriteTarget::Member, allow: 0, deny });
        let (code, told) = findings(&world, &[]).await;
        assert_eq!(code, 11);
        assert_broken(&told, "TASK_QUEUE_CHANNEL", "Add Reactions");
        assert_broken(&told, "TASK_QUEUE_CHANNEL", "Read Message History");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cards_lack_is_told_and_is_no_more_than_odd() {
    let world = Founding::new().config("cards.show", json!("state_changes")).silent().await;
    let bot = world.sandbox.user("orchestrator").expect("the bot").id;
    // Source of the bits: Discord developer documentation, "Permissions": Embed Links, Create Public Threads.
    let deny = 1 << 14 | 1 << 35;
    world.sandbox.overwrite("task-queue", Overwrite { id: bot, target: OverwriteTarget::Member, allow: 0, deny });

    let (_, told) = findings(&world, &[]).await;

    let lacking = found(&told, "cards");
    assert_eq!(lacking["standing"], json!("odd"));
    let says = lacking["says"].as_str().unwrap_or_default();
    assert!(says.contains("Embed Links") && says.contains("Create Public Threads"), "{says}");
    assert_eq!(found(&told, "TASK_QUEUE_CHANNEL")["standing"], json!("well"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_intent_is_told_with_the_switch_s_place() {
    let world = Founding::new().silent().await;
    world.sandbox.trouble(Rule::on("GET", "/applications/@me").always().answers(200, json!({"id": "42", "name": "x", "flags": 0})));

    let (code, told) = findings(&world, &[]).await;

    assert_eq!(code, 11);
    assert_broken(&told, "Message Content intent", "switched off");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_program_a_gateway_out_of_reach_a_refused_key_and_an_implausible_price() {
    let (provider, _serving) = answering("401 Unauthorized").await;
    let world = with_openclaw(&openclaw(&provider, 9, 3.0)).await;

    let (code, told) = findings(&world, &[("OPENCLAW_BIN", "./openclaw")]).await;
    assert_eq!(code, 11);
    assert_broken(&told, "OpenClaw Gateway", "127.0.0.1:9 can't be reached");
    assert_broken(&told, "model key OPENROUTER_API_KEY", "refuses it (HTTP 401)");
    let price = found(&told, "prices");
    assert!(price["standing"] == json!("broken") && price["says"].as_str().unwrap().contains("implausible"), "{price}");
    assert!(!told.iter().any(|finding| finding.to_string().contains("sk-or-test")));

    let (code, told) = findings(&world, &[("OPENCLAW_BIN", "./nowhere")]).await;
    assert_eq!(code, 11);
    let program = found(&told, "agent program");
    assert!(program["standing"] == json!("broken") && program["says"].as_str().unwrap().contains("OPENCLAW_BIN"), "{program}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_key_and_a_missing_price_file() {
    let world = with_openclaw(
        r#"{"models": {"providers": {"openrouter": {"models": [{"id": "a/b", "cost": {"input": 0.001, "output": 0.001}}]}}}}"#,
    )
    .await;
    let (code, told) = findings(&world, &[("OPENCLAW_BIN", "./openclaw")]).await;
    assert_eq!(code, 11);
    assert_broken(&told, "model key", "`OPENROUTER_API_KEY` is not set");

    fs::remove_file(world.dir().join("openclaw.json")).unwrap();
    let (code, told) = findings(&world, &[("OPENCLAW_BIN", "./openclaw")]).await;
    assert_eq!(code, 11);
    assert_broken(&told, "prices", "there is no openclaw.json");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_low_and_a_configuration_that_can_t_be_read() {
    let world = Founding::new().config("disk_low_water_mb", json!(10_000_000)).silent().await;
    let (code, told) = findings(&world, &[]).await;
    assert_eq!(code, 11);
    assert_broken(&told, "disk", "nothing is started below");

    fs::write(world.dir().join("orchestrator_config.json"), "{\"lease_second\": 5}").unwrap();
    let (code, told) = findings(&world, &[]).await;
    assert_eq!(code, 11);
    assert_broken(&told, "configuration", "lease_seconds");
}
