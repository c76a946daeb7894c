//! What can go wrong between the agent and its endpoint, and what is kept then.

use serde_json::{Value, json};

use super::{
    Bench, KEY, call,
    endpoint::{Reply, delta, end},
};

#[test]
fn a_refusal_is_told_with_its_number_and_without_the_key() {
    for (status, message, told) in [
        (401, format!("Incorrect API key provided: {KEY}"), "the model key was refused (HTTP 401): Incorrect API key provided: [key]"),
        (402, "pay".to_owned(), "the account of the model key has no money left (HTTP 402): pay"),
        (429, "slow down".to_owned(), "the model's provider asks to wait (HTTP 429): slow down"),
        (500, "oops".to_owned(), "the model's provider failed (HTTP 500): oops"),
        (404, "no such model".to_owned(), "the endpoint knows no such model or address (HTTP 404): no such model"),
        (
            404,
            "No endpoints found that support tool use".to_owned(),
            "the endpoint does not let this model use tools: take another model, or LLM_TOOLS=none (HTTP 404): No endpoints found that support tool use",
        ),
        (
            400,
            "This model's maximum context length is 8192 tokens".to_owned(),
            "the conversation has grown too long for the model (HTTP 400): This model's maximum context length is 8192 tokens",
        ),
    ] {
        let bench = Bench::answering(vec![Reply::Refusal(status, None, message)]);
        let run = bench.run();

        assert_eq!(run.code, 1);
        assert_eq!(run.result(), &json!({ "type": "result", "ok": false, "error": told, "status": status }));
        assert_eq!(run.err, format!("{told}\n"));
        assert_eq!((run.all("call").len(), bench.usage()), (0, Value::Null), "a refused call used nothing");
    }
}

#[test]
fn an_endpoint_that_asks_to_wait_is_asked_again_after_the_time_that_it_names() {
    let bench = Bench::answering(vec![
        Reply::Refusal(500, None, "oops".to_owned()),
        Reply::Refusal(429, Some(3), format!("slow down, {KEY}")),
        Reply::text("42"),
    ])
    .with("LLM_RETRIES", "2");

    let run = bench.run();

    assert_eq!(run.code, 0, "{}", run.err);
    let retries = [
        json!({ "type": "retry", "wait_s": 1, "why": "the model's provider failed (HTTP 500): oops" }),
        json!({ "type": "retry", "wait_s": 3, "why": "the model's provider asks to wait (HTTP 429): slow down, [key]" }),
    ];
    assert_eq!(run.all("retry"), retries.iter().collect::<Vec<_>>());
    assert!(run.err.contains("retry 2/2 in 3 s"), "{}", run.err);
    assert_eq!((bench.endpoint.bodies().len(), run.all("call").len()), (3, 1));
}

#[test]
fn a_stream_that_is_cut_or_falls_silent_keeps_what_has_come() {
    let half = || vec![delta(&json!({ "content": "Half an " })), delta(&json!({ "content": "answer" }))];
    let failed = [half(), vec![format!("data: {}\n\n", json!({ "error": { "message": "upstream is gone", "code": 502 } }))]].concat();
    for (reply, told) in [
        (Reply::Events([half(), vec!["data: {\"choi".to_owned()]].concat()), "the connection ended before the model had finished"),
        (Reply::Silence(half()), "nothing came from the model for 2 s"),
        (Reply::Events(failed), "the model's provider failed while it answered: upstream is gone"),
    ] {
        let bench = Bench::answering(vec![reply]).with("LLM_RETRIES", "2");
        let run = bench.run();

        assert_eq!(run.code, 1);
        assert!(run.result()["error"].as_str().unwrap().contains(told), "{}", run.out);
        assert!(run.err.ends_with("(14 characters of the answer are kept)\n"), "{}", run.err);
        assert_eq!((bench.file("RESULT.txt").as_deref(), run.all("retry").len()), (Some("Half an answer"), 0));
        assert_eq!(run.all("call"), [&json!({ "type": "call", "model": "vendor/model-1-0925" })], "what it used is unknown");
        assert!(run.err.contains("did not tell what 1 of its answers used"), "{}", run.err);
    }
}

#[test]
fn a_stream_that_is_cut_before_anything_has_come_is_asked_for_again() {
    let overloaded = format!("data: {}\n\n", json!({ "error": { "message": "overloaded", "code": 529 } }));
    let replies = vec![Reply::Events(vec![": WAIT\n\n".to_owned()]), Reply::Events(vec![overloaded]), Reply::text("42")];
    let bench = Bench::answering(replies).with("LLM_RETRIES", "2");

    let run = bench.run();

    assert_eq!((run.code, run.all("retry").len(), bench.file("RESULT.txt").as_deref()), (0, 2, Some("42")), "{}", run.err);
}

