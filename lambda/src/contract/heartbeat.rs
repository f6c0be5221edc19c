//! A sign of life: a schedule sends it along a way of alerts, and the relay answers for the channels at its end.

use serde_json::{Value, json};

const WRAPPER: &str = "alertctl";
const FIELD: &str = "heartbeat";
/// No heartbeat is longer, so that the texts of alerts need not be read twice.
const MAX_BYTES: usize = 1_000;

/// A heartbeat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// The way it came, for the metric.
    pub path: String,
}

impl Heartbeat {
    /// What a schedule sends along this way.
    pub fn message(path: &str) -> Value {
        json!({ WRAPPER: { FIELD: path } })
    }

    /// Reads the event of an invocation: a heartbeat itself, or one that came by a topic.
    pub fn read(event: &Value) -> Option<Self> {
        if let Some(heartbeat) = Self::of(event) {
            return Some(heartbeat);
        }
        let text = event.pointer("/Records/0/Sns/Message")?.as_str()?;
        let parsed = (text.len() <= MAX_BYTES).then(|| serde_json::from_str(text).ok())??;
        Self::of(&parsed)
    }

    fn of(value: &Value) -> Option<Self> {
        let path = value.get(WRAPPER)?.get(FIELD)?.as_str()?.to_owned();
        Some(Self { path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_known_by_both_ways_and_nothing_else_is_one() {
        let heartbeat = Heartbeat::message("rules");
        let read = |event: &Value| Heartbeat::read(event).map(|heartbeat| heartbeat.path);
        assert_eq!(read(&heartbeat).as_deref(), Some("rules"));
        let by_topic = |text: &str| json!({ "Records": [{ "Sns": { "Message": text } }] });
        assert_eq!(read(&by_topic(&heartbeat.to_string())).as_deref(), Some("rules"));
        for other in [
            "",
            "text",
            "{}",
            r#"{"alertctl":{"heartbeat":1}}"#,
            r#"{"alertctl":{}}"#,
        ] {
            assert_eq!(read(&by_topic(other)), None, "{other}");
        }
        assert_eq!(
            read(&json!({ "alertctl": { "channels": ["a"] }, "event": {} })),
            None
        );
        assert_eq!(read(&by_topic(&" ".repeat(2_000))), None);
    }
}
