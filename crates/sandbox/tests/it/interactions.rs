//! Commands, buttons, modals and suggestions, from the person's click to the bot's last word.

use std::time::Duration;

use orchestrator_sandbox::{
    Demand, Sandbox,
    world::interaction::{Answer as Given, Deadlines},
};
use serde_json::{Value, json};

use crate::wire::{Client, Gateway, INTENTS, SOON, discord, text_of};

/// A bot that is online and has `/task` (with suggestions for `model`), `/status` for admins and a message command.
async fn bot(discord: &Sandbox) -> (Client, Gateway, String) {
    let (mut gateway, _) = Gateway::ready(discord, INTENTS).await;
    gateway.event("GUILD_CREATE").await;
    let bot = Client::bot(discord);
    let application = discord.user("orchestrator").expect("the bot").id.to_string();
    let options = json!([
        {"type": 3, "name": "text", "description": "What to do", "required": true},
        {"type": 3, "name": "model", "description": "Which model", "autocomplete": true},
        {"type": 3, "name": "thinking", "description": "How much", "choices": [{"name": "low", "value": "low"}]},
    ]);
    let commands = json!([
        {"name": "task", "description": "Run a task", "options": options},
        {"name": "status", "description": "Look", "default_member_permissions": "0"},
        {"name": "Run as task", "type": 3},
    ]);
    bot.put(&format!("/applications/{application}/commands"), commands).await.ok();
    (bot, gateway, application)
}

fn text(value: &str) -> Value {
    json!([{"type": 3, "name": "text", "value": value}])
}

fn callback(event: &Value) -> String {
    format!("/interactions/{}/{}/callback", text_of(event, "id"), text_of(event, "token"))
}

fn webhook(application: &str, event: &Value) -> String {
    format!("/webhooks/{application}/{}", text_of(event, "token"))
}

#[tokio::test]
async fn a_slash_command_reaches_the_bot_with_every_key_and_its_answer_reaches_the_channel() {
    let discord = discord().await;
    let (bot, mut gateway, _) = bot(&discord).await;

    discord.person("stranger").command("#general", "task", &text("a poem")).unwrap();
    let event = gateway.event("INTERACTION_CREATE").await;
    let answered = bot.post(&callback(&event), json!({"type": 4, "data": {"content": "queued"}})).await;

    for key in [
        "application_id",
        "attachment_size_limit",
        "channel_id",
        "data",
        "entitlements",
        "id",
        "locale",
        "token",
        "type",
        "version",
        "member",
    ] {
        assert!(!event[key].is_null(), "INTERACTION_CREATE has no {key}");
    }
    assert_eq!((&event["data"]["name"], &event["data"]["options"]), (&json!("task"), &text("a poem")));
    assert_eq!(answered.status, 204);
    let shown = gateway.event("MESSAGE_CREATE").await;
    assert_eq!(
        (&shown["type"], &shown["content"], &shown["interaction_metadata"]["user"]["username"]),
        (&json!(20), &json!("queued"), &json!("stranger"))
    );
}

#[tokio::test]
async fn a_deferred_answer_is_filled_and_followed_up_and_both_can_be_changed() {
    let discord = discord().await;
    let (bot, mut gateway, application) = bot(&discord).await;
    discord.person("stranger").command("#general", "task", &text("x")).unwrap();
    let event = gateway.event("INTERACTION_CREATE").await;
    let hook = webhook(&application, &event);

    bot.post(&callback(&event), json!({"type": 5})).await.ok();
    assert_eq!(bot.get(&format!("{hook}/messages/@original")).await.ok()["flags"], 128);
    let filled = bot.patch(&format!("{hook}/messages/@original"), json!({"content": "done"})).await.ok();
    let follow_up = bot.post(&hook, json!({"content": "more"})).await.ok();
    let one = format!("{hook}/messages/{}", follow_up["id"].as_str().unwrap());
    let changed = bot.patch(&one, json!({"content": "most"})).await.ok();
    bot.delete(&one).await.ok();

    assert_eq!((&filled["flags"], &filled["content"], &filled["edited_timestamp"]), (&json!(0), &json!("done"), &Value::Null));
    assert_eq!(changed["content"], "most");
    assert_eq!(bot.get(&one).await.refusal(), (404, 10008));
    bot.delete(&format!("{hook}/messages/@original")).await.ok();
    assert_eq!(bot.get(&format!("{hook}/messages/@original")).await.refusal(), (404, 10008));
}

