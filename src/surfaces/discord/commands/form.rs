//! The form for long tasks. Nothing is remembered in the program: what was wished is in the form's own id, or in the store, so that a form
//! that was opened before a restart is obeyed after it.
//!
//! The task is named after the interaction that *opened* the form, not after the one that submits it: whoever presses Submit again, because
//! an answer was slow or lost, makes a new interaction each time, but it is one form, and so one task.

use std::sync::Arc;

use orchestrator_core::{
    domain::{
        actor::{Actor, Right},
        task::{Attachment, Priority},
    },
    intake::{
        desk::DeskError,
        parse::{self, Asked},
    },
    queue::{Queue, QueueError},
    wording::{answers::hints, fit, harmless},
};
use serde::{Deserialize, Serialize};
use serenity::{
    builder::{CreateActionRow, CreateInputText, CreateInteractionResponse, CreateModal},
    http::Http,
    model::application::{ActionRowComponent, InputTextStyle, ModalInteraction},
};
use tokio::time::timeout;

use super::{
    Context, Deps,
    call::Call,
    failing::CommandError,
    reply::said,
    submitting::{Wanted, submit},
    visit::Visit,
};

/// What our forms' ids begin with: the kind and the version of what follows.
const KIND: &str = "task:1:";
/// Stands in an id whose wishes are in the store.
const KEPT: &str = "@";
/// Most characters of an id. Source: Discord developer documentation, "Component Reference", `custom_id`.
const LONGEST_ID: usize = 100;
/// Most characters of a title. Source: the same, "Modal".
const TITLE: usize = 45;
/// Most characters of a text. Source: the same, "Text Input".
const TEXT: u16 = 4_000;
/// The input's id.
const INPUT: &str = "text";

/// What was wished beside the text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Wishes {
    model: Option<String>,
    thinking: Option<String>,
    agent: Option<String>,
    timeout: Option<String>,
    priority: Option<String>,
    #[serde(default)]
    budget: Option<String>,
    #[serde(default)]
    check: Option<String>,
    #[serde(default)]
    attachments: Vec<Attachment>,
}

/// A form that is kept in the store: one per person, because Discord shows a person one at a time.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    opened: u64,
    wishes: Wishes,
}

/// What a form's id says.
#[derive(Debug, PartialEq, Eq)]
struct FormId {
    opened: u64,
    /// `None`: they are in the store.
    wishes: Option<Wishes>,
}

/// Opens the form as the answer to `/task`.
pub(super) async fn open(ctx: Context<'_>, asked: Asked, attachments: Vec<Attachment>) -> Result<(), CommandError> {
    let call = Call::from(ctx.interaction);
    let Some(visit) = Visit::enter(ctx.framework.user_data, &ctx.framework.serenity_context.http, call).await else { return Ok(()) };
    // Better now than when the text is written.
    visit.deps.desk.may(&visit.actor, Right::Submit, true)?;
    check(visit.deps, &asked)?;
    let wishes = Wishes {
        model: asked.model,
        thinking: asked.thinking,
        agent: asked.agent,
        timeout: asked.timeout,
        priority: asked.priority,
        budget: asked.budget,
        check: (!asked.checks.is_empty()).then(|| asked.checks.join(",")),
        attachments,
    };
    let opened = call.id.get();
    let id = if let Some(id) = wishes.in_an_id(opened) {
        id
    } else if let Ok(kept) = timeout(visit.deps.timing.store, keep(&visit.deps.queue, &visit.actor, opened, &wishes)).await {
        kept?;
        format!("{KIND}{opened}:{KEPT}")
    } else {
        visit.reply.tell(&said(hints::too_slow_for_a_form())).await;
        return Ok(());
    };
    let input = CreateInputText::new(InputTextStyle::Paragraph, "What is to be done?", INPUT).max_length(TEXT).required(true);
    let form = CreateModal::new(id, wishes.title()).components(vec![CreateActionRow::InputText(input)]);
    visit.answer(CreateInteractionResponse::Modal(form)).await?;
    Ok(())
}

