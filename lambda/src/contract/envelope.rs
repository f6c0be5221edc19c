//! The envelope around an event, which names its destinations. A rule's target sends it, a channel's buffer and the
//! retry queue hold it, and a dead-letter queue keeps it for a redrive.
//!
//! `{"alertctl":{"rule":"logins","channels":["project"]},"event":{…}}`. Nothing else knows this form.

use super::{ChannelKey, GuardOutcome, Verdict, is_test};
use crate::json::Json;
use jiff::Timestamp;
use serde::{Deserialize as _, Serialize, Serializer};
use serde_json::{Map, Value, json};
use std::fmt::{self, Display};

/// The message size that the stack's queues accept, and Lambda for the event of an asynchronous invocation.
const MAX_BYTES: usize = 1_048_576;
/// Steps of truncation for an event that is too long: the longest text and the most list elements. The first
/// step that makes the event small enough applies. A Slack message shows at most 3,000 characters of a text.
const CUTS: [(usize, usize); 5] = [
    (65_536, 4_096),
    (16_384, 1_024),
    (4_096, 256),
    (1_024, 64),
    (128, 16),
];

/// The field with what is known of the event, and the field with the event.
const WRAPPER: &str = "alertctl";
const EVENT: &str = "event";

/// An event and its destinations.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Envelope {
    /// Key of the rule that matched the event.
    pub rule: Option<String>,
    /// The event's channels; empty if there was no envelope.
    pub channels: Vec<ChannelKey>,
    /// Key of the endpoint that took the event; the event is then an alert.
    pub endpoint: Option<String>,
    /// ARNs of the SNS topics that the event goes to.
    pub topics: Vec<String>,
    /// The mark of a test, `t-` and 8 hexadecimal digits.
    pub test: Option<String>,
    /// What was decided for the one channel of a message that waits in a queue.
    pub verdict: Option<Verdict>,
    /// What the guard did about the trail that the event says was stopped.
    pub guard: Option<GuardOutcome>,
    /// Why the event became a dead letter: an object with `reason`, `at`, `requestId`, `function`.
    pub dead_letter: Option<Value>,
    pub event: Json,
}

/// Why an event becomes a dead letter, for the person who redrives it.
#[derive(Clone, Copy, Debug)]
pub struct DeadLetterReason<'a> {
    /// Must not contain a secret.
    pub reason: &'a str,
    pub at: Timestamp,
    pub request_id: &'a str,
    /// Name of the function that gave up. A redrive goes back to it.
    pub function: &'a str,
    /// Original size in bytes of a body that is not UTF-8; the envelope holds it as Base64.
    pub base64: Option<usize>,
}

impl Envelope {
    /// Opens the envelope. An event without one becomes the content itself.
    pub fn open(event: Value) -> Self {
        let is_wrapped = Self::parts(&event).is_some();
        let mut fields = match event {
            Value::Object(fields) if is_wrapped => fields,
            event => return Self::bare(event),
        };
        let wrapper = fields.remove(WRAPPER).unwrap_or_default();
        let text = |name: &str| Some(wrapper.get(name)?.as_str()?.to_owned());
        let texts = |name: &str| -> Vec<String> {
            let list = wrapper.get(name).and_then(Value::as_array).into_iter().flatten();
            list.filter_map(|one| Some(one.as_str()?.to_owned())).collect()
        };
        Self {
            rule: text("rule"),
            channels: texts("channels").into_iter().map(ChannelKey).collect(),
            endpoint: text("endpoint"),
            topics: texts("topics"),
            test: text("test").filter(|mark| is_test(mark)),
            verdict: wrapper
                .get("verdict")
                .and_then(|verdict| Verdict::deserialize(verdict).ok()),
            guard: wrapper
                .get("guard")
                .and_then(|guard| GuardOutcome::deserialize(guard).ok()),
            dead_letter: wrapper.get("parked").filter(|why| why.is_object()).cloned(),
            event: fields.remove(EVENT).unwrap_or_default().into(),
        }
    }

    fn bare(event: Value) -> Self {
        Self {
            event: event.into(),
            ..Self::default()
        }
    }

    /// The wrapper and the event of an envelope. `None` if `value` is no envelope.
    pub fn parts(value: &Value) -> Option<(&Value, &Value)> {
        let wrapper = value.get(WRAPPER).filter(|wrapper| wrapper.is_object())?;
        Some((wrapper, value.get(EVENT)?))
    }

    /// The envelope of `event` with this wrapper.
    pub fn around(wrapper: Value, event: &Value) -> Value {
        json!({ WRAPPER: wrapper, EVENT: event })
    }

