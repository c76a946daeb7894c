//! Holds a running agent to its ceilings: what it says that it has used is set against what they have left, and at their end it is stopped.

use super::means::Means;
use crate::{
    domain::{
        ceiling::{NEARLY, Room, Scope},
        id::{AttemptId, TaskId},
        lease::Fence,
        money::Usd,
    },
    queue::QueueError,
};

/// One run and what has been told of its money.
pub(super) struct Meter<'m> {
    means: &'m Means,
    attempt: AttemptId,
    fence: Fence,
    task: &'m TaskId,
    /// What was last set against its ceilings.
    heeded: Usd,
    warned: bool,
    over: bool,
}

impl<'m> Meter<'m> {
    /// Of a run that has told nothing yet.
    pub(super) fn new(means: &'m Means, attempt: AttemptId, fence: Fence, task: &'m TaskId) -> Self {
        Self { means, attempt, fence, task, heeded: Usd::ZERO, warned: false, over: false }
    }

    /// The run has cost so much so far.
    pub(super) async fn reads(&mut self, cost: Usd) {
        if self.over || cost <= self.heeded {
            return;
        }
        let rooms = match self.means.queue.uses(self.task.clone(), self.attempt, self.fence, cost).await {
            Ok(rooms) => rooms,
            // It has ended meanwhile.
            Err(QueueError::Late) => return,
            // It is looked at again with its next look.
            Err(error) => return tracing::error!(%error, "task {}: what it may still cost could not be read: {error}", self.task),
        };
        self.heeded = cost;
        if let Some(room) = rooms.iter().find(|room| cost >= room.left()) {
            let stopped = self.means.queue.stop_over_budget(self.attempt, self.fence, over(room, cost)).await;
            match stopped {
                Ok(()) => self.over = true,
                Err(error) => {
                    self.heeded = Usd::ZERO;
                    tracing::error!(%error, "task {}: its ceiling is reached, and it could not be stopped: {error}", self.task);
                }
            }
            return;
        }
        let own = rooms.iter().find(|room| matches!(room.scope, Scope::Task(_)));
        if let Some(room) = own.filter(|room| !self.warned && is_near(room, cost)) {
            self.warned = true;
            if let Err(error) = self.means.queue.nearly_over_budget(self.task.clone(), used(room, cost)).await {
                tracing::error!(%error, "task {}: that its money runs out could not be told: {error}", self.task);
            }
        }
    }
}

fn is_near(room: &Room, cost: Usd) -> bool {
    let used = i128::from(room.taken.saturating_add(cost).nanos());
    used * 100 >= i128::from(room.ceiling.nanos()) * i128::from(NEARLY)
}

fn used(room: &Room, cost: Usd) -> String {
    format!("it has used {} of {}", room.taken.saturating_add(cost), room.ceiling)
}

/// Why it is stopped.
fn over(room: &Room, cost: Usd) -> String {
    let whose = match &room.scope {
        Scope::Task(_) => return format!("it had used {} of its budget of {}", room.taken.saturating_add(cost), room.ceiling),
        Scope::User(_) => "its requester's tasks".to_owned(),
        Scope::Agent(agent) => format!("the tasks of agent `{agent}`"),
        Scope::Channel(_) => "its channel's tasks".to_owned(),
        Scope::Day => "all tasks".to_owned(),
    };
    format!("with its {cost} the {} that {whose} may cost in a day were reached", room.ceiling)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(scope: Scope, taken: i64) -> Room {
        Room { scope, ceiling: Usd::from_nanos(500_000_000), taken: Usd::from_nanos(taken) }
    }

    #[test]
    fn four_fifths_of_a_budget_are_nearly_all_of_it_whatever_attempt_has_used_them() {
        let day = || room(Scope::Day, 100_000_000);

        assert!(!is_near(&day(), Usd::from_nanos(299_999_999)));
        assert!(is_near(&day(), Usd::from_nanos(300_000_000)));
    }

    #[test]
    fn why_a_run_is_stopped_names_the_ceiling_that_it_has_reached() {
        let cost = Usd::from_nanos(410_000_000);

        assert_eq!(over(&room(Scope::Task("7".parse().unwrap()), 100_000_000), cost), "it had used $0.51 of its budget of $0.5");
        assert_eq!(over(&room(Scope::Day, 0), cost), "with its $0.41 the $0.5 that all tasks may cost in a day were reached");
    }
}
