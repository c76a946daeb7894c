//! Torture: seeded histories played against the real `orchestrator`, and judged by what can be seen from outside.
//!
//! A history is a script that a seed decides: tasks by every door, agents of every behaviour, people who change their minds, kills, faults. It is
//! played against one world (a folder, a local Discord, the real program) and ends in peace: faults off, everything settled, one more task, a
//! stop. Then judges look at the local Discord's log, at files that the agents have appended to, at the process table and into the store.
//! None of them asks the program's own code.

mod agents;
mod chance;
mod cli;
mod evidence;
mod fate;
mod generate;
mod judge;
mod play;
mod processes;
mod report;
mod round;
mod script;
mod settings;
mod shrink;
mod soak;
mod store;
mod task;
mod trouble;
mod world;

pub use self::{
    cli::run,
    report::Report,
    round::{Round, play_round},
};
