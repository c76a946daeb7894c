//! A task that asks to be kept closer than its agent is.

use std::net::TcpListener;

use serde_json::json;

use crate::world::Founding;

/// Says whether it reaches a file of the service, and a port of this machine.
fn tries(port: u16) -> String {
    format!(
        "cat \"$HOME/orchestrator_config.json\" > /dev/null 2>&1 && echo files open > RESULT.txt || echo files shut > RESULT.txt; \
         bash -c 'exec 3<>/dev/tcp/127.0.0.1/{port}' 2> /dev/null && echo network open >> RESULT.txt || echo network shut >> RESULT.txt"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_is_kept_from_what_it_asks_to_be_kept_from_and_its_card_and_status_say_so() {
    let client = json!({"command": "/bin/sh", "args": [["-c", "echo done by another > RESULT.txt"]]});
    let world = Founding::new().config("agents.openclaw", client).start().await;
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    for (tag, files, network) in [
        ("", "open", "open"),
        ("[isolation:workspace]", "shut", "open"),
        ("[isolation:offline]", "open", "shut"),
        ("[isolation:Closed]", "shut", "shut"),
    ] {
        let task = world.say(&format!("{} {tag}", tries(port)));
        let entry = world.entry(task).await;
        assert!(entry.content.contains(&format!("files {files}")), "{tag}: {}", entry.content);
        assert!(entry.content.contains(&format!("network {network}")), "{tag}: {}", entry.content);
        let (_, out, _) = world.run(&["status", &task.to_string()]);
        assert_eq!(out.contains("its own folders alone"), files == "shut", "{tag}: {out}");
        assert_eq!(out.contains("no network"), network == "shut", "{tag}: {out}");
    }
    let elsewhere = world.say("Do it [agent:openclaw] [isolation:workspace]");
    let entry = world.entry(elsewhere).await.content;
    assert!(entry.starts_with("**[FAILED]**") && entry.contains("was not started") && entry.contains("OpenClaw's Gateway"), "{entry}");
    let refused = world.say("Do it [isolation:full]");
    assert!(world.reply(refused).await.content.contains("`full` is no isolation that a task may ask for"));
    world.finish().await;
}
