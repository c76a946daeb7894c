//! What a person does with a message: reactions and the menu of apps.

use serde_json::json;

use super::{BOX, Browser, at_a_desk, go_to, mark, message, tool};
use crate::world::Founding;

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_sign_by_click_cancels_a_running_task() {
    let Some((world, browser)) = at_a_desk().await else { return };
    go_to(&browser, "task-queue").await;

    browser.enter_into(BOX, "touch ~/started; sleep 600 # too long").await;
    browser.see(&mark("too long", "✅")).await;
    world.until("the agent runs", |world| world.has_file("started")).await;
    browser.click(&message("too long")).await;
    browser.click(&tool("too long", "Add reaction")).await;
    browser.click("//div[@id='popup']//button[.='🛑']").await;
    // One by the person, one by the bot: it says that it has obeyed.
    browser.see(&format!("{}[span[@class='count']='2']", mark("too long", "🛑"))).await;

    go_to(&browser, "results").await;
    browser.see(&message("[CANCELLED]")).await;
    browser.close().await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_task_is_cancelled_by_the_button_of_its_card() {
    let Some(browser) = Browser::start(1440, 900).await else { return };
    let world = Founding::new().config("cards.show", json!("state_changes")).start().await;
    browser.open(&format!("{}/?as=stranger", world.sandbox.base_url())).await;
    go_to(&browser, "task-queue").await;

    browser.enter_into(BOX, "touch ~/started; sleep 600 # by button").await;
    world.until("the agent runs", |world| world.has_file("started")).await;
    browser.click("//li[contains(@class, 'message')]//button[@data-act='press'][.='Cancel']").await;
    browser.click("//li[contains(@class, 'ephemeral')]//button[.='Stop it']").await;
    browser.see(&mark("by button", "🛑")).await;

    browser.lose("//li[contains(@class, 'message')]//button[@data-act='press'][.='Cancel']").await;
    go_to(&browser, "results").await;
    browser.see(&message("[CANCELLED]")).await;
    browser.close().await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_run_as_a_task_from_its_menu() {
    let Some((world, browser)) = at_a_desk().await else { return };
    go_to(&browser, "general").await;

    browser.enter_into(BOX, "echo from the menu > RESULT.txt").await;
    browser.click(&message("from the menu")).await;
    browser.click(&tool("from the menu", "More")).await;
    browser.click("//div[@id='popup']//button[contains(., 'Run as task')]").await;
    let answer = browser.read(&message("Queued as")).await;

    assert!(answer.contains("Only you can see this"), "{answer}");
    go_to(&browser, "task-queue").await;
    browser.see(&mark("asked by @stranger", "🏁")).await;
    go_to(&browser, "results").await;
    let entry = browser.read(&message("[SUCCESS]")).await;
    assert!(entry.contains("from the menu"), "{entry}");
    browser.close().await;
    world.finish().await;
}
