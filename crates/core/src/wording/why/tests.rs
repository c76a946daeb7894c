use insta::assert_snapshot;
use proptest::prelude::*;

use super::{sentences::entry_words, *};
use crate::domain::component::Does;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_763_700_000 + seconds, 0).unwrap()
}

fn of(state: &str, cause: Cause) -> Why {
    Why {
        task: "1443021398234771496".parse().unwrap(),
        state: state.to_owned(),
        version: 1,
        has_budget: true,
        link: Some("https://discord.com/channels/1/2/3".to_owned()),
        shut: None,
        cause,
    }
}

fn runner(id: &str) -> Runner {
    Runner {
        task: id.parse().unwrap(),
        link: Some(format!("https://discord.com/channels/1/2/{id}")),
        requester: "b*b".into(),
        since: at(5),
    }
}

fn waiting_for(running: Vec<Runner>, own: Option<(u32, String)>) -> Cause {
    Cause::Waiting { place: Some(3), slots: 2, running, own }
}

fn ended(entry: Entry) -> Cause {
    Cause::Ended {
        at: at(60),
        outcome: Outcome::Failed,
        reason: Some("exit code 3".into()),
        last_line: Some("no `such` file".into()),
        ran: true,
        entry,
    }
}

/// The text, and what stands on the buttons.
fn shown(why: &Why) -> String {
    let post = answer(why);
    let buttons: Vec<_> = post
        .rows
        .iter()
        .flat_map(|row| match row {
            Row::Buttons { buttons } => buttons.iter().map(|button| button.label.clone()),
            Row::Select { .. } => panic!("nothing is chosen here"),
        })
        .collect();
    format!("{}\n[{}]", post.embeds[0].description, buttons.join("] ["))
}

