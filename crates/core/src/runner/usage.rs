//! Reads what an agent reports of its tokens: `OpenClaw`'s session files and JSON answers, and the `USAGE.json` of any other program.
//!
//! A report is a foreign text: lines that can't be read are skipped and told, numbers that can't be true are held at what could be.

use std::io::{BufRead, BufReader, Read};

use serde_json::Value;

use super::plain_file::{self, Found};
use crate::domain::{
    evidence::{Answer, Spent},
    money::{PriceUnit, Usage, Usd},
};

/// Most bytes of one session file that are read.
const SESSION: u64 = 256 << 20;
/// Longest line of it that is read: one holds a whole turn.
const LINE: u64 = 16 << 20;
/// Most bytes of `USAGE.json` that are read.
pub const USAGE_LIMIT: u64 = 64 << 10;

/// What a report says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reported {
    /// Tokens and cost.
    pub spent: Spent,
    /// The agent's own verdict.
    pub answer: Option<Answer>,
    /// The text of its answer.
    pub text: Option<String>,
    /// What could not be read.
    pub remarks: Vec<String>,
}

/// Sums the turns of one `OpenClaw` session: lines `{"type":"message","message":{"role":"assistant","usage":{…}}}`.
pub fn of_session(path: &std::path::Path) -> Found<Reported> {
    match plain_file::open(path) {
        Found::Plain(file) => Found::Plain(of_lines(BufReader::new(file.take(SESSION)))),
        Found::Missing => Found::Missing,
        Found::Refused(why) => Found::Refused(why),
    }
}

fn of_lines(mut lines: impl BufRead) -> Reported {
    let mut reported = Reported::default();
    let (mut unreadable, mut odd) = (0_u64, 0_u64);
    let mut line = Vec::new();
    loop {
        line.clear();
        match (&mut lines).take(LINE).read_until(b'\n', &mut line) {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) => {
                reported.remarks.push(format!("the session file could not be read to its end: {error}"));
                break;
            }
        }
        let text = line.trim_ascii();
        if text.is_empty() {
            continue;
        }
        let Ok(entry) = serde_json::from_slice::<Value>(text) else {
            unreadable += 1;
            continue;
        };
        let message = &entry["message"];
        if entry["type"] == "message" && message["role"] == "assistant" && message["usage"].is_object() {
            let model = model_of(message);
            reported.spent.add(model.as_deref(), tokens(&message["usage"], &mut odd));
        }
    }
    if unreadable > 0 {
        reported.remarks.push(format!("{unreadable} unreadable lines of the session file were skipped: tokens may be missing"));
    }
    told(odd, &mut reported.remarks);
    reported
}

/// Reads `OpenClaw`'s JSON answer, of `agent exec` or of an agent in the Gateway, from what a program printed. `None`: there is none in it.
pub fn of_answer(printed: &str) -> Option<Reported> {
    let answer = object_in(printed)?;
    let (mut reported, mut odd) = (Reported::default(), 0);
    let meta = &answer["result"]["meta"]["agentMeta"];
    let (source, texts) = if meta.is_object() { (meta, &answer["result"]["payloads"]) } else { (&answer, &answer["payloads"]) };
    if !(answer["ok"].is_boolean() || answer["status"].is_string()) {
        return None;
    }
    if source["usage"].is_object() {
        let model = model_of(source);
        reported.spent.add(model.as_deref(), tokens(&source["usage"], &mut odd));
    }
    reported.spent.cost = dollars(&source["costUsd"]).or_else(|| dollars(&source["usage"]["cost"]["total"]));
    let ok = answer["ok"].as_bool().unwrap_or(true) && answer["status"].as_str().is_none_or(|status| status == "ok");
    let error =
        answer["error"]["message"].as_str().or_else(|| answer["error"].as_str()).or_else(|| answer["summary"].as_str().filter(|_| !ok));
    reported.answer = Some(Answer { ok, error: error.filter(|_| !ok).map(|error| error.chars().take(500).collect()) });
    let payloads: Vec<&str> = texts.as_array().into_iter().flatten().filter_map(|payload| payload["text"].as_str()).collect();
    let text = answer["final"].as_str().map_or_else(|| payloads.join("\n\n"), str::to_owned);
    reported.text = Some(text).filter(|text| ok && !text.trim().is_empty());
    told(odd, &mut reported.remarks);
    Some(reported)
}

/// Reads `USAGE.json`: `{"input": …, "output": …, "cache_read": …, "cache_write": …, "model": …, "cost_usd": …}`, with `OpenClaw`'s names too.
///
/// # Errors
///
/// Why it can't be read, as the end of a sentence.
pub fn of_usage_file(bytes: &[u8]) -> Result<Reported, String> {
    let usage: Value = serde_json::from_slice(bytes).map_err(|error| format!("it is not JSON: {error}"))?;
    if !usage.is_object() {
        return Err("it is not a JSON object".to_owned());
    }
    let (mut reported, mut odd) = (Reported::default(), 0);
    let counts = if usage["usage"].is_object() { &usage["usage"] } else { &usage };
    if KINDS.iter().flatten().any(|name| !counts[*name].is_null()) {
        reported.spent.add(model_of(&usage).as_deref(), tokens(counts, &mut odd));
    }
    reported.spent.cost = dollars(&usage["cost_usd"]).or_else(|| dollars(&usage["costUsd"]));
    told(odd, &mut reported.remarks);
    Ok(reported)
}

