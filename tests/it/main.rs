//! One integration test binary.

mod process;
