//! Who may do what, in one table: every command, button, list, form, menu, reaction and message, and everybody who might try.

use std::time::Duration;

use discord_orchestrator::adapters::discord::{Sender, SenderConfig, Token};
use orchestrator_core::{
    domain::{
        component::{Press, Verb},
        id::{MessageId, RoleId, TaskId, UserId},
        task::MessageRef,
    },
    intake::admit::{Policy, WhoMay},
    ports::chat::Chat as _,
};
use orchestrator_sandbox::{Sandbox, Snowflake, Standing, WorldSeed};
use serde_json::{Value, json};

use super::{Given, SOON, World, custom_id, id, text};

/// Who tries. Each is a person of this name in the local Discord; the bot is none.
const WHO: [&str; 4] = ["admin", "operator", "member", "stranger"];

/// What comes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It is done, or answered with what is true.
    Obeyed,
    /// One has to be a submitter.
    Submitters,
    /// It is somebody else's, and that needs an operator.
    Others,
    /// That needs an operator whoever's it is.
    Operators,
}
use Fate::{Obeyed, Operators, Others, Submitters};

/// What is tried, on a task of the member's where it is on one.
#[derive(Clone, Copy, Debug)]
enum Act {
    Command(&'static str),
    /// With the member's task as its option.
    OnTask(&'static str),
    Menu(&'static str),
    Form,
    Press(Verb),
    Choose(Verb, &'static str),
}

/// The table: what is tried, and what comes of it for the administrator, an operator, the member whose task it is, and a stranger.
const TABLE: [(Act, [Fate; 4]); 35] = [
    (Act::Command("task"), [Obeyed, Obeyed, Obeyed, Submitters]),
    (Act::Form, [Obeyed, Obeyed, Obeyed, Submitters]),
    (Act::Menu("Run as task"), [Obeyed, Obeyed, Obeyed, Submitters]),
    (Act::Menu("Why did this happen?"), [Obeyed, Obeyed, Obeyed, Submitters]),
    (Act::Command("help"), [Obeyed, Obeyed, Obeyed, Obeyed]),
    (Act::Command("status"), [Obeyed, Obeyed, Obeyed, Submitters]),
    (Act::Command("queue"), [Obeyed, Obeyed, Obeyed, Submitters]),
    (Act::Command("cost"), [Obeyed, Obeyed, Obeyed, Submitters]),
    (Act::Command("why"), [Obeyed, Obeyed, Obeyed, Submitters]),
    (Act::Command("settings"), [Obeyed, Obeyed, Operators, Operators]),
    (Act::OnTask("status"), [Obeyed, Obeyed, Obeyed, Others]),
    (Act::OnTask("why"), [Obeyed, Obeyed, Obeyed, Others]),
    (Act::OnTask("logs"), [Obeyed, Obeyed, Obeyed, Others]),
    (Act::OnTask("cancel"), [Obeyed, Obeyed, Obeyed, Others]),
    (Act::OnTask("retry"), [Obeyed, Obeyed, Obeyed, Others]),
    (Act::Press(Verb::Cancel), [Obeyed, Obeyed, Obeyed, Others]),
    (Act::Press(Verb::Stop), [Obeyed, Obeyed, Obeyed, Others]),
    (Act::Press(Verb::LetRun), [Obeyed, Obeyed, Obeyed, Others]),
    (Act::Press(Verb::Retry), [Obeyed, Obeyed, Obeyed, Others]),
    (Act::Press(Verb::Release), [Obeyed, Obeyed, Obeyed, Others]),
    (Act::Press(Verb::Hasten), [Obeyed, Obeyed, Obeyed, Others]),
    (Act::Press(Verb::Raise), [Obeyed, Obeyed, Obeyed, Others]),
    (Act::Press(Verb::Accept), [Obeyed, Obeyed, Obeyed, Others]),
    (Act::Press(Verb::Permit), [Obeyed, Obeyed, Obeyed, Others]),
    (Act::Press(Verb::PermitAlways), [Obeyed, Obeyed, Obeyed, Others]),
    (Act::Press(Verb::Deny), [Obeyed, Obeyed, Obeyed, Others]),
    (Act::Press(Verb::Interrupt), [Obeyed, Obeyed, Obeyed, Others]),
    (Act::Press(Verb::Logs), [Obeyed, Obeyed, Obeyed, Others]),
    (Act::Press(Verb::Why), [Obeyed, Obeyed, Obeyed, Others]),
    (Act::Press(Verb::Resume), [Obeyed, Obeyed, Operators, Operators]),
    (Act::Choose(Verb::SetShown, "live"), [Obeyed, Obeyed, Operators, Operators]),
    (Act::Choose(Verb::SetShown, "silent"), [Obeyed, Obeyed, Operators, Operators]),
    (Act::Choose(Verb::SetThreads, "on"), [Obeyed, Obeyed, Operators, Operators]),
    (Act::Choose(Verb::SetThreads, "off"), [Obeyed, Obeyed, Operators, Operators]),
    (Act::Choose(Verb::SetThreads, "nonsense"), [Obeyed, Obeyed, Operators, Operators]),
];

/// Reactions on the member's task: put, and whether it was held before.
const REACTIONS: [(&str, [bool; 4]); 3] =
    [("🛑", [true, true, true, false]), ("🔁", [true, true, true, false]), ("⏸", [true, true, true, false])];

#[tokio::test]
async fn everybody_may_do_what_the_table_says_and_is_otherwise_told_what_he_needs() {
    let mut world = world().await;
    let operators = operators(&world.discord);
    for (act, fates) in TABLE {
        for (who, fate) in WHO.into_iter().zip(fates) {
            world.queue.pause("ann".to_owned(), false).await.unwrap();
            let task = world.task_for(act).await;
            let before = world.task(&task).await;

            let told = world.tries(who, act, &task).await;

            let words = match fate {
                Obeyed => {
                    assert!(!told.contains("You may not"), "{who}, {act:?}: {told}");
                    continue;
                }
                Submitters => {
                    "❌ You may not give tasks here: that is for people on the list of submitters. Ask an operator to add you.".to_owned()
                }
                Others => format!(
                    "❌ You may not control somebody else's task: that needs the role <@&{operators}> or a place on the list of operators."
                ),
                Operators => format!("❌ You may not do this: that needs the role <@&{operators}> or a place on the list of operators."),
            };
            assert_eq!(told, words, "{who}, {act:?}");
            let after = world.task(&task).await;
            assert_eq!((after.step, after.row.ended), (before.step, before.row.ended), "{who}, {act:?}: refused, and yet done");
            assert!(world.queue.closed().await.unwrap().is_some(), "{who}, {act:?}: resumed");
        }
    }
    world.reactions_count_only_from_whom_they_may().await;
    world.messages_are_tasks_only_of_whom_they_may_be().await;
    world.offers_hold_only_what_one_may_control().await;
    world.stop_bots().await;
}

/// A world in which submitters are listed, and operators have a role.
async fn world() -> World {
    let policy_of = |discord: &Sandbox| {
        let member = discord.user("member").expect("the member is there").id.get();
        Policy {
            submit: WhoMay { users: [UserId::new(member)].into(), ..WhoMay::default() },
            operate: WhoMay { roles: [RoleId::new(operators(discord).get())].into(), ..WhoMay::default() },
            ..Policy::default()
        }
    };
    let mut seed = WorldSeed::default();
    seed.people.push(("member".to_owned(), Standing::Stranger));
    seed.more_bots = vec!["another".to_owned()];
    World::with(Given { seed, policy_of: Some(policy_of), hears: true, ..Given::default() }).await
}

fn operators(discord: &Sandbox) -> Snowflake {
    let role = |world: &orchestrator_sandbox::World| world.guild().roles.values().find(|role| role.name == "operator").map(|role| role.id);
    discord.look(role).expect("the role is there")
}

impl World {
    /// A task of the member's in a state in which the act would have an effect, where that can be had without an agent.
    async fn task_for(&self, act: Act) -> TaskId {
        let task = self.task_of("member", "Count").await;
        match act {
            Act::OnTask("retry") | Act::Press(Verb::Retry) => {
                self.queue.cancel(task.clone(), "a test".to_owned(), String::new()).await.map(drop).unwrap();
            }
            Act::Press(Verb::Release) => self.queue.hold(task.clone(), "a test".to_owned()).await.unwrap(),
            _ => {}
        }
        task
    }

    /// Somebody tries something, and is told.
    async fn tries(&self, who: &str, act: Act, task: &TaskId) -> String {
        let person = self.discord.person(who);
        match act {
            Act::Command("task") => self.asks(who, "task", &[("text", json!("Count"))]).await,
            Act::Command(name) => self.asks(who, name, &[]).await,
            Act::OnTask(name) => self.asks(who, name, &[("task", json!(task.as_str()))]).await,
            Act::Menu(name) => {
                let message = person.say("#general", "Count").expect("it is said");
                self.told(person.message_command(message, name).expect("the local Discord takes it")).await
            }
            Act::Form => {
                let opened = self.uses(who, "task", &[]);
                match self.form_or_answer(opened).await {
                    Some(told) => told,
                    None => self.told(person.submit(opened, &[("text", "Count")]).expect("the local Discord takes it")).await,
                }
            }
            Act::Press(verb) => {
                let card = self.card_of(task, verb, 0).await;
                self.told(self.presses(who, &card, verb.word())).await
            }
            Act::Choose(verb, what) => {
                let press = Press::channel(verb, self.channel("general"));
                let option = json!({"value": what, "label": what});
                let body = json!({"content": "x", "components": [{"type": 1, "components": [
                    {"type": 3, "custom_id": press.to_string(), "placeholder": "list", "options": [option]}
                ]}]});
                let posted = self.sender.create_message(self.channel("general"), body).await.expect("it is posted");
                let seen = self.message(posted.message.to_string().parse().expect("a snowflake"));
                self.told(person.choose(seen.id, &custom_id(&seen, "list"), &[what]).expect("the local Discord takes it")).await
            }
        }
    }

    /// What was told instead of showing a form.
    async fn form_or_answer(&self, opened: Snowflake) -> Option<String> {
        use orchestrator_sandbox::world::interaction::Answer;
        let answered = |world: &orchestrator_sandbox::World| match world.interaction(opened)?.answer {
            Some(Answer::Modal(_)) => Some(true),
            Some(Answer::Message | Answer::Deferred { filled: true }) => Some(false),
            _ => None,
        };
        let is_form = self.discord.wait_for(answered, SOON).await.expect("it is answered");
        if is_form { None } else { Some(self.told(opened).await) }
    }

    /// The member's task with its message in the task channel.
    async fn announced_task(&self) -> (TaskId, MessageRef) {
        let task = self.task_of("member", "Count").await;
        let found = async {
            loop {
                if let Some(at) = self.task(&task).await.row.message {
                    return at;
                }
                tokio::task::yield_now().await;
            }
        };
        let at = tokio::time::timeout(SOON, found).await.expect("its message is posted");
        (task, at)
    }

    /// Everything that was said and done before has been dealt with when this has: the doorman takes one thing after another.
    async fn barrier(&self) {
        let said = self.discord.person("admin").say("task-queue", "a barrier").expect("it is said");
        let dealt_with = async {
            while self.queue.seen("message", said.to_string()).await.expect("the store answers").is_none() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(SOON, dealt_with).await.expect("the doorman takes it");
    }

    async fn reactions_count_only_from_whom_they_may(&self) {
        let another = self.another_bot();
        for (emoji, fates) in REACTIONS {
            for (who, obeyed) in WHO.map(Some).into_iter().chain([None]).zip(fates.into_iter().chain([false])) {
                let (task, at) = self.announced_task().await;
                if emoji == "🔁" {
                    self.queue.cancel(task.clone(), "a test".to_owned(), String::new()).await.unwrap();
                }
                let before = self.task(&task).await.word();

                match who {
                    Some(who) => self.discord.person(who).react(at.message.to_string().parse().unwrap(), emoji).expect("it is put"),
                    None => another.react(at, emoji).await.expect("it is put"),
                }
                self.barrier().await;

                let after = self.task(&task).await.word();
                assert_eq!(before != after, obeyed, "{emoji} of {who:?}: {before} → {after}");
            }
        }
    }

    async fn messages_are_tasks_only_of_whom_they_may_be(&self) {
        for (who, obeyed) in WHO.into_iter().zip([true, true, true, false]) {
            let said = self.discord.person(who).say("task-queue", "Count").expect("it is said");
            self.barrier().await;

            assert_eq!(self.queue.seen("message", said.to_string()).await.unwrap().is_some(), obeyed, "{who}");
            if !obeyed {
                let refused = |world: &orchestrator_sandbox::World| {
                    world
                        .messages_in("task-queue")
                        .find(|message| message.reply_to.is_some() && text(message).contains("Not run."))
                        .cloned()
                };
                let answer = self.discord.wait_for(refused, SOON).await.expect("it is refused visibly");
                assert_eq!(
                    text(&answer),
                    "❌ Not run. You may not give tasks here: that is for people on the list of submitters. Ask an operator to add you.",
                    "{who}"
                );
            }
        }
        let said = self.another_bot().create_message(self.channel("task-queue"), json!({"content": "Count"})).await.unwrap();
        self.barrier().await;
        assert!(self.queue.seen("message", said.message.to_string()).await.unwrap().is_none(), "a bot that is not listed");
        let at = MessageRef { channel: self.channel("task-queue"), message: MessageId::new(said.message.get()) };
        assert!(!self.queue.has_refused(at).await.unwrap(), "two bots that answer each other would never end");
    }

    async fn offers_hold_only_what_one_may_control(&self) {
        let task = id(self.uses("member", "task", &[("text", json!("Count"))]));
        self.barrier().await;
        for command in ["status", "why", "cancel", "logs", "retry"] {
            let offered = self.offered("stranger", command, &[("task", json!(""))]).await;
            assert!(offered.is_empty(), "{command}: {offered:?}");
        }
        for who in ["admin", "operator", "member"] {
            let offered = self.offered(who, "cancel", &[("task", json!(task.as_str()))]).await;
            assert!(offered.iter().any(|(_, value)| value == task.as_str()), "{who}: {offered:?}");
        }
    }

    /// A bot of somebody else's. It can neither use commands nor press anything: Discord gives that to people alone.
    fn another_bot(&self) -> Sender {
        let token = self.discord.user("another").expect("it is there").token;
        Sender::new(&SenderConfig::new(self.discord.base_url(), Token::new(&token))).expect("it is right")
    }
}

#[tokio::test]
async fn a_bot_can_t_use_what_discord_gives_to_people() {
    let mut world = world().await;
    let token = world.discord.user("another").expect("it is there").token;
    let body: Value = json!({"type": 2, "application_id": "1", "channel_id": "1", "data": {}});

    let client = reqwest::Client::builder().timeout(SOON).build().unwrap();
    let answer = client
        .post(format!("{}/api/v10/interactions", world.discord.base_url()))
        .header("authorization", format!("Bot {token}"))
        .json(&body)
        .send()
        .await
        .unwrap();

    let status = answer.status();
    world.stop_bots().await;
    assert!(matches!(status.as_u16(), 401 | 403), "{status}");
}
