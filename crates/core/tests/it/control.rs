//! What people do to tasks, and what must not follow from it.

use std::time::Duration;

use orchestrator_core::{
    domain::{
        attempt::{AttemptState, Outcome},
        ceiling::Ceilings,
        journal::What,
        outbound::Letter,
        step::StepState,
        task::FollowUp,
    },
    queue::{QueueError, Rules, board::Closed, control::Cancelled, enqueue::Enqueued},
    scheduler::tick::tick,
};

use crate::{
    steps::of,
    support::{Ask, EDITED, World, ask, id, recount, report, rules},
};

const BY: &str = "somebody";

#[tokio::test]
async fn the_same_source_id_becomes_one_task() {
    let world = World::new();
    assert!(matches!(world.enqueue(&ask(1)).await, Enqueued::New { .. }));

    assert_eq!(world.enqueue(&ask(1)).await, Enqueued::Seen { task: id(1), same: true });
    assert_eq!(recount::everything(&world.store).await.len(), 1);
}

#[tokio::test]
async fn a_task_that_is_accepted_while_another_has_the_turn_is_not_said_to_be_claimed() {
    let world = World::by(Rules { slots: 1, ..rules() });
    world.waiting(&[ask(1)]).await;

    let done = world.enqueue(&ask(2)).await;

    assert_eq!(done, Enqueued::New { task: id(2), claimed: None });
    assert!(world.whole(1).await.live().is_some());
}

#[tokio::test]
async fn a_cancelled_run_is_not_tried_again_whatever_its_agent_made_of_it() {
    let world = World::new();
    world.enqueue(&Ask { attempts: 3, ..ask(1) }).await;
    let attempt = world.live(1).await;
    world.queue.launched(attempt.id, attempt.fence).await.expect("recorded");
    assert_eq!(world.queue.cancel(of(1), BY.into(), String::new()).await.expect("asked"), Cancelled::Stopping(attempt.id));

    world.ends(&attempt, Outcome::Failed).await;

    assert_eq!(recount::outcome(&world.whole(1).await), Some(Outcome::Failed));
    world.holds().await;
}

#[tokio::test]
async fn a_failed_run_is_tried_again_after_its_delay_as_often_as_declared() {
    let world = World::new();
    world.enqueue(&Ask { attempts: 2, ..ask(1) }).await;
    let first = world.live(1).await;
    world.ends(&first, Outcome::TimedOut).await;
    assert_eq!(world.claims().await, 0, "not before its delay");

    world.clock.advance(Duration::from_secs(10));
    tick(&world.queue).await.expect("the store answers");
    let second = world.live(1).await;
    assert_eq!(second.number, 2);
    world.ends(&second, Outcome::Failed).await;

    assert_eq!(recount::outcome(&world.whole(1).await), Some(Outcome::Failed));
    assert_eq!(world.whole(1).await.results().count(), 1);
    world.holds().await;
}

#[tokio::test]
async fn a_delayed_task_is_tried_at_once_when_somebody_wants_it_and_only_then() {
    let world = World::new();
    world.enqueue(&Ask { attempts: 2, ..ask(1) }).await;
    let first = world.live(1).await;
    assert!(matches!(world.queue.hasten(of(1), BY.into()).await, Err(QueueError::NotNow { .. })), "it runs");
    world.ends(&first, Outcome::TimedOut).await;
    assert_eq!(world.claims().await, 0, "not before its delay");

    world.queue.hasten(of(1), BY.into()).await.expect("it waits for a time");

    assert_eq!(world.claims().await, 1);
    assert_eq!(world.live(1).await.number, 2);
    assert!(matches!(world.queue.hasten(of(1), BY.into()).await, Err(QueueError::NotNow { .. })), "it is not put forward twice");
    world.holds().await;
}

#[tokio::test]
async fn a_task_that_is_cancelled_between_two_attempts_tells_what_the_first_one_cost() {
    let world = World::new();
    world.enqueue(&Ask { attempts: 2, ..ask(1) }).await;
    let first = world.live(1).await;
    world.ends(&first, Outcome::Failed).await;

    world.queue.cancel(of(1), BY.into(), "not wanted any more".into()).await.expect("cancelled");

    world.holds().await;
    let facts = world.deliver_result(900).await;
    assert_eq!((facts.report.outcome, facts.number), (Outcome::Cancelled, 1));
    assert_eq!(facts.report.cost.map(orchestrator_core::domain::money::Usd::nanos), Some(1_000));
    assert_eq!(facts.report.reason.as_deref(), Some("not wanted any more"));
}

