//! The peer: pueue, if it is here (on `PATH`, or in the folder that `PUEUE` names). Both have the tasks waiting, then they are let go.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use crate::{
    Effort,
    house::House,
    noop::Programs,
    ratio::{Row, Target},
    seed,
    service::on_disk,
};

const TASKS: u64 = 200;
const AT_ONCE: u32 = 8;
const LOOK_EVERY: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(120);

pub async fn measure(_: Effort) -> Vec<Row> {
    let figure = format!("waiting tasks drained per second / pueue's (n={TASKS}, {AT_ONCE} at once)");
    let target = Some(Target::AtLeast(50.0));
    let Some(place) = installed() else { return vec![Row::absent(figure, "pueue is not installed", target)] };
    let folder = on_disk();
    let programs = Programs::make(folder.path());
    let Some(theirs) = Peer::start(&place, folder.path()).and_then(|peer| peer.drain(&programs.noop)) else {
        return vec![Row::absent(figure, "pueue did not do it", target)];
    };
    let ours = drain(&programs).await;
    let rate = |took: Duration| TASKS as f64 / took.as_secs_f64();
    vec![Row::ratio(figure, rate(ours), rate(theirs), "/s", target).noting(version(&place))]
}

/// Ours: the tasks wait in the store, then the stages are started.
async fn drain(programs: &Programs) -> Duration {
    let folder = on_disk();
    seed::waiting(folder.path(), TASKS).await;
    seed::resume(folder.path());
    let started = Instant::now();
    let house = House::start(folder.path(), programs.noop.clone(), AT_ONCE);
    house.run_out(TASKS).await;
    let took = started.elapsed();
    house.end().await;
    took
}

/// The folder that `pueue` and `pueued` are in.
#[expect(clippy::disallowed_methods, reason = "a bench has no configuration")]
fn installed() -> Option<PathBuf> {
    let named = std::env::var_os("PUEUE").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let both = |folder: &PathBuf| folder.join("pueue").is_file() && folder.join("pueued").is_file();
    named.into_iter().chain(std::env::split_paths(&path)).find(both)
}

#[expect(clippy::disallowed_methods, reason = "the peer's own program")]
fn version(place: &Path) -> String {
    let told = Command::new(place.join("pueue")).arg("--version").output();
    told.map_or_else(|_| String::new(), |told| String::from_utf8_lossy(&told.stdout).trim().to_owned())
}

/// A daemon of theirs with a folder of its own.
struct Peer {
    place: PathBuf,
    config: PathBuf,
    daemon: Child,
}

impl Peer {
    #[expect(clippy::disallowed_methods, reason = "the peer's own program")]
    fn start(place: &Path, folder: &Path) -> Option<Self> {
        let (config, state) = (folder.join("pueue.yml"), folder.join("pueue"));
        std::fs::create_dir_all(&state).ok()?;
        let shown = state.display();
        std::fs::write(
            &config,
            format!(
                "shared:\n  pueue_directory: {shown}\n  runtime_directory: {shown}\n  use_unix_socket: true\nclient: {{}}\ndaemon: {{}}\n"
            ),
        )
        .ok()?;
        let mut command = Command::new(place.join("pueued"));
        command.arg("--config").arg(&config).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let daemon = command.spawn().ok()?;
        let peer = Self { place: place.to_owned(), config, daemon };
        let started = Instant::now();
        while peer.ask(&["status"]).is_none() {
            if started.elapsed() > PATIENCE {
                return None;
            }
            std::thread::sleep(LOOK_EVERY);
        }
        Some(peer)
    }

    #[expect(clippy::disallowed_methods, reason = "the peer's own program")]
    fn ask(&self, args: &[&str]) -> Option<String> {
        let mut command = Command::new(self.place.join("pueue"));
        let told = command.arg("--config").arg(&self.config).args(args).stdin(Stdio::null()).output().ok()?;
        told.status.success().then(|| String::from_utf8_lossy(&told.stdout).into_owned())
    }

    /// How long it takes with the tasks that wait; adding them does not count.
    fn drain(&self, program: &Path) -> Option<Duration> {
        self.ask(&["parallel", &AT_ONCE.to_string()])?;
        self.ask(&["pause"])?;
        for _ in 0..TASKS {
            self.ask(&["add", "--", program.to_str()?])?;
        }
        let started = Instant::now();
        self.ask(&["start"])?;
        loop {
            let status = self.ask(&["status", "--json"])?;
            if status.matches("\"Done\"").count() as u64 >= TASKS {
                return Some(started.elapsed());
            }
            if started.elapsed() > PATIENCE {
                return None;
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.ask(&["shutdown"]));
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}
