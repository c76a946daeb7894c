//! `submit`: posts a task with the bot's own token, so that it works without a service; source of its form: contract 003 §1.

use std::{io::Read as _, time::Duration};

use clap::Args;
use orchestrator_core::{
    domain::{
        check::{self, WishedCheck},
        id::{ParcelId, TaskId},
        money::Usd,
        task::{MessageRef, Thinking},
    },
    ports::{chat::Chat as _, clock::Clock as _, entropy::Entropy as _},
    wording::{
        figures, fit,
        views::{SubmitAsk, Taken},
    },
};
use serde_json::json;

use super::{
    Context,
    client::Client,
    exit::{Exit, Failure},
    given, posting, wait,
};
use crate::{
    adapters::{discord::Sender, system_clock::SystemClock, system_entropy::SystemEntropy},
    config::{Config, SubmitConfig},
};

/// The longest id that Discord could give, for measuring.
const LONGEST_ID: u64 = u64::MAX;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  orchestrator submit \"Write a haiku about rust\"\n  orchestrator submit \"Sum up README.md\" cheap low --wait\n  git diff | orchestrator submit - coder high\n\nThe task's id is printed as soon as it stands. With --wait follows the result, and the exit code says how the task ended."
)]
pub(super) struct SubmitArgs {
    /// What is to be done; `-` reads standard input
    #[arg(allow_hyphen_values = true)]
    text: String,
    /// The model: an alias or a full id
    #[arg(value_parser = tag_value)]
    model: Option<String>,
    /// How hard it thinks: off, low, medium, high
    #[arg(value_parser = thinking_word)]
    thinking: Option<String>,
    /// What it may cost at most, in dollars
    #[arg(long, value_name = "DOLLARS", value_parser = given::dollars)]
    budget: Option<Usd>,
    /// What its work is checked by: a declared check, or `!` and a command. May be repeated
    #[arg(long, value_name = "CHECK", value_parser = check_tag)]
    check: Vec<String>,
    /// Wait until the task has ended, and print its result
    #[arg(long)]
    wait: bool,
    /// With --wait: give up waiting after this time (the task goes on)
    #[arg(long, value_name = "DURATION", value_parser = given::duration, requires = "wait")]
    at_most: Option<Duration>,
}

impl SubmitArgs {
    /// The model; an empty word is none, as scripts write it.
    fn model(&self) -> Option<&str> {
        self.model.as_deref().filter(|model| !model.is_empty())
    }

    fn thinking(&self) -> Option<Thinking> {
        self.thinking.as_deref().and_then(|thinking| thinking.parse().ok())
    }
}

/// A word that may stand in a tag, or none.
fn tag_value(given: &str) -> Result<String, String> {
    let fits = given.chars().all(|c| c.is_ascii_graphic() && c != '[' && c != ']');
    if fits { Ok(given.to_owned()) } else { Err("a model is one word without spaces and brackets".to_owned()) }
}

/// A check that may stand in a tag.
fn check_tag(given: &str) -> Result<String, String> {
    if given.contains(['[', ']', '\n']) {
        return Err("a check has no brackets and no line break: put such a command into a script".to_owned());
    }
    given.parse::<WishedCheck>().map(|check| check.to_string()).map_err(|error| error.to_string())
}

fn thinking_word(given: &str) -> Result<String, String> {
    if given.is_empty() {
        Ok(String::new())
    } else {
        given.parse::<Thinking>().map(|level| level.to_string()).map_err(|error| error.to_string())
    }
}

/// A task that stands.
struct Standing {
    id: TaskId,
    at: Option<MessageRef>,
    link: Option<String>,
}

pub(super) async fn run(context: &Context, args: SubmitArgs) -> Result<Exit, Failure> {
    let text = text_of(&args.text)?;
    if check::command_in(&text).is_some() {
        return Err(Failure::usage(
            "The text has a tag `[check:!…]`: a command of its own, which may have come with a text from elsewhere, is not run. Give it beside the text: --check '!make test'.",
        ));
    }
    let config = context.config()?;
    let submit = config.submit.clone()?;
    let body = with_tags(&text, args.model(), args.thinking(), args.budget, &args.check);
    let sender = posting::sender(&config, &submit)?;

    let units = fit::length(&with_header(&TaskId::from(message_id(LONGEST_ID)), &body));
    let standing = if units > fit::MESSAGE {
        through_service(&config, text, &args, units).await?
    } else {
        through_discord(context, &submit, &sender, &body).await?
    };
    if !args.wait {
        context.voice.result(&json!({"id": standing.id, "link": standing.link}), || standing.id.to_string());
        return Ok(Exit::Done);
    }
    if !context.voice.json {
        context.voice.line(standing.id.as_str());
    }
    wait::run(context, &config, &sender, &standing.id, standing.at, args.at_most).await
}

