//! `/why`, and "Why did this happen?" on whatever message.

use std::fs;

use orchestrator_core::domain::{
    attempt::Outcome,
    id::{MessageId, RoleId, TaskId},
    task::MessageRef,
};
use orchestrator_core::intake::admit::{Policy, WhoMay};
use orchestrator_sandbox::{Snowflake, world::message::Message};
use serde_json::json;

use super::{Given, SECRET, SOON, World, labels, text};

impl World {
    async fn why(&self, who: &str, task: &TaskId) -> Message {
        self.answer(self.uses(who, "why", &[("task", json!(task.as_str()))])).await
    }

    /// "Why did this happen?" on a message.
    async fn story(&self, who: &str, message: Snowflake) -> String {
        self.told(self.discord.person(who).message_command(message, "Why did this happen?").expect("the local Discord takes it")).await
    }

    /// Waits for a message of our bot in a channel that holds a text.
    async fn says(&self, channel: &str, part: &str) -> Message {
        let found = |world: &orchestrator_sandbox::World| world.messages_in(channel).find(|message| text(message).contains(part)).cloned();
        self.discord.wait_for(found, SOON).await.unwrap_or_else(|_| panic!("`{part}` does not come in #{channel}"))
    }
}

#[tokio::test]
async fn one_that_waits_is_told_what_fills_the_slots_and_can_be_cancelled_there() {
    let world = World::with(Given { slots: 1, ..Given::default() }).await;
    let running = world.running_task_of("stranger", "First").await;
    let waiting = world.task_of("stranger", "Second").await;
    for task in [&running, &waiting] {
        while world.task(task).await.row.message.is_none() {
            tokio::task::yield_now().await;
        }
    }

    let why = world.why("stranger", &waiting).await;

    let told = text(&why);
    assert!(told.contains("**waiting for its turn**\nIt is next.\nThe only slot is filled:\n▶️ [`"), "{told}");
    assert!(told.contains(&format!("[`{running}`](")) && told.contains("· stranger · started <t:"), "{told}");
    assert_eq!(labels(&why), ["Cancel"]);
    assert_eq!(world.told(world.presses("stranger", &why, "Cancel")).await, format!("🛑 `{waiting}` waited and will not run."));
}

#[tokio::test]
async fn each_state_is_told_with_the_button_that_moves_it() {
    let world = World::with(Given { slots: 1, ..Given::default() }).await;
    let delayed = world.delayed_task_of("stranger").await;
    let told = world.why("stranger", &delayed).await;
    assert!(
        text(&told).contains("It is tried again <t:") && text(&told).contains("The last try: its agent could not be started: no memory"),
        "{}",
        text(&told)
    );
    assert_eq!(labels(&told), ["Try now", "Cancel"]);
    world.queue.cancel(delayed, "a test".to_owned(), "a test".to_owned()).await.unwrap();

    let running = world.running_task_of("stranger", "Count").await;
    let agent = world.task(&running).await.latest().unwrap().agent_id.clone();
    let folder = world.workers().join(agent).join("tasks").join(running.as_str());
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("agent-output.log"), format!("one\nreading {SECRET} `x`\n\n")).unwrap();
    let told = world.why("stranger", &running).await;
    assert!(text(&told).contains("Its log ends with `reading [secret] ˋxˋ`"), "{}", text(&told));
    assert!(text(&told).contains("Its time limit is") && text(&told).contains(", which ends <t:"), "{}", text(&told));
    assert_eq!(labels(&told), ["Logs", "Cancel"]);

    let held = world.task_of("stranger", "Held").await;
    world.queue.hold(held.clone(), "ann".to_owned()).await.unwrap();
    let told = world.why("stranger", &held).await;
    assert!(text(&told).contains("ann held it <t:"), "{}", text(&told));
    assert_eq!(labels(&told), ["Release", "Cancel"]);

    world.queue.cancel(running.clone(), "ann".to_owned(), String::new()).await.unwrap();
    let told = world.why("stranger", &running).await;
    assert!(text(&told).contains("ann asked that it be stopped."), "{}", text(&told));
    assert_eq!(labels(&told), ["Logs"]);

    world.ends(&running, Outcome::Cancelled).await;
    world.says("results", running.as_str()).await;
    let told = world.why("stranger", &running).await;
    assert!(text(&told).contains("It was cancelled <t:"), "{}", text(&told));
    assert_eq!(labels(&told), ["Retry", "Logs"]);

    let asked = world.asked_task().await;
    let told = world.why("stranger", &asked).await;
    assert!(text(&told).contains("long before it was seen, so it is asked whether it is still wanted."), "{}", text(&told));
    assert_eq!(labels(&told), ["Run it", "Drop it"]);
}

