//! Mentions in Discord's syntax.

use super::embed::Allowed;
use crate::card::Card;

/// What can be mentioned, for people.
pub const MENTIONS: &str = "on Discord a user is `<@ID>`, a role is `<@&ID>`, and everybody is `@here` or `@everyone`; to see \
                            an id, send a message with a backslash before the mention, such as `\\@oncall`";

/// Most people and groups that one message mentions; a longer list is a mistake. Discord takes 100 users and 100 roles.
const MAX_MENTIONS: usize = 20;

/// Whom a mention calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who<'a> {
    /// `@here` or `@everyone`.
    Everyone,
    User(&'a str),
    Role(&'a str),
}

/// Whether Discord knows a mention of the stack file.
pub fn is_mention(who: &str) -> bool {
    read(who).is_some()
}

/// A mention in Discord's syntax. <https://discord.com/developers/docs/reference#message-formatting>
fn read(who: &str) -> Option<Who<'_>> {
    if let "@here" | "@everyone" = who {
        return Some(Who::Everyone);
    }
    let called = who.strip_prefix("<@")?.strip_suffix('>')?;
    let is_id = |id: &str| {
        let digits = (15..=20).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit());
        // An id is a number of 64 bits. <https://discord.com/developers/docs/reference#snowflakes>
        digits && !id.starts_with('0') && id.parse::<u64>().is_ok()
    };
    match called.strip_prefix('&') {
        Some(role) => is_id(role).then_some(Who::Role(role)),
        None => is_id(called).then_some(Who::User(called)),
    }
}

/// The mentions of a card that Discord knows.
fn of(card: &Card) -> impl Iterator<Item = (&str, Who<'_>)> {
    let known = card.mentions.iter().filter_map(|who| Some((&**who, read(who)?)));
    known.take(MAX_MENTIONS)
}

/// All mentions, to stand before a text; at most 500 characters.
pub(super) fn all(card: &Card) -> String {
    of(card).map(|(who, _)| format!("{who} ")).collect()
}

/// Whom the message may call: exactly these.
pub(super) fn allowed(card: &Card) -> Allowed {
    let mut allowed = Allowed::default();
    for (_, who) in of(card) {
        match who {
            Who::Everyone if allowed.parse.is_empty() => allowed.parse.push("everyone"),
            Who::Everyone => {}
            Who::User(id) => allowed.users.push(id.to_owned()),
            Who::Role(id) => allowed.roles.push(id.to_owned()),
        }
    }
    allowed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::read as notices;
    use crate::{Settings, compose};
    use serde_json::json;

    #[test]
    fn only_users_roles_and_everybody_are_called() {
        let mut card = compose(&notices(&json!({ "any": 1 }))[0], &Settings::default());
        assert_eq!(json!(allowed(&card)), json!({ "parse": [] }));
        let who = [
            "@here",
            "<@80351110224678912>",
            "<@&165511591545143296>",
            "@everyone",
            "<@80351110224678912>",
            "@somebody",
            "<@!80351110224678912>",
            "<@99999999999999999999>",
            "<@1>",
            "<@&165511591545143296> @x",
            "<#103735883630395392>",
            "U0123ABCD",
            "",
        ];
        card.mention(&who.map(str::to_owned));
        assert_eq!(
            all(&card),
            "@here <@80351110224678912> <@&165511591545143296> @everyone "
        );
        assert_eq!(
            json!(allowed(&card)),
            json!({ "parse": ["everyone"], "users": ["80351110224678912"], "roles": ["165511591545143296"] })
        );
        let crowd: Vec<_> = (0..40)
            .map(|index| format!("<@&1655115915451432{index:02}>"))
            .collect();
        card.mention(&crowd);
        assert_eq!(of(&card).count(), 20);
        assert!(is_mention("@here") && !is_mention("@channel"));
    }
}
