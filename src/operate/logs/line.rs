//! Parses one line of a function's log.

use std::collections::BTreeMap;

use alertctl_relay::Outcome;
use serde::Deserialize;
use serde_json::Value;

/// The content of a line.
#[derive(Debug, Clone, PartialEq)]
pub enum Said {
    /// From the relay: the outcome of a message or of a request.
    Outcome(Box<Logged>),
    /// From Lambda: an invocation began or ended.
    Frame,
    /// From Lambda: the resources that an invocation used.
    Report {
        /// Milliseconds.
        duration: f64,
        /// MB.
        memory: u32,
        /// Milliseconds of a cold start.
        init: Option<f64>,
    },
    /// Anything else, unchanged.
    Other(String),
}

/// The outcome of a message for a channel, as the relay logs it.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Logged {
    /// The word of an [`Outcome`], or another word that depends on the duty.
    pub outcome: String,
    /// `notify`, `ingest` or `guard`.
    pub duty: Option<String>,
    /// Only for a line about a whole request: `done`, `refused` or `failed`.
    pub kind: Option<String>,
    #[serde(rename = "Channel")]
    pub channel: Option<String>,
    /// The ARN of the SNS topic that it was published to.
    #[serde(rename = "Topic")]
    pub topic: Option<String>,
    /// The way that a heartbeat came.
    #[serde(rename = "Path")]
    pub path: Option<String>,
    /// What each channel at its end said, `ok` or what is wrong.
    pub channels: BTreeMap<String, String>,
    /// The EventBridge rule that the event came through.
    pub rule: Option<String>,
    pub severity: Option<String>,
    /// The HTTP status of the service's response.
    pub status: Option<u16>,
    /// Milliseconds until the service's response.
    #[serde(rename = "Latency")]
    pub latency: Option<f64>,
    #[serde(rename = "Retried")]
    pub retried: Option<f64>,
    pub reason: Option<String>,
    /// The mark of a message that `alertctl test` sent.
    pub test: Option<String>,
}

impl Said {
    /// Parses a line. Never fails: an unknown line is `Other`.
    pub fn read(message: &str) -> Self {
        let message = message.trim_end();
        if let Some(outcome) = Logged::read(message) {
            return Self::Outcome(Box::new(outcome));
        }
        let frames = ["START RequestId: ", "END RequestId: ", "INIT_START "];
        if frames.iter().any(|frame| message.starts_with(frame)) {
            return Self::Frame;
        }
        report(message).unwrap_or_else(|| Self::Other(message.to_owned()))
    }
}

impl Logged {
    fn read(message: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(message).ok()?;
        value.get("outcome")?.as_str()?;
        // If a field has an unexpected type, only that field is left out, not the whole line.
        serde_json::from_value(value.clone()).ok().or_else(|| {
            let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
            Some(Self {
                outcome: text("outcome")?,
                duty: text("duty"),
                kind: text("kind"),
                channel: text("Channel"),
                topic: text("Topic"),
                rule: text("rule"),
                severity: text("severity"),
                reason: text("reason"),
                test: text("test"),
                ..Self::default()
            })
        })
    }

    /// The outcome of a message that has this word. The line of a request may have the same word.
    pub fn of_message(&self) -> Option<Outcome> {
        Outcome::named(&self.outcome)
    }

    /// Whether the service has it.
    pub fn is_there(&self) -> bool {
        self.of_message().is_some_and(Outcome::is_there)
    }

    /// Whether the outcome cannot change without a person.
    pub fn is_final(&self) -> bool {
        self.of_message().is_some_and(Outcome::is_final)
    }
}

/// `REPORT RequestId: …\tDuration: 1.2 ms\t…\tMax Memory Used: 12 MB\tInit Duration: 5.6 ms`.
fn report(message: &str) -> Option<Said> {
    let parts: Vec<_> = message.strip_prefix("REPORT RequestId: ")?.split('\t').collect();
    let number = |name: &str| {
        let value = parts.iter().find_map(|part| part.strip_prefix(name))?;
        value.split(' ').next()?.parse::<f64>().ok()
    };
    Some(Said::Report {
        duration: number("Duration: ")?,
        // At most 10,240, so the cast is safe.
        memory: number("Max Memory Used: ")? as u32,
        init: number("Init Duration: "),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_relays_line_is_understood() {
        let line = r#"{"_aws":{"Timestamp":1,"CloudWatchMetrics":[{"Namespace":"alertctl","Dimensions":[["Stack","Channel"]],
            "Metrics":[{"Name":"Delivered","Unit":"Count"}]}]},"Stack":"mission","Channel":"project","Delivered":1,
            "Retried":2,"Parked":0,"Latency":123,"outcome":"delivered","duty":"notify","requestId":"r","eventId":"e",
            "rule":"logins","severity":"error","status":200,"test":"t-0123abcd"}"#;
        let Said::Outcome(outcome) = Said::read(line) else {
            panic!("{line}");
        };
        assert_eq!(
            *outcome,
            Logged {
                outcome: "delivered".into(),
                duty: Some("notify".into()),
                kind: None,
                channel: Some("project".into()),
                topic: None,
                path: None,
                channels: BTreeMap::new(),
                rule: Some("logins".into()),
                severity: Some("error".into()),
                status: Some(200),
                latency: Some(123.0),
                retried: Some(2.0),
                reason: None,
                test: Some("t-0123abcd".into()),
            }
        );
        assert!(outcome.is_final());
    }

    #[test]
    fn a_field_of_another_type_hides_no_line() {
        let Said::Outcome(outcome) =
            Said::read(r#"{"outcome":"parked","status":"404","reason":"no_service"}"#)
        else {
            panic!();
        };
        assert_eq!(
            (
                outcome.outcome.as_str(),
                outcome.status,
                outcome.reason.as_deref()
            ),
            ("parked", None, Some("no_service"))
        );
    }

    #[test]
    fn lambdas_own_lines_are_known_and_others_kept() {
        for frame in [
            "START RequestId: 1 Version: $LATEST\n",
            "END RequestId: 1\n",
            "INIT_START Runtime Version: x",
        ] {
            assert_eq!(Said::read(frame), Said::Frame);
        }
        let report = "REPORT RequestId: 1\tDuration: 12.50 ms\tBilled Duration: 13 ms\tMemory Size: 128 MB\t\
                      Max Memory Used: 14 MB\tInit Duration: 5.6 ms\t\n";
        assert_eq!(
            Said::read(report),
            Said::Report {
                duration: 12.5,
                memory: 14,
                init: Some(5.6)
            }
        );
        for other in [
            "panicked at x",
            "{\"a\":1}",
            "[1]",
            "REPORT RequestId: 1",
            "{\"outcome\":1}",
            "",
        ] {
            assert_eq!(Said::read(other), Said::Other(other.to_owned()));
        }
    }
}
