//! Agent processes: the adapter of `AgentRunner`, and the emergency sweep that works without it.
//!
//! A launch comes in as a `LaunchSpec`, an end goes out as an `ExitRecord`; between them there are processes. The orchestrator starts one
//! *nursery* (`nursery`), which forks one *attendant* per attempt (`attendant`), which starts the agent (`spawn`), bounds its output (`stream`)
//! and ends its tree (`stop`); checks of what the agent left are run there too (`checking`). All that is known of an attempt is in its control file (`control`), so that an attendant outlives the
//! orchestrator and is found again. This room knows nothing of tasks, stores and chats beyond the ids in a specification.

mod attendant;
mod boot;
mod checking;
mod clearing;
mod control;
mod emergency;
mod filter;
mod gate;
mod init;
mod kernel;
mod landlock;
mod level;
mod link;
mod manifest;
mod marker;
mod measure;
mod namespace;
mod nursery;
mod output;
mod removed;
mod request;
mod runner;
mod spawn;
mod stop;
mod stream;
mod tree;
mod waiting;
mod walled;
mod watch;

use std::{env, process::ExitCode};

use orchestrator_core::domain::isolation::Offered;

pub use self::{
    emergency::{Ended, How, emergency},
    init::{as_first_process, carries_a_container},
    kernel::end_at_once,
    level::{Level, level},
    runner::ProcessRunner,
    walled::is_walled,
};

/// What this machine can hold of an agent's isolation. Asks the kernel, and tries out what it does not tell.
pub fn offered() -> Offered {
    Offered { landlock: landlock::version(), filters: filter::is_offered(), namespaces: namespace::are_permitted() }
}

/// What the program is called with to become a nursery. Nobody types this.
const NURSERY_VERB: &str = "__nursery";

/// What a nursery is called with whose agents end with who asked for them.
const TIED_VERB: &str = "tied";

/// What a nursery is called with to try, once, what this machine allows.
const PROBE_VERB: &str = "probe-pid-namespace";

/// Runs the program's hidden verb, if it was called with it. To be asked first in `main`, before any thread, runtime or configuration.
pub fn hidden_verb() -> Option<ExitCode> {
    let mut args = env::args_os().skip(1);
    if args.next()? != NURSERY_VERB {
        return None;
    }
    match args.next() {
        Some(verb) if verb == PROBE_VERB => Some(level::probe_pid_namespace()),
        verb => Some(nursery::run(verb.is_some_and(|verb| verb == TIED_VERB))),
    }
}
