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

#[tokio::test(flavor = "multi_thread")]
async fn who_is_kept_from_the_network_has_no_orders_for_the_service_by_which_another_agent_would_reach_it() {
    let script = "tail -c +7 TASK.txt > .task.sh; exec /bin/sh ./.task.sh";
    let founding =
        Founding::new().config("agents.some", json!({"command": "/bin/sh", "args": [["-c", script]], "network": {"hosts": ["a.example"]}}));
    let world = founding.start().await;
    let asks = format!(
        "perl -MSocket -e 'socket(S, PF_UNIX, SOCK_STREAM, 0) && connect(S, sockaddr_un(q({}/.runtime/orchestrator.sock))) or exit 2; \
         syswrite S, qq(GET /v1/status HTTP/1.1\\r\\nhost: x\\r\\nconnection: close\\r\\n\\r\\n); print scalar <S>' > RESULT.txt",
        world.dir().display()
    );
    for (tags, answer) in [("", "200 OK"), ("[isolation:offline]", "403 Forbidden"), ("[agent:some]", "403 Forbidden")] {
        let task = world.say(&format!("{asks} {tags}"));
        let entry = world.entry(task).await.content;
        assert!(entry.starts_with("**[SUCCESS]**") && entry.contains(answer), "{tags}: {entry}");
    }
    world.finish().await;
}
