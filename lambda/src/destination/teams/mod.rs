//! Microsoft Teams: a card as the message with an Adaptive Card that a workflow posts.
//!
//! Teams reads most texts of a card as Markdown, and its clients do not agree on how a backslash escapes it
//! (microsoft/AdaptiveCards#5590, MicrosoftDocs/msteams-docs#5793). So text from outside stands only in runs of rich text, in
//! which there is no Markdown. <https://adaptivecards.io/explorer/TextRun.html>

mod action;
mod body;
mod element;
mod mention;
mod plain;
mod run;
mod webhook;

pub use body::fit;
pub use mention::{MENTIONS, is_mention};
pub use plain::plain;
pub use webhook::{WEBHOOK, Webhook};

use crate::card::Card;
use crate::destination::share::Shares;
use action::Action;
use element::Element;
use mention::Called;
use serde::Serialize;
use serde_json::{Value, json};

/// What the service is called.
const SERVICE: &str = "Microsoft Teams";
/// Most bytes of a message, as [`size`] counts them. Teams takes 28 KB of what the workflow makes of it, and what is larger
/// fails in the workflow, where nobody sees it.
/// <https://learn.microsoft.com/en-us/connectors/teams/#known-issues-and-limitations-with-actions>
const MAX_MESSAGE: usize = 26_000;
/// The oldest version of Adaptive Cards that has all that is used here, so that no client is too old for it. Teams knows 1.5.
/// <https://learn.microsoft.com/en-us/microsoftteams/platform/task-modules-and-cards/cards/cards-reference#adaptive-card>
const VERSION: &str = "1.2";

/// A message for a workflow; serialises to the JSON that it posts.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(into = "Value")]
pub struct Message {
    called: Vec<Called>,
    body: Vec<Element>,
    actions: Vec<Action>,
}

/// The message that shows the card: the headline on the card's colour, the people it mentions, the sections and the footer;
/// its pages are buttons.
pub fn message(card: &Card) -> Message {
    let called = mention::of(card);
    let make = |shares| Message {
        body: body::elements(card, &called, shares),
        actions: action::actions(card),
        called: called.clone(),
    };
    let mut message = make(Shares::WHOLE);
    for shares in Shares::all().skip(1) {
        if size(&message) <= MAX_MESSAGE {
            break;
        }
        message = make(shares);
    }
    message
}

/// Number of bytes that JSON takes as a text in JSON, where each quote and backslash has another backslash before it. The only
/// figures that are known fit this: 24,453 bytes of a message were 28,897 of what the workflow made of it.
/// <https://github.com/MicrosoftDocs/msteams-docs/issues/11274>
fn size(json: &impl Serialize) -> usize {
    let json = serde_json::to_vec(json).unwrap_or_default();
    let escaped = json.iter().filter(|byte| matches!(byte, b'"' | b'\\'));
    json.len() + escaped.count()
}

impl From<Message> for Value {
    /// The template "Post to a channel when a webhook request is received" posts each of the attachments.
    /// <https://learn.microsoft.com/en-us/connectors/teams/#request-body-schema>
    fn from(message: Message) -> Self {
        let Message {
            called,
            body,
            actions,
        } = message;
        // Without the width, Teams uses half of the channel's.
        let mut teams = json!({ "width": "Full" });
        if !called.is_empty()
            && let Some(teams) = teams.as_object_mut()
        {
            teams.insert("entities".to_owned(), json!(called));
        }
        let mut content = json!({
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "type": "AdaptiveCard",
            "version": VERSION,
            "msteams": teams,
            "body": body,
        });
        if !actions.is_empty()
            && let Some(content) = content.as_object_mut()
        {
            content.insert("actions".to_owned(), json!(actions));
        }
        let content_type = "application/vnd.microsoft.card.adaptive";
        json!({ "type": "message", "attachments": [
            { "contentType": content_type, "contentUrl": null, "content": content },
        ] })
    }
}
