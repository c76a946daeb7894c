//! Finding programs: by their path, in `PATH`, and in the places where people's installers put them (cron's `PATH` has none of those).

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// The agent programs that are looked for, so that `demo` and `doctor` can tell what is there.
pub const AGENT_PROGRAMS: [&str; 6] = ["openclaw", "claude", "codex", "opencode", "gemini", "pi"];

/// An agent program on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundProgram {
    /// Its usual name.
    pub name: &'static str,
    /// Where it is.
    pub path: PathBuf,
    /// Whether `PATH` leads there; if not, its own folder is put before the agent's `PATH`.
    pub in_path: bool,
}

/// Where programs are looked for.
#[derive(Clone, Debug)]
pub(super) struct Places {
    path: Vec<PathBuf>,
    usual: Vec<PathBuf>,
    root: PathBuf,
    home: Option<PathBuf>,
}

impl Places {
    pub(super) fn of(variables: &BTreeMap<String, String>, root: &Path) -> Self {
        let home = variables.get("HOME").filter(|home| home.starts_with('/')).map(PathBuf::from);
        let path = variables.get("PATH").map_or("", String::as_str);
        let path = std::env::split_paths(path).filter(|dir| dir.is_absolute()).collect();
        Self { path, usual: usual(home.as_deref(), variables), root: root.to_owned(), home }
    }

    /// Finds a program by name or path; the answer says whether `PATH` leads there.
    ///
    /// # Errors
    ///
    /// Why there is none, as a clause for people.
    pub(super) fn find(&self, asked: &str) -> Result<(PathBuf, bool), String> {
        if asked.contains('/') {
            let written = match (asked.strip_prefix("~/"), &self.home) {
                (Some(rest), Some(home)) => home.join(rest),
                _ => self.root.join(asked),
            };
            return runnable(&written).map(|()| (written.clone(), true)).map_err(|why| format!("{} {why}", written.display()));
        }
        let mut refused = None;
        for (dirs, in_path) in [(&self.path, true), (&self.usual, false)] {
            for dir in dirs {
                let candidate = dir.join(asked);
                match runnable(&candidate) {
                    Ok(()) => return Ok((candidate, in_path)),
                    Err(why) if candidate.exists() => refused = refused.or(Some(format!("{} {why}", candidate.display()))),
                    Err(_) => {}
                }
            }
        }
        Err(refused.unwrap_or_else(|| format!("`{asked}` was not found in PATH or in the usual places")))
    }

    pub(super) fn agent_programs(&self) -> Vec<FoundProgram> {
        let found = AGENT_PROGRAMS.iter().filter_map(|name| Some((*name, self.find(name).ok()?)));
        found.map(|(name, (path, in_path))| FoundProgram { name, path, in_path }).collect()
    }
}

fn runnable(path: &Path) -> Result<(), &'static str> {
    match fs::metadata(path) {
        Err(_) => Err("does not exist"),
        Ok(metadata) if !metadata.is_file() => Err("is no file"),
        Ok(metadata) if metadata.permissions().mode() & 0o111 == 0 => Err("may not be run: it has no execute permission"),
        Ok(_) => Ok(()),
    }
}

/// Folders that installers use. Of several versions of Node.js the newest comes first.
fn usual(home: Option<&Path>, variables: &BTreeMap<String, String>) -> Vec<PathBuf> {
    let mut dirs: Vec<PathBuf> = Vec::new();
    if let Some(home) = home {
        for below in [
            ".local/bin",
            "bin",
            ".npm-global/bin",
            ".npm-packages/bin",
            ".npm/bin",
            ".openclaw/bin",
            ".claude/local",
            ".opencode/bin",
            ".bun/bin",
            ".volta/bin",
            ".asdf/shims",
            ".local/share/mise/shims",
            ".local/share/pnpm",
            "Library/pnpm",
            ".yarn/bin",
            ".cargo/bin",
            "n/bin",
        ] {
            dirs.push(home.join(below));
        }
    }
    for (variable, below) in
        [("NPM_CONFIG_PREFIX", "bin"), ("PNPM_HOME", ""), ("BUN_INSTALL", "bin"), ("VOLTA_HOME", "bin"), ("NVM_BIN", "")]
    {
        if let Some(place) = variables.get(variable).filter(|place| place.starts_with('/')) {
            dirs.push(Path::new(place).join(below));
        }
    }
    if let Some(home) = home {
        dirs.extend(versions(&home.join(".nvm/versions/node"), "bin"));
        dirs.extend(versions(&home.join(".local/share/fnm/node-versions"), "installation/bin"));
        dirs.extend(versions(&home.join(".local/share/mise/installs/node"), "bin"));
    }
    for system in ["/usr/local/bin", "/opt/homebrew/bin", "/home/linuxbrew/.linuxbrew/bin", "/snap/bin", "/usr/bin", "/bin"] {
        dirs.push(PathBuf::from(system));
    }
    dirs
}

fn versions(parent: &Path, below: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let mut names: Vec<(Vec<u32>, PathBuf)> = entries
        .map(|entry| {
            let numbers = entry.file_name().to_string_lossy().trim_start_matches('v').split('.').map_while(|n| n.parse().ok()).collect();
            (numbers, entry.path().join(below))
        })
        .collect();
    names.sort_by(|one, other| other.cmp(one));
    names.into_iter().map(|(_, path)| path).collect()
}
