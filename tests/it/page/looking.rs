//! What the page is: it needs nothing from elsewhere, runs nothing that was written into a message, and fits on a phone.

use super::{BOX, Browser, at_a_desk, go_to, mark, message};
use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_is_loaded_comes_from_the_local_discord_and_nothing_written_becomes_code() {
    let Some((world, browser)) = at_a_desk().await else { return };
    go_to(&browser, "task-queue").await;
    browser.run("window.refused = []; addEventListener('securitypolicyviolation', e => refused.push(e.blockedURI))").await;

    let evil = r"printf '<img src=https://evil.example/x onerror=alert(1)> <script>window.harmed=1</script> **bold**' > RESULT.txt # evil";
    browser.enter_into(BOX, evil).await;
    browser.see(&mark("# evil", "🏁")).await;
    let refused = browser.run("return window.refused").await;
    go_to(&browser, "results").await;
    let entry = browser.read(&message("[SUCCESS]")).await;
    let loaded = browser.run("return performance.getEntriesByType('resource').map(one => one.name)").await;

    assert!(entry.contains("<img src=https://evil.example/x") && entry.contains("<script>"), "{entry}");
    assert_eq!(browser.run("return window.harmed ?? null").await, serde_json::Value::Null);
    assert_eq!(refused, serde_json::json!([]));
    let loaded: Vec<String> = serde_json::from_value(loaded).expect("addresses");
    assert!(loaded.len() >= 7, "script, style and events: {loaded:?}");
    assert!(loaded.iter().all(|url| url.starts_with(world.sandbox.base_url())), "{loaded:?}");
    browser.close().await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_phone_channels_are_behind_a_button_and_nothing_is_wider_than_the_screen() {
    let Some(browser) = Browser::start(390, 844).await else { return };
    let world = World::new().await;
    browser.open(&format!("{}/?as=stranger", world.sandbox.base_url())).await;
    assert!(!browser.sees("//ul[@id='channels']//a").await, "the channels cover the messages");

    browser.click("//button[@id='menu']").await;
    go_to(&browser, "task-queue").await;
    let wide = "0123456789abcdef".repeat(20);
    browser.enter_into(BOX, &format!("echo {wide} > RESULT.txt # wide")).await;
    browser.see(&mark("# wide", "🏁")).await;
    browser.click("//button[@id='menu']").await;
    go_to(&browser, "results").await;
    browser.see(&message("[SUCCESS]")).await;

    let too_wide = "const list = document.getElementById('messages');
        return document.documentElement.scrollWidth > innerWidth || list.scrollWidth > list.clientWidth";
    assert_eq!(browser.run(too_wide).await, false);
    browser.close().await;
    world.finish().await;
}
