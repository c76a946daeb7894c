//! `discord-config.env`, the environment above it and the flags above both.

use std::time::Duration;

use discord_orchestrator::config::{ENV_KEYS, MissingSettings};

use super::{DISCORD, Machine, TOKEN, tells};

#[test]
fn a_filled_in_file_is_enough_to_talk_to_discord() {
    let discord = Machine::with_discord().config().discord.unwrap();

    assert_eq!(discord.token.expose(), TOKEN);
    assert_eq!(discord.task_queue().get(), 1_470_493_473_038_663_792);
    assert_eq!(discord.operator, discord.worker_pool);
    assert_eq!(discord.api_base, "https://discord.com");
    assert!(discord.worker_tokens.iter().all(Option::is_none));
}

#[test]
fn without_a_file_the_missing_settings_are_named() {
    let config = Machine::new().config();
    let missing = config.discord.unwrap_err();

    assert_eq!(missing.keys, ["ORCHESTRATOR_AGENT_TOKEN", "TASK_QUEUE_CHANNEL", "RESULTS_CHANNEL"]);
    assert!(missing.to_string().contains("cp discord-config.env.example discord-config.env"));
    assert_eq!(config.submit.unwrap_err().keys, ["ORCHESTRATOR_AGENT_TOKEN", "TASK_QUEUE_CHANNEL"]);
}

#[test]
fn submitting_needs_no_results_channel() {
    let machine = Machine::new()
        .file("discord-config.env", "ORCHESTRATOR_AGENT_TOKEN=t\nTASK_QUEUE_CHANNEL=5\nRESULTS_CHANNEL=your-results-channel-id\n");
    let config = machine.config();

    assert_eq!(config.submit.unwrap().task_queue.get(), 5);
    let MissingSettings { keys, file_exists, .. } = config.discord.unwrap_err();
    assert_eq!((keys, file_exists), (vec!["RESULTS_CHANNEL"], true));
}

#[test]
fn flag_wins_over_environment_over_file_over_default() {
    let default = Machine::new();
    let file = Machine::new().file("discord-config.env", "\n# limits\nMAX_TIMEOUT=2h\n");
    let environment = Machine::new().file("discord-config.env", "MAX_TIMEOUT=2h\n").variable("MAX_TIMEOUT", "3h");
    let flag = Machine::new().file("discord-config.env", "MAX_TIMEOUT=2h\n").variable("MAX_TIMEOUT", "3h").set("MAX_TIMEOUT=4h");

    for (machine, hours, from) in [
        (default, 1, "default"),
        (file, 2, "~root/discord-config.env:3"),
        (environment, 3, "environment MAX_TIMEOUT"),
        (flag, 4, "flag --set MAX_TIMEOUT"),
    ] {
        assert_eq!(machine.config().limits.max_timeout, Duration::from_secs(hours * 3_600), "{from}");
        assert_eq!(machine.setting("MAX_TIMEOUT"), (format!("{hours}h"), from.to_owned()));
    }
}

#[test]
fn an_empty_value_counts_as_none_in_every_layer() {
    let machine = Machine::new().file("discord-config.env", "TIMEOUT=600\n").variable("TIMEOUT", " ").set("TIMEOUT=");

    assert_eq!(machine.config().limits.timeout, Some(Duration::from_secs(600)));
}

#[test]
fn a_higher_layer_fills_in_what_the_example_left_open() {
    let machine = Machine::new().file("discord-config.env", "GUILD_ID=your-server-id\n");
    assert_eq!(machine.setting("GUILD_ID").0, "(not filled in)");

    let machine = machine.variable("GUILD_ID", "7");

    assert_eq!(machine.setting("GUILD_ID"), ("7".to_owned(), "environment GUILD_ID".to_owned()));
}

