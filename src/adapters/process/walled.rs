//! Whether a process is behind an agent's walls, told by whom it descends from: attendants are the sub-reapers of all that their agents start, so
//! nothing below one ever leaves it while it lives, and no agent can change its attendant's name.

use std::{ffi::CStr, fs};

/// What the attendant of an agent with walls is called.
pub(super) const ATTENDANT: &CStr = c"orch-walled";

/// The longest line of ancestors that is followed.
const DEEPEST: usize = 10_000;

/// How often a line of ancestors is followed anew that broke because one of them has just ended.
const TRIES: u32 = 3;

/// Whether a process is behind an agent's walls. One that is gone counts as one: nobody knows any more who it was.
pub fn is_walled(pid: i32) -> bool {
    (0..TRIES).find_map(|_| has_walled_ancestor(pid)).unwrap_or(true)
}

/// None: the line of its ancestors could not be followed to its end.
fn has_walled_ancestor(pid: i32) -> Option<bool> {
    let mut at = pid;
    for _ in 0..DEEPEST {
        if at <= 1 {
            return Some(false);
        }
        let stat = fs::read_to_string(format!("/proc/{at}/stat")).ok()?;
        // The name is in brackets and may hold anything, also brackets: what counts comes after the last one.
        let (name, rest) = stat.split_once('(')?.1.rsplit_once(')')?;
        if name.as_bytes() == ATTENDANT.to_bytes() {
            return Some(true);
        }
        at = rest.split_ascii_whitespace().nth(1)?.parse().ok()?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_descends_from_no_attendant_is_not_behind_walls_and_who_is_gone_is_not_trusted() {
        let own = i32::try_from(std::process::id()).unwrap();

        assert!(!is_walled(own));
        assert!(is_walled(i32::MAX));
    }
}
