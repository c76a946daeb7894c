//! Every way in which an answer can fail on its way, each once, as a client sees it and as the log tells it.

use std::time::{Duration, Instant};

use orchestrator_sandbox::{Cause, Record, Request, Rule, Sandbox};
use reqwest::Method;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::wire::{Client, discord, limited_discord, messages, token};

fn requests(discord: &Sandbox) -> Vec<Request> {
    discord.log().iter().filter_map(Record::request).cloned().collect()
}

/// What the last request met, in the log's words.
fn met(discord: &Sandbox) -> (Option<u16>, Cause, String) {
    let last = requests(discord).pop().expect("a request");
    (last.status, last.cause, last.trouble.unwrap_or_default())
}

fn posted(discord: &Sandbox) -> usize {
    discord.look(|world| world.messages_in("results").count())
}

/// Posts one message over a socket of its own and gives all that comes back, or how the connection broke.
async fn raw_post(discord: &Sandbox) -> std::io::Result<String> {
    let address = discord.base_url().strip_prefix("http://").expect("plain http");
    let mut stream = TcpStream::connect(address).await?;
    let body = json!({"content": "raw"}).to_string();
    let head = format!(
        "POST /api/v10{} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bot {}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        messages(discord, "results"),
        token(discord),
        body.len(),
    );
    stream.write_all(head.as_bytes()).await?;
    let mut seen = Vec::new();
    stream.read_to_end(&mut seen).await.map(|_| String::from_utf8_lossy(&seen).into_owned())
}

fn on_post() -> Rule {
    Rule::on("POST", "/channels/#results/messages")
}

