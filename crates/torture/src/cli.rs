//! The command line.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use clap::{Args, Parser, Subcommand};
use tokio::task::JoinSet;

use crate::{
    generate,
    judge::Law,
    play::{self, Manner, Played},
    report::{Report, print},
    round::{Round, play_round},
    script::{Op, Script},
    shrink, soak,
    world::Ground,
};

/// How often a candidate is played while a script is shrunk: the machine's timing decides too.
const TRIES: usize = 4;

/// Plays seeded histories against the real orchestrator and judges them from outside.
#[derive(Debug, Parser)]
#[command(
    name = "torture",
    args_conflicts_with_subcommands = true,
    max_term_width = 110,
    after_help = "Examples:\n  torture -n 10000                          play seeds 0 to 9999\n  torture -n 500 --seed-from 20000 --worlds 24\n  torture --seed 4711                       replay one history, aloud\n  torture --seed 4711 --shrink > short.ops  find the shortest script that still fails\n  torture --replay short.ops                play an operations file, aloud\n  torture soak --minutes 30 --rate 10       one service under a steady load\n\nExit code 0: no law was broken. 1: one was. 2: nothing could be played."
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    play: PlayArgs,
    #[command(flatten)]
    ground: GroundArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// One service under a steady rate of tasks: are memory, handles, threads and processes flat?
    #[command(after_help = "Example:\n  torture soak --minutes 30 --rate 10")]
    Soak {
        #[command(flatten)]
        soak: soak::SoakArgs,
        #[command(flatten)]
        ground: GroundArgs,
    },
}

#[derive(Debug, Args)]
struct PlayArgs {
    /// How many histories
    #[arg(short = 'n', long, default_value_t = 200)]
    histories: u64,
    /// The first seed
    #[arg(long, default_value_t = 0, value_name = "SEED")]
    seed_from: u64,
    /// How many histories are played at a time
    #[arg(long, default_value_t = 20)]
    worlds: usize,
    /// Play this one history, aloud
    #[arg(long, conflicts_with = "replay")]
    seed: Option<u64>,
    /// Play an operations file, aloud
    #[arg(long, value_name = "FILE")]
    replay: Option<PathBuf>,
    /// With --seed or --replay: find the shortest script that still fails, and print it as an operations file
    #[arg(long)]
    shrink: bool,
    /// With --seed: print its script and play nothing
    #[arg(long, requires = "seed")]
    show: bool,
    /// With --seed or --replay: play it so often
    #[arg(long, default_value_t = 1)]
    times: u32,
    /// How long anything may take at the end of a history, in seconds
    #[arg(long, default_value_t = 90)]
    patience: u64,
    /// After so many histories that broke a law no further one is begun
    #[arg(long, default_value_t = 20)]
    enough: usize,
}

#[derive(Debug, Args)]
struct GroundArgs {
    /// The program that is judged [default: `orchestrator` of this build, of the release build if there is one]
    #[arg(long)]
    bin: Option<PathBuf>,
    /// Where the worlds' folders are made [default: /dev/shm if it is there, else the temporary folder]
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Keep the folders of worlds in which a law was broken
    #[arg(long)]
    keep: bool,
    /// The report as JSON on standard output
    #[arg(long)]
    json: bool,
}

/// Runs the program.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    match runtime {
        Ok(runtime) => runtime.block_on(obey(cli)),
        Err(error) => failed(&format!("no runtime: {error}")),
    }
}

async fn obey(cli: Cli) -> ExitCode {
    if let Some(Command::Soak { soak, ground }) = cli.command {
        return match ground.ground() {
            Ok(place) => soak::run(&place, &soak, ground.json).await,
            Err(why) => failed(&why),
        };
    }
    let ground = match cli.ground.ground() {
        Ok(ground) => ground,
        Err(why) => return failed(&why),
    };
    let args = &cli.play;
    let script = match (args.seed, &args.replay) {
        (Some(seed), _) => Some(generate::script(seed)),
        (None, Some(file)) => match read(file) {
            Ok(script) => Some(script),
            Err(why) => return failed(&why),
        },
        (None, None) => None,
    };
    let patience = Duration::from_secs(args.patience);
    let report = match script {
        Some(script) if args.show => {
            print(&script.to_text());
            return ExitCode::SUCCESS;
        }
        Some(script) if args.shrink => return shrunk(&ground, script, patience).await,
        Some(script) => one(&ground, &script, args.times, Manner { aloud: !cli.ground.json, patience, keep: cli.ground.keep }).await,
        None => {
            let round = Round {
                bin: ground.bin,
                place: ground.place,
                first: args.seed_from,
                histories: args.histories,
                worlds: args.worlds,
                patience,
                keep: cli.ground.keep,
                progress: true,
                enough: args.enough.max(1),
            };
            play_round(&round).await
        }
    };
    print(&if cli.ground.json { format!("{:#}\n", report.to_json()) } else { report.to_text() });
    ExitCode::from(u8::from(report.violations() > 0))
}

