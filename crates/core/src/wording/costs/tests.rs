use insta::assert_snapshot;

use super::*;

fn spending(nanos: i64, attempts: u64, unknown: u64) -> Spending {
    let usage = Usage { input: 1_200 * attempts, output: 300 * attempts, ..Usage::default() };
    Spending { cost: Usd::from_nanos(nanos), usage, attempts, unknown, by_agents: 0 }
}

fn view(by: Dimension, parts: &[(&str, &str, Spending)]) -> CostsView {
    let total: Spending = parts.iter().map(|(_, _, one)| *one).sum();
    CostsView {
        by,
        from: "2026-02-01".parse().unwrap(),
        to: "2026-03-02".parse().unwrap(),
        total: CostLine::new("", "", &total),
        parts: parts.iter().map(|(key, name, one)| CostLine::new(*key, *name, one)).collect(),
        left_out: 0,
        others: None,
    }
}

fn users() -> CostsView {
    view(
        Dimension::User,
        &[
            ("user:7", "Ann", spending(12_500_000_000, 41, 0)),
            ("user:8", "数える 🦀", spending(3_000_000_000, 1_200, 2)),
            ("operator", "root", spending(1, 1, 0)),
            ("user:9", "nobody knows", spending(0, 3, 3)),
        ],
    )
}

#[test]
fn each_part_has_a_bar_and_the_sum_says_what_is_not_in_it() {
    assert_snapshot!(table(&users(), 72, false), @r"
    Costs by user, 2026-02-01 to 2026-03-02 (UTC)

    USER                  COST                             ATTEMPTS  UNKNOWN
    Ann                  $12.5  █████████████████████████        41        0
    数える 🦀               $3  ██████                        1,200        2
    root          $0.000000001  ▏                                 1        0
    nobody knows           N/A                                    3        3

    All: $15.500000001 for 1,245 attempts · tokens 1,494,000 in / 373,500 out · without 5 attempts of unknown cost
    ");
}

#[test]
fn a_narrow_terminal_shortens_names_before_it_loses_the_bars() {
    let long = view(Dimension::Model, &[("x", &"openrouter/".repeat(9), spending(5, 1, 0)), ("", "", spending(1, 1, 0))]);

    let shown = table(&long, 50, false);
    assert!(shown.lines().skip(2).take(3).all(|line| width(line) <= 50), "{shown}");
    assert!(shown.contains("openrouter/open…") && shown.contains("unknown model") && shown.contains("████████"), "{shown}");
}

#[test]
fn the_rest_makes_no_part_look_small() {
    let rest = CostsView { left_out: 400, others: Some(CostLine::new("", "", &spending(9_000_000_000_000, 9, 0))), ..users() };

    let (shown, alone) = (table(&rest, 80, false), table(&users(), 80, false));
    let bar = |shown: &str| shown.lines().find(|line| line.starts_with("Ann")).map(|line| line.matches('█').count());
    assert!(bar(&alone).is_some_and(|long| long >= 20) && bar(&shown) == bar(&alone), "{shown}");
    assert!(shown.lines().any(|line| line.starts_with("400 more") && !line.contains('█')), "{shown}");
}

#[test]
fn only_a_terminal_that_wants_colours_gets_them() {
    assert!(!table(&users(), 80, false).contains('\u{1b}'));
    assert!(table(&users(), 80, true).contains("\u{1b}[36m█"));
}

#[test]
fn nothing_is_said_to_be_nothing() {
    let none = view(Dimension::Day, &[]);

    assert_snapshot!(table(&none, 80, false), @r"
    Costs by day, 2026-02-01 to 2026-03-02 (UTC)
    Nothing was run.
    ");
    assert!(post(&none, false).embeds[0].description.ends_with("Nothing was run."));
}

#[test]
fn csv_is_quoted_and_no_formula() {
    let odd = view(Dimension::User, &[("user:7", "=1+1, \"Ann\"", spending(1_215_000, 2, 1))]);
    let with_others = CostsView { left_out: 3, others: Some(CostLine::new("", "", &spending(5, 3, 0))), ..odd };

    assert_snapshot!(csv(&with_others).replace("\r\n", "|\n"), @r#"
    user,name,cost_usd,attempts,unknown,agents_own_figure,input,output,cache_read,cache_write|
    user:7,"'=1+1, ""Ann""",0.001215,2,1,0,2400,600,0,0|
    others,,0.000000005,3,0,0,3600,900,0,0|
    "#);
}

#[test]
fn discord_is_told_the_sum_and_the_dearest() {
    assert_snapshot!(post(&users(), false).embeds[0].description, @r"
    **Costs by user, 2026-02-01 to 2026-03-02** (UTC)
    $15.500000001 for 1,245 attempts · tokens 1,494,000 in / 373,500 out · without 5 attempts of unknown cost
    <@7> · **$12.5** · 41 attempts
    <@8> · **$3** · 1,200 attempts
    root · **$0.000000001** · 1 attempt
    <@9> · **N/A** · 3 attempts
    ");
    let tasks = view(Dimension::Task, &[("1443", "Say `hi`\nto **all** @everyone", spending(5, 1, 0)), ("t-1", "t-1", spending(0, 1, 0))]);
    assert_snapshot!(post(&CostsView { left_out: 30, ..tasks }, true).embeds[0].description, @r"
    **Your costs by task, 2026-02-01 to 2026-03-02** (UTC)
    $0.000000005 for 2 attempts · tokens 2,400 in / 600 out
    `1443` `Say ˋhiˋ to **all** @everyone` · **$0.000000005** · 1 attempt
    `t-1` · **$0** · 1 attempt
    -# and 30 more; `orchestrator cost --by task` has them all
    ");
}

#[test]
fn of_many_days_the_latest_are_named() {
    let days: Vec<String> = (1..=12).map(|day| format!("2026-02-{day:02}")).collect();
    let parts: Vec<_> = days.iter().map(|day| (day.as_str(), day.as_str(), spending(1, 1, 0))).collect();

    let said = post(&view(Dimension::Day, &parts), false).embeds[0].description.clone();

    assert!(!said.contains("2026-02-02`") && said.contains("2026-02-03`") && said.contains("2026-02-12`"), "{said}");
    assert!(said.contains("and 2 more"), "{said}");
}
