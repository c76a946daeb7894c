//! Every task that was accepted is known, has ended and has an entry; a refused one is not there; nothing is there that nobody asked for.

use crate::{evidence::Evidence, fate::Taken};

pub(super) fn judge(evidence: &Evidence) -> Vec<String> {
    let mut broken = Vec::new();
    let known = |id: &str| evidence.store.tasks.iter().any(|task| task.id == id);
    for fate in &evidence.course.fates {
        let is_known = fate.id.as_deref().is_some_and(known);
        match fate.taken {
            Taken::Must if !is_known => broken.push(format!("{} was accepted and is not in the store", fate.name())),
            Taken::Never if is_known => broken.push(format!("{} must not have been accepted", fate.name())),
            Taken::Must | Taken::May | Taken::Never => {}
        }
        if fate.taken == Taken::Must && fate.id.as_deref().is_none_or(|id| evidence.entries_of(id).next().is_none()) {
            broken.push(format!("{} was accepted and has no entry in #results", fate.name()));
        }
    }
    for task in &evidence.store.tasks {
        if evidence.fate(&task.id).is_none() {
            broken.push(format!("nobody asked for task `{}`: {}", task.id, task.prompt));
        }
        if task.open {
            broken.push(format!("task `{}` has not ended", task.id));
        }
        if evidence.entries_of(&task.id).next().is_none() {
            broken.push(format!("task `{}` has no entry in #results", task.id));
        }
    }
    if evidence.store.integrity != "ok" {
        broken.push(format!("the store is not sound: {}", evidence.store.integrity));
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::samples::{ID, evidence};

    #[test]
    fn a_lost_task_is_found() {
        let mut lost = evidence();
        lost.store.tasks.clear();
        assert!(judge(&lost)[0].contains("is not in the store"));

        let mut silent = evidence();
        silent.entries.clear();
        assert_eq!(judge(&silent).len(), 2, "by the model, and by the store");

        let mut open = evidence();
        open.store.tasks[0].open = true;
        assert_eq!(judge(&open), [format!("task `{ID}` has not ended")]);
    }

    #[test]
    fn what_nobody_asked_for_and_what_was_refused_is_found() {
        let mut strange = evidence();
        strange.course.fates.clear();
        assert!(judge(&strange)[0].contains("nobody asked for"));

        let mut refused = evidence();
        refused.course.fates[0].taken = Taken::Never;
        assert!(judge(&refused)[0].contains("must not have been accepted"));
    }

    #[test]
    fn a_broken_store_is_found() {
        let mut broken = evidence();
        broken.store.integrity = "row 7 missing from index".to_owned();
        assert_eq!(judge(&broken).len(), 1);
    }

    #[test]
    fn a_sound_history_breaks_nothing() {
        assert_eq!(judge(&evidence()), Vec::<String>::new());
    }
}
