//! Agent definitions: built in, changed, added; their programs and what they may know.

use std::{fs, time::Duration};

use discord_orchestrator::config::Config;
use orchestrator_core::domain::{
    acp::Protocol,
    agent::{AgentDefinition, Home, Stdin},
    isolation::FileSystem,
    permission::Policy,
    reading::Format,
};

use super::{DISCORD, Machine, TOKEN, tells};

fn agent(config: &Config, name: &str) -> AgentDefinition {
    config.agents.get(&name.parse().unwrap()).unwrap_or_else(|| panic!("no agent {name}")).clone()
}

fn flat(definition: &AgentDefinition) -> String {
    definition.args.concat().join(" ")
}

fn with(agents: &str) -> Machine {
    Machine::new().file("orchestrator_config.json", format!("{{\"agents\": {agents}}}"))
}

#[test]
fn openclaw_is_called_as_in_the_seed_and_told_where_its_configuration_is() {
    let machine =
        Machine::new().program("bin/openclaw").file("openclaw.json", "{gateway: {auth: {token: 'gw'}}, env: {OPENROUTER_API_KEY: 'k'}}");
    let config = machine.config();
    let openclaw = agent(&config, "openclaw");

    assert_eq!(openclaw.program, Ok(machine.path("bin/openclaw")));
    assert!(
        flat(&openclaw).starts_with("agent --session-id {agent_id}-{task_id} --message {message} --model {model} --thinking {thinking}")
    );
    assert_eq!(openclaw.env["OPENCLAW_MODEL"], "{model}");
    assert_eq!(openclaw.env["OPENCLAW_STATE_DIR"], "{workspace}");
    assert_eq!(openclaw.env["OPENCLAW_CONFIG_PATH"], "{config}");
    assert_eq!(openclaw.secrets.keys().collect::<Vec<_>>(), ["OPENCLAW_GATEWAY_TOKEN"]);
    assert_eq!((openclaw.reading.format, openclaw.isolation.file_system, openclaw.soft_signal), (Format::Json, FileSystem::Full, 15));
    assert!(
        openclaw.reading.text.0.is_empty() && openclaw.reading.sessions.is_some(),
        "its work is in RESULT.txt, its tokens in its sessions"
    );
    assert_eq!(config.agents.default.as_str(), "openclaw");
    assert!(config.agents.default_because.contains("OpenClaw"));

    let exec = agent(&config, "openclaw-exec");
    assert!(flat(&exec).starts_with("agent exec {message} --config {config} --cwd {task_dir}"));
    assert_eq!((exec.reading.text.0.len(), exec.secrets["OPENROUTER_API_KEY"].expose()), (2, "k"));
}

#[test]
fn without_openclaw_the_demonstration_is_the_default_and_says_why() {
    let config = Machine::new().config();

    assert_eq!(config.agents.default.as_str(), "demo");
    assert!(config.agents.default_because.contains("was not found") && config.agents.default_because.contains("asks no model"));
    assert!(agent(&config, "openclaw").program.unwrap_err().contains("OPENCLAW_BIN"));
    let demo = agent(&config, "demo");
    assert_eq!((demo.program, flat_of(&demo.args)), (Ok("/opt/orchestrator".into()), "__agent demo".to_owned()));
    assert!(demo.secrets.is_empty() && !demo.reports_usage);
}

fn flat_of(args: &[Vec<String>]) -> String {
    args.concat().join(" ")
}

#[test]
fn a_wrong_openclaw_bin_is_told_and_not_passed_over() {
    let machine = Machine::new().program("bin/openclaw").file("plain.txt", "").variable("OPENCLAW_BIN", "./plain.txt");

    assert!(agent(&machine.config(), "openclaw").program.unwrap_err().contains("no execute permission"));
    assert!(tells(&machine.warnings(), &["environment OPENCLAW_BIN", "no execute permission"]), "{:?}", machine.warnings());
    assert_eq!(machine.config().agents.default.as_str(), "demo");
}

