//! The program `torture`: see the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    orchestrator_torture::run()
}
