//! Direct conversations.

use serde_json::{Value, json};

use crate::wire::{Client, Gateway, discord, text_of};

#[tokio::test]
async fn a_bot_and_a_person_talk_in_a_channel_of_their_own() {
    let discord = discord().await;
    let (bot, stranger) = (Client::bot(&discord), Client::person(&discord, "stranger"));
    let mut gateway = Gateway::connect(&discord).await;
    // Without the content intent, and without one for guilds' messages.
    gateway.identify(&crate::wire::token(&discord), 1 | 1 << 12 | 1 << 13).await;
    let id = discord.user("stranger").unwrap().id;

    let opened = bot.post("/users/@me/channels", json!({"recipient_id": id})).await.ok();
    let again = stranger.post("/users/@me/channels", json!({"recipient_id": discord.user("orchestrator").unwrap().id})).await.ok();
    let path = format!("/channels/{}/messages", text_of(&opened, "id"));
    bot.post(&path, json!({"content": "hello"})).await.ok();
    let answered = stranger.post(&path, json!({"content": "hello yourself"})).await.ok();
    stranger.put(&format!("{path}/{}/reactions/✅/@me", text_of(&answered, "id")), Value::Null).await;

    assert_eq!((&opened["type"], opened["recipients"][0]["id"].as_str()), (&json!(1), Some(id.to_string().as_str())));
    assert_eq!((&again["id"], &again["recipients"][0]["username"]), (&opened["id"], &json!("orchestrator")));
    assert_eq!(gateway.event("MESSAGE_CREATE").await["content"], "hello");
    let heard = gateway.event("MESSAGE_CREATE").await;
    assert_eq!((&heard["content"], heard.get("guild_id")), (&json!("hello yourself"), None));
    assert_eq!(gateway.event("MESSAGE_REACTION_ADD").await["channel_id"], opened["id"]);
    assert_eq!(stranger.get("/users/@me/channels").await.ok()[0]["id"], opened["id"]);
    assert_eq!(Client::person(&discord, "operator").get(&path).await.refusal(), (403, 50001));
    assert_eq!(stranger.post(&path.replace("/messages", "/threads"), json!({"name": "x", "type": 11})).await.refusal(), (403, 50013));
}

#[tokio::test]
async fn a_bot_reaches_nobody_with_whom_it_shares_no_guild_and_no_other_bot() {
    let discord = discord().await;
    let (bot, admin) = (Client::bot(&discord), Client::person(&discord, "admin"));
    let other = admin.post("/sandbox/bots", json!({"name": "other"})).await.ok();
    let far = admin.post("/sandbox/people", json!({"name": "far", "guild": null})).await.ok();
    for (id, code) in [(&other["id"], 50007), (&far["id"], 50278)] {
        let opened = bot.post("/users/@me/channels", json!({"recipient_id": id})).await.ok();
        let path = format!("/channels/{}/messages", text_of(&opened, "id"));
        assert_eq!(bot.post(&path, json!({"content": "x"})).await.refusal(), (403, code));
    }
    assert_eq!(bot.post("/users/@me/channels", json!({})).await.refusal(), (400, 50035));
    assert_eq!(bot.post("/users/@me/channels", json!({"recipient_id": "5"})).await.refusal(), (404, 10013));
}