#[test]
fn programs_are_found_where_installers_put_them_and_find_their_interpreter() {
    let machine = Machine::new()
        .program("home/.nvm/versions/node/v9.1.0/bin/openclaw")
        .program("home/.nvm/versions/node/v24.2.0/bin/openclaw")
        .program("home/.local/bin/claude");
    let config = machine.config();

    let newest = machine.path("home/.nvm/versions/node/v24.2.0/bin");
    let openclaw = agent(&config, "openclaw");
    assert_eq!(openclaw.program, Ok(newest.join("openclaw")));
    assert_eq!(openclaw.env["PATH"], format!("{}:{}", newest.display(), machine.path("bin").display()));
    let found: Vec<&str> = config.programs.iter().map(|program| program.name).collect();
    assert!(found.contains(&"openclaw") && found.contains(&"claude"), "{found:?}");
}

#[test]
fn what_the_configuration_says_of_a_built_in_agent_replaces_that_alone() {
    let config =
        with("{\"demo\": {\"env\": {\"DEMO_SECONDS\": \"0\"}, \"max_concurrent\": 2}, \"openclaw\": {\"grace_seconds\": 0}}").config();

    let demo = agent(&config, "demo");
    assert_eq!((demo.env["DEMO_SECONDS"].as_str(), demo.max_concurrent, demo.grace), ("0", Some(2), Duration::from_secs(10)));
    assert_eq!(flat(&demo), "__agent demo");
    assert_eq!(agent(&config, "openclaw").grace, Duration::ZERO);
}

#[test]
fn any_program_can_be_an_agent() {
    let machine = Machine::new().program("bin/work").program("root/tools/mine").file(
        "orchestrator_config.json",
        "{\"grace_seconds\": 4, \"agents\": {
            \"one\": {\"command\": \"work\", \"args\": [\"-p\", [\"--model\", \"{model}\"], \"{}\"], \"stdin\": true, \"soft_signal\": \"SIGINT\"},
            \"two\": {\"command\": \"./tools/mine\", \"file_system\": \"workspace\", \"output\": \"openclaw_exec\"},
            \"gone\": {\"command\": \"nowhere-to-be-found\"}}, \"default_agent\": \"one\"}",
    );
    let config = machine.config();

    let one = agent(&config, "one");
    assert_eq!(one.args, [vec!["-p".to_owned()], vec!["--model".to_owned(), "{model}".to_owned()], vec!["{}".to_owned()]]);
    assert_eq!(
        (one.program, one.stdin, one.soft_signal, one.grace),
        (Ok(machine.path("bin/work")), Stdin::Task, 2, Duration::from_secs(4))
    );
    let two = agent(&config, "two");
    assert_eq!((two.program, two.isolation.file_system), (Ok(machine.root().join("./tools/mine")), FileSystem::Workspace));
    assert_eq!(two.reading, agent(&config, "openclaw-exec").reading);
    assert!(agent(&config, "gone").program.unwrap_err().contains("was not found"));
    assert!(tells(&machine.warnings(), &["`agents.gone.command`", "was not found"]));
    assert_eq!(config.agents.default.as_str(), "one");
    assert_eq!(
        config.agents.names(),
        [
            "chat",
            "claude",
            "claude-acp",
            "codex",
            "codex-acp",
            "demo",
            "gemini",
            "gemini-acp",
            "gone",
            "llm",
            "one",
            "openclaw",
            "openclaw-exec",
            "opencode",
            "opencode-acp",
            "pi",
            "two"
        ]
    );
}

