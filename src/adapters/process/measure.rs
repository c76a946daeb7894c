//! What a tree of processes may take of the machine, looked at now and then: memory, processes, room on the disk.

use std::{
    collections::HashSet,
    fs::{self, Metadata, ReadDir},
    os::unix::fs::MetadataExt,
    path::PathBuf,
    process,
    time::{Duration, Instant},
};

use orchestrator_core::ports::agent_runner::{Cause, DiskLimit, Walls};

use super::tree::Tree;

/// How often a tree that may not have more than so much is looked at.
const LOOK_AT_TREE: Duration = Duration::from_millis(250);

/// Between two looks at folders.
const LOOK_AT_DISK: Duration = Duration::from_secs(1);

/// Folders are looked through in pieces of so long with such pauses between: the attendant has a pipe to read and signals to heed, and the agent
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
    disk: Option<Disk>,
}

#[derive(Debug)]
struct Disk {
    limit: DiskLimit,
    look_at: Instant,
    /// A look that is not at its end.
    walk: Option<Walk>,
}

/// A look through folders, a piece at a time.
#[derive(Debug, Default)]
struct Walk {
    folders: Vec<PathBuf>,
    open: Option<ReadDir>,
    bytes: u64,
    /// Files with several names that have been counted.
    counted: HashSet<(u64, u64)>,
}

impl Measure {
    /// None where nothing is bounded: then nothing has to be looked at.
    pub(super) fn of(walls: &Walls) -> Option<Self> {
        let now = Instant::now();
        let of_tree = walls.memory_limit.is_some() || walls.process_limit.is_some();
        let disk = walls.disk_limit.clone().map(|limit| Disk { limit, look_at: now + LOOK_AT_DISK, walk: None });
        (of_tree || disk.is_some()).then(|| Self {
            memory: walls.memory_limit,
            processes: walls.process_limit,
            look_at_tree: of_tree.then(|| now + LOOK_AT_TREE),
            disk,
        })
    }

    /// When it is to be looked at next.
    pub(super) fn look_at(&self) -> Option<Instant> {
        self.look_at_tree.into_iter().chain(self.disk.as_ref().map(|disk| disk.look_at)).min()
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
            if self.memory.is_some_and(|most| tree.holds_more_than(most)) {
                return Some(Cause::Memory);
            }
            self.look_at_tree = Some(Instant::now() + LOOK_AT_TREE);
        }
        let disk = self.disk.as_mut().filter(|disk| now >= disk.look_at)?;
        disk.holds_too_much(tree).then_some(Cause::Disk)
    }
}

impl Disk {
    /// Goes on with a look, or begins one.
    fn holds_too_much(&mut self, tree: impl Fn() -> Tree) -> bool {
        let mut walk = self.walk.take().unwrap_or_else(|| Walk { folders: self.limit.folders.clone(), ..Walk::default() });
        let ended = walk.go_on(Instant::now() + PIECE);
        if ended {
            // A file that has lost its last name takes room for as long as somebody has it open.
            let device = self.limit.folders.iter().find_map(|folder| fs::metadata(folder).ok()).map(|folder| folder.dev());
            for file in tree().open_files().filter(|file| file.nlink() == 0 && file.is_file() && Some(file.dev()) == device) {
                walk.count(&file);
            }
        }
        let too_much = walk.bytes > self.limit.bytes;
        self.walk = Some(walk).filter(|_| !ended);
        self.look_at = Instant::now() + if ended { LOOK_AT_DISK } else { PAUSE };
        too_much
    }
}

impl Walk {
    /// Looks on until then; true if nothing is left to be looked at. Links are not followed. What can't be listed is passed over.
    fn go_on(&mut self, until: Instant) -> bool {
        loop {
            let Some(entry) = self.open.as_mut().and_then(Iterator::next) else {
                let Some(folder) = self.folders.pop() else { return true };
                // It may have been replaced by a link since it was listed.
                self.open = fs::symlink_metadata(&folder).ok().filter(Metadata::is_dir).and_then(|_| fs::read_dir(&folder).ok());
                continue;
            };
            if let Some((entry, metadata)) = entry.ok().and_then(|entry| entry.metadata().ok().map(|metadata| (entry, metadata))) {
                self.count(&metadata);
                if metadata.is_dir() {
                    self.folders.push(entry.path());
                }
            }
            if Instant::now() >= until {
                return false;
            }
        }
    }

    fn count(&mut self, file: &Metadata) {
        let has_one_name = file.is_dir() || file.nlink() == 1;
        if has_one_name || self.counted.insert((file.dev(), file.ino())) {
            self.bytes = self.bytes.saturating_add((file.blocks() * BLOCK_BYTES).max(LEAST_BYTES));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs::File, io::Write, os::unix::fs::symlink};

    use super::*;

    fn walked(folder: &std::path::Path, piece: Duration) -> (u64, u32) {
        let mut walk = Walk { folders: vec![folder.to_owned()], ..Walk::default() };
        let mut pieces = 1;
        while !walk.go_on(Instant::now() + piece) {
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
