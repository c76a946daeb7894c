//! What scripts use: the log, the world, the env file.

use std::os::unix::fs::PermissionsExt;

use orchestrator_sandbox::{Cause, Options, Record, WorldSeed};
use serde_json::json;

use crate::wire::{Client, discord, messages, start, token};

#[tokio::test]
async fn every_request_stands_in_the_log_with_route_sender_body_and_status_but_no_token() {
    let discord = discord().await;
    let bot = Client::bot(&discord);
    bot.post(&messages(&discord, "results"), json!({"content": "hello"})).await.ok();
    bot.put("/guilds/1/widget", json!({})).await;

    let log = Client::person(&discord, "admin").get("/sandbox/log").await;

    let Some(Record::Request(posted)) = discord.log().into_iter().next() else { panic!("a request") };
    assert_eq!(
        (posted.route, posted.username.as_deref(), posted.status),
        (Some("/channels/{channel}/messages"), Some("orchestrator"), Some(200))
    );
    assert_eq!(log.body[0]["body"]["content"], "hello");
    assert_eq!(log.body[1]["cause"], json!(Cause::NotBuilt));
    assert!(!log.text.contains(&token(&discord)));
}

#[tokio::test]
async fn the_world_can_be_read_from_this_machine_but_not_by_a_web_page_or_a_bot() {
    let discord = discord().await;
    discord.person("stranger").say("#general", "hello").unwrap();
    let url = format!("{}/sandbox/world", discord.base_url());
    let plain = reqwest::Client::builder().build().unwrap();

    let world: serde_json::Value = plain.get(&url).send().await.unwrap().json().await.unwrap();

    let general = world["channels"].as_array().unwrap().iter().find(|channel| channel["name"] == "general").unwrap();
    assert_eq!(general["messages"][0]["content"], "hello");
    assert_eq!(plain.get(&url).header("origin", "http://evil.example").send().await.unwrap().status(), 401);
    assert_eq!(plain.get(&url).header("host", "evil.example").send().await.unwrap().status(), 421);
    assert_eq!(Client::bot(&discord).get("/sandbox/world").await.status, 403);
}

#[tokio::test]
async fn the_env_file_is_private_and_holds_what_a_bot_needs() {
    let discord = start(Options {
        seed: WorldSeed { more_bots: vec!["worker-1".into(), "worker-2".into()], ..WorldSeed::default() },
        ..Options::default()
    })
    .await;
    let folder = std::env::temp_dir().join(format!("sandbox-env-{}", discord.channel("general").unwrap()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("discord-config.env");

    discord.write_env(&file).unwrap();

    let text = std::fs::read_to_string(&file).unwrap();
    for name in [
        "DISCORD_API_BASE=http://127.0.0.1:",
        "GUILD_ID=",
        "ORCHESTRATOR_AGENT_TOKEN=",
        "WORKER1_TOKEN=",
        "WORKER2_TOKEN=",
        "TASK_QUEUE_CHANNEL=",
        "RESULTS_CHANNEL=",
        "WORKER_POOL_CHANNEL=",
        "SANDBOX_HUMAN_TOKEN=",
    ] {
        assert!(text.lines().any(|line| line.starts_with(name)), "{name}");
    }
    assert!(!text.contains("WORKER3_TOKEN"));
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn two_worlds_of_one_chance_have_the_same_ids_and_tokens() {
    let seed = WorldSeed { chance: Some(7), ..WorldSeed::default() };
    let (first, second) =
        (start(Options { seed: seed.clone(), ..Options::default() }).await, start(Options { seed, ..Options::default() }).await);

    assert_eq!(token(&first), token(&second));
    assert_eq!(first.channel("results"), second.channel("results"));
    assert_eq!(token(&first).split('.').count(), 3);
}
