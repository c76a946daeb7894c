//! Takes our own secrets out of text before it is stored or said: results, log tails, errors.

mod forms;
mod pieces;

use std::fmt;

pub use pieces::Pieces;

use crate::domain::{
    attempt::Report,
    check::WishedCheck,
    evidence::{LEFT_OUT, left_out_at},
};

/// What stands in a secret's place.
pub const IN_ITS_PLACE: &str = "[secret]";
/// Shorter values are no secrets, and replacing them would riddle every text.
const SHORTEST: usize = 6;

/// What stands where a wording has cut a text.
const CUT: char = '…';

/// Values that no text may hold, with all the ways in which they are known: made once where many texts are cleaned.
#[derive(Clone)]
pub struct Known {
    plain: Vec<String>,
    forms: Vec<String>,
}

impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} secrets", self.plain.len())
    }
}

impl Known {
    /// The values that are long enough to be secrets. Of those that hold each other the longest goes first.
    pub fn of<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let mut plain: Vec<String> = secrets.into_iter().filter(|secret| secret.len() >= SHORTEST).map(str::to_owned).collect();
        plain.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        plain.dedup();
        Self { forms: plain.iter().flat_map(|secret| forms::of(secret)).collect(), plain }
    }

    /// The text without the values, as they are and as programs encode them: in base64 (also in the middle of something longer, and over several
    /// lines), in hexadecimal, with %-signs as in addresses, as JSON writes them. Of one that was cut through, by a wording or where output was left
    /// out, what is left on either side of the cut is replaced too; one that line breaks part is found all the same.
    pub fn clean(&self, text: &str) -> String {
        self.clean_whole(text.to_owned())
    }

    /// [`Self::clean`] without a copy of a text in which there is nothing to clean.
    pub fn clean_whole(&self, mut clean: String) -> String {
        let is_cut = clean.contains(CUT) || clean.contains(LEFT_OUT.0);
        for form in &self.forms {
            if clean.contains(form.as_str()) {
                clean = clean.replace(form.as_str(), IN_ITS_PLACE);
            }
            if is_cut {
                clean = without_halves(clean, form);
            }
        }
        if clean.trim_end().contains('\n') {
            clean = forms::without(clean, forms::joined, &self.forms);
        }
        if clean.contains('%') {
            clean = forms::without(clean, forms::unescaped, &self.forms);
        }
        clean
    }

    /// A file without the values: a text is cleaned; `None`: it is no text, or one in UTF-16, and holds one.
    pub fn clean_file(&self, bytes: Vec<u8>) -> Option<Vec<u8>> {
        let is_binary = bytes.contains(&0);
        match String::from_utf8(bytes) {
            Ok(text) if !is_binary => Some(self.clean_whole(text).into_bytes()),
            other => {
                let bytes = other.map_or_else(std::string::FromUtf8Error::into_bytes, String::into_bytes);
                // UTF-16 has a zero beside each plain letter.
                let letters: Vec<u8> = if is_binary { bytes.iter().copied().filter(|byte| *byte != 0).collect() } else { Vec::new() };
                let holds = |form: &String| forms::holds(&bytes, form.as_bytes()) || forms::holds(&letters, form.as_bytes());
                (!self.forms.iter().any(holds)).then_some(bytes)
            }
        }
    }

    /// The same of a text that may have been cut out of a longer one: the end of a value that it begins with, and the beginning of one that it
    /// ends with, go too, as far as they are long enough to be known. What is read in pieces is cleaned by it piece by piece.
    pub fn clean_cut(&self, text: &str) -> String {
        self.clean_cut_whole(text.to_owned())
    }

    fn clean_cut_whole(&self, text: String) -> String {
        let mut clean = self.clean_whole(text);
        for form in &self.forms {
            if let Some(length) = end_at_beginning(form, &clean) {
                clean.replace_range(..length, IN_ITS_PLACE);
            }
            if let Some(length) = beginning_at_end(form, &clean) {
                clean.replace_range(clean.len() - length.., IN_ITS_PLACE);
            }
        }
        clean
    }
}

