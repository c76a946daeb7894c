//! A backlog: finished tasks whose results, notices and last signs were never sent, as a night without Discord leaves them.

use std::sync::Arc;

use chrono::DateTime;
use discord_orchestrator::adapters::sqlite::{SqliteOptions, SqliteStore};
use orchestrator_core::{
    domain::{
        actor::Actor,
        attempt::{AttemptState, Outcome, Report},
        id::{AttemptId, ChannelId, InstanceId, LetterId, MarkId, MessageId, StepId, TaskId, UserId},
        lease::{Fence, Lease},
        outbound::{Address, Identity, Letter, LetterState, Mark, MarkState, Progress, Purpose},
        step::{StepState, Verdict},
        task::{MessageRef, Origin, Priority, Task, Thinking, Wishes},
    },
    ports::{
        rows::{AttemptRow, IntakeRow, LetterRow, MarkRow, Rows, StepRow, TaskRow},
        store::{Abort, Store as _, Urgency},
    },
};

use crate::world::World;

/// Which letters a finished task has left.
#[derive(Clone, Copy)]
pub(super) struct Left {
    /// Its result is this long.
    pub(super) result_chars: usize,
    /// Whether its start and end are still to be told, and its last sign to be put.
    pub(super) notices_and_sign: bool,
}

/// Opens the store of a bot that does not run.
fn open(world: &World) -> SqliteStore {
    let runtime = world.dir().join(".runtime");
    std::fs::create_dir_all(&runtime).expect("a folder");
    let now = DateTime::from_timestamp(1_763_700_000, 0).expect("a time");
    SqliteStore::open(&runtime.join("orchestrator.db"), &SqliteOptions::new(now, Arc::new(|reason| panic!("{reason}"))))
        .expect("the store opens")
}

/// Sets a small fact of the store of a bot that does not run.
pub(super) async fn put_fact(world: &World, name: &'static str, value: &str) {
    let (store, value) = (open(world), value.to_owned());
    store.write(Urgency::Usual, Box::new(move |rows| Ok(rows.put_fact(name, &value)?))).await.expect("it is written");
    store.close().await;
}

/// A small fact of the store of a bot that does not run.
pub(super) async fn fact(world: &World, name: &'static str) -> Option<String> {
    let store = open(world);
    let (told, seen) = tokio::sync::oneshot::channel();
    let mut told = Some(told);
    let read = store.read(Box::new(move |look| {
        let fact = look.fact(name)?;
        if let Some(told) = told.take() {
            // Whoever asked is there.
            let _ = told.send(fact);
        }
        Ok(())
    }));
    read.await.expect("the store answers");
    store.close().await;
    seen.await.expect("it was read")
}

/// So many finished tasks that nothing was said about, oldest first. With signs, each has its message in #task-queue.
pub(super) async fn backlog(world: &World, tasks: usize, left: Left) -> Vec<TaskId> {
    backlog_with_notices_in(world, tasks, left, "worker-pool").await
}

/// The same, with the notices to another channel.
pub(super) async fn backlog_with_notices_in(world: &World, tasks: usize, left: Left, pool: &str) -> Vec<TaskId> {
    let channel = |name: &str| ChannelId::new(world.sandbox.channel(name).expect("it is there").get());
    let (queue, results, pool) = (channel("task-queue"), channel("results"), channel(pool));
    let ids: Vec<TaskId> = (0..tasks)
        .map(|n| if left.notices_and_sign { world.say(&format!("task {n}")).to_string() } else { (1_000_000 + n).to_string() })
        .map(|id| id.parse().expect("an id"))
        .collect();
    // The time in the ids' own world: what is old would be asked about.
    let now = DateTime::from_timestamp(1_763_700_000, 0).expect("a time");
    let store = open(world);
    let seeded = ids.clone();
    let body = move |rows: &mut dyn Rows| -> Result<(), Abort> {
        for (n, id) in seeded.iter().enumerate() {
            let message =
                left.notices_and_sign.then(|| MessageRef { channel: queue, message: MessageId::new(id.as_str().parse().expect("digits")) });
            let attempt = AttemptId::from_parts(1_763_700_000_000 + n as u64, [7; 10]);
            let requester = Actor::Member { user: UserId::new(7), name: "ann".to_owned(), roles: vec![], bot: false, administrator: false };
            let wishes = Wishes {
                agent: "script".parse().expect("a name"),
                model: None,
                model_shown: None,
                thinking: Thinking::Medium,
                time_limit: std::time::Duration::from_secs(120),
                priority: Priority::DEFAULT,
                budget: None,
                attempts: 1,
                checks: Vec::new(),
                closer: None,
            };
            let origin = message.map_or(Origin::Asked { announce_in: None }, Origin::Message);
            let prompt = format!("Look after plant number {n}, which is thirsty, and say how it is");
            let task = Task { id: id.clone(), requester, prompt: prompt.clone(), wishes, origin, attachments: vec![], created_at: now };
            if message.is_some() {
                rows.insert_intake(&IntakeRow {
                    source: "message".to_owned(),
                    key: id.to_string(),
                    body_hash: String::new(),
                    task: id.clone(),
                })?;
            }
            rows.insert_task(&TaskRow { task, message, entry: None, ended: Some((now, Outcome::Succeeded)) })?;
            let step = rows.insert_step(&StepRow {
                id: StepId(0),
                task: id.clone(),
                lane: "user:7".to_owned(),
                state: StepState::Finished { at: now, verdict: Verdict::Done },
                priority: Priority::DEFAULT,
                gates: vec![],
                attempts: 1,
                attempts_allowed: 1,
                failed_launches: 0,
                fence: Fence(1),
                version: 0,
            })?;
            let agent_id = format!("agent-1763700000-{n:08x}");
            let report = Report { text: "x".repeat(left.result_chars), reason: None, ..Report::without_result(Outcome::Succeeded, "") };
            rows.insert_attempt(&AttemptRow {
                id: attempt,
                step,
                task: id.clone(),
                number: 1,
                fence: Fence(1),
                lease: Lease { instance: InstanceId("A".to_owned()), until: now },
                state: AttemptState::Ended { outcome: Outcome::Succeeded },
                agent_id: agent_id.clone(),
                agent: "script".parse().expect("a name"),
                slot: 1,
                stop: None,
                report: Some(report),
                claimed_at: now,
                ended_at: Some(now),
                workspace_removed: true,
            })?;
            let mut write = |to, letter: Letter| {
                let to = Address { channel: to, identity: Identity::Orchestrator };
                let row = LetterRow {
                    id: LetterId(0),
                    to,
                    class: letter.class(),
                    letter,
                    task: Some(id.clone()),
                    state: LetterState::Waiting,
                    written_at: now,
                };
                rows.insert_letter(&row)
            };
            if left.notices_and_sign {
                write(pool, Letter::Spawned { agent_id: agent_id.clone(), text: prompt })?;
                write(pool, Letter::Finished { agent_id, outcome: Outcome::Succeeded })?;
            }
            write(results, Letter::Result { attempt: Some(attempt), unrun: None })?;
            if let Some(on) = message {
                rows.insert_mark(&MarkRow {
                    id: MarkId(0),
                    mark: Mark { on, emoji: "🏁".to_owned(), task: Some(id.clone()), purpose: Purpose::End },
                    state: MarkState::Wanted,
                    progress: Progress { failures: 0, due_at: now, first_sent_at: None, last_error: None },
                })?;
            }
        }
        Ok(())
    };
    store.write(Urgency::Usual, Box::new(body)).await.expect("the backlog is written");
    store.close().await;
    ids
}