/// A form came back.
pub(super) async fn submitted(deps: &Arc<Deps>, http: &Http, modal: &ModalInteraction) {
    let Some(visit) = Visit::enter(deps, http, Call::from(modal)).await else { return };
    let visit = match visit.acknowledged().await {
        Ok(visit) => visit,
        Err(error) => return tracing::warn!(%error, "a form was not carried out: {error}"),
    };
    let text = text_of(modal);
    let answer = match obey(&visit, modal, &text).await {
        Ok(None) => return,
        Ok(Some(why)) => hints::with_text(&why, &text),
        Err(CommandError::Desk(DeskError::Refused(refusals))) => hints::given_back(&refusals, &text),
        Err(error) => match error.words() {
            Some(words) => hints::with_text(&words, &text),
            None => return,
        },
    };
    if !visit.repeated {
        visit.reply.say(&answer).await;
    }
}

/// Submits what the form says; why not, if it is out of date.
async fn obey(visit: &Visit<'_>, modal: &ModalInteraction, text: &str) -> Result<Option<String>, CommandError> {
    // Snowflakes grow: a form was opened before it is submitted.
    let Some(form) = FormId::read(&modal.data.custom_id).filter(|form| form.opened < modal.id.get()) else {
        return Ok(Some(hints::stale_form()));
    };
    let wishes = match form.wishes {
        Some(wishes) => wishes,
        None => match kept(&visit.deps.queue, &visit.actor, form.opened).await? {
            Some(wishes) => wishes,
            None => return Ok(Some(hints::form_overtaken())),
        },
    };
    let Wishes { model, thinking, agent, timeout, priority, budget, check, attachments } = wishes;
    let checks = check.as_deref().map(parse::listed_checks).unwrap_or_default();
    let asked = Asked { model, thinking, agent, timeout, priority, budget, checks, isolation: Vec::new() };
    submit(visit, Wanted { began: form.opened, text: text.to_owned(), asked, attachments }).await?;
    Ok(None)
}

/// What is wrong with the wishes whatever the text will be.
fn check(deps: &Deps, asked: &Asked) -> Result<(), CommandError> {
    let rules = deps.desk.rules();
    let known = parse::Rules {
        catalogue: &rules.catalogue,
        agents: &rules.agents,
        own_models: &rules.own_models,
        default_agent: &rules.default_agent,
        time_limit: rules.time_limit,
        max_time_limit: rules.max_time_limit,
        // How high this person may go is for the desk to say.
        max_priority: Priority::MAX,
        budget: rules.budget,
        max_budget: rules.max_budget,
        checks: &rules.checks,
        // And whether a command may come along.
        free_checks: &Ok(()),
        attempts: rules.attempts,
    };
    parse::wishes(asked, &known).map(drop).map_err(|refusals| DeskError::Refused(refusals).into())
}

impl Wishes {
    fn named(&self) -> [(char, &Option<String>); 7] {
        [
            ('m', &self.model),
            ('k', &self.thinking),
            ('a', &self.agent),
            ('t', &self.timeout),
            ('p', &self.priority),
            ('b', &self.budget),
            ('c', &self.check),
        ]
    }

    /// The form's id with the wishes in it, if they fit.
    fn in_an_id(&self, opened: u64) -> Option<String> {
        let given: Vec<_> = self.named().into_iter().filter_map(|(letter, value)| Some((letter, value.as_deref()?))).collect();
        if !self.attachments.is_empty() || given.iter().any(|(_, value)| value.contains(';')) {
            return None;
        }
        let wishes: Vec<String> = given.iter().map(|(letter, value)| format!("{letter}{value}")).collect();
        let id = format!("{KIND}{opened}:{}", wishes.join(";"));
        (fit::length(&id) <= LONGEST_ID).then_some(id)
    }

