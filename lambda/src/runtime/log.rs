//! The function's log: one line of JSON per entry.
//!
//! The outcome of a message is logged in CloudWatch's embedded metric format, so that CloudWatch derives
//! metrics from the log without an API call. No line contains a webhook, a token or the text of an alert.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

mod signal;

pub(super) use signal::{Beat, pressed, reminded, without_buttons};

use super::refusal::Refusal;
use crate::Duty;
use crate::contract::{
    ChannelKey, Locale, METRIC_NAMESPACE, Outcome, STACK_DIMENSION, Severity, WAITING_METRIC,
};
use crate::event::NoLines;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use std::io::Write as _;
use std::time::Duration;

/// The result of a request, for the reader of the log.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    /// Nothing is left to do.
    Done,
    /// The caller's fault: it sent something that cannot be accepted.
    Refused,
    /// Something is still undelivered, or was given up.
    Failed,
}

/// A message for a channel, and its outcome.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Line<'a> {
    #[serde(rename = "Stack")]
    pub stack: &'a str,
    #[serde(rename = "Channel")]
    pub channel: &'a ChannelKey,
    pub outcome: Outcome,
    pub duty: Duty,
    pub request_id: &'a str,
    pub severity: Severity,
    /// Id of the EventBridge event or of the SNS message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<&'a str>,
    /// The mark of a test.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'a str>,
    /// HTTP status of Slack's response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Number of retries.
    #[serde(skip)]
    pub retried: u32,
    /// Time since the function, or the channel's buffer, received it.
    #[serde(skip)]
    pub latency: Duration,
}

/// What the log says about a message besides its outcome.
#[derive(Clone, Copy, Default)]
pub(super) struct Report<'a> {
    pub retried: u32,
    pub latency: Duration,
    pub refusal: Option<&'a Refusal>,
    /// The reason of an outcome that is no refusal.
    pub reason: Option<&'a str>,
}

impl<'a> Report<'a> {
    pub fn of(refusal: &'a Refusal) -> Self {
        Self {
            retried: refusal.retried,
            refusal: Some(refusal),
            ..Self::default()
        }
    }

    /// Why it came to this outcome.
    pub fn why(&self) -> Option<&'a str> {
        self.reason.or_else(|| Some(self.refusal?.reason.as_str()))
    }
}

/// A log line as it is serialised.
#[derive(Serialize)]
struct Written<'a> {
    #[serde(flatten)]
    line: &'a Line<'a>,
    /// Only for outcomes that count as an end or as a failure.
    #[serde(flatten)]
    metrics: Option<Metrics>,
}

/// Values of the metrics, and the metadata by which CloudWatch recognizes them.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metrics {
    #[serde(rename = "_aws")]
    metadata: Metadata,
    delivered: u8,
    retried: u32,
    #[serde(rename = "Parked")]
    dead_lettered: u8,
    /// Milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    latency: Option<u64>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata {
    /// Milliseconds since 1970.
    timestamp: i64,
    cloud_watch_metrics: [Directive; 1],
}

impl Metadata {
    /// Of metrics with these dimensions.
    fn of(time: Timestamp, dimensions: &'static [&'static str], metrics: &'static [Definition]) -> Self {
        Self {
            timestamp: time.as_millisecond(),
            cloud_watch_metrics: [Directive {
                namespace: METRIC_NAMESPACE,
                dimensions: [dimensions],
                metrics,
            }],
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directive {
    namespace: &'static str,
    dimensions: [&'static [&'static str]; 1],
    metrics: &'static [Definition],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Definition {
    name: &'static str,
    unit: &'static str,
}

const WAITING: [Definition; 1] = [Definition {
    name: WAITING_METRIC,
    unit: "Seconds",
}];
/// The last metric, the latency, exists only for delivered messages.
const DEFINITIONS: [Definition; 4] = [
    Definition {
        name: "Delivered",
        unit: "Count",
    },
    Definition {
        name: "Retried",
        unit: "Count",
    },
    Definition {
        name: "Parked",
        unit: "Count",
    },
    Definition {
        name: "Latency",
        unit: "Milliseconds",
    },
];

impl Line<'_> {
    fn metrics(&self, time: Timestamp) -> Option<Metrics> {
        let [counts @ .., _] = &DEFINITIONS;
        let (definitions, latency) = match self.outcome {
            Outcome::Delivered => (&DEFINITIONS[..], Some(self.latency)),
            Outcome::DeadLettered | Outcome::Undelivered | Outcome::Deferred => (&counts[..], None),
            Outcome::Buffered | Outcome::Duplicate | Outcome::Filtered | Outcome::Muted => return None,
        };
        Some(Metrics {
            metadata: Metadata::of(time, &[STACK_DIMENSION, "Channel"], definitions),
            delivered: u8::from(self.outcome == Outcome::Delivered),
            retried: self.retried,
            dead_lettered: u8::from(self.outcome == Outcome::DeadLettered),
            latency: latency.map(|latency| u64::try_from(latency.as_millis()).unwrap_or(u64::MAX)),
        })
    }

    fn written(&self, time: Timestamp) -> Written<'_> {
        Written {
            line: self,
            metrics: self.metrics(time),
        }
    }

    pub fn write(&self) {
        say(&self.written(Timestamp::now()));
    }
}

