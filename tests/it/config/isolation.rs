//! What agents may reach and take, as it is written and as it is understood.

use std::path::PathBuf;

use orchestrator_core::domain::{
    hosts::Hosts,
    isolation::{FileSystem, Isolation, Network},
};

use super::{Machine, tells};

fn of(machine: &Machine, agent: &str) -> Isolation {
    let config = machine.config();
    config.agents.get(&agent.parse().unwrap()).unwrap_or_else(|| panic!("no {agent}")).isolation.clone()
}

#[test]
fn an_agent_s_own_words_count_before_those_for_all_and_these_before_the_built_in_ones() {
    let machine = Machine::new().file(
        "orchestrator_config.json",
        r#"{"isolation": {"file_system": "workspace", "network": "none", "unix_sockets": false, "memory_mb": 512, "disk_mb": 100, "required": true},
            "agents": {"open": {"command": "sh", "file_system": "full", "network": "all", "unix_sockets": true, "isolation_required": false, "processes": 9, "disk_mb": 1},
                       "some": {"command": "sh", "network": {"hosts": ["API.example.org", "*.example.net:443"]}},
                       "usual": {"command": "sh", "home": "own", "memory_mb": 64, "read": ["/srv/data", "~/notes"], "write": ["out"]}}}"#,
    );

    assert_eq!(
        of(&machine, "open"),
        Isolation { memory: Some(512 << 20), processes: Some(9), disk: Some(1 << 20), ..Isolation::default() },
        "what it says itself, and the rest for all"
    );
    assert_eq!(
        of(&machine, "usual"),
        Isolation {
            file_system: FileSystem::Workspace,
            read: vec!["/srv/data".into(), machine.path("home/notes")],
            write: vec![machine.root().join("out")],
            network: Network::None,
            no_unix_sockets: true,
            memory: Some(64 << 20),
            processes: None,
            disk: Some(100 << 20),
            elsewhere: false,
            required: true,
        }
    );
    assert_eq!(of(&machine, "claude").file_system, FileSystem::Workspace, "the built-in ones too");
    assert_eq!(
        of(&machine, "some").network,
        Network::Hosts(Hosts(["api.example.org", "*.example.net:443"].map(|host| host.parse().unwrap()).into()))
    );
    assert_eq!(of(&Machine::new(), "claude"), Isolation::default());
    assert_eq!(of(&Machine::new(), "demo").file_system, FileSystem::Workspace);
}

#[test]
fn what_can_t_be_meant_is_told_with_its_key() {
    let machine = Machine::new().file(
        "orchestrator_config.json",
        r#"{"isolation": {"memory_mb": 3, "netwrk": "none"},
            "agents": {"x": {"command": "sh", "network": "some", "file_system": "workspce", "processes": 0, "disk_mb": 0, "read": ["{home}/x", ""]},
                       "y": {"command": "sh", "network": {"hosts": ["a.example", "https://b.example/", "*", "c.example:0"]}},
                       "z": {"command": "sh", "network": {"hosts": []}}, "w": {"command": "sh", "network": {"host": ["a.example"]}}}}"#,
    );

    let faults = machine.faults();

    for pieces in [
        ["`isolation.memory_mb`", "at least 16"],
        ["`isolation.netwrk`", "Did you mean `network`?"],
        ["`agents.x.network`", "\"all\", \"none\" or {\"hosts\""],
        ["`agents.x.file_system`", "workspace"],
        ["`agents.x.processes`", "at least 1"],
        ["`agents.x.disk_mb`", "at least 1"],
        ["`agents.y.network.hosts[1]`", "a host with or without a port"],
        ["`agents.y.network.hosts[2]`", "every host is `network: \"all\"`"],
        ["`agents.y.network.hosts[3]`", "from 1 to 65535"],
        ["`agents.z.network.hosts`", "must name a host"],
        ["`agents.w.network`", "{\"hosts\": [\"api.example.org\", …]}"],
        ["`agents.x.read[0]`", "placeholders are not filled in"],
        ["`agents.x.read[1]`", "it must be a path"],
    ] {
        assert!(tells(&faults, &pieces), "{pieces:?}: {faults:#?}");
    }
}

#[test]
fn walls_that_shut_a_login_out_and_paths_without_walls_are_warned_about() {
    let machine = Machine::new().file(
        "orchestrator_config.json",
        r#"{"agents": {"claude": {"file_system": "workspace"}, "x": {"command": "sh", "read": ["/srv"]}}}"#,
    );

    let warnings = machine.warnings();

    assert!(tells(&warnings, &["`agents.claude.file_system`", "HOME of this account is shut", "`home`"]), "{warnings:#?}");
    assert!(tells(&warnings, &["`agents.x.read`", "reaches everything"]), "{warnings:#?}");
    assert_eq!(of(&machine, "x").read, [PathBuf::from("/srv")]);
}
