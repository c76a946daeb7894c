//! `orchestrator agents`, and runs of agents that print what real ones have printed.

use std::{path::PathBuf, process::Stdio};

use serde_json::{Value, json};

use crate::world::{Founding, World};

/// Prints a recorded run and ends as it ended.
const REPLAY: &str = "#!/bin/sh\ncat > seen-on-stdin\ncat \"$1\"\nexit \"$2\"\n";

fn replay(agent: &str, sample: &str, exit: i32) -> Founding {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/agents").join(sample);
    let definition = json!({"command": "./replay.sh", "args": [path, exit.to_string()]});
    Founding::new().program("replay.sh", REPLAY).config(&format!("agents.{agent}"), definition)
}

async fn tried(founding: Founding, args: &[&str]) -> (i32, Value) {
    let world = founding.silent().await;
    let args: Vec<&str> = ["agents", "test", "--json"].iter().chain(args).copied().collect();
    let (code, out, err) = world.run(&args);
    let told = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}{err}"));
    world.finish_unsaid().await;
    (code, told)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_shows_what_was_read_of_an_agent() {
    let (code, told) = tried(replay("pi", "pi-tool-turn.jsonl", 0), &["pi"]).await;

    assert_eq!((code, &told["outcome"], &told["text"]), (0, &json!("succeeded"), &json!("FAKE-ANSWER: the result is 42.")));
    assert_eq!(told["tokens"], json!({"input": 468, "output": 112, "cache_read": 2000, "cache_write": 0}));
    assert_eq!((&told["cost_usd"], &told["model"]), (&json!("$0.000892"), &json!("fake/fake-model")));
    assert_eq!((&told["session"], &told["exit"]), (&json!("01a1fb55-2a6e-7067-9330-583a5e797ebe"), &json!("code 0")));
    assert!(told["peak_rss_kib"].as_u64() > Some(0) && told["wall_ms"].is_u64() && told["cpu_ms"].is_u64(), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_known_by_the_agent_s_own_rule_even_where_its_exit_code_says_success() {
    let (code, told) = tried(replay("pi", "pi.err401.jsonl", 0), &["pi"]).await;

    assert_eq!((code, &told["outcome"], &told["class"]), (3, &json!("failed"), &json!("auth")));
    let reason = told["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("fake invalid api key") && reason.contains("its key or login was refused"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_has_a_home_files_and_a_prompt_of_its_own_and_leaves_nothing() {
    const PROBE: &str = "#!/bin/sh\necho \"home $HOME\"\necho \"xdg ${XDG_CONFIG_HOME-none}\"\ncat \"$HOME/.tool/settings.json\"\necho\n\
                         cat told.md | head -1\necho \"prompt $(cat)\"\necho \"effort $1\"\nls\nls -A \"$HOME\"\n";
    let definition = json!({
        "command": "./probe.sh", "args": [["{thinking}"]], "stdin": "prompt", "home": "own",
        "thinking": {"low": "a-little"},
        "files": {"{home}/.tool/settings.json": {"folder": "{task_dir}"}, "{task_dir}/told.md": "{instructions}"},
    });
    let founding =
        || Founding::new().program("probe.sh", PROBE).env("XDG_CONFIG_HOME", "/elsewhere").config("agents.probe", definition.clone());

    let (code, told) = tried(founding(), &["probe", "--text", "Say hello", "--thinking", "low"]).await;

    let text = told["text"].as_str().unwrap_or_default();
    assert_eq!(code, 0, "{told}");
    for part in ["/home\n", "xdg none\n", "\"folder\": \"/", "# How you work\n", "prompt Say hello\n", "effort a-little\n", "\n.tool"] {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
    let home = text.lines().next().and_then(|line| line.strip_prefix("home ")).unwrap_or_default();
    assert!(home.starts_with('/') && !PathBuf::from(home).exists(), "{home} was left behind");
    let (_, told) = tried(founding(), &["probe", "--thinking", "high"]).await;
    assert!(told["text"].as_str().is_some_and(|text| text.contains("effort \n")), "a level without a word is not passed on: {told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_t_be_tried_says_why() {
    let world = Founding::new().config("agents.gone", json!({"command": "no-such-program-here"})).silent().await;

    let (code, _, err) = world.run(&["agents", "test", "nobody"]);
    assert!(code == 7 && err.contains("no agent `nobody`") && err.contains("script"), "{code} {err}");
    let (code, _, err) = world.run(&["agents", "test", "gone"]);
    assert!(code == 3 && err.contains("could not be started") && err.contains("was not found"), "{code} {err}");
    let (code, _, err) = world.run(&["agents", "test", "claude", "--model", "sonet"]);
    assert!(code == 1 && err.contains("sonet") && err.contains("sonnet"), "{code} {err}");
    world.finish_unsaid().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_tells_which_agents_can_be_run_here() {
    let world = Founding::new().env("PATH", "/usr/bin:/bin").silent().await;

    let (code, out, _) = world.run(&["agents", "list", "--json"]);
    let told: Value = serde_json::from_str(&out).expect("JSON");
    let of = |name: &str| told["agents"].as_array().into_iter().flatten().find(|agent| agent["name"] == name).cloned().expect(name);
    assert_eq!(
        (code, &told["default"], &of("script")["ready"], &of("script")["default"]),
        (0, &json!("script"), &json!(true), &json!(true))
    );
    assert!(of("llm")["why_not"].as_str().is_some_and(|why| why.contains("OPENROUTER_API_KEY")), "{}", of("llm"));
    let (_, words, _) = world.run(&["agents", "list"]);
    assert!(words.starts_with("AGENT") && words.contains("script*") && words.contains("Not ready:"), "{words}");
    world.finish_unsaid().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_s_result_has_the_text_tokens_and_cost_that_its_agent_told() {
    let world = replay("claude", "claude-tool-turn.jsonl", 0).start().await;

    let task = world.say("What is 6 times 7? [agent:claude] [model:sonnet]");

    let entry = world.entry(task).await;
    for part in
        ["**[SUCCESS]**", "FAKE-ANSWER: the result is 42.", "2,468 in / 112 out (cache 2,000 read)", "$0.009684", "claude-sonnet-4-5"]
    {
        assert!(entry.content.contains(part), "{part:?} is not in {}", entry.content);
    }
    assert_eq!(world.task_text(task, "seen-on-stdin"), "What is 6 times 7?");
    assert!(!entry.content.contains("CLAUDE.md"), "what it was given is no work of its: {}", entry.content);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_key_is_not_tried_a_second_time_and_a_busy_provider_is() {
    for (sample, attempts) in [("codex.err401.jsonl", 1), ("codex.err429.jsonl", 2)] {
        let world = replay("codex", sample, 1).config("attempts.task", json!(2)).start().await;

        let task = world.say("Try [agent:codex]");

        world.entry(task).await;
        let (_, out, _) = world.run(&["status", &task.to_string(), "--json"]);
        let told: Value = serde_json::from_str(&out).expect("JSON");
        assert_eq!(told["attempts"].as_array().map(Vec::len), Some(attempts), "{sample}: {told}");
        world.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_that_failed_shows_the_end_of_its_log_and_does_not_advise_itself() {
    let failing = |script: &str, output: Value| {
        let founding = Founding::new().program("odd.sh", &format!("#!/bin/sh\n{script}\n")).env("ODD_KEY", "a-key-of-odds");
        founding.config("agents.odd", json!({"command": "./odd.sh", "secrets": ["ODD_KEY"], "output": output}))
    };
    let world =
        failing("printf 'key %s\\n' $ODD_KEY; printf '\\033[31merror: unknown option --json\\n' >&2; exit 2", json!({})).silent().await;

    let (code, words, err) = world.run(&["agents", "test", "odd"]);
    assert!(code == 3 && words.contains("\nThe end of its log:\n") && words.contains("\nerror: unknown option --json\n"), "{words}{err}");
    assert!(!words.contains("a-key-of-odds") && !words.contains('\u{1b}'), "{words}");
    let (_, out, _) = world.run(&["agents", "test", "odd", "--json"]);
    let told: Value = serde_json::from_str(&out).expect("JSON");
    let log = told["log_tail"].as_str().unwrap_or_default();
    assert!(log.contains("error: unknown option --json") && !log.contains("a-key-of-odds"), "{told}");
    world.finish_unsaid().await;

    let expecting = json!({"format": "jsonl", "text": "/answer", "success": {"require": [{"/done": true}]}});
    let (_, told) = tried(failing("echo hello", expecting), &["odd"]).await;
    let reason = told["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("nothing of what its definition expects") && !reason.contains("agents test"), "{told}");
    let (_, told) = tried(failing("echo 42", json!({})), &["odd"]).await;
    assert_eq!((&told["outcome"], &told["log_tail"]), (&json!("succeeded"), &Value::Null));
}

/// The world of a trial whose temporary folder lies in it, and the folder.
async fn around_a_trial(script: &str) -> World {
    let program = format!("#!/bin/sh\n{script}\n");
    let mut world = Founding::new().program("odd.sh", &program).config("agents.odd", json!({"command": "./odd.sh"})).silent().await;
    let tmp = world.dir().join("tmp");
    std::fs::create_dir(&tmp).expect("a folder");
    world.set_env("TMPDIR", &tmp.display().to_string());
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_removes_its_trial_s_folders_is_ended_with_a_reason_and_leaves_nothing() {
    let world =
        around_a_trial("cd \"$TMPDIR/../../../..\"; root=$(pwd); cd /; rm -rf \"$root\"; echo $$ > \"$HOME/pid\"; exec sleep 600").await;

    let (code, out, err) = world.run(&["agents", "test", "odd", "--json"]);

    let told: Value = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}{err}"));
    assert_eq!((code, &told["outcome"]), (6, &json!("interrupted")), "{told}");
    assert!(told["reason"].as_str().is_some_and(|why| why.contains("was removed while it ran")), "{told}");
    let pid = std::fs::read_to_string(world.dir().join("pid")).expect("a process's number");
    assert!(!PathBuf::from(format!("/proc/{}", pid.trim())).exists(), "it lives");
    assert_eq!(std::fs::read_dir(world.dir().join("tmp")).expect("a folder").count(), 0);
    world.finish_unsaid().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_s_folder_that_can_t_be_removed_is_named() {
    let world = around_a_trial("cd \"$TMPDIR/../../../..\"; root=$(pwd); cd /; rm -rf \"$root\"; echo mine > \"$root\"").await;

    let (_, words, err) = world.run(&["agents", "test", "odd"]);

    let left = world.shell("ls $PWD/tmp/*");
    assert!(
        words.lines().any(|line| line.starts_with("left ") && line.contains(left.trim()) && line.contains("could not be removed")),
        "{words}{err}"
    );
    world.finish_unsaid().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_ends_with_its_tester_however_that_ends() {
    let world = around_a_trial("setsid sleep 600 & echo $! > \"$HOME/tool\"; echo $$ > \"$HOME/leader\"; exec sleep 600").await;
    let alive = |world: &World, name: &str| {
        let pid = std::fs::read_to_string(world.dir().join(name)).unwrap_or_default();
        pid.ends_with('\n') && PathBuf::from(format!("/proc/{}", pid.trim())).exists()
    };
    let mut tester = world.command(&["agents", "test", "odd", "--timeout", "10m"]).stderr(Stdio::null()).spawn().expect("it starts");
    world.until("the agent runs", |world| alive(world, "leader") && alive(world, "tool")).await;

    tester.kill().expect("it is killed");
    tester.wait().expect("it ends");

    world.until("the agent has ended with all it has started", |world| !alive(world, "leader") && !alive(world, "tool")).await;
    world.finish_unsaid().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_tells_which_secret_is_missing() {
    let world = Founding::new().program("odd.sh", "#!/bin/sh\necho 42\n");
    let world = world.config("agents.odd", json!({"command": "./odd.sh", "secrets": ["ODD_KEY"]})).silent().await;

    let (code, _, err) = world.run(&["agents", "test", "odd"]);

    assert!(code == 0 && err.contains("no value for \"ODD_KEY\" was found"), "{code} {err}");
    let (_, help, _) = world.run(&["agents", "test", "--help"]);
    assert!(help.contains("3 also where the agent could not be started"), "{help}");
    world.finish_unsaid().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_removes_its_folder_in_the_middle_of_a_task_ends_interrupted() {
    let world = World::new().await;

    let task = world.say("echo half of it > RESULT.txt; rm -rf \"$(cd \"$TMPDIR/..\" && pwd)\"; exec sleep 600");

    let entry = world.entry(task).await.content;
    for part in ["**[INTERRUPTED]**", "was removed while it ran", "half of it"] {
        assert!(entry.contains(part), "{part:?} is not in {entry}");
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_built_in_is_shown_by_where_it_is_defined() {
    let world = Founding::new().silent().await;
    let folder = world.dir().join("agents/scribe");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("agent.json"), "{\"command\": \"sh\"}").expect("a definition");

    let (code, _, err) = world.run(&["agents", "show", "scribe"]);
    assert!(code == 7 && err.contains("it is defined in") && err.contains("agents/scribe/agent.json"), "{code} {err}");
    let (_, _, err) = world.run(&["agents", "show", "script"]);
    assert!(err.contains("orchestrator_config.json"), "{err}");
    let (_, _, err) = world.run(&["agents", "show", "nobody"]);
    assert!(err.contains("There is no agent `nobody`"), "{err}");
    world.finish_unsaid().await;
}
