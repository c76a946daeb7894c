//! The fourth stage: an attempt comes in, is given a workspace and a brief, runs, and goes out as its end and what was collected after it. It
//! knows agents only through their definitions and their port, and trusts nothing that one has written.

pub mod alone;
mod asking;
mod beside;
mod bridging;
pub mod brief;
mod checking;
mod claims;
pub mod crew;
mod filling;
mod following;
mod making;
mod means;
mod metering;
pub mod plain_file;
mod printed;
pub mod pulses;
pub mod reader;
pub mod results;
pub mod retention;
mod run;
pub mod transcript;
mod walls;
pub mod workspace;
