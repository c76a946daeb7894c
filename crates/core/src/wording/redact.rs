//! Takes our own secrets out of text before it is stored or said: results, log tails, errors.

use crate::domain::attempt::Report;

/// What stands in a secret's place.
pub const IN_ITS_PLACE: &str = "[secret]";
/// Shorter values are no secrets, and replacing them would riddle every text.
const SHORTEST: usize = 6;

/// What stands where a wording has cut a text.
const CUT: char = '…';

/// The text without the given values. Of values that hold each other the longest is replaced; of one that a wording has cut through, what is
/// left before the cut is replaced too.
pub fn redact(text: &str, secrets: &[&str]) -> String {
    let mut values: Vec<&str> = secrets.iter().copied().filter(|secret| secret.len() >= SHORTEST).collect();
    values.sort_unstable_by_key(|value| std::cmp::Reverse(value.len()));
    let mut clean = text.to_owned();
    for value in values {
        if clean.contains(value) {
            clean = clean.replace(value, IN_ITS_PLACE);
        }
        clean = without_beginnings(clean, value);
    }
    clean
}

/// The text without beginnings of a value at which it was cut.
fn without_beginnings(mut text: String, value: &str) -> String {
    let cuts: Vec<usize> = text.match_indices(CUT).map(|(at, _)| at).collect();
    // From the end, so that the places before stay where they are.
    for at in cuts.into_iter().rev() {
        let beginnings = value.char_indices().map(|(end, _)| &value[..end]).filter(|beginning| beginning.len() >= SHORTEST);
        if let Some(beginning) = beginnings.rev().find(|beginning| text[..at].ends_with(*beginning)) {
            text.replace_range(at - beginning.len()..at, IN_ITS_PLACE);
        }
    }
    text
}

/// The same of a text that may have been cut out of a longer one: the end of a value that it begins with, and the beginning of one that it
/// ends with, go too.
pub fn redact_cut(text: &str, secrets: &[&str]) -> String {
    let mut clean = redact(text, secrets);
    for secret in secrets.iter().filter(|secret| secret.len() >= SHORTEST) {
        let parts = || secret.char_indices().map(|(at, _)| at).filter(|at| *at > 0);
        let begins = parts().map(|at| &secret[at..]).find(|end| end.len() >= SHORTEST && clean.starts_with(end));
        if let Some(end) = begins {
            clean.replace_range(..end.len(), IN_ITS_PLACE);
        }
        let ends = parts().rev().map(|at| &secret[..at]).find(|beginning| beginning.len() >= SHORTEST && clean.ends_with(beginning));
        if let Some(beginning) = ends {
            clean.replace_range(clean.len() - beginning.len().., IN_ITS_PLACE);
        }
    }
    clean
}

/// A report without the given values, in every text that it holds; each may have been cut when it was collected.
#[must_use]
pub fn redact_report(mut report: Report, secrets: &[&str]) -> Report {
    let clean = |text: &mut String| *text = redact_cut(text, secrets);
    clean(&mut report.text);
    for text in [&mut report.reason, &mut report.summary, &mut report.log_tail, &mut report.model].into_iter().flatten() {
        clean(text);
    }
    report.remarks.iter_mut().for_each(clean);
    report.outputs = report.outputs.into_iter().map(|(name, text)| (redact_cut(&name, secrets), redact_cut(&text, secrets))).collect();
    report.files.iter_mut().for_each(|(name, _)| *name = redact_cut(name, secrets));
    report
}

#[cfg(test)]
mod tests {
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
