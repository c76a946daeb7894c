//! What `/settings` shows: how much a channel shows of its tasks, and lists from which something else is chosen.

use crate::domain::{
    component::{Choice, Press, Row, Verb},
    id::ChannelId,
    outbound::Post,
    showing::{Showing, Shown},
};

/// The settings of a channel. `task_channels` are those in which tasks are given.
pub fn settings(channel: ChannelId, showing: Showing, task_channels: &[ChannelId]) -> Post {
    let mut lines = vec![
        format!("**Settings of <#{channel}>**: what is chosen here counts for tasks that are accepted from now on."),
        format!("Cards: **{}**. {}.", name(showing.shown), describe(showing.shown)),
        format!("Threads: **{}**. {}.", threads_name(showing.threads), describe_threads(showing.threads)),
    ];
    if showing.threads && showing.shown < Shown::StateChanges {
        // A thread hangs on its card.
        let when = if showing.shown == Shown::Silent {
            "there is none while no cards are shown"
        } else {
            "it comes with the card, when the task has ended"
        };
        lines.push(format!("⚠️ A thread hangs below its task's card: {when}."));
    }
    if let Some(first) = task_channels.first().filter(|_| !task_channels.contains(&channel)) {
        lines.push(format!(
            "-# No tasks are given in this channel: `/settings` in <#{first}> says what is shown of those that are given there."
        ));
    }
    let shown = Shown::ALL.map(|one| Choice {
        value: one.word().to_owned(),
        label: name(one).to_owned(),
        description: describe(one).to_owned(),
        chosen: one == showing.shown,
    });
    let threads = [true, false].map(|one| Choice {
        value: threads_word(one).to_owned(),
        label: threads_name(one).to_owned(),
        description: describe_threads(one).to_owned(),
        chosen: one == showing.threads,
    });
    let select = |verb, placeholder: &str, choices: Vec<Choice>| Row::Select {
        press: Press::channel(verb, channel),
        placeholder: placeholder.to_owned(),
        choices,
    };
    let rows = vec![
        select(Verb::SetShown, "How much is shown of each task", shown.into()),
        select(Verb::SetThreads, "Whether each task gets a thread", threads.into()),
    ];
    Post { content: lines.join("\n"), rows, ..Post::default() }
}

/// Reads what was chosen of the threads.
pub fn threads_of(word: &str) -> Option<bool> {
    [true, false].into_iter().find(|on| threads_word(*on) == word)
}

fn name(shown: Shown) -> &'static str {
    match shown {
        Shown::Silent => "Silent",
        Shown::DoneOnly => "When it is done",
        Shown::StateChanges => "Each change of state",
        Shown::Live => "Live",
    }
}

fn describe(shown: Shown) -> &'static str {
    match shown {
        Shown::Silent => "No card: the signs on the message and the entry in the results are all",
        Shown::DoneOnly => "A card when a task has ended",
        Shown::StateChanges => "A card from the beginning, changed whenever the task's state changes",
        Shown::Live => "The same, and what its agent says, every few seconds",
    }
}

fn threads_word(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

fn threads_name(on: bool) -> &'static str {
    if on { "A thread for each task" } else { "No threads" }
}

fn describe_threads(on: bool) -> &'static str {
    if on { "Below its card: details, the end of its log, and what one writes to it" } else { "Details are told when one asks for them" }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::domain::component::MAX_CHOICE;

    #[test]
    fn the_settings_tell_what_is_so_and_what_else_could_be() {
        let (here, tasks) = (ChannelId::new(5), ChannelId::new(7));
        let showing = Showing { shown: Shown::Live, threads: false };
        assert_snapshot!(settings(here, showing, &[here]).content, @"
        **Settings of <#5>**: what is chosen here counts for tasks that are accepted from now on.
        Cards: **Live**. The same, and what its agent says, every few seconds.
        Threads: **No threads**. Details are told when one asks for them.
        ");
        assert!(
            settings(here, showing, &[tasks])
                .content
                .ends_with("-# No tasks are given in this channel: `/settings` in <#7> says what is shown of those that are given there.")
        );
    }

    #[test]
    fn where_threads_are_chosen_and_no_cards_it_says_that_there_are_none() {
        let told = |shown, threads| {
            let said = settings(ChannelId::new(5), Showing { shown, threads }, &[ChannelId::new(5)]).content;
            said.lines().nth(3).map(str::to_owned)
        };

        assert_eq!(
            told(Shown::Silent, true).as_deref(),
            Some("⚠️ A thread hangs below its task's card: there is none while no cards are shown.")
        );
        assert_eq!(
            told(Shown::DoneOnly, true).as_deref(),
            Some("⚠️ A thread hangs below its task's card: it comes with the card, when the task has ended.")
        );
        for (shown, threads) in [(Shown::Silent, false), (Shown::StateChanges, true), (Shown::Live, true)] {
            assert_eq!(told(shown, threads), None);
        }
    }

    #[test]
    fn each_choice_fits_reads_back_and_one_of_each_list_is_so_now() {
        for shown in Shown::ALL {
            for threads in [true, false] {
                let post = settings(ChannelId::new(5), Showing { shown, threads }, &[]);
                for row in &post.rows {
                    let Row::Select { choices, .. } = row else { panic!("it is a list") };
                    let now: Vec<_> = choices.iter().filter(|one| one.chosen).map(|one| one.value.as_str()).collect();
                    let [now] = now.as_slice() else { panic!("one is so now") };
                    assert!(Shown::of(now) == Some(shown) || threads_of(now) == Some(threads));
                    assert!(choices.iter().all(|one| one.description.chars().count() <= MAX_CHOICE));
                }
            }
        }
    }
}
