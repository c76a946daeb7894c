//! When trying again would do no good, it ends and says what a person has to do.

use std::time::Duration;

use discord_orchestrator::surfaces::discord::{GatewayError, Identifies};
use orchestrator_core::ports::clock::Clock;
use orchestrator_sandbox::{Demand, GatewayEvent, GatewayTrouble};
use tokio::time::timeout;

use super::{Given, StoppedClock, World, discord};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_is_not_accepted_is_named_by_its_setting() {
    let discord = discord().await;
    discord.gateway_trouble(GatewayTrouble::CloseNextIdentify(4004));

    let error = World::start(discord, Given::default()).end().await.expect_err("the token is refused");

    assert!(matches!(error, GatewayError::TokenRefused));
    assert!(error.to_string().contains("ORCHESTRATOR_AGENT_TOKEN"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_is_withdrawn_while_it_is_used_is_named_too() {
    let world = World::new().await;

    world.discord.gateway_trouble(GatewayTrouble::Close(4004));

    assert!(matches!(world.end().await, Err(GatewayError::TokenRefused)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_message_content_intent_it_says_where_to_switch_it_on() {
    let discord = discord().await;
    discord.make_trouble(Demand::MessageContent(false));

    let error = World::start(discord, Given::default()).end().await.expect_err("the intent is refused");

    assert!(matches!(error, GatewayError::MessageContentRefused), "{error}");
    assert!(error.to_string().contains("Message Content Intent") && error.to_string().contains("developers/applications"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn intents_that_nobody_knows_end_it() {
    let discord = discord().await;
    discord.gateway_trouble(GatewayTrouble::CloseNextIdentify(4013));

    assert!(matches!(World::start(discord, Given::default()).end().await, Err(GatewayError::IntentsUnknown)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_nine_hundred_identifies_in_a_day_it_does_not_even_connect() {
    let mut spent = Identifies::default();
    for _ in 0..Identifies::MOST_A_DAY {
        spent.note(StoppedClock.now());
    }
    let given = Given { stored: Some(spent.to_string()), ..Given::default() };
    let mut world = World::start(discord().await, given);

    let ended = timeout(super::SOON, world.running.join_next()).await.expect("it ends").unwrap().unwrap();

    assert!(matches!(ended, Err(GatewayError::IdentifiesSpent { count: 900, .. })), "{ended:?}");
    assert_eq!(world.count(|what| matches!(what, GatewayEvent::Connected)), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_without_the_bases_protection_never_sees_the_token() {
    let elsewhere = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let given = Given {
        api_base: Some("https://discord.example".to_owned()),
        gateway: Some(format!("ws://{}", elsewhere.local_addr().unwrap())),
        ..Given::default()
    };
    let world = World::start(discord().await, given);

    timeout(Duration::from_millis(500), elsewhere.accept()).await.expect_err("nobody comes");
    world.stop.cancel();
    assert!(world.end().await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_it_is_stopped_discord_sees_the_bot_leave_at_once() {
    let mut world = World::new().await;

    world.stop.cancel();
    let ended = timeout(super::SOON, world.running.join_next()).await.expect("it ends").unwrap().unwrap();

    assert!(ended.is_ok());
    let left = |records: &[orchestrator_sandbox::Record]| {
        let is_farewell = |record: &orchestrator_sandbox::Record| matches!(record, orchestrator_sandbox::Record::Gateway(record) if record.what == GatewayEvent::Left { code: Some(1000) });
        records.iter().any(is_farewell).then_some(())
    };
    world.discord.wait_for_log(left, super::SOON).await.expect("it said goodbye");
    assert_eq!(world.identifies(), 1);
    assert!(!world.health.now().connected);
}
