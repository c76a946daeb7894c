//! Domain, queue and stages.
