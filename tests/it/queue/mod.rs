//! The queue's promises on the store that is shipped: the same histories as in the core's own tests, beside the naive model.

#[path = "../../../crates/core/tests/it/histories.rs"]
mod histories;
#[path = "../../../crates/core/tests/it/support/mod.rs"]
mod support;

use std::sync::Arc;

use discord_orchestrator::adapters::sqlite::{SqliteOptions, SqliteStore};
use proptest::prelude::*;

use histories::{histories, run, same_on};

proptest! {
    // Each change of a row is on the disk before it counts: fewer histories than in memory.
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: ProptestConfig::default().cases / 32, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_sqlite_keeps_each_promise_and_comes_to_the_same_as_the_naive_model(events in histories()) {
        let folder = tempfile::tempdir().expect("a folder");
        run(async {
            let fatal = Arc::new(|reason: &str| panic!("the store gave up: {reason}"));
            let options = SqliteOptions { checks_plans: true, ..SqliteOptions::new(support::noon(), fatal) };
            let store = SqliteStore::open(&folder.path().join("orchestrator.db"), &options).expect("opened");
            same_on(Arc::new(store), &events).await;
        });
    }
}
