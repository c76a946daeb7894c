//! Who may do what: the guild's roles, the channels' overwrites, and each route that asks for them.

use orchestrator_sandbox::Sandbox;
use orchestrator_sandbox::world::{
    guild::{Overwrite, OverwriteTarget},
    permission::{ATTACH_FILES, EMBED_LINKS, READ_MESSAGE_HISTORY, SEND_MESSAGES, VIEW_CHANNEL},
};
use serde_json::json;

use crate::wire::{Client, discord, messages};

fn deny(discord: &Sandbox, channel: &str, user: &str, deny: u64) {
    let id = discord.user(user).expect("somebody of this name").id;
    discord.overwrite(channel, Overwrite { id, target: OverwriteTarget::Member, allow: 0, deny });
}

#[tokio::test]
async fn a_bot_that_may_not_write_gets_50013_and_one_that_sees_nothing_50001() {
    let discord = discord().await;
    let (bot, path) = (Client::bot(&discord), messages(&discord, "results"));

    deny(&discord, "results", "orchestrator", SEND_MESSAGES);
    assert_eq!(bot.post(&path, json!({"content": "x"})).await.refusal(), (403, 50013));
    deny(&discord, "results", "orchestrator", VIEW_CHANNEL);
    assert_eq!(bot.post(&path, json!({"content": "x"})).await.refusal(), (403, 50001));
    assert_eq!(bot.get(&path).await.refusal(), (403, 50001));
}

#[tokio::test]
async fn embeds_files_history_and_reactions_each_need_their_own_permission() {
    let discord = discord().await;
    let (bot, path) = (Client::bot(&discord), messages(&discord, "results"));
    let id = discord.person("admin").say("#results", "hello").unwrap();

    deny(&discord, "results", "orchestrator", EMBED_LINKS | ATTACH_FILES);
    assert_eq!(bot.post(&path, json!({"embeds": [{"title": "t"}]})).await.refusal(), (403, 50013));
    assert_eq!(bot.post_files(&path, json!({}), vec![("a.txt", b"a".to_vec())]).await.refusal(), (403, 50013));
    deny(&discord, "results", "orchestrator", READ_MESSAGE_HISTORY);
    assert_eq!(bot.get(&path).await.ok(), json!([]));
    assert_eq!(bot.put(&format!("{path}/{id}/reactions/✅/@me"), json!(null)).await.refusal(), (403, 50013));
    deny(&discord, "results", "orchestrator", 1 << 6);
    assert_eq!(bot.put(&format!("{path}/{id}/reactions/✅/@me"), json!(null)).await.refusal(), (403, 50013));
    discord.person("admin").react(id, "✅").unwrap();
    bot.put(&format!("{path}/{id}/reactions/✅/@me"), json!(null)).await.ok();
}

#[tokio::test]
async fn a_members_overwrite_beats_a_roles_and_a_roles_beats_everyones() {
    let discord = discord().await;
    let operator = discord.look(|world| world.guild().roles.values().find(|role| role.name == "operator").unwrap().id);
    let everyone = discord.look(|world| world.guild().id);
    let role = |id, allow, deny| Overwrite { id, target: OverwriteTarget::Role, allow, deny };

    discord.overwrite("general", role(everyone, 0, SEND_MESSAGES));
    discord.overwrite("general", role(operator, SEND_MESSAGES, 0));

    assert_eq!(discord.person("stranger").say("#general", "x").unwrap_err().code, 50013);
    discord.person("operator").say("#general", "x").unwrap();
    discord.person("admin").say("#general", "x").unwrap();
    deny(&discord, "general", "operator", SEND_MESSAGES);
    assert_eq!(discord.person("operator").say("#general", "x").unwrap_err().code, 50013);
}

#[tokio::test]
async fn nobody_edits_anothers_message_and_only_moderators_delete_it() {
    let discord = discord().await;
    let (bot, path) = (Client::bot(&discord), messages(&discord, "general"));
    let id = discord.person("stranger").say("#general", "mine").unwrap();

    assert_eq!(bot.patch(&format!("{path}/{id}"), json!({"content": "yours"})).await.refusal(), (403, 50005));
    assert_eq!(bot.delete(&format!("{path}/{id}")).await.refusal(), (403, 50013));
    discord.person("operator").delete(id).unwrap();
}

#[tokio::test]
async fn channels_are_made_changed_and_deleted_by_those_who_may_and_seen_by_those_who_may() {
    let discord = discord().await;
    let (bot, admin) = (Client::bot(&discord), Client::person(&discord, "admin"));
    let guild = discord.look(|world| world.guild().id);
    let new = json!({"name": "Secret Plans", "permission_overwrites": [{"id": guild, "type": 0, "deny": VIEW_CHANNEL.to_string()}]});

    assert_eq!(bot.post(&format!("/guilds/{guild}/channels"), new.clone()).await.refusal(), (403, 50013));
    let made = admin.post(&format!("/guilds/{guild}/channels"), new).await.ok();
    let path = format!("/channels/{}", made["id"].as_str().unwrap());
    let renamed = admin.patch(&path, json!({"name": "plans", "topic": "what next"})).await.ok();

    assert_eq!((&made["name"], &renamed["name"], &renamed["topic"]), (&json!("secret-plans"), &json!("plans"), &json!("what next")));
    assert_eq!(Client::person(&discord, "stranger").get(&path).await.refusal(), (403, 50001));
    admin.delete(&path).await.ok();
    assert_eq!(admin.get(&path).await.refusal(), (404, 10003));
}
