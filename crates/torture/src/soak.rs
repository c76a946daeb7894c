//! A soak: one service under a steady rate of tasks. Are its memory, handles, threads and processes flat?

use std::{fmt::Write as _, fs, process::ExitCode, time::Duration};

use clap::Args;
use serde::Serialize;
use serde_json::json;
use tokio::time::Instant;

use crate::{
    report::{count, print},
    settings::{Cards, Settings},
    store::Reader,
    world::{Ground, LOOK, World},
};

/// Between samples.
const SAMPLE: Duration = Duration::from_secs(5);

/// How long the service may take to be at rest at the end.
const REST: Duration = Duration::from_secs(300);

#[derive(Debug, Args)]
pub(crate) struct SoakArgs {
    /// For how long, in minutes
    #[arg(long, default_value_t = 30.0)]
    minutes: f64,
    /// Tasks a second
    #[arg(long, default_value_t = 10.0)]
    rate: f64,
    /// What comes before this many minutes does not count
    #[arg(long, default_value_t = 2.0, value_name = "MINUTES")]
    warm_up: f64,
}

/// What a service takes of the machine at one moment.
#[derive(Clone, Copy, Debug, Serialize)]
struct Sample {
    /// Seconds since the beginning.
    at: f64,
    rss_kib: f64,
    handles: f64,
    threads: f64,
    processes: f64,
}

/// A straight line through a figure's samples.
#[derive(Clone, Copy, Debug, Serialize)]
struct Slope {
    name: &'static str,
    unit: &'static str,
    mean: f64,
    per_hour: f64,
    /// What the line has grown by over all that was sampled.
    grown: f64,
    /// By how much it may have grown and still count as flat.
    allowed: f64,
}

impl Slope {
    fn is_flat(&self) -> bool {
        self.grown <= self.allowed
    }
}

/// Soaks, and tells.
pub(crate) async fn run(ground: &Ground, args: &SoakArgs, as_json: bool) -> ExitCode {
    match soak(ground, args, !as_json).await {
        Ok((samples, tasks, faults)) => {
            let counted: Vec<Sample> = samples.iter().copied().filter(|sample| sample.at >= args.warm_up * 60.0).collect();
            let slopes = slopes(&counted);
            let flat = !slopes.is_empty() && slopes.iter().all(Slope::is_flat) && faults.is_empty();
            if as_json {
                print(&format!("{:#}\n", json!({"tasks": tasks, "slopes": slopes, "faults": faults, "flat": flat, "samples": samples})));
            } else {
                print(&told(&slopes, tasks, &faults, flat));
            }
            ExitCode::from(u8::from(!flat))
        }
        Err(why) => {
            eprintln!("torture: {why}");
            ExitCode::from(2)
        }
    }
}

fn told(slopes: &[Slope], tasks: u64, faults: &[String], flat: bool) -> String {
    let mut text = String::new();
    for slope in slopes {
        let _ = writeln!(
            text,
            "{:<10} mean {:>10.1} {:<4} slope {:>+9.2} {} per hour: {}",
            slope.name,
            slope.mean,
            slope.unit,
            slope.per_hour,
            slope.unit,
            if slope.is_flat() { "flat" } else { "NOT FLAT" }
        );
    }
    for fault in faults {
        let _ = writeln!(text, "{fault}");
    }
    let _ = writeln!(text, "tasks: {tasks}\nverdict: {}", if flat { "flat" } else { "NOT FLAT" });
    text
}

async fn soak(ground: &Ground, args: &SoakArgs, aloud: bool) -> Result<(Vec<Sample>, u64, Vec<String>), String> {
    let settings = Settings {
        slots: 8,
        attempts: 1,
        grace: 0,
        limits: false,
        keep: false,
        by_role: false,
        worker_bots: false,
        cards: Cards::Silent,
        heartbeat_ms: 41_250,
        checked: false,
        walled: false,
        instead: false,
    };
    let mut world = World::found(ground, &settings).await?;
    world.start(&[]);
    if !world.online(Duration::from_secs(30)).await {
        return Err(format!("the service did not come online:\n{}", world.text("bot.log")));
    }
    let (begun, between) = (Instant::now(), Duration::from_secs_f64(1.0 / args.rate.max(0.01)));
    let lasts = Duration::from_secs_f64(args.minutes * 60.0);
    let mut beat = tokio::time::interval(between);
    let (mut samples, mut tasks, mut looked, mut minute) = (Vec::new(), 0_u64, begun, 0);
    while begun.elapsed() < lasts && world.runs() {
        beat.tick().await;
        let said = world.sandbox.person("admin").say("task-queue", &format!("echo 'result {tasks}.' > RESULT.txt"));
        tasks += u64::from(said.is_ok());
        if looked.elapsed() >= SAMPLE {
            looked = Instant::now();
            samples.extend(sample(&world, begun.elapsed()));
        }
        let minutes = begun.elapsed().as_secs() / 60;
        if let Some(last) = samples.last().filter(|_| aloud && minutes > minute) {
            minute = minutes;
            eprintln!(
                "{minutes} min: {tasks} tasks, {:.1} MiB, {} handles, {} threads, {} processes",
                last.rss_kib / 1_024.0,
                last.handles,
                last.threads,
                last.processes
            );
        }
    }
    let faults = end(&mut world, tasks).await;
    Ok((samples, tasks, faults))
}

