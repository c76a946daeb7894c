//! The buttons that make sense in a task's state: below its details, below the answer to why it is where it is, and below a question.

use crate::domain::{
    component::{Button, Press, Row, Style, Verb},
    id::TaskId,
};

/// What a press on "Resume" is about: there is only one service.
const EVERYTHING: &str = "everything";

/// What can be asked of a task in a state, by the state's word. Of one that waits for an answer, two are the answers. One that was stopped at another
/// ceiling than its own can't be given money.
pub fn verbs(state: &str, has_budget: bool) -> &'static [Verb] {
    match state {
        "waiting" | "parked" => &[Verb::Cancel],
        "delayed" | "out_of_quota" => &[Verb::Hasten, Verb::Cancel],
        "held" => &[Verb::Release, Verb::Cancel],
        "asked" => &[Verb::Retry, Verb::Cancel],
        "running" => &[Verb::Logs, Verb::Cancel],
        "over_budget" if has_budget => &[Verb::Raise, Verb::Accept, Verb::Logs],
        "over_budget" => &[Verb::Retry, Verb::Accept, Verb::Logs],
        _ => &[Verb::Retry, Verb::Logs],
    }
}

/// The button for a verb of a task, of which so many counted attempts have begun.
pub fn of_task(verb: Verb, task: &TaskId, state: &str, version: u32) -> Button {
    let (label, style) = match (verb, state) {
        (Verb::Cancel, "asked") => ("Drop it", Style::Danger),
        (Verb::Cancel, _) => ("Cancel", Style::Danger),
        (Verb::Stop, _) => ("Stop it", Style::Danger),
        (Verb::LetRun, _) => ("Let it run", Style::Secondary),
        (Verb::Retry, "asked") => ("Run it", Style::Success),
        (Verb::Retry, _) => ("Retry", Style::Primary),
        (Verb::Release, _) => ("Release", Style::Success),
        (Verb::Hasten, "out_of_quota") => ("Go on", Style::Primary),
        (Verb::Hasten, _) => ("Try now", Style::Primary),
        (Verb::Interrupt, _) => ("Interrupt now", Style::Primary),
        (Verb::Raise, _) => ("+ $1", Style::Success),
        (Verb::Accept, _) => ("Finish with what there is", Style::Secondary),
        (Verb::Logs, _) => ("Logs", Style::Secondary),
        (Verb::Why, _) => ("Why?", Style::Secondary),
        (Verb::Resume, _) => return resume(),
        (Verb::Permit, _) => ("Allow once", Style::Success),
        (Verb::PermitAlways, _) => ("Always allow", Style::Secondary),
        (Verb::Deny, _) => ("Deny", Style::Danger),
        (Verb::SetShown | Verb::SetThreads, _) => ("Settings", Style::Secondary),
    };
    Button::press(label, style, Press::task(verb, version, task))
}

/// Starts tasks again after a pause of everything.
pub fn resume() -> Button {
    Button::press("Resume everything", Style::Success, Press { verb: Verb::Resume, version: 0, subject: EVERYTHING.to_owned() })
}

/// The row below a task's details.
pub fn below(task: &TaskId, (state, has_budget): (&str, bool), version: u32) -> Vec<Row> {
    let verbs = verbs(state, has_budget).iter().chain(&[Verb::Why]);
    vec![Row::Buttons { buttons: verbs.map(|verb| of_task(*verb, task, state, version)).collect() }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::component::MAX_BUTTONS;

    fn labels(state: &str) -> Vec<String> {
        let Row::Buttons { buttons } = below(&"77".parse().unwrap(), (state, true), 1).remove(0) else { panic!("it is a row of buttons") };
        assert!(buttons.len() <= MAX_BUTTONS);
        buttons.into_iter().map(|button| button.label).collect()
    }

    #[test]
    fn each_state_has_the_buttons_that_move_it() {
        assert_eq!(labels("waiting"), ["Cancel", "Why?"]);
        assert_eq!(labels("delayed"), ["Try now", "Cancel", "Why?"]);
        assert_eq!(labels("out_of_quota"), ["Go on", "Cancel", "Why?"]);
        assert_eq!(labels("held"), ["Release", "Cancel", "Why?"]);
        assert_eq!(labels("asked"), ["Run it", "Drop it", "Why?"]);
        assert_eq!(labels("running"), ["Logs", "Cancel", "Why?"]);
        for ended in ["succeeded", "failed", "timed_out", "cancelled", "interrupted"] {
            assert_eq!(labels(ended), ["Retry", "Logs", "Why?"], "{ended}");
        }
        assert_eq!(labels("over_budget"), ["+ $1", "Finish with what there is", "Logs", "Why?"]);
        assert_eq!(verbs("over_budget", false), [Verb::Retry, Verb::Accept, Verb::Logs], "nothing of its own has run out");
    }
}
