//! What a stack file says, as plain types. `serde_yaml` reads the file into these; ranges and
//! cross-references are the business of `check`.

use std::collections::BTreeMap;

use serde::Deserialize;

pub use super::threshold::{Bound, Comparison, Threshold};
pub use super::values::{
    Architecture, Endpoint, FilterScope, Locale, LowSampleCount, Metric, PropagateTags, Statistic,
    TreatMissingData, Webhook,
};
use super::values::{alias_name, on};
pub use super::window::EvaluationWindow;

/// One stack file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a stack: keys such as `stack`, `channels`, `topics`, `alarms`"
)]
pub struct Stack {
    /// Tag value and default name prefix, `[a-z][a-z0-9-]{0,39}`.
    pub stack: String,
    /// AWS region; without it the command line and the environment decide.
    pub region: Option<String>,
    /// Language of the messages.
    #[serde(default)]
    pub locale: Locale,
    /// IANA time zone of the messages.
    #[serde(default = "utc")]
    pub timezone: String,
    /// Tags for every resource: at most 40, keys to 128 and values to 256 characters.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// The stack's KMS key.
    #[serde(default)]
    pub key: Key,
    /// Slack incoming webhooks.
    #[serde(default)]
    pub channels: BTreeMap<String, Channel>,
    /// SNS topics.
    #[serde(default)]
    pub topics: BTreeMap<String, Topic>,
    /// CloudWatch metric alarms.
    #[serde(default)]
    pub alarms: BTreeMap<String, Alarm>,
    /// The function that brings messages to Slack.
    #[serde(default)]
    pub relay: Relay,
}

impl Stack {
    /// The physical name of a thing that names none itself: `<stack>-<key>`.
    pub fn default_name(&self, key: &str) -> String {
        format!("{}-{key}", self.stack)
    }
}

/// The KMS key that encrypts webhooks, the relay's environment and encrypted topics.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "the settings of the key, such as `alias: my-key`"
)]
pub struct Key {
    /// Alias without its `alias/` prefix (the file may write either), `[A-Za-z0-9/_-]`, to 250 characters.
    #[serde(deserialize_with = "alias_name")]
    pub alias: Option<String>,
    /// Days AWS waits before it deletes the key after `destroy`, 7–30.
    pub deletion_window_days: i32,
    /// Yearly rotation of the key material.
    pub rotation: bool,
    /// Shown in the console, to 8,192 characters.
    pub description: Option<String>,
}

impl Default for Key {
    fn default() -> Self {
        Self {
            alias: None,
            deletion_window_days: 30,
            rotation: true,
            description: None,
        }
    }
}

/// A Slack incoming webhook.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a channel, such as `{ webhook: { env: SLACK_WEBHOOK_URL } }`"
)]
pub struct Channel {
    /// What people call the channel, such as `#project`; the webhook itself decides where messages go.
    pub label: Option<String>,
    /// Where the webhook's URL comes from.
    pub webhook: Webhook,
}

/// An SNS standard topic.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "a topic, such as `{ to: [channel] }`"
)]
pub struct Topic {
    /// Physical name, `[A-Za-z0-9_-]{1,256}`.
    pub name: Option<String>,
    /// Sender name in e-mails, to 100 characters.
    pub display_name: Option<String>,
    /// Server-side encryption with the stack's key.
    pub encrypted: bool,
    /// Subscriptions beside the relay's own.
    pub subscriptions: Vec<Subscription>,
    /// Channels the relay forwards to: keys of `channels`.
    pub to: Vec<String>,
}

/// A subscription of a topic.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "super::values::SubscriptionFields")]
pub struct Subscription {
    /// Who receives.
    pub endpoint: Endpoint,
    /// SNS filter policy, a JSON object.
    pub filter: Option<serde_json::Map<String, serde_json::Value>>,
    /// What the filter looks at.
    pub filter_scope: FilterScope,
    /// Deliver the bare message without the SNS envelope; only for `https` and `sqs`.
    pub raw: bool,
}

