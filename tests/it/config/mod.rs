//! The configuration as a person meets it: files in a folder, an environment, flags; and the built-in agents that it defines.

mod agents;
mod chat_agent;
mod checks;
mod definitions;
mod demo_agent;
mod documented;
mod env_file;
mod isolation;
mod openclaw;
mod own_file;
mod prices;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use discord_orchestrator::config::{Complaint, Config, ConfigError, Flags, Surroundings, load_from};
use tempfile::TempDir;

/// A machine with nothing on it: a root folder, a home, an empty `PATH`.
struct Machine {
    dir: TempDir,
    flags: Flags,
    around: Surroundings,
}

impl Machine {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for name in ["root", "home", "bin"] {
            fs::create_dir(dir.path().join(name)).unwrap();
        }
        let around = Surroundings {
            variables: [("HOME", dir.path().join("home")), ("PATH", dir.path().join("bin"))]
                .map(|(name, path)| (name.to_owned(), path.display().to_string()))
                .into(),
            current_dir: dir.path().join("root"),
            this_program: PathBuf::from("/opt/orchestrator"),
        };
        Self { dir, flags: Flags::default(), around }
    }

    /// One with what Discord needs.
    fn with_discord() -> Self {
        Self::new().file("discord-config.env", DISCORD)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn root(&self) -> PathBuf {
        self.path("root").canonicalize().unwrap()
    }

    fn file(self, name: &str, text: impl AsRef<[u8]>) -> Self {
        let path = self.path("root").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    /// Puts a program somewhere below the machine's folder.
    fn program(self, name: &str) -> Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "#!/bin/sh\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        self
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.around.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    fn set(mut self, setting: &str) -> Self {
        self.flags.set.push(setting.to_owned());
        self
    }

    fn load(&self) -> Result<Config, ConfigError> {
        load_from(&self.flags, &self.around)
    }

    fn config(&self) -> Config {
        self.load().unwrap_or_else(|error| panic!("{error}"))
    }

    /// What is wrong, without the folder's changing name.
    fn faults(&self) -> Vec<String> {
        let error = self.load().expect_err("the configuration was accepted");
        self.told(&error.complaints)
    }

    fn warnings(&self) -> Vec<String> {
        self.told(&self.config().warnings)
    }

    fn told(&self, complaints: &[Complaint]) -> Vec<String> {
        let (root, dir) = (self.root(), self.dir.path().canonicalize().unwrap());
        let plain = |text: String, path: &Path, name: &str| text.replace(&path.display().to_string(), name);
        let told = complaints.iter().map(|complaint| plain(complaint.to_string(), &root, "~root"));
        told.map(|text| plain(plain(text, &dir, "~"), self.dir.path(), "~")).collect()
    }

    fn setting(&self, key: &str) -> (String, String) {
        let config = self.config();
        let setting = config.settings.iter().find(|setting| setting.key == key).unwrap_or_else(|| panic!("no setting {key}"));
        (setting.shown.clone(), setting.from.to_string().replace(&self.root().display().to_string(), "~root"))
    }
}

const TOKEN: &str = "MTA.ORCH.secret-of-the-bot";

const DISCORD: &str = "ORCHESTRATOR_AGENT_TOKEN=\"MTA.ORCH.secret-of-the-bot\"
TASK_QUEUE_CHANNEL=\"1470493473038663792\"
RESULTS_CHANNEL=\"1470494384016462107\"
WORKER_POOL_CHANNEL=\"1470493843496501502\"
GUILD_ID=\"1470491656913686786\"
";

/// Whether one of the texts has all the pieces in it.
fn tells(texts: &[String], pieces: &[&str]) -> bool {
    texts.iter().any(|text| pieces.iter().all(|piece| text.contains(piece)))
}
