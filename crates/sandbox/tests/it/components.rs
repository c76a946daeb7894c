//! What Discord lets stand under a message or in a modal, and what it does not.

use serde_json::{Value, json};

use crate::wire::{Client, Gateway, INTENTS, discord, messages, text_of};

/// The flag of messages made of components alone.
const LAYOUT: u64 = 1 << 15;

fn button() -> Value {
    json!({"type": 2, "style": 1, "label": "x", "custom_id": "x"})
}

fn select(more: &Value) -> Value {
    let mut select = json!({"type": 3, "custom_id": "s", "options": [{"label": "a", "value": "a"}, {"label": "b", "value": "b"}]});
    for (key, value) in more.as_object().expect("an object") {
        select[key] = value.clone();
    }
    select
}

fn row(parts: &[Value]) -> Value {
    json!({"type": 1, "components": parts})
}

#[tokio::test]
async fn a_component_that_breaks_a_rule_is_refused_at_its_place() {
    let discord = discord().await;
    let (bot, path) = (Client::bot(&discord), messages(&discord, "general"));
    let text = |content: &str| json!({"type": 10, "content": content});
    for (flags, component, place) in [
        (0, row(&[json!({"type": 2, "style": 1, "label": "x"})]), "0/components/0/custom_id"),
        (0, row(&[json!({"type": 2, "style": 1, "custom_id": "x"})]), "0/components/0"),
        (0, row(&[json!({"type": 2, "style": 5, "label": "x", "url": "https://a.example", "custom_id": "x"})]), "0/components/0/custom_id"),
        (0, row(&[json!({"type": 2, "style": 1, "label": "x", "custom_id": "x", "url": "https://a.example"})]), "0/components/0/url"),
        (0, row(&[json!({"type": 2, "style": 6, "sku_id": "5"})]), "0/components/0/sku_id"),
        (0, row(&[json!({"type": 2, "style": 6, "label": "x"})]), "0/components/0/label"),
        (0, row(&[button(), button()]), "0/components/1/custom_id"),
        (0, row(&[button(), select(&json!({}))]), "0/components"),
        (0, row(&[select(&json!({"min_values": 2}))]), "0/components/0/min_values"),
        (0, row(&[select(&json!({"max_values": 3}))]), "0/components/0/max_values"),
        (
            0,
            row(&[select(&json!({"options": [{"label": "a", "value": "a"}, {"label": "b", "value": "a"}]}))]),
            "0/components/0/options/1/value",
        ),
        (
            0,
            row(&[select(
                &json!({"options": [{"label": "a", "value": "a", "default": true}, {"label": "b", "value": "b", "default": true}]}),
            )]),
            "0/components/0/options",
        ),
        (
            0,
            row(&[json!({"type": 5, "custom_id": "u", "default_values": [{"id": "5", "type": "role"}]})]),
            "0/components/0/default_values/0/type",
        ),
        (
            0,
            row(&[json!({"type": 5, "custom_id": "u", "default_values": [{"id": "5", "type": "user"}, {"id": "6", "type": "user"}]})]),
            "0/components/0/default_values",
        ),
        (0, row(&[json!({"type": 8, "custom_id": "c", "channel_types": ["text"]})]), "0/components/0/channel_types/0"),
        (0, text("without the flag"), "0/type"),
        (LAYOUT, button(), "0/type"),
        (LAYOUT, json!({"type": 9, "components": [text("x")]}), "0/accessory"),
        (LAYOUT, json!({"type": 9, "components": [text("x"), text("x"), text("x"), text("x")], "accessory": button()}), "0/components"),
        (LAYOUT, json!({"type": 12, "items": []}), "0/items"),
        (LAYOUT, json!({"type": 13, "file": {"url": "https://a.example/file"}}), "0/file/url"),
        (LAYOUT, json!({"type": 14, "spacing": 3}), "0/spacing"),
        (LAYOUT, json!({"type": 17, "components": [text("x")], "accent_color": 0x1_00_00_00}), "0/accent_color"),
        (LAYOUT, json!({"type": 17, "components": [{"type": 17, "components": [text("x")]}]}), "0/components/0/type"),
        (
            LAYOUT,
            json!({"type": 17, "components": [{"type": 10, "content": "x", "id": 7}, {"type": 10, "content": "x", "id": 7}]}),
            "0/components/1/id",
        ),
    ] {
        let refused =
            bot.post(&path, json!({"content": if flags == 0 { "x" } else { "" }, "flags": flags, "components": [component]})).await;
        assert_eq!(refused.refusal(), (400, 50035), "{component}");
        assert!(refused.body.pointer(&format!("/errors/components/{place}/_errors")).is_some(), "{place}: {}", refused.text);
    }
    let long = json!({"flags": LAYOUT, "components": [text(&"x".repeat(2_001)), text(&"x".repeat(2_000))]});
    let many = json!({"flags": LAYOUT, "components": [{"type": 17, "components": (0..40).map(|_| text("x")).collect::<Vec<_>>()}]});
    let unsent = json!({"flags": LAYOUT, "components": [{"type": 13, "file": {"url": "attachment://none.txt"}}]});
    for body in [long, many, unsent] {
        assert_eq!(bot.post(&path, body).await.refusal(), (400, 50035));
    }
}

