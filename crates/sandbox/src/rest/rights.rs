//! Every route, asked by a bot with all rights but those that it takes, and with those alone.

use serde_json::{Value, json};

use super::{
    Ask, AskBody, Reply, ask_now,
    route::{Door, ROUTES, Route},
};
use crate::{
    Limits, Options, WorldSeed,
    hub::Hub,
    world::{
        World,
        permission::{
            ADD_REACTIONS, ADMINISTRATOR, ALL, BAN_MEMBERS, CREATE_PUBLIC_THREADS, KICK_MEMBERS, MANAGE_CHANNELS, MANAGE_GUILD,
            MANAGE_MESSAGES, MANAGE_NICKNAMES, MANAGE_ROLES, MANAGE_THREADS, MANAGE_WEBHOOKS, PIN_MESSAGES, READ_MESSAGE_HISTORY,
            SEND_MESSAGES, SEND_MESSAGES_IN_THREADS, VIEW_CHANNEL,
        },
    },
};

/// What a route takes, and a body with which it can be tried.
fn takes(route: &Route) -> (u64, Value) {
    let history = READ_MESSAGE_HISTORY;
    let end = route.template.rsplit('/').next().unwrap_or_default();
    match (route.method, route.template) {
        (_, "/gateway/bot" | "/applications/@me" | "/oauth2/applications/@me") => (0, Value::Null),
        ("POST", "/users/@me/channels") => (0, json!({"recipient_id": "STRANGER"})),
        (_, template) if template.starts_with("/users/") => (0, Value::Null),
        ("PUT", template) if template.ends_with("/commands") => (0, json!([])),
        ("POST", template) if template.ends_with("/commands") => (0, json!({"name": "a", "description": "b"})),
        (_, template) if template.starts_with("/applications/") => (0, json!({})),
        ("PATCH", "/guilds/{guild}") => (MANAGE_GUILD, json!({"name": "new"})),
        ("POST" | "PATCH", "/guilds/{guild}/channels") => {
            (MANAGE_CHANNELS, if route.method == "POST" { json!({"name": "new"}) } else { json!([{"id": "CHANNEL", "position": 2}]) })
        }
        ("PATCH", "/guilds/{guild}/roles") => (MANAGE_ROLES, json!([{"id": "ROLE", "position": 1}])),
        ("POST" | "PATCH" | "DELETE", template) if template.starts_with("/guilds/{guild}/roles") => (MANAGE_ROLES, json!({"name": "new"})),
        ("PUT" | "DELETE", "/guilds/{guild}/members/{user}/roles/{role}") => (MANAGE_ROLES, Value::Null),
        ("PATCH", "/guilds/{guild}/members/{user}") => (MANAGE_NICKNAMES, json!({"nick": "new"})),
        ("DELETE", "/guilds/{guild}/members/{user}") => (KICK_MEMBERS, Value::Null),
        (_, template) if template.starts_with("/guilds/{guild}/bans") => (BAN_MEMBERS, Value::Null),
        (_, template) if template.ends_with("/webhooks") || template == "/webhooks/{application}" => {
            (MANAGE_WEBHOOKS, json!({"name": "new"}))
        }
        ("GET", template) if template.starts_with("/guilds/") => (0, Value::Null),
        ("PATCH", "/channels/{channel}") => (MANAGE_CHANNELS, json!({"topic": "new"})),
        ("DELETE", "/channels/{channel}") => (MANAGE_CHANNELS, Value::Null),
        ("PUT" | "DELETE", "/channels/{channel}/permissions/{target}") => (MANAGE_ROLES, json!({"type": 1, "allow": "0", "deny": "0"})),
        ("POST", "/channels/{channel}/typing") => (SEND_MESSAGES, Value::Null),
        ("POST", "/channels/{channel}/messages") => (SEND_MESSAGES, json!({"content": "new"})),
        ("POST", template) if template.ends_with("/threads") => (CREATE_PUBLIC_THREADS, json!({"name": "new", "type": 11})),
        ("GET", "/channels/{channel}/threads/archived/private") => (history | MANAGE_THREADS, Value::Null),
        ("GET", template) if template.contains("/threads/archived/") => (history, Value::Null),
        ("PUT", "/channels/{channel}/thread-members/{user}") => (SEND_MESSAGES_IN_THREADS, Value::Null),
        ("DELETE", "/channels/{channel}/thread-members/{user}") => (MANAGE_THREADS, Value::Null),
        ("POST", "/channels/{channel}/messages/bulk-delete") => (MANAGE_MESSAGES, json!({"messages": ["MESSAGE", "SECOND"]})),
        ("PUT" | "DELETE", template) if template.contains("/pins/") => (PIN_MESSAGES, Value::Null),
        ("PUT", template) if template.ends_with("/reactions/{emoji}/@me") => (ADD_REACTIONS | history, Value::Null),
        ("GET", template) if template.contains("/reactions/") || end == "{message}" => (history, Value::Null),
        ("PATCH" | "DELETE", template) if template.contains("/messages/{message}") => (MANAGE_MESSAGES, json!({"flags": 4})),
        // Who does not read history is given an empty list.
        ("GET", template) if template.starts_with("/channels/{channel}") => (VIEW_CHANNEL, Value::Null),
        (method, template) => panic!("{method} {template} does not stand in this table"),
    }
}

