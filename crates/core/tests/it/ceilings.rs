//! Ceilings of money: no two attempts are promised the same dollar, what is spent counts, and who waits for money gets it.

use std::{collections::BTreeMap, time::Duration};

use orchestrator_core::{
    domain::{
        attempt::Outcome,
        ceiling::{Ceilings, Kind, Room},
        id::UserId,
        money::Usd,
        outbound::Letter,
        step::StepState,
    },
    ports::{agent_runner::StopReason, rows::LetterRow},
    queue::{QueueError, Rules},
    scheduler::tick::tick,
};

use crate::{
    steps::of,
    support::{Ask, World, agent, ask, recount, report, rules},
};

const BY: &str = "somebody";

fn usd(amount: &str) -> Usd {
    amount.parse().expect("an amount")
}

/// Four slots, and what one user's tasks may cost in a day.
fn user_may_cost(most: &str, estimate: &str) -> World {
    let user = Kind { each: Some(usd(most)), named: BTreeMap::from([(UserId::new(9), usd("100"))]) };
    World::by(Rules { slots: 4, ceilings: Ceilings { user, estimate: usd(estimate), ..Ceilings::default() }, ..rules() })
}

impl World {
    pub(crate) async fn costs(&self, task: u64, outcome: Outcome, amount: &str) {
        let attempt = self.live(task).await;
        self.queue.settle(attempt.id, attempt.fence, report(outcome, Some(usd(amount).nanos()))).await.expect("settled");
    }

    pub(crate) async fn waits_for(&self, task: u64) -> Option<String> {
        match self.whole(task).await.step.state {
            StepState::Parked { gate } => Some(gate),
            _ => None,
        }
    }

    async fn alerts_of_money(&self) -> Vec<String> {
        let text = |row: LetterRow| if let Letter::Operator { text } = row.letter { text } else { String::new() };
        self.told_the_operator().await.into_iter().map(text).collect()
    }

    pub(crate) async fn runs(&self, task: u64) -> bool {
        self.whole(task).await.live().is_some()
    }
}

#[tokio::test]
async fn what_is_expected_of_a_run_is_held_back_before_it_starts() {
    let world = user_may_cost("0.5", "0.2");
    for task in 1..=3 {
        world.enqueue(&ask(task)).await;
    }
    world.enqueue(&Ask { user: 9, ..ask(4) }).await;

    assert!(world.runs(1).await && world.runs(2).await && world.runs(4).await);
    assert_eq!(world.waits_for(3).await.as_deref(), Some("budget:user:1"), "0.2 twice is held back of 0.5");
    recount::ceilings(&world).await;

    world.costs(1, Outcome::Succeeded, "0.05").await;
    assert_eq!(world.claims().await, 3, "what the first did not cost is free again");
    recount::ceilings(&world).await;
    world.holds().await;
}

#[tokio::test]
async fn what_a_run_has_used_counts_for_others_before_it_ends() {
    let world = user_may_cost("1", "0");
    for task in 1..=3 {
        world.enqueue(&ask(task)).await;
    }
    let mut left = Vec::new();
    for task in 1..=3 {
        let attempt = world.live(task).await;
        for used in ["0.1", "0.4", "0.2"] {
            let rooms = world.queue.uses(of(task), attempt.id, attempt.fence, usd(used)).await.expect("it runs");
            left = rooms.iter().map(Room::left).collect();
        }
        recount::ceilings(&world).await;
    }
    assert_eq!(left, [usd("0.2")], "the other two have used 0.4 each, whatever they say later");

    world.enqueue(&ask(4)).await;
    assert_eq!(world.waits_for(4).await.as_deref(), Some("budget:user:1"), "all of it is used");
    world.costs(1, Outcome::Succeeded, "0.4").await;
    world.costs(2, Outcome::Succeeded, "0.1").await;
    recount::ceilings(&world).await;
    let attempt = world.live(3).await;
    let rooms = world.queue.rooms(of(3), Some(attempt.id)).await.expect("the store answers");
    assert_eq!(rooms[0].left(), usd("0.5"), "what has ended counts with what it cost");
    world.costs(3, Outcome::Succeeded, "0.4").await;
    let late = world.queue.uses(of(3), attempt.id, attempt.fence, usd("9")).await;
    assert!(matches!(late, Err(QueueError::Late)), "{late:?}");
    recount::ceilings(&world).await;
    world.holds().await;
}