    fn read(written: &str) -> Option<Self> {
        let mut wishes = Self::default();
        for wish in written.split(';').filter(|wish| !wish.is_empty()) {
            let place = match wish.chars().next()? {
                'm' => &mut wishes.model,
                'k' => &mut wishes.thinking,
                'a' => &mut wishes.agent,
                't' => &mut wishes.timeout,
                'p' => &mut wishes.priority,
                'b' => &mut wishes.budget,
                'c' => &mut wishes.check,
                _ => return None,
            };
            *place = Some(wish[1..].to_owned());
        }
        Some(wishes)
    }

    /// Names what was chosen, so that it is seen while the text is written.
    fn title(&self) -> String {
        let chosen = self.named().into_iter().filter_map(|(_, value)| value.as_deref()).map(harmless::one_line);
        let files = (!self.attachments.is_empty()).then(|| "with a file".to_owned());
        let title: Vec<String> = std::iter::once("New task".to_owned()).chain(chosen).chain(files).collect();
        fit::cut(&title.join(" · "), TITLE).into_owned()
    }
}

impl FormId {
    fn read(id: &str) -> Option<Self> {
        let (opened, rest) = id.strip_prefix(KIND)?.split_once(':')?;
        let wishes = if rest == KEPT { None } else { Some(Wishes::read(rest)?) };
        Some(Self { opened: opened.parse().ok()?, wishes })
    }
}

fn fact(actor: &Actor) -> String {
    format!("form:{}", actor.lane())
}

async fn keep(queue: &Queue, actor: &Actor, opened: u64, wishes: &Wishes) -> Result<(), QueueError> {
    let kept = Kept { opened, wishes: wishes.clone() };
    queue.put_fact(&fact(actor), &serde_json::to_string(&kept).unwrap_or_default()).await
}

async fn kept(queue: &Queue, actor: &Actor, opened: u64) -> Result<Option<Wishes>, QueueError> {
    let stored = queue.fact(&fact(actor)).await?;
    let kept: Option<Kept> = stored.and_then(|stored| serde_json::from_str(&stored).ok());
    Ok(kept.filter(|kept| kept.opened == opened).map(|kept| kept.wishes))
}

fn text_of(modal: &ModalInteraction) -> String {
    let inputs = modal.data.components.iter().flat_map(|row| &row.components).filter_map(|component| match component {
        ActionRowComponent::InputText(input) => Some(input),
        _ => None,
    });
    inputs.into_iter().find(|input| input.custom_id == INPUT).and_then(|input| input.value.clone()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wishes() -> Wishes {
        Wishes {
            model: Some("openrouter/x/y:free".into()),
            thinking: Some("high".into()),
            timeout: Some("10m".into()),
            ..Wishes::default()
        }
    }

    #[test]
    fn wishes_travel_in_the_form_s_id() {
        let checked = Wishes { check: Some("tests,lint".into()), ..wishes() };
        for given in [Wishes::default(), wishes(), checked] {
            let id = given.in_an_id(1_443_021_398_234_771_496).expect("it fits");

            assert!(id.len() <= LONGEST_ID);
            assert_eq!(FormId::read(&id), Some(FormId { opened: 1_443_021_398_234_771_496, wishes: Some(given) }));
        }
    }

    #[test]
    fn what_does_not_fit_into_an_id_is_kept_instead() {
        let file = Attachment { name: "a".into(), url: "https://cdn.discordapp.com/a".into(), size: 1 };

        for given in [
            Wishes { model: Some("x".repeat(90)), ..wishes() },
            Wishes { agent: Some("a;p1000".into()), ..wishes() },
            Wishes { attachments: vec![file], ..wishes() },
        ] {
            assert_eq!(given.in_an_id(1), None);
        }
        assert_eq!(FormId::read("task:1:7:@"), Some(FormId { opened: 7, wishes: None }));
    }

    #[test]
    fn foreign_ids_are_no_forms_of_ours() {
        for foreign in ["", "task:1:", "task:1:x:", "task:2:7:", "task:1:7:zß", "cancel:7", "task:1:7"] {
            assert_eq!(FormId::read(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn the_title_names_what_was_chosen() {
        assert_eq!(Wishes::default().title(), "New task");
        assert_eq!(wishes().title(), "New task · openrouter/x/y:free · high · 10m");
    }
}
