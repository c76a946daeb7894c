//! Files that an agent leaves go along with its result, as far as Discord takes them, and nothing goes along that is not its own.

use std::collections::BTreeMap;

use serde_json::json;

use crate::world::Founding;

#[tokio::test(flavor = "multi_thread")]
async fn files_that_an_agent_leaves_are_attached_and_one_that_is_too_large_is_named_with_its_place() {
    let world = Founding::new().config("output.attach_max_files", json!(4)).start().await;

    let task = world.say(
        "echo done > RESULT.txt; printf '\\211PNG\\377' > chart.png; mkdir -p deep/er; echo a > deep/er/a.csv; echo b > deep/b.csv; echo c > c.txt; \
         echo d > d.txt; : > empty; echo no > .hidden; head -c 9000000 /dev/zero > big.bin",
    );
    let entry = world.entry(task).await;

    let files: BTreeMap<String, Vec<u8>> = world.attached(&entry).into_iter().collect();
    assert_eq!(files.keys().collect::<Vec<_>>(), ["c.txt", "chart.png", "d.txt", "deep-b.csv"], "those first that lie least deep");
    assert_eq!(files["chart.png"], b"\x89PNG\xff", "byte by byte");
    assert!(
        entry.content.contains("Too large to be attached: `workers/agent-") && entry.content.contains("/big.bin` (8.5 MiB)"),
        "{}",
        entry.content
    );
    assert_eq!(world.count_entries(task), 1);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_link_leads_a_file_out_and_no_secret_goes_along() {
    let world = Founding::new().config("output.attach_max_files", json!(10)).start().await;
    let token = world.sandbox.user("orchestrator").expect("it is there").token;

    let task = world.say(
        "echo done > RESULT.txt; T=$(grep ^ORCHESTRATOR_AGENT_TOKEN $HOME/discord-config.env | cut -d= -f2- | tr -d '\"'); \
         ln -s $HOME/discord-config.env linked.env; ln $HOME/discord-config.env hard.env; ln -s $HOME folder; mkfifo pipe; \
         echo \"before $T after\" > notes.txt; echo \"$T\" | base64 > encoded.txt; printf '\\377%s\\376' \"$T\" > binary.bin",
    );
    let entry = world.entry(task).await;

    let files: BTreeMap<String, String> =
        world.attached(&entry).into_iter().map(|(name, bytes)| (name, String::from_utf8_lossy(&bytes).into_owned())).collect();
    assert_eq!(
        files.keys().collect::<Vec<_>>(),
        ["binary.bin.not-attached.txt", "encoded.txt", "hard.env.not-attached.txt", "notes.txt"],
        "{files:?}"
    );
    assert_eq!(files["notes.txt"], "before [secret] after\n");
    assert!(files["binary.bin.not-attached.txt"].contains("holds a secret"), "{files:?}");
    assert!(files["hard.env.not-attached.txt"].contains("a hard link"), "{files:?}");
    let (secret, all) = (token.rsplit('.').next().expect("three parts"), format!("{files:?}{}", entry.content));
    assert!(!all.contains(secret), "{all}");
    assert!(files["encoded.txt"].contains("[secret]"), "{files:?}");
    world.finish().await;
}
