//! The commands that applications have registered.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{World, event::Event, snowflake::Snowflake};
use crate::refusal::Refusal;

/// Where a command is registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    Global,
    Guild(Snowflake),
}

/// Most commands that an application makes in a day, globally and in each guild.
/// Source: Discord developer documentation, "Application Commands", "Registering a Command".
const CREATES_A_DAY: usize = 200;
const DAY: TimeDelta = TimeDelta::hours(24);

/// A command was made.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct CommandMade {
    at: DateTime<Utc>,
    application: Snowflake,
    guild: Option<Snowflake>,
}

impl Scope {
    fn guild(self) -> Option<Snowflake> {
        match self {
            Self::Global => None,
            Self::Guild(id) => Some(id),
        }
    }

    fn holds(self, command: &Value) -> bool {
        let guild = command["guild_id"].as_str();
        match self {
            Self::Global => guild.is_none(),
            Self::Guild(id) => guild == Some(id.to_string().as_str()),
        }
    }
}

impl World {
    /// The application's commands of one scope, in the order in which they came.
    pub(crate) fn commands_of(&self, application: Snowflake, scope: Scope) -> Vec<Value> {
        self.commands.values().filter(|command| belongs(command, application) && scope.holds(command)).cloned().collect()
    }

    /// One command of the application.
    pub(crate) fn command(&self, application: Snowflake, scope: Scope, id: Snowflake) -> Result<&Value, Refusal> {
        self.commands.get(&id).filter(|command| belongs(command, application) && scope.holds(command)).ok_or_else(Refusal::unknown_command)
    }

    /// Takes those of the commands that are new out of the day's budget, which each scope has of its own.
    pub(crate) fn spend_creates(
        &mut self,
        now: DateTime<Utc>,
        application: Snowflake,
        scope: Scope,
        commands: &[Value],
    ) -> Result<(), Refusal> {
        let known = self.commands_of(application, scope);
        let is_new = |command: &&Value| !known.iter().any(|known| known["name"] == command["name"] && known["type"] == command["type"]);
        let new = commands.iter().filter(is_new).count();
        self.commands_made.retain(|made| now - made.at < DAY);
        let guild = scope.guild();
        let made = self.commands_made.iter().filter(|made| made.application == application && made.guild == guild).count();
        if made + new > CREATES_A_DAY {
            return Err(Refusal::too_many_creates());
        }
        self.commands_made.extend(std::iter::repeat_n(CommandMade { at: now, application, guild }, new));
        Ok(())
    }

    /// Replaces all commands of a scope; those with a known name and type keep their id.
    pub(crate) fn overwrite_commands(
        &mut self,
        now: DateTime<Utc>,
        application: Snowflake,
        scope: Scope,
        commands: Vec<Value>,
    ) -> Vec<Value> {
        let old = self.commands_of(application, scope);
        self.commands.retain(|_, command| !(belongs(command, application) && scope.holds(command)));
        let kept = commands.into_iter().map(|command| {
            let same = old.iter().find(|known| known["name"] == command["name"] && known["type"] == command["type"]);
            let id = same.and_then(|known| known["id"].as_str()?.parse().ok());
            self.store_command(now, application, scope, id, command)
        });
        let kept = kept.collect();
        self.happened(Event::CommandsChanged);
        kept
    }

    /// Adds a command, or replaces the one of the same name and type; tells whether it is new.
    pub(crate) fn add_command(&mut self, now: DateTime<Utc>, application: Snowflake, scope: Scope, command: Value) -> (Value, bool) {
        let same = self
            .commands_of(application, scope)
            .into_iter()
            .find(|known| known["name"] == command["name"] && known["type"] == command["type"]);
        let id = same.and_then(|known| known["id"].as_str()?.parse().ok());
        let stored = self.store_command(now, application, scope, id, command);
        self.happened(Event::CommandsChanged);
        (stored, id.is_none())
    }

    /// Changes a command that is there.
    pub(crate) fn change_command(
        &mut self,
        now: DateTime<Utc>,
        application: Snowflake,
        scope: Scope,
        id: Snowflake,
        command: Value,
    ) -> Result<Value, Refusal> {
        self.command(application, scope, id)?;
        let stored = self.store_command(now, application, scope, Some(id), command);
        self.happened(Event::CommandsChanged);
        Ok(stored)
    }

    /// Takes a command away.
    pub(crate) fn delete_command(&mut self, application: Snowflake, scope: Scope, id: Snowflake) -> Result<(), Refusal> {
        self.command(application, scope, id)?;
        self.commands.remove(&id);
        self.happened(Event::CommandsChanged);
        Ok(())
    }

    fn store_command(
        &mut self,
        now: DateTime<Utc>,
        application: Snowflake,
        scope: Scope,
        id: Option<Snowflake>,
        mut command: Value,
    ) -> Value {
        let version = self.new_id(now);
        let id = id.unwrap_or(version);
        command["id"] = id.to_string().into();
        command["application_id"] = application.to_string().into();
        command["version"] = version.to_string().into();
        if let Scope::Guild(guild) = scope {
            command["guild_id"] = guild.to_string().into();
        }
        self.commands.insert(id, command.clone());
        command
    }
}

fn belongs(command: &Value, application: Snowflake) -> bool {
    command["application_id"].as_str() == Some(application.to_string().as_str())
}
