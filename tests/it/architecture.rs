//! The house rules that no compiler holds: which room may import which, how long a file may be, what nobody may call.
//!
//! Rooms are the folders right below `crates/core/src` and `src`. Tests within a room are judged like the rest of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use syn::visit::{self, Visit};

/// Which room may import which (of ours). Mirrors the table in DESIGN §3; `queue::outbound` stands for that part of the queue (what delivery reads and
/// writes: letters, marks, cards), and for the
/// handle `Queue` with its errors, without which no part of it can be asked for anything.
const MAY_IMPORT: [(&str, &[&str]); 16] = [
    ("domain", &[]),
    ("ports", &["domain"]),
    ("wording", &["domain"]),
    ("queue", &["domain", "ports"]),
    ("intake", &["domain", "ports", "queue", "wording"]),
    ("scheduler", &["domain", "ports", "queue", "wording"]),
    ("outcome", &["domain", "ports", "queue", "wording"]),
    // "The runner imports the queue's launch promises", says ARCHITECTURE.md; and "marks are rows", beside the letters.
    ("runner", &["domain", "ports", "queue::launch", "queue::settle"]),
    ("delivery", &["domain", "ports", "queue::cards", "queue::marks", "queue::outbound", "wording"]),
    ("surfaces", &["domain", "ports", "intake", "queue::board", "wording", "config"]),
    ("adapters", &["domain", "ports", "config"]),
    ("agents", &["domain"]),
    ("config", &["domain", "wording"]),
    ("telemetry", &["config", "domain", "wording"]),
    (
        "service",
        &[
            "domain",
            "ports",
            "wording",
            "queue",
            "intake",
            "scheduler",
            "runner",
            "outcome",
            "delivery",
            "surfaces",
            "adapters",
            "agents",
            "config",
            "telemetry",
            "sandbox",
        ],
    ),
    ("cli", &["service", "config", "sandbox", "telemetry", "wording", "domain"]),
];

/// Imports that are there and should not be: a debt, which only shrinks. One that is paid has to be taken off this list.
const OWED_IMPORTS: [(&str, &str); 13] = [
    // The command line posts and waits by itself where no service runs, and so makes adapters that `service::build` could make for it.
    ("cli", "adapters::discord"),
    ("cli", "adapters::process"),
    ("cli", "adapters::sqlite"),
    ("cli", "adapters::system_clock"),
    ("cli", "adapters::system_entropy"),
    ("cli", "ports::chat"),
    ("cli", "ports::clock"),
    ("cli", "ports::entropy"),
    ("cli", "queue::marks"),
    // The forms of the HTTP door, of which the command line is the client.
    ("cli", "surfaces::http"),
    ("cli", "surfaces::discord"),
    // What verbs and looks answer could stand beside the board.
    ("surfaces", "queue::control"),
    ("surfaces", "queue::marks"),
];

/// Files that are too long and have to be parted.
const OWED_LENGTHS: [&str; 0] = [];

/// Which room may know which foreign library.
const MAY_KNOW: [(&str, &[&str]); 7] = [
    ("rusqlite", &["adapters::sqlite"]),
    ("serenity", &["surfaces::discord", "adapters::discord"]),
    ("poise", &["surfaces::discord"]),
    ("axum", &["surfaces::http"]),
    ("clap", &["cli"]),
    ("dotenvy", &["config"]),
    ("backoff", &["domain::retry"]),
];

/// What is called in one place only, and where: beginnings of paths.
const MAY_CALL: [(&str, &[&str]); 8] = [
    ("Utc::now", &["src/adapters/system_clock.rs"]),
    ("Local::now", &[]),
    ("SystemTime::now", &["src/adapters/process/attendant.rs", "src/agents/acp/asking.rs"]),
    ("Uuid::new_v4", &["src/adapters/system_entropy.rs"]),
    ("Uuid::now_v7", &[]),
    ("process::exit", &["src/adapters/process/"]),
    ("Command::new", &["src/adapters/process/", "src/agents/acp/program.rs", "src/agents/llm/"]),
    ("env::var", &["src/config/"]),
];

/// Names that say nothing of what is inside.
const NAMELESS: [&str; 10] = ["util", "utils", "helper", "helpers", "common", "type", "types", "models", "manager", "managers"];

/// Lines of a file, and of a file of tests.
const LONGEST: (usize, usize) = (400, 600);

