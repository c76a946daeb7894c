//! What a tree of processes has at this moment: how many there are, and how much memory they hold together.
//!
//! Looked at from outside and a few times a second, because nothing else counts by attempt on every machine: the kernel's own limits count one
//! process (and break interpreters that reserve more than they use), or all of an account; control groups are not every account's to make.

use std::{collections::HashMap, fs, path::PathBuf};

/// A tree, without its root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tree {
    pids: Vec<i32>,
}

impl Tree {
    /// The descendants of a process, as far as they can be told from one pass over `/proc`.
    pub(super) fn below(root: u32) -> Self {
        let mut children: HashMap<i32, Vec<i32>> = HashMap::new();
        let Ok(listed) = fs::read_dir("/proc") else { return Self::default() };
        for pid in listed.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok()) {
            if let Some(parent) = parent_of(pid) {
                children.entry(parent).or_default().push(pid);
            }
        }
        let mut tree = Self::default();
        let mut from: Vec<i32> = i32::try_from(root).into_iter().collect();
        while let Some(pid) = from.pop() {
            for child in children.remove(&pid).into_iter().flatten() {
                tree.pids.push(child);
                from.push(child);
            }
        }
        tree
    }

    /// The same without this process, which is not the agent's.
    pub(super) fn without(mut self, pid: Option<i32>) -> Self {
        self.pids.retain(|found| Some(*found) != pid);
        self
    }

    /// The folders of what its processes have open.
    pub(super) fn open_files(&self) -> impl Iterator<Item = PathBuf> {
        self.pids.iter().map(|pid| PathBuf::from(format!("/proc/{pid}/fd")))
    }

    /// How many processes there are. Threads are not counted.
    pub(super) fn processes(&self) -> u32 {
        u32::try_from(self.pids.len()).unwrap_or(u32::MAX)
    }

    /// Whether they hold more memory of their own than so many bytes; what is in swap counts, files that are mapped do not. What several share is
    /// counted once. `in_memory`: what files hold that are nothing but memory, as far as it is not seen here because nobody has mapped it.
    pub(super) fn holds_more_than(&self, bytes: u64, in_memory: u64) -> bool {
        // Such files that are mapped are seen twice: counted is the larger of both.
        let all = |looks: fn(i32) -> (u64, u64)| {
            let (own, shared) = self.pids.iter().map(|pid| looks(*pid)).fold((0_u64, 0_u64), |sum, one| (sum.0 + one.0, sum.1 + one.1));
            own.saturating_add(shared.max(in_memory))
        };
        // The quick sum counts what is shared more than once: only where that is too much, it is looked at page by page.
        all(|pid| sums(&format!("/proc/{pid}/status"), &["RssAnon:", "VmSwap:"], "RssShmem:")) > bytes
            && all(|pid| sums(&format!("/proc/{pid}/smaps_rollup"), &["Pss_Anon:", "SwapPss:"], "Pss_Shmem:")) > bytes
    }
}

/// Lines like `RssAnon:  1024 kB`, added up, in bytes: those of these names, and those of that one.
fn sums(path: &str, own: &[&str], shared: &str) -> (u64, u64) {
    let text = fs::read_to_string(path).unwrap_or_default();
    let sum = |names: &[&str]| {
        let found = text.lines().filter_map(|line| names.iter().find_map(|name| line.strip_prefix(name)));
        found.filter_map(|rest| rest.trim().trim_end_matches(" kB").parse::<u64>().ok()).sum::<u64>().saturating_mul(1_024)
    };
    (sum(own), sum(&[shared]))
}

/// None: it is gone, or waits to be reaped.
fn parent_of(pid: i32) -> Option<i32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name is in brackets and may hold anything, also brackets: what counts comes after the last one.
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    let state = fields.next()?;
    fields.next()?.parse().ok().filter(|_| !matches!(state, "Z" | "X"))
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "this is adapters/process")]
    fn a_tree_is_counted_with_all_that_its_branches_hold() {
        // Three processes, of which one holds 40 MB.
        let script = "sleep 100 & perl -e '$x = \"x\" x 40_000_000; print \"ready\\n\"; close STDOUT; sleep 100' & wait";
        let mut root = Command::new("/bin/sh").args(["-c", script]).stdout(Stdio::piped()).spawn().unwrap();
        let mut ready = [0; 6];
        std::io::Read::read_exact(root.stdout.as_mut().unwrap(), &mut ready).unwrap();

        let tree = Tree::below(std::process::id());
        let below_root = Tree::below(root.id());

        assert_eq!(below_root.processes(), 2);
        assert!(tree.processes() >= 3);
        assert!(below_root.holds_more_than(40_000_000, 0), "{below_root:?}");
        assert!(!below_root.holds_more_than(400_000_000, 0));
        assert!(below_root.holds_more_than(400_000_000, 400_000_000), "what is in files of memory counts");
        for pid in below_root.pids {
            super::super::kernel::signal_child(pid, libc::SIGKILL);
        }
        root.wait().unwrap();
    }
}