/// Everything that was asked for must have come, and the service must end.
async fn end(world: &mut World, tasks: u64) -> Vec<String> {
    let mut faults = Vec::new();
    if !world.runs() {
        faults
            .push(format!("the service ended by itself:\n{}", world.text("bot.log").lines().rev().take(5).collect::<Vec<_>>().join("\n")));
    }
    let until = Instant::now() + REST;
    let at_rest = |world: &World| {
        let looked = Reader::open(&world.store_path()).and_then(|reader| Ok((reader.unrest()?, reader.known()?.len())));
        looked.is_ok_and(|(unrest, known)| unrest.is_over() && known as u64 == tasks)
    };
    while !at_rest(world) && Instant::now() < until {
        tokio::time::sleep(LOOK * 10).await;
    }
    if !at_rest(world) {
        faults.push("not everything had ended and was delivered when it was waited for".to_owned());
    }
    world.signal(rustix::process::Signal::TERM);
    let code = world.ended(Duration::from_secs(60)).await.and_then(|status| status.code());
    if code != Some(0) {
        faults.push(format!("the service ended with {code:?}"));
    }
    faults
}

fn sample(world: &World, at: Duration) -> Option<Sample> {
    let processes = world.processes();
    let service = world.service_pid()?;
    let status = fs::read_to_string(format!("/proc/{service}/status")).ok()?;
    let figure = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next()?.parse::<f64>().ok());
    let handles = fs::read_dir(format!("/proc/{service}/fd")).ok()?.count();
    // The service itself is one of them.
    let others = processes.len().saturating_sub(1);
    Some(Sample {
        at: at.as_secs_f64(),
        rss_kib: figure("VmRSS:")?,
        handles: count(handles as u64),
        threads: figure("Threads:")?,
        processes: count(others as u64),
    })
}

fn slopes(samples: &[Sample]) -> Vec<Slope> {
    type Figure = (&'static str, &'static str, f64, fn(&Sample) -> f64);
    // What a figure may grow by, seen over the whole time: a page cache that settles, a connection more.
    let figures: [Figure; 4] = [
        ("memory", "KiB", 1_024.0, |sample| sample.rss_kib),
        ("handles", "", 2.0, |sample| sample.handles),
        ("threads", "", 1.0, |sample| sample.threads),
        ("processes", "", 2.0, |sample| sample.processes),
    ];
    let (Some(first), Some(last)) = (samples.first(), samples.last()) else { return Vec::new() };
    let hours = (last.at - first.at) / 3_600.0;
    let lines = figures.iter().filter_map(|(name, unit, allowed, figure)| {
        let points: Vec<(f64, f64)> = samples.iter().map(|sample| (sample.at / 3_600.0, figure(sample))).collect();
        let (mean, per_hour) = least_squares(&points)?;
        Some(Slope { name, unit, mean, per_hour, grown: per_hour * hours, allowed: f64::max(*allowed, mean * 0.02) })
    });
    lines.collect()
}

/// The mean of a straight line through points, and its slope; nothing for fewer than three.
fn least_squares(points: &[(f64, f64)]) -> Option<(f64, f64)> {
    let number = count(points.len() as u64);
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / number;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let spread: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    let together: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    (points.len() > 2 && spread > 0.0).then(|| (y, together / spread))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(rss: impl Fn(u32) -> f64) -> Vec<Sample> {
        let one = |n: u32| Sample { at: f64::from(n) * 5.0, rss_kib: rss(n), handles: 20.0, threads: 6.0, processes: f64::from(n % 4) };
        (0..360).map(one).collect()
    }

    #[test]
    fn a_leak_is_no_flat_line_and_noise_is() {
        // 10 KiB a sample is 7 MiB an hour.
        let leak = slopes(&samples(|n| 15_000.0 + 10.0 * f64::from(n)));
        assert!((leak[0].per_hour - 7_200.0).abs() < 1.0, "{leak:?}");
        assert!(!leak[0].is_flat());

        let noise = slopes(&samples(|n| 15_000.0 + f64::from((n * 7_919) % 300)));
        assert!(noise.iter().all(Slope::is_flat), "{noise:?}");
    }

    #[test]
    fn two_points_are_no_line() {
        assert_eq!(least_squares(&[(0.0, 1.0), (1.0, 2.0)]), None);
        assert_eq!(least_squares(&[(0.0, 1.0), (1.0, 2.0), (2.0, 3.0)]), Some((2.0, 1.0)));
    }
}
