//! Agents as they are: what real programs have printed, and how ours are run.

mod acp;
mod ceilings;
mod changes;
mod checks;
mod closer;
mod leaving;
mod progress;
mod quotas;
mod redteam;
mod samples;
mod trying;
mod unprivileged;
mod unwalled;
