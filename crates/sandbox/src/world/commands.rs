//! The commands that applications have registered.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{World, event::Event, snowflake::Snowflake};
use crate::refusal::Refusal;

/// Where a command is registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    Global,
    Guild(Snowflake),
}

impl Scope {
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
