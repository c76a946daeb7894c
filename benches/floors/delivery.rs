//! Discord's limits used to the full: how fast waiting results are posted, what a message task costs in requests, and whether we are ever refused.

use std::time::{Duration, Instant};

use orchestrator_sandbox::{Limits, Request, world::message::Message};

use crate::{
    Effort,
    house::{Channels, House},
    noop::Programs,
    ratio::{Row, Target},
    service::{Service, on_disk},
};

/// Messages that a channel takes in a minute: five in five seconds. Source: the header `X-RateLimit-Limit` of `POST /channels/{id}/messages`.
const MESSAGES_PER_MINUTE: f64 = 60.0;
const PATIENCE: Duration = Duration::from_secs(300);

pub async fn measure(effort: Effort) -> Vec<Row> {
    let folder = on_disk();
    let programs = Programs::make(folder.path());
    let (results, refused_first) = waiting_results(&programs, effort).await;
    let (message_tasks, calls, refused_second) = message_tasks(&programs, effort.message_tasks).await;
    vec![
        Row::ratio(
            "waiting results posted per minute / one message each",
            results,
            MESSAGES_PER_MINUTE,
            "/min",
            Some(Target::AtLeast(9.0)),
        ),
        Row::plain(format!("message tasks per minute, reactions and all, {} at once", effort.message_tasks), message_tasks, "/min", None),
        Row::plain("HTTP calls per message task beyond its ✅", calls, "", Some(Target::AtMost(1.2))),
        Row::plain("answers 429 that we brought upon ourselves", (refused_first + refused_second) as f64, "", Some(Target::AtMost(0.0))),
    ]
}

/// Results that have waited for Discord: how many a minute are posted, and how many requests were refused with 429.
async fn waiting_results(programs: &Programs, effort: Effort) -> (f64, usize) {
    let mut service = Service::prepare(Limits::Discord, &programs.noop).await;
    // More than can be posted in the time, at ten to a message.
    let waiting = 12 * effort.pressure + 60;
    let channels = Channels { results: service.channel("results"), pool: None };
    let (runtime, workers) = (service.dir.path().join(".runtime"), service.dir.path().join("workers"));
    let house = House::start_in(&runtime, &runtime, &workers, channels, programs.noop.clone(), 8);
    house.run(0..waiting).await;
    house.end().await;
    service.start();
    service.online().await;
    let first = service.sandbox.wait_until(|world| world.messages_in("results").next().is_some(), PATIENCE);
    first.await.expect("a result is posted");
    // The first messages of a channel go out at once; the pace afterwards is what counts.
    let (begun, before) = (Instant::now(), entries(&service));
    tokio::time::sleep(Duration::from_secs(effort.pressure)).await;
    let posted = entries(&service) - before;
    let rate = posted as f64 / begun.elapsed().as_secs_f64() * 60.0;
    (rate, refused(&service.requests()))
}

/// Entries that stand in #results.
fn entries(service: &Service) -> usize {
    let in_message = |message: &Message| {
        let boxes = message.embeds.iter().filter_map(|embed| embed["description"].as_str());
        std::iter::once(message.content.as_str()).chain(boxes).map(|text| text.matches("]** `").count()).sum::<usize>()
    };
    service.sandbox.look(|world| world.messages_in("results").map(in_message).sum())
}

/// Tasks that began as messages: how many a minute, how many requests each beyond its ✅, how many were refused with 429.
async fn message_tasks(programs: &Programs, many: usize) -> (f64, f64, usize) {
    let mut service = Service::prepare(Limits::Discord, &programs.noop).await;
    service.start();
    service.online().await;
    // What the start itself asks for is over.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let before = service.requests().len();
    let started = Instant::now();
    for n in 0..many {
        service.sandbox.person("admin").say("task-queue", &format!("Task number {n}, please.")).expect("it is said");
    }
    // Its ✅, and the reaction that tells its end.
    let ended = |message: &Message| message.reactions.len() >= 2;
    let all_ended =
        service.sandbox.wait_until(|world| world.messages_in("task-queue").filter(|message| ended(message)).count() >= many, PATIENCE);
    all_ended.await.expect("all tasks end");
    let took = started.elapsed();
    // Notices that wait for company.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let requests = service.requests();
    let of_tasks = requests.len() - before;
    let beyond = (of_tasks - many) as f64 / many as f64;
    (many as f64 / took.as_secs_f64() * 60.0, beyond, refused(&requests))
}

fn refused(requests: &[Request]) -> usize {
    requests.iter().filter(|request| request.status == Some(429)).count()
}