/// [`Known::clean`] for a single text.
pub fn redact(text: &str, secrets: &[&str]) -> String {
    Known::of(secrets.iter().copied()).clean(text)
}

/// [`Known::clean_cut`] for a single text.
pub fn redact_cut(text: &str, secrets: &[&str]) -> String {
    Known::of(secrets.iter().copied()).clean_cut(text)
}

/// How much of a value's end, less than all of it, a text begins with, where that is enough to be known.
fn end_at_beginning(value: &str, text: &str) -> Option<usize> {
    let ends = value.char_indices().skip(1).map(|(at, _)| &value[at..]).take_while(|end| end.len() >= SHORTEST);
    ends.into_iter().find(|end| text.starts_with(*end)).map(str::len)
}

/// How much of a value's beginning, less than all of it, a text ends with, where that is enough to be known.
fn beginning_at_end(value: &str, text: &str) -> Option<usize> {
    let beginnings = value.char_indices().rev().map(|(at, _)| &value[..at]).take_while(|beginning| beginning.len() >= SHORTEST);
    beginnings.into_iter().find(|beginning| text.ends_with(*beginning)).map(str::len)
}

/// The text without the halves of a value that stand on either side of where it was cut.
fn without_halves(mut text: String, value: &str) -> String {
    // From the end, so that the places before stay where they are.
    for (until, from) in cuts(&text).into_iter().rev() {
        if let Some(length) = end_at_beginning(value, &text[from..]) {
            text.replace_range(from..from + length, IN_ITS_PLACE);
        }
        if let Some(length) = beginning_at_end(value, &text[..until]) {
            text.replace_range(until - length..until, IN_ITS_PLACE);
        }
    }
    text
}

/// Where a text was cut: where what is before each cut ends, and where what is after it begins.
fn cuts(text: &str) -> Vec<(usize, usize)> {
    let mut cuts: Vec<(usize, usize)> = text.match_indices(CUT).map(|(at, mark)| (at, at + mark.len())).collect();
    for (at, _) in text.match_indices(LEFT_OUT.0) {
        let end = text[at..].find('\n').map_or(text.len(), |length| at + length);
        if left_out_at(&text[at..end]).is_some() {
            // It stands on a line of its own.
            let until = if text[..at].ends_with('\n') { at - 1 } else { at };
            cuts.push((until, (end + 1).min(text.len())));
        }
    }
    cuts.sort_unstable();
    cuts
}

