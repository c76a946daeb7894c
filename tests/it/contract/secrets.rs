//! What is the orchestrator's own stays with it.

use std::fs;

use serde_json::json;

use crate::world::{Founding, World};

/// Everything that was said in Discord, with its files.
fn all_said(world: &World) -> String {
    let mut all = String::new();
    for channel in ["task-queue", "results", "worker-pool", "general"] {
        for message in world.said(channel) {
            all.push_str(&message.content);
            message.embeds.iter().for_each(|embed| all.push_str(&embed.to_string()));
            for (name, bytes) in world.attached(&message) {
                all.push_str(&name);
                all.push_str(&String::from_utf8_lossy(&bytes));
            }
        }
    }
    all
}

/// Everything that the bot has written into its logs.
fn all_logged(world: &World) -> String {
    let files = fs::read_dir(world.dir().join("logs")).into_iter().flatten().flatten();
    files.map(|file| fs::read_to_string(file.path()).unwrap_or_default()).chain([world.log()]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_s_environment_holds_no_secret_that_its_definition_does_not_name() {
    const KEY: &str = "sk-or-v1-0123456789abcdef0123456789abcdef";
    const OWN: &str = "own-key-0123456789abcdef";
    let script = "tail -c +7 TASK.txt > .task.sh; exec /bin/sh ./.task.sh";
    let mut world = Founding::new()
        .env("OPENROUTER_API_KEY", KEY)
        .env("MY_KEY", OWN)
        .env("RANDOM_VARIABLE", "is-not-listed")
        .env("HTTPS_PROXY", "http://user:proxy-password@127.0.0.1:9")
        .config("agents.named", json!({"command": "/bin/sh", "args": [["-c", script]], "secrets": ["MY_KEY"]}))
        .silent()
        .await;
    let token = world.sandbox.user("orchestrator").expect("it is there").token;
    // As in a container: the token is in the bot's own environment too.
    world.set_env("ORCHESTRATOR_AGENT_TOKEN", &token);
    world.start_bot();
    world.wait_until_online().await;

    let show = "env > env.txt; cat /proc/$PPID/environ /proc/self/environ >> env.txt; echo ok > RESULT.txt";
    let (usual, named) = (world.say(show), world.say(&format!("{show} [agent:named]")));
    world.entry(usual).await;
    world.entry(named).await;

    for (task, has_own) in [(usual, false), (named, true)] {
        let env = world.task_text(task, "env.txt");
        assert!(env.contains("ORCH_TASK_ID="), "{env}");
        for secret in [&token, KEY, "is-not-listed", "proxy-password", "ORCHESTRATOR_AGENT_TOKEN"] {
            assert!(!env.contains(secret), "`{secret}` is in the agent's environment");
        }
        assert_eq!(env.contains(OWN), has_own, "the key that only one definition names");
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_an_agent_has_found_is_neither_posted_nor_logged() {
    let world = World::new().await;
    let token = world.sandbox.user("orchestrator").expect("it is there").token;
    let read = "T=$(grep ^ORCHESTRATOR_AGENT_TOKEN $HOME/discord-config.env | cut -d= -f2-)";

    let scripts = [
        "echo \"here: $T\" > RESULT.txt".to_owned(),
        "cat $HOME/discord-config.env > RESULT.txt".to_owned(),
        "echo ok > RESULT.txt; echo \"$T\" > SUMMARY.txt; printf '{\"%s\":\"%s\"}' \"$T\" \"$T\" > OUTPUTS.json; touch \"$T\"".to_owned(),
        "echo \"{\\\"input\\\":1,\\\"model\\\":\\\"$T\\\"}\" > USAGE.json; echo ok > RESULT.txt".to_owned(),
        "echo \"$T\"; echo \"$T\" >&2; exit 1".to_owned(),
    ];
    // Wherever the text is cut, no part of the token is left at the cut.
    let cut = (1_000..1_500).step_by(35).map(|at| format!("head -c {at} /dev/zero | tr '\\0' . > RESULT.txt; echo \"$T$T\" >> RESULT.txt; head -c 3000 /dev/zero | tr '\\0' . >> RESULT.txt"));
    let tasks: Vec<_> = scripts.into_iter().chain(cut).map(|script| world.say(&format!("{read}; {script}"))).collect();
    world.all_entries(&tasks, crate::world::PATIENCE).await;
    let (code, status, _) = world.run(&["status", "--json"]);
    assert_eq!(code, 0);

    let secret = token.rsplit('.').next().expect("three parts");
    for (place, text) in [("a post", all_said(&world)), ("the log", all_logged(&world)), ("the status", status)] {
        for part in [token.as_str(), secret, &secret[..12], &token[..20]] {
            if let Some(at) = text.find(part) {
                let around: String = text.chars().skip(text[..at].chars().count().saturating_sub(80)).take(160).collect();
                panic!("{place} holds {part}: {around}");
            }
        }
    }
    let store = fs::read(world.dir().join(".runtime/orchestrator.db")).expect("a store");
    let journal = fs::read(world.dir().join(".runtime/orchestrator.db-wal")).unwrap_or_default();
    for bytes in [store, journal] {
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "the store holds the token");
    }
    world.finish().await;
}
