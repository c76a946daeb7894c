//! The queue and the desk, over the store in memory, with a clock and a chance of their own.

mod control;
mod desk;
mod gates;
mod lanes;
mod marks;
mod read_back;
mod results;
mod support;
