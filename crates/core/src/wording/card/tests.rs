//! Cards as they are read, state by state, and the limits that they keep whatever is in a task.

use std::collections::BTreeMap;

use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;
use crate::domain::{
    actor::Actor,
    attempt::{Outcome, Report},
    component::Does,
    money::{Usage, Usd},
    showing::Showing,
    task::Wishes,
};

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_763_700_000 + seconds, 0).unwrap()
}

fn facts(doing: TaskState) -> CardFacts {
    let task = entry::tests::facts().task;
    CardFacts {
        task: Task {
            requester: Actor::Operator { name: "ann".into() },
            prompt: "Compare tea and coffee\nin `five` lines".into(),
            wishes: Wishes { agent: "demo".parse().unwrap(), model: None, ..task.wishes },
            created_at: at(0),
            ..task
        },
        doing,
        attempts: 1,
        allowed: 1,
        cost: None,
        cost_has_gaps: false,
        cost_is_doubtful: false,
        usage: None,
        model: None,
        agent_id: Some("agent-1763700000-k3x9".into()),
        quiet_since: None,
        open: None,
        metered: None,
        waits_for_people: false,
        accepted: None,
        asked: Vec::new(),
        checked: None,
        entry: None,
        follow_ups: 0,
        showing: Showing::default(),
    }
}

fn ended(outcome: Outcome, reason: Option<&str>) -> CardFacts {
    CardFacts {
        cost: Some(Usd::from_nanos(1_215_000)),
        usage: Some(Usage { input: 1_200, output: 300, cache_read: 0, cache_write: 0 }),
        ..facts(TaskState::Ended { at: at(20), outcome, reason: reason.map(str::to_owned), ran: Duration::from_millis(12_400) })
    }
}

fn result(text: &str) -> ResultFacts {
    ResultFacts {
        task: facts(TaskState::Held).task,
        attempt: None,
        agent_id: Some("agent-1763700000-k3x9".into()),
        number: 2,
        report: Report {
            text: text.to_owned(),
            outputs: BTreeMap::new(),
            usage: Some(Usage { input: 1_200, output: 300, cache_read: 0, cache_write: 0 }),
            cost: Some(Usd::from_nanos(1_215_000)),
            duration: Duration::from_millis(12_400),
            reason: None,
            ..Report::without_result(Outcome::Succeeded, "")
        },
        workspace: None,
        answers: None,
    }
}

/// The text, and the labels of the buttons.
fn shown(post: &Post) -> String {
    let labels: Vec<_> = post
        .rows
        .iter()
        .flat_map(|row| match row {
            Row::Buttons { buttons } => buttons.iter().map(|button| button.label.clone()).collect(),
            Row::Select { .. } => Vec::new(),
        })
        .collect();
    format!("{}\n[{}]", post.embeds[0].description, labels.join("] ["))
}

