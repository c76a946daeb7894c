//! Quotas that are used up: nothing runs into the same wall, nothing is lost before it, and whoever waits goes on as it was said.

use std::time::Duration;

use chrono::{DateTime, Utc};
use orchestrator_core::{
    domain::{
        attempt::{Outcome, Report},
        check::Offer,
        model::ModelId,
        outbound::Letter,
        quota::{Manner, Quotas, Rule, Usual},
    },
    ports::clock::Clock as _,
    queue::Rules,
    scheduler::tick::tick,
};

use crate::{
    steps::of,
    support::{Ask, World, agent, ask, recount, report, rules},
};

const BY: &str = "somebody";
const HOUR: Duration = Duration::from_secs(3_600);

/// Agents `x` and `y` share `acme`; those of `y` go on by themselves; `z` has its own quota, and `w` is taken over by `x`, else by `z`.
fn quotas() -> Quotas {
    let usual = |name: &str| -> Usual { Some((ModelId(name.into()), name.into())) };
    let rule = |credential: &str, resumes, instead: &[&str]| Rule {
        credential: credential.parse().expect("a name"),
        resumes,
        instead: instead.iter().map(|name| agent(name)).collect(),
    };
    let manner = |name: &str, rule, usual| (agent(name), Manner { rule, usual, checks: Offer::default() });
    let all = [
        manner("x", rule("acme", false, &[]), None),
        manner("y", rule("acme", true, &[]), None),
        manner("z", rule("zeta", true, &[]), usual("zeta-1")),
        manner("w", rule("wide", true, &["x", "z"]), None),
    ];
    all.into_iter().collect()
}

fn world() -> World {
    World::by(Rules { slots: 4, quotas: quotas(), ..rules() })
}

fn of_agent(name: &'static str, task: u64) -> Ask {
    Ask { agent: name, ..ask(task) }
}

impl World {
    /// An agent runs into its quota's end.
    async fn used_up(&self, task: u64, until: DateTime<Utc>) {
        let attempt = self.live(task).await;
        let told = Report { resets_at: Some(until), ..report(Outcome::Failed, Some(7)) };
        self.queue.settle(attempt.id, attempt.fence, told).await.expect("settled");
    }

    fn in_an_hour(&self) -> DateTime<Utc> {
        self.clock.now() + HOUR
    }

    async fn agent_of(&self, task: u64) -> String {
        self.whole(task).await.row.task.wishes.agent.to_string()
    }

    async fn looks(&self) {
        tick(&self.queue).await.expect("the store answers");
    }

    async fn alerts(&self) -> usize {
        let all = recount::everything(&self.store).await;
        all.iter()
            .flat_map(|task| &task.letters)
            .filter(|letter| matches!(&letter.letter, Letter::Operator { text } if text.contains("quota")))
            .count()
    }
}

#[tokio::test]
async fn who_runs_into_a_used_up_quota_waits_and_so_do_all_that_share_it() {
    let world = world();
    world.enqueue(&of_agent("x", 1)).await;
    world.used_up(1, world.in_an_hour()).await;
    for (task, name) in [(2, "x"), (3, "y"), (4, "z")] {
        world.enqueue(&of_agent(name, task)).await;
    }

    assert_eq!(world.waits_for(1).await.as_deref(), Some("quota:x"), "it has not failed: it waits");
    assert_eq!(recount::outcome(&world.whole(1).await), None);
    assert_eq!(world.waits_for(2).await.as_deref(), Some("quota:x"));
    assert_eq!(world.waits_for(3).await.as_deref(), Some("quota:y"));
    assert!(world.runs(4).await, "its quota is another");
    assert_eq!(world.alerts().await, 1);
    world.holds().await;
}

