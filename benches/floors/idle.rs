//! Memory of the service at rest: logged in, one server seen, nothing to do.

use std::{
    process::{Command, Stdio},
    time::Duration,
};

use orchestrator_sandbox::{Options, Sandbox};

use crate::ratio::Figure;

/// After this nothing of the start is still going on.
const SETTLED: Duration = Duration::from_secs(5);

#[expect(clippy::disallowed_methods, reason = "the service is measured as a process of its own")]
pub async fn measure() -> Vec<Figure> {
    let folder = tempfile::tempdir().expect("a folder");
    let sandbox = Sandbox::start(Options::default()).await.expect("a local Discord");
    sandbox.write_env(&folder.path().join("discord-config.env")).expect("an env file");
    let mut service = Command::new(env!("CARGO_BIN_EXE_orchestrator"))
        .arg("run")
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the service starts");
    let bot = Options::default().seed.bot;
    while !sandbox.is_online(&bot) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    tokio::time::sleep(SETTLED).await;
    let resident = status_kib(service.id(), "VmRSS:");
    let _ = service.kill();
    let _ = service.wait();
    sandbox.shutdown().await;
    vec![Figure {
        name: "idle memory of the service (resident)".to_owned(),
        ours: format!("{:.1} MB", resident / 1_024.0),
        floor: String::new(),
        ratio: None,
        target: "<= 25 MB",
    }]
}

fn status_kib(process: u32, key: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    status.lines().find_map(|line| line.strip_prefix(key)?.split_whitespace().next()?.parse().ok()).unwrap_or(f64::NAN)
}
