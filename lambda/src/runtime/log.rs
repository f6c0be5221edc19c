//! The function's log: one line of JSON for everything it says.
//!
//! What became of a message is told in CloudWatch's embedded metric format, so that CloudWatch makes metrics of the
//! log without a call. No line holds a webhook, a token or the text of an alert.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use crate::event::Severity;
use crate::{ChannelKey, Duty};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::io::Write as _;
use std::time::Duration;

/// Namespace of the metrics.
const NAMESPACE: &str = "alertctl";

/// How something ended for whoever reads the log.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// Nothing is owed.
    Done,
    /// The caller's fault: it sent what cannot be taken.
    Refused,
    /// Something is still owed, or was given up.
    Failed,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// What became of a message for a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Delivered,
    /// It waits in the channel's buffer.
    Buffered,
    /// Slack will never take it: it lies in the dead-letter queue.
    Parked,
    /// Not now; it comes again.
    Undelivered,
    /// The channel has it.
    Duplicate,
    /// The channel does not want it.
    Filtered,
}

impl Fate {
    fn name(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Buffered => "buffered",
            Self::Parked => "parked",
            Self::Undelivered => "undelivered",
            Self::Duplicate => "duplicate",
            Self::Filtered => "filtered",
        }
    }
}

/// A message for a channel, and what became of it.
pub(super) struct Line<'a> {
    pub stack: &'a str,
    pub channel: &'a ChannelKey,
    pub duty: Duty,
    pub request_id: &'a str,
    /// The EventBridge event or the SNS message.
    pub event_id: Option<&'a str>,
    pub rule: Option<&'a str>,
    pub severity: Severity,
    /// The mark of a test.
    pub test: Option<&'a str>,
    pub fate: Fate,
    /// Attempts beyond the first.
    pub retried: u32,
    /// From when the function, or the channel's buffer, had it.
    pub latency: Duration,
    /// Slack's.
    pub status: Option<u16>,
    pub reason: Option<&'a str>,
}

impl Line<'_> {
    fn json(&self, time: Timestamp) -> Value {
        let mut line = json!({
            "Stack": self.stack,
            "Channel": self.channel,
            "outcome": self.fate.name(),
            "duty": self.duty.name(),
            "requestId": self.request_id,
            "severity": self.severity.name(),
        });
        let texts = [
            ("eventId", self.event_id),
            ("rule", self.rule),
            ("test", self.test),
            ("reason", self.reason),
        ];
        for (name, text) in texts {
            if let Some(text) = text {
                line[name] = text.into();
            }
        }
        if let Some(status) = self.status {
            line["status"] = status.into();
        }
        let delivered = self.fate == Fate::Delivered;
        if !delivered && !matches!(self.fate, Fate::Parked | Fate::Undelivered) {
            return line;
        }
        let mut metrics = vec![
            ("Delivered", "Count", json!(u8::from(delivered))),
            ("Retried", "Count", json!(self.retried)),
            ("Parked", "Count", json!(u8::from(self.fate == Fate::Parked))),
        ];
        if delivered {
            let latency = u64::try_from(self.latency.as_millis()).unwrap_or(u64::MAX);
            metrics.push(("Latency", "Milliseconds", json!(latency)));
        }
        let name = |(name, unit, _): &(&str, &str, Value)| json!({ "Name": name, "Unit": unit });
        line["_aws"] = json!({
            "Timestamp": time.as_millisecond(),
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": [["Stack", "Channel"]],
                "Metrics": metrics.iter().map(name).collect::<Value>(),
            }],
        });
        for (name, _, value) in metrics {
            line[name] = value;
        }
        line
    }

    pub fn write(&self) {
        say(&self.json(Timestamp::now()));
    }
}

/// Says how the request `request_id` ended: `outcome` is one of a few words, `reason` is for people.
pub(super) fn write(kind: Kind, duty: Duty, request_id: &str, outcome: &str, reason: Option<&str>) {
    let mut line = json!({
        "kind": kind.name(),
        "duty": duty.name(),
        "outcome": outcome,
        "requestId": request_id,
    });
    if let Some(reason) = reason {
        line["reason"] = reason.into();
    }
    say(&line);
}

/// Writes a line in one piece, so that it stays one; a log that cannot be written fails no delivery.
fn say(line: &Value) {
    let _ = std::io::stderr().write_all(format!("{line}\n").as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(fate: Fate) -> Value {
        let line = Line {
            stack: "mission",
            channel: &ChannelKey("project".into()),
            duty: Duty::Notify,
            request_id: "r-1",
            event_id: Some("e-1"),
            rule: None,
            severity: Severity::Error,
            test: None,
            fate,
            retried: 2,
            latency: Duration::from_millis(1_234),
            status: None,
            reason: None,
        };
        line.json(Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn cloudwatch_finds_each_metric_and_dimension() {
        let delivered = line(Fate::Delivered);
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
        let parked = line(Fate::Parked);
        assert_eq!((&parked["Delivered"], &parked["Parked"]), (&json!(0), &json!(1)));
        assert!(parked.get("Latency").is_none());
        for fate in [Fate::Buffered, Fate::Duplicate, Fate::Filtered] {
            let line = line(fate);
            assert!(
                line.get("_aws").is_none() && line.get("Delivered").is_none(),
                "{line}"
            );
        }
    }
}
