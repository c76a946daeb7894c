//! Each way in which Discord does not do it has its own name: the caller acts on it.

use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use orchestrator_core::ports::chat::{Chat, ChatError};
use serde_json::json;

use super::{
    TOKEN, at, channel, parcel, says, sender, stands,
    stub::{Reply, Stub},
};

/// What one post to a server that answers like this comes to.
async fn post_to(reply: impl Fn() -> Reply + Send + 'static) -> ChatError {
    let stub = Stub::start(move |_| reply()).await;
    let error = sender(&stub.base).post(channel(1), &parcel(1), says("hello")).await.expect_err("it does not stand");
    assert_eq!(stub.seen().len(), 1, "one call is one try");
    error
}

#[tokio::test]
async fn statuses_have_their_names_and_keep_discords_words() {
    let body = |code: u32, message: &str| json!({"code": code, "message": message});

    assert_eq!(post_to(move || Reply::json(401, &body(0, "401: Unauthorized"))).await, ChatError::Unauthorized);
    assert_eq!(
        post_to(move || Reply::json(403, &body(50_013, "Missing Permissions"))).await,
        ChatError::Forbidden { code: 50_013, message: "Missing Permissions".to_owned() }
    );
    assert_eq!(
        post_to(move || Reply::json(404, &body(10_003, "Unknown Channel"))).await,
        ChatError::NotFound { code: 10_003, message: "Unknown Channel".to_owned() }
    );
    assert_eq!(
        post_to(move || Reply::json(400, &body(50_035, "Invalid Form Body"))).await,
        ChatError::Invalid { status: 400, code: 50_035, message: "Invalid Form Body".to_owned() }
    );
}

#[tokio::test]
async fn an_html_page_in_place_of_an_answer_is_discord_not_being_well() {
    let page = "<html><h1>502 Bad Gateway</h1></html>";

    assert_eq!(post_to(move || Reply::Full(502, vec![], page.to_owned())).await, ChatError::Unavailable { status: 502 });
    assert_eq!(post_to(move || Reply::Full(400, vec![], page.to_owned())).await, ChatError::Unavailable { status: 400 });
    assert_eq!(post_to(move || Reply::Half(503, page.to_owned())).await, ChatError::Unavailable { status: 503 });
}

#[tokio::test]
async fn a_refusal_says_the_longest_wait_that_was_named() {
    let refused = || {
        Reply::json(429, &json!({"message": "You are being rate limited.", "retry_after": 3.25, "global": false}))
            .with("retry-after", "1")
            .with("x-ratelimit-remaining", "9")
            .with("x-ratelimit-reset-after", "0.1")
    };

    assert_eq!(post_to(refused).await, ChatError::RateLimited { retry_after: Duration::from_millis(3_250) });
}

#[tokio::test]
async fn a_ban_page_without_json_is_a_refusal_of_everything() {
    let stub = Stub::start(|_| Reply::Full(429, vec![], "<html>error code: 1015</html>".to_owned())).await;
    let sender = sender(&stub.base);

    let first = sender.post(channel(1), &parcel(1), says("hello")).await;

    assert_eq!(first, Err(ChatError::RateLimited { retry_after: Duration::from_secs(60) }));
    assert_eq!(sender.counters().limited, 1);
}

#[tokio::test]
async fn a_connection_that_is_refused_means_that_nothing_was_sent() {
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
        listener.local_addr().expect("it is bound")
    };

    let error = sender(&format!("http://{closed}")).post(channel(1), &parcel(1), says("hello")).await.expect_err("nobody listens");

    assert!(matches!(&error, ChatError::NotSent { reason } if reason.contains("refused")), "{error:?}");
}

#[tokio::test]
async fn a_name_that_does_not_exist_means_that_nothing_was_sent() {
    let error = sender("http://discord.invalid").post(channel(1), &parcel(1), says("hello")).await.expect_err("no such host");

    assert!(matches!(error, ChatError::NotSent { .. }), "{error:?}");
}

