//! Turns with tools: what the model asks for is done, what came of it is told, and the last answer is the result.

use std::{fs, os::unix::fs::symlink};

use serde_json::{Value, json};

use super::{Bench, KEY, call, endpoint::Reply};

#[test]
fn a_model_writes_a_file_runs_a_command_and_answers() {
    let bench = Bench::answering(vec![
        Reply::tools(
            "I work.",
            &[
                call("a", "write_file", &json!({ "path": "src/täst.txt", "content": "six\nseven \"42\"\n" })),
                call("b", "run_command", &json!({ "command": "cat src/*.txt; echo trouble >&2; exit 3" })),
            ],
        )
        .costing(0.1),
        Reply::text("It is **42**.").costing(0.2),
    ]);
    fs::write(bench.path("AGENTS.md"), "Answer in verse.").unwrap();

    let run = bench.run();

    assert_eq!((run.code, run.err.as_str()), (0, ""), "{}", run.out);
    assert_eq!(bench.file("src/täst.txt").unwrap(), "six\nseven \"42\"\n");
    assert_eq!(bench.file("RESULT.txt").unwrap(), "It is **42**.");
    assert_eq!(bench.endpoint.told(), ["wrote 15 bytes", "exit code 3; it printed:\nsix\nseven \"42\"\ntrouble\n"]);
    let used = json!({ "input": 234, "output": 56, "cache_read": 1000, "reasoning": 20 });
    let model = "vendor/model-1-0925";
    assert_eq!(
        run.lines,
        [
            json!({ "type": "session", "model": "vendor/model-1" }),
            json!({ "type": "text", "delta": "I work." }),
            json!({ "type": "call", "model": model, "usage": used, "cost_usd": 0.1 }),
            json!({ "type": "tool_start", "id": "a", "tool": "write_file", "title": "src/täst.txt" }),
            json!({ "type": "tool_end", "id": "a", "tool": "write_file", "ok": true, "title": "wrote 15 bytes" }),
            json!({ "type": "tool_start", "id": "b", "tool": "run_command", "title": "cat src/*.txt; echo trouble >&2; exit 3" }),
            json!({ "type": "tool_end", "id": "b", "tool": "run_command", "ok": false, "title": "exit 3" }),
            json!({ "type": "text", "delta": "It is **42**." }),
            json!({ "type": "call", "model": model, "usage": used, "cost_usd": 0.2 }),
            json!({ "type": "result", "ok": true, "text": "It is **42**." }),
        ]
    );
    assert_eq!(
        bench.file("USAGE.json").unwrap(),
        "{\"cache_read\":2000,\"cache_write\":0,\"cost_usd\":0.3,\"input\":468,\"model\":\"vendor/model-1-0925\",\"output\":112}\n"
    );
    assert_eq!(bench.endpoint.authorization(), format!("Bearer {KEY}"));
    let bodies = bench.endpoint.bodies();
    let names: Vec<&Value> = bodies[0]["tools"].as_array().unwrap().iter().map(|tool| &tool["function"]["name"]).collect();
    assert_eq!(names, ["list_files", "read_file", "write_file", "edit_file", "run_command"]);
    assert!(bodies[0]["messages"][0]["content"].as_str().unwrap().ends_with("AGENTS.md of the working folder says:\n\nAnswer in verse."));
    assert_eq!(bodies[0]["messages"][1], json!({ "role": "user", "content": "What is six times seven?" }));
    let asked = &bodies[1]["messages"][2];
    assert_eq!((&asked["role"], &asked["content"], &asked["tool_calls"][1]["id"]), (&json!("assistant"), &json!("I work."), &json!("b")));
    assert_eq!(bodies[1]["messages"][3]["tool_call_id"], "a");
}

#[test]
fn a_result_that_the_model_has_written_itself_is_kept() {
    for write in [
        call("a", "write_file", &json!({ "path": "RESULT.txt", "content": "the whole report" })),
        call("a", "run_command", &json!({ "command": "printf 'the whole report' > RESULT.txt" })),
    ] {
        let replies = vec![Reply::tools("I write the report.", &[write]), Reply::text("The report is in RESULT.txt.")];
        let bench = Bench::answering(replies);

        let run = bench.run();

        assert_eq!(bench.file("RESULT.txt").unwrap(), "the whole report");
        assert_eq!(run.result(), &json!({ "type": "result", "ok": true, "text": "The report is in RESULT.txt." }));
    }
}

