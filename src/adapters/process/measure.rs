//! What a tree of processes may take of the machine, looked at now and then: memory, processes, room on the disk.

use std::{
    collections::HashSet,
    fs::{self, DirEntry, Metadata, ReadDir},
    os::unix::{ffi::OsStrExt, fs::MetadataExt},
    path::{Path, PathBuf},
    process,
    time::{Duration, Instant},
};

use orchestrator_core::ports::agent_runner::{Cause, DiskLimit, Walls};

use super::tree::Tree;

/// How often a tree that may not have more than so much is looked at.
const LOOK_AT_TREE: Duration = Duration::from_millis(250);

/// Between two looks at files.
const LOOK_AT_FILES: Duration = Duration::from_secs(1);

/// What the kernel calls a file that was never anything but memory. Source: `memfd_create(2)`.
const IN_MEMORY: &[u8] = b"/memfd:";

/// Files are looked at in pieces of so long with such pauses between: the attendant has a pipe to read and signals to heed, and the agent
/// should have the machine.
const PIECE: Duration = Duration::from_millis(5);
const PAUSE: Duration = Duration::from_millis(45);

/// What the smallest file counts: an empty one takes room as well, and there is an end to how many a disk can have.
const LEAST_BYTES: u64 = 4_096;

/// `st_blocks` counts in these. Source: stat(2).
const BLOCK_BYTES: u64 = 512;

/// What may be taken, and what has been seen of it.
#[derive(Debug)]
pub(super) struct Measure {
    memory: Option<u64>,
    processes: Option<u32>,
    look_at_tree: Option<Instant>,
    disk: Option<DiskLimit>,
    look_at_files: Option<Instant>,
    /// A look that is not at its end.
    walk: Option<Walk>,
    /// What files hold that are nothing but memory, by the last look.
    in_memory: u64,
}

/// A look through folders, and then at what processes have open, a piece at a time.
#[derive(Debug, Default)]
struct Walk {
    to_list: Vec<(Listed, PathBuf)>,
    open: Option<(Listed, ReadDir)>,
    /// The disk that is meant. A file that has lost its last name takes room on it for as long as somebody has it open.
    disk: Option<u64>,
    has_asked_processes: bool,
    bytes: u64,
    in_memory: u64,
    /// Files with several names, or none, that have been counted.
    counted: HashSet<(u64, u64)>,
}

/// What a folder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Listed {
    /// One of the agent's own.
    Own,
    /// What a process has open.
    Open,
}

impl Measure {
    /// None where nothing is bounded: then nothing has to be looked at.
    pub(super) fn of(walls: &Walls) -> Option<Self> {
        let now = Instant::now();
        let of_tree = walls.memory_limit.is_some() || walls.process_limit.is_some();
        let of_files = walls.memory_limit.is_some() || walls.disk_limit.is_some();
        (of_tree || of_files).then(|| Self {
            memory: walls.memory_limit,
            processes: walls.process_limit,
            look_at_tree: of_tree.then(|| now + LOOK_AT_TREE),
            disk: walls.disk_limit.clone(),
            look_at_files: of_files.then(|| now + LOOK_AT_FILES),
            walk: None,
            in_memory: 0,
        })
    }

    /// When it is to be looked at next.
    pub(super) fn look_at(&self) -> Option<Instant> {
        self.look_at_tree.into_iter().chain(self.look_at_files).min()
    }

    /// Looks, if it is time, at the tree below this process without one that is not the agent's. What it has too much of, if anything.
    pub(super) fn exceeded(&mut self, not_the_agent_s: Option<i32>) -> Option<Cause> {
        let now = Instant::now();
        let tree = || Tree::below(process::id()).without(not_the_agent_s);
        if self.look_at_tree.is_some_and(|at| now >= at) {
            let tree = tree();
            if self.processes.is_some_and(|most| tree.processes() > most) {
                return Some(Cause::Processes);
            }
            if self.memory.is_some_and(|most| tree.holds_more_than(most, self.in_memory)) {
                return Some(Cause::Memory);
            }
            self.look_at_tree = Some(Instant::now() + LOOK_AT_TREE);
        }
        (self.look_at_files.is_some_and(|at| now >= at) && self.holds_too_much(tree)).then_some(Cause::Disk)
    }

    /// Goes on with a look at files, or begins one. Whether there is more on the disk than may be.
    fn holds_too_much(&mut self, tree: impl Fn() -> Tree) -> bool {
        let folders = || self.disk.iter().flat_map(|disk| disk.folders.iter().cloned()).collect();
        let mut walk = self.walk.take().unwrap_or_else(|| Walk::through(folders()));
        let ended = walk.go_on(Instant::now() + PIECE, tree);
        let too_much = self.disk.as_ref().is_some_and(|disk| walk.bytes > disk.bytes);
        if ended {
            self.in_memory = walk.in_memory;
        }
        self.walk = Some(walk).filter(|_| !ended);
        self.look_at_files = Some(Instant::now() + if ended { LOOK_AT_FILES } else { PAUSE });
        too_much
    }
}

