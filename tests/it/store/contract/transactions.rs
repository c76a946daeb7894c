//! What a transaction is, whatever is in it.

use std::{
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use futures_util::FutureExt;
use orchestrator_core::ports::{
    rows::RowsError,
    store::{Abort, Store, StoreError},
};

use super::{
    super::{
        read,
        samples::{task, task_id},
        write,
    },
    is_stale,
};

pub(super) async fn a_body_that_refuses_has_changed_nothing(store: &dyn Store) {
    let refused = write(store, |rows| {
        rows.insert_task(&task(1, 7))?;
        rows.put_fact("a", "b")?;
        Err::<(), _>(Abort::Refused)
    })
    .await;

    assert!(matches!(refused, Err(StoreError::Refused)));
    assert_eq!(read(store, |rows| Ok((rows.task(&task_id(1))?, rows.fact("a")?))).await.unwrap(), (None, None));
}

pub(super) async fn a_failed_row_operation_undoes_the_whole_body(store: &dyn Store) {
    let failed = write(store, |rows| {
        rows.insert_task(&task(1, 7))?;
        Ok(rows.update_task(&task(2, 7))?)
    })
    .await;

    assert!(is_stale(&failed));
    assert_eq!(read(store, |rows| rows.task(&task_id(1))).await.unwrap(), None);
    assert_eq!(read(store, |rows| rows.open_tasks("user:7")).await.unwrap(), 0);
}

pub(super) async fn a_body_may_go_on_after_a_duplicate(store: &dyn Store) {
    write(store, |rows| Ok(rows.insert_task(&task(1, 7))?)).await.unwrap();

    write(store, |rows| {
        assert!(matches!(rows.insert_task(&task(1, 7)), Err(RowsError::Duplicate { .. })));
        Ok(rows.insert_task(&task(2, 7))?)
    })
    .await
    .unwrap();

    assert!(read(store, |rows| rows.task(&task_id(2))).await.unwrap().is_some());
}

pub(super) async fn a_body_that_panics_has_changed_nothing(store: &dyn Store) {
    let asked = write(store, |rows| {
        rows.insert_task(&task(1, 7))?;
        assert_eq!(rows.task(&task_id(1))?, None, "a mistake in a body");
        Ok(())
    });

    assert!(AssertUnwindSafe(asked).catch_unwind().await.is_err());

    assert_eq!(read(store, |rows| rows.task(&task_id(1))).await.unwrap(), None);
    write(store, |rows| Ok(rows.insert_task(&task(2, 7))?)).await.unwrap();
}

pub(super) async fn a_view_is_of_one_moment(store: &dyn Store) {
    write(store, |rows| {
        rows.put_fact("left", "0")?;
        Ok(rows.put_fact("right", "0")?)
    })
    .await
    .unwrap();
    let is_over = Arc::new(AtomicBool::new(false));
    let writing = async {
        for n in 1..200 {
            write(store, move |rows| {
                rows.put_fact("left", &n.to_string())?;
                Ok(rows.put_fact("right", &n.to_string())?)
            })
            .await
            .unwrap();
        }
        is_over.store(true, Ordering::Relaxed);
    };
    let looking = async {
        while !is_over.load(Ordering::Relaxed) {
            let (left, right) = read(store, |rows| Ok((rows.fact("left")?, rows.fact("right")?))).await.unwrap();
            assert_eq!(left, right);
            tokio::task::yield_now().await;
        }
    };

    tokio::join!(writing, looking);
}
