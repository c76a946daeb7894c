//! The library in front of programs that every machine has.

// `cfg(test)` is always so here: it tells the linter that what is called by tests is a test too.
#[cfg(test)]
mod everyday_programs;
