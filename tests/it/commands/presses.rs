//! Buttons: on messages that everybody sees, as old as may be, and on answers that one sees alone.

use std::time::Duration;

use orchestrator_core::{
    domain::{
        attempt::Outcome,
        component::{Button, Press, Row, Style, Verb},
        id::{MessageId, ParcelId, TaskId},
        journal::What,
        outbound::{Address, Identity, Post},
        step::{Blocked, StepState},
        task::{FollowUp, MessageRef},
    },
    ports::chat::Chat as _,
    queue::board::{Closed, Doing},
};
use orchestrator_sandbox::{
    Record, Snowflake,
    world::{interaction::Answer, message::Message},
};

use super::{Given, SOON, World, labels, text};

impl World {
    /// A message that everybody sees, with these buttons: as a card has them.
    async fn card(&self, presses: &[Press]) -> Message {
        let buttons = presses.iter().map(|press| Button::press(press.verb.word(), Style::Secondary, press.clone())).collect();
        let post = Post { content: "a card".to_owned(), rows: vec![Row::Buttons { buttons }], ..Post::default() };
        let to = Address { channel: self.channel("general"), identity: Identity::Orchestrator };
        let nonce = ParcelId(format!("card{}", self.discord.look(|world| world.messages_in("general").count())));
        let at = self.sender.post(to, &nonce, post.clone()).await.expect("it is posted");
        self.message(at.message.to_string().parse().expect("a snowflake"))
    }

    /// A card of one task, with one button.
    pub(super) async fn card_of(&self, task: &TaskId, verb: Verb, version: u32) -> Message {
        self.card(&[Press::task(verb, version, task)]).await
    }

    pub(super) fn message(&self, id: Snowflake) -> Message {
        let found = self.discord.look(|world| world.channels().find_map(|channel| world.message(channel.id, id)).cloned());
        found.expect("the message stands")
    }

    /// Waits until a press has changed the message that it was made on.
    pub(super) async fn changed(&self, by: Snowflake, before: &Message) -> Message {
        let changed = |world: &orchestrator_sandbox::World| {
            let interaction = world.interaction(by)?;
            let now = world.message(interaction.channel, before.id)?;
            (interaction.answer == Some(Answer::Update) && (&now.content, &now.components) != (&before.content, &before.components))
                .then(|| now.clone())
        };
        self.discord.wait_for(changed, SOON).await.expect("the message is changed")
    }

    async fn stops_asked(&self, task: &TaskId) -> Vec<String> {
        let events = self.queue.events(task.clone()).await.expect("the store answers");
        events.into_iter().filter_map(|event| if let What::StopAsked { by } = event.what { Some(by) } else { None }).collect()
    }
}

#[tokio::test]
async fn a_waiting_task_is_cancelled_at_once_and_a_second_press_explains() {
    let world = World::new().await;
    let task = world.task_of("stranger", "Count").await;
    let card = world.card_of(&task, Verb::Cancel, 0).await;

    let first = world.told(world.presses("stranger", &card, "cancel")).await;
    let second = world.answer(world.presses("stranger", &card, "cancel")).await;

    assert_eq!(first, format!("🛑 `{task}` waited and will not run."));
    assert!(
        second.content == "That button is of an earlier state of the task, so nothing was done. This is how it is now:"
            && text(&second).contains("· **cancelled**"),
        "{}",
        text(&second)
    );
    assert_eq!(labels(&second), ["Retry", "Logs", "Why?"]);
    assert_eq!(world.stops_asked(&task).await, ["stranger"]);
    assert_eq!(world.message(card.id).content, "a card", "what everybody sees is left alone");
}

#[tokio::test]
async fn a_running_task_is_stopped_only_after_a_second_question() {
    let world = World::with(Given { slots: 1, ..Given::default() }).await;
    let task = world.running_task_of("stranger", "Count").await;
    let card = world.card_of(&task, Verb::Cancel, 1).await;

    let question = world.answer(world.presses("stranger", &card, "cancel")).await;
    assert!(question.content.starts_with(&format!("`{task}` is running, started <t:")), "{}", question.content);
    assert_eq!(labels(&question), ["Stop it", "Let it run"]);
    assert!(world.stops_asked(&task).await.is_empty());

    let let_run = world.changed(world.presses("stranger", &question, "Let it run"), &question).await;
    assert_eq!(let_run.content, format!("▶️ `{task}` runs on."));
    assert!(let_run.components.is_empty(), "a question that is answered is asked no more");

    let again = world.answer(world.presses("stranger", &card, "cancel")).await;
    let stopped = world.changed(world.presses("stranger", &again, "Stop it"), &again).await;
    assert_eq!(stopped.content, format!("🛑 `{task}` runs; its agent is being stopped. Its entry in the results follows."));
    assert_eq!(world.stops_asked(&task).await, ["stranger"]);

    let once_more = world.told(world.presses("stranger", &card, "cancel")).await;
    assert_eq!(once_more, format!("🛑 `{task}` is being stopped already: stranger asked for it. Its entry in the results follows."));
    assert_eq!(world.stops_asked(&task).await, ["stranger"], "it is asked for once");
}

