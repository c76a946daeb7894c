//! The contract as conversations: each promise that can be seen from outside, through the real binary and the local Discord. Each of these
//! tests fails where the behaviour that it names is missing.

mod claiming;
mod control;
mod costs;
mod crashes;
mod gateway;
mod inputs;
mod load;
mod posts;
mod reading;
mod secrets;
mod staying_up;
mod unruly_agents;

use std::time::Duration;

use orchestrator_sandbox::{Demand, Rule};

use crate::world::World;

/// Where ✅ is put on a message of #task-queue.
const CLAIM: &str = "/channels/#task-queue/messages/*/reactions/✅/@me";
/// Where results are posted.
const RESULTS: &str = "/channels/#results/messages";

/// Trouble for ✅.
fn on_claim() -> Rule {
    Rule::on("PUT", CLAIM)
}

/// Trouble for results.
fn on_results() -> Rule {
    Rule::on("POST", RESULTS)
}

/// All trouble is over.
pub(crate) fn well_again(world: &World) {
    world.sandbox.make_trouble(Demand::Clear(true));
}

/// A short while that somebody is made to wait.
const A_WHILE: Duration = Duration::from_millis(400);
