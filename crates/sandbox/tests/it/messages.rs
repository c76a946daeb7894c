//! Posting, reading, editing and reacting over REST.

use serde_json::json;

use crate::wire::{Client, discord, messages};

#[tokio::test]
async fn what_a_bot_posts_can_be_read_edited_and_deleted() {
    let discord = discord().await;
    let (bot, path) = (Client::bot(&discord), messages(&discord, "results"));

    let posted =
        bot.post(&path, json!({"content": "first", "embeds": [{"title": "T", "fields": [{"name": "n", "value": "v"}]}]})).await.ok();
    let one = format!("{path}/{}", posted["id"].as_str().unwrap());
    let edited = bot.patch(&one, json!({"content": "second"})).await.ok();

    assert_eq!((&edited["content"], &edited["embeds"][0]["title"]), (&json!("second"), &json!("T")));
    assert!(!edited["edited_timestamp"].is_null());
    bot.delete(&one).await.ok();
    assert_eq!(bot.get(&one).await.refusal(), (404, 10008));
}

#[tokio::test]
async fn a_message_over_2000_characters_is_refused_with_50035() {
    let discord = discord().await;
    let (bot, path) = (Client::bot(&discord), messages(&discord, "results"));

    let refused = bot.post(&path, json!({"content": "ä".repeat(2_001)})).await;

    assert_eq!(refused.refusal(), (400, 50035));
    assert_eq!(refused.body["errors"]["content"]["_errors"][0]["code"], "BASE_TYPE_MAX_LENGTH");
    bot.post(&path, json!({"content": "ä".repeat(2_000)})).await.ok();
}