    /// A dead letter that is sent again: `payload`, an envelope or an event, with when and why it became one, unless it
    /// says so itself.
    pub fn again(payload: Value, why: Value) -> Value {
        let (mut wrapper, event) = match Self::parts(&payload) {
            Some((wrapper, event)) => (wrapper.clone(), event),
            None => (json!({}), &payload),
        };
        if wrapper.get("parked").is_none() {
            wrapper["parked"] = why;
        }
        Self::around(wrapper, event)
    }

    /// The text of an envelope in which `placeholder` stands for the event, for EventBridge to fill in.
    pub fn template(wrapper: &Value, placeholder: impl Display) -> String {
        format!(r#"{{"{WRAPPER}":{wrapper},"{EVENT}":{placeholder}}}"#)
    }

    /// The same envelope for only one channel.
    pub fn for_channel(&self, channel: &ChannelKey) -> Self {
        Self {
            channels: vec![channel.clone()],
            topics: Vec::new(),
            ..self.clone()
        }
    }

    /// The same envelope for only the topic with this ARN.
    pub fn for_topic(&self, arn: &str) -> Self {
        Self {
            channels: Vec::new(),
            topics: vec![arn.to_owned()],
            ..self.clone()
        }
    }

    /// The same envelope as a dead letter.
    pub fn as_dead_letter(self, reason: DeadLetterReason<'_>) -> Self {
        let mut why = json!({
            "reason": reason.reason,
            "at": reason.at.to_string(),
            "requestId": reason.request_id,
            "function": reason.function,
        });
        if let Some(bytes) = reason.base64 {
            why["bodyEncoding"] = "base64".into();
            why["bodyBytes"] = bytes.into();
        }
        Self {
            dead_letter: Some(why),
            ..self
        }
    }

    /// The text for SQS. If the event is too long, its long texts and lists are truncated, and `cut` in the
    /// envelope holds the original size in bytes.
    pub fn text(&self) -> String {
        let text = self.wrapped(&*self.event, None);
        if text.len() <= MAX_BYTES {
            return text;
        }
        let length = self.event.to_string().len();
        let shortened = CUTS.iter().map(|cut| {
            self.wrapped(
                Shortened {
                    value: &self.event,
                    cut: *cut,
                },
                Some(length),
            )
        });
        let fitting = shortened.into_iter().find(|text| text.len() <= MAX_BYTES);
        fitting.unwrap_or_else(|| {
            // The event has too many fields. The remainder is no longer a valid event, but a person can read
            // it. A character takes at most six bytes in JSON text.
            let event = self.event.to_string();
            let kept = event.floor_char_boundary(MAX_BYTES / 8);
            self.wrapped(Value::from(&event[..kept]), Some(length))
        })
    }

    fn wrapped(&self, event: impl Display, cut: Option<usize>) -> String {
        let mut wrapper = Map::new();
        let mut put = |name: &str, value: Value| wrapper.insert(name.to_owned(), value);
        if let Some(rule) = &self.rule {
            put("rule", rule.as_str().into());
        }
        if let Some(endpoint) = &self.endpoint {
            put("endpoint", endpoint.as_str().into());
        }
        put("channels", json!(self.channels));
        if !self.topics.is_empty() {
            put("topics", json!(self.topics));
        }
        if let Some(test) = &self.test {
            put("test", test.as_str().into());
        }
        if let Some(verdict) = &self.verdict {
            put("verdict", json!(verdict));
        }
        if let Some(guard) = &self.guard {
            put("guard", json!(guard));
        }
        if let Some(why) = &self.dead_letter {
            put("parked", why.clone());
        }
        if let Some(length) = cut {
            put("cut", length.into());
        }
        let text = Self::template(&wrapper.into(), event);
        // SQS refuses these two characters, and JSON does not escape them by default.
        match text.contains(['\u{fffe}', '\u{ffff}']) {
            true => text.replace('\u{fffe}', "\\ufffe").replace('\u{ffff}', "\\uffff"),
            false => text,
        }
    }
}

/// JSON whose long texts and lists are truncated while it is written.
struct Shortened<'a> {
    value: &'a Value,
    /// The longest text, and the most elements.
    cut: (usize, usize),
}

impl Serialize for Shortened<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let cut = self.cut;
        let (texts, elements) = cut;
        let inner = |value| Shortened { value, cut };
        match self.value {
            Value::String(text) if text.len() > texts => match within(text, cut) {
                Some(shortened) if shortened.len() <= texts => to.serialize_str(&shortened),
                _ => to.collect_str(&format_args!("{}…", &text[..text.floor_char_boundary(texts)])),
            },
            Value::Array(list) => to.collect_seq(list.iter().take(elements).map(inner)),
            Value::Object(fields) => to.collect_map(fields.iter().map(|(name, value)| (name, inner(value)))),
            other => other.serialize(to),
        }
    }
}

