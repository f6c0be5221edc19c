//! Whom an alert calls besides those that the integration itself calls.

use serde::Serialize;

use crate::card::Card;

/// Who can be mentioned there, as the end of an error.
pub const MENTIONS: &str = "there it is `team:NAME`, `user:MAIL`, `escalation:NAME` or `schedule:NAME`";

/// Most responders of an alert.
/// <https://docs.opsgenie.com/docs/alert-api#create-alert>
const MAX_RESPONDERS: usize = 50;
/// Longest name; the services document no limit.
const MAX_NAME: usize = 255;

/// Who is to answer an alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum Responder {
    Team { name: String },
    User { username: String },
    Escalation { name: String },
    Schedule { name: String },
}

/// Whether Opsgenie and Jira Service Management can call `who`.
pub fn is_mention(who: &str) -> bool {
    responder(who).is_some()
}

/// The responders that a card mentions.
pub(super) fn responders(card: &Card) -> Vec<Responder> {
    let known = card.mentions.iter().filter_map(|who| responder(who));
    known.take(MAX_RESPONDERS).collect()
}

/// Names may have blanks; the username of a person is a mail address.
fn responder(who: &str) -> Option<Responder> {
    let (kind, name) = who.split_once(':')?;
    let is_name = !name.is_empty()
        && name.trim() == name
        && !name.contains(char::is_control)
        && name.chars().count() <= MAX_NAME;
    let is_mail = name.split_once('@').is_some_and(|(user, host)| {
        !user.is_empty() && !host.is_empty() && !name.contains(char::is_whitespace)
    });
    let name = name.to_owned();
    match kind {
        _ if !is_name => None,
        "team" => Some(Responder::Team { name }),
        "user" => is_mail.then_some(Responder::User { username: name }),
        "escalation" => Some(Responder::Escalation { name }),
        "schedule" => Some(Responder::Schedule { name }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::read;
    use crate::{Settings, compose};
    use serde_json::json;

    #[test]
    fn only_what_the_services_know_is_called() {
        let mut card = compose(&read(&json!({ "any": 1 }))[0], &Settings::default());
        let who = [
            "team:On call: data",
            "user:alice@example.com",
            "escalation:Night",
            "schedule:야간",
            "@here",
            "U0123ABCD",
            "team:",
            "team: x",
            "user:alice",
            "user:a b@example.com",
            "user:@",
            "group:x",
            "Team:x",
            "team:a\nb",
        ];
        card.mention(&who.map(str::to_owned));
        assert_eq!(
            json!(responders(&card)),
            json!([
                { "type": "team", "name": "On call: data" },
                { "type": "user", "username": "alice@example.com" },
                { "type": "escalation", "name": "Night" },
                { "type": "schedule", "name": "야간" },
            ])
        );
        assert!(is_mention("team:x") && !is_mention("x") && !is_mention("@here"));
        card.mention(&(0..80).map(|index| format!("team:{index}")).collect::<Vec<_>>());
        assert_eq!(responders(&card).len(), MAX_RESPONDERS);
    }
}
