//! How a world begins, and how guilds, people and bots are added to it.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::{
    World, base64_url,
    chance::Chance,
    event::Event,
    guild::{Channel, ChannelKind, Guild, Member, Role},
    interaction::Deadlines,
    people::{Application, MESSAGE_CONTENT, User},
    permission,
    snowflake::{Mint, Snowflake},
};
use crate::{form, refusal::Refusal};

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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Owns the guild, and is an admin.
    Owner,
    /// Has the role `admin`, which may do everything.
    Admin,
    /// Has the role `operator`.
    Operator,
    /// Has no role but @everyone.
    #[default]
    Stranger,
}

/// What a task bot asks for when it is invited: nothing that it does not use.
pub(crate) const BOT_PERMISSIONS: u64 = permission::VIEW_CHANNEL
    | permission::SEND_MESSAGES
    | permission::SEND_MESSAGES_IN_THREADS
    | permission::CREATE_PUBLIC_THREADS
    | permission::READ_MESSAGE_HISTORY
    | permission::ADD_REACTIONS
    | permission::ATTACH_FILES
    | permission::EMBED_LINKS
    | permission::MANAGE_THREADS
    | permission::PIN_MESSAGES;

/// The roles that a person's standing stands for; every new guild has them.
const OPERATOR: &str = "operator";
const ADMIN: &str = "admin";

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
        let mut world = Self {
            mint: Mint::default(),
            chance: Chance::new(seed.chance),
            guilds: BTreeMap::new(),
            users: BTreeMap::new(),
            applications: BTreeMap::new(),
            channels: BTreeMap::new(),
            messages: BTreeMap::new(),
            commands: BTreeMap::new(),
            interactions: BTreeMap::new(),
            webhooks: BTreeMap::new(),
            deadlines: Deadlines::default(),
            commands_made: Vec::new(),
            command_permissions: Vec::new(),
            files: HashMap::new(),
            events: Vec::new(),
        };
        let people: Vec<_> = seed.people.iter().map(|(name, standing)| (world.new_user(born, name, false), *standing)).collect();
        let owner = people.iter().find(|(_, standing)| *standing == Standing::Owner).or(people.first()).map(|(id, _)| *id);
        let guild = world.new_guild(born, &seed.guild, owner);
        for (person, standing) in people {
            world.settle(born, guild, person, standing);
        }
        let owner = owner.unwrap_or(guild);
        for name in std::iter::once(&seed.bot).chain(&seed.more_bots) {
            let bot = world.new_bot(born, name, owner, seed.privileged_intents);
            world.install(born, guild, bot, seed.bot_permissions);
        }
        for name in &seed.channels {
            world.new_text_channel(born, guild, name);
        }
        world.events.clear();
        world
    }

    /// Adds a guild with a channel for each name; its owner is in it, nobody else.
    ///
    /// # Errors
    ///
    /// If the owner is no person of this world.
    pub(crate) fn add_guild(
        &mut self,
        now: DateTime<Utc>,
        name: &str,
        owner: Snowflake,
        channels: &[String],
    ) -> Result<Snowflake, Refusal> {
        self.users.get(&owner).filter(|user| !user.bot).ok_or_else(Refusal::unknown_user)?;
        let guild = self.new_guild(now, name, Some(owner));
        for channel in channels {
            self.new_text_channel(now, guild, channel);
        }
        self.settle(now, guild, owner, Standing::Owner);
        Ok(guild)
    }

    /// Adds a person, who is in no guild yet.
    ///
    /// # Errors
    ///
    /// If the name is taken.
    pub(crate) fn add_person(&mut self, now: DateTime<Utc>, name: &str) -> Result<Snowflake, Refusal> {
        self.check_free(name)?;
        Ok(self.new_user(now, name, false))
    }

    /// Adds a bot with its application, which is in no guild yet.
    ///
    /// # Errors
    ///
    /// If the name is taken.
    pub(crate) fn add_bot(
        &mut self,
        now: DateTime<Utc>,
        name: &str,
        owner: Snowflake,
        privileged_intents: u64,
    ) -> Result<Snowflake, Refusal> {
        self.check_free(name)?;
        Ok(self.new_bot(now, name, owner, privileged_intents))
    }

    /// Takes a person into a guild with the roles of this standing, or changes his roles to them.
    ///
    /// # Errors
    ///
    /// If there is no such guild, or no such person.
    pub(crate) fn add_member(
        &mut self,
        now: DateTime<Utc>,
        guild: Snowflake,
        person: Snowflake,
        standing: Standing,
    ) -> Result<(), Refusal> {
        self.guilds.get(&guild).ok_or_else(Refusal::unknown_guild)?;
        self.users.get(&person).filter(|user| !user.bot).ok_or_else(Refusal::unknown_user)?;
        self.settle(now, guild, person, standing);
        Ok(())
    }

    /// Takes a bot into a guild, with a role of its own that grants these permissions, or changes what that role grants.
    ///
    /// # Errors
    ///
    /// If there is no such guild, or no such bot.
    pub(crate) fn add_bot_member(&mut self, now: DateTime<Utc>, guild: Snowflake, bot: Snowflake, permissions: u64) -> Result<(), Refusal> {
        self.guilds.get(&guild).ok_or_else(Refusal::unknown_guild)?;
        self.users.get(&bot).filter(|user| user.bot).ok_or_else(Refusal::unknown_user)?;
        self.install(now, guild, bot, permissions);
        Ok(())
    }

    /// Takes somebody out of a guild; its owner stays.
    ///
    /// # Errors
    ///
    /// If there is no such guild or he is not in it, or owns it.
    pub(crate) fn remove_member(&mut self, guild: Snowflake, user: Snowflake) -> Result<(), Refusal> {
        let known = self.guilds.get(&guild).ok_or_else(Refusal::unknown_guild)?;
        if known.owner == user {
            return Err(Refusal::missing_permissions());
        }
        known.members.get(&user).ok_or_else(Refusal::unknown_member)?;
        self.leave(guild, user)
    }

    fn check_free(&self, name: &str) -> Result<(), Refusal> {
        if self.user_named(&name.to_lowercase()).is_some() {
            return Err(form::invalid("name", "USERNAME_ALREADY_TAKEN", "Somebody has this name already"));
        }
        Ok(())
    }

    fn new_user(&mut self, born: DateTime<Utc>, username: &str, bot: bool) -> Snowflake {
        let id = self.mint.next(born);
        let token = token(&mut self.chance, id, born);
        let user = User { id, username: username.to_lowercase(), display_name: username.to_owned(), bot, token };
        self.users.insert(id, user);
        id
    }

    fn new_bot(&mut self, born: DateTime<Utc>, name: &str, owner: Snowflake, privileged_intents: u64) -> Snowflake {
        let id = self.new_user(born, name, true);
        self.applications.insert(id, Application { id, name: name.to_owned(), owner, privileged_intents, identifies: Vec::new() });
        id
    }

    fn new_guild(&mut self, born: DateTime<Utc>, name: &str, owner: Option<Snowflake>) -> Snowflake {
        let id = self.mint.next(born);
        let everyone = Role::new(id, "@everyone", permission::EVERYONE, 0);
        let operator =
            Role { colour: 0x34_98_DB, ..Role::new(self.mint.next(born), OPERATOR, permission::EVERYONE | permission::MANAGE_MESSAGES, 1) };
        let admin = Role { colour: 0xE7_4C_3C, ..Role::new(self.mint.next(born), ADMIN, permission::ADMINISTRATOR, 2) };
        let guild = Guild {
            id,
            name: name.to_owned(),
            owner: owner.unwrap_or(id),
            roles: BTreeMap::from([everyone, operator, admin].map(|role| (role.id, role))),
            members: BTreeMap::new(),
            former_members: BTreeMap::new(),
            bans: BTreeMap::new(),
        };
        self.guilds.insert(id, guild);
        id
    }

    fn new_text_channel(&mut self, born: DateTime<Utc>, guild: Snowflake, name: &str) {
        let id = self.mint.next(born);
        let position = u32::try_from(self.channels_of(guild).count()).unwrap_or(u32::MAX);
        self.channels.insert(id, Channel { position, ..Channel::new(id, guild, ChannelKind::Text, name.to_owned()) });
        self.messages.insert(id, BTreeMap::new());
        self.happened(Event::ChannelCreated { channel: id });
    }

    fn settle(&mut self, now: DateTime<Utc>, guild: Snowflake, person: Snowflake, standing: Standing) {
        let Some(known) = self.guilds.get(&guild) else { return };
        let role = match standing {
            Standing::Owner | Standing::Admin => Some(ADMIN),
            Standing::Operator => Some(OPERATOR),
            Standing::Stranger => None,
        };
        let roles = known.roles.values().filter(|known| Some(known.name.as_str()) == role).map(|known| known.id).take(1).collect();
        self.join(now, guild, person, roles);
    }

    fn install(&mut self, now: DateTime<Utc>, guild: Snowflake, bot: Snowflake, permissions: u64) {
        let Some(name) = self.users.get(&bot).map(|user| user.display_name.clone()) else { return };
        let fresh = self.mint.next(now);
        let Some(known) = self.guilds.get_mut(&guild) else { return };
        let held: Vec<_> =
            known.members.get(&bot).or(known.former_members.get(&bot)).map(|member| member.roles.clone()).unwrap_or_default();
        let own = held.iter().copied().find(|role| known.roles.get(role).is_some_and(|role| role.managed)).unwrap_or(fresh);
        let role =
            known.roles.entry(own).or_insert_with(|| Role { managed: true, bot: Some(bot), ..Role::new(own, &name, permissions, 1) });
        role.permissions = permissions;
        self.happened(Event::RoleUpdated { guild, role: own });
        let roles = if held.contains(&own) { held } else { vec![own] };
        self.join(now, guild, bot, roles);
    }

    fn join(&mut self, now: DateTime<Utc>, guild: Snowflake, user: Snowflake, roles: Vec<Snowflake>) {
        let Some(known) = self.guilds.get_mut(&guild) else { return };
        known.former_members.remove(&user);
        if let Some(member) = known.members.get_mut(&user) {
            member.roles = roles;
            self.happened(Event::MemberUpdated { guild, user });
        } else {
            known.members.insert(user, Member::new(user, roles, now));
            self.happened(Event::MembershipChanged { guild, user, is_member: true });
        }
    }
}

/// A token of the usual shape: the user's id, the time and a secret, parted by dots.
pub(super) fn token(chance: &mut Chance, user: Snowflake, at: DateTime<Utc>) -> String {
    let seconds = u32::try_from(at.timestamp()).unwrap_or(0).to_be_bytes();
    format!("{}.{}.{}", base64_url(user.to_string().as_bytes()), base64_url(&seconds), chance.word(38))
}
