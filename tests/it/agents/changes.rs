//! The hash of what an agent has changed, beside what its checks have found, and the list that it is of.

use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::checks::world;

#[tokio::test(flavor = "multi_thread")]
async fn the_hash_is_that_of_the_list_beside_the_work_and_each_of_its_lines_can_be_recomputed() {
    let world = world().start().await;
    let hash_of = async |text: &str| {
        let task = world.say(text);
        world.entry(task).await;
        let list = std::fs::read(world.workspace(task).join("CHANGES.txt")).expect("the list of changes");
        let hash = world.checked(task)["changes"]["sha256"].as_str().expect("a hash").to_owned();
        assert_eq!(hex(&list), hash, "it is the list's");
        (task, String::from_utf8(list).expect("text"), hash)
    };

    let (task, list, hash) =
        hash_of("[check:tests] umask 022; echo 42 > answer; mkdir more; ln -s /etc/passwd link; rm AGENTS.md; echo done > RESULT.txt")
            .await;

    let folder = format!("tasks/{task}");
    let line = |sign: &str, text: &[u8], name: &str| format!("{sign} {} {folder}/{name}", hex(text));
    for expected in [line("+ f 0644", b"42\n", "answer"), line("+ l 0777", b"/etc/passwd", "link"), format!("+ d 0755 - {folder}/more")] {
        assert!(list.lines().any(|line| line == expected), "{expected}\n{list}");
    }
    assert!(list.lines().any(|line| line.starts_with("- f 0600 ") && line.ends_with("/AGENTS.md")), "{list}");
    let (.., other) =
        hash_of("[check:tests] umask 022; echo 43 > answer; mkdir more; ln -s /etc/passwd link; rm AGENTS.md; echo done > RESULT.txt")
            .await;
    assert_ne!(hash, other);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hash_that_nobody_could_follow_is_not_told_and_a_list_that_is_gone_is_missed_aloud() {
    let removes = json!({"command": "rm $HOME/.runtime/attempts/*/changes"});
    let world = world().config("checks.removes", removes).start().await;

    // Each of these letters takes eight in the list.
    let task = world.say(
        "[check:tests] echo 42 > answer; n=$(printf '\u{e9}%.0s' $(seq 122)); mkdir more; cd more; i=0; \
         while [ $i -lt 7800 ]; do : > \"$n$i\"; i=$((i+1)); done; cd ..; echo done > RESULT.txt",
    );
    let entry = world.entry(task).await.content;
    assert!(entry.contains("🟢 **Verified**") && entry.contains("not hashed: the list of them has more than 8 MiB"), "{entry}");
    assert!(world.checked(task)["changes"]["sha256"].is_null() && !world.workspace(task).join("CHANGES.txt").exists(), "{entry}");

    let task = world.say("[check:removes] echo done > RESULT.txt");
    let entry = world.entry(task).await.content;
    assert!(entry.contains("sha256 `") && entry.contains("the list of changes was not kept, so there is no CHANGES.txt"), "{entry}");
    assert!(!world.workspace(task).join("CHANGES.txt").exists(), "{entry}");
    world.finish().await;
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    Sha256::digest(bytes).iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
