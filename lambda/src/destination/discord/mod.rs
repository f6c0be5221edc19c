//! Discord: a card as the JSON that a channel's webhook accepts.

mod embed;
mod layout;
mod markdown;
mod mention;
mod plain;
mod webhook;

pub use embed::Message;
pub use layout::fit;
pub use mention::{MENTIONS, is_mention};
pub use plain::plain;
pub use webhook::{WEBHOOK, Webhook};

use crate::card::{Card, Colour};

/// What the service is called.
const SERVICE: &str = "Discord";
/// Longest headline in a notification.
const MAX_NOTICE: usize = 500;

/// The message that shows the card: embeds, which may call nobody, and above them, in a message that calls people, who is
/// called and the headline.
/// <https://discord.com/developers/docs/resources/webhook#execute-webhook>
pub fn message(card: &Card) -> Message {
    let called = mention::all(card);
    let content = (!called.is_empty()).then(|| called + &notice(card));
    Message {
        content,
        embeds: layout::embeds(card),
        allowed_mentions: mention::allowed(card),
        flags: None,
    }
}

/// The headline outside of embeds, where Discord looks for people to call.
fn notice(card: &Card) -> String {
    let headline = markdown::cut_escaped(&card.headline.plain(), MAX_NOTICE, card.locale.words());
    markdown::uncalled(&headline)
}

/// Colour of the bar.
fn colour(colour: Colour) -> u32 {
    match colour {
        Colour::Good => 0x2e_b6_7d,
        Colour::Plain => 0x43_9f_e0,
        Colour::Idle => 0x9e_9e_9e,
        Colour::Warning => 0xec_b2_2e,
        Colour::Serious => 0xe8_73_1c,
        Colour::Bad => 0xd7_26_3d,
    }
}
