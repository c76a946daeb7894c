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
        (json!([{"name": "Menu", "type": 2, "options": [option("a")]}]), "/0/options"),
        (with(json!([option("a"), {"type": 1, "name": "sub", "description": "d"}])), "/0/options"),
        (with(json!([{"type": 2, "name": "group", "description": "d", "options": [option("a")]}])), "/0/options/0/options"),
        (with(json!([{"type": 4, "name": "a", "description": "d", "min_value": 2, "max_value": 1}])), "/0/options/0/min_value"),
        (with(json!([{"type": 4, "name": "a", "description": "d", "min_value": 0.5}])), "/0/options/0/min_value"),
        (with(json!([{"type": 3, "name": "a", "description": "d", "min_value": 1}])), "/0/options/0/min_value"),
        (with(json!([{"type": 3, "name": "a", "description": "d", "min_length": 3, "max_length": 2}])), "/0/options/0/min_length"),
        (with(json!([{"type": 6, "name": "a", "description": "d", "autocomplete": true}])), "/0/options/0/type"),
        (with(json!([{"type": 7, "name": "a", "description": "d", "channel_types": [99]}])), "/0/options/0/channel_types/0"),
        (json!([{"name": "a", "description": "d", "contexts": [3]}]), "/0/contexts/0"),
        (json!([{"name": "a", "description": "d", "name_localizations": {"xx": "b"}}]), "/0/name_localizations/xx"),
        (json!([{"name": "a", "description": "d", "name_localizations": {"de": "Groß"}}]), "/0/name_localizations/de"),
    ] {
        let refused = bot.put(&path, body.clone()).await;
        assert_eq!(refused.refusal(), (400, 50035), "{body}");
        assert!(refused.body.pointer(&format!("/errors{place}/_errors")).is_some(), "{place}: {}", refused.text);
    }
    assert_eq!(bot.put("/applications/5/commands", json!([])).await.refusal(), (404, 10002));
}

#[tokio::test]
async fn names_in_other_languages_are_listed_on_request_and_count_to_the_8000_characters() {
    let discord = discord().await;
    let bot = Client::bot(&discord);
    let path = format!("/applications/{}/commands", discord.user("orchestrator").unwrap().id);
    let task = json!({"name": "task", "description": "d", "name_localizations": {"de": "aufgabe"}});
    let choice =
        |n: usize| json!({"name": format!("{n}").repeat(40), "value": "v".repeat(100), "name_localizations": {"de": "x".repeat(100)}});
    let option =
        |n: usize| json!({"type": 3, "name": format!("o{n}"), "description": "d", "choices": (10..35).map(choice).collect::<Vec<_>>()});

    bot.post(&path, task).await.ok();
    let too_large = bot.post(&path, json!({"name": "big", "description": "d", "options": [option(0), option(1)]})).await;

    assert_eq!(bot.get(&path).await.ok()[0]["name_localizations"], serde_json::Value::Null);
    assert_eq!(bot.get(&format!("{path}?with_localizations=true")).await.ok()[0]["name_localizations"]["de"], "aufgabe");
    assert_eq!(too_large.refusal(), (400, 50035), "{}", too_large.text);
}

#[tokio::test]
async fn the_201st_new_command_of_a_day_is_refused_and_old_ones_cost_nothing() {
    let discord =
        crate::wire::start(orchestrator_sandbox::Options { limits: orchestrator_sandbox::Limits::Compressed(1_000), ..Default::default() })
            .await;
    let bot = Client::bot(&discord);
    let path = format!("/applications/{}/commands", discord.user("orchestrator").unwrap().id);
    let hundred = |from: usize| -> serde_json::Value {
        (from..from + 100).map(|n| json!({"name": format!("c{n}"), "description": "d"})).collect::<Vec<_>>().into()
    };

    bot.put(&path, hundred(0)).await.ok();
    bot.put(&path, hundred(0)).await.ok();
    bot.put(&path, hundred(100)).await.ok();
    let one_more = bot.put(&path, json!([{"name": "one-more", "description": "d"}])).await;

    assert_eq!(one_more.refusal(), (400, 30034));
    assert_eq!(bot.post(&path, json!({"name": "c150", "description": "changed"})).await.status, 200);
    let guild = discord.look(|world| world.guild().id);
    let of_guild = path.replace("/commands", &format!("/guilds/{guild}/commands"));
    assert_eq!(bot.post(&of_guild, json!({"name": "here", "description": "d"})).await.status, 201);
}

#[tokio::test]
async fn a_command_that_is_for_direct_messages_alone_is_used_by_nobody_here() {
    let discord = discord().await;
    let bot = Client::bot(&discord);
    let path = format!("/applications/{}/commands", discord.user("orchestrator").unwrap().id);
    bot.put(
        &path,
        json!([{"name": "private", "description": "d", "contexts": [1]}, {"name": "public", "description": "d", "contexts": [0, 1]}]),
    )
    .await
    .ok();

    assert_eq!(discord.person("admin").command("#general", "private", &json!([])).unwrap_err().code, 50013);
    discord.person("admin").command("#general", "public", &json!([])).unwrap();
}

#[tokio::test]
async fn those_who_manage_the_guild_say_who_may_use_a_command_and_where() {
    let discord = discord().await;
    let (bot, admin) = (Client::bot(&discord), Client::person(&discord, "admin"));
    let (application, guild) = (discord.user("orchestrator").unwrap().id, discord.look(|world| world.guild().id));
    let made = bot.post(&format!("/applications/{application}/commands"), json!({"name": "task", "description": "d"})).await.ok();
    let path = format!("/applications/{application}/guilds/{guild}/commands");
    let own = format!("{path}/{}/permissions", made["id"].as_str().unwrap());
    let (stranger, general) = (discord.person("stranger"), discord.channel("general").unwrap());
    let use_in = |channel: &str| stranger.command(channel, "task", &json!([])).map(drop).map_err(|refusal| refusal.code);
    let exception = |id: serde_json::Value, kind: u8, allowed: bool| json!({"id": id, "type": kind, "permission": allowed});

    assert_eq!(bot.get(&format!("{path}/permissions")).await.ok(), json!([]));
    assert_eq!(bot.get(&own).await.refusal(), (404, 10066));
    assert_eq!(bot.get(&format!("{path}/5/permissions")).await.refusal(), (404, 10063));
    assert_eq!(bot.put(&own, json!({"permissions": []})).await.refusal().0, 403);
    assert_eq!(Client::person(&discord, "stranger").put(&own, json!({"permissions": []})).await.refusal(), (403, 50013));

    // Nobody anywhere; then the stranger, but not in #general.
    let nobody = exception(json!(guild), 1, false);
    admin.put(&format!("{path}/{application}/permissions"), json!({"permissions": [nobody]})).await.ok();
    assert_eq!(use_in("#general"), Err(50013));
    let set = json!({"permissions": [nobody, exception(json!(stranger.id()), 2, true), exception(json!(general), 3, false)]});
    admin.put(&own, set.clone()).await.ok();
    assert_eq!((use_in("#general"), use_in("#task-queue")), (Err(50013), Ok(())));
    discord.person("admin").command("#general", "task", &json!([])).unwrap();

    assert_eq!(bot.get(&own).await.ok()["permissions"], set["permissions"]);
    assert_eq!(bot.get(&format!("{path}/permissions")).await.ok().as_array().map(Vec::len), Some(2));
}
