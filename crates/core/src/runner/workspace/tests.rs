//! A workspace is made for its owner alone and goes without a trace, whatever was put into it.

use std::{
    fs::Permissions,
    os::unix::fs::{PermissionsExt, symlink},
    sync::atomic::{AtomicU32, Ordering},
};

use super::*;

/// A folder for one test, removed at its end.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("orchestrator-core-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const AGENT: &str = "agent-1763700000-k3x9abcd";

fn task() -> TaskId {
    "1443021398234771496".parse().unwrap()
}

fn contents(attachments: &[(String, Vec<u8>)]) -> Contents<'_> {
    Contents { prompt: "Say \"hi\"\n`$(x)` | \\ 🦀", agents_md: "# Task", attachments }
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn an_agent_s_id_tells_when_it_was_made() {
    assert_eq!(
        agent_id(DateTime::from_timestamp(1_763_700_000, 0).unwrap(), [0, 1, 2, 33, 31, 255, 7, 8, 9, 10]),
        "agent-1763700000-0121zz78"
    );
}

#[test]
fn a_workspace_holds_its_files_for_its_owner_only() {
    let folder = Folder::new();
    fs::write(folder.path().join(TOOLS), "hammer").unwrap();
    let workspace = Workspace::new(folder.path(), AGENT, &task());
    let attachments = [("data.csv".to_owned(), b"1,2".to_vec())];

    assert_eq!(workspace.create(&contents(&attachments)).unwrap(), Vec::<String>::new());
    workspace.create(&contents(&attachments)).expect("making it again changes nothing");

    let read = |path: PathBuf| fs::read_to_string(path).unwrap();
    assert_eq!(read(workspace.file(TASK)), "TASK: Say \"hi\"\n`$(x)` | \\ 🦀");
    assert_eq!((read(workspace.file(AGENTS)), read(workspace.dir().join(AGENTS))), ("# Task".into(), "# Task".into()));
    assert_eq!((read(workspace.dir().join(TOOLS)), read(workspace.file("data.csv"))), ("hammer".into(), "1,2".into()));
    assert_eq!((mode(workspace.dir()), mode(workspace.task_dir()), mode(&workspace.file(TASK))), (0o700, 0o700, 0o600));
    assert!(workspace.is_intact());
    assert_eq!(standing(folder.path()).unwrap(), [AGENT]);
}

#[test]
fn a_workspace_is_never_made_through_a_link() {
    let (folder, elsewhere) = (Folder::new(), Folder::new());
    let workspace = Workspace::new(folder.path(), AGENT, &task());
    symlink(elsewhere.path(), workspace.dir()).unwrap();

    assert!(workspace.create(&contents(&[])).is_err());
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    assert!(!workspace.is_intact());
}

#[test]
fn tools_that_can_t_be_copied_are_told_and_no_reason_not_to_run() {
    let folder = Folder::new();
    fs::create_dir(folder.path().join(TOOLS)).unwrap();

    let notes = Workspace::new(folder.path(), AGENT, &task()).create(&contents(&[])).unwrap();

    assert_eq!(notes, ["TOOLS.md was not copied: it is a directory"]);
}

#[test]
fn attachments_get_plain_names_of_their_own() {
    let long = format!("{}.tar.gz", "ä".repeat(200));
    for (given, expected) in [
        ("data.csv", "data.csv"),
        ("../../etc/passwd", "passwd"),
        ("/etc/shadow", "shadow"),
        ("C:\\x\\evil.exe", "evil.exe"),
        ("..", "attachment"),
        ("", "attachment"),
        (".bashrc", "bashrc"),
        ("-rf", "rf"),
        ("a\0b\nc;d", "a_b_c_d"),
        ("\u{202e}gpj.exe", "_gpj.exe"),
        ("nul", "_nul"),
        ("COM1.txt", "_COM1.txt"),
        ("combined.txt", "combined.txt"),
        ("TASK.txt", "TASK-2.txt"),
        ("result.TXT", "result-2.TXT"),
        ("Übersicht 1.pdf", "Übersicht 1.pdf"),
        (&long, &format!("{}.gz", "ä".repeat(48))),
    ] {
        let attachment = Attachment { name: given.into(), url: String::new(), size: 0 };
        assert_eq!(attachment_names(&[attachment]), [expected], "{given:?}");
    }
    let same = |name: &str| Attachment { name: name.into(), url: String::new(), size: 0 };
    assert_eq!(attachment_names(&[same("a.txt"), same("A.txt"), same("a.txt")]), ["a.txt", "A-2.txt", "a-3.txt"]);
}

