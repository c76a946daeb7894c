//! Whatever an agent leaves behind, collecting it ends, stays in the workspace and says what it left out.

use std::{
    fs::File,
    os::unix::{ffi::OsStrExt, fs::symlink, net::UnixListener},
};

use super::*;
use crate::{
    domain::{
        evidence::Answer,
        money::{Usage, Usd},
    },
    runner::workspace::{Contents, tests::Folder},
};

const AGENT: &str = "agent-1763700000-k3x9";

fn reading(written: serde_json::Value) -> Reading {
    serde_json::from_value(written).unwrap()
}

/// An agent that keeps a session, answers in JSON and writes its result into a file.
fn gateway() -> Reading {
    let usage = serde_json::json!({"where": {"/type": "message", "/message/role": "assistant"}, "take": "sum",
        "input": "/message/usage/input", "output": "/message/usage/output", "model": "/message/model"});
    reading(serde_json::json!({"format": "json", "usage": {"input": "/usage/input"},
        "sessions": {"folder": "agents/main/sessions", "usage": usage}}))
}

/// One whose answer is its result.
fn exec() -> Reading {
    reading(serde_json::json!({"format": "json", "text": "/final", "usage": {"input": "/usage/input", "cost": "/costUsd"}}))
}

struct Ended {
    _folder: Folder,
    workspace: Workspace,
    task: TaskId,
    stdout: PathBuf,
}

impl Ended {
    fn new() -> Self {
        let folder = Folder::new();
        let task: TaskId = "1443021398234771496".parse().unwrap();
        let workspace = Workspace::new(folder.path(), AGENT, &task);
        workspace.create(&Contents { prompt: "T", agents_md: "", attachments: &[] }).unwrap();
        let stdout = folder.path().join("stdout");
        Self { _folder: folder, workspace, task, stdout }
    }

    fn with(self, name: &str, bytes: impl AsRef<[u8]>) -> Self {
        fs::write(self.workspace.file(name), bytes).unwrap();
        self
    }

    fn printed(self, text: &str) -> Self {
        fs::write(&self.stdout, text).unwrap();
        self
    }

    fn collect(&self, reading: &Reading) -> Collected {
        let run = Run {
            workspace: &self.workspace,
            agent_id: AGENT,
            task: &self.task,
            reading,
            stdout: Some(&self.stdout),
            exit: Some(0),
            attachments: &["data.csv".to_owned()],
        };
        collect(&run, &Bounds { result: 1_000, ..Bounds::DEFAULT })
    }
}

#[test]
fn a_result_is_collected_byte_for_byte() {
    let found = Ended::new().with("RESULT.txt", "  42 \n```\n").collect(&gateway());

    assert_eq!(found.text, "  42 \n```\n");
    assert_eq!(found, Collected { text: found.text.clone(), ..Collected::default() });
}

#[test]
fn a_result_that_is_none_says_why() {
    for (given, why) in [("", "RESULT.txt is empty"), (" \n\t\u{3000}", "RESULT.txt holds nothing but white space")] {
        let found = Ended::new().with("RESULT.txt", given).collect(&gateway());
        assert_eq!((found.text.as_str(), found.no_text_because.as_deref()), ("", Some(why)), "{given:?}");
    }
    assert_eq!(Ended::new().collect(&gateway()).no_text_because.as_deref(), Some("RESULT.txt is missing"));
    let blank = Ended::new().with("RESULT.txt", " ".repeat(2_000)).collect(&gateway());
    assert_eq!(blank.no_text_because.as_deref(), Some("RESULT.txt begins with nothing but white space"));
}

#[test]
fn what_is_no_plain_file_is_not_read() {
    let refused = |put: fn(&Path)| {
        let ended = Ended::new();
        put(&ended.workspace.file("RESULT.txt"));
        let found = ended.collect(&gateway());
        assert_eq!(found.text, "");
        found.no_text_because.unwrap()
    };

    assert_eq!(refused(|path| symlink("/etc/passwd", path).unwrap()), "RESULT.txt was not read: it is a symbolic link");
    assert_eq!(refused(|path| fs::create_dir(path).unwrap()), "RESULT.txt was not read: it is a directory");
    assert_eq!(refused(|path| drop(UnixListener::bind(path).unwrap())), "RESULT.txt was not read: it is a socket");
    assert_eq!(
        refused(|path| {
            fs::write(path.with_file_name("other"), "x").unwrap();
            fs::hard_link(path.with_file_name("other"), path).unwrap();
        }),
        "RESULT.txt was not read: it is a hard link"
    );
}

