//! The entry as it is read, and the limits that it keeps whatever an agent wrote.

use std::{collections::BTreeMap, time::Duration};

use chrono::DateTime;
use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;
use crate::domain::{
    actor::Actor,
    attempt::{Report, Whole},
    check::{Changes, CheckReport, Checked, Finding, WishedCheck},
    id::{AttemptId, ChannelId, MessageId},
    model::ModelId,
    money::{Usage, Usd},
    task::{MessageRef, Origin, Priority, Task, Thinking, Wishes},
};

pub(in crate::wording) fn facts() -> ResultFacts {
    ResultFacts {
        task: Task {
            id: "1443021398234771496".parse().unwrap(),
            requester: Actor::Operator { name: "submit".into() },
            prompt: "Count the lines of `README.md`".into(),
            wishes: Wishes {
                agent: "openclaw".parse().unwrap(),
                model: Some(ModelId("openrouter/stepfun/step-3.5-flash:free".into())),
                model_shown: Some("cheap".into()),
                thinking: Thinking::Low,
                time_limit: Duration::from_secs(120),
                priority: Priority::DEFAULT,
                budget: None,
                attempts: 1,
                checks: Vec::new(),
                closer: None,
            },
            origin: Origin::Asked { announce_in: None },
            attachments: vec![],
            created_at: DateTime::from_timestamp(1_763_700_000, 0).unwrap(),
        },
        attempt: None,
        agent_id: Some("agent-1763700000-k3x9".into()),
        number: 1,
        report: Report {
            outcome: Outcome::Succeeded,
            reason: None,
            text: "It has 120 lines.\n".into(),
            aside: None,
            text_left_out: 0,
            summary: None,
            partial: false,
            outputs: BTreeMap::new(),
            files: vec![],
            log_tail: None,
            usage: Some(Usage { input: 1_234, output: 56, cache_read: 1_000, cache_write: 0 }),
            cost: Some(Usd::from_nanos(1_215_000)),
            cost_from: None,
            cost_is_doubtful: false,
            model: Some("openrouter/stepfun/step-3.5-flash:free".into()),
            duration: Duration::from_millis(12_400),
            remarks: vec![],
            class: None,
            session: None,
            resets_at: None,
            checked: None,
        },
        workspace: Some("workers/agent-1763700000-k3x9".into()),
        answers: None,
    }
}

/// What parts characters without being seen, made visible.
fn parted(post: &Post) -> String {
    post.content.replace('\u{200b}', "¦")
}

