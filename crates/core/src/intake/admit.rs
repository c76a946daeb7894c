//! The one gate: who may do what. Messages, reactions, commands and buttons all ask here.

use std::collections::BTreeSet;

use crate::{
    domain::{
        actor::{Actor, Right},
        id::{RoleId, UserId},
    },
    wording::refusals::Refusal,
};

/// Who is named for a right.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WhoMay {
    /// People.
    pub users: BTreeSet<UserId>,
    /// Everybody with one of these roles; never a bot.
    pub roles: BTreeSet<RoleId>,
    /// Bots and webhooks.
    pub bots: BTreeSet<UserId>,
}

/// Who has which right.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Who may give tasks. As long as neither users nor roles are named, every person may; bots only if they are named.
    pub submit: WhoMay,
    /// Who may control everybody's tasks and the service, beside the server's owner, its administrators and the machine's own operator.
    pub operate: WhoMay,
    /// Who may bring along commands as checks, beside the machine's own operator: nobody who is not named.
    pub free_checks: WhoMay,
    /// The server's owner, if Discord has told it.
    pub guild_owner: Option<UserId>,
}

/// Whether an actor may do something; `own` says whether it is about a task of his own.
///
/// # Errors
///
/// [`Refusal::NotAllowed`], naming what would be needed.
pub fn may(policy: &Policy, actor: &Actor, right: Right, own: bool) -> Result<(), Refusal> {
    let Actor::Member { user, roles, bot, administrator, .. } = actor else { return Ok(()) };
    let operates = if *bot {
        names(&policy.operate, *user, roles, true)
    } else {
        *administrator || policy.guild_owner == Some(*user) || names(&policy.operate, *user, roles, false)
    };
    let open = policy.submit.users.is_empty() && policy.submit.roles.is_empty() && !bot;
    let submits = operates || open || names(&policy.submit, *user, roles, *bot);
    let (allowed, needed) = match right {
        Right::Submit => (submits, &policy.submit),
        Right::ControlOwn if own => (submits, &policy.submit),
        Right::ControlOwn | Right::Operate => (operates, &policy.operate),
        Right::FreeCheck => (names(&policy.free_checks, *user, roles, *bot), &policy.free_checks),
    };
    if allowed {
        return Ok(());
    }
    Err(Refusal::NotAllowed {
        right: if own && right == Right::ControlOwn { Right::Submit } else { right },
        roles: needed.roles.iter().copied().collect(),
        bot: *bot,
    })
}

fn names(list: &WhoMay, user: UserId, roles: &[RoleId], bot: bool) -> bool {
    if bot { list.bots.contains(&user) } else { list.users.contains(&user) || roles.iter().any(|role| list.roles.contains(role)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(user: u64, roles: &[u64]) -> Actor {
        Actor::Member {
            user: UserId::new(user),
            name: format!("user {user}"),
            roles: roles.iter().map(|role| RoleId::new(*role)).collect(),
            bot: false,
            administrator: false,
        }
    }

    fn bot(user: u64) -> Actor {
        Actor::Member { user: UserId::new(user), name: "bot".into(), roles: vec![RoleId::new(10)], bot: true, administrator: true }
    }

    fn with_lists() -> Policy {
        Policy {
            submit: WhoMay { users: [UserId::new(1)].into(), roles: [RoleId::new(10)].into(), bots: [UserId::new(7)].into() },
            operate: WhoMay { users: [UserId::new(2)].into(), roles: [RoleId::new(20)].into(), bots: [UserId::new(8)].into() },
            free_checks: WhoMay { roles: [RoleId::new(30)].into(), ..WhoMay::default() },
            guild_owner: Some(UserId::new(3)),
        }
    }

    #[test]
    fn without_a_list_every_person_may_submit_and_no_bot_may() {
        let open = Policy::default();

        assert_eq!(may(&open, &member(1, &[]), Right::Submit, false), Ok(()));
        assert_eq!(may(&open, &bot(9), Right::Submit, false), Err(Refusal::NotAllowed { right: Right::Submit, roles: vec![], bot: true }));
    }

    #[test]
    fn without_a_list_only_owner_administrators_and_the_machine_s_operator_operate() {
        let open = Policy { guild_owner: Some(UserId::new(3)), ..Policy::default() };
        let administrator = Actor::Member { user: UserId::new(5), name: "boss".into(), roles: vec![], bot: false, administrator: true };

        assert!(may(&open, &member(1, &[]), Right::Operate, false).is_err());
        assert!(may(&open, &member(3, &[]), Right::Operate, false).is_ok());
        assert!(may(&open, &administrator, Right::Operate, false).is_ok());
        assert!(may(&open, &Actor::Operator { name: "root".into() }, Right::Operate, false).is_ok());
    }

    #[test]
    fn once_a_list_is_set_all_others_are_refused_and_told_the_role() {
        let policy = with_lists();

        for named in [member(1, &[]), member(99, &[10]), member(2, &[]), member(99, &[20]), member(3, &[]), bot(7), bot(8)] {
            assert!(may(&policy, &named, Right::Submit, false).is_ok(), "{named:?}");
        }
        assert_eq!(
            may(&policy, &member(99, &[11]), Right::Submit, false),
            Err(Refusal::NotAllowed { right: Right::Submit, roles: vec![RoleId::new(10)], bot: false })
        );
    }

    #[test]
    fn a_command_may_be_brought_along_by_who_is_named_and_by_the_machine_s_own_operator_alone() {
        let administrator = Actor::Member { user: UserId::new(3), name: "boss".into(), roles: vec![], bot: false, administrator: true };

        assert!(may(&with_lists(), &member(99, &[30]), Right::FreeCheck, true).is_ok());
        assert!(may(&with_lists(), &Actor::Operator { name: "root".into() }, Right::FreeCheck, true).is_ok());
        for other in [member(1, &[10]), member(2, &[20]), administrator, bot(8)] {
            assert!(may(&with_lists(), &other, Right::FreeCheck, true).is_err(), "{other:?}");
            assert!(may(&Policy::default(), &other, Right::FreeCheck, true).is_err(), "{other:?}");
        }
    }

    #[test]
    fn a_bot_gets_no_right_by_role_or_permission() {
        for right in [Right::Submit, Right::ControlOwn, Right::Operate] {
            assert!(may(&with_lists(), &bot(99), right, false).is_err(), "{right:?}");
        }
        let listed_as_a_person = Policy { submit: WhoMay { users: [UserId::new(99)].into(), ..WhoMay::default() }, ..with_lists() };
        assert!(may(&listed_as_a_person, &bot(99), Right::Submit, false).is_err());
    }

    #[test]
    fn one_s_own_task_is_controlled_by_who_may_submit_and_others_by_operators() {
        let policy = with_lists();

        assert!(may(&policy, &member(1, &[]), Right::ControlOwn, true).is_ok());
        assert!(may(&policy, &member(1, &[]), Right::ControlOwn, false).is_err());
        assert!(may(&policy, &member(2, &[]), Right::ControlOwn, false).is_ok());
        assert!(may(&policy, &member(99, &[]), Right::ControlOwn, true).is_err(), "who may no longer submit may not retry either");
        assert!(may(&policy, &member(1, &[]), Right::Operate, true).is_err());
    }
}