/// A CloudWatch metric alarm: every field of `PutMetricAlarm`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "an alarm: keys such as `metric`, `threshold`, `to`"
)]
pub struct Alarm {
    /// Physical name, 1–255 characters.
    pub name: Option<String>,
    /// To 1,024 characters.
    pub description: Option<String>,
    /// The metric watched; exactly one of `metric`, `metrics` and `promql` is given.
    pub metric: Option<Metric>,
    /// Dimensions of `metric`, at most 30.
    #[serde(default)]
    pub dimensions: BTreeMap<String, String>,
    /// Statistic of `metric`; always given beside it.
    pub statistic: Option<Statistic>,
    /// Unit of `metric`, one of CloudWatch's.
    pub unit: Option<String>,
    /// Seconds: 10, 20, 30 or a multiple of 60; always given beside `metric`.
    pub period: Option<i32>,
    /// Metric math instead of `metric`: at most 20 queries.
    #[serde(default)]
    pub metrics: Vec<MetricQuery>,
    /// A PromQL query instead of `metric`; it says itself when the alarm goes off.
    pub promql: Option<PromQl>,
    /// When the alarm goes off; always given beside `metric` and `metrics`.
    pub threshold: Option<Threshold>,
    /// Periods looked at.
    #[serde(default = "one")]
    pub evaluation_periods: i32,
    /// How many of them must breach; without it, all.
    pub datapoints_to_alarm: Option<i32>,
    /// What a period without data means.
    #[serde(default)]
    pub treat_missing_data: TreatMissingData,
    /// Percentile statistics over too few samples.
    pub evaluate_low_sample_count_percentile: Option<LowSampleCount>,
    /// Where the periods begin and end.
    #[serde(default)]
    pub evaluation_window: EvaluationWindow,
    /// Waiting before the first evaluation.
    pub warm_up: Option<WarmUp>,
    /// Whether state changes notify anybody.
    #[serde(default = "on")]
    pub actions_enabled: bool,
    /// Topics told on ALARM: keys of `topics`, at most 5.
    #[serde(default)]
    pub to: Vec<String>,
    /// Topics told on OK, at most 5.
    #[serde(default)]
    pub ok: Vec<String>,
    /// Topics told on INSUFFICIENT_DATA, at most 5.
    #[serde(default)]
    pub insufficient_data: Vec<String>,
    /// Which of the alarm's tags its messages carry.
    #[serde(default)]
    pub propagate_tags: PropagateTags,
}

/// A PromQL instant query over metrics that came in by OpenTelemetry; every series it returns breaches.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a PromQL query, such as `{ query: up == 0, interval: 60 }`"
)]
pub struct PromQl {
    /// The query with its condition, 1–10,000 characters.
    pub query: String,
    /// Seconds between two evaluations: 10, 20, 30 or a multiple of 60, to 3,600.
    pub interval: i32,
    /// Seconds a series must breach before ALARM, 0–86,400; without it, none.
    pub pending_period: Option<i32>,
    /// Seconds a series must not breach before OK, 0–86,400; without it, none.
    pub recovery_period: Option<i32>,
}

/// A wait after the alarm is made or changed: it stays in INSUFFICIENT_DATA and runs no actions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a warm-up, such as `{ minutes: 10 }`")]
pub struct WarmUp {
    /// Minutes, 1–2,880.
    pub minutes: i32,
    /// Wait all of them, even when there is data enough to begin earlier.
    #[serde(default)]
    pub full: bool,
}

/// One query of a metric-math alarm: an expression, or a metric with its statistic and period.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a query, such as `{ id: errors, metric: AWS/Lambda Errors, … }`"
)]
pub struct MetricQuery {
    /// Name inside expressions, `[a-z][A-Za-z0-9_]*`.
    pub id: String,
    /// Metric math or a Metrics Insights query.
    pub expression: Option<String>,
    /// The metric; exactly one of `expression` and `metric` is given.
    pub metric: Option<Metric>,
    /// Dimensions of `metric`, at most 30.
    #[serde(default)]
    pub dimensions: BTreeMap<String, String>,
    /// Statistic of `metric`; always given beside it.
    pub statistic: Option<Statistic>,
    /// Unit of `metric`.
    pub unit: Option<String>,
    /// Seconds; always given beside `metric`.
    pub period: Option<i32>,
    /// Shown in place of the id.
    pub label: Option<String>,
    /// Whether the alarm watches this query; true for exactly one (or, with a band, the band too).
    #[serde(default)]
    pub return_data: bool,
    /// Account that holds the metric, 12 digits.
    pub account_id: Option<String>,
}

/// Settings of the relay function.
#[derive(Debug, Clone, PartialEq, Deserialize)]
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
    /// Days its logs are kept, one of the values CloudWatch Logs allows.
    pub log_retention_days: i32,
    /// Concurrent executions set aside for it; 0 stops it.
    pub reserved_concurrency: Option<i32>,
    /// Repeats of a failed asynchronous invocation, 0–2.
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

fn utc() -> String {
    "UTC".to_owned()
}

fn one() -> i32 {
    1
}
