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
    CHANNEL_DIMENSION, ChannelKey, Kind, Locale, LogEntry, METRIC_NAMESPACE, Outcome, STACK_DIMENSION,
    WAITING_METRIC,
};
use crate::event::NoLines;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::io::Write as _;
use std::time::Duration;

/// What the log says about a message besides its outcome.
#[derive(Clone, Copy, Default)]
pub(super) struct Report<'a> {
    /// Number of retries.
    pub retried: u32,
    /// Time since the function, or the channel's buffer, received it.
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

/// An entry as it is written.
#[derive(Serialize)]
struct Written<'a, More> {
    #[serde(flatten)]
    entry: LogEntry<'a>,
    /// What only people read, or only CloudWatch.
    #[serde(flatten)]
    more: More,
}

/// The metrics that no reader of entries needs, and the metadata by which CloudWatch recognizes all of them.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metrics {
    #[serde(rename = "_aws")]
    metadata: Metadata,
    delivered: u8,
    #[serde(rename = "Parked")]
    dead_lettered: u8,
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

/// The entry of a message for a channel that came to `outcome`. Outcomes that count as an end or as a failure have metrics.
fn of_message<'a>(
    entry: LogEntry<'a>,
    outcome: Outcome,
    report: &Report<'a>,
    time: Timestamp,
) -> Written<'a, Option<Metrics>> {
    let [counts @ .., _] = &DEFINITIONS;
    let latency = u64::try_from(report.latency.as_millis()).unwrap_or(u64::MAX);
    let counted = match outcome {
        Outcome::Delivered => Some((&DEFINITIONS[..], Some(latency))),
        Outcome::DeadLettered | Outcome::Undelivered | Outcome::Deferred => Some((&counts[..], None)),
        Outcome::Buffered | Outcome::Duplicate | Outcome::Filtered | Outcome::Muted => None,
    };
    Written {
        entry: LogEntry {
            outcome: outcome.name().into(),
            status: report.refusal.and_then(|refusal| refusal.status),
            reason: report.why().map(Cow::from),
            retried: counted.map(|_| report.retried),
            latency: counted.and_then(|(_, latency)| latency),
            ..entry
        },
        more: counted.map(|(definitions, _)| Metrics {
            metadata: Metadata::of(time, &[STACK_DIMENSION, CHANNEL_DIMENSION], definitions),
            delivered: u8::from(outcome == Outcome::Delivered),
            dead_lettered: u8::from(outcome == Outcome::DeadLettered),
        }),
    }
}

/// Logs what became of a message for a channel; `entry` says of which.
pub(super) fn message<'a>(entry: LogEntry<'a>, outcome: Outcome, report: &Report<'a>) {
    say(&of_message(entry, outcome, report, Timestamp::now()));
}

/// Messages that stay in a queue because a destination does not take them now, or not so fast.
pub(super) struct Waits<'a> {
    /// Of which stack, and for which destination.
    pub entry: LogEntry<'a>,
    pub count: usize,
    /// How long the oldest will have waited when it is tried again.
    pub oldest: Duration,
    pub again_in: Duration,
}

impl Waits<'_> {
    /// Writes a line with the metric `Waiting` of the stack, in seconds: the queue's own age says nothing of messages that
    /// were received three times or more.
    /// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html>
    pub fn write(self) {
        entry_with(
            self.entry,
            json!({
                "_aws": Metadata::of(Timestamp::now(), &[STACK_DIMENSION], &WAITING),
                "messages": self.count,
                "againInSeconds": self.again_in.as_secs(),
                WAITING_METRIC: self.oldest.as_secs(),
            }),
        );
    }
}

/// Logs how the request `request_id` ended: `outcome` is one of a few words, `reason` is for people.
pub(super) fn write(kind: Kind, duty: Duty, request_id: &str, outcome: &str, reason: Option<&str>) {
    entry(LogEntry {
        kind: Some(kind.name().into()),
        duty: Some(duty.name().into()),
        outcome: outcome.into(),
        request_id: Some(request_id.into()),
        reason: reason.map(Cow::from),
        ..LogEntry::default()
    });
}

/// Logs that the table of incidents does not work: messages are posted without it.
pub(super) fn untracked(reason: &str) {
    entry(LogEntry {
        kind: Some(Kind::Failed.name().into()),
        outcome: "untracked".into(),
        reason: Some(format!("DynamoDB {reason}").into()),
        ..LogEntry::default()
    });
}

/// Logs why the thread of an alarm has no chart.
pub(super) fn uncharted(stack: &str, channel: &ChannelKey, alarm: &str, reason: &str) {
    let entry = LogEntry {
        stack: Some(stack.into()),
        channel: Some(channel.0.as_str().into()),
        outcome: "uncharted".into(),
        reason: Some(reason.into()),
        ..LogEntry::default()
    };
    entry_with(entry, json!({ "alarm": alarm }));
}

/// Logs why the message of a log alarm has no log events.
pub(super) fn unlined(stack: &str, alarm: &str, reason: &NoLines) {
    let entry = LogEntry {
        stack: Some(stack.into()),
        outcome: "unlined".into(),
        reason: Some((Locale::En.words().no_lines)(reason).into()),
        ..LogEntry::default()
    };
    entry_with(entry, json!({ "alarm": alarm }));
}

/// Logs `entry` as it is.
pub(super) fn entry(entry: LogEntry<'_>) {
    say(&entry);
}

/// Logs `entry` with the fields of the object `more`.
fn entry_with(entry: LogEntry<'_>, more: Value) {
    say(&Written { entry, more });
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
    use crate::contract::Severity;

    fn written(outcome: Outcome) -> Value {
        let entry = LogEntry {
            stack: Some("mission".into()),
            channel: Some("project".into()),
            duty: Some(Duty::Notify.name().into()),
            request_id: Some("r-1".into()),
            event_id: Some("e-1".into()),
            severity: Some(Severity::Error.name().into()),
            ..LogEntry::default()
        };
        let report = Report {
            retried: 2,
            latency: Duration::from_millis(1_234),
            ..Report::default()
        };
        serde_json::to_value(of_message(entry, outcome, &report, Timestamp::UNIX_EPOCH)).expect("JSON")
    }

    #[test]
    fn cloudwatch_finds_each_metric_and_dimension() {
        let delivered = written(Outcome::Delivered);
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
        let dead = written(Outcome::DeadLettered);
        assert_eq!((&dead["Delivered"], &dead["Parked"]), (&json!(0), &json!(1)));
        assert!(dead.get("Latency").is_none());
        for outcome in [
            Outcome::Buffered,
            Outcome::Duplicate,
            Outcome::Filtered,
            Outcome::Muted,
        ] {
            let line = written(outcome);
            assert!(
                line.get("_aws").is_none() && line.get("Delivered").is_none(),
                "{line}"
            );
        }
    }
}
