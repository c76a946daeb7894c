//! Reactions over every route.

use serde_json::json;

use crate::wire::{Client, Gateway, INTENTS, discord, messages};

#[tokio::test]
async fn a_reaction_is_put_once_listed_and_taken_off() {
    let discord = discord().await;
    let (bot, path) = (Client::bot(&discord), messages(&discord, "task-queue"));
    let (mut gateway, _) = Gateway::ready(&discord, INTENTS).await;
    let id = discord.person("stranger").say("#task-queue", "a task").unwrap();
    let reactions = format!("{path}/{id}/reactions");

    for _ in 0..2 {
        assert_eq!(bot.put(&format!("{reactions}/%E2%9C%85/@me"), json!(null)).await.status, 204);
    }
    discord.person("stranger").react(id, "✅").unwrap();

    let message = bot.get(&format!("{path}/{id}")).await.ok();
    assert_eq!((&message["reactions"][0]["count"], &message["reactions"][0]["me"]), (&json!(2), &json!(true)));
    let listed = bot.get(&format!("{reactions}/✅?limit=1")).await.ok();
    let next = bot.get(&format!("{reactions}/✅?after={}", listed[0]["id"].as_str().unwrap())).await.ok();
    assert_eq!((listed.as_array().unwrap().len(), next.as_array().unwrap().len()), (1, 1));
    assert_eq!(bot.delete(&format!("{reactions}/✅/@me")).await.status, 204);
    for name in ["MESSAGE_REACTION_ADD", "MESSAGE_REACTION_ADD", "MESSAGE_REACTION_REMOVE"] {
        assert_eq!(gateway.event(name).await["emoji"]["name"], "✅");
    }
}

#[tokio::test]
async fn the_21st_kind_is_refused_with_30010_and_a_word_with_10014() {
    let discord = discord().await;
    let (bot, path) = (Client::bot(&discord), messages(&discord, "general"));
    let id = discord.person("stranger").say("#general", "react!").unwrap();
    for number in 0..20 {
        let emoji = char::from_u32(0x1F600 + number).unwrap();
        bot.put(&format!("{path}/{id}/reactions/{emoji}/@me"), json!(null)).await.ok();
    }

    assert_eq!(bot.put(&format!("{path}/{id}/reactions/✅/@me"), json!(null)).await.refusal(), (400, 30010));
    assert_eq!(bot.put(&format!("{path}/{id}/reactions/nonsense/@me"), json!(null)).await.refusal(), (400, 10014));
    assert_eq!(bot.put(&format!("{path}/5/reactions/✅/@me"), json!(null)).await.refusal(), (404, 10008));
}

#[tokio::test]
async fn moderators_take_off_anybodys_reactions_one_kind_or_all() {
    let discord = discord().await;
    let (bot, operator, path) = (Client::bot(&discord), Client::person(&discord, "operator"), messages(&discord, "general"));
    let id = discord.person("stranger").say("#general", "react!").unwrap();
    let stranger = discord.user("stranger").unwrap().id;
    for emoji in ["✅", "❌", "🏁"] {
        discord.person("stranger").react(id, emoji).unwrap();
    }
    let left = || discord.look(|world| world.messages_in("general").next().unwrap().reactions.len());

    assert_eq!(bot.delete(&format!("{path}/{id}/reactions/✅/{stranger}")).await.refusal(), (403, 50013));
    operator.delete(&format!("{path}/{id}/reactions/✅/{stranger}")).await.ok();
    assert_eq!(left(), 2);
    operator.delete(&format!("{path}/{id}/reactions/❌")).await.ok();
    assert_eq!(left(), 1);
    operator.delete(&format!("{path}/{id}/reactions")).await.ok();
    assert_eq!(left(), 0);
}

#[tokio::test]
async fn a_moderator_may_take_the_emoji_of_others_off_and_nobody_else_may() {
    let discord = discord().await;
    let message = discord.person("stranger").say("#general", "look").unwrap();
    discord.person("stranger").react(message, "✅").unwrap();
    let of = discord.person("stranger").id();
    let stands = || discord.look(|world| world.messages_in("general").any(|one| one.has_reaction("✅", of)));

    discord.person("operator").react(message, "👀").unwrap();
    let refused = discord.person("stranger").take_reaction(message, "👀", discord.person("operator").id());
    discord.person("admin").take_reaction(message, "✅", of).unwrap();

    assert_eq!(refused.unwrap_err().status, 403);
    assert!(!stands());
}