#[test]
fn every_bad_value_is_told_with_file_line_key_rule_and_way_out() {
    let long = "9".repeat(5_000);
    let cases = [
        ("TIMEOUT=-5", "TIMEOUT", "90s, 10m, 1h30m"),
        ("TIMEOUT=NaN", "TIMEOUT", "90s, 10m, 1h30m"),
        ("TIMEOUT=1e400", "TIMEOUT", "90s, 10m, 1h30m"),
        ("TIMEOUT=0", "TIMEOUT", "above 0"),
        ("TIMEOUT=400d", "TIMEOUT", "at most 366 days"),
        ("TIMEOUT=2h\nMAX_TIMEOUT=1h", "TIMEOUT", "must not be longer than MAX_TIMEOUT (1h)"),
        ("MAX_TIMEOUT=\u{661}\u{662}", "MAX_TIMEOUT", "10m"),
        ("WORKER_RETENTION_HOURS=-1", "WORKER_RETENTION_HOURS", "from 0 to 87840"),
        ("WORKER_RETENTION_HOURS=1.5", "WORKER_RETENTION_HOURS", "whole number"),
        ("WORKER_RETENTION_HOURS=+5", "WORKER_RETENTION_HOURS", "whole number"),
        ("SUMMARY_MAX_LENGTH=0", "SUMMARY_MAX_LENGTH", "from 50 to 4000"),
        ("SUMMARY_MAX_LENGTH=99999999999999999999999", "SUMMARY_MAX_LENGTH", "from 50 to 4000"),
        ("TASK_QUEUE_CHANNEL='#task-queue'", "TASK_QUEUE_CHANNEL", "Copy ID"),
        ("TASK_QUEUE_CHANNEL=0", "TASK_QUEUE_CHANNEL", "1 to 20 digits"),
        ("TASK_QUEUE_CHANNEL=18446744073709551616", "TASK_QUEUE_CHANNEL", "1 to 20 digits"),
        (&format!("RESULTS_CHANNEL={long}"), "RESULTS_CHANNEL", "1 to 20 digits"),
        ("GUILD_ID='12 34'", "GUILD_ID", "server's id"),
        ("DISCORD_API_BASE=discord.com", "DISCORD_API_BASE", "an address like"),
        ("DISCORD_API_BASE=ftp://x", "DISCORD_API_BASE", "https:// or http://"),
        ("DISCORD_API_BASE=https://user:geheim@x.org", "DISCORD_API_BASE", "without a user"),
        ("AGENTS_MD_TEMPLATE=missing.md", "AGENTS_MD_TEMPLATE", "no such file"),
        ("ORCHESTRATOR_AGENT_TOKEN='two words'", "ORCHESTRATOR_AGENT_TOKEN", "Reset Token"),
        ("ORCHESTRATOR_AGENT_TOKEN=t\u{f6}ken", "ORCHESTRATOR_AGENT_TOKEN", "it is no token"),
        ("WORKER1_TOKEN='\u{202e}x'", "WORKER1_TOKEN", "it is no token"),
    ];
    for (line, key, rule) in cases {
        let faults = Machine::new().file("discord-config.env", format!("# first\n{line}\n")).faults();
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(tells(&faults, &["~root/discord-config.env:2", &format!("`{key}`"), rule]), "{line}: {faults:?}");
    }
}

#[test]
fn a_complaint_never_shows_a_secret() {
    let sensitive = "sesame-open-7";
    for text in [
        format!("ORCHESTRATOR_AGENT_TOKEN=\"{sensitive} x\"\n"),
        format!("ORCHESTRATOR_AGENT_TOKEN={sensitive} x\n"),
        format!("ORCHESTRATOR_AGENT_TOKEN=\"{sensitive}\n"),
        format!("export {sensitive}\n"),
        format!("DISCORD_API_BASE=https://{sensitive}@x.org\n"),
        format!("TASK_QUEUE_CHANNEL={}{sensitive}{}\n", "x".repeat(30), "y".repeat(30)),
    ] {
        let error = Machine::new().file("discord-config.env", &text).load().unwrap_err();

        assert!(!format!("{error} {error:?}").contains(sensitive), "{text:?}: {error}");
    }
    let error = Machine::new().set(sensitive).load().unwrap_err();
    assert!(!error.to_string().contains(sensitive), "{error}");
}

