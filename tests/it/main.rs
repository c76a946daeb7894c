//! One integration test binary.

mod architecture;
mod cli;
mod main_job;
mod process;
mod queue;
mod sender;
mod store;
mod world;
// `cfg(test)` is always so here: it tells the linter that what is called by tests is a test too.
#[cfg(test)]
mod config;
