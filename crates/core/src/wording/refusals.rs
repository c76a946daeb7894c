//! Refusals: what was asked, why it is not done, and what would be. One enum for every door; each variant has one wording.

use std::time::Duration;

use super::{fit, harmless};
use crate::domain::{
    actor::Right,
    agent::AgentName,
    check::{CheckName, LONGEST_COMMAND},
    id::{RoleId, TaskId},
    money::Usd,
    task::{Priority, Thinking, show_duration},
};

/// How much of what somebody wrote is shown back to him.
const GIVEN: usize = 40;
/// How many known names a refusal lists.
const NAMES: usize = 25;

/// Something is not done, and this is why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Nothing is left of the text that anybody could read.
    Empty,
    /// The text holds a NUL character.
    Nul,
    /// The text is longer than any agent could be given.
    TooLong {
        /// Its length in bytes.
        bytes: u64,
        /// The most.
        most: u64,
    },
    /// One word that begins like a command, and is none: whoever wrote it meant something else than a task.
    MistypedCommand {
        /// What was written.
        given: String,
    },
    /// No model is known by this name.
    UnknownModel {
        /// What was asked for.
        given: String,
        /// The aliases that are known.
        known: Vec<String>,
    },
    /// No agent is known by this name.
    UnknownAgent {
        /// What was asked for.
        given: String,
        /// The agents that are known.
        known: Vec<AgentName>,
    },
    /// Not a way of thinking.
    BadThinking {
        /// What was asked for.
        given: String,
    },
    /// Not a duration.
    BadTimeout {
        /// What was asked for.
        given: String,
    },
    /// Longer than the operator allows.
    TimeoutTooLong {
        /// What was asked for.
        given: Duration,
        /// The most.
        most: Duration,
    },
    /// Not a priority.
    BadPriority {
        /// What was asked for.
        given: String,
    },
    /// Higher than this person may ask for.
    PriorityTooHigh {
        /// What was asked for.
        given: Priority,
        /// The most.
        most: Priority,
    },
    /// Not a ceiling of money.
    BadBudget {
        /// What was asked for.
        given: String,
    },
    /// A higher ceiling of money than may be asked for.
    BudgetTooHigh {
        /// What was asked for.
        given: Usd,
        /// The most.
        most: Usd,
    },
    /// Not an isolation that a task may ask for.
    BadIsolation {
        /// What was asked for.
        given: String,
    },
    /// No check of this name is declared for the agent.
    UnknownCheck {
        /// What was asked for.
        given: String,
        /// The task's agent.
        agent: AgentName,
        /// The checks that are declared for it.
        known: Vec<CheckName>,
    },
    /// Not a command that could be a check.
    BadCheckCommand {
        /// What was asked for.
        given: String,
    },
    /// More checks than a task may have.
    TooManyChecks {
        /// How many, with those that each task of the agent has.
        given: usize,
        /// The most.
        most: usize,
    },
    /// The actor has no right to do this.
    NotAllowed {
        /// To do what.
        right: Right,
        /// Roles that would allow it.
        roles: Vec<RoleId>,
        /// Whether the actor is a bot.
        bot: bool,
    },
    /// The requester has as many open tasks as one may have.
    TooManyOpen {
        /// How many.
        most: u64,
    },
    /// No task has this id.
    NoSuchTask {
        /// What was given.
        given: String,
    },
    /// The task has ended: there is nothing to stop or hold.
    HasEnded {
        /// The task.
        task: TaskId,
    },
    /// The task has not ended: it can't be run again yet.
    HasNotEnded {
        /// The task.
        task: TaskId,
    },
    /// The id was used for something else before.
    IdTaken {
        /// The task that has it.
        task: TaskId,
    },
    /// The service takes no new tasks.
    Closed {
        /// Why.
        why: String,
    },
}