#[test]
fn an_agent_that_is_spoken_with_is_a_few_lines_and_keys_that_do_not_fit_are_told() {
    let machine = with("{\"x\": {\"command\": \"sh\", \"protocol\": \"acp\", \"permissions\": \"allow\", \"start_seconds\": 9}}");
    let spoken = agent(&machine.config(), "x");
    let Protocol::Acp(acp) = &spoken.protocol else { panic!("{:?}", spoken.protocol) };
    assert_eq!((acp.permissions, acp.start_within, acp.answer_within), (Policy::Allow, Duration::from_secs(9), Duration::from_secs(600)));
    assert!(spoken.models.is_some(), "a model of the catalogue would mean nothing to it");
    assert_eq!(agent(&machine.config(), "claude").protocol, Protocol::Plain);

    let faults = |agents: &str| with(agents).faults();
    let unfit =
        faults("{\"x\": {\"command\": \"sh\", \"protocol\": \"acp\", \"stdin\": \"task\", \"output\": \"pi\", \"permission_seconds\": 0}}");
    assert!(tells(&unfit, &["`agents.x.stdin`", "means nothing with `protocol: acp`"]), "{unfit:?}");
    assert!(tells(&unfit, &["`agents.x.output`"]) && tells(&unfit, &["`agents.x.permission_seconds`", "from 1 to 86400"]), "{unfit:?}");
    let unfit = faults("{\"x\": {\"command\": \"sh\", \"permissions\": \"ask\"}, \"pi\": {\"protocol\": \"http\"}}");
    assert!(tells(&unfit, &["`agents.x.permissions`", "Set `protocol` to \"acp\""]), "{unfit:?}");
    assert!(tells(&unfit, &["agents.pi.protocol", "acp"]), "{unfit:?}");
}

