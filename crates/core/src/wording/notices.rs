//! Notices in #worker-pool: an agent was started, an agent has ended. Several may share one message.

use super::{
    fit,
    harmless::{code, one_line},
};
use crate::domain::{
    attempt::Outcome,
    outbound::{Letter, Post},
};

/// How much of a task's text a notice shows. Source: contract 003 §5.
pub const TASK: usize = 60;

/// An agent was started.
pub fn spawned(agent_id: &str, task: &str) -> String {
    let beginning: String = one_line(task).chars().take(TASK).collect();
    format!("🤖 **AGENT SPAWNED**\nTask: {}\nAgent: {}", code(&beginning, TASK), code(agent_id, 64))
}

/// An agent has ended.
pub fn finished(agent_id: &str, outcome: Outcome) -> String {
    let agent = code(agent_id, 64);
    match outcome {
        Outcome::Succeeded => format!("✅ Agent {agent} finished"),
        Outcome::Failed => format!("❌ Agent {agent} failed"),
        Outcome::TimedOut => format!("⏱ Agent {agent} timed out"),
        Outcome::Cancelled => format!("🛑 Agent {agent} was cancelled"),
        Outcome::Interrupted => format!("❌ Agent {agent} was interrupted"),
        Outcome::OverBudget => format!("❌ Agent {agent} went over its budget"),
    }
}

/// The text of a letter that is a notice.
pub fn notice(letter: &Letter) -> Option<String> {
    match letter {
        Letter::Spawned { agent_id, text } => Some(spawned(agent_id, text)),
        Letter::Finished { agent_id, outcome } => Some(finished(agent_id, *outcome)),
        Letter::Result { .. }
        | Letter::Told { .. }
        | Letter::Question { .. }
        | Letter::Announcement { .. }
        | Letter::Reply { .. }
        | Letter::Operator { .. } => None,
    }
}

/// The first of several waiting notices in one message that rings nobody's phone, and how many of them it holds.
pub fn join<'a>(notices: impl IntoIterator<Item = &'a str>) -> (Post, usize) {
    let (mut content, mut held) = (String::new(), 0);
    for notice in notices {
        let parting = if held == 0 { "" } else { "\n" };
        if held > 0 && fit::length(&content) + fit::length(notice) + parting.len() > fit::MESSAGE {
            break;
        }
        content.push_str(parting);
        content.push_str(&fit::cut(notice, fit::MESSAGE));
        held += 1;
    }
    (Post { content, silent: true, ..Post::default() }, held)
}

#[cfg(test)]
mod tests {
    use super::*;
    use insta::assert_snapshot;
    use proptest::prelude::*;

    const AGENT: &str = "agent-1763700000-k3x9";

    #[test]
    fn a_start_shows_the_first_60_characters_of_the_task() {
        assert_snapshot!(spawned(AGENT, "Say `hello` to\n@everyone, then count slowly from one to a hundred"), @"
        🤖 **AGENT SPAWNED**
        Task: `Say ˋhelloˋ to @everyone, then count slowly from one to a hu`
        Agent: `agent-1763700000-k3x9`
        ");
    }

    #[test]
    fn each_end_has_its_words() {
        let all = [Outcome::Succeeded, Outcome::Failed, Outcome::TimedOut, Outcome::Cancelled, Outcome::Interrupted, Outcome::OverBudget];
        assert_snapshot!(all.map(|outcome| finished(AGENT, outcome)).join("\n"), @"
        ✅ Agent `agent-1763700000-k3x9` finished
        ❌ Agent `agent-1763700000-k3x9` failed
        ⏱ Agent `agent-1763700000-k3x9` timed out
        🛑 Agent `agent-1763700000-k3x9` was cancelled
        ❌ Agent `agent-1763700000-k3x9` was interrupted
        ❌ Agent `agent-1763700000-k3x9` went over its budget
        ");
    }

    #[test]
    fn several_notices_share_a_message_as_far_as_it_goes() {
        let many: Vec<_> =
            (0..100).map(|n| if n % 2 == 0 { spawned(AGENT, &"x".repeat(80)) } else { finished(AGENT, Outcome::Succeeded) }).collect();
        let (post, held) = join(many.iter().map(String::as_str));

        assert!(held > 20 && post.silent && fit::length(&post.content) <= fit::MESSAGE);
        assert!(many[..held].iter().all(|notice| post.content.contains(notice.as_str())), "each stands in it word for word");
        assert_eq!(join([]).1, 0);
    }

    proptest! {
        #[test]
        fn a_notice_is_short_whatever_the_task(text in "[`🦀*@\n<>a]{0,300}", agent in ".{0,100}") {
            prop_assert!(fit::length(&spawned(&agent, &text)) <= 240);
        }
    }
}
