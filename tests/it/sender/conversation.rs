//! What goes out and what is read back, as Discord has it on the wire.

use discord_orchestrator::adapters::discord::{Sender, SenderConfig, server::Channel};
use orchestrator_core::{
    domain::{
        component::{Button, Press, Row, Style, Verb},
        id::{ChannelId, MessageId, UserId},
        outbound::{Embed, Identity, Post, PostFile},
    },
    ports::chat::{Chat, ChatError, From},
};
use serde_json::{Value, json};
use serenity::model::Permissions;

use super::{
    at, channel, config, me, parcel, sender, stands,
    stub::{Reply, Stub},
};

fn message(id: u64, author: u64, content: &str) -> Value {
    json!({
        "id": id.to_string(), "channel_id": "1", "content": content, "type": 0, "timestamp": "2026-01-02T03:04:05+00:00",
        "author": {"id": author.to_string(), "username": "someone"},
        "attachments": [{"filename": "a.txt", "url": "https://cdn.discordapp.com/a.txt", "size": 3}],
        "reactions": [{"count": 1, "me": author == 99, "emoji": {"id": null, "name": "✅"}}],
    })
}

#[tokio::test]
async fn a_post_is_one_request_with_its_nonce_and_everything_it_needs() {
    let stub = Stub::start(|request| stands(request, 500)).await;
    let post = Post {
        left: Vec::new(),
        content: "**[SUCCESS]**".to_owned(),
        embeds: vec![Embed { description: "done".to_owned(), colour: 0x57_F287 }],
        reply_to: Some(at(1, 4)),
        silent: true,
        files: vec![],
        rows: vec![Row::Buttons {
            buttons: vec![Button::press("Why?", Style::Secondary, Press { verb: Verb::Why, version: 1, subject: "7".to_owned() })],
        }],
    };

    let stands_at = sender(&stub.base).post(channel(1), &parcel(1), post.clone()).await;

    assert_eq!(stands_at, Ok(at(1, 500)));
    let request = &stub.seen()[0];
    assert!(request.is("POST", "/channels/1/messages"));
    let body = request.json();
    assert_eq!(body["content"], "**[SUCCESS]**");
    assert_eq!(
        body["components"],
        json!([{"type": 1, "components": [{"type": 2, "style": 2, "label": "Why?", "custom_id": "o1.why.1.7"}]}])
    );
    assert_eq!(body["nonce"], parcel(1).0);
    assert_eq!(body["enforce_nonce"], true);
    assert_eq!(body["flags"], 1 << 12);
    assert_eq!(body["message_reference"]["message_id"], "4");
    assert_eq!(body["message_reference"]["fail_if_not_exists"], false);
    assert_eq!(body["embeds"][0]["description"], "done");
    assert_eq!(body["embeds"][0]["color"], 0x57_F287);
}

