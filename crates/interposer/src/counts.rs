//! How often what was called, in a file that the program maps and a test reads: it survives whatever kills the program.

use std::{fs, io, path::Path};

use crate::rule::{Call, Who};

/// What kind of file a call is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Class {
    /// The main file of the store.
    Database,
    /// Its log.
    Wal,
    /// What it keeps beside them: shared memory, a journal.
    Beside,
    /// In an attempt's control folder.
    Attempt,
    /// In a workspace.
    Workspace,
    /// A log of the program.
    Log,
    /// Another file.
    File,
    /// No file: a socket, a fork.
    None,
}

impl Class {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 8] = [Self::Database, Self::Wal, Self::Beside, Self::Attempt, Self::Workspace, Self::Log, Self::File, Self::None];

    pub(crate) fn of(path: &[u8]) -> Self {
        let holds = |part: &[u8]| path.windows(part.len()).any(|window| window == part);
        match path {
            [] => Self::None,
            _ if path.ends_with(b".db") => Self::Database,
            _ if path.ends_with(b".db-wal") => Self::Wal,
            _ if holds(b".db-") => Self::Beside,
            _ if holds(b"/attempts/") => Self::Attempt,
            _ if holds(b"/workers/") => Self::Workspace,
            _ if path.ends_with(b".log") => Self::Log,
            _ => Self::File,
        }
    }
}

/// How many numbers are kept.
pub(crate) const CELLS: usize = Who::ALL.len() * Call::ALL.len() * Class::ALL.len();

pub(crate) const fn cell(who: Who, call: Call, class: Class) -> usize {
    (who as usize * Call::ALL.len() + call as usize) * Class::ALL.len() + class as usize
}

/// The counts of all processes that a file was given to, since it was made.
#[derive(Clone, Debug)]
pub struct Counts(Vec<u64>);

impl Counts {
    /// Makes the file, with every count at 0.
    ///
    /// # Errors
    ///
    /// The file system's.
    pub fn make(path: &Path) -> io::Result<()> {
        fs::write(path, [0; CELLS * size_of::<u64>()])
    }

    /// Reads it, also while it is written to.
    ///
    /// # Errors
    ///
    /// The file system's.
    pub fn read(path: &Path) -> io::Result<Self> {
        let bytes = fs::read(path)?;
        Ok(Self(bytes.as_chunks().0.iter().map(|cell| u64::from_ne_bytes(*cell)).collect()))
    }

    /// How often a process of this kind has made a call on this kind of file.
    pub fn of(&self, who: Who, call: Call, class: Class) -> u64 {
        self.0.get(cell(who, call, class)).copied().unwrap_or(0)
    }

    /// The sum over what is meant.
    pub fn sum(&self, is_meant: impl Fn(Who, Call, Class) -> bool) -> u64 {
        let all = Who::ALL.into_iter().flat_map(|who| Call::ALL.into_iter().map(move |call| (who, call)));
        let all = all.flat_map(|(who, call)| Class::ALL.into_iter().map(move |class| (who, call, class)));
        all.filter(|(who, call, class)| is_meant(*who, *call, *class)).map(|(who, call, class)| self.of(who, call, class)).sum()
    }

    /// How often each process of this kind reached a rule for `any`, taken together.
    pub fn any(&self, who: Who) -> u64 {
        self.sum(|by, call, _| by == who && call != Call::Open)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_call_has_a_cell_of_its_own() {
        let mut seen = vec![false; CELLS];
        for who in Who::ALL {
            for call in Call::ALL {
                for class in Class::ALL {
                    assert!(!std::mem::replace(&mut seen[cell(who, call, class)], true));
                }
            }
        }
        assert!(seen.into_iter().all(|taken| taken));
    }

    #[test]
    fn a_file_is_known_by_its_path() {
        assert_eq!(Class::of(b"/w/.runtime/orchestrator.db-wal"), Class::Wal);
        assert_eq!(Class::of(b"/w/.runtime/orchestrator.db"), Class::Database);
        assert_eq!(Class::of(b"/w/.runtime/orchestrator.db-shm"), Class::Beside);
        assert_eq!(Class::of(b"/w/.runtime/attempts/att_1/control"), Class::Attempt);
        assert_eq!(Class::of(b"workers/agent-1/tasks/1/TASK.txt"), Class::File);
        assert_eq!(Class::of(b"/w/workers/agent-1/tasks/1/TASK.txt"), Class::Workspace);
    }
}