impl Refusal {
    /// The word for it in JSON and logs. Exhaustive on purpose: a new refusal does not compile until someone names it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Nul => "nul",
            Self::MistypedCommand { .. } => "mistyped_command",
            Self::TooLong { .. } => "too_long",
            Self::UnknownModel { .. } => "unknown_model",
            Self::UnknownAgent { .. } => "unknown_agent",
            Self::BadThinking { .. } => "bad_thinking",
            Self::BadTimeout { .. } => "bad_timeout",
            Self::TimeoutTooLong { .. } => "timeout_too_long",
            Self::BadPriority { .. } => "bad_priority",
            Self::PriorityTooHigh { .. } => "priority_too_high",
            Self::BadBudget { .. } => "bad_budget",
            Self::BudgetTooHigh { .. } => "budget_too_high",
            Self::BadIsolation { .. } => "bad_isolation",
            Self::UnknownCheck { .. } => "unknown_check",
            Self::BadCheckCommand { .. } => "bad_check_command",
            Self::TooManyChecks { .. } => "too_many_checks",
            Self::NotAllowed { .. } => "not_allowed",
            Self::TooManyOpen { .. } => "too_many_open",
            Self::NoSuchTask { .. } => "no_such_task",
            Self::HasEnded { .. } => "has_ended",
            Self::HasNotEnded { .. } => "has_not_ended",
            Self::IdTaken { .. } => "id_taken",
            Self::Closed { .. } => "closed",
        }
    }

    /// Whole sentences: what was given, and the rule.
    pub fn sentence(&self) -> String {
        match self {
            Self::Empty => "There is no text that an agent could work on. Write what is to be done.".to_owned(),
            Self::Nul => "The text holds a NUL character, which no program can be given. Remove it.".to_owned(),
            Self::TooLong { bytes, most } => {
                format!("The text has {bytes} bytes; at most {most} are taken. Attach what is long as a file.")
            }
            Self::UnknownModel { given, known } => format!(
                "Unknown model {}. {} A full id like `openrouter/provider/model` works too.",
                shown(given),
                listed("Known aliases:", known.iter().map(String::as_str), "No aliases are configured.")
            ),
            Self::UnknownAgent { given, known } => format!(
                "Unknown agent {}. {}",
                shown(given),
                listed("Known agents:", known.iter().map(AgentName::as_str), "No agents are configured.")
            ),
            Self::BadThinking { given } => {
                let levels: Vec<_> = Thinking::ALL.iter().map(|level| format!("`{level}`")).collect();
                format!("{} is not a thinking level. It is one of {}.", shown(given), levels.join(", "))
            }
            Self::BadTimeout { given } => {
                format!("{} is not a duration. Write a whole number and a unit, like `90s`, `10m` or `1h30m`.", shown(given))
            }
            Self::TimeoutTooLong { given, most } => format!(
                "A timeout of `{}` is longer than the longest that is allowed here, `{}` (`MAX_TIMEOUT`).",
                show_duration(*given),
                show_duration(*most)
            ),
            Self::BadPriority { given } => {
                format!("{} is not a priority. It is a whole number from 0 to 1000, or `low`, `normal`, `high`, `critical`.", shown(given))
            }
            Self::PriorityTooHigh { given, most } => {
                format!("Priority {} is above {}, the highest that you may give.", given.get(), most.get())
            }
            Self::BadBudget { given } => {
                format!(
                    "{} is not a budget. It is an amount of dollars above 0, like `0.50`: what the task may cost at most.",
                    shown(given)
                )
            }
            Self::BudgetTooHigh { given, most } => {
                format!("A budget of {given} is higher than the highest that may be asked for here, {most} (`budgets`).")
            }
            Self::BadIsolation { given } => format!(
                "{} is no isolation that a task may ask for. It is `workspace` (its own folders alone), `offline` (no network) or `closed` (both); wider \
                 than its agent's it can't be.",
                shown(given)
            ),
            Self::UnknownCheck { given, agent, known } => format!(
                "Unknown check {} for agent `{agent}`. {}",
                shown(given),
                listed("Its checks:", known.iter().map(CheckName::as_str), "None is declared for it (`checks`).")
            ),
            Self::BadCheckCommand { given } => format!(
                "{} is no check. After `!` stands a command of 1 to {LONGEST_COMMAND} bytes on one line, in a message without brackets, like \
                 `[check:!make test]`.",
                shown(given)
            ),
            Self::TooManyChecks { given, most } => format!("A task has at most {most} checks, and this one would have {given}."),
            Self::NotAllowed { right, roles, bot } => not_allowed(*right, roles, *bot),
            Self::MistypedCommand { given } => format!(
                "{} looks like a command, and as a message it is none, so it was not taken for a task either. Choose commands from the list that opens at `/`: \
                 `/help` names them, `/cost` says what was spent. As a task write it with more words.",
                harmless::code(given, GIVEN)
            ),
            Self::TooManyOpen { most } => format!("You have {most} open tasks, as many as one person may have. Wait until one has ended."),
            Self::NoSuchTask { given } => format!("There is no task {} here.", shown(given)),
            Self::HasEnded { task } => format!("`{task}` has ended already. To run it again: 🔁 or `retry`."),
            Self::HasNotEnded { task } => format!("`{task}` has not ended yet, so it can't be run again. To stop it: 🛑 or `cancel`."),
            Self::IdTaken { task } => format!("The id `{task}` belongs to another task already."),
            Self::Closed { why } => format!("No new tasks are taken at the moment: {}.", harmless::plain(why, 200)),
        }
    }
}

