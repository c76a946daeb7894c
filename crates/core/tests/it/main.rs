//! The queue and the desk, over the store in memory, with a clock and a chance of their own.

mod always;
mod cards;
mod ceilings;
mod control;
mod desk;
mod gates;
mod histories;
mod lanes;
mod marks;
mod permissions;
mod quotas;
mod read_back;
mod results;
mod room;
mod spending;
mod steps;
mod support;
