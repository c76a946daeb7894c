//! What is in a folder, and in what another look differs from it: the list of changes of which the hash stands beside a check's finding.
//!
//! Read by our own code alone, because nothing that an agent has left may be run, or asked what it is, outside its walls. No link is followed, no
//! pipe, socket or device opened. `docs/checks.md` says the same for people.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs::{self, File, Metadata, OpenOptions},
    io::{self, Read},
    os::unix::{
        ffi::OsStrExt,
        fs::{OpenOptionsExt, PermissionsExt},
    },
    path::{Path, PathBuf},
};

use orchestrator_core::domain::check::Changes;
use sha2::{Digest, Sha256};

/// Most files, folders and links that are looked at: more are not counted, and that is said.
const MOST_ENTRIES: usize = 20_000;
/// Most bytes of all files together.
const MOST_BYTES: u64 = 512 << 20;

/// Most bytes of all names together: they are held in memory.
const MOST_NAMES: usize = 4 << 20;

/// The most that is told of a path, its end, in characters.
const LONGEST_SHOWN: usize = 100;

const CHUNK_BYTES: usize = 64 * 1024;

/// Everything in a folder, by its path below it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Manifest(BTreeMap<Vec<u8>, Entry>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    /// `f`ile, `d`irectory, `l`ink or something `o`ther.
    kind: char,
    /// The twelve bits of its permissions.
    mode: u32,
    /// Of a file's content, or of where a link leads.
    sum: Option<[u8; 32]>,
}

impl Manifest {
    /// Looks at a folder. `leave_out`: files that do not count.
    ///
    /// # Errors
    ///
    /// Why it could not be told, as the end of a sentence.
    pub(super) fn of(folder: &Path, leave_out: &[PathBuf]) -> Result<Self, String> {
        let failed = |path: &Path, error: &io::Error| {
            let below = path.strip_prefix(folder).unwrap_or(path).to_string_lossy();
            let shown =
                below.char_indices().rev().nth(LONGEST_SHOWN).map_or_else(|| below.to_string(), |(at, _)| format!("…{}", &below[at..]));
            format!("`{shown}` in the workspace can't be read: {error}")
        };
        if !fs::symlink_metadata(folder).is_ok_and(|seen| seen.is_dir()) {
            return Err("the workspace is no folder any more".to_owned());
        }
        let (mut found, mut left, mut named) = (BTreeMap::new(), MOST_BYTES, 0);
        let mut folders = vec![folder.to_owned()];
        while let Some(at) = folders.pop() {
            for entry in fs::read_dir(&at).map_err(|error| failed(&at, &error))? {
                let path = entry.map_err(|error| failed(&at, &error))?.path();
                let seen = fs::symlink_metadata(&path).map_err(|error| failed(&path, &error))?;
                // Only a file is left out: in the place of one there may be anything.
                if seen.is_file() && leave_out.contains(&path) {
                    continue;
                }
                if found.len() == MOST_ENTRIES {
                    return Err(format!("the workspace has more than {MOST_ENTRIES} files and folders"));
                }
                if seen.is_file() {
                    left = left.checked_sub(seen.len()).ok_or_else(|| format!("the workspace holds more than {} MiB", MOST_BYTES >> 20))?;
                }
                let entry = Entry::of(&path, &seen).map_err(|error| failed(&path, &error))?;
                let below = path.strip_prefix(folder).unwrap_or(&path).as_os_str().as_bytes();
                named += below.len();
                if named > MOST_NAMES {
                    return Err(format!("the names of what is in the workspace have more than {} MiB", MOST_NAMES >> 20));
                }
                found.insert(below.to_vec(), entry);
                if seen.is_dir() {
                    folders.push(path);
                }
            }
        }
        Ok(Self(found))
    }

    /// What has become of it, as a list of lines in the order of their paths, and what there is to say of that.
    pub(super) fn changes_to(&self, after: &Self) -> (String, Changes) {
        let (mut list, mut changes) = (String::new(), Changes::default());
        let mut line = |sign: char, path: &[u8], entry: &Entry| {
            let _ = write!(list, "{sign} {} {:04o} ", entry.kind, entry.mode);
            match &entry.sum {
                Some(sum) => list.push_str(&hex(sum)),
                None => list.push('-'),
            }
            list.push(' ');
            for byte in path {
                match byte {
                    b'\\' => list.push_str("\\\\"),
                    b' '..=b'~' => list.push(char::from(*byte)),
                    _ => drop(write!(list, "\\x{byte:02x}")),
                }
            }
            list.push('\n');
        };
        let paths: std::collections::BTreeSet<&Vec<u8>> = self.0.keys().chain(after.0.keys()).collect();
        for path in paths {
            match (self.0.get(path), after.0.get(path)) {
                (None, Some(now)) => {
                    changes.added += 1;
                    line('+', path, now);
                }
                (Some(was), None) => {
                    changes.removed += 1;
                    line('-', path, was);
                }
                (Some(was), Some(now)) if was != now => {
                    changes.changed += 1;
                    line('~', path, now);
                }
                _ => {}
            }
        }
        changes.sha256 = Some(hex(&Sha256::digest(list.as_bytes())));
        (list, changes)
    }
}

