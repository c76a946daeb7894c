//! What ends an agent's tree here in the worst case, tried out on this machine: a sentence for `doctor`.

use std::{
    fmt, fs,
    fs::OpenOptions,
    io::{self, Read},
    path::{Path, PathBuf},
    process::{self, Command, ExitCode, Stdio},
    thread,
    time::Duration,
};

use orchestrator_core::domain::id::AttemptId;

use super::{NURSERY_VERB, PROBE_VERB, kernel, marker};

/// How often a process of our own is looked at before its marker counts as unreadable: about a quarter of a second in all.
const MAX_LOOKS: u64 = 22;

/// What was found. Whatever it is: as long as the nursery or the attendant lives, nothing of an ended attempt is left. This is about both
/// being killed at the same moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// Processes can be found by the marker in their environment.
    pub marker_scan: bool,
    /// A pid namespace would be permitted to this user. Not used yet.
    pub pid_namespace: bool,
    /// A cgroup of our own, with `cgroup.kill`, would be permitted. Not used yet.
    pub cgroup_kill: bool,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "when an attempt ends, nothing that it started is left; if the nursery and an attendant are killed at the same moment, ",
        )?;
        f.write_str(if self.marker_scan {
            "left-over processes are found by the marker in their environment at the next start (tried: works), unless they have cleared it"
        } else {
            "left-over processes are NOT found: this user may not read /proc/<pid>/environ here"
        })?;
        f.write_str(match (self.pid_namespace, self.cgroup_kill) {
            (true, true) => "; this machine would permit pid namespaces and cgroup.kill as well, which are not used yet",
            (true, false) => "; this machine would permit pid namespaces as well, which are not used yet",
            (false, true) => "; this machine would permit cgroup.kill as well, which is not used yet",
            (false, false) => "; this machine permits neither pid namespaces nor cgroup.kill",
        })
    }
}

/// Tries out what holds here. `nursery_program` is this program, or what stands in for it in tests. Blocks for some milliseconds.
///
/// # Errors
///
/// The program could not be run.
#[expect(clippy::disallowed_methods, reason = "this is adapters/process")]
pub fn level(nursery_program: &Path) -> io::Result<Level> {
    let probe = AttemptId::from_parts(0, [0; 10]);
    let mut child = Command::new(nursery_program)
        .args([NURSERY_VERB, PROBE_VERB])
        .env_clear()
        .env(marker::VARIABLE, probe.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let marker_scan = i32::try_from(child.id()).is_ok_and(|pid| is_found(pid, probe));
    // The end of its input is what it waits for.
    drop(child.stdin.take());
    let pid_namespace = child.wait()?.success();
    Ok(Level { marker_scan, pid_namespace, cgroup_kill: may_use_cgroup().unwrap_or(false) })
}

/// Whether the marker of this process can be read. Right after its start there is a moment without environment.
fn is_found(pid: i32, probe: AttemptId) -> bool {
    (0..MAX_LOOKS).any(|look| {
        thread::sleep(Duration::from_millis(look));
        marker::marked(pid) == Some(probe)
    })
}

/// The hidden verb: waits until it has been looked at, then tries a pid namespace and says by its exit code whether that is permitted.
pub(super) fn probe_pid_namespace() -> ExitCode {
    drop(io::stdin().read_to_end(&mut Vec::new()));
    if kernel::enter_pid_namespace(false).is_ok() || kernel::enter_pid_namespace(true).is_ok() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Makes a cgroup below ours, looks whether it could be used, and removes it.
fn may_use_cgroup() -> io::Result<bool> {
    let Some(own) = own_cgroup()? else { return Ok(false) };
    let may_write = |path: PathBuf| OpenOptions::new().write(true).open(path).is_ok();
    let tried = own.join(format!("orchestrator-probe-{}", process::id()));
    fs::create_dir(&tried)?;
    let usable = may_write(tried.join("cgroup.kill")) && may_write(tried.join("cgroup.procs")) && may_write(own.join("cgroup.procs"));
    fs::remove_dir(&tried)?;
    Ok(usable)
}

/// Our folder in the version 2 hierarchy, if that is mounted.
/// Source: Linux, Documentation/filesystems/proc.rst (mountinfo) and cgroup-v2.rst (`0::` in `/proc/<pid>/cgroup`).
fn own_cgroup() -> io::Result<Option<PathBuf>> {
    let mounts = fs::read_to_string("/proc/self/mountinfo")?;
    let cgroups = fs::read_to_string("/proc/self/cgroup")?;
    let mounted = mounts.lines().find_map(|line| {
        let (place, kind) = line.split_once(" - ")?;
        kind.starts_with("cgroup2 ").then(|| place.split(' ').nth(4))?
    });
    let own = cgroups.lines().find_map(|line| line.strip_prefix("0::"));
    Ok(mounted.zip(own).map(|(mounted, own)| Path::new(mounted).join(own.trim_start_matches('/'))))
}
