//! Signs on messages: ✅ on what was claimed, never taken away by us; one sign of the end, the right one; ❌ and one reply on what was refused.

use orchestrator_sandbox::Snowflake;

use crate::{
    evidence::{Evidence, Shown},
    fate::{Fate, Taken},
    script::Door,
    store::TaskRow,
    task::Tag,
};

const CLAIMED: &str = "✅";
const REFUSED: &str = "❌";

pub(super) fn judge(evidence: &Evidence) -> Vec<String> {
    let mut broken: Vec<String> = evidence.ticks_removed.iter().map(|path| format!("we have taken our own ✅ away: {path}")).collect();
    for fate in evidence.course.fates.iter().filter(|fate| !fate.deleted) {
        match evidence.store.tasks.iter().find(|task| Some(&task.id) == fate.id.as_ref()) {
            Some(task) => broken.extend(of_task(evidence, fate, task)),
            None if fate.taken == Taken::Never && fate.door != Door::Slash => broken.extend(of_refusal(evidence, fate)),
            None => {}
        }
    }
    broken
}

fn message(evidence: &Evidence, id: Option<u64>) -> Option<&Shown> {
    evidence.shown.iter().find(|shown| Some(shown.id) == id)
}

fn of_task(evidence: &Evidence, fate: &Fate, task: &TaskRow) -> Vec<String> {
    let mut broken = Vec::new();
    let id = fate.message.map_or_else(|| task.message.and_then(|id| u64::try_from(id).ok()), |id| Some(id.get()));
    let Some(shown) = message(evidence, id) else { return vec![format!("{} has no message in #task-queue", fate.name())] };
    let has = |sign: &str| shown.signs.iter().any(|one| one == sign);
    // What was cancelled before anybody took it was never claimed.
    let never_claimed = !evidence.store.attempts.iter().any(|attempt| attempt.task == task.id);
    if !has(CLAIMED) && !fate.tick_taken && !never_claimed {
        broken.push(format!("{} was claimed and has no ✅", fate.name()));
    }
    let end = task.outcome.as_deref().and_then(Tag::of_word).map_or("", Tag::sign);
    let others: Vec<&String> = shown.signs.iter().filter(|sign| *sign != CLAIMED && *sign != end).collect();
    if !has(end) || !others.is_empty() {
        broken.push(format!("{} ended as {:?}, and its message shows {:?}", fate.name(), task.outcome, shown.signs));
    }
    if fate.door == Door::Slash {
        let announced = evidence.shown.iter().filter(|one| one.ours && one.reply_to.is_none() && one.content.contains(&task.id)).count();
        if announced != 1 {
            broken.push(format!("{} was announced {announced} times", fate.name()));
        }
    }
    broken
}

fn of_refusal(evidence: &Evidence, fate: &Fate) -> Vec<String> {
    let Some(shown) = message(evidence, fate.message.map(Snowflake::get)) else { return Vec::new() };
    let mut broken = Vec::new();
    if shown.signs != [REFUSED] {
        broken.push(format!("{} was refused, and its message shows {:?}", fate.name(), shown.signs));
    }
    let replies = evidence.shown.iter().filter(|one| one.ours && one.reply_to == Some(shown.id)).count();
    // An edit may be refused with other words.
    if replies < 1 || replies > fate.versions.len() + usize::from(!fate.may_end.is_empty()) {
        broken.push(format!("{} was refused with {replies} replies", fate.name()));
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::samples::evidence;

    #[test]
    fn a_missing_or_wrong_sign_is_found() {
        let mut bare = evidence();
        bare.shown[0].signs = vec!["🏁".to_owned()];
        assert!(judge(&bare)[0].contains("has no ✅"));
        bare.course.fates[0].tick_taken = true;
        assert_eq!(judge(&bare), Vec::<String>::new(), "somebody took it");

        let mut both = evidence();
        both.shown[0].signs.push("❌".to_owned());
        assert!(judge(&both)[0].contains("its message shows"));

        let mut none = evidence();
        none.shown[0].signs = vec!["✅".to_owned()];
        assert!(judge(&none)[0].contains("its message shows"));

        let mut gone = evidence();
        gone.shown.clear();
        assert!(judge(&gone)[0].contains("has no message"));
    }

    #[test]
    fn a_tick_that_we_took_away_is_found() {
        let mut taken = evidence();
        taken.ticks_removed.push("/channels/1/messages/1/reactions/✅/@me".to_owned());
        assert_eq!(judge(&taken).len(), 1);
    }

    #[test]
    fn a_silent_refusal_is_found() {
        let mut refused = evidence();
        refused.store.tasks.clear();
        refused.course.fates[0].taken = Taken::Never;
        let found = judge(&refused);
        assert!(found[0].contains("was refused, and its message shows"), "{found:?}");
        assert!(found[1].contains("with 0 replies"), "{found:?}");

        refused.shown[0].signs = vec!["❌".to_owned()];
        refused.shown.push(Shown { id: 2, ours: true, reply_to: Some(1), ..Shown::default() });
        assert_eq!(judge(&refused), Vec::<String>::new());
    }

    #[test]
    fn a_doubled_announcement_is_found() {
        let mut slash = evidence();
        slash.course.fates[0].door = Door::Slash;
        slash.course.fates[0].message = None;
        slash.shown[0].ours = true;
        slash.shown[0].content = "📝 **Task** `1`".to_owned();
        assert_eq!(judge(&slash), Vec::<String>::new());

        slash.shown.push(Shown { id: 2, ..slash.shown[0].clone() });
        assert!(judge(&slash)[0].contains("announced 2 times"));
    }
}
