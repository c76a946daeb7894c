//! Roles and members: who ranks above whom, and what that allows.

use serde_json::{Value, json};

use crate::wire::{Client, Gateway, INTENTS, discord, text_of};

#[tokio::test]
async fn a_role_is_made_changed_ranked_given_and_taken_away_and_the_bot_is_told() {
    let discord = discord().await;
    let (admin, guild) = (Client::person(&discord, "admin"), discord.look(|world| world.guild().id));
    let (mut gateway, _) = Gateway::ready(&discord, INTENTS).await;
    let roles = format!("/guilds/{guild}/roles");

    let made =
        admin.post(&roles, json!({"name": "reviewer", "permissions": "8192", "color": 255, "hoist": true, "mentionable": true})).await.ok();
    let path = format!("{roles}/{}", text_of(&made, "id"));
    let changed = admin.patch(&path, json!({"name": "reader", "permissions": "0"})).await.ok();
    let ranked = admin.patch(&roles, json!([{"id": made["id"], "position": 3}])).await.ok();
    let stranger = discord.user("stranger").unwrap().id;
    let member = format!("/guilds/{guild}/members/{stranger}");
    assert_eq!(admin.put(&format!("{member}/roles/{}", text_of(&made, "id")), Value::Null).await.status, 204);

    assert_eq!(gateway.event("GUILD_ROLE_CREATE").await["role"]["name"], "reviewer");
    assert_eq!(gateway.event("GUILD_ROLE_UPDATE").await["role"]["name"], "reader");
    assert_eq!((&changed["hoist"], &changed["color"], &changed["permissions"]), (&json!(true), &json!(255), &json!("0")));
    assert!(ranked.as_array().unwrap().iter().any(|role| role["id"] == made["id"] && role["position"] == 3));
    assert_eq!(admin.get(&member).await.ok()["roles"], json!([made["id"]]));
    assert_eq!(admin.delete(&path).await.status, 204);
    assert_eq!(gateway.event("GUILD_ROLE_DELETE").await["role_id"], made["id"]);
    assert_eq!(admin.get(&member).await.ok()["roles"], json!([]));
    assert_eq!(admin.get(&path).await.refusal(), (404, 10011));
}

#[tokio::test]
async fn nobody_reaches_above_himself_or_gives_what_he_has_not() {
    let discord = discord().await;
    let (admin, guild) = (Client::person(&discord, "admin"), discord.look(|world| world.guild().id));
    let id = |name: &str| discord.look(|world| world.guild().roles.values().find(|role| role.name == name).unwrap().id);
    let made = admin
        .post("/sandbox/bots", json!({"name": "helper", "permissions": ["MANAGE_ROLES", "KICK_MEMBERS", "BAN_MEMBERS", "MODERATE_MEMBERS", "MANAGE_NICKNAMES"]}))
        .await
        .ok();
    let helper = Client::with_authorization(&discord, &format!("Bot {}", text_of(&made, "token")));
    let (roles, members) = (format!("/guilds/{guild}/roles"), format!("/guilds/{guild}/members"));
    let (owner, stranger) = (discord.user("admin").unwrap().id, discord.user("stranger").unwrap().id);

    for (refused, what) in [
        (helper.patch(&format!("{roles}/{}", id("admin")), json!({"name": "mine"})).await, "a role above"),
        (helper.delete(&format!("{roles}/{}", id("operator"))).await, "an older role of the same height"),
        (helper.post(&roles, json!({"permissions": "8"})).await, "a permission that it has not"),
        (helper.put(&format!("{members}/{stranger}/roles/{}", id("admin")), Value::Null).await, "giving a role above"),
        (helper.delete(&format!("{members}/{owner}")).await, "throwing the owner out"),
        (helper.put(&format!("/guilds/{guild}/bans/{owner}"), Value::Null).await, "banning the owner"),
        (helper.patch(&format!("{members}/{owner}"), json!({"nick": "x"})).await, "naming the owner"),
    ] {
        assert_eq!(refused.refusal(), (403, 50013), "{what}");
    }
    assert_eq!(admin.put(&format!("{members}/{stranger}/roles/{}", id("helper")), Value::Null).await.refusal(), (400, 50028));
    let own = helper.post(&roles, json!({"name": "low"})).await.ok();
    assert_eq!(helper.put(&format!("{members}/{stranger}/roles/{}", text_of(&own, "id")), Value::Null).await.status, 204);
}

