//! Programs that know nothing of us judge the local Discord: discord.js and discord.py as their users write them, and serenity's own client.

mod serenity;

use std::{
    env,
    path::Path,
    process::{Command, Stdio},
};

use orchestrator_sandbox::{Limits, Options};

use crate::wire::start;

/// Names clients that are left out; `all` leaves out every one that comes from another registry.
const WITHOUT: &str = "ORCH_TEST_WITHOUT_CLIENTS";
/// What the script ends with if a client can't be had.
const CANNOT: i32 = 77;

/// Runs the bot in `tests/clients/<client>`, which ends at the first thing that is not as on Discord.
async fn judged_by(client: &str) {
    #[expect(clippy::disallowed_methods, reason = "whoever runs the tests decides, not the program")]
    let left_out = env::var(WITHOUT).unwrap_or_default();
    if left_out.split_whitespace().any(|name| name == client || name == "all") {
        eprintln!("!!! {client} is not tried: {WITHOUT} names it");
        return;
    }
    let discord = start(Options { limits: Limits::Compressed(10), ..Options::default() }).await;
    let home = env::temp_dir().join(format!("local-discord-{client}-{}", std::process::id()));
    std::fs::create_dir_all(&home).expect("a folder");
    let settings = home.join("discord-config.env");
    discord.write_env(&settings).expect("its settings");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");

    #[expect(clippy::disallowed_methods, reason = "it is the client that is tested here")]
    let mut script = Command::new(root.join("bin-scripts/test-clients.sh"));
    script.arg("--env").arg(&settings).arg(client).stdin(Stdio::null());
    let ended = tokio::task::spawn_blocking(move || script.output()).await.expect("it is waited for").expect("bash");

    std::fs::remove_dir_all(&home).expect("its folder can go");
    let (said, told) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    assert!(
        ended.status.code() != Some(CANNOT),
        "\n{told}!!! The local Discord is not judged by {client} on this machine.\n\
         !!! Install what it needs (bin-scripts/test.sh does), or leave this test out:  {WITHOUT}={client}\n"
    );
    assert!(ended.status.success(), "{said}\n{told}");
    discord.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_on_discord_js_finds_all_that_it_knows_of_discord() {
    judged_by("discord.js").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_on_discord_py_finds_all_that_it_knows_of_discord() {
    judged_by("discord.py").await;
}
