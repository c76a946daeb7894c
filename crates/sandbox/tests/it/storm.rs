//! Trouble that is drawn from a seed, that comes by itself, and that is done to the world.

use std::time::Duration;

use orchestrator_sandbox::{Cause, Demand, GatewayEvent, GatewayTrouble, Record, Sandbox};
use reqwest::Method;
use serde_json::json;

use crate::wire::{Client, Ended, Gateway, INTENTS, SOON, discord, messages, token};

/// Asks so often who it is, and gives what the log tells of each time.
async fn fates(seed: u64, requests: usize) -> Vec<Option<String>> {
    let discord = discord().await;
    let bot = Client::bot(&discord);
    discord.trouble_storm(seed, 0.5);
    for _ in 0..requests {
        let _ = tokio::time::timeout(Duration::from_millis(1_500), bot.try_ask(Method::GET, "/users/@me", None)).await;
    }
    discord.log().iter().filter_map(Record::request).map(|request| request.trouble.clone()).collect()
}

fn gateway_events(discord: &Sandbox) -> Vec<GatewayEvent> {
    discord.log().iter().filter_map(Record::gateway).map(|record| record.what.clone()).collect()
}

#[tokio::test]
async fn a_storm_is_the_same_for_the_same_seed_and_the_log_tells_what_it_did() {
    let (first, second, other) = tokio::join!(fates(11, 30), fates(11, 30), fates(12, 30));

    assert_eq!(first, second);
    assert_ne!(first, other);
    let met = first.iter().flatten().count();
    assert!((5..26).contains(&met) && first.iter().flatten().all(|told| told.starts_with("storm: ")), "{first:?}");
}

#[tokio::test]
async fn a_storm_spares_people_and_ends_when_it_is_called_off() {
    let discord = discord().await;
    let (bot, admin) = (Client::bot(&discord), Client::person(&discord, "admin"));
    assert_eq!(admin.post("/sandbox/trouble", json!({"storm": {"seed": 1, "rate": 1.0}})).await.status, 204);
    for _ in 0..20 {
        assert_eq!(admin.get("/users/@me").await.status, 200);
    }

    assert_eq!(admin.post("/sandbox/trouble", json!({"clear": true})).await.status, 204);

    for _ in 0..20 {
        assert_eq!(bot.get("/users/@me").await.status, 200);
    }
}

#[tokio::test]
async fn a_bot_that_tries_again_gets_through_a_storm() {
    let discord = discord().await;
    let (bot, path) = (Client::bot(&discord), messages(&discord, "results"));
    discord.trouble_storm(5, 0.4);

    for number in 0..40 {
        let body = json!({"content": number.to_string(), "nonce": number.to_string(), "enforce_nonce": true});
        loop {
            let asked = tokio::time::timeout(Duration::from_secs(1), bot.try_ask(Method::POST, &path, Some(body.clone()))).await;
            match asked {
                Ok(Ok(answer)) if answer.status == 200 && answer.body["id"].is_string() => break,
                Ok(Ok(answer)) => assert!(!matches!(answer.status, 400 | 401 | 403 | 404), "{answer:?}"),
                _ => {}
            }
        }
    }

    let texts: Vec<_> = discord.look(|world| world.messages_in("results").map(|message| message.content.clone()).collect());
    assert_eq!(texts, (0..40).map(|number| number.to_string()).collect::<Vec<_>>());
    assert!(discord.log().iter().filter_map(Record::request).any(|request| request.cause == Cause::AnswerLost));
}

#[tokio::test]
async fn a_storm_blows_on_the_gateway_too() {
    let discord = discord().await;
    discord.trouble_storm(2, 1.0);

    let blown = |records: &[Record]| {
        let troubles = records.iter().filter_map(Record::gateway).filter(|record| matches!(record.what, GatewayEvent::Troubled { .. }));
        (troubles.count() >= 3).then_some(())
    };

    discord.wait_for_log(blown, SOON).await.expect("trouble came");
}

