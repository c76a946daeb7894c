//! How people are asked: for how long they are waited for, how many things at once, and that a no always reaches the agent.

use serde_json::{Value, json};

use super::{
    asking::{Asked, touches},
    asks, begins, ends, is_answered, usual, writes,
};

/// It asks whether it may run a command, offering these answers alone, and is done.
fn offering(options: &Value) -> Vec<Value> {
    let mut steps = begins();
    steps.extend([asks(&json!(0), "touch hi", options), is_answered(&json!(0)), writes("Done."), ends()]);
    steps
}

#[tokio::test(flavor = "multi_thread")]
async fn a_no_reaches_an_agent_that_offers_none_at_once() {
    let asked = Asked::with(&offering(&json!([{"optionId": "once", "name": "Yes", "kind": "allow_once"}])), &json!({}), "").await;
    asked.is_open().await;

    assert_eq!(asked.permit(&["--deny"]).0, 0);

    asked.world.until("its agent is told", |_| asked.seen().contains("\"outcome\":\"cancelled\"")).await;
    asked.ends_with("1 call of a tool was refused to the agent").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_no_reaches_an_agent_that_offers_one_for_ever_alone() {
    let options =
        json!([{"optionId": "once", "name": "Yes", "kind": "allow_once"}, {"optionId": "never", "name": "No", "kind": "reject_always"}]);
    let asked = Asked::with(&offering(&options), &json!({}), "").await;
    asked.is_open().await;

    assert_eq!(asked.permit(&["--deny"]).0, 0);

    asked.world.until("its agent is told", |_| asked.seen().contains("\"optionId\":\"never\"")).await;
    asked.ends_with("1 call of a tool was refused to the agent").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_limit_stands_still_while_people_are_waited_for() {
    let asked = Asked::with(&touches(), &json!({"stall_seconds": 1}), "[timeout:3s]").await;
    asked.shows("its time stands still").await;

    // Four a second.
    asked.world.until("it has waited for longer than it may run", |_| asked.beats() > 16).await;
    assert_eq!(asked.permit(&[]).0, 0);

    asked.ends_with("Done.").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_not_answered_once_is_waited_for_in_the_agent_s_own_time() {
    let mut steps = begins();
    for number in 0..8 {
        steps.extend([asks(&json!(number), "touch hi", &usual()), is_answered(&json!(number))]);
    }
    steps.extend([writes("Done."), ends()]);

    let asked = Asked::with(&steps, &json!({"permission_seconds": 1, "grace_seconds": 1}), "[timeout:3s]").await;

    let entry = asked.world.entry(asked.task).await.content;
    assert!(entry.starts_with("**[TIMEOUT]**"), "{entry}");
    let denied = asked.seen().matches("\"optionId\":\"no\"").count();
    assert!((2..=5).contains(&denied), "the first in nobody's time, and then three seconds of them: {denied}");
    asked.world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_questions_than_are_put_at_once_are_all_put() {
    const ALL: usize = 23;
    let mut steps = begins();
    steps.extend((0..ALL).map(|number| asks(&json!(number), &format!("touch {number}"), &usual())));
    steps.extend((0..ALL).map(|number| is_answered(&json!(number))));
    steps.extend([writes("Done."), ends()]);
    let asked = Asked::with(&steps, &json!({}), "").await;
    let open = |asked: &Asked, most: usize| asked.status()["asks"].as_array().is_some_and(|asks| asks.len() == most);

    asked.world.until("as many as are put at once", |_| open(&asked, 20)).await;
    for number in 0..ALL {
        asked.world.until("the next is known", |_| asked.permit(&["--question", &(1_001 + number).to_string()]).0 == 0).await;
    }

    asked.world.until("all are answered", |_| asked.seen().matches("\"optionId\":\"once\"").count() == ALL).await;
    asked.ends_with("Done.").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_put_however_long_its_words_are() {
    let option = |id: &str| json!({"optionId": id, "name": "Yes ".repeat(10_000), "kind": "allow_once"});
    let call = json!({"toolCallId": "c".repeat(2_000_000), "title": "touch hi", "kind": "k".repeat(2_000_000)});
    let params = json!({"sessionId": "s-1", "toolCall": call, "options": [option(&"o".repeat(2_000_000)), option("once")]});
    let mut steps = begins();
    steps.extend([
        super::says(&json!({"jsonrpc": "2.0", "id": 0, "method": "session/request_permission", "params": params})),
        is_answered(&json!(0)),
        writes("Done."),
        ends(),
    ]);
    let asked = Asked::with(&steps, &json!({}), "").await;
    asked.is_open().await;

    assert_eq!(asked.permit(&[]).0, 0);

    asked.world.until("its agent is told", |_| asked.seen().contains("\"optionId\":\"once\"")).await;
    asked.ends_with("Done.").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_when_the_turn_is_over_is_put_to_nobody() {
    let mut steps = begins();
    steps.extend([writes("Done."), ends(), asks(&json!(0), "touch hi", &usual())]);
    let asked = Asked::with(&steps, &json!({}), "").await;

    let entry = asked.world.entry(asked.task).await.content;

    assert!(entry.contains("Done."), "{entry}");
    let (_, story, _) = asked.world.run(&["status", &asked.task.to_string()]);
    assert!(!story.contains("asked for permission"), "{story}");
    asked.world.finish().await;
}