#[tokio::test]
async fn a_waiting_task_in_any_state_can_be_cancelled_and_has_one_entry() {
    let world = World::by(Rules { slots: 4, ..rules() });
    world.queue.cap_gates(vec![("agent:x".to_owned(), Some(1))]).await.expect("capped");
    // 1 is delayed, 2 runs, 3 is parked, 4 is held, 5 is ready.
    world.enqueue(&Ask { attempts: 2, ..ask(1) }).await;
    let first = world.live(1).await;
    world.ends(&first, Outcome::Failed).await;
    world.enqueue(&ask(2)).await;
    world.enqueue(&ask(3)).await;
    world.enqueue(&ask(4)).await;
    world.queue.hold(of(4), BY.into()).await.expect("held");
    world.waiting(&[Ask { agent: "y", ..ask(5) }]).await;

    for task in [1, 3, 4, 5] {
        assert_eq!(world.queue.cancel(of(task), BY.into(), "why".into()).await.expect("cancelled"), Cancelled::BeforeItRan, "task {task}");
        assert_eq!(world.whole(task).await.results().count(), 1, "task {task}");
    }

    world.holds().await;
    assert!(matches!(world.queue.cancel(of(1), BY.into(), "why".into()).await, Err(QueueError::NotNow { .. })));
    let second = world.live(2).await;
    world.ends(&second, Outcome::Succeeded).await;
    world.clock.advance(Duration::from_secs(3_600));
    tick(&world.queue).await.expect("the store answers");
    assert_eq!(world.queue.glance().await.expect("the store answers").counts.running, 0);
}

#[tokio::test]
async fn a_task_is_run_again_only_when_it_has_ended_and_each_end_has_its_entry() {
    let world = World::new();
    world.enqueue(&ask(1)).await;
    assert!(matches!(world.queue.retry(of(1), BY.into(), EDITED.into()).await, Err(QueueError::NotNow { .. })));
    let first = world.live(1).await;
    world.ends(&first, Outcome::Failed).await;
    assert_eq!(world.deliver_result(900).await.answers, None);

    world.queue.retry(of(1), BY.into(), EDITED.into()).await.expect("retried");
    assert!(matches!(world.queue.retry(of(1), BY.into(), EDITED.into()).await, Err(QueueError::NotNow { .. })));
    let second = world.claim().await.expect("it waits again");
    assert_eq!(second.number, 2);
    world.ends(&second, Outcome::Succeeded).await;

    world.holds().await;
    let facts = world.deliver_result(901).await;
    assert_eq!((facts.report.outcome, facts.number), (Outcome::Succeeded, 2));
    assert_eq!(facts.answers, Some(crate::support::message(900)), "the second entry answers the first");
}

#[tokio::test]
async fn the_entry_of_a_task_that_never_ran_stays_true_when_the_task_is_run_again_before_it_is_posted() {
    let world = World::by(Rules { slots: 1, ..rules() });
    world.waiting(&[ask(1)]).await;
    world.queue.cancel(of(1), BY.into(), "not wanted".into()).await.expect("cancelled");
    world.queue.retry(of(1), BY.into(), EDITED.into()).await.expect("retried");
    let attempt = world.claim().await.expect("it waits again");
    world.ends(&attempt, Outcome::Succeeded).await;

    assert_eq!(world.deliver_result(900).await.report.outcome, Outcome::Cancelled);
    assert_eq!(world.deliver_result(901).await.report.outcome, Outcome::Succeeded);
}

#[tokio::test]
async fn launches_that_failed_before_a_run_are_not_held_against_the_next_one() {
    let world = World::by(Rules { launch_tries: 2, ..rules() });
    world.enqueue(&ask(1)).await;
    for _ in 0..2 {
        let attempt = world.live(1).await;
        world.queue.launch_failed(attempt.id, attempt.fence, "no memory".into(), false).await.expect("recorded");
        world.clock.advance(Duration::from_secs(60));
        tick(&world.queue).await.expect("the store answers");
    }
    assert_eq!(recount::outcome(&world.whole(1).await), Some(Outcome::Failed));

    world.queue.retry(of(1), BY.into(), EDITED.into()).await.expect("retried");
    let attempt = world.claim().await.expect("it waits again");
    world.queue.launch_failed(attempt.id, attempt.fence, "no memory".into(), false).await.expect("recorded");

    assert!(matches!(world.state(1).await, StepState::Delayed { .. }), "it has a second try");
    world.holds().await;
}

#[tokio::test]
async fn a_launch_that_fails_after_a_stop_was_asked_ends_cancelled() {
    let world = World::new();
    world.enqueue(&Ask { attempts: 3, ..ask(1) }).await;
    let attempt = world.live(1).await;
    world.queue.cancel(of(1), BY.into(), String::new()).await.expect("asked");

    world.queue.launch_failed(attempt.id, attempt.fence, "stopped".into(), true).await.expect("recorded");

    assert_eq!(recount::outcome(&world.whole(1).await), Some(Outcome::Cancelled));
    world.holds().await;
}

