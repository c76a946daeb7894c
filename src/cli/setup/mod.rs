//! `setup`: from a token to a bot that works, one question at a time; every answer can also be given by a flag.

mod env_file;
pub(super) mod permissions;
mod prompt;

use std::{io::Read as _, path::PathBuf};

use clap::Args;
use orchestrator_core::{
    domain::{
        id::{ChannelId, UserId},
        outbound::Identity,
    },
    ports::chat::{Chat as _, ChatError},
    wording::figures,
};
use serde_json::json;

use self::{env_file::with, permissions::Rights, prompt::Prompt};
use super::{
    Context,
    exit::{Exit, Failure},
    posting,
};
use crate::{
    adapters::discord::{
        Sender, SenderConfig, Token,
        server::{Application, Channel, GuildName},
    },
    config::Config,
    surfaces::discord::commands::definitions,
};

/// Channels of text. Source: Discord developer documentation, "Channel Types".
const TEXT: u8 = 0;
/// How often a token that is not accepted may be typed again.
const TOKEN_TRIES: u32 = 3;
const DISCORD: &str = "https://discord.com";

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  orchestrator setup\n  orchestrator setup --token-file token.txt --guild 81384788765712384 --overwrite\n\nThe file is written for its owner alone. An existing one is only changed after a question (or with --overwrite), and kept."
)]
pub(super) struct SetupArgs {
    /// The bot's token; seen by everybody on this machine while this runs, so --token-file is better
    #[arg(long, value_name = "TOKEN", conflicts_with = "token_file")]
    token: Option<String>,
    /// A file with the bot's token; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// The server's id
    #[arg(long, value_name = "ID")]
    guild: Option<u64>,
    /// Where tasks are posted: a channel's name or id
    #[arg(long, value_name = "CHANNEL", default_value = "task-queue")]
    task_queue: String,
    /// Where results go
    #[arg(long, value_name = "CHANNEL", default_value = "results")]
    results: String,
    /// Where notices go
    #[arg(long, value_name = "CHANNEL", default_value = "worker-pool")]
    worker_pool: String,
    /// Change an existing env file without asking
    #[arg(long)]
    overwrite: bool,
    /// Post no test card
    #[arg(long)]
    no_test_card: bool,
}

/// One channel that is needed.
struct Wanted<'a> {
    setting: &'static str,
    named: &'a str,
    topic: &'static str,
}

pub(super) async fn run(context: &Context, args: SetupArgs) -> Result<Exit, Failure> {
    let (config, prompt) = (context.own_config()?, Prompt::new());
    let voice = &context.voice;
    let (sender, token, me, application) = introduce(context, &config, &args, prompt).await?;
    voice.note(&format!("✔ the token is accepted: {}", application.name));
    intent(context, &sender, &application, prompt).await?;

    let base = sender.base().to_owned();
    let link = permissions::invite_link(&base, application.id, permissions::INVITE | permissions::MAKE_CHANNELS);
    voice.note(&format!(
        "Invite link: {link}\n  (Manage Channels is in it so that missing channels can be made; take it away afterwards if you like.)"
    ));
    let guild = guild(&sender, &args, &link, prompt).await?;
    voice.note(&format!("✔ server: {} ({})", guild.name, guild.id));
    sender.link_to_guild(guild.id);

    let mut found = sender.channels(guild.id).await.map_err(|error| posting::refused(&error, "GUILD_ID"))?;
    let mut channels = Vec::new();
    for wanted in [
        Wanted {
            setting: "TASK_QUEUE_CHANNEL",
            named: &args.task_queue,
            topic: "One message is one task. ✅ claimed, 🏁 done. Tags: [model:…] [thinking:…]",
        },
        Wanted { setting: "RESULTS_CHANNEL", named: &args.results, topic: "Results of tasks, with tokens and cost" },
        Wanted {
            setting: "WORKER_POOL_CHANNEL",
            named: &args.worker_pool,
            topic: "Agents that start and end, and what an operator must know",
        },
    ] {
        let channel = channel(context, &sender, guild.id, &mut found, &wanted, prompt).await?;
        channels.push((wanted.setting, channel));
    }
    lacks(context, &sender, guild.id, me, &channels).await;

    let mut settings = vec![("ORCHESTRATOR_AGENT_TOKEN", token), ("GUILD_ID", guild.id.to_string())];
    settings.extend(channels.iter().map(|(setting, channel)| (*setting, channel.id.to_string())));
    if base != DISCORD {
        settings.push(("DISCORD_API_BASE", base));
    }
    let kept = write(&config, &args, &settings, prompt)?;
    voice.note(&format!("✔ {} (only you can read it)", config.env_file.display()));
    if let Some(kept) = &kept {
        voice.note(&format!("  what was there is kept as {}", kept.display()));
    }
    commands_stand(context, &sender, &application, guild.id).await;
    let card = if args.no_test_card { None } else { test_card(context, &sender, &application, &channels).await };

    let ids: serde_json::Map<String, serde_json::Value> =
        channels.iter().map(|(setting, channel)| ((*setting).to_owned(), json!(channel.id))).collect();
    let told = json!({"application": application.id.to_string(), "guild": guild.id.to_string(), "channels": ids, "env_file": config.env_file, "kept": kept, "invite": link, "test_card": card});
    voice.result(&told, || {
        "Done. Next:\n  orchestrator doctor                                try everything\n  orchestrator run                                   run the service\n  orchestrator submit \"Write a haiku about rust\" --wait".to_owned()
    });
    Ok(Exit::Done)
}

