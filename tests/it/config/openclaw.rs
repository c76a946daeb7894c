//! `openclaw.json`: foreign, tolerated, never the end of us.

use orchestrator_core::domain::{
    model::ModelId,
    money::{Price, Usage},
    task::Thinking,
};
use proptest::prelude::*;

use super::{Machine, TOKEN, tells};

const EXAMPLE: &str = include_str!("../../../openclaw-example.json");

fn with(text: &str) -> Machine {
    Machine::new().file("openclaw.json", text)
}

#[test]
fn the_shipped_example_has_the_four_models_with_aliases_and_prices() {
    let machine = with(EXAMPLE);
    let openclaw = machine.config().openclaw;

    for (alias, id, cost) in [
        ("primary", "openrouter/moonshotai/kimi-k2.5", "$0.00277"),
        ("coder", "openrouter/qwen/qwen3-coder-next", "$0.00095"),
        ("cheap", "openrouter/stepfun/step-3.5-flash:free", "$0"),
        ("research", "openrouter/google/gemini-3-pro-preview", "$0.0142"),
    ] {
        assert_eq!(openclaw.catalogue.resolve(alias), Ok(ModelId(id.into())));
        let thousand_each = Usage { input: 1_000, output: 1_000, cache_read: 1_000, cache_write: 1_000 };
        assert_eq!(openclaw.catalogue.price(&ModelId(id.into())).unwrap().cost(&thousand_each).to_string(), cost, "{alias}");
    }
    assert_eq!(openclaw.catalogue.default_model(), Some(&ModelId("openrouter/moonshotai/kimi-k2.5".into())));
    assert_eq!((openclaw.catalogue.thinking, openclaw.max_concurrent), (Thinking::Medium, Some(4)));
    assert_eq!((openclaw.gateway.host.as_str(), openclaw.gateway.port, &openclaw.gateway.token), ("127.0.0.1", 18_789, &None));
    assert!(openclaw.env.is_empty(), "a placeholder is no key");
    assert!(machine.warnings().iter().all(|warning| !warning.contains("openclaw.json")), "{:?}", machine.warnings());
}

#[test]
fn prices_are_the_digits_of_the_file_in_either_unit() {
    let file = |input: &str| format!("{{models: {{providers: {{p: {{models: [{{id: 'm/x', cost: {{input: {input}, output: .5}}}}]}}}}}}}}");
    let price = |machine: &Machine| machine.config().openclaw.catalogue.price(&ModelId("p/m/x".into()));

    for (written, nanos) in [
        ("0.00045", 450_000_000),
        ("4.5e-4", 450_000_000),
        ("+.1", 100_000_000_000),
        ("0.123456789012", 123_456_789_012),
        ("1", 1_000_000_000_000),
    ] {
        assert_eq!(price(&with(&file(written))).unwrap().input, nanos, "{written}");
        let millionth = price(&with(&file(written)).set("prices.unit=per_million")).unwrap().input;
        assert_eq!(millionth, (nanos + 500) / 1_000, "{written}");
    }
    for bad in ["-1", "1e400", "Infinity", "NaN", "0x10", "'0.1'", "null", "[1]"] {
        let machine = with(&file(bad));
        assert_eq!(price(&machine), None, "{bad}");
        assert!(tells(&machine.warnings(), &["models.providers.p.models[0].cost"]), "{bad}: {:?}", machine.warnings());
    }
}

#[test]
fn a_price_that_is_missing_is_unknown_and_a_free_one_is_not() {
    let machine =
        with("{models: {providers: {p: {models: [{id: 'a'}, {id: 'b', cost: {input: 0, output: 0}}, {id: 'c', cost: {input: 1}}]}}}}");
    let catalogue = machine.config().openclaw.catalogue;
    let price = |id: &str| catalogue.price(&ModelId(id.into()));

    assert_eq!((price("p/a"), price("p/b"), price("p/c")), (None, Some(Price::default()), None));
}

