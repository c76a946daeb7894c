//! The real program as a process of its own, beside a local Discord.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use orchestrator_core::domain::id::ChannelId;
use orchestrator_sandbox::{Limits, Options, Request, Sandbox};
use serde_json::json;
use tempfile::TempDir;

/// How long the service may take to log in.
const PATIENCE: Duration = Duration::from_secs(60);

/// A folder on the disk that the build is on: a temporary folder may be in memory.
pub fn on_disk() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder")
}

/// A local Discord, a folder with a configuration for it, and the service, if it runs.
pub struct Service {
    pub sandbox: Sandbox,
    pub dir: TempDir,
    child: Option<Child>,
}

impl Service {
    /// Makes Discord and configuration; every task is run by `agent`, and nothing is shown of it but what every task has.
    pub async fn prepare(limits: Limits, agent: &Path) -> Self {
        Self::prepare_with(limits, agent, 8, "silent").await
    }

    /// The same with so many agents at once, and channels that show so much of their tasks.
    pub async fn prepare_with(limits: Limits, agent: &Path, slots: u32, shown: &str) -> Self {
        Self::prepare_on(Options { limits, ..Options::default() }, agent, slots, shown).await
    }

    /// The same on such a Discord.
    pub async fn prepare_on(options: Options, agent: &Path, slots: u32, shown: &str) -> Self {
        let dir = on_disk();
        let sandbox = Sandbox::start(options).await.expect("a local Discord");
        sandbox.write_env(&dir.path().join("discord-config.env")).expect("an env file");
        let config = json!({
            "default_agent": "noop",
            "agents": { "noop": { "command": agent, "grace_seconds": 1 } },
            "caps": { "per_user_queued": 1_000_000, "max_concurrent": slots },
            "cards": { "show": shown },
        });
        std::fs::write(dir.path().join("orchestrator_config.json"), config.to_string()).expect("a config file");
        std::fs::create_dir_all(dir.path().join(".runtime")).expect("a folder");
        Self { sandbox, dir, child: None }
    }

    /// Starts the service.
    #[expect(clippy::disallowed_methods, reason = "the program itself, as a person starts it")]
    pub fn start(&mut self) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_orchestrator"));
        command.arg("run").current_dir(self.dir.path()).env_clear().env("PATH", "/usr/bin:/bin").env("HOME", self.dir.path());
        self.child = Some(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the service starts"));
    }

    /// Waits until it has logged in.
    pub async fn online(&self) {
        let bot = Options::default().seed.bot;
        let online = async {
            while !self.sandbox.is_online(&bot) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, online).await.expect("the service logs in");
    }

    /// Its process.
    pub fn process(&self) -> u32 {
        self.child.as_ref().expect("it runs").id()
    }

    /// Kills it.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// The channel of that name.
    pub fn channel(&self, name: &str) -> ChannelId {
        ChannelId::new(self.sandbox.channel(name).expect("the channel is there").get())
    }

    /// What the service has asked of Discord so far.
    pub fn requests(&self) -> Vec<Request> {
        self.sandbox.log().iter().filter_map(|record| record.request().filter(|request| request.by_bot).cloned()).collect()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.stop();
    }
}
