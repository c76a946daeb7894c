//! Discord: the token, the intent, the channels with their permissions, the gateway, the clocks.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    time::Duration,
};

use crate::adapters::discord::permissions::Permissions;
use chrono::{DateTime, Utc};
use orchestrator_core::{
    domain::{
        id::{ChannelId, UserId},
        outbound::Identity,
        showing::{Showing, Shown},
    },
    ports::{chat::ChatError, clock::Clock as _},
};
use tokio::{net::TcpStream, time::timeout};

use super::{Finding, PATIENCE};
use crate::{
    adapters::{
        discord::{Sender, server::Channel},
        system_clock::SystemClock,
    },
    cli::setup::permissions::{self, Rights},
    config::{Config, DiscordConfig},
    service::build,
};

/// From this difference on the clocks are odd; from the next on, times and ages are wrong for people too.
const ODD_SKEW: Duration = Duration::from_secs(5);
const WRONG_SKEW: Duration = Duration::from_secs(60);

pub(super) async fn examine(config: &Config) -> Vec<Finding> {
    let discord = match &config.discord {
        Ok(discord) => discord,
        Err(missing) => {
            let says = format!("not set: {}", missing.keys.join(", "));
            return vec![
                Finding::broken("Discord", says).way_out(format!("`orchestrator setup` finds the values, or fill in {}.", missing.file)),
            ];
        }
    };
    let sender = match Sender::new(&build::sender_config(config, discord)) {
        Ok(sender) => sender,
        Err(error) => return vec![Finding::broken("Discord", error.to_string())],
    };
    let mut findings = vec![clock(discord).await];
    let me = match sender.me(Identity::Orchestrator).await {
        Ok(me) => {
            findings.push(if me.bot {
                Finding::well("bot token", format!("accepted: {} ({})", me.name, me.id))
            } else {
                Finding::broken("bot token", format!("it is the token of the user {}, not of a bot", me.name))
                    .way_out("Copy the token from the page \"Bot\" of your application in Discord's developer portal.")
            });
            me.id
        }
        Err(error) => {
            findings.push(token_refused(&error, "ORCHESTRATOR_AGENT_TOKEN", &discord.api_base));
            findings.push(Finding::untried("channels", "not tried without a token that is accepted"));
            return findings;
        }
    };
    findings.push(intent(&sender).await);
    findings.push(gateway(&sender).await);
    findings.extend(channels(&sender, discord, me).await);
    findings.extend(cards(&sender, discord, config.limits.showing, me).await);
    findings.extend(workers(&sender, discord).await);
    findings
}

fn token_refused(error: &ChatError, setting: &str, base: &str) -> Finding {
    match error {
        ChatError::Unauthorized => Finding::broken("bot token", format!("Discord does not accept `{setting}` (HTTP 401)"))
            .way_out("Copy it anew: Discord's developer portal, your application, Bot, Reset Token."),
        ChatError::NotSent { .. } => Finding::broken("Discord", error.to_string())
            .way_out(format!("Is {base} reachable from here? Check the network and `DISCORD_API_BASE`.")),
        _ => Finding::broken("Discord", error.to_string()).way_out("Ask again in a minute; https://discordstatus.com tells of outages."),
    }
}

async fn intent(sender: &Sender) -> Finding {
    const CHECK: &str = "Message Content intent";
    match sender.application().await {
        Ok(application) if application.may_read_messages() => Finding::well(CHECK, "switched on"),
        Ok(application) => Finding::broken(CHECK, "switched off: the bot would see empty messages, and Discord refuses its session (4014)")
            .way_out(format!(
                "Switch it on: https://discord.com/developers/applications/{}/bot, Privileged Gateway Intents, Message Content Intent.",
                application.id
            )),
        Err(error) => Finding::odd(CHECK, format!("could not be asked for: {error}")),
    }
}

/// Whether the gateway that Discord names takes connections.
async fn gateway(sender: &Sender) -> Finding {
    const CHECK: &str = "gateway";
    let url = match sender.gateway_url().await {
        Ok(url) => url,
        Err(error) => return Finding::broken(CHECK, format!("its address could not be asked for: {error}")),
    };
    let parsed = reqwest::Url::parse(&url).ok();
    let Some((host, port)) = parsed.as_ref().and_then(|url| Some((url.host_str()?.to_owned(), url.port_or_known_default()?))) else {
        return Finding::broken(CHECK, format!("Discord names an address that is none: {url}"));
    };
    match timeout(PATIENCE, TcpStream::connect((host.trim_matches(['[', ']']), port))).await {
        Ok(Ok(_)) => Finding::well(CHECK, format!("{url} takes connections")),
        Ok(Err(error)) => {
            Finding::broken(CHECK, format!("{url} can't be reached: {error}")).way_out("Let connections to it through your firewall.")
        }
        Err(_) => Finding::broken(CHECK, format!("{url} does not answer within {} s", PATIENCE.as_secs()))
            .way_out("Let connections to it through your firewall."),
    }
}

