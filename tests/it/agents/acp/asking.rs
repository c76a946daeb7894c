//! An agent asks whether it may do something, and a person answers: in Discord, at the command line, across restarts, or not at all.

use orchestrator_sandbox::{Snowflake, world::message::Message};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{agent, asks, begins, ends, is_answered, recording, usual, writes};
use crate::world::{Founding, PATIENCE, World};

/// A world with an agent that asks people before it runs `touch hi`, and what is said meanwhile.
pub(super) struct Asked {
    pub(super) world: World,
    folder: TempDir,
    pub(super) task: Snowflake,
}

fn founding(folder: &TempDir, steps: &[Value], more: &Value) -> Founding {
    let path = recording(folder.path(), "recording.jsonl", steps);
    let mut definition = agent(&path, more);
    definition["env"]["ACP_SEEN"] = json!(folder.path().join("seen"));
    if more["permissions"].is_null() {
        definition["permissions"] = json!("ask");
    }
    Founding::new()
        .config("agents.spoken", definition)
        .config("cards.show", json!("live"))
        .config("cards.edit_gap_ms", json!(0))
        .config("cards.threads", json!(false))
}

pub(super) fn touches() -> Vec<Value> {
    let mut steps = begins();
    steps.extend([writes("I'll see. "), asks(&json!(0), "touch hi", &usual()), is_answered(&json!(0)), writes("Done."), ends()]);
    steps
}

impl Asked {
    async fn new(steps: &[Value], more: &Value) -> Self {
        Self::with(steps, more, "").await
    }

    /// One whose task has these tags, too.
    pub(super) async fn with(steps: &[Value], more: &Value, tags: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let world = founding(&folder, steps, more).start().await;
        let task = world.say(&format!("Touch it [agent:spoken] {tags}"));
        Self { world, folder, task }
    }

    /// How often its bridge has said that it waits.
    pub(super) fn beats(&self) -> usize {
        let log = self.world.task_file(self.task, "agent-output.log").unwrap_or_default();
        String::from_utf8_lossy(&log).matches("\"type\":\"waits\"").count()
    }

    /// What the agent was told.
    pub(super) fn seen(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("seen")).unwrap_or_default()
    }

    fn card(&self) -> Option<Message> {
        self.world.said("task-queue").into_iter().find(|message| message.reply_to == Some(self.task) && message.embeds.len() == 1)
    }

    fn face(&self) -> String {
        let card = self.card();
        card.and_then(|card| card.embeds[0]["description"].as_str().map(str::to_owned)).unwrap_or_default()
    }

    pub(super) async fn shows(&self, part: &str) {
        self.world.until(part, |_| self.face().contains(part)).await;
    }

    /// The message with which it is asked.
    async fn question(&self) -> Message {
        let is_it = |message: &Message| message.reply_to == Some(self.task) && message.content.contains("asks for permission");
        self.world.message("task-queue", is_it).await
    }

    /// Presses a button: what is answered.
    async fn press(&self, message: &Message, label: &str, who: &str) -> String {
        let pressed = buttons(message).into_iter().find(|(stands, _)| stands == label).unwrap_or_else(|| panic!("{label}")).1;
        let pressed = self.world.sandbox.person(who).press(message.id, &pressed).expect("the local Discord takes the press");
        let answered = |world: &orchestrator_sandbox::World| {
            let interaction = world.interaction(pressed)?;
            let answer = world.message(interaction.channel, interaction.original?)?;
            let boxed = answer.embeds.first().and_then(|embed| embed["description"].as_str()).unwrap_or_default();
            Some(format!("{}{boxed}", answer.content)).filter(|text| !text.is_empty())
        };
        self.world.sandbox.wait_for(answered, PATIENCE).await.expect("an answer")
    }

    /// What is known of the task; nothing, as long as it is not.
    pub(super) fn status(&self) -> Value {
        let (_, out, _) = self.world.run(&["status", &self.task.to_string(), "--json"]);
        serde_json::from_str(&out).unwrap_or_default()
    }

    pub(super) fn permit(&self, more: &[&str]) -> (i32, String) {
        let id = self.task.to_string();
        let (code, out, err) = self.world.run(&[&["permit", &id], more].concat());
        (code, out + &err)
    }

    pub(super) async fn is_open(&self) {
        self.world.until("the question is known", |_| self.status()["asks"].as_array().is_some_and(|asks| asks.len() == 1)).await;
    }

    pub(super) async fn ends_with(self, text: &str) {
        let entry = self.world.entry(self.task).await.content;
        assert!(entry.contains(text), "{text:?} is not in {entry}");
        self.world.finish().await;
    }
}

fn buttons(message: &Message) -> Vec<(String, String)> {
    let inside = message.components.iter().flat_map(|row| row["components"].as_array().cloned().unwrap_or_default());
    inside.filter_map(|one| Some((one["label"].as_str()?.to_owned(), one["custom_id"].as_str()?.to_owned()))).collect()
}

