//! The state machine, one promise at a time.

use orchestrator_core::domain::id::{ChannelId, MessageId};
use reqwest::Method;

use super::{
    super::pace::{Refusal, Said},
    *,
};

const S: Duration = Duration::from_secs(1);

fn posts(channel: u64) -> Route {
    Route::channel(Method::POST, "/channels/{channel}/messages", ChannelId::new(channel), "/messages")
}

fn reactions(channel: u64, message: u64) -> Route {
    Route::reaction(Method::PUT, ChannelId::new(channel), MessageId::new(message), "✅")
}

fn limits() -> (Limits, Instant) {
    (Limits::new(Budget::default()), Instant::now())
}

fn said(bucket: &str, limit: u32, remaining: u32, ends_in: Duration) -> Pace {
    Pace { bucket: Some(bucket.to_owned()), window: Some(Said { limit, remaining, ends_in }), refusal: None }
}

fn refused(bucket: Option<&str>, wait: Duration, scope: Scope) -> Pace {
    Pace { bucket: bucket.map(str::to_owned), window: None, refusal: Some(Refusal { wait, scope }) }
}

fn let_through(limits: &mut Limits, route: &Route, now: Instant) -> Ticket {
    match limits.ask(route, now) {
        Pass::Now(ticket) => ticket,
        waits => panic!("it was not let through: {waits:?}"),
    }
}

fn waits_until(limits: &mut Limits, route: &Route, now: Instant) -> Instant {
    match limits.ask(route, now) {
        Pass::At(at) => at,
        other => panic!("it does not wait for a time: {other:?}"),
    }
}

#[test]
fn only_one_request_is_under_way_in_a_limit_that_is_not_yet_known() {
    let (mut limits, now) = limits();
    let first = let_through(&mut limits, &posts(1), now);

    assert!(matches!(limits.ask(&posts(1), now), Pass::AfterAnswer));
    let_through(&mut limits, &posts(2), now);

    limits.answered(first, &said("b", 5, 4, 5 * S), now);
    let_through(&mut limits, &posts(1), now);
}

#[test]
fn a_request_that_got_no_answer_makes_room() {
    let (mut limits, now) = limits();
    let lost = let_through(&mut limits, &posts(1), now);

    limits.given_up(&lost);

    let_through(&mut limits, &posts(1), now);
}

#[test]
fn the_sixth_of_five_waits_for_the_end_of_the_window_before_it_is_sent() {
    let (mut limits, now) = limits();
    let first = let_through(&mut limits, &posts(1), now);
    limits.answered(first, &said("b", 5, 4, 5 * S), now);

    for _ in 0..4 {
        let_through(&mut limits, &posts(1), now);
    }

    assert_eq!(waits_until(&mut limits, &posts(1), now), now + 5 * S);
    let_through(&mut limits, &posts(2), now);
}

#[test]
fn answers_in_any_order_never_raise_what_is_left_in_a_window() {
    let (mut limits, now) = limits();
    let first = let_through(&mut limits, &posts(1), now);
    limits.answered(first, &said("b", 5, 4, 5 * S), now);
    let tickets: Vec<_> = (0..4).map(|_| let_through(&mut limits, &posts(1), now)).collect();

    for (ticket, remaining) in tickets.into_iter().zip([0, 3, 1, 2]) {
        limits.answered(ticket, &said("b", 5, remaining, Duration::from_millis(4_980)), now + S / 50);
    }

    waits_until(&mut limits, &posts(1), now + S);
}

#[test]
fn a_new_window_is_not_filled_twice_while_its_first_answer_is_under_way() {
    let (mut limits, now) = limits();
    let first = let_through(&mut limits, &posts(1), now);
    limits.answered(first, &said("b", 2, 0, S), now);

    let later = now + S;
    let_through(&mut limits, &posts(1), later);
    let_through(&mut limits, &posts(1), later);

    assert!(waits_until(&mut limits, &posts(1), later + S / 2) >= later + S);
}

#[test]
fn routes_that_discord_counts_together_share_a_limit_and_channels_do_not() {
    let (mut limits, now) = limits();
    let put = let_through(&mut limits, &reactions(1, 7), now);
    limits.answered(put, &said("r", 1, 0, S), now);

    assert_eq!(waits_until(&mut limits, &reactions(1, 8), now), now + S);
    let_through(&mut limits, &reactions(2, 9), now);

    let take = Route::reaction(Method::DELETE, ChannelId::new(1), MessageId::new(7), "✅");
    let taken = let_through(&mut limits, &take, now);
    limits.answered(taken, &said("r", 1, 0, S), now);
    assert_eq!(waits_until(&mut limits, &take, now), now + S);
}