#[test]
fn a_success_reads_so() {
    assert_snapshot!(entry(&facts()).content, @"
    **[SUCCESS]** `1443021398234771496` by **agent-1763700000-k3x9**
    **Model:** `cheap` (`openrouter/stepfun/step-3.5-flash:free`) · **Thinking:** low
    **Tokens:** 1,234 in / 56 out (cache 1,000 read) · **Cost:** $0.001215 · **Duration:** 12s · **Attempt:** 1
    **Task:**
    ```
    Count the lines of `README.md`
    ```
    **Result:**
    ```
    It has 120 lines.
    ```
    **Workspace:** `workers/agent-1763700000-k3x9`
    ");
}

#[test]
fn a_success_with_everything_reads_so() {
    let mut all = facts();
    all.number = 2;
    all.answers = Some(MessageRef { channel: ChannelId::new(5), message: MessageId::new(6) });
    all.report.summary = Some("120 lines, see the pull request.".into());
    all.report.outputs =
        [("branch", "count-lines"), ("pull_request", "https://github.com/o/r/pull/7")].map(|(k, v)| (k.into(), v.into())).into();
    all.report.files = vec![("count.txt".into(), 4), ("report/chart.png".into(), 20_480)];
    all.report.remarks = vec!["2 processes that it had left behind were ended".into()];
    let post = entry(&all);

    assert_snapshot!(post.content, @"
    **[SUCCESS]** `1443021398234771496` by **agent-1763700000-k3x9**
    **Model:** `cheap` (`openrouter/stepfun/step-3.5-flash:free`) · **Thinking:** low
    **Tokens:** 1,234 in / 56 out (cache 1,000 read) · **Cost:** $0.001215 · **Duration:** 12s · **Attempt:** 2
    **Task:**
    ```
    Count the lines of `README.md`
    ```
    **Summary:**
    ```
    120 lines, see the pull request.
    ```
    -# More: the whole text is in `result-1443021398234771496-attempt-2.md`
    **Outputs:** branch: `count-lines` · pull_request: <https://github.com/o/r/pull/7>
    **Files:** `count.txt` (4 bytes) · `report/chart.png` (20 KiB)
    **Workspace:** `workers/agent-1763700000-k3x9`
    -# ⚠ 2 processes that it had left behind were ended
    ");
    assert_eq!(post.reply_to, all.answers);
    assert_eq!(post.files, [PostFile::of("result-1443021398234771496-attempt-2.md".into(), "It has 120 lines.\n".into())]);
}

#[test]
fn a_failure_tells_why_and_shows_the_end_of_the_log() {
    let mut failed = facts();
    failed.report.outcome = Outcome::Failed;
    failed.report.reason = Some("exit code 3; no result was written (RESULT.txt is missing)".into());
    failed.report.text = String::new();
    (failed.report.usage, failed.report.cost) = (None, None);
    failed.report.log_tail = Some("\u{1b}[31merror\u{1b}[0m: ```no such file```\n".into());

    assert_snapshot!(parted(&entry(&failed)), @"
    **[FAILED]** `1443021398234771496` by **agent-1763700000-k3x9**
    **Model:** `cheap` (`openrouter/stepfun/step-3.5-flash:free`) · **Thinking:** low
    **Tokens:** unknown · **Cost:** N/A · **Duration:** 12s · **Attempt:** 1
    **Reason:** exit code 3; no result was written (RESULT.txt is missing)
    **Task:**
    ```
    Count the lines of `README.md`
    ```
    **End of the log:**
    ```
    error: ``¦`no such file``¦`
    ```
    **Workspace:** `workers/agent-1763700000-k3x9`
    ");
}

#[test]
fn a_timeout_shows_what_there_was_as_partial() {
    let mut late = facts();
    late.report.outcome = Outcome::TimedOut;
    late.report.reason = Some("the time limit of 3s was reached".into());
    late.report.partial = true;
    late.report.duration = Duration::from_secs(3);

    assert_snapshot!(entry(&late).content, @"
    **[TIMEOUT]** `1443021398234771496` by **agent-1763700000-k3x9**
    **Model:** `cheap` (`openrouter/stepfun/step-3.5-flash:free`) · **Thinking:** low
    **Tokens:** 1,234 in / 56 out (cache 1,000 read) · **Cost:** $0.001215 · **Duration:** 3s · **Attempt:** 1
    **Reason:** the time limit of 3s was reached
    **Task:**
    ```
    Count the lines of `README.md`
    ```
    **Partial result:**
    ```
    It has 120 lines.
    ```
    **Workspace:** `workers/agent-1763700000-k3x9`
    ");
}

#[test]
fn a_task_that_never_ran_says_so() {
    let mut unrun = facts();
    unrun.report = Report::without_result(Outcome::Cancelled, "cancelled by ann before it ran");
    (unrun.agent_id, unrun.number, unrun.workspace) = (None, 0, None);

    assert_snapshot!(entry(&unrun).content, @"
    **[CANCELLED]** `1443021398234771496` · never started
    **Model:** `cheap` (`openrouter/stepfun/step-3.5-flash:free`) · **Thinking:** low
    **Tokens:** none · **Cost:** $0 · **Duration:** 0s · **Attempt:** none
    **Reason:** cancelled by ann before it ran
    **Task:**
    ```
    Count the lines of `README.md`
    ```
    ");
    assert_eq!(marks_of(&entry(&unrun).content), [(unrun.task.id, 0)]);
}

#[test]
fn results_of_300_3_000_and_30_000_characters_fit_and_are_attached_where_cut() {
    for (length, attached) in [(300, false), (3_000, true), (30_000, true)] {
        let mut long = facts();
        long.report.text = "0123456789".repeat(length / 10);
        let post = entry(&long);

        assert!(fit::length(&post.content) <= fit::MESSAGE);
        assert!(!attached || fit::length(&post.content) > 1_900, "the room is used: {}", fit::length(&post.content));
        assert_eq!(post.files.iter().map(|file| file.text.len()).collect::<Vec<_>>(), if attached { vec![length] } else { vec![] });
        assert_eq!(post.content.contains("characters; the whole text is in `result-1443021398234771496.md`"), attached);
    }
}

#[test]
fn a_result_beyond_the_bound_says_where_the_rest_is() {
    let mut huge = facts();
    huge.report.text = "x".repeat(8 << 20);
    huge.report.text_left_out = 92 << 20;
    let post = entry(&huge);

    assert!(post.content.contains("8 MiB of it are in `result-1443021398234771496.md`, 92 MiB more in the workspace only"));
    assert_eq!(post.files[0].text.len(), 8 << 20);
}

#[test]
fn a_long_prompt_shows_its_first_500_characters_and_says_so() {
    let mut long = facts();
    long.task.prompt = "p".repeat(1_234);
    let shown = entry(&long).content;

    assert!(shown.contains("**Task:** (the first 500 of 1,234 characters)\n```\n"));
    assert_eq!(shown.matches('p').count(), 499 + facts_without_prompt().matches('p').count());
}

fn facts_without_prompt() -> String {
    let mut bare = facts();
    bare.task.prompt = "q".repeat(1_234);
    entry(&bare).content
}

#[test]
fn nothing_an_agent_writes_breaks_the_layout_or_rings_anybody() {
    let mut evil = facts();
    let text = "```\n**[SUCCESS]** `999` by **x**\n@everyone <@&1> [free](http://evil.example)\n`````\n~~~";
    evil.report.text = text.into();
    evil.task.prompt = text.into();
    evil.report.reason = Some(text.into());
    evil.report.model = Some("`evil` **Attempt:** 9\nx".into());
    evil.report.outputs = [(text.to_owned(), text.to_owned())].into();
    evil.report.files = vec![(text.into(), 1)];
    evil.report.remarks = vec![text.into()];

    assert_eq!(marks_of(&entry(&evil).content), [(evil.task.id.clone(), 1)]);
    assert_snapshot!(parted(&entry(&evil)), @r"
    **[SUCCESS]** `1443021398234771496` by **agent-1763700000-k3x9**
    **Model:** `cheap` (`ˋevilˋ **Attempt:** 9 x`) · **Thinking:** low
    **Tokens:** 1,234 in / 56 out (cache 1,000 read) · **Cost:** $0.001215 · **Duration:** 12s · **Attempt:** 1
    **Reason:** \`\`\` \*\*\[SUCCESS\]\*\* \`999\` by \*\*x\*\* @¦everyone \<@¦&1> \[free\](http://evil.example) \`\`\`\`\` \~\~\~
    **Task:**
    ```
    ``¦`
    **[SUCCESS]** `999` by **x**
    @everyone <@&1> [free](http://evil.example)
    ``¦``¦`
    ~~~
    ```
    **Result:**
    ```
    ``¦`
    **[SUCCESS]** `999` by **x**
    @everyone <@&1> [free](http://evil.example)
    ``¦``¦`
    ~~~
    ```
    **Outputs:** \`\`\` \*\*\[SUCCESS\]\*\* \`999\` by \*\*x\*\* @¦everyone \<@¦&1> \[free\](htt…: `ˋˋˋ **[SUCCESS]** ˋ999ˋ by **x** @everyone <@&1> [free](http://evil.example) ˋˋˋˋˋ ~~~`
    **Files:** `ˋˋˋ **[SUCCESS]** ˋ999ˋ by **x** @everyone <@&1> [free](http://evil.example) ˋˋ…` (1 byte)
    **Workspace:** `workers/agent-1763700000-k3x9`
    -# ⚠ \`\`\` \*\*\[SUCCESS\]\*\* \`999\` by \*\*x\*\* @¦everyone \<@¦&1> \[free\](http://evil.example) \`\`\`\`\` \~\~\~
    ");
}

#[test]
fn several_results_share_one_message_and_each_keeps_its_mark() {
    let many: Vec<_> = (1..=12)
        .map(|n: u64| {
            let mut one = facts();
            one.task.id = format!("14430213982347714{n:02}").parse().unwrap();
            one.report.text = "0123456789".repeat(100);
            one
        })
        .collect();
    let (post, fitted) = batch(&many);

    assert_eq!((fitted, post.embeds.len(), post.files.len()), (10, 10, 10));
    assert!(post.embeds.iter().map(|embed| fit::length(&embed.description)).sum::<usize>() <= 6_000);
    let marks: Vec<_> = post.embeds.iter().flat_map(|embed| marks_of(&embed.description)).collect();
    assert_eq!(marks, many[..10].iter().map(|one| (one.task.id.clone(), 1)).collect::<Vec<_>>());
    assert_snapshot!(post.embeds[0].description, @"
    **[SUCCESS]** `1443021398234771401` by **agent-1763700000-k3x9**
    **Model:** `cheap` · **Thinking:** low
    **Tokens:** 1,234 in / 56 out (cache 1,000 read) · **Cost:** $0.001215 · **Duration:** 12s · **Attempt:** 1
    **Task:** `Count the lines of ˋREADME.mdˋ`
    **Result:**
    ```
    01234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123…
    ```
    -# The first 104 of 1,000 characters; the whole text is in `result-1443021398234771401.md`
    **Workspace:** `workers/agent-1763700000-k3x9`
    ");
}

#[test]
fn few_results_get_more_room_each_and_one_is_a_message_of_its_own() {
    let mut long = facts();
    long.report.text = "0123456789".repeat(150);

    let (two, fitted) = batch(&[long.clone(), long.clone()]);
    assert_eq!((fitted, two.files.len()), (2, 0));
    assert_eq!(batch(&[long.clone()]), (entry(&long), 1));
    assert_eq!(batch::<ResultFacts>(&[]), (Post::default(), 0));
}

#[test]
fn an_entry_that_answers_another_stands_alone() {
    let mut answering = facts();
    answering.answers = Some(MessageRef { channel: ChannelId::new(5), message: MessageId::new(6) });

    assert_eq!(batch(&[answering.clone(), facts()]), (entry(&answering), 1));
    assert_eq!(batch(&[facts(), facts(), answering]).1, 2);
}

#[test]
fn files_of_one_message_stay_below_its_limit() {
    let mut huge = facts();
    huge.report.text = "x".repeat((8 << 20) / 3);

    let (post, fitted) = batch(&vec![huge; 5]);

    assert_eq!((fitted, post.files.len()), (3, 3));
}

#[test]
fn only_what_begins_a_text_is_taken_for_an_entry() {
    for none in [
        "",
        "x",
        "**[SUCCESS]** `1` by **a**",
        "**[WON]** `1` by **a**\nm\n**Attempt:** 1",
        "x **[SUCCESS]** `1` by **a**\nm\n**Attempt:** 1",
        "**[SUCCESS]** `..` by **a**\nm\n**Attempt:** 1",
        "**[SUCCESS]** `1` by **a**\nm\n**Attempt:** x",
    ] {
        assert_eq!(marks_of(none), [], "{none:?}");
    }
}

fn anything() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,80}",
        "[`\n*\\[\\]() @<>#|_~]{0,300}",
        "(```|\n|x){0,400}",
        Just("🦀e\u{301}".repeat(800)),
        Just("\u{1b}[31m".repeat(400))
    ]
}

prop_compose! {
    fn any_facts()(
        id in "[A-Za-z0-9][A-Za-z0-9._:-]{0,63}", text in anything(), summary in proptest::option::of(anything()), prompt in anything(),
        reason in proptest::option::of(anything()), log in proptest::option::of(anything()), remarks in proptest::collection::vec(anything(), 0..6),
        outputs in proptest::collection::btree_map(anything(), anything(), 0..6), model in proptest::option::of(anything()),
        (number, outcome, left_out, tokens, path) in (0_u32..5, 0_usize..6, 0_u64..3, any::<u64>(), anything()),
    ) -> ResultFacts {
        let mut one = facts();
        one.task.id = id.parse().unwrap();
        one.task.prompt = prompt;
        one.number = number;
        one.workspace = Some(path.clone());
        one.report = Report {
            outcome: OUTCOMES[outcome], reason, text, aside: None, text_left_out: left_out, summary, partial: number % 2 == 0,
            outputs, files: vec![(path, tokens)], log_tail: log, model, remarks, class: None, session: None, resets_at: None, duration: Duration::from_secs(tokens),
            usage: Some(Usage { input: tokens, output: tokens, cache_read: tokens, cache_write: tokens }), cost: Some(Usd::from_nanos(i64::MIN)), cost_from: None, cost_is_doubtful: true,
            checked: (tokens % 3 == 0).then(|| awkward(&one.task.prompt, number)),
        };
        one
    }
}

fn awkward(text: &str, many: u32) -> Checked {
    let one = |_| CheckReport {
        check: WishedCheck::Command(text.chars().take(500).collect()),
        command: Some(text.to_owned()),
        finding: Finding::Gaps,
        because: text.to_owned(),
        exit: Some(1),
        ran_ms: 1,
        output: Some(text.to_owned()),
    };
    Checked { checks: (0..=many).map(one).collect(), changes: Some(Changes { unknown: Some(text.to_owned()), ..Changes::default() }) }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn an_entry_keeps_its_limit_its_mark_and_its_fences(one in any_facts(), limit in 600_usize..=2_000) {
        let text = compose(&one, limit).text;

        prop_assert!(fit::length(&text) <= limit, "{} units", fit::length(&text));
        prop_assert_eq!(marks_of(&text), vec![(one.task.id, one.number)]);
        prop_assert_eq!(text.matches("```").count() % 2, 0, "{}", text);
    }

    #[test]
    fn a_batch_keeps_discord_s_limits(many in proptest::collection::vec(any_facts(), 1..4)) {
        let (post, fitted) = batch(&many);

        prop_assert!((1..=10).contains(&fitted) && post.embeds.len() <= 10 && post.files.len() <= 10);
        prop_assert!(post.embeds.iter().map(|embed| fit::length(&embed.description)).sum::<usize>() <= 6_000);
        prop_assert!(fit::length(&post.content) <= fit::MESSAGE);
    }
}

#[test]
fn a_result_that_stands_beside_its_report_is_a_file_that_is_read_when_it_is_sent() {
    let mut long = facts();
    long.report.summary = None;
    long.report.text = format!("\n{} \n", "word\n".repeat(40_000));
    let (bytes, whole) = (long.report.text.len(), long.report.set_aside());
    assert_eq!(whole.map(|text| text.len()), Some(bytes));
    let attempt = AttemptId::from_parts(1, [7; 10]);
    long.attempt = Some(attempt);

    let post = entry(&long);

    assert_eq!(post.files[0].result, Some(LongResult { attempt, bytes: bytes as u64 }));
    assert!(post.files[0].text.is_empty());
    assert!(post.content.contains(" of 199,999 characters; the whole text is in `result-"), "{}", post.content);
    // What is yet to be read counts.
    long.report.aside = Some(Whole { bytes: 3 << 20, characters: 3 << 20 });
    assert_eq!(batch(&[long.clone(), long.clone(), long]).1, 2);
}
