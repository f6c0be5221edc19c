//! Mentions in Slack's syntax.

use crate::card::Card;

/// Most people and groups that one message mentions; a longer list is a mistake.
const MAX_MENTIONS: usize = 20;

/// By what Slack mentions somebody: names can change, so it requires ids.
pub const MENTIONS: &str = "write the member id: in Slack, the person's profile, ⋮, Copy member ID (`U0123ABCD`); for a \
    user group, its id (`S0123ABCD`); for a whole channel, `\"@here\"` or `\"@channel\"`";

/// Whether Slack can mention somebody by this text. An id as Slack gives them has a digit; a name in capitals has none.
pub fn is_mention(who: &str) -> bool {
    let is_full = (6..=20).contains(&who.len()) && who.bytes().any(|byte| byte.is_ascii_digit());
    called(who).is_some() && (who.starts_with('@') || is_full)
}

/// The mentions of a card that Slack knows, as the stack file writes them and in Slack's syntax.
pub(super) fn of(card: &Card) -> impl Iterator<Item = (&str, String)> {
    let known = card
        .mentions
        .iter()
        .filter_map(|who| Some((&**who, called(who)?)));
    known.take(MAX_MENTIONS)
}

/// All mentions in Slack's syntax, to stand before a text; at most 960 characters.
pub(super) fn all(card: &Card) -> String {
    of(card).map(|(_, called)| called + " ").collect()
}

/// A mention in Slack's syntax. <https://docs.slack.dev/messaging/formatting-message-text>
fn called(who: &str) -> Option<String> {
    if let "@here" | "@channel" | "@everyone" = who {
        return Some(format!("<!{}>", who.trim_start_matches('@')));
    }
    let is_id = (2..=32).contains(&who.len())
        && who
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    match who.as_bytes().first() {
        Some(b'U' | b'W') if is_id => Some(format!("<@{who}>")),
        Some(b'S') if is_id => Some(format!("<!subteam^{who}>")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::of;
    use crate::event::read;
    use crate::{Settings, compose};
    use serde_json::json;

    #[test]
    fn only_people_and_groups_are_called_each_once() {
        let mut card = compose(&read(&json!({ "any": 1 }))[0], &Settings::default());
        let who = [
            "@here",
            "U0123ABCD",
            "S0123ABCD",
            "@here",
            "W0123ABCD",
            "@somebody",
            "U<!here>",
            "C0123ABCD",
            "",
        ];
        card.mention(&who.map(str::to_owned));
        let called: Vec<_> = of(&card).map(|(_, called)| called).collect();
        assert_eq!(
            called,
            ["<!here>", "<@U0123ABCD>", "<!subteam^S0123ABCD>", "<@W0123ABCD>"]
        );
        card.mention(&(0..40).map(|index| format!("U{index:09}")).collect::<Vec<_>>());
        assert_eq!(of(&card).count(), 20);
    }
}