/// The channels, each with what it is for and what the bot needs in it.
fn needed(discord: &DiscordConfig) -> Vec<(&'static str, ChannelId, Permissions)> {
    let mut needed: Vec<_> = discord.task_queues.iter().map(|id| ("TASK_QUEUE_CHANNEL", *id, permissions::TASK_QUEUE)).collect();
    needed.push(("RESULTS_CHANNEL", discord.results, permissions::RESULTS));
    needed.extend(discord.worker_pool.map(|id| ("WORKER_POOL_CHANNEL", id, permissions::NOTICES)));
    needed.extend(discord.operator.filter(|id| Some(*id) != discord.worker_pool).map(|id| ("OPERATOR_CHANNEL", id, permissions::NOTICES)));
    needed.extend(discord.fallback.map(|id| ("channels.fallback", id, permissions::RESULTS)));
    needed
}

async fn channels(sender: &Sender, discord: &DiscordConfig, me: UserId) -> Vec<Finding> {
    let (mut findings, mut rights) = (Vec::new(), BTreeMap::new());
    for (setting, id, needs) in needed(discord) {
        let channel = match place(sender, id).await {
            Ok(channel) => channel,
            Err(error) => {
                findings.push(no_channel(setting, id, &error));
                continue;
            }
        };
        let Some(guild) = channel.guild else {
            findings
                .push(Finding::broken(setting, format!("{id} is no channel of a server")).way_out("Take a text channel of your server."));
            continue;
        };
        if let Some(wanted) = discord.guild
            && wanted.get() != guild
        {
            findings.push(
                Finding::broken(setting, format!("#{} ({id}) is in the server {guild}, but `GUILD_ID` is {wanted}", channel.name))
                    .way_out("Take a channel of that server, or put `GUILD_ID` right."),
            );
        }
        if let Entry::Vacant(unasked) = rights.entry(guild) {
            unasked.insert(Rights::of(sender, guild, me).await);
        }
        findings.push(may(&rights[&guild], setting, id, &channel, needs));
    }
    findings
}

/// Where cards and threads are shown, what is lacking for them: tasks run all the same, so it is no more than odd. Channels that can't be
/// asked for were told of already.
async fn cards(sender: &Sender, discord: &DiscordConfig, showing: Showing, me: UserId) -> Vec<Finding> {
    let mut findings = Vec::new();
    let needs = if showing.threads { permissions::CARDS | permissions::THREADS } else { permissions::CARDS };
    for id in discord.task_queues.iter().filter(|_| showing.shown != Shown::Silent) {
        let Ok(channel) = place(sender, *id).await else { continue };
        let Some(guild) = channel.guild else { continue };
        let Ok(rights) = Rights::of(sender, guild, me).await else { continue };
        let name = &channel.name;
        findings.push(match rights.lacking(&channel, needs) {
            None => Finding::well("cards", format!("#{name} ({id}), all permissions")),
            Some(lacks) => Finding::odd("cards", format!("in #{name} ({id}) the bot lacks {lacks} for the cards and threads of tasks"))
                .way_out(format!("In Discord: #{name}, Edit Channel, Permissions, allow {lacks}; or set `cards.show` to `silent`.")),
        });
    }
    findings
}

/// A channel as far as permissions go: of a thread, the channel that it is in.
async fn place(sender: &Sender, id: ChannelId) -> Result<Channel, ChatError> {
    let channel = sender.channel(id).await?;
    match channel.parent {
        Some(parent) if channel.is_thread() => sender.channel(parent).await,
        _ => Ok(channel),
    }
}

fn no_channel(setting: &str, id: ChannelId, error: &ChatError) -> Finding {
    match error {
        ChatError::NotFound { .. } => Finding::broken(setting, format!("there is no channel {id}"))
            .way_out("Copy the id again: Discord, Settings, Advanced, Developer Mode; then right-click the channel, Copy Channel ID."),
        ChatError::Forbidden { .. } => Finding::broken(setting, format!("the bot may not see the channel {id}"))
            .way_out("Invite the bot to that channel's server (`orchestrator setup` prints the link), or give it View Channel there."),
        _ => Finding::broken(setting, format!("the channel {id} could not be asked for: {error}")),
    }
}