#[test]
fn secrets_come_from_the_environment_the_env_file_or_openclaw_and_only_by_name() {
    let machine = with("{\"x\": {\"command\": \"sh\", \"secrets\": [\"A\", \"B\", \"C\", \"D\"]}, \"y\": {\"command\": \"sh\"}}")
        .file("discord-config.env", "A=file\nB=file\nD=your-key\n")
        .file("openclaw.json", "{env: {B: 'openclaw', C: 'openclaw', OPENROUTER_API_KEY: 'k'}}")
        .variable("A", "environment");
    let config = machine.config();

    let secrets: Vec<(String, String)> =
        agent(&config, "x").secrets.into_iter().map(|(name, value)| (name, value.expose().to_owned())).collect();
    assert_eq!(secrets, [("A", "environment"), ("B", "file"), ("C", "openclaw")].map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert!(agent(&config, "y").secrets.is_empty() && agent(&config, "demo").secrets.is_empty());
    assert!(tells(&machine.warnings(), &["`agents.x.secrets[3]`", "no value for \"D\""]), "{:?}", machine.warnings());
}

#[test]
fn no_definition_can_give_an_agent_a_token_of_ours() {
    let by_name =
        with("{\"x\": {\"command\": \"sh\", \"env\": {\"ORCHESTRATOR_AGENT_TOKEN\": \"x\"}, \"secrets\": [\"WORKER2_TOKEN\"]}}").faults();
    let by_value = with(&format!("{{\"x\": {{\"command\": \"sh\", \"args\": [\"{TOKEN}\"], \"secrets\": [\"INNOCENT\"]}}}}"))
        .file("discord-config.env", format!("{DISCORD}INNOCENT={TOKEN}\n"))
        .faults();

    assert_eq!(by_name.len(), 2, "{by_name:?}");
    assert_eq!(by_value.len(), 2, "{by_value:?}");
    assert!(!tells(&by_value, &[TOKEN]), "{by_value:?}");
}

#[test]
fn the_agent_s_environment_is_an_allow_list() {
    let machine = Machine::with_discord()
        .variable("LC_ALL", "C.UTF-8")
        .variable("TZ", "UTC")
        .variable("ORCHESTRATOR_AGENT_TOKEN", "other-token")
        .variable("OPENROUTER_API_KEY", "key")
        .variable("AWS_SECRET_ACCESS_KEY", "aws")
        .variable("LANG", "other-token")
        .variable("https_proxy", "http://user:pass@proxy:1")
        .variable("http_proxy", "http://proxy:1");

    let names: Vec<String> = machine.config().agent_environment.into_iter().map(|(name, _)| name).collect();

    assert_eq!(names, ["HOME", "LC_ALL", "PATH", "TZ", "http_proxy"]);
}

#[test]
fn chat_gets_the_one_key_of_its_one_endpoint() {
    let none = Machine::new().config();
    assert!(agent(&none, "chat").program.unwrap_err().contains("OPENROUTER_API_KEY"));

    let router = Machine::new().file("openclaw.json", "{env: {OPENROUTER_API_KEY: 'k'}}").config();
    assert_eq!(agent(&router, "chat").secrets["OPENROUTER_API_KEY"].expose(), "k");
    assert!(router.agents.default_because.contains("chat"), "{}", router.agents.default_because);

    let other = Machine::new().file("openclaw.json", "{env: {OPENROUTER_API_KEY: 'k'}}").variable("LLM_BASE_URL", "http://127.0.0.1:1/v1");
    let chat = agent(&other.config(), "chat");
    assert!(chat.program.is_ok() && chat.secrets.is_empty());
    assert_eq!(chat.env["LLM_BASE_URL"], "http://127.0.0.1:1/v1");
}

#[test]
fn a_demonstration_that_is_given_a_key_asks_a_model() {
    let demo = agent(&with("{\"demo\": {\"secrets\": [\"OPENROUTER_API_KEY\"]}}").variable("OPENROUTER_API_KEY", "k").config(), "demo");

    assert_eq!((demo.env["ORCH_MODEL"].as_str(), demo.reports_usage, demo.secrets.len()), ("{model}", true, 1));
}

#[test]
fn a_secret_that_stands_in_the_file_is_warned_about() {
    let agents =
        "{\"x\": {\"command\": \"sh\", \"env\": {\"API_KEY\": \"sk-123456789\", \"KEY_FILE\": \"/run/key\", \"A_TOKEN\": \"{task_id}\"}}}";
    let warnings = with(agents).program("bin/sh").file("openclaw.json", "{}").warnings();

    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(tells(&warnings, &["`agents.x.env.API_KEY`", "Put it into discord-config.env"]) && !tells(&warnings, &["sk-123"]));
}

#[test]
fn a_program_that_is_a_folder_is_none() {
    let machine = Machine::new();
    fs::create_dir(machine.path("bin/openclaw")).unwrap();

    assert!(agent(&machine.config(), "openclaw").program.unwrap_err().contains("is no file"));
}

#[test]
fn a_folder_of_its_own_defines_an_agent_and_its_instructions() {
    let machine = Machine::new()
        .program("root/agents/scribe/run.sh")
        .file(
            "agents/scribe/agent.json",
            "{\"command\": \"agents/scribe/run.sh\", \"stdin\": \"prompt\", \"env\": {\"A\": \"1\", \"B\": \"1\"}, // yes\n}",
        )
        .file("agents/scribe/AGENTS.md", "Write briefly.")
        .file("agents/claude/AGENTS.md", "Mind the tests.")
        .file("agents/README.md", "no agent")
        .file("orchestrator_config.json", "{\"agents\": {\"scribe\": {\"env\": {\"B\": \"2\"}, \"max_concurrent\": 3}}}");
    let config = machine.config();

    let scribe = agent(&config, "scribe");
    assert_eq!((scribe.program, scribe.stdin), (Ok(machine.root().join("agents/scribe/run.sh")), Stdin::Prompt));
    assert_eq!(
        (scribe.env["A"].as_str(), scribe.env["B"].as_str(), scribe.max_concurrent),
        ("1", "2", Some(3)),
        "the configuration is above it"
    );
    assert_eq!(scribe.instructions.as_deref(), Some("Write briefly."));
    assert_eq!(agent(&config, "claude").instructions.as_deref(), Some("Mind the tests."));
}

#[test]
fn a_mistake_in_a_definition_is_told_with_its_path_and_what_was_meant() {
    let mistakes = |definition: &str| with(&format!("{{\"x\": {definition}}}")).faults();
    let told = |definition: &str, parts: &[&str]| {
        let mistakes = mistakes(definition);
        assert!(tells(&mistakes, parts), "{definition}: {mistakes:?}");
    };

    told(
        "{\"command\": \"sh\", \"output\": {\"format\": \"jsonl\", \"usage\": {\"inptu\": \"/in\"}}}",
        &["`agents.x.output.usage.inptu`", "unknown key", "`input`"],
    );
    told("{\"command\": \"sh\", \"output\": {\"text\": \"result\"}}", &["`agents.x.output.text`", "/result/text"]);
    told(
        "{\"command\": \"sh\", \"output\": {\"text\": {\"at\": \"/a\", \"tkae\": \"last\"}}}",
        &["`agents.x.output.text.tkae`", "unknown key", "`take`"],
    );
    // Each once, although what is left without it does not fit either.
    for (output, parts) in [
        ("\"text\": {\"wher\": {}, \"at\": \"/a\"}", ["`agents.x.output.text.wher`", "Did you mean `where`?"]),
        ("\"text\": [\"/b\", {\"att\": \"/a\"}]", ["`agents.x.output.text[1].att`", "Did you mean `at`?"]),
        ("\"text\": {\"at\": 5}", ["`agents.x.output.text.at`", "it must be a text in quotes"]),
        ("\"text\": {}", ["`agents.x.output.text`", "either \"at\" or \"keys\""]),
        ("\"usage\": {\"where\": {\"type\": \"turn\"}}", ["`agents.x.output.usage.where.type`", "Did you mean `/type`?"]),
        (
            "\"usage\": {\"input\": [\"/a\", \"b\"]}",
            ["`agents.x.output.usage.input[1]`", "is \"b\", but it must be a way like /result/text"],
        ),
        ("\"success\": {\"require\": [{\"type\": \"done\"}]}", ["`agents.x.output.success.require[0].type`", "Did you mean `/type`?"]),
        ("\"success\": {\"refuse\": [{\"last\": {}}]}", ["`agents.x.output.success.refuse[0]`", "\"last\" and \"is\" together"]),
        ("\"success\": {\"require\": [\"done\"]}", ["`agents.x.output.success.require[0]`", "it must be an object like"]),
        ("\"classes\": [{\"class\": \"auht\", \"error\": \"401\"}]", ["`agents.x.output.classes[0].class`", "Did you mean \"auth\"?"]),
        ("\"classes\": [{\"clas\": \"auth\"}]", ["`agents.x.output.classes[0].clas`", "Did you mean `class`?"]),
        ("\"classes\": [{\"error\": \"401\"}]", ["`agents.x.output.classes[0]`", "it needs a `class`"]),
        ("\"progress\": [{\"tells\": \"tool\", \"at\": \"/a\"}]", ["`agents.x.output.progress[0].tells`", "\"tool_started\""]),
        ("\"progress\": [{\"tels\": \"text\"}]", ["`agents.x.output.progress[0].tels`", "Did you mean `tells`?"]),
    ] {
        let faults = mistakes(&format!("{{\"command\": \"sh\", \"output\": {{{output}}}}}"));
        assert!(faults.len() == 1 && tells(&faults, &parts), "{output}: {faults:?}");
    }
    let faults = mistakes(
        "{\"command\": \"sh\", \"output\": {\"classes\": [{\"clas\": \"auth\"}, {\"class\": \"auth\"}, {\"class\": \"auht\"}, {\"exit\": [1]}]}}",
    );
    let places: Vec<&str> = faults.iter().filter_map(|fault| fault.split('`').nth(1)?.strip_prefix("agents.x.output.")).collect();
    assert_eq!(places, ["classes[0].clas", "classes[2].class", "classes[3]"], "as they are in the file: {faults:?}");
    told("{\"command\": \"sh\", \"output\": {\"format\": \"yaml\"}}", &["`agents.x.output.format`", "jsonl"]);
    told("{\"command\": \"sh\", \"output\": \"claud\"}", &["`agents.x.output`", "\"claud\"", "Did you mean \"claude\"?"]);
    told("{\"command\": \"sh\", \"stdin\": \"pipe\"}", &["`agents.x.stdin`", "\"prompt\""]);
    told("{\"command\": \"sh\", \"files\": {\"/etc/passwd\": \"x\"}}", &["`agents.x.files./etc/passwd`", "it must be a path below {home}"]);
    told("{\"command\": \"sh\", \"files\": {\"{home}/../x\": \"x\"}}", &["it must be a path below {home}"]);
    told("{\"command\": \"sh\", \"thinking\": {\"hihg\": \"x\"}}", &["`agents.x.thinking.hihg`", "`high`"]);
}

#[test]
fn an_agent_with_a_key_has_a_home_of_its_own_and_one_that_is_logged_in_has_the_user_s() {
    let machine = Machine::new().program("bin/claude");
    assert_eq!(agent(&machine.config(), "claude").home, Home::User);

    let with_key = Machine::new().program("bin/claude").variable("ANTHROPIC_API_KEY", "k");
    assert_eq!((agent(&with_key.config(), "claude").home, with_key.warnings().len()), (Home::Own, machine.warnings().len()));
    let own = with("{\"x\": {\"command\": \"sh\", \"home\": \"own\"}, \"y\": {\"command\": \"sh\"}}").config();
    assert_eq!((agent(&own, "x").home, agent(&own, "y").home), (Home::Own, Home::User));
}

#[test]
fn a_silence_is_bounded_by_what_was_written_of_the_agent_else_of_all_else_by_what_is_built_in() {
    let stall = |own: &str| {
        let config = Machine::new().file("orchestrator_config.json", own).config();
        ["claude", "codex", "demo"].map(|name| agent(&config, name).stall.map(|limit| limit.as_secs()))
    };

    assert_eq!(stall("{}"), [Some(900), Some(900), None]);
    assert_eq!(stall("{\"stall_seconds\": 60, \"agents\": {\"codex\": {\"stall_seconds\": 5}}}"), [Some(60), Some(5), Some(60)]);
    assert_eq!(stall("{\"agents\": {\"claude\": {\"stall_seconds\": 0}, \"demo\": {\"stall_seconds\": 7}}}"), [None, Some(900), Some(7)]);
    let faults = with("{\"demo\": {\"stall_seconds\": 86401}}").set("stall_seconds=90000").faults();
    assert!(
        tells(&faults, &["`agents.demo.stall_seconds`", "from 0 to 86400"]) && tells(&faults, &["`stall_seconds`", "90000"]),
        "{faults:?}"
    );
}

#[test]
fn a_folder_that_is_no_agent_s_is_told_by_its_own_path_and_a_hidden_one_is_passed_over() {
    let definition = "{\"command\": \"sh\"}";
    let hidden = Machine::new().file("agents/.git/agent.json", definition).file("agents/Drafts/notes.txt", "no agent");
    assert!(hidden.config().agents.get(&"demo".parse().unwrap()).is_some());

    let faults = hidden.file("agents/My Scribe/agent.json", definition).faults();

    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].starts_with("~root/agents/My Scribe: ") && faults[0].contains("1 to 32 characters"), "{faults:?}");
}

