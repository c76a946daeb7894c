//! What a message means, rule by rule.

use proptest::prelude::*;

use super::*;
use crate::domain::task::Thinking;

const CHEAP: &str = "openrouter/stepfun/step-3.5-flash:free";

struct House {
    catalogue: Catalogue,
    agents: Vec<AgentName>,
    own_models: BTreeMap<AgentName, OwnModels>,
    time_limit: Option<Duration>,
    checks: Offers,
}

impl House {
    fn new() -> Self {
        let mut catalogue = Catalogue::default();
        catalogue.add(&ModelId(CHEAP.into()), Some("cheap".into()), None);
        catalogue.add(&ModelId("openrouter/moonshotai/kimi-k2.5".into()), Some("primary".into()), None);
        Self {
            catalogue,
            agents: vec!["openclaw".parse().unwrap(), "script".parse().unwrap()],
            own_models: BTreeMap::new(),
            time_limit: None,
            checks: Offers::new(),
        }
    }

    fn read(&self, text: &str) -> Result<Parsed, Vec<Refusal>> {
        parse(text, &self.rules())
    }

    fn rules(&self) -> Rules<'_> {
        Rules {
            catalogue: &self.catalogue,
            agents: &self.agents,
            own_models: &self.own_models,
            default_agent: &self.agents[0],
            time_limit: self.time_limit,
            max_time_limit: Duration::from_secs(3_600),
            max_priority: "500".parse().unwrap(),
            budget: None,
            max_budget: Some("5".parse().unwrap()),
            attempts: 1,
            checks: &self.checks,
            free_checks: &Ok(()),
        }
    }
}

fn prompt(text: &str) -> String {
    House::new().read(text).unwrap_or_else(|refused| panic!("{text:?} was refused: {refused:?}")).prompt
}

fn refused(text: &str) -> Vec<Refusal> {
    House::new().read(text).expect_err(text)
}

#[test]
fn a_text_without_wishes_gets_the_defaults() {
    let read = House::new().read("Do it").unwrap();

    assert_eq!(read.prompt, "Do it");
    assert_eq!(read.wishes.agent.as_str(), "openclaw");
    assert_eq!(read.wishes.model_shown.as_deref(), Some("primary"));
    assert_eq!(read.wishes.thinking, Thinking::Medium);
    assert_eq!(read.wishes.time_limit, Duration::from_secs(120));
    assert_eq!(read.wishes.priority, Priority::DEFAULT);
    assert_eq!(read.wishes.attempts, 1);
}

#[test]
fn tags_stand_anywhere_in_any_order_and_none_is_left() {
    let text = format!("{} [Thinking:high] middle [MODEL: cheap ]\nend [timeout:10m][priority:high] [worker:script]", "x".repeat(1_900));
    let read = House::new().read(&text).unwrap();

    assert_eq!(read.prompt, format!("{} middle\nend", "x".repeat(1_900)));
    assert_eq!(read.wishes.model, Some(ModelId(CHEAP.into())));
    assert_eq!(read.wishes.model_shown.as_deref(), Some("cheap"));
    assert_eq!(read.wishes.thinking, Thinking::High);
    assert_eq!(read.wishes.time_limit, Duration::from_secs(600));
    assert_eq!(read.wishes.priority.get(), 500);
    assert_eq!(read.wishes.agent.as_str(), "script");
}

#[test]
fn the_first_of_a_kind_counts_and_all_are_removed() {
    let read = House::new().read("[model:cheap] T [model:nobody-knows] [agent:script] [worker:openclaw]").unwrap();

    assert_eq!(read.prompt, "T");
    assert_eq!(read.wishes.model_shown.as_deref(), Some("cheap"));
    assert_eq!(read.wishes.agent.as_str(), "script");
}