/// The names of each kind of tokens: in, out, cache read, cache written.
const KINDS: [[&str; 2]; 4] =
    [["input", "input_tokens"], ["output", "output_tokens"], ["cacheRead", "cache_read"], ["cacheWrite", "cache_write"]];

fn tokens(counts: &Value, odd: &mut u64) -> Usage {
    let [input, output, cache_read, cache_write] = KINDS.map(|[first, second]| {
        let given = if counts[first].is_null() { &counts[second] } else { &counts[first] };
        count(given, odd)
    });
    Usage { input, output, cache_read, cache_write }
}

/// A number of tokens; a fraction is dropped, what is negative or no number counts as none and is noted.
fn count(given: &Value, odd: &mut u64) -> u64 {
    /// More tokens than any run has had: beyond it a number is a mistake.
    const MOST: f64 = 1e15;
    match (given.as_u64(), given.as_f64()) {
        (Some(number), _) => number,
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the guard leaves numbers that fit")]
        (None, Some(number)) if (0.0..=MOST).contains(&number) => number as u64,
        (None, None) if given.is_null() => 0,
        _ => {
            *odd += 1;
            0
        }
    }
}

/// Dollars as they are stated: a number that is written exactly, not a float's nearest neighbour.
fn dollars(given: &Value) -> Option<Usd> {
    let number = given.as_number()?;
    // Read as if it were a price per million: billionths of a dollar, rounded half up.
    let nanos = PriceUnit::PerMillion.read(&number.to_string())?;
    i64::try_from(nanos).ok().map(Usd::from_nanos)
}

/// `provider/model` where both are named.
fn model_of(source: &Value) -> Option<String> {
    let model = source["model"].as_str().filter(|model| !model.is_empty() && model.len() <= 200)?;
    match source["provider"].as_str().filter(|provider| !provider.is_empty() && provider.len() <= 100) {
        Some(provider) if !model.starts_with(&format!("{provider}/")) => Some(format!("{provider}/{model}")),
        _ => Some(model.to_owned()),
    }
}

/// The JSON object that a text is, or ends with: programs print warnings before their answer.
fn object_in(printed: &str) -> Option<Value> {
    /// How many lines that could begin it are tried.
    const TRIES: usize = 50;
    let read = |text: &str| serde_json::from_str::<Value>(text.trim()).ok().filter(Value::is_object);
    let begins = printed.match_indices('{').map(|(at, _)| at).filter(|at| *at == 0 || printed.as_bytes()[at - 1] == b'\n');
    read(printed).or_else(|| begins.take(TRIES).find_map(|at| read(&printed[at..])))
}

