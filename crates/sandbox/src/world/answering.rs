//! How a bot answers an interaction: the callback, the original response and follow-ups.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{
    World,
    draft::Draft,
    event::Event,
    interaction::{Answer, Interaction, InteractionKind},
    message::{EPHEMERAL, LOADING, MessageInteraction, MessageKind},
    posting::Origin,
    snowflake::Snowflake,
};
use crate::{form::invalid, refusal::Refusal};

/// The first answer as the bot sends it, checked for form.
#[derive(Debug)]
pub(crate) enum FirstAnswer {
    Message(Draft),
    Deferred { ephemeral: bool },
    DeferredUpdate,
    Update(Draft),
    Suggestions(Vec<Value>),
    Modal(Value),
}

impl FirstAnswer {
    fn fits(&self, interaction: &Interaction) -> bool {
        use InteractionKind::{Autocomplete, Command, Component, ModalSubmit};
        match self {
            Self::Message(_) | Self::Deferred { .. } => interaction.kind != Autocomplete,
            Self::DeferredUpdate | Self::Update(_) => {
                interaction.kind == Component || (interaction.kind == ModalSubmit && interaction.message.is_some())
            }
            Self::Suggestions(_) => interaction.kind == Autocomplete,
            Self::Modal(_) => matches!(interaction.kind, Command | Component),
        }
    }
}

impl World {
    /// The first answer, due within three seconds.
    pub(crate) fn answer_interaction(
        &mut self,
        now: DateTime<Utc>,
        id: Snowflake,
        token: &str,
        answer: FirstAnswer,
    ) -> Result<(), Refusal> {
        let interaction =
            self.interactions.get(&id).filter(|interaction| interaction.token == token).ok_or_else(Refusal::unknown_interaction)?.clone();
        if interaction.answer.is_some() {
            return Err(Refusal::already_acknowledged());
        }
        if interaction.is_expired(now) || interaction.ended {
            return Err(Refusal::unknown_interaction());
        }
        if !answer.fits(&interaction) {
            return Err(invalid(
                "type",
                "INTERACTION_CALLBACK_TYPE_INVALID",
                "This kind of answer does not go with this kind of interaction.",
            ));
        }
        let (noted, original) = match answer {
            FirstAnswer::Message(draft) => (Answer::Message, Some(self.put_answer(now, &interaction, draft, false)?)),
            FirstAnswer::Deferred { ephemeral } => {
                let draft = Draft { flags: Some(if ephemeral { EPHEMERAL } else { 0 }), ..Draft::default() };
                (Answer::Deferred { filled: false }, Some(self.put_answer(now, &interaction, draft, true)?))
            }
            FirstAnswer::DeferredUpdate => (Answer::Update, interaction.message),
            FirstAnswer::Update(draft) => {
                let message = interaction.message.ok_or_else(Refusal::unknown_message)?;
                self.change(now, interaction.channel, message, draft)?;
                (Answer::Update, Some(message))
            }
            FirstAnswer::Suggestions(choices) => (Answer::Suggestions(choices), None),
            FirstAnswer::Modal(modal) => (Answer::Modal(modal), None),
        };
        if let Some(known) = self.interactions.get_mut(&id) {
            known.answer = Some(noted);
            known.original = original;
        }
        self.happened(Event::InteractionAnswered { interaction: id });
        Ok(())
    }

    /// The message of the first answer.
    pub(crate) fn original_answer(
        &self,
        now: DateTime<Utc>,
        application: Snowflake,
        token: &str,
    ) -> Result<(Snowflake, Snowflake), Refusal> {
        let interaction = self.open_interaction(now, application, token)?;
        let original = interaction.original.filter(|id| self.message(interaction.channel, *id).is_some());
        Ok((interaction.channel, original.ok_or_else(Refusal::unknown_message)?))
    }

    /// Changes the message of the first answer, or fills it if it was deferred.
    pub(crate) fn change_original(
        &mut self,
        now: DateTime<Utc>,
        application: Snowflake,
        token: &str,
        draft: Draft,
    ) -> Result<(Snowflake, Snowflake), Refusal> {
        let (channel, message) = self.original_answer(now, application, token)?;
        let id = self.open_interaction(now, application, token)?.id;
        self.change(now, channel, message, draft)?;
        if let Some(Answer::Deferred { filled }) = self.interactions.get_mut(&id).and_then(|interaction| interaction.answer.as_mut()) {
            *filled = true;
        }
        Ok((channel, message))
    }

    /// Takes the message of the first answer away.
    pub(crate) fn delete_original(&mut self, now: DateTime<Utc>, application: Snowflake, token: &str) -> Result<(), Refusal> {
        let (channel, message) = self.original_answer(now, application, token)?;
        self.remove(channel, message)
    }

