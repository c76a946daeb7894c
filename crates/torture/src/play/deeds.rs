//! What people do: tasks by every door, and changes of mind.

use std::time::{Duration, Instant};

use orchestrator_sandbox::Snowflake;
use serde_json::{Value, json};

use super::{Player, now_nanos};
use crate::{
    agents::{Agent, label},
    fate::{Fate, Taken},
    script::{Door, Sign, Verb, Who},
    task::{Tag, TaskNumber},
    world::{LOOK, World},
};

/// How long somebody waits for the commands to appear before he gives up using one.
const COMMANDS: Duration = Duration::from_secs(3);

/// The exit codes of a command that was heard and refused. Source: `orchestrator --help`.
const REFUSED: [i32; 2] = [7, 9];

impl Player<'_> {
    pub(super) async fn submit(&mut self, mut fate: Fate) {
        // In front, because the first tag of a kind counts.
        let text = format!("{}{}", fate.wish.tag(), fate.versions[0].text(fate.number, 0));
        let wanted = if fate.by == Who::Stranger || !fate.wish.can_be_granted() { Taken::Never } else { Taken::Must };
        match fate.door {
            Door::Message => {
                let Ok(message) = self.world.sandbox.person(fate.by.name()).say("task-queue", &text) else { return };
                fate.id = Some(message.to_string());
                fate.message = Some(message);
                fate.taken = wanted;
            }
            Door::Slash => {
                let Some(interaction) = self.use_command(fate.by, &text).await else { return self.count("tasks: no slash command yet") };
                self.last_command = Some(Instant::now());
                fate.id = Some(interaction.to_string());
                // Whether it was accepted is told by the answer.
                fate.taken = if wanted == Taken::Must { Taken::May } else { Taken::Never };
            }
            Door::Cli => {
                let said = self.command(&["submit", &text]).await;
                let id = said.out.lines().next().map(str::trim).filter(|id| !id.is_empty());
                fate.id = id.map(str::to_owned);
                fate.message = id.and_then(|id| id.parse().ok());
                fate.taken = match (wanted, said.code) {
                    (Taken::Never, _) => Taken::Never,
                    (_, 0) => Taken::Must,
                    (_, _) => Taken::May,
                };
            }
        }
        fate.may_end.extend(self.snared.iter().copied());
        self.count(&format!("tasks by {:?}", fate.door));
        self.count(&format!("agents: {:?}", fate.versions[0].deed));
        self.fates.insert(fate.number, fate);
    }

    async fn use_command(&self, by: Who, text: &str) -> Option<Snowflake> {
        let until = tokio::time::Instant::now() + COMMANDS;
        let options = json!([{"name": "text", "type": 3, "value": text}]);
        while self.world.runs() {
            match self.world.sandbox.person(by.name()).command("general", "task", &options) {
                Ok(interaction) => return Some(interaction),
                Err(_) if tokio::time::Instant::now() > until => return None,
                Err(_) => tokio::time::sleep(LOOK).await,
            }
        }
        None
    }

    /// Whether an interaction was answered with the word that its task is queued.
    pub(super) fn was_queued(&self, interaction: &str) -> bool {
        let Ok(id) = interaction.parse::<Snowflake>() else { return false };
        self.world.sandbox.look(|world| {
            let Some(asked) = world.interaction(id) else { return false };
            asked
                .original
                .and_then(|original| world.message(asked.channel, original))
                .is_some_and(|answer| answer.content.contains("Queued as"))
        })
    }

    pub(super) fn edit(&mut self, task: TaskNumber, agent: Option<Agent>) {
        let Some(fate) = self.fates.get_mut(&task).filter(|fate| fate.door == Door::Message && !fate.deleted) else { return };
        let Some(message) = fate.message else { return };
        let text = agent.map_or_else(|| format!("nonsense [model:chaep] {task}"), |agent| agent.text(task, fate.versions.len()));
        if self.world.sandbox.person(fate.by.name()).edit(message, &text).is_err() {
            return;
        }
        match agent {
            Some(agent) => fate.versions.push(agent),
            None => drop(fate.may_end.insert(Tag::Cancelled)),
        }
        fate.taken = match (fate.taken, agent) {
            (Taken::Must, Some(_)) => Taken::Must,
            (Taken::Never, _) if fate.by == Who::Stranger => Taken::Never,
            // A refused message that is edited is heard anew, if somebody hears it.
            (Taken::Never, None) => Taken::Never,
            (Taken::Never | Taken::May, _) | (Taken::Must, None) => Taken::May,
        };
        self.count("edits");
    }

    pub(super) fn delete(&mut self, task: TaskNumber) {
        let Some(fate) = self.fates.get_mut(&task).filter(|fate| fate.door == Door::Message && !fate.deleted) else { return };
        let Some(message) = fate.message else { return };
        if self.world.sandbox.person(fate.by.name()).delete(message).is_ok() {
            fate.deleted = true;
            fate.may_end.insert(Tag::Cancelled);
            if fate.taken == Taken::Must {
                fate.taken = Taken::May;
            }
            self.count("deletions");
        }
    }

    /// The message that shows a task: its own, or the one by which the bot has announced it.
    fn message_of(&self, fate: &Fate) -> Option<Snowflake> {
        if fate.message.is_some() || fate.door != Door::Slash {
            return fate.message.filter(|_| !fate.deleted);
        }
        let id = fate.id.clone()?;
        let bot = self.world.sandbox.user(&World::bot())?.id;
        self.world.sandbox.look(|world| {
            world.messages_in("task-queue").find(|message| message.author == bot && message.content.contains(&id)).map(|message| message.id)
        })
    }

    pub(super) fn react(&mut self, task: TaskNumber, by: Who, sign: Sign) {
        let Some(message) = self.fates.get(&task).and_then(|fate| self.message_of(fate)) else { return };
        let person = self.world.sandbox.person(by.name());
        let done = match sign {
            Sign::Cancel => person.react(message, "🛑"),
            Sign::Again => person.react(message, "🔁"),
            Sign::Hold => person.react(message, "⏸"),
            Sign::Release => person.unreact(message, "⏸"),
            Sign::OwnTick => person.react(message, "✅").and_then(|()| person.unreact(message, "✅")),
            Sign::TakeTick => match self.world.sandbox.user(&World::bot()) {
                Some(bot) => self.world.sandbox.person("admin").take_reaction(message, "✅", bot.id),
                None => return,
            },
        };
        if done.is_err() {
            return;
        }
        self.count(&format!("reactions: {sign:?}"));
        let Some(fate) = self.fates.get_mut(&task) else { return };
        let may = by == Who::Admin || (by == fate.by && by == Who::Operator && fate.door != Door::Cli);
        match sign {
            Sign::Cancel if may => drop(fate.may_end.insert(Tag::Cancelled)),
            Sign::Again if may => fate.retries += 1,
            Sign::TakeTick => fate.tick_taken = true,
            Sign::Cancel | Sign::Again | Sign::Hold | Sign::Release | Sign::OwnTick => {}
        }
    }

    pub(super) async fn control(&mut self, task: TaskNumber, verb: Verb) {
        let Some(id) = self.fates.get(&task).and_then(|fate| fate.id.clone()) else { return };
        let said = self.command(&[verb.command(&id), vec!["--json"]].concat()).await;
        self.count(&format!("commands: {verb:?}"));
        let at = now_nanos();
        let Some(fate) = self.fates.get_mut(&task).filter(|_| !REFUSED.contains(&said.code)) else { return };
        match verb {
            Verb::Cancel => {
                fate.may_end.insert(Tag::Cancelled);
                if said.code == 0 {
                    let told: Value = serde_json::from_str(&said.out).unwrap_or_default();
                    let waited = told.to_string().contains("will not run");
                    fate.cancelled = Some((at, waited));
                    self.count("cancellations confirmed");
                }
            }
            Verb::Retry => fate.retries += 1,
            Verb::Permit => fate.permitted = true,
            Verb::Hold | Verb::Release | Verb::Hasten | Verb::Deny => {}
        }
    }

    /// Finds the ids of tasks whose submission told none: by their label in the message that stands.
    pub(super) fn find_ids(&mut self) {
        for fate in self.fates.values_mut().filter(|fate| fate.id.is_none()) {
            let label = label(fate.number, 0);
            let found = self
                .world
                .sandbox
                .look(|world| world.messages_in("task-queue").find(|message| message.content.contains(&label)).map(|message| message.id));
            fate.id = found.map(|id| id.to_string());
            fate.message = found;
        }
        let answered: Vec<TaskNumber> = self
            .fates
            .values()
            .filter(|fate| fate.door == Door::Slash && fate.taken == Taken::May)
            .filter(|fate| fate.id.as_deref().is_some_and(|id| self.was_queued(id)))
            .map(|fate| fate.number)
            .collect();
        for number in answered {
            if let Some(fate) = self.fates.get_mut(&number) {
                fate.taken = Taken::Must;
            }
        }
    }
}
