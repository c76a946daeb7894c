//! What a message may say and point to: flags, mentions, forwards, polls, system lines, and how many can be deleted at once.

use serde_json::{Value, json};

use crate::wire::{Client, Gateway, INTENTS, discord, messages, text_of};

fn layout(text: &str) -> Value {
    json!([{"type": 10, "content": text}])
}

#[tokio::test]
async fn a_layout_stays_one_and_keeps_no_text_beside_it() {
    let discord = discord().await;
    let (bot, path) = (Client::bot(&discord), messages(&discord, "results"));
    let posted = bot.post(&path, json!({"flags": 1 << 15, "components": layout("first")})).await.ok();
    let message = format!("{path}/{}", text_of(&posted, "id"));

    let changed = bot.patch(&message, json!({"components": layout("second")})).await.ok();
    assert_eq!((&changed["flags"], &changed["components"][0]["content"]), (&json!(1 << 15), &json!("second")));
    let without_flag = bot.patch(&message, json!({"flags": 0, "components": layout("third")})).await.ok();
    assert_eq!(without_flag["flags"], 1 << 15);
    assert_eq!(bot.patch(&message, json!({"content": "text"})).await.refusal(), (400, 50035));
    let plain = text_of(&bot.post(&path, json!({"content": "text"})).await.ok(), "id").to_owned();
    let turned = json!({"flags": 1 << 15, "components": layout("now a layout")});
    assert_eq!(bot.patch(&format!("{path}/{plain}"), turned.clone()).await.refusal(), (400, 50035), "its text is still there");
    let mut emptied = turned;
    emptied["content"] = Value::Null;
    assert_eq!(bot.patch(&format!("{path}/{plain}"), emptied).await.ok()["flags"], 1 << 15);
}

#[tokio::test]
async fn only_flags_that_an_author_may_set_are_set() {
    let discord = discord().await;
    let (bot, path) = (Client::bot(&discord), messages(&discord, "results"));

    let quiet = bot.post(&path, json!({"content": "x", "flags": 1 << 12 | 1 << 2 | 1 << 6 | 1})).await.ok();

    assert_eq!(quiet["flags"], 1 << 12 | 1 << 2);
}

#[tokio::test]
async fn polls_are_refused_and_tts_needs_its_permission() {
    let discord = discord().await;
    let (bot, path) = (Client::bot(&discord), messages(&discord, "results"));
    let poll = json!({"poll": {"question": {"text": "Yes?"}, "answers": [{"poll_media": {"text": "Yes"}}]}});

    assert_eq!(bot.post(&path, poll).await.refusal(), (400, 520_002));
    assert_eq!(bot.post(&path, json!({"content": "x", "tts": true})).await.ok()["tts"], false);
    assert_eq!(Client::person(&discord, "admin").post(&path, json!({"content": "x", "tts": true})).await.ok()["tts"], true);
}