#[test]
fn one_that_waits_says_who_is_before_it_and_what_fills_the_slots() {
    assert_snapshot!(shown(&of("waiting", waiting_for(vec![runner("7"), runner("8")], None))), @r"
    ⏳ [`1443021398234771496`](https://discord.com/channels/1/2/3) · **waiting for its turn**
    2 tasks are before it.
    All 2 slots are filled:
    ▶️ [`7`](https://discord.com/channels/1/2/7) · b\*b · started <t:1763700005:R>
    ▶️ [`8`](https://discord.com/channels/1/2/8) · b\*b · started <t:1763700005:R>
    [Cancel]
    ");
    assert_snapshot!(shown(&of("waiting", waiting_for(vec![runner("7")], Some((1, "ann".into()))))), @r"
    ⏳ [`1443021398234771496`](https://discord.com/channels/1/2/3) · **waiting for its turn**
    2 tasks are before it.
    1 task of ann runs, as many of one person's as may at once.
    ▶️ [`7`](https://discord.com/channels/1/2/7) · b\*b · started <t:1763700005:R>
    [Cancel]
    ");
    let next = Cause::Waiting { place: Some(1), slots: 2, running: vec![runner("7")], own: None };
    assert_snapshot!(shown(&of("waiting", next)), @"
    ⏳ [`1443021398234771496`](https://discord.com/channels/1/2/3) · **waiting for its turn**
    It is next.
    A slot is free: it is about to start.
    [Cancel]
    ");
}

#[test]
fn one_that_waits_at_an_agent_s_cap_says_who_has_the_agent() {
    assert_snapshot!(shown(&of("parked", Cause::Parked { gate: "agent:openclaw".into(), running: vec![runner("7")] })), @r"
    ⏳ [`1443021398234771496`](https://discord.com/channels/1/2/3) · **waiting for a free agent**
    As many agents `openclaw` run as may; it waits for one to end.
    ▶️ [`7`](https://discord.com/channels/1/2/7) · b\*b · started <t:1763700005:R>
    [Cancel]
    ");
}

#[test]
fn one_that_waits_for_a_person_or_a_time_says_so_and_how_it_goes_on() {
    assert_snapshot!(shown(&of("held", Cause::Held { by: Some(("ann".into(), at(9))) })), @"
    ⏸ [`1443021398234771496`](https://discord.com/channels/1/2/3) · **held**
    ann held it <t:1763700009:R>. It takes its turn when it is released.
    [Release] [Cancel]
    ");
    assert_snapshot!(shown(&of("held", Cause::Held { by: None })), @"
    ⏸ [`1443021398234771496`](https://discord.com/channels/1/2/3) · **held**
    It is held. It takes its turn when it is released.
    [Release] [Cancel]
    ");
    assert_snapshot!(shown(&of("asked", Cause::Asked { written: at(0) })), @"
    ❔ [`1443021398234771496`](https://discord.com/channels/1/2/3) · **waiting for its requester's answer**
    It was written <t:1763700000:R>, long before it was seen, so it is asked whether it is still wanted.
    [Run it] [Drop it]
    ");
    let delayed = Cause::Delayed { until: at(90), reason: Some("its agent could not be started: no `openclaw` in PATH".into()) };
    assert_snapshot!(shown(&of("delayed", delayed)), @"
    ⏳ [`1443021398234771496`](https://discord.com/channels/1/2/3) · **waiting to be tried again**
    It is tried again <t:1763700090:R>.
    The last try: its agent could not be started: no `openclaw` in PATH
    [Try now] [Cancel]
    ");
}

#[test]
fn one_that_is_claimed_says_what_its_agent_waits_for() {
    assert_snapshot!(shown(&of("running", Cause::Unmarked { since: at(1), trouble: None })), @"
    ▶️ [`1443021398234771496`](https://discord.com/channels/1/2/3) · **running**
    It was claimed <t:1763700001:R>; its agent starts when the ✅ stands on its message.
    The ✅ is on its way.
    [Logs] [Cancel]
    ");
    let trouble = Some(("Discord refuses: Missing Permissions (HTTP 403, code 50013)".to_owned(), at(60)));
    assert_snapshot!(shown(&of("running", Cause::Unmarked { since: at(1), trouble })), @"
    ▶️ [`1443021398234771496`](https://discord.com/channels/1/2/3) · **running**
    It was claimed <t:1763700001:R>; its agent starts when the ✅ stands on its message.
    The ✅ could not be put so far: Discord refuses: Missing Permissions (HTTP 403, code 50013). It is tried again <t:1763700060:R>.
    [Logs] [Cancel]
    ");
    assert_snapshot!(shown(&of("running", Cause::Starting { since: at(1) })), @"
    ▶️ [`1443021398234771496`](https://discord.com/channels/1/2/3) · **running**
    It was claimed <t:1763700001:R>; its agent is being started.
    [Logs] [Cancel]
    ");
}

#[test]
fn the_end_of_a_time_that_stood_still_is_not_foretold() {
    let asked = Cause::Running { since: at(1), limit: Duration::from_secs(120), asked: true, last_line: None };

    let lines = of("running", asked).lines(Reader::Discord).join("\n");

    assert!(lines.contains("Its time limit is 2m, and stood still while people were asked."), "{lines}");
}

#[test]
fn one_that_runs_says_since_when_how_long_it_may_and_what_it_said_last() {
    let running = |last_line: Option<&str>| {
        of(
            "running",
            Cause::Running { since: at(1), limit: Duration::from_secs(120), asked: false, last_line: last_line.map(str::to_owned) },
        )
    };
    assert_snapshot!(shown(&running(Some("reading `README.md`"))), @"
    ▶️ [`1443021398234771496`](https://discord.com/channels/1/2/3) · **running**
    Its agent was started <t:1763700001:R> and works. Its time limit is 2m, which ends <t:1763700121:R>.
    Its log ends with `reading ˋREADME.mdˋ`
    [Logs] [Cancel]
    ");
    assert_snapshot!(shown(&running(None)), @"
    ▶️ [`1443021398234771496`](https://discord.com/channels/1/2/3) · **running**
    Its agent was started <t:1763700001:R> and works. Its time limit is 2m, which ends <t:1763700121:R>.
    Nothing is in its log yet.
    [Logs] [Cancel]
    ");
    assert_snapshot!(shown(&of("running", Cause::Stopping { by: "ann".into(), out_of_money: false })), @"
    ▶️ [`1443021398234771496`](https://discord.com/channels/1/2/3) · **running**
    ann asked that it be stopped. Its end and its entry in the results follow.
    [Logs]
    ");
}

#[test]
fn one_that_has_ended_says_how_and_where_its_entry_is() {
    for entry in [
        Entry::Stands("https://discord.com/channels/1/4/5".into()),
        Entry::Waiting,
        Entry::Failing { tries: 3, error: "Discord is not well (HTTP 503)".into(), again: at(99) },
        Entry::Undeliverable { reason: "Missing Access".into() },
        Entry::Unknown,
    ] {
        let told = shown(&of("failed", ended(entry)));
        assert!(told.contains("**failed**\nIt failed <t:1763700060:R>: exit code 3\nIts log ends with `no ˋsuchˋ file`"), "{told}");
        assert!(told.ends_with("\n[Retry] [Logs]"), "{told}");
    }
    let told = |entry| entry_words(&entry, Reader::Discord).unwrap();
    assert_snapshot!(told(Entry::Stands("https://discord.com/channels/1/4/5".into())), @"[Its entry in the results](https://discord.com/channels/1/4/5)");
    assert_snapshot!(told(Entry::Waiting), @"Its entry in the results is on its way.");
    assert_snapshot!(told(Entry::Failing { tries: 3, error: "Discord is not well (HTTP 503)".into(), again: at(99) }), @"Its entry in the results could not be posted yet, tried 3 times: Discord is not well (HTTP 503). It is sent again <t:1763700099:R>.");
    assert_snapshot!(told(Entry::Undeliverable { reason: "Missing Access".into() }), @"Its entry in the results could not be posted and is not sent again: Missing Access.");
    let never = Cause::Ended {
        at: at(60),
        outcome: Outcome::Cancelled,
        reason: Some("cancelled by ann before it was started".into()),
        last_line: None,
        ran: false,
        entry: Entry::Unknown,
    };
    assert_snapshot!(shown(&of("cancelled", never)), @"
    🛑 [`1443021398234771496`](https://discord.com/channels/1/2/3) · **cancelled**
    It was cancelled <t:1763700060:R>: cancelled by ann before it was started
    [Retry]
    ");
}

#[test]
fn that_nothing_is_started_comes_first_and_who_may_change_it_is_told() {
    let shut = |shut| Why { shut: Some(shut), ..of("waiting", waiting_for(vec![], None)) };
    assert_snapshot!(shown(&shut(Shut::Paused { by: "ann".into(), others: None })), @"
    ⏳ [`1443021398234771496`](https://discord.com/channels/1/2/3) · **waiting for its turn**
    ⛔ Nothing is started: everything was paused by ann. The button below lets it go on.
    2 tasks are before it.
    [Resume everything] [Cancel]
    ");
    let first = |why: &Why| why.lines(Reader::Discord)[0].clone();
    assert_snapshot!(first(&shut(Shut::Paused { by: "ann".into(), others: Some(vec![]) })), @"⛔ Nothing is started: everything was paused by ann. Operators can let it go on: `/why` and `/status` show them the button.");
    assert_snapshot!(first(&shut(Shut::Paused { by: "ann".into(), others: Some(vec![RoleId::new(5)]) })), @"⛔ Nothing is started: everything was paused by ann. Operators (<@&5>) can let it go on: `/why` and `/status` show them the button.");
    assert_snapshot!(first(&shut(Shut::Unmarkable { reason: "Missing Permissions".into() })), @"⛔ Nothing is started: our ✅ is refused (Missing Permissions). Give the bot Add Reactions and Read Message History in the task channel.");
    assert_snapshot!(first(&shut(Shut::DiskLow { reason: "300 MiB are free at `/srv`".into() })), @"⛔ Nothing is started: 300 MiB are free at `/srv`. Make room; it goes on by itself.");
    let spent = Usd::from_nanos(5_010_000_000);
    assert_snapshot!(first(&shut(Shut::DailyCeiling { spent, ceiling: Some(Usd::from_nanos(5_000_000_000)) })), @"⛔ Nothing is started: today's budget of $5 is used up ($5.01). It goes on tomorrow (UTC).");

    // To whom it does not matter, it is not told.
    let held = Why { shut: Some(Shut::Paused { by: "ann".into(), others: None }), ..of("held", Cause::Held { by: None }) };
    assert_eq!(held.moves(), [Verb::Release, Verb::Cancel]);
    assert!(!shown(&held).contains("paused"));
}

#[test]
fn a_terminal_is_told_the_same_in_utc() {
    let why = of("waiting", waiting_for(vec![runner("7"), runner("8")], None));
    assert_snapshot!(why.lines(Reader::Terminal).join("\n"), @"
    2 tasks are before it.
    All 2 slots are filled:
    ▶️ `7` · b*b · started at 2025-11-21 04:40:05 UTC
    ▶️ `8` · b*b · started at 2025-11-21 04:40:05 UTC
    ");
    let paused = Why { shut: Some(Shut::Paused { by: "ann".into(), others: None }), ..why };
    assert_snapshot!(paused.lines(Reader::Terminal)[0], @"Nothing is started: paused by ann. `orchestrator resume` goes on.");
}

#[test]
fn a_story_tells_what_happened_after_why_it_is_where_it_is() {
    let events = [(at(0), "accepted from *ann*".to_owned()), (at(9), "held by ann".to_owned())];
    let post = story(&of("held", Cause::Held { by: None }), &events);
    assert_snapshot!(post.embeds[0].description, @r"
    ⏸ [`1443021398234771496`](https://discord.com/channels/1/2/3) · **held**
    It is held. It takes its turn when it is released.
    **What happened:**
    <t:1763700000:f> accepted from \*ann\*
    <t:1763700009:f> held by ann
    ");

    let many: Vec<_> = (0..40).map(|second| (at(second), "its text was changed".to_owned())).collect();
    assert!(story(&of("held", Cause::Held { by: None }), &many).embeds[0].description.contains("-# 15 events before these"));
}

#[test]
fn a_press_on_it_is_of_the_task_s_version() {
    let post = answer(&of("held", Cause::Held { by: None }));
    let Row::Buttons { buttons } = &post.rows[0] else { panic!("it is a row of buttons") };
    let Does::Press(press) = &buttons[0].does else { panic!("it is a press") };
    assert_eq!(press.to_string(), "o1.release.1.1443021398234771496");
}

proptest! {
    #[test]
    fn an_answer_fits_whatever_is_in_it(text in ".{0,3000}", many in 0_usize..60) {
        let running: Vec<_> = (0..many).map(|_| Runner { requester: text.clone(), ..runner("7") }).collect();
        let shut = Some(Shut::DiskLow { reason: text.clone() });
        let causes = [
            waiting_for(running.clone(), Some((9, text.clone()))),
            Cause::Parked { gate: text.clone(), running },
            Cause::Delayed { until: at(0), reason: Some(text.clone()) },
            Cause::Running { since: at(0), limit: Duration::MAX, asked: false, last_line: Some(text.clone()) },
            Cause::Ended { at: at(0), outcome: Outcome::Failed, reason: Some(text.clone()), last_line: Some(text.clone()), ran: true, entry: Entry::Undeliverable { reason: text.clone() } },
        ];
        for cause in causes {
            let why = Why { shut: shut.clone(), ..of("waiting", cause) };
            prop_assert!(fit::length(&answer(&why).embeds[0].description) <= BOX);
            let events = vec![(at(0), text.clone()); many];
            prop_assert!(fit::length(&story(&why, &events).embeds[0].description) <= BOX);
        }
    }
}
