//! What an agent is told: its instructions, and the message that starts it. Pure.

use std::{borrow::Cow, fmt::Write as _, path::Path};

use super::workspace::{self, Workspace};
use crate::domain::{
    id::TaskId,
    model::ModelId,
    task::{Conversation, Wishes, show_duration},
};

/// All that is known of an attempt before it runs.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Its task.
    pub task: &'a TaskId,
    /// The task's text.
    pub prompt: &'a str,
    /// How it is to be run.
    pub wishes: &'a Wishes,
    /// Its workspace's name.
    pub agent_id: &'a str,
    /// Its workspace.
    pub workspace: &'a Workspace,
    /// The agent program's own configuration file, if one is known.
    pub config: Option<&'a Path>,
    /// The folder for files that it is given beside its workspace.
    pub config_dir: &'a Path,
    /// Its HOME, if that is the attempt's own.
    pub home: Option<&'a Path>,
    /// Its own word for the thinking level, if it has one.
    pub thinking: Option<&'a str>,
    /// Whether its last answer is read, so that it need write no file.
    pub answers: bool,
    /// The models that are known, as [`listing`](crate::domain::model::Catalogue::listing) has them.
    pub models: &'a [(Option<String>, ModelId)],
    /// Longest `SUMMARY.txt`, in characters.
    pub summary_max: usize,
    /// What its work is checked by: names of checks with their commands.
    pub checks: &'a [(String, String)],
    /// Names of the files that came with the task.
    pub attachments: &'a [String],
    /// The operator's instructions, in place of our own.
    pub template: Option<&'a str>,
}

/// The instructions: our own, or the operator's template, with the task's facts after either.
pub fn agents_md(facts: &Facts<'_>) -> String {
    let instructions = facts.template.map_or_else(|| Cow::Owned(ours(facts)), Cow::Borrowed);
    format!("{}\n\n{}", instructions.trim_end(), of_task(facts))
}

fn ours(facts: &Facts<'_>) -> String {
    let result = if facts.answers {
        "(optional): the whole result. Without it your last answer is the result: make it complete. Worth it if the result is long, or if the time could run out: \
         what stands there then is shown as partial."
    } else {
        "the whole result. Without it, or with nothing but white space in it, the task counts as failed. Write it early and better it: if the time runs out, \
         what stands there is shown as partial."
    };
    format!(
        "# How you work\n\n\
         You work on one task, alone, to its end. Nobody answers questions meanwhile: decide what is open, and say in your result what you decided.\n\
         You know nothing of earlier tasks and need nothing of them.\n\n\
         # What you write\n\n\
         All of it into the working folder named below.\n\n\
         - `{result_file}`{colon} {result}\n\
         - `{summary}` (optional): a short form for the chat, at most {most} characters. Worth it if the result is longer than that.\n\
         - `{outputs}` (optional): named outputs as one JSON object of texts, like `{{\"branch\": \"fix-typo\", \"pull_request\": \"https://…\"}}`.\n\
         - Other files that you leave there are listed beside the result.\n\n\
         `{task}` holds the task's text, after `TASK: `. Do not change it, nor `{log}`.\n",
        result_file = workspace::RESULT,
        colon = if facts.answers { "" } else { ":" },
        summary = workspace::SUMMARY,
        outputs = workspace::OUTPUTS,
        task = workspace::TASK,
        log = workspace::LOG,
        most = facts.summary_max,
    )
}

fn of_task(facts: &Facts<'_>) -> String {
    let fence = "`".repeat(longest_run(facts.prompt).max(2) + 1);
    let mut text = format!(
        "# The task\n\n\
         - Task id: `{}`\n- Agent id: `{}`\n- Working folder: `{}`\n- Time limit: {}\n- Thinking: {}\n",
        facts.task,
        facts.agent_id,
        facts.workspace.task_dir().display(),
        show_duration(facts.wishes.time_limit),
        facts.wishes.thinking,
    );
    if let Some(model) = &facts.wishes.model {
        let _ = writeln!(text, "- Model: `{model}`");
    }
    if let Some(budget) = facts.wishes.budget {
        let _ = writeln!(text, "- Budget: {budget} in all; at that sum the run is stopped");
    }
    for (name, command) in facts.checks {
        let _ = writeln!(text, "- Checked after your end, in the working folder, by {name}: `{}`", command.replace(['`', '\n'], " "));
    }
    for name in facts.attachments {
        let _ = writeln!(text, "- File that came with it: `{name}`");
    }
    let _ = write!(text, "\n{fence}text\n{}\n{fence}\n", facts.prompt);
    if !facts.models.is_empty() {
        text.push_str("\n# Models\n\n");
        for (alias, id) in facts.models {
            let _ = match alias {
                Some(alias) => writeln!(text, "- `{alias}`: `{id}`"),
                None => writeln!(text, "- `{id}`"),
            };
        }
    }
    text
}

/// How much of an earlier result is told, in characters.
const TOLD: usize = 20_000;

/// A task's text with what came of it so far and what was said in its thread, oldest first.
pub fn with_conversation(prompt: &str, conversation: &Conversation) -> String {
    let mut text = prompt.to_owned();
    if let Some(left) = &conversation.left {
        let shown: String = left.text.trim().chars().take(TOLD).collect();
        let cut = if shown.len() < left.text.trim().len() { "\n[… it goes on]" } else { "" };
        let _ = write!(text, "\n\n--- What attempt {} has left ({}) ---\n{shown}{cut}", left.number, left.outcome.word().replace('_', " "));
    }
    for objection in conversation.left.iter().flat_map(|left| &left.objections) {
        let _ = write!(text, "\n\n--- It did not pass its check ---\n{objection}");
    }
    for said in &conversation.said {
        let _ = write!(text, "\n\n--- {} then said ---\n{}", said.by.name(), said.text);
    }
    text
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or_default()
}

