//! The page that tells which test causes which fault tells the truth: each test that it names is there.

use std::{collections::BTreeSet, fs, path::Path};

/// The names of all functions in the sources below a folder that are marked as tests.
fn tests_below(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() {
            tests_below(&entry, found);
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&entry).expect("a source");
            let mut is_test = false;
            for line in text.lines().map(str::trim_start) {
                if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
                    is_test = true;
                } else if let Some((_, rest)) = line.split_once("fn ")
                    && std::mem::take(&mut is_test)
                {
                    found.insert(rest.split(['(', '<']).next().unwrap_or_default().to_owned());
                }
            }
        }
    }
}

/// What stands in back-ticks in the last column of the page's tables.
fn named_tests(page: &str) -> Vec<&str> {
    let rows = page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("|---"));
    let columns = rows.filter_map(|row| row.trim_end_matches('|').rsplit_once(" | ").map(|(_, last)| last));
    columns.flat_map(|column| column.split('`').skip(1).step_by(2)).collect()
}

#[test]
fn every_test_that_the_page_on_reliability_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut known = BTreeSet::new();
    for folder in ["tests", "src", "crates"] {
        tests_below(&root.join(folder), &mut known);
    }
    let page = fs::read_to_string(root.join("docs/reliability.md")).expect("the page is there");

    let named = named_tests(&page);
    let missing: Vec<_> = named.iter().filter(|name| !known.contains(name.rsplit("::").next().unwrap_or(name))).collect();

    assert!(named.len() > 20, "the page names its tests: {named:?}");
    assert!(missing.is_empty(), "no such tests: {missing:#?}");
}
