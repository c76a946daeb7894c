//! Whatever ends a connection: the session is resumed or begun anew, nothing is lost, and Discord is not stormed.

use std::{collections::BTreeSet, time::Duration};

use orchestrator_sandbox::{GatewayEvent, GatewayTrouble, Rule};
use serde_json::json;

use super::{Given, Incoming, World, discord, proxy::Proxy};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closes_and_drops_that_leave_the_session_are_resumed_and_what_was_said_meanwhile_is_heard() {
    for trouble in [
        GatewayTrouble::Close(1001),
        GatewayTrouble::Close(4000),
        GatewayTrouble::Close(4008),
        GatewayTrouble::Drop,
        GatewayTrouble::Reconnect,
        GatewayTrouble::InvalidSession(true),
    ] {
        let mut world = World::new().await;

        world.discord.gateway_trouble(trouble);
        world.say("meanwhile");

        world.message("meanwhile").await;
        assert_eq!(world.identifies(), 1, "{trouble:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_that_are_lost_begin_anew_and_reading_back_finds_what_was_said_meanwhile() {
    for trouble in
        [GatewayTrouble::Close(1000), GatewayTrouble::Close(4007), GatewayTrouble::Close(4009), GatewayTrouble::InvalidSession(false)]
    {
        let mut world = World::new().await;
        let before = world.say("before");
        world.message("before").await;

        world.discord.gateway_trouble(trouble);
        let said: BTreeSet<_> = (0..3).map(|number| world.say(&format!("meanwhile {number}"))).collect();

        assert!(world.known_after_a_new_session(before).await.is_superset(&said), "{trouble:?}");
        assert_eq!(world.identifies(), 2, "{trouble:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_resume_that_is_refused_becomes_a_new_session() {
    let mut world = World::new().await;
    let before = world.say("before");
    world.message("before").await;

    world.discord.gateway_trouble(GatewayTrouble::RefuseResumes(1));
    world.discord.gateway_trouble(GatewayTrouble::Drop);
    let said = world.say("meanwhile");

    assert!(world.known_after_a_new_session(before).await.contains(&said));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heartbeats_that_nobody_answers_end_the_session_and_a_new_one_begins() {
    let discord = discord().await;
    discord.gateway_trouble(GatewayTrouble::HeartbeatIntervalMs(300));
    let mut world = World::begun(discord, Given::default()).await;
    let before = world.say("before");
    world.message("before").await;

    world.discord.gateway_trouble(GatewayTrouble::Mute(true));
    world.discord.gateway_trouble(GatewayTrouble::AcknowledgeHeartbeats(false));
    let said = world.say("meanwhile");
    world.discord.wait_for_log(|_| (world.health.now().connected).then_some(()), super::SOON).await.ok();
    tokio::time::timeout(super::SOON, async {
        while world.discord.is_online("orchestrator") {
            tokio::task::yield_now().await;
        }
    })
    .await
    .ok();
    world.discord.make_trouble(orchestrator_sandbox::Demand::Clear(true));

    assert!(world.known_after_a_new_session(before).await.contains(&said));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_close_without_a_word_does_not_spin_until_the_next_heartbeat() {
    let discord = discord().await;
    let proxy = Proxy::to(discord.gateway_url()).await;
    let mut world = World::begun(discord, Given { gateway: Some(proxy.url.clone()), ..Given::default() }).await;

    proxy.end_without_a_word();

    world.until(|heard| *heard == Incoming::SessionStarted { first: false }).await;
    assert!(world.health.now().given_up >= 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_that_can_not_be_found_is_asked_again_until_it_can() {
    let discord = discord().await;
    discord.trouble(Rule::on("GET", "/gateway").times(3).answers(503, json!({})));

    let world = World::begun(discord, Given::default()).await;

    let asked = world
        .discord
        .log()
        .iter()
        .filter(|record| matches!(record, orchestrator_sandbox::Record::Request(request) if request.path == "/gateway"))
        .count();
    assert_eq!((asked, world.identifies()), (4, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_that_ends_each_session_is_not_stormed_and_each_identify_is_counted() {
    let discord = discord().await;
    for _ in 0..8 {
        discord.gateway_trouble(GatewayTrouble::CloseNextIdentify(4000));
    }
    let began = tokio::time::Instant::now();

    let world = World::begun(discord, Given::default()).await;

    // Eight failures in a row: 20 + 40 + 80 + 160 + 4 × 200 ms.
    assert!(began.elapsed() >= Duration::from_secs(1), "{:?}", began.elapsed());
    assert!(world.memory.0.lock().unwrap().as_deref().is_some_and(|stored| stored.ends_with(":9")), "{:?}", world.memory.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn resumes_that_fail_one_after_the_other_wait_longer_and_longer() {
    let discord = discord().await;
    let proxy = Proxy::to(discord.gateway_url()).await;
    let mut world = World::begun(discord, Given { gateway: Some(proxy.url.clone()), ..Given::default() }).await;

    proxy.cut(true);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let connections = proxy.connections();
    proxy.cut(false);
    world.until(|heard| matches!(heard, Incoming::SessionStarted { first: false } | Incoming::Resumed)).await;

    assert!(connections < 15, "{connections} connections in a second");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn resumes_that_succeed_and_end_at_once_wait_longer_and_longer() {
    let mut world = World::new().await;

    let began = tokio::time::Instant::now();
    for _ in 0..6 {
        world.discord.gateway_trouble(GatewayTrouble::Drop);
        world.until(|heard| *heard == Incoming::Resumed).await;
    }

    // Two are free; then 20, 40, 80, 160 ms. On a busy machine one of them may go through within one poll, uncounted.
    assert!(began.elapsed() >= Duration::from_millis(140), "{:?} {:?}", began.elapsed(), world.health.now());
    assert_eq!((world.identifies(), world.count(|what| matches!(what, GatewayEvent::Resumed { .. }))), (1, 6));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_that_answers_nothing_is_left_and_tried_again() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let given = Given { gateway: Some(format!("ws://{}", silent.local_addr().unwrap())), ..Given::default() };
    let _world = World::start(discord().await, given);

    for _ in 0..2 {
        let accepted = tokio::time::timeout(super::SOON, silent.accept()).await.expect("it is tried").unwrap();
        drop(accepted);
    }
}