#[tokio::test]
async fn who_has_spent_the_day_s_money_waits_until_midnight_and_others_do_not() {
    let world = user_may_cost("0.5", "0");
    world.enqueue(&ask(1)).await;
    world.costs(1, Outcome::Failed, "0.5").await;
    world.enqueue(&ask(2)).await;
    world.enqueue(&Ask { user: 2, ..ask(3) }).await;

    assert_eq!(world.waits_for(2).await.as_deref(), Some("budget:user:1"));
    assert!(world.runs(3).await);
    tick(&world.queue).await.expect("the store answers");
    assert!(!world.runs(2).await, "a look is no new day");

    world.clock.advance(Duration::from_secs(12 * 3_600));
    tick(&world.queue).await.expect("the store answers");
    assert!(world.runs(2).await, "a new day has begun");
    recount::ceilings(&world).await;
    world.holds().await;
}

#[tokio::test]
async fn while_all_that_waits_waits_for_money_nothing_will_happen_by_itself() {
    let world = user_may_cost("0.5", "0");
    let at_rest = async || world.queue.glance().await.expect("the store answers").at_rest;
    world.enqueue(&ask(1)).await;
    assert!(!at_rest().await, "it runs");
    world.costs(1, Outcome::Succeeded, "0.5").await;
    world.enqueue(&ask(2)).await;

    assert!(world.waits_for(2).await.is_some() && at_rest().await);
    world.clock.advance(Duration::from_secs(24 * 3_600));
    world.queue.wake_due().await.expect("the store answers");
    assert!(!at_rest().await, "it is about to take its turn");
}

#[tokio::test]
async fn a_run_is_expected_to_cost_what_its_agent_has_cost_of_late() {
    let world = user_may_cost("1", "0");
    world.enqueue(&ask(1)).await;
    world.costs(1, Outcome::Succeeded, "0.3").await;
    for task in 2..=4 {
        world.enqueue(&ask(task)).await;
    }

    assert!(world.runs(2).await && world.runs(3).await);
    assert_eq!(world.waits_for(4).await.as_deref(), Some("budget:user:1"), "0.3 is spent and 0.3 twice held back of 1");
    recount::ceilings(&world).await;
}

#[tokio::test]
async fn what_may_cost_more_than_a_whole_ceiling_starts_when_all_of_it_is_left() {
    let world = user_may_cost("0.5", "7");
    world.enqueue(&ask(1)).await;
    world.enqueue(&ask(2)).await;

    assert!(world.runs(1).await);
    assert_eq!(world.waits_for(2).await.as_deref(), Some("budget:user:1"));
    world.costs(1, Outcome::Succeeded, "0").await;
    assert_eq!(world.claims().await, 2);
}

#[tokio::test]
async fn a_task_is_not_tried_again_by_itself_once_its_budget_is_spent() {
    let world = World::new();
    for (task, cost) in [(1, "0.5"), (2, "0.4")] {
        world.enqueue(&Ask { attempts: 3, budget: Some(usd("0.5")), ..ask(task) }).await;
        world.costs(task, Outcome::TimedOut, cost).await;
    }

    assert_eq!(recount::outcome(&world.whole(1).await), Some(Outcome::TimedOut));
    assert_eq!(recount::outcome(&world.whole(2).await), None, "it has a tenth of a dollar left");
    world.holds().await;
}

#[tokio::test]
async fn a_task_whose_budget_is_spent_runs_again_once_it_is_raised_and_not_before() {
    let world = World::new();
    world.enqueue(&Ask { budget: Some(usd("0.5")), ..ask(1) }).await;
    world.costs(1, Outcome::OverBudget, "0.6").await;

    world.queue.retry(of(1), BY.into(), String::new()).await.expect("it has ended");
    assert_eq!(world.claims().await, 0);
    assert_eq!(world.waits_for(1).await.as_deref(), Some("budget:task:1"));
    assert_eq!(world.queue.raise(of(1), BY.into(), usd("1")).await.expect("it waits for money"), usd("1.5"));
    assert_eq!(world.claims().await, 1);
    let rooms = world.queue.rooms(of(1), None).await.expect("the store answers");
    assert_eq!(rooms.iter().map(|room| (room.ceiling, room.left())).collect::<Vec<_>>(), [(usd("1.5"), usd("0.9"))]);

    world.costs(1, Outcome::OverBudget, "0.9").await;
    world.queue.raise(of(1), BY.into(), usd("1")).await.expect("it has ended for want of money");
    assert_eq!(world.claims().await, 1, "raising is running it again");
    world.holds().await;
}