/// Tells Discord of our commands, so that they are there before the service has run once. The service does so too, at each start.
async fn commands_stand(context: &Context, sender: &Sender, application: &Application, guild: u64) {
    match sender.register_commands(application.id, Some(guild), definitions()).await {
        Ok(commands) => context.voice.note(&format!("✔ {} in the server", figures::counted(commands.len() as u64, "command", "commands"))),
        Err(error) => context.voice.note(&format!(
            "✗ The slash commands could not be registered: {error}. Was the bot invited with the scope applications.commands? The service tries again."
        )),
    }
}

/// Finds a token that is accepted, and whose it is.
async fn introduce(
    context: &Context,
    config: &Config,
    args: &SetupArgs,
    prompt: Prompt,
) -> Result<(Sender, String, UserId, Application), Failure> {
    let given = given_token(args)?;
    let base = api_base(config);
    let mut tries = 0;
    loop {
        tries += 1;
        let known = config.submit.as_ref().ok().map(|submit| submit.token.expose().to_owned()).filter(|_| tries == 1);
        let token = match (&given, known) {
            (Some(token), _) => token.clone(),
            (None, Some(known)) => {
                context.voice.note("The token of the present configuration is used.");
                known
            }
            (None, None) => {
                if tries == 1 {
                    context.voice.note("Make an application at https://discord.com/developers/applications; its token is on the page \"Bot\": Reset Token.");
                }
                prompt.ask_hidden("Token", "--token-file")?
            }
        };
        let token = token.trim().strip_prefix("Bot ").unwrap_or(token.trim()).trim().to_owned();
        let sender = Sender::new(&SenderConfig::new(&base, Token::new(&token))).map_err(|error| Failure::of(Exit::Usage, &error))?;
        match sender.me(Identity::Orchestrator).await {
            Ok(me) => {
                let application = sender.application().await.map_err(|error| posting::refused(&error, "ORCHESTRATOR_AGENT_TOKEN"))?;
                return Ok((sender, token, me.id, application));
            }
            Err(ChatError::Unauthorized) if given.is_none() && prompt.interactive && tries < TOKEN_TRIES => {
                context.voice.note("✗ Discord does not accept this token. Copy it again: Bot, Reset Token.");
            }
            Err(error) => return Err(posting::refused(&error, "DISCORD_API_BASE")),
        }
    }
}

fn given_token(args: &SetupArgs) -> Result<Option<String>, Failure> {
    let unreadable = |error: std::io::Error| Failure::usage(format!("The token could not be read: {error}."));
    match (&args.token, &args.token_file) {
        (Some(token), _) => Ok(Some(token.clone())),
        (None, Some(path)) if path.as_os_str() == "-" => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).map_err(unreadable)?;
            Ok(Some(text))
        }
        (None, Some(path)) => std::fs::read_to_string(path).map(Some).map_err(unreadable),
        (None, None) => Ok(None),
    }
}

/// `DISCORD_API_BASE` as the layers have it, also where nothing else is set.
fn api_base(config: &Config) -> String {
    let set = config.settings.iter().find(|setting| setting.key == "DISCORD_API_BASE").map(|setting| setting.shown.clone());
    set.filter(|base| !base.is_empty()).unwrap_or_else(|| DISCORD.to_owned())
}

async fn intent(context: &Context, sender: &Sender, application: &Application, prompt: Prompt) -> Result<(), Failure> {
    let mut on = application.may_read_messages();
    while !on {
        let page = format!("https://discord.com/developers/applications/{}/bot", application.id);
        context.voice.note(&format!("✗ The Message Content Intent is off: {page}, Privileged Gateway Intents."));
        if !prompt.interactive {
            return Ok(());
        }
        Prompt::wait("Switch it on and save")?;
        on = sender.application().await.is_ok_and(|application| application.may_read_messages());
    }
    context.voice.note("✔ the Message Content Intent is on");
    Ok(())
}

