//! Tokens that Discord does not accept, and the budgets that are kept from one process to the next.

use orchestrator_sandbox::{Demand, Rule};
use serde_json::json;

use super::super::contract::well_again;
use crate::world::{Founding, RUNS, World};

fn unauthorized(world: &World) -> usize {
    world.requests().iter().filter(|request| request.status == Some(401)).count()
}

fn void() -> Rule {
    Rule::on("*", "/**").always().answers_error(401, 0, "401: Unauthorized")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_refused_six_times_stops_all_that_is_sent_until_a_restart_with_a_good_one() {
    let mut world = Founding::new().start().await;
    let running = world.say(&format!("{RUNS} until [ -e $HOME/go ]; do sleep 0.02; done; echo kept > RESULT.txt"));
    world.marked(running, "✅").await;
    let child = world.say(&format!("{RUNS} until [ -e $HOME/later ]; do sleep 0.02; done; echo on > RESULT.txt"));
    world.marked(child, "✅").await;
    world.until("both starts were told", |world| world.told("").concat().matches("AGENT SPAWNED").count() == 2).await;
    world.sandbox.trouble(void());

    std::fs::write(world.dir().join("go"), "").expect("a file");
    world.until("it gives up", |world| world.log().contains("Nothing is sent any more")).await;
    let asked = unauthorized(&world);
    // A second task ends meanwhile: its result is kept, and nobody asks again.
    std::fs::write(world.dir().join("later"), "").expect("a file");
    world.until("running children went on", |world| world.text("bot.log").matches("has succeeded").count() == 2).await;
    let shown = world.run(&["status"]).1;

    assert!(asked <= 9, "{asked} requests carried a refused token");
    assert!(shown.contains("ORCHESTRATOR_AGENT_TOKEN"), "{shown}");
    assert_eq!(unauthorized(&world), asked, "nothing is sent any more");
    assert_eq!(world.log().matches("Nothing is sent any more").count(), 1, "told once");
    world.kill_bot();
    well_again(&world);
    world.start_bot();
    world.all_entries(&[running, child], crate::world::PATIENCE).await;
    assert_eq!((world.count_entries(running), world.count_entries(child), world.runs().len()), (1, 1, 2));
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_reset_ends_the_service_its_agent_goes_on_and_the_new_token_brings_the_result() {
    let mut world = World::new().await;
    let task = world.say(&format!("{RUNS} until [ -e $HOME/go ]; do sleep 0.02; done; echo kept > RESULT.txt"));
    world.marked(task, "✅").await;
    world.until("it runs", |world| !world.runs().is_empty()).await;

    world.sandbox.make_trouble(Demand::ResetToken("orchestrator".to_owned()));
    let code = world.bot_ends().await;
    assert_ne!(code, 0);
    assert!(world.log().contains("ORCHESTRATOR_AGENT_TOKEN"), "{}", world.log());
    std::fs::write(world.dir().join("go"), "").expect("a file");
    world.sandbox.write_env(&world.dir().join("discord-config.env")).expect("an env file");
    world.start_bot();
    world.entry(task).await;
    world.until("its notices are told", |world| world.told("finished").len() == 1).await;

    assert_eq!((world.count_entries(task), world.runs()), (1, vec![task]));
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_s_token_that_is_refused_holds_nobody_and_the_bot_speaks_for_it() {
    let world = Founding::new()
        .more_bots(&["worker-1"])
        .env("WORKER1_TOKEN", "MTIz.not.a-token")
        .config("posts.first_delay_ms", json!(10))
        .start()
        .await;

    let task = world.say("echo ok > RESULT.txt");
    world.entry(task).await;
    world.marked(task, "🏁").await;
    world.until("its notices are told all the same", |world| world.told("").concat().contains("finished")).await;

    assert!(world.log().contains("WORKER1_TOKEN"), "{}", world.log());
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_were_refused_count_in_the_next_process_too() {
    let mut world = Founding::new().config("posts.delay_cap_seconds", json!(1)).start().await;
    world.sandbox.trouble(Rule::on("POST", "/channels/#results/messages").times(3).answers_error(401, 0, "401: Unauthorized"));
    let task = world.say("echo ok > RESULT.txt");
    world.entry(task).await;
    assert_eq!(world.stop_bot(), 0);
    let before = refusals(&world).await;
    world.start_bot();
    world.wait_until_online().await;
    world.sandbox.trouble(Rule::on("POST", "/channels/#results/messages").times(2).answers_error(401, 0, "401: Unauthorized"));
    let next = world.say("echo ok > RESULT.txt");
    world.entry(next).await;
    assert_eq!(world.stop_bot(), 0);

    assert_eq!((before, refusals(&world).await), (3, 5));
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn identifies_are_counted_from_one_process_to_the_next_and_at_nine_hundred_a_day_there_is_no_more() {
    let mut world = World::new().await;
    assert_eq!(world.stop_bot(), 0);
    world.start_bot();
    world.wait_until_online().await;
    assert_eq!(world.stop_bot(), 0);
    let stored = super::seed::fact(&world, "gateway.identifies").await.expect("they are stored");
    let counted: u32 = stored.split(',').filter_map(|bin| bin.split_once(':')?.1.parse::<u32>().ok()).sum();
    assert_eq!(counted, 2, "{stored}");

    let bin = stored.split(':').next().expect("a time");
    super::seed::put_fact(&world, "gateway.identifies", &format!("{bin}:900")).await;
    world.start_bot();
    let code = world.bot_ends().await;

    assert_ne!(code, 0);
    assert!(world.log().contains("identified 900 times within a day"), "{}", world.log());
    world.finish().await;
}

/// How many refused requests the store knows.
async fn refusals(world: &World) -> u64 {
    let stored = super::seed::fact(world, "discord.refusals").await.unwrap_or_default();
    stored.split(',').filter_map(|part| part.split_once(':')?.1.parse::<u64>().ok()).sum()
}