#[tokio::test]
async fn mentions_reach_whom_they_name_unless_they_stand_in_code_or_are_not_allowed() {
    let discord = discord().await;
    let (admin, path) = (Client::person(&discord, "admin"), messages(&discord, "general"));
    let id = discord.user("stranger").unwrap().id.to_string();
    let role = discord.look(|world| world.guild().roles.values().find(|role| role.name == "operator").unwrap().id.to_string());
    let of = |message: &Value| {
        let users: Vec<_> = message["mentions"].as_array().unwrap().iter().map(|user| user["id"].clone()).collect();
        (users, message["mention_roles"].clone(), message["mention_everyone"].clone())
    };
    let text = format!("<@{id}> <@&{role}> @everyone");
    for (body, users, roles, everyone) in [
        (json!({"content": text}), vec![json!(id)], json!([role]), true),
        (json!({"content": text, "allowed_mentions": {"parse": []}}), vec![], json!([]), false),
        (json!({"content": text, "allowed_mentions": {"users": [id]}}), vec![json!(id)], json!([]), false),
        (json!({"content": text, "allowed_mentions": {"parse": ["roles", "everyone"]}}), vec![], json!([role]), true),
        (json!({"content": format!("`{text}` ```\n{text}```")}), vec![], json!([]), false),
        (json!({"flags": 1 << 15, "components": layout(&format!("<@{id}>"))}), vec![json!(id)], json!([]), false),
    ] {
        let posted = admin.post(&path, body.clone()).await.ok();
        assert_eq!(of(&posted), (users, roles, json!(everyone)), "{body}");
    }
    for (allowed, place) in [
        (json!({"parse": ["users"], "users": [id]}), "/errors/allowed_mentions/_errors"),
        (json!({"parse": ["nobody"]}), "/errors/allowed_mentions/parse/0/_errors"),
        (json!({"users": (0..101).map(|number| (number + 1).to_string()).collect::<Vec<_>>()}), "/errors/allowed_mentions/users/_errors"),
    ] {
        let refused = admin.post(&path, json!({"content": text, "allowed_mentions": allowed})).await;
        assert!(refused.body.pointer(place).is_some(), "{allowed}: {}", refused.text);
    }
    let stranger = Client::person(&discord, "stranger");
    discord.overwrite(
        "general",
        orchestrator_sandbox::world::guild::Overwrite {
            id: discord.user("stranger").unwrap().id,
            target: orchestrator_sandbox::world::guild::OverwriteTarget::Member,
            allow: 0,
            deny: orchestrator_sandbox::world::permission::MENTION_EVERYONE,
        },
    );
    assert_eq!(of(&stranger.post(&path, json!({"content": text})).await.ok()), (vec![json!(id)], json!([]), json!(false)));
}

#[tokio::test]
async fn the_answered_one_is_mentioned_unless_the_answer_says_no() {
    let discord = discord().await;
    let (bot, path) = (Client::bot(&discord), messages(&discord, "general"));
    let asked = discord.person("stranger").say("#general", "why?").unwrap();
    let answer = |allowed: Value| json!({"content": "because", "message_reference": {"message_id": asked}, "allowed_mentions": allowed});

    let loud = bot.post(&path, answer(json!({"parse": [], "replied_user": true}))).await.ok();
    let quiet = bot.post(&path, answer(json!({"parse": []}))).await.ok();

    assert_eq!((loud["mentions"].as_array().map(Vec::len), quiet["mentions"].as_array().map(Vec::len)), (Some(1), Some(0)));
    assert_eq!(loud["referenced_message"]["content"], "why?");
}

#[tokio::test]
async fn a_message_is_forwarded_as_it_was_by_those_who_can_read_it() {
    let discord = discord().await;
    let (bot, results, general) = (Client::bot(&discord), messages(&discord, "results"), messages(&discord, "general"));
    let said = bot.post(&results, json!({"content": "the news", "embeds": [{"title": "t"}]})).await.ok();
    let from = json!({"type": 1, "channel_id": said["channel_id"], "message_id": said["id"]});
    let (mut gateway, _) = Gateway::ready(&discord, INTENTS).await;

    let forwarded = bot.post(&general, json!({"message_reference": from})).await.ok();

    let snapshot = &forwarded["message_snapshots"][0]["message"];
    assert_eq!((&snapshot["content"], &snapshot["embeds"][0]["title"], snapshot.get("author")), (&json!("the news"), &json!("t"), None));
    assert_eq!((&forwarded["message_reference"]["type"], &forwarded["content"]), (&json!(1), &json!("")));
    assert_eq!(gateway.event("MESSAGE_CREATE").await["message_snapshots"][0]["message"]["content"], "the news");
    for (body, code) in [
        (json!({"content": "mine too", "message_reference": from}), 50035),
        (json!({"message_reference": {"type": 1, "message_id": said["id"]}}), 50035),
        (json!({"message_reference": {"type": 1, "channel_id": said["channel_id"], "message_id": "5"}}), 50035),
    ] {
        assert_eq!(bot.post(&general, body.clone()).await.refusal(), (400, code), "{body}");
    }
}

