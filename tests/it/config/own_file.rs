//! `orchestrator_config.json`: strict, and every mistake told in one go.

use std::{collections::BTreeSet, time::Duration};

use discord_orchestrator::config::{config_keys, variable_of};
use orchestrator_core::domain::{
    id::RoleId,
    money::{PriceUnit, Usd},
    task::Thinking,
};

use super::{Machine, tells};

fn with(text: &str) -> Machine {
    Machine::new().file("orchestrator_config.json", text)
}

#[test]
fn without_a_file_everything_has_its_default() {
    let limits = Machine::new().config().limits;

    assert_eq!((limits.max_concurrent, limits.attempts, limits.per_user_queued), (4, 1, 1_000));
    assert_eq!((limits.ask_after, limits.keep_success), (Duration::from_secs(86_400), Duration::from_secs(86_400)));
    assert_eq!((limits.keep_failure, limits.price_unit), (None, PriceUnit::PerThousand));
    assert_eq!(limits.post_delays.before(1), Duration::from_secs(2));
    assert_eq!(limits.time_limit(None, Thinking::High), Ok(Duration::from_secs(300)));
    assert_eq!(limits.time_limit(Some(Duration::from_secs(3_601)), Thinking::Low), Err(Duration::from_secs(3_600)));
}

#[test]
fn every_bad_value_is_told_with_line_key_path_and_rule() {
    let cases = [
        ("{\"lease_seconds\": \"soon\"}", "`lease_seconds` is \"soon\"", "whole number, 0 or above"),
        ("{\"lease_seconds\": -1}", "`lease_seconds` is \"-1\"", "whole number, 0 or above"),
        ("{\"lease_seconds\": 5.5}", "`lease_seconds` is \"5.5\"", "whole number"),
        ("{\"lease_seconds\": 1e400}", "`lease_seconds`", "beyond all measure"),
        ("{\"lease_seconds\": 1}", "`lease_seconds` is \"1\"", "from 5 to 3600"),
        ("{\"lease_seconds\": []}", "`lease_seconds` is \"[]\"", "whole number"),
        ("{\"lease_second\": 5}", "`lease_second`: unknown key", "Did you mean `lease_seconds`?"),
        ("{\"caps\": {\"max_concurent\": 5}}", "`caps.max_concurent`: unknown key", "Did you mean `max_concurrent`?"),
        ("{\"caps\": {\"colour\": 5}}", "`caps.colour`: unknown key", "Known here: max_concurrent, per_user_queued"),
        ("{\"caps\": 5}", "`caps` is \"5\"", "it must be an object"),
        ("{\"caps\": {\"max_concurrent\": 0}}", "`caps.max_concurrent` is \"0\"", "from 1 to 1000"),
        ("{\"caps\": {\"max_concurrent\": 99999999999}}", "`caps.max_concurrent`", "from 0 to 4294967295"),
        ("{\"prices\": {\"unit\": \"per_token\"}}", "`prices.unit` is \"per_token\"", "\"per_thousand\" or \"per_million\""),
        ("{\"daily_budget_usd\": -1}", "`daily_budget_usd` is \"-1\"", "amount of dollars"),
        ("{\"daily_budget_usd\": \"lots\"}", "`daily_budget_usd` is \"lots\"", "Leave it out for no ceiling"),
        ("{\"budgets\": {\"task_usd\": \"a lot\"}}", "`budgets.task_usd` is \"a lot\"", "amount of dollars"),
        (
            "{\"budgets\": {\"task_usd\": 2, \"max_task_usd\": 1}}",
            "`budgets.task_usd` is \"$2\"",
            "not be higher than `budgets.max_task_usd`, $1",
        ),
        ("{\"budgets\": {\"users\": {\"bob\": 2}}}", "`budgets.users.bob` is \"bob\"", "Discord id"),
        ("{\"budgets\": {\"agents\": {\"clippy\": 2}}}", "`budgets.agents.clippy`", "no such agent: there are"),
        ("{\"daily_budget_usd\": NaN}", "orchestrator_config.json:1:22", "not JSON"),
        ("{\"who_may\": {\"submit\": {\"users\": [\"42\", \"bob\"]}}}", "`who_may.submit.users[1]` is \"bob\"", "Discord id"),
        ("{\"who_may\": {\"submit\": {\"users\": \"42\"}}}", "`who_may.submit.users` is \"42\"", "it must be a list"),
        ("{\"who_may\": {\"max_priority\": {\"everyone\": 1001}}}", "`who_may.max_priority.everyone` is \"1001\"", "0 to 1000"),
        ("{\"who_may\": {\"max_priority\": {\"roles\": {\"x\": 5}}}}", "`who_may.max_priority.roles.x`", "Discord id"),
        ("{\"channels\": {\"fallback\": \"results\"}}", "`channels.fallback` is \"results\"", "Discord id"),
        ("{\"agents\": {\"My Agent\": {\"command\": \"sh\"}}}", "`agents.\"My Agent\"`", "1 to 32 characters"),
        ("{\"agents\": {\"x\": {}}}", "`agents.x`", "it needs a `command`"),
        ("{\"agents\": {\"x\": {\"command\": [\"sh\"]}}}", "`agents.x.command`", "text in quotes"),
        ("{\"agents\": {\"x\": {\"command\": \"sh\", \"args\": [5]}}}", "`agents.x.args[0]` is \"5\"", "stand or fall together"),
        ("{\"agents\": {\"x\": {\"command\": \"sh\", \"args\": [\"{modle}\"]}}}", "`agents.x.args[0]`", "Did you mean {model}?"),
        ("{\"agents\": {\"x\": {\"command\": \"sh\", \"args\": [\"a\\u0000b\"]}}}", "`agents.x.args[0]`", "NUL"),
        ("{\"agents\": {\"x\": {\"command\": \"sh\", \"env\": {\"1A\": \"\"}}}}", "`agents.x.env.1A`", "variable's name"),
        ("{\"agents\": {\"x\": {\"command\": \"sh\", \"stdin\": \"yes\"}}}", "`agents.x.stdin` is \"yes\"", "\"prompt\""),
        ("{\"agents\": {\"x\": {\"command\": \"sh\", \"soft_signal\": \"KILL\"}}}", "`agents.x.soft_signal` is \"KILL\"", "TERM, INT"),
        ("{\"agents\": {\"x\": {\"command\": \"sh\", \"max_concurrent\": 0}}}", "`agents.x.max_concurrent`", "at least 1"),
        ("{\"agents\": {\"x\": {\"command\": \"sh\", \"grace_seconds\": 4000}}}", "`agents.x.grace_seconds`", "0 to 3600"),
        ("{\"agents\": {\"x\": {\"command\": \"sh\", \"outptu\": 1}}}", "`agents.x.outptu`: unknown key", "Did you mean `output`?"),
        (
            "{\"agents\": {\"x\": {\"command\": \"sh\", \"secrets\": [\"WORKER1_TOKEN\"]}}}",
            "`agents.x.secrets[0]`",
            "never given to an agent",
        ),
        ("{\"default_agent\": \"opnclaw\"}", "`default_agent` is \"opnclaw\"", "Did you mean `openclaw`?"),
        ("{\"default_agent\": 5}", "`default_agent` is \"5\"", "text in quotes"),
        ("{\"retention\": {}, \"retention\": {}}", "`retention`", "it is there twice"),
        ("[]", "orchestrator_config.json:1", "it must be an object"),
        ("{\"caps\": {}", "orchestrator_config.json:1:1", "not JSON"),
        ("{'caps': {}}", "orchestrator_config.json:1:2", "not JSON"),
        ("{\"a\": \"\\ud800\"}", "orchestrator_config.json", "not JSON"),
    ];
    for (text, what, rule) in cases {
        let faults = with(text).faults();
        assert!(tells(&faults, &[what, rule]), "{text}\n{faults:#?}");
        assert!(tells(&faults, &["~root/orchestrator_config.json:1"]), "{text}\n{faults:#?}");
        assert_eq!(faults.len(), 1, "{text}\n{faults:#?}");
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let faults = with("{\n  \"lease_seconds\": \"x\",\n  \"gras_seconds\": 5,\n  \"caps\": {\"max_concurrent\": true, \"prompt_bytes\": 1},\n  \"attempts\": {\"task\": 0}\n}").faults();

    assert_eq!(faults.len(), 5, "{faults:#?}");
    for (line, key) in
        [(2, "lease_seconds"), (3, "gras_seconds"), (4, "caps.max_concurrent"), (4, "caps.prompt_bytes"), (5, "attempts.task")]
    {
        assert!(tells(&faults, &[&format!("orchestrator_config.json:{line}"), &format!("`{key}`")]), "{key}: {faults:#?}");
    }
}

#[test]
fn a_very_deep_or_very_long_file_is_told_and_no_more() {
    assert!(tells(&with(&"[".repeat(100_000)).faults(), &["not JSON"]));
    let keys: Vec<String> = (0..2_000).map(|n| format!("\"k{n}\": 1")).collect();
    assert!(tells(&with(&format!("{{{}}}", keys.join(","))).faults(), &["unknown key"]));
}

#[test]
fn comments_and_nulls_are_welcome() {
    let machine = with("// mine\n{ /* later */ \"lease_seconds\": null, \"caps\": {\"max_concurrent\": 7,}, }");

    assert_eq!(machine.config().limits.lease, Duration::from_secs(60));
    assert_eq!(machine.setting("caps.max_concurrent"), ("7".to_owned(), "~root/orchestrator_config.json:2".to_owned()));
    assert_eq!(machine.setting("lease_seconds").0, "60");
}

#[test]
fn the_environment_and_flags_lie_over_the_file() {
    let machine = with("{\"lease_seconds\": 30, \"caps\": {\"max_concurrent\": 2}}")
        .variable("ORCHESTRATOR_LEASE_SECONDS", "40")
        .variable("ORCHESTRATOR_CAPS_MAX_CONCURRENT", "3")
        .variable("ORCHESTRATOR_PRICES_UNIT", "per_million")
        .set("caps.max_concurrent=5")
        .set("agents.mine.command=sh");
    let config = machine.config();

    assert_eq!((config.limits.lease, config.limits.max_concurrent), (Duration::from_secs(40), 5));
    assert_eq!(config.limits.price_unit, PriceUnit::PerMillion);
    assert!(config.agents.names().contains(&"mine"));
    assert_eq!(machine.setting("lease_seconds").1, "environment ORCHESTRATOR_LEASE_SECONDS");
    assert_eq!(machine.setting("caps.max_concurrent").1, "flag --set caps.max_concurrent");
}

#[test]
fn a_section_that_is_left_out_can_still_be_set_from_outside() {
    let machine = with("{\"caps\": null}").variable("ORCHESTRATOR_CAPS_MAX_CONCURRENT", "3");

    assert_eq!(machine.config().limits.max_concurrent, 3);
}

#[test]
fn a_bad_value_of_the_environment_is_blamed_on_it() {
    let faults = Machine::new().variable("ORCHESTRATOR_LEASE_SECONDS", "soon").faults();

    assert!(tells(&faults, &["environment ORCHESTRATOR_LEASE_SECONDS: `lease_seconds` is \"soon\""]), "{faults:?}");
    let warnings = Machine::new().variable("ORCHESTRATOR_LEASE_SECOND", "5").warnings();
    assert!(!tells(&Machine::new().variable("ORCHESTRATOR_LOG", "debug").warnings(), &["ORCHESTRATOR_LOG"]));
    assert!(tells(&warnings, &["ORCHESTRATOR_LEASE_SECOND", "Did you mean `ORCHESTRATOR_LEASE_SECONDS`?"]), "{warnings:?}");
}

#[test]
fn no_two_keys_share_a_variable() {
    let mut variables: Vec<String> = config_keys().iter().map(|(key, _)| variable_of(key)).collect();
    let all = variables.len();
    variables.sort();
    variables.dedup();

    assert_eq!(variables.len(), all);
}

#[test]
fn budgets_are_exact() {
    for (written, nanos) in
        [("12.5", 12_500_000_000), ("\"$0.1\"", 100_000_000), ("0.000000001", 1), ("1e-9", 1), ("0", 0), ("5", 5_000_000_000)]
    {
        let budgets = with(&format!("{{\"daily_budget_usd\": {written}}}")).config().budgets;
        assert_eq!(budgets.ceilings.day, Some(Usd::from_nanos(nanos)), "{written}");
    }
}

#[test]
fn the_env_file_wins_where_two_keys_say_the_same() {
    let machine = with("{\"retention\": {\"success_hours\": 5}}");
    assert_eq!(machine.config().limits.keep_success, Duration::from_secs(5 * 3_600));

    let machine = machine.variable("WORKER_RETENTION_HOURS", "0");

    assert_eq!(machine.config().limits.keep_success, Duration::ZERO);
}

#[test]
fn without_lists_nobody_is_named_and_priorities_have_their_defaults() {
    let open = Machine::new().config().who_may;

    assert!(open.submit_users.is_empty() && open.submit_roles.is_empty() && open.submit_bots.is_empty());
    assert!(open.operate_users.is_empty() && open.operate_roles.is_empty());
    assert_eq!((open.priority_everyone.get(), open.priority_operators.get()), (500, 1_000));
}

#[test]
fn lists_name_users_roles_and_bots_as_texts_or_numbers() {
    let who = with(
        "{\"who_may\": {\"submit\": {\"users\": [\"1\"], \"roles\": [77], \"bots\": [\"9\"]}, \"operate\": {\"roles\": [\"88\"]},
          \"max_priority\": {\"everyone\": \"low\", \"roles\": {\"77\": \"high\"}}}}",
    )
    .config()
    .who_may;

    let named = |ids: &BTreeSet<RoleId>| ids.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(who.submit_users, BTreeSet::from(["1".parse().unwrap()]));
    assert_eq!((named(&who.submit_roles), named(&who.operate_roles)), (vec!["77".to_owned()], vec!["88".to_owned()]));
    assert_eq!(who.submit_bots, BTreeSet::from(["9".parse().unwrap()]));
    assert_eq!((who.priority_everyone.get(), who.priority_roles.values().map(|level| level.get()).collect::<Vec<_>>()), (50, vec![500]));
}
