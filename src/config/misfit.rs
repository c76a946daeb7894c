//! A value that fits no key, or no rule of its key: what the reader of the file said of it, in words for people.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    complaint::{Complaint, nearest},
    confidential,
    own_file::Written,
};

/// What is wrong at `path`, where `wrong` stands; `said` is the reader's own message.
pub(super) fn told(file: &dyn Written, path: &str, wrong: Option<&Value>, said: &str) -> Complaint {
    // What the message is about, and what would have been right, both in back quotes.
    let own = said.split('`').nth(1).unwrap_or(path);
    let expected: BTreeSet<&str> = said.split('`').skip(3).step_by(2).collect();
    let meant = nearest(own, expected.iter().copied());
    if said.starts_with("unknown field") {
        let way_out = match meant {
            Some(meant) => format!("Did you mean `{meant}`?"),
            None => format!("Known here: {}.", expected.into_iter().collect::<Vec<_>>().join(", ")),
        };
        return file.complaint(path, "unknown key").way_out(way_out);
    }
    if said.starts_with("missing field") {
        return file.complaint(path, &format!("it needs a `{own}`"));
    }
    if said.contains("is no way through JSON") && wrong.is_none_or(|wrong| wrong.as_str() != Some(own)) {
        let rule = "this key must be a way through JSON like /result/text, where * stands for everything";
        return file.complaint(path, rule).way_out(format!("Did you mean `/{own}`?"));
    }
    let mut complaint = file.complaint(path, &rule(said));
    if said.starts_with("unknown variant") {
        complaint.way_out = meant.map(|meant| format!("Did you mean \"{meant}\"?")).unwrap_or_default();
    }
    match wrong {
        Some(wrong) if confidential::hides(path) => complaint.given_unseen(wrong),
        Some(wrong) => complaint.given(wrong.as_str().unwrap_or(&wrong.to_string())),
        None => complaint,
    }
}

/// What would have been right, as a clause.
fn rule(said: &str) -> String {
    match said.rsplit_once("expected ") {
        Some((_, "u32")) => "it must be a whole number from 0 to 4294967295".to_owned(),
        Some((_, "u64")) => "it must be a whole number, 0 or above".to_owned(),
        Some((_, "a string")) => "it must be a text in quotes".to_owned(),
        Some((_, "a boolean")) => "it must be true or false".to_owned(),
        Some((_, "a sequence")) => "it must be a list: [ … ]".to_owned(),
        Some((_, other)) if other.starts_with("a map") || other.starts_with("struct") => "it must be an object: { … }".to_owned(),
        Some((_, other)) => format!("it must be {}", other.replace("one of ", "").replace('`', "\"")),
        None => "it can't be read".to_owned(),
    }
}
