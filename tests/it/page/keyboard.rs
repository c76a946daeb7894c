//! The page without a mouse: everything is reached, and the focus is where one expects it.

use super::{BOX, go_to, message, with_people};

const UP: &str = "\u{e013}";
const DOWN: &str = "\u{e015}";
const ENTER: &str = "\u{e007}";
const ESCAPE: &str = "\u{e00c}";
const TAB: &str = "\u{e004}";
const CTRL_K: &str = "\u{e009}k\u{e000}";

/// What has the focus, in a word.
const FOCUSED: &str = "const at = document.activeElement; return at.id || at.dataset.act || at.dataset.panel || at.textContent.trim()";

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_a_message_and_its_menu_are_reached_by_keys_and_escape_leads_back() {
    let Some((discord, browser)) = with_people(1440, 900).await else { return };
    go_to(&browser, "general").await;
    browser.enter_into(BOX, "first").await;
    browser.enter_into(BOX, "second").await;
    browser.see(&message("second")).await;

    browser.run("document.getElementById('messages').focus()").await;
    browser.press(UP).await;
    browser.press(UP).await;
    browser.press(ENTER).await;
    browser.see("//div[@id='popup'][@role='menu']").await;
    browser.until(FOCUSED, "Add reaction").await;
    browser.press(DOWN).await;
    browser.until(FOCUSED, "Reply").await;
    browser.press(ESCAPE).await;
    browser.lose("//div[@id='popup']").await;
    assert!(browser.run("return document.activeElement.textContent").await.as_str().unwrap_or_default().contains("first"));
    browser.press("r").await;
    browser.until(FOCUSED, "write").await;
    browser.press(&format!("about it{ENTER}")).await;
    browser.see(&format!("{}/p[@class='context'][contains(., 'first')]", message("about it"))).await;

    browser.press(CTRL_K).await;
    browser.see("//dialog[@id='switcher'][@open]").await;
    browser.press("resu").await;
    browser.see("//div[@id='places']/div[contains(., 'results')]").await;
    browser.press(ENTER).await;
    browser.see("//h1[contains(., 'results')]").await;
    browser.until(FOCUSED, "write").await;

    browser.press(CTRL_K).await;
    browser.press(ESCAPE).await;
    browser.lose("//dialog[@open]").await;
    browser.run("document.querySelector('#channels a').focus()").await;
    browser.press(DOWN).await;
    browser.press(ENTER).await;
    browser.see("//h1[contains(., 'results')]").await;
    browser.close().await;
    discord.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_phone_what_slides_in_takes_the_focus_and_gives_it_back() {
    let Some((discord, browser)) = with_people(390, 844).await else { return };

    browser.click("//button[@data-panel='members']").await;
    browser.see("//aside//button[contains(., 'admin')]").await;
    browser.until(FOCUSED, "aside-title").await;
    assert_eq!(browser.run("return document.querySelector('main').inert").await, true, "what is covered can be reached");
    browser.press(TAB).await;
    browser.until(FOCUSED, "aside-close").await;
    browser.press(ESCAPE).await;
    browser.lose("//aside").await;
    browser.until(FOCUSED, "members").await;

    browser.click("//button[@id='menu']").await;
    browser.see("//ul[@id='channels']//a[contains(., 'results')]").await;
    browser.until("return document.activeElement.getAttribute('aria-current')", "page").await;
    browser.press(ESCAPE).await;
    browser.until(FOCUSED, "menu").await;
    assert_eq!(browser.run("return document.querySelector('main').inert").await, false);
    browser.close().await;
    discord.shutdown().await;
}
