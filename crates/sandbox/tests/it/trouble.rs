//! Trouble on request.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use orchestrator_sandbox::{Cause, Record, Rule};
use reqwest::Method;
use serde_json::json;

use crate::wire::{Client, discord, messages};

#[tokio::test]
async fn after_one_request_the_next_two_fail_and_then_all_is_well() {
    let discord = discord().await;
    let (bot, path) = (Client::bot(&discord), messages(&discord, "results"));
    discord.trouble(
        Rule::on("POST", "/channels/#results/messages")
            .body_contains("task")
            .after(1)
            .times(2)
            .answers(503, json!({"message": "upstream"}))
            .with_header("retry-after", "7"),
    );

    let mut seen = Vec::new();
    for text in ["task 1", "task 2", "other", "task 3", "task 4"] {
        seen.push(bot.post(&path, json!({"content": text})).await.status);
    }

    assert_eq!(seen, [200, 503, 200, 503, 200]);
    assert_eq!(discord.look(|world| world.messages_in("results").count()), 3);
}

#[tokio::test]
async fn a_test_is_called_at_the_boundary_before_the_effect_or_between_it_and_its_lost_answer() {
    let discord = Arc::new(discord().await);
    let (bot, path) = (Client::bot(&discord), messages(&discord, "results"));
    let stood: Arc<Mutex<Vec<usize>>> = Arc::default();
    let look = || {
        let (discord, stood) = (Arc::downgrade(&discord), Arc::clone(&stood));
        move || {
            let discord = discord.upgrade().unwrap();
            stood.lock().unwrap().push(discord.look(|world| world.messages_in("results").count()));
        }
    };
    discord.trouble(Rule::on("POST", "/channels/*/messages").calls(look()).hangs_up());
    discord.trouble(Rule::on("POST", "/channels/*/messages").calls(look()));
    discord.trouble(Rule::on("POST", "/channels/*/messages").calls(look()).loses_answer());

    for text in ["never", "passes", "is lost"] {
        let _answer = bot.try_ask(Method::POST, &path, Some(json!({"content": text}))).await;
    }

    assert_eq!(*stood.lock().unwrap(), [0, 0, 2], "how many messages stood when the boundary was reached");
}

#[tokio::test]
async fn people_meet_no_trouble() {
    let discord = discord().await;
    discord.trouble(Rule::on("*", "/**").always().hangs_up());

    discord.person("stranger").say("#general", "still here").unwrap();

    assert_eq!(Client::person(&discord, "stranger").get("/users/@me").await.status, 200);
}

#[tokio::test]
async fn a_hung_up_request_has_no_effect_and_a_lost_answer_has() {
    let discord = discord().await;
    let (bot, path) = (Client::bot(&discord), messages(&discord, "results"));
    discord.trouble(Rule::on("POST", "/channels/*/messages").hangs_up());
    discord.trouble(Rule::on("POST", "/channels/*/messages").loses_answer());

    let hung_up = bot.try_ask(Method::POST, &path, Some(json!({"content": "never"}))).await;
    let lost = bot.try_ask(Method::POST, &path, Some(json!({"content": "posted"}))).await;

    assert!(hung_up.is_err() && lost.is_err());
    assert_eq!(discord.look(|world| world.messages_in("results").map(|message| message.content.clone()).collect::<Vec<_>>()), ["posted"]);
    let causes: Vec<_> = discord
        .log()
        .into_iter()
        .filter_map(|record| if let Record::Request(request) = record { Some((request.status, request.cause)) } else { None })
        .collect();
    assert_eq!(causes, [(None, Cause::Trouble), (None, Cause::AnswerLost)]);
}

#[tokio::test]
async fn a_delayed_request_is_carried_out_late() {
    let discord = discord().await;
    let bot = Client::bot(&discord);
    discord.trouble(Rule::on("GET", "/users/@me").delays(Duration::from_millis(120)));

    let asked_at = Instant::now();
    bot.get("/users/@me").await.ok();

    assert!(asked_at.elapsed() >= Duration::from_millis(120));
}

#[tokio::test]
async fn trouble_can_be_made_over_http_and_cleared() {
    let discord = discord().await;
    let (bot, admin) = (Client::bot(&discord), Client::person(&discord, "admin"));
    let rule = json!({"request": {"method": "GET", "path": "/users/@me", "times": null, "then": {"answer": {"status": 401, "body": {"message": "401: Unauthorized", "code": 0}}}}});

    assert_eq!(admin.post("/sandbox/trouble", json!([rule, {"gateway": "drop"}])).await.status, 204);
    assert_eq!(bot.get("/users/@me").await.status, 401);
    assert_eq!(admin.post("/sandbox/trouble", json!({"clear": true})).await.status, 204);

    assert_eq!(bot.get("/users/@me").await.status, 200);
    assert_eq!(bot.post("/sandbox/trouble", json!({"clear": true})).await.status, 403);
    assert_eq!(admin.post("/sandbox/trouble", json!({"mischief": 1})).await.status, 400);
}

#[tokio::test]
async fn the_gateway_can_refuse_the_connection_itself() {
    let discord = discord().await;
    discord.trouble(Rule::on("CONNECT", "/gateway").answers(503, json!(null)));

    let address = discord.base_url().strip_prefix("http://").unwrap();
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let refused = tokio_tungstenite::client_async(discord.gateway_url(), stream).await;

    assert!(refused.is_err());
    crate::wire::Gateway::connect(&discord).await;
}