impl Entry {
    fn of(path: &Path, seen: &Metadata) -> io::Result<Self> {
        let mode = seen.permissions().mode() & 0o7777;
        let what = seen.file_type();
        let (kind, sum) = if what.is_symlink() {
            ('l', Some(Sha256::digest(fs::read_link(path)?.as_os_str().as_bytes()).into()))
        } else if what.is_dir() {
            ('d', None)
        } else if what.is_file() {
            ('f', Some(sum_of(path, seen.len())?))
        } else {
            ('o', None)
        };
        Ok(Self { kind, mode, sum })
    }
}

/// Of a plain file's content. It has so many bytes as it had when it was looked at, or nobody can say what it is.
fn sum_of(path: &Path, length: u64) -> io::Result<[u8; 32]> {
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it was replaced meanwhile"));
    }
    let (sum, read) = digest(file.take(length.saturating_add(1)))?;
    if read == length { Ok(sum) } else { Err(io::Error::other("it was written to meanwhile")) }
}

fn digest(mut from: io::Take<File>) -> io::Result<([u8; 32], u64)> {
    let (mut sum, mut chunk, mut total) = (Sha256::new(), vec![0; CHUNK_BYTES], 0_u64);
    loop {
        match from.read(&mut chunk) {
            Ok(0) => return Ok((sum.finalize().into(), total)),
            Ok(read) => {
                sum.update(&chunk[..read]);
                total += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::{fs::symlink, net::UnixListener};

    use proptest::prelude::*;

    use super::*;

    fn looked(folder: &Path) -> Manifest {
        Manifest::of(folder, &[folder.join("log")]).expect("it can be read")
    }

    fn change(folder: &Path, change: impl FnOnce()) -> (String, Changes) {
        let before = looked(folder);
        change();
        before.changes_to(&looked(folder))
    }

    #[test]
    fn a_path_that_is_too_long_to_be_followed_is_told_by_its_end() {
        let home = tempfile::tempdir().unwrap();
        let (work, outer, name) = (home.path().join("work"), home.path().join("outer"), "n".repeat(200));
        fs::create_dir(&work).unwrap();
        for _ in 0..30 {
            fs::create_dir(&outer).unwrap();
            fs::rename(&work, outer.join(&name)).unwrap();
            fs::rename(&outer, &work).unwrap();
        }

        let told = Manifest::of(&work, &[]).unwrap_err();

        assert!(told.starts_with("`…nnn") && told.contains("name too long") && told.chars().count() < 200, "{told}");
    }

    #[test]
    fn the_list_of_changes_is_as_it_is_documented() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        fs::write(at("same"), "same").unwrap();
        fs::write(at("other"), "before").unwrap();
        fs::write(at("gone"), "gone").unwrap();
        fs::set_permissions(at("gone"), fs::Permissions::from_mode(0o640)).unwrap();

        let (list, changes) = change(home.path(), || {
            fs::write(at("other"), "after").unwrap();
            fs::set_permissions(at("other"), fs::Permissions::from_mode(0o755)).unwrap();
            fs::remove_file(at("gone")).unwrap();
            fs::create_dir(at("new")).unwrap();
            fs::set_permissions(at("new"), fs::Permissions::from_mode(0o700)).unwrap();
            symlink("/etc/passwd", at("new/\u{e4} \\ link")).unwrap();
            fs::write(at("log"), "it does not count").unwrap();
        });

        let sum = |text: &str| hex(&Sha256::digest(text));
        let expected = format!(
            "- f 0640 {} gone\n+ d 0700 - new\n+ l 0777 {} new/\\xc3\\xa4 \\\\ link\n~ f 0755 {} other\n",
            sum("gone"),
            sum("/etc/passwd"),
            sum("after")
        );
        assert_eq!(list, expected);
        assert_eq!((changes.added, changes.changed, changes.removed), (2, 1, 1));
        assert_eq!(changes.sha256, Some(sum(&expected)));
    }

    #[test]
    fn pipes_and_sockets_are_named_and_never_opened() {
        let home = tempfile::tempdir().unwrap();
        let (_, changes) = change(home.path(), || {
            let pipe = std::ffi::CString::new(home.path().join("pipe").as_os_str().as_bytes()).unwrap();
            rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0).unwrap();
            drop(UnixListener::bind(home.path().join("socket")).unwrap());
        });

        assert_eq!(changes.added, 2);
    }

    #[test]
    fn what_is_too_much_is_said_and_not_hashed() {
        let home = tempfile::tempdir().unwrap();
        File::create(home.path().join("sparse")).unwrap().set_len(MOST_BYTES + 1).unwrap();

        assert_eq!(Manifest::of(home.path(), &[]).unwrap_err(), "the workspace holds more than 512 MiB");
        fs::remove_file(home.path().join("sparse")).unwrap();
        symlink("/", home.path().join("root")).unwrap();
        assert!(Manifest::of(home.path(), &[]).is_ok());
        assert!(Manifest::of(&home.path().join("root"), &[]).is_err(), "a link is no workspace");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn the_same_changes_have_the_same_hash_and_others_another(
            one in proptest::collection::btree_map("[ab]", proptest::collection::vec(any::<u8>(), 0..4), 0..3),
            other in proptest::collection::btree_map("[ab]", proptest::collection::vec(any::<u8>(), 0..4), 0..3),
        ) {
            let hash = |files: &BTreeMap<String, Vec<u8>>| {
                let home = tempfile::tempdir().unwrap();
                let (_, changes) = change(home.path(), || {
                    for (name, bytes) in files.iter().rev() {
                        fs::write(home.path().join(name), bytes).unwrap();
                    }
                });
                changes.sha256
            };

            prop_assert_eq!(hash(&one) == hash(&other), one == other);
        }
    }
}