/// The reply to a message that becomes no task, one message long.
pub fn reply(refusals: &[Refusal]) -> String {
    let text = match refusals {
        [only] => format!("❌ Not run. {}", only.sentence()),
        several => {
            let lines: Vec<_> = several.iter().map(|refusal| format!("- {}", refusal.sentence())).collect();
            format!("❌ Not run.\n{}", lines.join("\n"))
        }
    };
    fit::cut(&text, fit::MESSAGE).into_owned()
}

/// The answer to a command, a reaction or a button that does nothing.
pub fn answer(refusal: &Refusal) -> String {
    fit::cut(&format!("❌ {}", refusal.sentence()), fit::MESSAGE).into_owned()
}

fn not_allowed(right: Right, roles: &[RoleId], bot: bool) -> String {
    let (what, list) = match right {
        Right::Submit => ("give tasks here", "the list of submitters"),
        Right::ControlOwn => ("control somebody else's task", "the list of operators"),
        Right::Operate => ("do this", "the list of operators"),
        Right::FreeCheck => ("bring a command along as a check", "the list `who_may.free_checks`"),
    };
    if bot {
        return format!("A bot may not {what} unless its id is on {list}.");
    }
    let roles: Vec<_> = roles.iter().take(10).map(|role| format!("<@&{role}>")).collect();
    match roles.as_slice() {
        [] => format!("You may not {what}: that is for people on {list}. Ask an operator to add you."),
        [role] => format!("You may not {what}: that needs the role {role} or a place on {list}."),
        several => format!("You may not {what}: that needs one of the roles {} or a place on {list}.", several.join(", ")),
    }
}

fn shown(given: &str) -> String {
    harmless::code(given, GIVEN)
}