#[test]
fn a_tag_takes_one_blank_with_it_where_one_would_be_left_over() {
    for (given, expected) in [
        ("T [model:cheap]", "T"),
        ("T [model:cheap] [thinking:low]", "T"),
        ("T [model:cheap][thinking:low]", "T"),
        ("[model:cheap] T", "T"),
        ("[model:cheap]T", "T"),
        ("[model:cheap] [thinking:low] T", "T"),
        ("a [model:cheap] b", "a b"),
        ("a[model:cheap]b", "ab"),
        ("a [model:cheap]b", "a b"),
        ("a[model:cheap] b", "a b"),
        ("a\n[model:cheap]\nb", "a\n\nb"),
        ("a\n[model:cheap] b", "a\nb"),
        ("a [model:cheap]\nb", "a\nb"),
        ("a [model:cheap]\r\nb", "a\r\nb"),
        ("    indented [model:cheap]", "    indented"),
        ("[model:cheap]    indented", "   indented"),
        ("a  [model:cheap]  b", "a   b"),
        ("T\t[model:cheap]", "T"),
    ] {
        assert_eq!(prompt(given), expected, "{given:?}");
    }
}

#[test]
fn everything_else_stays_byte_for_byte() {
    for text in [
        "quotes \" ' back\\slash | pipe $(rm -rf /) `tick` ${x} %s {task_text}",
        "**bold** 🦀\n\n\tlines\r\n  and blanks  ",
        "[x] a list, [link](http://e.org), [model], [model cheap], [speed:fast], array[model]",
        "model:cheap] [model:\ncheap]",
        "ｍodel [mоdel:cheap] with a Cyrillic о",
        "e\u{301}\u{301}\u{301} \u{202e}right to left",
        "-rf leading dash",
        "see **[Task: 1]** inside",
        "**[Task: a b]** no id",
        "[[model:x",
    ] {
        assert_eq!(prompt(text), text);
    }
    assert_eq!(prompt("[[model:cheap]]"), "[]");
}

#[test]
fn the_header_is_recognised_and_removed() {
    assert_eq!(header_of("**[Task: 1443021398234771496]** T"), "1443021398234771496".parse().ok());
    assert_eq!(prompt("**[Task: 1443021398234771496]** T [model:cheap] [thinking:low]"), "T");
    assert_eq!(prompt("**[Task: 1]**   T"), "  T", "one blank is the header's, the others are the text's");
    assert_eq!(prompt("**[Task: 1]** [model:cheap] T"), "T");
    for none in ["T **[Task: 1]**", " **[Task: 1]** T", "[Task: 1] T", "**[Task: ]** T", "**[Task: ..]** T", "**[Task: 1] T"] {
        assert_eq!(header_of(none), None, "{none:?}");
    }
}

#[test]
fn a_text_that_shows_nothing_is_refused() {
    for nothing in ["", "  \n\t ", "\u{200b}\u{feff}\u{2060}", "[model:cheap]", "**[Task: 1]** [thinking:low]", "\u{3164}\u{2800}\u{e0041}"]
    {
        assert_eq!(refused(nothing), [Refusal::Empty], "{nothing:?}");
    }
    assert_eq!(refused("a\0b"), [Refusal::Nul]);
}

#[test]
fn each_bad_wish_is_refused_with_what_was_given() {
    let aliases = || vec!["cheap".to_owned(), "primary".to_owned()];
    for (given, expected) in [
        ("T [model:chaep]", Refusal::UnknownModel { given: "chaep".into(), known: aliases() }),
        ("T [model:]", Refusal::UnknownModel { given: String::new(), known: aliases() }),
        ("T [model:a//b]", Refusal::UnknownModel { given: "a//b".into(), known: aliases() }),
        ("T [agent:clippy]", Refusal::UnknownAgent { given: "clippy".into(), known: House::new().agents }),
        ("T [worker:../x]", Refusal::UnknownAgent { given: "../x".into(), known: House::new().agents }),
        ("T [thinking:deep]", Refusal::BadThinking { given: "deep".into() }),
        ("T [timeout:-3s]", Refusal::BadTimeout { given: "-3s".into() }),
        ("T [timeout:NaN]", Refusal::BadTimeout { given: "NaN".into() }),
        ("T [timeout:1e400]", Refusal::BadTimeout { given: "1e400".into() }),
        ("T [timeout:0]", Refusal::BadTimeout { given: "0".into() }),
        ("T [timeout:2h]", Refusal::TimeoutTooLong { given: Duration::from_secs(7_200), most: Duration::from_secs(3_600) }),
        ("T [priority:-1]", Refusal::BadPriority { given: "-1".into() }),
        ("T [priority:1001]", Refusal::BadPriority { given: "1001".into() }),
        ("T [priority:critical]", Refusal::PriorityTooHigh { given: Priority::MAX, most: "500".parse().unwrap() }),
        ("T [budget:much]", Refusal::BadBudget { given: "much".into() }),
        ("T [budget:-1]", Refusal::BadBudget { given: "-1".into() }),
        ("T [budget:0]", Refusal::BadBudget { given: "0".into() }),
        ("T [budget:NaN]", Refusal::BadBudget { given: "NaN".into() }),
        ("T [budget:1e400]", Refusal::BadBudget { given: "1e400".into() }),
        ("T [isolation:none]", Refusal::BadIsolation { given: "none".into() }),
        ("T [isolation:full]", Refusal::BadIsolation { given: "full".into() }),
        ("T [budget:5.01]", Refusal::BudgetTooHigh { given: "5.01".parse().unwrap(), most: "5".parse().unwrap() }),
    ] {
        assert_eq!(refused(given), [expected], "{given}");
    }
}

