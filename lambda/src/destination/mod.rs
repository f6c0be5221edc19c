//! The destinations of cards, each in its own folder or file: it takes a card, and makes of it what it can show.
//!
//! Markup, escaping, colours, limits and addresses are known here, and each only to its own destination.

mod address;
pub mod google_chat;
mod post;
mod share;
pub mod slack;
pub mod teams;
pub mod text;

pub use address::{Address, AddressError, AllowLoopback, Form, Wrong};
pub use post::{Post, Refused, Shape, Why};
pub use text::text;

use crate::card::Row;
use crate::contract::{ChannelType, Locale};

impl ChannelType {
    /// What addresses of the service look like.
    pub fn form(&self) -> &'static Form {
        match self {
            Self::Slack => &slack::WEBHOOK,
            Self::Teams => &teams::WEBHOOK,
            Self::GoogleChat => &google_chat::WEBHOOK,
            _ => &slack::WEBHOOK,
        }
    }

    /// The way to the service of a channel with this secret.
    ///
    /// # Errors
    /// The secret is not an address of the service.
    pub fn open(&self, secret: &str, loopback: AllowLoopback) -> Result<Box<dyn Post>, AddressError> {
        let address = Address::parse(secret, self.form(), loopback)?;
        Ok(match self {
            Self::Slack => Box::new(slack::Webhook(address)),
            Self::Teams => Box::new(teams::Webhook(address)),
            Self::GoogleChat => Box::new(google_chat::Webhook(address)),
            _ => Box::new(slack::Webhook(address)),
        })
    }

    /// How many of the rows, from the first on, fit into one digest. `None` if the service keeps incidents apart, so that
    /// each alert is a message of its own.
    pub fn fit(&self) -> Option<fn(&[Row], Locale) -> usize> {
        match self {
            Self::Slack => Some(slack::fit),
            Self::Teams => Some(teams::fit),
            Self::GoogleChat => Some(google_chat::fit),
            _ => Some(slack::fit),
        }
    }
}