#[test]
fn folders_that_were_replaced_are_not_entered() {
    let (ended, elsewhere) = (Ended::new(), Ended::new().with("RESULT.txt", "another task's"));
    fs::remove_dir_all(ended.workspace.task_dir()).unwrap();
    symlink(elsewhere.workspace.task_dir(), ended.workspace.task_dir()).unwrap();

    let found = ended.collect(&gateway());

    assert_eq!(found.no_text_because.as_deref(), Some("folders of the workspace were replaced"));
    assert!(found.files.is_empty() && found.summary.is_none() && found.log_tail.is_none());
    assert_eq!(found.remarks, ["folders of the workspace were replaced: nothing of it was collected"]);
    fs::remove_dir_all(elsewhere.workspace.dir()).unwrap();
    assert_eq!(elsewhere.collect(&gateway()).no_text_because.as_deref(), Some("the workspace is gone"));
}

#[test]
fn what_an_agent_has_printed_is_known_although_its_folders_are_gone() {
    let ended = Ended::new().printed(r#"{"final": "It is done", "usage": {"input": 7}, "costUsd": 0.25}"#);
    fs::remove_dir_all(ended.workspace.dir()).unwrap();

    let found = ended.collect(&exec());

    assert_eq!((found.text.as_str(), found.no_text_because.as_deref()), ("It is done", None));
    assert_eq!(found.spent.cost, Some("0.25".parse().unwrap()));
    assert_eq!(found.remarks, ["the workspace is gone: nothing of it was collected"]);
    let silent = Ended::new();
    fs::remove_dir_all(silent.workspace.dir()).unwrap();
    assert_eq!(silent.collect(&exec()).no_text_because.as_deref(), Some("the workspace is gone, and it printed no answer"));
}

#[test]
fn a_huge_result_is_kept_up_to_the_bound_and_the_rest_is_counted() {
    let ended = Ended::new();
    let file = File::create(ended.workspace.file("RESULT.txt")).unwrap();
    file.set_len(10 << 30).unwrap();
    let found = ended.collect(&gateway());
    assert_eq!((found.text.len(), found.text_left_out), (1_000, (10 << 30) - 1_000));

    let umlauts = Ended::new().with("RESULT.txt", format!("x{}", "ä".repeat(600))).collect(&gateway());
    assert_eq!((umlauts.text, umlauts.remarks), (format!("x{}", "ä".repeat(499)), vec![]), "no character is cut in two");
}

#[test]
fn invalid_utf_8_is_shown_as_far_as_it_can_be() {
    let found = Ended::new().with("RESULT.txt", b"a\xff\xfeb").collect(&gateway());

    assert_eq!(found.text, "a\u{fffd}\u{fffd}b");
    assert_eq!(found.remarks, ["RESULT.txt is not valid UTF-8: bytes without a meaning are shown as \u{fffd}"]);
}

#[test]
fn a_summary_is_cut_to_its_length_and_a_blank_one_is_none() {
    let found = Ended::new().with("SUMMARY.txt", format!("\n{}\n", "ä".repeat(2_500))).collect(&gateway());
    assert_eq!(found.summary.map(|text| text.chars().count()), Some(2_000));
    assert_eq!(found.remarks, ["SUMMARY.txt was cut to 2000 characters"]);

    assert_eq!(Ended::new().with("SUMMARY.txt", " \n").collect(&gateway()).summary, None);
    assert_eq!(Ended::new().with("SUMMARY.txt", " short\n").collect(&gateway()).summary.as_deref(), Some("short"));
}

#[test]
fn outputs_are_texts_by_name() {
    let found = Ended::new().with("OUTPUTS.json", r#"{"branch":"fix","n":3,"list":[1,{"a":null}]}"#).collect(&gateway());
    assert_eq!(found.outputs, [("branch", "fix"), ("n", "3"), ("list", r#"[1,{"a":null}]"#)].map(|(k, v)| (k.into(), v.into())).into());

    for bad in ["", "[]", "{", "\"x\"", "nan"] {
        let found = Ended::new().with("OUTPUTS.json", bad).collect(&gateway());
        assert!(found.outputs.is_empty() && found.remarks[0].starts_with("OUTPUTS.json was not read: it is not "), "{bad:?}");
    }
    let many: BTreeMap<_, _> = (0..50).map(|n| (format!("k{n:02}"), "v".repeat(1_000))).collect();
    let found = Ended::new().with("OUTPUTS.json", serde_json::to_vec(&many).unwrap()).collect(&gateway());
    assert_eq!((found.outputs.len(), found.outputs["k00"].len(), found.remarks.len()), (20, 500, 2));
}

#[test]
fn files_are_listed_without_ours_hidden_ones_and_links() {
    let ended = Ended::new().with("RESULT.txt", "x").with("data.csv", "x").with("b.txt", "12").with(".hidden", "x");
    fs::create_dir_all(ended.workspace.file("out/deep")).unwrap();
    fs::create_dir_all(ended.workspace.file(".git")).unwrap();
    let ended = ended.with("out/deep/a.png", "123").with("out/data.csv", "1").with(".git/config", "x");
    symlink("/etc", ended.workspace.file("etc")).unwrap();
    let unprintable = std::ffi::OsStr::from_bytes(b"\xff.bin");
    fs::write(ended.workspace.task_dir().join(unprintable), "1").unwrap();

    let found = ended.collect(&gateway());

    let expected = [("b.txt", 2), ("out/data.csv", 1), ("out/deep/a.png", 3), ("\u{fffd}.bin", 1)];
    assert_eq!(found.files, expected.map(|(name, size)| (name.to_owned(), size)));
}

#[test]
fn a_flood_of_files_is_bounded() {
    let ended = Ended::new();
    for n in 0..2_100 {
        fs::write(ended.workspace.file(&format!("f{n}")), "").unwrap();
    }
    let found = ended.collect(&gateway());

    assert_eq!((found.files.len(), found.remarks.len()), (20, 2));
}

#[test]
fn the_log_s_end_comes_along() {
    let found = Ended::new().with("agent-output.log", "line\n".repeat(2_000)).collect(&gateway());

    assert_eq!(found.log_tail.map(|text| text.len()), Some(4_095));
}

fn session(ended: &Ended, name: &str, input: u64) {
    let folder = ended.workspace.dir().join("agents/main/sessions");
    fs::create_dir_all(&folder).unwrap();
    let line = format!(r#"{{"type":"message","message":{{"role":"assistant","model":"m","usage":{{"input":{input},"output":1}}}}}}"#);
    fs::write(folder.join(name), format!("{line}\n{line}\n")).unwrap();
}

#[test]
fn openclaw_s_tokens_come_from_its_session_else_from_its_answer() {
    let ended = Ended::new().printed(r#"{"status":"ok","usage":{"input":7}}"#);
    assert_eq!(ended.collect(&gateway()).spent.usage(), Some(Usage { input: 7, ..Usage::default() }));

    session(&ended, "renamed.jsonl", 100);
    assert_eq!(ended.collect(&gateway()).spent.usage(), Some(Usage { input: 200, output: 2, ..Usage::default() }));

    session(&ended, &format!("{AGENT}-{}.jsonl", ended.task), 10);
    let found = ended.collect(&gateway());
    assert_eq!(found.spent.usage(), Some(Usage { input: 20, output: 2, ..Usage::default() }));
    assert_eq!(found.answer, Some(Answer { ok: true, error: None, class: None, resets: None }));
}

#[test]
fn an_exec_answer_is_the_result_where_no_file_is() {
    let answer = r#"{"ok":true,"status":"ok","final":"42","usage":{"input":1},"costUsd":0.5}"#;
    let found = Ended::new().printed(answer).collect(&exec());
    assert_eq!((found.text.as_str(), found.no_text_because, found.spent.cost), ("42", None, Some(Usd::from_nanos(500_000_000))));

    let found = Ended::new().printed(answer).with("RESULT.txt", "from the file").collect(&exec());
    assert_eq!(found.text, "from the file");
    assert_eq!(Ended::new().printed(answer).collect(&gateway()).text, "", "an agent in the Gateway writes a file");
}

#[test]
fn a_command_s_output_is_its_result_where_no_file_is() {
    let found = Ended::new().printed("hello\n").with("USAGE.json", r#"{"input":3,"output":4}"#).collect(&Reading::default());
    assert_eq!((found.text.as_str(), found.spent.usage()), ("hello\n", Some(Usage { input: 3, output: 4, ..Usage::default() })));

    let found = Ended::new().printed(&"x".repeat(3_000)).with("USAGE.json", "{").collect(&Reading::default());
    assert_eq!((found.text.len(), found.text_left_out, found.spent.usage()), (1_000, 2_000, None));
    assert!(found.remarks[0].starts_with("USAGE.json was not read: it is not JSON"));

    let found = Ended::new().printed("x").with("USAGE.json", r#"{"input":-3,"output":4}"#).collect(&Reading::default());
    assert_eq!(found.spent.usage(), None);
    let why = "USAGE.json: its usage has -3 at `/input`, which can't be true: how many tokens there were is unknown";
    assert_eq!(found.remarks, [why]);
}

#[test]
fn a_session_whose_tokens_can_t_be_true_leaves_all_of_them_unknown() {
    let ended = Ended::new().printed(r#"{"meta":{"agentMeta":{"usage":{"input":7}}}}"#);
    session(&ended, "one.jsonl", 100);
    let folder = ended.workspace.dir().join("agents/main/sessions");
    fs::write(folder.join("two.jsonl"), r#"{"type":"message","message":{"role":"assistant","usage":{"input":"many"}}}"#).unwrap();

    let found = ended.collect(&gateway());

    assert_eq!(found.spent.usage(), None, "neither one session's tokens nor those of the last answer are all of them");
    assert!(found.remarks.iter().any(|remark| remark.contains("\"many\" at `/message/usage/input`")), "{:?}", found.remarks);
}
