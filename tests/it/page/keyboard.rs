//! The page without a mouse: everything is reached, and the focus is where one expects it.

use orchestrator_sandbox::world::interaction::InteractionKind::{Command, Component};
use serde_json::json;

use super::{
    BOX, go_to, message,
    scripted::{Scripted, quietly},
    with_people,
};

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

/// Three cards with three buttons each.
async fn with_cards(bot: &Scripted<'_>) {
    for name in ["first", "second", "third"] {
        let button =
            |label: &str| json!({"type": 2, "style": 2, "label": format!("{label} {name}"), "custom_id": format!("{label}-{name}")});
        let row = json!({"type": 1, "components": [button("Logs"), button("Why"), button("Cancel")]});
        bot.post("general", json!({"content": format!("card {name}"), "components": [row]})).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_messages_are_one_stop_for_tab_and_the_one_that_has_the_focus_lets_it_in() {
    let Some((discord, browser)) = with_people(1440, 900).await else { return };
    let bot = Scripted::new(&discord);
    with_cards(&bot).await;
    go_to(&browser, "general").await;
    browser.see(&message("card third")).await;
    let stops = "return [...document.querySelectorAll('#messages, #messages *')].filter((one) => one.tabIndex >= 0).length";
    browser.until(stops, 1).await;
    browser.until(FOCUSED, "write").await;

    browser.tab_back().await;
    browser.until(FOCUSED, "files").await;
    browser.tab_back().await;
    let at = "return document.activeElement.querySelector('.content')?.textContent ?? null";
    browser.until(at, "card third").await;
    browser.press(UP).await;
    browser.until(at, "card second").await;
    for control in ["Logs second", "Why second", "Cancel second"] {
        browser.press(TAB).await;
        browser.until("return document.activeElement.textContent.trim()", control).await;
    }
    browser.press(ESCAPE).await;
    browser.until(at, "card second").await;
    browser.press(ESCAPE).await;
    browser.until(FOCUSED, "write").await;
    browser.until(stops, 1).await;

    bot.post("general", json!({"content": "card fourth"})).await;
    browser.see(&message("card fourth")).await;
    browser.tab_back().await;
    browser.tab_back().await;
    browser.until(at, "card fourth").await;
    browser.close().await;
    discord.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_button_that_was_answered_gives_the_focus_to_the_box_and_a_form_gives_it_back_to_its_button() {
    let Some((discord, browser)) = with_people(1440, 900).await else { return };
    let mut bot = Scripted::new(&discord);
    with_cards(&bot).await;
    go_to(&browser, "general").await;
    let why = "//button[.='Why second']";
    let second = "return document.activeElement.textContent.trim()";

    browser.enter_into(why, "").await;
    bot.answer(Component, quietly("because")).await;
    browser.see(&message("because")).await;
    browser.until(FOCUSED, "write").await;

    browser.enter_into(why, "").await;
    let field = json!({"type": 18, "label": "What", "component": {"type": 4, "custom_id": "what", "style": 1}});
    bot.answer(Component, json!({"type": 9, "data": {"title": "Why", "custom_id": "why", "components": [field]}})).await;
    browser.see("//dialog[@open]").await;
    browser.until(FOCUSED, "i-what").await;
    browser.press(ESCAPE).await;
    browser.lose("//dialog[@open]").await;
    browser.until(second, "Why second").await;

    // The card is drawn anew while the form is open.
    browser.enter_into(why, "").await;
    bot.answer(Component, json!({"type": 9, "data": {"title": "Why", "custom_id": "why", "components": [field]}})).await;
    browser.see("//dialog[@open]").await;
    let card = discord.look(|world| world.messages_in("general").nth(1).expect("a card").id);
    discord.person("stranger").react(card, "👍").expect("a reaction");
    browser.see(&super::mark("card second", "👍")).await;
    browser.press(ESCAPE).await;
    browser.lose("//dialog[@open]").await;
    browser.until(second, "Why second").await;
    browser.close().await;
    discord.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_is_typed_in_full_is_meant_whatever_else_begins_like_it() {
    let Some((discord, browser)) = with_people(1440, 900).await else { return };
    let mut bot = Scripted::new(&discord);
    let described = |name: &str| json!({"name": name, "description": format!("The {name}")});
    bot.offer(json!([described("status-of-all"), described("status-page"), described("status")])).await;
    go_to(&browser, "general").await;

    browser.type_into(BOX, "/status").await;
    browser.see("//div[@id='suggestions']/div[@role='option'][3]").await;
    browser.press(ENTER).await;
    let used = bot.answer(Command, quietly("as asked")).await;
    browser.see(&message("as asked")).await;
    assert_eq!(used["name"], "status");

    // Typed before it is known which commands there are, it is no message either.
    browser.run("location.reload()").await;
    browser.enter_into(BOX, "/status").await;
    assert_eq!(bot.answer(Command, quietly("once more")).await["name"], "status");
    browser.see(&message("once more")).await;
    assert_eq!(discord.look(|world| world.messages_in("general").filter(|message| message.content.starts_with('/')).count()), 0);
    browser.close().await;
    discord.shutdown().await;
}