#[tokio::test]
async fn any_status_with_any_body_instead_of_the_effect() {
    let discord = discord().await;
    let (bot, path) = (Client::bot(&discord), messages(&discord, "results"));
    let ban = "<html><title>Access denied</title><body>Error 1015: You are being rate limited.</body></html>";
    for (status, body, text) in [
        (400, json!({"code": 50035, "message": "Invalid Form Body"}), r#"{"code":50035,"message":"Invalid Form Body"}"#),
        (401, json!(null), ""),
        (429, json!(ban), ban),
        (500, json!("{\"code\": "), "{\"code\": "),
        (502, json!("<html>502 Bad Gateway</html>"), "<html>502 Bad Gateway</html>"),
    ] {
        discord.trouble(on_post().answers(status, body).with_header("content-type", "text/html").with_header("x-odd", "yes"));

        let answer = bot.post(&path, json!({"content": "x"})).await;

        assert_eq!((answer.status, answer.text.as_str(), answer.header("x-odd")), (status, text, "yes"));
        assert_eq!(met(&discord), (Some(status), Cause::Trouble, format!("answered with {status}")));
    }
    assert_eq!(posted(&discord), 0);
}

#[tokio::test]
async fn headers_are_left_away_replaced_and_added_after_the_effect() {
    let discord = limited_discord().await;
    let (bot, path) = (Client::bot(&discord), messages(&discord, "results"));
    discord.trouble(
        on_post().without_header("X-RateLimit-Remaining").with_header("x-ratelimit-bucket", "moved").with_header("x-ratelimit-reset", "1"),
    );

    let odd = bot.post(&path, json!({"content": "x"})).await;
    let usual = bot.post(&path, json!({"content": "x"})).await;

    assert_eq!(odd.status, 200);
    assert!(!odd.headers.contains_key("x-ratelimit-remaining") && usual.headers.contains_key("x-ratelimit-remaining"));
    assert_eq!((odd.header("x-ratelimit-bucket"), odd.header("x-ratelimit-reset")), ("moved", "1"));
    assert_eq!(odd.headers.get_all("x-ratelimit-reset").iter().count(), 1);
    assert_eq!(odd.header("x-ratelimit-limit"), usual.header("x-ratelimit-limit"));
    assert_eq!(posted(&discord), 2);
}

#[tokio::test]
async fn the_effect_is_there_and_the_answer_denies_it() {
    let discord = discord().await;
    let (bot, path) = (Client::bot(&discord), messages(&discord, "results"));
    discord.trouble(on_post().is_carried_out_but_answers(502, json!("<html>")));
    discord.trouble(on_post().is_carried_out_but_answers(200, json!("{\"id\": \"1")));

    let denied = bot.post(&path, json!({"content": "x"})).await;
    assert_eq!(met(&discord), (Some(502), Cause::Altered, "carried out, but answered with 502".to_owned()));
    let garbled = bot.post(&path, json!({"content": "y"})).await;

    assert_eq!((denied.status, garbled.status, garbled.text.as_str()), (502, 200, "{\"id\": \"1"));
    assert_eq!(posted(&discord), 2);
    // The log keeps what the route said: which message it was.
    assert!(requests(&discord).iter().all(|request| request.answer["id"].is_string()));
}

#[tokio::test]
async fn a_reset_is_no_close_and_has_no_effect() {
    let discord = discord().await;
    discord.trouble(on_post().resets());
    discord.trouble(on_post().hangs_up());

    let reset = raw_post(&discord).await;
    assert_eq!(met(&discord), (None, Cause::Trouble, "reset".to_owned()));
    let closed = raw_post(&discord).await;

    assert_eq!(reset.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
    assert_eq!(closed.unwrap(), "");
    assert_eq!(posted(&discord), 0);
}

#[tokio::test]
async fn an_answer_can_be_cut_after_its_head_or_within_its_body() {
    let discord = discord().await;
    let bot = Client::bot(&discord);
    discord.trouble(on_post().truncates(0));
    discord.trouble(on_post().truncates(10));

    let bare = raw_post(&discord).await.unwrap();
    assert_eq!(met(&discord), (None, Cause::AnswerLost, "carried out, answer cut after 0 bytes".to_owned()));
    let part = raw_post(&discord).await.unwrap();

    let body = |answer: &str| answer.split_once("\r\n\r\n").map(|(_, body)| body.len());
    assert!(bare.starts_with("HTTP/1.1 200"), "{bare}");
    assert_eq!((body(&bare), body(&part)), (Some(0), Some(10)));
    discord.trouble(on_post().truncates(10));
    assert!(bot.try_ask(Method::POST, &messages(&discord, "results"), Some(json!({"content": "z"}))).await.is_err());
    assert_eq!(posted(&discord), 3);
}

#[tokio::test]
async fn an_answer_without_a_body_is_lost_where_it_would_be_cut() {
    let discord = discord().await;
    let (bot, path) = (Client::bot(&discord), messages(&discord, "task-queue"));
    let task = discord.person("stranger").say("#task-queue", "x").unwrap();
    discord.trouble(Rule::on("PUT", "/channels/**").truncates(0));

    let cut = bot.try_ask(Method::PUT, &format!("{path}/{task}/reactions/✅/@me"), None).await;

    assert!(cut.is_err(), "{cut:?}");
    let me = discord.user("orchestrator").unwrap().id;
    assert!(discord.look(|world| world.messages_in("task-queue").all(|message| message.has_reaction("✅", me))));
}

#[tokio::test]
async fn an_answer_can_trickle() {
    let discord = discord().await;
    let bot = Client::bot(&discord);
    discord.trouble(Rule::on("GET", "/users/@me").trickles(Duration::from_millis(2)));

    let began = Instant::now();
    let me = bot.get("/users/@me").await;

    assert!(began.elapsed() >= Duration::from_millis(2) * u32::try_from(me.text.len()).unwrap());
    assert_eq!(me.ok()["username"], "orchestrator");
    assert_eq!(met(&discord).2, "carried out, a byte each 2 ms");
}

#[tokio::test]
async fn silence_lasts_until_the_client_has_had_enough_with_or_without_the_effect() {
    let discord = discord().await;
    for carried_out in [false, true] {
        discord.trouble(on_post().stays_silent(carried_out));

        let waited = tokio::time::timeout(Duration::from_millis(150), raw_post(&discord)).await;

        assert!(waited.is_err(), "something came: {waited:?}");
        assert_eq!(posted(&discord), usize::from(carried_out));
        assert_eq!(met(&discord).1, if carried_out { Cause::AnswerLost } else { Cause::Trouble });
    }
}

#[tokio::test]
async fn every_kind_can_be_asked_for_over_http() {
    let discord = discord().await;
    let (bot, admin) = (Client::bot(&discord), Client::person(&discord, "admin"));
    for (then, words) in [
        (json!("reset"), "reset"),
        (json!({"truncate": 4}), "carried out, answer cut after 4 bytes"),
        (json!({"trickle": 0}), "carried out, a byte each 0 ms"),
        (json!({"alter": {"headers": {"date": null, "x-a": "b"}}}), "carried out, with other headers: date, x-a"),
        (json!({"alter": {"body": "no json"}}), "carried out, with another body"),
    ] {
        let rule = json!({"request": {"method": "GET", "path": "/users/@me", "then": then}});
        assert_eq!(admin.post("/sandbox/trouble", rule).await.status, 204, "{then}");

        let _ = bot.try_ask(Method::GET, "/users/@me", None).await;

        let log = admin.get("/sandbox/log").await.ok();
        assert_eq!(log.as_array().unwrap().last().unwrap()["trouble"], words);
    }
}
