//! The sender against the local Discord: what it sends is what Discord takes, and its limits are Discord's.

use std::sync::Arc;

use discord_orchestrator::adapters::discord::{Sender, SenderConfig, Token};
use orchestrator_core::{
    domain::{
        component::{Button, Press, Row, Style, Verb},
        id::{ChannelId, MessageId},
        outbound::{Address, Embed, Identity, Post, PostFile},
    },
    ports::chat::{Chat, ChatError, From},
};
use orchestrator_sandbox::{Demand, Limits, Options, Rule, Sandbox};
use serde_json::json;
use serenity::model::Permissions;
use tokio::task::JoinSet;

use super::{parcel, says};

async fn discord(limits: Limits) -> (Sandbox, Arc<Sender>) {
    let discord = Sandbox::start(Options { limits, ..Options::default() }).await.expect("a port is free");
    let token = Token::new(&discord.user("orchestrator").expect("the bot is there").token);
    let sender = Sender::new(&SenderConfig::new(discord.base_url(), token)).expect("it is right");
    (discord, Arc::new(sender))
}

fn channel(discord: &Sandbox, name: &str) -> ChannelId {
    ChannelId::new(discord.channel(name).expect("it is there").get())
}

fn address(discord: &Sandbox, name: &str) -> Address {
    Address { channel: channel(discord, name), identity: Identity::Orchestrator }
}

#[tokio::test]
async fn a_post_with_everything_is_taken_and_read_back() {
    let (discord, sender) = discord(Limits::Off).await;
    let task = discord.person("stranger").say("#results", "do it").unwrap();
    let at = super::at(channel(&discord, "results").get(), task.get());
    let post = Post {
        left: Vec::new(),
        content: "**[SUCCESS]** @everyone".to_owned(),
        embeds: vec![Embed { description: "done".to_owned(), colour: 0x57_F287 }],
        reply_to: Some(at),
        silent: true,
        files: vec![PostFile::of("result.md".to_owned(), "the whole text ✅".to_owned())],
        rows: vec![Row::Buttons {
            buttons: vec![Button::press("Why?", Style::Secondary, Press { verb: Verb::Why, version: 1, subject: "7".to_owned() })],
        }],
    };

    let stands = sender.post(address(&discord, "results"), &parcel(1), post.clone()).await.expect("it is taken");

    let heard = sender.message(stands).await.unwrap().expect("it is there");
    assert!(heard.ours && heard.content == post.content && heard.embeds == ["done"]);
    assert_eq!(sender.fetch(&heard.attachments[0], 100).await.unwrap(), "the whole text ✅".as_bytes());
    sender.react(at, "✅").await.unwrap();
    assert_eq!(sender.message(at).await.unwrap().expect("it is there").our_reactions, ["✅"]);
    sender.unreact(at, "✅").await.unwrap();
    sender.unreact(at, "✅").await.expect("taking away what is gone is done already");
    let page = sender.history(at.channel, From::After(at.message), 100).await.unwrap();
    assert_eq!(page.iter().map(|heard| heard.at).collect::<Vec<_>>(), [stands]);
    assert_eq!(sender.message(super::at(at.channel.get(), MessageId::new(1).get())).await, Ok(None));
}

#[tokio::test]
async fn an_answer_lost_after_the_post_was_taken_leaves_one_message() {
    let (discord, sender) = discord(Limits::Off).await;
    discord.trouble(Rule::on("POST", "/channels/#results/messages").times(2).loses_answer());
    let to = address(&discord, "results");

    let outcomes = [
        sender.post(to, &parcel(1), says("result")).await,
        sender.post(to, &parcel(1), says("result")).await,
        sender.post(to, &parcel(1), says("result")).await,
    ];

    assert!(matches!(outcomes, [Err(ChatError::Unknown { .. }), Err(ChatError::Unknown { .. }), Ok(_)]), "{outcomes:?}");
    assert_eq!(discord.look(|world| world.messages_in("#results").count()), 1);
}

#[tokio::test]
async fn bursts_under_discords_limits_meet_no_refusal() {
    let (discord, sender) = discord(Limits::Discord).await;
    let tasks: Vec<_> = (0..6).map(|number| discord.person("stranger").say("#task-queue", &format!("task {number}")).unwrap()).collect();

    let mut sent = JoinSet::new();
    for task in tasks {
        let (sender, at) = (Arc::clone(&sender), super::at(channel(&discord, "task-queue").get(), task.get()));
        sent.spawn(async move { sender.react(at, "✅").await });
    }
    for number in 0..7 {
        let (sender, to) = (Arc::clone(&sender), address(&discord, "results"));
        sent.spawn(async move { sender.post(to, &parcel(number), says("result")).await.map(|_| ()) });
    }
    let outcomes = sent.join_all().await;

    let counters = sender.counters();
    assert!(outcomes.iter().all(Result::is_ok) && counters.limited == 0, "{outcomes:?} {counters:?}");
}

#[tokio::test]
async fn rights_and_intents_are_as_the_server_has_them() {
    let (discord, sender) = discord(Limits::Off).await;

    let rights = sender.permissions_in(Identity::Orchestrator, channel(&discord, "results")).await.unwrap();
    assert!(rights.contains(Permissions::SEND_MESSAGES | Permissions::ADD_REACTIONS) && !rights.contains(Permissions::ADMINISTRATOR));

    assert!(sender.application().await.unwrap().may_read_messages());
    discord.make_trouble(Demand::MessageContent(false));
    assert!(!sender.application().await.unwrap().may_read_messages());

    let guild = sender.guilds().await.unwrap()[0].id;
    assert_eq!(sender.channels(guild).await.unwrap().len(), 4);
    let application = sender.application().await.unwrap().id;
    let commands = json!([{"name": "status", "description": "How it is", "type": 1}]);
    assert_eq!(sender.register_commands(application, Some(guild), commands).await.unwrap().len(), 1);
}
