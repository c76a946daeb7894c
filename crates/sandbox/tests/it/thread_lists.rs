//! Lists of archived threads, page by page.

use orchestrator_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::wire::{Client, discord, text_of};

async fn archived(by: &Client, discord: &Sandbox, name: &str, kind: u8) -> Value {
    let channel = discord.channel("results").unwrap_or_else(|| panic!("the channel"));
    let thread = by.post(&format!("/channels/{channel}/threads"), json!({"name": name, "type": kind})).await.ok();
    by.patch(&format!("/channels/{}", text_of(&thread, "id")), json!({"archived": true})).await.ok()
}

fn names(list: &Value) -> Vec<&str> {
    list["threads"].as_array().into_iter().flatten().filter_map(|thread| thread["name"].as_str()).collect()
}

#[tokio::test]
async fn archived_threads_are_listed_newest_first_with_before_and_has_more() {
    let discord = discord().await;
    let bot = Client::bot(&discord);
    let mut times = Vec::new();
    for name in ["one", "two", "three"] {
        times.push(archived(&bot, &discord, name, 11).await["thread_metadata"]["archive_timestamp"].as_str().unwrap().to_owned());
    }
    let path = format!("/channels/{}/threads/archived/public", discord.channel("results").unwrap());

    let first = bot.get(&format!("{path}?limit=2")).await.ok();
    let rest = bot.get(&format!("{path}?limit=2&before={}", times[1].replace('+', "%2B"))).await.ok();

    assert_eq!((names(&first), &first["has_more"]), (vec!["three", "two"], &json!(true)));
    assert_eq!((names(&rest), &rest["has_more"]), (vec!["one"], &json!(false)));
    assert_eq!(first["members"].as_array().map(Vec::len), Some(2));
    for query in ["limit=1", "limit=101", "before=yesterday"] {
        assert_eq!(bot.get(&format!("{path}?{query}")).await.refusal(), (400, 50035), "{query}");
    }
}

#[tokio::test]
async fn archived_private_threads_are_listed_for_moderators_and_the_joined_ones_for_all() {
    let discord = discord().await;
    let (bot, operator, stranger) = (Client::bot(&discord), Client::person(&discord, "operator"), Client::person(&discord, "stranger"));
    let thread = archived(&operator, &discord, "a secret", 12).await;
    let channel = discord.channel("results").unwrap();
    let (private, joined) =
        (format!("/channels/{channel}/threads/archived/private"), format!("/channels/{channel}/users/@me/threads/archived/private"));

    assert_eq!(names(&bot.get(&private).await.ok()), ["a secret"]);
    assert_eq!(stranger.get(&private).await.refusal(), (403, 50013));
    assert!(names(&stranger.get(&joined).await.ok()).is_empty());
    assert_eq!(names(&operator.get(&joined).await.ok()), ["a secret"]);
    assert!(names(&operator.get(&format!("{joined}?before={}", text_of(&thread, "id"))).await.ok()).is_empty());
    assert!(names(&bot.get(&format!("/channels/{channel}/threads/archived/public")).await.ok()).is_empty());
}
