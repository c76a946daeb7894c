//! The gateway fails in every way that it can: no task is lost, nobody identifies again and again, and what only a person can mend is said.

use std::time::Duration;

use orchestrator_sandbox::{Demand, GatewayEvent, GatewayTrouble, Rule};

use crate::world::{Founding, PATIENCE, RUNS, World};

/// How often something has happened on the gateway.
fn count(world: &World, what: impl Fn(&GatewayEvent) -> bool) -> usize {
    world.sandbox.log().iter().filter_map(|record| record.gateway()).filter(|record| what(&record.what)).count()
}

fn identified(world: &World) -> usize {
    count(world, |what| matches!(what, GatewayEvent::Identified { .. }))
}

fn resumed(world: &World) -> usize {
    count(world, |what| matches!(what, GatewayEvent::Resumed { .. }))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_can_go_on_goes_on_and_no_task_is_lost() {
    let world = World::new().await;
    let mut tasks = Vec::new();

    for trouble in [GatewayTrouble::Reconnect, GatewayTrouble::Drop, GatewayTrouble::Close(4000)] {
        let before = resumed(&world);
        tasks.push(world.say(&format!("{RUNS} echo before > RESULT.txt")));
        world.sandbox.gateway_trouble(trouble);
        tasks.push(world.say(&format!("{RUNS} echo meanwhile > RESULT.txt")));
        world.until("the session goes on", |world| resumed(world) > before).await;
        tasks.push(world.say(&format!("{RUNS} echo after > RESULT.txt")));
        world.all_entries(&tasks, PATIENCE).await;
    }

    let mut ran = world.runs();
    ran.sort_unstable();
    assert_eq!(ran, tasks, "each once");
    assert_eq!(identified(&world), 1);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_lost_session_what_was_said_meanwhile_is_read_back() {
    for trouble in [GatewayTrouble::Close(4009), GatewayTrouble::InvalidSession(false), GatewayTrouble::Close(1000)] {
        let world = World::new().await;
        world.sandbox.gateway_trouble(GatewayTrouble::RefuseResumes(1));
        world.sandbox.gateway_trouble(trouble);
        let tasks: Vec<_> = (0..3).map(|_| world.say(&format!("{RUNS} echo ok > RESULT.txt"))).collect();

        world.all_entries(&tasks, PATIENCE).await;
        let last = world.say(&format!("{RUNS} echo ok > RESULT.txt"));
        world.entry(last).await;

        let mut ran = world.runs();
        ran.sort_unstable();
        assert_eq!(ran, [&tasks[..], &[last]].concat(), "{trouble:?}");
        assert!(identified(&world) <= 2, "{trouble:?}: identified {} times", identified(&world));
        world.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_answers_no_heartbeat_is_left_and_found_again() {
    let world = Founding::new().heartbeat(Duration::from_millis(250)).start().await;
    let first = world.say(&format!("{RUNS} echo ok > RESULT.txt"));
    world.entry(first).await;

    world.sandbox.gateway_trouble(GatewayTrouble::AcknowledgeHeartbeats(false));
    world.sandbox.gateway_trouble(GatewayTrouble::Mute(true));
    let unheard = world.say(&format!("{RUNS} echo ok > RESULT.txt"));
    world.until("the connection is given up", |world| count(world, |what| matches!(what, GatewayEvent::Left { .. })) > 0).await;
    world.sandbox.make_trouble(Demand::Clear(true));
    world.entry(unheard).await;

    assert_eq!(world.runs(), [first, unheard]);
    assert!(identified(&world) <= 3, "identified {} times", identified(&world));
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_closes_every_connection_is_not_stormed() {
    let mut world = Founding::new().silent().await;
    for _ in 0..20 {
        world.sandbox.gateway_trouble(GatewayTrouble::CloseNextIdentify(4000));
    }
    let task = world.say(&format!("{RUNS} echo ok > RESULT.txt"));
    world.start_bot();

    let connected = |world: &World| count(world, |what| matches!(what, GatewayEvent::Connected));
    world.until("it has tried", |world| connected(world) >= 2).await;
    let began = tokio::time::Instant::now();
    world.until("and again", |world| connected(world) >= 3).await;
    assert!(began.elapsed() < PATIENCE);
    let rate = f64::from(u32::try_from(connected(&world)).expect("few"));
    assert!(rate <= 6.0, "{rate} connections in a few seconds");
    world.sandbox.make_trouble(Demand::Clear(true));
    world.entry(task).await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_refused_ends_the_bot_which_names_the_setting() {
    for trouble in [
        Demand::Request(Rule::on("GET", "/channels/#task-queue/messages").always().answers_error(401, 0, "401: Unauthorized")),
        Demand::Request(Rule::on("*", "/**").always().answers_error(401, 0, "401: Unauthorized")),
        Demand::Gateway(GatewayTrouble::CloseNextIdentify(4004)),
    ] {
        let mut world = Founding::new().silent().await;
        world.sandbox.make_trouble(trouble.clone());

        world.start_bot();
        let code = world.bot_ends().await;

        assert_ne!(code, 0, "{trouble:?}");
        assert!(world.log().contains("ORCHESTRATOR_AGENT_TOKEN"), "{trouble:?}: {}", world.log());
        world.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_message_content_intent_the_bot_ends_and_names_it() {
    let mut world = Founding::new().silent().await;
    world.sandbox.make_trouble(Demand::MessageContent(false));

    world.start_bot();
    let code = world.bot_ends().await;

    assert_ne!(code, 0);
    assert!(world.log().contains("Message Content Intent"), "{}", world.log());
    world.finish().await;
}
