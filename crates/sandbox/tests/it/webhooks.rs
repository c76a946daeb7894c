//! Webhooks: made, used by whoever knows the address, changed and taken away.

use orchestrator_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::wire::{Client, discord, messages, text_of};

async fn webhook(discord: &Sandbox, by: &Client, channel: &str) -> (Value, String) {
    let path = messages(discord, channel).replace("/messages", "/webhooks");
    let made = by.post(&path, json!({"name": "Reporter"})).await.ok();
    let address = format!("/webhooks/{}/{}", text_of(&made, "id"), text_of(&made, "token"));
    (made, address)
}

/// A bot that may manage webhooks.
async fn manager(discord: &Sandbox) -> Client {
    let control = Client::person(discord, "admin");
    let made = control.post("/sandbox/bots", json!({"name": "manager", "permissions": ["MANAGE_WEBHOOKS", "MANAGE_CHANNELS"]})).await.ok();
    Client::with_authorization(discord, &format!("Bot {}", text_of(&made, "token")))
}

#[tokio::test]
async fn whoever_knows_the_address_posts_edits_and_deletes_under_any_name() {
    let discord = discord().await;
    let (_, address) = webhook(&discord, &Client::person(&discord, "admin"), "results").await;
    let anybody = Client::with_authorization(&discord, "");

    let quiet = anybody.post(&address, json!({"content": "unheard"})).await;
    let posted = anybody.post(&format!("{address}?wait=true"), json!({"content": "done", "username": "Nightly"})).await.ok();
    let message = format!("{address}/messages/{}", text_of(&posted, "id"));
    let edited = anybody.patch(&message, json!({"content": "done twice"})).await.ok();

    assert_eq!((quiet.status, quiet.text.as_str()), (204, ""));
    assert_eq!(
        (&posted["author"]["username"], &posted["author"]["bot"], &posted["webhook_id"]),
        (&json!("Nightly"), &json!(true), &posted["author"]["id"])
    );
    assert_eq!((&edited["content"], &anybody.get(&message).await.ok()["content"]), (&json!("done twice"), &json!("done twice")));
    assert_eq!(anybody.delete(&message).await.status, 204);
    assert_eq!(anybody.get(&message).await.refusal(), (404, 10008));
    assert_eq!(anybody.post(&address, json!({"content": ""})).await.refusal(), (400, 50006));
    assert_eq!(anybody.post(&format!("{address}x"), json!({"content": "x"})).await.refusal(), (401, 50027));
    assert_eq!(anybody.post("/webhooks/5/x", json!({"content": "x"})).await.refusal(), (404, 10015));
}

#[tokio::test]
async fn webhooks_are_listed_renamed_moved_and_taken_away_by_those_who_manage_them() {
    let discord = discord().await;
    let bot = manager(&discord).await;
    let (made, address) = webhook(&discord, &bot, "results").await;
    let (path, general) = (format!("/webhooks/{}", text_of(&made, "id")), discord.channel("general").unwrap());

    assert_eq!((&made["user"]["username"], &made["application_id"]), (&json!("manager"), &json!(discord.user("manager").unwrap().id)));
    let moved = bot.patch(&path, json!({"name": "Writer", "channel_id": general})).await.ok();
    assert_eq!((&moved["name"], &moved["channel_id"]), (&json!("Writer"), &json!(general)));
    let bare = Client::with_authorization(&discord, "").get(&address).await.ok();
    assert_eq!((&bare["name"], bare.get("user")), (&json!("Writer"), None));
    assert_eq!(bot.get(&format!("/channels/{general}/webhooks")).await.ok()[0]["id"], made["id"]);
    let guild = discord.look(|world| world.guild().id);
    assert_eq!(bot.get(&format!("/guilds/{guild}/webhooks")).await.ok().as_array().map(Vec::len), Some(1));
    let stranger = Client::person(&discord, "stranger");
    for refused in [stranger.get(&path).await, stranger.delete(&path).await, stranger.get(&format!("/guilds/{guild}/webhooks")).await] {
        assert_eq!(refused.refusal(), (403, 50013));
    }
    assert_eq!(bot.delete(&path).await.status, 204);
    assert_eq!(bot.get(&path).await.refusal(), (404, 10015));
}

