//! What holds an agent for an administrator's service holds it for one of any other account.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::chown,
    process::{Command, Output},
};

use discord_orchestrator::adapters::process;
use serde_json::{Value, json};

/// "nobody", on every system that we know.
const NOBODY: u32 = 65_534;

#[expect(clippy::disallowed_methods, reason = "the program itself, as another account starts it")]
fn as_nobody(program: &str, args: &[&str], folder: &std::path::Path) -> std::io::Result<Output> {
    let account = [format!("--reuid={NOBODY}"), format!("--regid={NOBODY}"), "--clear-groups".to_owned()];
    Command::new("/usr/bin/setpriv")
        .args(account)
        .arg(program)
        .args(args)
        .env_clear()
        .env("HOME", folder)
        .env("PATH", "/usr/bin:/bin")
        .output()
}

#[test]
fn an_account_without_rights_walls_its_agents_to_their_hosts_and_these_gain_none() {
    let program = env!("CARGO_BIN_EXE_orchestrator");
    let home = tempfile::tempdir().expect("a folder");
    let can = chown(home.path(), Some(NOBODY), Some(NOBODY)).is_ok()
        && as_nobody(program, &["--version"], home.path()).is_ok_and(|output| output.status.success());
    if !can || !process::offered().namespaces {
        eprintln!("NOT TESTED: only an administrator can become another account, with a program that this one may run");
        return;
    }
    let (named, other) = (TcpListener::bind("127.0.0.1:0").expect("a port"), TcpListener::bind("127.0.0.1:0").expect("a port"));
    let [named, other] = [&named, &other].map(|listener| listener.local_addr().expect("an address"));
    let script = "tail -c +7 TASK.txt > .task.sh; exec /bin/sh ./.task.sh";
    let agent = json!({
        "command": "/bin/sh", "args": [["-c", script]], "home": "own", "file_system": "workspace", "isolation_required": true,
        "network": {"hosts": [named.to_string()]},
    });
    fs::write(home.path().join("orchestrator_config.json"), json!({"agents": {"some": agent}}).to_string()).expect("writes");
    let text = format!(
        "id -u; grep -E '^Cap(Inh|Prm|Eff|Amb)' /proc/self/status; stat -c %u TASK.txt .task.sh; unshare -Ur true 2>&1; \
         for at in {named} {other}; do perl -MIO::Socket::INET -e '($g) = $ENV{{HTTPS_PROXY}} =~ m{{//(.*)}}; \
         $s = IO::Socket::INET->new($g); print $s qq(CONNECT $ARGV[0] HTTP/1.1\\r\\n\\r\\n); print scalar <$s>' $at; done"
    );

    let folder = home.path().display().to_string();
    let output = as_nobody(
        program,
        &["--dir", &folder, "--json", "agents", "test", "some", "--text", &format!("({text}) > RESULT.txt")],
        home.path(),
    )
    .expect("it runs");

    let told: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    let none = "0000000000000000";
    let expected = format!(
        "{NOBODY}\nCapInh:\t{none}\nCapPrm:\t{none}\nCapEff:\t{none}\nCapAmb:\t{none}\n{NOBODY}\n{NOBODY}\n\
         unshare: unshare failed: Operation not permitted\nHTTP/1.1 200 Connection established\r\nHTTP/1.1 403 Forbidden"
    );
    assert_eq!(told["text"].as_str().map(str::trim), Some(expected.as_str()), "{told:#}");
    assert!(told["remarks"].to_string().contains(&format!("it asked for {other}, which is not among its hosts")), "{told:#}");
}
