//! Agents that speak badly: each ends with what is known, and says what is not.

use serde_json::{Value, json};

use super::{asks, begins, ends, hears, is_answered, says, tells, tried, usual, writes};

fn remarks(told: &Value) -> String {
    let all: Vec<&str> = told["remarks"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    all.join("; ")
}

fn reason(told: &Value) -> &str {
    told["reason"].as_str().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_t_be_read_is_passed_over_and_counted() {
    let mut steps = begins();
    steps.extend([
        json!({"do": "raw", "text": "a warning of the program's own"}),
        json!({"do": "raw", "text": "{\"jsonrpc\":\"2.0\",\"method\":"}),
        json!({"do": "flood", "bytes": 20 << 20}),
        says(&json!({"jsonrpc": "2.0", "method": "_x/unheard_of", "params": {"a": 1}})),
        says(&json!({"jsonrpc": "2.0", "id": 77, "result": {"nobody": "asked"}})),
        says(&json!({"jsonrpc": "2.0", "id": "f", "method": "fs/read_text_file", "params": {"path": "/etc/passwd"}})),
        hears(&json!({"id": "f"})),
        tells(&json!({"sessionUpdate": "unheard_of"})),
        tells(&json!({"sessionUpdate": "agent_message_chunk", "content": {"type": "image", "data": "x"}})),
        tells(&json!(7)),
        writes("It is "),
        writes("42."),
        ends(),
    ]);

    let (code, told, seen) = tried(&steps, &json!({}), &[]).await;

    assert_eq!((code, &told["text"]), (0, &json!("It is 42.")), "{told}");
    assert_eq!(told["tokens"]["input"], json!(100), "{told}");
    assert_eq!(
        remarks(&told),
        "1 line of the agent was no message of the protocol and passed over; 1 line of the agent was too long to be read and passed over"
    );
    assert!(seen.contains("-32601"), "it was told that files are not offered: {seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_dies_in_the_middle_says_where_and_keeps_what_it_has_written() {
    let mut steps = begins();
    steps.extend([writes("Half of it."), json!({"do": "exit", "code": 3})]);

    let (code, told, _) = tried(&steps, &json!({}), &[]).await;

    assert_eq!((code, &told["outcome"], &told["text"]), (3, &json!("failed"), &json!("Half of it.")), "{told}");
    assert!(reason(&told).contains("the agent program ended before its answer was whole (exit code 3)"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_dies_is_not_taken_to_live_because_its_children_go_on_printing() {
    let mut steps = begins();
    steps.extend([writes("Half of it."), json!({"do": "run", "command": "setsid yes '{\"a\":1}' &"}), json!({"do": "exit", "code": 3})]);

    let (code, told, _) = tried(&steps, &json!({}), &["--timeout", "60s"]).await;

    assert_eq!((code, &told["outcome"], &told["text"]), (3, &json!("failed"), &json!("Half of it.")), "{told}");
    assert!(reason(&told).contains("the agent program ended before its answer was whole (exit code 3)"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_never_begins_is_not_waited_for_for_long() {
    let (_, told, _) = tried(&[json!({"do": "hang"})], &json!({"start_seconds": 1}), &[]).await;

    assert_eq!(told["outcome"], json!("failed"), "{told}");
    assert!(reason(&told).contains("was not ready within 1 s (`start_seconds`): it did not answer `initialize`"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_told_in_the_agent_s_words_and_known_for_what_they_are() {
    let greeted =
        |result: Value| vec![hears(&json!({"id": 1, "method": "initialize"})), says(&json!({"jsonrpc": "2.0", "id": 1, "result": result}))];
    let refused = |mut steps: Vec<Value>, method: &str, error: Value| {
        steps.push(hears(&json!({"id": 2, "method": method})));
        steps.push(says(&json!({"jsonrpc": "2.0", "id": 2, "error": error})));
        steps
    };
    let good = || greeted(json!({"protocolVersion": 1, "authMethods": [{"id": "api-key"}]}));
    let asked = |error: Value| {
        let mut steps = begins();
        steps.push(says(&json!({"jsonrpc": "2.0", "id": 3, "error": error})));
        steps
    };
    for (steps, words, class) in [
        (greeted(json!({"protocolVersion": 2})), "speaks version 2 of the protocol, and this program version 1", Value::Null),
        (greeted(json!({})), "speaks version none of the protocol", Value::Null),
        (refused(Vec::new(), "initialize", json!({"code": -32603, "message": "no luck"})), "no luck", Value::Null),
        (
            refused(good(), "session/new", json!({"code": -32000, "message": "log in first"})),
            "authentication required: log in first (`login` names one of its ways: api-key)",
            json!("auth"),
        ),
        (
            asked(json!({"code": -32603, "message": "Internal error", "data": {"details": "429 slow down"}})),
            "429 slow down",
            json!("rate_limit"),
        ),
        (asked(json!({"code": -32603, "message": "it broke", "data": {"status": 503}})), "it broke", json!("transient")),
    ] {
        let (code, told, _) = tried(&steps, &json!({}), &[]).await;

        assert_eq!((code, &told["outcome"]), (3, &json!("failed")), "{told}");
        assert!(reason(&told).contains(words), "{words:?} is not in {told}");
        assert_eq!(told["class"], class, "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_must_log_in_does_so_in_the_way_that_is_named() {
    let mut steps = vec![
        hears(&json!({"id": 1, "method": "initialize"})),
        says(&json!({"jsonrpc": "2.0", "id": 1, "result": {"protocolVersion": 1}})),
        hears(&json!({"id": 2, "method": "session/new"})),
        says(&json!({"jsonrpc": "2.0", "id": 2, "error": {"code": -32000, "message": "log in"}})),
        hears(&json!({"id": 9, "method": "authenticate"})),
        says(&json!({"jsonrpc": "2.0", "id": 9, "result": {}})),
    ];
    steps.extend(begins().split_off(2));
    steps.extend([writes("In."), ends()]);

    let (code, told, seen) = tried(&steps, &json!({"login": "api-key"}), &[]).await;

    assert_eq!((code, &told["text"]), (0, &json!("In.")), "{told}");
    assert!(seen.contains("\"methodId\":\"api-key\""), "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_stopped_short_is_no_success_and_is_kept() {
    let mut steps = begins();
    steps.extend([writes("Once upon"), says(&json!({"jsonrpc": "2.0", "id": 3, "result": {"stopReason": "max_tokens"}}))]);

    let (_, told, _) = tried(&steps, &json!({}), &[]).await;

    assert_eq!((&told["outcome"], &told["text"]), (&json!("failed"), &json!("Once upon")));
    assert!(reason(&told).contains("it stopped before it was done: max tokens"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_asks_is_answered_as_the_policy_says() {
    for (policy, given, refused) in [("allow", "once", ""), ("deny", "no", "1 call of a tool was refused to the agent")] {
        let mut steps = begins();
        steps.extend([asks(&json!(0), "touch hi", &usual()), is_answered(&json!(0)), writes("Done."), ends()]);

        let (code, told, seen) = tried(&steps, &json!({"permissions": policy}), &[]).await;

        assert_eq!((code, remarks(&told).as_str()), (0, refused), "{told}");
        assert!(seen.contains(&format!("\"optionId\":\"{given}\"")), "{policy}: {seen}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_that_can_t_be_answered_are_no_yes() {
    let no_yes = json!([{"optionId": "no", "name": "No", "kind": "reject_once"}, {"optionId": "?", "name": "Perhaps", "kind": "perhaps"}]);
    let mut steps = begins();
    steps.extend([asks(&json!(0), "a", &json!([])), is_answered(&json!(0)), asks(&json!(1), "b", &no_yes), is_answered(&json!(1))]);
    steps.extend([asks(&json!(2), "c", &json!("yes")), hears(&json!({"id": 2})), writes("Done."), ends()]);

    let (code, told, seen) = tried(&steps, &json!({}), &[]).await;

    assert_eq!(code, 0, "{told}");
    for part in
        ["2 calls of tools were refused", "offered nothing that could be answered", "offered no yes", "in a way that could not be read"]
    {
        assert!(remarks(&told).contains(part), "{part:?} is not in {told}");
    }
    assert!(!seen.contains("\"selected\"") && seen.contains("-32602"), "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_its_tree_is_left_however_it_ends() {
    let mut steps = begins();
    steps.extend([
        json!({"do": "run", "command": "setsid sleep 987 >/dev/null 2>&1 & (trap '' TERM; exec sleep 988) &"}),
        writes("Done."),
        ends(),
    ]);

    let (code, told, _) = tried(&steps, &json!({}), &[]).await;

    // `tried` waits until no process of the world is left.
    assert_eq!((code, &told["processes_left_running"]), (0, &json!(2)), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_does_not_heed_its_cancellation_is_killed_within_its_grace() {
    let mut steps = begins();
    steps.extend([writes("Half."), json!({"do": "hang"})]);

    let (_, told, _) = tried(&steps, &json!({"grace_seconds": 2}), &["--timeout", "1s"]).await;

    assert_eq!((&told["outcome"], &told["text"]), (&json!("timed_out"), &json!("Half.")), "{told}");
    assert!(told["wall_ms"].as_u64().is_some_and(|ms| (1_000..4_500).contains(&ms)), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_an_agent_that_tells_its_last_call_alone_are_unknown_where_there_were_more() {
    for (uses, tokens) in [(false, json!(100)), (true, Value::Null)] {
        let mut steps = begins();
        steps[1]["m"]["result"]["agentInfo"]["name"] = json!("OpenCode");
        if uses {
            steps.push(tells(&json!({"sessionUpdate": "tool_call", "toolCallId": "1", "title": "ls", "status": "in_progress"})));
            steps.push(tells(&json!({"sessionUpdate": "usage_update", "cost": {"amount": 0.5, "currency": "USD"}})));
        }
        steps.extend([writes("Done."), ends()]);

        let (code, told, _) = tried(&steps, &json!({}), &[]).await;

        assert_eq!((code, &told["tokens"]["input"]), (0, &tokens), "{told}");
        assert_eq!(told["cost_by_agent_usd"], if uses { json!("$0.5") } else { Value::Null }, "{told}");
        assert_eq!(remarks(&told).contains("its last call alone"), uses, "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_and_a_mode_are_set_by_the_protocol_and_what_is_not_offered_is_said() {
    let offered =
        json!({"sessionId": "s-1", "modes": {"availableModes": [{"id": "yolo"}]}, "models": {"availableModels": [{"modelId": "m-1"}]}});
    let mut steps = begins();
    steps[3] = says(&json!({"jsonrpc": "2.0", "id": 2, "result": offered}));
    steps.extend([writes("Done."), ends()]);

    let (code, told, seen) = tried(&steps, &json!({"mode": "yolo"}), &["--model", "m-1"]).await;
    assert_eq!(code, 0, "{told}");
    assert!(seen.contains("\"method\":\"session/set_mode\"") && seen.contains("\"modelId\":\"m-1\""), "{seen}");

    let (code, told, _) = tried(&steps, &json!({}), &["--model", "m-2"]).await;
    assert_eq!((code, &told["class"]), (3, &json!("request")), "{told}");
    assert!(reason(&told).contains("does not offer the model `m-2` over the protocol; it offers m-1"), "{told}");
}
