//! The message of a task that began without one (a slash command, the command line): it stands in #task-queue and names who asked.

use super::{
    figures, fit,
    harmless::{code, in_fence, plain},
};
use crate::domain::{
    outbound::Post,
    task::{Task, show_duration},
};

/// How much of the task's text is shown; the agent gets all of it.
const TEXT: usize = 1_500;

/// The message. Nobody is rung, and it is no submission: it has no header.
pub fn announcement(task: &Task) -> Post {
    let wishes = &task.wishes;
    let model = wishes.model_shown.as_deref().map_or_else(String::new, |model| format!("model {} · ", code(model, 80)));
    let beginning = fit::head(&task.prompt, TEXT);
    let inside = in_fence(beginning);
    let shown = fit::cut(&inside, TEXT);
    let whole = beginning.len() == task.prompt.len() && shown.len() == inside.len();
    let note = if whole {
        String::new()
    } else {
        format!("\n-# The beginning of {} characters; the agent gets all of them", figures::thousands(task.prompt.chars().count() as u64))
    };
    let files = match task.attachments.len() {
        0 => String::new(),
        files => format!("\n-# with {}", figures::counted(files as u64, "file", "files")),
    };
    let content = format!(
        "📝 **Task** `{}` asked by @{}\n{model}agent {} · thinking {} · time limit {}\n```\n{shown}\n```{note}{files}",
        task.id,
        plain(task.requester.name(), 64),
        code(wishes.agent.as_str(), 40),
        wishes.thinking,
        show_duration(wishes.time_limit),
    );
    Post { content, silent: true, ..Post::default() }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::{
        domain::{actor::Actor, id::UserId, task::Attachment},
        wording::entry,
    };

    fn task(prompt: &str) -> Task {
        Task {
            requester: Actor::Member { user: UserId::new(7), name: "ann".into(), roles: vec![], bot: false, administrator: false },
            prompt: prompt.into(),
            ..entry::tests::facts().task
        }
    }

    #[test]
    fn it_names_who_asked_and_for_what() {
        let mut asked = task("Count the lines of `README.md`\nand tell me");
        asked.attachments = vec![Attachment { name: "a".into(), url: String::new(), size: 1 }];
        assert_snapshot!(announcement(&asked).content, @"
        📝 **Task** `1443021398234771496` asked by @ann
        model `cheap` · agent `openclaw` · thinking low · time limit 2m
        ```
        Count the lines of `README.md`
        and tell me
        ```
        -# with 1 file
        ");
    }

    #[test]
    fn a_long_text_is_cut_with_a_note() {
        let post = announcement(&task(&"```@everyone ".repeat(1_000)));

        assert!(fit::length(&post.content) <= fit::MESSAGE && post.silent);
        assert!(post.content.ends_with("\n```\n-# The beginning of 13,000 characters; the agent gets all of them"));
        assert_eq!(post.content.matches("```").count(), 2);
    }

    #[test]
    fn it_is_never_taken_for_a_submission() {
        assert!(!announcement(&task("**[Task: 1]** T")).content.starts_with("**[Task:"));
    }
}
