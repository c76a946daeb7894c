//! The seams: what the stages need of the world, as traits with their errors and the promise that each adapter keeps.

pub mod agent_runner;
pub mod chat;
pub mod checking;
pub mod clock;
pub mod entropy;
pub mod memory;
pub mod progress;
pub mod removal;
pub mod row;
pub mod rows;
mod rows_error;
pub mod store;
pub mod task_log;