#[test]
fn a_refusal_holds_its_own_limit_and_a_global_one_holds_all_but_callbacks() {
    let (mut limits, now) = limits();
    let ticket = let_through(&mut limits, &posts(1), now);
    limits.answered(ticket, &refused(Some("b"), 3 * S, Scope::User), now);

    assert_eq!(waits_until(&mut limits, &posts(1), now), now + 3 * S);
    let ticket = let_through(&mut limits, &posts(2), now);
    limits.answered(ticket, &refused(None, 10 * S, Scope::Global), now);

    assert_eq!(waits_until(&mut limits, &posts(3), now), now + 10 * S);
    assert_eq!(waits_until(&mut limits, &reactions(3, 1), now), now + 10 * S);
    let_through(&mut limits, &Route::callback(1, "token"), now);
}

#[test]
fn a_refusal_without_a_bucket_holds_the_route_as_it_was_known() {
    let (mut limits, now) = limits();
    let ticket = let_through(&mut limits, &posts(1), now);

    limits.answered(ticket, &refused(None, 3 * S, Scope::Shared), now);

    assert_eq!(waits_until(&mut limits, &posts(1), now), now + 3 * S);
    let_through(&mut limits, &posts(1), now + 3 * S);
}

#[test]
fn a_limit_that_changes_its_name_in_mid_flight_goes_on_under_the_new_one() {
    let (mut limits, now) = limits();
    let first = let_through(&mut limits, &posts(1), now);
    limits.answered(first, &said("old", 5, 4, 5 * S), now);
    let (a, b) = (let_through(&mut limits, &posts(1), now), let_through(&mut limits, &posts(1), now));

    limits.answered(a, &said("new", 3, 0, 2 * S), now);
    limits.answered(b, &said("old", 5, 2, 5 * S), now);
    let c = let_through(&mut limits, &posts(1), now);
    limits.answered(c, &said("new", 3, 0, 2 * S), now);

    assert_eq!(waits_until(&mut limits, &posts(1), now), now + 2 * S);
}

#[test]
fn a_limit_that_is_lowered_is_obeyed_at_once() {
    let (mut limits, now) = limits();
    let first = let_through(&mut limits, &posts(1), now);
    limits.answered(first, &said("b", 5, 4, 5 * S), now);
    let second = let_through(&mut limits, &posts(1), now);

    limits.answered(second, &said("b", 2, 0, 5 * S), now);

    waits_until(&mut limits, &posts(1), now);
}

#[test]
fn fifty_in_a_second_are_not_exceeded_and_ten_of_them_are_kept_for_people() {
    let (mut limits, now) = limits();
    for channel in 1..=40 {
        let_through(&mut limits, &posts(channel), now);
    }

    assert_eq!(waits_until(&mut limits, &posts(41), now), now + GLOBAL_WINDOW);
    for channel in 1..=10 {
        let_through(&mut limits, &reactions(channel, 1), now);
    }
    assert_eq!(waits_until(&mut limits, &reactions(11, 1), now), now + GLOBAL_WINDOW);
    let_through(&mut limits, &Route::callback(1, "token"), now);
    let_through(&mut limits, &posts(41), now + GLOBAL_WINDOW);
}

#[test]
fn a_million_channels_leave_no_million_limits_behind() {
    let (mut limits, mut now) = limits();
    for channel in 1..=20_000 {
        now += S / 10;
        let ticket = let_through(&mut limits, &posts(channel), now);
        limits.answered(ticket, &said("b", 5, 4, 5 * S), now);
    }

    assert!(limits.remembered() < 3_000, "{} limits are remembered", limits.remembered());
}

#[test]
fn five_thousand_refusals_in_ten_minutes_stop_everything_until_enough_are_past() {
    let now = Instant::now();
    let mut refusals = Refusals::new(5_000);
    refusals.recall(&[(Duration::ZERO, 4_000)], now);
    for _ in 0..999 {
        refusals.note(now + 60 * S);
    }
    assert_eq!(refusals.stopped_for(now + 61 * S), None);

    refusals.note(now + 62 * S);

    assert_eq!(refusals.stopped_for(now + 63 * S), Some(537 * S));
    assert_eq!(refusals.stopped_for(now + Refusals::WINDOW), None);
    assert_eq!(refusals.recent(now + Refusals::WINDOW), 1_000);
}