#[tokio::test]
async fn a_channel_has_15_webhooks_and_some_names_are_taken() {
    let discord = discord().await;
    let admin = Client::person(&discord, "admin");
    for _ in 0..15 {
        webhook(&discord, &admin, "results").await;
    }
    let path = messages(&discord, "results").replace("/messages", "/webhooks");

    assert_eq!(admin.post(&path, json!({"name": "one more"})).await.refusal(), (400, 30007));
    for name in ["Clyde", "my discord bot", ""] {
        assert_eq!(admin.post(&path, json!({"name": name})).await.refusal(), (400, 50035), "{name}");
    }
}

#[tokio::test]
async fn only_an_applications_webhook_carries_what_can_be_pressed() {
    let discord = discord().await;
    let row = |button: Value| json!({"content": "x", "components": [{"type": 1, "components": [button]}]});
    let (press, link) = (
        json!({"type": 2, "style": 1, "label": "Go", "custom_id": "go"}),
        json!({"type": 2, "style": 5, "label": "See", "url": "https://example.com"}),
    );
    let (_, owned) = webhook(&discord, &manager(&discord).await, "results").await;
    let (_, foreign) = webhook(&discord, &Client::person(&discord, "admin"), "results").await;
    let anybody = Client::with_authorization(&discord, "");

    let shown = anybody.post(&format!("{owned}?wait=true"), row(press.clone())).await.ok();
    assert_eq!(shown["components"][0]["components"][0]["custom_id"], "go");
    let bare = anybody.post(&format!("{foreign}?wait=true"), row(press.clone())).await.ok();
    assert_eq!(bare["components"], json!([]));
    assert_eq!(anybody.post(&format!("{foreign}?wait=true&with_components=true"), row(press)).await.refusal(), (400, 50035));
    let linked = anybody.post(&format!("{foreign}?wait=true&with_components=true"), row(link)).await.ok();
    assert_eq!(linked["components"][0]["components"][0]["style"], 5);
}

#[tokio::test]
async fn a_webhook_posts_into_threads_and_makes_posts_in_a_forum() {
    let discord = discord().await;
    let (admin, guild) = (Client::person(&discord, "admin"), discord.look(|world| world.guild().id));
    admin.post(&format!("/guilds/{guild}/channels"), json!({"name": "reports", "type": 15})).await.ok();
    let (_, forum) = webhook(&discord, &admin, "reports").await;
    let (_, text) = webhook(&discord, &admin, "results").await;
    let anybody = Client::with_authorization(&discord, "");

    let post = anybody.post(&format!("{forum}?wait=true"), json!({"content": "Report", "thread_name": "Monday"})).await.ok();
    let thread = text_of(&post, "channel_id").to_owned();
    let more = anybody.post(&format!("{forum}?wait=true&thread_id={thread}"), json!({"content": "More"})).await.ok();

    assert_eq!(discord.look(|world| world.channel_named("Monday").unwrap().id.to_string()), thread);
    assert_eq!((&post["id"], &more["channel_id"]), (&json!(thread), &json!(thread)));
    assert_eq!(anybody.get(&format!("{forum}/messages/{}?thread_id={thread}", text_of(&more, "id"))).await.status, 200);
    for (address, body, code) in [
        (forum.clone(), json!({"content": "x"}), 220_001),
        (format!("{forum}?thread_id={thread}"), json!({"content": "x", "thread_name": "y"}), 220_002),
        (text.clone(), json!({"content": "x", "thread_name": "y"}), 220_003),
        (format!("{text}?thread_id={thread}"), json!({"content": "x"}), 10003),
    ] {
        assert_eq!(anybody.post(&address, body).await.refusal().1, code, "{address}");
    }
}
