//! Where the commands are registered: in the server that the task channel is in, with our own sender.

use std::sync::Arc;

use async_trait::async_trait;
use orchestrator_core::{domain::id::ChannelId, ports::chat::ChatError};
use serde_json::Value;

use crate::{adapters::discord::Sender, surfaces::discord::commands::Registry};

/// Discord, as the registration of commands needs it.
pub struct DiscordRegistry {
    /// Sends.
    pub sender: Arc<Sender>,
    /// The server, if it is configured.
    pub guild: Option<u64>,
    /// The first task channel: it tells the server where none is configured.
    pub task_channel: ChannelId,
}

#[async_trait]
impl Registry for DiscordRegistry {
    async fn server(&self) -> Result<u64, ChatError> {
        let no_server =
            || ChatError::Invalid { status: 400, code: 0, message: format!("the task channel {} is in no server", self.task_channel) };
        let server = match self.guild {
            Some(configured) => configured,
            None => self.sender.channel(self.task_channel).await?.guild.ok_or_else(no_server)?,
        };
        self.sender.link_to_guild(server);
        Ok(server)
    }

    async fn overwrite(&self, server: u64, definitions: Value) -> Result<(), ChatError> {
        let application = self.sender.application().await?.id;
        self.sender.register_commands(application, Some(server), definitions).await.map(drop)
    }
}
