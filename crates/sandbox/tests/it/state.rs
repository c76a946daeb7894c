//! The world between runs.

use orchestrator_sandbox::{Limits, Options, StartError};

use crate::wire::{Client, start, token};

#[tokio::test]
async fn a_world_comes_back_with_its_messages_files_reactions_and_tokens() {
    let folder = std::env::temp_dir().join(format!("sandbox-state-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let options = || Options { limits: Limits::Off, state: Some(folder.join("world.json")), ..Options::default() };
    let first = start(options()).await;
    let id = first.person("stranger").attach("#general", "keep this", &[("a.txt", b"bytes")]).unwrap();
    first.person("stranger").react(id, "✅").unwrap();
    let known_token = token(&first);
    first.shutdown().await;

    let second = start(options()).await;

    assert_eq!(token(&second), known_token);
    let path = crate::wire::messages(&second, "general");
    let message = Client::bot(&second).get(&format!("{path}/{id}")).await.ok();
    assert_eq!((message["content"].as_str(), message["reactions"][0]["count"].as_u64()), (Some("keep this"), Some(1)));
    let file = Client::bot(&second).fetch(message["attachments"][0]["url"].as_str().unwrap()).await;
    assert_eq!(file.bytes().await.unwrap().as_ref(), b"bytes");
    second.shutdown().await;
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn a_file_that_is_no_world_is_refused_and_not_overwritten() {
    let file = std::env::temp_dir().join(format!("sandbox-no-world-{}.json", std::process::id()));
    std::fs::write(&file, "{}").unwrap();

    let refused = orchestrator_sandbox::Sandbox::start(Options { state: Some(file.clone()), ..Options::default() }).await;

    assert!(matches!(refused, Err(StartError::State(_))));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "{}");
    std::fs::remove_file(file).unwrap();
}

#[tokio::test]
async fn a_world_of_the_days_of_one_guild_comes_back_whole() {
    let file = std::env::temp_dir().join(format!("sandbox-one-guild-{}.json", std::process::id()));
    std::fs::write(&file, include_str!("../fixtures/one-guild.json")).unwrap();

    let discord = start(Options { limits: Limits::Off, state: Some(file.clone()), ..Options::default() }).await;

    let bot = Client::bot(&discord);
    let guild = discord.look(|world| world.guild().id);
    assert_eq!(bot.get("/users/@me/guilds").await.ok()[0]["name"], "Local Discord");
    assert_eq!(bot.get(&format!("/guilds/{guild}/channels")).await.ok().as_array().map(Vec::len), Some(4));
    let threads = bot.get(&format!("/guilds/{guild}/threads/active")).await.ok();
    assert_eq!(
        (threads["threads"][0]["name"].as_str(), threads["threads"][0]["guild_id"].as_str()),
        (Some("an old thread"), Some(guild.to_string().as_str()))
    );
    let kept = bot.get(&crate::wire::messages(&discord, "general")).await.ok();
    assert_eq!((&kept[0]["content"], &kept[0]["reactions"][0]["count"]), (&serde_json::json!("kept from before"), &serde_json::json!(1)));
    let gone = discord.user("worker-1").unwrap().id;
    assert_eq!(bot.get(&format!("/guilds/{guild}/members/{gone}")).await.refusal(), (404, 10007));
    discord.make_trouble(orchestrator_sandbox::Demand::Invite("worker-1".into()));
    assert_eq!(bot.get(&format!("/guilds/{guild}/members/{gone}")).await.status, 200);
    discord.shutdown().await;
    std::fs::remove_file(&file).unwrap();
    std::fs::remove_dir_all(file.with_extension("json.files")).unwrap();
}
