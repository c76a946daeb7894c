//! Particulars that a person comes upon: counts that move, limits that are told, lists that stay short, what an answer shows of what it answers.

use orchestrator_sandbox::{
    Sandbox, Snowflake,
    world::interaction::InteractionKind::{Component, ModalSubmit},
};
use serde_json::json;

use super::{
    BOX, go_to, mark, message,
    scripted::{Scripted, quietly},
    with_people,
};

/// The newest message of a channel.
fn newest(discord: &Sandbox, channel: &str) -> Snowflake {
    discord.look(|world| world.messages_in(channel).next_back().expect("a message").id)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_count_below_a_thread_s_message_moves_with_what_is_said_and_deleted_in_the_thread() {
    let Some((discord, browser)) = with_people(1440, 900).await else { return };
    let bot = Scripted::new(&discord);
    let said = discord.person("admin").say("#general", "tea or coffee?").expect("said");
    bot.start_thread("general", said, "Drinks").await;
    go_to(&browser, "general").await;
    let link = |count: &str| format!("{}//p[@class='thread-link'][span='{count}']", message("tea or coffee?"));
    browser.see(&link("0 messages")).await;

    let cocoa = discord.person("admin").say("Drinks", "cocoa").expect("said");
    browser.see(&link("1 message")).await;
    discord.person("stranger").say("Drinks", "milk").expect("said");
    browser.see(&link("2 messages")).await;
    discord.person("admin").delete(cocoa).expect("deleted");
    browser.see(&link("1 message")).await;
    browser.close().await;
    discord.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_long_for_a_form_is_counted_kept_and_refused_aloud() {
    let Some((discord, browser)) = with_people(1440, 900).await else { return };
    let mut bot = Scripted::new(&discord);
    let ask = json!({"content": "what now?", "components": [{"type": 1, "components": [{"type": 2, "style": 1, "label": "Ask me", "custom_id": "ask"}]}]});
    bot.post("general", ask).await;
    go_to(&browser, "general").await;
    browser.click("//button[.='Ask me']").await;
    let words = json!({"type": 18, "label": "In your words", "component": {"type": 4, "custom_id": "words", "style": 2}});
    bot.answer(Component, json!({"type": 9, "data": {"title": "Say more", "custom_id": "more", "components": [words]}})).await;
    let field = "//dialog[@open]//textarea";
    let fill = async |characters: usize| {
        browser.see(field).await;
        let script = "const field = document.querySelector('dialog textarea'); field.value = 'é'.repeat(COUNT - 1); field.focus()";
        browser.run(&script.replace("COUNT", &characters.to_string())).await;
        browser.type_into(field, "!").await;
    };

    fill(3_000).await;
    assert!(!browser.sees("//dialog[@open]//small[@class='left']").await, "it is counted where there is room");
    fill(3_900).await;
    browser.see("//dialog[@open]//small[.='100 left']").await;
    fill(4_013).await;
    browser.see("//dialog[@open]//small[.='13 too many']").await;
    browser.click("//dialog[@open]//button[.='Submit']").await;
    browser.see("//dialog[@open]//p[@role='alert'][.='In your words: 4,013 characters, and at most 4,000 fit.']").await;
    assert_eq!(browser.run("return document.querySelector('dialog textarea').value.length").await, 4_013, "it was cut");
    fill(4_000).await;
    browser.click("//dialog[@open]//button[.='Submit']").await;
    let filled = bot.answer(ModalSubmit, quietly("thank you")).await;

    browser.lose("//dialog[@open]").await;
    let sent = filled["components"][0]["component"]["value"].as_str().unwrap_or_default().chars().count();
    assert_eq!(sent, 4_000);
    browser.close().await;
    discord.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_too_long_stays_in_the_box_and_is_not_sent() {
    let Some((discord, browser)) = with_people(1440, 900).await else { return };
    go_to(&browser, "general").await;
    browser.run("document.getElementById('write').value = 'x'.repeat(2004)").await;

    browser.enter_into(BOX, "!").await;

    browser.see("//*[@id='write-left'][.='5 too many']").await;
    browser.see("//*[@id='problem'][.='Your message: 2,005 characters, and at most 2,000 fit.']").await;
    assert_eq!(browser.run("return document.getElementById('write').value.length").await, 2_005);
    assert_eq!(discord.look(|world| world.messages_in("general").count()), 0);
    browser.close().await;
    discord.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reaction_that_is_clicked_twice_is_asked_for_once() {
    let Some((discord, browser)) = with_people(1440, 900).await else { return };
    let said = discord.person("admin").say("#general", "tea?").expect("said");
    discord.person("stranger").react(said, "👍").expect("a reaction");
    go_to(&browser, "general").await;
    let button = format!("{}[@aria-pressed='true']", mark("tea?", "👍"));
    browser.see(&button).await;

    let twice = "const button = document.querySelector('.reactions button'); button.click(); button.click()";
    browser.run(twice).await;
    browser.lose(&button).await;

    let asked = "return performance.getEntriesByType('resource').filter((one) => one.name.includes('/reactions/')).length";
    browser.until(asked, 1).await;
    assert!(!browser.sees("//*[@id='problem']").await, "it is complained of");
    browser.close().await;
    discord.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_newest_threads_stand_below_a_channel_and_a_button_opens_the_rest() {
    let Some((discord, browser)) = with_people(1440, 900).await else { return };
    let bot = Scripted::new(&discord);
    for number in 1..=9 {
        let said = discord.person("admin").say("#general", &format!("task {number}")).expect("said");
        bot.start_thread("general", said, &format!("thread {number}")).await;
    }
    go_to(&browser, "results").await;
    let listed =
        "return [...document.querySelectorAll('#channels .threads a')].map((link) => link.innerText.replace(/[^a-z0-9 ]/g, '').trim())";
    browser.until(listed, json!(["thread 9", "thread 8", "thread 7", "thread 6"])).await;

    browser.click("//ul[@id='channels']//button[.='5 more']").await;
    browser.see("//aside//h2[.='Threads of #general']").await;
    browser.click("//aside//a[contains(., 'thread 2')]").await;

    browser.see("//h1[contains(., 'thread 2')]").await;
    browser.see("//ul[@id='channels']//ul[@class='threads']//a[@aria-current='page'][contains(., 'thread 2')]").await;
    browser.close().await;
    discord.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_shows_what_a_card_says_and_nothing_that_a_spoiler_hides() {
    let Some((discord, browser)) = with_people(1440, 900).await else { return };
    let bot = Scripted::new(&discord);
    bot.post("general", json!({"embeds": [{"description": "▶️ **Running** · since a while\nand more"}]})).await;
    let card = newest(&discord, "general");
    discord.person("admin").reply("#general", card, "about the card").expect("said");
    let long = "and so on ".repeat(20);
    let told = discord.person("admin").say("#general", &format!("It was ||the butler {long}|| again")).expect("said");
    discord.person("admin").reply("#general", told, "about the butler").expect("said");
    go_to(&browser, "general").await;
    let shown = async |text: &str| browser.read(&format!("{}/p[@class='context']", message(text))).await;

    let (of_card, of_spoiler) = (shown("about the card").await, shown("about the butler").await);

    assert!(of_card.contains("Running · since a while") && !of_card.contains("and more"), "{of_card}");
    assert!(of_spoiler.contains("It was Spoiler again"), "{of_spoiler}");
    browser.close().await;
    discord.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_to_a_message_of_another_channel_leads_there_and_shows_which_is_meant() {
    let Some((discord, browser)) = with_people(1440, 900).await else { return };
    let bot = Scripted::new(&discord);
    for number in 0..70 {
        discord.person("stranger").say("#results", &format!("entry {number}.")).expect("said");
    }
    let (channel, entry) = discord.look(|world| {
        let found = world.messages_in("results").nth(20).expect("an entry");
        (found.channel, found.id)
    });
    // As on Discord itself, and as a bot makes them that was given the local one's address.
    for (label, host) in [("Result", "https://discord.com"), ("Entry", discord.base_url())] {
        let button = json!({"type": 2, "style": 5, "label": label, "url": format!("{host}/channels/1/{channel}/{entry}")});
        bot.post("general", json!({"content": "done", "components": [{"type": 1, "components": [button]}]})).await;
    }
    let in_sight = format!(
        "const [at, list] = [document.getElementById('m-{entry}'), document.getElementById('messages')].map((one) => one.getBoundingClientRect());
        return at.top >= list.top && at.bottom <= list.bottom"
    );

    for label in ["Result", "Entry"] {
        go_to(&browser, "general").await;
        browser.click(&format!("//a[contains(., '{label}')]")).await;

        browser.see("//h1[contains(., 'results')]").await;
        browser.see(&format!("//li[contains(@class, 'pointed')][@id='m-{entry}']")).await;
        browser.until("return document.activeElement.id", format!("m-{entry}")).await;
        browser.until(&in_sight, true).await;
    }
    browser.close().await;
    discord.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn direct_messages_have_their_place_below_the_channels_of_those_who_have_some() {
    let Some((discord, browser)) = with_people(1440, 900).await else { return };
    go_to(&browser, "general").await;
    assert!(!browser.sees("//h3[.='Direct messages']").await, "an empty list is shown");
    let bot = Scripted::new(&discord);
    bot.tell("stranger", json!({"content": "psst"})).await;

    let entry = "//li[h3='Direct messages']//a[span[@class='channel-name']='orchestrator']";
    browser.see(&format!("{entry}[contains(@class, 'is-unread')]")).await;
    browser.click(entry).await;
    browser.see("//h1[@id='channel-title'][contains(., 'orchestrator')]").await;
    browser.see(&message("psst")).await;
    browser.enter_into(BOX, "yes?").await;
    browser.see(&message("yes?")).await;
    go_to(&browser, "results").await;

    browser.click("//aside//button[contains(., 'admin')]").await;
    browser.click("//div[@id='popup']//button[.='Message']").await;
    browser.see("//h1[@id='channel-title'][contains(., 'admin')]").await;
    browser.enter_into(BOX, "are you there?").await;
    browser.see(&message("are you there?")).await;
    browser.open(&format!("{}/?as=operator", discord.base_url())).await;
    browser.see("//ul[@id='channels']//a[contains(., 'general')]").await;
    assert!(!browser.sees("//h3[.='Direct messages']").await, "somebody else sees them");
    browser.close().await;
    discord.shutdown().await;
}