#[tokio::test]
async fn what_has_ended_is_run_again_what_is_held_is_released_and_what_is_delayed_is_tried_now() {
    let world = World::with(Given { slots: 1, ..Given::default() }).await;
    let ended = world.running_task_of("stranger", "Ended").await;
    world.ends(&ended, Outcome::Failed).await;
    let card = world.card_of(&ended, Verb::Retry, 1).await;
    // The only slot is free; what is run again is not claimed before somebody looks.
    assert_eq!(world.told(world.presses("stranger", &card, "retry")).await, format!("🔁 `{ended}` will run again."));
    assert!(text(&world.answer(world.presses("stranger", &card, "retry")).await).contains("**waiting for its turn**"));
    world.queue.cancel(ended, "a test".to_owned(), "a test".to_owned()).await.unwrap();

    let running = world.running_task_of("stranger", "Running").await;
    let held = world.task_of("stranger", "Held").await;
    world.queue.hold(held.clone(), "ann".to_owned()).await.unwrap();
    let card = world.card_of(&held, Verb::Release, 0).await;
    assert_eq!(world.told(world.presses("stranger", &card, "release")).await, format!("▶️ `{held}` takes its turn again."));
    assert_eq!(world.task(&held).await.doing(), Doing::Waiting);
    assert!(world.told(world.presses("stranger", &card, "release")).await.starts_with("That button is of an earlier state"));

    world.ends(&running, Outcome::Succeeded).await;
    world.queue.cancel(held, "a test".to_owned(), "a test".to_owned()).await.unwrap();
    let delayed = world.delayed_task_of("stranger").await;
    let card = world.card_of(&delayed, Verb::Hasten, 0).await;
    assert_eq!(world.told(world.presses("stranger", &card, "hasten")).await, format!("⏩ `{delayed}` is tried again now."));
    assert!(matches!(world.task(&delayed).await.step.state, StepState::Ready { .. }));
    let events = world.queue.events(delayed.clone()).await.unwrap();
    assert_eq!(events.last().map(|event| event.what.clone()), Some(What::Hastened { by: "stranger".to_owned() }));
    assert!(world.told(world.presses("stranger", &card, "hasten")).await.starts_with("That button is of an earlier state"));
}

impl World {
    /// A task whose launch the machine has refused: it is tried again later.
    pub(super) async fn delayed_task_of(&self, who: &str) -> TaskId {
        let task = self.task_of(who, "Delayed").await;
        let attempt = self.task(&task).await.latest().cloned().expect("it is claimed");
        self.queue.launch_failed(attempt.id, attempt.fence, "no memory".to_owned(), false).await.expect("the store answers");
        assert!(matches!(self.task(&task).await.doing(), Doing::Delayed { .. }));
        task
    }
}

#[tokio::test]
async fn one_that_is_asked_about_is_run_or_dropped_by_the_answers_below_it() {
    let world = World::new().await;
    for (label, told) in [("Run it", "🔁"), ("Drop it", "🛑")] {
        let task = world.asked_task().await;

        let detail = world.answer(world.uses("stranger", "status", &[("task", task.as_str().into())])).await;
        assert_eq!(labels(&detail), ["Run it", "Drop it", "Why?"]);
        let done = world.told(world.presses("stranger", &detail, label)).await;

        assert!(done.starts_with(told), "{done}");
        let view = world.task(&task).await;
        assert_eq!(view.row.ended.is_some(), label == "Drop it", "{label}");
    }
}

