//! One gateway session: serenity's shard runner, stopped at a door each time that it wants to connect again.
//!
//! serenity resumes without a pause and without telling anybody; a gateway that closes each connection at once would be stormed. It reads the
//! gateway's address from behind a lock first, so whoever holds that lock has the key to the door: [`Session`] holds it while the runner
//! sleeps, and when it can't take it back after letting go for an instant, the runner is standing at the door. (A connection that is made,
//! used and lost within one poll is not seen. A storm can't consist of such: making a connection waits for the network.)

use std::{
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use serenity::gateway::ShardRunner;
use tokio::{
    sync::{Mutex, OwnedMutexGuard},
    time::{Instant, sleep},
};

use super::{health::Pulse, patience::Patience};

/// So many connections may follow each other without a pause; what comes after a calm time counts anew.
const FREE_PASSES: u32 = 2;

type Run = Pin<Box<dyn Future<Output = Result<(), serenity::Error>> + Send>>;

/// A running shard.
pub(super) struct Session {
    run: Run,
    address: Arc<Mutex<String>>,
    key: Option<OwnedMutexGuard<String>>,
    pulse: Arc<Pulse>,
}

enum Step {
    /// It is about to connect again, and does so when it is polled next.
    AtTheDoor,
    Ended(Result<(), serenity::Error>),
}

impl Session {
    /// A session over a connection that was made with this address.
    pub(super) fn new(mut runner: ShardRunner, address: Arc<Mutex<String>>, pulse: Arc<Pulse>) -> Self {
        Self { run: Box::pin(async move { Box::pin(runner.run()).await }), address, key: None, pulse }
    }

    /// Runs until the session is over, pausing between connections that fail in a row.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropping it drops the connection.
    pub(super) async fn live(mut self, patience: Patience) -> Result<(), serenity::Error> {
        let (mut passes, mut last_pass) = (0, Instant::now());
        loop {
            match poll_fn(|cx| self.step(cx)).await {
                Step::Ended(outcome) => return outcome,
                Step::AtTheDoor if self.pulse.is_closing() => return Ok(()),
                Step::AtTheDoor => {
                    passes = if last_pass.elapsed() >= patience.calm { 1 } else { passes + 1 };
                    last_pass = Instant::now();
                    if let Some(retry) = u32::checked_sub(passes, FREE_PASSES).filter(|retry| *retry > 0) {
                        let pause = patience.delays.before(retry);
                        tracing::warn!(passes, pause_ms = pause.as_millis(), "the gateway ends each connection; the next one waits");
                        self.pulse.hold(true);
                        sleep(pause).await;
                        self.pulse.hold(false);
                    }
                    self.pulse.connects();
                }
            }
        }
    }

    fn step(&mut self, cx: &mut Context<'_>) -> Poll<Step> {
        self.pulse.poll_begins();
        let polled = self.run.as_mut().poll(cx);
        self.pulse.poll_ends();
        if let Poll::Ready(outcome) = polled {
            return Poll::Ready(Step::Ended(outcome));
        }
        // Whoever waits for a lock is next when it is let go: then it can't be taken back.
        let had_key = self.key.take().is_some();
        self.key = Arc::clone(&self.address).try_lock_owned().ok();
        if had_key && self.key.is_none() { Poll::Ready(Step::AtTheDoor) } else { Poll::Pending }
    }
}
