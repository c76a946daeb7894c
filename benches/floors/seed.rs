//! A queue in which very many tasks wait: one is taken in through the queue itself, and its rows are copied in one transaction.

use std::path::Path;

use rusqlite::Connection;

use crate::house::{Desk, new_task};

/// The fact that says that nothing is started: as `panic` leaves it.
const PAUSED: &str = "dispatch.paused";

/// Makes the database of a folder with so many waiting tasks. Nothing is started until [`resume`].
pub async fn waiting(folder: &Path, tasks: u64) {
    let desk = Desk::open(folder, 1);
    desk.queue.put_fact(PAUSED, "bench").await.expect("the store writes");
    desk.queue.enqueue(new_task(u64::MAX / 3)).await.expect("it is taken");
    desk.store.close().await;
    copy(folder, tasks).expect("the rows are copied");
}

/// Lets tasks be started.
pub fn resume(folder: &Path) {
    let connection = Connection::open(folder.join("orchestrator.db")).expect("a database");
    connection.execute("UPDATE fact SET value = '' WHERE name = ?1", [PAUSED]).expect("writes");
}

fn copy(folder: &Path, tasks: u64) -> rusqlite::Result<()> {
    let connection = Connection::open(folder.join("orchestrator.db"))?;
    let more = i64::try_from(tasks.saturating_sub(1)).unwrap_or(i64::MAX);
    let numbers = format!("WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < {more})");
    connection.execute_batch("PRAGMA synchronous = OFF; PRAGMA cache_size = -200000; BEGIN;")?;
    connection.execute_batch(&format!(
        "CREATE TEMP TABLE one AS SELECT * FROM task LIMIT 1;
         {numbers} INSERT INTO task (id, lane, open, task)
             SELECT 'copy-' || n, lane, open, replace(task, id, 'copy-' || n) FROM one, number;
         CREATE TEMP TABLE asked AS SELECT * FROM intake LIMIT 1;
         {numbers} INSERT INTO intake SELECT source, 'copy-' || n, body_hash, 'copy-' || n FROM asked, number;
         CREATE TEMP TABLE ready AS SELECT * FROM step LIMIT 1;
         {numbers} INSERT INTO step (task, lane, state, state_json, gate, due_at, priority, gates, attempts, attempts_allowed, failed_launches, fence, version)
             SELECT 'copy-' || n, lane, state, state_json, gate, due_at, priority, gates, attempts, attempts_allowed, failed_launches, fence, version FROM ready, number;
         CREATE TEMP TABLE said AS SELECT * FROM journal WHERE task IS NOT NULL LIMIT 1;
         {numbers} INSERT INTO journal (at, task, attempt, what) SELECT at, 'copy-' || n, attempt, what FROM said, number;
         UPDATE lane SET ready = ready + {more};
         COMMIT;
         PRAGMA wal_checkpoint(TRUNCATE);"
    ))
}