#[tokio::test]
async fn an_attempt_is_settled_once_and_a_late_writer_is_refused() {
    let world = World::new();
    world.enqueue(&ask(1)).await;
    let first = world.live(1).await;
    world.queue.launch_failed(first.id, first.fence, "cut off".into(), true).await.expect("recorded");
    let second = world.claim().await.expect("it waits again");

    let late = world.queue.settle(first.id, first.fence, report(Outcome::Succeeded, None)).await;
    assert!(matches!(late, Err(QueueError::Late)));
    let journal = world.queue.events(of(1)).await.expect("the store answers");
    assert!(journal.iter().any(|event| event.what == What::LateWriterRefused && event.attempt == Some(first.id)));
    assert!(matches!(world.queue.launched(first.id, first.fence).await, Err(QueueError::Late)));
    world.ends(&second, Outcome::Succeeded).await;
    let again = world.queue.settle(second.id, second.fence, report(Outcome::Failed, None)).await;

    assert!(matches!(again, Err(QueueError::Late)));
    assert_eq!(world.whole(1).await.results().count(), 1);
    world.holds().await;
}

#[tokio::test]
async fn an_edit_counts_until_the_first_claim_and_never_after_it() {
    let world = World::by(Rules { slots: 1, ..rules() });
    world.waiting(&[ask(1), ask(2)]).await;
    let first = world.claim().await.expect("something waits");
    world.queue.launch_failed(first.id, first.fence, "cut off".into(), true).await.expect("recorded");
    assert!(matches!(world.state(1).await, StepState::Ready { .. }), "it waits, but was claimed once");

    for (task, counts) in [(1, false), (2, true)] {
        let mut new = ask(task).task(world.clock_now());
        new.prompt = "another".into();
        assert_eq!(world.queue.edit(new, ask(task).gates()).await.expect("the store answers"), counts, "task {task}");
    }

    assert_eq!(world.whole(1).await.row.task.prompt, "task 1");
    assert_eq!(world.whole(2).await.row.task.prompt, "another");
    world.holds().await;
}

#[tokio::test]
async fn an_edit_may_change_the_priority_of_a_waiting_task() {
    let world = World::new();
    world.waiting(&[ask(1), ask(2), ask(3)]).await;

    let urgent = Ask { priority: 500, ..ask(3) };
    world.queue.edit(urgent.task(world.clock_now()), urgent.gates()).await.expect("edited");
    world.holds().await;

    assert_eq!(world.drain().await, [3, 1, 2]);
}

#[tokio::test]
async fn while_everything_is_paused_nothing_starts_and_afterwards_all_does() {
    let world = World::new();
    world.queue.pause(String::new(), false).await.expect("paused");
    world.enqueue(&ask(1)).await;

    assert!(matches!(world.queue.closed().await.expect("the store answers"), Some(Closed::Paused { .. })));
    assert_eq!(world.claims().await, 0);

    world.queue.resume(BY.into()).await.expect("resumed");
    assert_eq!(world.claims().await, 1);
}

#[tokio::test]
async fn a_daily_ceiling_closes_until_midnight_and_is_told_once() {
    let world = World::by(Rules {
        ceilings: Ceilings { day: Some("0.5".parse().expect("an amount")), ..Ceilings::default() },
        slots: 3,
        ..rules()
    });
    for task in 1..=4 {
        world.enqueue(&ask(task)).await;
    }
    for task in 1..=3 {
        let attempt = world.live(task).await;
        world.queue.settle(attempt.id, attempt.fence, report(Outcome::Succeeded, Some(500_000_000))).await.expect("settled");
    }

    assert_eq!(world.queue.closed().await.expect("the store answers"), Some(Closed::DailyCeiling));
    assert_eq!(world.claims().await, 0);
    assert_eq!(world.told_the_operator().await.len(), 1);

    world.clock.advance(Duration::from_secs(12 * 3_600));
    tick(&world.queue).await.expect("the store answers");
    assert!(world.whole(4).await.live().is_some(), "it starts after midnight");
    world.holds().await;
}

#[tokio::test]
async fn all_delayed_steps_that_are_due_are_woken_in_one_tick() {
    let world = World::by(Rules { slots: 300, ..rules() });
    for task in 1..=300 {
        world.enqueue(&Ask { attempts: 2, ..ask(task) }).await;
        let attempt = world.live(task).await;
        world.ends(&attempt, Outcome::Failed).await;
    }
    world.clock.advance(Duration::from_secs(10));

    let next = tick(&world.queue).await.expect("the store answers");

    assert_eq!(next, None);
    assert_eq!(world.queue.glance().await.expect("the store answers").counts.running, 300);
}