fn listed<'a>(intro: &str, names: impl ExactSizeIterator<Item = &'a str>, none: &str) -> String {
    let more = names.len().saturating_sub(NAMES);
    let shown: Vec<_> = names.take(NAMES).map(|name| harmless::code(name, GIVEN)).collect();
    match (shown.is_empty(), more) {
        (true, _) => none.to_owned(),
        (false, 0) => format!("{intro} {}.", shown.join(", ")),
        (false, more) => format!("{intro} {} and {more} more.", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use insta::assert_snapshot;

    #[test]
    fn an_unknown_name_is_answered_with_the_known_ones() {
        let known = ["cheap", "coder", "primary", "research"].map(str::to_owned).to_vec();
        assert_snapshot!(reply(&[Refusal::UnknownModel { given: "chaep".into(), known }]), @"❌ Not run. Unknown model `chaep`. Known aliases: `cheap`, `coder`, `primary`, `research`. A full id like `openrouter/provider/model` works too.");
        assert_snapshot!(reply(&[Refusal::UnknownModel { given: "x".into(), known: vec![] }]), @"❌ Not run. Unknown model `x`. No aliases are configured. A full id like `openrouter/provider/model` works too.");
        assert_snapshot!(
            reply(&[Refusal::UnknownAgent { given: "clippy".into(), known: vec!["openclaw".parse().unwrap(), "script".parse().unwrap()] }]),
            @"❌ Not run. Unknown agent `clippy`. Known agents: `openclaw`, `script`."
        );
    }

    #[test]
    fn a_bad_value_is_answered_with_the_rule() {
        assert_snapshot!(reply(&[Refusal::BadThinking { given: "deep".into() }]), @"❌ Not run. `deep` is not a thinking level. It is one of `off`, `low`, `medium`, `high`.");
        assert_snapshot!(reply(&[Refusal::BadTimeout { given: "soon".into() }]), @"❌ Not run. `soon` is not a duration. Write a whole number and a unit, like `90s`, `10m` or `1h30m`.");
        assert_snapshot!(
            reply(&[Refusal::TimeoutTooLong { given: Duration::from_secs(7_200), most: Duration::from_secs(3_600) }]),
            @"❌ Not run. A timeout of `2h` is longer than the longest that is allowed here, `1h` (`MAX_TIMEOUT`)."
        );
        assert_snapshot!(reply(&[Refusal::BadPriority { given: "1001".into() }]), @"❌ Not run. `1001` is not a priority. It is a whole number from 0 to 1000, or `low`, `normal`, `high`, `critical`.");
        assert_snapshot!(reply(&[Refusal::PriorityTooHigh { given: Priority::MAX, most: "high".parse().unwrap() }]), @"❌ Not run. Priority 1000 is above 500, the highest that you may give.");
        assert_snapshot!(reply(&[Refusal::BadBudget { given: "much".into() }]), @"❌ Not run. `much` is not a budget. It is an amount of dollars above 0, like `0.50`: what the task may cost at most.");
        assert_snapshot!(
            reply(&[Refusal::BudgetTooHigh { given: "7".parse().unwrap(), most: "2.5".parse().unwrap() }]),
            @"❌ Not run. A budget of $7 is higher than the highest that may be asked for here, $2.5 (`budgets`)."
        );
    }

    #[test]
    fn several_refusals_are_told_in_one_reply() {
        assert_snapshot!(reply(&[Refusal::Empty, Refusal::Nul, Refusal::TooLong { bytes: 300_000, most: 262_144 }]), @"
        ❌ Not run.
        - There is no text that an agent could work on. Write what is to be done.
        - The text holds a NUL character, which no program can be given. Remove it.
        - The text has 300000 bytes; at most 262144 are taken. Attach what is long as a file.
        ");
    }

    #[test]
    fn who_lacks_a_right_is_told_what_it_needs() {
        let refused = |right, roles: &[u64], bot| {
            reply(&[Refusal::NotAllowed { right, roles: roles.iter().map(|role| RoleId::new(*role)).collect(), bot }])
        };
        assert_snapshot!(refused(Right::Submit, &[10], false), @"❌ Not run. You may not give tasks here: that needs the role <@&10> or a place on the list of submitters.");
        assert_snapshot!(refused(Right::Submit, &[], false), @"❌ Not run. You may not give tasks here: that is for people on the list of submitters. Ask an operator to add you.");
        assert_snapshot!(refused(Right::ControlOwn, &[10, 20], false), @"❌ Not run. You may not control somebody else's task: that needs one of the roles <@&10>, <@&20> or a place on the list of operators.");
        assert_snapshot!(refused(Right::Operate, &[], false), @"❌ Not run. You may not do this: that is for people on the list of operators. Ask an operator to add you.");
        assert_snapshot!(refused(Right::Submit, &[10], true), @"❌ Not run. A bot may not give tasks here unless its id is on the list of submitters.");
    }

    #[test]
    fn what_can_t_be_done_to_a_task_says_what_can() {
        let task: TaskId = "1443021398234771496".parse().unwrap();
        assert_snapshot!(Refusal::NoSuchTask { given: "144".into() }.sentence(), @"There is no task `144` here.");
        assert_snapshot!(Refusal::HasEnded { task: task.clone() }.sentence(), @"`1443021398234771496` has ended already. To run it again: 🔁 or `retry`.");
        assert_snapshot!(Refusal::HasNotEnded { task: task.clone() }.sentence(), @"`1443021398234771496` has not ended yet, so it can't be run again. To stop it: 🛑 or `cancel`.");
        assert_snapshot!(Refusal::IdTaken { task }.sentence(), @"The id `1443021398234771496` belongs to another task already.");
        assert_snapshot!(Refusal::TooManyOpen { most: 20 }.sentence(), @"You have 20 open tasks, as many as one person may have. Wait until one has ended.");
        assert_snapshot!(Refusal::Closed { why: "the service is paused by ann".into() }.sentence(), @"No new tasks are taken at the moment: the service is paused by ann.");
    }

    #[test]
    fn what_somebody_wrote_is_shown_cut_and_can_do_no_harm() {
        let given = format!("`@everyone`\n{}", "x".repeat(500));
        assert_snapshot!(Refusal::BadThinking { given: given.clone() }.sentence(), @"`ˋ@everyoneˋ xxxxxxxxxxxxxxxxxxxxxxxxxxx…` is not a thinking level. It is one of `off`, `low`, `medium`, `high`.");

        let names = (0..500).map(|n| format!("{n}{given}")).collect();
        assert!(fit::length(&reply(&[Refusal::UnknownModel { given, known: names }])) <= fit::MESSAGE);
    }
}