#[tokio::test]
async fn a_message_of_components_shows_its_media_keeps_its_flag_and_pings_in_its_texts() {
    let discord = discord().await;
    let (bot, path) = (Client::bot(&discord), messages(&discord, "general"));
    let admin = discord.person("admin").id();
    let parts = json!([
        {"type": 10, "content": format!("for <@{admin}>")},
        {"type": 13, "file": {"url": "attachment://log.txt"}},
        {"type": 12, "items": [{"media": {"url": "https://a.example/b.png"}, "description": "d"}]},
    ]);

    let sent = bot.post_files(&path, json!({"flags": LAYOUT, "components": parts}), vec![("log.txt", b"log".to_vec())]).await.ok();
    let one = format!("{path}/{}", text_of(&sent, "id"));
    let words = bot.patch(&one, json!({"content": "words"})).await;
    let changed = bot.patch(&one, json!({"components": [{"type": 10, "content": "new"}]})).await.ok();

    assert_eq!(sent["mentions"][0]["username"], "admin");
    assert_eq!((&sent["components"][1]["name"], &sent["components"][1]["size"]), (&json!("log.txt"), &json!(3)));
    assert_eq!(sent["components"][1]["file"]["url"], sent["attachments"][0]["url"]);
    assert_eq!(sent["components"][2]["items"][0]["media"]["url"], "https://a.example/b.png");
    let ids: Vec<_> = sent["components"].as_array().unwrap().iter().map(|part| part["id"].as_u64().unwrap()).collect();
    assert_eq!(ids, [1, 2, 3]);
    assert_eq!(words.refusal(), (400, 50035));
    assert_eq!((&changed["flags"], &changed["components"][0]["content"]), (&json!(LAYOUT), &json!("new")));
}

#[tokio::test]
async fn a_message_becomes_one_of_components_only_without_its_words() {
    let discord = discord().await;
    let (bot, path) = (Client::bot(&discord), messages(&discord, "general"));
    let sent = bot.post(&path, json!({"content": "words"})).await.ok();
    let one = format!("{path}/{}", text_of(&sent, "id"));
    let components = json!([{"type": 10, "content": "text"}]);

    let with_words = bot.patch(&one, json!({"flags": LAYOUT, "components": components})).await;
    let without = bot.patch(&one, json!({"flags": LAYOUT, "components": components, "content": null})).await.ok();

    assert_eq!(with_words.refusal(), (400, 50035));
    assert_eq!((&without["flags"], &without["content"]), (&json!(LAYOUT), &json!("")));
}

#[tokio::test]
async fn only_what_is_offered_can_be_chosen() {
    let discord = discord().await;
    let (bot, person) = (Client::bot(&discord), discord.person("admin"));
    let parts = json!([
        row(&[select(&json!({"max_values": 2}))]),
        row(&[json!({"type": 5, "custom_id": "users"})]),
        row(&[json!({"type": 6, "custom_id": "roles"})]),
        row(&[json!({"type": 8, "custom_id": "channels", "channel_types": [4]})]),
        row(&[json!({"type": 2, "style": 5, "label": "x", "url": "https://a.example"})]),
    ]);
    let sent = bot.post(&messages(&discord, "general"), json!({"content": "x", "components": parts})).await.ok();
    let card = text_of(&sent, "id").parse().unwrap();
    let (guild, general) = (discord.look(|world| world.guild().id).to_string(), discord.channel("general").unwrap().to_string());
    let admin = person.id().to_string();

    for (custom_id, values) in [
        ("s", &["a", "z"][..]),
        ("s", &["a", "a"]),
        ("s", &[]),
        ("users", &[&guild]),
        ("users", &[&admin, &admin]),
        ("roles", &[&admin]),
        ("channels", &[&general]),
    ] {
        assert_eq!(person.choose(card, custom_id, values).unwrap_err().code, 50035, "{custom_id} {values:?}");
    }
    person.choose(card, "s", &["a", "b"]).unwrap();
    person.choose(card, "users", &[&admin]).unwrap();
    person.choose(card, "roles", &[&guild]).unwrap();
}

/// A bot that has shown this modal to the admin, and the path of the answer.
async fn shown(modal: Value) -> (orchestrator_sandbox::Sandbox, Client, Gateway, crate::wire::Answer) {
    let discord = discord().await;
    let (mut gateway, _) = Gateway::ready(&discord, INTENTS).await;
    let bot = Client::bot(&discord);
    let sent = bot.post(&messages(&discord, "general"), json!({"content": "card", "components": [row(&[button()])]})).await.ok();
    discord.person("admin").press(text_of(&sent, "id").parse().expect("an id"), "x").expect("it can be pressed");
    let event = gateway.event("INTERACTION_CREATE").await;
    let path = format!("/interactions/{}/{}/callback", text_of(&event, "id"), text_of(&event, "token"));
    let answer = bot.post(&path, json!({"type": 9, "data": modal})).await;
    (discord, bot, gateway, answer)
}

