//! Checks, as they are written and as they are understood.

use std::time::Duration;

use orchestrator_core::domain::{
    check::Check,
    isolation::{FileSystem, Network},
};

use super::{Machine, tells};

fn of(machine: &Machine, agent: &str, check: &str) -> Check {
    let config = machine.config();
    let agent = config.agents.get(&agent.parse().unwrap()).unwrap_or_else(|| panic!("no {agent}"));
    agent.checks.get(&check.parse().unwrap()).unwrap_or_else(|| panic!("no {check}")).clone()
}

#[test]
fn a_check_is_declared_for_all_or_for_one_and_has_its_agent_s_walls_unless_it_says_otherwise() {
    let machine = Machine::new()
        .file(
            "orchestrator_config.json",
            r#"{"checks": {"tests": {"command": "make test"}, "open": {"command": "x", "network": "all", "memory_mb": 64, "disk_mb": 2}},
                "agents": {"claude": {"file_system": "workspace", "home": "own", "network": "none", "default_checks": ["tests", "lint"],
                                      "checks": {"tests": {"command": "cargo test", "timeout_seconds": 5, "required": true}}}}}"#,
        )
        .file("agents/claude/agent.json", r#"{"checks": {"tests": {"command": "below"}, "lint": {"command": "cargo clippy"}}}"#);

    let tests = of(&machine, "claude", "tests");
    assert_eq!((tests.command.as_str(), tests.time_limit, tests.required), ("cargo test", Duration::from_secs(5), true));
    assert_eq!((tests.isolation.file_system, tests.isolation.network), (FileSystem::Workspace, Network::None));
    let open = of(&machine, "claude", "open");
    assert_eq!(
        (open.isolation.file_system, open.isolation.network, open.isolation.memory),
        (FileSystem::Workspace, Network::All, Some(64 << 20))
    );
    assert_eq!(open.isolation.disk, Some(2 << 20));
    assert_eq!(of(&machine, "claude", "lint").command, "cargo clippy");
    let other = of(&machine, "codex", "tests");
    assert_eq!((other.command.as_str(), other.time_limit, other.required), ("make test", Duration::from_secs(600), false));
    let config = machine.config();
    let offers = config.agents.checks();
    let always = |agent: &str| offers[&agent.parse().unwrap()].always.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!((always("claude"), always("codex")), (vec!["tests".to_owned(), "lint".to_owned()], vec![]));
}

#[test]
fn what_can_t_be_meant_is_told_with_its_key() {
    let machine = Machine::new().file(
        "orchestrator_config.json",
        r#"{"checks": {"Has Blanks": {"command": "x"}, "none": {}, "tests": {"command": "x", "timeout_seconds": 0, "tiemout_seconds": 3}},
            "who_may": {"free_checks": {"users": ["ann"]}},
            "agents": {"x": {"command": "sh", "default_checks": ["test"],
                             "checks": {"a": {"command": " "}, "b": {"command": "y", "memory_mb": 1, "read": [""], "network": "some"}}}}}"#,
    );

    let faults = machine.faults();

    for pieces in [
        ["Has Blanks", "is not a check's name"],
        ["`checks.none`", "it needs a `command`"],
        ["`checks.tests.timeout_seconds`", "from 1 to 86400"],
        ["`checks.tests.tiemout_seconds`", "Did you mean `timeout_seconds`?"],
        ["`who_may.free_checks.users[0]`", "it must be a Discord id"],
        ["`agents.x.default_checks[0]`", "Did you mean \"tests\"?"],
        ["`agents.x.checks.a`", "it needs a `command`"],
        ["`agents.x.checks.b.memory_mb`", "at least 16"],
        ["`agents.x.checks.b.read[0]`", "it must be a path"],
        ["`agents.x.checks.b.network`", "\"all\", \"none\" or {\"hosts\""],
    ] {
        assert!(tells(&faults, &pieces), "{pieces:?}: {faults:#?}");
    }
}
