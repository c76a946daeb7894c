//! The table of routes: method, path, who may ask, which rate limit, and who answers.

use super::{
    address::Params, answer::Reply, application_commands, applications, ask::Call, callbacks, channel_webhooks, channels, control,
    founding, gateway_info, guilds, interactions, members, messages, pins, reactions, roles, threads, users,
};
use crate::{limits::bucket::Bucket, refusal::Refusal};

/// Answers a request.
pub(super) type Handler = fn(&mut Call<'_>) -> Result<Reply, Refusal>;

/// Who may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Door {
    /// Anybody; a token in the path is enough where one is needed.
    Open,
    /// A bot or a person.
    Known,
    /// Bots only.
    Bots,
    /// People only.
    People,
    /// People, and programs of this machine without a token.
    Control,
}

/// A route.
pub(super) struct Route {
    pub(super) method: &'static str,
    pub(super) template: &'static str,
    pub(super) door: Door,
    pub(super) bucket: Option<Bucket>,
    pub(super) handler: Handler,
}

impl Route {
    /// Interactions do not count to the global limit. Source: Discord developer documentation, "Rate Limits".
    pub(super) fn counts_globally(&self) -> bool {
        !self.template.starts_with("/interactions/") && !self.template.starts_with("/webhooks/")
    }

    /// The local Discord's own routes are not Discord's: they have no limits and meet no trouble.
    pub(super) fn is_own(&self) -> bool {
        self.template.starts_with("/sandbox/")
    }
}