impl Walk {
    fn through(folders: Vec<PathBuf>) -> Self {
        let disk = folders.iter().find_map(|folder| fs::metadata(folder).ok()).map(|folder| folder.dev());
        Self { to_list: folders.into_iter().map(|folder| (Listed::Own, folder)).collect(), disk, ..Self::default() }
    }

    /// Looks on until then; true if nothing is left to be looked at. Links are not followed. What can't be listed is passed over.
    fn go_on(&mut self, until: Instant, tree: impl Fn() -> Tree) -> bool {
        loop {
            match self.open.as_mut().and_then(|(what, listed)| Some((*what, listed.next()?))) {
                Some((Listed::Own, Ok(entry))) => self.look_at(&entry),
                Some((Listed::Open, Ok(entry))) => self.look_at_open(&entry.path()),
                Some((_, Err(_))) => {}
                None => match self.to_list.pop() {
                    Some((what, folder)) => self.open = self.list(what, &folder).map(|listed| (what, listed)),
                    None if self.has_asked_processes => return true,
                    None => {
                        self.has_asked_processes = true;
                        self.to_list = tree().open_files().map(|folder| (Listed::Open, folder)).collect();
                    }
                },
            }
            if Instant::now() >= until {
                return false;
            }
        }
    }

    /// It may have been replaced by a link since it was listed.
    fn list(&mut self, what: Listed, folder: &Path) -> Option<ReadDir> {
        let listed = fs::symlink_metadata(folder).and_then(|seen| seen.is_dir().then(|| fs::read_dir(folder)).transpose());
        if what == Listed::Own && listed.as_ref().is_err_and(|error| error.raw_os_error() == Some(libc::ENAMETOOLONG)) {
            // Nobody puts folders so deep into each other to work in them, and nobody can tell what lies there.
            self.bytes = u64::MAX;
        }
        listed.ok().flatten()
    }

    fn look_at(&mut self, entry: &DirEntry) {
        let Ok(file) = entry.metadata() else { return };
        self.bytes = self.bytes.saturating_add(self.room(&file));
        if file.is_dir() {
            self.to_list.push((Listed::Own, entry.path()));
        }
    }

    /// Of what is open only that counts which has no name: the rest is found by its name, or lies elsewhere.
    fn look_at_open(&mut self, descriptor: &Path) {
        let Ok(file) = fs::metadata(descriptor) else { return };
        if file.nlink() > 0 || !file.is_file() {
            return;
        }
        if Some(file.dev()) == self.disk {
            self.bytes = self.bytes.saturating_add(self.room(&file));
        } else if fs::read_link(descriptor).is_ok_and(|name| name.as_os_str().as_bytes().starts_with(IN_MEMORY)) {
            self.in_memory = self.in_memory.saturating_add(self.room(&file));
        }
    }

    /// The room that a file takes, if that has not been counted.
    fn room(&mut self, file: &Metadata) -> u64 {
        let has_one_name = file.is_dir() || file.nlink() == 1;
        let is_new = has_one_name || self.counted.insert((file.dev(), file.ino()));
        if is_new { (file.blocks() * BLOCK_BYTES).max(LEAST_BYTES) } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs::File, io::Write, os::unix::fs::symlink};

    use super::*;

    fn walked(folder: &std::path::Path, piece: Duration) -> (u64, u32) {
        let mut walk = Walk::through(vec![folder.to_owned()]);
        let mut pieces = 1;
        while !walk.go_on(Instant::now() + piece, Tree::default) {
            pieces += 1;
        }
        (walk.bytes, pieces)
    }

    #[test]
    fn what_lies_in_folders_is_counted_once_by_the_room_it_takes_and_links_lead_nowhere() {
        let outside = tempfile::tempdir().unwrap();
        let home = tempfile::tempdir().unwrap();
        fs::create_dir_all(home.path().join("a/b")).unwrap();
        fs::write(outside.path().join("large"), vec![1; 5_000_000]).unwrap();
        File::create(home.path().join("a/b/large")).unwrap().write_all(&vec![1; 1_000_000]).unwrap();
        fs::hard_link(home.path().join("a/b/large"), home.path().join("again")).unwrap();
        symlink(outside.path(), home.path().join("way")).unwrap();
        File::create(home.path().join("hole")).unwrap().set_len(1 << 40).unwrap();
        for name in 0..100 {
            File::create(home.path().join("a").join(name.to_string())).unwrap();
        }

        let (whole, _) = walked(home.path(), Duration::from_secs(60));
        let (in_pieces, pieces) = walked(home.path(), Duration::ZERO);

        let least = 1_000_000 + 100 * LEAST_BYTES;
        assert!((least..least + 200_000).contains(&whole), "{whole}");
        assert_eq!((in_pieces, pieces > 100), (whole, true));
    }
}
