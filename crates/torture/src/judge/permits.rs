//! An agent that asks may only what somebody has permitted, and is told so once.

use crate::evidence::Evidence;

pub(super) fn judge(evidence: &Evidence) -> Vec<String> {
    let mut broken = Vec::new();
    for id in &evidence.permitted {
        let task = evidence.store.attempts.iter().find(|attempt| attempt.id == *id).map(|attempt| attempt.task.as_str());
        match task.and_then(|task| evidence.fate(task)) {
            None => broken.push(format!("attempt {id}, which nobody knows, was told that it may")),
            Some(fate) if !fate.permitted => {
                broken.push(format!("{}: its agent was told that it may, and nobody has said so", fate.name()));
            }
            Some(_) => {}
        }
    }
    for attempt in &evidence.store.attempts {
        let times = evidence.permitted.iter().filter(|id| **id == attempt.id).count();
        if times > 1 {
            broken.push(format!("attempt {} of task `{}` was told {times} times that it may", attempt.id, attempt.task));
        }
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::samples::{ATTEMPT, evidence};

    #[test]
    fn a_yes_that_nobody_has_given_or_that_is_told_twice_is_found() {
        let mut told = evidence();
        told.permitted = vec![ATTEMPT.to_owned()];
        assert!(judge(&told)[0].contains("nobody has said so"));

        told.course.fates[0].permitted = true;
        assert_eq!(judge(&told), Vec::<String>::new());

        told.permitted.push(ATTEMPT.to_owned());
        assert!(judge(&told)[0].contains("was told 2 times"));
        told.permitted = vec!["att_other".to_owned()];
        assert!(judge(&told)[0].contains("nobody knows"));
    }
}
