//! What a member may do in a channel: pure, over the guild's roles and the channel's overwrites.
//!
//! Source of the order: Discord developer documentation, "Permissions", "Permission Overwrites" and "Inherited Permissions (Threads)".

use orchestrator_core::domain::id::UserId;
pub use serenity::model::Permissions;

use super::server::{Channel, Guild, Member, OverwriteOf};

/// What a member may do in a channel. For a thread, `channel` is its parent: threads have no overwrites of their own.
///
/// Who can't see a channel can't do anything in it; the owner and administrators may do everything.
pub fn permissions(guild: &Guild, channel: &Channel, member: &Member) -> Permissions {
    let held = in_guild(guild, member);
    if held.contains(Permissions::ADMINISTRATOR) {
        return Permissions::all();
    }
    let mut allowed = apply(held, channel, |of| of == OverwriteOf::Role(guild.id));
    // The overwrites of all a member's roles count together: what one allows, no other of them denies.
    allowed = apply(allowed, channel, |of| matches!(of, OverwriteOf::Role(role) if role != guild.id && member.has(role)));
    allowed = apply(allowed, channel, |of| of == OverwriteOf::Member(member.user));
    if !allowed.contains(Permissions::VIEW_CHANNEL) {
        return Permissions::empty();
    }
    allowed
}

/// What a member may do in the guild, before any channel has its say.
pub fn in_guild(guild: &Guild, member: &Member) -> Permissions {
    if is_owner(guild, member.user) {
        return Permissions::all();
    }
    let roles = guild.roles.iter().filter(|role| role.id == guild.id || member.has(role.id));
    let held = roles.fold(Permissions::empty(), |held, role| held | role.permissions);
    if held.contains(Permissions::ADMINISTRATOR) { Permissions::all() } else { held }
}

fn is_owner(guild: &Guild, user: UserId) -> bool {
    guild.owner == user
}

fn apply(before: Permissions, channel: &Channel, concerns: impl Fn(OverwriteOf) -> bool) -> Permissions {
    let (allow, deny) = channel
        .overwrites
        .iter()
        .filter(|overwrite| concerns(overwrite.of))
        .fold((Permissions::empty(), Permissions::empty()), |(allow, deny), overwrite| (allow | overwrite.allow, deny | overwrite.deny));
    (before - deny) | allow
}

#[cfg(test)]
mod tests {
    use orchestrator_core::domain::id::ChannelId;

    use super::{
        super::server::{Overwrite, Role},
        *,
    };

    const GUILD: u64 = 1;
    const BOTS: u64 = 20;
    const LOUD: u64 = 21;
    const VIEW: Permissions = Permissions::VIEW_CHANNEL;
    const SEND: Permissions = Permissions::SEND_MESSAGES;

    fn guild(everyone: Permissions, bots: Permissions) -> Guild {
        let role = |id, permissions| Role { id, name: id.to_string(), permissions };
        Guild {
            id: GUILD,
            name: "home".to_owned(),
            owner: UserId::new(9),
            roles: vec![role(GUILD, everyone), role(BOTS, bots), role(LOUD, Permissions::empty())],
        }
    }

    fn me() -> Member {
        Member { user: UserId::new(5), name: "bot".to_owned(), roles: vec![BOTS, LOUD] }
    }

    fn channel(overwrites: Vec<(OverwriteOf, Permissions, Permissions)>) -> Channel {
        let overwrites = overwrites.into_iter().map(|(of, allow, deny)| Overwrite { of, allow, deny }).collect();
        Channel { id: ChannelId::new(3), kind: 0, name: "task-queue".to_owned(), guild: Some(GUILD), parent: None, overwrites }
    }

    #[test]
    fn roles_add_up() {
        assert_eq!(permissions(&guild(VIEW, SEND), &channel(vec![]), &me()), VIEW | SEND);
    }

    #[test]
    fn a_roles_overwrite_beats_everyones_and_the_members_own_beats_both() {
        let none = Permissions::empty();
        let mut overwrites = vec![(OverwriteOf::Role(GUILD), none, SEND)];
        assert_eq!(permissions(&guild(VIEW, SEND), &channel(overwrites.clone()), &me()), VIEW);

        overwrites.push((OverwriteOf::Role(LOUD), SEND, none));
        overwrites.push((OverwriteOf::Role(BOTS), none, SEND));
        assert_eq!(permissions(&guild(VIEW, SEND), &channel(overwrites.clone()), &me()), VIEW | SEND);

        overwrites.push((OverwriteOf::Member(UserId::new(5)), none, SEND));
        assert_eq!(permissions(&guild(VIEW, SEND), &channel(overwrites), &me()), VIEW);
    }

    #[test]
    fn what_can_not_be_seen_can_not_be_used() {
        let hidden = channel(vec![(OverwriteOf::Role(GUILD), Permissions::empty(), VIEW)]);

        assert_eq!(permissions(&guild(VIEW, SEND), &hidden, &me()), Permissions::empty());
    }

    #[test]
    fn administrators_and_the_owner_may_do_everything() {
        let hidden = channel(vec![(OverwriteOf::Role(GUILD), Permissions::empty(), VIEW)]);

        assert_eq!(permissions(&guild(VIEW, Permissions::ADMINISTRATOR), &hidden, &me()), Permissions::all());
        let owner = Member { user: UserId::new(9), name: "ann".to_owned(), roles: vec![] };
        assert_eq!(permissions(&guild(VIEW, SEND), &hidden, &owner), Permissions::all());
    }
}
