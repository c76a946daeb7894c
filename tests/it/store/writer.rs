//! What SQLite's one writer promises: order, company, a full disk, another process.

use std::{
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, Sender, channel},
    },
    time::Duration,
};

use discord_orchestrator::adapters::sqlite::{SqliteOptions, SqliteStore};
use orchestrator_core::ports::{
    rows::{Rows, RowsError},
    store::{Store, StoreError, Urgency, WriteBody},
};
use rusqlite::Connection;
use tokio::task::JoinSet;

use super::{
    open, options,
    samples::task,
    sqlite::{fact, folder, put},
};

/// A body that holds the writer until it is let go: what is asked meanwhile queues up. Tells when it has begun.
fn hold() -> (WriteBody, Receiver<()>, Sender<()>) {
    let (begun, has_begun) = channel();
    let (let_go, may_go) = channel();
    let may_go = Mutex::new(may_go);
    let body = Box::new(move |_: &mut dyn Rows| {
        begun.send(()).unwrap();
        let _let_go = may_go.lock().unwrap().recv();
        Ok(())
    });
    (body, has_begun, let_go)
}

/// A body that adds a word to a fact.
fn say(word: &'static str) -> WriteBody {
    Box::new(move |rows| {
        let said = rows.fact("said")?.unwrap_or_default();
        Ok(rows.put_fact("said", &format!("{said}{word} "))?)
    })
}

/// Has the writer run bodies together, in the order in which they are asked; gives their answers.
async fn together(store: &Arc<SqliteStore>, bodies: Vec<(Urgency, WriteBody)>) -> Vec<Result<(), StoreError>> {
    let (body, has_begun, let_go) = hold();
    let mut asked = JoinSet::new();
    let holding = Arc::clone(store);
    asked.spawn(async move { (0, holding.write(Urgency::Usual, body).await) });
    while has_begun.try_recv().is_err() {
        tokio::task::yield_now().await;
    }
    for (number, (urgency, body)) in (1..).zip(bodies) {
        let store = Arc::clone(store);
        asked.spawn(async move { (number, store.write(urgency, body).await) });
        // On one thread, a spawned task has asked once it was polled.
        tokio::task::yield_now().await;
    }
    let_go.send(()).unwrap();
    let mut answers = asked.join_all().await;
    answers.sort_by_key(|(number, _)| *number);
    answers.into_iter().skip(1).map(|(_, answer)| answer).collect()
}

#[tokio::test]
async fn what_is_urgent_passes_what_is_usual() {
    let folder = folder();
    let store = Arc::new(open(&folder.path().join("store.db")).unwrap());
    let bodies =
        vec![(Urgency::Usual, say("one")), (Urgency::Usual, say("two")), (Urgency::Urgent, say("three")), (Urgency::Urgent, say("four"))];

    together(&store, bodies).await;

    assert_eq!(fact(&store, "said").await.as_deref(), Some("three four one two "));
}

#[tokio::test]
async fn a_body_that_fails_does_not_disturb_those_it_is_committed_with() {
    let folder = folder();
    let store = Arc::new(open(&folder.path().join("store.db")).unwrap());
    let fails: WriteBody = Box::new(|rows| {
        rows.put_fact("said", "nonsense")?;
        Ok(rows.update_task(&task(1, 7))?)
    });
    let bodies = vec![(Urgency::Usual, say("one")), (Urgency::Usual, fails), (Urgency::Usual, say("two"))];

    let answers = together(&store, bodies).await;

    assert!(matches!(answers[..], [Ok(()), Err(StoreError::Rows(RowsError::Stale { .. })), Ok(())]), "{answers:?}");
    assert_eq!(fact(&store, "said").await.as_deref(), Some("one two "));
}

#[tokio::test]
async fn a_full_disk_refuses_what_does_not_fit_and_nothing_else() {
    let folder = folder();
    let path = folder.path().join("store.db");
    let limited = SqliteOptions { max_bytes: Some(1 << 20), ..options() };
    let store = Arc::new(SqliteStore::open(&path, &limited).unwrap());
    let too_large: WriteBody = Box::new(|rows| Ok(rows.put_fact("large", &"x".repeat(2 << 20))?));
    let bodies = vec![(Urgency::Usual, say("one")), (Urgency::Usual, too_large), (Urgency::Usual, say("two"))];

    let answers = together(&store, bodies).await;

    assert!(matches!(answers[..], [Ok(()), Err(StoreError::Rows(RowsError::DiskFull)), Ok(())]), "{answers:?}");
    assert_eq!(fact(&store, "said").await.as_deref(), Some("one two "));
    assert_eq!(fact(&store, "large").await, None);
}

#[tokio::test]
async fn another_process_that_holds_the_file_too_long_is_named() {
    let folder = folder();
    let path = folder.path().join("store.db");
    let impatient = SqliteOptions { busy_timeout: Duration::from_millis(20), ..options() };
    let store = SqliteStore::open(&path, &impatient).unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();

    let refused = put(&store, "a", "1").await.unwrap_err();
    other.execute_batch("ROLLBACK").unwrap();

    assert!(refused.to_string().contains("another process holds the database"), "{refused}");
    put(&store, "a", "1").await.unwrap();
}
