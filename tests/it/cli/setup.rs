//! `setup`: from a token to settings that work.

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf};

use orchestrator_sandbox::Rule;
use serde_json::{Value, json};

use super::run;
use crate::world::{Founding, World};

/// A world in which nothing is configured yet: the folder, and the file with the token.
async fn unconfigured() -> (World, PathBuf, String) {
    let world = Founding::new().silent().await;
    let env = fs::read_to_string(world.dir().join("discord-config.env")).unwrap();
    let token = env.lines().find_map(|line| line.strip_prefix("ORCHESTRATOR_AGENT_TOKEN=")).unwrap();
    let folder = world.dir().join("fresh");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("token"), format!("Bot {token}\n")).unwrap();
    let base = format!("DISCORD_API_BASE={}", world.sandbox.base_url());
    (world, folder, base)
}

async fn setup(world: &World, folder: &std::path::Path, base: &str, more: &[&str]) -> (i32, String, String) {
    let token = folder.join("token");
    let mut args = vec!["setup", "--dir", folder.to_str().unwrap(), "--token-file", token.to_str().unwrap(), "--set", base];
    args.extend(more);
    run(world, &args).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_enough_where_the_channels_are_there() {
    let (world, folder, base) = unconfigured().await;

    let (code, out, err) = setup(&world, &folder, &base, &["--json"]).await;

    assert_eq!(code, 0, "{err}");
    let told: Value = serde_json::from_str(&out).expect("JSON");
    assert!(told["invite"].as_str().unwrap().contains("scope=bot+applications.commands&permissions="), "{told}");
    let file = folder.join("discord-config.env");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let card = world.sandbox.look(|seen| seen.messages_in("results").last().map(|message| message.embeds[0]["title"].clone()));
    assert_eq!(card, Some(json!("🤖 Ready")));
    let commands =
        world.sandbox.look(|world| world.commands().filter_map(|command| command["name"].as_str().map(str::to_owned)).collect::<Vec<_>>());
    assert!(commands.contains(&"task".to_owned()) && commands.contains(&"Run as task".to_owned()), "{commands:?}");

    let (code, _, err) = run(&world, &["--dir", folder.to_str().unwrap(), "submit", "T"]).await;
    assert_eq!(code, 0, "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_channels_are_made() {
    let (world, folder, base) = unconfigured().await;
    let made = json!({"id": "777", "type": 0, "name": "jobs", "guild_id": world.sandbox.look(|seen| seen.guild().id).to_string()});
    world.sandbox.trouble(Rule::on("POST", "/guilds/*/channels").body_contains("\"jobs\"").answers(201, made));

    let (code, _, err) = setup(&world, &folder, &base, &["--task-queue", "#jobs", "--no-test-card"]).await;

    assert_eq!(code, 0, "{err}");
    assert!(fs::read_to_string(folder.join("discord-config.env")).unwrap().contains("TASK_QUEUE_CHANNEL=777"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_existing_file_is_never_overwritten_silently_and_keeps_what_else_is_in_it() {
    let (world, folder, base) = unconfigured().await;
    let file = folder.join("discord-config.env");
    fs::write(&file, "# mine\nTIMEOUT=90s\nTASK_QUEUE_CHANNEL=1\n").unwrap();

    let (code, _, err) = setup(&world, &folder, &base, &[]).await;
    assert_eq!(code, 1, "{err}");
    assert!(err.contains("--overwrite"), "{err}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "# mine\nTIMEOUT=90s\nTASK_QUEUE_CHANNEL=1\n");

    let (code, _, err) = setup(&world, &folder, &base, &["--overwrite"]).await;
    assert_eq!(code, 0, "{err}");
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.starts_with("# mine\nTIMEOUT=90s\nTASK_QUEUE_CHANNEL=") && !text.contains("CHANNEL=1\n"), "{text}");
    assert!(folder.join("discord-config.env.old").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_not_accepted_and_a_server_without_the_bot_are_told() {
    let (world, folder, base) = unconfigured().await;
    fs::write(folder.join("token"), "MTA0.bad.token").unwrap();
    let (code, _, err) = setup(&world, &folder, &base, &[]).await;
    assert_eq!(code, 1);
    assert!(err.contains("does not accept") && !err.contains("MTA0"), "{err}");

    let (world, folder, base) = unconfigured().await;
    world.sandbox.trouble(Rule::on("GET", "/users/@me/guilds").always().answers(200, json!([])));
    let (code, _, err) = setup(&world, &folder, &base, &[]).await;
    assert_eq!(code, 9);
    assert!(err.contains("oauth2/authorize"), "{err}");
    assert!(!folder.join("discord-config.env").exists());
}
