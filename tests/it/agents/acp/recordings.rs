//! What real agents have said over the protocol, said again to the real program.
//!
//! Recorded on 2026-11-20 against a loopback endpoint that tells the same usage each time: 1,234 tokens read, 1,000 of them cached, 56 written, 20 of
//! them thinking. docs/agents.md names the versions.

use serde_json::{Value, json};

use super::{agent, fixture, trial};
use crate::world::Founding;

/// Outcome, text, tokens (in, out, cached, put there), cost, model, session, and what is remarked, as one line.
fn line(told: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let count = |key: &str| told["tokens"][key].as_u64().map_or_else(|| "?".to_owned(), |count| count.to_string());
    let tokens = ["input", "output", "cache_read", "cache_write"].map(count).join("/");
    let answer = if told["text"] == "FAKE-ANSWER: the result is 42." { "42".to_owned() } else { text(&told["text"]) };
    let session = text(&told["session"]).chars().take(8).collect::<String>();
    let remarks: Vec<&str> = told["remarks"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let parts =
        [text(&told["outcome"]), answer, tokens, text(&told["cost_by_agent_usd"]), text(&told["model"]), session, remarks.join("; ")];
    parts.join(" | ")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_real_agents_have_said_is_read_exactly() {
    // A hidden call makes a title, which is in the model's tokens and in the cost, and in no turn.
    let claude = "succeeded | 42 | 2468/112/2000/0 | $0.012512 | claude-opus-5-5 | 6929684f | ";
    for (recording, expected) in [
        ("acp_cl.jsonl", claude),
        ("acp_cl_perm.jsonl", "succeeded | 42 | 3702/168/3000/0 | $0.018768 | claude-opus-5-5 | c8816058 | "),
        ("acp_cx.jsonl", "succeeded | 42 | 234/56/1000/0 | - | fake-model | 01a1fb56 | "),
        ("acp_od.jsonl", "succeeded | 42 | 234/56/1000/0 | $0.000446 | fake/fake-model | ses_e04a | "),
        ("acp_gm.jsonl", "succeeded | 42 | 1234/56/0/0 | - | gemini-2.5-flash | 49469994 | "),
        ("ocgw_acp.jsonl", "succeeded | 42 | ?/?/?/? | - | - | c7b580a5 | "),
    ] {
        let world = Founding::new().config("agents.spoken", agent(&fixture(recording), &json!({}))).silent().await;

        let (code, told) = trial(&world, "spoken", &[]);

        assert_eq!((code, line(&told).as_str()), (0, expected), "{recording}: {told}");
        world.finish_unsaid().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_ends_its_turn_well_though_its_session_has_failed_is_not_believed() {
    let world = Founding::new().config("agents.spoken", agent(&fixture("acp_cx.err429.jsonl"), &json!({}))).silent().await;

    let (code, told) = trial(&world, "spoken", &[]);

    assert_eq!((code, &told["outcome"], &told["class"], &told["text"]), (3, &json!("failed"), &json!("rate_limit"), &json!("")), "{told}");
    assert!(
        told["reason"].as_str().is_some_and(|reason| reason.contains("exceeded retry limit, last status: 429 Too Many Requests")),
        "{told}"
    );
    world.finish_unsaid().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_whose_time_is_over_is_asked_to_end_its_turn_and_keeps_what_it_has_told() {
    for (recording, expected) in [
        ("acp_cl_cancel.jsonl", "timed_out |  | 2468/112/2000/0 | $0.012512 | claude-opus-5-5 | 3f78421d | "),
        ("acp_od_perm.jsonl", "timed_out |  | ?/?/?/? | - | - | ses_e04a | the agent does not tell what it had used when it was stopped"),
    ] {
        let world = Founding::new().config("agents.spoken", agent(&fixture(recording), &json!({}))).silent().await;

        let (_, told) = trial(&world, "spoken", &["--timeout", "2s"]);

        assert_eq!(line(&told), expected, "{recording}: {told}");
        assert_eq!(told["exit"], json!("code 143"), "its turn ended within the grace: {told}");
        world.finish_unsaid().await;
    }
}