#[test]
fn the_checked_configuration_never_shows_a_secret() {
    let machine = Machine::with_discord()
        .file("openclaw.json", "{\"env\": {\"OPENROUTER_API_KEY\": \"sk-or-hush\"}, \"gateway\": {\"auth\": {\"token\": \"gw-hush\"}}}")
        .file(
            "orchestrator_config.json",
            "{\"agents\": {\"x\": {\"command\": \"sh\", \"env\": {\"A\": \"env-hush\"}, \"secrets\": [\"K\"]}}}",
        )
        .variable("K", "k-hush");
    let config = machine.config();

    let settings = format!("{:?}", config.settings);
    for secret in [TOKEN, "sk-or-hush", "gw-hush", "k-hush"] {
        assert!(!format!("{config:?}").contains(secret), "{secret} is in Debug");
        assert!(config.secrets.iter().any(|known| known.expose() == secret), "{secret} is not known as one");
    }
    assert!(!settings.contains("hush") && !settings.contains(TOKEN), "{settings}");
    assert_eq!(machine.setting("ORCHESTRATOR_AGENT_TOKEN"), ("(set, not shown)".to_owned(), "~root/discord-config.env:1".to_owned()));
}

#[test]
fn a_line_that_can_t_be_read_is_told_and_the_others_are_used() {
    let machine = Machine::new().file("discord-config.env", "TIMEOUT=5\nAGENTS_MD_TEMPLATE=my file.md\nSUMMARY_MAX_LENGTH=7\n");

    let faults = machine.faults();

    assert_eq!(faults.len(), 2, "{faults:?}");
    assert!(tells(&faults, &["discord-config.env:2", "AGENTS_MD_TEMPLATE", "needs quotes"]), "{faults:?}");
    assert!(tells(&faults, &["discord-config.env:3", "SUMMARY_MAX_LENGTH"]), "{faults:?}");
}

#[test]
fn unknown_keys_are_warned_about_with_the_nearest_known_one() {
    let machine = Machine::with_discord().file(
        "discord-config.env",
        format!("{DISCORD}RESULT_CHANNEL=5\nFAVOURITE_COLOUR=blue\nSANDBOX_HUMAN_TOKEN=h\nOPENROUTER_API_KEY=k\n"),
    );

    let warnings = machine.warnings();

    assert!(tells(&warnings, &["discord-config.env:6", "`RESULT_CHANNEL`", "Did you mean `RESULTS_CHANNEL`?"]), "{warnings:?}");
    assert!(tells(&warnings, &["`FAVOURITE_COLOUR`", "unknown key"]), "{warnings:?}");
    assert!(!tells(&warnings, &["SANDBOX"]) && !tells(&warnings, &["OPENROUTER_API_KEY"]), "{warnings:?}");
}

#[test]
fn the_last_of_two_lines_counts_as_it_does_in_a_shell() {
    let machine = Machine::new().file("discord-config.env", "TIMEOUT=5\nTIMEOUT=6\n");

    assert_eq!(machine.config().limits.timeout, Some(Duration::from_secs(6)));
    assert_eq!(machine.setting("TIMEOUT").1, "~root/discord-config.env:2");
    assert!(tells(&machine.warnings(), &["discord-config.env:2", "more than once"]));
}

#[test]
fn files_from_other_systems_are_read() {
    let machine = Machine::new().file("discord-config.env", "\u{feff}# note\r\nexport TIMEOUT='90s' # a while\r\n\r\nGUILD_ID=<#5>\r\n");

    assert_eq!(machine.config().limits.timeout, Some(Duration::from_secs(90)));
    assert_eq!(machine.setting("GUILD_ID").1, "~root/discord-config.env:4");
}

