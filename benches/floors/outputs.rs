//! Ten agents that print a gigabyte each, at once: what that takes of memory and disk, and whether anybody waits for it.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::Path,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::{Duration, Instant},
};

use orchestrator_sandbox::{GatewayEvent, Limits, Options};
use serde_json::{Value, json};

use crate::{
    Effort,
    idle::status_mb,
    interactions::{answers, p99, quick},
    ratio::{Row, Target},
    service::{Service, on_disk},
};

/// Agents at once, and what each prints.
const AGENTS: usize = 10;
const WHOLE: u64 = 1_000_000_000;
const QUICK: u64 = 100_000_000;
/// Questions while there is nothing to do.
const QUESTIONS: u32 = 300;
const PATIENCE: Duration = Duration::from_secs(900);
/// So long without any agent, and they have ended.
const QUIET: Duration = Duration::from_secs(8);
/// After this a question counts as lost.
const LOST: Duration = Duration::from_secs(30);
/// How often memory and disk are looked at.
const LOOK: Duration = Duration::from_millis(200);
/// A connection whose client says nothing for three of these is cut by the local Discord.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// What is kept of an agent's output by itself: `output.log_max_kb` and `output.stdout_max_kb`, in MB of 1,024 KiB; and its small files.
const KEPT_MB: f64 = 10.0 + 16.0 + 1.0;

/// The most that was seen.
#[derive(Clone, Copy, Default)]
struct Most {
    attendant_mb: f64,
    disk_mb: f64,
    took: Duration,
}

pub async fn measure(effort: Effort) -> Vec<Row> {
    let bytes = if effort.rounds == crate::QUICK.rounds { QUICK } else { WHOLE };
    let folder = on_disk();
    let agent = folder.path().join("printer");
    let line = "0123456789 abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let script = format!("#!/bin/sh\ngrep -q quick TASK.txt && exec echo done\nyes '{line}' | head -c {bytes}\n");
    fs::write(&agent, script).expect("a script");
    fs::set_permissions(&agent, fs::Permissions::from_mode(0o755)).expect("a script that can be run");
    let options = Options { limits: Limits::Discord, heartbeat_interval: HEARTBEAT, ..Options::default() };
    let slots = u32::try_from(AGENTS).unwrap_or(u32::MAX) + 1;
    let mut service = Service::prepare_on(options, &agent, slots, "live").await;
    service.start();
    service.online().await;
    let has_commands = service.sandbox.wait_until(|world| world.commands().any(|command| command["name"] == "status"), PATIENCE);
    has_commands.await.expect("the commands are registered");

    let (ended, _) = quick(&service).await;
    let about_it = json!([{ "name": "task", "type": 3, "value": ended }]);
    let idle = answers(&service, "status", &about_it, QUESTIONS).await;
    let connections = opened(&service);
    let empty_mb = disk_mb(service.dir.path());
    for number in 0..AGENTS {
        service.sandbox.person("stranger").say("task-queue", &format!("Print much, number {number}.")).expect("it is said");
    }
    let over = AtomicBool::new(false);
    let (busy, most) = tokio::join!(asked_meanwhile(&service, &about_it, &over), looked_at_meanwhile(&service, &over));
    let took = most.took.as_secs_f64();

    let each = format!("ten at once, {:.1} GB in all, read in {took:.0} s", bytes as f64 * AGENTS as f64 / 1e9);
    let longest = |waited: &[f64]| waited.iter().copied().fold(0.0, f64::max);
    let (busy_longest, idle_longest, asked) = (longest(&busy), longest(&idle), busy.len());
    vec![
        Row::plain(
            "peak memory of the service while agents print a gigabyte each, MB",
            status_mb(service.process(), "VmHWM:"),
            "MB",
            Some(Target::AtMost(100.0)),
        )
        .noting(&each),
        Row::plain("peak memory of one of their attendants, MB", most.attendant_mb, "MB", Some(Target::AtMost(10.0))),
        Row::plain(
            "disk for each of them, at the most, MB",
            (most.disk_mb - empty_mb) / AGENTS as f64,
            "MB",
            Some(Target::AtMost(KEPT_MB)),
        ),
        Row::ratio("a command's answer meanwhile, p99 / idle", p99(busy), p99(idle), "ms", None).noting(format!("{asked} questions")),
        Row::plain("the longest wait for an answer meanwhile", busy_longest, "ms", Some(Target::AtMost(3_000.0)))
            .noting(format!("{idle_longest:.1} ms idle")),
        Row::plain("gateway connections lost meanwhile", (opened(&service) - connections) as f64, "", Some(Target::AtMost(0.0)))
            .noting("a heartbeat each second; cut after three seconds without"),
    ]
}

/// Asks for as long as the agents work.
async fn asked_meanwhile(service: &Service, about: &Value, over: &AtomicBool) -> Vec<f64> {
    let mut waited = Vec::new();
    while !over.load(Relaxed) {
        let answered = tokio::time::timeout(LOST, answers(service, "status", about, 1)).await;
        // A question that came while there was no connection is not answered any more.
        waited.extend(answered.unwrap_or_else(|_| vec![LOST.as_secs_f64() * 1e3]));
    }
    waited
}

/// Looks until no agent has worked for a while: by then their results are on their way.
async fn looked_at_meanwhile(service: &Service, over: &AtomicBool) -> Most {
    let (began, mut most) = (Instant::now(), Most::default());
    let mut worked_at = began;
    while worked_at.elapsed() < QUIET {
        assert!(began.elapsed() < PATIENCE, "not all have ended");
        for pid in attendants(service.process()) {
            worked_at = Instant::now();
            // One that has just ended has no memory any more.
            most.attendant_mb = most.attendant_mb.max(status_mb(pid, "VmHWM:"));
        }
        most.disk_mb = most.disk_mb.max(disk_mb(service.dir.path()));
        most.took = worked_at - began;
        tokio::time::sleep(LOOK).await;
    }
    over.store(true, Relaxed);
    most
}

/// The attendants of a service: what its nursery has forked.
fn attendants(service: u32) -> impl Iterator<Item = u32> {
    let parent = |pid: u32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        stat.rsplit(')').next()?.split_whitespace().nth(1)?.parse::<u32>().ok()
    };
    let named = |pid: u32| fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name == "orch-attendant\n");
    let all = fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    all.filter(move |pid| named(*pid) && parent(*pid).and_then(parent) == Some(service))
}

/// What a folder takes of the disk, in MB of 1,024 KiB.
fn disk_mb(folder: &Path) -> f64 {
    let mut blocks = 0;
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if let Ok(metadata) = entry.metadata() {
                blocks += metadata.blocks();
                if metadata.is_dir() {
                    folders.push(entry.path());
                }
            }
        }
    }
    (blocks * 512) as f64 / f64::from(1 << 20)
}

/// How many gateway connections there have been.
fn opened(service: &Service) -> usize {
    service.sandbox.log().iter().filter(|record| record.gateway().is_some_and(|record| record.what == GatewayEvent::Connected)).count()
}
