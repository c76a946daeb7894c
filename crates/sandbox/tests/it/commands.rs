//! Registering commands.

use serde_json::json;

use crate::wire::{Client, discord};

#[tokio::test]
async fn a_bulk_overwrite_keeps_the_ids_of_commands_that_stay() {
    let discord = discord().await;
    let bot = Client::bot(&discord);
    let path = format!("/applications/{}/commands", discord.user("orchestrator").unwrap().id);
    let (task, status) = (json!({"name": "task", "description": "Run a task"}), json!({"name": "status", "description": "Look"}));

    let first = bot.put(&path, json!([task, status])).await.ok();
    let second = bot.put(&path, json!([task, {"name": "Run as task", "type": 3}])).await.ok();

    assert_eq!(first[0]["id"], second[0]["id"]);
    for key in ["id", "application_id", "version", "type"] {
        assert!(!second[1][key].is_null(), "{key}");
    }
    assert_eq!(bot.get(&path).await.ok().as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn guild_commands_are_made_read_changed_and_deleted_one_by_one() {
    let discord = discord().await;
    let bot = Client::bot(&discord);
    let (application, guild) = (discord.user("orchestrator").unwrap().id, discord.look(|world| world.guild().id));
    let path = format!("/applications/{application}/guilds/{guild}/commands");

    let made = bot.post(&path, json!({"name": "task", "description": "Run a task"})).await;
    let again = bot.post(&path, json!({"name": "task", "description": "Run one task"})).await;
    let one = format!("{path}/{}", made.body["id"].as_str().unwrap());
    let changed = bot.patch(&one, json!({"description": "Run it"})).await.ok();

    assert_eq!((made.status, again.status, &changed["description"]), (201, 200, &json!("Run it")));
    assert_eq!(bot.get(&one).await.ok()["guild_id"], json!(guild));
    assert_eq!(bot.delete(&one).await.status, 204);
    assert_eq!(bot.get(&one).await.refusal(), (404, 10063));
}

#[tokio::test]
async fn a_command_that_breaks_a_rule_is_refused_at_its_place() {
    let discord = discord().await;
    let bot = Client::bot(&discord);
    let path = format!("/applications/{}/commands", discord.user("orchestrator").unwrap().id);
    let with = |options: serde_json::Value| json!([{"name": "task", "description": "d", "options": options}]);
    let option = |name: &str| json!({"type": 3, "name": name, "description": "d"});
    for (body, place) in [
        (json!([{"name": "Task", "description": "d"}]), "/0/name"),
        (json!([{"name": "task"}]), "/0/description"),
        (json!([{"name": "task", "description": "d".repeat(101)}]), "/0/description"),
        (json!([{"name": "x".repeat(33), "description": "d"}]), "/0/name"),
        (with(json!([{"type": 3, "name": "two words", "description": "d"}])), "/0/options/0/name"),
        (with(json!([option("a"), {"type": 3, "name": "b", "description": "d", "required": true}])), "/0/options/1"),
        (with(json!((0..26).map(|n| option(&format!("o{n}"))).collect::<Vec<_>>())), "/0/options"),
        (
            with(json!([{"type": 3, "name": "a", "description": "d", "autocomplete": true, "choices": [{"name": "x", "value": "x"}]}])),
            "/0/options/0/autocomplete",
        ),
        (
            with(json!([{"type": 4, "name": "a", "description": "d", "choices": [{"name": "x", "value": "not a number"}]}])),
            "/0/options/0/choices/0/value",
        ),
        (json!([{"name": "same", "description": "d"}, {"name": "same", "description": "d"}]), "/1/name"),
        (json!([{"name": "Menu", "type": 3, "description": "not allowed"}]), "/0/description"),
    ] {
        let refused = bot.put(&path, body.clone()).await;
        assert_eq!(refused.refusal(), (400, 50035), "{body}");
        assert!(refused.body.pointer(&format!("/errors{place}/_errors")).is_some(), "{place}: {}", refused.text);
    }
    assert_eq!(bot.put("/applications/5/commands", json!([])).await.refusal(), (404, 10002));
}
