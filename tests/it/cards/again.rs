//! Running a task again: with the text that was claimed, and with a card, whatever became of the former one.

use std::fs;

use super::{cards, following_up::say_in, in_thread, journal, says, showing, text, thread_says};

/// Keeps what it was told.
const KEEPS: &str = r#"cp TASK.txt "$HOME/told-$(ls "$HOME" | grep -c told-)"; echo ok > RESULT.txt; exit 0"#;

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_after_the_run_changes_nothing_and_who_runs_it_again_is_told_so_once() {
    let world = showing("state_changes", false).start().await;
    let task = world.say(KEEPS);
    says(&world, task, "**Done**").await;
    world.marked(task, "🏁").await;

    world.sandbox.person("admin").edit(task, "echo something else > RESULT.txt").expect("one's own");
    let edited = |world: &crate::world::World| journal(world, task).iter().any(|what| what.contains("edit_ignored"));
    world.until("the edit is noted", edited).await;
    world.sandbox.person("admin").react(task, "🔁").expect("a reaction");
    let told = world.message("task-queue", |message| message.content.starts_with("✏️") && message.reply_to == Some(task)).await;
    world.until("the second entry stands", |world| world.count_entries(task) == 2).await;

    assert!(told.content.contains(&format!("`{task}` runs again with the text that it had when it was claimed")), "{}", told.content);
    assert_eq!(world.text("told-1"), format!("TASK: {KEEPS}"), "what runs is what was claimed");
    world.sandbox.person("admin").unreact(task, "🔁").expect("taken away");
    let (code, _, error) = world.run(&["retry", &task.to_string()]);
    assert_eq!(code, 0, "{error}");
    world.until("the third entry stands", |world| world.count_entries(task) == 3).await;
    let answers = world.replies(task).into_iter().filter(|message| message.content.starts_with("✏️")).count();
    assert_eq!(answers, 1, "it is told once for an edit");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_was_deleted_is_posted_anew_with_its_thread_when_its_task_is_run_again() {
    // Before the retry, so that its first edit shows it; and while it ran, so that the end has shown it already.
    for deleted_while_running in [false, true] {
        let world = showing("state_changes", true).start().await;
        let task = world.say("until [ -e $HOME/go ]; do sleep 0.02; done; echo ok > RESULT.txt; exit 0");
        let former = says(&world, task, "Running").await;
        thread_says(&world, former.id, |message| message.embeds.len() == 1).await;
        let delete = || world.sandbox.person("admin").delete(former.id).expect("an admin may");
        if deleted_while_running {
            delete();
        }
        fs::write(world.dir().join("go"), "").expect("a file");
        world.entry(task).await;
        world.marked(task, "🏁").await;
        if deleted_while_running {
            world.until("it is known", |world| world.log().contains("was deleted: ")).await;
            assert!(cards(&world, task).is_empty(), "it is not wanted");
        } else {
            thread_says(&world, former.id, |message| message.content.contains("**Attempt 1** succeeded")).await;
            delete();
        }

        let (code, _, error) = world.run(&["retry", &task.to_string()]);
        assert_eq!(code, 0, "{error}");
        let card = says(&world, task, "**Done**").await;
        let sheet = thread_says(&world, card.id, |message| message.embeds.len() == 1).await;
        thread_says(&world, card.id, |message| message.content.contains("**Attempt 2** succeeded")).await;

        assert_ne!(card.id, former.id);
        assert_eq!(cards(&world, task).len(), 1);
        assert!(text(&sheet).contains(&task.to_string()));
        assert_eq!(in_thread(&world, card.id).iter().filter(|message| message.content.contains("**Attempt 2**")).count(), 1);
        world.until("both entries stand", |world| world.count_entries(task) == 2).await;
        // The thread of the former card is still there, and still that of the task.
        say_in(&world, "admin", former.id, "# and now?").await;
        thread_says(&world, card.id, |message| message.content.contains("**Attempt 3** succeeded")).await;
        world.until("three entries stand", |world| world.count_entries(task) == 3).await;
        world.finish().await;
    }
}
