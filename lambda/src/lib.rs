//! The relay, one function with three duties: `notify` turns events of SNS and EventBridge into Slack
//! messages, `ingest` takes alerts over HTTP, `guard` starts a stopped trail again.
//!
//! Reading ([`event`]) and writing ([`message`]) are pure, so a preview shows exactly what Slack will
//! get. The network (`runtime`, behind the feature of that name) is a thin layer around [`render`].

mod alert;
mod arn;
mod config;
mod duty;
#[cfg_attr(
    not(feature = "runtime"),
    allow(dead_code, reason = "only the network sends envelopes on")
)]
mod envelope;
pub mod event;
#[cfg_attr(
    not(feature = "runtime"),
    allow(dead_code, reason = "only the network hands items on")
)]
mod item;
mod lenient;
mod letter;
mod locale;
pub mod message;
pub mod pattern;
pub mod routing;
#[cfg(feature = "runtime")]
pub mod runtime;
pub mod settings;
mod template;
mod webhook;

pub use alert::Endpoint;
pub use arn::{console_page, encode as encode_fragment};
pub use config::{
    BODY_LIMIT, BUFFERS, ChannelKey, DEAD_LETTER_QUEUE, DESTINATIONS, DUTY, ENCRYPTED_FOR,
    ENCRYPTION_CONTEXT_KEY, ENDPOINT, MESSAGE_BODY, MESSAGE_SUBJECT, SettingsError, TOKEN_SHA256, TOPICS,
    TRAIL, webhook_variable,
};
pub use duty::{Duty, Guarding, Ingesting, Notifying, Queue, Told, Trail};
pub use lenient::parse as parse_lenient;
pub use letter::Letter;
pub use locale::Locale;
pub use message::{Digest, Line, Message, compose, digest, summarise};
pub use settings::{SETTINGS_FILE, Settings};
pub use template::{MISSING, Template, TemplateError, TemplateProblem};
pub use webhook::{Form, WebhookError, WebhookUrl};

use event::Severity;
use serde_json::Value;
use std::collections::BTreeSet;

/// One message and the channel it belongs in.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    pub channel: ChannelKey,
    /// What the channel's routes judged by.
    pub severity: Severity,
    pub message: Message,
}

/// A message that no route of a channel takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filtered {
    pub channel: ChannelKey,
    pub severity: Severity,
}

/// Everything one event asks for: what to send, and which topics nobody routed to a channel.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rendered {
    pub deliveries: Vec<Delivery>,
    /// What does not arrive because of a channel's `routes` and `except`: as wanted, and no loss.
    pub filtered: Vec<Filtered>,
    /// Names of the SNS topics in the event that the settings do not mention, or give no channel.
    pub unrouted: BTreeSet<String>,
}

/// Turns an invocation event into the messages for each channel, in the order of the event's records.
///
/// Where it goes says the wrapper that a rule's target puts around it, `{"alertctl":{"channels":[…]},
/// "event":…}`, or else the settings for its SNS topic. What of it arrives, and who is called, say the routes of
/// each channel.
///
/// Never fails: a payload of an unknown shape is shown as JSON. A record that names neither goes to every
/// channel, since dropping it would hide an alert.
pub fn render(event: &Value, settings: &Settings) -> Rendered {
    let mut rendered = Rendered::default();
    for item in item::items(event.clone()) {
        let channels = match item.channels(settings) {
            Ok(channels) => channels,
            Err(topic) => {
                rendered.unrouted.insert(topic.to_owned());
                continue;
            }
        };
        let traits = item.traits(settings);
        let severity = traits.severity;
        for channel in channels.iter().cloned() {
            let Some(accepted) = item.accepted(&channel, &traits, settings) else {
                rendered.filtered.push(Filtered { channel, severity });
                continue;
            };
            rendered.deliveries.push(Delivery {
                channel,
                severity,
                message: item.message(&accepted, settings),
            });
        }
    }
    rendered
}