/// A report without the given values, in every text that it holds; each may have been cut when it was collected.
#[must_use]
pub fn redact_report(mut report: Report, secrets: &[&str]) -> Report {
    let known = Known::of(secrets.iter().copied());
    let clean = |text: &mut String| *text = known.clean_cut_whole(std::mem::take(text));
    clean(&mut report.text);
    let single = [&mut report.reason, &mut report.summary, &mut report.log_tail, &mut report.model, &mut report.session];
    for text in single.into_iter().flatten() {
        clean(text);
    }
    report.remarks.iter_mut().for_each(clean);
    report.outputs = report.outputs.into_iter().map(|(name, text)| (known.clean_cut(&name), known.clean_cut(&text))).collect();
    report.files.iter_mut().for_each(|(name, _)| *name = known.clean_cut(name));
    for check in report.checked.iter_mut().flat_map(|checked| &mut checked.checks) {
        clean(&mut check.because);
        check.command.iter_mut().for_each(clean);
        check.output.iter_mut().for_each(clean);
        if let WishedCheck::Command(command) = &mut check.check {
            clean(command);
        }
    }
    for unknown in report.checked.iter_mut().filter_map(|checked| checked.changes.as_mut()?.unknown.as_mut()) {
        clean(unknown);
    }
    report
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::attempt::Outcome;

    #[test]
    fn each_secret_is_replaced_wherever_it_stands() {
        assert_eq!(redact("a tok_12345 b tok_12345", &["tok_12345"]), "a [secret] b [secret]");
        assert_eq!(redact("tok_12345678", &["tok_12345", "tok_12345678"]), "[secret]", "the longer one goes first");
        assert_eq!(redact("nothing here", &["", "not", "tok_12345"]), "nothing here", "what is too short is no secret");
    }

    #[test]
    fn of_a_secret_that_a_wording_has_cut_through_nothing_is_left() {
        let secrets = ["tok_1234567890"];

        assert_eq!(redact("a `tok_123456…` b tok_12345… c", &secrets), "a `[secret]…` b [secret]… c");
        assert_eq!(redact("tok_…, tok…, tok_1234567890…", &secrets), "tok_…, tok…, [secret]…", "too little to be one");
    }

    #[test]
    fn of_a_secret_that_output_was_left_out_of_nothing_is_left_on_either_side() {
        let secrets = ["tok_1234567890"];
        let left_out = crate::domain::evidence::left_out_line(7_000);

        let log = format!("key tok_1234567\n{left_out}\n_1234567890 key …34567890 tok_123…");
        assert_eq!(redact(&log, &secrets), format!("key [secret]\n{left_out}\n[secret] key …[secret] [secret]…"));
        let log = format!("tok_\n{left_out}");
        assert_eq!(redact(&log, &secrets), log, "too little to be one");
        let other = "key tok_1234567\n[orchestrator: a word]\n_1234567890 key";
        assert_eq!(redact(other, &secrets), other, "nothing was left out here");
    }

    #[test]
    fn of_a_secret_that_was_cut_through_no_half_is_left() {
        let secrets = ["tok_1234567890", "häßlich_geheim"];

        assert_eq!(redact_cut("a b tok_123", &secrets), "a b [secret]");
        assert_eq!(redact_cut("4567890 c", &secrets), "[secret] c");
        assert_eq!(redact_cut("ßlich_geheim und häßlich", &secrets), "[secret] und [secret]");
        assert_eq!(redact_cut("tok_1234567890", &secrets), "[secret]");
        assert_eq!(redact_cut("to be or tok_ or 90", &secrets), "to be or tok_ or 90", "too little to be one");
        assert_eq!(redact_cut("", &secrets), "");
    }

    #[test]
    fn a_secret_is_known_however_a_program_has_written_it() {
        let secret = "sk-or/v1+ä=0123456789";
        let secrets = [secret];

        for (what, text) in [
            ("base64", "c2stb3IvdjErw6Q9MDEyMzQ1Njc4OQ=="),
            ("base64 for addresses", "c2stb3IvdjErw6Q9MDEyMzQ1Njc4OQ"),
            ("base64 of `user:` and it", "dXNlcjpzay1vci92MSvDpD0wMTIzNDU2Nzg5"),
            ("base64 of `a` and it", "YXNrLW9yL3YxK8OkPTAxMjM0NTY3ODk="),
            ("base64 of `ab` and it and more", "YWJzay1vci92MSvDpD0wMTIzNDU2Nzg5eHl6"),
            ("base64 over lines", "c2stb3IvdjEr\nw6Q9MDEyMzQ1\r\nNjc4OQ=="),
            ("hexadecimal", "736b2d6f722f76312bc3a43d30313233343536373839"),
            ("HEXADECIMAL", "736B2D6F722F76312BC3A43D30313233343536373839"),
            ("base64 in an address", "c2stb3IvdjErw6Q9MDEyMzQ1Njc4OQ%3D%3D"),
            ("JSON with escaped slashes", "sk-or\\/v1+ä=0123456789"),
            ("an address", "sk-or%2Fv1%2B%C3%A4%3D0123456789"),
            ("an address, small", "sk-or%2fv1%2b%c3%a4%3d0123456789"),
            ("half an address", "sk-or/v1%2Bä=0123456789"),
            ("all of it escaped", "%73%6B%2D%6F%72%2F%76%31%2B%C3%A4%3D%30%31%32%33%34%35%36%37%38%39"),
            ("parted by lines", "sk-or/v1\n+ä=012\n3456789"),
        ] {
            let clean = redact(&format!("before {text} after"), &secrets);
            assert!(clean.starts_with("before ") && clean.ends_with(" after") && clean.contains(IN_ITS_PLACE), "{what}: {clean}");
            let left = clean.replace("before ", "").replace(" after", "").replace(IN_ITS_PLACE, "");
            assert!(left.trim_matches('=').chars().count() <= 9, "{what}: {clean}");
        }
        assert_eq!(redact("100 % sure, 5%25, %zz %", &secrets), "100 % sure, 5%25, %zz %");
    }

    #[test]
    fn a_file_that_is_a_text_is_cleaned_and_another_that_holds_a_secret_goes_nowhere() {
        let known = Known::of(["tok_1234567890"]);

        assert_eq!(known.clean_file(b"a tok_1234567890 b".to_vec()).unwrap(), b"a [secret] b");
        assert_eq!(known.clean_file(b"\xff\xfe tok_1234567890".to_vec()), None);
        assert_eq!(known.clean_file(b"\xff\xfe picture".to_vec()).unwrap(), b"\xff\xfe picture");
        let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        assert_eq!(known.clean_file(wide("a tok_1234567890 b")), None, "UTF-16");
        assert_eq!(known.clean_file(wide("a b")).unwrap(), wide("a b"));
    }

    #[test]
    fn a_secret_of_several_lines_or_with_quotes_is_known_as_json_writes_it() {
        let secret = "-----BEGIN \"KEY\"-----\nMIIabc\n-----END-----";

        let told = serde_json::json!({ "key": secret }).to_string();
        assert_eq!(redact(&told, &[secret]), r#"{"key":"[secret]"}"#);
    }

    proptest! {
        #[test]
        fn however_a_text_is_cut_and_encoded_no_half_of_a_secret_is_left(
            secret in "[A-Za-z0-9_/+-]{16,40}",
            before in "[ -~]{0,40}",
            after in "[ -~]{0,40}",
            cut in 0_usize..200,
        ) {
            let whole = format!("{before}{secret}{after}");
            let encoded = [whole.clone(), forms::base64(whole.as_bytes(), false), forms::base64(whole.as_bytes(), true), forms::escaped(&whole, true)];
            for (form, text) in encoded.iter().enumerate() {
                let at = cut.min(text.len());
                let pieces = format!("{}\u{0}{}", redact_cut(&text[..at], &[&secret]), redact_cut(&text[at..], &[&secret]));
                let known = [secret.clone(), forms::base64(secret.as_bytes(), false), forms::base64(secret.as_bytes(), true), forms::escaped(&secret, true)];
                // In the middle of something longer the letters at its edges stand for its neighbours too.
                let core: String = known[form].chars().skip(3).take(10).collect();
                let alone = form == 0 || form == 3;
                prop_assume!(!alone || !format!("{before}\u{0}{after}").contains(&core));
                if alone {
                    prop_assert!(!pieces.contains(&core), "{pieces}");
                }
                let joined: String = pieces.split('\u{0}').collect();
                if form > 0 && form < 3 {
                    let decoded = forms::decoded(&joined.replace(IN_ITS_PLACE, ""));
                    prop_assert!(!String::from_utf8_lossy(&decoded).contains(&secret), "{joined}");
                }
            }
        }
    }

    #[test]
    fn no_text_of_a_report_keeps_a_secret() {
        let secret = "tok_12345";
        let mut report = Report::without_result(Outcome::Failed, format!("no: {secret}"));
        report.text = secret.into();
        report.summary = Some(secret.into());
        report.log_tail = Some(secret.into());
        report.model = Some(secret.into());
        report.remarks = vec![secret.into()];
        report.outputs = [(secret.into(), secret.into())].into();
        report.files = vec![(secret.into(), 1)];

        assert!(!format!("{:?}", redact_report(report, &[secret])).contains(secret));
    }
}
