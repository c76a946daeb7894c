//! What real agent programs printed, read by their built-in definitions.
//!
//! Recorded on 2026-11-20 against a loopback endpoint that tells the same usage each time: 1,234 tokens read, 1,000 of them cached, 56 written, 20 of
//! them thinking. docs/agents.md names the versions.

use std::{fs, path::Path};

use discord_orchestrator::config::{Flags, Surroundings, load_from};
use orchestrator_core::{
    domain::{agent::AgentDefinition, evidence::Collected, money::Usd, reading::ErrorClass},
    runner::{
        results::{self, Bounds},
        workspace::{Contents, Workspace},
    },
};

const ANSWER: &str = "FAKE-ANSWER: the result is 42.";

/// One agent's definition as it is built in.
fn built_in(name: &str) -> AgentDefinition {
    let home = tempfile::tempdir().expect("a temporary folder");
    let around = Surroundings { current_dir: home.path().to_owned(), this_program: "/opt/orchestrator".into(), ..Surroundings::default() };
    let config = load_from(&Flags::default(), &around).expect("nothing is configured, and nothing is wrong");
    config.agents.get(&name.parse().expect("a name")).expect("it is built in").clone()
}

/// What is collected after an agent has printed this and ended with that code.
fn read(agent: &str, printed: &[u8], exit: i32) -> Collected {
    let home = tempfile::tempdir().expect("a temporary folder");
    let task = "1443021398234771496".parse().expect("an id");
    let workspace = Workspace::new(home.path(), "agent-1-x", &task);
    workspace.create(&Contents { prompt: "T", agents_md: "", attachments: &[] }).expect("a workspace");
    let stdout = home.path().join("stdout");
    fs::write(&stdout, printed).expect("it is written");
    let definition = built_in(agent);
    let run = results::Run {
        workspace: &workspace,
        agent_id: "agent-1-x",
        task: &task,
        reading: &definition.reading,
        stdout: Some(&stdout),
        exit: Some(exit),
        attachments: &[],
    };
    results::collect(&run, &Bounds::DEFAULT)
}

fn sample(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/agents").join(name)).expect(name)
}

/// Text, tokens (in, out, cache read, cache written), cost in billionths of a dollar, model, session, as one line.
fn told(found: &Collected) -> String {
    let usage = found.spent.usage().map(|usage| format!("{}/{}/{}/{}", usage.input, usage.output, usage.cache_read, usage.cache_write));
    let models: Vec<&str> = found.spent.by_model.iter().filter_map(|(model, _)| model.as_deref()).collect();
    let cost = found.spent.cost.map(|cost| cost.nanos().to_string());
    let or_none = |word: Option<String>| word.unwrap_or_else(|| "-".to_owned());
    let session = or_none(found.session.clone());
    let text = if found.text == ANSWER { "42" } else { found.text.as_str() };
    format!("{text} | {} | {} | {} | {}", or_none(usage), or_none(cost), models.join(" "), session.get(..8).unwrap_or(&session))
}

#[test]
fn every_good_run_is_read_exactly() {
    for (agent, name, expected) in [
        ("openclaw-exec", "openclaw-agent-exec.json", "42 | 234/56/1000/0 | 1842000 | fake/fake-big | 98cad12e"),
        ("openclaw", "openclaw-agent-gateway.json", " | 234/56/1000/0 | 446000 | fake/fake-cheap | 41c506f9"),
        ("claude", "claude-print.json", "42 | 1234/56/1000/0 | 4842000 | claude-sonnet-4-5 | 6fb0e1b3"),
        ("claude", "claude-stream-json.jsonl", "42 | 1234/56/1000/0 | 4842000 | claude-sonnet-4-5 | 06782bc1"),
        ("claude", "claude-tool-turn.jsonl", "42 | 2468/112/2000/0 | 9684000 | claude-sonnet-4-5 | 11111111"),
        ("codex", "codex-exec.jsonl", "42 | 234/56/1000/0 | - |  | 01a1fb50"),
        ("codex", "codex-tool-turn.jsonl", "42 | 468/112/2000/0 | - |  | 01a1fb55"),
        ("opencode", "opencode-run.jsonl", "42 | 234/56/1000/0 | 446000 |  | ses_e04a"),
        ("opencode", "opencode-tool-turn.jsonl", "42 | 468/112/2000/0 | 892000 |  | ses_e04a"),
        ("gemini", "gemini-stream.jsonl", "42 | 234/56/1000/0 | - | gemini-2.5-flash | 84646120"),
        ("pi", "pi-json.jsonl", "42 | 234/56/1000/0 | 446000 | fake/fake-model | 01a1fb54"),
        ("pi", "pi-tool-turn.jsonl", "42 | 468/112/2000/0 | 892000 | fake/fake-model | 01a1fb55"),
    ] {
        let found = read(agent, &sample(name), 0);

        assert_eq!(told(&found), expected, "{name}");
        let answer = found.answer.unwrap_or_else(|| panic!("{name}: no answer"));
        assert_eq!((answer.ok, answer.error, answer.class), (true, None, None), "{name}");
        assert_eq!(found.remarks, Vec::<String>::new(), "{name}");
    }
}