#[test]
fn what_a_folder_s_definition_says_is_shown_and_its_secrets_are_known() {
    let machine = Machine::with_discord()
        .file(
            "agents/scribe/agent.json",
            "{\"command\": \"sh\",\n \"grace_seconds\": 3,\n \"secrets\": [\"SCRIBE_KEY\"],\n \"env\": {\"A\": \"1\"}}",
        )
        .file("orchestrator_config.json", "{\"agents\": {\"scribe\": {\"grace_seconds\": 4}}}")
        .file("discord-config.env", format!("{DISCORD}SCRIBE_KEY=a-key-of-scribes\n"))
        .program("bin/sh")
        .file("openclaw.json", "{}");

    assert_eq!(machine.warnings(), Vec::<String>::new(), "its key is asked for");
    assert_eq!(machine.setting("agents.scribe.command"), ("sh".to_owned(), "~root/agents/scribe/agent.json:1".to_owned()));
    assert_eq!(machine.setting("agents.scribe.grace_seconds"), ("4".to_owned(), "~root/orchestrator_config.json:1".to_owned()));
    assert_eq!(machine.setting("agents.scribe.env.A").0, "(set, not shown)");
    let written = machine.config().settings.into_iter().filter(|setting| setting.from.to_string().contains("agent.json"));
    assert_eq!(written.count(), 3, "nothing is shown that nobody wrote");
    let told = machine.config().settings.into_iter().filter(|setting| setting.key == "agents.scribe.grace_seconds");
    assert_eq!(told.count(), 1, "what does not count is not shown");
}

