//! A storm: trouble drawn from a seed, for a share of all requests and moments of the gateway, until it is called off.
//!
//! What it does would pass on Discord too: it never says that a thing is forbidden or gone, nor that a token is void. A bot that tries again
//! gets through it and loses nothing. Which fate the n-th request of a route meets follows from the seed alone.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use serde::Deserialize;
use serde_json::json;

use super::{
    effect::{Alteration, Effect, Planned},
    gateway::GatewayTrouble,
    rule::Asked,
};
use crate::world::Chance;

/// How often the gateway may meet trouble.
pub(super) const MOMENT: Duration = Duration::from_millis(100);
/// A gateway in a storm of rate 1 has trouble in one of so many moments: each costs a bot seconds.
const MOMENTS_PER_TROUBLE: u64 = 4;
const MILLION: u64 = 1_000_000;

/// What a storm is told.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StormSeed {
    /// The same seed gives the same fates.
    pub seed: u64,
    /// The share of requests that meet trouble, from 0 to 1.
    pub rate: f64,
}

/// A storm that goes on.
#[derive(Debug)]
pub(crate) struct Storm {
    seed: u64,
    per_million: u64,
    /// How many requests of a kind there were so far.
    seen: HashMap<String, u64>,
    moments: u64,
}

impl Storm {
    /// None: its rate is zero, or no number.
    pub(super) fn new(told: StormSeed) -> Option<Self> {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between 0 and a million, and no number is 0")]
        let per_million = (told.rate.clamp(0.0, 1.0) * 1_000_000.0) as u64;
        (per_million > 0).then(|| Self { seed: told.seed, per_million, seen: HashMap::new(), moments: 0 })
    }

    /// What becomes of a request, if anything.
    pub(super) fn meet(&mut self, asked: &Asked<'_>) -> Option<Planned> {
        let kind = format!("{} {}", asked.method, asked.route);
        let count = self.seen.entry(kind.clone()).or_default();
        *count += 1;
        let mut chance = drawn(self.seed, &kind, *count);
        if chance.draw() % MILLION >= self.per_million {
            return None;
        }
        let (delay, effect) = if asked.method == "CONNECT" { at_the_door(&mut chance) } else { fate(&mut chance) };
        Some(Planned { delay: Duration::from_millis(delay), effect, calls: None, of_storm: true })
    }

    /// What the gateway meets in the next moment: now, and so many milliseconds later.
    pub(super) fn next_moment(&mut self) -> Vec<(u64, GatewayTrouble)> {
        use GatewayTrouble::{
            AcknowledgeHeartbeats, Close, Double, Drop, InvalidSession, Lose, Mute, Reconnect, RefuseResumes, Repeat, Swap,
        };
        self.moments += 1;
        let mut chance = drawn(self.seed, "gateway", self.moments);
        if chance.draw() % (MILLION * MOMENTS_PER_TROUBLE) >= self.per_million {
            return Vec::new();
        }
        match chance.draw() % 16 {
            0 | 1 => vec![(0, Double(1 + pick(&mut chance, 4)))],
            2 | 3 => vec![(0, Swap(1 + pick(&mut chance, 3)))],
            4 => vec![(0, Drop)],
            5 => vec![(0, Reconnect)],
            6 => vec![(0, Close([4000, 4001, 4002, 4008][pick(&mut chance, 4) as usize]))],
            7 => vec![(0, InvalidSession(true))],
            8 | 9 => vec![(0, Repeat(1 + pick(&mut chance, 8))), (0, Drop)],
            // What was held back comes with the RESUME.
            10 | 11 => vec![(0, Mute(true)), (300, Mute(false)), (300, Drop)],
            12 => vec![(0, InvalidSession(false))],
            13 => vec![(0, Close([1000, 4007, 4009][pick(&mut chance, 3) as usize]))],
            14 => vec![(0, RefuseResumes(1)), (0, Drop)],
            // What was lost on the way is only found by reading back, for which a session has to end.
            _ => vec![
                (0, AcknowledgeHeartbeats(false)),
                (0, Lose(1 + pick(&mut chance, 2))),
                (500, AcknowledgeHeartbeats(true)),
                (500, Lose(0)),
                (500, InvalidSession(false)),
            ],
        }
    }
}

