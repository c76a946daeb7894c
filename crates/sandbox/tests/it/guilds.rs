//! Several guilds, people and bots, made on request and kept apart.

use serde_json::{Value, json};

use crate::wire::{Client, Gateway, INTENTS, discord, text_of};

/// What a script of this machine asks without a token.
async fn control(discord: &orchestrator_sandbox::Sandbox, method: reqwest::Method, path: &str, body: Value) -> (u16, Value) {
    let client = reqwest::Client::builder().build().expect("a client");
    let answer = client.request(method, format!("{}/sandbox{path}", discord.base_url())).json(&body).send().await.expect("an answer");
    let status = answer.status().as_u16();
    (status, serde_json::from_str(&answer.text().await.expect("a body")).unwrap_or_default())
}

async fn made(discord: &orchestrator_sandbox::Sandbox, path: &str, body: Value) -> Value {
    let (status, made) = control(discord, reqwest::Method::POST, path, body).await;
    assert_eq!(status, 201, "{made}");
    made
}

#[tokio::test]
async fn a_second_guild_with_its_own_bot_and_person_is_made_and_works() {
    let discord = discord().await;

    let guild = made(&discord, "/guilds", json!({"name": "Second", "channels": ["plaza"]})).await;
    let bot = made(&discord, "/bots", json!({"name": "helper", "guild": guild["id"], "privileged_intents": ["MESSAGE_CONTENT"], "permissions": ["VIEW_CHANNEL", "SEND_MESSAGES"]})).await;
    made(&discord, "/people", json!({"name": "guest", "guild": guild["id"], "standing": "operator"})).await;

    let helper = Client::with_authorization(&discord, &format!("Bot {}", text_of(&bot, "token")));
    let plaza = text_of(&guild["channels"][0], "id").to_owned();
    let posted = helper.post(&format!("/channels/{plaza}/messages"), json!({"content": "hello"})).await.ok();
    discord.person("guest").say("plaza", "hello yourself").unwrap();
    let mut gateway = Gateway::connect(&discord).await;
    gateway.identify(text_of(&bot, "token"), INTENTS).await;

    let ready = gateway.event("READY").await;
    assert_eq!(ready["guilds"], json!([{"id": guild["id"], "unavailable": true}]));
    let created = gateway.event("GUILD_CREATE").await;
    assert_eq!((&created["name"], created["channels"].as_array().map(Vec::len)), (&json!("Second"), Some(1)));
    assert_eq!(posted["channel_id"], plaza.as_str());
    assert_eq!(helper.get(&format!("/channels/{plaza}")).await.ok()["guild_id"], guild["id"]);
    assert_eq!(helper.get("/users/@me/guilds").await.ok().as_array().map(Vec::len), Some(1));
    let listed = control(&discord, reqwest::Method::GET, "/bots", Value::Null).await.1;
    assert_eq!(listed[1]["privileged_intents"], json!(["MESSAGE_CONTENT"]));
}

#[tokio::test]
async fn who_is_not_in_a_guild_sees_nothing_of_it() {
    let discord = discord().await;
    let guild = made(&discord, "/guilds", json!({"name": "Second", "channels": ["plaza"]})).await;
    let (id, plaza) = (text_of(&guild, "id"), text_of(&guild["channels"][0], "id"));
    let (mut gateway, _) = Gateway::ready(&discord, INTENTS).await;

    let outsider = Client::bot(&discord);
    for path in
        [format!("/guilds/{id}"), format!("/guilds/{id}/channels"), format!("/channels/{plaza}"), format!("/channels/{plaza}/messages")]
    {
        assert_eq!(outsider.get(&path).await.refusal(), (403, 50001), "{path}");
    }
    discord.person("admin").say("plaza", "not for you").unwrap();
    discord.person("admin").say("general", "for you").unwrap();

    assert_eq!(gateway.event("MESSAGE_CREATE").await["content"], "for you");
}

#[tokio::test]
async fn a_bot_of_two_guilds_is_told_of_both_and_of_each_that_it_joins_or_leaves() {
    let discord = discord().await;
    let first = discord.look(|world| world.guild().id.to_string());
    let guild = made(&discord, "/guilds", json!({"name": "Second"})).await;
    let id = text_of(&guild, "id").to_owned();
    let (mut gateway, ready) = Gateway::ready(&discord, INTENTS).await;
    gateway.event("GUILD_CREATE").await;

    let place = format!("/guilds/{id}/members/orchestrator");
    assert_eq!(control(&discord, reqwest::Method::PUT, &place, json!({"permissions": ["VIEW_CHANNEL"]})).await.0, 204);
    let joined = gateway.event("GUILD_CREATE").await;
    let (mut again, both) = Gateway::ready(&discord, INTENTS).await;
    assert_eq!(control(&discord, reqwest::Method::DELETE, &place, Value::Null).await.0, 204);

    assert_eq!(ready["guilds"], json!([{"id": first, "unavailable": true}]));
    assert_eq!((&joined["id"], joined["members"].as_array().map(Vec::len)), (&guild["id"], Some(2)));
    assert_eq!(both["guilds"].as_array().map(Vec::len), Some(2));
    assert_eq!(again.event("GUILD_DELETE").await["id"], guild["id"]);
    assert_eq!(control(&discord, reqwest::Method::DELETE, &format!("/guilds/{id}/members/admin"), Value::Null).await.0, 403);
}

#[tokio::test]
async fn what_is_asked_wrongly_is_told_field_by_field_and_a_bot_may_not_ask() {
    let discord = discord().await;

    for (path, body, place) in [
        ("/guilds", json!({}), "/errors/name/_errors"),
        ("/people", json!({"name": "two words"}), "/errors/name/_errors"),
        ("/people", json!({"name": "admin"}), "/errors/name/_errors"),
        ("/people", json!({"name": "fresh", "standing": "king"}), "/errors/standing/_errors"),
        ("/bots", json!({"name": "fresh", "guild": "5"}), "/errors/guild/_errors"),
        ("/bots", json!({"name": "fresh", "privileged_intents": ["EVERYTHING"]}), "/errors/privileged_intents/0/_errors"),
        ("/bots", json!({"name": "fresh", "permissions": ["FLY"]}), "/errors/permissions/0/_errors"),
    ] {
        let (status, refused) = control(&discord, reqwest::Method::POST, path, body.clone()).await;
        assert!(status == 400 && refused.pointer(place).is_some(), "{path} {body}: {refused}");
    }
    assert_eq!(Client::bot(&discord).post("/sandbox/people", json!({"name": "fresh"})).await.status, 403);
    assert!(discord.user("fresh").is_none());
}