#[test]
fn removal_takes_everything_and_follows_nothing() {
    let (folder, elsewhere) = (Folder::new(), Folder::new());
    fs::write(elsewhere.path().join("precious"), "x").unwrap();
    let workspace = Workspace::new(folder.path(), AGENT, &task());
    workspace.create(&contents(&[])).unwrap();
    symlink(elsewhere.path(), workspace.file("link")).unwrap();
    symlink("/nowhere", workspace.dir().join("dangling")).unwrap();
    fs::create_dir_all(workspace.file("locked/inner")).unwrap();
    fs::write(workspace.file("locked/inner/file"), "x").unwrap();
    fs::create_dir(workspace.dir().join(".removed-1")).unwrap();
    for locked in ["locked/inner", "locked", "."] {
        fs::set_permissions(workspace.file(locked), Permissions::from_mode(0o000)).unwrap();
    }

    remove(folder.path(), AGENT).unwrap();
    remove(folder.path(), AGENT).expect("removing it again is no error");

    assert!(!workspace.dir().exists());
    assert!(elsewhere.path().join("precious").exists());
}

#[test]
fn folders_that_lie_deep_in_each_other_are_removed_too() {
    let folder = Folder::new();
    let top = folder.path().join(AGENT);
    fs::create_dir(&top).unwrap();
    // Deeper than any path may be long: each half is made where it is short, then one is put below the other.
    let chain = |name: &str| {
        let deepest = (0..900).fold(folder.path().join(name), |dir, _| dir.join("d"));
        fs::create_dir_all(&deepest).unwrap();
        deepest
    };
    let (first, _) = (chain("first"), chain("second"));
    fs::rename(folder.path().join("second"), first.join("second")).unwrap();
    fs::rename(folder.path().join("first"), top.join("first")).unwrap();

    remove(folder.path(), AGENT).unwrap();

    assert!(!top.exists());
}

#[test]
fn a_link_in_a_workspace_s_place_is_removed_and_its_target_stays() {
    let (folder, elsewhere) = (Folder::new(), Folder::new());
    symlink(elsewhere.path(), folder.path().join(AGENT)).unwrap();

    remove(folder.path(), AGENT).unwrap();

    assert!(elsewhere.path().exists() && !folder.path().join(AGENT).exists());
}

#[test]
fn only_a_workspace_s_name_can_be_removed() {
    let folder = Folder::new();
    fs::write(folder.path().join(TOOLS), "x").unwrap();
    for bad in ["", ".", "..", "TOOLS.md", "/", "agent-1/../TOOLS.md", "../agent-1", "agent-1/tasks"] {
        assert!(remove(folder.path(), bad).is_err(), "{bad:?}");
    }
}

#[test]
fn a_workspace_stays_until_its_result_is_over_and_its_time_has_come() {
    let now = DateTime::from_timestamp(1_763_700_000, 0).unwrap();
    let hours = |n: u64| Duration::from_secs(n * 3_600);
    let retention = Retention { success: hours(24), failure: None };
    let ago = |n: u64| now - hours(n);

    assert!(retention.allows(Outcome::Succeeded, ago(24), true, now));
    assert!(!retention.allows(Outcome::Succeeded, ago(23), true, now));
    assert!(!retention.allows(Outcome::Succeeded, ago(99), false, now), "its result is not delivered");
    assert!(!retention.allows(Outcome::Failed, ago(9_999), true, now), "a failure waits for its person");
    assert!(Retention { failure: Some(hours(100)), ..retention }.allows(Outcome::TimedOut, ago(100), true, now));
    assert!(Retention { success: Duration::ZERO, ..retention }.allows(Outcome::Succeeded, now, true, now));
    assert_eq!(Retention { success: Duration::MAX, ..retention }.before(true, now), None);
}
