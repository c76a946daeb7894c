//! The scripts in `bin-scripts`: thin, sound, and each its verb.

use std::{
    path::{Path, PathBuf},
    process::{Output, Stdio},
};

use crate::world::{Founding, World};

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("bin-scripts").join(name)
}

/// A script in a world's folder, with the binary under test in its PATH and nowhere else.
async fn run(world: &World, name: &str, args: &[&str]) -> (i32, String, String) {
    let place = world.dir().join("path");
    std::fs::create_dir_all(&place).unwrap();
    let link = place.join("orchestrator");
    if !link.exists() {
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_orchestrator"), &link).unwrap();
    }
    let of_the_world = world.command(&[]);
    let mut command = super::program(script(name));
    command.args(args).current_dir(world.dir()).env_clear().stdin(Stdio::null());
    command.envs(of_the_world.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", place.display())).env("CARGO_TARGET_DIR", "/nonexistent");
    let output: Output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().expect("the script starts");
    super::ended(&output)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_is_submitted_and_the_queue_is_run() {
    let world = Founding::new().silent().await;

    let (code, id, err) = run(&world, "submit-to-queue.sh", &["echo 42 > RESULT.txt", "cheap", "low"]).await;
    assert_eq!(code, 0, "{err}");
    let stands = world.sandbox.look(|seen| seen.messages_in("task-queue").last().map(|message| message.content.clone()));
    assert_eq!(stands, Some(format!("**[Task: {}]** echo 42 > RESULT.txt [model:cheap] [thinking:low]", id.trim())));

    let (code, _, err) = run(&world, "orchestrator.sh", &[]).await;
    assert_eq!(code, 0, "{err}");
    let task = id.trim().parse().unwrap();
    assert_eq!(world.entries(task).len(), 1);
    let (code, out, _) = run(&world, "trigger-orchestrator.sh", &[]).await;
    assert_eq!((code, out.trim()), (0, "No pending tasks"));
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clearing_the_queue_needs_an_answer() {
    let world = Founding::new().config("caps", serde_json::json!({"max_concurrent": 1})).start().await;
    let first = world.say("sleep 60");
    world.marked(first, "✅").await;
    let second = world.say("sleep 60");
    super::until(&world, second, |told| told["state"] == "waiting").await;

    let (code, _, err) = run(&world, "clear-task-queue.sh", &[]).await;
    assert_eq!(code, 1);
    assert!(err.contains("will be cancelled"), "{err}");
    let (code, _, err) = run(&world, "clear-task-queue.sh", &["--yes"]).await;
    assert_eq!(code, 0, "{err}");

    super::until(&world, first, |told| told["started_at"].is_string()).await;
    let (code, out, err) = run(&world, "emergency-stop.sh", &[]).await;
    assert_eq!(code, 0, "{err}");
    assert!(out.contains(&format!("task {first}")), "{out}");
    world.entry(first).await;
    world.finish().await;
}

#[test]
fn without_a_text_the_usage_is_told() {
    let output = super::program(script("submit-to-queue.sh"))
        .env("CARGO_TARGET_DIR", Path::new(env!("CARGO_BIN_EXE_orchestrator")).parent().unwrap().parent().unwrap())
        .output()
        .unwrap();

    let (code, _, err) = super::ended(&output);
    assert_eq!(code, 1);
    assert!(err.contains("Usage"), "{err}");
}

#[test]
fn a_systemd_unit_keeps_agents_alive_and_names_its_program() {
    let folder = tempfile::Builder::new().prefix("a 100% odd ").tempdir().unwrap();
    for (scope, target) in [("--user", "default.target"), ("--system", "multi-user.target")] {
        let output = super::program(script("install-systemd.sh")).args(["--print", scope, "--dir"]).arg(folder.path()).output().unwrap();

        let (code, unit, err) = super::ended(&output);
        assert_eq!(code, 0, "{err}");
        for line in ["KillMode=process", "Delegate=yes", "OOMPolicy=continue", &format!("WantedBy={target}")] {
            assert!(unit.lines().any(|found| found == line), "`{line}` is not in {unit}");
        }
        assert!(unit.contains("100%% odd"), "{unit}");
    }
}

#[test]
fn shellcheck_finds_nothing() {
    let Ok(there) = super::program("shellcheck").arg("--version").output() else { return };
    assert!(there.status.success());
    let scripts: Vec<PathBuf> = std::fs::read_dir(script("")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(scripts.len() >= 8);

    let output = super::program("shellcheck").args(&scripts).output().unwrap();

    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}
