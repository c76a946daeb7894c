//! Buttons and menus through the real program: on cards of running agents, and on what was posted before an upgrade.

use std::path::Path;

use orchestrator_sandbox::{
    Snowflake,
    world::{interaction::Answer, message::Message},
};
use serde_json::{Value, json};

use super::{
    PATIENCE, WAITS, buttons, cards, go, in_thread, journal, says, showing, stored, take_back_the_last_migrations, text, thread_says,
};
use crate::world::World;

/// Starts what outlives it unless it is ended: a child, and one in a session of its own.
const TREE: &str = "sleep 1000 & echo $! > $HOME/child; setsid sleep 1000 & echo $! > $HOME/stray; ";

impl World {
    fn presses(&self, on: &Message, label: &str) -> Snowflake {
        let known_by = buttons(on).into_iter().find(|(stands, _)| stands == label).unwrap_or_else(|| panic!("{label} is not on {on:?}")).1;
        self.sandbox.person("admin").press(on.id, &known_by).expect("the local Discord takes the press")
    }

    /// What the bot has answered, to the presser alone, once it has.
    async fn answer(&self, to: Snowflake) -> Message {
        let given = |world: &orchestrator_sandbox::World| {
            let interaction = world.interaction(to)?;
            let given = matches!(interaction.answer, Some(Answer::Message | Answer::Deferred { filled: true }));
            world.message(interaction.channel, interaction.original?).filter(|_| given).cloned()
        };
        let answer = self.sandbox.wait_for(given, PATIENCE).await;
        answer.unwrap_or_else(|_| panic!("no answer came: {:?}\n{}", self.sandbox.look(|world| world.interaction(to).cloned()), self.log()))
    }

    async fn answered(&self, to: Snowflake) -> String {
        let answer = self.answer(to).await;
        let boxes = answer.embeds.iter().filter_map(|embed| embed["description"].as_str());
        std::iter::once(answer.content.as_str()).chain(boxes).collect::<Vec<_>>().join("\n")
    }

    /// Waits until a press has changed the message that it was made on, and gives what stands there.
    async fn changed(&self, by: Snowflake) -> String {
        let changed = |world: &orchestrator_sandbox::World| {
            let interaction = world.interaction(by)?;
            let now = world.message(interaction.channel, interaction.original?)?;
            (interaction.answer == Some(Answer::Update) && now.components.is_empty()).then(|| now.content.clone())
        };
        self.sandbox.wait_for(changed, PATIENCE).await.expect("the message is changed")
    }

    fn process_lives(&self, name: &str) -> bool {
        Path::new(&format!("/proc/{}", self.text(name).trim())).exists()
    }