#[test]
fn what_is_no_text_file_is_told() {
    let bad: [(&[u8], &str); 2] =
        [(b"A=1\nB=\xff\xfe\n", "discord-config.env:2: it must be UTF-8"), (b"A=1\nB=\0\n", "discord-config.env:2: it must be text")];
    for (bytes, rule) in bad {
        assert!(tells(&Machine::new().file("discord-config.env", bytes).faults(), &[rule]));
    }
    let folder = Machine::new().file("discord-config.env/x", "");
    assert!(tells(&folder.faults(), &["it must be a plain file"]));
    let large = Machine::new().file("discord-config.env", "#".repeat(5 * 1024 * 1024));
    assert!(tells(&large.faults(), &["larger than 4 MiB"]));
}

#[test]
fn a_file_that_a_flag_names_must_be_there() {
    let mut machine = Machine::new();
    machine.flags.env_file = Some("other.env".into());
    machine.flags.config_dir = Some("nowhere".into());

    let faults = machine.faults();

    assert!(
        tells(&faults, &["flag --env-file", "there is no file"]) && tells(&faults, &["flag --config-dir", "there is no folder"]),
        "{faults:?}"
    );
}

#[test]
fn a_flag_of_an_unknown_key_is_refused() {
    let faults = Machine::new().set("TIMEOUTS=5").set("lease_second=5").set("nonsense").faults();

    assert!(tells(&faults, &["Did you mean `TIMEOUT`?"]), "{faults:?}");
    assert!(tells(&faults, &["flag --set lease_second", "Did you mean `lease_seconds`?"]), "{faults:?}");
    assert!(tells(&faults, &["KEY=value"]), "{faults:?}");
}

#[test]
fn one_token_is_one_identity() {
    let machine = Machine::new()
        .file("discord-config.env", format!("{DISCORD}WORKER1_TOKEN={TOKEN}\nWORKER2_TOKEN=other\nWORKER3_TOKEN='Bot third'\n"));

    let tokens = machine.config().discord.unwrap().worker_tokens;

    assert!(tokens[0].is_none());
    assert_eq!(tokens[2].as_ref().unwrap().expose(), "third");
    assert!(tells(&machine.warnings(), &["WORKER1_TOKEN", "same token"]) && tells(&machine.warnings(), &["WORKER3_TOKEN", "`Bot `"]));
}

#[test]
fn the_address_of_the_server_is_taken_in_every_usual_form() {
    for (given, taken) in [
        ("https://discord.com/", "https://discord.com"),
        ("https://discord.com/api/v10", "https://discord.com"),
        ("http://127.0.0.1:8080/api", "http://127.0.0.1:8080"),
        ("https://example.org/discord/", "https://example.org/discord"),
    ] {
        let machine = Machine::with_discord().variable("DISCORD_API_BASE", given);
        assert_eq!(machine.config().discord.unwrap().api_base, taken);
        assert!(!tells(&machine.warnings(), &["DISCORD_API_BASE"]), "{given}");
    }
    let far = Machine::with_discord().variable("DISCORD_API_BASE", "http://chat.example.org");
    assert!(tells(&far.warnings(), &["DISCORD_API_BASE", "not encrypted"]));
}

#[test]
fn timeout_counts_for_both_where_only_it_is_set_and_longer() {
    let limits = Machine::new().variable("TIMEOUT", "3h").config().limits;

    assert_eq!(limits.max_timeout, Duration::from_secs(3 * 3_600));
}

#[test]
fn the_template_is_read_once_and_relative_to_the_root() {
    let machine = Machine::new().file("my agents.md", "Be brief.").variable("AGENTS_MD_TEMPLATE", "my agents.md");

    assert_eq!(machine.config().template.unwrap().text, "Be brief.");
}

#[test]
fn every_key_is_shown_once() {
    let settings = Machine::new().config().settings;

    for key in ENV_KEYS.iter().filter(|key| !key.name.starts_with("SANDBOX")) {
        assert_eq!(settings.iter().filter(|setting| setting.key == key.name).count(), 1, "{}", key.name);
    }
}