/// The chance of one event: the same for the same seed, kind and number.
fn drawn(seed: u64, kind: &str, number: u64) -> Chance {
    // FNV-1a: unlike the standard library's hash, the same in every version.
    let hash = kind.bytes().fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3));
    let mut chance = Chance::new(Some(seed ^ hash.rotate_left(17) ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15)));
    chance.draw();
    chance
}

fn pick(chance: &mut Chance, of: u32) -> u32 {
    u32::try_from(chance.draw() % u64::from(of)).unwrap_or(0)
}

/// The fate of a connection to the gateway.
fn at_the_door(chance: &mut Chance) -> (u64, Effect) {
    match chance.draw() % 3 {
        0 => (0, Effect::HangUp),
        1 => (0, Effect::Answer { status: 503, body: json!("no healthy upstream"), headers: BTreeMap::new() }),
        _ => (200 + chance.draw() % 400, Effect::Pass),
    }
}

/// The fate of a request: a delay in milliseconds, and what then happens.
fn fate(chance: &mut Chance) -> (u64, Effect) {
    let soon = 50 + chance.draw() % 250;
    let effect = match chance.draw() % 32 {
        0 | 1 => answer(500, json!({"message": "500: Internal Server Error", "code": 0}), &[]),
        2 | 3 => answer(502, json!(BAD_GATEWAY), &[("content-type", "text/html"), ("server", "cloudflare")]),
        4 => answer(503, json!("upstream connect error or disconnect/reset before headers"), &[]),
        5 => answer(504, json!(null), &[]),
        6..=10 => refusal(chance, soon),
        11..=13 => Effect::HangUp,
        14 | 15 => Effect::Reset,
        16..=18 => Effect::LoseAnswer,
        19 | 20 => Effect::Truncate(usize::try_from(chance.draw() % 40).unwrap_or(0)),
        21 => altered(None, Some(json!("{\"id\": \"12")), &[]),
        22 => altered(None, Some(json!("<html>")), &[("content-type", Some("text/html"))]),
        23 | 24 => altered(Some(502), Some(json!(BAD_GATEWAY)), &[("content-type", Some("text/html"))]),
        25 | 26 => odd_headers(chance),
        27 => Effect::Trickle(1),
        28 => return (900, Effect::Silence { carried_out: chance.draw().is_multiple_of(2) }),
        29 => return (soon, Effect::LoseAnswer),
        _ => return (soon * 3, Effect::Pass),
    };
    (0, effect)
}

/// A 429 of one of the kinds that there are.
fn refusal(chance: &mut Chance, wait_ms: u64) -> Effect {
    let wait = format!("0.{wait_ms:03}");
    let body = |global: bool, seconds: f64| json!({"message": "You are being rate limited.", "retry_after": seconds, "global": global});
    let seconds = std::time::Duration::from_millis(wait_ms).as_secs_f64();
    match chance.draw() % 6 {
        0 => answer(429, body(false, seconds), &[("retry-after", "1"), ("x-ratelimit-scope", "user")]),
        1 => answer(
            429,
            body(false, seconds),
            &[("x-ratelimit-scope", "shared"), ("x-ratelimit-reset-after", &wait), ("x-ratelimit-remaining", "9")],
        ),
        2 => answer(429, body(true, seconds), &[("retry-after", &wait), ("x-ratelimit-global", "true"), ("x-ratelimit-scope", "global")]),
        3 => answer(429, body(false, 0.0), &[("retry-after", &wait)]),
        // A reset that is over, and an HTTP date instead of seconds: only the body can be believed.
        4 => answer(429, body(false, seconds), &[("x-ratelimit-reset", "1"), ("retry-after", "Thu, 01 Jan 1970 00:00:01 GMT")]),
        _ => answer(429, body(false, seconds), &[("x-ratelimit-limit", "-3"), ("x-ratelimit-remaining", "many"), ("retry-after", &wait)]),
    }
}