fn labels(message: &Message) -> Vec<String> {
    buttons(message).into_iter().map(|(label, _)| label).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_put_to_people_and_a_press_lets_the_agent_go_on() {
    let asked = Asked::new(&touches(), &json!({})).await;

    let question = asked.question().await;
    assert!(question.content.contains("(execute):**") || question.content.contains("touch hi"), "{}", question.content);
    assert!(question.content.contains("**Always allow** is, in its words: Yes, and all of its kind"), "{}", question.content);
    assert_eq!(labels(&question), ["Allow once", "Always allow", "Deny"]);
    asked.shows("🔐 **Asks for permission:** `touch hi`").await;
    let on_card = labels(&asked.card().expect("its card"));
    assert_eq!(on_card, ["Allow once", "Always allow", "Deny", "Why?", "Cancel"]);
    let (_, why, _) = asked.world.run(&["why", &asked.task.to_string()]);
    assert!(why.contains("It waits for your permission: touch hi") && why.contains("orchestrator permit"), "{why}");
    let told = asked.status();
    assert_eq!(told["asks"][0]["question"]["title"], json!("touch hi"), "{told}");
    assert!(told["reason"].as_str().is_some_and(|reason| reason.starts_with("It waits for your permission")), "{told}");

    let told = asked.press(&question, "Allow once", "admin").await;
    assert!(told.contains("may go on: `touch hi` (allow once)"), "{told}");
    asked.shows("Done").await;

    assert!(asked.seen().contains("\"optionId\":\"once\""), "{}", asked.seen());
    let entry = asked.world.entry(asked.task).await.content;
    assert!(entry.starts_with("**[SUCCESS]**") && entry.contains("Done."), "{entry}");
    let story = asked.status()["events"].to_string();
    assert!(story.contains("its agent asked for permission") && story.contains("admin allowed it once"), "{story}");
    assert!(asked.status()["asks"].as_array().is_some_and(Vec::is_empty));
    asked.world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_else_s_press_changes_nothing_and_a_second_one_says_what_is_true() {
    let asked = Asked::new(&touches(), &json!({})).await;
    let question = asked.question().await;

    let told = asked.press(&question, "Allow once", "stranger").await;
    assert!(told.contains("You may not control somebody else's task"), "{told}");
    let told = asked.press(&question, "Deny", "admin").await;
    assert!(told.contains("may not: `touch hi` (deny)"), "{told}");
    let told = asked.press(&question, "Allow once", "admin").await;
    assert!(told.contains("of an earlier state"), "{told}");
    asked.world.until("it is told", |_| asked.seen().contains("optionId")).await;
    assert!(!asked.seen().contains("\"optionId\":\"once\"") && asked.seen().contains("\"optionId\":\"no\""), "{}", asked.seen());
    asked.ends_with("1 call of a tool was refused to the agent").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_answered_at_the_command_line_too_and_what_can_t_be_is_explained() {
    let options =
        json!([{"optionId": "once", "name": "Yes", "kind": "allow_once"}, {"optionId": "no", "name": "No", "kind": "reject_once"}]);
    let mut steps = begins();
    steps.extend([asks(&json!("q"), "touch hi", &options), is_answered(&json!("q")), writes("Done."), ends()]);
    let asked = Asked::new(&steps, &json!({})).await;
    asked.is_open().await;

    let (code, told) = asked.permit(&["--always"]);
    assert!(
        code == 9 && told.contains("can't be answered with \"always allow\"; its agent offers \"allow once\", \"deny\""),
        "{code} {told}"
    );
    let (code, told) = asked.permit(&["--question", "7"]);
    assert!(code == 9 && told.contains("asks that no more"), "{code} {told}");
    let (code, told) = asked.permit(&[]);
    assert!(code == 0 && told.contains("touch hi is answered with \"allow once\""), "{code} {told}");

    let (task, entry) = (asked.task.to_string(), asked.world.entry(asked.task).await.content);
    assert!(entry.contains("Done."), "{entry}");
    let (code, told, error) = asked.world.run(&["permit", &task]);
    assert!(code == 9 && (told.clone() + &error).contains("does not run"), "{code} {told}{error}");
    asked.world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_was_asked_while_nobody_was_there_is_put_when_somebody_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let go = folder.path().join("go");
    let mut steps = begins();
    steps.extend([
        json!({"do": "wait", "file": go}),
        asks(&json!(0), "touch hi", &usual()),
        is_answered(&json!(0)),
        writes("Done."),
        ends(),
    ]);
    let world = founding(&folder, &steps, &json!({})).start().await;
    let task = world.say("Touch it [agent:spoken]");
    let mut asked = Asked { world, folder, task };
    asked.world.until("it works", |_| asked.seen().contains("session/prompt")).await;

    asked.world.kill_bot();
    std::fs::write(go, "").expect("a file");
    asked.world.start_bot();
    asked.world.wait_until_online().await;

    let question = asked.question().await;
    asked.press(&question, "Always allow", "admin").await;
    asked.world.entry(task).await;
    assert!(asked.seen().contains("\"optionId\":\"always\""), "{}", asked.seen());
    asked.ends_with("Done.").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_was_given_while_nobody_was_there_is_brought_when_somebody_is() {
    let mut asked = Asked::new(&touches(), &json!({})).await;
    asked.is_open().await;

    asked.world.kill_bot();
    let (code, told) = asked.permit(&[]);
    assert!(code == 0 && told.contains("counts from its next start"), "{code} {told}");
    assert!(!asked.seen().contains("optionId"), "nobody has brought it yet");
    asked.world.start_bot();
    asked.world.wait_until_online().await;

    asked.ends_with("Done.").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_nobody_answers_is_denied_in_time_also_while_nobody_is_there() {
    let mut asked = Asked::new(&touches(), &json!({"permission_seconds": 2})).await;
    asked.is_open().await;

    asked.world.kill_bot();
    asked.world.until("it is told no", |_| asked.seen().contains("\"optionId\":\"no\"")).await;
    asked.world.start_bot();
    asked.world.wait_until_online().await;

    asked.ends_with("nobody answered in time when the agent asked for permission").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_for_a_person_is_no_silence() {
    let asked = Asked::new(&touches(), &json!({"stall_seconds": 1})).await;
    asked.is_open().await;

    asked.world.until("it has waited for longer than it may be silent", |_| asked.beats() > 8).await;
    assert_eq!(asked.permit(&[]).0, 0);

    asked.ends_with("Done.").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_is_cancelled_while_it_waits_tells_its_agent_that_nobody_will_answer() {
    let asked = Asked::new(&touches(), &json!({"grace_seconds": 2})).await;
    asked.is_open().await;

    assert_eq!(asked.world.run(&["cancel", &asked.task.to_string(), "--yes"]).0, 0);

    asked.world.until("its agent is told", |_| asked.seen().contains("\"outcome\":\"cancelled\"")).await;
    asked.ends_with("**[CANCELLED]**").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_question_under_two_numbers_and_two_under_one_are_answered_once_each() {
    let mut steps = begins();
    let done = [asks(&json!(0), "touch hi", &usual()), asks(&json!(0), "rm -r /", &usual()), asks(&json!(1), "touch ho", &usual())];
    steps.extend(done);
    steps.extend([is_answered(&json!(0)), is_answered(&json!(1)), writes("Done."), ends()]);
    let asked = Asked::new(&steps, &json!({})).await;
    asked.world.until("both are known", |_| asked.status()["asks"].as_array().is_some_and(|asks| asks.len() == 2)).await;

    assert!(asked.permit(&[]).1.contains("touch hi is answered"));
    assert!(asked.permit(&["--deny"]).1.contains("touch ho is answered with \"deny\""));

    let entry = asked.world.entry(asked.task).await.content;
    assert!(entry.contains("twice under one number"), "{entry}");
    assert_eq!(asked.seen().matches("optionId").count(), 2, "{}", asked.seen());
    asked.world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_with_walls_can_t_answer_its_own_question_nor_write_what_the_bridge_says() {
    let offered = discord_orchestrator::adapters::process::offered();
    if offered.landlock < 6 {
        eprintln!("NOT TESTED: this kernel offers {offered:?}");
        return;
    }
    // Its number is the first of the first attempt.
    let forge = "cd \"$TMPDIR\"/..; for n in answers/*.json answers/1001.json; do echo '{\"answer\":\"allow_once\",\"by\":\"me\",\"at\":\"2026-01-01T00:00:00Z\"}' > $n; done 2>/dev/null; \
                 read -r a b c bridge rest < /proc/$PPID/stat; { ls answers > \"$HOME/seen\"; echo x > /proc/$bridge/fd/1; cat /proc/$bridge/environ; } 2>\"$HOME/errors\"; echo tried > \"$HOME/tried\"";
    let mut steps = begins();
    steps.extend([
        asks(&json!(0), "touch hi", &usual()),
        json!({"do": "run", "command": forge}),
        is_answered(&json!(0)),
        writes("Done."),
        ends(),
    ]);
    let folder = tempfile::tempdir().expect("a folder");
    let mut walls = json!({"file_system": "workspace", "isolation_required": true, "home": "own", "read": [folder.path()]});
    walls["read"].as_array_mut().expect("a list").push(json!(env!("CARGO_MANIFEST_DIR")));
    walls["write"] = json!([folder.path()]);
    let world = founding(&folder, &steps, &walls).start().await;
    let task = world.say("Touch it [agent:spoken]");
    let asked = Asked { world, folder, task };
    asked.is_open().await;

    let attempts = asked.world.dir().join(".runtime/attempts");
    let at = |name: &str| {
        let folders = std::fs::read_dir(&attempts).into_iter().flatten().flatten();
        folders.map(|folder| folder.path().join(name)).find(|path| path.exists())
    };
    asked.world.until("it has tried", |_| at("home/tried").is_some()).await;

    assert!(at("answers/1001.json").is_none(), "it has answered itself");
    let errors = std::fs::read_to_string(at("home/errors").expect("its errors")).expect("a text");
    assert!(errors.contains("/fd/1") && errors.contains("/environ"), "{errors}");
    assert!(asked.status()["asks"][0]["decision"].is_null());
    assert_eq!(asked.permit(&["--deny"]).0, 0);
    asked.ends_with("1 call of a tool was refused to the agent").await;
}
