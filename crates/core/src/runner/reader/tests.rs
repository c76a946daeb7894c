//! Foreign output: what is whole is read, what is not is told.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::domain::{
    money::{Usage, Usd},
    reading::{Take, UsageRule},
};

fn rules(written: Value) -> Reading {
    serde_json::from_value(written).unwrap()
}

fn usage(input: u64, output: u64, cache_read: u64, cache_write: u64) -> Usage {
    Usage { input, output, cache_read, cache_write }
}

fn read(rules: &Reading, printed: &str) -> Reported {
    let mut reader = Reader::new(rules, 1_000);
    reader.printed(printed);
    reader.finish(Some(0))
}

fn sums() -> Reading {
    rules(json!({"format": "jsonl", "usage": {"where": {"/type": "turn"}, "take": "sum",
        "input": ["/usage/input", "/usage/input_tokens"], "output": "/usage/output", "cache_read": "/usage/cache", "model": "/model",
        "provider": "/provider", "cost": "/cost"}}))
}

fn turn(usage: &str) -> String {
    format!(r#"{{"type":"turn","provider":"openrouter","model":"x/y","usage":{usage}}}"#)
}

#[test]
fn all_calls_are_summed_by_the_model_that_answered() {
    let lines = [
        r#"{"type":"session","id":"s"}"#.to_owned(),
        r#"{"type":"other","usage":{"input":9999}}"#.to_owned(),
        turn(r#"{"input":1000,"output":200,"cache":10}"#),
        turn(r#"{"input_tokens":200,"output":100}"#),
        r#"{"type":"turn","model":"z","usage":{"input":1}}"#.to_owned(),
    ];

    let reported = read(&sums(), &lines.join("\n"));

    let expected = [(Some("openrouter/x/y".to_owned()), usage(1_200, 300, 10, 0)), (Some("z".to_owned()), usage(1, 0, 0, 0))];
    assert_eq!(reported.spent.by_model, expected);
    assert_eq!(reported.remarks, Vec::<String>::new());
}

#[test]
fn a_record_that_tells_the_sum_so_far_replaces_the_former() {
    let rules = rules(json!({"format": "jsonl", "usage": {"take": "last", "input": "/in", "cost": "/cost"}}));

    let spent = read(&rules, "{\"in\":5,\"cost\":0.1}\n{\"in\":7,\"cost\":0.3}\n{\"other\":1}").spent;

    assert_eq!((spent.usage(), spent.cost), (Some(usage(7, 0, 0, 0)), Some(Usd::from_nanos(300_000_000))));
}

#[test]
fn a_broken_line_is_told_and_a_word_between_is_passed_over() {
    let printed = format!("warning: x\n{{\"type\":\nnot json\n\n{}\n\u{feff}[1]\n7\n{}", turn(r#"{"input":5}"#), "{".repeat(300));

    let reported = read(&sums(), &printed);

    assert_eq!(reported.spent.usage(), Some(usage(5, 0, 0, 0)));
    assert_eq!(reported.remarks, ["2 lines of its output are no whole JSON and could not be read: text, tokens or cost may be missing"]);
}

#[test]
fn tokens_that_can_t_be_true_are_unknown_and_say_where_they_stood() {
    let counted = |given: &str| read(&sums(), &turn(given)).spent.usage();
    assert_eq!(counted(r#"{"input":12.7,"output":3e2}"#), Some(usage(12, 300, 0, 0)));
    assert_eq!(counted(r#"{"input":null}"#), None, "nothing is told");
    assert_eq!(counted(r#"{"input":1e400}"#), None, "no JSON number at all");

    for (given, remark) in [
        (r#"{"input":18446744073709551615,"output":1}"#, "18446744073709551615 at `/usage/input`"),
        (r#"{"input":-5,"output":1}"#, "-5 at `/usage/input`"),
        (r#"{"input":"a lot","output":1}"#, "\"a lot\" at `/usage/input`"),
        (r#"{"input":7,"output":"NaN"}"#, "\"NaN\" at `/usage/output`"),
        (r#"{"input":1e300,"output":[7]}"#, "1e+300 at `/usage/input`, [7] at `/usage/output`, which can't be true"),
    ] {
        let reported = read(&sums(), &turn(given));
        assert_eq!(reported.spent.usage(), None, "{given}: what is unknown is not 0");
        assert_eq!(reported.remarks.len(), 1, "{given}");
        assert!(reported.remarks[0].contains(remark), "{given}: {:?}", reported.remarks);
        assert!(reported.remarks[0].ends_with(": how many tokens there were is unknown"), "{given}: {:?}", reported.remarks);
    }
    let twice = read(&sums(), &[turn(r#"{"input":-5}"#), turn(r#"{"input":-6}"#)].join("\n"));
    assert!(twice.remarks[0].contains("-5 at `/usage/input` (and 1 more there)"), "{:?}", twice.remarks);
    let most = turn(r#"{"input":1000000000000000}"#);
    assert_eq!(read(&sums(), &[most.as_str(); 20].join("\n")).spent.usage(), Some(usage(20_000_000_000_000_000, 0, 0, 0)));
}

#[test]
fn one_call_whose_tokens_can_t_be_true_leaves_the_sum_unknown_but_what_is_known_so_far_is_seen() {
    let rules = sums();
    let mut reader = Reader::new(&rules, 0);

    reader.printed(&[turn(r#"{"input":5}"#), turn(r#"{"input":-5}"#)].join("\n"));

    assert_eq!(reader.spent().usage(), Some(usage(5, 0, 0, 0)));
    assert_eq!(reader.finish(Some(0)).spent.usage(), None);
    let last = Reading { usage: UsageRule { take: Take::Last, ..rules.usage }, ..rules };
    let mended = read(&last, &[turn(r#"{"input":-5}"#), turn(r#"{"input":7}"#)].join("\n"));
    assert_eq!(mended.spent.usage(), Some(usage(7, 0, 0, 0)), "a later sum replaces it");
}

#[test]
fn a_cost_that_is_no_amount_is_unknown_and_said() {
    let told = |cost: &str| {
        let printed = format!(r#"{{"type":"turn","usage":{{"input":1}},"cost":{cost}}}"#);
        let reported = read(&sums(), &printed);
        (reported.spent.cost, reported.remarks.concat())
    };

    assert_eq!(told("0"), (Some(Usd::ZERO), String::new()));
    for (cost, shown) in [("-1", "-1"), ("\"free\"", "\"free\""), ("1e30", "1e+30"), ("{}", "{}")] {
        assert_eq!(told(cost), (None, format!("its usage has {shown} at `/cost`, which can't be true")));
    }
}

#[test]
fn what_tokens_mean_is_as_the_rules_say() {
    let printed = r#"{"in":1234,"cached":1000,"out":36,"think":20,"total":1290}"#;
    let spent = |meaning: Value| {
        let mut usage = json!({"input": "/in", "output": "/out", "cache_read": "/cached"});
        usage.as_object_mut().unwrap().extend(meaning.as_object().unwrap().clone());
        read(&rules(json!({"format": "json", "usage": usage})), printed).spent.usage()
    };

    assert_eq!(spent(json!({})), Some(usage(1_234, 36, 1_000, 0)));
    assert_eq!(spent(json!({"input_includes_cached": true})), Some(usage(234, 36, 1_000, 0)));
    let apart = json!({"input_includes_cached": true, "reasoning": "/think", "output_includes_reasoning": false});
    assert_eq!(spent(apart), Some(usage(234, 56, 1_000, 0)));
    let untold = json!({"input_includes_cached": true, "total": "/total", "output_includes_reasoning": false});
    assert_eq!(spent(untold), Some(usage(234, 56, 1_000, 0)), "what is missing in the total was thinking");
}

#[test]
fn a_cost_that_only_some_calls_tell_is_no_sum() {
    let call = |cost: &str| format!(r#"{{"type":"turn","usage":{{"input":1}}{cost}}}"#);
    let cost = |calls: &[&str]| read(&sums(), &calls.iter().map(|cost| call(cost)).collect::<Vec<_>>().join("\n"));

    assert_eq!(cost(&[r#","cost":0.1"#, r#","cost":0.2"#]).spent.cost, Some(Usd::from_nanos(300_000_000)));
    let in_part = cost(&[r#","cost":0.1"#, "", r#","cost":0.2"#]);
    assert_eq!((in_part.spent.cost, in_part.remarks.len()), (None, 1));
    assert_eq!(cost(&["", ""]).spent.cost, None);
}

#[test]
fn a_cost_is_believed_where_the_rules_say_so() {
    let rules =
        rules(json!({"format": "json", "usage": {"input": "/in", "cost": "/cost", "cost_where": {"/by/*/basis": {"not": "unknown"}}}}));
    let cost = |basis: &str| read(&rules, &format!(r#"{{"in":1,"cost":0.5,"by":{{"m":{{"basis":"{basis}"}}}}}}"#)).spent.cost;

    assert_eq!((cost("list"), cost("unknown")), (Some(Usd::from_nanos(500_000_000)), None));
}

#[test]
fn text_is_the_first_the_last_or_all_of_it_up_to_the_bound() {
    let text = |take: &str| {
        let rules = rules(json!({"format": "jsonl", "text": {"where": {"/type": "text"}, "at": "/parts/*/t", "take": take, "join": "-"}}));
        let long = "ä".repeat(600);
        let printed = format!(
            "{{\"type\":\"text\",\"parts\":[{{\"t\":\"a\"}},{{\"t\":\"b\"}}]}}\n{{\"type\":\"x\",\"parts\":[]}}\n{{\"type\":\"text\",\"parts\":[{{\"t\":\"c{long}\"}}]}}"
        );
        read(&rules, &printed).text.unwrap()
    };

    assert_eq!(text("first"), ("a-b".to_owned(), 0));
    let (last, left_out) = text("last");
    assert_eq!((last.len(), last.starts_with("cä"), left_out), (999, true, 202), "no character is cut in two");
    let (all, left_out) = text("concat");
    assert_eq!((all.len(), all.starts_with("a-bcä"), left_out), (1_000, true, 204));
}

#[test]
fn the_first_rule_that_finds_words_counts() {
    let rules =
        rules(json!({"format": "json", "error": ["/error/message", "/error", {"where": {"/status": {"not": "ok"}}, "at": "/summary"}]}));
    let error = |printed: &str| read(&rules, printed).answer.unwrap().error;

    assert_eq!(error(r#"{"error":{"message":"m"},"summary":"s"}"#).as_deref(), Some("m"));
    assert_eq!(error(r#"{"error":"e","status":"bad","summary":"s"}"#).as_deref(), Some("e"));
    assert_eq!(error(r#"{"status":"bad","summary":"s"}"#).as_deref(), Some("s"));
    assert_eq!(error(r#"{"status":"ok","summary":"s"}"#), None);
}

#[test]
fn success_is_what_the_rules_require_and_don_t_refuse() {
    let rules = rules(json!({"format": "jsonl", "success": {"require": [{"/type": "done"}],
        "refuse": [{"/type": "failed"}, {"last": {"/type": "turn"}, "is": {"/stop": ["error", "aborted"]}}]}}));
    let ok = |printed: &str| read(&rules, printed).answer.map(|answer| answer.ok);

    assert_eq!(ok(r#"{"type":"done"}"#), Some(true));
    assert_eq!(ok(r#"{"type":"turn"}"#), Some(false), "it is required");
    assert_eq!(ok("{\"type\":\"failed\"}\n{\"type\":\"done\"}"), Some(false));
    assert_eq!(
        ok("{\"type\":\"turn\",\"stop\":\"error\"}\n{\"type\":\"turn\",\"stop\":\"end\"}\n{\"type\":\"done\"}"),
        Some(true),
        "the last counts"
    );
    assert_eq!(ok("{\"type\":\"turn\",\"stop\":\"error\"}\n{\"type\":\"done\"}"), Some(false));
    assert_eq!(ok("nothing"), None);
}

#[test]
fn an_error_s_class_comes_from_exit_status_or_words() {
    let rules = rules(json!({"format": "json", "error": "/error", "status": "/status", "success": {"require": [{"/ok": true}]},
        "classes": [{"class": "timeout", "exit": [2]}, {"class": "quota", "error": ["Out of credits", "quota"]}, {"class": "request", "status": [418]}]}));
    let class = |printed: &str, exit| {
        let mut reader = Reader::new(&rules, 10);
        reader.printed(printed);
        reader.finish(Some(exit)).answer.unwrap().class
    };

    assert_eq!(class(r#"{"ok":false}"#, 2), Some(ErrorClass::Timeout));
    assert_eq!(
        class(r#"{"ok":false,"error":"You are OUT OF CREDITS","status":429}"#, 1),
        Some(ErrorClass::Quota),
        "words before HTTP's own"
    );
    assert_eq!(class(r#"{"ok":false,"status":418}"#, 1), Some(ErrorClass::Request));
    assert_eq!(class(r#"{"ok":false,"status":401}"#, 1), Some(ErrorClass::Auth));
    assert_eq!(class(r#"{"ok":false,"status":"529"}"#, 1), Some(ErrorClass::Transient));
    assert_eq!(class(r#"{"ok":false}"#, 1), None);
    assert_eq!(class(r#"{"ok":true,"status":200}"#, 0), None);
}

#[test]
fn an_answer_is_found_behind_warnings() {
    let rules = rules(json!({"format": "json", "text": "/final"}));
    let answer = "{\"final\": \"42\",\n \"n\": {\"a\": 1}}";

    for printed in [answer.to_owned(), format!("(node:1) Warning: {{x\n{answer}\n"), format!("{{not it\n{answer}")] {
        assert_eq!(read(&rules, &printed).text, Some(("42".to_owned(), 0)), "{printed}");
    }
    for printed in ["", "done", "[1]", "{\"ok\":tr", "null"] {
        assert_eq!(read(&rules, printed).answer, None, "{printed:?}");
    }
}

#[test]
fn names_are_held_to_a_length() {
    let rules = rules(json!({"format": "json", "session": "/id", "model": {"keys": "/models"}, "usage": {"input": "/in"}}));

    let reported = read(&rules, &json!({"id": "s".repeat(9_000), "models": {"a": {}, "b": {}}, "in": 1}).to_string());

    assert_eq!(reported.session.unwrap().len(), WORDS);
    assert_eq!(reported.spent.by_model, [(Some("a, b".to_owned()), usage(1, 0, 0, 0))]);
}

proptest! {
    /// Whatever is printed, in whatever pieces of JSON, reading it ends and keeps to its bounds.
    #[test]
    fn nothing_that_is_printed_breaks_the_reader(lines in prop::collection::vec("[ -~]{0,60}|\\PC{0,20}|\\{\"type\":\"turn\",\"usage\":\\{\"input\":-?[0-9]{1,25}\\}\\}", 0..20)) {
        let rules = rules(json!({"format": "jsonl", "text": {"at": "", "take": "concat"}, "error": "/type", "usage": {"take": "sum", "input": "/usage/input"}}));
        let reported = read(&rules, &lines.join("\n"));
        prop_assert!(reported.text.is_none_or(|(text, _)| text.len() <= 1_000));
        prop_assert!(reported.spent.by_model.len() <= 1);
    }
}

#[test]
fn one_object_is_found_before_notices_and_behind_a_mark_of_its_encoding_and_what_is_none_is_told() {
    let rules = rules(json!({"format": "json", "text": "/t", "error": "/e"}));
    let read = |printed: &str| {
        let mut reader = Reader::new(&rules, 100);
        reader.printed(printed);
        reader.finish(Some(0))
    };
    for printed in ["warning\n{\"t\": \"yes\"}", "{\"t\": \"yes\"}\nan update is there {really}\n", "\u{feff}{\"t\": \"yes\"}"] {
        assert_eq!((read(printed).text, read(printed).remarks.len()), (Some(("yes".to_owned(), 0)), 0), "{printed}");
    }

    let none = read("usage: scribe [-h]");
    assert_eq!(none.remarks, ["its output is no JSON object and could not be read: text, tokens and cost may be missing"]);
    assert_eq!((read(" \n").remarks.len(), none.answer), (0, None));
    let answer = read(r#"{"e": {"message": "boom"}}"#).answer.unwrap();
    assert_eq!(answer.error.as_deref(), Some(r#"{"message":"boom"}"#), "an error is told whatever its shape");
    assert_eq!(read(r#"{"e": {}, "t": "yes"}"#).answer.unwrap().error, None);
}

#[test]
fn a_record_with_half_a_character_is_read() {
    let rules = rules(json!({"format": "jsonl", "text": "/answer", "usage": {"cost": "/d"}}));
    let mut reader = Reader::new(&rules, 100);

    reader.line(r#"{"answer": "cut \ud83d", "d": 0.5}"#);

    let read = reader.finish(Some(0));
    assert_eq!((read.text.unwrap().0.as_str(), read.spent.cost, read.remarks.len()), ("cut \u{fffd}", Some("0.5".parse().unwrap()), 0));
}

#[test]
fn no_more_of_joined_values_is_put_together_than_is_kept() {
    let rules = rules(json!({"format": "json", "text": {"at": "/t/*", "join": "-".repeat(100_000)}}));
    let mut reader = Reader::new(&rules, 10);

    reader.record(&json!({"t": vec![1; 1_000_000]}));

    // A hundred billion bytes, which no machine has.
    assert_eq!(reader.finish(Some(0)).text, Some(("1---------".to_owned(), 999_999 * 100_000 + 1_000_000 - 10)));
}
