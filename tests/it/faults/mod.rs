//! The disk, the clock and the machine fail under the real binary: nothing accepted is lost, nothing is run twice, and what it costs is told.

mod interposing;
