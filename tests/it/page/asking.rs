//! A stranger gives a task, by message, command and form, and reads what becomes of it.

use std::fs;

use super::{BOX, at_a_desk, go_to, mark, message};

#[tokio::test(flavor = "multi_thread")]
async fn a_task_is_seen_claimed_and_done_without_loading_the_page_again() {
    let Some((world, browser)) = at_a_desk().await else { return };
    go_to(&browser, "task-queue").await;
    browser.run("window.sameDocument = true").await;

    browser.enter_into(BOX, "until [ -e ~/go ]; do sleep 0.02; done; echo 'Tea is milder.' > RESULT.txt").await;
    browser.see(&mark("Tea is milder", "✅")).await;
    let was_done = browser.sees(&mark("Tea is milder", "🏁")).await;
    fs::write(world.dir().join("go"), "").expect("a file");
    browser.see(&mark("Tea is milder", "🏁")).await;

    assert!(!was_done, "done before it was done");
    assert_eq!(browser.run("return window.sameDocument").await, true, "the page was loaded again");
    assert_eq!(browser.run("return document.getElementById('write').value").await, "", "the box still holds what was sent");
    go_to(&browser, "results").await;
    let entry = browser.read(&message("Tea is milder")).await;
    assert!(entry.contains("[SUCCESS]"), "{entry}");
    browser.close().await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_too_long_for_a_message_is_a_file_that_opens() {
    let Some((world, browser)) = at_a_desk().await else { return };
    go_to(&browser, "task-queue").await;

    browser.enter_into(BOX, "for n in $(seq 500); do echo line $n; done > RESULT.txt; echo Käse und Öl >> RESULT.txt # long").await;
    browser.see(&mark("# long", "🏁")).await;
    go_to(&browser, "results").await;
    let entry = message("[SUCCESS]");
    let name = browser.read(&format!("{entry}//div[@class='file']//a[1]")).await;
    browser.click(&format!("{entry}//div[@class='file']//a[1]")).await;
    browser.go_to_new_window().await;

    let text = browser.read("//body").await;
    assert_eq!(std::path::Path::new(&name).extension().and_then(|ending| ending.to_str()), Some("md"), "{name}");
    assert!(text.starts_with("line 1\nline 2\n") && text.ends_with("line 500\nKäse und Öl"), "{text}");
    browser.close().await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_without_a_text_opens_a_form_and_its_answer_is_for_oneself_alone() {
    let Some((world, browser)) = at_a_desk().await else { return };
    go_to(&browser, "general").await;

    browser.type_into(BOX, "/task").await;
    browser.click("//div[@id='suggestions']/div[@role='option'][b='/task']").await;
    browser.click("//form[@id='command']//button[@type='submit']").await;
    browser.type_into("//dialog[@open]//textarea", "echo one > RESULT.txt\n# from the form").await;
    browser.click("//dialog[@open]//button[@type='submit']").await;
    let answer = browser.read(&message("Queued as")).await;

    assert!(answer.contains("Only you can see this"), "{answer}");
    assert!(!browser.sees("//dialog[@open]").await, "the form is still there");
    go_to(&browser, "task-queue").await;
    let announced = browser.read(&message("asked by @stranger")).await;
    assert!(announced.contains("# from the form"), "{announced}");
    browser.see(&mark("asked by @stranger", "🏁")).await;
    go_to(&browser, "results").await;
    let entry = browser.read(&message("[SUCCESS]")).await;
    assert!(entry.contains("one"), "{entry}");
    browser
        .open(&format!("{}/?as=admin&channel={}", world.sandbox.base_url(), world.sandbox.channel("general").expect("it is there")))
        .await;
    browser.see("//h3[contains(., 'Welcome to #general')]").await;
    assert!(!browser.sees(&message("Queued as")).await, "somebody else sees the answer");
    browser.close().await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_option_can_be_is_offered_while_it_is_typed_and_is_obeyed() {
    let Some((world, browser)) = at_a_desk().await else { return };
    go_to(&browser, "general").await;

    browser.type_into(BOX, "/task").await;
    browser.click("//div[@id='suggestions']/div[@role='option'][b='/task']").await;
    browser.type_into("//textarea[@id='o-text']", "echo cheap enough > RESULT.txt").await;
    browser.type_into("//input[@id='o-model']", "che").await;
    browser.click("//div[@aria-label='Suggestions for model']/div[@role='option'][contains(., 'cheap')]").await;
    browser.click("//form[@id='command']//button[@type='submit']").await;
    browser.see(&message("Queued as")).await;

    go_to(&browser, "task-queue").await;
    let announced = browser.read(&message("asked by @stranger")).await;
    assert!(announced.contains("model cheap"), "{announced}");
    browser.see(&mark("asked by @stranger", "🏁")).await;
    browser.close().await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_task_is_marked_and_says_why() {
    let Some((world, browser)) = at_a_desk().await else { return };
    go_to(&browser, "task-queue").await;

    browser.enter_into(BOX, "think about it [thinking:deep]").await;
    browser.see(&mark("think about it", "❌")).await;
    let reply = browser.read("//li[contains(@class, 'message')][p[@class='context'][contains(., 'think about it')]]").await;

    assert!(reply.contains("deep is not a thinking level. It is one of off, low, medium, high."), "{reply}");
    assert!(!browser.sees(&mark("think about it", "✅")).await, "it was claimed");
    browser.close().await;
    world.finish().await;
}
