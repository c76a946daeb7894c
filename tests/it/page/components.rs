//! What bots offer to press, to choose and to fill in, and what they answer.

use orchestrator_sandbox::world::interaction::InteractionKind::{Autocomplete, Command, Component, ModalSubmit};
use serde_json::json;

use super::{
    BOX, go_to, message,
    scripted::{Scripted, quietly},
    with_people,
};

const SEND: &str = "//form[@id='command']//button[@type='submit']";

#[tokio::test(flavor = "multi_thread")]
async fn a_command_has_its_options_by_type_and_its_suggestions_from_the_bot() {
    let Some((discord, browser)) = with_people(1440, 900).await else { return };
    let mut bot = Scripted::new(&discord);
    bot.offer(json!([{"name": "task", "description": "Give a task", "options": [
        {"type": 3, "name": "model", "description": "Which", "required": true, "autocomplete": true},
        {"type": 3, "name": "thinking", "description": "How hard", "choices": [{"name": "low", "value": "l"}, {"name": "high", "value": "h"}]},
        {"type": 4, "name": "priority", "description": "From 1 to 9", "min_value": 1, "max_value": 9},
        {"type": 6, "name": "who", "description": "For whom"}]}]))
    .await;
    go_to(&browser, "general").await;

    browser.type_into(BOX, "/ta").await;
    browser.enter_into("//div[@id='suggestions']/../form//textarea[@id='write'][@aria-activedescendant='s-0']", "").await;
    browser.type_into("//input[@id='o-model']", "che").await;
    let choices = json!([{"name": "cheap (the default)", "value": "cheap"}, {"name": "cheaper", "value": "cheaper"}]);
    let asked = loop {
        // What is asked for while the first letters are typed is answered too.
        let asked = bot.answer(Autocomplete, json!({"type": 8, "data": {"choices": choices}})).await;
        if asked["options"][0]["value"] == "che" {
            break asked;
        }
    };
    assert_eq!(asked["options"][0]["focused"], true);
    browser.see("//div[@role='option'][contains(., 'cheap (the default)')]").await;
    browser.enter_into("//input[@id='o-model']", "").await;
    browser.type_into("//input[@id='o-priority']", "7").await;
    browser.type_into("//select[@id='o-thinking']", "high").await;
    browser.type_into("//select[@id='o-who']", "@admin").await;
    browser.click(SEND).await;
    let used = bot.answer(Command, quietly("as you wish")).await;

    let answer = browser.read(&message("as you wish")).await;
    assert!(answer.contains("Only you can see this"), "{answer}");
    let value =
        |name: &str| used["options"].as_array().into_iter().flatten().find(|one| one["name"] == name).map(|one| one["value"].clone());
    assert_eq!((value("model"), value("thinking"), value("priority")), (Some(json!("cheap")), Some(json!("h")), Some(json!(7))));
    assert_eq!(value("who"), Some(json!(discord.user("admin").expect("he is there").id)));
    browser.click("//button[.='Dismiss message']").await;
    browser.lose(&message("as you wish")).await;
    browser.close().await;
    discord.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_button_opens_a_form_a_select_sends_what_was_chosen_and_silence_is_said() {
    let Some((discord, browser)) = with_people(1440, 900).await else { return };
    let mut bot = Scripted::new(&discord);
    bot.post("general", json!({"content": "what now?", "components": [
        {"type": 1, "components": [{"type": 2, "style": 1, "label": "Ask me", "custom_id": "ask"}, {"type": 2, "style": 2, "label": "Nothing", "custom_id": "silent"}]},
        {"type": 1, "components": [{"type": 3, "custom_id": "one", "placeholder": "One of them", "options": [{"label": "Tea", "value": "tea"}, {"label": "Coffee", "value": "coffee"}]}]},
        {"type": 1, "components": [{"type": 5, "custom_id": "many", "placeholder": "Some people", "max_values": 3}]}]}))
    .await;
    go_to(&browser, "general").await;

    browser.click("//button[.='Ask me']").await;
    let modal = json!({"type": 9, "data": {"title": "Say more", "custom_id": "more", "components": [
        {"type": 18, "label": "In your words", "description": "As many as you like", "component": {"type": 4, "custom_id": "words", "style": 2}},
        {"type": 18, "label": "Drink", "component": {"type": 3, "custom_id": "drink", "options": [{"label": "Tea", "value": "tea"}, {"label": "Water", "value": "water"}]}}]}});
    bot.answer(Component, modal).await;
    browser.type_into("//dialog[@open]//textarea", "it is late").await;
    browser.type_into("//dialog[@open]//select", "Water").await;
    browser.click("//dialog[@open]//button[.='Submit']").await;
    let filled = bot.answer(ModalSubmit, quietly("thank you")).await;
    browser.see(&message("thank you")).await;
    browser.lose("//dialog[@open]").await;
    assert_eq!(filled["components"][0]["component"]["value"], "it is late");
    assert_eq!(filled["components"][1]["component"]["values"], json!(["water"]));

    browser.type_into("//select[@aria-label='One of them']", "Coffee").await;
    assert_eq!(bot.answer(Component, json!({"type": 6})).await["values"], json!(["coffee"]));
    browser.click("//summary[.='Some people']").await;
    for who in ["admin", "stranger"] {
        browser.click(&format!("//details[summary='Some people']//label[contains(., '@{who}')]")).await;
    }
    browser.click("//details[summary='Some people']//button[.='Choose']").await;
    let chosen = bot
        .answer(
            Component,
            json!({"type": 7, "data": {"content": "all said", "components": [
        {"type": 1, "components": [{"type": 2, "style": 2, "label": "Nothing", "custom_id": "silent"}]}]}}),
        )
        .await;
    assert_eq!(chosen["values"].as_array().map(Vec::len), Some(2), "{chosen}");

    browser.see(&message("all said")).await;
    browser.click("//button[.='Nothing']").await;
    browser.see(&format!("{}//p[@class='failed'][.='This interaction failed']", message("all said"))).await;
    browser.close().await;
    discord.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_that_are_registered_while_a_list_of_them_is_open_come_into_it() {
    let Some((discord, browser)) = with_people(1440, 900).await else { return };
    let mut bot = Scripted::new(&discord);
    discord.person("admin").say("#general", "tea?").expect("said");
    go_to(&browser, "general").await;

    browser.click(&message("tea?")).await;
    browser.click(&super::tool("tea?", "More")).await;
    browser.see(&super::item("Copy link")).await;
    assert!(!browser.sees(&super::item("Run as task")).await, "nobody has registered it");
    bot.offer(json!([{"type": 3, "name": "Run as task"}])).await;
    browser.click(&super::item("Run as task")).await;
    assert_eq!(bot.answer(Command, quietly("run")).await["name"], "Run as task");

    bot.offer(json!([])).await;
    browser.until("return import('/page/choices.js').then((choices) => choices.known.commands.length)", 0).await;
    browser.type_into(BOX, "/ta").await;
    browser.see("//div[@id='suggestions'][contains(., 'No bot has registered commands')]").await;
    bot.offer(json!([{"name": "task", "description": "Give a task"}])).await;
    browser.see("//div[@id='suggestions']/div[@role='option'][b='/task']").await;
    browser.close().await;
    discord.shutdown().await;
}