#[test]
fn implausible_prices_are_warned_about_with_the_setting_that_mends_them() {
    let million =
        "{models: {providers: {p: {models: [{id: 'm', cost: {input: 0.45, output: 2.25}}, {id: 'n', cost: {input: 2, output: 12}}]}}}}";

    let warnings = with(million).warnings();
    assert!(tells(&warnings, &["implausible prices", "p/m, p/n", "per_million"]), "{warnings:?}");
    assert!(!tells(&with(million).set("prices.unit=per_million").warnings(), &["implausible"]));

    let warnings = with(EXAMPLE).set("prices.unit=per_million").warnings();
    assert!(tells(&warnings, &["implausible prices", "take \"prices\""]), "{warnings:?}");
}

#[test]
fn wrong_types_are_named_and_the_rest_is_used() {
    for (text, key) in [
        ("{env: 5}", "`env`"),
        ("{env: {KEY: 5}}", "`env.KEY`"),
        ("{models: []}", "`models`"),
        ("{models: {providers: 'x'}}", "`models.providers`"),
        ("{models: {providers: {p: {models: {}}}}}", "`models.providers.p.models`"),
        ("{models: {providers: {p: {models: [5, {id: ''}, {id: 7}]}}}}", "`models.providers.p.models[2]`"),
        ("{models: {providers: {p: {models: [{id: 'm', cost: 5}]}}}}", "`models.providers.p.models[0].cost`"),
        ("{agents: {defaults: {models: []}}}", "`agents.defaults.models`"),
        ("{agents: {defaults: {models: {'p/m': 'x'}}}}", "`agents.defaults.models.p/m`"),
        ("{agents: {defaults: {models: {'p/m': {alias: 5}}}}}", "`agents.defaults.models.p/m.alias`"),
        ("{agents: {defaults: {models: {'p/m.1': {alias: 'two words'}}}}}", "`agents.defaults.models.\"p/m.1\".alias`"),
        ("{agents: {defaults: {model: 5}}}", "`agents.defaults.model`"),
        ("{agents: {defaults: {model: {primary: []}}}}", "`agents.defaults.model.primary`"),
        ("{agents: {defaults: {model: 'nobody'}}}", "`agents.defaults.model`"),
        ("{agents: {defaults: {thinkingDefault: 'deep'}}}", "`agents.defaults.thinkingDefault`"),
        ("{agents: {defaults: {maxConcurrent: 0}}}", "`agents.defaults.maxConcurrent`"),
        ("{agents: {defaults: {maxConcurrent: -4}}}", "`agents.defaults.maxConcurrent`"),
        ("{agents: {defaults: {maxConcurrent: '4'}}}", "`agents.defaults.maxConcurrent`"),
        ("{gateway: {port: 70000}}", "`gateway.port`"),
        ("{gateway: {mode: 'remote', remote: {url: 'here'}}}", "`gateway.remote.url`"),
        ("{'$include': './more.json'}", "$include"),
        ("{env: {A: '${NOT_SET}'}}", "`env.A`"),
        ("{gateway: {}, gateway: {}}", "`gateway`"),
        ("[1]", ""),
        ("5", ""),
    ] {
        let warnings = with(text).warnings();
        assert!(key.is_empty() || tells(&warnings, &["~root/openclaw.json:1", key]), "{text}: {warnings:?}");
    }
    let broken = with("{env: {OPENROUTER_API_KEY: 'k'}, models: 7, agents: {defaults: {maxConcurrent: 2, model: 5}}}").config().openclaw;
    assert_eq!(broken.max_concurrent, Some(2));
    assert_eq!(broken.env["OPENROUTER_API_KEY"].expose(), "k");
}

#[test]
fn a_file_that_can_t_be_read_at_all_is_one_warning() {
    for text in ["{", "", "\u{feff}{", "{\"a\": \"\\ud800\"}", "nonsense"] {
        let machine = with(text);
        assert!(machine.config().openclaw.catalogue.aliases().is_empty(), "{text:?}");
        assert!(text.is_empty() || tells(&machine.warnings(), &["openclaw.json:1", "not JSON5"]), "{text:?}");
    }
    assert!(tells(&Machine::new().warnings(), &["openclaw.json", "there is no such file", "cp openclaw-example.json"]));
}

