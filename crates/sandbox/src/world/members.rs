//! Members: what they are called, who throws them out, and who may not come back.

use super::{World, event::Event, guild::Guild, permission, snowflake::Snowflake};
use crate::{
    form::role::{MemberDraft, Silence},
    refusal::Refusal,
};

impl World {
    /// Changes a member on a request of `user`; everybody may call himself something if he has the right to.
    pub(crate) fn change_member(&mut self, user: Snowflake, guild: Snowflake, of: Snowflake, draft: MemberDraft) -> Result<(), Refusal> {
        let known = self.guild_for(user, guild)?;
        let granted = permission::in_guild(known, user);
        let member = known.members.get(&of).ok_or_else(Refusal::unknown_member)?;
        let reaches = user == of || known.outranks(user, of);
        let nick_needs = if user == of { permission::CHANGE_NICKNAME | permission::MANAGE_NICKNAMES } else { permission::MANAGE_NICKNAMES };
        if draft.nick.is_some() && (granted & nick_needs == 0 || !reaches) {
            return Err(Refusal::missing_permissions());
        }
        if let Some(roles) = &draft.roles {
            if granted & permission::MANAGE_ROLES == 0 {
                return Err(Refusal::missing_permissions());
            }
            let came = roles.iter().filter(|role| !member.roles.contains(role));
            let went = member.roles.iter().filter(|role| !roles.contains(role));
            known.check_roles(user, came.chain(went).copied())?;
        }
        if draft.silence.is_some() {
            let is_admin = permission::in_guild(known, of) & permission::ADMINISTRATOR != 0;
            if granted & permission::MODERATE_MEMBERS == 0 || !known.outranks(user, of) || is_admin {
                return Err(Refusal::missing_permissions());
            }
        }
        let seen = self.seen_by_bots(Some(guild));
        let members = &mut self.guilds.get_mut(&guild).ok_or_else(Refusal::unknown_guild)?.members;
        let member = members.get_mut(&of).ok_or_else(Refusal::unknown_member)?;
        member.nick = draft.nick.map_or(member.nick.take(), |nick| Some(nick).filter(|nick| !nick.is_empty()));
        member.roles = draft.roles.unwrap_or_else(|| std::mem::take(&mut member.roles));
        member.timed_out_until = draft.silence.map_or(member.timed_out_until, Silence::until);
        self.happened(Event::MemberUpdated { guild, user: of });
        self.tell_of_access(&seen);
        Ok(())
    }

    /// Throws a member out.
    pub(crate) fn kick(&mut self, user: Snowflake, guild: Snowflake, of: Snowflake) -> Result<(), Refusal> {
        let known = self.guild_for_change(user, guild, permission::KICK_MEMBERS)?;
        known.members.get(&of).ok_or_else(Refusal::unknown_member)?;
        if !known.outranks(user, of) {
            return Err(Refusal::missing_permissions());
        }
        self.leave(guild, of)
    }

    /// Takes a user out of a guild at his own wish; its owner stays.
    pub(crate) fn leave(&mut self, guild: Snowflake, user: Snowflake) -> Result<(), Refusal> {
        let known = self.guilds.get_mut(&guild).ok_or_else(Refusal::unknown_guild)?;
        if known.owner == user {
            return Err(Refusal::invalid_guild());
        }
        let member = known.members.remove(&user).ok_or_else(Refusal::unknown_guild)?;
        known.former_members.insert(user, member);
        self.happened(Event::MembershipChanged { guild, user, is_member: false });
        Ok(())
    }

    /// Throws somebody out for good; he need not be a member.
    pub(crate) fn ban(&mut self, user: Snowflake, guild: Snowflake, of: Snowflake, reason: Option<String>) -> Result<(), Refusal> {
        self.user(of).ok_or_else(Refusal::unknown_user)?;
        let known = self.guild_for_change(user, guild, permission::BAN_MEMBERS)?;
        if of == known.owner || (known.members.contains_key(&of) && !known.outranks(user, of)) {
            return Err(Refusal::missing_permissions());
        }
        known.bans.insert(of, reason);
        if known.members.contains_key(&of) {
            self.leave(guild, of)?;
        }
        self.happened(Event::Banned { guild, user: of });
        Ok(())
    }

    /// Lets somebody come back.
    pub(crate) fn unban(&mut self, user: Snowflake, guild: Snowflake, of: Snowflake) -> Result<(), Refusal> {
        let known = self.guild_for_change(user, guild, permission::BAN_MEMBERS)?;
        known.bans.remove(&of).ok_or_else(Refusal::unknown_ban)?;
        self.happened(Event::Unbanned { guild, user: of });
        Ok(())
    }

    /// The guild, for who may see whom it has thrown out.
    pub(crate) fn guild_with_bans(&self, user: Snowflake, guild: Snowflake) -> Result<&Guild, Refusal> {
        let known = self.guild_for(user, guild)?;
        if permission::in_guild(known, user) & permission::BAN_MEMBERS == 0 { Err(Refusal::missing_permissions()) } else { Ok(known) }
    }

    /// Gives a guild another name.
    pub(crate) fn rename_guild(&mut self, user: Snowflake, guild: Snowflake, name: String) -> Result<(), Refusal> {
        self.guild_for_change(user, guild, permission::MANAGE_GUILD)?.name = name;
        self.happened(Event::GuildUpdated { guild });
        Ok(())
    }

    /// Takes a user out of every guild, or back into those in which he was, with the roles of before.
    pub(crate) fn set_membership(&mut self, username: &str, is_member: bool) {
        let Some(user) = self.user_named(username).map(|user| user.id) else { return };
        let mut changed = Vec::new();
        for guild in self.guilds.values_mut() {
            let (from, to) =
                if is_member { (&mut guild.former_members, &mut guild.members) } else { (&mut guild.members, &mut guild.former_members) };
            if let Some(member) = from.remove(&user) {
                to.insert(user, member);
                changed.push(guild.id);
            }
        }
        for guild in changed {
            self.happened(Event::MembershipChanged { guild, user, is_member });
        }
    }

    /// Allows all applications a privileged intent, or forbids it.
    pub(crate) fn allow_intent(&mut self, intent: u64, allowed: bool) {
        for application in self.applications.values_mut() {
            application.privileged_intents =
                if allowed { application.privileged_intents | intent } else { application.privileged_intents & !intent };
        }
    }
}
