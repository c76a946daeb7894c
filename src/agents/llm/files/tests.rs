use std::{fs, os::unix::fs::symlink};

use super::*;

fn folder() -> (tempfile::TempDir, Files) {
    let outer = tempfile::tempdir().unwrap();
    fs::create_dir(outer.path().join("work")).unwrap();
    fs::write(outer.path().join("secret"), "outside").unwrap();
    let files = Files::of(&outer.path().join("work")).unwrap();
    (outer, files)
}

fn text(outcome: Result<Outcome, String>) -> String {
    outcome.unwrap().text
}

#[test]
fn no_path_leads_out_of_the_folder() {
    let (outer, files) = folder();
    let work = outer.path().join("work");
    symlink("../secret", work.join("link")).unwrap();
    symlink("..", work.join("up")).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, work.join("pipe"), FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    let absolute = outer.path().join("secret").display().to_string();

    for (path, why) in [
        ("../secret", "has `..` in it"),
        ("a/../../secret", "has `..` in it"),
        (absolute.as_str(), "is an absolute path"),
        ("link", "`link` in `link` is a symbolic link"),
        ("up/secret", "`up` in `up/secret` is a symbolic link"),
        ("pipe", "no plain file"),
        ("", "empty"),
        ("a\0b", "zero byte"),
    ] {
        let tries = [
            files.read(path, 1, None),
            files.write(path, "changed", false),
            files.write(path, "changed", true),
            files.edit(path, "outside", "changed"),
        ];
        for refused in tries {
            assert!(refused.as_ref().is_err_and(|told| told.contains(why)), "{path:?}: {refused:?}");
        }
    }

    assert!(files.list("up", 1).is_err() && files.list("..", 1).is_err() && files.list("/", 1).is_err());
    assert_eq!(fs::read_to_string(outer.path().join("secret")).unwrap(), "outside");
}

#[test]
fn files_are_written_added_to_and_edited_where_the_place_is_certain() {
    let (outer, files) = folder();

    assert_eq!(text(files.write("a/b/c.txt", "one\ntwo\n", false)), "wrote 8 bytes");
    assert_eq!(text(files.write("./a/b/c.txt", "two\n", true)), "added 4 bytes");
    assert!(files.edit("a/b/c.txt", "two", "2").is_err_and(|why| why.contains("more than once")));
    assert!(files.edit("a/b/c.txt", "three", "3").is_err_and(|why| why.contains("is not in")));
    assert!(files.edit("a/b/c.txt", "", "3").is_err());
    assert_eq!(text(files.edit("a/b/c.txt", "one\ntwo", "1\nzwei")), "replaced at line 1");
    assert!(files.write("a/b", "x", false).is_err_and(|why| why.contains("is a folder")));
    assert!(files.write("a/b/c.txt/d", "x", false).is_err_and(|why| why.contains("no folder")));

    assert_eq!(fs::read_to_string(outer.path().join("work/a/b/c.txt")).unwrap(), "1\nzwei\ntwo\n");
    assert!(files.edit("a/b/c.txt", "1\nzwei\ntwo\n", "aaa").is_ok());
    assert!(files.edit("a/b/c.txt", "aa", "b").is_err_and(|why| why.contains("more than once")), "places that overlap");
}

#[test]
fn long_files_are_read_in_pieces() {
    let (_outer, files) = folder();
    let all: String = (1..=20_000).map(|number| format!("line {number}\n")).collect();
    files.write("long", &all, false).unwrap();

    let (mut read, mut offset) = (String::new(), 1);
    loop {
        let piece = text(files.read("long", offset, None));
        let (lines, more) = piece.split_once("\n[There is more: read on with offset ").unwrap_or((&piece, ""));
        read.push_str(lines);
        if more.is_empty() {
            break;
        }
        assert!(lines.len() <= MOST_READ);
        offset = more.trim_end_matches(".]").parse().unwrap();
    }

    assert_eq!(read, all);
    assert_eq!(text(files.read("long", 3, Some(2))), "line 3\nline 4\n\n[There is more: read on with offset 5.]");
    assert_eq!(text(files.read("long", 30_000, None)), "[the file has 20000 lines]");
}

#[test]
fn odd_files_are_told() {
    let (outer, files) = folder();
    let work = outer.path().join("work");
    fs::write(work.join("empty"), "").unwrap();
    fs::write(work.join("binary"), [0x7f, b'E', 0, 1]).unwrap();
    fs::write(work.join("one-line"), "x".repeat(3 * MOST_READ)).unwrap();
    fs::create_dir(work.join("folder")).unwrap();

    assert_eq!(text(files.read("empty", 1, None)), "[the file is empty]");
    assert!(files.read("binary", 1, None).is_err_and(|why| why.contains("no text file")));
    assert!(
        text(files.read("one-line", 1, None)).ends_with("[Line 1 was cut here: it is longer than 49152 bytes. The next has offset 2.]")
    );
    assert!(files.read("gone", 1, None).is_err_and(|why| why.contains("does not exist")));
    assert!(files.read("folder", 1, None).is_err_and(|why| why.contains("is a folder")));
}

#[test]
fn folders_are_listed_in_order_and_bounded() {
    let (outer, files) = folder();
    let work = outer.path().join("work");
    files.write("b/c", "12345", false).unwrap();
    files.write("a", "1", false).unwrap();
    symlink("/etc", work.join("d")).unwrap();

    assert_eq!(text(files.list(".", 1)), "a (1 bytes)\nb/\nd (symbolic link)");
    assert_eq!(text(files.list(".", 2)), "a (1 bytes)\nb/\nb/c (5 bytes)\nd (symbolic link)");
    assert_eq!(text(files.list("b", 1)), "c (5 bytes)");
    for number in 0..MOST_LISTED {
        fs::write(work.join(format!("n{number}")), "").unwrap();
    }
    assert!(text(files.list(".", 9)).ends_with("[more than 500 entries: list a folder below]"));
}
