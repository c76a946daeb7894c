//! Compressed frames, sessions for parts of a bot's guilds, and members asked for on the gateway.

use serde_json::{Value, json};
use tokio_tungstenite::{client_async, tungstenite::Error};

use crate::wire::{Client, Gateway, INTENTS, discord, token};

#[tokio::test]
async fn a_client_that_asks_for_a_zlib_stream_gets_one_that_lasts() {
    let discord = discord().await;
    let mut gateway = Gateway::connect_with(&discord, "&compress=zlib-stream").await;

    gateway.identify(&token(&discord), INTENTS).await;
    gateway.event("READY").await;
    gateway.event("GUILD_CREATE").await;
    discord.person("stranger").say("#general", "through the stream").unwrap();

    assert_eq!(gateway.event("MESSAGE_CREATE").await["content"], "through the stream");
}

#[tokio::test]
async fn other_compressions_and_encodings_are_refused() {
    let discord = discord().await;
    for query in ["?v=10&encoding=etf", "?v=10&encoding=json&compress=brotli"] {
        let address = discord.base_url().strip_prefix("http://").unwrap();
        let stream = tokio::net::TcpStream::connect(address).await.unwrap();

        let refused = client_async(format!("{}{query}", discord.gateway_url()), stream).await;

        assert!(matches!(refused, Err(Error::Http(answer)) if answer.status() == 400), "{query}");
    }
}

#[tokio::test]
async fn each_shard_is_told_of_its_own_guilds_alone() {
    let discord = discord().await;
    let guild = discord.look(|world| world.guild().id);
    let home = (guild.get() >> 22) % 2;
    let mut shards = Vec::new();
    for number in [0, 1] {
        let mut gateway = Gateway::connect(&discord).await;
        let identify = json!({"token": token(&discord), "intents": INTENTS, "properties": {}, "shard": [number, 2]});
        gateway.send(json!({"op": 2, "d": identify})).await;
        let ready = gateway.event("READY").await;
        assert_eq!(ready["shard"], json!([number, 2]));
        assert_eq!(ready["guilds"].as_array().map(Vec::len), Some(usize::from(number == home)));
        shards.push(gateway);
    }
    let mut away = shards.remove(usize::try_from(1 - home).unwrap());
    let mut at_home = shards.remove(0);

    discord.person("stranger").say("#general", "for one of you").unwrap();
    away.send(json!({"op": 1, "d": null})).await;

    assert_eq!(away.next().await.unwrap()["op"], 11, "the other shard hears nothing before its heartbeat is answered");
    assert_eq!(at_home.event("MESSAGE_CREATE").await["content"], "for one of you");
}

async fn chunk(gateway: &mut Gateway, asked: Value) -> Value {
    gateway.send(json!({"op": 8, "d": asked})).await;
    gateway.event("GUILD_MEMBERS_CHUNK").await
}

#[tokio::test]
async fn members_are_told_by_name_by_id_and_all_at_once_to_those_who_may() {
    let discord = discord().await;
    let (mut gateway, _) = Gateway::ready(&discord, INTENTS).await;
    let guild = discord.look(|world| world.guild().id);
    let admin = discord.person("admin").id();

    let named = chunk(&mut gateway, json!({"guild_id": guild, "query": "adm", "limit": 1, "nonce": "n1"})).await;
    // Some clients send numbers for ids.
    let by_id = chunk(&mut gateway, json!({"guild_id": guild.get(), "user_ids": [admin.get(), 5], "presences": true})).await;
    let all = chunk(&mut gateway, json!({"guild_id": guild, "query": "", "limit": 0})).await;

    assert_eq!((&named["members"][0]["user"]["username"], &named["nonce"]), (&json!("admin"), &json!("n1")));
    assert_eq!((by_id["members"].as_array().map(Vec::len), &by_id["not_found"], &by_id["presences"]), (Some(1), &json!([5]), &json!([])));
    assert_eq!(all["members"], json!([]), "the whole list takes the intent for members");
}

#[tokio::test]
async fn the_budget_of_identifies_is_told_and_each_bot_has_its_own() {
    let discord = discord().await;
    let bot = Client::bot(&discord);
    let before = bot.get("/gateway/bot").await.ok();

    let (_gateway, _) = Gateway::ready(&discord, INTENTS).await;

    let after = bot.get("/gateway/bot").await.ok();
    let left = |told: &Value| told["session_start_limit"]["remaining"].as_u64().unwrap();
    assert_eq!((left(&before), left(&after)), (1_000, 999));
    assert_eq!(after["session_start_limit"]["max_concurrency"], 1);
    assert_eq!(after["url"], discord.gateway_url());
}
