//! Agents as they are: what real programs have printed, and how ours are run.

mod ceilings;
mod progress;
mod samples;
mod trying;
