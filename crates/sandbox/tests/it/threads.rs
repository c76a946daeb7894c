//! Threads on messages and channels.

use orchestrator_sandbox::world::{
    guild::{Overwrite, OverwriteTarget},
    permission::SEND_MESSAGES_IN_THREADS,
};
use serde_json::json;

use crate::wire::{Client, Gateway, INTENTS, discord, messages, text_of};

#[tokio::test]
async fn a_thread_on_a_message_has_its_id_takes_messages_and_is_told_of() {
    let discord = discord().await;
    let (bot, path) = (Client::bot(&discord), messages(&discord, "results"));
    let (mut gateway, _) = Gateway::ready(&discord, INTENTS).await;
    let card = bot.post(&path, json!({"content": "card"})).await.ok();
    let threads = format!("{path}/{}/threads", text_of(&card, "id"));

    let thread = bot.post(&threads, json!({"name": "Task 12 details", "auto_archive_duration": 10_080})).await;
    assert_eq!((thread.status, &thread.body["id"], &thread.body["name"]), (201, &card["id"], &json!("Task 12 details")));
    assert_eq!(gateway.event("THREAD_CREATE").await["thread_metadata"]["auto_archive_duration"], 10_080);
    assert_eq!(gateway.event("MESSAGE_UPDATE").await["thread"]["id"], card["id"]);
    bot.post(&format!("/channels/{}/messages", text_of(&card, "id")), json!({"content": "a step"})).await.ok();

    assert_eq!(gateway.event("MESSAGE_CREATE").await["channel_id"], card["id"]);
    assert_eq!(bot.post(&threads, json!({"name": "again"})).await.refusal(), (400, 160_004));
    let active = bot.get(&format!("/guilds/{}/threads/active", discord.look(|world| world.guild().id))).await.ok();
    assert_eq!(active["threads"][0]["message_count"], 1);
}

#[tokio::test]
async fn an_archived_thread_is_taken_out_by_a_message_and_a_locked_one_is_not() {
    let discord = discord().await;
    let (bot, channel) = (Client::bot(&discord), discord.channel("results").unwrap());
    let thread = bot.post(&format!("/channels/{channel}/threads"), json!({"name": "details", "type": 11})).await.ok();
    let path = format!("/channels/{}", text_of(&thread, "id"));
    let said = bot.post(&format!("{path}/messages"), json!({"content": "before"})).await.ok();

    bot.patch(&path, json!({"archived": true})).await.ok();
    assert_eq!(bot.patch(&format!("{path}/messages/{}", text_of(&said, "id")), json!({"content": "x"})).await.refusal(), (400, 50083));
    bot.post(&format!("{path}/messages"), json!({"content": "after"})).await.ok();
    assert_eq!(bot.get(&path).await.ok()["thread_metadata"]["archived"], false);

    bot.patch(&path, json!({"locked": true})).await.ok();
    let stranger = Client::person(&discord, "stranger");
    assert_eq!(stranger.post(&format!("{path}/messages"), json!({"content": "me too"})).await.refusal(), (403, 160_005));
}

#[tokio::test]
async fn writing_in_threads_is_a_permission_of_its_own_and_names_and_times_have_limits() {
    let discord = discord().await;
    let (bot, channel) = (Client::bot(&discord), discord.channel("results").unwrap());
    let thread = bot.post(&format!("/channels/{channel}/threads"), json!({"name": "details"})).await.ok();
    let id = discord.user("orchestrator").unwrap().id;
    discord.overwrite("results", Overwrite { id, target: OverwriteTarget::Member, allow: 0, deny: SEND_MESSAGES_IN_THREADS });

    assert_eq!(bot.post(&format!("/channels/{}/messages", text_of(&thread, "id")), json!({"content": "x"})).await.refusal(), (403, 50013));
    bot.post(&format!("/channels/{channel}/messages"), json!({"content": "x"})).await.ok();
    for body in
        [json!({}), json!({"name": "x".repeat(101)}), json!({"name": "x", "auto_archive_duration": 5}), json!({"name": "x", "type": 10})]
    {
        assert_eq!(bot.post(&format!("/channels/{channel}/threads"), body).await.refusal(), (400, 50035));
    }
}

