//! A world: a folder, a local Discord, and the real program beside it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::Arc,
    time::Duration,
};

use orchestrator_interposer::{Faults, set_clock};
use orchestrator_sandbox::{Limits, Options, Sandbox};
use rustix::process::Signal;
use serde_json::json;
use tempfile::TempDir;

use crate::{
    agents::{API_KEY, ASKER, CHECK},
    processes::{self, Process, Target},
    settings::Settings,
};

/// The agent: the task's text is a shell script that runs in the task's folder.
const AGENT: &str = "tail -c +7 TASK.txt > .task.sh; exec /bin/sh ./.task.sh";

/// Where the agent stands that is spoken with.
const ASKER_FILE: &str = "asker.sh";

/// What a service logs: as it does by itself, and how it comes by the end of an attempt.
const LOGGED: &str = "warn,orchestrator=info,discord_orchestrator=info,orchestrator_core=info,orchestrator_core::runner=debug,\
    discord_orchestrator::adapters::process=debug";

/// The shipped price list.
const PRICES: &str = include_str!("../../../openclaw-example.json");

/// How long a command may take before it is given up.
const COMMAND_PATIENCE: Duration = Duration::from_secs(60);

/// Between looks at something that tells nobody when it changes.
pub(crate) const LOOK: Duration = Duration::from_millis(20);

/// What worlds are made of.
#[derive(Clone, Debug)]
pub(crate) struct Ground {
    /// The program that is judged.
    pub(crate) bin: PathBuf,
    /// Where worlds' folders are made.
    pub(crate) place: PathBuf,
}

/// A world.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    dir: TempDir,
    bin: PathBuf,
    service: Option<Child>,
    /// The service, for whoever wants to strike it.
    pub(crate) target: Arc<Target>,
    env: Vec<(String, String)>,
    /// A `once` that was started beside a service.
    once: Option<Child>,
}

