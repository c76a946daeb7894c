//! Discord's limits over the wire: waited for before they are reached, and obeyed when they are.

use std::{collections::HashMap, sync::Arc, time::Duration};

use discord_orchestrator::adapters::discord::{Budget, Sender, SenderConfig, Token};
use orchestrator_core::{
    domain::outbound::{Address, Identity},
    ports::chat::{Chat, ChatError},
};
use serde_json::json;
use tokio::{task::JoinSet, time::Instant};

use super::{
    at, channel, config, parcel, says, sender, stands,
    stub::{Reply, Request, Stub},
};

/// Discord's own way of counting: so many per window and channel, told in headers, refused above.
struct Counting {
    most: u32,
    window: Duration,
    windows: HashMap<String, (Instant, u32)>,
}

impl Counting {
    fn new(most: u32, window: Duration) -> Self {
        Self { most, window, windows: HashMap::new() }
    }

    fn answer(&mut self, request: &Request, answered: Reply) -> Reply {
        let channel = request.path.split('/').nth(4).expect("a path below a channel").to_owned();
        let (began, count) = self.windows.entry(channel).or_insert((request.at, 0));
        if request.at >= *began + self.window {
            (*began, *count) = (request.at, 0);
        }
        *count += 1;
        let left = (*began + self.window).saturating_duration_since(request.at).as_secs_f64();
        let reply = if *count > self.most {
            Reply::json(429, &json!({"message": "slower", "retry_after": left, "global": false})).with("x-ratelimit-scope", "user")
        } else {
            answered
        };
        reply
            .with("x-ratelimit-bucket", "b1")
            .with("x-ratelimit-limit", &self.most.to_string())
            .with("x-ratelimit-remaining", &self.most.saturating_sub(*count).to_string())
            .with("x-ratelimit-reset-after", &format!("{left:.3}"))
    }
}

fn refusal(retry_after: f64) -> Reply {
    Reply::json(429, &json!({"message": "slower", "retry_after": retry_after, "global": false}))
}

#[tokio::test]
async fn a_hundred_posts_to_one_channel_are_all_made_with_at_most_one_refusal() {
    let (mut counting, mut id) = (Counting::new(5, Duration::from_millis(100)), 0);
    let stub = Stub::start(move |request| {
        id += 1;
        counting.answer(request, stands(request, id))
    })
    .await;
    let sender = Arc::new(Sender::new(&SenderConfig { longest_wait: Duration::from_secs(60), ..config(&stub.base) }).unwrap());

    let mut posts = JoinSet::new();
    for number in 0..100 {
        let sender = Arc::clone(&sender);
        posts.spawn(async move { sender.post(channel(1), &parcel(number), says("one of many")).await });
    }
    let posted = posts.join_all().await;

    let counters = sender.counters();
    assert!(counters.limited <= 1, "{counters:?}");
    assert!(posted.iter().filter(|outcome| outcome.is_ok()).count() >= 99, "{posted:?}");
    assert_eq!(counters.requests, 100);
    assert!(counters.waits > 10, "{counters:?}");
}

#[tokio::test]
async fn many_channels_meet_at_once_without_a_refusal_and_their_limits_are_their_own() {
    let mut counting = Counting::new(2, Duration::from_millis(200));
    let stub = Stub::start(move |request| counting.answer(request, Reply::empty())).await;
    let sender = Arc::new(sender(&stub.base));

    let mut marks = JoinSet::new();
    for number in 0..60_u64 {
        let sender = Arc::clone(&sender);
        marks.spawn(async move { sender.react(at(1 + number % 10, 100 + number), "✅").await });
    }
    let marked = marks.join_all().await;

    assert!(marked.iter().all(Result::is_ok), "{marked:?}");
    assert_eq!(sender.counters().limited, 0);
}

#[tokio::test]
async fn after_a_refusal_the_next_request_waits_for_the_longest_of_the_named_times() {
    let mut first = true;
    let stub = Stub::start(move |request| {
        if std::mem::take(&mut first) {
            return refusal(0.3).with("retry-after", "0.1").with("x-ratelimit-remaining", "9").with("x-ratelimit-reset-after", "0");
        }
        stands(request, 1)
    })
    .await;
    let sender = sender(&stub.base);

    let refused = sender.post(channel(1), &parcel(1), says("a")).await;
    sender.post(channel(1), &parcel(1), says("a")).await.expect("it is taken after the wait");

    assert_eq!(refused, Err(ChatError::RateLimited { retry_after: Duration::from_millis(300) }));
    let seen = stub.seen();
    assert!(seen[1].at - seen[0].at >= Duration::from_millis(300));
}

#[tokio::test]
async fn a_global_refusal_stops_every_route_but_interaction_callbacks() {
    let stub = Stub::start(|request| match request.path.as_str() {
        "/api/v10/channels/1/messages" => refusal(0.4).with("x-ratelimit-global", "true").with("retry-after", "0.4"),
        path if path.ends_with("/callback") => Reply::empty(),
        _ => stands(request, 5),
    })
    .await;
    let sender = sender(&stub.base);
    sender.post(channel(1), &parcel(1), says("a")).await.expect_err("it is refused");

    sender.answer_interaction(8, "interaction-token", json!({"type": 5})).await.expect("it passes");
    sender.post(channel(2), &parcel(2), says("b")).await.expect("it is taken after the wait");

    let seen = stub.seen();
    assert!(seen[1].path.ends_with("/callback") && seen[1].at - seen[0].at < Duration::from_millis(300));
    assert!(seen[2].at - seen[0].at >= Duration::from_millis(400));
}

