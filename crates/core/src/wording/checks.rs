//! What checks have found, as it is shown: on a card, beside a result, in a terminal.

use std::time::Duration;

use super::{
    figures, fit,
    harmless::{code, in_fence, one_line, sentence},
    views::TaskSummary,
};
use crate::domain::check::{Changes, CheckReport, Checked, Finding, WishedCheck};

/// How much of a check's name or command is shown.
const NAME: usize = 60;
/// How much of the command of a declared check is shown.
const COMMAND: usize = 100;
/// How much of how it ended is shown.
const BECAUSE: usize = 160;
/// How many digits of a hash tell it from others where there is little room.
const DIGITS: usize = 16;
/// How much of what a check has printed is shown.
const OUTPUT: usize = 500;
/// How many lines of it, at most, in a terminal.
const LINES: usize = 12;

/// The sign of a finding, beside its word.
pub fn sign(finding: Finding) -> &'static str {
    match finding {
        Finding::Verified => "🟢",
        Finding::Gaps => "🟡",
        Finding::Unverified => "⚪",
    }
}

/// The finding, then each check with its command and how it ended, and the hash of the changes: one line each. `whole`: all digits of it.
pub fn lines(checked: &Checked, whole: bool) -> Vec<String> {
    let finding = checked.finding();
    let headline = format!("{} **{}**", sign(finding), finding.title());
    let mut lines = match checked.checks.as_slice() {
        [only] => vec![format!("{headline} · {}", of_one(only, None))],
        several => {
            let each = several.iter().map(|check| format!("- {}", of_one(check, Some(check.finding))));
            std::iter::once(headline).chain(each).collect()
        }
    };
    lines
        .extend(checked.changes.as_ref().map(|changes| format!("-# {}", changes_in_words(changes, if whole { 64 } else { DIGITS }, true))));
    lines
}

/// The same on one line, for where there is hardly room: `🟡 **Gaps** · tests: exit code 1`.
pub fn in_short(checked: &Checked) -> String {
    let finding = checked.finding();
    let telling = checked.checks.iter().find(|check| check.finding == finding);
    let told =
        telling.map_or_else(String::new, |check| format!(" · {}: {}", code(&check.check.to_string(), 30), sentence(&check.because, 50)));
    format!("{} **{}**{told}", sign(finding), finding.title())
}

/// The end of what the first check has printed that did not say yes, in a fence; `None`: nothing was printed.
pub fn output(checked: &Checked) -> Option<String> {
    let (check, output) = checked.checks.iter().find_map(|check| Some((check, check.output.as_deref()?)))?;
    let inside = in_fence(output.trim());
    let tail = fit::tail(&inside, OUTPUT);
    // A cut line tells less than none.
    let tail = if tail.len() < inside.len() { tail.split_once('\n').map_or(tail, |(_, rest)| rest) } else { tail };
    Some(format!("**The end of what {} printed:**\n```\n{}\n```", code(&check.check.to_string(), NAME), tail.trim_end()))
}

/// The same for a terminal: plain lines, and below each check that did not say yes the end of what it has printed.
pub fn in_terminal(checked: &Checked) -> Vec<String> {
    let mut lines = Vec::new();
    for check in &checked.checks {
        let command = check.command.as_deref().filter(|_| matches!(check.check, WishedCheck::Named(_)));
        let command = command.map_or_else(String::new, |command| format!(" ({})", one_line(command)));
        let ran = if check.ran_ms > 0 { format!(", {}", figures::duration(Duration::from_millis(check.ran_ms))) } else { String::new() };
        lines.push(format!(
            "{}: {}{command}, {}{ran}",
            check.finding.title(),
            one_line(&check.check.to_string()),
            one_line(&check.because)
        ));
        let printed: Vec<&str> = check.output.as_deref().map(|output| output.trim().lines().collect()).unwrap_or_default();
        let end = &printed[printed.len().saturating_sub(LINES)..];
        lines.extend(end.iter().map(|line| format!("  | {}", one_line(&fit::cut(line, OUTPUT)))));
    }
    lines.extend(checked.changes.as_ref().map(|changes| changes_in_words(changes, 64, false)));
    lines
}

