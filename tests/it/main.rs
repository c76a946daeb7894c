//! One integration test binary.

// `cfg(test)` is always so here: it tells the linter that what is called by tests is a test too.
#[cfg(test)]
mod config;
