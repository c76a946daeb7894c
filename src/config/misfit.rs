//! A value that fits no key, or no rule of its key: what the reader of the file said of it, in words for people.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    complaint::{Complaint, nearest},
    confidential, misplaced,
    own_file::Written,
};

/// A word that stands among those of definitions and is no one's to write: the class of an attempt that a check has failed.
pub(super) const OURS: &str = "check_failed";

/// What is wrong at `path`, where `wrong` stands; `said` is the reader's own message.
pub(super) fn told(file: &dyn Written, path: &str, wrong: Option<&Value>, said: &str) -> Complaint {
    // What the message is about, and what would have been right, both in back quotes.
    let own = said.split('`').nth(1).unwrap_or(path);
    let expected: BTreeSet<&str> = said.split('`').skip(3).step_by(2).filter(|word| *word != OURS).collect();
    let meant = nearest(own, expected.iter().copied());
    if said.starts_with("unknown field") {
        let known = || format!("Known here: {}.", expected.iter().copied().collect::<Vec<_>>().join(", "));
        let way_out = misplaced::way_out(own, &expected).or_else(|| meant.map(|meant| format!("Did you mean `{meant}`?")));
        return file.complaint(path, "unknown key").way_out(way_out.unwrap_or_else(known));
    }
    if said.starts_with("missing field") {
        return file.complaint(path, &format!("it needs a `{own}`"));
    }
    if said.contains("is no way through JSON") && wrong.is_none_or(|wrong| wrong.as_str() != Some(own)) {
        let rule = "this key must be a way through JSON like /result/text, where * stands for everything";
        return file.complaint(path, rule).way_out(format!("Did you mean `/{own}`?"));
    }
    let mut complaint =
        file.complaint(path, &said.rsplit_once("expected ").map_or_else(|| "it can't be read".to_owned(), |(_, wanted)| rule(wanted)));
    if said.starts_with("unknown variant") {
        complaint.way_out = meant.map(|meant| format!("Did you mean \"{meant}\"?")).unwrap_or_default();
    }
    match wrong {
        Some(wrong) if confidential::hides(path) => complaint.given_unseen(wrong),
        Some(wrong) => complaint.given(wrong.as_str().unwrap_or(&wrong.to_string())),
        None => complaint,
    }
}

/// What would have been right, as a clause: the words of the language that this is written in, in everybody's.
fn rule(wanted: &str) -> String {
    match wanted {
        "u8" => "it must be a whole number from 0 to 255".to_owned(),
        "u16" => "it must be a whole number from 0 to 65535".to_owned(),
        "u32" => "it must be a whole number from 0 to 4294967295".to_owned(),
        "u64" | "u128" | "usize" => "it must be a whole number, 0 or above".to_owned(),
        "i8" | "i16" | "i32" | "i64" | "i128" | "isize" => "it must be a whole number".to_owned(),
        "f32" | "f64" => "it must be a number".to_owned(),
        "a string" | "a borrowed string" | "string" | "str" | "String" | "a character" | "char" => "it must be a text in quotes".to_owned(),
        "a boolean" | "bool" => "it must be true or false".to_owned(),
        "unit" | "null" => "it must be left out".to_owned(),
        list if list.starts_with("a sequence")
            || list.starts_with("sequence")
            || list.starts_with("a tuple")
            || list.starts_with("tuple") =>
        {
            "it must be a list: [ … ]".to_owned()
        }
        object if object.starts_with("a map") || object.starts_with("map") || object.starts_with("struct") => {
            "it must be an object: { … }".to_owned()
        }
        other => format!("it must be {}", other.replace("one of ", "").replace(&format!(", `{OURS}`"), "").replace('`', "\"")),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::de::DeserializeOwned;

    use super::*;

    #[test]
    fn what_is_wanted_is_said_in_no_programmer_s_words() {
        fn wanted<T: DeserializeOwned>(given: Value) -> String {
            let said = serde_json::from_value::<T>(given).err().map(|error| error.to_string()).unwrap_or_default();
            rule(said.rsplit_once("expected ").unwrap_or_default().1)
        }
        let text = || Value::from("0");

        let whole = [wanted::<i32>(text()), wanted::<i64>(text()), wanted::<u64>(text()), wanted::<u8>(text()), wanted::<usize>(text())];
        assert!(whole.iter().all(|rule| rule.starts_with("it must be a whole number")), "{whole:?}");
        assert_eq!((wanted::<f64>(text()), wanted::<bool>(text())), ("it must be a number".into(), "it must be true or false".into()));
        let (list, object) = (wanted::<Vec<u8>>(text()), wanted::<BTreeMap<String, u8>>(text()));
        assert_eq!((list.as_str(), object.as_str()), ("it must be a list: [ … ]", "it must be an object: { … }"));
        assert_eq!(wanted::<(u8, u8)>(text()), list);
        assert_eq!(
            (wanted::<String>(5.into()), wanted::<char>(5.into())),
            ("it must be a text in quotes".into(), "it must be a text in quotes".into())
        );
    }
}
