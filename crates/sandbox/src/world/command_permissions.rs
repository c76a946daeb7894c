//! Who may use a command and where, as those who manage a guild have set it in its settings.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{World, event::Event, guild::Guild, permission, snowflake::Snowflake};
use crate::refusal::Refusal;

/// What is set for one command in one guild; with the application's own id, for all of its commands there that have nothing of their own.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct CommandPermissions {
    guild: Snowflake,
    application: Snowflake,
    command: Snowflake,
    exceptions: Vec<Exception>,
}

/// One exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Exception {
    pub(crate) id: Snowflake,
    pub(crate) kind: ExceptionKind,
    pub(crate) allowed: bool,
}

/// Whom or what it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ExceptionKind {
    Role,
    User,
    Channel,
}

impl ExceptionKind {
    /// The number on the wire. Source: Discord developer documentation, "Application Command Permission Type".
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::Role => 1,
            Self::User => 2,
            Self::Channel => 3,
        }
    }
}

impl World {
    /// Sets the exceptions of a command in a guild, on a request of `user`, who has to manage the guild and its roles.
    pub(crate) fn set_command_permissions(
        &mut self,
        user: Snowflake,
        (guild, application, command): (Snowflake, Snowflake, Snowflake),
        exceptions: Vec<Exception>,
    ) -> Result<(), Refusal> {
        let needed = permission::MANAGE_GUILD | permission::MANAGE_ROLES;
        if self.permissions(guild, user) & needed != needed {
            return Err(Refusal::missing_permissions());
        }
        self.command_permissions.retain(|set| (set.guild, set.command) != (guild, command));
        if !exceptions.is_empty() {
            self.command_permissions.push(CommandPermissions { guild, application, command, exceptions });
        }
        self.happened(Event::CommandsChanged);
        Ok(())
    }

    /// What is set for the application's commands in a guild, as on the wire.
    pub(crate) fn command_permissions_of(&self, guild: Snowflake, application: Snowflake) -> Vec<Value> {
        self.command_permissions.iter().filter(|set| (set.guild, set.application) == (guild, application)).map(shown).collect()
    }

    /// What is set for one command, or for all of an application that is named instead.
    pub(crate) fn permissions_of_command(&self, guild: Snowflake, command: Snowflake) -> Result<Value, Refusal> {
        let set = self.command_permissions.iter().find(|set| (set.guild, set.command) == (guild, command));
        set.map(shown).ok_or_else(Refusal::unknown_command_permissions)
    }

    /// What the guild says to this person using this command in this channel; `None`: nothing, so the command's own rule holds.
    pub(super) fn set_permission(&self, guild: &Guild, user: Snowflake, channel: Snowflake, command: &Value) -> Option<bool> {
        let id = |key: &str| -> Option<Snowflake> { command[key].as_str()?.parse().ok() };
        let set_for = |id: Option<Snowflake>| self.command_permissions.iter().find(|set| set.guild == guild.id && Some(set.command) == id);
        let (own, all) = (set_for(id("id")), set_for(id("application_id")));
        let find = |kind: ExceptionKind, id: Snowflake| {
            own.or(all).and_then(|set| set.exceptions.iter().find(|set| set.kind == kind && set.id == id)).map(|set| set.allowed)
        };
        // A thread counts as its channel; the guild's id less one stands for all channels, the id itself for everybody.
        let channel = self.channel(channel).filter(|known| known.thread.is_some()).and_then(|known| known.parent).unwrap_or(channel);
        let everywhere = (guild.id.get() - 1).to_string().parse().ok();
        let here = find(ExceptionKind::Channel, channel).or_else(|| find(ExceptionKind::Channel, everywhere?));
        if here == Some(false) {
            return Some(false);
        }
        let roles = guild.members.get(&user).map(|member| member.roles.as_slice()).unwrap_or_default();
        let by_role: Vec<bool> = roles.iter().filter_map(|role| find(ExceptionKind::Role, *role)).collect();
        let by_roles = if by_role.is_empty() { None } else { Some(by_role.contains(&true)) };
        find(ExceptionKind::User, user).or(by_roles).or_else(|| find(ExceptionKind::Role, guild.id))
    }
}

fn shown(set: &CommandPermissions) -> Value {
    let exceptions = set.exceptions.iter().map(|set| json!({"id": set.id, "type": set.kind.number(), "permission": set.allowed}));
    json!({"id": set.command, "application_id": set.application, "guild_id": set.guild, "permissions": exceptions.collect::<Vec<_>>()})
}