#[tokio::test]
async fn when_the_time_has_come_those_go_on_by_themselves_that_may_and_others_when_somebody_says_so() {
    let world = world();
    world.enqueue(&of_agent("x", 1)).await;
    world.used_up(1, world.in_an_hour()).await;
    world.enqueue(&of_agent("x", 2)).await;
    world.enqueue(&of_agent("y", 3)).await;
    world.looks().await;
    assert!(!world.runs(3).await, "it is too early");

    world.clock.advance(HOUR);
    world.looks().await;
    assert!(world.runs(3).await);
    assert!(!world.runs(1).await && !world.runs(2).await);
    world.enqueue(&of_agent("x", 4)).await;
    assert!(world.runs(4).await, "what comes now has never waited");

    world.queue.hasten(of(2), BY.into()).await.expect("it waits for its quota");
    world.looks().await;
    assert!(world.runs(2).await && !world.runs(1).await);

    assert!(world.queue.quota_is_back("acme".parse().unwrap(), BY.into()).await.unwrap());
    world.looks().await;
    assert!(world.runs(1).await);
    assert_eq!(world.live(1).await.number, 2);
    assert!(!world.queue.quota_is_back("acme".parse().unwrap(), BY.into()).await.unwrap(), "it is no news");
    world.holds().await;
}

#[tokio::test]
async fn one_that_somebody_runs_again_when_the_time_has_come_does_not_wait() {
    let world = world();
    for task in [1, 2, 3] {
        world.enqueue(&of_agent("x", task)).await;
    }
    for task in [2, 3] {
        let attempt = world.live(task).await;
        world.queue.settle(attempt.id, attempt.fence, report(Outcome::Failed, None)).await.expect("settled");
    }
    world.used_up(1, world.in_an_hour()).await;
    world.queue.retry(of(2), BY.into(), String::new()).await.expect("it has ended");
    world.looks().await;
    assert_eq!(world.waits_for(2).await.as_deref(), Some("quota:x"), "it is too early");

    world.clock.advance(HOUR);
    world.queue.retry(of(3), BY.into(), String::new()).await.expect("it has ended");
    world.looks().await;
    assert!(world.runs(3).await, "whoever runs it now wants it now");
    assert!(!world.runs(1).await && !world.runs(2).await);
    world.used_up(3, world.in_an_hour()).await;
    assert_eq!(world.waits_for(3).await.as_deref(), Some("quota:x"));
    world.clock.advance(HOUR);
    world.looks().await;
    assert!(!world.runs(3).await, "that it was run again is used up, too");
    world.holds().await;
}

#[tokio::test]
async fn that_a_task_may_go_on_is_forgotten_when_it_is_cancelled_or_ends() {
    let world = World::by(Rules { slots: 1, quotas: quotas(), ..rules() });
    world.enqueue(&of_agent("x", 1)).await;
    world.used_up(1, world.in_an_hour()).await;
    world.enqueue(&of_agent("z", 2)).await;
    let is_let_past = async || recount::look(&world.store, |look| look.fact("past_quota:1")).await.is_some();

    world.queue.hasten(of(1), BY.into()).await.expect("it waits for its quota");
    assert!(is_let_past().await);
    world.queue.cancel(of(1), BY.into(), "no more".into()).await.expect("it waits");
    assert!(!is_let_past().await);
    world.queue.retry(of(1), BY.into(), String::new()).await.expect("it has ended");
    world.costs(2, Outcome::Succeeded, "0").await;
    world.looks().await;

    assert_eq!(world.waits_for(1).await.as_deref(), Some("quota:x"), "it was let go on before it was cancelled");
    world.queue.hasten(of(1), BY.into()).await.expect("it waits for its quota");
    assert!(world.queue.quota_is_back("acme".parse().unwrap(), BY.into()).await.unwrap());
    world.looks().await;
    world.costs(1, Outcome::Succeeded, "0").await;
    assert!(!is_let_past().await, "the quota was there, and nobody had to be let past");
    world.holds().await;
}

#[tokio::test]
async fn one_that_is_tried_all_the_same_waits_again_when_the_quota_is_still_used_up() {
    let world = world();
    world.enqueue(&of_agent("x", 1)).await;
    world.used_up(1, world.in_an_hour()).await;

    world.queue.hasten(of(1), BY.into()).await.expect("it waits for its quota");
    world.looks().await;
    world.used_up(1, world.in_an_hour()).await;

    assert_eq!(world.waits_for(1).await.as_deref(), Some("quota:x"));
    world.looks().await;
    assert!(!world.runs(1).await, "it was let past once, and no second time");
    assert_eq!(world.alerts().await, 1, "it is told once");
    world.holds().await;
}