#[tokio::test]
async fn a_shared_refusal_holds_one_channel_and_is_not_held_against_us() {
    let stub = Stub::start(|request| match request.path.as_str() {
        "/api/v10/channels/1/messages" => refusal(0.4).with("x-ratelimit-scope", "shared").with("retry-after", "1337"),
        _ => stands(request, 5),
    })
    .await;
    let sender = sender(&stub.base);

    let refused = sender.post(channel(1), &parcel(1), says("a")).await;
    sender.post(channel(2), &parcel(2), says("b")).await.expect("another channel goes on");

    assert_eq!(refused, Err(ChatError::RateLimited { retry_after: Duration::from_secs(1_337) }));
    assert_eq!(sender.counters().refused_lately, 0);
}

#[tokio::test]
async fn a_wait_that_is_too_long_is_handed_back_without_a_request() {
    let stub = Stub::start(|_| refusal(3_600.0)).await;
    let config = SenderConfig { longest_wait: Duration::from_millis(50), ..config(&stub.base) };
    let sender = Sender::new(&config).unwrap();
    sender.post(channel(1), &parcel(1), says("a")).await.expect_err("it is refused");

    let held = sender.post(channel(1), &parcel(1), says("a")).await;

    assert!(matches!(held, Err(ChatError::RateLimited { retry_after }) if retry_after > Duration::from_secs(3_590)), "{held:?}");
    assert_eq!(stub.seen().len(), 1);
}

#[tokio::test]
async fn headers_that_can_not_be_read_make_no_storm() {
    for given in ["tomorrow", "NaN", "-1", ""] {
        let reply = move || Reply::json(429, &json!({"message": "slower"})).with("retry-after", given).with("x-ratelimit-limit", given);
        let stub = Stub::start(move |_| reply()).await;
        let config = SenderConfig { longest_wait: Duration::from_millis(20), ..config(&stub.base) };
        let sender = Sender::new(&config).unwrap();

        for _ in 0..5 {
            sender.post(channel(1), &parcel(1), says("a")).await.expect_err("it is refused");
        }

        assert_eq!(stub.seen().len(), 1, "{given:?}");
    }
}

#[tokio::test]
async fn requests_without_limit_headers_go_one_after_the_other() {
    let stub = Stub::start(|request| stands(request, 1)).await;
    let sender = Arc::new(sender(&stub.base));

    let mut posts = JoinSet::new();
    for number in 0..20 {
        let sender = Arc::clone(&sender);
        posts.spawn(async move { sender.post(channel(1), &parcel(number), says("a")).await });
    }

    assert!(posts.join_all().await.iter().all(Result::is_ok));
}

#[tokio::test]
async fn each_identity_has_limits_of_its_own() {
    let stub = Stub::start(|request| match request.headers["authorization"].as_str() {
        "Bot worker-one" => stands(request, 1),
        _ => refusal(30.0),
    })
    .await;
    let config = SenderConfig {
        workers: [Some(Token::new("worker-one")), None, None],
        longest_wait: Duration::from_millis(20),
        ..config(&stub.base)
    };
    let sender = Sender::new(&config).unwrap();
    let by = |slot| Address { identity: Identity::Worker(slot), ..channel(1) };
    sender.post(channel(1), &parcel(1), says("a")).await.expect_err("the orchestrator is refused");

    sender.post(by(1), &parcel(2), says("b")).await.expect("slot 1 has its own limit");
    let second = sender.post(by(2), &parcel(3), says("c")).await;

    assert!(matches!(second, Err(ChatError::RateLimited { .. })), "slot 2 speaks as the orchestrator: {second:?}");
    assert_eq!(stub.seen().len(), 2);
}

#[tokio::test]
async fn before_discord_bans_the_address_nothing_more_is_sent() {
    let stub = Stub::start(|_| Reply::json(403, &json!({"code": 50013, "message": "Missing Permissions"}))).await;
    let config = SenderConfig { budget: Budget { refusals: 20, ..Budget::default() }, ..config(&stub.base) };
    let sender = Sender::new(&config).unwrap();
    let minutes = |n: u64| Duration::from_secs(60 * n);
    sender.recall_refusals(&[(minutes(11), 4_000), (minutes(9), 10), (minutes(1), 5)]);

    let mut last = None;
    for number in 0..10 {
        last = Some(sender.post(channel(1), &parcel(number), says("a")).await);
    }

    assert_eq!(stub.seen().len(), 5);
    assert!(matches!(&last, Some(Err(ChatError::NotSent { reason })) if reason.contains("ban")), "{last:?}");
    assert_eq!(sender.counters().refused_lately, 20);
    let told: Vec<u32> = sender.refusals().into_iter().map(|(_, count)| count).collect();
    assert_eq!((told[0], told[1], told.iter().sum::<u32>()), (10, 5, 20), "what an earlier process has told is told to the next");
}

#[tokio::test]
async fn a_caller_who_stops_waiting_leaves_no_hole() {
    let stub = Stub::start(|request| if request.path.ends_with("/1/messages") { Reply::Silence } else { stands(request, 1) }).await;
    let sender = sender(&stub.base);

    for number in 0..3 {
        let (address, parcel, post) = (channel(1), parcel(number), says("a"));
        let impatient = sender.post(address, &parcel, post.clone());
        tokio::time::timeout(Duration::from_millis(50), impatient).await.expect_err("nothing comes");
    }

    assert_eq!(stub.seen().len(), 3, "each found the way free");
}
