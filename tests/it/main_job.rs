//! The main job: a message becomes a task, is claimed, run and answered.

use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_task_in_the_queue_is_claimed_run_and_answered() {
    let world = World::new().await;

    let task = world.say("echo 'The answer is 42.' > RESULT.txt");

    world.marked(task, "✅").await;
    let entry = world.entry(task).await;
    assert!(entry.content.starts_with(&format!("**[SUCCESS]** `{task}` by **agent-")), "{}", entry.content);
    assert!(entry.content.contains("The answer is 42."), "{}", entry.content);
    world.marked(task, "🏁").await;
    world.finish().await;
}