#[tokio::test]
async fn members_are_found_named_silenced_kicked_banned_and_forgiven() {
    let discord = discord().await;
    let (admin, stranger) = (Client::person(&discord, "admin"), Client::person(&discord, "stranger"));
    let (guild, id) = (discord.look(|world| world.guild().id), discord.user("stranger").unwrap().id);
    let (path, messages) = (format!("/guilds/{guild}/members/{id}"), crate::wire::messages(&discord, "general"));

    let named = admin.patch(&path, json!({"nick": "Someone"})).await.ok();
    assert_eq!(named["nick"], "Someone");
    assert_eq!(admin.get(&format!("/guilds/{guild}/members/search?query=some&limit=5")).await.ok()[0]["user"]["id"], json!(id));
    assert_eq!(stranger.patch(&format!("/guilds/{guild}/members/@me"), json!({"nick": null})).await.ok()["nick"], Value::Null);

    let until = "2099-01-01T00:00:00Z";
    assert_eq!(admin.patch(&path, json!({"communication_disabled_until": until})).await.refusal(), (400, 50035));
    let soon =
        (chrono::DateTime::from_timestamp_millis(i64::try_from(id.unix_ms()).unwrap()).unwrap() + chrono::TimeDelta::days(1)).to_rfc3339();
    admin.patch(&path, json!({"communication_disabled_until": soon})).await.ok();
    assert_eq!(stranger.post(&messages, json!({"content": "x"})).await.refusal(), (403, 50013));
    assert_eq!(stranger.get(&messages).await.status, 200);
    admin.patch(&path, json!({"communication_disabled_until": null})).await.ok();
    stranger.post(&messages, json!({"content": "x"})).await.ok();

    assert_eq!(stranger.delete(&format!("/guilds/{guild}/members/{}", discord.user("operator").unwrap().id)).await.refusal(), (403, 50013));
    assert_eq!(admin.delete(&path).await.status, 204);
    assert_eq!(stranger.get(&messages).await.refusal(), (403, 50001));
    let ban = format!("/guilds/{guild}/bans/{id}");
    assert_eq!(admin.put(&ban, json!({"delete_message_seconds": 0})).await.status, 204);
    assert_eq!(admin.get(&ban).await.ok()["user"]["username"], "stranger");
    assert_eq!(admin.get(&format!("/guilds/{guild}/bans")).await.ok().as_array().map(Vec::len), Some(1));
    assert_eq!(stranger.get(&ban).await.refusal(), (403, 50001));
    assert_eq!(admin.delete(&ban).await.status, 204);
    assert_eq!(admin.get(&ban).await.refusal(), (404, 10026));
}

#[tokio::test]
async fn all_members_are_listed_for_bots_that_are_allowed_the_intent_page_by_page() {
    let discord = discord().await;
    let (bot, guild) = (Client::bot(&discord), discord.look(|world| world.guild().id));
    let path = format!("/guilds/{guild}/members");
    assert_eq!(bot.get(&path).await.refusal(), (403, 50001));

    Client::person(&discord, "admin").patch("/sandbox/bots/orchestrator", json!({"privileged_intents": ["GUILD_MEMBERS"]})).await.ok();

    let first = bot.get(&format!("{path}?limit=3")).await.ok();
    let last = bot.get(&format!("{path}?limit=3&after={}", first[2]["user"]["id"].as_str().unwrap())).await.ok();
    assert_eq!((first.as_array().map(Vec::len), last.as_array().map(Vec::len)), (Some(3), Some(1)));
    assert_eq!(bot.get(&format!("{path}?limit=1001")).await.refusal(), (400, 50035));
}

#[tokio::test]
async fn a_guild_is_shown_counted_renamed_and_left_and_its_channels_change_places() {
    let discord = discord().await;
    let (admin, bot, guild) = (Client::person(&discord, "admin"), Client::bot(&discord), discord.look(|world| world.guild().id));
    let path = format!("/guilds/{guild}");
    let results = discord.channel("results").unwrap();

    assert_eq!(bot.get(&format!("{path}?with_counts=true")).await.ok()["approximate_member_count"], 4);
    assert_eq!(bot.get(&format!("{path}/preview")).await.ok()["name"], "Local Discord");
    assert_eq!(admin.patch(&path, json!({"name": "Renamed"})).await.ok()["name"], "Renamed");
    assert_eq!(bot.patch(&path, json!({"name": "Mine"})).await.refusal(), (403, 50013));
    let category = admin.post(&format!("{path}/channels"), json!({"name": "Work", "type": 4})).await.ok();
    let moves = json!([{"id": results, "position": 9, "parent_id": category["id"]}]);
    assert_eq!(bot.patch(&format!("{path}/channels"), moves.clone()).await.refusal(), (403, 50013));
    assert_eq!(admin.patch(&format!("{path}/channels"), moves).await.status, 204);
    let placed = bot.get(&format!("/channels/{results}")).await.ok();
    assert_eq!((&placed["position"], &placed["parent_id"]), (&json!(9), &category["id"]));
    assert_eq!(admin.delete(&format!("/users/@me/guilds/{guild}")).await.refusal(), (400, 50055));
    assert_eq!(bot.delete(&format!("/users/@me/guilds/{guild}")).await.status, 204);
    assert_eq!(bot.get(&path).await.refusal(), (403, 50001));
}
