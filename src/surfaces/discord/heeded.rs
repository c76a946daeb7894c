//! Which reactions were obeyed a moment ago: what a gateway tells of them twice, or again with a RESUME, asks for nothing more.
//!
//! A reaction that stands can't be put again, so a second telling of one that nobody took away is the same one.

use std::{collections::BTreeMap, time::Duration};

use orchestrator_core::domain::id::{MessageId, UserId};
use tokio::time::Instant;

/// So long after the last telling of a reaction another is taken for its echo: longer than a connection takes to be found dead and resumed.
/// The limit is there for removals that are told in bulk, which name no person.
const ECHO: Duration = Duration::from_secs(30);

/// The reactions that were obeyed lately and stand.
#[derive(Debug, Default)]
pub(super) struct Heeded(BTreeMap<(MessageId, UserId, String), Instant>);

impl Heeded {
    /// Whether this reaction was obeyed already and nobody took it away since. It is fresh again then.
    pub(super) fn is_echo(&mut self, on: MessageId, by: UserId, emoji: &str, now: Instant) -> bool {
        self.0.retain(|_, told| now.saturating_duration_since(*told) < ECHO);
        self.0.get_mut(&(on, by, emoji.to_owned())).map(|told| *told = now).is_some()
    }

    /// It was obeyed.
    pub(super) fn heed(&mut self, on: MessageId, by: UserId, emoji: &str, now: Instant) {
        self.0.insert((on, by, emoji.to_owned()), now);
    }

    /// It stands no longer: put again, it asks again.
    pub(super) fn taken_away(&mut self, on: MessageId, by: UserId, emoji: &str) {
        self.0.remove(&(on, by, emoji.to_owned()));
    }

    /// Something was not heard, perhaps that one was taken away.
    pub(super) fn forget(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_stands_is_heeded_once_until_it_is_taken_away_or_missed_or_long_past() {
        let mut heeded = Heeded::default();
        let (on, by, begun) = (MessageId::new(7), UserId::new(8), Instant::now());
        assert!(!heeded.is_echo(on, by, "🔁", begun));

        heeded.heed(on, by, "🔁", begun);
        assert!(heeded.is_echo(on, by, "🔁", begun + ECHO / 2));
        assert!(heeded.is_echo(on, by, "🔁", begun + ECHO), "each telling begins the time anew");
        assert!(!heeded.is_echo(on, by, "🛑", begun), "another sign");
        assert!(!heeded.is_echo(on, UserId::new(9), "🔁", begun), "another person's");
        assert!(!heeded.is_echo(MessageId::new(9), by, "🔁", begun), "on another message");
        assert!(!heeded.is_echo(on, by, "🔁", begun + ECHO * 2));

        heeded.heed(on, by, "🔁", begun);
        heeded.taken_away(on, by, "🔁");
        assert!(!heeded.is_echo(on, by, "🔁", begun));

        heeded.heed(on, by, "🔁", begun);
        heeded.forget();
        assert!(!heeded.is_echo(on, by, "🔁", begun));
    }
}
