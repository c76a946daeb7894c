//! The token goes to the base alone, and nobody is ever pinged.

use discord_orchestrator::adapters::discord::{Sender, SenderConfig, Token};
use orchestrator_core::{
    domain::{
        outbound::{Embed, Post, PostFile},
        task::Attachment,
    },
    ports::chat::{Chat, ChatError, From},
};
use serde_json::{Value, json};

use super::{
    TOKEN, at, channel, me, parcel, says, sender, stands,
    stub::{Reply, Stub},
};

fn attachment(url: &str) -> Attachment {
    Attachment { name: "notes.txt".to_owned(), url: url.to_owned(), size: 5 }
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_takes_the_token_nowhere() {
    let elsewhere = Stub::start(|_| Reply::empty()).await;
    let target = format!("{}/api/v10/gateway", elsewhere.base);
    let stub = Stub::start(move |_| Reply::Full(307, vec![("location", target.clone())], String::new())).await;
    let sender = sender(&stub.base);

    let post = sender.post(channel(1), &parcel(1), says("a")).await;
    let gateway = sender.gateway_url().await;
    let file = sender.fetch(&attachment(&format!("{}/attachments/1/2/notes.txt", stub.base)), 100).await;

    assert!(matches!(post, Err(ChatError::Invalid { status: 307, .. })), "{post:?}");
    assert!(matches!(gateway, Err(ChatError::Invalid { status: 307, .. })), "{gateway:?}");
    assert!(matches!(file, Err(ChatError::Invalid { status: 307, .. })), "{file:?}");
    assert!(elsewhere.seen().is_empty());
}

#[tokio::test]
async fn files_are_fetched_from_discord_alone_and_without_the_token() {
    let elsewhere = Stub::start(|_| Reply::Full(200, vec![], "hello".to_owned())).await;
    let stub = Stub::start(|_| Reply::Full(200, vec![], "hello".to_owned())).await;
    let sender = sender(&stub.base);

    let own = sender.fetch(&attachment(&format!("{}/attachments/1/2/notes.txt?ex=1", stub.base)), 5).await;
    assert_eq!(own, Ok(b"hello".to_vec()));
    assert!(!stub.seen()[0].headers.contains_key("authorization"));

    for foreign in [
        format!("{}/attachments/1/2/notes.txt", elsewhere.base),
        "http://cdn.discordapp.com/attachments/1/2/notes.txt".to_owned(),
        "https://cdn.discordapp.com:444/attachments/1/2/notes.txt".to_owned(),
        "https://cdn.discordapp.com.evil.example/x".to_owned(),
        "https://evil@cdn.discordapp.com/x".to_owned(),
        "https://127.0.0.1/x".to_owned(),
        "file:///etc/passwd".to_owned(),
        "notes.txt".to_owned(),
    ] {
        let fetched = sender.fetch(&attachment(&foreign), 5).await;
        assert!(matches!(fetched, Err(ChatError::Invalid { .. })), "{foreign}: {fetched:?}");
    }
    assert!(elsewhere.seen().is_empty());
}

#[tokio::test]
async fn a_file_larger_than_allowed_is_not_read_whatever_it_announces() {
    let stub = Stub::start(|request| {
        if request.path == "/chunked" {
            return Reply::Full(200, vec![("transfer-encoding", "chunked".to_owned())], "6\r\nhello!\r\n0\r\n\r\n".to_owned());
        }
        Reply::Full(200, vec![], "hello!".to_owned())
    })
    .await;
    let sender = sender(&stub.base);

    for path in ["announced", "chunked"] {
        let fetched = sender.fetch(&attachment(&format!("{}/{path}", stub.base)), 5).await;
        assert!(matches!(fetched, Err(ChatError::Invalid { .. })), "{path}: {fetched:?}");
    }
}

#[tokio::test]
async fn every_message_that_leaves_pings_nobody() {
    let stub = Stub::start(|request| match request.path.as_str() {
        "/api/v10/users/@me" => me(),
        path if path.ends_with("/callback") || request.method == "PATCH" => Reply::empty(),
        _ => stands(request, 5),
    })
    .await;
    let sender = sender(&stub.base);
    let everything = Post {
        left: Vec::new(),
        content: "@everyone <@1> <@&2>".to_owned(),
        embeds: vec![Embed { description: "@here".to_owned(), colour: 0xFF_00FF }],
        reply_to: Some(at(1, 4)),
        silent: true,
        files: vec![],
        rows: vec![],
    };
    let loud = json!({"content": "@everyone", "allowed_mentions": {"parse": ["everyone"]}});

    sender.post(channel(1), &parcel(1), says("@everyone")).await.unwrap();
    sender.post(channel(1), &parcel(2), everything.clone()).await.unwrap();
    let file = PostFile::of("result.md".to_owned(), "@everyone".to_owned());
    sender.post(channel(1), &parcel(3), Post { files: vec![file], ..everything }).await.unwrap();
    sender.create_message(channel(1).channel, loud.clone()).await.unwrap();
    sender.edit_message(at(1, 5), loud.clone()).await.ok();
    sender.answer_interaction(1, "t", json!({"type": 4, "data": loud})).await.unwrap();

    let seen = stub.seen();
    assert_eq!(seen.len(), 6);
    for request in seen {
        let body = payload(&request.text());
        let message = if body["data"].is_object() { &body["data"] } else { &body };
        let mentions = &message["allowed_mentions"];
        assert_eq!(mentions["parse"], json!([]), "{body}");
        assert_eq!(mentions["replied_user"], json!(false), "{body}");
        assert!(mentions["users"].as_array().is_none_or(Vec::is_empty) && mentions["roles"].as_array().is_none_or(Vec::is_empty));
    }
}

/// A JSON body, or the one in a multipart body.
fn payload(body: &str) -> Value {
    let json = body.lines().find(|line| line.starts_with('{')).expect("there is JSON in it");
    serde_json::from_str(json).expect("it is JSON")
}

#[tokio::test]
async fn the_program_names_itself_as_discord_asks_and_says_bot() {
    let stub = Stub::start(|_| me()).await;

    sender(&stub.base).me(orchestrator_core::domain::outbound::Identity::Orchestrator).await.unwrap();

    let headers = &stub.seen()[0].headers;
    assert_eq!(headers["authorization"], format!("Bot {TOKEN}"));
    assert!(headers["user-agent"].starts_with("DiscordBot ("), "{headers:?}");
}

#[tokio::test]
async fn history_with_a_wrong_token_is_refused_before_a_message_is_read() {
    let stub = Stub::start(|_| Reply::json(401, &json!({"message": "401: Unauthorized", "code": 0}))).await;

    let read = sender(&stub.base).history(channel(1).channel, From::End, 100).await;

    assert_eq!(read, Err(ChatError::Unauthorized));
}

#[test]
fn a_base_or_token_that_can_not_be_right_is_named() {
    let with =
        |base: &str, token: &str| Sender::new(&SenderConfig::new(base, Token::new(token))).map(|_| ()).map_err(|error| error.to_string());

    for base in ["discord.com", "ftp://discord.com", "https://user:pass@discord.com", "https://discord.com/api/v10", ""] {
        assert!(with(base, TOKEN).is_err_and(|said| said.contains("DISCORD_API_BASE")), "{base}");
    }
    for token in ["", "  ", "two\nlines"] {
        assert!(with("https://discord.com", token).is_err_and(|said| said.contains("ORCHESTRATOR_AGENT_TOKEN")), "{token:?}");
    }
    assert!(with("https://discord.com/", " Bot x.y.z\n").is_ok());
}
