//! What a test must not leave behind.

use std::{fs, path::Path};

use chrono::DateTime;
use discord_orchestrator::adapters::sqlite::{SqliteOptions, SqliteStore};
use orchestrator_core::ports::store::Store as _;

/// Sends SIGTERM.
#[expect(unsafe_code, reason = "kill(2) has no safe form in std")]
pub(super) fn terminate(process: u32) {
    // SAFETY: a signal to a child of ours that has not been waited for.
    unsafe { libc::kill(i32::try_from(process).expect("a process number"), libc::SIGTERM) };
}

/// Ends every process that works in a world's folder.
#[expect(unsafe_code, reason = "kill(2) has no safe form in std")]
pub(super) fn end_all(dir: &Path) {
    for (process, _) in processes_in(dir) {
        // SAFETY: at worst the process has just ended; it worked in a test's own folder.
        unsafe { libc::kill(process, libc::SIGKILL) };
    }
}

/// Fails if anything is left.
pub(super) async fn check(dir: &Path) {
    let left = processes_left(dir);
    assert!(left.is_empty(), "processes are left over: {left:?}");
    let db = dir.join(".runtime/orchestrator.db");
    if db.exists() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).expect("a valid time");
        let store =
            SqliteStore::open(&db, &SqliteOptions::new(now, std::sync::Arc::new(|reason| panic!("{reason}")))).expect("the store opens");
        let counts = std::sync::Arc::new(std::sync::Mutex::new(None));
        let seen = std::sync::Arc::clone(&counts);
        let read = store.read(Box::new(move |look| {
            *seen.lock().expect("nobody panics") = Some(look.counts()?);
            Ok(())
        }));
        read.await.expect("the store answers");
        let counts = counts.lock().expect("nobody panics").expect("it was read");
        assert_eq!(counts.running, 0, "attempts are left running");
        assert_eq!(counts.letters, 0, "letters are left undelivered");
        store.close().await;
    }
    let attempts = fs::read_dir(dir.join(".runtime/attempts"))
        .map(|dir| dir.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect::<Vec<_>>())
        .unwrap_or_default();
    assert!(attempts.is_empty(), "control folders are left over: {attempts:?}");
}

/// Processes that should be gone, with their names.
pub(super) fn processes_left(dir: &Path) -> Vec<(i32, String)> {
    processes_in(dir).into_iter().filter(|(_, name)| !name.contains("nursery")).collect()
}

/// Processes whose working folder is in `dir`, with their names.
fn processes_in(dir: &Path) -> Vec<(i32, String)> {
    let all = fs::read_dir("/proc").expect("/proc is there").flatten();
    let numbers = all.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let inside = numbers.filter(|process| fs::read_link(format!("/proc/{process}/cwd")).is_ok_and(|cwd| cwd.starts_with(dir)));
    inside
        .filter(|process| i32::try_from(std::process::id()).ok() != Some(*process))
        .map(|process| (process, fs::read_to_string(format!("/proc/{process}/comm")).unwrap_or_default().trim().to_owned()))
        .collect()
}
