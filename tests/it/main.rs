//! One integration test binary.

mod process;
mod sender;
mod store;
