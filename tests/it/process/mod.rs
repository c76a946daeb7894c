//! Agent processes, through the real program's nursery and real processes.

mod emergency;
mod gate;
mod house;
mod model;
mod refusing;
mod removed;
mod running;
mod stopping;
mod surviving;
mod walls;
