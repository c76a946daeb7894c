//! People and bots with their tokens, and the forms for new ones.

use super::servers::{self, STANDINGS};
use crate::{
    page::{escape, push},
    world::{
        World,
        people::{Application, INTENTS, User},
        permission,
        snowflake::Snowflake,
    },
};

/// The people as a table, and the form for a new one.
pub(super) fn people(world: &World) -> String {
    let mut out = head("People", &["Person", "Id", "Servers", "Token"]);
    for user in world.users().filter(|user| !user.bot) {
        let name = escape(&user.username);
        push(&mut out, format_args!("<tr><th scope=\"row\"><a href=\"/?as={name}\">{name}</a></th><td><code>{}</code></td>", user.id));
        cell_of_guilds(world, user, &mut out);
        cell_of_token(user, &mut out);
        out.push_str("</tr>");
    }
    out.push_str("</tbody></table></div>");
    push(
        &mut out,
        format_args!(
            "<details><summary>Make a person</summary><form data-method=\"POST\" data-path=\"/sandbox/people\">\
             <label>Name <input name=\"name\" required minlength=\"2\" maxlength=\"32\" pattern=\"[A-Za-z0-9_.\\-]+\"></label>\
             <label>Server <select name=\"guild\">{}</select></label><label>As <select name=\"standing\">{STANDINGS}</select></label>\
             <button type=\"submit\">Make the person</button></form></details>",
            servers::options(world)
        ),
    );
    out
}

/// The bots as a table, and the form for a new one.
pub(super) fn bots(world: &World, online: impl Fn(Snowflake) -> bool) -> String {
    let mut out = head("Bots", &["Bot", "Id", "Servers", "Privileged intents", "Token"]);
    for (user, application) in world.users().filter_map(|user| Some((user, world.application(user.id)?))) {
        let state = if online(user.id) { "<span class=\"on\">connected</span>" } else { "<span class=\"off\">not connected</span>" };
        push(&mut out, format_args!("<tr><th scope=\"row\">{}<br>{state}</th><td><code>{}</code></td>", escape(&user.username), user.id));
        cell_of_guilds(world, user, &mut out);
        cell_of_intents(user, application, &mut out);
        cell_of_token(user, &mut out);
        out.push_str("</tr>");
    }
    out.push_str("</tbody></table></div>");
    push(
        &mut out,
        format_args!(
            "<details><summary>Make a bot</summary><form data-method=\"POST\" data-path=\"/sandbox/bots\">\
             <label>Name <input name=\"name\" required minlength=\"2\" maxlength=\"32\" pattern=\"[A-Za-z0-9_.\\-]+\"></label>\
             <label>Server <select name=\"guild\">{}</select></label>\
             <fieldset data-names=\"privileged_intents\"><legend>Privileged intents</legend>{}</fieldset>\
             <fieldset data-names=\"permissions\"><legend>Permissions in the server</legend>{}</fieldset>\
             <button type=\"submit\">Make the bot</button></form></details>",
            servers::options(world),
            boxes(INTENTS.map(|(name, _)| name).into_iter(), |name| name == "MESSAGE_CONTENT"),
            boxes(permission::NAMED.iter().map(|(name, _)| *name), |name| {
                permission::named(name).is_some_and(|bit| crate::world::BOT_PERMISSIONS & bit != 0)
            }),
        ),
    );
    out
}

fn head(label: &str, headings: &[&str]) -> String {
    let mut out = format!("<div class=\"wide\" role=\"region\" aria-label=\"{label}\" tabindex=\"0\"><table><thead><tr>");
    for heading in headings {
        push(&mut out, format_args!("<th scope=\"col\">{heading}</th>"));
    }
    out.push_str("</tr></thead><tbody>");
    out
}

fn cell_of_guilds(world: &World, user: &User, out: &mut String) {
    let names: Vec<_> = world.guilds_with(user.id).map(|guild| escape(&guild.name)).collect();
    push(out, format_args!("<td>{}</td>", if names.is_empty() { "none".to_owned() } else { names.join(", ") }));
}

fn cell_of_token(user: &User, out: &mut String) {
    let (name, token) = (escape(&user.username), escape(&user.token));
    push(
        out,
        format_args!(
            "<td><code class=\"token\">{token}</code> <button type=\"button\" data-copy=\"{token}\">Copy<span class=\"unseen\"> {name}’s token</span></button></td>"
        ),
    );
}

fn cell_of_intents(user: &User, application: &Application, out: &mut String) {
    push(
        out,
        format_args!(
            "<td><fieldset data-intents=\"{}\"><legend class=\"unseen\">Privileged intents of {}</legend>{}</fieldset></td>",
            user.id,
            escape(&user.username),
            boxes(INTENTS.map(|(name, _)| name).into_iter(), |name| {
                INTENTS.iter().any(|(known, bit)| *known == name && application.privileged_intents & bit != 0)
            })
        ),
    );
}

fn boxes<'a>(names: impl Iterator<Item = &'a str>, is_on: impl Fn(&str) -> bool) -> String {
    let mut out = String::new();
    for name in names {
        let checked = if is_on(name) { " checked" } else { "" };
        push(&mut out, format_args!("<label class=\"box\"><input type=\"checkbox\" value=\"{name}\"{checked}> {name}</label>"));
    }
    out
}
