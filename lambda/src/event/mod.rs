//! What an invocation event says, whoever sent it.
//!
//! Every field comes from outside and may be missing or of another type; reading never fails.

mod alarm;
mod sns;
mod time;

pub use alarm::{Alarm, Child, Comparison, Condition, Metric, State, Window};

use jiff::Timestamp;
use serde_json::Value;

/// One thing to tell: what happened, and where word of it came from.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    pub source: Source,
    pub content: Content,
}

/// How a notice reached the function.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Source {
    /// The SNS topic; `None` for an event that did not come through SNS.
    pub topic_arn: Option<String>,
    /// When the sender says it was sent.
    pub sent: Option<Timestamp>,
}

impl Source {
    /// Name of the SNS topic, the last part of its ARN.
    pub fn topic(&self) -> Option<&str> {
        let arn = self.topic_arn.as_deref()?;
        Some(arn.rsplit(':').next().unwrap_or(arn))
    }
}

/// What a notice is about.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// A CloudWatch alarm changed its state.
    Alarm(Box<Alarm>),
    /// Text for people, with the subject it was sent under.
    Text { subject: Option<String>, text: String },
    /// JSON that nothing here knows; the subject is what it calls itself.
    Json { subject: Option<String>, value: Value },
}

/// Reads an invocation event: an SNS delivery with its records, or whatever else, as JSON.
pub fn read(event: &Value) -> Vec<Notice> {
    match event.get("Records").and_then(Value::as_array) {
        Some(records) if !records.is_empty() => records.iter().map(sns::read).collect(),
        _ => vec![unknown(event)],
    }
}

/// A payload of an unknown kind. EventBridge events at least carry a name and a time.
fn unknown(event: &Value) -> Notice {
    let subject = text(event, "detail-type");
    let sent = text(event, "time").as_deref().and_then(time::parse);
    Notice {
        source: Source {
            topic_arn: None,
            sent,
        },
        content: Content::Json {
            subject,
            value: event.clone(),
        },
    }
}

/// The text under `key`, if there is one with something in it.
fn text(value: &Value, key: &str) -> Option<String> {
    value
        .get(key)
        .and_then(Value::as_str)
        .filter(|text| !text.trim().is_empty())
        .map(str::to_owned)
}

/// The list under `key`, empty if there is none.
fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value
        .get(key)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}
