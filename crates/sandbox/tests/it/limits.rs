//! Discord's rate limits, over the wire.

use orchestrator_sandbox::{Cause, Record};
use serde_json::json;

use crate::wire::{Client, discord, limited_discord, messages};

#[tokio::test]
async fn the_sixth_message_in_five_seconds_gets_429_with_every_header() {
    let discord = limited_discord().await;
    let (bot, path) = (Client::bot(&discord), messages(&discord, "results"));
    let first = bot.post(&path, json!({"content": "0"})).await;
    for number in 1..5 {
        bot.post(&path, json!({"content": number.to_string()})).await.ok();
    }

    let refused = bot.post(&path, json!({"content": "5"})).await;
    let elsewhere = bot.post(&messages(&discord, "general"), json!({"content": "5"})).await;

    assert_eq!((first.header("x-ratelimit-limit"), first.header("x-ratelimit-remaining")), ("5", "4"));
    assert_eq!((refused.status, refused.body["global"].as_bool(), elsewhere.status), (429, Some(false), 200));
    let wait = refused.body["retry_after"].as_f64().unwrap();
    assert!(wait > 0.0 && wait <= 5.0 && refused.header("retry-after").parse::<f64>().unwrap() >= wait);
    assert_eq!((refused.header("x-ratelimit-scope"), refused.header("x-ratelimit-remaining")), ("user", "0"));
    for name in ["x-ratelimit-reset", "x-ratelimit-reset-after", "x-ratelimit-bucket"] {
        assert!(!refused.header(name).is_empty(), "{name}");
    }
    let limited =
        discord.log().into_iter().filter(|record| matches!(record, Record::Request(request) if request.cause == Cause::Limited)).count();
    assert_eq!(limited, 1);
}

#[tokio::test]
async fn reactions_have_a_bucket_of_one_in_250_ms_for_the_whole_channel() {
    let discord = limited_discord().await;
    let (bot, path) = (Client::bot(&discord), messages(&discord, "task-queue"));
    let ids = [0, 1].map(|number| discord.person("stranger").say("#task-queue", &number.to_string()).unwrap());

    let first = bot.put(&format!("{path}/{}/reactions/✅/@me", ids[0]), json!(null)).await;
    let second = bot.put(&format!("{path}/{}/reactions/✅/@me", ids[1]), json!(null)).await;

    assert_eq!((first.status, second.status), (204, 429));
    assert!(second.body["retry_after"].as_f64().unwrap() <= 0.25);
}

#[tokio::test]
async fn without_limits_and_for_people_nothing_is_limited() {
    let (free, limited) = (discord().await, limited_discord().await);
    let (bot, path) = (Client::bot(&free), messages(&free, "results"));
    let (person, person_path) = (Client::person(&limited, "stranger"), messages(&limited, "general"));

    for number in 0..20 {
        let posted = bot.post(&path, json!({"content": number.to_string()})).await;
        assert!(posted.status == 200 && posted.header("x-ratelimit-limit").is_empty());
        assert_eq!(person.post(&person_path, json!({"content": number.to_string()})).await.status, 200);
    }
}
