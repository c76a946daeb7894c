//! What an agent has left is checked by the orchestrator itself: through the real program, with checks that say yes, no, and nothing.

use orchestrator_sandbox::world::snowflake::Snowflake;
use serde_json::{Value, json};

use crate::world::{Founding, World};

/// A world whose scripted agent may be checked, and shows cards.
pub(super) fn world() -> Founding {
    Founding::new()
        .config("cards.show", json!("state_changes"))
        .config("cards.threads", json!(false))
        .config("checks.tests", json!({"command": "test \"$(cat answer)\" = 42 || { echo \"the answer is $(cat answer)\"; exit 3; }"}))
        .config("checks.slow", json!({"command": "trap '' TERM; (setsid sleep 600 &); while :; do sleep 600; done", "timeout_seconds": 1}))
        .config(
            "agents.script.checks.waits",
            json!({"command": "echo $$ > $HOME/waits; until [ -e $HOME/go ]; do sleep 0.02; done; test -e answer"}),
        )
}

impl World {
    pub(super) fn checked(&self, task: Snowflake) -> Value {
        self.status_of(task)["attempts"].as_array().and_then(|attempts| Some(attempts.last()?["checked"].clone())).unwrap_or_default()
    }

    /// The latest workspace of a task.
    pub(super) fn workspace(&self, task: Snowflake) -> std::path::PathBuf {
        self.task_dir(task).expect("its folder").ancestors().nth(2).expect("its workspace").to_owned()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn work_that_its_check_says_yes_to_is_verified_with_command_code_and_hash_everywhere() {
    let world = world().start().await;

    let task = world.say("[check:tests] echo 42 > answer; cp TASK.txt told; echo done > RESULT.txt");
    let entry = world.entry(task).await.content;
    assert!(entry.contains("🟢 **Verified** · `tests`: `test") && entry.contains("exit code 0"), "{entry}");
    let hash = world.checked(task)["changes"]["sha256"].as_str().expect("a hash").to_owned();
    assert!(entry.contains(&format!("sha256 `{hash}`")), "{entry}");
    assert_eq!(world.status_of(task)["finding"], "verified");
    assert_eq!(world.checked(task)["checks"][0]["exit"], 0);
    world.shows(task, "🟢 **Verified**").await;
    assert!(world.face(task).contains(&hash[..16]), "{}", world.face(task));
    assert!(!world.task_text(task, "told").contains("check:"), "{}", world.task_text(task, "told"));
    let (_, list, _) = world.run(&["list"]);
    assert!(list.contains("succeeded (verified)"), "{list}");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn work_that_its_check_says_no_to_succeeds_with_gaps_and_tells_what_the_check_printed() {
    let world = world().start().await;

    let task = world.say("[check:tests] echo 41 > answer; echo done > RESULT.txt");
    let entry = world.entry(task).await.content;

    assert!(entry.starts_with("**[SUCCESS]**") && entry.contains("🟡 **Gaps** · `tests`"), "{entry}");
    assert!(entry.contains("exit code 3") && entry.contains("the answer is 41"), "{entry}");
    assert_eq!((world.status_of(task)["finding"].clone(), world.checked(task)["checks"][0]["exit"].clone()), (json!("gaps"), json!(3)));
    world.shows(task, "🟡 **Gaps**").await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_that_comes_to_no_end_leaves_the_work_unverified_and_nothing_alive() {
    let world = world().start().await;

    let task = world.say("[check:slow] echo done > RESULT.txt");
    let entry = world.entry(task).await.content;
    assert!(entry.starts_with("**[SUCCESS]**") && entry.contains("⚪ **Unverified** · `slow`"), "{entry}");
    assert!(entry.contains("its time limit of 1s was reached"), "{entry}");

    let failed = world.say("[check:tests] exit 5");
    let entry = world.entry(failed).await.content;
    assert!(entry.starts_with("**[FAILED]**") && entry.contains("⚪ **Unverified** · `tests` · the agent did not end well"), "{entry}");

    let none = world.say("echo done > RESULT.txt");
    let entry = world.entry(none).await.content;
    assert!(!entry.contains("erified") && world.checked(none).is_null(), "a task without a check says nothing of any: {entry}");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_killed_during_the_check_tells_its_finding_once_when_it_is_back() {
    let mut world = world().start().await;
    let task = world.say("[check:waits] echo 42 > answer; echo done > RESULT.txt");
    world.until("the check runs", |world| world.has_file("waits")).await;
    let told = |world: &World| {
        world.status_of(task)["now"]["tells"].as_str().is_some_and(|tells| tells.contains("its work is being checked (waits)"))
    };
    world.until("it is told that it is being checked", told).await;

    world.kill_bot();
    std::fs::write(world.dir().join("go"), "").expect("a file");
    world.start_bot();
    world.wait_until_online().await;

    let entry = world.entry(task).await.content;
    assert!(entry.starts_with("**[SUCCESS]**") && entry.contains("🟢 **Verified** · `waits`"), "{entry}");
    assert_eq!(world.count_entries(task), 1);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_during_the_check_ends_it_and_cancels_the_task() {
    let world = world().start().await;
    let task = world.say("[check:waits] echo done > RESULT.txt");
    world.until("the check runs", |world| world.has_file("waits")).await;

    assert_eq!(world.run(&["cancel", &task.to_string()]).0, 0);

    let entry = world.entry(task).await.content;
    assert!(entry.starts_with("**[CANCELLED]**") && entry.contains("⚪ **Unverified**"), "{entry}");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attendant_that_is_killed_during_the_check_costs_the_finding_and_not_the_result() {
    let world = world().start().await;
    let task = world.say("[check:waits] echo done > RESULT.txt");
    world.until("the check runs", |world| world.has_file("waits")).await;

    world.shell("kill -9 $(awk '{print $4}' /proc/$(cat waits)/stat)");

    let entry = world.entry(task).await.content;
    assert!(entry.starts_with("**[SUCCESS]**") && entry.contains("⚪ **Unverified** · `waits` · it was cut off"), "{entry}");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_can_t_say_yes_in_its_check_s_place() {
    let late = "touch $HOME/begun; sleep 0.5; test \"$(cat answer)\" = 42 || { echo \"the answer is $(cat answer)\"; exit 3; }";
    let world = world().config("checks.late", json!({"command": late})).start().await;

    // It leaves a process that would make the work right during the check, writes into all places where a finding could come from, puts a `test` of
    // its own beside its work, and says so itself.
    let task = world.say(
        "[check:late] echo 41 > answer; (trap '' TERM; setsid sh -c 'until [ -e $HOME/begun ]; do sleep 0.01; done; echo 42 > answer' &) ; \
         for f in check-1 changes; do echo forged > $TMPDIR/../$f; done; echo forged > ../../CHANGES.txt; \
         printf '#!/bin/sh\\nexit 0\\n' > test; chmod +x test; echo '🟢 **Verified** · tests · exit code 0' > RESULT.txt",
    );
    let entry = world.entry(task).await.content;

    assert!(entry.contains("🟡 **Gaps** · `late`") && entry.contains("the answer is 41"), "{entry}");
    assert!(entry.contains("that the agent had left running had to be killed"), "{entry}");
    assert_eq!(world.status_of(task)["finding"], "gaps");
    assert!(!world.checked(task).to_string().contains("forged"));
    let list = std::fs::read_to_string(world.workspace(task).join("CHANGES.txt")).expect("the list of changes");
    assert!(list.contains("answer") && !list.contains("forged"), "{list}");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_is_behind_its_agent_s_walls_and_has_none_of_its_secrets() {
    let walled = json!({
        "command": "/bin/sh", "args": [["-c", "tail -c +7 TASK.txt > .t; exec /bin/sh ./.t"]], "home": "own", "file_system": "workspace",
        "secrets": ["SECRET_KEY"], "default_checks": ["look"],
    });
    let mut world = world().config("agents.walled", walled).env("SECRET_KEY", "sesame-sesame").silent().await;
    let secret = world.dir().join("openclaw.json");
    let look = format!("echo \"key:$SECRET_KEY home:$HOME\"; cat {} > /dev/null && echo it can be read; test -e answer", secret.display());
    world.reconfigure("checks.look", json!({"command": look}));
    world.start_bot();
    world.wait_until_online().await;

    // Its agent's HOME could hold anything by now, and it has planted something there.
    let task = world.say("[agent:walled] echo alias > $HOME/.profile; echo done > RESULT.txt");
    let entry = world.entry(task).await.content;

    assert!(entry.contains("🟡 **Gaps** · `look`"), "a check that each of its tasks has needs no tag: {entry}");
    assert!(entry.contains("key: home:") && entry.contains("/checking/1/home"), "{entry}");
    assert!(entry.contains("Permission denied") && !entry.contains("it can be read"), "{entry}");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_check_prints_is_bounded_and_holds_no_secret_and_what_it_leaves_is_ended() {
    let print = "(setsid sh -c 'trap \"\" TERM; sleep 600' &); head -c 3000000 /dev/zero | tr '\\0' x; echo; cat $HOME/discord-config.env; echo the end; exit 1";
    let world = world().config("checks.prints", json!({"command": print})).start().await;
    let token = world.sandbox.user("orchestrator").expect("it is there").token;

    let task = world.say("[check:prints] echo done > RESULT.txt");
    let entry = world.entry(task).await.content;

    assert!(entry.contains("🟡 **Gaps** · `prints`") && entry.contains("the end"), "{entry}");
    assert!(entry.contains("[secret]") && !entry.contains(&token) && !world.checked(task).to_string().contains(&token), "{entry}");
    assert!(world.checked(task).to_string().len() < 4_000);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_that_changes_the_work_says_so() {
    let world = world().config("checks.meddles", json!({"command": "echo 43 > answer"})).start().await;

    let task = world.say("[check:meddles] [check:tests] echo 42 > answer; echo done > RESULT.txt");
    let entry = world.entry(task).await.content;

    assert!(entry.contains("the check `meddles` itself has changed files of the workspace"), "{entry}");
    assert!(entry.contains("🟡 **Gaps**\n- 🟢 Verified · `meddles`") && entry.contains("- 🟡 Gaps · `tests`"), "in their order: {entry}");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_check_leaves_in_its_home_and_its_temporary_folder_the_next_one_does_not_find() {
    let plants = json!({"command": "echo planted | tee $HOME/planted > $TMPDIR/planted"});
    let finds = json!({"command": "test ! -e $HOME/planted && test ! -e $TMPDIR/planted"});
    let walled = json!({"command": "/bin/sh", "args": ["-c", "{task_text}"], "home": "own", "file_system": "workspace"});
    let world = world().config("checks.plants", plants).config("checks.finds", finds).config("agents.walled", walled).start().await;

    let task = world.say("[agent:walled] [check:plants] [check:finds] echo done > RESULT.txt");
    let entry = world.entry(task).await.content;

    assert!(entry.contains("🟢 **Verified**") && entry.contains("- 🟢 Verified · `finds`"), "{entry}");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_whose_required_check_says_no_has_failed_and_is_tried_again_where_that_is_declared() {
    let needs = json!({"command": "echo \"no answer\"; test -e answer", "required": true});
    let world = world().config("checks.needs", needs).config("attempts.task", json!(2)).start().await;

    let task = world.say("[check:needs] [ -e $HOME/first ] && { echo 42 > answer; cp TASK.txt $HOME/told; }; touch $HOME/first; echo done > RESULT.txt; exit 0");
    let entry = world.entry(task).await.content;

    assert!(entry.starts_with("**[SUCCESS]**") && entry.contains("**Attempt:** 2") && entry.contains("🟢 **Verified**"), "{entry}");
    let first = world.status_of(task)["attempts"][0].clone();
    assert_eq!((first["outcome"].clone(), first["checked"]["checks"][0]["finding"].clone()), (json!("failed"), json!("gaps")), "{first}");
    assert!(first["reason"].as_str().is_some_and(|why| why.contains("did not say yes: exit code 1")), "{first}");
    let told = world.text("told");
    assert!(
        told.contains("--- It did not pass its check ---\nneeds (echo \"no answer\"; test -e answer): exit code 1\nno answer"),
        "{told}"
    );
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_check_is_refused_with_the_known_ones_and_a_command_is_for_who_may_bring_it() {
    let world = world().start().await;

    for (text, says) in [
        ("Do it [check:test]", "Unknown check `test` for agent `script`. Its checks: `slow`, `tests`, `waits`."),
        ("Do it [check:!true]", "You may not bring a command along as a check"),
    ] {
        let message = world.say(text);
        let reply = world.message("task-queue", |reply| reply.reply_to == Some(message)).await;
        assert!(reply.content.contains(says), "{}", reply.content);
    }
    // Whoever holds the machine may.
    let (code, out, error) =
        world.run(&["submit", "echo 42 > answer; echo done > RESULT.txt", "--check", "!test -s answer", "--check", "tests"]);
    assert_eq!(code, 0, "{error}");
    let task: Snowflake = out.trim().parse().expect("the id is printed");
    let entry = world.entry(task).await.content;
    assert!(entry.contains("🟢 **Verified**\n- 🟢 Verified · `!test -s answer` · exit code 0") && entry.contains("`tests`"), "{entry}");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_the_role_for_it_may_bring_a_command_along() {
    let founding = world();
    let mut world = founding.silent().await;
    let admin = world.sandbox.user("admin").expect("it is there").id;
    world.reconfigure("who_may.free_checks", json!({"users": [admin.to_string()], "roles": []}));
    world.start_bot();
    world.wait_until_online().await;

    let task = world.say("[check:!test -e answer] echo done > RESULT.txt");

    let entry = world.entry(task).await.content;
    assert!(entry.contains("🟡 **Gaps** · `!test -e answer` · exit code 1"), "{entry}");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_of_an_agent_is_checked_as_its_tasks_are() {
    let world = world().silent().await;

    let (code, out, error) =
        world.run(&["agents", "test", "script", "--text", "echo 42 > answer; echo done > RESULT.txt", "--check", "tests", "--json"]);
    let told: Value = serde_json::from_str(&out).expect("JSON");

    assert_eq!((code, told["checked"]["checks"][0]["finding"].clone()), (0, json!("verified")), "{error}{out}");
    let (_, list, _) = world.run(&["agents", "list"]);
    assert!(list.contains("script: slow, tests, waits"), "{list}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_shows_no_secret_of_what_its_agent_and_its_check_have_found() {
    let world = world().config("checks.reads", json!({"command": "cat $HOME/discord-config.env; exit 1"})).silent().await;
    let token = world.sandbox.user("orchestrator").expect("it is there").token;

    let text = "cp $HOME/discord-config.env RESULT.txt; touch \"$(sed -n s/^ORCHESTRATOR_AGENT_TOKEN=//p RESULT.txt)\"";
    for form in [&["--json"][..], &[]] {
        let (_, out, error) = world.run(&[&["agents", "test", "script", "--text", text, "--check", "reads"], form].concat());

        assert!(out.contains("ORCHESTRATOR_AGENT_TOKEN=[secret]"), "{error}{}", out.replace(&token, "THE TOKEN"));
        assert!(!out.contains(&token) && !error.contains(&token), "{}", out.replace(&token, "THE TOKEN"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_stopped_at_its_ceiling_is_not_checked_also_if_it_is_taken_as_it_is() {
    let output = json!({"format": "jsonl", "usage": {"where": {"/type": "call"}, "take": "sum", "cost": "/usd"}});
    let spender = "#!/bin/sh\necho 'Half of it.' > RESULT.txt; touch answer; echo '{\"type\":\"call\",\"usd\":0.9}'; exec sleep 600\n";
    let founding = world().program("spender.sh", spender);
    let world = founding
        .config("agents.spender", json!({"command": "./spender.sh", "models": {}, "grace_seconds": 1, "output": output}))
        .start()
        .await;

    let task = world.say("Do it [agent:spender] [budget:0.50] [check:tests]");
    let entry = world.entry(task).await.content;
    assert!(
        entry.starts_with("**[OVER BUDGET]**") && entry.contains("⚪ **Unverified** · `tests` · the agent did not end well"),
        "{entry}"
    );
    assert_eq!(world.run(&["accept", &task.to_string()]).0, 0);

    world.shows(task, "Taken as it is").await;
    assert!(world.face(task).contains("⚪ **Unverified**"), "{}", world.face(task));
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_that_is_declared_no_more_when_its_task_runs_leaves_it_unverified() {
    let mut world = world().config("caps.max_concurrent", json!(1)).start().await;
    let before = world.say("until [ -e $HOME/go ]; do sleep 0.02; done; echo done > RESULT.txt");
    // So long a text goes to the service itself: there is no message that would be read, and refused, again.
    let long = format!("echo 42 > answer; echo done > RESULT.txt # {}", "x".repeat(2_000));
    let (code, out, error) = world.run(&["submit", &long, "--check", "tests"]);
    assert_eq!(code, 0, "{error}");
    let task = out.trim().to_owned();

    world.kill_bot();
    world.reconfigure("checks", json!({}));
    world.start_bot();
    world.wait_until_online().await;
    std::fs::write(world.dir().join("go"), "").expect("a file");

    world.entry(before).await;
    let entry = world.message("results", |message| message.content.contains(&format!("`{task}`"))).await.content;
    assert!(entry.starts_with("**[SUCCESS]**"), "{entry}");
    assert!(entry.contains("⚪ **Unverified** · `tests` · agent `script` has no such check any more"), "{entry}");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_does_not_follow_an_agent_that_has_put_a_link_in_its_working_folder_s_place() {
    let world = world().config("checks.here", json!({"command": "pwd -P; test -e openclaw.json"})).start().await;

    let task = world.say("[check:here] here=$PWD; echo done > RESULT.txt; cd ..; mv $here $here.moved; ln -s $HOME $here");

    let entry = world.entry(task).await.content;
    assert!(!entry.contains("🟢"), "{entry}");
    assert_eq!(world.checked(task)["checks"][0]["because"], "the working folder was replaced or is gone");
    assert!(!world.has_file("CHANGES.txt"));
    world.finish().await;
}
