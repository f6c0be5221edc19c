//! Slack: a card as the JSON that its incoming webhooks accept.

mod block;
mod flat;
mod markup;
mod mention;
mod plain;
mod section;

pub use flat::flat;
pub use plain::plain;
pub use section::fit;

use crate::card::cut::width;
use crate::card::{Card, Colour};
use block::Block;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

/// Most characters in one message. Slack refuses about 13,200, a limit that it does not document, with
/// `msg_blocks_too_long`.
const MAX_MESSAGE: usize = 13_200;
/// Longest headline. With all mentions before it, it stays within Slack's 3,000 characters for a text.
const MAX_HEADLINE: usize = 2_000;
/// Longest headline of which only the text is left.
const MAX_BARE: usize = 160;

/// A message for an incoming webhook; serialises to the JSON that Slack accepts.
///
/// Slack shows `text` above the blocks, which have a bar in `colour` on their side. Notifications show only
/// `text`. All text is escaped and within Slack's limits.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    text: String,
    colour: &'static str,
    blocks: Vec<Block>,
    /// In Slack's syntax.
    mentions: Vec<String>,
}

/// The message that shows the card.
pub fn message(card: &Card) -> Message {
    let mut message = Message {
        text: headline(card),
        colour: colour(card.colour),
        blocks: Vec::new(),
        mentions: mention::of(card).map(|(_, called)| called).collect(),
    };
    let used = message.called() + width(&message.text);
    message.blocks = section::blocks(card, MAX_MESSAGE - used);
    message
}

impl Message {
    /// The headline, as mrkdwn, without mentions.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Characters that the mentions take, at most 960.
    fn called(&self) -> usize {
        self.mentions.iter().map(|called| width(called) + 1).sum()
    }
}

/// The headline as mrkdwn. If it is too long, first its link goes, then all that is not its beginning.
fn headline(card: &Card) -> String {
    let page = card.link.as_ref().map(|link| link.page.as_str());
    let linked = markup::mrkdwn(&card.headline, page);
    if width(&linked) <= MAX_HEADLINE {
        return linked;
    }
    let bare = markup::mrkdwn(&card.headline, None);
    match width(&bare) <= MAX_HEADLINE {
        true => bare,
        false => markup::clipped_code(&card.headline.plain(), MAX_BARE, card.locale.words()),
    }
}

/// Colour of the bar, `#rrggbb`.
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

/// The blocks beside a coloured bar.
#[derive(Serialize)]
struct Attachment<'a> {
    color: &'static str,
    blocks: &'a [Block],
}

impl Serialize for Message {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let called = self.mentions.iter().map(String::as_str);
        let text: Vec<_> = called.chain([&*self.text]).collect();
        map.serialize_entry("text", &text.join(" "))?;
        // The preview of a console link is useless, and a link from outside must not get one.
        map.serialize_entry("unfurl_links", &false)?;
        map.serialize_entry("unfurl_media", &false)?;
        if !self.blocks.is_empty() {
            let attachment = Attachment {
                color: self.colour,
                blocks: &self.blocks,
            };
            map.serialize_entry("attachments", &[attachment])?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card::{Excerpt, Phrase, Prose, Section};
    use crate::event::read;
    use crate::{Settings, compose};
    use serde_json::json;

    fn card() -> Card {
        let alarm = json!({ "AlarmName": "cpu", "NewStateValue": "ALARM",
            "AlarmArn": "arn:aws:cloudwatch:us-east-1:111122223333:alarm:cpu" });
        compose(&read(&alarm)[0], &Settings::default())
    }

    #[test]
    fn a_headline_that_is_too_long_loses_its_link_and_then_its_end() {
        let mut card = card();
        assert!(headline(&card).starts_with("🚨 *<https://us-east-1.console"));
        card.headline.push(&Phrase::text(&"x".repeat(1_900)));
        let bare = headline(&card);
        assert!(
            bare.starts_with("🚨 *cpu* is in alarm") && bare.ends_with("xxx"),
            "{bare}"
        );
        card.headline.push(&Phrase::code(&"<".repeat(500)));
        let cut = headline(&card);
        assert!(
            cut.starts_with("`🚨 cpu is in alarm") && cut.ends_with(" more characters`"),
            "{cut}"
        );
    }

    #[test]
    fn however_much_a_card_says_slack_takes_it() {
        let text = Excerpt {
            text: "x".repeat(9_000),
            beyond: 1,
            most: 9_000,
        };
        let prose = Prose { label: None, text };
        let mut card = card();
        card.sections
            .extend([Section::Prose(prose.clone()), Section::Prose(prose)]);
        let message = message(&card);
        let total: usize = message.blocks.iter().map(Block::width).sum();
        assert!((9_000..13_000).contains(&total), "{total}");
        assert!(
            json!(message).to_string().contains(" more characters"),
            "{message:#?}"
        );
    }
}
