//! `/settings`: how much a channel shows, chosen from lists.

use orchestrator_core::domain::showing::{Showing, Shown};
use orchestrator_sandbox::world::message::Message;

use super::{World, custom_id};

const SHOWN: &str = "How much is shown of each task";
const THREADS: &str = "Whether each task gets a thread";

/// What is chosen at present in both lists.
fn chosen(settings: &Message) -> Vec<String> {
    let rows = settings.components.iter().filter_map(|row| row["components"][0]["options"].as_array());
    rows.flatten().filter(|option| option["default"] == true).filter_map(|option| option["value"].as_str().map(str::to_owned)).collect()
}

#[tokio::test]
async fn an_operator_chooses_how_much_a_channel_shows_and_sees_it_in_the_same_message() {
    let world = World::new().await;
    let settings = world.answer(world.uses("admin", "settings", &[])).await;
    assert!(settings.content.starts_with(&format!("**Settings of <#{}>**", world.channel("general"))), "{}", settings.content);
    assert_eq!(chosen(&settings), ["silent", "off"], "as it is configured");

    let choose = |on: &Message, list: &str, what: &str| {
        world.discord.person("admin").choose(on.id, &custom_id(on, list), &[what]).expect("the local Discord takes the choice")
    };
    let louder = world.changed(choose(&settings, SHOWN, "live"), &settings).await;
    let with_threads = world.changed(choose(&louder, THREADS, "on"), &louder).await;

    assert_eq!(chosen(&louder), ["live", "off"]);
    assert_eq!(chosen(&with_threads), ["live", "on"]);
    assert!(with_threads.content.contains("Cards: **Live**") && with_threads.content.contains("Threads: **A thread for each task**"));
    let here = world.queue.showing(world.channel("general")).await.unwrap();
    assert_eq!(here, Showing { shown: Shown::Live, threads: true });
    let elsewhere = world.queue.showing(world.channel("task-queue")).await.unwrap();
    assert_eq!(elsewhere, Showing { shown: Shown::Silent, threads: false }, "each channel has its own");
}

#[tokio::test]
async fn threads_without_cards_are_said_to_be_none_when_they_are_chosen() {
    let world = World::new().await;
    let settings = world.answer(world.uses("admin", "settings", &[])).await;
    assert!(!settings.content.contains("A thread hangs below"), "{}", settings.content);

    let choice = world.discord.person("admin").choose(settings.id, &custom_id(&settings, THREADS), &["on"]).expect("taken");
    let with_threads = world.changed(choice, &settings).await;

    assert!(with_threads.content.contains("⚠️ A thread hangs below its task's card: there is none while no cards are shown."));
}

#[tokio::test]
async fn settings_are_for_operators_and_one_who_is_none_any_more_changes_nothing() {
    let world = World::new().await;
    let no = "❌ You may not do this: that is for people on the list of operators. Ask an operator to add you.";

    assert_eq!(world.asks("stranger", "settings", &[]).await, no);

    // A message with these lists that others see too is answered beside it.
    let rows = world.answer(world.uses("admin", "settings", &[])).await.components;
    let body = serde_json::json!({"content": "settings", "components": rows});
    let posted = world.sender.create_message(world.channel("general"), body).await.unwrap();
    let seen = world.message(posted.message.to_string().parse().unwrap());
    let choice = world.discord.person("stranger").choose(seen.id, &custom_id(&seen, SHOWN), &["live"]).unwrap();
    assert_eq!(world.told(choice).await, no);
    assert_eq!(world.queue.showing(world.channel("general")).await.unwrap().shown, Shown::Silent);
}