#[test]
fn a_command_that_no_program_can_have_is_refused() {
    for (command, rule) in [
        ("", "it must be a program's name or path"),
        ("  ", "it must be a program's name or path"),
        ("{model}", "there are no placeholders in it, and {model} is one"),
        ("a\\u0000b", "it has a NUL character in it"),
    ] {
        let faults = with(&format!("{{\"x\": {{\"command\": \"{command}\"}}}}")).faults();
        assert!(faults.len() == 1 && tells(&faults, &["`agents.x.command`", rule]), "{command:?}: {faults:?}");
    }
    let own = with("{\"x\": {\"command\": \"{orchestrator}\", \"args\": [\"__agent\", \"demo\"]}}").config();
    assert_eq!(agent(&own, "x").program, Ok("/opt/orchestrator".into()), "what `agents show demo` prints can be begun with");
}

#[test]
fn a_file_for_a_home_that_is_not_the_agent_s_own_is_refused() {
    let files = "\"files\": {\"{home}/.tool/settings.json\": {}}";

    let faults = with(&format!("{{\"x\": {{\"command\": \"sh\", {files}}}}}")).faults();

    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(
        tells(&faults, &["`agents.x.files.\"{home}/.tool/settings.json\"`", "Set `agents.x.home` to \"own\" or \"auto\""]),
        "{faults:?}"
    );
    with(&format!("{{\"x\": {{\"command\": \"sh\", \"home\": \"auto\", {files}}}, \"gemini\": {{\"home\": \"user\"}}}}")).config();
}

