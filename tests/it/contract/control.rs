//! What people do to tasks by reactions, and what they are shown.

use serde_json::json;

use crate::world::{Founding, PATIENCE, RUNS, World};

const WAITS: &str = "until [ -e $HOME/go ]; do sleep 0.02; done; echo done > RESULT.txt";

fn go(world: &World) {
    std::fs::write(world.dir().join("go"), "").expect("a file");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_end_has_its_sign_on_the_message_and_its_notice_in_the_pool() {
    let world = World::new().await;

    for (script, sign, tag, notice) in [
        ("echo ok > RESULT.txt", "🏁", "SUCCESS", "finished"),
        ("exit 3", "❌", "FAILED", "failed"),
        ("sleep 100 [timeout:1s]", "⏱", "TIMEOUT", "timed out"),
    ] {
        let task = world.say(script);
        let entry = world.entry(task).await;
        world.marked(task, sign).await;

        let first = entry.content.lines().next().expect("a line").to_owned();
        let agent =
            first.strip_prefix(&format!("**[{tag}]** `{task}` by **")).and_then(|rest| rest.strip_suffix("**")).expect(&first).to_owned();
        assert!(agent.starts_with("agent-"), "{first}");
        world
            .message("worker-pool", |message| message.content.lines().any(|line| line.contains(&format!("Agent `{agent}` {notice}"))))
            .await;
        world.message("worker-pool", |message| message.content.contains(&agent) && message.content.contains("🤖 **AGENT SPAWNED**")).await;
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_sign_of_who_has_the_right_cancels_and_a_stranger_s_does_not() {
    let world = Founding::new().config("caps.max_concurrent", json!(1)).start().await;
    let (admin, stranger) = (world.sandbox.person("admin"), world.sandbox.person("stranger"));
    let running = world.say(&format!("{RUNS} {WAITS}"));
    let waiting = world.say(&format!("{RUNS} echo never > RESULT.txt"));
    let strangers = stranger.say("task-queue", &format!("{RUNS} echo own > RESULT.txt")).expect("a message");
    world.until("the slot is taken", |world| world.runs() == [running]).await;

    stranger.react(running, "🛑").expect("a reaction");
    stranger.react(waiting, "🛑").expect("a reaction");
    stranger.react(strangers, "🛑").expect("a reaction");
    let own = world.entry(strangers).await;
    assert!(own.content.starts_with("**[CANCELLED]**"), "one's own task may be cancelled: {}", own.content);
    assert_eq!((world.count_entries(running), world.count_entries(waiting)), (0, 0), "a stranger's sign has no effect");

    admin.react(waiting, "🛑").expect("a reaction");
    let before = world.entry(waiting).await;
    admin.react(running, "🛑").expect("a reaction");
    let stopped = world.entry(running).await;

    assert!(before.content.starts_with("**[CANCELLED]**") && before.content.contains("never started"), "{}", before.content);
    assert!(stopped.content.starts_with("**[CANCELLED]**") && stopped.content.contains("cancelled by admin"), "{}", stopped.content);
    world.marked(running, "🛑").await;
    world.marked(waiting, "🛑").await;
    assert_eq!(world.runs(), [running]);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn again_runs_it_again_and_its_entry_answers_the_first() {
    let world = World::new().await;
    let (admin, stranger) = (world.sandbox.person("admin"), world.sandbox.person("stranger"));
    let task = world.say(&format!("{RUNS} [ -e $HOME/go ] && echo done > RESULT.txt"));
    let first = world.entry(task).await;
    assert!(first.content.starts_with("**[FAILED]**"), "{}", first.content);
    world.marked(task, "❌").await;
    go(&world);

    stranger.react(task, "🔁").expect("a reaction");
    let barrier = stranger.say("task-queue", "echo barrier > RESULT.txt").expect("a message");
    world.entry(barrier).await;
    assert_eq!(world.runs(), [task], "a stranger's sign has no effect");

    admin.react(task, "🔁").expect("a reaction");
    let second = world.message("results", |message| message.reply_to == Some(first.id)).await;
    world.marked(task, "🏁").await;
    world.unmarked(task, "❌").await;

    assert!(
        second.content.starts_with(&format!("**[SUCCESS]** `{task}`")) && second.content.contains("**Attempt:** 2"),
        "{}",
        second.content
    );
    assert_eq!(world.runs(), [task, task]);
    assert_eq!(world.puts_of("✅").iter().filter(|put| **put == task).count(), 1, "its claim is shown already");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_task_waits_until_the_sign_is_taken_away() {
    let world = Founding::new().config("caps.max_concurrent", json!(1)).start().await;
    let admin = world.sandbox.person("admin");
    let running = world.say(&format!("{RUNS} {WAITS}"));
    world.until("the slot is taken", |world| world.runs() == [running]).await;
    let held = world.say(&format!("{RUNS} echo held > RESULT.txt"));
    world.until("it is known", |world| world.log().contains(&format!("task {held} of"))).await;

    admin.react(held, "⏸").expect("a reaction");
    world.until("it is held", |world| world.log().contains(&format!("Hold of task {held}"))).await;
    let next = world.say(&format!("{RUNS} echo next > RESULT.txt"));
    go(&world);
    world.entry(next).await;
    assert_eq!(world.runs(), [running, next], "others pass it");

    admin.unreact(held, "⏸").expect("a reaction");
    world.entry(held).await;
    assert_eq!(world.runs(), [running, next, held]);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn once_a_list_is_set_others_are_refused_with_a_reason() {
    let mut world = Founding::new().silent().await;
    let operator = world.sandbox.user("operator").expect("it is there").id;
    world.reconfigure("who_may", json!({"submit": {"users": [operator.to_string()], "roles": [], "bots": []}}));
    world.start_bot();
    world.wait_until_online().await;
    let run = format!("{RUNS} echo ok > RESULT.txt");

    let refused = world.sandbox.person("stranger").say("task-queue", &run).expect("a message");
    let allowed = world.sandbox.person("operator").say("task-queue", &run).expect("a message");
    let owner = world.say(&run);
    let reply = world.reply(refused).await;
    world.marked(refused, "❌").await;
    world.all_entries(&[allowed, owner], PATIENCE).await;

    assert!(reply.content.contains("not allowed") || reply.content.contains("may not"), "{}", reply.content);
    let mut ran = world.runs();
    ran.sort_unstable();
    assert_eq!(ran, [allowed, owner]);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_with_tokens_of_their_own_post_the_notices_of_their_slots() {
    let world = Founding::new().more_bots(&["worker-one", "worker-two"]).config("caps.max_concurrent", json!(2)).start().await;

    let tasks: Vec<_> = (0..4).map(|_| world.say("echo ok > RESULT.txt")).collect();
    world.all_entries(&tasks, PATIENCE).await;

    let one = world.sandbox.user("worker-one").expect("it is there").id;
    world.message("worker-pool", |message| message.author == one && message.content.contains("AGENT SPAWNED")).await;
    world.message("worker-pool", |message| message.author == one && message.content.contains("finished")).await;
    assert!(world.told("AGENT SPAWNED").is_empty(), "slots 1 and 2 speak for themselves");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_may_submit_counts_also_for_what_was_written_while_nobody_listened() {
    let mut world = Founding::new().silent().await;
    let role = world.sandbox.look(|known| known.guild().roles.values().find(|role| role.name == "operator").expect("it is there").id);
    world.reconfigure("who_may", json!({"submit": {"users": [], "roles": [role.to_string()], "bots": []}}));
    let run = "echo ok > RESULT.txt";

    let allowed = world.sandbox.person("operator").say("task-queue", run).expect("a message");
    let refused = world.sandbox.person("stranger").say("task-queue", run).expect("a message");
    world.start_bot();

    assert!(world.entry(allowed).await.content.starts_with("**[SUCCESS]**"));
    world.marked(refused, "❌").await;
    world.finish().await;
}
