//! Mentions in Google Chat.

use crate::card::Card;

/// Who can be mentioned, for people.
pub const MENTIONS: &str = "Google Chat mentions everybody in the space by `users/all`, and people by their ids, such as \
     `users/123456789012345678901`";

/// Most people that one message mentions; a longer list is a mistake.
const MAX_MENTIONS: usize = 20;

/// Whether Google Chat can mention `who`: all in the space, or somebody by the id of the Google account. A mail address is
/// none: Google Chat shows it as it is written.
/// <https://developers.google.com/workspace/chat/format-messages#messages-@mention>
pub fn is_mention(who: &str) -> bool {
    let Some(id) = who.strip_prefix("users/") else {
        return false;
    };
    let is_id = (2..=32).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit());
    id == "all" || is_id
}

/// All mentions of a card that Google Chat knows; `None` if there are none.
pub(super) fn all(card: &Card) -> Option<String> {
    let known = card.mentions.iter().filter(|who| is_mention(who));
    let called: Vec<_> = known.take(MAX_MENTIONS).map(|who| format!("<{who}>")).collect();
    (!called.is_empty()).then(|| called.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::read;
    use crate::{Settings, compose};
    use serde_json::json;

    #[test]
    fn only_people_of_the_space_are_called_each_once() {
        let mut card = compose(&read(&json!({ "any": 1 }))[0], &Settings::default());
        assert_eq!(all(&card), None);
        let who = [
            "users/all",
            "users/123456789012345678901",
            "users/all",
            "all",
            "@all",
            "users/",
            "users/ann@example.com",
            "users/1",
            "users/12 ",
            "<users/all>",
            "users/12>",
            "",
            "U0123ABCD",
        ];
        card.mention(&who.map(str::to_owned));
        assert_eq!(
            all(&card).as_deref(),
            Some("<users/all> <users/123456789012345678901>")
        );
        card.mention(
            &(0..40)
                .map(|index| format!("users/{index:021}"))
                .collect::<Vec<_>>(),
        );
        assert_eq!(all(&card).map(|all| all.matches('<').count()), Some(20));
    }
}
