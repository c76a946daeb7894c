//! Roles that come and go, what they allow, and who is in which guild.

use super::{World, event::Event, permission, snowflake::Snowflake};
use crate::refusal::Refusal;

impl World {
    /// Gives a member a role, or takes it, on a request of `user`.
    pub(crate) fn set_role(
        &mut self,
        user: Snowflake,
        guild: Snowflake,
        member: Snowflake,
        role: Snowflake,
        held: bool,
    ) -> Result<(), Refusal> {
        let known = self.guild_for_change(user, guild, permission::MANAGE_ROLES)?;
        if !known.roles.contains_key(&role) {
            return Err(Refusal::unknown_role());
        }
        let roles = &mut known.members.get_mut(&member).ok_or_else(Refusal::unknown_member)?.roles;
        roles.retain(|known| *known != role);
        if held {
            roles.push(role);
        }
        self.happened(Event::MemberUpdated { guild, user: member });
        Ok(())
    }

    /// Changes what a role allows, on a request of `user`.
    pub(crate) fn set_permissions(&mut self, user: Snowflake, guild: Snowflake, role: Snowflake, permissions: u64) -> Result<(), Refusal> {
        let known = self.guild_for_change(user, guild, permission::MANAGE_ROLES)?;
        known.roles.get_mut(&role).ok_or_else(Refusal::unknown_role)?.permissions = permissions;
        self.happened(Event::RoleUpdated { guild, role });
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