#[test]
fn every_failed_run_is_known_for_what_it_was() {
    use ErrorClass::{Auth, RateLimit, Timeout, Transient};
    for (agent, name, exit, class, words) in [
        ("openclaw-exec", "openclaw-agent-exec.err401.json", 1, Auth, "Authentication failed"),
        ("openclaw-exec", "openclaw-agent-exec.timeout.json", 2, Timeout, "Request timed out"),
        ("claude", "claude.err401.json", 1, Auth, "401 fake invalid api key"),
        ("claude", "claude.err429.json", 1, RateLimit, "fake rate limit"),
        ("claude", "claude.err500.json", 1, Transient, "fake internal error"),
        ("codex", "codex.err401.jsonl", 1, Auth, "401 Unauthorized"),
        ("codex", "codex.err429.jsonl", 1, RateLimit, "429 Too Many Requests"),
        ("codex", "codex.err500.jsonl", 1, Transient, "high demand"),
        ("opencode", "opencode.err401.jsonl", 1, Auth, "fake invalid api key"),
        ("opencode", "opencode.err429.jsonl", 1, RateLimit, "fake rate limit"),
        // It ends with 0 all the same.
        ("pi", "pi.err401.jsonl", 0, Auth, "fake invalid api key"),
        ("pi", "pi.err429.jsonl", 0, RateLimit, "fake rate limit"),
        ("pi", "pi.err500.jsonl", 0, Transient, "fake internal error"),
    ] {
        let found = read(agent, &sample(name), exit);

        assert_eq!(found.text, "", "{name}");
        let answer = found.answer.unwrap_or_else(|| panic!("{name}: no answer"));
        assert_eq!(answer.class, Some(class), "{name}");
        assert!(answer.error.as_deref().is_some_and(|error| error.contains(words)), "{name}: {:?}", answer.error);
        assert!(agent == "openclaw-exec" || !answer.ok, "{name}");
    }
    let silent = read("opencode", &sample("opencode.err500.jsonl"), 1);
    assert_eq!((silent.answer, silent.spent.usage()), (None, None), "it printed nothing, and nothing is made up");
}

#[test]
fn a_stream_that_was_cut_is_read_as_far_as_it_goes_and_says_what_is_missing() {
    for (agent, name) in [
        ("claude", "claude-tool-turn.jsonl"),
        ("codex", "codex-tool-turn.jsonl"),
        ("opencode", "opencode-tool-turn.jsonl"),
        ("gemini", "gemini-stream.jsonl"),
        ("pi", "pi-tool-turn.jsonl"),
    ] {
        let whole = sample(name);
        let whole = whole.trim_ascii_end();
        let found = read(agent, &whole[..whole.len() - 10], 0);

        let answer = found.answer.unwrap_or_else(|| panic!("{name}: no answer"));
        assert!(!answer.ok || agent == "pi" || agent == "opencode", "{name}: its last line says that it succeeded");
        assert_eq!(
            found.remarks,
            ["1 line of its output is no whole JSON and could not be read: text, tokens or cost may be missing"],
            "{name}"
        );
    }
    let half = read("opencode", &sample("opencode-tool-turn.jsonl")[..1_500], 143);
    assert_eq!(half.spent.cost, Some(Usd::from_nanos(446_000)), "the first call was paid for");
}

#[test]
fn a_line_of_100_mb_is_passed_over_and_what_stands_behind_it_is_read() {
    let mut printed = b"{\"type\":\"item.completed\",\"item\":{\"type\":\"agent_message\",\"text\":\"".to_vec();
    printed.resize(100 << 20, b'x');
    printed.push(b'\n');
    printed.extend(sample("codex-exec.jsonl"));

    let found = read("codex", &printed, 0);

    assert_eq!(found.text, ANSWER);
    assert_eq!(found.spent.usage().map(|usage| usage.input), Some(234));
    assert!(found.remarks.iter().any(|remark| remark.contains("could not be read")), "{:?}", found.remarks);
}

#[test]
fn usage_that_is_missing_is_unknown_and_a_cost_that_is_a_guess_is_not_believed() {
    let told = "{\"type\":\"thread.started\",\"thread_id\":\"t\"}\n{\"type\":\"item.completed\",\"item\":{\"type\":\"agent_message\",\"text\":\"hi\"}}\n{\"type\":\"turn.completed\"}";
    let found = read("codex", told.as_bytes(), 0);
    assert_eq!((found.text.as_str(), found.spent.usage(), found.spent.cost), ("hi", None, None));

    let guess = "{\"type\":\"result\",\"is_error\":false,\"result\":\"hi\",\"total_cost_usd\":0.5,\"usage\":{\"input_tokens\":5},\"modelUsage\":{\"mine\":{\"costBasis\":\"unknown\"}}}";
    let found = read("claude", guess.as_bytes(), 0);
    assert_eq!((found.spent.cost, found.spent.usage().map(|usage| usage.input)), (None, Some(5)));
}

#[test]
fn tools_that_were_refused_are_told() {
    let denied = "{\"type\":\"result\",\"is_error\":false,\"result\":\"I may not.\",\"permission_denials\":[{\"tool_name\":\"Bash\"},{\"tool_name\":\"Bash\"}]}";

    assert_eq!(read("claude", denied.as_bytes(), 0).remarks, ["2 calls of tools were refused to the agent"]);
}