#[tokio::test]
async fn the_first_line_of_a_thread_points_to_its_message_and_a_thread_without_one_is_told_of_in_the_channel() {
    let discord = discord().await;
    let (bot, path) = (Client::bot(&discord), messages(&discord, "results"));
    let card = bot.post(&path, json!({"content": "card"})).await.ok();
    bot.post(&format!("{path}/{}/threads", text_of(&card, "id")), json!({"name": "on a message"})).await.ok();
    let free = bot.post(path.strip_suffix("/messages").unwrap().to_owned().as_str(), json!({})).await;
    assert_eq!(free.status, 405);
    let free = bot.post(&path.replace("/messages", "/threads"), json!({"name": "without", "type": 11})).await.ok();

    let inside = bot.get(&format!("/channels/{}/messages", text_of(&card, "id"))).await.ok();
    let outside = bot.get(&path).await.ok();

    assert_eq!(
        (&inside[0]["type"], &inside[0]["content"], &inside[0]["referenced_message"]["content"]),
        (&json!(21), &json!(""), &json!("card"))
    );
    assert_eq!((&outside[0]["type"], &outside[0]["content"], &outside[0]["id"]), (&json!(18), &json!("without"), &free["id"]));
    assert_eq!((&outside[0]["thread"]["id"], &outside[0]["message_reference"]["channel_id"]), (&free["id"], &free["id"]));
    assert_eq!(outside.as_array().map(Vec::len), Some(2));
    let on_line = bot.post(&format!("{path}/{}/threads", text_of(&free, "id")), json!({"name": "again"})).await;
    assert_eq!(on_line.refusal(), (400, 160_004));
}

#[tokio::test]
async fn a_third_name_in_ten_minutes_is_refused_for_all_who_share_the_thread_and_other_changes_are_not() {
    let discord = crate::wire::limited_discord().await;
    let (bot, channel) = (Client::bot(&discord), discord.channel("results").unwrap());
    let thread = bot.post(&format!("/channels/{channel}/threads"), json!({"name": "first", "type": 11})).await.ok();
    let path = format!("/channels/{}", text_of(&thread, "id"));
    for name in ["second", "third"] {
        let renamed = bot.patch(&path, json!({"name": name})).await;
        assert!(renamed.header("x-ratelimit-remaining").parse::<u32>().unwrap() > 1, "no header warns");
        assert_eq!(renamed.ok()["name"], name);
    }

    let refused = bot.patch(&path, json!({"name": "fourth"})).await;
    let other = bot.patch(&path, json!({"auto_archive_duration": 60})).await;

    assert_eq!((refused.status, refused.header("x-ratelimit-scope"), &refused.body["global"]), (429, "shared", &json!(false)));
    assert!(refused.body["retry_after"].as_f64().unwrap() > 500.0, "{}", refused.text);
    assert_eq!((other.status, &other.body["name"]), (200, &json!("third")));
    let lines = bot.get(&format!("{path}/messages")).await.ok();
    let told: Vec<_> = lines.as_array().unwrap().iter().map(|line| (line["type"].as_u64(), line["content"].as_str())).collect();
    assert_eq!(told, [(Some(4), Some("third")), (Some(4), Some("second"))]);
}

#[tokio::test]
async fn a_thread_in_which_nothing_happens_for_its_time_is_archived_and_what_happens_prolongs_it() {
    let discord = discord().await;
    let (bot, channel) = (Client::bot(&discord), discord.channel("results").unwrap());
    let (mut gateway, _) = Gateway::ready(&discord, INTENTS).await;
    let path = |thread: &serde_json::Value| format!("/channels/{}", text_of(thread, "id"));
    let quiet =
        bot.post(&format!("/channels/{channel}/threads"), json!({"name": "quiet", "type": 11, "auto_archive_duration": 60})).await.ok();
    let busy =
        bot.post(&format!("/channels/{channel}/threads"), json!({"name": "busy", "type": 11, "auto_archive_duration": 60})).await.ok();
    discord.make_trouble(orchestrator_sandbox::Demand::AgeThreadsMinutes(59));
    bot.post(&format!("{}/messages", path(&busy)), json!({"content": "still here"})).await.ok();

    discord.make_trouble(orchestrator_sandbox::Demand::AgeThreadsMinutes(1));

    let archived = gateway.event("THREAD_UPDATE").await;
    assert_eq!((&archived["id"], &archived["thread_metadata"]["archived"]), (&quiet["id"], &json!(true)));
    assert_eq!(bot.get(&path(&busy)).await.ok()["thread_metadata"]["archived"], false);
    assert_eq!(bot.put(&format!("{}/thread-members/@me", path(&quiet)), json!(null)).await.refusal(), (400, 50083));
}

#[tokio::test]
async fn messages_are_counted_and_deleted_ones_only_in_the_total() {
    let discord = discord().await;
    let (bot, path) = (Client::bot(&discord), messages(&discord, "results"));
    let card = bot.post(&path, json!({"content": "card"})).await.ok();
    let thread = format!("/channels/{}", text_of(&card, "id"));
    bot.post(&format!("{path}/{}/threads", text_of(&card, "id")), json!({"name": "details"})).await.ok();
    let first = bot.post(&format!("{thread}/messages"), json!({"content": "one"})).await.ok();
    bot.post(&format!("{thread}/messages"), json!({"content": "two"})).await.ok();

    bot.delete(&format!("{thread}/messages/{}", text_of(&first, "id"))).await;
    discord.person("stranger").say("details", "three").unwrap();

    let counted = bot.get(&thread).await.ok();
    assert_eq!((&counted["message_count"], &counted["total_message_sent"], &counted["member_count"]), (&json!(2), &json!(3), &json!(2)));
}