    /// Posts a follow-up. The first one after a deferred answer fills that answer instead, as on Discord.
    pub(crate) fn follow_up(
        &mut self,
        now: DateTime<Utc>,
        application: Snowflake,
        token: &str,
        draft: Draft,
    ) -> Result<(Snowflake, Snowflake), Refusal> {
        let interaction = self.open_interaction(now, application, token)?.clone();
        match interaction.answer {
            None => Err(Refusal::unknown_webhook()),
            Some(Answer::Deferred { filled: false }) if self.original_answer(now, application, token).is_ok() => {
                self.change_original(now, application, token, draft)
            }
            Some(_) => {
                let message = self.put_answer(now, &interaction, draft, false)?;
                if let Some(known) = self.interactions.get_mut(&interaction.id) {
                    known.follow_ups.push(message);
                }
                Ok((interaction.channel, message))
            }
        }
    }

    /// A message that this token made.
    pub(crate) fn follow_up_message(
        &self,
        now: DateTime<Utc>,
        application: Snowflake,
        token: &str,
        message: Snowflake,
    ) -> Result<(Snowflake, Snowflake), Refusal> {
        let interaction = self.open_interaction(now, application, token)?;
        let made = interaction.follow_ups.contains(&message) || interaction.original == Some(message);
        let there = self.message(interaction.channel, message).is_some();
        if made && there { Ok((interaction.channel, message)) } else { Err(Refusal::unknown_message()) }
    }

    /// Changes a follow-up.
    pub(crate) fn change_follow_up(
        &mut self,
        now: DateTime<Utc>,
        application: Snowflake,
        token: &str,
        message: Snowflake,
        draft: Draft,
    ) -> Result<(Snowflake, Snowflake), Refusal> {
        let (channel, message) = self.follow_up_message(now, application, token, message)?;
        self.change(now, channel, message, draft)?;
        Ok((channel, message))
    }

    /// Takes a follow-up away.
    pub(crate) fn delete_follow_up(
        &mut self,
        now: DateTime<Utc>,
        application: Snowflake,
        token: &str,
        message: Snowflake,
    ) -> Result<(), Refusal> {
        let (channel, message) = self.follow_up_message(now, application, token, message)?;
        self.remove(channel, message)
    }

    /// Ends the tokens of all interactions, as 15 minutes do.
    pub(crate) fn end_interactions(&mut self) {
        self.interactions.values_mut().for_each(|interaction| interaction.ended = true);
    }

    fn open_interaction(&self, now: DateTime<Utc>, application: Snowflake, token: &str) -> Result<&Interaction, Refusal> {
        let interaction = self
            .interactions
            .values()
            .rev()
            .find(|interaction| interaction.token == token && interaction.application == application)
            .ok_or_else(Refusal::unknown_webhook)?;
        if interaction.is_over(now) { Err(Refusal::invalid_webhook_token()) } else { Ok(interaction) }
    }

    fn put_answer(&mut self, now: DateTime<Utc>, interaction: &Interaction, draft: Draft, loading: bool) -> Result<Snowflake, Refusal> {
        let ephemeral = draft.flags.is_some_and(|flags| flags & EPHEMERAL != 0);
        let (kind, reply_to) = match interaction.kind {
            InteractionKind::Command if interaction.data["type"] == 1 => (MessageKind::ChatInputCommand, None),
            InteractionKind::Command => (MessageKind::ContextMenuCommand, None),
            InteractionKind::Component => (MessageKind::Reply, interaction.message),
            InteractionKind::Autocomplete | InteractionKind::ModalSubmit => (MessageKind::Default, interaction.message),
        };
        let origin = Origin {
            kind,
            only_for: ephemeral.then_some(interaction.user),
            interaction: Some(self.metadata(interaction)),
            reply_to,
            loading,
            ..Origin::ordinary()
        };
        let draft = Draft { flags: draft.flags.map(|flags| flags & !LOADING), ..draft };
        self.put(now, interaction.application, interaction.channel, draft, origin)
    }

    /// What a message tells of the interaction that it answers.
    fn metadata(&self, interaction: &Interaction) -> MessageInteraction {
        let opener = interaction.opened_by.and_then(|id| self.interactions.get(&id));
        MessageInteraction {
            id: interaction.id,
            kind: interaction.kind.number(),
            name: interaction.data["name"].as_str().unwrap_or_default().to_owned(),
            user: interaction.user,
            on: interaction.message.filter(|_| interaction.kind == InteractionKind::Component),
            opened_by: opener.map(|opener| Box::new(self.metadata(opener))),
        }
    }
}
