//! What is said when a command, a button or a form can't be obeyed, and no rule is the reason: what is true, and what to do instead.

use crate::{
    domain::{
        id::TaskId,
        outbound::{Post, PostFile},
    },
    wording::{fit, harmless::sentence, refusals, refusals::Refusal},
};

/// A button of an older version of ours, or of nobody.
pub fn stale_button() -> String {
    "That button is out of date and does nothing any more. `/status` and `/queue` show how things are.".to_owned()
}

/// A button that was made when its task was in another state. What is true now stands below it.
pub fn stale_press() -> String {
    "That button is of an earlier state of the task, so nothing was done. This is how it is now:".to_owned()
}

/// A button of another version of ours. What is true now stands below it.
pub fn other_version() -> String {
    "That button was made by another version of this program, so nothing was done. This is how it is now:".to_owned()
}

/// A button of another version of ours, and it is not known what it is about.
pub fn other_version_of_something() -> String {
    "That button was made by another version of this program and does nothing. `/status` and `/queue` show how things are.".to_owned()
}

/// `/why` was asked by somebody who has no task, and nobody else has.
pub fn no_task_yet() -> String {
    "There is no task of yours yet. `/task` gives one.".to_owned()
}

/// A message that is about no task.
pub fn no_task_s_message() -> String {
    "I know of no task that this message is about. Choose it on a task's message, on its card, on its entry in the results, or on a message \
     that names its id."
        .to_owned()
}

/// A message that was refused.
pub fn was_refused() -> String {
    "That message is no task: it was refused with ❌, and my answer below it says why. Edit it, and it is read again; or give the task anew."
        .to_owned()
}

/// A command that this version does not have, or has with other options.
pub fn stale_command(name: &str) -> String {
    format!(
        "`/{name}` is not what it was: Discord shows you an older list of my commands. Wait a minute, reload Discord and try again; nothing was done."
    )
}

/// A form of an older version of ours.
pub fn stale_form() -> String {
    "That form is out of date, so nothing was run. `/task` opens a new one.".to_owned()
}

/// The form's wishes were kept, and are kept no longer: another form was opened since.
pub fn form_overtaken() -> String {
    "You have opened another form since this one, so what you had chosen with it is gone and nothing was run. `/task` opens a new one."
        .to_owned()
}

/// A command that has just been understood by a program that does not know its server yet.
pub fn still_starting() -> String {
    "I have only just started and do not know yet which server I serve. Nothing was done; try again in a moment.".to_owned()
}

/// A command from another server, or from a direct message.
pub fn not_here() -> String {
    "I take commands only in the server that my task channel is in.".to_owned()
}

/// The store did not answer in time for a form.
pub fn too_slow_for_a_form() -> String {
    "The store is too slow at the moment to open a form with these wishes. Nothing was done; try again, or give the text with the command."
        .to_owned()
}

/// A defect of ours.
pub fn defect() -> String {
    "⚠️ That failed because of a defect of mine; it is in the log. `/status` shows what was done of it, if anything.".to_owned()
}

/// The task has no log yet.
pub fn not_started(task: &TaskId) -> String {
    format!("`{task}` has not been started yet, so there is no log.")
}

/// The log can't be shown.
pub fn no_log(task: &TaskId, agent_id: &str, why: &str) -> String {
    format!("The log of `{task}` (`{agent_id}`) can't be shown: {}.", sentence(why, 200))
}

/// A task that was written in a form was refused: the text goes back, so that nobody has to write it again.
pub fn given_back(refusals: &[Refusal], text: &str) -> Post {
    with_text(&refusals::reply(refusals), text)
}

/// Any other answer to a form that was not obeyed.
pub fn with_text(answer: &str, text: &str) -> Post {
    const NOTE: &str = "\n-# Your text is in `task.txt`.";
    if text.is_empty() {
        return Post { content: answer.to_owned(), ..Post::default() };
    }
    let content = format!("{}{NOTE}", fit::cut(answer, fit::MESSAGE - NOTE.len()));
    Post { content, files: vec![PostFile::of("task.txt".to_owned(), text.to_owned())], ..Post::default() }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn a_log_that_is_not_there_says_why() {
        let task: TaskId = "1443021398234771496".parse().unwrap();
        assert_snapshot!(not_started(&task), @"`1443021398234771496` has not been started yet, so there is no log.");
        assert_snapshot!(no_log(&task, "agent-1763700000-k3x9", "there is no log"), @"The log of `1443021398234771496` (`agent-1763700000-k3x9`) can't be shown: there is no log.");
    }

    #[test]
    fn what_is_out_of_date_says_what_to_do() {
        assert_snapshot!(stale_command("task"), @"`/task` is not what it was: Discord shows you an older list of my commands. Wait a minute, reload Discord and try again; nothing was done.");
    }

    #[test]
    fn a_refused_form_gives_the_text_back() {
        let post = given_back(&[Refusal::BadThinking { given: "deep".into() }], "the long text");
        assert_snapshot!(post.content, @"
        ❌ Not run. `deep` is not a thinking level. It is one of `off`, `low`, `medium`, `high`.
        -# Your text is in `task.txt`.
        ");
        assert_eq!(post.files[0].text, "the long text");
        assert!(fit::length(&with_text(&"x".repeat(5_000), "t").content) <= fit::MESSAGE);
    }
}