#[tokio::test]
async fn the_first_follow_up_after_a_deferred_answer_fills_it() {
    let discord = discord().await;
    let (bot, mut gateway, application) = bot(&discord).await;
    discord.person("stranger").command("#general", "task", &text("x")).unwrap();
    let event = gateway.event("INTERACTION_CREATE").await;
    bot.post(&callback(&event), json!({"type": 5, "data": {"flags": 64}})).await.ok();

    bot.post(&webhook(&application, &event), json!({"content": "filled"})).await.ok();

    discord.look(|world| {
        let all: Vec<_> = world.messages_in("general").collect();
        assert!(all.len() == 1 && all[0].content == "filled" && all[0].only_for.is_some());
    });
}

#[tokio::test]
async fn an_ephemeral_answer_is_in_nobodys_history() {
    let discord = discord().await;
    let (bot, mut gateway, application) = bot(&discord).await;
    discord.person("stranger").command("#general", "task", &text("x")).unwrap();
    let event = gateway.event("INTERACTION_CREATE").await;

    bot.post(&callback(&event), json!({"type": 4, "data": {"content": "secret", "flags": 64}})).await.ok();

    let path = crate::wire::messages(&discord, "general");
    assert_eq!(bot.get(&path).await.ok(), json!([]));
    assert_eq!(Client::person(&discord, "stranger").get(&path).await.ok(), json!([]));
    assert_eq!(bot.get(&format!("{}/messages/@original", webhook(&application, &event))).await.ok()["content"], "secret");
}

#[tokio::test]
async fn a_second_answer_gets_40060_and_a_wrong_token_10062() {
    let discord = discord().await;
    let (bot, mut gateway, _) = bot(&discord).await;
    discord.person("stranger").command("#general", "task", &text("x")).unwrap();
    let event = gateway.event("INTERACTION_CREATE").await;
    let answer = json!({"type": 4, "data": {"content": "one"}});

    bot.post(&callback(&event), answer.clone()).await.ok();

    assert_eq!(bot.post(&callback(&event), answer.clone()).await.refusal(), (400, 40060));
    assert_eq!(bot.post(&format!("/interactions/{}/wrong/callback", event["id"].as_str().unwrap()), answer).await.refusal(), (404, 10062));
}

#[tokio::test]
async fn an_answer_after_three_seconds_gets_10062() {
    let discord = discord().await;
    let (bot, mut gateway, _) = bot(&discord).await;
    discord.make_trouble(Demand::Deadlines(Deadlines { first_answer_ms: 0, ..Deadlines::default() }));
    discord.person("stranger").command("#general", "task", &text("x")).unwrap();
    let event = gateway.event("INTERACTION_CREATE").await;

    // The deadline is the wall clock's: there is nothing to wait for but time, and a millisecond is enough here.
    tokio::time::sleep(Duration::from_millis(5)).await;

    assert_eq!(bot.post(&callback(&event), json!({"type": 5})).await.refusal(), (404, 10062));
    assert_eq!(Deadlines::default(), Deadlines { first_answer_ms: 3_000, token_ms: 900_000 });
}

#[tokio::test]
async fn a_token_ends_after_its_time_and_answers_before_stay() {
    let discord = discord().await;
    let (bot, mut gateway, application) = bot(&discord).await;
    discord.make_trouble(Demand::Deadlines(Deadlines { token_ms: 300, ..Deadlines::default() }));
    discord.person("stranger").command("#general", "task", &text("x")).unwrap();
    let event = gateway.event("INTERACTION_CREATE").await;
    bot.post(&callback(&event), json!({"type": 4, "data": {"content": "in time"}})).await.ok();

    tokio::time::sleep(Duration::from_millis(310)).await;

    assert_eq!(bot.post(&webhook(&application, &event), json!({"content": "late"})).await.refusal(), (401, 50027));
    assert!(discord.look(|world| world.messages_in("general").any(|message| message.content == "in time")));
}

