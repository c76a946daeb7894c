//! staying_up
