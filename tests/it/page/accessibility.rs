//! What a screen reader, a keyboard and weak eyes find: axe-core looks at the page in both colours and on both sizes of screen.

use std::{env, fs, path::PathBuf};

use orchestrator_sandbox::{Sandbox, world::interaction::InteractionKind::Component};
use serde_json::{Value, json};

use super::{BOX, Browser, message, scripted::Scripted, without_limits};

/// Names the file with axe-core's script. `bin-scripts/test.sh` fetches it and sets this.
const AXE: &str = "ORCH_TEST_AXE";
/// The version that is used, as in `bin-scripts/test.sh`.
const VERSION: &str = "4.14.1";

/// axe-core's script, if it is on this machine.
#[expect(clippy::disallowed_methods, reason = "whoever runs the tests says where it is")]
fn axe() -> Option<String> {
    let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cache")));
    let usual = cache.map(|cache| cache.join(format!("orchestrator-tests/axe-core-{VERSION}/axe.min.js")));
    let path = env::var_os(AXE).map(PathBuf::from).or(usual)?;
    let found = fs::read_to_string(&path).ok();
    if found.is_none() {
        eprintln!(
            "\n!!! NOT TESTED: the page's accessibility, because axe-core {VERSION} is not at {} (bin-scripts/test.sh fetches it) !!!\n",
            path.display()
        );
    }
    found
}

/// What is seriously wrong with what the page shows now.
async fn faults(browser: &Browser, axe: &str) -> Vec<String> {
    browser.run(axe).await;
    let found = browser
        .run_to_end("const done = arguments[0]; axe.run({ resultTypes: ['violations'] }).then((found) => done(found.violations))")
        .await;
    let serious = |fault: &&Value| ["serious", "critical"].contains(&fault["impact"].as_str().unwrap_or_default());
    let shown = |fault: &Value| format!("{}: {} at {}", fault["id"], fault["help"], fault["nodes"][0]["html"]);
    found.as_array().expect("a list").iter().filter(serious).map(shown).collect()
}

/// A world with something of everything in it: text, a card with buttons, a thread.
async fn furnished() -> (Sandbox, String) {
    let discord = Sandbox::start(without_limits()).await.expect("a local Discord");
    let bot = Scripted::new(&discord);
    bot.offer(json!([{"name": "task", "description": "Give a task"}, {"name": "why", "description": "Why isn't it moving?"}])).await;
    let said = discord
        .person("stranger")
        .say("#general", "# Tea\n**or** ||coffee||, `code`, [a link](https://example.org) <t:1700000000:R>\n> quoted")
        .expect("said");
    discord.person("admin").react(said, "👍").expect("a reaction");
    discord.person("admin").reply("#general", said, "Tea, <@1> and #general.").expect("said");
    bot.post("general", json!({"embeds": [{"title": "Running", "description": "since a while", "color": 0x34_98_DB, "fields": [{"name": "Cost", "value": "$0.01", "inline": true}], "footer": {"text": "42"}}],
        "components": [{"type": 1, "components": [{"type": 2, "style": 4, "label": "Cancel", "custom_id": "cancel"}, {"type": 2, "style": 3, "label": "Go", "custom_id": "go"}, {"type": 2, "style": 1, "label": "Why?", "custom_id": "why"}]},
            {"type": 1, "components": [{"type": 3, "custom_id": "pick", "options": [{"label": "one", "value": "1"}]}]}]}))
    .await;
    let thread = bot.start_thread("general", said, "A thread").await;
    (discord, thread)
}

async fn is_accessible(width: u32, height: u32) {
    let (Some(axe), Some(browser)) = (axe(), Browser::start(width, height).await) else { return };
    let (discord, thread) = furnished().await;
    let mut bot = Scripted::new(&discord);
    let general = format!("{}/?as=stranger&channel={}", discord.base_url(), discord.channel("general").expect("the channel"));
    let mut found = Vec::new();
    browser.open(&general).await;
    for theme in ["dark", "light"] {
        let mut look =
            async |view: &str| found.extend(faults(&browser, &axe).await.into_iter().map(|fault| format!("{view}, {theme}: {fault}")));
        browser.run(&format!("document.cookie = 'theme={theme}; path=/'")).await;
        browser.open(&general).await;
        browser.see(&message("Running")).await;
        look("channel").await;
        browser.type_into(BOX, "/").await;
        browser.see("//div[@role='option'][b='/why']").await;
        look("slash commands").await;

        browser.open(&general).await;
        browser.click("//button[.='Why?']").await;
        let form = json!({"type": 9, "data": {"title": "Why", "custom_id": "why", "components": [
            {"type": 18, "label": "What", "description": "In words", "component": {"type": 4, "custom_id": "what", "style": 2}},
            {"type": 18, "label": "Which", "component": {"type": 3, "custom_id": "which", "options": [{"label": "one", "value": "1"}]}}]}});
        bot.answer(Component, form).await;
        browser.see("//dialog[@open]//textarea").await;
        look("form").await;

        browser.open(&format!("{}/?as=admin&channel={thread}", discord.base_url())).await;
        browser.see("//h1[contains(., 'A thread')]").await;
        if width < 500 {
            browser.click("//button[@data-panel='members']").await;
        }
        browser.see("//aside//button[contains(., 'operator')]").await;
        look("thread and members").await;
        if width < 500 {
            browser.click("//button[@id='aside-close']").await;
            browser.click("//button[@id='menu']").await;
            browser.see("//ul[@id='channels']//a[contains(., 'general')]").await;
            look("channels").await;
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    browser.close().await;
    discord.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_phone_nothing_keeps_anybody_out() {
    is_accessible(390, 844).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn at_a_desk_nothing_keeps_anybody_out() {
    is_accessible(1440, 900).await;
}
