//! The members of the open server, by their role, and what is shown of one of them.

use std::collections::BTreeMap;

use super::{
    html::{self, escape, push},
    viewer::Viewer,
};
use crate::world::{
    guild::{Member, Role},
    people::User,
    permission,
    snowflake::Snowflake,
};

/// The members who see the open channel, in groups: by their highest role, then those without one, then the apps.
pub(super) fn list(viewer: Viewer<'_>) -> String {
    let mut groups: BTreeMap<(u8, u32, String), Vec<&User>> = BTreeMap::new();
    for member in viewer.guild.members.values() {
        let Some(user) = viewer.world.user(member.user) else { continue };
        if viewer.channel.is_some_and(|channel| !viewer.world.sees(user.id, channel)) {
            continue;
        }
        let role = roles(viewer, member).into_iter().find(|role| !role.managed);
        let key = match role {
            _ if user.bot => (2, 0, "Apps".to_owned()),
            Some(role) => (0, u32::MAX - role.position, role.name.clone()),
            None => (1, 0, "Members".to_owned()),
        };
        groups.entry(key).or_default().push(user);
    }
    let mut out = String::new();
    for ((_, _, name), mut users) in groups {
        users.sort_by_key(|user| viewer.name(user.id).to_lowercase());
        push(
            &mut out,
            format_args!(
                "<section><h3>{} <span aria-label=\"{count} members\">· {count}</span></h3><ul>",
                escape(&name),
                count = users.len()
            ),
        );
        for user in users {
            item(viewer, user, &mut out);
        }
        out.push_str("</ul></section>");
    }
    out
}

fn item(viewer: Viewer<'_>, user: &User, out: &mut String) {
    let owner = if viewer.guild.owner == user.id { "<span class=\"crown\" role=\"img\" aria-label=\"owner\">♛</span>" } else { "" };
    let (badge, presence) = if user.bot {
        let (word, class) = if viewer.online.contains(&user.id) { ("online", "on") } else { ("offline", "off") };
        (
            "<span class=\"badge\">APP</span>",
            format!("<span class=\"presence {class}\" title=\"{word}\"><span class=\"unseen\">{word}</span></span>"),
        )
    } else {
        ("", String::new())
    };
    let you = if user.id == viewer.user.id { "<span class=\"presence\">you</span>" } else { "" };
    push(
        out,
        format_args!(
            "<li><button type=\"button\" data-act=\"user\" data-user=\"{}\" data-name=\"{}\">",
            user.id,
            escape(&user.display_name)
        ),
    );
    avatar(viewer.name(user.id), user.id, out);
    push(out, format_args!("<span class=\"name\">{}</span>{owner}{badge}{presence}{you}</button></li>", escape(viewer.name(user.id))));
}

/// What is shown of one user: who he is, since when, with which roles.
pub(super) fn card(viewer: Viewer<'_>, id: Option<Snowflake>) -> String {
    let Some(user) = id.and_then(|id| viewer.world.user(id)) else { return "<p>Nobody knows this user.</p>".to_owned() };
    let mut out = String::from("<div class=\"card\">");
    avatar(viewer.name(user.id), user.id, &mut out);
    let badge = if user.bot { " <span class=\"badge\">APP</span>" } else { "" };
    push(
        &mut out,
        format_args!("<p><strong>{}</strong>{badge}<br><span>{}</span></p></div>", escape(&user.display_name), escape(&user.username)),
    );
    match viewer.guild.members.get(&user.id) {
        Some(member) => {
            let roles = roles(viewer, member);
            push(&mut out, format_args!("<dl><dt>Member since</dt><dd>{}</dd><dt>Roles</dt><dd>", html::time(member.joined_at, 'D')));
            if viewer.guild.owner == user.id {
                out.push_str("<span class=\"role\">owner</span>");
            }
            if roles.is_empty() && viewer.guild.owner != user.id {
                out.push_str("none");
            }
            for role in roles {
                push(
                    &mut out,
                    format_args!(
                        "<span class=\"role\"><svg aria-hidden=\"true\" viewBox=\"0 0 8 8\"><circle cx=\"4\" cy=\"4\" r=\"4\" fill=\"#{:06x}\"/></svg>{}</span>",
                        if role.colour == 0 { 0x99_AA_B5 } else { role.colour },
                        escape(&role.name)
                    ),
                );
            }
            out.push_str("</dd></dl>");
        }
        None => out.push_str("<p>No member of this server.</p>"),
    }
    out
}

/// A round picture with the first letter of the name; its colour stays the same for the same user.
pub(super) fn avatar(name: &str, id: Snowflake, out: &mut String) {
    let letter: String = name.chars().take(1).flat_map(char::to_uppercase).collect();
    let hue = id.get() % 6;
    push(out, format_args!("<span class=\"avatar hue-{hue}\" aria-hidden=\"true\">{}</span>", escape(&letter)));
}

/// A word on what a person may do, for the choice of persons.
pub(super) fn standing(viewer: Viewer<'_>, user: &User) -> String {
    let Some(member) = viewer.guild.members.get(&user.id) else { return " (no member)".to_owned() };
    if viewer.guild.owner == user.id {
        return " (owner)".to_owned();
    }
    let names: Vec<_> = roles(viewer, member).into_iter().map(|role| role.name.as_str()).collect();
    match names.as_slice() {
        [] => " (no role)".to_owned(),
        [role] if *role == user.username => String::new(),
        names => format!(" ({})", escape(&names.join(", "))),
    }
}

/// The member's roles, highest first.
fn roles<'a>(viewer: Viewer<'a>, member: &Member) -> Vec<&'a Role> {
    let mut held: Vec<_> = member.roles.iter().filter_map(|role| viewer.guild.roles.get(role)).collect();
    held.sort_by_key(|role| std::cmp::Reverse((role.permissions & permission::ADMINISTRATOR, role.position)));
    held
}