impl Display for Shortened<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = serde_json::to_string(self).map_err(|_| fmt::Error)?;
        f.write_str(&text)
    }
}

/// The JSON in a text, such as the message of an SNS notification, shortened by the same step: cut through, it would no
/// longer be what it is, such as an alarm.
fn within(text: &str, cut: (usize, usize)) -> Option<String> {
    let inner = crate::json::parse(text).ok()?;
    let inner = Shortened { value: &inner, cut };
    inner.value.is_object().then(|| inner.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_a_wrapper_is_taken_off() {
        let inner = json!({ "source": "aws.ec2" });
        let wrapped = json!({
            "alertctl": { "rule": "r", "channels": ["b", "a", 1], "test": "t-0123abcd", "parked": "x" },
            "event": inner,
        });
        let envelope = Envelope::open(wrapped);
        assert_eq!(envelope.event, inner);
        assert_eq!(
            envelope.channels,
            [ChannelKey("b".into()), ChannelKey("a".into())]
        );
        assert_eq!(
            (
                envelope.rule.as_deref(),
                envelope.test.as_deref(),
                envelope.dead_letter
            ),
            (Some("r"), Some("t-0123abcd"), None)
        );
        for bare in [
            inner.clone(),
            json!({ "event": inner }),
            json!({ "alertctl": "x", "event": inner }),
            json!({ "alertctl": {} }),
            json!([1]),
        ] {
            assert_eq!(Envelope::open(bare.clone()), Envelope::bare(bare));
        }
    }

    fn dead_letter(event: Value) -> (String, Envelope) {
        let envelope = Envelope {
            rule: Some("logins".into()),
            channels: vec![ChannelKey("project".into()), ChannelKey("oncall".into())],
            topics: vec!["arn:aws:sns:x:y:z".into()],
            event: event.into(),
            ..Envelope::default()
        };
        let envelope = envelope
            .for_channel(&ChannelKey("oncall".into()))
            .as_dead_letter(DeadLetterReason {
                reason: "Slack answers 404 Not Found: no_service",
                at: Timestamp::UNIX_EPOCH,
                request_id: "id",
                function: "mission-relay",
                base64: None,
            });
        let text = envelope.text();
        assert!(!text.contains(['\u{fffe}', '\u{ffff}']));
        assert!(text.len() <= MAX_BYTES, "{}", text.len());
        (text, envelope)
    }

    #[test]
    fn what_is_written_is_read() {
        let (text, envelope) = dead_letter(json!({ "source": "aws.ec2", "odd": "\u{ffff}\u{0}" }));
        let value: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(
            value["alertctl"],
            json!({
                "rule": "logins",
                "channels": ["oncall"],
                "parked": {
                    "reason": "Slack answers 404 Not Found: no_service",
                    "at": "1970-01-01T00:00:00Z",
                    "requestId": "id",
                    "function": "mission-relay",
                },
            })
        );
        assert_eq!(Envelope::open(value), envelope);
    }

    #[test]
    fn what_is_too_long_is_cut_and_keeps_its_shape() {
        for long in ["x".repeat(1_200_000), "\"".repeat(800_000), "가".repeat(400_000)] {
            let (text, _) = dead_letter(json!({ "source": "aws.ec2", "detail": { "id": 1, "long": long } }));
            let value: Value = serde_json::from_str(&text).expect("JSON");
            assert_eq!(value["event"]["source"], "aws.ec2");
            assert_eq!(value["event"]["detail"]["id"], 1);
            assert!(
                value["event"]["detail"]["long"]
                    .as_str()
                    .expect("a text")
                    .ends_with('…')
            );
            assert!(value["alertctl"]["cut"].as_u64().expect("bytes") > 1_048_576);
        }
        let list: Vec<_> = (0..250_000).collect();
        let (text, _) = dead_letter(json!({ "list": list }));
        let value: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(value["event"]["list"][4_095], 4_095);
        let fields: Map<_, _> = (0..120_000).map(|n| (format!("f{n}"), json!(n))).collect();
        let (text, _) = dead_letter(fields.into());
        let value: Value = serde_json::from_str(&text).expect("JSON");
        assert!(value["event"].as_str().expect("a text").starts_with("{\"f0\":0,"));
    }

    proptest! {
        #[test]
        fn every_text_fits(text in ".{0,40}", times in 0usize..20_000) {
            dead_letter(json!({ "event": text.repeat(times) }));
        }
    }
}
