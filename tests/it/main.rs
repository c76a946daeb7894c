//! One integration test binary.

mod gateway;
mod sender;
