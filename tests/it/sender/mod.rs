//! The sender over a real wire, against a server that is not always decent.

mod conversation;
mod failures;
mod limits;
mod local;
mod safety;
pub(crate) mod stub;

use std::time::Duration;

use discord_orchestrator::adapters::discord::{Sender, SenderConfig, Token};
use orchestrator_core::domain::{
    id::{ChannelId, MessageId, ParcelId},
    outbound::{Address, Identity, Post},
    task::MessageRef,
};
use serde_json::json;
use stub::{Reply, Request};

const TOKEN: &str = "MTIzNDU2Nzg5.secret.orchestrator-token";

fn config(base: &str) -> SenderConfig {
    SenderConfig {
        answer_timeout: Duration::from_millis(400),
        connect_timeout: Duration::from_millis(400),
        ..SenderConfig::new(base, Token::new(TOKEN))
    }
}

fn sender(base: &str) -> Sender {
    Sender::new(&config(base)).expect("the configuration is right")
}

fn channel(id: u64) -> Address {
    Address { channel: ChannelId::new(id), identity: Identity::Orchestrator }
}

fn at(channel: u64, message: u64) -> MessageRef {
    MessageRef { channel: ChannelId::new(channel), message: MessageId::new(message) }
}

fn parcel(number: u64) -> ParcelId {
    ParcelId::from_parts(number, [7; 10])
}

fn says(text: &str) -> Post {
    Post { content: text.to_owned(), ..Post::default() }
}

/// What Discord answers to a post.
fn stands(request: &Request, id: u64) -> Reply {
    let channel = request.path.split('/').nth(4).expect("a path below a channel");
    Reply::json(200, &json!({"id": id.to_string(), "channel_id": channel, "author": {"id": "99", "username": "orchestrator"}}))
}

/// Who the bot is.
fn me() -> Reply {
    Reply::json(200, &json!({"id": "99", "username": "orchestrator", "bot": true}))
}
