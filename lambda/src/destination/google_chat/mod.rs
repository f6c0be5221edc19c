//! Google Chat: a card as the message that the webhook of a space takes.
//!
//! A message has a text, in which people are called and links are made, and cards, whose texts are a subset of HTML. Text from
//! outside stands in cards, escaped. <https://developers.google.com/workspace/chat/format-messages>

mod markup;
mod mention;
mod plain;
mod section;
mod webhook;
mod widget;

pub use mention::{MENTIONS, is_mention};
pub use plain::plain;
pub use section::fit;
pub use webhook::{WEBHOOK, Webhook};

use crate::card::cut::clip;
use crate::card::{Card, Colour};
use crate::destination::share::Shares;
use serde::Serialize;
use widget::Section;

/// What the service is called.
const SERVICE: &str = "Google Chat";
/// Most bytes of a message; Google Chat takes 32,000, with text and cards.
/// <https://developers.google.com/workspace/chat/api/reference/rest/v1/spaces.messages/create>
const MAX_MESSAGE: usize = 31_000;
/// Longest headline in a notification; a phone shows far less.
const MAX_NOTICE: usize = 300;

/// A message for a webhook; serialises to the JSON that Google Chat accepts.
/// <https://developers.google.com/workspace/chat/api/reference/rest/v1/spaces.messages#Message>
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// What a notification shows instead of cards.
    #[serde(skip_serializing_if = "Option::is_none")]
    fallback_text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thread: Option<Thread>,
    #[serde(skip_serializing_if = "Vec::is_empty", rename = "cardsV2")]
    cards: Vec<Titled>,
}

/// The thread of an incident. Google Chat knows it by a key of ours, which is each app's own.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Thread {
    thread_key: String,
}

/// A card with the id that it has in its message.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Titled {
    card_id: &'static str,
    card: Sections,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Sections {
    sections: Vec<Section>,
}

/// The message that shows the card. Its text only calls people.
pub fn message(card: &Card) -> Message {
    let notice = clip(&card.headline.plain(), MAX_NOTICE, card.locale.words());
    let make = |shares| Message {
        text: mention::all(card),
        fallback_text: Some(markup::inert(&notice)),
        thread: thread(card),
        cards: vec![Titled {
            card_id: "alert",
            card: Sections {
                sections: section::sections(card, shares),
            },
        }],
    };
    let mut message = make(Shares::WHOLE);
    for shares in Shares::all().skip(1) {
        if message.size() <= MAX_MESSAGE {
            break;
        }
        message = make(shares);
    }
    message
}

impl Message {
    /// Number of bytes of its JSON.
    fn size(&self) -> usize {
        serde_json::to_vec(self).map_or(usize::MAX, |json| json.len())
    }
}

/// The thread of the incident that the card is a step of.
fn thread(card: &Card) -> Option<Thread> {
    card.incident.as_ref().map(|incident| Thread {
        thread_key: incident.key.clone(),
    })
}

/// Colour of the bar before the headline, `#rrggbb`.
fn colour(colour: Colour) -> &'static str {
    match colour {
        Colour::Good => "#2eb67d",
        Colour::Plain => "#439fe0",
        Colour::Idle => "#9e9e9e",
        Colour::Warning => "#ecb22e",
        Colour::Serious => "#e8731c",
        Colour::Bad => "#d7263d",
    }
}