#[test]
fn rooms_import_only_what_lies_before_them() {
    let (mut wrong, mut owed) = (BTreeSet::new(), BTreeSet::new());
    for import in imports().into_iter().filter(|import| !import.is_allowed()) {
        match OWED_IMPORTS.iter().find(|(room, target)| *room == import.room && *target == import.leads_to()) {
            Some(debt) => drop(owed.insert(*debt)),
            None => drop(wrong.insert(import.to_string())),
        }
    }

    assert!(wrong.is_empty(), "{} imports that DESIGN §3 does not allow:\n{}", wrong.len(), join(&wrong));
    assert_eq!(owed, OWED_IMPORTS.into(), "what is paid is no debt");
}

#[test]
fn rooms_do_not_import_each_other_in_a_circle() {
    let mut before: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for import in imports() {
        before.entry(import.room).or_default().insert(import.target);
    }

    // Rooms that import nothing any more are taken away, until none is left, or only circles.
    while let Some(free) =
        before.iter().find(|(_, targets)| targets.iter().all(|room| !before.contains_key(room))).map(|(room, _)| room.clone())
    {
        before.remove(&free);
    }

    assert!(before.is_empty(), "rooms in circles, or behind them: {before:#?}");
}

#[test]
fn every_room_has_its_row() {
    let known: BTreeSet<_> = MAY_IMPORT.iter().map(|(room, _)| (*room).to_owned()).collect();
    let there: BTreeSet<_> = sources().iter().filter_map(|source| source.module.first().cloned()).collect();

    assert_eq!(there, known);
}

#[test]
fn foreign_libraries_stay_in_their_rooms() {
    let mut wrong = BTreeSet::new();
    for source in sources() {
        let module = source.module.join("::");
        for path in source.paths() {
            let Some((library, rooms)) = MAY_KNOW.iter().find(|(library, _)| path.first().is_some_and(|first| first == library)) else {
                continue;
            };
            if !rooms.iter().any(|room| module == *room || module.starts_with(&format!("{room}::"))) {
                wrong.insert(format!("{} knows {library}", source.path.display()));
            }
        }
    }

    assert!(wrong.is_empty(), "{}", join(&wrong));
}

#[test]
fn time_chance_environment_and_processes_come_through_their_seams() {
    let mut wrong = BTreeSet::new();
    for source in sources() {
        let shown = source.path.display().to_string();
        for path in source.paths() {
            let Some(call) = path.last_chunk::<2>().map(|[of, what]| format!("{of}::{what}")) else { continue };
            let Some((call, places)) = MAY_CALL.iter().find(|(named, _)| *named == call) else { continue };
            if !places.iter().any(|place| shown.starts_with(place)) {
                wrong.insert(format!("{shown} calls {call}"));
            }
        }
    }

    assert!(wrong.is_empty(), "{}", join(&wrong));
}

#[test]
fn no_room_and_no_file_has_a_name_that_says_nothing() {
    let wrong: BTreeSet<_> = files()
        .into_iter()
        .filter(|path| {
            let stem = path.with_extension("");
            stem.iter().any(|part| NAMELESS.iter().any(|name| part.to_str() == Some(name)))
        })
        .map(|path| path.display().to_string())
        .collect();

    assert!(wrong.is_empty(), "{}", join(&wrong));
}

#[test]
fn no_file_is_longer_than_one_can_read() {
    let mut wrong: BTreeSet<_> = files()
        .into_iter()
        .filter_map(|path| {
            let is_test = path.iter().any(|part| part == "tests" || part == "tests.rs");
            let most = if is_test { LONGEST.1 } else { LONGEST.0 };
            let lines = read(&path).lines().count();
            (lines > most).then(|| path.display().to_string())
        })
        .collect();

    for owed in OWED_LENGTHS {
        assert!(wrong.remove(owed), "{owed} is short enough: what is paid is no debt");
    }
    assert!(wrong.is_empty(), "more than {LONGEST:?} lines:\n{}", join(&wrong));
}

/// One import of one room by another.
struct Import {
    file: PathBuf,
    room: String,
    target: String,
    /// The part of the room, if one is named.
    part: Option<String>,
}

impl Import {
    fn is_allowed(&self) -> bool {
        let (_, allowed) = MAY_IMPORT.iter().find(|(room, _)| *room == self.room).expect("every room has its row");
        allowed.iter().any(|room| match room.split_once("::") {
            None => *room == self.target,
            // What begins with a large letter belongs to the room itself: its handle.
            Some((room, part)) => {
                room == self.target && self.part.as_ref().is_none_or(|named| named == part || named.starts_with(char::is_uppercase))
            }
        })
    }
}

impl Import {
    fn leads_to(&self) -> String {
        let part = self.part.as_ref().map(|part| format!("::{part}")).unwrap_or_default();
        format!("{}{part}", self.target)
    }
}

impl std::fmt::Display for Import {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({}) imports {}", self.file.display(), self.room, self.leads_to())
    }
}

