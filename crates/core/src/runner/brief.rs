//! What an agent is told: its instructions, the message that starts it, and its definition's placeholders filled in. Pure.

use std::{
    borrow::Cow,
    fmt::Write as _,
    path::{Component, Path, PathBuf},
};

use super::workspace::{self, Workspace};
use crate::domain::{
    agent::AgentDefinition,
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

/// A definition's files for one attempt: where they go, and what is in them. One whose path would lead out of its folder once its placeholders are
/// filled in (a model's name may hold anything) is left out.
pub fn files(definition: &AgentDefinition, facts: &Facts<'_>) -> Vec<(PathBuf, String)> {
    let stays = |path: &PathBuf| path.components().all(|part| !matches!(part, Component::ParentDir));
    let filled = definition.files.iter().map(|(path, content)| Some((PathBuf::from(fill(path, facts)?), fill(content, facts)?)));
    filled.flatten().filter(|(path, _)| stays(path)).collect()
}

/// A definition's arguments and environment (its secrets are not among them) for one attempt. A group of arguments is left out if one of its
/// placeholders has no value, so is a variable. Values are put in once and never read again: what looks like a placeholder in a task's text stays.
///
/// An argument that begins with the task's text is given a blank before a leading `-`, unless `--` stands before it: no task is taken for an option.
pub fn expand(definition: &AgentDefinition, facts: &Facts<'_>) -> (Vec<String>, Vec<(String, String)>) {
    let mut args: Vec<String> = Vec::new();
    for group in &definition.args {
        let mut before = args.last().cloned();
        let filled: Option<Vec<String>> = group
            .iter()
            .map(|template| {
                let mut arg = fill(template, facts)?;
                if (template.starts_with("{task_text}") || template.starts_with("{prompt}"))
                    && arg.starts_with('-')
                    && before.as_deref() != Some("--")
                {
                    arg.insert(0, ' ');
                }
                before = Some(arg.clone());
                Some(arg)
            })
            .collect();
        args.extend(filled.unwrap_or_default());
    }
    let env = definition.env.iter().filter_map(|(name, template)| Some((name.clone(), fill(template, facts)?))).collect();
    (args, env)
}

/// A template with its placeholders filled in; `None` if one of them has no value. Unknown ones stay as they are.
fn fill(template: &str, facts: &Facts<'_>) -> Option<String> {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(at) = rest.find('{') {
        filled.push_str(&rest[..at]);
        rest = &rest[at..];
        match rest.find('}').map(|end| (end, placeholder(&rest[1..end], facts))) {
            Some((_, Meaning::Unset)) => return None,
            Some((end, Meaning::Value(value))) => {
                filled.push_str(&value);
                rest = &rest[end + 1..];
            }
            Some((_, Meaning::Text)) | None => {
                filled.push('{');
                rest = &rest[1..];
            }
        }
    }
    filled.push_str(rest);
    // No argument and no variable can hold a NUL; a text with one is refused at the door, a path never has one.
    Some(filled.replace('\0', "\u{fffd}"))
}

/// What stands between two braces.
enum Meaning {
    /// A placeholder's value.
    Value(String),
    /// A placeholder that has none in this attempt.
    Unset,
    /// No placeholder: it stays as it is.
    Text,
}

fn placeholder(name: &str, facts: &Facts<'_>) -> Meaning {
    let path = |path: &Path| path.display().to_string();
    let value = match name {
        "task_text" => Some(facts.prompt.to_owned()),
        "task_file" => Some(path(&facts.workspace.file(workspace::TASK))),
        "task_dir" => Some(path(facts.workspace.task_dir())),
        "task_id" => Some(facts.task.to_string()),
        "agent_id" => Some(facts.agent_id.to_owned()),
        "workspace" => Some(path(facts.workspace.dir())),
        "model" => facts.wishes.model.as_ref().map(ToString::to_string),
        "model_provider" => facts.wishes.model.as_ref().and_then(|id| id.0.split_once('/')).map(|(provider, _)| provider.to_owned()),
        "model_name" => facts.wishes.model.as_ref().map(|id| id.0.split_once('/').map_or(&*id.0, |(_, name)| name).to_owned()),
        "thinking" => facts.thinking.map(str::to_owned),
        "timeout_s" => Some(facts.wishes.time_limit.as_secs().max(1).to_string()),
        "message" => Some(message(facts)),
        "prompt" => Some(prompt(facts)),
        "instructions" => Some(agents_md(facts)),
        "config" => facts.config.map(path),
        "config_dir" => Some(path(facts.config_dir)),
        "home" => facts.home.map(path),
        _ => return Meaning::Text,
    };
    value.map_or(Meaning::Unset, Meaning::Value)
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, time::Duration};

    use insta::assert_snapshot;

    use super::*;
    use crate::domain::{
        agent::Secret,
        task::{Priority, Thinking},
    };

    fn with_facts<T>(prompt: &str, model: Option<&str>, then: impl FnOnce(&Facts<'_>) -> T) -> T {
        let task: TaskId = "1443021398234771496".parse().unwrap();
        let wishes = Wishes {
            agent: "openclaw".parse().unwrap(),
            model: model.map(|id| ModelId(id.into())),
            model_shown: None,
            thinking: Thinking::Low,
            time_limit: Duration::from_secs(120),
            priority: Priority::DEFAULT,
            attempts: 1,
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
            attachments: &["data.csv".to_owned()],
            template: None,
        })
    }

    fn definition(args: &[&[&str]], env: &[(&str, &str)]) -> AgentDefinition {
        AgentDefinition {
            args: args.iter().map(|group| group.iter().map(|arg| (*arg).to_owned()).collect()).collect(),
            env: env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            secrets: BTreeMap::from([("KEY".to_owned(), Secret::new("value"))]),
            ..AgentDefinition::of("openclaw".parse().unwrap(), Ok("/usr/bin/openclaw".into()))
        }
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

    #[test]
    fn placeholders_are_filled_in_and_groups_without_a_value_left_out() {
        let definition = definition(
            &[
                &["agent", "--session-id", "{agent_id}-{task_id}"],
                &["--model", "{model}"],
                &["--config", "{config}"],
                &["--thinking={thinking}", "-t", "{timeout_s}"],
            ],
            &[("OPENCLAW_MODEL", "{model}"), ("OPENCLAW_STATE_DIR", "{workspace}"), ("AT", "{task_dir}:{task_file}")],
        );

        let (args, env) = with_facts("T", None, |facts| expand(&definition, facts));

        assert_eq!(args, ["agent", "--session-id", "agent-1763700000-k3x9-1443021398234771496", "--thinking=low", "-t", "120"]);
        let dir = "/srv/workers/agent-1763700000-k3x9";
        let task_dir = format!("{dir}/tasks/1443021398234771496");
        assert_eq!(env, [("AT".into(), format!("{task_dir}:{task_dir}/TASK.txt")), ("OPENCLAW_STATE_DIR".into(), dir.into())]);
        let (args, _) = with_facts("T", Some("openrouter/x/y"), |facts| expand(&definition, facts));
        assert_eq!(args[3..5], ["--model", "openrouter/x/y"]);
    }

    #[test]
    fn a_value_is_never_read_for_placeholders_and_unknown_ones_stay() {
        let definition = definition(&[&["{task_text}", "{unknown} {", "{}", "{{task_id}}"]], &[]);

        let (args, _) = with_facts("{model} {task_id} {config} $(x) \"", None, |facts| expand(&definition, facts));

        assert_eq!(args, ["{model} {task_id} {config} $(x) \"", "{unknown} {", "{}", "{1443021398234771496}"]);
    }

    #[test]
    fn a_task_s_text_is_never_an_option() {
        let definition = definition(&[&["-p", "{task_text}"], &["--", "{task_text}"], &["--text={task_text}"]], &[]);

        let (args, _) = with_facts("--help", None, |facts| expand(&definition, facts));

        assert_eq!(args, ["-p", " --help", "--", "--help", "--text=--help"]);
    }

    #[test]
    fn a_file_whose_path_is_led_out_of_its_folder_by_a_model_s_name_is_left_out() {
        let mut definition = definition(&[], &[]);
        definition.files = [("{config_dir}/{model_name}/x", "evil"), ("{config_dir}/y", "good")]
            .map(|(path, content)| (path.to_owned(), content.to_owned()))
            .into();

        let written = with_facts("T", Some("m/../../../etc"), |facts| files(&definition, facts));

        assert_eq!(written, [(PathBuf::from("/srv/control/config/y"), "good".to_owned())]);
    }

    #[test]
    fn a_prompt_that_looks_like_an_option_is_none() {
        let definition = definition(&[&["{prompt}"], &["--", "{prompt}"]], &[]);

        let (args, _) = with_facts("-x", None, |facts| expand(&definition, &Facts { attachments: &[], ..*facts }));

        assert_eq!(args, [" -x", "--", "-x"]);
    }
}