#[test]
fn file_tools_reach_nothing_outside_the_working_folder() {
    let bench = Bench::answering(vec![]);
    let absolute = bench.folder.path().join("outside.txt").display().to_string();
    let read = |path: &str| call(path, "read_file", &json!({ "path": path }));
    let write = |path: &str| call(path, "write_file", &json!({ "path": path, "content": "changed" }));
    let calls = [
        read("../outside.txt"),
        read(&absolute),
        read("link"),
        read("up/outside.txt"),
        write("../outside.txt"),
        write("link"),
        write("up/new"),
    ];
    let replies = vec![Reply::tools("", &calls), Reply::text("I could not.")];
    let bench = Bench { endpoint: super::Endpoint::start(replies), ..bench };
    symlink("../outside.txt", bench.path("link")).unwrap();
    symlink("..", bench.path("up")).unwrap();

    let run = bench.run();

    assert_eq!(run.code, 0, "{}", run.err);
    let told = bench.endpoint.told();
    let reasons =
        ["has `..` in it", "is an absolute path", "symbolic link", "symbolic link", "has `..` in it", "symbolic link", "symbolic link"];
    for (told, reason) in told.iter().zip(reasons) {
        assert!(told.starts_with("error: ") && told.contains(reason), "{told}");
    }
    assert_eq!((told.len(), run.tools().iter().filter(|(ok, _)| *ok).count()), (reasons.len(), 0));
    assert_eq!(fs::read_to_string(bench.folder.path().join("outside.txt")).unwrap(), "outside");
    assert!(!bench.folder.path().join("new").exists());
}

#[test]
fn calls_that_can_t_be_carried_out_are_told_to_the_model() {
    let mut broken = call("a", "write_file", &json!({}));
    broken["function"]["arguments"] = json!("{\"path\": \"x\", \"content\": \"never en");
    let calls = [broken, call("b", "write_file", &json!({ "path": "x" })), call("c", "format_disk", &json!({}))];
    let bench = Bench::answering(vec![Reply::tools("", &calls), Reply::text("Sorry.")]);

    let run = bench.run();

    assert_eq!(run.code, 0, "{}", run.err);
    let told = bench.endpoint.told();
    assert!(told[0].starts_with("error: the arguments of write_file can't be read: EOF"), "{told:?}");
    assert!(told[1].starts_with("error: the arguments of write_file can't be read: missing field `content`"), "{told:?}");
    assert_eq!(told[2], "error: there is no tool `format_disk`; there are: list_files, read_file, write_file, edit_file, run_command");
    let repeated = &bench.endpoint.bodies()[1]["messages"][2]["tool_calls"][0]["function"]["arguments"];
    assert_eq!(repeated, "{}", "what is no JSON is not sent back: there are endpoints that refuse it");
}

#[test]
fn only_the_tools_that_are_allowed_are_offered_and_carried_out() {
    let write = call("a", "write_file", &json!({ "path": "x", "content": "y" }));
    let bench = Bench::answering(vec![Reply::tools("", &[write]), Reply::text("I can't.")]).with("LLM_TOOLS", "read");

    let run = bench.run();

    assert_eq!((run.code, bench.file("x")), (0, None));
    assert_eq!(bench.endpoint.told(), ["error: there is no tool `write_file`; there are: list_files, read_file"]);

    let bench = Bench::answering(vec![Reply::text("42")]).with("LLM_TOOLS", "none");
    assert_eq!((bench.run().code, bench.file("RESULT.txt").as_deref()), (0, Some("42")));
    assert_eq!(bench.endpoint.bodies()[0]["tools"], Value::Null, "there are endpoints that don't know the word");
}

#[test]
fn a_model_that_never_stops_asking_is_stopped() {
    let again = |text: &str| Reply::tools(text, &[call("a", "run_command", &json!({ "command": "date +%N" }))]);

    let bench = Bench::answering(vec![again("I look at the time.")]).with("LLM_MAX_TURNS", "4");
    let run = bench.run();
    assert_eq!((run.code, bench.endpoint.bodies().len(), run.tools().len()), (1, 4, 3));
    assert!(run.result()["error"].as_str().unwrap().contains("(LLM_MAX_TURNS)"), "{}", run.out);
    assert_eq!((bench.usage()["output"].as_u64(), bench.file("RESULT.txt").as_deref()), (Some(224), Some("I look at the time.")));

    let same = Reply::tools("", &[call("a", "run_command", &json!({ "command": "echo the same" }))]);
    let bench = Bench::answering(vec![same]);
    let run = bench.run();
    assert_eq!((run.code, bench.endpoint.bodies().len()), (1, 6));
    assert!(run.err.contains("the model repeats itself"), "{}", run.err);
    assert!(bench.endpoint.told()[2].contains("exactly this 3 times"), "{:?}", bench.endpoint.told());
}

#[test]
fn old_results_are_shortened_before_the_conversation_grows_too_long() {
    let mut replies: Vec<Reply> = (0..20)
        .map(|turn| {
            let print = json!({ "command": format!("printf 'begin {turn} '; head -c 29000 /dev/zero | tr '\\0' x") });
            Reply::tools("", &[call("a", "run_command", &print)])
        })
        .collect();
    replies.push(Reply::text("Done."));
    let bench = Bench::answering(replies);

    let run = bench.run();

    assert_eq!(run.code, 0, "{}", run.err);
    let told = bench.endpoint.told();
    let length = |told: &[String]| told.iter().map(String::len).sum::<usize>();
    assert!(length(&told) <= 430_000 && told.len() == 20, "{}", length(&told));
    assert!(told[0].starts_with("exit code 0; it printed:\nbegin 0 x"), "{}", &told[0][..60]);
    assert!(told[0].ends_with("bytes, was left out.]") && told[0].len() < 1_200, "{}", told[0].len());
    assert!(told[19].len() > 29_000, "the newest is whole");
}
