//! What is followed while it happens: logs and events.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    time::Duration,
};

use serde_json::json;

use super::{end_of, start, until};
use crate::world::{Founding, World};

#[tokio::test(flavor = "multi_thread")]
async fn a_followed_log_comes_as_it_grows_and_ends_with_its_attempt() {
    let world = World::new().await;
    let task = world.say("echo one; sleep 1; echo two; echo x > RESULT.txt");
    world.marked(task, "✅").await;
    world.until("it has said something", |world| world.task_text(task, "agent-output.log").contains("one")).await;

    let (code, out, err) = end_of(start(&world, &["logs", "-f", &task.to_string()])).await;

    assert_eq!(code, 0, "{err}");
    assert!(out.contains("one") && out.contains("two"), "{out}");
    world.entry(task).await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_ends_does_not_wait_for_those_who_follow() {
    let mut world = World::new().await;
    let task = world.say("echo begun; sleep 3; echo x > RESULT.txt");
    world.until("it has said something", |world| world.task_text(task, "agent-output.log").contains("begun")).await;
    let mut follower = start(&world, &["logs", "-f", &task.to_string()]);
    let said = BufReader::new(follower.stdout.take().expect("it is piped"));
    let shown = tokio::task::spawn_blocking(move || said.lines().map_while(Result::ok).any(|line| line.contains("begun")));
    assert!(shown.await.expect("the wait does not break"), "it follows");

    let asked = std::time::Instant::now();
    assert_eq!(world.stop_bot(), 0);

    assert!(asked.elapsed() < Duration::from_secs(10), "it took {:?}", asked.elapsed());
    end_of(follower).await;
    world.start_bot();
    world.entry(task).await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_of_a_task_that_waits_is_followed_from_its_start() {
    let world = Founding::new().config("caps", json!({"max_concurrent": 1})).start().await;
    let first = world.say("sleep 2; echo x > RESULT.txt");
    world.marked(first, "✅").await;
    let second = world.say("echo hello; echo x > RESULT.txt");
    until(&world, second, |told| told["state"] == "waiting").await;

    let (code, out, err) = end_of(start(&world, &["logs", "-f", &second.to_string()])).await;

    assert_eq!(code, 0, "{err}");
    assert!(out.contains("hello"), "{out}");
    world.entry(second).await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_comes_in_pieces_is_not_followed() {
    let world = World::new().await;
    let token = world.sandbox.user("orchestrator").expect("it is there").token;
    let task = world.say(&format!(
        "t=$(sed -n s/^ORCHESTRATOR_AGENT_TOKEN=//p $HOME/discord-config.env); printf 'begun %.5s' \"$t\"; until [ -e $HOME/go ]; do sleep 0.02; done; \
         printf '%s over\\n' \"${{t#{}}}\"; echo x > RESULT.txt",
        "?".repeat(5)
    ));
    world.until("it has said something", |world| world.task_text(task, "agent-output.log").contains("begun")).await;
    let mut follower = start(&world, &["logs", "-f", &task.to_string()]);
    let mut said = follower.stdout.take().expect("it is piped");
    let mut shown = vec![0; 6];
    let shown = tokio::task::spawn_blocking(move || {
        said.read_exact(&mut shown).expect("its beginning");
        (said, shown)
    });
    let (mut said, mut shown) = shown.await.expect("the wait does not break");

    std::fs::write(world.dir().join("go"), "").expect("a file");
    let shown = tokio::task::spawn_blocking(move || {
        said.read_to_end(&mut shown).expect("its end");
        String::from_utf8(shown).expect("a text")
    });
    let shown = shown.await.expect("the wait does not break");

    assert!(shown.starts_with("begun [secret] over"), "{}", shown.replace(&token, "THE TOKEN"));
    end_of(follower).await;
    world.entry(task).await;
    world.finish().await;
}
