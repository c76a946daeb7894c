//! Forums: their posts and tags.

use orchestrator_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::wire::{Client, Gateway, INTENTS, discord, text_of};

async fn forum(discord: &Sandbox, more: Value) -> Value {
    let guild = discord.look(|world| world.guild().id);
    let mut body = json!({"name": "Questions", "type": 15, "available_tags": [{"name": "bug"}, {"name": "done", "moderated": true, "emoji_name": "✅"}]});
    for (key, value) in more.as_object().into_iter().flatten() {
        body[key] = value.clone();
    }
    Client::person(discord, "admin").post(&format!("/guilds/{guild}/channels"), body).await.ok()
}

#[tokio::test]
async fn a_post_is_a_thread_whose_first_message_has_its_id() {
    let discord = discord().await;
    let (bot, forum) = (Client::bot(&discord), forum(&discord, json!({})).await);
    let (mut gateway, _) = Gateway::ready(&discord, INTENTS).await;
    let (path, bug) = (format!("/channels/{}", text_of(&forum, "id")), &forum["available_tags"][0]["id"]);

    let post = bot
        .post(&format!("{path}/threads"), json!({"name": "It breaks", "applied_tags": [bug], "message": {"content": "Here is how."}}))
        .await;

    assert_eq!((post.status, &post.body["type"], &post.body["parent_id"]), (201, &json!(11), &forum["id"]));
    assert_eq!((&post.body["message"]["id"], &post.body["message"]["content"]), (&post.body["id"], &json!("Here is how.")));
    assert_eq!((&post.body["applied_tags"], &post.body["message_count"]), (&json!([bug]), &json!(0)));
    assert_eq!(gateway.event("THREAD_CREATE").await["parent_id"], forum["id"]);
    assert_eq!(gateway.event("MESSAGE_CREATE").await["channel_id"], post.body["id"]);
    assert_eq!(bot.post(&format!("{path}/messages"), json!({"content": "x"})).await.refusal(), (400, 40058));
    assert_eq!(bot.get(&format!("{path}/messages")).await.refusal(), (400, 50024));
}

#[tokio::test]
async fn tags_are_known_allowed_few_and_where_the_forum_says_so_required() {
    let discord = discord().await;
    let forum = forum(&discord, json!({"flags": 16})).await;
    let (stranger, path) = (Client::person(&discord, "stranger"), format!("/channels/{}/threads", text_of(&forum, "id")));
    let (bug, done) = (forum["available_tags"][0]["id"].clone(), forum["available_tags"][1]["id"].clone());
    let post = |tags: Value| json!({"name": "a post", "applied_tags": tags, "message": {"content": "text"}});

    assert_eq!((&forum["flags"], &forum["available_tags"][1]["emoji_name"]), (&json!(16), &json!("✅")));
    for (body, refusal) in [
        (post(json!([])), (400, 40067)),
        (post(json!(["5"])), (404, 10087)),
        (post(json!([done])), (403, 50013)),
        (post(json!([bug, bug, bug, bug, bug, bug])), (400, 50035)),
        (json!({"name": "a post", "applied_tags": [bug]}), (400, 50035)),
        (json!({"name": "a post", "applied_tags": [bug], "message": {"content": ""}}), (400, 50006)),
    ] {
        assert_eq!(stranger.post(&path, body.clone()).await.refusal(), refusal, "{body}");
    }
    let made = stranger.post(&path, post(json!([bug]))).await.ok();
    let thread = format!("/channels/{}", text_of(&made, "id"));
    let admin = Client::person(&discord, "admin");
    assert_eq!(admin.patch(&thread, json!({"applied_tags": [bug, done], "flags": 2})).await.ok()["applied_tags"], json!([bug, done]));
    assert_eq!(stranger.patch(&thread, json!({"applied_tags": []})).await.refusal(), (400, 40067));
    let kept =
        admin.patch(&format!("/channels/{}", text_of(&forum, "id")), json!({"available_tags": [{"id": bug, "name": "defect"}]})).await.ok();
    assert_eq!((&kept["available_tags"][0]["id"], &kept["available_tags"][0]["name"]), (&bug, &json!("defect")));
}
