//! One integration test binary.

mod contract;
mod architecture;
mod commands;
mod cli;
mod main_job;
mod page;
mod process;
mod queue;
mod gateway;
mod sender;
mod store;
mod world;
// `cfg(test)` is always so here: it tells the linter that what is called by tests is a test too.
#[cfg(test)]
mod config;
