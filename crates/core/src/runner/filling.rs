//! A definition's placeholders, filled in for one attempt. Pure.

use std::path::{Component, Path, PathBuf};

use super::{
    brief::{Facts, agents_md, message, prompt},
    workspace,
};
use crate::domain::agent::AgentDefinition;

/// A definition's files for one attempt: where they go, and what is in them. One whose path would lead out of its folder once its placeholders are
/// filled in (a model's name may hold anything) is left out.
pub(super) fn files(definition: &AgentDefinition, facts: &Facts<'_>) -> Vec<(PathBuf, String)> {
    let stays = |path: &PathBuf| path.components().all(|part| !matches!(part, Component::ParentDir));
    let filled = definition.files.iter().map(|(path, content)| Some((PathBuf::from(fill(path, facts)?), fill(content, facts)?)));
    filled.flatten().filter(|(path, _)| stays(path)).collect()
}

/// A definition's arguments and environment (its secrets are not among them) for one attempt. A group of arguments is left out if one of its
/// placeholders has no value, so is a variable. Values are put in once and never read again: what looks like a placeholder in a task's text stays.
///
/// An argument that begins with the task's text is given a blank before a leading `-`, unless `--` stands before it: no task is taken for an option.
pub(super) fn expand(definition: &AgentDefinition, facts: &Facts<'_>) -> (Vec<String>, Vec<(String, String)>) {
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
    use std::collections::BTreeMap;

    use super::*;
    use crate::{domain::agent::Secret, runner::brief::tests::with_facts};

    fn definition(args: &[&[&str]], env: &[(&str, &str)]) -> AgentDefinition {
        AgentDefinition {
            args: args.iter().map(|group| group.iter().map(|arg| (*arg).to_owned()).collect()).collect(),
            env: env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            secrets: BTreeMap::from([("KEY".to_owned(), Secret::new("value"))]),
            ..AgentDefinition::of("openclaw".parse().unwrap(), Ok("/usr/bin/openclaw".into()))
        }
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
