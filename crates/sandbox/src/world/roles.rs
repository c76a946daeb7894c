//! Roles: made, changed, ranked and taken away; who ranks below cannot reach above.

use std::cmp::Reverse;

use chrono::{DateTime, Utc};

use super::{
    World,
    event::Event,
    guild::{Guild, Role},
    permission,
    snowflake::Snowflake,
};
use crate::{form::role::RoleDraft, refusal::Refusal};

/// Most roles of a guild. Source: Discord developer documentation, "Opcodes and Status Codes", code 30005.
const MAX_ROLES: usize = 250;

/// How high something stands: by position, and among equals the older is higher.
pub(super) type Rank = (u32, Reverse<Snowflake>);

impl Role {
    pub(super) fn rank(&self) -> Rank {
        (self.position, Reverse(self.id))
    }
}

impl Guild {
    /// How high the member stands: the owner above all, who has no role at the bottom.
    pub(super) fn rank_of(&self, user: Snowflake) -> Rank {
        if self.owner == user {
            return (u32::MAX, Reverse(self.id));
        }
        let roles = self.members.get(&user).into_iter().flat_map(|member| &member.roles).filter_map(|role| self.roles.get(role));
        roles.map(Role::rank).max().unwrap_or((0, Reverse(self.id)))
    }

    /// Whether `user` stands above `other`, so that he may do something to him.
    pub(super) fn outranks(&self, user: Snowflake, other: Snowflake) -> bool {
        other != self.owner && (self.owner == user || self.rank_of(user) > self.rank_of(other))
    }

    /// Whether `user` may have these roles changed: all of them stand below him and can be given away.
    pub(super) fn check_roles(&self, user: Snowflake, roles: impl Iterator<Item = Snowflake>) -> Result<(), Refusal> {
        for role in roles {
            if self.role_below(user, role)?.managed {
                return Err(Refusal::invalid_role());
            }
        }
        Ok(())
    }

    /// The role, if `user` stands above it.
    fn role_below(&self, user: Snowflake, role: Snowflake) -> Result<&Role, Refusal> {
        let role = self.roles.get(&role).ok_or_else(Refusal::unknown_role)?;
        if self.rank_of(user) > role.rank() { Ok(role) } else { Err(Refusal::missing_permissions()) }
    }
}

impl World {
    /// Makes a role, at the bottom.
    pub(crate) fn create_role(
        &mut self,
        now: DateTime<Utc>,
        user: Snowflake,
        guild: Snowflake,
        draft: RoleDraft,
    ) -> Result<Snowflake, Refusal> {
        let id = self.new_id(now);
        let granted = self.permissions(guild, user);
        let known = self.guild_for_change(user, guild, permission::MANAGE_ROLES)?;
        if known.roles.len() >= MAX_ROLES {
            return Err(Refusal::too_many_roles());
        }
        let everyone = known.roles.get(&guild).map_or(0, |role| role.permissions);
        let role = Role::new(id, "new role", everyone & granted, 1);
        let role = changed(role, draft, granted)?;
        known.roles.insert(id, role);
        self.happened(Event::RoleCreated { guild, role: id });
        Ok(id)
    }

    /// Changes a role, on a request of `user`.
    pub(crate) fn change_role(&mut self, user: Snowflake, guild: Snowflake, role: Snowflake, draft: RoleDraft) -> Result<(), Refusal> {
        let granted = self.permissions(guild, user);
        let seen = self.seen_by_bots(Some(guild));
        let known = self.guild_for_change(user, guild, permission::MANAGE_ROLES)?;
        let before = known.role_below(user, role)?.clone();
        known.roles.insert(role, changed(before, draft, granted)?);
        self.happened(Event::RoleUpdated { guild, role });
        self.tell_of_access(&seen);
        Ok(())
    }

    /// Takes a role away, from all who have it.
    pub(crate) fn delete_role(&mut self, user: Snowflake, guild: Snowflake, role: Snowflake) -> Result<(), Refusal> {
        let known = self.guild_for_change(user, guild, permission::MANAGE_ROLES)?;
        let gone = known.role_below(user, role)?;
        if gone.managed || role == guild {
            return Err(Refusal::invalid_role());
        }
        known.roles.remove(&role);
        for member in known.members.values_mut().chain(known.former_members.values_mut()) {
            member.roles.retain(|held| *held != role);
        }
        for channel in self.channels.values_mut().filter(|channel| channel.guild == Some(guild)) {
            channel.overwrites.retain(|overwrite| overwrite.id != role);
        }
        self.happened(Event::RoleDeleted { guild, role });
        Ok(())
    }

    /// Ranks roles anew.
    pub(crate) fn move_roles(&mut self, user: Snowflake, guild: Snowflake, moves: &[(Snowflake, u32)]) -> Result<(), Refusal> {
        let known = self.guild_for_change(user, guild, permission::MANAGE_ROLES)?;
        for (role, position) in moves {
            known.role_below(user, *role)?;
            if *role == guild || *position == 0 || *position > known.rank_of(user).0 {
                return Err(Refusal::missing_permissions());
            }
        }
        for (role, position) in moves {
            if let Some(role) = known.roles.get_mut(role) {
                role.position = *position;
            }
        }
        for (role, _) in moves {
            self.happened(Event::RoleUpdated { guild, role: *role });
        }
        Ok(())
    }

    /// Gives a member a role, or takes it, on a request of `user`.
    pub(crate) fn set_role(
        &mut self,
        user: Snowflake,
        guild: Snowflake,
        member: Snowflake,
        role: Snowflake,
        held: bool,
    ) -> Result<(), Refusal> {
        let seen = self.seen_by_bots(Some(guild));
        let known = self.guild_for_change(user, guild, permission::MANAGE_ROLES)?;
        let wanted = known.role_below(user, role)?;
        if wanted.managed || role == guild {
            return Err(Refusal::invalid_role());
        }
        let roles = &mut known.members.get_mut(&member).ok_or_else(Refusal::unknown_member)?.roles;
        roles.retain(|known| *known != role);
        if held {
            roles.push(role);
        }
        self.happened(Event::MemberUpdated { guild, user: member });
        self.tell_of_access(&seen);
        Ok(())
    }
}

/// The role as it is to be; nobody can give what he has not got.
fn changed(mut role: Role, draft: RoleDraft, granted: u64) -> Result<Role, Refusal> {
    if let Some(permissions) = draft.permissions {
        if permissions & !role.permissions & !granted != 0 {
            return Err(Refusal::missing_permissions());
        }
        role.permissions = permissions;
    }
    role.name = draft.name.unwrap_or(role.name);
    role.colour = draft.colour.unwrap_or(role.colour);
    role.hoist = draft.hoist.unwrap_or(role.hoist);
    role.mentionable = draft.mentionable.unwrap_or(role.mentionable);
    Ok(role)
}