#[test]
fn of_two_files_the_one_in_the_root_folder_is_read_unless_a_flag_names_another() {
    let mut machine = Machine::new().file("../home/.openclaw/openclaw.json", "{agents: {defaults: {maxConcurrent: 2}}}");
    assert_eq!(machine.config().limits.max_concurrent, 2);

    machine = machine
        .file("openclaw.json", "{agents: {defaults: {maxConcurrent: 3}}}")
        .file("third.json", "{agents: {defaults: {maxConcurrent: 5}}}");
    assert_eq!(machine.config().limits.max_concurrent, 3);

    machine.flags.openclaw_config = Some("third.json".into());
    assert_eq!(machine.config().limits.max_concurrent, 5);
    assert_eq!(machine.config().openclaw.path, Some(machine.root().join("third.json")));
    assert_eq!(machine.set("caps.max_concurrent=6").config().limits.max_concurrent, 6);
}

#[test]
fn a_discord_token_that_is_ours_is_warned_about_wherever_it_stands_and_not_shown() {
    let machine = Machine::with_discord().file("openclaw.json", format!("{{channels: {{discord: {{accounts: [{{token: '{TOKEN}'}}]}}}}}}"));

    let warnings = machine.warnings();

    assert!(tells(&warnings, &["`channels.discord.accounts[0].token`", "both answer"]), "{warnings:?}");
    assert!(!tells(&warnings, &[TOKEN]));
}

#[test]
fn secrets_may_refer_to_the_environment() {
    let machine =
        with("{env: {A: '${REAL}', vars: {B: 'b'}}, gateway: {auth: {token: '${GW}'}, port: 5}}").variable("REAL", "a").variable("GW", "g");
    let openclaw = machine.config().openclaw;

    assert_eq!((openclaw.env["A"].expose(), openclaw.env["B"].expose()), ("a", "b"));
    assert_eq!((openclaw.gateway.port, openclaw.gateway.token.unwrap().expose()), (5, "g"));
    let overridden = machine.variable("OPENCLAW_GATEWAY_TOKEN", "env").config().openclaw.gateway.token.unwrap();
    assert_eq!(overridden.expose(), "env");
}

#[test]
fn the_example_s_key_is_found_in_either_place_once_it_is_filled_in() {
    let filled = EXAMPLE.replace("your-openrouter-api-key", "sk-or-real");
    let directly = EXAMPLE.replacen("\"env\": {", "\"env\": { \"OPENROUTER_API_KEY\": \"sk-or-real\",", 1);

    for text in [filled, directly] {
        assert_eq!(with(&text).config().openclaw.env["OPENROUTER_API_KEY"].expose(), "sk-or-real");
    }
}

#[test]
fn a_remote_gateway_is_reached_where_it_is() {
    let gateway = with("{gateway: {mode: 'remote', remote: {url: 'ws://10.0.0.5:19000', token: 't'}}}").config().openclaw.gateway;

    assert_eq!((gateway.host.as_str(), gateway.port, gateway.token.unwrap().expose().to_owned()), ("10.0.0.5", 19_000, "t".to_owned()));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Any text, and any piece of the example, is read or refused: never a panic, never an error.
    #[test]
    fn no_file_stops_the_program(noise in "[\\PC\\x00-\\x1f]{0,80}", start in 0_usize..2_000, length in 0_usize..400, at in 0_usize..2_000) {
        let cut: String = EXAMPLE.chars().take(start).chain(EXAMPLE.chars().skip(start + length)).collect();
        let place = cut.char_indices().nth(at).map_or(cut.len(), |(byte, _)| byte);
        let text = format!("{}{noise}{}", &cut[..place], &cut[place..]);

        prop_assert!(with(&text).load().is_ok());
        prop_assert!(Machine::new().file("openclaw.json", noise.as_bytes()).load().is_ok());
        // Our own files may be refused, but not crash.
        let _ = Machine::new().file("orchestrator_config.json", &noise).file("discord-config.env", &noise).load();
    }
}
