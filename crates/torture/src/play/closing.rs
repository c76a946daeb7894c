//! The end of a history: peace, everything settled, one more task, a stop.

use std::{collections::BTreeSet, time::Duration};

use orchestrator_sandbox::world::message::Message;
use serde_json::Value;

use super::{Player, fired};
use crate::{
    agents::{Agent, Deed},
    evidence::Evidence,
    fate::{Fate, Taken},
    judge::Law,
    script::{Door, Who, Wish},
    store::Reader,
    world::{LOOK, World},
};

/// How long processes may take to be gone after the last stop.
const LEAVING: Duration = Duration::from_secs(15);

/// How long after a slash command its task may still be accepted: Discord waits three seconds for an answer. Source: Discord developer
/// documentation, "Receiving and Responding".
const ANSWERED_WITHIN: Duration = Duration::from_secs(4);

/// How long reading back may take, tries that fail included.
const READ_BACK: Duration = Duration::from_secs(10);

/// How often the service is stopped for good.
const STOPS: u32 = 3;

/// Between looks for tasks that wait for somebody.
const HELD: Duration = Duration::from_millis(600);

impl Player<'_> {
    /// Ends the history so that everything that was promised must have been kept.
    pub(super) async fn close(&mut self) {
        self.tell("peace");
        self.calm();
        self.clock(0);
        self.reap().await;
        if self.trapped {
            // A trap that has not sprung yet would spring in peace.
            self.stop(None).await;
        }
        if !self.begin_again().await {
            return;
        }
        if self.panicked && self.command(&["resume"]).await.code != 0 {
            self.broken(Law::Ends, "`resume` failed".to_owned());
        }
        self.world.once_ended(self.manner.patience).await;
        self.await_commands().await;
        self.await_refusals().await;
        self.await_rest().await;
        let last = self.fates.keys().next_back().map_or(0, |last| last + 1);
        self.tell("the last task");
        self.submit(Fate::new(last, Door::Message, Who::Admin, Agent { deed: Deed::Succeed, ms: 0 }, Wish::None)).await;
        for stops in 1..=STOPS {
            self.await_rest().await;
            let listed = self.command(&["list", "--json", "--limit", "500"]).await;
            self.listed = serde_json::from_str::<Value>(&listed.out).ok();
            self.stop(None).await;
            // What was put on a message while nobody could read back is heard late: as the last thing before the stop, maybe.
            let rests = Reader::open(&self.world.store_path()).and_then(|reader| reader.unrest()).is_ok_and(|unrest| unrest.is_over());
            if rests || stops == STOPS || !self.begin_again().await {
                break;
            }
        }
        let until = tokio::time::Instant::now() + LEAVING;
        while !self.world.processes().is_empty() && tokio::time::Instant::now() < until {
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Starts the service, if it does not run; it has to stay.
    async fn begin_again(&mut self) -> bool {
        for _ in 0..3 {
            self.start(None).await;
            if self.world.online(self.manner.patience).await {
                return true;
            }
            if self.world.runs() {
                break;
            }
            self.reap().await;
        }
        self.broken(Law::Ends, "the service did not come online".to_owned());
        false
    }

    /// Waits until no slash command can become a task any more.
    async fn await_commands(&mut self) {
        while self.last_command.is_some_and(|used| used.elapsed() < ANSWERED_WITHIN) {
            self.find_ids();
            if !self.fates.values().any(|fate| fate.door == Door::Slash && fate.taken == Taken::May) {
                return;
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Gives the service some time to find the messages that it has to refuse: nobody can ask whether it has read everything back.
    async fn await_refusals(&mut self) {
        let until = tokio::time::Instant::now() + READ_BACK;
        let Some(bot) = self.world.sandbox.user(&World::bot()).map(|bot| bot.id) else { return };
        while tokio::time::Instant::now() < until {
            self.find_ids();
            let refused = |fate: &&Fate| fate.door == Door::Message && fate.taken == Taken::Never;
            let waits = self.fates.values().filter(refused).filter_map(|fate| fate.message).any(|id| {
                let unseen = |there: &Message| there.id == id && !there.reactions.iter().any(|sign| sign.users.contains(&bot));
                self.world.sandbox.look(|world| world.messages_in("task-queue").any(unseen))
            });
            if !waits {
                return;
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Waits until every task that was accepted is settled and delivered.
    async fn await_rest(&mut self) {
        let until = tokio::time::Instant::now() + self.manner.patience;
        let path = self.world.store_path();
        let (mut reader, mut look_for_held) = (None, tokio::time::Instant::now());
        loop {
            if reader.is_none() {
                reader = Reader::open(&path).ok();
            }
            self.find_ids();
            // What is known first: a task that comes between two looks must be seen as one that has not ended.
            let looked = reader.as_ref().map(|reader| (reader.known(), reader.held(), reader.out_of_quota(), reader.unrest()));
            let Some((Ok(known), Ok(held), Ok(out_of_quota), Ok(unrest))) = looked else {
                if tokio::time::Instant::now() > until {
                    return self.broken(Law::World, "the store can't be read".to_owned());
                }
                tokio::time::sleep(LOOK).await;
                continue;
            };
            if !(held.is_empty() && out_of_quota.is_empty()) && tokio::time::Instant::now() > look_for_held {
                for id in held {
                    self.command(&["release", &id]).await;
                }
                match out_of_quota.as_slice() {
                    [] => {}
                    [id] => drop(self.command(&["hasten", id]).await),
                    _ => drop(self.command(&["quotas", "back", "scarce"]).await),
                }
                look_for_held = tokio::time::Instant::now() + HELD;
            }
            let known: BTreeSet<String> = known.into_iter().collect();
            let lost: Vec<String> = self.lost(&known);
            if unrest.is_over() && lost.is_empty() {
                return;
            }
            if tokio::time::Instant::now() > until {
                return self
                    .broken(Law::Lost, format!("not at rest after {} s: {unrest:?}, not known: {lost:?}", self.manner.patience.as_secs()));
            }
            if !self.world.runs() {
                // Whether it may have ended is judged by how it did.
                self.reap().await;
                if !self.begin_again().await {
                    return;
                }
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Tasks that were accepted and are not known.
    fn lost(&self, known: &BTreeSet<String>) -> Vec<String> {
        let must = self.fates.values().filter(|fate| fate.taken == Taken::Must);
        must.filter(|fate| fate.id.as_ref().is_none_or(|id| !known.contains(id))).map(Fate::name).collect()
    }

    /// Everything that the judges look at.
    pub(super) fn evidence(&mut self) -> Evidence {
        self.find_ids();
        for (name, fired) in std::mem::take(&mut self.boundaries) {
            let fired = super::fired(&fired);
            if fired > 0 {
                *self.counts.entry(name).or_default() += fired;
            }
        }
        let stops = self.stops + fired(&self.struck);
        Evidence::collect(
            &self.world,
            crate::evidence::Course {
                settings: self.script.settings.clone(),
                fates: self.fates.values().cloned().collect(),
                stops,
                clock_moved: self.clock_moved,
                said: self.said.clone(),
                last_exit: self.last_exit,
                listed: self.listed.clone(),
            },
        )
    }

    /// Counts what has come of the tasks.
    pub(super) fn count_tasks(&mut self, evidence: &Evidence) {
        let mut add = |name: String, number: usize| *self.counts.entry(name).or_default() += number as u64;
        add("tasks".to_owned(), evidence.course.fates.len());
        add("tasks accepted".to_owned(), evidence.store.tasks.len());
        add("runs".to_owned(), evidence.runs.len());
        add("attempts".to_owned(), evidence.store.attempts.iter().filter(|attempt| attempt.state == "ended").count());
        add("launches given back".to_owned(), evidence.store.attempts.iter().filter(|attempt| attempt.state == "void").count());
        for entry in &evidence.entries {
            add(format!("entries: {}", entry.tag.text()), 1);
        }
    }
}
