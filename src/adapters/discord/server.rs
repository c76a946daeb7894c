//! A server's furniture as `doctor`, `setup` and the surfaces need it: guilds, roles, channels, members, the application.

use orchestrator_core::domain::id::{ChannelId, UserId};
use serde::{Deserialize, Deserializer, de::Error};
use serenity::model::Permissions;

/// "Message Content" is allowed: for a bot in few servers by a switch, in many by Discord.
/// Source: Discord developer documentation, "Application Flags": `GATEWAY_MESSAGE_CONTENT` and `GATEWAY_MESSAGE_CONTENT_LIMITED`.
const MESSAGE_CONTENT: u64 = 1 << 18 | 1 << 19;

/// The user behind a token.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Me {
    /// Discord's id of it.
    pub id: UserId,
    /// What it is called.
    #[serde(rename = "username", default)]
    pub name: String,
    /// Whether the token is a bot's, as it should be.
    #[serde(default)]
    pub bot: bool,
}

/// The application behind the orchestrator's token.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Application {
    /// Discord's id of it.
    #[serde(deserialize_with = "snowflake")]
    pub id: u64,
    /// What it is called.
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    flags: u64,
}

impl Application {
    /// Whether the intent "Message Content" is switched on.
    pub fn may_read_messages(&self) -> bool {
        self.flags & MESSAGE_CONTENT != 0
    }
}

/// A server, as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct GuildName {
    /// Discord's id of it.
    #[serde(deserialize_with = "snowflake")]
    pub id: u64,
    /// What it is called.
    #[serde(default)]
    pub name: String,
}

/// A server.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Guild {
    /// Discord's id of it.
    #[serde(deserialize_with = "snowflake")]
    pub id: u64,
    /// What it is called.
    #[serde(default)]
    pub name: String,
    /// Whose it is.
    #[serde(rename = "owner_id")]
    pub owner: UserId,
    /// Its roles; the one with the server's own id is everyone's.
    #[serde(default)]
    pub roles: Vec<Role>,
}

/// A role.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Role {
    /// Discord's id of it.
    #[serde(deserialize_with = "snowflake")]
    pub id: u64,
    /// What it is called.
    #[serde(default)]
    pub name: String,
    /// What it allows.
    #[serde(deserialize_with = "bits")]
    pub permissions: Permissions,
}

/// A channel or thread.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Channel {
    /// Discord's id of it.
    pub id: ChannelId,
    /// Discord's number for what it is; 0 is a text channel.
    #[serde(rename = "type", default)]
    pub kind: u8,
    /// What it is called.
    #[serde(default)]
    pub name: String,
    /// Its server.
    #[serde(rename = "guild_id", default, deserialize_with = "perhaps_snowflake")]
    pub guild: Option<u64>,
    /// Its category, or of a thread its channel.
    #[serde(rename = "parent_id", default)]
    pub parent: Option<ChannelId>,
    /// What differs in it from the server's roles.
    #[serde(rename = "permission_overwrites", default)]
    pub overwrites: Vec<Overwrite>,
}

impl Channel {
    /// Threads have their parent's overwrites. Source: Discord developer documentation, "Channel Types" 10 to 12.
    pub fn is_thread(&self) -> bool {
        (10..=12).contains(&self.kind)
    }
}

/// What differs in a channel, for a role or a member.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "RawOverwrite")]
pub struct Overwrite {
    /// For whom.
    pub of: OverwriteOf,
    /// What it allows.
    pub allow: Permissions,
    /// What it denies.
    pub deny: Permissions,
}

/// Whom an overwrite concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OverwriteOf {
    /// Everyone with a role.
    Role(u64),
    /// One member.
    Member(UserId),
}

#[derive(Deserialize)]
struct RawOverwrite {
    #[serde(deserialize_with = "snowflake")]
    id: u64,
    #[serde(rename = "type", default)]
    kind: u8,
    #[serde(deserialize_with = "bits")]
    allow: Permissions,
    #[serde(deserialize_with = "bits")]
    deny: Permissions,
}

impl TryFrom<RawOverwrite> for Overwrite {
    type Error = &'static str;

    fn try_from(raw: RawOverwrite) -> Result<Self, Self::Error> {
        let of = match raw.kind {
            0 => OverwriteOf::Role(raw.id),
            1 if raw.id != 0 => OverwriteOf::Member(UserId::new(raw.id)),
            _ => return Err("an overwrite is of a role or a member"),
        };
        Ok(Self { of, allow: raw.allow, deny: raw.deny })
    }
}

/// A member of a server.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "RawMember")]
pub struct Member {
    /// The user.
    pub user: UserId,
    /// What the user is called.
    pub name: String,
    /// The member's roles, without everyone's.
    pub roles: Vec<u64>,
}

impl Member {
    /// Whether the member has a role.
    pub fn has(&self, role: u64) -> bool {
        self.roles.contains(&role)
    }
}

#[derive(Deserialize)]
struct RawMember {
    user: Me,
    #[serde(default)]
    roles: Vec<RawRoleId>,
}

#[derive(Deserialize)]
struct RawRoleId(#[serde(deserialize_with = "snowflake")] u64);

impl From<RawMember> for Member {
    fn from(raw: RawMember) -> Self {
        Self { user: raw.user.id, name: raw.user.name, roles: raw.roles.into_iter().map(|role| role.0).collect() }
    }
}

/// Discord writes ids and permission bits as text, since they exceed what JavaScript counts exactly.
fn snowflake<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(|_| D::Error::custom("an id is digits"))
}

fn perhaps_snowflake<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Option::<String>::deserialize(deserializer)?.map(|id| id.parse().map_err(|_| D::Error::custom("an id is digits"))).transpose()
}

fn bits<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Permissions, D::Error> {
    snowflake(deserializer).map(Permissions::from_bits_retain)
}
