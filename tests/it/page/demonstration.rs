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

/// The guide, at the step that says this.
fn step(text: &str) -> String {
    format!("//section[@id='guide'][contains(., '{text}')]")
}

/// Has the demonstration agent take its time, so that a busy machine is quicker than it.
fn take_time(world: &World) {
    fs::create_dir_all(world.dir().join(".runtime/demo")).expect("a folder");
    let config = serde_json::json!({"agents": {"demo": {"env": {"DEMO_SECONDS": "12"}}}});
    fs::write(world.dir().join(".runtime/demo/orchestrator_config.json"), config.to_string()).expect("a file");
}

const PUT_IT_IN: &str = "//section[@id='guide']//button[.='Put it in the box']";

/// A button of the card of the task that says this.
fn of_card(task: &str, label: &str) -> String {
    format!("//li[p[@class='context'][contains(., '{task}')]]//button[@data-act='press'][.='{label}']")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guide_leads_through_a_first_task_and_follows_what_really_happens_in_its_order() {
    let Some(browser) = Browser::start(1440, 900).await else { return };
    let world = fresh().await;
    take_time(&world);
    let demonstration = demonstrate(&world);
    browser.open(&demonstration.url).await;
    browser.see(&step("is one task")).await;

    browser.click(PUT_IT_IN).await;
    browser.enter_into(super::BOX, "").await;
    browser.see(&step("an agent is at work")).await;
    // Before it is its turn, this counts for nothing.
    browser.click(&of_card("tea and coffee", "Why?")).await;
    browser.see("//li[contains(@class, 'ephemeral')]").await;
    browser.see(&step("Its entry stands in")).await;
    browser.click("//section[@id='guide']//button[.='Go to #results']").await;
    browser.see(&step("Now ask about it")).await;
    browser.see("//ol[@id='messages']//li[contains(., '[SUCCESS]')]").await;
    browser.click("//section[@id='guide']//button[.='Go to #task-queue']").await;
    browser.see("//h1[contains(., 'task-queue')]").await;
    browser.see(&step("Now ask about it")).await;
    browser.click(&of_card("tea and coffee", "Logs")).await;

    browser.see(&step("Last, stop one")).await;
    browser.click(PUT_IT_IN).await;
    browser.enter_into(super::BOX, "").await;
    browser.see("//li[contains(@class, 'message')][p[contains(., 'teapot')]][contains(., 'Running')]").await;
    browser.click(&of_card("teapot", "Cancel")).await;
    browser.click("//li[contains(@class, 'ephemeral')]//button[.='Stop it']").await;
    browser.see(&step("That was all of it")).await;
    browser.see("//button[@data-emoji='🛑']").await;
    browser.click("//button[@aria-label='Close the guide']").await;
    go_to(&browser, "general").await;
    browser.see("//h3[contains(., 'Welcome to #general')]").await;

    assert!(!browser.sees("//section[@id='guide']").await, "it comes back");
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guide_begins_at_its_first_step_in_a_browser_that_is_new_whatever_has_happened_before() {
    let (Some(first), Some(second)) = (Browser::start(1440, 900).await, Browser::start(1440, 900).await) else { return };
    let world = fresh().await;
    let demonstration = demonstrate(&world);
    first.open(&demonstration.url).await;
    first.click(PUT_IT_IN).await;
    first.enter_into(super::BOX, "").await;
    first.see(&step("Its entry stands in")).await;

    second.open(&demonstration.url).await;
    second.see(&step("is one task")).await;
    first.open(&demonstration.url).await;
    first.see(&step("Its entry stands in")).await;
    second.open(&demonstration.url).await;

    second.see(&step("is one task")).await;
    first.close().await;
    second.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_is_refused_leaves_the_guide_where_it_is_and_who_has_left_it_is_not_led_again() {
    let Some(browser) = Browser::start(1440, 900).await else { return };
    let world = fresh().await;
    let demonstration = demonstrate(&world);
    browser.open(&demonstration.url).await;
    browser.see(&step("is one task")).await;
    go_to(&browser, "task-queue").await;

    browser.enter_into(super::BOX, "think about it [thinking:deep]").await;
    browser.see("//button[@data-emoji='❌']").await;
    browser.see(&step("is one task")).await;
    browser.click("//button[@aria-label='Leave the guide']").await;
    browser.type_into("//select[@id='person']", "stranger").await;
    browser.until("return document.body.dataset.user", "stranger").await;
    browser.until("return performance.getEntriesByType('resource').some((one) => one.name.includes('/page/menu?'))", true).await;

    let asked = "return performance.getEntriesByType('resource').some((one) => one.name.includes('/page/guide?'))";
    assert_eq!(browser.run(asked).await, false, "it is not over");
    assert!(!browser.sees("//section[@id='guide']").await);
    browser.close().await;
}