#[tokio::test]
async fn a_token_that_has_ended_edits_nothing() {
    let discord = discord().await;
    let (bot, mut gateway, application) = bot(&discord).await;
    discord.person("stranger").command("#general", "task", &text("x")).unwrap();
    let event = gateway.event("INTERACTION_CREATE").await;
    bot.post(&callback(&event), json!({"type": 4, "data": {"content": "one"}})).await.ok();

    discord.make_trouble(Demand::EndInteractions(true));

    let refused = bot.patch(&format!("{}/messages/@original", webhook(&application, &event)), json!({"content": "late"})).await;
    assert_eq!(refused.refusal(), (401, 50027));
}

#[tokio::test]
async fn suggestions_come_back_and_more_than_25_are_refused() {
    let discord = discord().await;
    let (bot, mut gateway, _) = bot(&discord).await;
    let typing = json!([{"type": 3, "name": "model", "value": "co", "focused": true}]);

    let asked = discord.person("stranger").complete("#general", "task", &typing).unwrap();
    let event = gateway.event("INTERACTION_CREATE").await;
    let choice = |number: usize| json!({"name": format!("coder {number}"), "value": "coder"});
    let many = bot.post(&callback(&event), json!({"type": 8, "data": {"choices": (0..26).map(choice).collect::<Vec<_>>()}})).await;
    bot.post(&callback(&event), json!({"type": 8, "data": {"choices": [choice(1)]}})).await.ok();

    assert_eq!(many.refusal(), (400, 50035));
    let given = discord.look(|world| world.interaction(asked).unwrap().answer.clone());
    assert!(matches!(given, Some(Given::Suggestions(choices)) if choices.len() == 1));
}

#[tokio::test]
async fn a_button_opens_a_modal_whose_text_comes_back_with_the_message() {
    let discord = discord().await;
    let (bot, mut gateway, _) = bot(&discord).await;
    let row = json!([{"type": 1, "components": [{"type": 2, "style": 4, "label": "Cancel", "custom_id": "cancel:1"}]}]);
    let posted = bot.post(&crate::wire::messages(&discord, "general"), json!({"content": "card", "components": row})).await.ok();
    let message = posted["id"].as_str().unwrap().parse().unwrap();
    let input = json!({"type": 4, "custom_id": "reason", "style": 1, "label": "Why?", "max_length": 5});

    let pressed = discord.person("admin").press(message, "cancel:1").unwrap();
    let event = gateway.event("INTERACTION_CREATE").await;
    bot.post(
        &callback(&event),
        json!({"type": 9, "data": {"title": "Cancel", "custom_id": "why", "components": [{"type": 1, "components": [input]}]}}),
    )
    .await
    .ok();
    let too_long = discord.person("admin").submit(pressed, &[("reason", "far too long")]).unwrap_err();
    discord.person("admin").submit(pressed, &[("reason", "bored")]).unwrap();
    let submitted = gateway.event("INTERACTION_CREATE").await;
    bot.post(&callback(&submitted), json!({"type": 7, "data": {"content": "cancelled", "components": []}})).await.ok();

    assert_eq!((&event["message"]["content"], &event["data"]["custom_id"]), (&json!("card"), &json!("cancel:1")));
    assert_eq!(too_long.code, 50035);
    assert_eq!((&submitted["type"], &submitted["data"]["components"][0]["components"][0]["value"]), (&json!(5), &json!("bored")));
    discord
        .wait_until(
            |world| world.messages_in("general").any(|message| message.content == "cancelled" && message.components.is_empty()),
            SOON,
        )
        .await
        .unwrap();
}

#[tokio::test]
async fn a_message_command_carries_its_message() {
    let discord = discord().await;
    let (_bot, mut gateway, _) = bot(&discord).await;
    let id = discord.person("stranger").say("#general", "make this a task").unwrap();

    discord.person("stranger").message_command(id, "Run as task").unwrap();

    let event = gateway.event("INTERACTION_CREATE").await;
    assert_eq!(event["data"]["resolved"]["messages"][id.to_string()]["content"], "make this a task");
}

