//! What holds whatever happens, on the store in memory.

use std::sync::Arc;

use orchestrator_core::ports::memory::MemoryStore;
use proptest::prelude::*;

use crate::histories::{histories, run, same_on};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, max_shrink_iters: 4_096, cases: ProptestConfig::default().cases / 4, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_each_promise_holds_and_in_the_end_everything_has_run(events in histories()) {
        run(same_on(Arc::new(MemoryStore::rehearsing()), &events));
    }
}
