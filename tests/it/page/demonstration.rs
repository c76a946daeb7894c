//! The demonstration, as somebody meets it who has just cloned the repository.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
};

use crate::world::{Founding, World};

/// A folder in which nothing is configured, as in a fresh clone.
async fn fresh() -> World {
    let world = Founding::new().silent().await;
    for file in ["discord-config.env", "orchestrator_config.json", "openclaw.json"] {
        fs::remove_file(world.dir().join(file)).expect("it was there");
    }
    world
}

/// Starts the demonstration: the address of its page, and the command that it shows for another terminal.
fn demonstrate(world: &World) -> (String, String) {
    let mut demo = world.command(&["demo", "--listen", "127.0.0.1:0", "--agent", "demo"]);
    let mut demo = demo.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the demonstration starts");
    // It is ended with the world, as everything that works in its folder.
    let lines = BufReader::new(demo.stdout.take().expect("it is piped")).lines().map_while(Result::ok);
    let shown: Vec<String> = lines.take_while(|line| !line.contains("Ctrl-C ends it")).collect();
    let after = |mark: &str| shown.iter().find_map(|line| line.split_once(mark)).expect("it is shown").1.trim().to_owned();
    (after("A local Discord is at "), after("in this folder:"))
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::disallowed_methods, reason = "a person's shell is no agent")]
async fn the_command_that_the_demonstration_shows_works_in_another_terminal() {
    let world = fresh().await;
    let (_, command) = demonstrate(&world);
    world.until("the service answers", |world| world.run(&["status"]).0 == 0).await;

    let typed = Command::new("/bin/sh").args(["-c", &command]).current_dir(world.dir()).stdin(Stdio::null()).output().expect("a shell");

    let (printed, said) = (String::from_utf8_lossy(&typed.stdout), String::from_utf8_lossy(&typed.stderr));
    assert!(typed.status.success(), "{command}: {said}");
    assert!(printed.contains("A real agent would now have done what the task says."), "{printed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_demonstration_in_a_folder_names_the_first_and_leaves_it_alone() {
    let world = fresh().await;
    let (url, _) = demonstrate(&world);
    let env = world.text(".runtime/demo/discord-config.env");

    let (code, _, error) = world.run(&["demo", "--listen", "127.0.0.1:0", "--agent", "demo"]);

    assert_eq!(code, 9, "{error}");
    assert!(error.contains(&format!("already: open {url}, or end it first")), "{error}");
    assert_eq!(world.text(".runtime/demo/discord-config.env"), env);
}