#[test]
fn what_becomes_of_tasks_without_quota_is_configured_by_agent_and_slips_are_told() {
    let machine = with(
        r#"{"claude": {"quota": {"credential": "max-plan", "resume": true, "instead": ["llm"]}}, "fast": {"command": "true", "quota": {"credential": "max-plan"}}}"#,
    );
    let config = machine.config();

    let claude = agent(&config, "claude").quota;
    assert_eq!((claude.credential.to_string().as_str(), claude.resumes, claude.instead.len()), ("max-plan", true, 1));
    let fast = agent(&config, "fast").quota;
    assert_eq!((fast.credential, fast.resumes), (claude.credential, false));
    let codex = agent(&config, "codex").quota;
    assert_eq!((codex.credential.to_string().as_str(), codex.resumes), ("codex", false), "nobody says anything of it");
    assert_eq!(agent(&config, "chat").quota.credential.to_string(), "llm", "they use one key");

    let refused =
        with(r#"{"claude": {"quota": {"credential": "my key", "instead": ["claude", "lmm"]}}, "codex": {"quota": {"resumes": true}}}"#);
    let told = refused.faults();
    assert!(tells(&told, &["agents.claude.quota.credential", "my key", "a-z"]), "{told:?}");
    assert!(tells(&told, &["agents.claude.quota.instead[0]", "it is this agent itself"]), "{told:?}");
    assert!(tells(&told, &["agents.claude.quota.instead[1]", "lmm", "Did you mean", "llm"]), "{told:?}");
    assert!(tells(&told, &["agents.codex.quota", "resumes"]), "{told:?}");
}
