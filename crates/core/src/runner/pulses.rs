//! How all running agents are doing, in memory.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    domain::{id::TaskId, progress::Pulse},
    ports::progress::Progress,
};

/// The pulses of all running agents.
#[derive(Clone, Debug, Default)]
pub struct Pulses {
    known: Arc<Mutex<HashMap<TaskId, Pulse>>>,
}

impl Pulses {
    /// A task's pulse from now on, until what comes back is dropped.
    pub(super) fn beating<'p>(&'p self, task: &'p TaskId) -> Beating<'p> {
        Beating(self, task)
    }

    fn known(&self) -> MutexGuard<'_, HashMap<TaskId, Pulse>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress for Pulses {
    fn pulse(&self, task: &TaskId) -> Option<Pulse> {
        self.known().get(task).cloned()
    }
}

/// One task's pulse, until this is dropped.
pub(super) struct Beating<'p>(&'p Pulses, &'p TaskId);

impl Beating<'_> {
    /// This is how it is doing now.
    pub(super) fn is(&self, pulse: Pulse) {
        self.0.known().insert(self.1.clone(), pulse);
    }
}

impl Drop for Beating<'_> {
    fn drop(&mut self) {
        self.0.known().remove(self.1);
    }
}
