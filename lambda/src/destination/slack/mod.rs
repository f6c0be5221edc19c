//! Slack: a card as the JSON that its incoming webhooks accept.

mod block;
mod bot;
mod buttons;
mod flat;
mod markup;
mod mention;
mod plain;
mod press;
mod section;
mod upload;
mod webhook;

pub use bot::{BOT, Bot};
pub use flat::flat;
pub use mention::{MENTIONS, is_mention};
pub use plain::plain;
pub use press::signed;
pub use section::fit;
pub use webhook::{WEBHOOK, Webhook};

use crate::card::cut::width;
use crate::card::{Card, Colour};
use block::{Block, Text};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

/// What the service is called.
const SERVICE: &str = "Slack";
/// Most characters in one message. Slack refuses about 13,200, a limit that it does not document, with
/// `msg_blocks_too_long`.
const MAX_MESSAGE: usize = 13_200;
/// Longest headline. With all mentions before it, it stays within Slack's 3,000 characters for a text.
const MAX_HEADLINE: usize = 2_000;
/// Length to which the plain text of a headline is cut if the headline with its markup is too long.
const MAX_BARE: usize = 160;
/// Longest headline in a notification; a phone shows far less.
const MAX_NOTICE: usize = 500;

/// A message for an incoming webhook; serialises to the JSON that Slack accepts.
///
/// Slack shows the headline, which is a block, and below it the blocks that have a bar in `colour` on their side. It shows
/// `text` only in notifications, or in place of blocks that are missing. All text is escaped and within Slack's limits.
/// <https://docs.slack.dev/reference/methods/chat.postMessage>
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    text: String,
    headline: Option<Block>,
    colour: &'static str,
    blocks: Vec<Block>,
}

/// The message that shows the card. Both its headline and its text have the mentions: Slack calls whom the blocks mention
/// where it draws them, and a notification on a phone consists of the text alone. It calls people once a message.
/// <https://docs.slack.dev/changelog/2026/07/13/notification-changes>
pub fn message(card: &Card) -> Message {
    let called = mention::all(card);
    let headline = Block::section(Text::mrkdwn(called.clone() + &headline(card)));
    let text = called + &notice(card);
    let buttons = card.care.as_ref().map_or(0, |_| buttons::ROOM);
    let used = width(&text) + headline.width() + buttons;
    Message {
        text,
        headline: Some(headline),
        colour: colour(card.colour),
        blocks: section::blocks(card, MAX_MESSAGE - used),
    }
}

/// The headline where Slack knows no `verbatim`, and where some clients show markup as it is written: without markup, and
/// nothing in it becomes a link.
fn notice(card: &Card) -> String {
    let text = markup::unlinked(&markup::plain(&card.headline.plain()));
    markup::clip_escaped(&text, MAX_NOTICE, card.locale.words())
}

/// The headline as mrkdwn. If it is too long, first its link goes, then all that is not its beginning.
fn headline(card: &Card) -> String {
    let linked = markup::mrkdwn(&card.headline, card.page());
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
        map.serialize_entry("text", &self.text)?;
        if let Some(headline) = &self.headline {
            map.serialize_entry("blocks", &[headline])?;
        }
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
    fn an_address_in_the_headline_is_no_link() {
        let mut card = card();
        card.mention(&["@here".to_owned()]);
        card.headline = Phrase::said(format!(
            "🛡️ {} of {} saw https://x.example/ and :aws:",
            Phrase::strong("login.example.com"),
            Phrase::code("eve@example.com"),
        ));
        let message = json!(message(&card));
        // Nothing is linked here, and an address can be copied.
        let headline =
            "<!here> 🛡️ *login.example.com* of `eve@example.com` saw https://x.example/ and :\u{200b}aws:";
        let text = json!({ "type": "mrkdwn", "text": headline, "verbatim": true });
        assert_eq!(message["blocks"], json!([{ "type": "section", "text": text }]));
        let text = "<!here> 🛡️ login.|example.|com of eve@|example.|com saw https:|//x.|example/ and :|aws:";
        assert_eq!(message["text"], text.replace('|', "\u{200b}"));
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
