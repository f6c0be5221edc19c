//! The stack file as plain types, read from the tree. `check` validates ranges and cross-references.

use std::collections::BTreeMap;

use alertctl_relay::{Locale, Portal, Severity};
use schemars::JsonSchema;
use serde::Deserialize;

mod alarm;
mod channel;
mod dead_letters;
mod endpoint;
mod form;
mod interval;
mod log_query;
mod mute;
mod organization;
mod rule;
mod secret;
mod set;
mod switch;
mod threshold;
mod trail;
mod values;
mod window;

pub use alarm::{Alarm, LogFilter, MetricQuery, PromQl, Suppressor, WATCHED, WarmUp, hears_of_ends};
pub use channel::{Channel, title as channel_title};
pub use dead_letters::DeadLetterQueue;
pub use endpoint::{HttpEndpoint, HttpRoute, MessageTemplate, Throttle, Token};
pub use interval::Interval;
pub use log_query::{Lasting, LogQuery};
pub use mute::{Length, Mute};
pub use organization::{ALARMS, MemberTarget, Organization};
pub use rule::{Calls, EventBus, Except, MATCHED, Preset, Retry, Rule, RuleInput, What};
pub use secret::SecretSource;
pub use set::{AlarmPreset, Override};
pub use threshold::{Bound, Comparison, Threshold};
pub use trail::{
    EventSelectors, Guard, ManagementEvents, OwnTrail, Trail, TrailBucket, TrailLogs, TrailSource,
};
pub use values::{
    Architecture, Endpoint, FilterScope, LowSampleCount, Metric, PropagateTags, Statistic, TreatMissingData,
};
use values::{alias_name, written};
pub use window::EvaluationWindow;

/// One stack file.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "a stack: keys such as `stack`, `channels`, `topics`, `alarms`"
)]
pub struct Stack {
    /// Tag value and default name prefix, `[a-z][a-z0-9-]{0,39}`; required, in one of the stack's files.
    pub stack: String,
    /// AWS region; if not set, it comes from the command line or the environment.
    pub region: Option<String>,
    /// Language of the messages.
    #[serde(default)]
    pub locale: Locale,
    /// IANA time zone of the messages.
    #[serde(default = "utc")]
    pub timezone: String,
    /// Tags for every resource: at most 40; keys up to 128 characters (768 in all), values up to 256.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// The stack's KMS key.
    #[serde(default)]
    pub key: Key,
    /// ARN of the permissions boundary of every role of the stack, a managed policy; `{account}` stands for
    /// the account's id. If not set, a boundary set by somebody else is kept.
    pub role_permissions_boundary: Option<String>,
    /// Names for accounts, by their twelve-digit ids.
    #[serde(default)]
    pub accounts: BTreeMap<String, String>,
    /// The access portal of IAM Identity Center: links to the console go through it, into the right account.
    pub portal: Option<Portal>,
    /// Where people read messages: in Slack, Teams, PagerDuty …
    #[serde(default)]
    pub channels: BTreeMap<String, Channel>,
    /// SNS topics.
    #[serde(default)]
    pub topics: BTreeMap<String, Topic>,
    /// CloudWatch alarms.
    #[serde(default)]
    pub alarms: BTreeMap<String, Alarm>,
    /// Times in which alarms, rules and topics tell nobody.
    #[serde(default)]
    pub mute: BTreeMap<String, Mute>,
    /// HTTP endpoints that accept alerts from outside AWS.
    #[serde(default)]
    pub endpoints: BTreeMap<String, HttpEndpoint>,
    /// EventBridge event buses in addition to the default one.
    #[serde(default)]
    pub buses: BTreeMap<String, EventBus>,
    /// EventBridge rules.
    #[serde(default)]
    pub rules: BTreeMap<String, Rule>,
    /// The CloudTrail trail; without one, EventBridge receives no API calls.
    #[serde(default, deserialize_with = "written")]
    #[schemars(with = "Trail")]
    pub trail: Option<Trail>,
    /// Other accounts of the organization, whose events and alarms the stack hears.
    #[serde(default, deserialize_with = "written")]
    #[schemars(with = "Organization")]
    pub organization: Option<Organization>,
    /// Alarms on the stack's own functions, dead-letter queues and APIs.
    #[serde(default, deserialize_with = "written")]
    #[schemars(with = "Monitoring")]
    pub monitoring: Option<Monitoring>,
    /// The function that delivers messages to channels.
    #[serde(default)]
    pub relay: Relay,
}

impl Stack {
    /// The default physical name: `<stack>-<key>`.
    pub fn default_name(&self, key: &str) -> String {
        format!("{}-{key}", self.stack)
    }

    /// The channels whose messages have buttons.
    pub fn with_buttons(&self) -> impl Iterator<Item = &String> {
        let channels = self.channels.iter();
        channels
            .filter(|(_, channel)| channel.actions.is_some())
            .map(|(key, _)| key)
    }

    /// Whether anything is encrypted with a key: the addresses of channels, topics, or the stack's own trail.
    pub fn encrypts(&self) -> bool {
        let is_trail = |trail: &Trail| matches!(&trail.source, TrailSource::Own(own) if own.encrypted);
        !self.channels.is_empty()
            || self.topics.values().any(|topic| topic.encrypted)
            || self.trail.as_ref().is_some_and(is_trail)
    }

