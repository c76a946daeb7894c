//! What an endpoint sends that is not what it should be: the answer is read where it can be, and never taken for more than it is.

use serde_json::json;

use super::{
    Bench,
    endpoint::{Reply, delta, end},
};

#[test]
fn an_answer_with_an_event_that_can_t_be_read_is_not_taken_for_whole() {
    let cut = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"not \n\n";
    let half_a_sign = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\\ud83d\"}}]}\n\n";
    for broken in [cut, half_a_sign] {
        let events = [delta(&json!({ "content": "It is " })), broken.to_owned(), delta(&json!({ "content": "42" })), end("stop")];
        let bench = Bench::answering(vec![Reply::Events(events.to_vec())]).with("LLM_RETRIES", "2");
        let run = bench.run();

        assert_eq!((run.code, run.all("retry").len(), bench.file("RESULT.txt").as_deref()), (1, 0, Some("It is 42")), "{}", run.out);
        assert_eq!(run.result()["error"], "the answer is not whole: 1 of its events could not be read");
    }
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
