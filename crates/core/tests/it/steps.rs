//! The short sentences that tests of the queue are made of.

use std::sync::Arc;

use orchestrator_core::{
    domain::{
        attempt::Outcome,
        id::{ChannelId, TaskId},
        outbound::{Address, Identity, Letter, LetterState, MarkState, Post},
        step::StepState,
    },
    ports::{
        memory::MemoryStore,
        rows::{AttemptRow, LetterRow, MarkRow},
    },
    queue::{Rules, outbound::Outgoing},
};

use crate::support::{
    Ask, World, id,
    recount::{self, Whole},
    report, rules,
};

impl World {
    /// A world over a store that runs each body twice.
    pub(crate) fn new() -> Self {
        Self::by(rules())
    }

    /// The same by other rules.
    pub(crate) fn by(rules: Rules) -> Self {
        Self::over(Arc::new(MemoryStore::rehearsing()), rules)
    }

    /// Puts tasks into the queue, one after another, and claims nothing: as if nobody had a slot free.
    pub(crate) async fn waiting(&self, asks: &[Ask]) {
        self.queue.pause("the test".to_owned(), false).await.expect("paused");
        for ask in asks {
            self.enqueue(ask).await;
        }
        self.queue.resume("the test".to_owned()).await.expect("resumed");
    }

    /// Claims one step and tells whose.
    pub(crate) async fn claim(&self) -> Option<AttemptRow> {
        self.queue.claim(1).await.expect("the store answers").pop()
    }

    /// Claims one step and tells the number of its task; 0: there was none.
    pub(crate) async fn claims(&self) -> u64 {
        self.claim().await.map_or(0, |attempt| attempt.task.as_str().parse().expect("a number"))
    }

    /// Ends an attempt.
    pub(crate) async fn ends(&self, attempt: &AttemptRow, outcome: Outcome) {
        self.queue.settle(attempt.id, attempt.fence, report(outcome, Some(1_000))).await.expect("settled");
    }

    /// Runs whatever can be claimed, to its end, and tells in which order.
    pub(crate) async fn drain(&self) -> Vec<u64> {
        let mut order = vec![];
        while let Some(attempt) = self.claim().await {
            order.push(attempt.task.as_str().parse().expect("a number"));
            self.ends(&attempt, Outcome::Succeeded).await;
        }
        order
    }

    /// Everything about one task.
    pub(crate) async fn whole(&self, task: u64) -> Whole {
        let all = recount::everything(&self.store).await;
        all.into_iter().find(|whole| whole.row.task.id == id(task)).expect("the task is known")
    }

    pub(crate) async fn state(&self, task: u64) -> StepState {
        self.whole(task).await.step.state
    }

    pub(crate) async fn live(&self, task: u64) -> AttemptRow {
        self.whole(task).await.live().cloned().expect("the task runs")
    }

    pub(crate) async fn mark(&self, message: u64, emoji: &'static str) -> Option<MarkRow> {
        let message = crate::support::message(message).message;
        recount::look(&self.store, move |look| look.mark_on(message, emoji)).await
    }

    /// The state of the mark with this emoji on this message.
    pub(crate) async fn sign(&self, message: u64, emoji: &'static str) -> Option<MarkState> {
        self.mark(message, emoji).await.map(|mark| mark.state)
    }

    /// Texts to the operator.
    pub(crate) async fn told_the_operator(&self) -> Vec<LetterRow> {
        let to = self.queue.rules().routes.operator;
        recount::look(&self.store, move |look| look.waiting_letters(to, 1_000)).await
    }

    /// Texts of the replies that wait for a channel.
    pub(crate) async fn replies(&self, channel: u64) -> Vec<String> {
        let to = Address { channel: ChannelId::new(channel), identity: Identity::Orchestrator };
        let letters = recount::look(&self.store, move |look| look.waiting_letters(to, 10_000)).await;
        let text = |row: LetterRow| if let Letter::Reply { text, .. } = row.letter { Some(text) } else { None };
        letters.into_iter().filter_map(text).collect()
    }

    /// Delivers what waits for #results; tells what was said, as facts.
    pub(crate) async fn deliver_result(&self, as_message: u64) -> orchestrator_core::domain::outbound::ResultFacts {
        let to = self.queue.rules().routes.results;
        let Outgoing::Letters(letters) = self.queue.outgoing(to, 1, 1).await.expect("the store answers") else { panic!("no result waits") };
        let (row, facts) = &letters[0];
        assert_eq!(row.state, LetterState::Waiting);
        let parcel = self.queue.pack(to, vec![row.id], Post::default()).await.expect("packed").expect("still waiting");
        self.queue.delivered(parcel.id, crate::support::message(as_message)).await.expect("delivered");
        *facts.clone().expect("a result has facts")
    }

    /// Whether the scheduler's bell was rung since it was last listened to.
    pub(crate) async fn work_bell_rang(&self) -> bool {
        let now = std::time::Duration::from_millis(0);
        tokio::time::timeout(now, self.queue.bells().work.notified()).await.is_ok()
    }

    pub(crate) async fn holds(&self) {
        recount::holds(&self.store, &self.queue.rules().instance).await;
    }
}

/// The task's id, for the verbs.
pub(crate) fn of(task: u64) -> TaskId {
    id(task)
}