/// Messages that stay in a queue because a destination does not take them now, or not so fast.
#[derive(Clone, Copy)]
pub(super) struct Waits<'a> {
    pub stack: &'a str,
    /// The destination: `Channel` or `Topic`, and which.
    pub to: (&'static str, &'a str),
    pub count: usize,
    /// How long the oldest will have waited when it is tried again.
    pub oldest: Duration,
    pub again_in: Duration,
}

impl Waits<'_> {
    /// Writes a line with the metric `Waiting` of the stack, in seconds: the queue's own age says nothing of messages that
    /// were received three times or more.
    /// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html>
    pub fn write(&self) {
        say(&json!({
            "_aws": Metadata::of(Timestamp::now(), &[STACK_DIMENSION], &WAITING),
            STACK_DIMENSION: self.stack,
            self.to.0: self.to.1,
            "outcome": "waiting",
            "messages": self.count,
            "againInSeconds": self.again_in.as_secs(),
            WAITING_METRIC: self.oldest.as_secs(),
        }));
    }
}

/// A message for a topic, and its outcome.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Published<'a> {
    #[serde(rename = "Stack")]
    pub stack: &'a str,
    /// The ARN.
    #[serde(rename = "Topic")]
    pub topic: &'a str,
    pub kind: Kind,
    pub outcome: Outcome,
    pub duty: Duty,
    pub request_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'a str>,
}

impl Published<'_> {
    pub fn write(&self) {
        say(self);
    }
}

/// The end of a request.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct End<'a> {
    kind: Kind,
    duty: Duty,
    outcome: &'a str,
    request_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

/// Logs how the request `request_id` ended: `outcome` is one of a few words, `reason` is for people.
pub(super) fn write(kind: Kind, duty: Duty, request_id: &str, outcome: &str, reason: Option<&str>) {
    say(&End {
        kind,
        duty,
        outcome,
        request_id,
        reason,
    });
}

/// Logs that the table of incidents does not work: messages are posted without it.
pub(super) fn untracked(reason: &str) {
    let reason = format!("DynamoDB {reason}");
    say(&json!({ "kind": Kind::Failed, "outcome": "untracked", "reason": reason }));
}

/// Logs why the thread of an alarm has no chart.
pub(super) fn uncharted(stack: &str, channel: &ChannelKey, alarm: &str, reason: &str) {
    say(&json!({
        STACK_DIMENSION: stack, "Channel": channel, "outcome": "uncharted", "alarm": alarm, "reason": reason,
    }));
}

/// Logs why the message of a log alarm has no log events.
pub(super) fn unlined(stack: &str, alarm: &str, reason: &NoLines) {
    let reason = (Locale::En.words().no_lines)(reason);
    say(&json!({ STACK_DIMENSION: stack, "outcome": "unlined", "alarm": alarm, "reason": reason }));
}

/// Writes a line with one call, so that it stays in one piece. A failure to write the log does not fail a
/// delivery.
fn say(line: &impl Serialize) {
    if let Ok(mut line) = serde_json::to_vec(line) {
        line.push(b'\n');
        let _ = std::io::stderr().write_all(&line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn line(outcome: Outcome) -> Value {
        let line = Line {
            stack: "mission",
            channel: &ChannelKey("project".into()),
            duty: Duty::Notify,
            request_id: "r-1",
            event_id: Some("e-1"),
            rule: None,
            severity: Severity::Error,
            test: None,
            outcome,
            retried: 2,
            latency: Duration::from_millis(1_234),
            status: None,
            reason: None,
        };
        serde_json::to_value(line.written(Timestamp::UNIX_EPOCH)).expect("JSON")
    }

    #[test]
    fn cloudwatch_finds_each_metric_and_dimension() {
        let delivered = line(Outcome::Delivered);
        assert_eq!(
            delivered,
            json!({
                "Stack": "mission", "Channel": "project", "outcome": "delivered", "duty": "notify",
                "requestId": "r-1", "severity": "error", "eventId": "e-1",
                "_aws": {
                    "Timestamp": 0,
                    "CloudWatchMetrics": [{
                        "Namespace": "alertctl",
                        "Dimensions": [["Stack", "Channel"]],
                        "Metrics": [
                            { "Name": "Delivered", "Unit": "Count" },
                            { "Name": "Retried", "Unit": "Count" },
                            { "Name": "Parked", "Unit": "Count" },
                            { "Name": "Latency", "Unit": "Milliseconds" },
                        ],
                    }],
                },
                "Delivered": 1, "Retried": 2, "Parked": 0, "Latency": 1234,
            })
        );
        let dead = line(Outcome::DeadLettered);
        assert_eq!((&dead["Delivered"], &dead["Parked"]), (&json!(0), &json!(1)));
        assert!(dead.get("Latency").is_none());
        for outcome in [
            Outcome::Buffered,
            Outcome::Duplicate,
            Outcome::Filtered,
            Outcome::Muted,
        ] {
            let line = line(outcome);
            assert!(
                line.get("_aws").is_none() && line.get("Delivered").is_none(),
                "{line}"
            );
        }
    }
}
