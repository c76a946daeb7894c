//! How an interaction is answered: acknowledged at once, then filled in; for nobody's eyes but the asker's, and ringing nobody.

use std::time::Duration;

use orchestrator_core::{
    domain::{
        agent::Secret,
        component::{Choice, Does, Row, Style},
        outbound::Post,
        retry::Delays,
    },
    wording::redact::redact,
};
use serenity::{
    builder::{
        Builder as _, CreateActionRow, CreateAllowedMentions, CreateAttachment, CreateButton, CreateEmbed, CreateInteractionResponse,
        CreateInteractionResponseFollowup, CreateInteractionResponseMessage, CreateSelectMenu, CreateSelectMenuKind,
        CreateSelectMenuOption, EditInteractionResponse,
    },
    http::{Http, HttpError},
    model::application::ButtonStyle,
};
use thiserror::Error;
use tokio::time::{sleep, timeout};

use super::{Timing, call::Call};

/// Tries of a first answer. With [`Timing::acknowledge`] each they stay within the 3 s that Discord waits.
const FIRST_TRIES: u32 = 3;
/// Between them.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// Tries of what follows; the token is good for 15 minutes.
const LATER_TRIES: u32 = 6;
/// Between them.
const LATER_DELAYS: Delays = Delays::new(Duration::from_millis(500), Duration::from_secs(8));
/// "Interaction has already been acknowledged". Source: Discord developer documentation, "Opcodes and Status Codes".
const ANSWERED_BEFORE: isize = 40_060;

/// Discord did not take the first answer: the asker has been told that the application did not respond.
#[derive(Debug, Error)]
#[error("Discord did not take the answer: {0}")]
pub(super) struct Unanswered(String);

/// Which answer was the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answered {
    /// This one.
    Now,
    /// An earlier try of this one, most likely: Discord's word that it had arrived was lost.
    Meanwhile,
    /// Another's: Discord has told of this interaction twice.
    Before,
}

/// Where something is said that was put off.
#[derive(Clone, Copy, Debug)]
enum Later {
    /// In what was put off.
    InIt,
    /// In a message of its own.
    Beside,
}

/// A picture that goes along with an answer.
#[derive(Clone, Debug)]
pub(super) struct Picture {
    pub(super) name: &'static str,
    /// What is in it, for those who can't see it.
    pub(super) tells: String,
    /// A PNG file.
    pub(super) bytes: Vec<u8>,
}

impl Picture {
    fn attachment(&self) -> CreateAttachment {
        CreateAttachment::bytes(self.bytes.clone(), self.name).description(&self.tells)
    }
}

/// Answers one interaction.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reply<'a> {
    http: &'a Http,
    call: Call<'a>,
    secrets: &'a [Secret],
    acknowledge: Duration,
}

impl<'a> Reply<'a> {
    pub(super) fn new(http: &'a Http, call: Call<'a>, secrets: &'a [Secret], timing: Timing) -> Self {
        Self { http, call, secrets, acknowledge: timing.acknowledge }
    }

    /// Says that an answer follows.
    pub(super) async fn defer(&self) -> Result<Answered, Unanswered> {
        self.first(CreateInteractionResponse::Defer(CreateInteractionResponseMessage::new().ephemeral(true))).await
    }

    /// Says that the message on which something was pressed will be changed.
    pub(super) async fn defer_change(&self) -> Result<Answered, Unanswered> {
        self.first(CreateInteractionResponse::Acknowledge).await
    }

    /// Answers at once, instead of [`defer`](Self::defer): with a form, with choices.
    pub(super) async fn first(&self, answer: CreateInteractionResponse) -> Result<Answered, Unanswered> {
        let mut last = String::new();
        for tried in 0..FIRST_TRIES {
            if tried > 0 {
                sleep(FIRST_PAUSE).await;
            }
            match timeout(self.acknowledge, answer.clone().execute(self.http, (self.call.id, self.call.token))).await {
                Ok(Ok(())) => return Ok(Answered::Now),
                Ok(Err(error)) if code(&error) == Some(ANSWERED_BEFORE) => {
                    return Ok(if tried == 0 { Answered::Before } else { Answered::Meanwhile });
                }
                Ok(Err(error)) if is_final(&error) => return Err(Unanswered(error.to_string())),
                Ok(Err(error)) => last = error.to_string(),
                Err(_) => last = format!("no answer within {} ms", self.acknowledge.as_millis()),
            }
        }
        Err(Unanswered(last))
    }

    /// Fills in, or changes, what was put off: the answer, or the message on which something was pressed. What can't be said is logged:
    /// nobody is left to be told.
    pub(super) async fn say(&self, post: &Post) {
        self.later(post, Later::InIt).await;
    }

    /// The same, with a picture.
    pub(super) async fn show(&self, post: &Post, picture: &Picture) {
        self.send(post, Some(picture), Later::InIt).await;
    }

    /// Says something beside what was put off, and leaves that as it is.
    pub(super) async fn say_beside(&self, post: &Post) {
        self.later(post, Later::Beside).await;
    }

    async fn later(&self, post: &Post, how: Later) {
        self.send(post, None, how).await;
    }

