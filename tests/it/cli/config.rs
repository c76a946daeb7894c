//! `config check`, the table of exit codes, help and completions.

use std::{fs, path::Path};

use serde_json::Value;

use super::run;
use crate::world::Founding;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn orchestrator(args: &[&str]) -> (i32, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let output = super::program(env!("CARGO_BIN_EXE_orchestrator")).args(args).current_dir(folder.path()).env_clear().output().unwrap();
    super::ended(&output)
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_shown_with_their_origin_and_secrets_are_not() {
    let world = Founding::new().silent().await;

    let (code, out, _) = run(&world, &["config", "check", "--json", "--set", "TIMEOUT=90s"]).await;

    assert_eq!(code, 0);
    let told: Value = serde_json::from_str(&out).unwrap();
    let setting = |key: &str| told["settings"].as_array().unwrap().iter().find(|setting| setting["key"] == key).cloned().unwrap();
    assert_eq!((setting("TIMEOUT")["value"].as_str(), setting("TIMEOUT")["from"].as_str()), (Some("90s"), Some("flag --set TIMEOUT")));
    assert!(!setting("ORCHESTRATOR_AGENT_TOKEN")["value"].as_str().unwrap().contains('.'));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mistake_is_told_at_once() {
    let world = Founding::new().silent().await;
    fs::write(world.dir().join("orchestrator_config.json"), r#"{"lease_second": 5, "caps": {"max_concurrent": 0}}"#).unwrap();

    let (code, _, err) = run(&world, &["config", "check"]).await;

    assert_eq!(code, 1);
    assert!(err.contains("lease_seconds") && err.contains("max_concurrent"), "{err}");
}

#[test]
fn the_shipped_example_is_taken_although_it_is_not_filled_in() {
    let example = Path::new(ROOT).join("discord-config.env.example");
    if example.exists() {
        let (code, _, err) = orchestrator(&["config", "check", example.to_str().unwrap()]);
        assert_eq!(code, 0, "{err}");
    }
    let (code, _, err) = orchestrator(&["config", "check"]);
    assert_eq!(code, 1);
    assert!(err.contains("ORCHESTRATOR_AGENT_TOKEN"), "{err}");
}

#[test]
fn the_documentation_has_every_exit_code_and_every_verb() {
    let documented = fs::read_to_string(Path::new(ROOT).join("docs/cli.md")).unwrap();
    let (code, help, _) = orchestrator(&["--help"]);
    assert_eq!(code, 0);

    for exit in discord_orchestrator::cli::exit::Exit::ALL {
        let row = format!("| {} | {} |", exit.code(), exit.meaning());
        assert!(documented.contains(&row), "docs/cli.md has no `{row}`");
        assert!(help.contains(exit.meaning()), "--help does not tell `{}`", exit.meaning());
    }
    let verbs = help.lines().skip_while(|line| !line.starts_with("Commands:")).skip(1).take_while(|line| !line.is_empty());
    for verb in verbs.filter(|line| line.starts_with("  ") && !line.starts_with("   ")).filter_map(|line| line.split_whitespace().next()) {
        assert!(documented.contains(&format!("`{verb}")), "docs/cli.md does not tell of `{verb}`");
    }
}

#[test]
fn help_version_and_completions_end_well_and_a_wrong_verb_does_not() {
    let (code, out, _) = orchestrator(&["--version"]);
    assert_eq!(code, 0);
    assert!(out.starts_with(concat!("orchestrator ", env!("CARGO_PKG_VERSION"))), "{out}");
    let (code, out, _) = orchestrator(&["completions", "bash"]);
    assert_eq!(code, 0);
    assert!(out.contains("_orchestrator()"));
    let (code, out, err) = orchestrator(&["subnit", "x"]);
    assert_eq!((code, out.as_str()), (1, ""), "{err}");
    assert_eq!(orchestrator(&[]).0, 1);
}