/// What a command has said.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    /// Its exit code; -1: it was killed, or given up.
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl World {
    /// Founds a world.
    ///
    /// # Errors
    ///
    /// What could not be made.
    pub(crate) async fn found(ground: &Ground, settings: &Settings) -> Result<Self, String> {
        let mut options = Options {
            limits: if settings.limits { Limits::Discord } else { Limits::Off },
            heartbeat_interval: Duration::from_millis(settings.heartbeat_ms),
            ..Options::default()
        };
        if settings.worker_bots {
            options.seed.more_bots = ["worker-1", "worker-2", "worker-3"].map(str::to_owned).to_vec();
        }
        let dir = tempfile::Builder::new().prefix("torture-").tempdir_in(&ground.place);
        let dir = dir.map_err(|error| format!("no folder for a world: {error}"))?;
        let sandbox = Sandbox::start(options).await.map_err(|error| format!("no local Discord: {error}"))?;
        let env_file = dir.path().join("discord-config.env");
        sandbox.write_env(&env_file).map_err(|error| error.to_string())?;
        let config = config(&sandbox, settings, dir.path());
        let write = |name: &str, text: String| fs::write(dir.path().join(name), text).map_err(|error| format!("{name}: {error}"));
        let env = fs::read_to_string(&env_file).map_err(|error| format!("the env file: {error}"))?;
        write("discord-config.env", format!("{env}OPENROUTER_API_KEY={API_KEY}\n"))?;
        write("orchestrator_config.json", config.to_string())?;
        write("openclaw.json", PRICES.to_owned())?;
        write(ASKER_FILE, ASKER.to_owned())?;
        let bin = ground.bin.clone();
        Ok(Self { sandbox, dir, bin, service: None, target: Arc::default(), env: Vec::new(), once: None })
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir().join(name)
    }

    pub(crate) fn store_path(&self) -> PathBuf {
        self.path(".runtime/orchestrator.db")
    }

    /// The name of our bot.
    pub(crate) fn bot() -> String {
        Options::default().seed.bot
    }

    #[expect(clippy::disallowed_methods, reason = "the program itself, as a person starts it")]
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.bin);
        command.args(args).current_dir(self.dir()).env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").env("HOME", self.dir());
        command.envs(self.env.iter().map(|(name, value)| (name, value))).stdin(Stdio::null());
        command
    }

    fn log_file(&self) -> Stdio {
        fs::File::options().create(true).append(true).open(self.path("bot.log")).map_or_else(|_| Stdio::null(), Stdio::from)
    }

    /// Starts the service, if none of ours runs; with further variables.
    pub(crate) fn start(&mut self, env: &[(String, String)]) {
        if self.runs() {
            return;
        }
        let log = self.log_file();
        let mut command = self.command(&["run"]);
        command.envs(env.iter().map(|(name, value)| (name, value))).env("RUST_LOG", LOGGED).stdout(Stdio::null()).stderr(log);
        self.service = command.spawn().ok();
        self.target.aim(self.service.as_ref().map(Child::id));
    }

    /// Whether a service was started and has not been seen to end.
    pub(crate) fn is_started(&self) -> bool {
        self.service.is_some()
    }

    /// Whether the service runs.
    pub(crate) fn runs(&self) -> bool {
        self.service.as_ref().is_some_and(|child| !processes::is_dead(i32::try_from(child.id()).unwrap_or(0)))
    }

    /// The service's process number.
    pub(crate) fn service_pid(&self) -> Option<u32> {
        self.service.as_ref().map(Child::id)
    }

    /// Sends the service a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        let _noted = self.target.nurseries(None);
        if let Some(pid) = self.service.as_ref().and_then(|child| i32::try_from(child.id()).ok()) {
            processes::signal(pid, signal);
        }
    }

    /// Waits until the service has ended, for so long at most.
    pub(crate) async fn ended(&mut self, within: Duration) -> Option<ExitStatus> {
        let until = tokio::time::Instant::now() + within;
        while self.runs() {
            if tokio::time::Instant::now() > until {
                return None;
            }
            tokio::time::sleep(LOOK / 4).await;
        }
        self.target.aim(None);
        self.service.take()?.wait().ok()
    }

    /// Kills the service, and waits until the local Discord has noticed: until then it would call the next one online before it is.
    pub(crate) async fn kill_service(&mut self) -> bool {
        let there = self.target.strike();
        self.ended(Duration::from_secs(10)).await;
        self.noticed().await;
        there
    }

    /// Waits until the local Discord has noticed that the service is gone.
    pub(crate) async fn noticed(&self) {
        let bot = Self::bot();
        let until = tokio::time::Instant::now() + Duration::from_secs(5);
        while self.sandbox.is_online(&bot) && tokio::time::Instant::now() < until {
            tokio::time::sleep(LOOK / 10).await;
        }
    }

    /// Waits until the service has a session, or ends.
    pub(crate) async fn online(&self, within: Duration) -> bool {
        let bot = Self::bot();
        let until = tokio::time::Instant::now() + within;
        while !self.sandbox.is_online(&bot) && self.runs() && tokio::time::Instant::now() < until {
            tokio::time::sleep(LOOK / 2).await;
        }
        self.sandbox.is_online(&bot)
    }

    /// Runs a command to its end.
    pub(crate) async fn run(&self, args: &[&str]) -> Said {
        let spawned = self.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let Ok(child) = spawned else { return Said { code: -1, out: String::new(), err: "it could not be started".to_owned() } };
        let pid = i32::try_from(child.id()).unwrap_or(0);
        let mut output = tokio::task::spawn_blocking(move || child.wait_with_output());
        let ended = tokio::time::timeout(COMMAND_PATIENCE, &mut output).await;
        let output = if let Ok(ended) = ended {
            ended
        } else {
            processes::signal(pid, Signal::KILL);
            output.await
        };
        let Ok(Ok(output)) = output else { return Said { code: -1, out: String::new(), err: "it could not be waited for".to_owned() } };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Said { code: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) }
    }

    /// Starts a `once` and does not wait for it.
    pub(crate) fn once_beside(&mut self) {
        if self.once.is_none() {
            let log = self.log_file();
            self.once = self.command(&["once"]).stdout(Stdio::null()).stderr(log).spawn().ok();
        }
    }

    /// Waits for the `once` that was started beside a service; one that does not end is killed. Tells whether it ended by itself.
    pub(crate) async fn once_ended(&mut self, within: Duration) -> bool {
        let Some(mut once) = self.once.take() else { return true };
        let until = tokio::time::Instant::now() + within;
        loop {
            match once.try_wait() {
                Ok(Some(_)) | Err(_) => return true,
                Ok(None) if tokio::time::Instant::now() > until => {
                    let _gone = once.kill();
                    let _reaped = once.wait();
                    return false;
                }
                Ok(None) => tokio::time::sleep(LOOK / 2).await,
            }
        }
    }

    pub(crate) fn processes(&self) -> Vec<Process> {
        processes::of_world(self.dir(), &self.target.nurseries(None))
    }

    pub(crate) fn text(&self, name: &str) -> String {
        String::from_utf8_lossy(&fs::read(self.path(name)).unwrap_or_default()).into_owned()
    }

    /// Keeps the folder, for whoever wants to look into it.
    pub(crate) fn keep(&mut self) -> PathBuf {
        self.dir.disable_cleanup(true);
        self.dir().to_owned()
    }

    /// Moves the wall clock of everything that is started here by so many hours, from now on and at once.
    ///
    /// # Errors
    ///
    /// The file system's.
    pub(crate) fn move_clock(&mut self, hours: i64) -> std::io::Result<()> {
        let file = self.path("clock");
        set_clock(&file, hours * 3_600)?;
        self.env = Faults::new().clock(&file).env();
        Ok(())
    }

    /// Variables by which the service meets faults at its own calls.
    pub(crate) fn faults(&self, rule: &str) -> Vec<(String, String)> {
        let (clock, faults) = (self.path("clock"), Faults::new().rule(rule));
        if clock.exists() { faults.clock(&clock).env() } else { faults.env() }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.target.strike();
        for child in [self.service.take(), self.once.take()].into_iter().flatten() {
            let mut child = child;
            let _gone = child.kill();
            let _reaped = child.wait();
        }
        // What a judge has found to be left over must not stay on the machine.
        for process in self.processes() {
            process.kill();
        }
    }
}

