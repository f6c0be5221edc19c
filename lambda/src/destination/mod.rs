//! The destinations of cards, each in its own folder or file: it takes a card, and makes of it what it can show.
//!
//! Markup, escaping, colours, limits and addresses are known here, and each only to its own destination.

mod address;
pub mod discord;
pub mod google_chat;
pub mod heartbeat;
mod keyed;
mod living;
pub mod opsgenie;
pub mod pagerduty;
mod post;
mod public;
mod shape;
mod share;
pub mod signed_webhook;
pub mod slack;
pub mod teams;
pub mod text;

pub use address::{Address, AddressError, AllowLoopback, Form, Wrong};
pub use living::{Living, MessageId, Picture, Pictures, Unsigned};
pub use post::{Post, Probe, Refused, Why};
pub use public::is_public;
pub use shape::Shape;
pub use text::text;

use crate::card::{Card, Row};
use crate::contract::{ChannelType, Locale};
use serde_json::Value;

/// Whom the messages of a service can mention.
#[derive(Clone, Copy)]
pub struct Mentions {
    /// Whether it can mention somebody by this text of a stack file.
    pub is: fn(&str) -> bool,
    /// By what it can, in one sentence for people.
    pub help: &'static str,
}

impl ChannelType {
    /// What addresses of the service look like.
    pub fn form(&self) -> &'static Form {
        match self {
            Self::Slack => &slack::WEBHOOK,
            Self::SlackBot { .. } => &slack::BOT,
            Self::Pagerduty { .. } => &pagerduty::INTEGRATION,
            Self::JiraServiceManagement => &opsgenie::JIRA_SERVICE_MANAGEMENT,
            Self::Opsgenie { .. } => &opsgenie::OPSGENIE,
            Self::Discord => &discord::WEBHOOK,
            Self::SignedWebhook => &signed_webhook::WEBHOOK,
            Self::Heartbeat => &heartbeat::PING,
            Self::Teams => &teams::WEBHOOK,
            Self::GoogleChat => &google_chat::WEBHOOK,
        }
    }

    /// The type whose address a text is without doubt, whatever it was written for. Keys that are only letters and digits
    /// may be anything, and so may URLs of any host.
    pub fn of_address(text: &str) -> Option<Self> {
        let is = |one: &Self| match one.form().rule {
            address::Rule::Key { .. } if !matches!(one, Self::SlackBot { .. }) => false,
            address::Rule::Anywhere => false,
            _ => Address::parse(text, one.form(), AllowLoopback::No).is_ok(),
        };
        Self::each().into_iter().find(is)
    }

    /// The way to the service of a channel with this secret.
    ///
    /// # Errors
    /// The secret is not an address of the service.
    pub fn open(&self, secret: &str, loopback: AllowLoopback) -> Result<Box<dyn Post>, AddressError> {
        let address = Address::parse(secret, self.form(), loopback)?;
        Ok(match self {
            Self::Slack => Box::new(slack::Webhook(address)),
            Self::SlackBot { channel } => Box::new(slack::Bot::new(address, channel.clone())),
            Self::Pagerduty { region } => Box::new(pagerduty::Integration::new(address, *region)),
            Self::JiraServiceManagement => Box::new(opsgenie::Integration::of_jira(address)),
            Self::Opsgenie { region } => Box::new(opsgenie::Integration::of_opsgenie(address, *region)),
            Self::Discord => Box::new(discord::Webhook(address)),
            Self::SignedWebhook => Box::new(signed_webhook::Webhook { address, loopback }),
            Self::Heartbeat => Box::new(heartbeat::Check { address, loopback }),
            Self::Teams => Box::new(teams::Webhook(address)),
            Self::GoogleChat => Box::new(google_chat::Webhook(address)),
        })
    }

    /// What the service gets for `card`, as JSON, to look at.
    pub fn preview(&self, card: &Card) -> Value {
        let service = self.open("http://127.0.0.1/preview", AllowLoopback::Yes);
        let body = service.map(|service| service.request(card, Shape::Usual).into_body());
        let body = body.ok().and_then(|body| serde_json::from_slice(&body).ok());
        body.unwrap_or_default()
    }

    /// Whom messages can mention.
    pub fn mentions(&self) -> Mentions {
        let (is, help): (fn(&str) -> bool, _) = match self {
            Self::Slack | Self::SlackBot { .. } => (slack::is_mention, slack::MENTIONS),
            Self::Pagerduty { .. } => (pagerduty::is_mention, pagerduty::MENTIONS),
            Self::JiraServiceManagement | Self::Opsgenie { .. } => (opsgenie::is_mention, opsgenie::MENTIONS),
            Self::Discord => (discord::is_mention, discord::MENTIONS),
            Self::SignedWebhook => (signed_webhook::is_mention, signed_webhook::MENTIONS),
            Self::Heartbeat => (|_| false, heartbeat::MENTIONS),
            Self::Teams => (teams::is_mention, teams::MENTIONS),
            Self::GoogleChat => (google_chat::is_mention, google_chat::MENTIONS),
        };
        Mentions { is, help }
    }

    /// How many of the rows, from the first on, fit into one digest. `None` if the service keeps incidents apart, so that
    /// each alert is a message of its own.
    pub fn fit(&self) -> Option<fn(&[Row], Locale) -> usize> {
        match self {
            Self::Slack => Some(slack::fit),
            Self::SlackBot { .. }
            | Self::Pagerduty { .. }
            | Self::JiraServiceManagement
            | Self::Opsgenie { .. }
            | Self::Heartbeat => None,
            Self::Discord => Some(discord::fit),
            Self::SignedWebhook => Some(signed_webhook::fit),
            Self::Teams => Some(teams::fit),
            Self::GoogleChat => Some(google_chat::fit),
        }
    }
}

#[cfg(test)]
mod tests;
