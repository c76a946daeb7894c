//! What an attempt has left is checked at most once, whatever is killed, and no finding is told that no check has found.

use crate::evidence::Evidence;

pub(super) fn judge(evidence: &Evidence) -> Vec<String> {
    let mut broken = Vec::new();
    for attempt in &evidence.store.attempts {
        let runs = evidence.checked.iter().filter(|agent_id| **agent_id == attempt.agent_id).count();
        let said = |what: String| format!("attempt {} of task `{}`: {what}", attempt.id, attempt.task);
        if runs > 1 {
            broken.push(said(format!("its check was run {runs} times")));
        }
        let has_found = matches!(attempt.finding.as_deref(), Some("verified" | "gaps"));
        if has_found && runs == 0 {
            broken.push(said(format!("it is {:?}, and no check was run", attempt.finding)));
        }
        let is_due = evidence.course.settings.checked && attempt.outcome.as_deref() == Some("succeeded");
        if is_due && attempt.finding.is_none() && !is_of_another_agent(evidence, &attempt.task) {
            broken.push(said("it has succeeded, and nothing is said of its check".to_owned()));
        }
    }
    broken
}

/// Whether a task's agent has no checks.
fn is_of_another_agent(evidence: &Evidence, task: &str) -> bool {
    evidence.fate(task).is_none_or(|fate| fate.versions.iter().any(|agent| !agent.deed.tells()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::samples::evidence;

    #[test]
    fn a_check_that_was_run_twice_is_found() {
        let mut twice = evidence();
        twice.course.settings.checked = true;
        twice.store.attempts[0].finding = Some("verified".to_owned());
        twice.checked = vec![twice.store.attempts[0].agent_id.clone()];
        assert_eq!(judge(&twice), Vec::<String>::new(), "once is sound");

        twice.checked.push(twice.store.attempts[0].agent_id.clone());
        assert!(judge(&twice)[0].contains("was run 2 times"));
    }

    #[test]
    fn a_finding_that_no_check_has_found_and_one_that_is_missing_are_found() {
        let mut made_up = evidence();
        made_up.course.settings.checked = true;
        made_up.store.attempts[0].finding = Some("gaps".to_owned());
        assert!(judge(&made_up)[0].contains("no check was run"));

        made_up.store.attempts[0].finding = None;
        assert!(judge(&made_up)[0].contains("nothing is said of its check"));

        made_up.store.attempts[0].finding = Some("unverified".to_owned());
        assert_eq!(judge(&made_up), Vec::<String>::new(), "it may have been cut off");
    }
}
