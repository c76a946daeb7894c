//! Plugs: what stands behind the ports' traits outside of tests.

pub mod sqlite;