    async fn send(&self, post: &Post, picture: Option<&Picture>, how: Later) {
        let post = self.clean(post);
        for retry in 1..=LATER_TRIES {
            let sent = match how {
                Later::InIt => {
                    let edit = picture.map(Picture::attachment).into_iter().fold(edit(&post), EditInteractionResponse::new_attachment);
                    edit.execute(self.http, self.call.token).await
                }
                Later::Beside => follow_up(&post).execute(self.http, (None, self.call.token)).await,
            };
            let Err(error) = sent else { return };
            if is_final(&error) || retry == LATER_TRIES {
                tracing::warn!(%error, "the answer to interaction {} could not be given: {error}", self.call.id);
                return;
            }
            sleep(LATER_DELAYS.before(retry)).await;
        }
    }

    /// Tells something, whether or not the interaction was acknowledged.
    pub(super) async fn tell(&self, post: &Post) {
        match self.first(CreateInteractionResponse::Message(message(&self.clean(post)))).await {
            Ok(Answered::Now) => {}
            Ok(Answered::Before | Answered::Meanwhile) => self.say(post).await,
            Err(error) => tracing::warn!(%error, "interaction {} could not be answered: {error}", self.call.id),
        }
    }

    fn clean(&self, post: &Post) -> Post {
        let secrets: Vec<&str> = self.secrets.iter().map(Secret::expose).collect();
        let clean = |text: &mut String| *text = redact(text, &secrets);
        let mut post = post.clone();
        clean(&mut post.content);
        post.embeds.iter_mut().for_each(|embed| clean(&mut embed.description));
        post.files.iter_mut().for_each(|file| clean(&mut file.text));
        post
    }
}

fn message(post: &Post) -> CreateInteractionResponseMessage {
    CreateInteractionResponseMessage::new()
        .content(&post.content)
        .embeds(embeds(post))
        .files(files(post))
        .components(components(post))
        .allowed_mentions(nobody())
        .ephemeral(true)
}

fn follow_up(post: &Post) -> CreateInteractionResponseFollowup {
    CreateInteractionResponseFollowup::new()
        .content(&post.content)
        .embeds(embeds(post))
        .files(files(post))
        .components(components(post))
        .allowed_mentions(nobody())
        .ephemeral(true)
}

fn edit(post: &Post) -> EditInteractionResponse {
    let edit =
        EditInteractionResponse::new().content(&post.content).embeds(embeds(post)).components(components(post)).allowed_mentions(nobody());
    files(post).into_iter().fold(edit, EditInteractionResponse::new_attachment)
}

fn embeds(post: &Post) -> Vec<CreateEmbed> {
    post.embeds.iter().map(|embed| CreateEmbed::new().description(&embed.description).colour(embed.colour & 0x00FF_FFFF)).collect()
}

fn components(post: &Post) -> Vec<CreateActionRow> {
    post.rows
        .iter()
        .map(|row| match row {
            Row::Buttons { buttons } => CreateActionRow::Buttons(
                buttons
                    .iter()
                    .map(|button| match &button.does {
                        Does::Press(press) => CreateButton::new(press.to_string()).style(style(button.style)).label(&button.label),
                        Does::Open(address) => CreateButton::new_link(address).label(&button.label),
                    })
                    .collect(),
            ),
            Row::Select { press, placeholder, choices } => CreateActionRow::SelectMenu(
                CreateSelectMenu::new(press.to_string(), CreateSelectMenuKind::String { options: choices.iter().map(choice).collect() })
                    .placeholder(placeholder),
            ),
        })
        .collect()
}

fn choice(choice: &Choice) -> CreateSelectMenuOption {
    CreateSelectMenuOption::new(&choice.label, &choice.value).description(&choice.description).default_selection(choice.chosen)
}

fn style(style: Style) -> ButtonStyle {
    match style {
        Style::Primary => ButtonStyle::Primary,
        Style::Secondary => ButtonStyle::Secondary,
        Style::Success => ButtonStyle::Success,
        Style::Danger => ButtonStyle::Danger,
    }
}

fn files(post: &Post) -> Vec<CreateAttachment> {
    post.files.iter().map(|file| CreateAttachment::bytes(file.text.as_bytes(), &file.name)).collect()
}

fn nobody() -> CreateAllowedMentions {
    CreateAllowedMentions::new().replied_user(false)
}

fn code(error: &serenity::Error) -> Option<isize> {
    match error {
        serenity::Error::Http(HttpError::UnsuccessfulRequest(refused)) => Some(refused.error.code),
        _ => None,
    }
}

/// Whether a repetition would do no good.
fn is_final(error: &serenity::Error) -> bool {
    match error {
        serenity::Error::Http(HttpError::UnsuccessfulRequest(refused)) => {
            let status = refused.status_code.as_u16();
            (400..500).contains(&status) && status != 429
        }
        serenity::Error::Http(HttpError::Request(_)) => false,
        // The answer was understood by Discord, but not its own answer by us: it stands.
        _ => true,
    }
}

/// A post of words alone.
pub(super) fn said(words: String) -> Post {
    Post { content: words, ..Post::default() }
}