#[tokio::test]
async fn a_demand_for_later_comes_later_and_not_at_all_once_it_is_cleared() {
    let discord = discord().await;
    let bot = Client::bot(&discord);
    let fail = r#"{"request": {"method": "GET", "path": "/users/@me", "times": null, "then": {"answer": {"status": 503}}}}"#;
    let script = format!(r#"[{{"later": {{"after_ms": 60, "demand": {fail}}}}}, {{"later": {{"after_ms": 600000, "demand": {fail}}}}}]"#);

    Demand::read_script(&script).unwrap().into_iter().for_each(|demand| discord.make_trouble(demand));
    assert_eq!(bot.get("/users/@me").await.status, 200);
    tokio::time::timeout(SOON, async { while bot.get("/users/@me").await.status != 503 {} }).await.expect("it comes");
    discord.make_trouble(Demand::Clear(true));

    assert_eq!(bot.get("/users/@me").await.status, 200);
}

#[test]
fn a_script_that_can_not_be_made_is_refused_with_the_reason() {
    for (script, reason) in [
        ("[", "EOF"),
        (r#"{"mischief": 1}"#, "mischief"),
        (r#"{"deny": {"user": "a", "channel": "b", "permissions": ["FLY"]}}"#, "`FLY` is no permission"),
        (r#"[{"later": {"after_ms": 1, "demand": {"deny": {"user": "a", "channel": "b", "permissions": ["FLY"]}}}}]"#, "`FLY`"),
    ] {
        let refused = Demand::read_script(script).unwrap_err().to_string();

        assert!(refused.contains(reason), "{refused}");
    }
}

#[tokio::test]
async fn events_are_doubled_reordered_and_lost_on_their_way() {
    let discord = discord().await;
    let (mut gateway, _) = Gateway::ready(&discord, INTENTS).await;
    gateway.event("GUILD_CREATE").await;
    let say = |text: &str| {
        discord.person("admin").say("#general", text).unwrap();
    };

    let mut heard = Vec::new();
    for (trouble, texts, until) in [
        (GatewayTrouble::Double(1), &["twice", "once"][..], "once"),
        (GatewayTrouble::Swap(1), &["second", "first"], "second"),
        (GatewayTrouble::Lose(1), &["lost", "last"], "last"),
    ] {
        discord.gateway_trouble(trouble);
        for text in texts {
            say(text);
        }
        while heard.last().is_none_or(|text| text != until) {
            heard.push(gateway.event("MESSAGE_CREATE").await["content"].as_str().unwrap_or_default().to_owned());
        }
    }

    assert_eq!(heard, ["twice", "twice", "once", "first", "second", "last"]);
    let handled: Vec<_> = gateway_events(&discord)
        .into_iter()
        .filter_map(|what| if let GatewayEvent::Mishandled { how, .. } = what { Some(how) } else { None })
        .collect();
    assert_eq!(handled, ["doubled", "late", "lost"]);
}

#[tokio::test]
async fn an_event_that_waits_for_another_comes_late_all_the_same() {
    let discord = discord().await;
    let (mut gateway, _) = Gateway::ready(&discord, INTENTS).await;
    discord.gateway_trouble(GatewayTrouble::Swap(1));

    discord.person("admin").say("#general", "alone").unwrap();

    assert_eq!(gateway.event("MESSAGE_CREATE").await["content"], "alone");
}

/// A client that has seen a message comes back, and is told so many events again.
async fn resumed(again: u32) -> (Sandbox, Gateway) {
    let discord = discord().await;
    let (mut gateway, ready) = Gateway::ready(&discord, INTENTS).await;
    discord.person("admin").say("#general", "seen").expect("it is taken");
    gateway.event("MESSAGE_CREATE").await;
    let seq = gateway.last_seq;
    gateway.vanish();
    discord.gateway_trouble(GatewayTrouble::Repeat(again));
    let mut back = Gateway::connect(&discord).await;
    back.resume(&token(&discord), ready["session_id"].as_str().expect("a session"), seq).await;
    (discord, back)
}

#[tokio::test]
async fn a_resume_can_bring_again_what_was_seen() {
    let (_discord, mut back) = resumed(1).await;

    assert_eq!(back.event("MESSAGE_CREATE").await["content"], "seen");
    back.event("RESUMED").await;
}

#[tokio::test]
async fn a_resume_never_brings_the_ready_again() {
    let (_discord, mut back) = resumed(500).await;

    let mut names = Vec::new();
    while names.last().is_none_or(|name| name != "RESUMED") {
        names.extend(back.next().await.unwrap()["t"].as_str().map(str::to_owned));
    }
    assert_eq!(names, ["GUILD_CREATE", "MESSAGE_CREATE", "RESUMED"]);
}

#[tokio::test]
async fn every_close_code_can_be_asked_for() {
    let discord = discord().await;
    for code in [1000, 1001, 4000, 4001, 4002, 4003, 4004, 4005, 4007, 4008, 4009, 4010, 4011, 4012, 4013, 4014] {
        let (mut gateway, _) = Gateway::ready(&discord, INTENTS).await;
        discord.gateway_trouble(GatewayTrouble::Close(code));
        assert_eq!(gateway.ended().await, Ended(Some(code)));
    }
}

#[tokio::test]
async fn a_token_that_is_reset_is_void_at_once_and_the_gateway_closes() {
    let discord = discord().await;
    let old = Client::bot(&discord);
    let (mut gateway, _) = Gateway::ready(&discord, INTENTS).await;

    discord.make_trouble(Demand::ResetToken("orchestrator".to_owned()));

    assert_eq!(gateway.ended().await, Ended(Some(4004)));
    assert_eq!(old.get("/users/@me").await.status, 401);
    assert_eq!(Client::bot(&discord).get("/users/@me").await.status, 200);
}

#[tokio::test]
async fn permissions_and_channels_are_taken_away_while_a_bot_runs() {
    let discord = discord().await;
    let (bot, path) = (Client::bot(&discord), messages(&discord, "results"));
    let deny = |permissions: &[&str]| Demand::Deny {
        user: "orchestrator".to_owned(),
        channel: "results".to_owned(),
        permissions: permissions.iter().map(|name| (*name).to_owned()).collect(),
    };
    for (permissions, read, write) in [
        (&["SEND_MESSAGES"][..], 200, (403, 50_013)),
        (&["READ_MESSAGE_HISTORY"], 200, (200, u64::MAX)),
        (&["VIEW_CHANNEL"], 403, (403, 50_001)),
        (&[], 200, (200, u64::MAX)),
    ] {
        discord.make_trouble(deny(permissions));

        assert_eq!(bot.get(&path).await.status, read, "{permissions:?}");
        assert_eq!(bot.post(&path, json!({"content": "x"})).await.refusal(), write, "{permissions:?}");
    }
    discord.make_trouble(Demand::DeleteChannel("results".to_owned()));

    assert_eq!(bot.post(&path, json!({"content": "x"})).await.refusal(), (404, 10_003));
}

#[tokio::test]
async fn a_bot_that_is_kicked_is_told_and_may_do_nothing_until_it_is_invited_again() {
    let discord = discord().await;
    let (bot, path) = (Client::bot(&discord), messages(&discord, "results"));
    let (mut gateway, _) = Gateway::ready(&discord, INTENTS).await;
    gateway.event("GUILD_CREATE").await;

    discord.make_trouble(Demand::Kick("orchestrator".to_owned()));
    gateway.event("GUILD_DELETE").await;
    let refused = bot.post(&path, json!({"content": "x"})).await.refusal();
    discord.make_trouble(Demand::Invite("orchestrator".to_owned()));
    gateway.event("GUILD_CREATE").await;

    assert_eq!(refused, (403, 50_001));
    assert_eq!(bot.post(&path, json!({"content": "x"})).await.status, 200);
}