#[tokio::test]
async fn files_go_along_as_a_form_that_names_them() {
    let stub = Stub::start(|request| stands(request, 500)).await;
    let post = Post { files: vec![PostFile::of("result.md".to_owned(), "whole\ntext ✅".to_owned())], ..Post::default() };

    sender(&stub.base).post(channel(1), &parcel(1), post.clone()).await.expect("it stands");

    let body = stub.seen()[0].text();
    assert!(body.contains(r#"name="payload_json""#) && body.contains(r#"name="files[0]"; filename="result.md""#), "{body}");
    assert!(body.contains(r#""attachments":[{"filename":"result.md","id":0}]"#) && body.contains("whole\ntext ✅"), "{body}");
}

#[tokio::test]
async fn reactions_are_ours_and_encoded() {
    let stub = Stub::start(|request| match request.method.as_str() {
        "DELETE" => Reply::json(404, &json!({"code": 10_014, "message": "Unknown Emoji"})),
        _ => Reply::empty(),
    })
    .await;
    let sender = sender(&stub.base);

    assert_eq!(sender.react(at(1, 4), "✅").await, Ok(()));
    assert_eq!(sender.unreact(at(1, 4), "✅").await, Ok(()), "what is not there is taken away already");

    assert!(stub.seen()[0].is("PUT", "/channels/1/messages/4/reactions/%E2%9C%85/@me"));
    assert!(stub.seen()[1].is("DELETE", "/channels/1/messages/4/reactions/%E2%9C%85/@me"));
}

#[tokio::test]
async fn history_comes_oldest_first_whichever_way_it_was_asked_and_one_odd_message_hides_no_other() {
    let stub = Stub::start(|request| match request.path.as_str() {
        "/api/v10/users/@me" => me(),
        _ => Reply::json(200, &json!([message(12, 99, "ours"), {"id": "11"}, message(10, 7, "theirs")])),
    })
    .await;
    let sender = sender(&stub.base);
    let reader = &sender;
    let ids = |from| async move {
        let page = reader.history(ChannelId::new(1), from, 100).await;
        page.map(|page| page.iter().map(|m| m.at.message.get()).collect::<Vec<_>>())
    };

    for from in [From::After(MessageId::new(9)), From::Before(MessageId::new(13)), From::End] {
        assert_eq!(ids(from).await, Ok(vec![10, 12]), "{from:?}");
    }

    let page = sender.history(ChannelId::new(1), From::End, 255).await.unwrap();
    assert!(!page[0].ours && page[0].our_reactions.is_empty() && page[0].attachments[0].name == "a.txt");
    assert!(page[1].ours && page[1].our_reactions == ["✅"]);
    let paths: Vec<String> = stub.seen().into_iter().map(|request| request.path).collect();
    assert_eq!(
        paths,
        [
            "/api/v10/users/@me",
            "/api/v10/channels/1/messages?limit=100&after=9",
            "/api/v10/channels/1/messages?limit=100&before=13",
            "/api/v10/channels/1/messages?limit=100",
            "/api/v10/channels/1/messages?limit=100",
        ]
    );
}

#[tokio::test]
async fn a_message_that_is_gone_is_none_and_a_closed_channel_is_an_error() {
    let stub = Stub::start(|request| match request.path.as_str() {
        "/api/v10/users/@me" => me(),
        "/api/v10/channels/1/messages/4" => Reply::json(404, &json!({"code": 10_008, "message": "Unknown Message"})),
        "/api/v10/channels/1/messages/5" => Reply::json(200, &message(5, 99, "here")),
        _ => Reply::json(403, &json!({"code": 50_001, "message": "Missing Access"})),
    })
    .await;
    let sender = sender(&stub.base);

    assert_eq!(sender.message(at(1, 4)).await, Ok(None));
    assert_eq!(sender.message(at(1, 5)).await.unwrap().map(|heard| (heard.ours, heard.content)), Some((true, "here".to_owned())));
    assert!(matches!(sender.message(at(2, 4)).await, Err(ChatError::Forbidden { code: 50_001, .. })));
}

#[tokio::test]
async fn links_lead_to_the_server_once_it_is_known() {
    let sender = Sender::new(&SenderConfig { guild: None, ..config("https://discord.com") }).unwrap();

    assert_eq!(sender.link(at(1, 4)), "https://discord.com/channels/@me/1/4");
    sender.link_to_guild(77);
    assert_eq!(sender.link(at(1, 4)), "https://discord.com/channels/77/1/4");
}

#[tokio::test]
async fn the_servers_furniture_is_read() {
    let text_channel = json!({"id": "3", "type": 0, "name": "task-queue", "guild_id": "1", "permission_overwrites": [
        {"id": "1", "type": 0, "allow": "0", "deny": Permissions::SEND_MESSAGES.bits().to_string()},
    ]});
    let thread = json!({"id": "4", "type": 11, "name": "a thread", "guild_id": "1", "parent_id": "3"});
    let everyone = (Permissions::VIEW_CHANNEL | Permissions::SEND_MESSAGES | Permissions::ADD_REACTIONS).bits().to_string();
    let answers = move |path: &str| match path {
        "/gateway" => json!({"url": "ws://127.0.0.1:1"}),
        "/users/@me" => json!({"id": "99", "username": "orchestrator", "bot": true}),
        "/applications/@me" => json!({"id": "98", "name": "orchestrator", "flags": 1 << 19}),
        "/users/@me/guilds" => json!([{"id": "1", "name": "home"}]),
        "/guilds/1" => {
            json!({"id": "1", "name": "home", "owner_id": "7", "roles": [{"id": "1", "name": "@everyone", "permissions": everyone}]})
        }
        "/guilds/1/channels" => json!([text_channel]),
        "/guilds/1/members/99" => json!({"user": {"id": "99", "username": "orchestrator"}, "roles": []}),
        "/channels/3" => text_channel.clone(),
        "/channels/4" => thread.clone(),
        "/applications/98/guilds/1/commands" => json!([{"id": "5", "name": "status"}]),
        other => panic!("nobody asked for {other}"),
    };
    let stub = Stub::start(move |request| Reply::json(200, &answers(request.path.trim_start_matches("/api/v10")))).await;
    let sender = sender(&stub.base);

    assert_eq!(sender.gateway_url().await.unwrap(), "ws://127.0.0.1:1");
    assert_eq!(sender.me(Identity::Orchestrator).await.unwrap().id, UserId::new(99));
    assert!(sender.application().await.unwrap().may_read_messages());
    assert_eq!(sender.guilds().await.unwrap()[0].name, "home");
    assert_eq!(sender.guild(1).await.unwrap().owner, UserId::new(7));
    assert_eq!(sender.channels(1).await.unwrap()[0].name, "task-queue");
    let Channel { parent, .. } = sender.channel(ChannelId::new(4)).await.unwrap();
    assert_eq!(parent, Some(ChannelId::new(3)));
    assert_eq!(
        sender.permissions_in(Identity::Orchestrator, ChannelId::new(4)).await.unwrap(),
        Permissions::VIEW_CHANNEL | Permissions::ADD_REACTIONS
    );
    assert_eq!(sender.register_commands(98, Some(1), json!([])).await.unwrap().len(), 1);
}