#[tokio::test]
async fn a_pause_is_told_first_with_the_button_for_operators_and_their_role_for_others() {
    let policy = Policy { operate: WhoMay { roles: [RoleId::new(77)].into(), ..WhoMay::default() }, ..Policy::default() };
    let world = World::with(Given { policy, ..Given::default() }).await;
    let task = world.task_of("stranger", "Count").await;
    world.queue.pause("ann".to_owned(), false).await.unwrap();

    let mine = world.why("stranger", &task).await;
    let operators = world.why("admin", &task).await;

    assert!(
        text(&mine).contains("⛔ Nothing is started: everything was paused by ann. Operators (<@&77>) can let it go on"),
        "{}",
        text(&mine)
    );
    assert_eq!(labels(&mine), ["Cancel"]);
    assert_eq!(labels(&operators), ["Resume everything", "Cancel"]);
    assert_eq!(world.told(world.presses("admin", &operators, "Resume everything")).await, "▶️ Tasks are started again.");
}

#[tokio::test]
async fn without_an_id_one_s_newest_open_task_is_meant_then_one_s_newest() {
    let world = World::new().await;
    assert_eq!(world.asks("stranger", "why", &[]).await, "There is no task of yours yet. `/task` gives one.");
    let older = world.task_of("stranger", "Older").await;
    let newer = world.task_of("stranger", "Newer").await;
    world.task_of("admin", "Another's").await;

    assert!(world.asks("stranger", "why", &[]).await.contains(newer.as_str()));
    world.queue.cancel(newer.clone(), "a test".to_owned(), String::new()).await.unwrap();
    assert!(world.asks("stranger", "why", &[]).await.contains(older.as_str()));
    world.queue.cancel(older, "a test".to_owned(), String::new()).await.unwrap();
    assert!(world.asks("stranger", "why", &[]).await.contains(newer.as_str()));
}

#[tokio::test]
async fn tasks_are_offered_to_why_as_to_the_other_commands() {
    let world = World::new().await;
    let (first, second) = (world.task_of("stranger", "First").await, world.task_of("stranger", "Second").await);
    let other = world.task_of("admin", "Third").await;

    let offered = async |who| {
        let all = world.offered(who, "why", &[("task", json!(""))]).await;
        all.into_iter().map(|(_, id)| id).collect::<Vec<_>>()
    };

    assert_eq!(offered("stranger").await, [second.to_string(), first.to_string()]);
    assert_eq!(offered("admin").await, [other.to_string(), second.to_string(), first.to_string()]);
}

#[tokio::test]
async fn any_message_about_a_task_tells_its_story() {
    let world = World::with(Given { slots: 1, ..Given::default() }).await;
    let task = world.running_task_of("stranger", "Count").await;
    let agent = world.task(&task).await.latest().unwrap().agent_id.clone();
    world.ends(&task, Outcome::Failed).await;
    let announced = world.says("task-queue", task.as_str()).await;
    let entry = world.says("results", task.as_str()).await;
    let stranger = world.discord.person("stranger");
    let names_it = stranger.say("#general", &format!("what about `x` and `{task}`?")).unwrap();
    let names_its_agent = stranger.say("#general", &format!("🤖 Agent: `{agent}`")).unwrap();
    let answers_it = stranger.reply("task-queue", announced.id, "hm?").unwrap();

    for message in [announced.id, entry.id, names_it, names_its_agent, answers_it] {
        let told = world.story("stranger", message).await;

        assert!(told.contains(&format!("[`{task}`](")) && told.contains("· **failed**\nIt failed <t:"), "{told}");
        assert!(told.contains("**What happened:**\n<t:") && told.contains(":f> accepted from stranger\n"), "{told}");
        assert!(told.contains("claimed for attempt 1") && told.contains("its agent was started"), "{told}");
    }
    assert!(world.story("operator", entry.id).await.starts_with("❌ You may not control somebody else's task"));
}

#[tokio::test]
async fn a_message_about_no_task_is_told_so_kindly_and_a_refused_one_too() {
    let world = World::new().await;
    let stranger = world.discord.person("stranger");
    let idle = stranger.say("#general", "lovely weather, `isn't it`?").unwrap();
    let refused = stranger.say("task-queue", "[model:nonsense] x").unwrap();
    let at = MessageRef { channel: world.channel("task-queue"), message: MessageId::new(refused.get()) };
    world.queue.refuse(at, "❌ Not run. Unknown model `nonsense`.".to_owned()).await.unwrap();
    let answer = world.says("task-queue", "Not run.").await;

    assert!(world.story("stranger", idle).await.starts_with("I know of no task that this message is about."));
    for message in [refused, answer.id] {
        assert!(world.story("stranger", message).await.starts_with("That message is no task: it was refused with ❌"));
    }
}
