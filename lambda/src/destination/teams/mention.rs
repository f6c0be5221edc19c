//! Mentions in Teams.

use crate::card::Card;
use serde::ser::{Serialize, SerializeMap, Serializer};

/// Who can be mentioned, for people.
pub const MENTIONS: &str = "Teams mentions people by their user principal name, such as `ann@example.com`, or by their Entra object id, \
     such as `49c4641c-ab91-4248-aebb-6a7de286397b`";

/// Most people that one message mentions; a longer list is a mistake.
const MAX_MENTIONS: usize = 20;
/// Longest user principal name; Entra has 64 characters before the `@` and 48 after it.
/// <https://learn.microsoft.com/en-us/entra/identity/hybrid/connect/plan-connect-userprincipalname>
const MAX_PRINCIPAL: usize = 113;
/// Longest name shown of a person.
const MAX_NAME: usize = 24;

/// Somebody that a message mentions; serialises to the entity that stands for it.
///
/// Teams calls the person where a text has `<at>name</at>` and an entity has the same.
/// <https://learn.microsoft.com/en-us/microsoftteams/platform/task-modules-and-cards/cards/cards-format#mention-support-within-adaptive-cards>
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Called {
    id: String,
    /// Letters, digits, blanks, dots and hyphens; differs from that of everybody else in the message.
    name: String,
}

/// Whether Teams can mention `who`: a user principal name, or the object id of a user in Entra. It mentions no channels, teams
/// or tags of a team here.
pub fn is_mention(who: &str) -> bool {
    is_object_id(who) || is_principal(who)
}

fn is_object_id(who: &str) -> bool {
    let mut groups = who.split('-');
    let lengths = [8, 4, 4, 4, 12];
    let fits = |length| {
        let is = |group: &str| group.len() == length && group.bytes().all(|byte| byte.is_ascii_hexdigit());
        groups.next().is_some_and(is)
    };
    lengths.into_iter().all(fits) && groups.next().is_none()
}

/// The characters that Entra allows, but for those of Markdown that no name needs. Guests have `_` and `#EXT#`.
fn is_principal(who: &str) -> bool {
    let Some((local, domain)) = who.split_once('@') else {
        return false;
    };
    let all = |text: &str, others: &[u8]| {
        let is = |byte: u8| byte.is_ascii_alphanumeric() || others.contains(&byte);
        !text.is_empty() && text.bytes().all(is)
    };
    who.len() <= MAX_PRINCIPAL && all(local, b"'.-_!#^~+") && all(domain, b".-") && domain.contains('.')
}

/// The people that the card mentions and Teams knows.
pub(super) fn of(card: &Card) -> Vec<Called> {
    let known = card.mentions.iter().filter(|who| is_mention(who));
    let mut called: Vec<Called> = Vec::new();
    for who in known.take(MAX_MENTIONS) {
        let name = name(who);
        let is_taken = called.iter().any(|other| other.name == name);
        called.push(Called {
            id: who.clone(),
            name: match is_taken {
                true => format!("{name} {}", called.len() + 1),
                false => name,
            },
        });
    }
    called
}

/// The name that is shown of a person. It stands in Markdown, so Markdown's characters are taken out.
fn name(who: &str) -> String {
    let local = who.split_once('@').map_or(who, |(local, _)| local);
    let calm = |c: char| match c {
        '.' | '-' => c,
        c if c.is_ascii_alphanumeric() => c,
        _ => ' ',
    };
    let name: String = local.chars().map(calm).collect();
    // The object id of a person is shown whole, or else two could look the same.
    let name: String = match is_object_id(who) {
        true => name,
        false => name.chars().take(MAX_NAME).collect(),
    };
    match name.trim() {
        "" => "?".to_owned(),
        name => name.to_owned(),
    }
}

impl Called {
    /// The mention in a text.
    pub fn at(&self) -> String {
        format!("<at>{}</at>", self.name)
    }
}

impl Serialize for Called {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", "mention")?;
        map.serialize_entry("text", &self.at())?;
        let mentioned = serde_json::json!({ "id": self.id, "name": self.name });
        map.serialize_entry("mentioned", &mentioned)?;
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::read;
    use crate::{Settings, compose};
    use serde_json::json;

    const ID: &str = "49c4641c-ab91-4248-aebb-6a7de286397b";

    #[test]
    fn people_are_known_by_their_names_and_ids() {
        let guest = "eve_mail.example#EXT#@contoso.onmicrosoft.com";
        for who in [ID, "ann@example.com", "o'neil+x@mail.example.com", guest] {
            assert!(is_mention(who), "{who}");
        }
        let long = format!("{}@example.com", "x".repeat(110));
        for who in [
            "",
            "@here",
            "ann",
            "ann@",
            "@example.com",
            "ann@example",
            "a b@example.com",
            "ann@exa_mple.com",
            "<at>@example.com",
            "*a*@example.com",
            "U0123ABCD",
            "49c4641c-ab91-4248-aebb-6a7de286397",
            &long,
            "49c4641c-ab91-4248-aebb-6a7de286397b-0",
            "49c4641c-ab91-4248-aebb-6a7de286397g",
            "ann@example.com\n",
        ] {
            assert!(!is_mention(who), "{who}");
        }
    }

    #[test]
    fn everybody_has_another_name() {
        let mut card = compose(&read(&json!({ "any": 1 }))[0], &Settings::default());
        let who = [
            "ann_lee@a.example",
            "@here",
            "ann_lee@b.example",
            ID,
            "__@a.example",
        ];
        card.mention(&who.map(str::to_owned));
        let called = of(&card);
        let names: Vec<_> = called.iter().map(|one| &*one.name).collect();
        assert_eq!(names, ["ann lee", "ann lee 2", ID, "?"]);
        assert_eq!(
            json!(called[1]),
            json!({ "type": "mention", "text": "<at>ann lee 2</at>",
                "mentioned": { "id": "ann_lee@b.example", "name": "ann lee 2" } })
        );
        card.mention(
            &(0..40)
                .map(|index| format!("u{index}@a.example"))
                .collect::<Vec<_>>(),
        );
        assert_eq!(of(&card).len(), 20);
    }
}
