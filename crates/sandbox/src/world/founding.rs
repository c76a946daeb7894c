//! How a world begins: its guild, roles, channels, people and bots.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};

use super::{
    World, base64_url,
    chance::Chance,
    guild::{Channel, ChannelKind, Guild, Member, Role},
    people::{Application, MESSAGE_CONTENT, User},
    permission,
    snowflake::{Mint, Snowflake},
};

/// What a new world is made of. The default is what a task bot needs.
#[derive(Clone, Debug)]
pub struct WorldSeed {
    /// The guild's name.
    pub guild: String,
    /// The names of its text channels, without `#`.
    pub channels: Vec<String>,
    /// Its people by user name, with their standing. Exactly one is the owner: the first [`Standing::Owner`], else the first person.
    pub people: Vec<(String, Standing)>,
    /// The name of the first bot, whose application has the commands.
    pub bot: String,
    /// The names of more bots, each with a token of its own.
    pub more_bots: Vec<String>,
    /// What the bots may do in the guild.
    pub bot_permissions: u64,
    /// The privileged intents that the bots' applications are allowed.
    pub privileged_intents: u64,
    /// With a number, ids and tokens are the same in each world made with it.
    pub chance: Option<u64>,
}

/// What a person is in the guild.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Owns the guild, and is an admin.
    Owner,
    /// Has the role `admin`, which may do everything.
    Admin,
    /// Has the role `operator`.
    Operator,
    /// Has no role but @everyone.
    Stranger,
}

/// What a task bot asks for when it is invited: nothing that it does not use.
const BOT_PERMISSIONS: u64 = permission::VIEW_CHANNEL
    | permission::SEND_MESSAGES
    | permission::SEND_MESSAGES_IN_THREADS
    | permission::CREATE_PUBLIC_THREADS
    | permission::READ_MESSAGE_HISTORY
    | permission::ADD_REACTIONS
    | permission::ATTACH_FILES
    | permission::EMBED_LINKS
    | permission::MANAGE_THREADS
    | permission::PIN_MESSAGES;

impl Default for WorldSeed {
    fn default() -> Self {
        Self {
            guild: "Local Discord".to_owned(),
            channels: ["task-queue", "results", "worker-pool", "general"].map(str::to_owned).to_vec(),
            people: [("admin", Standing::Owner), ("operator", Standing::Operator), ("stranger", Standing::Stranger)]
                .map(|(name, standing)| (name.to_owned(), standing))
                .to_vec(),
            bot: "orchestrator".to_owned(),
            more_bots: Vec::new(),
            bot_permissions: BOT_PERMISSIONS,
            privileged_intents: MESSAGE_CONTENT,
            chance: None,
        }
    }
}

impl World {
    /// Makes a world from its seed. A world with a fixed chance is always founded on the same day, so that its ids are the same too.
    pub(crate) fn found(seed: &WorldSeed, now: DateTime<Utc>) -> Self {
        let fixed_day = DateTime::from_timestamp_millis(1_735_689_600_000).unwrap_or(now);
        let born = if seed.chance.is_some() { fixed_day } else { now };
        let (mut mint, mut chance) = (Mint::default(), Chance::new(seed.chance));
        let guild_id = mint.next(born);
        let role = |id, name: &str, permissions, position, colour, managed| Role {
            id,
            name: name.to_owned(),
            permissions,
            position,
            colour,
            managed,
        };
        let everyone = role(guild_id, "@everyone", permission::EVERYONE, 0, 0, false);
        let operator = role(mint.next(born), "operator", permission::EVERYONE | permission::MANAGE_MESSAGES, 1, 0x34_98_DB, false);
        let admin = role(mint.next(born), "admin", permission::ADMINISTRATOR, 2, 0xE7_4C_3C, false);

        let (mut users, mut members, mut owner) = (BTreeMap::new(), BTreeMap::new(), None);
        for (username, standing) in &seed.people {
            let user = new_user(&mut mint, &mut chance, born, username, false);
            let roles = match standing {
                Standing::Owner | Standing::Admin => vec![admin.id],
                Standing::Operator => vec![operator.id],
                Standing::Stranger => Vec::new(),
            };
            if *standing == Standing::Owner && owner.is_none() {
                owner = Some(user.id);
            }
            members.insert(user.id, Member { user: user.id, roles, joined_at: born });
            users.insert(user.id, user);
        }
        let mut roles = BTreeMap::from([everyone, operator, admin].map(|role| (role.id, role)));
        let owner = owner.or_else(|| users.keys().next().copied()).unwrap_or(guild_id);
        let mut applications = BTreeMap::new();
        for name in std::iter::once(&seed.bot).chain(&seed.more_bots) {
            let user = new_user(&mut mint, &mut chance, born, name, true);
            let own = role(mint.next(born), name, seed.bot_permissions, 1, 0, true);
            members.insert(user.id, Member { user: user.id, roles: vec![own.id], joined_at: born });
            roles.insert(own.id, own);
            applications.insert(
                user.id,
                Application { id: user.id, name: name.clone(), owner, privileged_intents: seed.privileged_intents, identifies: Vec::new() },
            );
            users.insert(user.id, user);
        }
        let channels = (0..).zip(&seed.channels).map(|(position, name)| {
            let id = mint.next(born);
            (
                id,
                Channel {
                    id,
                    name: name.clone(),
                    kind: ChannelKind::Text,
                    topic: None,
                    position,
                    parent: None,
                    overwrites: Vec::new(),
                    last_message: None,
                    thread: None,
                },
            )
        });
        let channels: BTreeMap<_, _> = channels.collect();
        Self {
            guild: Guild { id: guild_id, name: seed.guild.clone(), owner, roles, members },
            messages: channels.keys().map(|id| (*id, BTreeMap::new())).collect(),
            mint,
            chance,
            users,
            applications,
            channels,
            commands: BTreeMap::new(),
            interactions: BTreeMap::new(),
            former_members: BTreeMap::new(),
            files: HashMap::new(),
            events: Vec::new(),
        }
    }
}

fn new_user(mint: &mut Mint, chance: &mut Chance, born: DateTime<Utc>, username: &str, bot: bool) -> User {
    let id = mint.next(born);
    User { id, username: username.to_lowercase(), display_name: username.to_owned(), bot, token: token(chance, id, born) }
}

/// A token of the usual shape: the user's id, the time and a secret, parted by dots.
pub(super) fn token(chance: &mut Chance, user: Snowflake, at: DateTime<Utc>) -> String {
    let seconds = u32::try_from(at.timestamp()).unwrap_or(0).to_be_bytes();
    format!("{}.{}.{}", base64_url(user.to_string().as_bytes()), base64_url(&seconds), chance.word(38))
}
