//! Threads on messages and channels.

use orchestrator_sandbox::world::{
    guild::{Overwrite, OverwriteTarget},
    permission::SEND_MESSAGES_IN_THREADS,
};
use serde_json::json;

use crate::wire::{Client, Gateway, INTENTS, discord, messages, text_of};

#[tokio::test]
async fn a_thread_on_a_message_has_its_id_takes_messages_and_is_told_of() {
    let discord = discord().await;
    let (bot, path) = (Client::bot(&discord), messages(&discord, "results"));
    let (mut gateway, _) = Gateway::ready(&discord, INTENTS).await;
    let card = bot.post(&path, json!({"content": "card"})).await.ok();
    let threads = format!("{path}/{}/threads", text_of(&card, "id"));

    let thread = bot.post(&threads, json!({"name": "Task 12 details", "auto_archive_duration": 10_080})).await;
    assert_eq!((thread.status, &thread.body["id"], &thread.body["name"]), (201, &card["id"], &json!("Task 12 details")));
    assert_eq!(gateway.event("THREAD_CREATE").await["thread_metadata"]["auto_archive_duration"], 10_080);
    assert_eq!(gateway.event("MESSAGE_UPDATE").await["thread"]["id"], card["id"]);
    bot.post(&format!("/channels/{}/messages", text_of(&card, "id")), json!({"content": "a step"})).await.ok();

    assert_eq!(gateway.event("MESSAGE_CREATE").await["channel_id"], card["id"]);
    assert_eq!(bot.post(&threads, json!({"name": "again"})).await.refusal(), (400, 160_004));
    let active = bot.get(&format!("/guilds/{}/threads/active", discord.look(|world| world.guild().id))).await.ok();
    assert_eq!(active["threads"][0]["message_count"], 1);
}

#[tokio::test]
async fn an_archived_thread_is_taken_out_by_a_message_and_a_locked_one_is_not() {
    let discord = discord().await;
    let (bot, channel) = (Client::bot(&discord), discord.channel("results").unwrap());
    let thread = bot.post(&format!("/channels/{channel}/threads"), json!({"name": "details", "type": 11})).await.ok();
    let path = format!("/channels/{}", text_of(&thread, "id"));
    let said = bot.post(&format!("{path}/messages"), json!({"content": "before"})).await.ok();

    bot.patch(&path, json!({"archived": true})).await.ok();
    assert_eq!(bot.patch(&format!("{path}/messages/{}", text_of(&said, "id")), json!({"content": "x"})).await.refusal(), (400, 50083));
    bot.post(&format!("{path}/messages"), json!({"content": "after"})).await.ok();
    assert_eq!(bot.get(&path).await.ok()["thread_metadata"]["archived"], false);

    bot.patch(&path, json!({"locked": true})).await.ok();
    let stranger = Client::person(&discord, "stranger");
    assert_eq!(stranger.post(&format!("{path}/messages"), json!({"content": "me too"})).await.refusal(), (403, 160_005));
}

#[tokio::test]
async fn writing_in_threads_is_a_permission_of_its_own_and_names_and_times_have_limits() {
    let discord = discord().await;
    let (bot, channel) = (Client::bot(&discord), discord.channel("results").unwrap());
    let thread = bot.post(&format!("/channels/{channel}/threads"), json!({"name": "details"})).await.ok();
    let id = discord.user("orchestrator").unwrap().id;
    discord.overwrite("results", Overwrite { id, target: OverwriteTarget::Member, allow: 0, deny: SEND_MESSAGES_IN_THREADS });

    assert_eq!(bot.post(&format!("/channels/{}/messages", text_of(&thread, "id")), json!({"content": "x"})).await.refusal(), (403, 50013));
    bot.post(&format!("/channels/{channel}/messages"), json!({"content": "x"})).await.ok();
    for body in
        [json!({}), json!({"name": "x".repeat(101)}), json!({"name": "x", "auto_archive_duration": 5}), json!({"name": "x", "type": 12})]
    {
        assert_eq!(bot.post(&format!("/channels/{channel}/threads"), body).await.refusal(), (400, 50035));
    }
}
