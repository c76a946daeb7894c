//! The ledger is the sum of the attempts, the entries say the same, and an agent's own figures are what is in it.

use crate::{agents::cost_of, evidence::Evidence, task::Tag};

pub(super) fn judge(evidence: &Evidence) -> Vec<String> {
    let mut broken = Vec::new();
    let (store, mut total) = (&evidence.store, 0);
    for attempt in store.attempts.iter().filter(|attempt| attempt.state == "ended") {
        let entered: Vec<_> = store.ledger.iter().filter(|row| row.attempt == attempt.id).collect();
        match entered.as_slice() {
            [row] if row.cost == attempt.cost && row.task == attempt.task => {}
            rows => broken.push(format!("attempt {} has cost {:?}, and the ledger says {rows:?}", attempt.id, attempt.cost)),
        }
        total += attempt.cost.unwrap_or(0);
        // One that was cut off may not have written its figures.
        let natural =
            attempt.outcome.as_deref().and_then(Tag::of_word).is_some_and(|tag| matches!(tag, Tag::Success | Tag::Failed | Tag::Timeout));
        let told = evidence.runs.iter().any(|run| run.attempt == attempt.id);
        if let Some(fate) = evidence.fate(&attempt.task).filter(|_| natural && told) {
            let expected = cost_of(fate.number);
            if attempt.cost != Some(expected) {
                broken.push(format!("{} has used {expected} billionths, and is said to have cost {:?}", fate.name(), attempt.cost));
            }
        }
    }
    if store.ledger.len() > store.attempts.iter().filter(|attempt| attempt.state == "ended").count() {
        broken.push("the ledger has rows of attempts that have not ended".to_owned());
    }
    let entered: i64 = store.ledger.iter().filter_map(|row| row.cost).sum();
    if entered != total || store.spent != total {
        broken.push(format!("the attempts cost {total}, the ledger says {entered}, the days {}", store.spent));
    }
    for entry in &evidence.entries {
        let attempt = entry
            .number
            .and_then(|number| store.attempts.iter().find(|one| one.task == entry.task && one.number == number && one.state == "ended"));
        if let Some(attempt) = attempt.filter(|attempt| attempt.cost != entry.cost) {
            broken.push(format!("attempt {} cost {:?}, and its entry says {:?}", attempt.id, attempt.cost, entry.cost));
        }
    }
    broken.extend(listed(evidence));
    broken
}

/// What `list --json` has said.
fn listed(evidence: &Evidence) -> Vec<String> {
    let Some(tasks) = evidence.course.listed.as_ref().and_then(|listed| listed["tasks"].as_array()) else {
        return vec!["`list --json` has listed nothing".to_owned()];
    };
    let mut broken = Vec::new();
    if tasks.len() != evidence.store.tasks.len() {
        broken.push(format!("`list` shows {} tasks, and there are {}", tasks.len(), evidence.store.tasks.len()));
    }
    for task in tasks {
        // What is known of them; nothing if nothing is.
        let known: Vec<i64> = evidence
            .store
            .attempts
            .iter()
            .filter(|attempt| task["id"] == attempt.task.as_str() && attempt.state == "ended")
            .filter_map(|attempt| attempt.cost)
            .collect();
        let costs = (!known.is_empty()).then(|| known.iter().sum::<i64>());
        if task["cost_nanos"].as_i64() != costs {
            broken.push(format!("`list` says that task {} has cost {}, and its attempts cost {costs:?}", task["id"], task["cost_nanos"]));
        }
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::samples::evidence;

    #[test]
    fn a_ledger_that_differs_is_found() {
        let mut missing = evidence();
        missing.store.ledger.clear();
        assert!(judge(&missing)[0].contains("the ledger says []"));

        let mut more = evidence();
        more.store.ledger[0].cost = Some(1);
        assert!(judge(&more)[0].contains("has cost"));

        let mut twice = evidence();
        twice.store.ledger.push(twice.store.ledger[0].clone());
        assert!(!judge(&twice).is_empty());

        let mut day = evidence();
        day.store.spent = 0;
        assert!(judge(&day)[0].contains("the days 0"));
    }

    #[test]
    fn a_wrong_price_is_found_even_if_everybody_agrees_on_it() {
        let mut wrong = evidence();
        wrong.store.attempts[0].cost = Some(7);
        wrong.store.ledger[0].cost = Some(7);
        wrong.store.spent = 7;
        wrong.entries[0].cost = Some(7);
        wrong.course.listed = Some(serde_json::json!({"tasks": [{"id": "1", "cost_nanos": 7}]}));
        let found = judge(&wrong);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("and is said to have cost Some(7)"));
    }

    #[test]
    fn an_entry_or_a_list_that_shows_another_cost_is_found() {
        let mut entry = evidence();
        entry.entries[0].cost = None;
        assert!(judge(&entry)[0].contains("its entry says None"));

        let mut list = evidence();
        list.course.listed = Some(serde_json::json!({"tasks": [{"id": "1", "cost_nanos": 2}]}));
        assert!(judge(&list)[0].contains("`list` says"));
        list.course.listed = None;
        assert_eq!(judge(&list).len(), 1);
    }

    #[test]
    fn a_sound_history_breaks_nothing() {
        assert_eq!(judge(&evidence()), Vec::<String>::new());
    }
}
