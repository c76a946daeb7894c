//! No run that was not declared: at most one for each attempt, a further attempt only by a rule or by hand, none after a confirmed cancellation.

use crate::{
    agents::Deed,
    evidence::Evidence,
    fate::{Fate, Taken},
    store::AttemptRow,
    task::Tag,
};

pub(super) fn judge(evidence: &Evidence) -> Vec<String> {
    let mut broken = Vec::new();
    for run in &evidence.runs {
        let attempt = evidence.store.attempts.iter().find(|attempt| attempt.id == run.attempt);
        match attempt {
            None => broken.push(format!("a run of attempt {} that the store does not know: {run:?}", run.attempt)),
            Some(attempt) if attempt.task != run.task => broken.push(format!("a run under another task's name: {run:?}")),
            Some(attempt) if attempt.state == "void" => broken.push(format!("a run of an attempt that never was one: {run:?}")),
            Some(_) => {}
        }
        match evidence.fate(&run.task) {
            None => broken.push(format!("a run of a task that nobody asked for: {run:?}")),
            Some(fate) if fate.taken == Taken::Never => broken.push(format!("{} was refused and ran", fate.name())),
            Some(fate) if fate.version(&run.label).is_none() => broken.push(format!("{} ran another text: {run:?}", fate.name())),
            Some(_) => {}
        }
    }
    for attempt in &evidence.store.attempts {
        let runs = evidence.runs.iter().filter(|run| run.attempt == attempt.id).count();
        if runs > 1 {
            broken.push(format!("attempt {} of task `{}` ran {runs} times", attempt.id, attempt.task));
        }
        if attempt.live {
            broken.push(format!("attempt {} of task `{}` is still live", attempt.id, attempt.task));
        }
    }
    for fate in &evidence.course.fates {
        broken.extend(of_task(evidence, fate));
    }
    broken
}

fn of_task(evidence: &Evidence, fate: &Fate) -> Vec<String> {
    let mut broken = Vec::new();
    let attempts: Vec<&AttemptRow> = evidence.store.attempts.iter().filter(|attempt| Some(&attempt.task) == fate.id.as_ref()).collect();
    let ended: Vec<&AttemptRow> = attempts.iter().copied().filter(|attempt| attempt.state == "ended").collect();
    // Each text says once that its agent's quota is used up.
    let used_up = fate.versions.iter().filter(|agent| agent.deed == Deed::Scarce).count();
    let allowed = evidence.course.settings.attempts + fate.retries + u32::try_from(used_up).unwrap_or(0);
    if ended.len() > allowed as usize {
        broken.push(format!("{} had {} attempts, and {allowed} were declared", fate.name(), ended.len()));
    }
    if fate.retries == 0 {
        for two in ended.windows(2) {
            if !matches!(two[0].outcome.as_deref(), Some("failed" | "timed_out")) {
                broken.push(format!("{} was tried again after it was {:?}", fate.name(), two[0].outcome));
            }
        }
    }
    if let Some((at, waited)) = fate.cancelled.filter(|_| fate.retries == 0 && !evidence.course.clock_moved) {
        if attempts.iter().any(|attempt| attempt.claimed_at > at) {
            broken.push(format!("{} was claimed after its cancellation was confirmed", fate.name()));
        }
        let last = fate.id.as_deref().and_then(|id| evidence.entries_of(id).last());
        if let Some(last) = last.filter(|last| waited && last.tag != Tag::Cancelled) {
            broken.push(format!("{} was said not to run, and ended as {}", fate.name(), last.tag.text()));
        }
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::samples::{ATTEMPT, ID, attempt, evidence};

    #[test]
    fn a_second_run_of_one_attempt_is_found() {
        let mut twice = evidence();
        twice.runs.push(twice.runs[0].clone());
        assert_eq!(judge(&twice), [format!("attempt {ATTEMPT} of task `{ID}` ran 2 times")]);
    }

    #[test]
    fn a_run_that_the_store_knows_nothing_of_is_found() {
        let mut secret = evidence();
        secret.runs[0].attempt = "att_other".to_owned();
        assert!(judge(&secret)[0].contains("does not know"));

        let mut void = evidence();
        void.store.attempts[0].state = "void".to_owned();
        assert!(judge(&void)[0].contains("never was one"));

        let mut text = evidence();
        text.runs[0].label = "t0v7".to_owned();
        assert!(judge(&text)[0].contains("another text"));
    }

    #[test]
    fn an_undeclared_attempt_is_found() {
        let mut more = evidence();
        more.store.attempts.push(attempt("att_2", 2));
        let found = judge(&more);
        assert!(found[0].contains("had 2 attempts, and 1 were declared"), "{found:?}");
        assert!(found[1].contains("tried again after it was Some(\"succeeded\")"), "{found:?}");

        more.course.fates[0].retries = 1;
        assert_eq!(judge(&more), Vec::<String>::new(), "somebody asked for it");
    }

    #[test]
    fn a_run_of_a_refused_or_cancelled_task_is_found() {
        let mut refused = evidence();
        refused.course.fates[0].taken = Taken::Never;
        assert!(judge(&refused)[0].contains("was refused and ran"));

        let mut cancelled = evidence();
        cancelled.course.fates[0].cancelled = Some((5, true));
        let found = judge(&cancelled);
        assert!(found[0].contains("claimed after its cancellation"), "{found:?}");
        assert!(found[1].contains("was said not to run"), "{found:?}");
    }

    #[test]
    fn a_live_attempt_is_found() {
        let mut live = evidence();
        live.store.attempts[0].live = true;
        assert_eq!(judge(&live).len(), 1);
    }

    #[test]
    fn a_sound_history_breaks_nothing() {
        assert_eq!(judge(&evidence()), Vec::<String>::new());
    }
}
