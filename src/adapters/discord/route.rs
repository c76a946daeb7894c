//! Where a request goes, as Discord's limits see it: method, template, and the id that has a limit of its own.

use orchestrator_core::domain::id::{ChannelId, MessageId};
use reqwest::Method;

/// One request's way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Route {
    pub(super) method: Method,
    /// The path with names in place of ids: requests with the same one share a limit.
    pub(super) template: &'static str,
    /// The id that has a limit of its own: a channel's, a guild's, a webhook's with its token. Empty: there is none.
    pub(super) major: String,
    /// The path behind `/api/v10`.
    pub(super) path: String,
    pub(super) urgency: Urgency,
}

/// Who waits for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Urgency {
    /// Nobody in particular.
    Usual,
    /// A person: it may use the reserve.
    Interactive,
    /// A person, and Discord counts it in no global limit.
    Callback,
}

/// The names under which limits are kept.
pub(super) type Template = (Method, &'static str);

impl Route {
    /// A way without an id that has a limit of its own.
    pub(super) fn plain(method: Method, template: &'static str, path: String) -> Self {
        Self { method, template, major: String::new(), path, urgency: Urgency::Usual }
    }

    /// A way below a channel.
    pub(super) fn channel(method: Method, template: &'static str, channel: ChannelId, rest: &str) -> Self {
        Self { method, template, major: channel.to_string(), path: format!("/channels/{channel}{rest}"), urgency: Urgency::Usual }
    }

    /// A way below a guild.
    pub(super) fn guild(method: Method, template: &'static str, guild: u64, rest: &str) -> Self {
        Self { method, template, major: guild.to_string(), path: format!("/guilds/{guild}{rest}"), urgency: Urgency::Usual }
    }

    /// Our reaction on a message.
    pub(super) fn reaction(method: Method, channel: ChannelId, message: MessageId, emoji: &str) -> Self {
        let rest = format!("/messages/{message}/reactions/{}/@me", emoji_in_path(emoji));
        Self::channel(method, "/channels/{channel}/messages/{message}/reactions/{emoji}/@me", channel, &rest).interactive()
    }

    /// The first answer to an interaction.
    pub(super) fn callback(interaction: u64, token: &str) -> Self {
        Self {
            method: Method::POST,
            template: "/interactions/{interaction}/{token}/callback",
            major: format!("{interaction}/{token}"),
            path: format!("/interactions/{interaction}/{}/callback", percent(token)),
            urgency: Urgency::Callback,
        }
    }

    /// The same, with somebody waiting.
    pub(super) fn interactive(self) -> Self {
        Self { urgency: Urgency::Interactive, ..self }
    }

    pub(super) fn template(&self) -> Template {
        (self.method.clone(), self.template)
    }
}

/// An emoji as it stands in a path: a server's own one as `name:id`, everything else percent-encoded.
fn emoji_in_path(emoji: &str) -> String {
    let own = emoji.strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
    percent(own.map_or(emoji, |own| own.strip_prefix("a:").or_else(|| own.strip_prefix(':')).unwrap_or(own)))
}

fn percent(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() * 3);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~:".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            const HEX: &[u8; 16] = b"0123456789ABCDEF";
            encoded.extend(['%', char::from(HEX[usize::from(byte >> 4)]), char::from(HEX[usize::from(byte & 15)])]);
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_emoji_is_encoded_and_a_servers_own_one_named() {
        for (emoji, path) in
            [("✅", "%E2%9C%85"), ("⏱️", "%E2%8F%B1%EF%B8%8F"), ("<:tick:123>", "tick:123"), ("<a:spin:9>", "spin:9"), ("../x", "..%2Fx")]
        {
            assert_eq!(emoji_in_path(emoji), path);
        }
    }
}