fn config(sandbox: &Sandbox, settings: &Settings, dir: &Path) -> serde_json::Value {
    let id = |name: &str| sandbox.user(name).map(|user| user.id.to_string()).unwrap_or_default();
    let role = |name: &str| {
        sandbox
            .look(|world| world.guild().roles.values().find(|role| role.name == name).map(|role| role.id.to_string()))
            .unwrap_or_default()
    };
    let submit = if settings.by_role {
        json!({"roles": [role("admin"), role("operator")]})
    } else {
        json!({"users": [id("admin"), id("operator")]})
    };
    let checks: &[&str] = if settings.checked { &["tells"] } else { &[] };
    let walls = if settings.walled {
        json!({"network": {"hosts": ["127.0.0.1:9"]}, "memory_mb": 4_000, "processes": 500, "disk_mb": 500})
    } else {
        json!({})
    };
    let agent = |more: serde_json::Value| {
        let mut agent = json!({
            "command": "/bin/sh", "args": [["-c", AGENT]], "grace_seconds": settings.grace, "default_checks": checks,
        });
        for (key, value) in [&walls, &more].into_iter().filter_map(serde_json::Value::as_object).flatten() {
            agent[key] = value.clone();
        }
        agent
    };
    let ends = json!({"where": {"/type": "end"}, "at": "/error"});
    json!({
        "default_agent": "script",
        "checks": { "tells": { "command": CHECK } },
        "agents": {
            "script": agent(json!({})),
            "scarce": agent(json!({
                "env": { "SCARCE": "yes" },
                "output": { "format": "jsonl", "error": ends, "classes": [{ "class": "quota", "error": "usage limit" }] },
                "quota": { "instead": if settings.instead { &["script"][..] } else { &[] } },
            })),
            "quiet": agent(json!({ "stall_seconds": 1 })),
            "asks": agent(json!({ "args": [dir.join(ASKER_FILE)], "protocol": "acp", "permissions": "ask", "permission_seconds": 2 })),
            "demo": { "env": { "DEMO_SECONDS": "0.2" } },
        },
        "who_may": { "submit": submit, "operate": { "users": [id("admin")] } },
        "caps": { "max_concurrent": settings.slots },
        "posts": { "first_delay_ms": 40, "delay_cap_seconds": 1, "request_timeout_seconds": 2 },
        "launch": { "first_delay_ms": 40, "delay_cap_seconds": 1 },
        "attempts": { "task": settings.attempts, "first_delay_seconds": 0, "delay_cap_seconds": 1 },
        "output": { "log_max_kb": 64 },
        "retention": { "success_hours": if settings.keep { 24 } else { 0 } },
        "lease_seconds": 5,
        "cards": { "show": settings.cards, "edit_gap_ms": 50, "live_seconds": 1 },
        // The clock is moved by a day.
        "ask_after_hours": 1_000,
        "disk_low_water_mb": 0,
    })
}
