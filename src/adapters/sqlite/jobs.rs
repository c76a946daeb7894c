//! What waits for a thread of the store: bodies with the way back to who asked.

use std::{
    any::Any,
    collections::VecDeque,
    panic::resume_unwind,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

use orchestrator_core::ports::store::{StoreError, Urgency};
use tokio::sync::oneshot;

/// What came of a body: its answer, or the panic that it ended in, which goes on where it was asked for.
pub(super) type Answer = Result<Result<(), StoreError>, Box<dyn Any + Send>>;

/// A body, and who waits for it.
pub(super) struct Job<B> {
    /// What is to be run.
    pub(super) body: B,
    asked: oneshot::Sender<Answer>,
}

impl<B> Job<B> {
    /// Tells who asked. Nobody listens any more if the question was dropped.
    pub(super) fn answer(self, answer: Answer) {
        let _nobody_listens = self.asked.send(answer);
    }
}

/// Jobs that wait, urgent ones before usual ones.
pub(super) struct Jobs<B> {
    waiting: Mutex<Waiting<B>>,
    came: Condvar,
}

struct Waiting<B> {
    urgent: VecDeque<Job<B>>,
    usual: VecDeque<Job<B>>,
    is_closed: bool,
}

impl<B> Jobs<B> {
    pub(super) fn new() -> Self {
        let waiting = Waiting { urgent: VecDeque::new(), usual: VecDeque::new(), is_closed: false };
        Self { waiting: Mutex::new(waiting), came: Condvar::new() }
    }

    /// Puts a body into the queue and waits for what comes of it.
    ///
    /// # Panics
    ///
    /// With the body's own panic.
    ///
    /// # Cancel safety
    ///
    /// Once polled, the body is run whether or not its answer is waited for.
    pub(super) async fn ask(&self, urgency: Urgency, body: B) -> Result<(), StoreError> {
        let answered = self.put(urgency, body)?;
        match answered.await {
            Ok(Ok(answer)) => answer,
            Ok(Err(panic)) => resume_unwind(panic),
            Err(_the_thread_is_gone) => Err(StoreError::Closed),
        }
    }

    fn put(&self, urgency: Urgency, body: B) -> Result<oneshot::Receiver<Answer>, StoreError> {
        let (asked, answered) = oneshot::channel();
        let mut waiting = self.lock();
        if waiting.is_closed {
            return Err(StoreError::Closed);
        }
        match urgency {
            Urgency::Urgent => waiting.urgent.push_back(Job { body, asked }),
            Urgency::Usual => waiting.usual.push_back(Job { body, asked }),
        }
        drop(waiting);
        self.came.notify_one();
        Ok(answered)
    }

    /// Waits until there are jobs and tells how many; `None` once the queue is closed and empty.
    pub(super) fn wait(&self) -> Option<usize> {
        let mut waiting = self.lock();
        loop {
            let many = waiting.urgent.len() + waiting.usual.len();
            if many > 0 {
                return Some(many);
            }
            if waiting.is_closed {
                return None;
            }
            waiting = self.came.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Takes the next job, if there is one.
    pub(super) fn take(&self) -> Option<Job<B>> {
        let mut waiting = self.lock();
        waiting.urgent.pop_front().or_else(|| waiting.usual.pop_front())
    }

    /// Takes no more jobs; those that wait are still run.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.came.notify_all();
    }

    /// To be held by a thread that serves the queue: if it ends, by a panic too, nobody goes on waiting for it.
    pub(super) fn served(&self) -> Served<'_, B> {
        Served(self)
    }

    fn lock(&self) -> MutexGuard<'_, Waiting<B>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes a queue at its end.
pub(super) struct Served<'q, B>(&'q Jobs<B>);

impl<B> Drop for Served<'_, B> {
    fn drop(&mut self) {
        self.0.close();
        // A thread that ended as it should has left none. To drop a job answers it: the store is closed.
        if thread::panicking() {
            while self.0.take().is_some() {}
        }
    }
}
