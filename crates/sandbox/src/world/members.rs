//! Roles that come and go, and what they allow.

use super::{World, event::Event, permission, snowflake::Snowflake};
use crate::refusal::Refusal;

impl World {
    /// Gives a member a role, or takes it, on a request of `user`.
    pub(crate) fn set_role(&mut self, user: Snowflake, member: Snowflake, role: Snowflake, held: bool) -> Result<(), Refusal> {
        if self.permissions(user) & permission::MANAGE_ROLES == 0 {
            return Err(Refusal::missing_permissions());
        }
        if !self.guild.roles.contains_key(&role) {
            return Err(Refusal::new(404, 10011, "Unknown Role"));
        }
        let roles = &mut self.guild.members.get_mut(&member).ok_or_else(Refusal::unknown_member)?.roles;
        roles.retain(|known| *known != role);
        if held {
            roles.push(role);
        }
        self.happened(Event::MemberUpdated { user: member });
        Ok(())
    }

    /// Changes what a role allows, on a request of `user`.
    pub(crate) fn set_permissions(&mut self, user: Snowflake, role: Snowflake, permissions: u64) -> Result<(), Refusal> {
        if self.permissions(user) & permission::MANAGE_ROLES == 0 {
            return Err(Refusal::missing_permissions());
        }
        let known = self.guild.roles.get_mut(&role).ok_or_else(|| Refusal::new(404, 10011, "Unknown Role"))?;
        known.permissions = permissions;
        self.happened(Event::RoleUpdated { role });
        Ok(())
    }

    /// Takes a user out of the guild, or back into it with the roles of before.
    pub(crate) fn set_membership(&mut self, username: &str, is_member: bool) {
        let Some(user) = self.user_named(username).map(|user| user.id) else { return };
        let (from, to) = if is_member {
            (&mut self.former_members, &mut self.guild.members)
        } else {
            (&mut self.guild.members, &mut self.former_members)
        };
        if let Some(member) = from.remove(&user) {
            to.insert(user, member);
            self.happened(Event::MembershipChanged { user, is_member });
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