#[test]
fn an_answer_that_reached_its_limit_is_kept_with_a_note_behind_it() {
    let long = || Reply::Events(vec![delta(&json!({ "content": "Half an " })), delta(&json!({ "content": "answer" })), end("length")]);
    let whole = "Half an answer\n\n[The model reached its output limit here.]\n";
    for tools in ["none", "read"] {
        let bench = Bench::answering(vec![long()]).with("LLM_TOOLS", tools);
        let run = bench.run();

        assert_eq!((run.code, bench.file("RESULT.txt").as_deref()), (0, Some(whole)), "{}", run.err);
        assert_eq!(run.result()["text"], whole);
    }

    let write = call("a", "write_file", &json!({ "path": "RESULT.txt", "content": "42" }));
    let bench = Bench::answering(vec![Reply::tools("", &[write]), long()]);
    let run = bench.run();
    assert_eq!((bench.file("RESULT.txt").as_deref(), &run.result()["text"]), (Some("42"), &whole.into()), "its own is left alone");

    let bench = Bench::answering(vec![Reply::Events(vec![delta(&json!({ "reasoning": "hm" })), end("length")])]);
    let run = bench.run();
    assert_eq!((run.code, bench.file("RESULT.txt")), (1, None));
    assert_eq!(run.result()["error"], "the model reached its output limit before it had answered");
}

#[test]
fn a_failure_in_a_later_turn_keeps_what_earlier_ones_used() {
    let list = call("a", "list_files", &json!({}));
    let bench = Bench::answering(vec![Reply::tools("I look.", &[list]).costing(0.25), Reply::Refusal(401, None, "revoked".to_owned())]);

    let run = bench.run();

    assert_eq!((run.code, run.result()["status"].as_u64()), (1, Some(401)));
    assert_eq!((bench.usage()["input"].as_u64(), bench.usage()["cost_usd"].as_f64()), (Some(234), Some(0.25)));
    assert_eq!(bench.file("RESULT.txt").as_deref(), Some("I look."));
}

#[test]
fn a_sum_that_lacks_the_cost_of_a_call_is_not_told() {
    let list = || call("a", "list_files", &json!({}));
    let bench = Bench::answering(vec![
        Reply::tools("", &[list()]).costing(0.25),
        Reply::tools("", &[call("b", "list_files", &json!({ "depth": 2 }))]).untold(),
        Reply::text("42").costing(0.25),
    ]);

    let run = bench.run();

    assert_eq!(run.code, 0, "{}", run.err);
    assert_eq!((bench.usage()["input"].as_u64(), &bench.usage()["cost_usd"]), (Some(468), &Value::Null));
    assert_eq!(run.all("call")[1], &json!({ "type": "call", "model": "vendor/model-1-0925" }));
}

#[test]
fn a_key_that_the_model_repeats_is_masked_wherever_the_pieces_part_it() {
    let pieces: Vec<String> = KEY.split_inclusive('-').map(|piece| delta(&json!({ "content": piece }))).collect();
    let bench = Bench::answering(vec![Reply::Events([pieces, vec![delta(&json!({ "content": "!" })), end("stop")]].concat())]);

    let run = bench.run();

    assert_eq!((run.code, bench.file("RESULT.txt").as_deref()), (0, Some("[key]!")));
    assert_eq!(run.result()["text"], "[key]!");
    assert!(!run.out.contains("secret-key"), "{}", run.out);
}

#[test]
fn an_empty_answer_is_a_failure_unless_there_is_a_result() {
    let empty = || Reply::text(" \n");
    let bench = Bench::answering(vec![empty()]);
    assert_eq!((bench.run().code, bench.file("RESULT.txt")), (1, None));

    let list = call("a", "list_files", &json!({}));
    let bench = Bench::answering(vec![Reply::tools("It is 42.", &[list]), empty()]);
    assert_eq!((bench.run().code, bench.file("RESULT.txt").as_deref()), (0, Some("It is 42.")));

    let write = call("a", "write_file", &json!({ "path": "RESULT.txt", "content": "42" }));
    let bench = Bench::answering(vec![Reply::tools("", &[write]), empty()]);
    assert_eq!((bench.run().code, bench.file("RESULT.txt").as_deref()), (0, Some("42")));
}

#[test]
fn settings_that_can_t_work_are_told_before_anything_is_asked() {
    for (name, value, told) in [
        ("ORCH_MODEL", "", "no model is named"),
        ("LLM_BASE_URL", "example.org", "LLM_BASE_URL must begin with"),
        ("LLM_TOOLS", "read,shell", "LLM_TOOLS has `shell` in it"),
        ("LLM_MAX_TURNS", "many", "LLM_MAX_TURNS must be a whole number"),
        ("LLM_TOOL_SECONDS", "-1", "LLM_TOOL_SECONDS must be a whole number"),
    ] {
        let bench = Bench::answering(vec![Reply::text("42")]).with(name, value);
        let run = bench.run();

        assert_eq!((run.code, run.out.as_str()), (2, ""));
        assert!(run.err.contains(told), "{}", run.err);
        assert!(bench.endpoint.bodies().is_empty());
    }
    let bench = Bench::answering(vec![]).with("LLM_BASE_URL", "").with("LLM_API_KEY", "");
    let run = bench.run();
    assert!(run.code == 2 && run.err.starts_with("no model is configured: set LLM_BASE_URL"), "{}", run.err);
}