fn imports() -> Vec<Import> {
    let mut imports = Vec::new();
    for source in sources() {
        let Some(room) = source.module.first() else { continue };
        for path in source.paths() {
            let Some([target, rest @ ..]) = source.of_ours(&path) else { continue };
            if target != room && MAY_IMPORT.iter().any(|(known, _)| known == target) || target == "sandbox" {
                imports.push(Import { file: source.path.clone(), room: room.clone(), target: target.clone(), part: rest.first().cloned() });
            }
        }
    }
    imports
}

/// One file of the program.
struct Source {
    path: PathBuf,
    /// Its module's path within its crate; empty: the crate's root.
    module: Vec<String>,
    syntax: syn::File,
}

impl Source {
    /// Every path that the file names, in `use` trees and elsewhere.
    fn paths(&self) -> BTreeSet<Vec<String>> {
        let mut seen = Paths::default();
        seen.visit_file(&self.syntax);
        seen.0
    }

    /// The path within our crates that a path leads to, if it leads there.
    fn of_ours<'a>(&self, path: &'a [String]) -> Option<&'a [String]> {
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            "crate" | "orchestrator_core" | "discord_orchestrator" => Some(rest),
            "orchestrator_sandbox" => Some(std::slice::from_ref(SANDBOX.get_or_init(|| "sandbox".to_owned()))),
            "super" => {
                // A file that is `a::b::c` is three deep; so many `super` and it names a room.
                let up = path.iter().take_while(|segment| *segment == "super").count();
                (up == self.module.len()).then(|| &path[up..])
            }
            _ => None,
        }
    }
}

static SANDBOX: std::sync::OnceLock<String> = std::sync::OnceLock::new();

/// Collects paths.
#[derive(Default)]
struct Paths(BTreeSet<Vec<String>>);

impl Paths {
    fn add_tree(&mut self, before: &[String], tree: &syn::UseTree) {
        let with = |ident: &syn::Ident| before.iter().cloned().chain([ident.to_string()]).collect::<Vec<_>>();
        match tree {
            syn::UseTree::Path(path) => self.add_tree(&with(&path.ident), &path.tree),
            syn::UseTree::Name(name) if name.ident == "self" => drop(self.0.insert(before.to_vec())),
            syn::UseTree::Name(name) => drop(self.0.insert(with(&name.ident))),
            syn::UseTree::Rename(rename) if rename.ident == "self" => drop(self.0.insert(before.to_vec())),
            syn::UseTree::Rename(rename) => drop(self.0.insert(with(&rename.ident))),
            syn::UseTree::Glob(_) => drop(self.0.insert(before.to_vec())),
            syn::UseTree::Group(group) => group.items.iter().for_each(|tree| self.add_tree(before, tree)),
        }
    }
}

impl<'ast> Visit<'ast> for Paths {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.add_tree(&[], &item.tree);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.0.insert(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        // What stands in a macro is no syntax yet: words with `::` between them are taken for paths.
        let text = called.tokens.to_string().replace(" :: ", "::").replace(":: ", "::").replace(" ::", "::");
        let words = text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
        for word in words.filter(|word| word.contains("::")) {
            self.0.insert(word.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect());
        }
        visit::visit_macro(self, called);
    }
}

fn sources() -> Vec<Source> {
    let parsed = |path: PathBuf| {
        let inside = path.strip_prefix("crates/core/src").or_else(|_| path.strip_prefix("src")).expect("a file of ours").with_extension("");
        let mut module: Vec<_> = inside.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        if module.last().is_some_and(|last| ["mod", "lib", "main"].contains(&last.as_str())) {
            module.pop();
        }
        let syntax = syn::parse_file(&read(&path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Source { path, module, syntax }
    };
    files().into_iter().filter(|path| path.starts_with("crates/core/src") || path.starts_with("src")).map(parsed).collect()
}

/// All files of Rust, from the root of the repository.
fn files() -> Vec<PathBuf> {
    let mut files = Vec::new();
    for folder in [
        "src",
        "tests",
        "crates/core/src",
        "crates/core/tests",
        "crates/interposer/src",
        "crates/interposer/tests",
        "crates/sandbox/src",
        "crates/sandbox/tests",
        "crates/torture/src",
    ] {
        collect(Path::new(folder), &mut files);
    }
    assert!(files.len() > 100, "the sources are not where they were");
    files
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(root().join(folder)).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let entry = entry.expect("an entry of the folder");
        let path = folder.join(entry.file_name());
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn join(lines: &BTreeSet<String>) -> String {
    lines.iter().cloned().collect::<Vec<_>>().join("\n")
}