#[tokio::test]
async fn a_task_that_waits_for_a_quota_can_be_cancelled_held_and_changed_like_any_other() {
    let world = world();
    world.enqueue(&of_agent("x", 1)).await;
    world.used_up(1, world.in_an_hour()).await;
    world.enqueue(&of_agent("x", 2)).await;

    world.queue.cancel(of(1), BY.into(), "no more".into()).await.expect("it waits");
    assert_eq!(recount::outcome(&world.whole(1).await), Some(Outcome::Cancelled));
    world.queue.hold(of(2), BY.into()).await.expect("it waits");
    world.queue.release(of(2), BY.into()).await.expect("it is held");
    world.looks().await;
    assert_eq!(world.waits_for(2).await.as_deref(), Some("quota:x"));
    world.holds().await;
}

#[tokio::test]
async fn another_agent_takes_a_task_where_that_is_allowed_and_it_has_quota_itself() {
    let world = world();
    world.enqueue(&of_agent("x", 1)).await;
    world.enqueue(&of_agent("w", 2)).await;
    world.used_up(1, world.in_an_hour()).await;
    world.used_up(2, world.in_an_hour()).await;
    world.looks().await;

    assert_eq!(world.agent_of(2).await, "z", "`x` has none either");
    assert!(world.runs(2).await);
    assert_eq!(world.whole(2).await.row.task.wishes.model_shown.as_deref(), Some("zeta-1"), "it is asked of the other's model");
    world.enqueue(&of_agent("w", 3)).await;
    assert!(world.runs(3).await, "what comes later goes there at once");
    assert_eq!(world.agent_of(3).await, "z");
    world.used_up(3, world.in_an_hour()).await;
    assert_eq!(world.waits_for(3).await.as_deref(), Some("quota:z"), "nobody is left");
    world.holds().await;
}

#[tokio::test]
async fn whoever_waits_goes_to_the_first_agent_that_has_quota_again_be_it_his_own_or_another() {
    let world = world();
    for (task, name) in [(1, "w"), (2, "x"), (3, "z"), (6, "w")] {
        world.enqueue(&of_agent(name, task)).await;
    }
    world.used_up(2, world.in_an_hour() + HOUR).await;
    world.used_up(1, world.in_an_hour()).await;
    world.looks().await;
    assert_eq!(world.agent_of(1).await, "z");
    world.used_up(1, world.in_an_hour() + HOUR).await;
    world.used_up(3, world.in_an_hour() + HOUR).await;
    world.used_up(6, world.in_an_hour() + HOUR * 5).await;
    let mut named = of_agent("w", 4).new_task(world.clock.now());
    named.task.wishes.model = Some(ModelId("wide-9".into()));
    world.queue.enqueue(named).await.expect("stored");
    assert_eq!((world.waits_for(1).await.as_deref(), world.waits_for(6).await.as_deref()), (Some("quota:z"), Some("quota:w")));
    world.looks().await;
    assert!(!world.runs(1).await && !world.runs(6).await, "nobody has any");

    assert!(world.queue.quota_is_back("wide".parse().unwrap(), BY.into()).await.unwrap());
    world.looks().await;
    assert!(world.runs(1).await && world.runs(4).await && world.runs(6).await);
    assert_eq!(world.agent_of(1).await, "w", "it is back where it was asked for");
    world.used_up(6, world.in_an_hour() + HOUR * 5).await;
    world.used_up(4, world.in_an_hour() + HOUR * 5).await;
    assert_eq!(world.waits_for(6).await.as_deref(), Some("quota:w"));

    world.clock.advance(HOUR * 2);
    world.looks().await;
    assert!(world.runs(6).await && world.runs(3).await);
    assert_eq!(world.agent_of(6).await, "z", "the first that is there again");
    assert_eq!(world.waits_for(4).await.as_deref(), Some("quota:w"), "it asks for a model");
    world.holds().await;
}

#[tokio::test]
async fn a_task_that_names_a_model_waits_for_the_agent_that_has_it() {
    let world = world();
    let mut new = of_agent("w", 1).new_task(world.clock.now());
    new.task.wishes.model = Some(ModelId("wide-9".into()));
    world.queue.enqueue(new).await.expect("stored");
    world.used_up(1, world.in_an_hour()).await;

    assert_eq!(world.waits_for(1).await.as_deref(), Some("quota:w"));
    assert_eq!(world.agent_of(1).await, "w");
}

