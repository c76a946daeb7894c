//! Rules for reading an agent that are no mistakes in form, and yet can't be meant: they would find nothing, or everything.

use orchestrator_core::domain::reading::{ErrorClass, Format, OneOrMore, Reading, Selector, Take, UsageRule};

use super::{agent_checks::Layer, agent_section::RawReading, complaint::Complaint, misfit::OURS};

/// The classes that an agent's output may mean, in their order.
const CLASSES: [&str; 7] = ["auth", "rate_limit", "quota", "transient", "timeout", "budget", "request"];

/// Checks the rules that a person wrote.
pub(super) fn check(layer: &Layer<'_>, faults: &mut Vec<Complaint>, warnings: &mut Vec<Complaint>) {
    let Some(RawReading::Rules(rules)) = layer.raw.output.as_ref() else { return };
    warn_of_the_unread(layer, rules, warnings);
    check_takes(layer, rules, faults);
    if rules.success.exit.is_empty() {
        let complaint = layer.complaint("output.success.exit", "without any code no run is ever a good one");
        faults.push(complaint.way_out("Leave it out for [0]."));
    }
    check_codes(layer, "output.success.exit", &rules.success.exit, faults);
    for (index, rule) in rules.classes.iter().enumerate() {
        let at = format!("output.classes[{index}]");
        check_codes(layer, &format!("{at}.exit"), &rule.exit, faults);
        if rule.class == ErrorClass::CheckFailed {
            let complaint = layer.complaint(&format!("{at}.class"), "it is the orchestrator's own: no output of an agent means it");
            faults.push(complaint.given(OURS).way_out(format!("Known: {}.", CLASSES.join(", "))));
        }
        if rule.exit.is_empty() && rule.status.is_empty() && rule.error.0.is_empty() {
            let complaint = layer.complaint(&at, "it has no condition, so nothing is ever of this class");
            warnings.push(complaint.way_out("Give it `exit`, `status` or `error`."));
        }
        for (place, _) in rule.error.0.iter().enumerate().filter(|(_, word)| word.trim().is_empty()) {
            let place = if rule.error.0.len() == 1 { String::new() } else { format!("[{place}]") };
            let complaint = layer.complaint(&format!("{at}.error{place}"), "an empty word is in every error");
            faults.push(complaint.way_out("Say which words are, or leave it out."));
        }
    }
}

/// Selectors find nothing where nothing is read by them.
fn warn_of_the_unread(layer: &Layer<'_>, rules: &Reading, warnings: &mut Vec<Complaint>) {
    let format = match rules.format {
        Format::Json | Format::Jsonl => return,
        Format::Text => "text",
        Format::ResultFile => "result_file",
    };
    let mut unread: Vec<&str> = selectors(rules).into_iter().filter(|(_, selectors)| !selectors.0.is_empty()).map(|(key, _)| key).collect();
    let others = [
        ("usage", rules.usage != UsageRule::default()),
        ("success.require", !rules.success.require.is_empty()),
        ("success.refuse", !rules.success.refuse.is_empty()),
        ("progress", !rules.progress.is_empty()),
    ];
    unread.extend(others.into_iter().filter(|(_, given)| *given).map(|(key, _)| key));
    if unread.is_empty() {
        return;
    }
    let told: Vec<String> = unread.into_iter().map(|key| format!("`{key}`")).collect();
    let rule = format!("with the format \"{format}\" nothing is read by {}", told.join(", "));
    let way_out = format!("Set `{}` to \"json\" or \"jsonl\".", layer.at("output.format"));
    warnings.push(layer.complaint("output", &rule).way_out(way_out));
}

/// Tokens are no words, and words no tokens.
fn check_takes(layer: &Layer<'_>, rules: &Reading, faults: &mut Vec<Complaint>) {
    for (key, selectors) in selectors(rules) {
        for (index, _) in selectors.0.iter().enumerate().filter(|(_, selector)| selector.take == Take::Sum) {
            let at = if selectors.0.len() == 1 { String::new() } else { format!("[{index}]") };
            let complaint = layer.complaint(&format!("output.{key}{at}.take"), "words have no sum: it must be first, last or concat");
            faults.push(complaint.given("sum").way_out("\"concat\" puts them together."));
        }
    }
    let of_sessions = rules.sessions.as_ref().map(|sessions| ("output.sessions.usage.take", &sessions.usage));
    for (key, usage) in [("output.usage.take", &rules.usage)].into_iter().chain(of_sessions) {
        if usage.take == Take::Concat {
            let complaint = layer.complaint(key, "numbers are not put together like words: it must be first, last or sum");
            faults.push(complaint.given("concat").way_out("\"sum\" adds them up."));
        }
    }
}

fn selectors(rules: &Reading) -> [(&'static str, &OneOrMore<Selector>); 8] {
    [
        ("text", &rules.text),
        ("session", &rules.session),
        ("model", &rules.model),
        ("error", &rules.error),
        ("status", &rules.status),
        ("resets", &rules.resets),
        ("denied", &rules.denied),
        ("notes", &rules.notes),
    ]
}

/// A process ends with one byte.
fn check_codes(layer: &Layer<'_>, key: &str, codes: &[i32], faults: &mut Vec<Complaint>) {
    for (index, code) in codes.iter().enumerate().filter(|(_, code)| !(0..=255).contains(*code)) {
        faults.push(layer.complaint(&format!("{key}[{index}]"), "it must be from 0 to 255, as exit codes are").given(&code.to_string()));
    }
}