#[test]
fn a_budget_is_what_is_asked_for_else_the_operator_s_else_none() {
    let house = House::new();
    let budget = |text, usual: Option<&str>| {
        let rules = Rules { budget: usual.map(|usual| usual.parse().unwrap()), ..house.rules() };
        parse(text, &rules).unwrap().wishes.budget.map(|budget| budget.to_string())
    };

    assert_eq!(budget("T [budget:0.50]", None).as_deref(), Some("$0.5"));
    assert_eq!(budget("T [budget:$2]", Some("0.1")).as_deref(), Some("$2"));
    assert_eq!(budget("T", Some("0.1")).as_deref(), Some("$0.1"));
    assert_eq!(budget("T", None), None);
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    assert_eq!(refused("[model:x] [thinking:x] [agent:x] [timeout:x] [priority:x] [budget:x]").len(), 7);
}

#[test]
fn a_full_id_and_an_alias_in_large_letters_pass() {
    let model = |text| House::new().read(text).unwrap().wishes.model_shown;

    assert_eq!(model("T [model:openrouter/x/y]").as_deref(), Some("openrouter/x/y"));
    assert_eq!(model("T [model:Cheap]").as_deref(), Some("cheap"));
}

#[test]
fn a_timeout_s_tag_beats_the_operator_s_and_that_the_level_s() {
    let limit = |house: &House, text| house.read(text).unwrap().wishes.time_limit.as_secs();
    let mut house = House::new();
    assert_eq!(limit(&house, "T [thinking:high]"), 300);

    house.time_limit = Some(Duration::from_secs(600));

    assert_eq!(limit(&house, "T [thinking:high]"), 600);
    assert_eq!(limit(&house, "T [timeout:3s]"), 3);
}

#[test]
fn what_was_given_beside_the_text_counts_before_its_tags() {
    let beside = Asked { thinking: Some("low".into()), ..Asked::default() };
    let read = parse_with("T [thinking:high] [model:cheap]", beside, &House::new().rules()).unwrap();

    assert_eq!((read.prompt.as_str(), read.wishes.thinking), ("T", Thinking::Low));
    assert_eq!(read.wishes.model_shown.as_deref(), Some("cheap"));
}

fn has_no_tag(text: &str) -> bool {
    let mut asked = Asked::default();
    without_tags(text, &mut asked) == text && asked == Asked::default() && header_of(text).is_none()
}

