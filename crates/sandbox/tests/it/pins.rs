//! Pinned messages.

use orchestrator_sandbox::world::{
    guild::{Overwrite, OverwriteTarget},
    permission::PIN_MESSAGES,
};
use serde_json::{Value, json};

use crate::wire::{Client, Gateway, INTENTS, discord, messages, text_of};

#[tokio::test]
async fn a_pin_is_shown_told_of_and_listed_newest_first_by_both_routes() {
    let discord = discord().await;
    let (bot, path) = (Client::bot(&discord), messages(&discord, "results"));
    let (mut gateway, _) = Gateway::ready(&discord, INTENTS).await;
    let mut ids = Vec::new();
    for text in ["first", "second"] {
        ids.push(text_of(&bot.post(&path, json!({"content": text})).await.ok(), "id").to_owned());
    }

    assert_eq!(bot.put(&format!("{path}/pins/{}", ids[0]), Value::Null).await.status, 204);
    assert_eq!(bot.put(&format!("{}/{}", path.replace("/messages", "/pins"), ids[1]), Value::Null).await.status, 204);
    assert_eq!(bot.put(&format!("{path}/pins/{}", ids[1]), Value::Null).await.status, 204, "again");

    let told = gateway.event("CHANNEL_PINS_UPDATE").await;
    assert!(told["last_pin_timestamp"].is_string());
    let old = bot.get(&path.replace("/messages", "/pins")).await.ok();
    assert_eq!((&old[0]["content"], &old[1]["content"], &old[0]["pinned"]), (&json!("second"), &json!("first"), &json!(true)));
    let page = bot.get(&format!("{path}/pins?limit=1")).await.ok();
    assert_eq!((&page["items"][0]["message"]["id"], &page["has_more"]), (&json!(ids[1]), &json!(true)));
    let before = page["items"][0]["pinned_at"].as_str().unwrap().to_owned();
    let rest = bot.get(&format!("{path}/pins?before={before}")).await.ok();
    assert_eq!((&rest["items"][0]["message"]["id"], &rest["has_more"]), (&json!(ids[0]), &json!(false)));
    let lines = bot.get(&path).await.ok();
    assert_eq!((&lines[0]["type"], &lines[0]["message_reference"]["message_id"]), (&json!(6), &json!(ids[1])));
    assert_eq!(lines.as_array().map(Vec::len), Some(4));
    assert_eq!(bot.delete(&format!("{path}/pins/{}", ids[1])).await.status, 204);
    assert_eq!(bot.get(&format!("{path}/pins")).await.ok()["items"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn pinning_takes_a_permission_of_its_own_and_ends_at_250() {
    let discord = discord().await;
    let (bot, path) = (Client::bot(&discord), messages(&discord, "results"));
    let mut last = String::new();
    for number in 0..251 {
        last = text_of(&bot.post(&path, json!({"content": number.to_string()})).await.ok(), "id").to_owned();
        if number < 250 {
            assert_eq!(bot.put(&format!("{path}/pins/{last}"), Value::Null).await.status, 204);
        }
    }

    assert_eq!(bot.put(&format!("{path}/pins/{last}"), Value::Null).await.refusal(), (400, 30003));
    assert_eq!(Client::person(&discord, "stranger").put(&format!("{path}/pins/{last}"), Value::Null).await.refusal(), (403, 50013));
    let me = discord.user("orchestrator").unwrap().id;
    discord.overwrite("results", Overwrite { id: me, target: OverwriteTarget::Member, allow: 0, deny: PIN_MESSAGES });
    assert_eq!(bot.delete(&format!("{path}/pins/{last}")).await.refusal(), (403, 50013));
}
