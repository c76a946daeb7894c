//! Identifying, hearing, resuming, and every way in which the gateway says no.

use orchestrator_sandbox::{Demand, GatewayEvent, GatewayTrouble, Record};
use serde_json::json;

use crate::wire::{Client, Ended, Gateway, INTENTS, SOON, discord, limited_discord, messages, token};

#[tokio::test]
async fn a_bot_that_identifies_gets_ready_and_the_guild_with_every_key_that_serenity_demands() {
    let discord = discord().await;

    let (mut gateway, ready) = Gateway::ready(&discord, INTENTS).await;
    let guild = gateway.event("GUILD_CREATE").await;

    for key in ["v", "user", "guilds", "session_id", "resume_gateway_url", "application"] {
        assert!(!ready[key].is_null(), "READY has no {key}");
    }
    let keys = "channels default_message_notifications emojis explicit_content_filter features guild_scheduled_events id joined_at large member_count members \
        mfa_level name nsfw_level owner_id preferred_locale premium_progress_bar_enabled premium_tier presences roles stage_instances stickers \
        system_channel_flags threads verification_level voice_states";
    for key in keys.split_whitespace() {
        assert!(!guild[key].is_null(), "GUILD_CREATE has no {key}");
    }
    assert_eq!(guild["channels"].as_array().map(Vec::len), Some(4));
}

#[tokio::test]
async fn a_message_of_a_person_reaches_the_bot_with_every_key_that_serenity_demands() {
    let discord = discord().await;
    let (mut gateway, _) = Gateway::ready(&discord, INTENTS).await;

    let id = discord.person("stranger").say("#task-queue", "  Write a poem.  ").unwrap();

    let message = gateway.event("MESSAGE_CREATE").await;
    let keys =
        "attachments author channel_id content embeds id mention_everyone mention_roles mentions pinned timestamp tts type member guild_id";
    for key in keys.split_whitespace() {
        assert!(!message[key].is_null(), "MESSAGE_CREATE has no {key}");
    }
    assert_eq!((message["id"].as_str(), message["content"].as_str()), (Some(id.to_string().as_str()), Some("Write a poem.")));
}

#[tokio::test]
async fn without_the_content_intent_a_bot_reads_its_own_messages_and_mentions_only() {
    let discord = discord().await;
    let (mut gateway, _) = Gateway::ready(&discord, INTENTS & !(1 << 15)).await;
    let (bot, stranger) = (Client::bot(&discord), discord.person("stranger"));

    stranger.say("#general", "not for you").unwrap();
    stranger.say("#general", &format!("for <@{}>", discord.user("orchestrator").unwrap().id)).unwrap();
    bot.post(&messages(&discord, "general"), json!({"content": "mine", "nonce": 7})).await.ok();

    assert_eq!(gateway.event("MESSAGE_CREATE").await["content"], "");
    assert!(gateway.event("MESSAGE_CREATE").await["content"].as_str().unwrap().starts_with("for "));
    let own = gateway.event("MESSAGE_CREATE").await;
    assert_eq!((&own["content"], &own["nonce"]), (&json!("mine"), &json!(7)));
}

#[tokio::test]
async fn a_session_whose_connection_broke_gets_what_it_missed_when_it_resumes() {
    let discord = discord().await;
    let (mut gateway, ready) = Gateway::ready(&discord, INTENTS).await;
    gateway.event("GUILD_CREATE").await;
    let seq = gateway.last_seq;
    gateway.vanish();
    discord.person("admin").say("#general", "while you were away").unwrap();

    let mut back = Gateway::connect(&discord).await;
    back.resume(&token(&discord), ready["session_id"].as_str().unwrap(), seq).await;

    assert_eq!(back.event("MESSAGE_CREATE").await["content"], "while you were away");
    back.event("RESUMED").await;
    let resumed = |records: &[Record]| {
        let is_resume =
            |record: &Record| matches!(record, Record::Gateway(record) if matches!(record.what, GatewayEvent::Resumed { replayed: 1, .. }));
        records.iter().any(is_resume).then_some(())
    };
    discord.wait_for_log(resumed, SOON).await.unwrap();
}

#[tokio::test]
async fn a_session_that_nobody_knows_is_answered_with_op_9_and_may_identify_then() {
    let discord = discord().await;
    let mut gateway = Gateway::connect(&discord).await;

    gateway.resume(&token(&discord), "never was", 3).await;
    let refused = gateway.next().await.unwrap();
    gateway.identify(&token(&discord), INTENTS).await;

    assert_eq!((refused["op"].as_u64(), &refused["d"]), (Some(9), &json!(false)));
    gateway.event("READY").await;
}

#[tokio::test]
async fn each_wrong_frame_is_answered_with_its_own_close_code() {
    let discord = discord().await;
    let token = token(&discord);
    let identify = |token: &str, intents: u64| json!({"op": 2, "d": {"token": token, "intents": intents, "properties": {}}});
    for (frame, code) in [
        (json!({"op": 99, "d": null}), 4001),
        (json!({"hello": "world"}), 4002),
        (json!({"op": 1, "d": "x".repeat(5_000)}), 4002),
        (json!({"op": 3, "d": {}}), 4003),
        (identify("wrong", INTENTS), 4004),
        (json!({"op": 2, "d": {"token": token, "intents": INTENTS, "shard": [2, 1]}}), 4010),
        (identify(&token, 1 << 40), 4013),
        (identify(&token, 1 << 1), 4014),
    ] {
        let mut gateway = Gateway::connect(&discord).await;
        gateway.send(frame.clone()).await;
        assert_eq!(gateway.ended().await, Ended(Some(code)), "{frame}");
    }
}