#[tokio::test]
async fn a_private_thread_is_seen_by_those_who_were_added_and_by_moderators_alone() {
    let discord = discord().await;
    let (operator, stranger, channel) =
        (Client::person(&discord, "operator"), Client::person(&discord, "stranger"), discord.channel("general").unwrap());
    let (mut gateway, _) = Gateway::ready(&discord, INTENTS).await;
    let made = operator.post(&format!("/channels/{channel}/threads"), json!({"name": "in private", "invitable": false})).await.ok();
    let path = format!("/channels/{}", text_of(&made, "id"));

    assert_eq!((&made["type"], &made["thread_metadata"]["invitable"]), (&json!(12), &json!(false)));
    assert_eq!(stranger.get(&path).await.refusal(), (403, 50001));
    let stranger_id = discord.user("stranger").unwrap().id;
    let me = format!("{path}/thread-members/{stranger_id}");
    assert_eq!(operator.put(&me, json!(null)).await.status, 204);
    assert_eq!(stranger.get(&path).await.ok()["member"]["user_id"], json!(stranger_id));
    let other = format!("{path}/thread-members/{}", discord.user("admin").unwrap().id);
    assert_eq!(stranger.put(&other, json!(null)).await.refusal(), (403, 50013));
    assert_eq!(operator.delete(&me).await.status, 204);
    assert_eq!(stranger.get(&path).await.refusal(), (403, 50001));
    // The bot manages threads, so it is told of all of them.
    assert_eq!(gateway.event("THREAD_CREATE").await["id"], made["id"]);
    let lines = operator.get(&format!("{path}/messages")).await.ok();
    assert_eq!((&lines[1]["type"], &lines[1]["mentions"][0]["id"], &lines[0]["type"]), (&json!(1), &json!(stranger_id), &json!(2)));
}

#[tokio::test]
async fn followers_are_listed_added_and_taken_out_and_bots_that_asked_for_members_are_told() {
    let discord = discord().await;
    let (bot, channel) = (Client::bot(&discord), discord.channel("results").unwrap());
    let (operator, me) = (discord.user("operator").unwrap().id, discord.user("orchestrator").unwrap().id);
    let (mut gateway, _) = Gateway::ready(&discord, INTENTS).await;
    let thread = bot.post(&format!("/channels/{channel}/threads"), json!({"name": "details", "type": 11})).await.ok();
    let path = format!("/channels/{}/thread-members", text_of(&thread, "id"));
    assert_eq!(gateway.event("THREAD_MEMBERS_UPDATE").await["added_members"][0]["user_id"], json!(me));

    assert_eq!(bot.put(&format!("{path}/{operator}"), json!(null)).await.status, 204);

    assert_eq!(bot.get(&path).await.refusal(), (403, 50001), "without the intent for members");
    let person = Client::person(&discord, "operator");
    let listed = person.get(&path).await.ok();
    assert_eq!(listed.as_array().map(Vec::len), Some(2));
    let shown = bot.get(&format!("{path}/{operator}?with_member=true")).await.ok();
    assert_eq!((&shown["user_id"], &shown["member"]["user"]["username"]), (&json!(operator), &json!("operator")));
    let paged = person.get(&format!("{path}?with_member=true&limit=1&after={operator}")).await.ok();
    assert_eq!((paged.as_array().map(Vec::len), &paged[0]["user_id"]), (Some(1), &json!(me)));
    assert_eq!(bot.delete(&format!("{path}/{operator}")).await.status, 204);
    assert_eq!(bot.get(&format!("{path}/{operator}")).await.refusal(), (404, 10007));
    assert_eq!(bot.delete(&format!("{path}/@me")).await.status, 204);
    assert_eq!(gateway.event("THREAD_MEMBERS_UPDATE").await["removed_member_ids"], json!([me]));
}

#[tokio::test]
async fn who_gains_sight_of_a_channel_is_sent_its_open_threads() {
    let discord = discord().await;
    let (me, channel) = (discord.user("orchestrator").unwrap().id, discord.channel("general").unwrap());
    let deny = |deny| Overwrite { id: me, target: OverwriteTarget::Member, allow: 0, deny };
    discord.overwrite("general", deny(orchestrator_sandbox::world::permission::VIEW_CHANNEL));
    let person = Client::person(&discord, "stranger");
    let thread = person.post(&format!("/channels/{channel}/threads"), json!({"name": "unseen", "type": 11})).await.ok();
    let (mut gateway, _) = Gateway::ready(&discord, INTENTS).await;
    assert_eq!(gateway.event("GUILD_CREATE").await["threads"], json!([]));

    discord.overwrite("general", deny(0));

    let synced = gateway.event("THREAD_LIST_SYNC").await;
    assert_eq!((&synced["channel_ids"], &synced["threads"][0]["id"]), (&json!([channel]), &thread["id"]));
}