impl World {
    /// A task of the stranger's that is asked about because of its age.
    pub(super) async fn asked_task(&self) -> TaskId {
        let task = self.task_of("stranger", "Old").await;
        let mut task = self.task(&task).await.row.task;
        task.id = format!("old-{}", task.id).parse().expect("an id");
        let id = task.id.clone();
        let new = orchestrator_core::queue::enqueue::NewTask {
            key: id.to_string(),
            source: "cli",
            body_hash: String::new(),
            gates: Vec::new(),
            blocked: Some((Blocked::Approval, orchestrator_core::domain::outbound::Letter::Operator { text: "old".to_owned() })),
            task,
        };
        self.queue.enqueue(new).await.expect("the store answers");
        id
    }
}

#[tokio::test]
async fn a_button_of_an_earlier_attempt_does_nothing_and_shows_what_is_true() {
    let world = World::with(Given { slots: 1, ..Given::default() }).await;
    let task = world.running_task_of("stranger", "Count").await;

    for (verb, version) in [(Verb::Cancel, 0), (Verb::Stop, 0), (Verb::Retry, 0), (Verb::Release, 1), (Verb::Hasten, 1), (Verb::Retry, 1)] {
        let card = world.card_of(&task, verb, version).await;

        let told = world.answer(world.presses("stranger", &card, verb.word())).await;

        assert!(told.content.starts_with("That button is of an earlier state of the task"), "{verb:?}: {}", told.content);
        assert!(text(&told).contains("· **running**"), "{verb:?}: {}", text(&told));
        assert_eq!(labels(&told), ["Logs", "Cancel", "Why?"], "{verb:?}");
    }
    assert!(world.stops_asked(&task).await.is_empty());
}

#[tokio::test]
async fn the_log_and_the_reason_are_shown_by_a_button_of_any_age() {
    let world = World::with(Given { slots: 1, ..Given::default() }).await;
    let task = world.running_task_of("stranger", "Count").await;
    let card = world.card(&[Press::task(Verb::Logs, 7, &task), Press::task(Verb::Why, 0, &task)]).await;

    assert!(world.told(world.presses("stranger", &card, "logs")).await.starts_with(&format!("The log of `{task}`")));
    let why = world.told(world.presses("stranger", &card, "why")).await;
    assert!(why.contains("Its agent was started <t:"), "{why}");
}

#[tokio::test]
async fn everything_is_resumed_by_operators_alone() {
    let world = World::new().await;
    world.queue.pause("ann".to_owned(), false).await.unwrap();
    let resume = Press { verb: Verb::Resume, version: 0, subject: "everything".to_owned() };
    let card = world.card(&[resume]).await;

    assert_eq!(
        world.told(world.presses("stranger", &card, "resume")).await,
        "❌ You may not do this: that is for people on the list of operators. Ask an operator to add you."
    );
    assert_eq!(world.queue.closed().await.unwrap(), Some(Closed::Paused { by: "ann".to_owned() }));
    assert!(labels(&world.answer(world.uses("stranger", "status", &[])).await).is_empty(), "who may not is not offered it");
    let glance = world.answer(world.uses("admin", "status", &[])).await;
    assert_eq!(world.told(world.presses("admin", &glance, "Resume everything")).await, "▶️ Tasks are started again.");
    assert_eq!(world.queue.closed().await.unwrap(), None);
    assert_eq!(world.told(world.presses("admin", &card, "resume")).await, "▶️ Nothing is paused: tasks are started.");
}

#[tokio::test]
async fn a_running_task_is_interrupted_for_what_was_said_in_its_thread() {
    let world = World::with(Given { slots: 1, ..Given::default() }).await;
    let task = world.running_task_of("stranger", "Count").await;
    let card = world.card_of(&task, Verb::Interrupt, 1).await;
    assert!(
        world.told(world.presses("stranger", &card, "interrupt")).await.starts_with("That button is of an earlier state"),
        "nothing was said"
    );
    let by = world.task(&task).await.row.task.requester;
    let at = MessageRef { channel: world.channel("general"), message: MessageId::new(7) };
    let said = FollowUp { at, by, text: "and the words".to_owned(), attachments: Vec::new() };
    world.queue.follow_up(task.clone(), said).await.unwrap();

    let told = world.told(world.presses("stranger", &card, "interrupt")).await;

    assert_eq!(told, format!("⏩ `{task}` is interrupted and goes on at once with what was said in its thread."));
    world.ends(&task, Outcome::Cancelled).await;
    assert!(world.task(&task).await.row.ended.is_none(), "it goes on");
}

