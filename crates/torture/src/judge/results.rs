//! Results stand once, and say what happened: no entry is missing or doubled, and each end is one that the model allows.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    agents::result_of,
    evidence::{Entry, Evidence},
    fate::Fate,
    task::Tag,
};

pub(super) fn judge(evidence: &Evidence) -> Vec<String> {
    let mut broken: Vec<String> = evidence.garbled.iter().map(|text| format!("an entry that can't be read: {text}")).collect();
    for (line, times) in evidence.finished.iter().filter(|(_, times)| **times > 1) {
        broken.push(format!("a notice stands {times} times: {line}"));
    }
    for letter in evidence.store.letters.iter().filter(|letter| letter.state != "delivered") {
        broken.push(format!("a letter is {}: {letter:?}", letter.state));
    }
    for entry in &evidence.entries {
        if !evidence.store.tasks.iter().any(|task| task.id == entry.task) {
            broken.push(format!("an entry of a task that is not in the store: `{}`", entry.task));
        }
    }
    for task in &evidence.store.tasks {
        let Some(fate) = evidence.fate(&task.id) else { continue };
        let entries: Vec<&Entry> = evidence.entries_of(&task.id).collect();
        broken.extend(numbers(evidence, fate, &entries));
        broken.extend(entries.iter().filter_map(|entry| end(evidence, fate, entry)));
        let last = entries.last().map(|entry| entry.tag.word());
        if last.is_some() && task.outcome.as_deref() != last {
            broken.push(format!("{} is {:?} in the store and {last:?} in #results", fate.name(), task.outcome));
        }
    }
    broken
}

/// One entry for each end, and no more ends than were asked for.
fn numbers(evidence: &Evidence, fate: &Fate, entries: &[&Entry]) -> Vec<String> {
    let mut broken = Vec::new();
    let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
    for number in entries.iter().filter_map(|entry| entry.number) {
        *counts.entry(number).or_default() += 1;
    }
    for (number, times) in counts.into_iter().filter(|(_, times)| *times > 1) {
        broken.push(format!("attempt {number} of {} has {times} entries", fate.name()));
    }
    let letters = evidence.store.letters.iter().filter(|letter| letter.is_result && letter.task == fate.id).count();
    if entries.len() != letters {
        broken.push(format!("{} has {} entries in #results, and {letters} results were written", fate.name(), entries.len()));
    }
    if entries.len() > 1 + fate.retries as usize {
        broken.push(format!("{} has {} entries, and was asked to be run again {} times", fate.name(), entries.len(), fate.retries));
    }
    broken
}

/// Whether an entry tells of an end that the model allows.
fn end(evidence: &Evidence, fate: &Fate, entry: &Entry) -> Option<String> {
    let mut allowed = fate.may_end.clone();
    let mut told = None;
    let said = |what: String| Some(format!("{}: {what}", fate.name()));
    if let Some(number) = entry.number {
        let attempt = evidence.store.attempts.iter().find(|one| one.task == entry.task && one.number == number && one.state == "ended");
        let Some(attempt) = attempt else { return said(format!("an entry of attempt {number}, which the store does not know")) };
        if attempt.outcome.as_deref() != Some(entry.tag.word()) && entry.tag != Tag::Cancelled {
            return said(format!("attempt {number} is {:?} in the store and {} in #results", attempt.outcome, entry.tag.text()));
        }
        told = evidence.runs.iter().find(|run| run.attempt == attempt.id);
        match told.and_then(|run| fate.version(&run.label)) {
            Some(agent) => {
                allowed.extend(agent.deed.end_as_one_is_stopped().filter(|_| fate.may_end.contains(&Tag::Cancelled)));
                allowed.insert(agent.deed.end());
            }
            // An agent that has told nothing of itself has not come to an end of its own, unless it is one that never does.
            None => {
                allowed.extend(fate.versions.iter().filter(|agent| !agent.deed.tells()).map(|agent| agent.deed.end()));
                if evidence.course.stops > 0 {
                    allowed.insert(Tag::Interrupted);
                }
            }
        }
    }
    if !allowed.contains(&entry.tag) {
        let allowed: BTreeSet<&str> = allowed.iter().map(|tag| tag.text()).collect();
        return said(format!("attempt {:?} ended as {}, and could only as {allowed:?}:\n{}", entry.number, entry.tag.text(), entry.text));
    }
    let run =
        told.filter(|run| entry.tag == Tag::Success && fate.version(&run.label).is_some_and(|agent| agent.deed.signs_its_result()))?;
    let signed = result_of(&run.label);
    (!entry.text.contains(&signed)).then(|| format!("{}: its entry does not hold its result `{signed}`:\n{}", fate.name(), entry.text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        judge::samples::{evidence, letter},
        store::LetterRow,
    };

    #[test]
    fn a_doubled_entry_is_found() {
        let mut twice = evidence();
        twice.entries.push(twice.entries[0].clone());
        let found = judge(&twice);
        assert!(found[0].contains("has 2 entries"), "{found:?}");
        assert!(found[1].contains("2 entries in #results, and 1 results were written"), "{found:?}");
        assert!(found[2].contains("run again 0 times"), "{found:?}");
    }

    #[test]
    fn a_missing_entry_and_an_undelivered_letter_are_found() {
        let mut missing = evidence();
        missing.store.letters.push(letter());
        assert!(judge(&missing)[0].contains("1 entries in #results, and 2 results were written"));

        let mut kept = evidence();
        kept.store.letters.push(LetterRow { task: None, is_result: false, state: "undeliverable".to_owned() });
        assert!(judge(&kept)[0].contains("a letter is undeliverable"));
    }

    #[test]
    fn an_end_that_nothing_explains_is_found() {
        let mut wrong = evidence();
        wrong.entries[0].tag = Tag::Interrupted;
        wrong.store.attempts[0].outcome = Some("interrupted".to_owned());
        wrong.store.tasks[0].outcome = Some("interrupted".to_owned());
        assert!(judge(&wrong)[0].contains("ended as INTERRUPTED, and could only as"));

        wrong.course.stops = 3;
        assert_eq!(judge(&wrong).len(), 1, "an agent that was started is not cut off by its orchestrator's death");
        wrong.course.fates[0].may_end.insert(Tag::Interrupted);
        assert_eq!(judge(&wrong), Vec::<String>::new(), "its attendant was killed");
    }

    #[test]
    fn a_success_that_never_ran_is_found() {
        let mut invented = evidence();
        invented.runs.clear();
        assert!(judge(&invented)[0].contains("could only as"));
    }

    #[test]
    fn store_and_results_must_agree() {
        let mut other = evidence();
        other.store.tasks[0].outcome = Some("failed".to_owned());
        assert!(judge(&other)[0].contains("in the store and"));
    }

    #[test]
    fn another_s_result_is_found() {
        let mut mixed = evidence();
        mixed.entries[0].text = "result of t9v0.".to_owned();
        assert!(judge(&mixed)[0].contains("does not hold its result"));
    }

    #[test]
    fn a_doubled_notice_and_a_garbled_entry_are_found() {
        let mut odd = evidence();
        odd.finished.insert("✅ Agent `a` finished".to_owned(), 2);
        odd.garbled.push("**[SUCC".to_owned());
        assert_eq!(judge(&odd).len(), 2);
    }

    #[test]
    fn a_sound_history_breaks_nothing() {
        assert_eq!(judge(&evidence()), Vec::<String>::new());
    }
}