async fn guild(sender: &Sender, args: &SetupArgs, link: &str, prompt: Prompt) -> Result<GuildName, Failure> {
    loop {
        let guilds = sender.guilds().await.map_err(|error| posting::refused(&error, "GUILD_ID"))?;
        let chosen = match (args.guild, guilds.as_slice()) {
            (Some(id), guilds) => guilds.iter().find(|guild| guild.id == id).cloned(),
            (None, [only]) => Some(only.clone()),
            (None, []) => None,
            (None, several) => {
                let names: Vec<String> = several.iter().map(|guild| format!("  {}  {}", guild.id, guild.name)).collect();
                let answer =
                    prompt.ask(&format!("The bot is in several servers:\n{}\nWhich one (its id)", names.join("\n")), None, "--guild")?;
                match answer.parse().ok().and_then(|id: u64| several.iter().find(|guild| guild.id == id)) {
                    Some(chosen) => Some(chosen.clone()),
                    None => continue,
                }
            }
        };
        match chosen {
            Some(guild) => return Ok(guild),
            None if prompt.interactive => Prompt::wait("The bot is not in your server yet: open the invite link")?,
            None => {
                return Err(Failure::new(
                    Exit::Refused,
                    format!("The bot is not in the server yet. Open this link, let it in, and run `setup` again: {link}"),
                ));
            }
        }
    }
}

/// Finds a channel by name or id, or makes it.
async fn channel(
    context: &Context,
    sender: &Sender,
    guild: u64,
    found: &mut Vec<Channel>,
    wanted: &Wanted<'_>,
    prompt: Prompt,
) -> Result<Channel, Failure> {
    let name = wanted.named.trim_start_matches('#');
    let by_id = name.parse::<ChannelId>().ok();
    let known = found.iter().find(|channel| Some(channel.id) == by_id || (channel.kind == TEXT && channel.name == name)).cloned();
    if let Some(channel) = known {
        context.voice.note(&format!("✔ #{} ({}) for {}", channel.name, channel.id, wanted.setting));
        return Ok(channel);
    }
    if by_id.is_some() {
        return Err(Failure::new(Exit::NotFound, format!("There is no channel {name} in that server (for {}).", wanted.setting)));
    }
    if !prompt.agrees(&format!("There is no #{name}. Make it?"), true, "--task-queue, --results, --worker-pool")? {
        return Err(Failure::usage(format!("Without a channel for {} nothing works; name one with its flag.", wanted.setting)));
    }
    match sender.create_channel(guild, name, wanted.topic).await {
        Ok(channel) => {
            context.voice.note(&format!("✔ #{} ({}) made for {}", channel.name, channel.id, wanted.setting));
            found.push(channel.clone());
            Ok(channel)
        }
        Err(ChatError::Forbidden { .. }) => Err(Failure::new(
            Exit::Refused,
            format!(
                "The bot may not make #{name}: make it by hand, or give the bot Manage Channels in that server, and run `setup` again."
            ),
        )),
        Err(error) => Err(posting::refused(&error, wanted.setting)),
    }
}

/// Tells what the bot may not do in its channels; `doctor` tells it again.
async fn lacks(context: &Context, sender: &Sender, guild: u64, me: UserId, channels: &[(&str, Channel)]) {
    let rights = match Rights::of(sender, guild, me).await {
        Ok(rights) => rights,
        Err(error) => return context.voice.note(&format!("! The permissions could not be asked for: {error}")),
    };
    for (setting, channel) in channels {
        let needs = match *setting {
            "TASK_QUEUE_CHANNEL" => permissions::TASK_QUEUE,
            "RESULTS_CHANNEL" => permissions::RESULTS,
            _ => permissions::NOTICES,
        };
        if let Some(lacks) = rights.lacking(channel, needs) {
            context
                .voice
                .note(&format!("✗ In #{} the bot lacks: {lacks}. Edit Channel, Permissions, add its role and allow them.", channel.name));
        }
    }
}

fn write(config: &Config, args: &SetupArgs, settings: &[(&str, String)], prompt: Prompt) -> Result<Option<PathBuf>, Failure> {
    let path = &config.env_file;
    let before = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(Failure::usage(format!("{} could not be read: {error}.", path.display()))),
    };
    let text = with(&before, settings);
    if text == before {
        return Ok(None);
    }
    if !before.is_empty() && !args.overwrite && !prompt.agrees(&format!("{} exists. Change it?", path.display()), false, "--overwrite")? {
        return Err(Failure::new(Exit::Refused, "Nothing was written."));
    }
    env_file::write(path, &text).map_err(|error| Failure::new(Exit::Broken, format!("{} could not be written: {error}.", path.display())))
}

/// Shows in #results that posting works. That it does not is told, and no reason to begin again.
async fn test_card(context: &Context, sender: &Sender, application: &Application, channels: &[(&str, Channel)]) -> Option<String> {
    let (_, results) = channels.iter().find(|(setting, _)| *setting == "RESULTS_CHANNEL")?;
    let (_, queue) = channels.iter().find(|(setting, _)| *setting == "TASK_QUEUE_CHANNEL")?;
    let text = format!("**{}** is set up. Post a task in <#{}>; its result will stand here.", application.name, queue.id);
    let card = json!({"embeds": [{"title": "🤖 Ready", "description": text, "color": 0x2e_cc71}]});
    match sender.create_message(results.id, card).await {
        Ok(at) => {
            let link = sender.link(at);
            context.voice.note(&format!("✔ test card: {link}"));
            Some(link)
        }
        Err(error) => {
            context.voice.note(&format!("✗ The test card could not be posted in #{}: {error}", results.name));
            None
        }
    }
}
