//! What the person can choose from: commands that he may use here, and whom and what they can be about.

use serde_json::{Value, json};

use super::{channels, viewer::Viewer};
use crate::world::guild::Channel;

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
    let channels = viewer.channels();
    json!({
        "commands": with_bot.collect::<Vec<_>>(),
        "users": guild.members.keys().filter_map(|id| world.user(*id)).map(|user| json!({"id": user.id, "name": viewer.name(user.id), "bot": user.bot})).collect::<Vec<_>>(),
        "roles": guild.roles.values().map(|role| json!({"id": role.id, "name": role.name})).collect::<Vec<_>>(),
        "channels": channels.iter().map(|channel| json!({"id": channel.id, "name": channel.name, "type": channel.kind.number()})).collect::<Vec<_>>(),
        "places": viewer.guilds().into_iter().flat_map(|guild| places(Viewer { guild, ..viewer })).chain(direct(viewer)).collect::<Vec<_>>(),
    })
}

/// The people and bots with whom the person has direct messages.
fn direct(viewer: Viewer<'_>) -> impl Iterator<Item = Value> {
    let place = move |channel: &Channel| json!({"id": channel.id, "name": viewer.title(channel), "sign": channels::sign(channel), "guild": "direct messages"});
    viewer.direct().into_iter().map(place)
}

/// Where the person can go in the open server: its channels, and their open threads.
fn places(viewer: Viewer<'_>) -> Vec<Value> {
    let mut found = Vec::new();
    for channel in viewer.channels() {
        found.push(json!({"id": channel.id, "name": channel.name, "sign": channels::sign(channel), "guild": viewer.guild.name}));
        for thread in viewer.threads(channel.id, false) {
            let within = format!("in #{}", channel.name);
            found.push(
                json!({"id": thread.id, "name": thread.name, "sign": channels::sign(thread), "within": within, "guild": viewer.guild.name}),
            );
        }
    }
    found
}
