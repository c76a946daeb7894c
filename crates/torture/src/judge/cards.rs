//! Cards: one per task where they are shown, none where they are not, and it says how the task ended.

use crate::{
    evidence::{Evidence, Shown},
    fate::Fate,
    settings::Cards,
    store::TaskRow,
    task::Tag,
};

pub(super) fn judge(evidence: &Evidence) -> Vec<String> {
    let mut broken = Vec::new();
    for fate in evidence.course.fates.iter().filter(|fate| !fate.deleted) {
        if let Some(task) = evidence.store.tasks.iter().find(|task| Some(&task.id) == fate.id.as_ref()) {
            broken.extend(of_task(evidence, fate, task));
        }
    }
    broken
}

fn of_task(evidence: &Evidence, fate: &Fate, task: &TaskRow) -> Option<String> {
    let id = fate.message.map_or_else(|| task.message.and_then(|id| u64::try_from(id).ok()), |id| Some(id.get()))?;
    let is_its = |shown: &&Shown| shown.reply_to == Some(id) && shown.card.is_some();
    let cards: Vec<&str> = evidence.shown.iter().filter(is_its).filter_map(|shown| shown.card.as_deref()).collect();
    let end = match task.outcome.as_deref().and_then(Tag::of_word)? {
        Tag::Success => "**Done**",
        Tag::Failed => "**Failed**",
        Tag::Timeout => "**Timed out**",
        Tag::Cancelled => "**Cancelled**",
        Tag::Interrupted => "**Interrupted**",
        Tag::OverBudget => "**Stopped over its budget**",
    };
    match (evidence.course.settings.cards, cards.as_slice()) {
        (Cards::Silent, []) => None,
        (Cards::DoneOnly | Cards::StateChanges | Cards::Live, [only]) if only.lines().next().is_some_and(|head| head.contains(end)) => None,
        (_, shown) => {
            let heads: Vec<&str> = shown.iter().filter_map(|card| card.lines().next()).collect();
            Some(format!("{} ended as {:?}, and its cards say {heads:?}", fate.name(), task.outcome))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::samples::evidence;

    fn with_cards(shown: &[&str]) -> Evidence {
        let mut evidence = evidence();
        evidence.course.settings.cards = Cards::StateChanges;
        for (card, id) in shown.iter().zip(50..) {
            evidence.shown.push(Shown { id, ours: true, reply_to: Some(1), card: Some((*card).to_owned()), ..Shown::default() });
        }
        evidence
    }

    #[test]
    fn a_task_has_one_card_that_says_how_it_ended() {
        assert!(judge(&with_cards(&["🏁 **Done** after 1s\n`x`"])).is_empty());
        for wrong in [&[][..], &["🏁 **Done**", "🏁 **Done**"], &["▶️ **Running**"]] {
            assert_eq!(judge(&with_cards(wrong)).len(), 1, "{wrong:?}");
        }
    }

    #[test]
    fn where_nothing_is_shown_there_is_no_card() {
        let mut quiet = with_cards(&["🏁 **Done**"]);
        quiet.course.settings.cards = Cards::Silent;
        assert_eq!(judge(&quiet).len(), 1);
        assert!(judge(&evidence()).is_empty());
    }
}