fn told(odd: u64, remarks: &mut Vec<String>) {
    if odd > 0 {
        remarks.push(format!("{odd} token counts were no counts and were left out"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(input: u64, output: u64, cache_read: u64, cache_write: u64) -> Usage {
        Usage { input, output, cache_read, cache_write }
    }

    fn turn(usage: &str) -> String {
        format!(r#"{{"type":"message","message":{{"role":"assistant","provider":"openrouter","model":"x/y","usage":{usage}}}}}"#)
    }

    #[test]
    fn all_turns_of_a_session_are_summed() {
        let lines = [
            r#"{"type":"session","id":"s"}"#.to_owned(),
            r#"{"type":"message","message":{"role":"user","usage":{"input":9999}}}"#.to_owned(),
            turn(r#"{"input":1000,"output":200,"cacheRead":10,"cacheWrite":1,"total":1211}"#),
            turn(r#"{"input":200,"output":100}"#),
        ];

        let reported = of_lines(lines.join("\n").as_bytes());

        assert_eq!(reported.spent.by_model, [(Some("openrouter/x/y".to_owned()), usage(1_200, 300, 10, 1))]);
        assert_eq!(reported.remarks, Vec::<String>::new());
    }

    #[test]
    fn a_malformed_line_is_skipped_and_told() {
        let lines = format!("{{\"type\":\nnot json\n\n{}\n\u{feff}[1]{}", turn(r#"{"input":5}"#), "{".repeat(300));

        let reported = of_lines(lines.as_bytes());

        assert_eq!(reported.spent.usage(), Some(usage(5, 0, 0, 0)));
        assert_eq!(reported.remarks, ["3 unreadable lines of the session file were skipped: tokens may be missing"]);
    }

    #[test]
    fn numbers_that_can_t_be_true_are_held() {
        for (given, counted, told) in [
            (r#"{"input":18446744073709551615,"output":1}"#, usage(u64::MAX, 1, 0, 0), false),
            (r#"{"input":12.7,"output":3e2}"#, usage(12, 300, 0, 0), false),
            (r#"{"input":-5,"output":1}"#, usage(0, 1, 0, 0), true),
            (r#"{"input":1e300,"output":"7"}"#, usage(0, 0, 0, 0), true),
            (r#"{"input":null}"#, usage(0, 0, 0, 0), false),
        ] {
            let reported = of_lines(turn(given).as_bytes());
            assert_eq!(reported.spent.usage(), Some(counted), "{given}");
            assert_eq!(!reported.remarks.is_empty(), told, "{given}");
        }
        assert_eq!(of_lines(turn(r#"{"input":1e400}"#).as_bytes()).spent.usage(), None, "no JSON number at all");
        let twice = [turn(r#"{"input":18446744073709551615}"#), turn(r#"{"input":1}"#)].join("\n");
        assert_eq!(of_lines(twice.as_bytes()).spent.usage(), Some(usage(u64::MAX, 0, 0, 0)), "the sum does not wrap");
    }

    #[test]
    fn a_session_without_an_answer_leaves_the_tokens_unknown() {
        assert_eq!(of_lines(&b"{\"type\":\"session\"}\n"[..]).spent.usage(), None);
        assert_eq!(of_lines(&b""[..]), Reported::default());
    }

    const EXEC: &str = r#"{"ok":true,"status":"ok","final":"The result is 42.","payloads":[{"text":"The result is 42.","mediaUrl":null}],
        "usage":{"input":234,"output":56,"cacheRead":1000,"cacheWrite":0,"reasoningTokens":20,"total":1290,"cost":{"total":0.000446}},
        "costUsd":0.0018419999999999999,"assistantTurns":1,"model":"fake-big","provider":"fake","sessionId":"98cad12e"}"#;
    const GATEWAY: &str = r#"{"runId":"15399e94","status":"ok","summary":"completed","result":{"payloads":[{"text":"The result is 42.","mediaUrl":null}],
        "meta":{"durationMs":2380,"agentMeta":{"sessionId":"41c5","provider":"fake","model":"fake-cheap",
        "usage":{"input":234,"output":56,"cacheRead":1000,"cacheWrite":0,"total":1290,"cost":{"total":0.000446}},"costUsd":0.000446},"aborted":false}}}"#;

    #[test]
    fn both_json_answers_of_openclaw_are_read() {
        for (printed, model, cost) in [(EXEC, "fake/fake-big", 1_842_000), (GATEWAY, "fake/fake-cheap", 446_000)] {
            for around in [printed.to_owned(), format!("(node:1) Warning: {{x\n{printed}\n")] {
                let reported = of_answer(&around).expect("an answer");

                assert_eq!(reported.spent.by_model, [(Some(model.to_owned()), usage(234, 56, 1_000, 0))]);
                assert_eq!(reported.spent.cost, Some(Usd::from_nanos(cost)));
                assert_eq!(reported.answer, Some(Answer { ok: true, error: None }));
                assert_eq!(reported.text.as_deref(), Some("The result is 42."));
            }
        }
    }

    #[test]
    fn an_answer_that_tells_of_an_error_has_no_text() {
        let failed = r#"{"ok":false,"status":"error","final":"","payloads":[],"model":null,"error":{"message":"Authentication failed","kind":"exception"}}"#;
        let late = r#"{"ok":false,"status":"timeout","final":"","payloads":[{"text":"Request timed out","isError":true}],"error":{"message":"Request timed out"}}"#;

        for (printed, error) in [(failed, "Authentication failed"), (late, "Request timed out")] {
            let reported = of_answer(printed).expect("an answer");
            assert_eq!(reported.answer, Some(Answer { ok: false, error: Some(error.to_owned()) }));
            assert_eq!((reported.text, reported.spent.usage()), (None, None));
        }
    }

    #[test]
    fn what_is_no_answer_is_taken_for_none() {
        for printed in ["", "done", "{}", "[1]", r#"{"usage":{"input":1}}"#, "{\"ok\":tr", "null"] {
            assert_eq!(of_answer(printed), None, "{printed:?}");
        }
    }

    #[test]
    fn a_usage_file_is_read_with_both_spellings() {
        let read = |text: &str| of_usage_file(text.as_bytes());
        let expected = vec![(Some("m".to_owned()), usage(1, 2, 3, 4))];

        let reported = read(r#"{"input":1,"output":2,"cache_read":3,"cache_write":4,"model":"m","cost_usd":0.5}"#).unwrap();
        assert_eq!((reported.spent.by_model, reported.spent.cost), (expected.clone(), Some(Usd::from_nanos(500_000_000))));
        assert_eq!(
            read(r#"{"usage":{"input_tokens":1,"output_tokens":2,"cacheRead":3,"cacheWrite":4},"model":"m"}"#).unwrap().spent.by_model,
            expected
        );
        assert_eq!(read("{}").unwrap().spent.usage(), None);
        assert!(read("[]").is_err() && read("{").is_err() && read("\u{0}").is_err());
        assert_eq!(read(r#"{"input":1,"cost_usd":-3}"#).unwrap().spent.cost, None);
    }
}