    /// The physical name of the relay, which addresses are encrypted for.
    pub fn relay_name(&self) -> String {
        let name = || self.default_name("relay");
        self.relay.name.clone().unwrap_or_else(name)
    }
}

/// The KMS key that encrypts the addresses of channels, the relay's environment and encrypted topics.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "the settings of the key, such as `alias: my-key`"
)]
pub struct Key {
    /// Id, alias or ARN of a key that somebody else owns, which the stack uses instead of one of its own and never changes.
    pub existing: Option<String>,
    /// Alias with or without its `alias/` prefix, `[A-Za-z0-9/_-]`, at most 250 characters.
    #[serde(deserialize_with = "alias_name")]
    pub alias: Option<String>,
    /// Days AWS waits before it deletes the key after `destroy`, 7–30.
    pub deletion_window_days: i32,
    /// Yearly rotation of the key material.
    pub rotation: bool,
    /// Description shown in the console, at most 8,192 characters.
    pub description: Option<String>,
    /// Whether the key is deleted only by name, with `--unprotect`.
    pub protect: bool,
}

impl Default for Key {
    fn default() -> Self {
        Self {
            existing: None,
            alias: None,
            deletion_window_days: 30,
            rotation: true,
            description: None,
            protect: false,
        }
    }
}

/// An SNS standard topic.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "a topic, such as `{ to: [channel] }`"
)]
pub struct Topic {
    /// Name or ARN of a topic that somebody else owns: the stack publishes to it and hears it, and never changes it.
    pub existing: Option<String>,
    /// Physical name, `[A-Za-z0-9_-]{1,256}`.
    pub name: Option<String>,
    /// Sender name in e-mails, at most 100 characters.
    pub display_name: Option<String>,
    /// Server-side encryption with the stack's key.
    pub encrypted: bool,
    /// Subscriptions in addition to the relay's own.
    pub subscriptions: Vec<Subscription>,
    /// A page that says what to do, `https://`; its messages link to it.
    pub runbook: Option<String>,
    /// A page that shows how things are, `https://`; its messages link to it.
    pub dashboard: Option<String>,
    /// Severity of its messages; overrides the severity of each message.
    pub severity: Option<Severity>,
    /// Channels the relay forwards to: keys of `channels`.
    pub to: Vec<String>,
    /// Whether the topic is deleted or replaced only by name, with `--unprotect`; so are its subscriptions.
    pub protect: bool,
}

impl Topic {
    /// The same topic as one of the stack's own.
    pub fn own(&mut self) {
        self.name = self.written_name().map(str::to_owned);
        self.existing = None;
    }

    /// The physical name that the stack file gives it, also of an existing topic.
    pub fn written_name(&self) -> Option<&str> {
        let existing = self.existing.as_deref();
        let existing = existing.map(|existing| existing.rsplit_once(':').map_or(existing, |(_, name)| name));
        existing.or(self.name.as_deref())
    }
}

/// A subscription of a topic.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "values::SubscriptionFields")]
pub struct Subscription {
    /// Who receives.
    pub endpoint: Endpoint,
    /// SNS filter policy, a JSON object.
    pub filter: Option<serde_json::Map<String, serde_json::Value>>,
    /// What the filter applies to.
    pub filter_scope: FilterScope,
    /// Deliver the bare message without the SNS envelope; only for `https` and `sqs`.
    pub raw: bool,
}

/// Settings of the relay function.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "the settings of the relay, such as `memory: 128`"
)]
pub struct Relay {
    /// Physical name, `[A-Za-z0-9_-]{1,64}`.
    pub name: Option<String>,
    /// MB, 128–10,240.
    pub memory: i32,
    /// Seconds, 1–900.
    pub timeout: i32,
    /// Instruction set of the function.
    pub architecture: Architecture,
    /// Retention of its logs in days, one of the values that CloudWatch Logs allows.
    pub log_retention_days: i32,
    /// Concurrent executions reserved for it; 0 stops it.
    pub reserved_concurrency: Option<i32>,
    /// Retries of a failed asynchronous invocation, 0–2.
    pub maximum_retry_attempts: i32,
    /// Seconds an event may wait before it goes to the dead-letter queue, 60–21,600.
    pub maximum_event_age_seconds: i32,
}

impl Default for Relay {
    fn default() -> Self {
        Self {
            name: None,
            memory: 128,
            timeout: 30,
            architecture: Architecture::default(),
            log_retention_days: 30,
            reserved_concurrency: None,
            maximum_retry_attempts: 2,
            maximum_event_age_seconds: 21_600,
        }
    }
}

/// Alarms on what the stack itself is made of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "recipients, such as `{ to: [topic] }`")]
pub struct Monitoring {
    /// Topics to notify: keys of `topics`, or of `channels`, 1–5.
    #[serde(default)]
    pub to: Vec<String>,
    /// A page that says what to do, `https://`; the alarms' descriptions and messages link to it.
    pub runbook: Option<String>,
    /// A page that shows how things are, `https://`; the alarms' descriptions and messages link to it.
    pub dashboard: Option<String>,
    /// How often a sign of life goes through the relay to all channels, such as `1h`; default: never.
    pub heartbeat: Option<Interval>,
}

/// Whether a text of the stack file is an ARN and not a key or a name, neither of which has a colon.
pub fn is_arn(text: &str) -> bool {
    text.starts_with("arn:")
}

fn utc() -> String {
    "UTC".to_owned()
}