/// The message that an agent is started with: where its task is, and where its result goes. Some agents read nothing else.
pub fn message(facts: &Facts<'_>) -> String {
    let at = |name| facts.workspace.file(name).display().to_string();
    format!(
        "Read the task in {task} and do what it says, completely and without asking back: nobody answers questions. \
         Write the whole result to {result}; without that file the task counts as failed. \
         If the result is longer than {most} characters, write a short form to {summary} too. \
         Named outputs, if there are any, go to {outputs} as one JSON object of texts. \
         {agents} has the details. You have {limit}.",
        task = at(workspace::TASK),
        result = at(workspace::RESULT),
        summary = at(workspace::SUMMARY),
        outputs = at(workspace::OUTPUTS),
        agents = at(workspace::AGENTS),
        most = facts.summary_max,
        limit = show_duration(facts.wishes.time_limit),
    )
}

/// The task as an agent is asked it that answers: its text, and the files that came with it.
pub fn prompt(facts: &Facts<'_>) -> String {
    match facts.attachments {
        [] => facts.prompt.to_owned(),
        names => format!("{}\n\n(Files that came with it, in the working folder: {})", facts.prompt, names.join(", ")),
    }
}

#[cfg(test)]
pub(in crate::runner) mod tests {
    use std::time::Duration;

    use insta::assert_snapshot;

    use super::*;
    use crate::domain::task::{Priority, Thinking};

    pub(in crate::runner) fn with_facts<T>(prompt: &str, model: Option<&str>, then: impl FnOnce(&Facts<'_>) -> T) -> T {
        let task: TaskId = "1443021398234771496".parse().unwrap();
        let wishes = Wishes {
            agent: "openclaw".parse().unwrap(),
            model: model.map(|id| ModelId(id.into())),
            model_shown: None,
            thinking: Thinking::Low,
            time_limit: Duration::from_secs(120),
            priority: Priority::DEFAULT,
            budget: None,
            attempts: 1,
            checks: Vec::new(),
            closer: None,
        };
        let workspace = Workspace::new(Path::new("/srv/workers"), "agent-1763700000-k3x9", &task);
        let models = [
            (Some("cheap".to_owned()), ModelId("openrouter/stepfun/step-3.5-flash:free".into())),
            (None, ModelId("openrouter/x/y".into())),
        ];
        then(&Facts {
            task: &task,
            prompt,
            wishes: &wishes,
            agent_id: "agent-1763700000-k3x9",
            workspace: &workspace,
            config: None,
            config_dir: Path::new("/srv/control/config"),
            home: None,
            thinking: Some("low"),
            answers: false,
            models: &models,
            summary_max: 2_000,
            checks: &[],
            attachments: &["data.csv".to_owned()],
            template: None,
        })
    }

    #[test]
    fn the_instructions_read_so() {
        assert_snapshot!(with_facts("Use ```three``` ticks", Some("openrouter/x/y"), agents_md), @r#"
        # How you work

        You work on one task, alone, to its end. Nobody answers questions meanwhile: decide what is open, and say in your result what you decided.
        You know nothing of earlier tasks and need nothing of them.

        # What you write

        All of it into the working folder named below.

        - `RESULT.txt`: the whole result. Without it, or with nothing but white space in it, the task counts as failed. Write it early and better it: if the time runs out, what stands there is shown as partial.
        - `SUMMARY.txt` (optional): a short form for the chat, at most 2000 characters. Worth it if the result is longer than that.
        - `OUTPUTS.json` (optional): named outputs as one JSON object of texts, like `{"branch": "fix-typo", "pull_request": "https://…"}`.
        - Other files that you leave there are listed beside the result.

        `TASK.txt` holds the task's text, after `TASK: `. Do not change it, nor `agent-output.log`.

        # The task

        - Task id: `1443021398234771496`
        - Agent id: `agent-1763700000-k3x9`
        - Working folder: `/srv/workers/agent-1763700000-k3x9/tasks/1443021398234771496`
        - Time limit: 2m
        - Thinking: low
        - Model: `openrouter/x/y`
        - File that came with it: `data.csv`

        ````text
        Use ```three``` ticks
        ````

        # Models

        - `cheap`: `openrouter/stepfun/step-3.5-flash:free`
        - `openrouter/x/y`
        "#);
    }

    #[test]
    fn a_template_replaces_the_instructions_and_the_facts_follow() {
        let text = with_facts("T", None, |facts| agents_md(&Facts { template: Some("Be brief.\n"), ..*facts }));

        assert!(text.starts_with("Be brief.\n\n# The task\n\n- Task id: `1443021398234771496`\n"));
        assert!(text.contains("```text\nT\n```\n") && !text.contains("- Model:"));
    }

    #[test]
    fn the_message_names_the_task_s_and_the_result_s_file() {
        assert_snapshot!(with_facts("T", None, message), @"Read the task in /srv/workers/agent-1763700000-k3x9/tasks/1443021398234771496/TASK.txt and do what it says, completely and without asking back: nobody answers questions. Write the whole result to /srv/workers/agent-1763700000-k3x9/tasks/1443021398234771496/RESULT.txt; without that file the task counts as failed. If the result is longer than 2000 characters, write a short form to /srv/workers/agent-1763700000-k3x9/tasks/1443021398234771496/SUMMARY.txt too. Named outputs, if there are any, go to /srv/workers/agent-1763700000-k3x9/tasks/1443021398234771496/OUTPUTS.json as one JSON object of texts. /srv/workers/agent-1763700000-k3x9/tasks/1443021398234771496/AGENTS.md has the details. You have 2m.");
    }
}