#[tokio::test]
async fn what_a_client_sends_is_held_against_what_is_registered() {
    let discord = discord().await;
    let (bot, _gateway, _) = bot(&discord).await;
    let stranger = discord.person("stranger");

    assert_eq!(stranger.command("#general", "task", &json!([])).unwrap_err().code, 50035);
    assert_eq!(stranger.command("#general", "task", &json!([{"type": 3, "name": "text", "value": 5}])).unwrap_err().code, 50035);
    assert_eq!(
        stranger
            .command(
                "#general",
                "task",
                &json!([{"type": 3, "name": "text", "value": "x"}, {"type": 3, "name": "thinking", "value": "none"}])
            )
            .unwrap_err()
            .code,
        50035
    );
    assert_eq!(stranger.command("#general", "status", &json!([])).unwrap_err().code, 50013);
    discord.person("admin").command("#general", "status", &json!([])).unwrap();
    let posted = bot.post(&crate::wire::messages(&discord, "general"), json!({"content": "no button here"})).await.ok();
    assert_eq!(stranger.press(posted["id"].as_str().unwrap().parse().unwrap(), "x").unwrap_err().code, 50035);
}

#[tokio::test]
async fn an_answer_that_does_not_go_with_its_question_is_refused() {
    let discord = discord().await;
    let (bot, mut gateway, _) = bot(&discord).await;
    discord.person("stranger").command("#general", "task", &text("x")).unwrap();
    let event = gateway.event("INTERACTION_CREATE").await;

    for body in [
        json!({"type": 6}),
        json!({"type": 8, "data": {"choices": []}}),
        json!({"type": 1}),
        json!({"type": 9, "data": {"title": "t"}}),
        json!({"type": 4, "data": {"content": "x".repeat(2_001)}}),
    ] {
        assert_eq!(bot.post(&callback(&event), body.clone()).await.refusal(), (400, 50035), "{body}");
    }
    let response = bot.post(&format!("{}?with_response=true", callback(&event)), json!({"type": 4, "data": {"content": "ok"}})).await.ok();
    assert_eq!(response["resource"]["message"]["content"], "ok");
}

#[tokio::test]
async fn the_answer_to_a_modal_tells_which_press_of_which_button_opened_it() {
    let discord = discord().await;
    let (bot, mut gateway, _) = bot(&discord).await;
    let row = json!([{"type": 1, "components": [{"type": 2, "style": 1, "label": "Go", "custom_id": "go"}]}]);
    let posted = bot.post(&crate::wire::messages(&discord, "general"), json!({"content": "card", "components": row})).await.ok();
    let input = json!({"type": 4, "custom_id": "why", "style": 1, "label": "Why?"});

    let pressed = discord.person("admin").press(text_of(&posted, "id").parse().unwrap(), "go").unwrap();
    let event = gateway.event("INTERACTION_CREATE").await;
    bot.post(
        &callback(&event),
        json!({"type": 9, "data": {"title": "T", "custom_id": "m", "components": [{"type": 1, "components": [input]}]}}),
    )
    .await
    .ok();
    discord.person("admin").submit(pressed, &[("why", "so")]).unwrap();
    let submitted = gateway.event("INTERACTION_CREATE").await;
    let answered =
        bot.post(&format!("{}?with_response=1", callback(&submitted)), json!({"type": 4, "data": {"content": "thanks"}})).await.ok();

    let opener = &answered["resource"]["message"]["interaction_metadata"]["triggering_interaction_metadata"];
    assert_eq!((&opener["type"], &opener["interacted_message_id"]), (&json!(3), &posted["id"]));
}

#[tokio::test]
async fn a_file_that_comes_with_a_command_reaches_the_bot_and_one_that_is_missing_is_refused() {
    let discord = discord().await;
    let (bot, mut gateway, application) = bot(&discord).await;
    let file = json!({"type": 11, "name": "input", "description": "A file", "required": true});
    let command = bot
        .post(&format!("/applications/{application}/commands"), json!({"name": "read", "description": "d", "options": [file]}))
        .await
        .ok();
    let data = json!({"id": command["id"], "name": "read", "type": 1, "options": [{"type": 11, "name": "input", "value": "0"}]});
    let body = json!({"type": 2, "application_id": application, "channel_id": discord.channel("general").unwrap(), "data": data});
    let stranger = Client::person(&discord, "stranger");

    assert_eq!(stranger.post("/interactions", body.clone()).await.refusal(), (400, 50035));
    assert_eq!(stranger.post_files("/interactions", body, vec![("notes.txt", b"read me".to_vec())]).await.status, 204);
    let event = gateway.event("INTERACTION_CREATE").await;
    let attachment = &event["data"]["resolved"]["attachments"][text_of(&event["data"]["options"][0], "value")];

    assert_eq!(bot.fetch(text_of(attachment, "url")).await.bytes().await.unwrap().as_ref(), b"read me");
}