#[tokio::test]
async fn an_answer_that_is_lost_half_or_no_json_may_hide_a_message_that_stands() {
    for error in [
        post_to(|| Reply::Nothing).await,
        post_to(|| Reply::Reset).await,
        post_to(|| Reply::Silence).await,
        post_to(|| Reply::Half(200, r#"{"id": "1","#.to_owned())).await,
        post_to(|| Reply::Full(200, vec![], r#"{"id": "1","#.to_owned())).await,
        post_to(|| Reply::Full(200, vec![], "<html>".to_owned())).await,
        post_to(|| Reply::json(200, &json!({"channel_id": "1"}))).await,
    ] {
        assert!(matches!(error, ChatError::Unknown { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn silence_ends_with_the_time_for_an_answer() {
    let began = Instant::now();

    let error = post_to(|| Reply::Silence).await;

    assert_eq!(error, ChatError::Unknown { reason: "no answer within the time for it".to_owned() });
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_post_whose_answer_was_lost_stands_once_when_it_is_sent_again() {
    let mut nonces = Vec::new();
    let stub = Stub::start(move |request| {
        let body = request.json();
        assert_eq!(body["enforce_nonce"], true);
        let nonce = body["nonce"].as_str().expect("a nonce is text").to_owned();
        match nonces.iter().position(|known| *known == nonce) {
            Some(place) => stands(request, 500 + place as u64),
            None => {
                nonces.push(nonce);
                Reply::Nothing
            }
        }
    })
    .await;
    let sender = sender(&stub.base);

    let first = sender.post(channel(1), &parcel(1), says("result")).await;
    let second = sender.post(channel(1), &parcel(1), says("result")).await;

    assert!(matches!(first, Err(ChatError::Unknown { .. })), "{first:?}");
    assert_eq!(second, Ok(at(1, 500)));
    let seen = stub.seen();
    assert_eq!(seen[0].body, seen[1].body, "the same parcel makes the same bytes");
}

#[tokio::test]
async fn what_discord_would_not_take_is_not_sent() {
    let stub = Stub::start(|_| Reply::empty()).await;

    let error = sender(&stub.base).post(channel(1), &parcel(1), says(&"x".repeat(2_001))).await.expect_err("it is too long");

    assert_eq!(error, ChatError::Invalid { status: 400, code: 0, message: "the text has 2001 characters, 2000 are allowed".to_owned() });
    assert!(stub.seen().is_empty());
}

#[tokio::test]
async fn no_error_shows_the_token() {
    for error in [
        post_to(|| Reply::Nothing).await,
        post_to(|| Reply::json(401, &json!({}))).await,
        post_to(|| Reply::Full(302, vec![("location", "http://127.0.0.1:1/".to_owned())], String::new())).await,
    ] {
        assert!(!format!("{error} {error:?}").contains(TOKEN));
    }
    let sender = sender("http://127.0.0.1:9");
    assert!(!format!("{sender:?}").contains(TOKEN));
    assert!(!format!("{:?}", super::config("http://127.0.0.1:9")).contains(TOKEN));
}

#[tokio::test]
async fn a_server_that_can_not_prove_who_it_is_is_told_nothing() {
    // It speaks no TLS at all; one with a foreign certificate fails at the same point.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let sender = sender(&format!("https://{}", listener.local_addr().unwrap()));
    let served = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut heard = vec![0; 4_096];
        let read = stream.read(&mut heard).await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        String::from_utf8_lossy(&heard[..read]).into_owned()
    };

    let (address, name, post) = (channel(1), parcel(1), says("a"));
    let (failed, heard) = tokio::join!(sender.post(address, &name, post.clone()), served);

    assert!(matches!(failed, Err(ChatError::NotSent { .. })), "{failed:?}");
    assert!(!heard.contains("secret"), "no token has left");
}
