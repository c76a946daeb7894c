//! The emergency stop with everything dead that could be.

use std::{path::Path, process::Stdio};

use super::{another, attendant_of, named, nursery, parent, say_waiting, signal};
use crate::world::{Founding, RUNS};

#[tokio::test(flavor = "multi_thread")]
async fn the_emergency_stop_ends_every_agent_with_service_nursery_and_an_attendant_dead() {
    let mut world = Founding::new().start().await;
    let deaf = world.say(&format!("{RUNS} trap '' TERM; (setsid sleep 600 &); while :; do sleep 0.05; done"));
    let others = [say_waiting(&world), say_waiting(&world)];
    world.until("three run", |world| world.runs().len() == 3).await;
    let of_the_deaf = attendant_of(&world, deaf);
    let nursery = nursery(&world);
    let attendants = named("orch-attendant", |pid| parent(pid).is_some_and(|(parent, _)| parent == nursery));
    assert_eq!(attendants.len(), 3);
    world.kill_bot();
    signal(nursery, "KILL");
    signal(of_the_deaf, "KILL");

    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("bin-scripts/emergency-stop.sh");
    let target = Path::new(env!("CARGO_BIN_EXE_orchestrator")).parent().and_then(Path::parent).expect("a target folder");
    let path = world.dir().join("path");
    std::fs::create_dir_all(&path).expect("a folder");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_orchestrator"), path.join("orchestrator")).expect("a link");
    let usual = world.command(&[]);
    let mut stop = another(script);
    stop.args(["--grace", "1s"]).current_dir(world.dir()).env_clear().stdin(Stdio::null());
    stop.envs(usual.get_envs().filter_map(|(name, value)| Some((name, value?))));
    stop.env("CARGO_TARGET_DIR", target.join("nowhere")).env("PATH", format!("{}:/usr/bin:/bin", path.display()));
    let stopped = tokio::task::spawn_blocking(move || stop.output()).await.expect("no panic").expect("it runs");
    let said = String::from_utf8_lossy(&stopped.stdout).into_owned();

    assert_eq!(stopped.status.code(), Some(0), "{said}{}", String::from_utf8_lossy(&stopped.stderr));
    assert!(said.contains("Paused") && [deaf, others[0], others[1]].iter().all(|task| said.contains(&task.to_string())), "{said}");
    // A lock is free a moment before its holder is gone.
    let lives = |pid: &i32| parent(*pid).is_some_and(|(_, state)| state != 'Z');
    world.until("no attendant lives", |_| !attendants.iter().any(lives)).await;
    // A service that is started again starts nothing, and tells what became of them.
    world.start_bot();
    for task in [deaf, others[0], others[1]] {
        let entry = world.entry(task).await;
        assert!(entry.content.starts_with("**[CANCELLED]**"), "{}", entry.content);
        world.marked(task, "🛑").await;
    }
    let (code, _, error) = world.run(&["resume"]);
    assert_eq!(code, 0, "{error}");
    world.finish().await;
}
