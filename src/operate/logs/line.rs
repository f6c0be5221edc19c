//! Parses one line of a function's log.

use alertctl_relay::LogEntry;
use serde::Deserialize as _;
use serde_json::{Map, Value};

/// The content of a line.
#[derive(Debug, Clone, PartialEq)]
pub enum Said {
    /// From the relay: the outcome of a message or of a request.
    Outcome(Box<LogEntry<'static>>),
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

impl Said {
    /// Parses a line. Never fails: an unknown line is `Other`.
    pub fn read(message: &str) -> Self {
        let message = message.trim_end();
        if let Some(entry) = entry(message) {
            return Self::Outcome(Box::new(entry));
        }
        let frames = ["START RequestId: ", "END RequestId: ", "INIT_START "];
        if frames.iter().any(|frame| message.starts_with(frame)) {
            return Self::Frame;
        }
        report(message).unwrap_or_else(|| Self::Other(message.to_owned()))
    }
}

/// The relay's entry in a line, if it is one. A field of an unexpected type is left out, not the whole line.
fn entry(message: &str) -> Option<LogEntry<'static>> {
    let mut fields: Map<String, Value> = serde_json::from_str(message).ok()?;
    fields.get("outcome")?.as_str()?;
    let read = |fields: Map<String, Value>| LogEntry::deserialize(Value::Object(fields)).ok();
    read(fields.clone()).or_else(|| {
        fields.retain(|name, value| read([(name.clone(), value.clone())].into_iter().collect()).is_some());
        read(fields)
    })
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
            LogEntry {
                stack: Some("mission".into()),
                channel: Some("project".into()),
                outcome: "delivered".into(),
                duty: Some("notify".into()),
                request_id: Some("r".into()),
                severity: Some("error".into()),
                event_id: Some("e".into()),
                rule: Some("logins".into()),
                test: Some("t-0123abcd".into()),
                status: Some(200),
                retried: Some(2),
                latency: Some(123),
                ..LogEntry::default()
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
            (&*outcome.outcome, outcome.status, outcome.reason.as_deref()),
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