#[tokio::test]
async fn the_lines_that_discord_writes_can_be_neither_edited_nor_answered_and_some_not_deleted() {
    let discord = discord().await;
    let (bot, path) = (Client::bot(&discord), messages(&discord, "results"));
    let card = bot.post(&path, json!({"content": "card"})).await.ok();
    bot.post(&format!("{path}/{}/threads", text_of(&card, "id")), json!({"name": "details"})).await.ok();
    let inside = format!("/channels/{}/messages", text_of(&card, "id"));
    let starter = format!("{inside}/{}", text_of(&bot.get(&inside).await.ok()[0], "id"));

    assert_eq!(bot.patch(&starter, json!({"content": "x"})).await.refusal(), (403, 50021));
    assert_eq!(bot.delete(&starter).await.refusal(), (403, 50021));
    let reply = json!({"content": "x", "message_reference": {"message_id": starter.rsplit('/').next()}});
    assert_eq!(bot.post(&inside, reply).await.refusal(), (400, 50035));
    bot.put(&format!("{path}/pins/{}", text_of(&card, "id")), Value::Null).await;
    let line = text_of(&bot.get(&path).await.ok()[0], "id").to_owned();
    assert_eq!(bot.delete(&format!("{path}/{line}")).await.status, 204);
}

#[tokio::test]
async fn two_to_a_hundred_messages_of_two_weeks_are_deleted_at_once() {
    let discord = discord().await;
    let (admin, path) = (Client::person(&discord, "admin"), messages(&discord, "general"));
    let ids: Vec<_> = (0..3).map(|number| discord.person("stranger").say("#general", &number.to_string()).unwrap().to_string()).collect();
    let many = format!("{path}/bulk-delete");
    let old = (ids[0].parse::<u64>().unwrap() - ((15 * 86_400_000) << 22)).to_string();

    for (list, code) in [
        (vec![ids[0].clone()], 50016),
        ((1..=101).map(|number| (ids[0].parse::<u64>().unwrap() + number).to_string()).collect(), 50016),
        (vec![ids[0].clone(), old], 50034),
    ] {
        assert_eq!(admin.post(&many, json!({"messages": list})).await.refusal(), (400, code));
    }
    assert_eq!(Client::person(&discord, "stranger").post(&many, json!({"messages": ids})).await.refusal(), (403, 50013));
    assert_eq!(admin.post(&many, json!({"messages": ids})).await.status, 204);
    assert_eq!(admin.get(&path).await.ok(), json!([]));
}

#[tokio::test]
async fn history_is_read_around_before_and_after_within_bounds() {
    let discord = discord().await;
    let (bot, path) = (Client::bot(&discord), messages(&discord, "general"));
    let ids: Vec<_> = (0..7).map(|number| discord.person("stranger").say("#general", &number.to_string()).unwrap()).collect();
    let said =
        |list: &Value| list.as_array().unwrap().iter().map(|message| message["content"].as_str().unwrap().to_owned()).collect::<String>();

    for (query, found) in [
        (format!("around={}&limit=3", ids[3]), "432"),
        (format!("before={}&limit=2", ids[3]), "21"),
        (format!("after={}&limit=2", ids[3]), "54"),
        ("limit=2".to_owned(), "65"),
    ] {
        assert_eq!(said(&bot.get(&format!("{path}?{query}")).await.ok()), found, "{query}");
    }
    for query in ["limit=0", "limit=101", "limit=many", "before=soon"] {
        assert_eq!(bot.get(&format!("{path}?{query}")).await.refusal(), (400, 50035), "{query}");
    }
    let reactions = format!("{path}/{}/reactions/✅", ids[0]);
    for name in ["admin", "operator", "stranger"] {
        discord.person(name).react(ids[0], "✅").unwrap();
    }
    let first = bot.get(&format!("{reactions}?limit=2")).await.ok();
    let rest = bot.get(&format!("{reactions}?limit=2&after={}", text_of(&first[1], "id"))).await.ok();
    assert_eq!((first.as_array().map(Vec::len), rest.as_array().map(Vec::len)), (Some(2), Some(1)));
}
