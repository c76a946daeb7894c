//! The built-in agent with a model and tools below a real attendant: it starts itself anew, and adopts what its commands leave behind.

use std::{fs, path::PathBuf};

use orchestrator_core::ports::agent_runner::{AgentRunner, Cause, Exit, LaunchSpec, StopReason};
use serde_json::json;

use super::house::{House, PROGRAM};
use crate::llm::{
    call,
    endpoint::{Endpoint, Reply},
};

/// A command with a tool in a session of its own; `pid` says when it is there.
const WIDE: &str = "setsid sh -c 'echo $$ > pid; exec sleep 300' & sleep 300";

fn agent(house: &House, endpoint: &Endpoint) -> LaunchSpec {
    let mut spec = house.agent("");
    (spec.program, spec.args) = (PathBuf::from(PROGRAM), vec!["__agent".to_owned(), "llm".to_owned()]);
    let settings = [("LLM_BASE_URL", endpoint.address.as_str()), ("LLM_API_KEY", "sk-very-secret-key"), ("LLM_MODEL", "m")];
    spec.env.extend(settings.map(|(name, value)| (name.to_owned(), value.to_owned())));
    fs::write(house.path("TASK.txt"), "TASK: Work.").expect("a task");
    spec
}

fn run(command: &str) -> Reply {
    Reply::tools("I begin.", &[call("a", "run_command", &json!({ "command": command }))])
}

#[test]
fn the_agent_with_a_model_works_below_an_attendant_and_leaves_nothing() {
    let (endpoint, runtime) = (Endpoint::start(vec![run("setsid sleep 300 & echo hello"), Reply::text("It is 42.")]), runtime());
    runtime.block_on(async {
        let house = House::new();

        let record = house.run(&agent(&house, &endpoint)).await;

        assert_eq!((record.exit, house.read("RESULT.txt").as_str()), (Exit::Code(0), "It is 42."), "{}", house.read("agent.log"));
        assert!(house.read("agent.log").lines().last().is_some_and(|line| line.contains("\"type\":\"result\"")));
        assert!(!house.read("agent.log").contains("secret"));
        house.finish();
    });
}

#[test]
fn the_agent_with_a_model_is_ended_with_its_commands_softly_or_hard() {
    for (signal, exit) in [(libc::SIGTERM, Exit::Code(143)), (libc::SIGKILL, Exit::Signal(libc::SIGKILL))] {
        let (endpoint, runtime) = (Endpoint::start(vec![run(WIDE)]), runtime());
        runtime.block_on(async {
            let house = House::new();
            let mut spec = agent(&house, &endpoint);
            spec.soft_signal = signal;
            house.launch(&spec).await;
            house.pid("pid").await;

            house.runner.stop(spec.attempt, StopReason::Cancelled).await;
            let record = house.recorded(spec.attempt).await;

            assert_eq!((record.exit, record.cause), (exit, Cause::Stopped));
            assert!(house.read("USAGE.json").contains("\"output\":56"), "what was used until then is told");
            assert_eq!(house.read("RESULT.txt"), "I begin.");
            house.finish();
        });
    }
}

/// The endpoint has a runtime of its own, which may not end inside another.
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Runtime::new().expect("a runtime")
}