#[test]
fn a_card_tells_what_its_task_waits_for() {
    let waiting = CardFacts { attempts: 0, ..facts(TaskState::Waiting { position: Some(3) }) };
    assert_snapshot!(shown(&face(&waiting, None, None)), @"
    ⏳ **Waiting** · place 3 in the queue
    `Compare tea and coffee in ˋfiveˋ lines`
    agent `demo` · model `cheap`
    -# `1443021398234771496` · asked by ann <t:1763700000:R>
    [Why?] [Cancel]
    ");
    let headline = |doing| shown(&face(&facts(doing), None, None)).lines().next().unwrap().to_owned();
    assert_eq!(headline(TaskState::Waiting { position: Some(1) }), "⏳ **Waiting** · it is next");
    assert_eq!(headline(TaskState::Waiting { position: None }), "⏳ **Waiting** for its turn");
    assert_eq!(headline(TaskState::Parked { gate: "agent:demo".into() }), "⏳ **Waiting** for a free agent");
    assert_eq!(headline(TaskState::Delayed { until: at(60) }), "⏳ **Tried again** <t:1763700060:R>");
    assert_eq!(headline(TaskState::Held), "⏸ **Held**");
    assert_eq!(headline(TaskState::Asked), "❔ **Is this still wanted?**");
    assert_eq!(headline(TaskState::Claimed), "✅ **Claimed** · its agent is starting");
    assert_eq!(headline(TaskState::Stopping { by: "*bob*".into(), out_of_money: false }), "🛑 **Being stopped** · asked by \\*bob\\*");
    let money = "it had used $0.6 of its budget of $0.5".to_owned();
    assert_eq!(
        headline(TaskState::Stopping { by: money, out_of_money: true }),
        "🛑 **Being stopped** · it had used $0.6 of its budget of $0.5"
    );
}

#[test]
fn a_running_card_tells_since_when_and_until_when_and_a_live_one_what_is_said() {
    let mut running = CardFacts { allowed: 3, attempts: 2, ..facts(TaskState::Running { since: at(5), until: at(125) }) };
    let said = Some("one\n`two`\n\n");
    assert!(!shown(&face(&running, None, said)).contains("two"), "nobody asked for it");
    running.showing.shown = Shown::Live;
    running.follow_ups = 1;
    assert_snapshot!(shown(&face(&running, None, said)), @"
    ▶️ **Running** · started <t:1763700005:R> · its time is over <t:1763700125:R> · attempt 2 of 3
    `Compare tea and coffee in ˋfiveˋ lines`
    agent `demo` · model `cheap`
    > `ˋtwoˋ`
    💬 1 follow-up waits for its agent's end.
    -# `1443021398234771496` · asked by ann <t:1763700000:R>
    [Interrupt now] [Logs] [Why?] [Cancel]
    ");
}

#[test]
fn an_ended_card_tells_how_what_it_cost_and_where_the_result_is() {
    assert_snapshot!(shown(&face(&ended(Outcome::Succeeded, None), Some("https://discord.com/channels/1/2/3"), None)), @"
    🏁 **Done** after 12s · <t:1763700020:R>
    `Compare tea and coffee in ˋfiveˋ lines`
    agent `demo` · model `cheap` · 1,200 in / 300 out tokens · **$0.001215**
    -# `1443021398234771496` · asked by ann <t:1763700000:R>
    [Retry] [Logs] [Why?] [Result]
    ");
    let doubtful = CardFacts { cost_is_doubtful: true, ..ended(Outcome::Succeeded, None) };
    assert!(shown(&face(&doubtful, None, None)).contains("**$0.001215** ⚠ implausible, its entry says why"));
    let failed = CardFacts { cost_has_gaps: true, ..ended(Outcome::Failed, Some("exit code 3: `x` @everyone")) };
    assert_snapshot!(shown(&face(&failed, None, None)).replace('\u{200b}', "¦"), @"
    ❌ **Failed** after 12s · <t:1763700020:R>
    `Compare tea and coffee in ˋfiveˋ lines`
    **Why:** exit code 3: `x` @¦everyone
    agent `demo` · model `cheap` · 1,200 in / 300 out tokens · **$0.001215** and more
    -# `1443021398234771496` · asked by ann <t:1763700000:R>
    [Retry] [Logs] [Why?]
    ");
}

#[test]
fn a_button_says_of_which_attempt_it_was_made() {
    let post = face(&CardFacts { attempts: 2, ..facts(TaskState::Held) }, None, None);
    let Row::Buttons { buttons } = &post.rows[0] else { panic!("buttons") };

    let Does::Press(press) = &buttons[0].does else { panic!("a press") };
    assert_eq!(press.to_string(), "o1.release.2.1443021398234771496");
}

#[test]
fn the_sheet_holds_the_whole_task_and_the_end_of_its_log() {
    assert_snapshot!(sheet(&facts(TaskState::Claimed), Some("one\n```two\n")).embeds[0].description.replace('\u{200b}', "¦"), @"
    **Task** `1443021398234771496`
    ```
    Compare tea and coffee
    in `five` lines
    ```
    **How:** agent `demo` · model `cheap` · thinking low · time limit 2m · priority 100
    **Workspace:** `workers/agent-1763700000-k3x9`
    **The end of its log:**
    ```
    one
    ``¦`two
    ```
    -# Write here to go on with this task: what you say is told to a new attempt, together with what the last one left. Lines that begin with `!aside` are left to people.
    ");
}

#[test]
fn what_an_attempt_has_left_is_told_whole_as_far_as_a_message_goes() {
    let short = told(&result("It has **120** lines."));
    assert_snapshot!(short.content, @"🏁 **Attempt 2** succeeded · 12s · 1,200 in / 300 out tokens · $0.001215");
    assert_eq!(short.embeds[0].description, "```\nIt has **120** lines.\n```");

    let two = told(&result(&"a line of it\n".repeat(400)));
    assert_eq!((two.embeds.len(), two.files.len()), (2, 0));

    let long = told(&result(&"a line of it\n".repeat(4_000)));
    assert_eq!((long.embeds.len(), long.files.len()), (1, 1));
    assert!(long.content.ends_with("-# The beginning; the whole is in `result-1443021398234771496-2.md`."), "{}", long.content);
    assert_eq!(long.files[0].text.len(), 13 * 4_000);
}

#[test]
fn a_thread_is_called_after_its_task() {
    let mut task = facts(TaskState::Held).task;
    assert_eq!(thread_name(&task), "Compare tea and coffee in `five` lines");
    task.prompt = " \n".into();
    assert_eq!(thread_name(&task), "Task 1443021398234771496");
}

proptest! {
    #[test]
    fn cards_fit_whatever_is_in_them(text in "[`🦀*@\n<>a\u{202e}]{0,5000}") {
        let mut given = ended(Outcome::Failed, Some(&text));
        given.task.prompt.clone_from(&text);
        given.task.requester = Actor::Operator { name: text.clone() };
        given.model = Some(text.clone());
        given.showing.shown = Shown::Live;

        for post in [face(&given, None, Some(&text)), sheet(&given, Some(&text)), told(&result(&text))] {
            let total: usize = post.embeds.iter().map(|embed| fit::length(&embed.description)).sum();
            prop_assert!(post.embeds.iter().all(|embed| fit::length(&embed.description) <= 4_096) && total <= 6_000, "{total}");
            prop_assert!(fit::length(&post.content) <= fit::MESSAGE);
            prop_assert!(post.embeds.iter().all(|embed| embed.description.matches("```").count() % 2 == 0));
        }
        let name = thread_name(&given.task);
        prop_assert!(!name.trim().is_empty() && name.chars().count() <= 100);
    }
}