fn may(rights: &Result<Rights, ChatError>, setting: &str, id: ChannelId, channel: &Channel, needs: Permissions) -> Finding {
    let name = &channel.name;
    match rights.as_ref().map(|rights| rights.lacking(channel, needs)) {
        Ok(None) => Finding::well(setting, format!("#{name} ({id}), all permissions")),
        Ok(Some(lacks)) => Finding::broken(setting, format!("in #{name} ({id}) the bot lacks: {lacks}"))
            .way_out(format!("In Discord: #{name}, Edit Channel, Permissions, add the bot's role and allow {lacks}.")),
        Err(error) => Finding::broken(setting, format!("the permissions in #{name} ({id}) could not be asked for: {error}")),
    }
}

/// The identities of slots 1 to 3 must be able to post where notices go.
async fn workers(sender: &Sender, discord: &DiscordConfig) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (slot, token) in (1..=3_u8).zip(&discord.worker_tokens) {
        if token.is_none() {
            continue;
        }
        let setting = format!("WORKER{slot}_TOKEN");
        let me = match sender.me(Identity::Worker(slot)).await {
            Ok(me) => me,
            Err(error) => {
                findings.push(Finding { check: setting.clone(), ..token_refused(&error, &setting, &discord.api_base) });
                continue;
            }
        };
        let Some(pool) = discord.worker_pool else {
            findings.push(Finding::odd(setting, format!("{} is never used: `WORKER_POOL_CHANNEL` is not set", me.name)));
            continue;
        };
        // A channel that is not there was told of already.
        let Ok(channel) = place(sender, pool).await else { continue };
        let Some(guild) = channel.guild else { continue };
        let found = may(&Rights::of(sender, guild, me.id).await, &setting, pool, &channel, permissions::NOTICES);
        findings.push(Finding { says: format!("{}: {}", me.name, found.says), ..found });
    }
    findings
}

/// Our clock against Discord's, by the `Date` of an answer that needs no token.
async fn clock(discord: &DiscordConfig) -> Finding {
    const CHECK: &str = "clock";
    let asked = async {
        let client = reqwest::Client::builder().timeout(PATIENCE).no_proxy().build()?;
        let before = SystemClock.now();
        let response = client.get(format!("{}/api/v10/gateway", discord.api_base)).send().await?;
        let middle = before + (SystemClock.now() - before) / 2;
        let date = response.headers().get(reqwest::header::DATE).and_then(|date| date.to_str().ok()).map(str::to_owned);
        Ok::<_, reqwest::Error>((middle, date))
    };
    match asked.await {
        Ok((ours, Some(date))) => match DateTime::parse_from_rfc2822(&date) {
            Ok(theirs) => skew(ours, theirs.with_timezone(&Utc)),
            Err(_) => Finding::untried(CHECK, "Discord's answer has no time that can be read"),
        },
        Ok((_, None)) => Finding::untried(CHECK, "Discord's answer has no time in it"),
        Err(_) => Finding::untried(CHECK, "Discord could not be asked for the time"),
    }
}

fn skew(ours: DateTime<Utc>, theirs: DateTime<Utc>) -> Finding {
    const CHECK: &str = "clock";
    // The header has whole seconds: half of one is nobody's fault.
    let difference = (ours - theirs).abs().to_std().unwrap_or_default();
    let direction = if ours > theirs { "ahead of" } else { "behind" };
    let says = format!("this machine is {} s {direction} Discord", difference.as_secs());
    let way_out = "Let the machine's clock be set from the network (timedatectl set-ntp true).";
    if difference >= WRONG_SKEW {
        Finding::broken(CHECK, says).way_out(way_out)
    } else if difference >= ODD_SKEW {
        Finding::odd(CHECK, says).way_out(way_out)
    } else {
        Finding::well(CHECK, "agrees with Discord's")
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::{super::Standing, *};

    #[test]
    fn a_clock_that_is_far_off_is_broken_and_the_direction_is_told() {
        let theirs = DateTime::from_timestamp(1_763_700_000, 0).unwrap();

        assert_eq!(skew(theirs + TimeDelta::milliseconds(900), theirs).standing, Standing::Well);
        assert_eq!(skew(theirs + TimeDelta::seconds(10), theirs).standing, Standing::Odd);
        let behind = skew(theirs - TimeDelta::minutes(10), theirs);
        assert_eq!((behind.standing, behind.says.as_str()), (Standing::Broken, "this machine is 600 s behind Discord"));
    }
}