#[tokio::test]
async fn a_void_attempt_counts_for_nothing() {
    let world = World::new();
    world.enqueue(&ask(1)).await;
    let attempt = world.live(1).await;
    world.queue.launch_failed(attempt.id, attempt.fence, "cut off".into(), true).await.expect("recorded");

    let whole = world.whole(1).await;

    assert_eq!(whole.attempts[0].state, AttemptState::Void);
    assert_eq!((whole.step.attempts, whole.results().count()), (0, 0));
}

impl World {
    async fn stops_asked(&self, n: u64) -> Vec<String> {
        let events = self.queue.events(of(n)).await.expect("the store answers");
        events.into_iter().filter_map(|event| if let What::StopAsked { by } = event.what { Some(by) } else { None }).collect()
    }

    /// Somebody says something in a task's thread.
    async fn say_in_thread(&self, n: u64, message: u64) {
        let by = ask(n).task(self.clock_now()).requester;
        let said = FollowUp { at: crate::support::message(message), by, text: "and then?".into(), attachments: Vec::new() };
        self.queue.follow_up(of(n), said).await.expect("heard");
    }

    async fn fact(&self, name: String) -> Option<String> {
        self.queue.fact(&name).await.expect("the store answers")
    }
}

#[tokio::test]
async fn that_a_task_is_to_be_stopped_is_noted_once() {
    let world = World::new();
    world.enqueue(&ask(1)).await;
    let attempt = world.live(1).await;

    for who in [BY, "somebody else"] {
        assert_eq!(world.queue.cancel(of(1), who.into(), String::new()).await.expect("asked"), Cancelled::Stopping(attempt.id));
    }

    assert_eq!(world.stops_asked(1).await, [BY]);
    assert_eq!(world.live(1).await.stop.map(|(_, by)| by).as_deref(), Some(BY));
}

#[tokio::test]
async fn a_task_that_is_interrupted_goes_on_unless_it_is_cancelled_meanwhile_and_nothing_is_remembered_of_it() {
    for cancelled in [false, true] {
        let world = World::new();
        world.enqueue(&ask(1)).await;
        let attempt = world.live(1).await;
        world.say_in_thread(1, 31).await;
        let fact = format!("interrupted:{}", attempt.id);

        for who in [BY, "somebody else"] {
            assert_eq!(world.queue.interrupt(of(1), who.into()).await.expect("interrupted"), attempt.id);
        }
        assert_eq!((world.stops_asked(1).await, world.fact(fact.clone()).await.as_deref()), (vec![BY.to_owned()], Some(BY)));
        if cancelled {
            world.queue.cancel(of(1), "boss".into(), String::new()).await.expect("asked");
            assert_eq!(world.stops_asked(1).await, [BY, "boss"], "that is another wish");
            assert!(matches!(world.queue.interrupt(of(1), BY.into()).await, Err(QueueError::NotNow { .. })));
        }
        world.ends(&attempt, Outcome::Cancelled).await;

        assert_eq!(world.whole(1).await.row.ended.is_some(), cancelled);
        assert_eq!(world.fact(fact).await, None);
        world.holds().await;
    }
}

#[tokio::test]
async fn who_runs_an_edited_task_again_is_told_once_that_it_runs_as_it_was() {
    let world = World::new();
    world.enqueue(&Ask { from_message: true, ..ask(1) }).await;
    let told = async || {
        let letters = world.whole(1).await.letters;
        letters
            .iter()
            .filter(|row| matches!(&row.letter, Letter::Reply { to, text } if *to == crate::support::message(1) && text == EDITED))
            .count()
    };
    let ended = async || world.ends(&world.live(1).await, Outcome::Failed).await;
    ended().await;
    world.queue.retry(of(1), BY.into(), EDITED.into()).await.expect("retried");
    assert_eq!(told().await, 0, "nobody has edited it");
    let mut other = ask(1).task(world.clock_now());
    other.prompt = "something else".into();
    assert!(!world.queue.edit(other, ask(1).gates()).await.expect("it is noted"));
    tick(&world.queue).await.expect("it is claimed");
    ended().await;

    world.queue.retry(of(1), BY.into(), EDITED.into()).await.expect("retried");
    assert_eq!(told().await, 1);
    assert_eq!(world.whole(1).await.row.task.prompt, "task 1");
    tick(&world.queue).await.expect("it is claimed");
    ended().await;
    world.queue.retry(of(1), BY.into(), EDITED.into()).await.expect("retried");

    assert_eq!(told().await, 1, "it is known");
}
