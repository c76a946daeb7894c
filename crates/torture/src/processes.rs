//! The process table: who belongs to a world, and killing them.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal};

/// What nurseries and attendants call themselves.
const NURSERY: &str = "orch-nursery";
const ATTENDANTS: [&str; 2] = ["orch-attendant", "orch-walled"];

/// A process that belongs to a world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) pid: i32,
    /// Its short name.
    pub(crate) name: String,
}

impl Process {
    pub(crate) fn is_nursery(&self) -> bool {
        self.name == NURSERY
    }

    pub(crate) fn is_attendant(&self) -> bool {
        ATTENDANTS.contains(&self.name.as_str())
    }

    pub(crate) fn kill(&self) {
        signal(self.pid, Signal::KILL);
    }
}

/// Sends a signal; that the process is gone is no failure.
pub(crate) fn signal(pid: i32, signal: Signal) {
    if let Some(pid) = Pid::from_raw(pid) {
        let _gone = rustix::process::kill_process(pid, signal);
    }
}

/// All living processes of a world: those whose home or working folder is its folder, attendants that hold a file of it, the nurseries that its
/// services have started, and their children.
pub(crate) fn of_world(dir: &Path, nurseries: &Nurseries) -> Vec<Process> {
    let Ok(listed) = fs::read_dir("/proc") else { return Vec::new() };
    let own = i32::try_from(std::process::id()).ok();
    let pids = listed.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let home = format!("HOME={}", dir.display());
    let alive = pids.filter(|pid| Some(*pid) != own).filter_map(Stat::of).filter(|stat| !stat.dead);
    alive
        .filter(|stat| nurseries.hold(stat) || belongs(stat, dir, home.as_bytes()))
        .map(|stat| Process { pid: stat.pid, name: stat.name })
        .collect()
}

fn belongs(stat: &Stat, dir: &Path, home: &[u8]) -> bool {
    let pid = stat.pid;
    if ATTENDANTS.contains(&stat.name.as_str()) {
        // It has an empty environment and works nowhere, but it holds its control file.
        let handles = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
        return handles.filter_map(|handle| fs::read_link(handle.path()).ok()).any(|file| file.starts_with(dir));
    }
    let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    environment.split(|byte| *byte == 0).any(|entry| entry == home)
        || fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd.starts_with(dir))
}

/// All living processes of a program that call themselves nursery or attendant, whatever world they are of.
pub(crate) fn kept_by(program: &Path) -> Vec<Process> {
    let Ok(listed) = fs::read_dir("/proc") else { return Vec::new() };
    let stats = listed.flatten().filter_map(|entry| Stat::of(entry.file_name().to_str()?.parse().ok()?)).filter(|stat| !stat.dead);
    let kept = stats.filter(|stat| stat.name == NURSERY || ATTENDANTS.contains(&stat.name.as_str()));
    kept.filter(|stat| fs::read_link(format!("/proc/{}/exe", stat.pid)).is_ok_and(|exe| exe == program))
        .map(|stat| Process { pid: stat.pid, name: stat.name })
        .collect()
}

/// What the kernel tells of a process in one line. Source: proc(5), `/proc/pid/stat`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stat {
    pid: i32,
    name: String,
    parent: i32,
    /// In ticks since the machine's start: with the number it names one process for ever.
    began: u64,
    dead: bool,
}

impl Stat {
    fn of(pid: i32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name stands in brackets and may hold anything.
        let (begin, rest) = stat.rsplit_once(") ")?;
        let words: Vec<&str> = rest.split(' ').collect();
        Some(Self {
            pid,
            name: begin.split_once('(')?.1.to_owned(),
            parent: words.get(1)?.parse().ok()?,
            began: words.get(19)?.parse().ok()?,
            dead: words.first().is_none_or(|state| matches!(*state, "Z" | "X")),
        })
    }
}

/// The nurseries that a world's services have started. They keep neither environment nor working folder, so they are noted while their parent lives.
#[derive(Clone, Debug, Default)]
pub(crate) struct Nurseries(BTreeMap<i32, u64>);

impl Nurseries {
    /// Notes those that are children of this process.
    fn note(&mut self, parent: i32) {
        let threads = fs::read_dir(format!("/proc/{parent}/task")).into_iter().flatten().flatten();
        for thread in threads {
            let children = fs::read_to_string(thread.path().join("children")).unwrap_or_default();
            let stats = children.split_whitespace().filter_map(|pid| Stat::of(pid.parse().ok()?));
            self.0.extend(stats.filter(|stat| stat.name == NURSERY).map(|stat| (stat.pid, stat.began)));
        }
    }

