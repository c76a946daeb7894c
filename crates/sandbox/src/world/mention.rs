//! Whom a text mentions, and whom of them it may notify.

use super::{World, draft::AllowedMentions, guild::Guild, snowflake::Snowflake};

/// Whom a message notifies.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Mentions {
    pub(super) users: Vec<Snowflake>,
    pub(super) roles: Vec<Snowflake>,
    pub(super) everyone: bool,
}

impl World {
    /// Finds the mentions in `content`, for a channel of `guild`; `may_ping_all` says whether the author may notify everybody.
    pub(super) fn mentions(&self, guild: Option<&Guild>, content: &str, allowed: &AllowedMentions, may_ping_all: bool) -> Mentions {
        let content = &without_code(content);
        let mut found = Mentions {
            everyone: allowed.everyone && may_ping_all && (content.contains("@everyone") || content.contains("@here")),
            ..Mentions::default()
        };
        for tag in content.split('<').skip(1).filter_map(|rest| rest.split_once('>')).filter_map(|(tag, _)| tag.strip_prefix('@')) {
            if let Some(Ok(role)) = tag.strip_prefix('&').map(str::parse) {
                let permitted = allowed.all_roles || allowed.roles.contains(&role);
                let pingable = guild.and_then(|guild| guild.roles.get(&role)).is_some_and(|role| may_ping_all || role.mentionable);
                if permitted && pingable && !found.roles.contains(&role) {
                    found.roles.push(role);
                }
            } else if let Ok(user) = tag.strip_prefix('!').unwrap_or(tag).parse() {
                // A mention that may not notify is still resolved, so clients can show the name.
                let permitted = allowed.all_users || allowed.users.contains(&user);
                if permitted && self.users.contains_key(&user) && !found.users.contains(&user) {
                    found.users.push(user);
                }
            }
        }
        found
    }
}

/// The text without what stands in code: nobody is mentioned there.
fn without_code(text: &str) -> String {
    let (mut left, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(start) = rest.find('`') {
        let marks = rest[start..].bytes().take_while(|byte| *byte == b'`').count().min(3);
        let (fence, inner) = rest[start..].split_at(marks);
        left.push_str(&rest[..start]);
        match inner.find(fence) {
            Some(end) => rest = &inner[end + marks..],
            None => {
                left.push_str(fence);
                rest = inner;
            }
        }
    }
    left.push_str(rest);
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_code_is_no_mention_and_what_only_looks_like_code_is() {
        for (text, left) in [
            ("a `<@1>` b", "a  b"),
            ("```\n@everyone\n``` and <@2>", " and <@2>"),
            ("``a ` b`` c", " c"),
            ("a ` b <@3>", "a ` b <@3>"),
            ("no code", "no code"),
        ] {
            assert_eq!(without_code(text), left, "{text}");
        }
    }
}
