//! The relay: one function with three duties. `notify` turns SNS and EventBridge events into Slack messages,
//! `ingest` takes alerts over HTTP, `guard` restarts a stopped trail.
//!
//! Reading ([`event`]), composing ([`card`]) and rendering ([`destination`]) are pure, so a preview shows exactly what
//! Slack will get. The network code (`runtime`, behind the feature of that name) is a thin layer around [`render`].

mod announcement;
pub mod card;
#[cfg(feature = "runtime")]
mod chart;
mod config;
mod contract;
pub mod destination;
mod duty;
mod endpoint;
pub mod event;
mod excerpt;
mod hash;
#[cfg_attr(
    not(feature = "runtime"),
    allow(dead_code, reason = "only the network hands items on")
)]
mod item;
mod json;
mod lenient;
mod locale;
pub mod mute;
pub mod pattern;
mod phrase;
pub mod routing;
#[cfg(feature = "runtime")]
pub mod runtime;
pub mod settings;
mod sns_text;
mod template;

pub use announcement::Announcement;
pub use card::{Card, Digest, Line, compose, digest, summarise};
pub use config::SettingsError;
pub use contract::page;
pub use contract::{
    ACTIONS_PATH, AD_HOC, Act, Actions, ArnParts, BODY_LIMIT, BUFFERS, Buffer, ChannelKey, ChannelType,
    DEAD_LETTER_QUEUE, DESTINATIONS, DUTY, ENCRYPTED_FOR, ENCRYPTION_CONTEXT_KEY, ENDPOINT, Envelope, Filter,
    HEARTBEAT_METRIC, INCIDENTS, Locale, LogEntry, MAIL_ATTRIBUTE, MESSAGE_BODY, MESSAGE_SUBJECT,
    METRIC_NAMESPACE, MUTE_RULE, Mention, NODE_TAG, Outcome, PATH_DIMENSION, Portal, Press, RELAY,
    RETRY_QUEUE, Route, SETTINGS_FILE, STACK_DIMENSION, STACK_TAG, ServiceRegion, Severity, Signal,
    TEST_ATTRIBUTE, TEST_HEADER, TEST_REASON, TEST_RESOURCE, TOKEN_SHA256, TOPICS, TRAIL, WAITING_METRIC,
    ad_hoc_mute, console_page, encode as encode_fragment, length, mute_duration, topic_name,
    webhook_variable,
};
pub use destination::{Address, AddressError, AllowLoopback, Shape, google_chat, slack, teams, text};
pub use duty::{Duty, Guarding, Ingesting, Notifying, Queue, Receivers, Trail};
pub use endpoint::Endpoint;
pub use json::Json;
pub use lenient::parse as parse_lenient;
pub use settings::Settings;
pub use sns_text::SnsText;
pub use template::{MISSING, Template, TemplateError, TemplateProblem};

use serde_json::Value;
use std::collections::BTreeSet;

/// One card and its channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    pub channel: ChannelKey,
    /// The severity that the channel's routes matched against.
    pub severity: Severity,
    pub card: Card,
}

/// A message that no route of a channel accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filtered {
    pub channel: ChannelKey,
    pub severity: Severity,
}

/// The result for one event: the cards to send, and the topics that have no channel.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rendered {
    pub deliveries: Vec<Delivery>,
    /// Messages that the `routes` and `except` of a channel filter out. This is intended, so nothing is lost.
    pub filtered: Vec<Filtered>,
    /// Names of the SNS topics in the event that the settings do not mention, or for which they list no
    /// channel.
    pub unrouted: BTreeSet<String>,
}

/// Turns an invocation event into the cards for each channel, in the order of the event's records.
///
/// The envelope from a rule's target, `{"alertctl":{"channels":[…]},"event":…}`, names the channels, or else
/// the settings for the SNS topic. Each channel's routes then decide what is delivered and who is mentioned.
///
/// Never fails: a payload in an unknown format is shown as JSON. A record with neither envelope nor topic goes
/// to every channel, because dropping it would hide an alert.
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
            let Some(verdict) = item.verdict(&channel, &traits, settings) else {
                rendered.filtered.push(Filtered { channel, severity });
                continue;
            };
            rendered.deliveries.push(Delivery {
                channel,
                severity,
                card: item.card(&verdict, settings),
            });
        }
    }
    rendered
}