/// A world in which @everyone may do nothing and the bot what is said, and what its paths and bodies name.
struct Tried {
    hub: Hub,
    named: Vec<(&'static str, String)>,
}

impl Tried {
    fn new(permissions: u64) -> Self {
        let seed = WorldSeed { bot_permissions: permissions, privileged_intents: u64::MAX, ..WorldSeed::default() };
        let world = World::found(&seed, crate::clock::now());
        let options = Options { limits: Limits::Off, ..Options::default() };
        let mut tried = Self { hub: Hub::new(world, ([127, 0, 0, 1], 1).into(), options), named: Vec::new() };
        let id = |name: &str| tried.hub.read(|world| world.user_named(name).expect("somebody").id.to_string());
        let (admin, stranger, bot) = (id("admin"), id("stranger"), id("orchestrator"));
        let guild = tried.hub.read(|world| world.guild().id.to_string());
        let channel = tried.hub.read(|world| world.channel_named("results").expect("a channel").id.to_string());
        tried.admin("PATCH", &format!("/guilds/{guild}/roles/{guild}"), json!({"permissions": "0"}));
        let message = tried.admin("POST", &format!("/channels/{channel}/messages"), json!({"content": "x"}));
        let second = tried.admin("POST", &format!("/channels/{channel}/messages"), json!({"content": "y"}));
        tried.admin("PUT", &format!("/channels/{channel}/messages/{second}/reactions/✅/@me"), Value::Null);
        let role = tried.admin("POST", &format!("/guilds/{guild}/roles"), json!({"name": "low"}));
        let thread = tried.admin("POST", &format!("/channels/{channel}/threads"), json!({"name": "thread", "type": 11}));
        let webhook = tried.admin("POST", &format!("/channels/{channel}/webhooks"), json!({"name": "hook"}));
        // The stranger has to see the thread to which he is added.
        let shown_to_him = json!({"type": 1, "allow": VIEW_CHANNEL.to_string(), "deny": "0"});
        tried.admin("PUT", &format!("/channels/{channel}/permissions/{stranger}"), shown_to_him);
        tried.admin("PUT", &format!("/channels/{thread}/thread-members/{stranger}"), Value::Null);
        tried.named = vec![
            ("GUILD", guild),
            ("CHANNEL", channel),
            ("MESSAGE", message),
            ("SECOND", second),
            ("ROLE", role),
            ("THREAD", thread),
            ("WEBHOOK", webhook),
            ("ADMIN", admin),
            ("STRANGER", stranger),
            ("BOT", bot),
        ];
        tried
    }

    fn ask(&self, authorization: String, method: &str, path: &str, json: Value) -> Reply {
        let body = AskBody { json, ..AskBody::default() };
        // Who searches has to say for what.
        let query = if path.ends_with("/search") { "query=a".to_owned() } else { String::new() };
        ask_now(
            &self.hub,
            Ask { query, method: method.to_owned(), path: path.to_owned(), authorization: Some(authorization), body, ..Ask::default() },
        )
    }

    /// What the admin does; gives the id of what it made.
    fn admin(&self, method: &str, path: &str, body: Value) -> String {
        let reply = self.ask(self.hub.read(|world| world.user_named("admin").expect("the admin").token.clone()), method, path, body);
        assert!(reply.status < 400, "{method} {path}: {reply:?}");
        reply.json_body()["id"].as_str().unwrap_or_default().to_owned()
    }

    /// Asks for the route as the bot.
    fn bot(&self, route: &Route, body: &Value) -> Reply {
        let of_thread = route.template.contains("/thread-members");
        let of_reaction = route.template.ends_with("/reactions/{emoji}/{user}");
        let of_webhook = route.template.starts_with("/webhooks/");
        let words = [
            ("{guild}", "GUILD"),
            ("{channel}", if of_thread { "THREAD" } else { "CHANNEL" }),
            ("{message}", if of_reaction { "SECOND" } else { "MESSAGE" }),
            ("{role}", "ROLE"),
            ("{user}", if of_reaction { "ADMIN" } else { "STRANGER" }),
            ("{target}", "STRANGER"),
            ("{application}", if of_webhook { "WEBHOOK" } else { "BOT" }),
            ("{command}", "BOT"),
            ("{emoji}", "✅"),
        ];
        let mut path = words.iter().fold(route.template.to_owned(), |path, (name, word)| path.replace(name, word));
        let mut body = body.to_string();
        for (word, id) in &self.named {
            path = path.replace(word, id);
            body = body.replace(word, id);
        }
        let token = self.hub.read(|world| world.user_named("orchestrator").expect("the bot").token.clone());
        self.ask(format!("Bot {token}"), route.method, &path, serde_json::from_str(&body).expect("JSON"))
    }
}

#[test]
fn every_route_takes_its_rights_and_no_others() {
    let mut tried = 0;
    for route in ROUTES.iter().filter(|route| !route.is_own() && matches!(route.door, Door::Known | Door::Bots)) {
        let (needed, body) = takes(route);
        let said = |permissions: u64| {
            let reply = Tried::new(permissions).bot(route, &body);
            (reply.status, reply.json_body())
        };
        let name = format!("{} {}", route.method, route.template);

        let (status, answer) = said(needed | if needed == 0 { 0 } else { VIEW_CHANNEL });
        assert!(status != 403 && status != 401 && status < 500, "{name} with its rights alone: {status} {answer}");
        assert!(status < 400 || status == 404, "{name} was not tried with what it takes: {status} {answer}");
        if needed != 0 {
            let (status, answer) = said(ALL & !ADMINISTRATOR & !needed);
            assert!(status == 403 && [50001, 50013].contains(&answer["code"].as_i64().unwrap_or(0)), "{name} without: {status} {answer}");
            assert_eq!(said(0).0, 403, "{name} without any right");
            assert!(said(ADMINISTRATOR).0 < 405, "{name} for an administrator");
        }
        tried += 1;
    }
    assert!(tried > 70, "{tried}");
}
