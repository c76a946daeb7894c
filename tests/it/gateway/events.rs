//! What is said in Discord, as it is heard here.

use orchestrator_core::domain::{actor::Actor, id::UserId, task::MessageRef};
use orchestrator_sandbox::{Rule, Standing, WorldSeed};
use serde_json::json;

use super::{Given, Incoming, World, discord, message, proxy::Proxy};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_is_heard_with_its_author_text_and_files() {
    let mut world = World::new().await;

    let id = world.discord.person("stranger").attach("#task-queue", "Write a poem [model:cheap]", &[("notes.txt", b"abc")]).unwrap();

    let Incoming::Message(heard) = world.message("Write a poem [model:cheap]").await else { unreachable!() };
    assert_eq!(heard.at, MessageRef { channel: world.channel("task-queue"), message: message(id) });
    assert!(heard.is_speech && !heard.ours && heard.our_reactions.is_empty());
    assert_eq!((heard.attachments[0].name.as_str(), heard.attachments[0].size), ("notes.txt", 3));
    let Actor::Member { name, bot: false, administrator: false, .. } = heard.author else { panic!("{:?}", heard.author) };
    assert_eq!(name, "stranger");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_do_everything_is_known_from_the_server() {
    let seed = WorldSeed {
        people: vec![("ann".to_owned(), Standing::Owner), ("ben".to_owned(), Standing::Admin), ("cleo".to_owned(), Standing::Operator)],
        ..WorldSeed::default()
    };
    let options = orchestrator_sandbox::Options { seed, limits: orchestrator_sandbox::Limits::Off, ..Default::default() };
    let mut world = World::start(orchestrator_sandbox::Sandbox::start(options).await.unwrap(), Given::default());
    let Incoming::GuildSeen { owner, administrators, .. } = world.until(|heard| matches!(heard, Incoming::GuildSeen { .. })).await else {
        unreachable!()
    };
    assert_eq!(owner, UserId::new(world.discord.person("ann").id().get()));
    assert_eq!(administrators.len(), 1);

    for (who, may) in [("ann", true), ("ben", true), ("cleo", false)] {
        world.discord.person(who).say("#task-queue", who).unwrap();
        let Incoming::Message(heard) = world.message(who).await else { unreachable!() };
        let Actor::Member { administrator, roles, .. } = heard.author else { panic!("it is a member") };
        assert_eq!((administrator, roles.len()), (may, 1), "{who}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn edits_deletions_and_reactions_are_heard() {
    let mut world = World::new().await;
    let stranger = "stranger";
    let raw = world.discord.person(stranger).say("#task-queue", "first").unwrap();
    let id = message(raw);
    world.message("first").await;

    world.discord.person(stranger).edit(raw, "second").unwrap();
    let Incoming::Edited(edited) = world.until(|heard| matches!(heard, Incoming::Edited(_))).await else { unreachable!() };
    assert_eq!((edited.at.message, edited.content.as_str()), (id, "second"));

    world.discord.person(stranger).react(raw, "🛑").unwrap();
    let added = world.until(|heard| matches!(heard, Incoming::ReactionAdded { .. })).await;
    let Incoming::ReactionAdded { on, emoji, by, ours: false } = added else { panic!("{added:?}") };
    assert_eq!((on.message, emoji.as_str(), by.name()), (id, "🛑", stranger));

    world.discord.person(stranger).unreact(raw, "🛑").unwrap();
    world.until(|heard| matches!(heard, Incoming::ReactionRemoved { emoji, ours: false, .. } if emoji == "🛑")).await;

    world.discord.person(stranger).delete(raw).unwrap();
    let deleted = world.until(|heard| matches!(heard, Incoming::Deleted(_))).await;
    assert_eq!(deleted, Incoming::Deleted(vec![MessageRef { channel: world.channel("task-queue"), message: id }]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_own_posts_and_reactions_are_known_as_ours() {
    use orchestrator_core::ports::chat::Chat;
    let mut world = World::new().await;

    let at = world.sender.create_message(world.channel("task-queue"), json!({"content": "mine"})).await.unwrap();
    let Incoming::Message(heard) = world.message("mine").await else { unreachable!() };
    assert!(heard.ours && heard.at == at);

    world.sender.react(at, "✅").await.unwrap();
    world.until(|heard| matches!(heard, Incoming::ReactionAdded { emoji, ours: true, .. } if emoji == "✅")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_a_message_is_heard_after_its_deletion_and_no_old_text_after_a_new_one() {
    let mut world = World::new().await;

    for round in 0..60 {
        let person = world.discord.person("stranger");
        let edited = person.say("#task-queue", &format!("old {round}")).unwrap();
        person.edit(edited, &format!("new {round}")).unwrap();
        let deleted = person.say("#task-queue", &format!("gone {round}")).unwrap();
        person.delete(deleted).unwrap();
    }
    world.say("end");

    let (mut gone, mut renewed) = (Vec::new(), Vec::new());
    let mut ends = false;
    while !(ends && gone.len() == 60 && renewed.len() == 60) {
        match world.until(|_| true).await {
            Incoming::Message(heard) => {
                assert!(!gone.contains(&heard.at.message) && !renewed.contains(&heard.at.message), "{} came late", heard.content);
                ends |= heard.content == "end";
            }
            Incoming::Edited(heard) => {
                assert!(heard.content.starts_with("new"));
                renewed.push(heard.at.message);
            }
            Incoming::Deleted(messages) => gone.extend(messages.iter().map(|at| at.message)),
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_can_not_be_read_from_the_gateway_is_read_back() {
    let discord = discord().await;
    let proxy = Proxy::to(discord.gateway_url()).await;
    let mut world = World::begun(discord, Given { gateway: Some(proxy.url.clone()), ..Given::default() }).await;
    world.discord.gateway_trouble(orchestrator_sandbox::GatewayTrouble::Mute(true));
    let id = world.say("odd");

    let channel = world.channel("task-queue").to_string();
    proxy.slip_event(&json!({"op": 0, "s": 7, "t": "MESSAGE_CREATE", "d": {"id": id.to_string(), "channel_id": channel}}));

    let Incoming::Message(heard) = world.message("odd").await else { unreachable!() };
    assert_eq!(heard.at.message, id);
    assert_eq!(world.health.now().not_understood, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_can_not_be_read_at_all_is_said_to_be_missed() {
    let discord = discord().await;
    let proxy = Proxy::to(discord.gateway_url()).await;
    let mut world = World::begun(discord, Given { gateway: Some(proxy.url.clone()), ..Given::default() }).await;
    world.discord.trouble(Rule::on("GET", "/channels/#task-queue/messages/*").answers(503, json!({})));
    let channel = world.channel("task-queue");

    proxy.slip_event(&json!({"op": 0, "s": 7, "t": "MESSAGE_CREATE", "d": {"id": "5", "channel_id": channel.to_string()}}));
    proxy.slip_event(&json!({"op": 0, "s": 8, "t": "MESSAGE_CREATE", "d": "nonsense"}));
    proxy.slip_event(&json!({"op": 0, "s": 9, "t": "SOMETHING_NEW", "d": {}}));

    let mut missed = Vec::new();
    while missed.len() < 2 {
        if let Incoming::Missed { kind, channel } = world.until(|heard| matches!(heard, Incoming::Missed { .. })).await {
            assert_eq!(kind, "MESSAGE_CREATE");
            missed.push(channel);
        }
    }
    missed.sort();
    assert_eq!(missed, [None, Some(channel)]);
    assert_eq!(world.health.now().not_understood, 2);
}