    /// A request with the bot's own token, as another version of the program would make it.
    async fn as_the_bot(&self, method: reqwest::Method, path: &str, body: &Value) {
        let token = format!("Bot {}", self.sandbox.user("orchestrator").expect("the bot").token);
        let url = format!("{}/api/v10{path}", self.sandbox.base_url());
        let client = reqwest::Client::builder().timeout(PATIENCE).build().expect("a client");
        let answer = client.request(method, url).header("authorization", token).json(body).send().await.expect("an answer");
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap_or_default());
    }

    async fn uses(&self, name: &str, options: &Value) -> Snowflake {
        self.sandbox.wait_until(|world| world.commands().count() > 0, PATIENCE).await.expect("the commands stand");
        self.sandbox.person("admin").command("general", name, options).expect("the command is taken")
    }

    async fn form(&self, opened: Snowflake) -> Value {
        let shown = |world: &orchestrator_sandbox::World| match world.interaction(opened)?.answer.clone()? {
            Answer::Modal(modal) => Some(modal),
            _ => None,
        };
        self.sandbox.wait_for(shown, PATIENCE).await.expect("a form is shown")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_agent_is_stopped_by_its_card_s_button_with_all_it_has_started_and_run_again_by_another() {
    let world = showing("state_changes", false).start().await;
    let task = world.say(&format!("[ -e $HOME/child ] || {{ {TREE} wait; }}; echo the second time > RESULT.txt"));
    world.until("all of it runs", |world| world.process_lives("child") && world.process_lives("stray")).await;
    let running = says(&world, task, "Running").await;

    let question = world.answer(world.presses(&running, "Cancel")).await;
    assert!(question.content.starts_with(&format!("`{task}` is running, started <t:")), "{}", question.content);
    assert!(world.process_lives("child"), "it is only asked about");
    let told = world.changed(world.presses(&question, "Stop it")).await;

    assert_eq!(told, format!("🛑 `{task}` runs; its agent is being stopped. Its entry in the results follows."));
    let stopped = says(&world, task, "🛑 **Cancelled**").await;
    assert!(text(&stopped).contains("**Why:** cancelled by admin"), "{}", text(&stopped));
    assert!(!world.process_lives("child") && !world.process_lives("stray"), "nothing of it is left when the card says so");
    world.until("its entry stands", |world| world.count_entries(task) == 1).await;
    assert_eq!(world.answered(world.presses(&stopped, "Retry")).await, format!("🔁 `{task}` will run again."));
    let done = says(&world, task, "**Done**").await;

    assert_eq!((done.id, cards(&world, task).len()), (running.id, 1), "one card");
    world.until("the second entry stands", |world| world.count_entries(task) == 2).await;
    assert_eq!(journal(&world, task).iter().filter(|what| what.contains("stop_asked")).count(), 1);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn buttons_and_forms_of_before_an_upgrade_are_obeyed_after_it() {
    let mut world = showing("state_changes", false).config("caps.max_concurrent", json!(1)).start().await;
    let running = world.say(&format!("{TREE} wait"));
    let running_card = says(&world, running, "Running").await;
    let waiting = world.say("echo never > RESULT.txt");
    let waiting_card = says(&world, waiting, "Waiting").await;
    let opened = world.uses("task", &json!([{"name": "timeout", "type": 3, "value": "10m"}])).await;
    world.form(opened).await;
    world.stop_bot();
    let newest = take_back_the_last_migrations(&world);

    world.start_bot();
    world.wait_until_online().await;
    assert_eq!(
        stored(&world, "SELECT CAST(user_version AS TEXT) FROM pragma_user_version"),
        [newest.to_string()],
        "it was brought up to date"
    );
    assert_eq!(world.answered(world.presses(&waiting_card, "Cancel")).await, format!("🛑 `{waiting}` waited and will not run."));
    let question = world.answer(world.presses(&running_card, "Cancel")).await;
    let stopping = world.changed(world.presses(&question, "Stop it")).await;
    let submitted = world.sandbox.person("admin").submit(opened, &[("text", "echo written before > RESULT.txt")]).expect("it is sent");

    assert!(stopping.contains("its agent is being stopped"), "{stopping}");
    for (task, card) in [(running, &running_card), (waiting, &waiting_card)] {
        assert_eq!(says(&world, task, "🛑 **Cancelled**").await.id, card.id, "the card of before tells it");
        world.entry(task).await;
    }
    assert!(!world.process_lives("stray"));
    assert!(world.answered(submitted).await.starts_with(&format!("📝 Queued as `{opened}`")));
    assert!(world.entry(opened).await.content.contains("written before"));
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn buttons_and_forms_of_another_version_explain_and_change_nothing() {
    let mut world = showing("state_changes", false).start().await;
    let task = world.say(WAITS);
    let card = says(&world, task, "Running").await;
    let page = |version| {
        json!({"components": [{"type": 1, "components": [
            {"type": 2, "style": 4, "label": "Cancel", "custom_id": format!("o{version}.cancel.1.{task}")},
        ]}]})
    };
    for version in [0, 2] {
        world.as_the_bot(reqwest::Method::PATCH, &format!("/channels/{}/messages/{}", card.channel, card.id), &page(version)).await;
        let old = world.sandbox.look(|world| world.message(card.channel, card.id).cloned()).expect("it stands");

        let told = world.answered(world.presses(&old, "Cancel")).await;

        assert!(told.starts_with("That button was made by another version of this program, so nothing was done."), "{told}");
        assert!(told.contains(&format!("`{task}`")) && told.contains("· **running**"), "{told}");
    }
    // Another version opens a form: ours hears of it only when it is sent.
    world.stop_bot();
    let opened = world.uses("task", &json!([])).await;
    let token = world.sandbox.look(|world| world.interaction(opened).map(|opened| opened.token.clone())).expect("it is there");
    let input = json!({"type": 4, "custom_id": "text", "style": 2, "label": "What is to be done?"});
    let form = json!({"type": 9, "data": {"custom_id": format!("task:2:{opened}:"), "title": "New task",
        "components": [{"type": 1, "components": [input]}]}});
    world.as_the_bot(reqwest::Method::POST, &format!("/interactions/{opened}/{token}/callback"), &form).await;
    world.start_bot();
    world.wait_until_online().await;

    let submitted = world.sandbox.person("admin").submit(opened, &[("text", "my long text")]).expect("it is sent");
    let answer = world.answer(submitted).await;

    assert!(answer.content.starts_with("That form is out of date, so nothing was run. `/task` opens a new one."), "{}", answer.content);
    assert_eq!(world.attached(&answer), [("task.txt".to_owned(), b"my long text".to_vec())], "the text goes back");
    go(&world);
    says(&world, task, "**Done**").await;
    assert!(!journal(&world, task).iter().any(|what| what.contains("stop_asked")));
    assert_eq!(stored(&world, "SELECT id FROM task"), [task.to_string()], "nothing was run");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn why_did_this_happen_is_told_of_whatever_a_task_has_left() {
    let world = showing("state_changes", true).start().await;
    let task = world.say("echo it is so > RESULT.txt; exit 0");
    let card = says(&world, task, "**Done**").await;
    let sheet = thread_says(&world, card.id, |message| message.embeds.len() == 1).await;
    let left = thread_says(&world, card.id, |message| message.content.contains("**Attempt 1** succeeded")).await;
    let entry = world.entry(task).await;
    let started = world.message("worker-pool", |message| message.content.contains("AGENT SPAWNED")).await;
    let ended = world.message("worker-pool", |message| message.content.contains("finished")).await;
    let admin = world.sandbox.person("admin");
    let ordinary = admin.say("general", &format!("is `{task}` done?")).expect("said");
    let idle = admin.say("general", "lovely weather").expect("said");
    assert_eq!(in_thread(&world, card.id).len(), 2);

    let why = async |message| {
        let asked = admin.message_command(message, "Why did this happen?").expect("the local Discord takes it");
        world.answered(asked).await
    };
    for (what, message) in [
        ("its own message", task),
        ("its card", card.id),
        ("its thread's sheet", sheet.id),
        ("what stands in its thread", left.id),
        ("its entry", entry.id),
        ("the notice of its start", started.id),
        ("the notice of its end", ended.id),
        ("somebody's ordinary message that names it", ordinary),
    ] {
        let told = why(message).await;
        assert!(told.contains(&format!("`{task}`")) && told.contains("· **done**\nIt succeeded"), "{what}: {told}");
        assert!(told.contains("**What happened:**") && told.contains("accepted from admin"), "{what}: {told}");
    }
    assert!(why(idle).await.starts_with("I know of no task that this message is about."));
    world.finish().await;
}
