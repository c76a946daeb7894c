//! How long somebody waits for an answer while fifty agents work, each with a card that tells what it says; beside the same question, with the same
//! answer, while there is nothing to do. A list of all that runs is longer the more runs: how long that takes is told beside it.

use std::{
    os::unix::fs::PermissionsExt as _,
    time::{Duration, Instant},
};

use orchestrator_sandbox::{
    Limits,
    world::{interaction::Answer, message::Message},
};
use serde_json::{Value, json};

use crate::{
    Effort,
    ratio::{Row, Target},
    service::{Service, on_disk},
};

/// Agents at work, each with its card.
const RUNNING: usize = 50;
/// Questions for each of the rounds that are asked for; idle ones first, because fifty tasks are not made idle again so soon. Of a thousand answers the
/// ten slowest are beyond the 99th percentile: of two hundred it would be one or two, and as much chance as measure.
const QUESTIONS: u32 = 200;
const PATIENCE: Duration = Duration::from_secs(120);
/// Says something each second until it is told to end, in one process: what is measured is the service, not how the machine starts programs. A task
/// that is to be quick ends at once.
const AGENT: &str =
    "#!/bin/sh\ngrep -q quick TASK.txt && exec echo done\nexec perl -e '$| = 1; while (1) { print time, \"\\n\"; sleep 1 }'\n";
/// Between two questions: at 700 a second, one after another, half a second would be all that is seen of fifty cards.
const BETWEEN: Duration = Duration::from_millis(20);

pub async fn measure(effort: Effort) -> Vec<Row> {
    let folder = on_disk();
    let agent = folder.path().join("talker");
    std::fs::write(&agent, AGENT).expect("a script");
    std::fs::set_permissions(&agent, std::fs::Permissions::from_mode(0o755)).expect("a script that can be run");
    let slots = u32::try_from(RUNNING).unwrap_or(u32::MAX) + 1;
    let mut service = Service::prepare_with(Limits::Discord, &agent, slots, "live").await;
    service.start();
    service.online().await;
    let has_commands = service.sandbox.wait_until(|world| world.commands().any(|command| command["name"] == "status"), PATIENCE);
    has_commands.await.expect("the commands are registered");
    let questions = QUESTIONS * effort.rounds;

    let (ended, _) = quick(&service).await;
    let about_it = json!([{ "name": "task", "type": 3, "value": ended }]);
    let idle = p99(answers(&service, "status", &about_it, questions).await);
    for number in 0..RUNNING {
        service.sandbox.person("stranger").say("task-queue", &format!("Task number {number}, please.")).expect("it is said");
    }
    let works = |message: &Message| {
        message.embeds.iter().any(|embed| embed["description"].as_str().is_some_and(|text| text.contains("**Running**")))
    };
    let all_work =
        service.sandbox.wait_until(|world| world.messages_in("task-queue").filter(|message| works(message)).count() >= RUNNING, PATIENCE);
    all_work.await.expect("every task runs and has a card that says so");
    let busy = p99(answers(&service, "status", &about_it, questions).await);
    let listed = p99(answers(&service, "queue", &json!([]), questions).await);

    let (_, behind) = quick(&service).await;
    vec![
        Row::ratio("a command's answer while 50 tasks run with live cards, p99 / idle", busy, idle, "ms", Some(Target::AtMost(1.5))),
        Row::plain("the list of these 50 tasks, asked for as a command, p99", listed, "ms", Some(Target::AtMost(3_000.0))),
        Row::plain("a result posted while 50 cards are live: after its task was given", behind, "ms", Some(Target::AtMost(10_000.0))),
    ]
}

/// Milliseconds from each question to its answer.
pub async fn answers(service: &Service, command: &str, options: &Value, questions: u32) -> Vec<f64> {
    let mut waited = Vec::new();
    for _ in 0..questions {
        let began = Instant::now();
        let asked = service.sandbox.person("admin").command("general", command, options).expect("the local Discord takes the command");
        let answered = service.sandbox.wait_until(
            |world| {
                world
                    .interaction(asked)
                    .is_some_and(|known| matches!(known.answer, Some(Answer::Message | Answer::Deferred { filled: true })))
            },
            PATIENCE,
        );
        answered.await.expect("it is answered");
        waited.push(began.elapsed().as_secs_f64() * 1e3);
        tokio::time::sleep(BETWEEN).await;
    }
    waited
}

/// A quick task: its id, and the milliseconds from its message to its entry in the results.
pub async fn quick(service: &Service) -> (String, f64) {
    let began = Instant::now();
    let task = service.sandbox.person("admin").say("task-queue", "A quick one.").expect("it is said");
    let needle = format!("`{task}`");
    let stands = |message: &Message| message.content.contains(&needle);
    let posted = service.sandbox.wait_until(|world| world.messages_in("results").any(stands), PATIENCE);
    posted.await.expect("its result is posted");
    (task.to_string(), began.elapsed().as_secs_f64() * 1e3)
}

/// The 99th of a hundred.
pub fn p99(mut waited: Vec<f64>) -> f64 {
    waited.sort_by(f64::total_cmp);
    waited[(waited.len() * 99 / 100).min(waited.len() - 1)]
}