#[tokio::test]
async fn somebody_else_s_buttons_are_refused_to_the_presser_alone() {
    let world = World::new().await;
    let task = world.task_of("stranger", "Count").await;

    for verb in [Verb::Cancel, Verb::Stop, Verb::LetRun, Verb::Retry, Verb::Release, Verb::Hasten, Verb::Logs, Verb::Why] {
        let card = world.card_of(&task, verb, 0).await;
        let told = world.told(world.presses("operator", &card, verb.word())).await;
        assert!(told.starts_with("❌ You may not control somebody else's task"), "{verb:?}: {told}");
    }
    assert_eq!(world.task(&task).await.doing(), Doing::Waiting);
}

#[tokio::test]
async fn a_button_of_before_a_restart_is_obeyed_after_it() {
    let mut world = World::new().await;
    let task = world.task_of("stranger", "Count").await;
    let card = world.card_of(&task, Verb::Cancel, 0).await;
    world.stop_bots().await;
    world.start_bot().await;

    assert_eq!(world.told(world.presses("stranger", &card, "cancel")).await, format!("🛑 `{task}` waited and will not run."));
}

#[tokio::test]
async fn a_button_of_another_version_says_so_and_shows_its_task() {
    let world = World::new().await;
    let task = world.task_of("stranger", "Count").await;
    let body = |id: &str| serde_json::json!({"content": "old", "components": [{"type": 1, "components": [{"type": 2, "style": 1, "label": "Go", "custom_id": id}]}]});
    let post = async |id: String| {
        let posted = world.sender.create_message(world.channel("general"), body(&id)).await.unwrap();
        world.message(posted.message.to_string().parse().unwrap())
    };

    let (of_task, of_nothing) = (post(format!("o2.cancel.0.{task}")).await, post("o1.fly.0.nothing".to_owned()).await);

    let shown = world.answer(world.presses("stranger", &of_task, "Go")).await;
    assert_eq!(shown.content, "That button was made by another version of this program, so nothing was done. This is how it is now:");
    assert!(text(&shown).contains(task.as_str()) && labels(&shown) == ["Cancel", "Why?"], "{}", text(&shown));
    assert!(world.told(world.presses("operator", &of_task, "Go")).await.starts_with("❌ You may not control somebody else's task"));
    assert_eq!(
        world.told(world.presses("stranger", &of_nothing, "Go")).await,
        "That button was made by another version of this program and does nothing. `/status` and `/queue` show how things are."
    );
    assert_eq!(world.task(&task).await.doing(), Doing::Waiting);
}

#[tokio::test]
async fn a_slow_store_delays_what_a_press_does_but_not_its_acknowledgment() {
    let world = World::new().await;
    let task = world.task_of("stranger", "Count").await;
    let card = world.card_of(&task, Verb::Cancel, 0).await;
    world.store_takes(Duration::from_millis(3_300));

    assert_eq!(world.told(world.presses("stranger", &card, "cancel")).await, format!("🛑 `{task}` waited and will not run."));
}

#[tokio::test]
async fn presses_at_one_moment_have_one_effect() {
    let world = World::new().await;
    let task = world.task_of("stranger", "Count").await;
    let card = world.card_of(&task, Verb::Cancel, 0).await;

    let pressed: Vec<_> = (0..8).map(|_| world.presses("stranger", &card, "cancel")).collect();
    let mut obeyed = 0;
    for press in pressed {
        let told = world.told(press).await;
        obeyed += u32::from(told == format!("🛑 `{task}` waited and will not run."));
        assert!(told.contains("waited and will not run") || told.contains("**cancelled**"), "{told}");
    }

    assert_eq!(obeyed, 1);
    assert_eq!(world.stops_asked(&task).await, ["stranger"]);
}

#[tokio::test]
async fn a_press_that_is_told_twice_is_obeyed_once() {
    let mut world = World::new().await;
    // Two connections with one token: Discord tells both of everything.
    world.start_bot().await;
    let task = world.task_of("stranger", "Count").await;
    let card = world.card_of(&task, Verb::Cancel, 0).await;

    let pressed = world.presses("stranger", &card, "cancel");
    let told = world.told(pressed).await;
    let prefix = format!("/interactions/{pressed}/");
    let both = |log: &[Record]| {
        let tried = log.iter().filter(|record| record.request().is_some_and(|request| request.path.starts_with(&prefix)));
        (tried.count() == 2).then_some(())
    };
    world.discord.wait_for_log(both, SOON).await.expect("both have tried to acknowledge");
    world.stop_bots().await;

    assert_eq!(told, format!("🛑 `{task}` waited and will not run."));
    assert_eq!(world.stops_asked(&task).await, ["stranger"]);
}
