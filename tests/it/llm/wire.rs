//! What an endpoint sends that is not what it should be: the answer is read where it can be, and never taken for more than it is.

use serde_json::{Value, json};

use super::{
    Bench,
    endpoint::{Endpoint, Reply, delta, end},
};
use crate::world::Founding;

#[test]
fn an_answer_with_an_event_that_can_t_be_read_is_not_taken_for_whole() {
    let run = |between: &str| {
        let events = [delta(&json!({ "content": "It is " })), between.to_owned(), delta(&json!({ "content": "42" })), end("stop")];
        let bench = Bench::answering(vec![Reply::Events(events.to_vec())]).with("LLM_RETRIES", "2");
        let run = bench.run();
        (run, bench.file("RESULT.txt").unwrap_or_default())
    };

    let (cut, result) = run("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"not \n\n");
    assert_eq!((cut.code, cut.all("retry").len(), result.as_str()), (1, 0, "It is 42"), "{}", cut.out);
    assert_eq!(cut.result()["error"], "the answer is not whole: 1 of its events could not be read");
    let (half, result) = run("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\\ud83d\"}}]}\n\n");
    assert_eq!((half.code, result.as_str()), (0, "It is \u{fffd}42"), "half a sign is told as one without a meaning: {}", half.out);
}

#[test]
fn an_answer_that_begins_with_what_can_t_be_read_is_asked_for_again() {
    let broken = Reply::Events(vec!["data: {\"choices\":[{\"ind\n\n".to_owned(), delta(&json!({ "content": "42" })), end("stop")]);
    let bench = Bench::answering(vec![broken, Reply::text("It is 42.")]).with("LLM_RETRIES", "1");

    let run = bench.run();

    assert_eq!((run.code, run.all("retry").len(), bench.file("RESULT.txt").as_deref()), (0, 1, Some("It is 42.")), "{}", run.err);
}

#[test]
fn what_can_t_be_read_behind_the_end_of_an_answer_takes_nothing_from_it() {
    let events = vec![delta(&json!({ "content": "42" })), end("stop"), "data: {\"usage\":{\"prom\n\n".to_owned()];
    let bench = Bench::answering(vec![Reply::Events(events)]);

    let run = bench.run();

    assert_eq!((run.code, bench.file("RESULT.txt").as_deref()), (0, Some("42")), "{}", run.err);
    assert!(run.err.contains("did not tell what 1 of its answers used"), "{}", run.err);
}

/// An answer of one kind, whole at once.
fn page(kind: &str, body: &str) -> Reply {
    Reply::Other(200, vec![("content-type", kind.to_owned())], body.to_owned())
}

#[test]
fn what_is_no_stream_of_events_is_told_at_once() {
    for (reply, told) in [
        (page("text/html; charset=utf-8", "<html>\n<p>Sign in</p>\n</html>\n"), "with text/html instead of a stream of events"),
        (page("application/json", "{\"ok\":true}"), "with application/json instead of a stream of events"),
        (page("application/json", "{\"choi"), "with application/json instead of a stream of events"),
        (page("text/event-stream", ""), "with an empty body instead of a stream of events"),
    ] {
        let bench = Bench::answering(vec![reply]).with("LLM_RETRIES", "2");
        let run = bench.run();

        let host = bench.endpoint.address.trim_start_matches("http://").trim_end_matches("/v1");
        assert_eq!(run.result()["error"], format!("the endpoint at {host} answered {told} (LLM_BASE_URL)"));
        assert_eq!((run.code, run.all("retry").len(), bench.endpoint.bodies().len()), (1, 0, 1));
    }
    let refusal = page("application/json", &json!({ "error": { "message": "no such plan" } }).to_string());
    let run = Bench::answering(vec![refusal]).run();
    assert_eq!(run.result()["error"], "the model's provider failed while it answered: no such plan");
}

#[test]
fn an_answer_that_comes_whole_at_once_is_read_all_the_same() {
    let usage = json!({ "prompt_tokens": 7, "completion_tokens": 2, "cost": 0.25 });
    let answer = |message: Value, reason: &str| {
        let whole = json!({ "model": "m", "choices": [{ "message": message, "finish_reason": reason }], "usage": usage });
        page("application/json", &format!("{whole:#}"))
    };
    let call = |id: &str| super::call(id, "list_files", &json!({}));
    let asks = answer(json!({ "role": "assistant", "content": null, "tool_calls": [call("a"), call("b")] }), "tool_calls");
    let bench = Bench::answering(vec![asks, answer(json!({ "role": "assistant", "content": "It is 42." }), "stop")]);

    let run = bench.run();

    assert_eq!((run.code, bench.file("RESULT.txt").as_deref()), (0, Some("It is 42.")), "{}", run.err);
    assert_eq!(
        (bench.endpoint.told().len(), bench.usage()["input"].as_u64(), bench.usage()["cost_usd"].as_f64()),
        (2, Some(14), Some(0.5))
    );
}

#[test]
fn a_stream_of_events_under_another_name_is_read_all_the_same() {
    let events = [delta(&json!({ "content": "It is " })), delta(&json!({ "content": "42." })), end("stop")].concat();

    for kind in ["text/plain", "application/json"] {
        let bench = Bench::answering(vec![page(kind, &events)]);
        assert_eq!((bench.run().code, bench.file("RESULT.txt").as_deref()), (0, Some("It is 42.")), "{kind}");
    }
}

#[test]
fn an_answer_in_parts_is_read() {
    let parts = |text: &str| delta(&json!({ "content": [{ "type": "text", "text": text }, { "type": "image_url", "image_url": {} }] }));
    let bench = Bench::answering(vec![Reply::Events(vec![parts("It is "), parts("42."), end("stop")])]);

    let run = bench.run();

    assert_eq!((run.code, bench.file("RESULT.txt").as_deref()), (0, Some("It is 42.")), "{}", run.err);
}

#[test]
fn a_refusal_of_the_model_is_told_in_its_words_and_is_no_success() {
    let refuses = |text: &str| delta(&json!({ "content": null, "refusal": text }));
    let bench = Bench::answering(vec![Reply::Events(vec![refuses("I can't help "), refuses("with that."), end("stop")])]);

    let run = bench.run();

    assert_eq!((run.code, bench.file("RESULT.txt").as_deref()), (1, Some("I can't help with that.")));
    assert_eq!(run.result()["error"], "the model refused: I can't help with that.");
}

#[test]
fn an_endpoint_that_asks_for_a_longer_wait_than_any_is_not_asked_again() {
    let refusal = |headers: &[(&'static str, &str)]| {
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        Reply::Other(429, headers, json!({ "error": { "message": "slow down" } }).to_string())
    };
    let now = ("date", "Sat, 21 Nov 2026 18:30:00 GMT");
    for reply in [refusal(&[("retry-after", "7200")]), refusal(&[now, ("retry-after", "Sat, 21 Nov 2026 20:30:00 GMT")])] {
        let bench = Bench::answering(vec![reply]).with("LLM_RETRIES", "2");
        let run = bench.run();

        let told = "the model's provider asks to wait (HTTP 429): slow down; try again in 7200 seconds";
        let result = json!({ "type": "result", "ok": false, "error": told, "status": 429, "retry_after_s": 7200 });
        assert_eq!((run.code, run.result(), bench.endpoint.bodies().len()), (1, &result, 1), "{}", run.err);
    }

    let soon = refusal(&[now, ("retry-after", "Sat, 21 Nov 2026 18:30:02 GMT")]);
    let run = Bench::answering(vec![soon, Reply::text("42")]).with("LLM_RETRIES", "1").run();
    assert_eq!((run.code, run.all("retry")[0]["wait_s"].as_u64()), (0, Some(2)), "{}", run.err);
}

#[test]
fn no_message_shows_what_an_address_keeps_secret() {
    for (address, shown) in [
        ("http://user:hunter2@127.0.0.1:1/v1", "http://127.0.0.1:1/v1 can't be reached: "),
        ("http://127.0.0.1:1/v1?key=hunter2", "http://127.0.0.1:1/v1 can't be reached: "),
        ("http://user:hunter2@127.0.0.1:port/v1", "LLM_BASE_URL is no address: "),
    ] {
        let run = Bench::answering(vec![]).with("LLM_BASE_URL", address).run();

        assert!(run.err.starts_with(shown), "{}", run.err);
        assert!(!(run.out + &run.err).contains("hunter2"), "{address}");
    }
}

#[test]
fn the_query_of_an_address_goes_with_each_request() {
    let bench = Bench::answering(vec![Reply::text("42")]);
    let address = format!("{}/?version=1", bench.endpoint.address);

    let run = bench.with("LLM_BASE_URL", &address).run();

    assert_eq!((run.code, run.result()["text"].as_str()), (0, Some("42")), "{}", run.err);
}

#[test]
fn tokens_that_can_t_be_true_are_handed_on_as_they_came_and_remarked() {
    let answer = |figure: &str| {
        let usage = format!("data: {{\"choices\":[],\"usage\":{{\"prompt_tokens\":{figure},\"completion_tokens\":2}}}}\n\n");
        Reply::Events(vec![delta(&json!({ "content": "42" })), end("stop"), usage])
    };
    for figure in ["1e20", "-5", "\"12\""] {
        let bench = Bench::answering(vec![answer(figure)]);
        let run = bench.run();

        let usage = json!({ "input": serde_json::from_str::<Value>(figure).unwrap(), "output": 2 });
        assert_eq!((run.code, &run.all("call")[0]["usage"], bench.usage()), (0, &usage, Value::Null), "{figure}");
    }

    let endpoint = Endpoint::start(vec![answer("-5")]);
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let world = Founding::new().env("LLM_BASE_URL", &endpoint.address).env("LLM_MODEL", "m").silent().await;
        let (_, out, err) = world.run(&["agents", "test", "--json", "llm"]);
        let told: Value = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}{err}"));

        assert_eq!((&told["text"], &told["tokens"]), (&json!("42"), &Value::Null), "{told}");
        let remark = "its usage has -5 at `/usage/input`, which can't be true: how many tokens there were is unknown";
        assert!(told["remarks"].as_array().unwrap().iter().any(|one| one == remark), "{told}");
        world.finish_unsaid().await;
    });
}