fn label(component: &Value) -> Value {
    json!({"type": 18, "label": "l", "component": component})
}

fn modal(parts: &[Value]) -> Value {
    json!({"title": "t", "custom_id": "m", "components": parts})
}

#[tokio::test]
async fn a_modal_that_breaks_a_rule_is_refused_at_its_place() {
    let options = |count: usize| (0..count).map(|n| json!({"label": "l", "value": n.to_string()})).collect::<Vec<_>>();
    for (part, place) in [
        (row(&[button()]), "0/components/0/type"),
        (label(&button()), "0/component/type"),
        (label(&json!({"type": 4, "custom_id": "t"})), "0/component/style"),
        (label(&json!({"type": 4, "custom_id": "t", "style": 1, "min_length": 5, "max_length": 4})), "0/component/min_length"),
        (label(&json!({"type": 5, "custom_id": "u", "min_values": 0})), "0/component/min_values"),
        (label(&json!({"type": 5, "custom_id": "u", "disabled": true})), "0/component/disabled"),
        (label(&json!({"type": 19, "custom_id": "f", "max_values": 11})), "0/component/max_values"),
        (label(&json!({"type": 21, "custom_id": "r", "options": options(1)})), "0/component/options"),
        (label(&json!({"type": 21, "custom_id": "r", "options": options(11)})), "0/component/options"),
        (label(&json!({"type": 22, "custom_id": "c", "options": options(2), "min_values": 3, "max_values": 2})), "0/component/min_values"),
        (label(&json!({"type": 23})), "0/component/custom_id"),
    ] {
        let (_discord, _bot, _gateway, answer) = shown(modal(std::slice::from_ref(&part))).await;
        assert_eq!(answer.refusal(), (400, 50035), "{part}");
        assert!(answer.body.pointer(&format!("/errors/data/components/{place}/_errors")).is_some(), "{place}: {}", answer.text);
    }
}

#[tokio::test]
async fn a_modals_answer_has_every_part_with_its_id_and_what_was_chosen_resolved() {
    let radio =
        json!({"type": 21, "custom_id": "r", "required": false, "options": [{"label": "a", "value": "a"}, {"label": "b", "value": "b"}]});
    let parts = [
        json!({"type": 10, "content": "read this"}),
        label(&json!({"type": 7, "custom_id": "who", "max_values": 2})),
        label(&radio),
        label(&json!({"type": 22, "custom_id": "c", "options": [{"label": "a", "value": "a"}, {"label": "b", "value": "b"}]})),
        label(&json!({"type": 23, "custom_id": "sure"})),
    ];
    let (discord, _bot, mut gateway, _) = shown(modal(&parts)).await;
    let (admin, guild) = (discord.person("admin").id().to_string(), discord.look(|world| world.guild().id).to_string());
    let person = Client::person(&discord, "admin");
    let send = |who: Value, boxes: Value| {
        let components = json!([
            {"type": 18, "component": {"type": 7, "custom_id": "who", "values": who}},
            {"type": 18, "component": {"type": 22, "custom_id": "c", "values": boxes}},
        ]);
        let application = discord.user("orchestrator").unwrap().id;
        json!({"type": 5, "application_id": application, "channel_id": discord.channel("general").unwrap(), "data": {"custom_id": "m", "components": components}})
    };

    assert_eq!(person.post("/interactions", send(json!(["5"]), json!(["a"]))).await.refusal(), (400, 50035));
    assert_eq!(person.post("/interactions", send(json!([admin]), json!(["z"]))).await.refusal(), (400, 50035));
    assert_eq!(person.post("/interactions", send(json!([admin]), json!([]))).await.refusal(), (400, 50035));
    assert_eq!(person.post("/interactions", send(json!([admin, guild]), json!(["a", "b"]))).await.status, 204);

    let data = gateway.event("INTERACTION_CREATE").await["data"].clone();
    assert_eq!(
        data["components"],
        json!([
            {"type": 10, "id": 1},
            {"type": 18, "id": 2, "component": {"type": 7, "id": 3, "custom_id": "who", "values": [admin, guild]}},
            {"type": 18, "id": 4, "component": {"type": 21, "id": 5, "custom_id": "r", "value": null}},
            {"type": 18, "id": 6, "component": {"type": 22, "id": 7, "custom_id": "c", "values": ["a", "b"]}},
            {"type": 18, "id": 8, "component": {"type": 23, "id": 9, "custom_id": "sure", "value": false}},
        ])
    );
    assert_eq!(data["resolved"]["users"][&admin]["username"], "admin");
    assert_eq!(data["resolved"]["roles"][&guild]["id"], json!(guild));
}