/// A task's state with what its checks found: `succeeded (gaps)`.
pub fn state(task: &TaskSummary) -> String {
    let finding = task.finding.map_or_else(String::new, |finding| format!(" ({})", finding.word()));
    format!("{}{finding}", task.state.replace('_', " "))
}

fn of_one(check: &CheckReport, finding: Option<Finding>) -> String {
    let name = code(&check.check.to_string(), NAME);
    // What somebody brought along is its own name.
    let command = check.command.as_deref().filter(|_| matches!(check.check, WishedCheck::Named(_)));
    let command = command.map_or_else(String::new, |command| format!(": {}", code(command, COMMAND)));
    let ran = if check.ran_ms > 0 { format!(" · {}", figures::duration(Duration::from_millis(check.ran_ms))) } else { String::new() };
    let title = finding.map_or_else(String::new, |finding| format!("{} {} · ", sign(finding), finding.title()));
    format!("{title}{name}{command} · {}{ran}", sentence(&check.because, BECAUSE))
}

/// `Changes 1f2e…: 3 added, 1 changed`.
fn changes_in_words(changes: &Changes, digits: usize, marked: bool) -> String {
    let Some(sha256) = &changes.sha256 else {
        let why = changes.unknown.as_deref().unwrap_or("nobody noted why");
        return format!("The changes were not hashed: {}", if marked { sentence(why, BECAUSE) } else { one_line(why) });
    };
    let shown: String = sha256.chars().take(digits).collect();
    let counts = [(changes.added, "added"), (changes.changed, "changed"), (changes.removed, "removed")];
    let told: Vec<String> = counts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{} {what}", figures::thousands(count.into())))
        .collect();
    let told = if told.is_empty() { "nothing".to_owned() } else { told.join(", ") };
    let shown = if marked { format!("`{shown}`") } else { shown };
    format!("Changes: {told} · sha256 {shown}")
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    pub(in crate::wording) fn checked() -> Checked {
        Checked {
            checks: vec![CheckReport {
                check: "tests".parse().unwrap(),
                command: Some("cargo test".into()),
                finding: Finding::Gaps,
                because: "exit code 101".into(),
                exit: Some(101),
                ran_ms: 3_200,
                output: Some("running 2 tests\ntest it ... FAILED ``` @everyone".into()),
            }],
            changes: Some(Changes { sha256: Some("0123456789abcdef".repeat(4)), unknown: None, added: 3, changed: 1, removed: 0 }),
        }
    }

    #[test]
    fn one_check_is_told_in_two_lines_with_its_command_its_end_and_the_hash() {
        assert_snapshot!(lines(&checked(), false).join("\n"), @"
        🟡 **Gaps** · `tests`: `cargo test` · exit code 101 · 3.2s
        -# Changes: 3 added, 1 changed · sha256 `0123456789abcdef`
        ");
        assert_snapshot!(in_short(&checked()), @"🟡 **Gaps** · `tests`: exit code 101");
        assert_snapshot!(in_terminal(&checked()).join("\n"), @"
        Gaps: tests (cargo test), exit code 101, 3.2s
          | running 2 tests
          | test it ... FAILED ``` @everyone
        Changes: 3 added, 1 changed · sha256 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
        ");
        assert_snapshot!(output(&checked()).unwrap().replace('\u{200b}', "¦"), @"
        **The end of what `tests` printed:**
        ```
        running 2 tests
        test it ... FAILED ``¦` @everyone
        ```
        ");
    }

    #[test]
    fn several_checks_are_told_each_with_its_finding_below_the_worst() {
        let mut several = checked();
        several.checks.push(CheckReport {
            check: "!make *lint* `x`".parse().unwrap(),
            command: Some("make *lint* `x`".into()),
            finding: Finding::Unverified,
            because: "its time limit of 10m was reached".into(),
            exit: None,
            ran_ms: 600_000,
            output: None,
        });
        several.changes = Some(Changes { unknown: Some("the workspace holds more than 512 MiB".into()), ..Changes::default() });

        assert_snapshot!(lines(&several, true).join("\n"), @"
        🟡 **Gaps**
        - 🟡 Gaps · `tests`: `cargo test` · exit code 101 · 3.2s
        - ⚪ Unverified · `!make *lint* ˋxˋ` · its time limit of 10m was reached · 10m
        -# The changes were not hashed: the workspace holds more than 512 MiB
        ");
    }
}
