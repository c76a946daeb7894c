//! Which checks a task gets: those that each of its agent's tasks has, and those that it names.

use crate::{
    domain::{
        agent::AgentName,
        check::{MOST, Offer, ParseWishedCheckError, WishedCheck},
    },
    wording::refusals::Refusal,
};

/// The checks of a task, each once. `free`: whether its requester may bring commands along.
///
/// # Errors
///
/// Each wish that can't be granted.
pub(super) fn wished(
    asked: &[String],
    agent: &AgentName,
    offer: Option<&Offer>,
    free: &Result<(), Refusal>,
) -> Result<Vec<WishedCheck>, Vec<Refusal>> {
    let none = Offer::default();
    let offer = offer.unwrap_or(&none);
    let mut checks: Vec<WishedCheck> = offer.always.iter().cloned().map(WishedCheck::Named).collect();
    let mut refusals = Vec::new();
    for given in asked {
        match read(given, agent, offer, free) {
            Ok(check) if checks.contains(&check) => {}
            Ok(check) => checks.push(check),
            Err(refusal) => refusals.push(refusal),
        }
    }
    if checks.len() > MOST {
        refusals.push(Refusal::TooManyChecks { given: checks.len(), most: MOST });
    }
    if refusals.is_empty() { Ok(checks) } else { Err(refusals) }
}

fn read(given: &str, agent: &AgentName, offer: &Offer, free: &Result<(), Refusal>) -> Result<WishedCheck, Refusal> {
    let unknown = || Refusal::UnknownCheck { given: given.to_owned(), agent: agent.clone(), known: offer.names.clone() };
    match given.parse() {
        Ok(WishedCheck::Named(name)) if !offer.names.contains(&name) => Err(unknown()),
        Ok(WishedCheck::Command(_)) if free.is_err() => Err(free.clone().err().unwrap_or_else(unknown)),
        Ok(check) => Ok(check),
        Err(ParseWishedCheckError::Command) => Err(Refusal::BadCheckCommand { given: given.to_owned() }),
        Err(ParseWishedCheckError::Name(_)) => Err(unknown()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::actor::Right;

    fn wish(asked: &[&str], always: &[&str], free: bool) -> Result<Vec<String>, Vec<&'static str>> {
        let names = |names: &[&str]| names.iter().map(|name| name.parse().unwrap()).collect();
        let offer = Offer { names: names(&["a", "b", "c", "d", "e"]), always: names(always) };
        let refused = Refusal::NotAllowed { right: Right::FreeCheck, roles: vec![], bot: false };
        let asked: Vec<String> = asked.iter().map(|asked| (*asked).to_owned()).collect();
        wished(&asked, &"script".parse().unwrap(), Some(&offer), &if free { Ok(()) } else { Err(refused) })
            .map(|checks| checks.iter().map(ToString::to_string).collect())
            .map_err(|refusals| refusals.iter().map(Refusal::word).collect())
    }

    #[test]
    fn a_task_has_what_its_agent_s_tasks_always_have_and_what_it_names_each_once() {
        assert_eq!(wish(&["b", "A", "b"], &["a"], false).unwrap(), ["a", "b"]);
        assert_eq!(wish(&[], &[], false).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn an_unknown_check_and_one_too_many_are_refused() {
        assert_eq!(wish(&["x", "../y", ""], &[], true).unwrap_err(), ["unknown_check"; 3]);
        assert_eq!(wish(&["a", "b", "c", "d", "e"], &[], true).unwrap_err(), ["too_many_checks"]);
        assert_eq!(wish(&["!"], &[], true).unwrap_err(), ["bad_check_command"]);
    }

    #[test]
    fn a_command_of_one_s_own_is_for_who_may_bring_it() {
        assert_eq!(wish(&["!make test"], &[], true).unwrap(), ["!make test"]);
        assert_eq!(wish(&["!make test"], &[], false).unwrap_err(), ["not_allowed"]);
    }
}