#[tokio::test]
async fn one_that_meets_a_used_up_quota_again_and_again_fails_in_the_end() {
    let world = world();
    world.enqueue(&of_agent("y", 1)).await;
    for _ in 0..5 {
        world.used_up(1, world.in_an_hour()).await;
        assert_eq!(world.waits_for(1).await.as_deref(), Some("quota:y"));
        world.clock.advance(HOUR);
        world.looks().await;
    }
    world.used_up(1, world.in_an_hour()).await;

    assert_eq!(recount::outcome(&world.whole(1).await), Some(Outcome::Failed));
    world.holds().await;
}

#[tokio::test]
async fn a_stop_that_somebody_asked_for_ends_it_whatever_its_quota_says() {
    let world = world();
    world.enqueue(&of_agent("y", 1)).await;
    world.queue.cancel(of(1), BY.into(), "no more".into()).await.expect("it runs");
    world.used_up(1, world.in_an_hour()).await;

    assert!(recount::outcome(&world.whole(1).await).is_some());
    world.enqueue(&of_agent("y", 2)).await;
    assert_eq!(world.waits_for(2).await.as_deref(), Some("quota:y"), "what it told is true all the same");
    world.holds().await;
}

#[tokio::test]
async fn what_waits_for_a_quota_waits_after_a_restart_and_by_the_rules_that_hold_then() {
    let mut world = world();
    world.enqueue(&of_agent("x", 1)).await;
    world.used_up(1, world.in_an_hour()).await;

    world.restart(Rules { slots: 4, quotas: quotas(), ..rules() });
    world.looks().await;
    assert!(!world.runs(1).await);
    let standing = world.queue.quotas().await.unwrap().into_iter().find(|one| one.credential.to_string() == "acme").unwrap();
    assert_eq!(standing.waiting, [agent("x")]);
    assert_eq!(standing.used_up.expect("it was told").agent, agent("x"));

    // The operator has allowed it meanwhile.
    let rule = Rule { resumes: true, ..quotas().of(&agent("x")) };
    let allowed = [(agent("x"), Manner { rule, usual: None, checks: Offer::default() })];
    world.restart(Rules { slots: 4, quotas: allowed.into_iter().collect(), ..rules() });
    world.clock.advance(HOUR);
    world.looks().await;
    assert!(world.runs(1).await);
    world.holds().await;
}

#[tokio::test]
async fn more_than_are_woken_at_once_that_wait_for_a_quota_all_go_on_and_none_is_forgotten() {
    let world = World::by(Rules { slots: 1_000, quotas: quotas(), ..rules() });
    world.enqueue(&of_agent("y", 1)).await;
    world.used_up(1, world.in_an_hour()).await;
    for task in 2..=270 {
        world.enqueue(&of_agent("y", task)).await;
    }
    world.clock.advance(HOUR);
    world.looks().await;

    for task in 1..=270 {
        assert!(world.runs(task).await, "{task} waits");
    }
    world.holds().await;
}

#[tokio::test]
async fn two_agents_that_stand_in_for_each_other_do_not_send_a_task_to_and_fro() {
    let manner = |name: &str, instead: &str| {
        let rule = Rule { credential: name.parse().expect("a name"), resumes: false, instead: vec![agent(instead)] };
        (agent(name), Manner { rule, usual: None, checks: Offer::default() })
    };
    let world = World::by(Rules { slots: 4, quotas: [manner("a", "b"), manner("b", "a")].into_iter().collect(), ..rules() });
    world.enqueue(&of_agent("a", 1)).await;
    world.enqueue(&of_agent("b", 2)).await;
    world.used_up(1, world.in_an_hour()).await;
    world.looks().await;
    assert_eq!(world.agent_of(1).await, "b", "it has quota");
    world.used_up(1, world.in_an_hour()).await;
    world.used_up(2, world.in_an_hour()).await;

    world.clock.advance(HOUR);
    for task in [1, 2] {
        // Neither has said that its tasks may go on by themselves.
        assert_eq!(world.waits_for(task).await.as_deref(), Some("quota:b"));
        world.queue.release(of(task), BY.into()).await.expect("it is not held");
    }
    world.queue.hold(of(1), BY.into()).await.expect("it waits");
    world.queue.release(of(1), BY.into()).await.expect("it is held");
    tokio::time::timeout(Duration::from_secs(30), world.looks()).await.expect("a look ends");
    assert_eq!(world.waits_for(1).await.as_deref(), Some("quota:b"));
    assert_eq!(world.agent_of(1).await, "b");
    world.holds().await;
}
