//! A history is played: one operation after another, then peace, then the judges.

mod closing;
mod deeds;
mod strikes;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use orchestrator_sandbox::{Demand, StormSeed};

use crate::{
    fate::{Fate, Taken},
    judge::{self, Law, Violation},
    script::{Op, Script},
    task::{Tag, TaskNumber},
    trouble::GatewayFault,
    world::{Ground, World},
};

/// What happened, by name.
pub(crate) type Counts = BTreeMap<String, u64>;

/// A history that is over.
#[derive(Debug, Default)]
pub(crate) struct Played {
    pub(crate) counts: Counts,
    pub(crate) violations: Vec<Violation>,
    /// Where the world can still be looked into, if it was kept.
    pub(crate) kept: Option<std::path::PathBuf>,
}

/// How a history is played.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    /// Every operation is told on standard error.
    pub(crate) aloud: bool,
    /// How long anything may take at the end.
    pub(crate) patience: Duration,
    /// The folder of a world in which a law was broken is kept.
    pub(crate) keep: bool,
}

/// Plays a script and judges it.
pub(crate) async fn play(ground: &Ground, script: &Script, manner: Manner) -> Played {
    let world = match World::found(ground, &script.settings).await {
        Ok(world) => world,
        Err(why) => return Played { violations: vec![Violation::new(Law::World, why)], ..Played::default() },
    };
    let mut player = Player::new(world, script, manner);
    for op in &script.ops {
        player.tell(&format!("{op:?}"));
        player.perform(op).await;
    }
    player.close().await;
    let evidence = player.evidence();
    player.violations.extend(judge::judge(&evidence));
    player.count_tasks(&evidence);
    let kept = (manner.keep && !player.violations.is_empty()).then(|| player.world.keep());
    Played { counts: player.counts, violations: player.violations, kept }
}

/// Whoever plays one history.
struct Player<'a> {
    world: World,
    script: &'a Script,
    manner: Manner,
    fates: BTreeMap<TaskNumber, Fate>,
    counts: Counts,
    violations: Vec<Violation>,
    /// How often the service was struck at a boundary.
    struck: Arc<AtomicU64>,
    /// How many of these have been seen in the exit of a service.
    strikes_told: u64,
    /// The same by boundary.
    boundaries: Vec<(String, Arc<AtomicU64>)>,
    /// How often the service was killed otherwise, or asked to stop.
    stops: u64,
    /// Whether events of the gateway were held back or lost.
    silenced: bool,
    /// Whether the service's life is to end at a call of somebody's own.
    trapped: bool,
    /// What nurseries or attendants that die by a call of their own may make of a task.
    snared: &'static [Tag],
    /// Whether everything was stopped by `panic`.
    panicked: bool,
    /// When a slash command was used last.
    last_command: Option<Instant>,
    /// Whether the machine's clock was moved.
    clock_moved: bool,
    /// What the command line has said, all of it.
    said: String,
    /// The exit code of the last service, which was asked to end.
    last_exit: Option<i32>,
    /// What `list --json` has said at the end.
    listed: Option<serde_json::Value>,
    begun: Instant,
}

impl<'a> Player<'a> {
    fn new(world: World, script: &'a Script, manner: Manner) -> Self {
        Self {
            world,
            script,
            manner,
            fates: BTreeMap::new(),
            counts: Counts::new(),
            violations: Vec::new(),
            struck: Arc::default(),
            strikes_told: 0,
            boundaries: Vec::new(),
            stops: 0,
            silenced: false,
            trapped: false,
            snared: &[],
            panicked: false,
            last_command: None,
            clock_moved: false,
            said: String::new(),
            last_exit: None,
            listed: None,
            begun: Instant::now(),
        }
    }

    fn tell(&self, what: &str) {
        if self.manner.aloud {
            eprintln!("{:>7.3} s  {what}", self.begun.elapsed().as_secs_f64());
        }
    }

    fn count(&mut self, what: &str) {
        *self.counts.entry(what.to_owned()).or_default() += 1;
    }

    fn broken(&mut self, law: Law, what: String) {
        self.tell(&format!("BROKEN {law}: {what}"));
        self.violations.push(Violation::new(law, what));
    }

    async fn perform(&mut self, op: &Op) {
        match op {
            Op::Start { trap } => self.start(*trap).await,
            Op::AwaitOnline => {
                if self.world.runs() {
                    self.world.online(self.manner.patience / 3).await;
                }
            }
            Op::Wait { ms } => tokio::time::sleep(Duration::from_millis(*ms)).await,
            Op::Submit { task, door, by, agent, wish } => self.submit(Fate::new(*task, *door, *by, *agent, *wish)).await,
            Op::Edit { task, agent } => self.edit(*task, *agent),
            Op::Delete { task } => self.delete(*task),
            Op::React { task, by, sign } => self.react(*task, *by, *sign),
            Op::Control { task, verb } => self.control(*task, *verb).await,
            Op::Kill { whom } => self.kill(*whom).await,
            Op::KillAtRequest { at, nth, side } => self.kill_at_request(*at, *nth, *side),
            Op::Stop { again_ms } => self.stop(*again_ms).await,
            Op::Panic => self.panic().await,
            Op::Resume => {
                self.count("resumes");
                self.command(&["resume"]).await;
            }
            Op::Once => self.once().await,
            Op::AheadSchema => self.ahead_schema().await,
            Op::Trouble { trouble } => {
                self.count(&format!("faults: {:?} on {:?}", trouble.fault, trouble.route));
                self.world.sandbox.trouble(trouble.rule());
            }
            Op::Gateway { fault } => {
                self.count(&format!("gateway faults: {fault:?}"));
                self.silenced |= matches!(fault, GatewayFault::Silence | GatewayFault::Lose);
                fault.demands().into_iter().for_each(|demand| self.world.sandbox.gateway_trouble(demand));
            }
            Op::Storm { seed, percent } => {
                self.count("storms");
                self.silenced = true;
                let rate = f64::from(*percent) / 100.0;
                self.world.sandbox.make_trouble(Demand::Storm(StormSeed { seed: *seed, rate }));
            }
            Op::Calm => self.calm(),
            Op::Clock { hours } => self.clock(*hours),
        }
    }

    /// Runs a command to its end; what it says must hold no secret.
    async fn command(&mut self, args: &[&str]) -> crate::world::Said {
        let said = self.world.run(args).await;
        self.tell(&format!("  {} → {} {}", args.join(" "), said.code, said.err.trim()));
        self.said.push_str(&said.out);
        self.said.push_str(&said.err);
        said
    }

    /// All tasks that may not have ended may end so, too.
    fn may_end(&mut self, ends: &[Tag]) {
        for fate in self.fates.values_mut().filter(|fate| fate.taken != Taken::Never) {
            fate.may_end.extend(ends);
        }
    }

    fn may_end_interrupted(&mut self, tasks: &BTreeSet<String>) {
        for fate in self.fates.values_mut() {
            // A task whose id is not known yet may be any of them.
            if fate.id.as_ref().is_none_or(|id| tasks.contains(id)) {
                fate.may_end.insert(Tag::Interrupted);
            }
        }
    }
}

/// Now, in nanoseconds since 1970.
#[expect(clippy::disallowed_methods, reason = "compared with times that the program has written by the machine's clock")]
fn now_nanos() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

fn fired(struck: &AtomicU64) -> u64 {
    struck.load(Ordering::SeqCst)
}