proptest! {
    #[test]
    fn a_text_without_tags_survives_byte_for_byte(text in "[\\PC\\n\\t\\[\\]:* ]{0,200}") {
        prop_assume!(has_no_tag(&text) && text.chars().any(is_visible));
        prop_assert_eq!(prompt(&text), text);
    }

    /// At each place one of the three forms parts the text from its tag as a person would; all of them give the text back.
    #[test]
    fn a_tag_put_in_anywhere_is_found_and_leaves_no_trace(text in "[a-z\\[\\]:\\n 🦀é]{1,80}", place in 0_usize..100) {
        prop_assume!(has_no_tag(&text) && text.chars().any(is_visible));
        let at = text.char_indices().map(|(at, _)| at).chain([text.len()]).nth(place % (text.chars().count() + 1)).unwrap();
        let (before, after) = text.split_at(at);
        let joined = if after.is_empty() || after.starts_with([' ', '\n']) {
            format!("{before} [thinking:low]{after}")
        } else if before.is_empty() || before.ends_with('\n') {
            format!("{before}[thinking:low] {after}")
        } else {
            format!("{before}[thinking:low]{after}")
        };

        let read = House::new().read(&joined).unwrap();

        prop_assert_eq!(read.wishes.thinking, Thinking::Low);
        prop_assert_eq!(read.prompt, text);
    }

    #[test]
    fn nothing_makes_it_panic(text in "(\\[(model|thinking|agent|worker|timeout|priority|budget|x):.{0,12}\\]|\\[|\\]|\\*\\*\\[Task: .{0,4}|.|\n){0,20}") {
        let _ = House::new().read(&text);
    }
}

#[test]
fn an_agent_with_models_of_its_own_is_asked_for_those_and_no_others() {
    let mut house = House::new();
    let names = [("opus".to_owned(), "claude-opus-4-5".to_owned())].into();
    house.own_models.insert("script".parse().unwrap(), OwnModels { names, default: None });
    let model = |text: &str| house.read(text).map(|parsed| (parsed.wishes.model.map(|id| id.0), parsed.wishes.model_shown));

    assert_eq!(model("T [agent:script]"), Ok((None, None)), "the catalogue's default is none of its models");
    assert_eq!(model("T [agent:script] [model:Opus]"), Ok((Some("claude-opus-4-5".into()), Some("opus".into()))));
    assert_eq!(model("T [agent:script] [model:claude-x-9]"), Ok((Some("claude-x-9".into()), Some("claude-x-9".into()))));
    let Err(refusals) = model("T [agent:script] [model:cheap]") else { panic!("a model of others was granted") };
    assert!(matches!(&refusals[..], [Refusal::UnknownModel { known, .. }] if *known == ["opus"]), "{refusals:?}");
    assert_eq!(model("T [model:cheap]").unwrap().0.as_deref(), Some(CHEAP));
}

#[test]
fn a_task_that_asks_for_two_isolations_is_kept_from_both_and_one_that_is_none_is_refused_wherever_it_stands() {
    let closer = |text: &str| House::new().read(text).expect("it is taken").wishes.closer;

    assert_eq!(closer("T [isolation:offline] [isolation:workspace]"), Some(Closer::Closed));
    assert_eq!(closer("[isolation:closed] T [isolation:offline]"), Some(Closer::Closed));
    assert_eq!(closer("T [isolation:offline] [isolation:OFFLINE]"), Some(Closer::Offline));
    assert_eq!(closer("T"), None);
    assert_eq!(refused("T [isolation:closed] [isolation:none]"), [Refusal::BadIsolation { given: "none".into() }]);
}

#[test]
fn a_command_whose_brackets_make_it_no_tag_is_refused_instead_of_being_no_check() {
    for text in [
        "do it [check:!grep '[a-z]' notes]",
        "do it [ Check :! test [ -e x ] ]",
        "[check:[check:!true]!make test] do it",
        "do it [check:!make\ntest]",
    ] {
        assert!(matches!(refused(text).as_slice(), [Refusal::BadCheckCommand { .. }]), "{text}: {:?}", refused(text));
    }
    assert_eq!(prompt("what is [check: this, and [this]?"), "what is [check: this, and [this]?");
    assert_eq!(prompt("a [!note] and [x:!y]"), "a [!note] and [x:!y]");
}

#[test]
fn whatever_becomes_a_command_is_seen_in_its_text() {
    for text in ["x [check:!true]", "[ Check :\u{a0} !true] x", "**[Task: 7]** x [CHECK:!true]"] {
        let parsed = House::new().read(text).expect("it is a task");
        assert_eq!(parsed.wishes.checks.iter().map(ToString::to_string).collect::<Vec<_>>(), ["!true"], "{text}");
        assert!(check::command_in(text).is_some(), "{text}");
    }
    for text in ["x [check:tests]", "check:!true", "[checks:!true]", "a[0]: !x"] {
        assert_eq!(check::command_in(text), None, "{text}");
    }
}
