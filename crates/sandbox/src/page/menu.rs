//! What the person can choose from: commands that he may use here, and whom and what they can be about.

use serde_json::{Value, json};

use super::viewer::Viewer;
use crate::world::guild::ChannelKind;

/// The commands of all bots, and the members, roles and channels that options can name.
pub(super) fn choices(viewer: Viewer<'_>) -> Value {
    let (world, guild) = (viewer.world, viewer.guild);
    let commands = world.commands().filter(|command| viewer.channel.is_some_and(|channel| world.may_use(viewer.user.id, channel, command)));
    let with_bot = commands.map(|command| {
        let mut command = command.clone();
        let bot = command["application_id"].as_str().and_then(|id| id.parse().ok()).and_then(|id| world.user(id));
        command["bot"] = bot.map(|bot| bot.display_name.as_str()).into();
        command
    });
    let channels =
        world.channels_of(guild.id).filter(|channel| channel.kind == ChannelKind::Text && world.sees(viewer.user.id, channel.id));
    json!({
        "commands": with_bot.collect::<Vec<_>>(),
        "users": guild.members.keys().filter_map(|id| world.user(*id)).map(|user| json!({"id": user.id, "name": user.display_name})).collect::<Vec<_>>(),
        "roles": guild.roles.values().map(|role| json!({"id": role.id, "name": role.name})).collect::<Vec<_>>(),
        "channels": channels.map(|channel| json!({"id": channel.id, "name": channel.name})).collect::<Vec<_>>(),
    })
}
