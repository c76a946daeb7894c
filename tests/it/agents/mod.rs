//! Agents as they are: what real programs have printed, and how ours are run.

mod ceilings;
mod leaving;
mod progress;
mod quotas;
mod redteam;
mod samples;
mod trying;
mod unwalled;