/// Plays one script, so often.
async fn one(ground: &Ground, script: &Script, times: u32, manner: Manner) -> Report {
    let begun = tokio::time::Instant::now();
    let mut report = Report::default();
    for _ in 0..times.max(1) {
        let played = play::play(ground, script, manner).await;
        if let Some(kept) = &played.kept {
            eprintln!("its world is kept in {}", kept.display());
        }
        report.add(script.seed, played);
    }
    report.took = begun.elapsed();
    report
}

/// Plays a script several times at once, and tells which laws were broken in any.
async fn broken(ground: &Ground, script: &Script, patience: Duration) -> BTreeSet<Law> {
    let mut tries = JoinSet::new();
    for _ in 0..TRIES {
        let (ground, script) = (ground.clone(), script.clone());
        tries.spawn(async move { play::play(&ground, &script, Manner { aloud: false, patience, keep: false }).await });
    }
    let played: Vec<Played> = tries.join_all().await;
    played.iter().flat_map(|played| played.violations.iter().map(|violation| violation.law)).collect()
}

async fn shrunk(ground: &Ground, script: Script, patience: Duration) -> ExitCode {
    let laws = broken(ground, &script, patience).await;
    if laws.is_empty() {
        return failed(&format!("the script was played {TRIES} times and broke no law: nothing to shrink"));
    }
    let names: Vec<String> = laws.iter().map(ToString::to_string).collect();
    eprintln!("{} operations break: {}", script.ops.len(), names.join(", "));
    let (seed, settings) = (script.seed, script.settings.clone());
    let fails = async |ops: &[Op]| {
        let candidate = Script { seed, settings: settings.clone(), ops: ops.to_vec() };
        let fails = !broken(ground, &candidate, patience).await.is_disjoint(&laws);
        eprintln!("{} operations: {}", ops.len(), if fails { "still broken" } else { "sound" });
        fails
    };
    let ops = shrink::shortest(script.ops.clone(), fails).await;
    print(&Script { ops, ..script }.to_text());
    ExitCode::FAILURE
}

impl GroundArgs {
    fn ground(&self) -> Result<Ground, String> {
        let bin = self.bin.clone().map_or_else(found, Ok)?;
        let bin = fs::canonicalize(&bin).map_err(|error| format!("{} can't be run: {error}", bin.display()))?;
        let memory = Path::new("/dev/shm");
        let place = self.folder.clone().unwrap_or_else(|| if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() });
        // The program is shown its folder under its real name.
        let place = fs::canonicalize(&place).map_err(|error| format!("{} is no folder: {error}", place.display()))?;
        Ok(Ground { bin, place })
    }
}

/// The program of the same build tree, release before debug.
fn found() -> Result<PathBuf, String> {
    let own = std::env::current_exe().map_err(|error| format!("this program can't be found: {error}"))?;
    let beside = own.parent().unwrap_or(Path::new("."));
    let candidates = [beside.join("../release/orchestrator"), beside.join("orchestrator")];
    let found = candidates.iter().find(|bin| bin.exists());
    found.cloned().ok_or_else(|| "there is no `orchestrator` beside this program: build it, or name it with --bin".to_owned())
}

fn read(file: &Path) -> Result<Script, String> {
    let text = fs::read_to_string(file).map_err(|error| format!("{} can't be read: {error}", file.display()))?;
    Script::from_text(&text).map_err(|error| format!("{}: {error}", file.display()))
}

fn failed(why: &str) -> ExitCode {
    eprintln!("torture: {why}");
    ExitCode::from(2)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
