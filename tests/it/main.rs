//! One integration test binary.

mod main_job;
mod process;
mod sender;
mod store;
mod world;