/// What a method and a path lead to.
pub(super) enum Found {
    Route(&'static Route, Params),
    WrongMethod,
    Nothing,
}

/// Finds the route.
pub(super) fn find(method: &str, path: &str) -> Found {
    let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let mut path_known = false;
    for route in ROUTES {
        if let Some(params) = Params::matched(route.template, &segments) {
            path_known = true;
            if route.method == method {
                return Found::Route(route, params);
            }
        }
    }
    if path_known { Found::WrongMethod } else { Found::Nothing }
}

const fn route(method: &'static str, template: &'static str, door: Door, bucket: Bucket, handler: Handler) -> Route {
    Route { method, template, door, bucket: Some(bucket), handler }
}

const fn unlimited(method: &'static str, template: &'static str, door: Door, handler: Handler) -> Route {
    Route { method, template, door, bucket: None, handler }
}

// Observed by bots' authors, not documented: create message and reactions. The others are plausible guesses of the same size.
const CREATE: Bucket = Bucket::new("create-message", 5, 5_000);
const EDIT: Bucket = Bucket::new("edit-message", 5, 5_000);
const DELETE: Bucket = Bucket::new("delete-message", 5, 1_000);
const READ: Bucket = Bucket::new("read-messages", 5, 1_000);
const REACT: Bucket = Bucket::new("reactions", 1, 250);
const REACTED: Bucket = Bucket::new("read-reactions", 5, 1_000);
const TYPING: Bucket = Bucket::new("typing", 5, 5_000);
const CHANNEL: Bucket = Bucket::new("channel", 10, 10_000);
const THREAD: Bucket = Bucket::new("threads", 5, 10_000);
const ARCHIVED: Bucket = Bucket::new("archived-threads", 10, 10_000);
const FOLLOWERS: Bucket = Bucket::new("thread-members", 10, 10_000);
const GUILD: Bucket = Bucket::new("guild", 10, 10_000);
const MEMBER: Bucket = Bucket::new("member", 10, 10_000);
const USER: Bucket = Bucket::new("user", 30, 30_000);
const GATEWAY: Bucket = Bucket::new("gateway", 10, 10_000);
const COMMANDS: Bucket = Bucket::new("commands", 10, 10_000);
const WEBHOOKS: Bucket = Bucket::new("webhooks", 10, 10_000);
const PINS: Bucket = Bucket::new("pins", 5, 5_000);
const WEBHOOK: Bucket = Bucket::new("webhook", 5, 2_000);

/// More special templates stand before more general ones.
pub(super) static ROUTES: &[Route] = &[
    unlimited("GET", "/sandbox/guilds", Door::Control, founding::guilds),
    unlimited("POST", "/sandbox/guilds", Door::Control, founding::add_guild),
    unlimited("PUT", "/sandbox/guilds/{guild}/members/{user}", Door::Control, founding::add_member),
    unlimited("DELETE", "/sandbox/guilds/{guild}/members/{user}", Door::Control, founding::remove_member),
    unlimited("GET", "/sandbox/people", Door::Control, founding::people),
    unlimited("POST", "/sandbox/people", Door::Control, founding::add_person),
    unlimited("GET", "/sandbox/bots", Door::Control, founding::bots),
    unlimited("POST", "/sandbox/bots", Door::Control, founding::add_bot),
    unlimited("PATCH", "/sandbox/bots/{user}", Door::Control, founding::change_bot),
    unlimited("GET", "/gateway", Door::Open, gateway_info::gateway),
    route("GET", "/gateway/bot", Door::Bots, GATEWAY, gateway_info::gateway_bot),
    route("GET", "/users/@me/guilds", Door::Known, USER, users::guilds),
    route("DELETE", "/users/@me/guilds/{guild}", Door::Known, USER, members::leave),
    route("GET", "/users/@me/channels", Door::Known, USER, users::directs),
    route("POST", "/users/@me/channels", Door::Known, USER, users::open_direct),
    route("GET", "/users/{user}", Door::Known, USER, users::get),
    route("GET", "/applications/@me", Door::Bots, USER, applications::get),
    route("GET", "/oauth2/applications/@me", Door::Bots, USER, applications::get),
    route("GET", "/guilds/{guild}", Door::Known, GUILD, guilds::get),
    route("PATCH", "/guilds/{guild}", Door::Known, GUILD, guilds::change),
    route("GET", "/guilds/{guild}/preview", Door::Known, GUILD, guilds::preview),
    route("GET", "/guilds/{guild}/roles", Door::Known, GUILD, roles::list),
    route("POST", "/guilds/{guild}/roles", Door::Known, GUILD, roles::create),
    route("PATCH", "/guilds/{guild}/roles", Door::Known, GUILD, roles::rank),
    route("GET", "/guilds/{guild}/roles/{role}", Door::Known, GUILD, roles::get),
    route("PATCH", "/guilds/{guild}/roles/{role}", Door::Known, GUILD, roles::change),
    route("DELETE", "/guilds/{guild}/roles/{role}", Door::Known, GUILD, roles::delete),
    route("GET", "/guilds/{guild}/channels", Door::Known, GUILD, guilds::channels),
    route("POST", "/guilds/{guild}/channels", Door::Known, GUILD, channels::create),
    route("PATCH", "/guilds/{guild}/channels", Door::Known, GUILD, guilds::move_channels),
    route("GET", "/guilds/{guild}/threads/active", Door::Known, GUILD, threads::active),
    route("GET", "/guilds/{guild}/members", Door::Known, MEMBER, members::list),
    route("GET", "/guilds/{guild}/members/search", Door::Known, MEMBER, members::search),
    route("GET", "/guilds/{guild}/members/{user}", Door::Known, MEMBER, members::get),
    route("PATCH", "/guilds/{guild}/members/{user}", Door::Known, MEMBER, members::change),
    route("DELETE", "/guilds/{guild}/members/{user}", Door::Known, MEMBER, members::kick),
    route("PUT", "/guilds/{guild}/members/{user}/roles/{role}", Door::Known, MEMBER, members::give_role),
    route("DELETE", "/guilds/{guild}/members/{user}/roles/{role}", Door::Known, MEMBER, members::take_role),
    route("GET", "/guilds/{guild}/bans", Door::Known, MEMBER, members::bans),
    route("GET", "/guilds/{guild}/bans/{user}", Door::Known, MEMBER, members::ban),
    route("PUT", "/guilds/{guild}/bans/{user}", Door::Known, MEMBER, members::add_ban),
    route("DELETE", "/guilds/{guild}/bans/{user}", Door::Known, MEMBER, members::remove_ban),
    route("GET", "/channels/{channel}", Door::Known, CHANNEL, channels::get),
    route("PATCH", "/channels/{channel}", Door::Known, CHANNEL, channels::change),
    route("DELETE", "/channels/{channel}", Door::Known, CHANNEL, channels::delete),
    route("PUT", "/channels/{channel}/permissions/{target}", Door::Known, CHANNEL, channels::set_overwrite),
    route("DELETE", "/channels/{channel}/permissions/{target}", Door::Known, CHANNEL, channels::clear_overwrite),
    route("POST", "/channels/{channel}/typing", Door::Known, TYPING, channels::typing),
    route("GET", "/channels/{channel}/messages", Door::Known, READ, messages::list),
    route("POST", "/channels/{channel}/messages", Door::Known, CREATE, messages::create),
    route("POST", "/channels/{channel}/threads", Door::Known, THREAD, threads::start),
    route("POST", "/channels/{channel}/messages/{message}/threads", Door::Known, THREAD, threads::start_on_message),
    route("GET", "/channels/{channel}/threads/archived/public", Door::Known, ARCHIVED, threads::archived_public),
    route("GET", "/channels/{channel}/threads/archived/private", Door::Known, ARCHIVED, threads::archived_private),
    route("GET", "/channels/{channel}/users/@me/threads/archived/private", Door::Known, ARCHIVED, threads::archived_joined),
    route("GET", "/channels/{channel}/thread-members", Door::Known, FOLLOWERS, threads::list_members),
    route("GET", "/channels/{channel}/thread-members/{user}", Door::Known, FOLLOWERS, threads::member),
    route("PUT", "/channels/{channel}/thread-members/{user}", Door::Known, FOLLOWERS, threads::add_member),
    route("DELETE", "/channels/{channel}/thread-members/{user}", Door::Known, FOLLOWERS, threads::remove_member),
    route("POST", "/channels/{channel}/messages/bulk-delete", Door::Known, DELETE, messages::delete_many),
    route("GET", "/channels/{channel}/messages/pins", Door::Known, PINS, pins::list),
    route("PUT", "/channels/{channel}/messages/pins/{message}", Door::Known, PINS, pins::add),
    route("DELETE", "/channels/{channel}/messages/pins/{message}", Door::Known, PINS, pins::remove),
    route("GET", "/channels/{channel}/pins", Door::Known, PINS, pins::bare),
    route("PUT", "/channels/{channel}/pins/{message}", Door::Known, PINS, pins::add),
    route("DELETE", "/channels/{channel}/pins/{message}", Door::Known, PINS, pins::remove),
    route("GET", "/channels/{channel}/messages/{message}", Door::Known, READ, messages::get),
    route("PATCH", "/channels/{channel}/messages/{message}", Door::Known, EDIT, messages::edit),
    route("DELETE", "/channels/{channel}/messages/{message}", Door::Known, DELETE, messages::delete),
    route("DELETE", "/channels/{channel}/messages/{message}/reactions", Door::Known, REACT, reactions::clear),
    route("GET", "/channels/{channel}/messages/{message}/reactions/{emoji}", Door::Known, REACTED, reactions::list),
    route("DELETE", "/channels/{channel}/messages/{message}/reactions/{emoji}", Door::Known, REACT, reactions::clear),
    route("PUT", "/channels/{channel}/messages/{message}/reactions/{emoji}/@me", Door::Known, REACT, reactions::add),
    route("DELETE", "/channels/{channel}/messages/{message}/reactions/{emoji}/{user}", Door::Known, REACT, reactions::remove),
    route("GET", "/applications/{application}/commands", Door::Known, COMMANDS, application_commands::list),
    route("PUT", "/applications/{application}/commands", Door::Bots, COMMANDS, application_commands::overwrite),
    route("POST", "/applications/{application}/commands", Door::Bots, COMMANDS, application_commands::create),
    route("GET", "/applications/{application}/commands/{command}", Door::Known, COMMANDS, application_commands::get),
    route("PATCH", "/applications/{application}/commands/{command}", Door::Bots, COMMANDS, application_commands::change),
    route("DELETE", "/applications/{application}/commands/{command}", Door::Bots, COMMANDS, application_commands::delete),
    route("GET", "/applications/{application}/guilds/{guild}/commands", Door::Known, COMMANDS, application_commands::list),
    route("PUT", "/applications/{application}/guilds/{guild}/commands", Door::Bots, COMMANDS, application_commands::overwrite),
    route("POST", "/applications/{application}/guilds/{guild}/commands", Door::Bots, COMMANDS, application_commands::create),
    route(
        "GET",
        "/applications/{application}/guilds/{guild}/commands/permissions",
        Door::Known,
        COMMANDS,
        application_commands::permissions,
    ),
    route(
        "GET",
        "/applications/{application}/guilds/{guild}/commands/{command}/permissions",
        Door::Known,
        COMMANDS,
        application_commands::permissions_of,
    ),
    route(
        "PUT",
        "/applications/{application}/guilds/{guild}/commands/{command}/permissions",
        Door::People,
        COMMANDS,
        application_commands::set_permissions,
    ),
    route("GET", "/applications/{application}/guilds/{guild}/commands/{command}", Door::Known, COMMANDS, application_commands::get),
    route("PATCH", "/applications/{application}/guilds/{guild}/commands/{command}", Door::Bots, COMMANDS, application_commands::change),
    route("DELETE", "/applications/{application}/guilds/{guild}/commands/{command}", Door::Bots, COMMANDS, application_commands::delete),
    unlimited("POST", "/interactions", Door::People, interactions::start),
    unlimited("POST", "/interactions/{interaction}/{token}/callback", Door::Open, callbacks::answer),
    route("POST", "/channels/{channel}/webhooks", Door::Known, WEBHOOKS, channel_webhooks::create),
    route("GET", "/channels/{channel}/webhooks", Door::Known, WEBHOOKS, channel_webhooks::of_channel),
    route("GET", "/guilds/{guild}/webhooks", Door::Known, WEBHOOKS, channel_webhooks::of_guild),
    route("GET", "/webhooks/{application}", Door::Known, WEBHOOKS, channel_webhooks::get),
    route("PATCH", "/webhooks/{application}", Door::Known, WEBHOOKS, channel_webhooks::change),
    route("DELETE", "/webhooks/{application}", Door::Known, WEBHOOKS, channel_webhooks::delete),
    route("GET", "/webhooks/{application}/{token}", Door::Open, WEBHOOKS, channel_webhooks::get_with_token),
    route("PATCH", "/webhooks/{application}/{token}", Door::Open, WEBHOOKS, channel_webhooks::change_with_token),
    route("DELETE", "/webhooks/{application}/{token}", Door::Open, WEBHOOKS, channel_webhooks::delete_with_token),
    route("POST", "/webhooks/{application}/{token}", Door::Open, WEBHOOK, channel_webhooks::execute),
    route("GET", "/webhooks/{application}/{token}/messages/{message}", Door::Open, WEBHOOK, channel_webhooks::get_message),
    route("PATCH", "/webhooks/{application}/{token}/messages/{message}", Door::Open, WEBHOOK, channel_webhooks::change_message),
    route("DELETE", "/webhooks/{application}/{token}/messages/{message}", Door::Open, WEBHOOK, channel_webhooks::delete_message),
    unlimited("GET", "/sandbox/log", Door::Control, control::log),
    unlimited("GET", "/sandbox/world", Door::Control, control::world),
    unlimited("POST", "/sandbox/trouble", Door::Control, control::trouble),
];
