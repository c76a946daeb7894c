//! One interaction, whatever its kind: who asks, from where, and under which token he is answered.

use std::sync::OnceLock;

use orchestrator_core::domain::{actor::Actor, id::UserId};
use serenity::model::{
    Permissions,
    application::{CommandInteraction, ComponentInteraction, ModalInteraction},
    guild::Member,
    id::{GuildId, InteractionId},
    user::User,
};

use super::super::incoming;

/// What all interactions have in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call<'a> {
    pub(super) id: InteractionId,
    pub(super) token: &'a str,
    user: &'a User,
    member: Option<&'a Member>,
    server: Option<GuildId>,
}

/// Where a call comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The server that is served.
    Here,
    /// Another server, or none.
    Elsewhere,
    /// Nobody knows yet which server is served.
    Unknown,
}

impl Call<'_> {
    /// Who asks: the only place where an interaction's member becomes an actor.
    pub(super) fn actor(&self) -> Actor {
        let Self { user, member, .. } = self;
        Actor::Member {
            user: UserId::new(user.id.get()),
            name: user.global_name.clone().filter(|name| !name.is_empty()).unwrap_or_else(|| user.name.clone()),
            roles: member.map_or_else(Vec::new, |member| incoming::roles(&member.roles)),
            bot: user.bot,
            administrator: member.and_then(|member| member.permissions).is_some_and(|held| held.contains(Permissions::ADMINISTRATOR)),
        }
    }

    /// Where it comes from.
    pub(super) fn place(&self, served: &OnceLock<u64>) -> Place {
        match (served.get(), self.server) {
            (None, _) => Place::Unknown,
            (Some(served), Some(here)) if here.get() == *served => Place::Here,
            (Some(_), _) => Place::Elsewhere,
        }
    }
}

impl<'a> From<&'a CommandInteraction> for Call<'a> {
    fn from(from: &'a CommandInteraction) -> Self {
        Self { id: from.id, token: &from.token, user: &from.user, member: from.member.as_deref(), server: from.guild_id }
    }
}

impl<'a> From<&'a ModalInteraction> for Call<'a> {
    fn from(from: &'a ModalInteraction) -> Self {
        Self { id: from.id, token: &from.token, user: &from.user, member: from.member.as_ref(), server: from.guild_id }
    }
}

impl<'a> From<&'a ComponentInteraction> for Call<'a> {
    fn from(from: &'a ComponentInteraction) -> Self {
        Self { id: from.id, token: &from.token, user: &from.user, member: from.member.as_ref(), server: from.guild_id }
    }
}