#[tokio::test]
async fn identifying_twice_closes_with_4005_and_a_number_from_the_future_with_4007() {
    let discord = discord().await;
    let (mut twice, ready) = Gateway::ready(&discord, INTENTS).await;
    twice.identify(&token(&discord), INTENTS).await;
    assert_eq!(twice.ended().await, Ended(Some(4005)));

    let mut future = Gateway::connect(&discord).await;
    future.resume(&token(&discord), ready["session_id"].as_str().unwrap(), 9_999).await;

    assert_eq!(future.ended().await, Ended(Some(4007)));
}

#[tokio::test]
async fn an_application_that_lost_the_content_intent_is_closed_with_4014() {
    let discord = discord().await;
    discord.make_trouble(Demand::MessageContent(false));

    let mut gateway = Gateway::connect(&discord).await;
    gateway.identify(&token(&discord), INTENTS).await;

    assert_eq!(gateway.ended().await, Ended(Some(4014)));
}

#[tokio::test]
async fn with_limits_a_second_identify_within_five_seconds_gets_op_9_and_the_121st_frame_closes_with_4008() {
    let discord = limited_discord().await;
    let (mut first, _) = Gateway::ready(&discord, INTENTS).await;
    let mut second = Gateway::connect(&discord).await;
    second.identify(&token(&discord), INTENTS).await;
    assert_eq!(second.next().await.unwrap()["op"], 9);

    for _ in 0..120 {
        first.send(json!({"op": 1, "d": null})).await;
    }

    assert_eq!(first.ended().await, Ended(Some(4008)));
}

#[tokio::test]
async fn heartbeats_are_acknowledged_until_trouble_stops_that() {
    let discord = discord().await;
    let (mut gateway, _) = Gateway::ready(&discord, INTENTS).await;
    gateway.event("GUILD_CREATE").await;
    gateway.send(json!({"op": 1, "d": 2})).await;
    assert_eq!(gateway.next().await.unwrap()["op"], 11);

    discord.gateway_trouble(GatewayTrouble::AcknowledgeHeartbeats(false));
    gateway.send(json!({"op": 1, "d": 2})).await;
    let guild = discord.look(|world| world.guild().id);
    gateway.send(json!({"op": 8, "d": {"guild_id": guild, "query": "", "limit": 0}})).await;

    assert_eq!(gateway.next().await.unwrap()["t"], "GUILD_MEMBERS_CHUNK");
}

#[tokio::test]
async fn trouble_closes_cuts_reconnects_and_invalidates() {
    let discord = discord().await;
    let (mut closed, _) = Gateway::ready(&discord, INTENTS).await;
    discord.gateway_trouble(GatewayTrouble::Close(4009));
    assert_eq!(closed.ended().await, Ended(Some(4009)));

    let (mut cut, _) = Gateway::ready(&discord, INTENTS).await;
    discord.gateway_trouble(GatewayTrouble::Drop);
    assert_eq!(cut.ended().await, Ended(None));

    let (mut told, _) = Gateway::ready(&discord, INTENTS).await;
    told.event("GUILD_CREATE").await;
    discord.gateway_trouble(GatewayTrouble::Reconnect);
    discord.gateway_trouble(GatewayTrouble::InvalidSession(true));
    assert_eq!(told.next().await.unwrap()["op"], 7);
    assert_eq!(told.next().await.unwrap()["d"], true);
}

#[tokio::test]
async fn a_muted_gateway_keeps_events_for_the_resume() {
    let discord = discord().await;
    let (mut gateway, ready) = Gateway::ready(&discord, INTENTS).await;
    gateway.event("GUILD_CREATE").await;
    let seq = gateway.last_seq;
    discord.gateway_trouble(GatewayTrouble::Mute(true));
    discord.person("admin").say("#general", "unheard").unwrap();
    gateway.send(json!({"op": 1, "d": seq})).await;
    assert_eq!(gateway.next().await.unwrap()["op"], 11);
    gateway.vanish();
    discord.gateway_trouble(GatewayTrouble::Mute(false));

    let mut back = Gateway::connect(&discord).await;
    back.resume(&token(&discord), ready["session_id"].as_str().unwrap(), seq).await;

    assert_eq!(back.event("MESSAGE_CREATE").await["content"], "unheard");
}

#[tokio::test]
async fn a_client_that_sends_no_heartbeat_is_closed_with_4009() {
    let discord = discord().await;
    discord.gateway_trouble(GatewayTrouble::HeartbeatIntervalMs(50));

    let mut gateway = Gateway::connect(&discord).await;

    assert_eq!(gateway.hello["d"]["heartbeat_interval"], 50);
    assert_eq!(gateway.ended().await, Ended(Some(4009)));
}
