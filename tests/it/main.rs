//! One integration test binary.

// `cfg(test)` is always so here: it tells the linter that what is called by tests is a test too.
#[cfg(test)]
mod agents;
mod architecture;
#[cfg(test)]
mod cards;
#[cfg(test)]
mod cli;
#[cfg(test)]
mod commands;
#[cfg(test)]
mod config;
#[cfg(test)]
mod contract;
#[cfg(test)]
mod delivery;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod gateway;
#[cfg(test)]
mod llm;
#[cfg(test)]
mod main_job;
#[cfg(test)]
mod page;
#[cfg(test)]
mod process;
#[cfg(test)]
mod queue;
#[cfg(test)]
mod reliability;
#[cfg(test)]
mod sender;
#[cfg(test)]
mod store;
#[cfg(test)]
mod survival;
#[cfg(test)]
mod torture;
#[cfg(test)]
mod wording;
#[cfg(test)]
mod world;
