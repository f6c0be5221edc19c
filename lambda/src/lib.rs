//! The relay: reads what SNS hands to the Lambda function and writes the Slack message for it.
//!
//! Reading ([`event`]) and writing ([`message`]) are pure, so a preview shows exactly what Slack will
//! get. The network (`runtime`, behind the feature of that name) is a thin layer around [`render`].

mod arn;
mod config;
pub mod event;
mod locale;
pub mod message;
#[cfg(feature = "runtime")]
pub mod runtime;
mod webhook;

pub use config::{
    CHANNELS, ChannelKey, ENCRYPTION_CONTEXT_KEY, LOCALE, ROUTES, Settings, SettingsError, TIMEZONE,
    webhook_variable,
};
pub use locale::Locale;
pub use message::Message;
pub use webhook::{WebhookError, WebhookUrl};

use event::Notice;
use serde_json::Value;
use std::collections::BTreeSet;

/// One message and the channel it belongs in.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    pub channel: ChannelKey,
    pub message: Message,
}

/// Everything one event asks for: what to send, and which topics nobody routed to a channel.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rendered {
    pub deliveries: Vec<Delivery>,
    /// Names of the SNS topics in the event that `ROUTES` does not mention, or gives no channel.
    pub unrouted: BTreeSet<String>,
}

/// Turns an invocation event into the messages for each channel, in the order of the event's records.
///
/// Never fails: a payload of an unknown shape is shown as JSON. A record that names no SNS topic goes
/// to every channel, since dropping it would hide an alert.
pub fn render(event: &Value, settings: &Settings) -> Rendered {
    let mut rendered = Rendered::default();
    for notice in event::read(event) {
        let message = compose(&notice, settings);
        let channels = match notice.source.topic() {
            None => settings.all_channels(),
            Some(topic) => {
                let channels = settings.routes.get(topic).cloned().unwrap_or_default();
                if channels.is_empty() {
                    rendered.unrouted.insert(topic.to_owned());
                }
                channels
            }
        };
        rendered
            .deliveries
            .extend(channels.into_iter().map(|channel| Delivery {
                channel,
                message: message.clone(),
            }));
    }
    rendered
}

/// The Slack message for one notice, in the language and time zone of the stack.
pub fn compose(notice: &Notice, settings: &Settings) -> Message {
    message::compose(notice, settings.locale.words(), &settings.timezone)
}