/// The task's text, from the command line or from standard input.
fn text_of(given: &str) -> Result<String, Failure> {
    let looks_like_a_flag = given.len() > 1 && given.starts_with('-') && given.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if looks_like_a_flag {
        return Err(Failure::usage(format!(
            "There is no flag `{given}`, and as a task it would be odd. `orchestrator submit --help` has the flags."
        )));
    }
    let text = if given == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).map_err(|error| Failure::usage(format!("Standard input could not be read: {error}.")))?;
        let text = String::from_utf8(bytes).map_err(|_| Failure::usage("Standard input is no UTF-8 text."))?;
        text.strip_suffix('\n').map(str::to_owned).unwrap_or(text)
    } else {
        given.to_owned()
    };
    if text.trim().is_empty() {
        return Err(Failure::usage(
            "There is no text that an agent could work on.\nUsage: orchestrator submit \"text\" [model] [thinking]",
        ));
    }
    Ok(text)
}

/// The text with a tag for each argument that was given.
fn with_tags(text: &str, model: Option<&str>, thinking: Option<Thinking>, budget: Option<Usd>, checks: &[String]) -> String {
    let model = model.map(|model| format!(" [model:{model}]")).unwrap_or_default();
    let thinking = thinking.map(|thinking| format!(" [thinking:{thinking}]")).unwrap_or_default();
    let budget = budget.map(|budget| format!(" [budget:{}]", budget.to_string().trim_start_matches('$'))).unwrap_or_default();
    let checks: String = checks.iter().map(|check| format!(" [check:{check}]")).collect();
    format!("{text}{model}{thinking}{budget}{checks}")
}

fn with_header(id: &TaskId, body: &str) -> String {
    format!("**[Task: {id}]** {body}")
}

fn message_id(id: u64) -> orchestrator_core::domain::id::MessageId {
    orchestrator_core::domain::id::MessageId::new(id)
}

/// Posts text and tags in one request, then edits the header in: until it stands the message is no task.
async fn through_discord(context: &Context, submit: &SubmitConfig, sender: &Sender, body: &str) -> Result<Standing, Failure> {
    let unix_ms = u64::try_from(SystemClock.now().timestamp_millis()).unwrap_or(0);
    // The same nonce on each try: a post whose answer was lost stands once.
    let nonce = ParcelId::from_parts(unix_ms, SystemEntropy.bytes()).to_string();
    let post = json!({"content": body, "nonce": nonce, "enforce_nonce": true});
    let posted = posting::patiently(&context.voice, false, || sender.create_message(submit.task_queue, post.clone())).await;
    let at = posted.map_err(|error| posting::refused(&error, "TASK_QUEUE_CHANNEL"))?;

    let id = TaskId::from(at.message);
    let edit = json!({"content": with_header(&id, body)});
    if let Err(error) = posting::patiently(&context.voice, true, || sender.edit_message(at, edit.clone())).await {
        let link = sender.link(at);
        let message = format!(
            "The text was posted as {id}, but its header could not be added: {error}. Without it the message is no task and is not run. Delete it ({link}) and submit again."
        );
        if !context.voice.json {
            context.voice.line(id.as_str());
        }
        return Err(Failure::new(Exit::HeaderMissing, message));
    }
    Ok(Standing { link: Some(sender.link(at)), at: Some(at), id })
}

/// A text that no message could hold goes to the running service, which posts the beginning of it.
async fn through_service(config: &Config, text: String, args: &SubmitArgs, units: usize) -> Result<Standing, Failure> {
    let Some(service) = Client::of_service(config)? else {
        let units = figures::thousands(u64::try_from(units).unwrap_or(u64::MAX));
        return Err(Failure::usage(format!(
            "With its header and tags the text has {units} characters, and a Discord message takes {}. Start the service (`orchestrator run`): a long text is then handed to it directly. Or post a short task in #task-queue and attach the text as a file.",
            figures::thousands(u64::try_from(fit::MESSAGE).unwrap_or(u64::MAX))
        )));
    };
    let ask = SubmitAsk {
        text,
        model: args.model().map(str::to_owned),
        thinking: args.thinking().map(|thinking| thinking.to_string()),
        budget: args.budget.map(|budget| budget.to_string()),
        checks: args.check.clone(),
        ..SubmitAsk::default()
    };
    let taken: Taken = service.post("/tasks", &ask).await?;
    Ok(Standing { id: taken.id, at: None, link: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_stands_only_where_an_argument_was_given() {
        let id: TaskId = "1443021398234771496".parse().unwrap();

        assert_eq!(
            with_header(&id, &with_tags("T", Some("cheap"), Some(Thinking::Low), None, &[])),
            "**[Task: 1443021398234771496]** T [model:cheap] [thinking:low]"
        );
        assert_eq!(with_header(&id, &with_tags("T", None, None, None, &[])), "**[Task: 1443021398234771496]** T");
        assert_eq!(with_tags("T", None, None, Some("$0.50".parse().unwrap()), &[]), "T [budget:0.5]");
        assert_eq!(with_tags("T", None, None, None, &["lint".into(), "!make test".into()]), "T [check:lint] [check:!make test]");
    }

    #[test]
    fn a_mistyped_flag_is_no_task_and_a_dash_list_is_one() {
        assert!(text_of("--wiat").is_err());
        assert!(text_of("-h").is_err());
        assert_eq!(text_of("- [ ] buy milk").unwrap(), "- [ ] buy milk");
        assert!(text_of(" \n ").is_err());
    }
}
