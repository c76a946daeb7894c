//! A file system that is really small and really full.

use std::{fs, path::PathBuf, process::Command};

use serde_json::json;

use super::{judge, say_simple};
use crate::world::{Founding, PATIENCE, RUNS, World};

/// A small file system over a folder, gone with its end.
struct Mounted(PathBuf);

#[expect(clippy::disallowed_methods, reason = "the machine's administrator")]
fn administer(program: &str, args: &[&str]) -> bool {
    Command::new(program).args(args).output().is_ok_and(|done| done.status.success())
}

impl Mounted {
    fn over(folder: PathBuf, size: &str) -> Option<Self> {
        fs::create_dir_all(&folder).expect("a folder");
        let mounted = administer("mount", &["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs", folder.to_str()?]);
        if !mounted {
            eprintln!("LEFT OUT: a tmpfs can't be mounted here (it needs CAP_SYS_ADMIN)");
        }
        mounted.then_some(Self(folder))
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        administer("umount", &["--lazy", &self.0.display().to_string()]);
    }
}

/// Takes all the room that is left.
fn fill(mounted: &Mounted) -> PathBuf {
    let ballast = mounted.0.join("ballast");
    let mut file = fs::File::create(&ballast).expect("a file");
    let mut chunk = 64 * 1_024;
    while chunk > 0 {
        if std::io::Write::write(&mut file, &vec![1; chunk]).is_err() {
            chunk /= 2;
        }
    }
    ballast
}

/// How often a message could not be taken.
fn refusals(world: &World) -> usize {
    world.log().lines().filter(|line| line.contains("could not be taken") && line.contains("is full")).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_file_system_under_the_state_loses_nothing_and_goes_on_when_there_is_room() {
    let mut world = Founding::new().config("disk_low_water_mb", json!(0)).silent().await;
    let Some(mounted) = Mounted::over(world.dir().join(".runtime"), "4m") else { return };
    world.start_bot();
    world.wait_until_online().await;
    let before = say_simple(&world);
    world.marked(before, "🏁").await;
    let ends = world.say(&format!("{RUNS} until [ -e $HOME/go ]; do sleep 0.02; done; echo kept > RESULT.txt; touch $HOME/ended"));
    world.until("it runs", |world| world.runs().contains(&ends)).await;

    let ballast = fill(&mounted);
    // One that comes while there is no room, and one that ends then. Logs that are allocated already have room for some commits.
    let mut tasks = vec![before, ends];
    fs::write(world.dir().join("go"), "").expect("a file");
    world.until("the agent has ended", |world| world.has_file("ended")).await;
    while refusals(&world) == 0 {
        assert!(tasks.len() < 400, "it never noticed");
        let task = world.say(&format!("{RUNS} echo ok > RESULT.txt # {}", "x".repeat(1_500)));
        tasks.push(task);
        world.until("it is stored or refused", |world| refusals(world) > 0 || world.has_mark(task, "✅")).await;
    }
    let last = *tasks.last().expect("some");
    assert!(!world.has_mark(last, "✅"), "refused visibly: it stays unclaimed");

    fs::remove_file(ballast).expect("room again");
    world.all_entries(&tasks, PATIENCE * 2).await;
    for task in &tasks {
        world.marked(*task, "🏁").await;
    }
    judge(&world, &tasks, "a full file system");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_file_system_under_the_workspaces_fails_the_task_with_a_reason_and_leaves_the_service_well() {
    let mut world = Founding::new().config("disk_low_water_mb", json!(0)).config("launch.retries", json!(2)).silent().await;
    let Some(mounted) = Mounted::over(world.dir().join("workers"), "1m") else { return };
    world.start_bot();
    world.wait_until_online().await;
    let flood = world.say(&format!("{RUNS} echo partial > RESULT.txt; head -c 4000000 /dev/zero > big"));
    let flooded = world.entry(flood).await;
    assert!(flooded.content.starts_with("**[FAILED]**"), "{}", flooded.content);
    assert!(flooded.content.contains("exit code 1"), "{}", flooded.content);

    // Nothing can be started there until there is room; that is tried again, and then told.
    let ballast = fill(&mounted);
    let unstartable = say_simple(&world);
    let entry = world.entry(unstartable).await;
    assert!(entry.content.contains("No space left"), "{}", entry.content);
    fs::remove_file(ballast).expect("room again");
    fs::remove_file(world.task_dir(flood).expect("its folder").join("big")).expect("room again");
    let after = say_simple(&world);
    let entry = world.entry(after).await;

    assert!(entry.content.starts_with("**[SUCCESS]**"), "{}", entry.content);
    world.marked(after, "🏁").await;
    world.finish().await;
}
