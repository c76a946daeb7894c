//! The fifth stage: an attempt's end and what it left behind come in, a report goes out to the queue. It decides what an end means; it does
//! not know how agents are run, nor how a report is shown.

mod checks;
pub mod judge;
pub mod settle_loop;
