//! The disk, the clock and the machine fail under the real binary: nothing accepted is lost, nothing is run twice, and what it costs is told.

mod busy;
mod copies;
mod damage;
mod failing_disk;
mod full_disk;
mod interposing;
mod kill_points;
mod small_disk;
mod upgrades;

use std::path::Path;

use orchestrator_interposer::Faults;
use orchestrator_sandbox::Snowflake;

use crate::world::{RUNS, World};

/// The bot's own words must reach the test, whatever else fails; and what the logs take is no matter of the store.
fn faults_beside_logs() -> Faults {
    Faults::new().rule("any:/bot.log@*=pass").rule("any:*/logs/@*=pass")
}

/// A switch that faults depend on: they hold while it is on.
fn switch(path: &Path, is_on: bool) {
    if is_on {
        std::fs::write(path, "").expect("a file");
    } else {
        std::fs::remove_file(path).expect("it is there");
    }
}

/// A task whose agent tells that it runs, and succeeds.
fn say_simple(world: &World) -> Snowflake {
    world.say(&format!("{RUNS} echo ok > RESULT.txt"))
}

/// Each task has one entry, and was run as often as the entry says.
fn judge(world: &World, tasks: &[Snowflake], history: &str) {
    let ran = world.runs();
    for task in tasks {
        let runs = ran.iter().filter(|run| *run == task).count();
        let text: String = world.entries(*task).iter().map(|message| format!("{}{:?}", message.content, message.embeds)).collect();
        assert_eq!(world.count_entries(*task), 1, "{history}: entries of {task}:\n{}", world.log());
        let succeeded = text.contains(&format!("**[SUCCESS]** `{task}`"));
        assert!(succeeded || text.contains(&format!("**[INTERRUPTED]** `{task}`")), "{history}: {text}");
        assert!(runs == 1 || (runs == 0 && !succeeded), "{history}: {task} ran {runs} times: {text}\n{}", world.log());
    }
    assert!(ran.iter().all(|run| tasks.contains(run)), "{history}: runs of nothing");
}
