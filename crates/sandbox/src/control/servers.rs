//! The servers, and who is taken into them.

use crate::{
    page::{escape, push},
    world::{World, guild::Guild},
};

/// The servers as a table, the form for a new one, and the form for members.
pub(super) fn section(world: &World) -> String {
    let mut out = String::from("<div class=\"wide\" role=\"region\" aria-label=\"Servers\" tabindex=\"0\"><table><thead><tr>");
    for heading in ["Server", "Id", "Owner", "Channels", "Members"] {
        push(&mut out, format_args!("<th scope=\"col\">{heading}</th>"));
    }
    out.push_str("</tr></thead><tbody>");
    for guild in world.guilds() {
        row(world, guild, &mut out);
    }
    out.push_str("</tbody></table></div>");
    push(
        &mut out,
        format_args!(
            "<details><summary>Make a server</summary><form data-method=\"POST\" data-path=\"/sandbox/guilds\">\
             <label>Name <input name=\"name\" required minlength=\"2\" maxlength=\"100\"></label>\
             <label>Channels, parted by commas <input name=\"channels\" data-list value=\"general\"></label>\
             <button type=\"submit\">Make the server</button></form></details>\
             <details><summary>Take somebody into a server, or out of it</summary><form data-member>\
             <label>Who <select name=\"user\">{}</select></label><label>Server <select name=\"guild\">{}</select></label>\
             <label>As (people) <select name=\"standing\">{STANDINGS}</select></label>\
             <div class=\"line\"><button type=\"submit\" value=\"PUT\">Take in</button><button type=\"submit\" value=\"DELETE\" class=\"bad\">Take out</button></div></form></details>",
            everybody(world),
            options(world),
        ),
    );
    out
}

/// What a person can be in a server.
pub(super) const STANDINGS: &str =
    "<option value=\"stranger\">no role</option><option value=\"operator\">operator</option><option value=\"admin\">admin</option>";

/// The servers as options.
pub(super) fn options(world: &World) -> String {
    let mut out = String::new();
    for guild in world.guilds() {
        push(&mut out, format_args!("<option value=\"{}\">{}</option>", guild.id, escape(&guild.name)));
    }
    out
}

fn everybody(world: &World) -> String {
    let mut out = String::new();
    for user in world.users() {
        let kind = if user.bot { " (bot)" } else { "" };
        push(&mut out, format_args!("<option value=\"{}\">{}{kind}</option>", user.id, escape(&user.username)));
    }
    out
}

fn row(world: &World, guild: &Guild, out: &mut String) {
    let name = |id| world.user(id).map_or_else(|| "nobody".to_owned(), |user| escape(&user.username));
    let channels: Vec<_> = world.channels_of(guild.id).map(|channel| escape(&channel.name)).collect();
    let members: Vec<_> = guild.members.keys().map(|id| name(*id)).collect();
    push(
        out,
        format_args!(
            "<tr><th scope=\"row\"><a href=\"/?guild={id}\">{}</a></th><td><code>{id}</code></td><td>{}</td><td>{}</td><td>{}</td></tr>",
            escape(&guild.name),
            name(guild.owner),
            channels.join(", "),
            members.join(", "),
            id = guild.id,
        ),
    );
}
