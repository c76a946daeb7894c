//! The demonstration, as somebody meets it who has just cloned the repository.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

use super::{Browser, go_to};
use crate::world::{Founding, World};

/// A folder in which nothing is configured, as in a fresh clone.
async fn fresh() -> World {
    let world = Founding::new().silent().await;
    for file in ["discord-config.env", "orchestrator_config.json", "openclaw.json"] {
        fs::remove_file(world.dir().join(file)).expect("it was there");
    }
    world
}

/// A demonstration that runs; it ends with this.
struct Demonstration {
    process: Child,
    /// The address of its page.
    url: String,
    /// The command that it shows for another terminal.
    command: String,
}

impl Drop for Demonstration {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn demonstrate(world: &World) -> Demonstration {
    let mut demo = world.command(&["demo", "--listen", "127.0.0.1:0", "--agent", "demo"]);
    let mut process = demo.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the demonstration starts");
    let lines = BufReader::new(process.stdout.take().expect("it is piped")).lines().map_while(Result::ok);
    let shown: Vec<String> = lines.take_while(|line| !line.contains("Ctrl-C ends it")).collect();
    let after = |mark: &str| shown.iter().find_map(|line| line.split_once(mark)).expect("it is shown").1.trim().to_owned();
    let (url, command) = (after("A local Discord is at "), after("in this folder:"));
    Demonstration { process, url, command }
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::disallowed_methods, reason = "a person's shell is no agent")]
async fn the_command_that_the_demonstration_shows_works_in_another_terminal() {
    let world = fresh().await;
    let demonstration = demonstrate(&world);
    let command = &demonstration.command;
    world.until("the service answers", |world| world.run(&["status"]).0 == 0).await;

    let typed = Command::new("/bin/sh").args(["-c", command]).current_dir(world.dir()).stdin(Stdio::null()).output().expect("a shell");

    let (printed, said) = (String::from_utf8_lossy(&typed.stdout), String::from_utf8_lossy(&typed.stderr));
    assert!(typed.status.success(), "{command}: {said}");
    assert!(printed.contains("A real agent would now have done what the task says."), "{printed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_demonstration_in_a_folder_names_the_first_and_leaves_it_alone() {
    let world = fresh().await;
    let demonstration = demonstrate(&world);
    let url = &demonstration.url;
    let env = world.text(".runtime/demo/discord-config.env");

    let (code, _, error) = world.run(&["demo", "--listen", "127.0.0.1:0", "--agent", "demo"]);

    assert_eq!(code, 9, "{error}");
    assert!(error.contains(&format!("already: open {url}, or end it first")), "{error}");
    assert_eq!(world.text(".runtime/demo/discord-config.env"), env);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guide_leads_through_a_first_task_and_follows_what_really_happens() {
    let Some(browser) = Browser::start(1440, 900).await else { return };
    let world = fresh().await;
    let demonstration = demonstrate(&world);
    let step = |text: &str| format!("//section[@id='guide'][contains(., '{text}')]");
    browser.open(&demonstration.url).await;
    browser.see(&step("is one task")).await;

    browser.click("//section[@id='guide']//button[.='Put it in the box']").await;
    browser.enter_into(super::BOX, "").await;
    browser.see(&step("an agent is at work")).await;
    browser.see(&step("The answer stands in")).await;
    browser.click("//section[@id='guide']//button[.='Go to #results']").await;
    browser.see(&step("Now ask about it")).await;
    browser.see("//ol[@id='messages']//li[contains(., '[SUCCESS]')]").await;
    go_to(&browser, "task-queue").await;
    browser.type_into(super::BOX, "/status").await;
    browser.enter_into(super::BOX, "").await;
    browser.click("//form[@id='command']//button[@type='submit']").await;
    browser.see(&step("That was all of it")).await;
    browser.click("//button[@aria-label='Close the guide']").await;
    go_to(&browser, "general").await;
    browser.see("//h3[contains(., 'Welcome to #general')]").await;

    assert!(!browser.sees("//section[@id='guide']").await, "it comes back");
    browser.close().await;
}
