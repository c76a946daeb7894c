//! Tells the program which commit it is built from, if that can be known without any tool: from the files of the repository itself.

use std::{
    fs,
    path::{Path, PathBuf},
};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let version = env!("CARGO_PKG_VERSION");
    if let Some(commit) = commit(Path::new(".")) {
        println!("cargo:rustc-env=ORCHESTRATOR_COMMIT={}", &commit[..12]);
        println!("cargo:rustc-env=ORCHESTRATOR_VERSION={version} (commit {})", &commit[..12]);
    } else {
        println!("cargo:rustc-env=ORCHESTRATOR_VERSION={version}");
    }
}

/// The commit that is checked out at `root`. Any doubt is an answer: none.
fn commit(root: &Path) -> Option<String> {
    let own = git_folder(root)?;
    let head = watched(&own.join("HEAD"))?;
    let Some(reference) = head.strip_prefix("ref: ") else { return valid(&head) };
    // Of a second working copy the branches are kept with the first.
    let shared = fs::read_to_string(own.join("commondir")).map_or_else(|_| own.clone(), |path| own.join(path.trim()));
    if let Some(commit) = watched(&shared.join(reference)) {
        return valid(&commit);
    }
    let packed = watched(&shared.join("packed-refs"))?;
    let line = packed.lines().find(|line| line.split_once(' ').is_some_and(|(_, name)| name == reference))?;
    valid(line.split_once(' ')?.0)
}

fn git_folder(root: &Path) -> Option<PathBuf> {
    let path = root.join(".git");
    if path.is_dir() {
        return Some(path);
    }
    let pointer = fs::read_to_string(path).ok()?;
    Some(root.join(pointer.trim().strip_prefix("gitdir: ")?))
}

/// A file's text; when it changes, this is asked again.
fn watched(path: &Path) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    println!("cargo:rerun-if-changed={}", path.display());
    Some(text.trim().to_owned())
}

fn valid(commit: &str) -> Option<String> {
    (commit.len() >= 40 && commit.bytes().all(|b| b.is_ascii_hexdigit())).then(|| commit.to_owned())
}
