//! ✅: it stands before the agent starts, one that stands already is respected, and what follows when it can't be put.

use orchestrator_sandbox::Rule;
use serde_json::json;

use super::{A_WHILE, on_claim, well_again};
use crate::world::{Founding, RUNS, World};

#[tokio::test(flavor = "multi_thread")]
async fn the_claim_is_visible_before_the_agent_starts() {
    let world = World::new().await;
    world.sandbox.trouble(on_claim().delays(A_WHILE));

    let task = world.say("date +%s%N > RESULT.txt");
    world.entry(task).await;

    let started: i64 = world.task_text(task, "RESULT.txt").trim().parse().expect("a time");
    let claim = world.requests().into_iter().find(|request| request.path.contains("/reactions/")).expect("a ✅");
    assert_eq!(claim.status, Some(204));
    assert!(claim.at.timestamp_nanos_opt().expect("a time") < started, "the agent started before its ✅ stood");
    assert_eq!(world.puts_of("✅"), [task], "✅ is put once");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_our_bot_has_ticked_is_not_run_by_a_store_that_does_not_know_it() {
    let mut world = World::new().await;
    let text = format!("{RUNS} echo done > RESULT.txt");
    let ticked = world.say(&text);
    world.marked(ticked, "🏁").await;
    assert_eq!(world.stop_bot(), 0);
    std::fs::remove_dir_all(world.dir().join(".runtime")).expect("the store is lost");

    let new = world.say(&text);
    world.start_bot();
    world.entry(new).await;
    world.sandbox.person("admin").edit(ticked, &format!("{text} # edited")).expect("an edit");
    let newer = world.say(&text);
    world.entry(newer).await;

    assert_eq!(world.runs(), [ticked, new, newer], "an old claim is believed, read back and edited");

    let (code, _, error) = world.run(&["reclaim", &ticked.to_string()]);
    assert_eq!(code, 0, "{error}");
    world.until("reclaimed, it runs again", |world| world.count_entries(ticked) == 2).await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_claim_is_forbidden_nothing_runs_and_the_operator_is_told_once() {
    let world = World::new().await;
    world.sandbox.trouble(on_claim().always().answers_error(403, 50013, "Missing Permissions"));
    let text = format!("{RUNS} echo done > RESULT.txt");

    let tasks: Vec<_> = (0..6).map(|_| world.say(&text)).collect();
    world.message("worker-pool", |message| message.content.contains("may not put ✅")).await;
    let refused = |world: &World| world.requests().iter().filter(|request| request.status == Some(403)).count();
    let before = refused(&world);
    world.until("it is tried again", |world| refused(world) > before).await;

    assert!(world.runs().is_empty(), "nothing runs without its ✅");
    assert_eq!(world.told("No task is started").len(), 1, "told once, not per task");

    well_again(&world);
    world.all_entries(&tasks, crate::world::PATIENCE).await;

    let (mut ran, mut expected) = (world.runs(), tasks.clone());
    ran.sort_unstable();
    expected.sort_unstable();
    assert_eq!(ran, expected, "each runs once when it is allowed again");
    assert_eq!(world.told("No task is started").len(), 1);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_fails_at_first_is_put_again_and_runs_once() {
    for trouble in [
        on_claim().answers(500, json!({})),
        on_claim().times(2).answers(502, json!("<html>Bad Gateway</html>")),
        on_claim().hangs_up(),
        on_claim().loses_answer(),
        on_claim().answers(429, json!({"message": "You are being rate limited.", "retry_after": 0.2, "global": false})),
    ] {
        let world = World::new().await;
        world.sandbox.trouble(trouble.clone());

        let task = world.say(&format!("{RUNS} echo done > RESULT.txt"));
        world.entry(task).await;
        world.marked(task, "🏁").await;

        assert_eq!(world.runs(), [task], "{trouble:?}");
        assert_eq!(world.count_entries(task), 1, "{trouble:?}");
        world.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_whose_message_is_gone_at_its_claim_is_cancelled() {
    let world = World::new().await;
    world.sandbox.trouble(on_claim().answers_error(404, 10008, "Unknown Message"));

    let task = world.say(&format!("{RUNS} echo done > RESULT.txt"));
    let entry = world.entry(task).await;

    assert!(entry.content.starts_with(&format!("**[CANCELLED]** `{task}`")), "{}", entry.content);
    assert!(world.runs().is_empty());
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_reaction_can_be_put_a_reply_shows_the_claim() {
    let world = World::new().await;
    for (status, code, words) in
        [(403, 30010, "Maximum number of reactions reached (20)"), (400, 30010, "Maximum number"), (403, 90001, "Reaction was blocked")]
    {
        world.sandbox.trouble(on_claim().answers_error(status, code, words));

        let task = world.say(&format!("{RUNS} echo done > RESULT.txt"));
        let reply = world.reply(task).await;
        world.entry(task).await;

        assert!(reply.content.contains("claimed"), "{}", reply.content);
        assert!(world.runs().contains(&task), "HTTP {status}, code {code}");
        assert_eq!(world.replies(task).len(), 1);
    }
    assert_eq!(world.runs().len(), 3);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn claims_are_kept_in_a_file_for_people_and_scripts() {
    const FILE: &str = ".runtime/assigned-tasks.txt";
    let mut world = World::new().await;
    let text = format!("{RUNS} echo done > RESULT.txt");

    let first = world.say(&text);
    world.marked(first, "🏁").await;
    let second = world.say(&format!("{text}; exit 3"));
    world.marked(second, "❌").await;
    let refused = world.say("[model:nope] x");
    world.marked(refused, "❌").await;

    assert_eq!(world.text(FILE), format!("{first}\n{second}\n"), "one claimed id a line, in the order of the claims");

    world.sandbox.person("admin").react(second, "🔁").expect("a reaction");
    world.until("it ran again", |world| world.count_entries(second) == 2).await;
    world.kill_bot();
    world.start_bot();
    let third = world.say(&text);
    world.marked(third, "🏁").await;

    assert_eq!(world.text(FILE), format!("{first}\n{second}\n{third}\n"), "a retry adds no second line, a restart none");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_posts_are_no_tasks_unless_submit_has_put_its_header_on_them() {
    let world = Founding::new().start().await;
    let text = format!("{RUNS} echo done > RESULT.txt");

    let refused = world.say("[thinking:very] no task");
    world.reply(refused).await;
    world.sandbox.trouble(Rule::on("PATCH", "/channels/#task-queue/messages/*").delays(A_WHILE));
    let (code, out, error) = world.run(&["submit", &text, "cheap", "low"]);
    assert_eq!(code, 0, "{error}");
    let id = out.trim().parse().expect("the id is printed");
    world.entry(id).await;

    let posted = world.message("task-queue", |message| message.id == id).await;
    assert_eq!(posted.content, format!("**[Task: {id}]** {text} [model:cheap] [thinking:low]"));
    assert_eq!(world.runs(), [id], "the bot's reply to the refused message was no task");
    let put = world.requests();
    let edit = put.iter().position(|request| request.method == "PATCH").expect("an edit");
    let claim = put.iter().position(|request| request.method == "PUT" && request.path.contains(&id.to_string())).expect("a claim");
    assert!(edit < claim, "until the header stands it is no task");
    world.finish().await;
}