#[tokio::test]
async fn money_is_neither_given_to_a_task_without_a_budget_nor_to_one_that_is_being_stopped() {
    let world = World::new();
    world.enqueue(&ask(1)).await;
    world.enqueue(&Ask { budget: Some(usd("0.5")), ..ask(2) }).await;
    let attempt = world.live(2).await;
    world.queue.stop_over_budget(attempt.id, attempt.fence, "it had used $0.5 of its budget of $0.5".into()).await.expect("it runs");

    for task in [1, 2] {
        let refused = world.queue.raise(of(task), BY.into(), usd("1")).await;
        assert!(matches!(refused, Err(QueueError::NotNow { .. })), "{task}: {refused:?}");
    }
    let attempt = world.live(2).await;
    assert!(matches!(attempt.stop, Some((StopReason::OverBudget, _))));
}

#[tokio::test]
async fn what_a_stopped_task_has_left_is_taken_once_and_a_retry_forgets_that() {
    let world = World::new();
    world.enqueue(&Ask { budget: Some(usd("0.5")), ..ask(1) }).await;
    assert!(matches!(world.queue.accept(of(1), BY.into()).await, Err(QueueError::NotNow { .. })), "it runs");
    world.costs(1, Outcome::OverBudget, "0.6").await;

    world.queue.accept(of(1), BY.into()).await.expect("it was stopped at its ceiling");
    assert!(matches!(world.queue.accept(of(1), BY.into()).await, Err(QueueError::NotNow { .. })), "it was taken");

    world.queue.raise(of(1), BY.into(), usd("1")).await.expect("it has ended for want of money");
    assert_eq!(world.claims().await, 1);
    world.costs(1, Outcome::OverBudget, "1").await;
    world.queue.accept(of(1), BY.into()).await.expect("it was stopped again");
}

#[tokio::test]
async fn other_ceilings_after_a_restart_count_what_today_has_cost_before() {
    let mut world = World::new();
    world.enqueue(&Ask { agent: "y", ..ask(1) }).await;
    world.costs(1, Outcome::Succeeded, "0.4").await;

    let named = BTreeMap::from([(agent("y"), usd("0.4"))]);
    let ceilings = Ceilings { agent: Kind { each: None, named }, ..Ceilings::default() };
    world.restart(Rules { ceilings, ..rules() });
    world.queue.recount_spending().await.expect("the store answers");
    world.enqueue(&Ask { agent: "y", ..ask(2) }).await;
    world.enqueue(&ask(3)).await;

    assert_eq!(world.waits_for(2).await.as_deref(), Some("budget:agent:y"));
    assert!(world.runs(3).await);
    recount::ceilings(&world).await;
}

#[tokio::test]
async fn that_most_of_a_day_s_ceiling_is_spent_and_that_all_of_it_is_are_told_once_each() {
    let agent = Kind { each: None, named: BTreeMap::from([(agent("x"), usd("1"))]) };
    let ceilings = Ceilings { day: Some(usd("10")), agent, ..Ceilings::default() };
    let world = World::by(Rules { slots: 4, ceilings, ..rules() });
    for task in 1..=4 {
        world.enqueue(&ask(task)).await;
    }
    let mut told = Vec::new();
    for (task, cost) in [(1, "0.79"), (2, "0.01"), (3, "0.1"), (4, "0.2")] {
        world.costs(task, Outcome::Succeeded, cost).await;
        told.push(world.alerts_of_money().await.len());
    }

    assert_eq!(told, [0, 1, 1, 2]);
    let words = world.alerts_of_money().await;
    assert!(words[0].contains("80 % of what tasks of agent `x` may cost today (UTC) is spent**: $0.8 of $1"), "{words:?}");
    assert!(words[1].contains("What tasks of agent `x` may cost today (UTC) is spent**: $1.1 of $1"), "{words:?}");

    world.enqueue(&Ask { agent: "y", ..ask(5) }).await;
    world.costs(5, Outcome::Succeeded, "9").await;
    let words = world.alerts_of_money().await;
    assert!(words.len() == 3 && words[2].contains("Nothing more is started today"), "both at once are told as one: {words:?}");
    world.clock.advance(Duration::from_secs(12 * 3_600));
    world.enqueue(&Ask { agent: "y", ..ask(6) }).await;
    tick(&world.queue).await.expect("the store answers");
    world.costs(6, Outcome::Succeeded, "8").await;
    let words = world.alerts_of_money().await;
    assert!(words.len() == 4 && words[3].contains("80 % of what all tasks may cost today (UTC) is spent**: $8 of $10"), "{words:?}");
    world.holds().await;
}