/// An answer whose account of the limits can't be relied on.
fn odd_headers(chance: &mut Chance) -> Effect {
    const TOLD: [&str; 5] =
        ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "x-ratelimit-reset-after", "x-ratelimit-bucket"];
    match chance.draw() % 4 {
        0 => altered(None, None, &TOLD.map(|name| (name, None))),
        1 => altered(None, None, &[("x-ratelimit-reset", Some("1000000000.000")), ("x-ratelimit-reset-after", None)]),
        2 => {
            altered(None, None, &[("x-ratelimit-bucket", Some(if chance.draw().is_multiple_of(2) { "renamed" } else { "renamed again" }))])
        }
        _ => altered(
            None,
            None,
            &[("x-ratelimit-limit", Some("1")), ("x-ratelimit-remaining", Some("0")), ("x-ratelimit-reset-after", Some("0.4"))],
        ),
    }
}

const BAD_GATEWAY: &str =
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body><center><h1>502 Bad Gateway</h1></center></body>\r\n</html>";

fn answer(status: u16, body: serde_json::Value, headers: &[(&str, &str)]) -> Effect {
    Effect::Answer { status, body, headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect() }
}

fn altered(status: Option<u16>, body: Option<serde_json::Value>, headers: &[(&str, Option<&str>)]) -> Effect {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), value.map(str::to_owned))).collect();
    Effect::Alter(Alteration { status, body, headers })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fates(seed: u64, rate: f64, requests: usize) -> Vec<Option<String>> {
        let mut storm = Storm::new(StormSeed { seed, rate }).unwrap();
        let asked = Asked { method: "POST", path: "/x", named_path: "/x", route: "/x", body: "", username: None };
        (0..requests).map(|_| storm.meet(&asked).map(|planned| planned.to_string())).collect()
    }

    #[test]
    fn one_seed_gives_one_storm_and_another_gives_another() {
        assert_eq!(fates(7, 0.5, 200), fates(7, 0.5, 200));
        assert_ne!(fates(7, 0.5, 200), fates(8, 0.5, 200));
    }

    #[test]
    fn about_the_share_that_was_asked_for_meets_every_kind_of_trouble() {
        let met: Vec<_> = fates(1, 0.1, 10_000).into_iter().flatten().collect();

        assert!((800..1_200).contains(&met.len()), "{}", met.len());
        for kind in [
            "answered with 429",
            "answered with 502",
            "hung up",
            "reset",
            "answer lost",
            "cut after",
            "other headers",
            "silence",
            "a byte each",
            "another body",
            "but answered with 502",
        ] {
            assert!(met.iter().any(|fate| fate.contains(kind)), "{kind}");
        }
    }

    #[test]
    fn what_other_routes_are_asked_for_changes_no_fate() {
        let mut storm = Storm::new(StormSeed { seed: 3, rate: 0.5 }).unwrap();
        let asked = |method| Asked { method, path: "/x", named_path: "/x", route: "/x", body: "", username: None };
        let mixed: Vec<_> = (0..50)
            .map(|_| {
                storm.meet(&asked("GET"));
                storm.meet(&asked("POST")).map(|planned| planned.to_string())
            })
            .collect();

        assert_eq!(mixed, fates(3, 0.5, 50));
    }

    #[test]
    fn a_storm_without_a_rate_is_none() {
        for rate in [0.0, -1.0, f64::NAN] {
            assert!(Storm::new(StormSeed { seed: 1, rate }).is_none(), "{rate}");
        }
    }
}