    /// Whether a process is one of them, or a child of one.
    fn hold(&self, stat: &Stat) -> bool {
        let is = |stat: &Stat| self.0.get(&stat.pid) == Some(&stat.began);
        is(stat) || (self.0.contains_key(&stat.parent) && Stat::of(stat.parent).is_some_and(|parent| is(&parent)))
    }
}

/// Whether a process has ended, reaped or not.
pub(crate) fn is_dead(pid: i32) -> bool {
    Stat::of(pid).is_none_or(|stat| stat.dead)
}

/// A service process that may be struck from several sides, and is never struck after it was reaped.
#[derive(Debug, Default)]
pub(crate) struct Target(Mutex<Aim>);

#[derive(Debug, Default)]
struct Aim {
    pid: Option<i32>,
    nurseries: Nurseries,
}

impl Target {
    fn lock(&self) -> MutexGuard<'_, Aim> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn aim(&self, pid: Option<u32>) {
        self.lock().pid = pid.and_then(|pid| i32::try_from(pid).ok());
    }

    /// Notes the nurseries of a process that is about to end; of the service itself if none is given. Gives all that are known.
    pub(crate) fn nurseries(&self, of: Option<u32>) -> Nurseries {
        let mut aim = self.lock();
        if let Some(parent) = of.and_then(|pid| i32::try_from(pid).ok()).or(aim.pid) {
            aim.nurseries.note(parent);
        }
        aim.nurseries.clone()
    }

    /// Kills it, and returns when it does nothing more. Tells whether there was anybody.
    pub(crate) fn strike(&self) -> bool {
        let mut aim = self.lock();
        let Some(pid) = aim.pid else { return false };
        aim.nurseries.note(pid);
        if is_dead(pid) {
            return false;
        }
        signal(pid, Signal::KILL);
        let until = Instant::now() + Duration::from_secs(2);
        while !is_dead(pid) && Instant::now() < until {
            std::thread::yield_now();
        }
        true
    }
}

/// Which tasks an attendant's death may cut off: the one whose control file it has locked; if it has none yet, or none any more, every one
/// whose attempt has a control file.
pub(crate) fn tasks_attended_by(pid: i32, attempts: &Path) -> Vec<String> {
    let controls = controls(attempts);
    let locked = locked_by(pid);
    let own: Vec<String> = controls.iter().filter(|(inode, _)| locked.contains(inode)).filter_map(|(_, path)| task_in(path)).collect();
    if own.is_empty() { controls.values().filter_map(|path| task_in(path)).collect() } else { own }
}

/// The control files by their inodes.
fn controls(attempts: &Path) -> BTreeMap<u64, PathBuf> {
    let Ok(listed) = fs::read_dir(attempts) else { return BTreeMap::new() };
    let files = listed.flatten().map(|entry| entry.path().join("control"));
    files.filter_map(|path| Some((fs::metadata(&path).ok()?.ino(), path))).collect()
}

/// The inodes of files that a process has locked.
fn locked_by(pid: i32) -> Vec<u64> {
    let table = fs::read_to_string("/proc/locks").unwrap_or_default();
    let of_line = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [.., owner, file, _, _] = words.as_slice() else { return None };
        (owner.parse() == Ok(pid)).then(|| file.rsplit(':').next()?.parse().ok())?
    };
    table.lines().filter_map(of_line).collect()
}

/// The task that a control file is about: its first record says so.
fn task_in(control: &Path) -> Option<String> {
    let text = fs::read_to_string(control).ok()?;
    text.split_once("\"task\":\"").and_then(|(_, rest)| rest.split_once('"')).map(|(task, _)| task.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_found_by_its_home_and_dead_once_it_has_ended() {
        let dir = tempfile::tempdir().unwrap();
        #[expect(clippy::disallowed_methods, reason = "a process to be found")]
        let mut child = std::process::Command::new("/bin/sleep").arg("60").env("HOME", dir.path()).current_dir("/").spawn().unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        // Between fork and exec it still has our own environment.
        let found = (0..1_000).find_map(|_| {
            std::thread::yield_now();
            of_world(dir.path(), &Nurseries::default()).into_iter().find(|process| process.pid == pid && process.name == "sleep")
        });

        assert!(found.is_some());
        assert!(!is_dead(pid));
        let target = Target::default();
        target.aim(Some(child.id()));
        assert!(target.strike());
        assert!(is_dead(pid));
        child.wait().unwrap();
        assert!(of_world(dir.path(), &Nurseries::default()).is_empty());
    }
}
