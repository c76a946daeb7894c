//! Whom the bot refuses sees in the browser what the bot says to it.

use serde_json::json;

use super::{BOX, Browser, go_to, mark};
use crate::world::Founding;

const CANCEL: &str = "//li[contains(@class, 'message')]//button[@data-act='press'][.='Cancel']";

/// What the bot has answered to the person alone.
fn quietly(text: &str) -> String {
    format!("//li[contains(@class, 'ephemeral')][.//*[contains(., \"{text}\")]]")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_is_refused_by_the_bot_in_its_own_words_and_who_may_is_obeyed_in_the_same_window() {
    let Some(browser) = Browser::start(1440, 900).await else { return };
    let mut world = Founding::new().config("cards.show", json!("state_changes")).silent().await;
    let admin = world.sandbox.user("admin").expect("he is there").id.to_string();
    world.reconfigure("who_may.submit.users", json!([admin]));
    world.start_bot();
    world.wait_until_online().await;
    let theirs = world.say("touch ~/started; sleep 600 # theirs");
    world.until("the agent runs", |world| world.has_file("started")).await;
    browser.open(&format!("{}/?as=stranger", world.sandbox.base_url())).await;
    go_to(&browser, "task-queue").await;

    browser.enter_into(BOX, "touch ~/mine # mine").await;
    browser.see(&mark("# mine", "❌")).await;
    let reply = browser.read("//li[contains(@class, 'message')][p[@class='context'][contains(., '# mine')]]").await;
    browser.click(CANCEL).await;
    let pressed = browser.read(&quietly("somebody else's task")).await;
    browser.type_into(BOX, "/settings").await;
    browser.click("//div[@id='suggestions']/div[@role='option'][b='/settings']").await;
    let used = browser.read(&quietly("You may not do this")).await;

    let no = "You may not give tasks here: that is for people on the list of submitters. Ask an operator to add you.";
    assert!(reply.contains(&format!("Not run. {no}")), "{reply}");
    assert!(pressed.contains("You may not control somebody else's task") && pressed.contains("Only you can see this"), "{pressed}");
    assert!(used.contains("that is for people on the list of operators") || used.contains("that needs the role"), "{used}");
    assert!(!world.has_file("mine") && !browser.sees(&mark("# mine", "✅")).await, "it was run");
    assert!(!browser.sees(&mark("# theirs", "🛑")).await, "it was stopped");

    browser.type_into("//select[@id='person']", "admin").await;
    browser.until("return document.body.dataset.user", "admin").await;
    assert!(!browser.sees(&quietly("somebody else's task")).await, "others see what the bot said to one alone");
    browser.click(CANCEL).await;
    browser.click("//li[contains(@class, 'ephemeral')]//button[.='Stop it']").await;
    browser.see(&mark("# theirs", "🛑")).await;
    world.entry(theirs).await;
    browser.close().await;
    world.finish().await;
}
