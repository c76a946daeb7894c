//! Slips in agent definitions: what is said of them, what is never repeated, and where the way out leads.

use super::{Machine, tells};

fn with(agents: &str) -> Machine {
    Machine::new().file("orchestrator_config.json", format!("{{\"agents\": {agents}}}"))
}

#[test]
fn no_complaint_repeats_what_an_agent_is_given() {
    let key = "sk-live-0123456789";
    for (definition, at, parts) in [
        (r#""env": ["API_KEY=sk-live-0123456789"]"#, "env", ["is a list of 1 element", "it must be an object"]),
        (r#""env": "API_KEY=sk-live-0123456789""#, "env", ["is a text of 26 characters", "it must be an object"]),
        (r#""env": {"A": ["sk-live-0123456789"]}"#, "env.A", ["is a list of 1 element", "it must be a text"]),
        (r#""env": {"A=sk-live-0123456789": ""}"#, "env.A", ["variable's name", ""]),
        (r#""files": ["sk-live-0123456789"]"#, "files", ["is a list of 1 element", "it must be an object"]),
        (r#""files": "sk-live-0123456789""#, "files", ["is a text of 18 characters", "it must be an object"]),
        (r#""secrets": "sk-live-0123456789""#, "secrets", ["is a text of 18 characters", "it must be a list"]),
        (r#""secrets": {"A": "sk-live-0123456789"}"#, "secrets", ["is an object of 1 key", "it must be a list"]),
        (r#""secrets": ["sk-live-0123456789"]"#, "secrets[0]", ["is a text of 18 characters", "its NAME here"]),
    ] {
        let in_file = with(&format!(r#"{{"x": {{"command": "sh", {definition}}}}}"#)).faults();
        let in_folder = Machine::new().file("agents/x/agent.json", format!(r#"{{"command": "sh", {definition}}}"#)).faults();
        for (faults, at) in [(in_file, format!("`agents.x.{at}`")), (in_folder, format!("`{at}`"))] {
            assert!(faults.len() == 1 && tells(&faults, &[&at, parts[0], parts[1]]), "{definition}: {faults:#?}");
            assert!(!tells(&faults, &[key]), "{definition}: {faults:#?}");
        }
    }
    let warnings = with(r#"{"x": {"command": "sh", "secrets": ["sk_live_0123456789"]}}"#).warnings();
    assert!(tells(&warnings, &["`agents.x.secrets[0]` is a text of 18 characters", "no value for"]), "{warnings:#?}");
    assert!(!tells(&warnings, &["sk_live"]), "{warnings:#?}");
}

#[test]
fn what_stands_in_an_agent_s_files_is_not_shown_and_their_names_are() {
    let files = r#"{"{task_dir}/a.json": {"apiKey": "sk-live-1"}, "{task_dir}/b": "sk-live-2", "{task_dir}/c": 5}"#;
    let definition = format!(r#"{{"command": "sh", "secrets": ["A_KEY", "sk_live_3"], "files": {files}}}"#);
    for machine in [with(&format!(r#"{{"x": {definition}}}"#)), Machine::new().file("agents/x/agent.json", &definition)] {
        for name in ["a.json", "b", "c"] {
            assert_eq!(machine.setting(&format!("agents.x.files.\"{{task_dir}}/{name}\"")).0, "(set, not shown)");
        }
        assert_eq!(machine.setting("agents.x.secrets").0, "[\"A_KEY\",\"(set, not shown)\"]");
        let settings = format!("{:?}", machine.config().settings);
        assert!(!settings.contains("sk-live") && !settings.contains("apiKey") && !settings.contains("sk_live"), "{settings}");
    }
}

#[test]
fn a_key_in_the_wrong_place_or_by_another_name_is_led_to_its_own() {
    for (definition, key, way_out) in [
        (
            r#""isolation": {"file_system": "workspace"}"#,
            "isolation",
            "Its keys (file_system, network, …) stand directly in the definition",
        ),
        (r#""format": "json""#, "format", "Did you mean `output.format`?"),
        (r#""text": "/a""#, "text", "Did you mean `output.text`?"),
        (r#""usage": {}"#, "usage", "Did you mean `output.usage`?"),
        (r#""error": "/e""#, "error", "Did you mean `output.error`?"),
        (r#""classes": []"#, "classes", "Did you mean `output.classes`?"),
        (r#""cmd": "sh""#, "cmd", "Did you mean `command`?"),
        (r#""model": "a/b""#, "model", "Did you mean `default_model`?"),
        (r#""memory": 64"#, "memory", "Did you mean `memory_mb`?"),
        (r#""timeout": 60"#, "timeout", "`TIMEOUT` in discord-config.env"),
        (r#""checks": {"a": {"command": "true", "timeout": 5}}"#, "checks.a.timeout", "Did you mean `timeout_seconds`?"),
    ] {
        let faults = with(&format!(r#"{{"x": {{"command": "sh", {definition}}}}}"#)).faults();
        assert!(faults.len() == 1 && tells(&faults, &[&format!("`agents.x.{key}`: unknown key"), way_out]), "{definition}: {faults:#?}");
    }
    let of_none = with(r#"{"claud": {"args": []}}"#).faults();
    assert!(tells(&of_none, &["`agents.claud`", "it needs a `command`", "Did you mean `claude`?"]), "{of_none:#?}");
}

#[test]
fn what_is_wanted_is_said_in_plain_words() {
    let faults = with(r#"{"x": {"command": "sh", "output": {"success": {"exit": ["0"]}}}}"#).faults();

    assert!(tells(&faults, &["`agents.x.output.success.exit[0]` is \"0\", but it must be a whole number"]), "{faults:#?}");
    assert!(!tells(&faults, &["i32"]), "{faults:#?}");
}

#[test]
fn of_a_definition_that_can_t_be_read_no_key_is_missed() {
    let unread = |machine: Machine| {
        let faults = machine.faults();
        assert!(faults.len() == 1 && tells(&faults, &["~root/agents/x/agent.json"]), "{faults:#?}");
    };

    unread(Machine::new().file("agents/x/agent.json", "{\"command\": \"sh\",, }"));
    unread(Machine::new().file("agents/x/agent.json", "[]"));
    unread(Machine::new().file("agents/x/agent.json", " ".repeat(5 << 20)));
    unread(Machine::new().file("agents/x/agent.json/no-file", ""));
    let above = Machine::new()
        .file("orchestrator_config.json", "{\"agents\": {\"x\": {\"command\": \"sh\"}},,}")
        .file("agents/x/AGENTS.md", "Be brief.");
    assert_eq!(above.faults().len(), 1, "{:#?}", above.faults());
}

#[test]
fn the_orchestrator_s_own_class_is_no_definition_s() {
    let class = |class: &str| {
        with(&format!(r#"{{"x": {{"command": "sh", "output": {{"classes": [{{"class": "{class}", "exit": [1]}}]}}}}}}"#)).faults()
    };

    let own = class("check_failed");
    assert!(
        own.len() == 1 && tells(&own, &["`agents.x.output.classes[0].class` is \"check_failed\"", "the orchestrator's own"]),
        "{own:#?}"
    );
    let unknown = class("nope");
    assert!(tells(&unknown, &["\"auth\"", "\"request\""]) && !tells(&unknown, &["check_failed"]), "{unknown:#?}");
}

#[test]
fn rules_that_find_nothing_or_everything_are_told() {
    let faults = |output: &str| with(&format!(r#"{{"x": {{"command": "sh", "output": {{"format": "jsonl", {output}}}}}}}"#)).faults();
    for (output, parts) in [
        (r#""success": {"exit": []}"#, ["`agents.x.output.success.exit`", "no run is ever a good one"]),
        (r#""success": {"exit": [0, 256]}"#, ["`agents.x.output.success.exit[1]` is \"256\"", "from 0 to 255"]),
        (r#""classes": [{"class": "auth", "exit": [-1]}]"#, ["`agents.x.output.classes[0].exit[0]` is \"-1\"", "from 0 to 255"]),
        (r#""classes": [{"class": "auth", "error": ""}]"#, ["`agents.x.output.classes[0].error`", "an empty word is in every error"]),
        (r#""classes": [{"class": "auth", "error": ["a", " "]}]"#, ["`agents.x.output.classes[0].error[1]`", "an empty word"]),
        (r#""text": {"at": "/a", "take": "sum"}"#, ["`agents.x.output.text.take` is \"sum\"", "\"concat\" puts them together"]),
        (r#""text": ["/b", {"at": "/a", "take": "sum"}]"#, ["`agents.x.output.text[1].take`", "words have no sum"]),
        (r#""usage": {"input": "/in", "take": "concat"}"#, ["`agents.x.output.usage.take` is \"concat\"", "\"sum\" adds them up"]),
    ] {
        let faults = faults(output);
        assert!(faults.len() == 1 && tells(&faults, &parts), "{output}: {faults:#?}");
    }

    let warnings = |output: &str| with(&format!(r#"{{"demo": {{"output": {output}}}}}"#)).warnings();
    for (output, parts) in [
        (
            r#"{"text": "/a", "usage": {"input": "/in"}}"#,
            ["with the format \"text\" nothing is read by `text`, `usage`", "`agents.demo.output.format`"],
        ),
        (r#"{"format": "result_file", "error": "/e"}"#, ["with the format \"result_file\" nothing is read by `error`", "\"jsonl\""]),
        (r#"{"format": "json", "classes": [{"class": "auth"}]}"#, ["`agents.demo.output.classes[0]`", "it has no condition"]),
    ] {
        let told = warnings(output);
        assert!(tells(&told, &parts), "{output}: {told:#?}");
    }
    for fine in ["{}", r#"{"format": "jsonl", "text": "/a"}"#, r#"{"classes": [{"class": "auth", "exit": [41]}]}"#, "\"pi\""] {
        assert!(!tells(&warnings(fine), &["agents.demo.output"]), "{fine}: {:#?}", warnings(fine));
    }
}

#[test]
fn a_slip_in_a_placeholder_is_told_in_files_too_and_braces_of_their_own_are_left_to_them() {
    let faults = |files: &str| with(&format!(r#"{{"x": {{"command": "sh", "files": {files}}}}}"#)).faults();

    let in_path = faults(r#"{"{task_dir}/{nope}": "x"}"#);
    assert!(in_path.len() == 1 && tells(&in_path, &["there is no placeholder {nope}", "Known: {task_text}"]), "{in_path:#?}");
    let content = r#"{"{task_dir}/a": {"folder": "{task_dri}"}, "{task_dir}/b": "{\"a\":1} {user} {} {x"}"#;
    let in_content = with(&format!(r#"{{"demo": {{"files": {content}}}}}"#)).warnings();
    assert!(tells(&in_content, &["there is no placeholder {task_dri}", "Did you mean {task_dir}?"]), "{in_content:#?}");
    assert!(!tells(&in_content, &["/b"]), "{in_content:#?}");
    let machine = with(r#"{"x": {"command": "sh", "env": {"A": "{sk_live_0123456789}"}}}"#);
    assert!(tells(&machine.faults(), &["`agents.x.env.A`", "is no placeholder"]) && !tells(&machine.faults(), &["sk_live"]));
    with(
        r#"{"x": {"command": "sh", "files": {"{task_dir}/a": "{\"a\":1} {user} {} {x", "{task_dir}/{model_name}.json": {"a": {"b": 1}}}}}"#,
    )
    .config();
}
