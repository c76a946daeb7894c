//! One integration test binary.

mod sender;
