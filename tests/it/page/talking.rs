//! What people do with messages among themselves: write, edit, answer, react, attach, delete, and start threads.

use std::fs;

use orchestrator_sandbox::{
    Sandbox,
    world::guild::{Overwrite, OverwriteTarget},
};
use tempfile::TempDir;

use super::{BOX, Browser, go_to, item, mark, message, tool, with_people};

const SHIFT_ENTER: &str = "\u{e008}\u{e007}\u{e000}";
const UP: &str = "\u{e013}";
const ESCAPE: &str = "\u{e00c}";

#[tokio::test(flavor = "multi_thread")]
async fn a_person_writes_edits_answers_reacts_attaches_and_deletes() {
    let Some((discord, browser)) = with_people(1440, 900).await else { return };
    go_to(&browser, "general").await;

    browser.enter_into(BOX, &format!("first line{SHIFT_ENTER}second line")).await;
    let written = browser.read(&message("first line")).await;
    assert!(written.contains("first line\nsecond line"), "{written}");

    browser.type_into(BOX, UP).await;
    browser.enter_into("//form[@class='edit']/textarea", " and more").await;
    browser.see(&format!("{}//*[@class='edited']", message("second line and more"))).await;

    browser.click(&message("first line")).await;
    browser.click(&tool("first line", "Reply")).await;
    browser.enter_into(BOX, "an answer").await;
    let answer = browser.read(&format!("{}/p[@class='context']", message("an answer"))).await;
    assert!(answer.contains("stranger") && answer.contains("first line second line and more"), "{answer}");

    browser.click(&message("an answer")).await;
    browser.click(&tool("an answer", "Add reaction")).await;
    browser.enter_into("//div[@id='popup']//input", "rocket").await;
    browser.see(&format!("{}[@aria-pressed='true']", mark("an answer", "🚀"))).await;
    browser.click(&mark("an answer", "🚀")).await;
    browser.lose(&mark("an answer", "🚀")).await;

    let folder = TempDir::new().expect("a folder");
    fs::write(folder.path().join("notes.txt"), "what the file says").expect("a file");
    browser.type_into("//input[@id='files']", &folder.path().join("notes.txt").display().to_string()).await;
    browser.see("//ul[@id='uploads']/li[contains(., 'notes.txt')]").await;
    browser.enter_into(BOX, "with a file").await;
    browser.click(&format!("{}//summary", message("with a file"))).await;
    let preview = browser.read(&format!("{}//pre", message("with a file"))).await;
    assert_eq!(preview, "what the file says");

    browser.click(&message("an answer")).await;
    browser.click(&tool("an answer", "More")).await;
    browser.click(&item("Delete message")).await;
    browser.click("//div[@id='popup']//button[.='Delete']").await;
    browser.lose(&message("an answer")).await;
    browser.close().await;
    discord.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thread_begins_at_a_message_and_is_found_again_when_it_is_archived() {
    let Some((discord, browser)) = with_people(1440, 900).await else { return };
    go_to(&browser, "general").await;
    browser.enter_into(BOX, "tea or coffee?").await;

    browser.click(&message("tea or coffee?")).await;
    browser.click(&tool("tea or coffee?", "More")).await;
    browser.click(&item("Create thread")).await;
    browser.enter_into("//dialog[@open]//input", "Drinks (a long story)").await;
    browser.see("//h1[@id='channel-title'][contains(., 'Drinks (a long story)')]").await;
    browser.enter_into(BOX, "cocoa!").await;
    browser.see(&message("cocoa!")).await;
    browser.see("//ul[@id='channels']//ul//a[@aria-current='page'][contains(., 'a long story')]").await;

    let thread = browser.run("return document.body.dataset.channel").await;
    let archived = "const { channel, token } = document.body.dataset;
        return fetch(`/api/v10/channels/${channel}`, { method: 'PATCH', headers: { authorization: token, 'content-type': 'application/json' },
            body: '{\"archived\": true}' }).then((answer) => answer.status)";
    assert_eq!(browser.run(archived).await, 200);
    go_to(&browser, "general").await;
    browser.lose("//ul[@id='channels']//a[contains(., 'a long story')]").await;
    browser.click("//button[@data-panel='threads']").await;
    browser.click("//aside//section[h3[contains(., 'Archived')]]//a[contains(., 'a long story')]").await;
    browser.see(&message("cocoa!")).await;
    assert_eq!(browser.run("return document.body.dataset.channel").await, thread);
    browser.close().await;
    discord.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_in_two_windows_see_each_other_at_once_and_each_may_do_what_is_his() {
    let Some((discord, browser)) = with_people(1440, 900).await else { return };
    refuse_writing(&discord, "results");
    go_to(&browser, "results").await;
    let hint = browser.run("return document.getElementById('write').placeholder").await;
    assert_eq!(hint, "You do not have permission to send messages in this channel.");
    assert_eq!(browser.run("return document.getElementById('write').disabled").await, true);
    go_to(&browser, "general").await;
    browser.enter_into(BOX, "who is there?").await;

    let other = browser.open_beside(&at(&discord, "admin", "general")).await;
    browser.type_into(BOX, "I am, @stra\t").await;
    browser.type_into(BOX, "and you\u{e007}").await;
    browser.click(&message("who is there?")).await;
    browser.click(&tool("who is there?", "More")).await;
    browser.see(&item("Delete message")).await;
    assert!(!browser.sees(&item("Edit message")).await, "an admin edits what others wrote");
    browser.type_into("//div[@id='popup']//button[1]", ESCAPE).await;
    browser.click(&format!("{}//button[contains(@class, 'name')]", message("who is there?"))).await;
    let card = browser.read("//div[@id='popup']").await;
    assert!(card.contains("Member since") && card.contains("none"), "{card}");
    browser.go_to_window(&other).await;

    let told = message("I am, @stranger and you");
    browser.see(&told).await;
    assert!(browser.sees(&format!("{told}[contains(@class, 'mentioned')]")).await, "he is not told that he is meant");
    browser.click(&told).await;
    browser.click(&tool("I am, @stranger and you", "More")).await;
    browser.see(&item("Copy link")).await;
    assert!(!browser.sees(&item("Delete message")).await, "a stranger deletes what others wrote");
    browser.close().await;
    discord.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_is_listed_and_told_a_forum_takes_posts_and_another_server_is_a_click_away() {
    let Some((discord, browser)) = with_people(1440, 900).await else { return };
    browser.open(&at(&discord, "admin", "general")).await;
    browser.enter_into(BOX, "read this first").await;
    browser.click(&message("read this first")).await;
    browser.click(&tool("read this first", "More")).await;
    browser.click(&item("Pin message")).await;
    browser.see("//li[contains(@class, 'system')][contains(., 'admin pinned a message to this channel.')]").await;
    browser.click("//button[@data-panel='pins']").await;
    browser.see("//aside//li[contains(., 'read this first')]").await;
    browser.click("//aside//button[.='Unpin']").await;
    browser.see("//aside//*[contains(., 'any pinned messages')]").await;

    let made = "const { guild, token } = document.body.dataset;
        const body = { name: 'ideas', type: 15, available_tags: [{ name: 'small' }, { name: 'large' }] };
        return fetch(`/api/v10/guilds/${guild}/channels`, { method: 'POST', headers: { authorization: token, 'content-type': 'application/json' },
            body: JSON.stringify(body) }).then((answer) => answer.status)";
    assert_eq!(browser.run(made).await, 201);
    go_to(&browser, "ideas").await;
    browser.see("//li[.='There are no posts yet.']").await;
    browser.click("//button[.='New post']").await;
    browser.type_into("//dialog[@open]//input[@type='text']", "A kettle").await;
    browser.type_into("//dialog[@open]//textarea", "that tells when it is done").await;
    browser.click("//dialog[@open]//label[contains(., 'small')]").await;
    browser.click("//dialog[@open]//button[.='Post']").await;
    browser.see("//h1[contains(., 'A kettle')]").await;
    browser.see(&message("that tells when it is done")).await;
    go_to(&browser, "ideas").await;
    let post = browser.read("//li[@class='post']").await;
    assert!(post.contains("small") && post.contains("A kettle") && post.contains("that tells when"), "{post}");

    let made = "const { token } = document.body.dataset;
        return fetch('/sandbox/guilds', { method: 'POST', headers: { authorization: token, 'content-type': 'application/json' },
            body: JSON.stringify({ name: 'Second House', channels: ['hall'] }) }).then((answer) => answer.status)";
    assert_eq!(browser.run(made).await, 201);
    browser.open(&at(&discord, "admin", "general")).await;
    browser.click("//ul[@id='rail']//a[contains(., 'Second House')]").await;
    browser.see("//h1[contains(., 'hall')]").await;
    browser.enter_into(BOX, "is anybody here?").await;
    browser.see(&message("is anybody here?")).await;
    browser.close().await;
    discord.shutdown().await;
}

fn at(discord: &Sandbox, person: &str, channel: &str) -> String {
    format!("{}/?as={person}&channel={}", discord.base_url(), discord.channel(channel).expect("the channel"))
}

/// Takes the right to write in a channel from the stranger.
fn refuse_writing(discord: &Sandbox, channel: &str) {
    let id = discord.user("stranger").expect("he is there").id;
    discord.overwrite(channel, Overwrite { id, target: OverwriteTarget::Member, allow: 0, deny: 1 << 11 });
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_old_is_loaded_on_request_and_an_answer_leads_to_what_it_answers() {
    let Some(browser) = Browser::start(1440, 900).await else { return };
    let discord = Sandbox::start(super::without_limits()).await.expect("a local Discord");
    let first = discord.person("admin").say("#general", "the very first").expect("said");
    for number in 0..120 {
        discord.person("stranger").say("#general", &format!("line {number}.")).expect("said");
    }
    discord.person("admin").reply("#general", first, "about the first").expect("said");
    browser.open(&at(&discord, "stranger", "general")).await;
    browser.see(&message("about the first")).await;
    assert!(!browser.sees(&message("line 60.")).await, "everything is loaded at once");

    browser.click("//button[@data-act='older']").await;
    browser.see(&message("line 60.")).await;
    browser.click(&format!("{}//a[@data-act='jump']", message("about the first"))).await;
    browser.see(&format!("//li[contains(@class, 'pointed')][@id='m-{first}']")).await;
    discord.person("admin").say("#general", "meanwhile").expect("said");
    browser.see("//button[@id='newest'][contains(., '1 new message')]").await;
    browser.click("//button[@id='newest']").await;
    browser.see(&message("meanwhile")).await;
    browser.close().await;
    discord.shutdown().await;
}
