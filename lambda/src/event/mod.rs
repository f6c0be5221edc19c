//! What an invocation event says, whoever sent it.
//!
//! Every field comes from outside and may be missing or have another type. Reading never fails.

mod act;
mod actor;
mod alarm;
mod alert;
mod bridge;
mod call;
mod decision;
mod effect;
mod ending;
mod gist;
mod guard;
mod incident;
mod insight;
mod judge;
mod link;
mod mark;
mod mask;
mod report;
mod session;
mod severity;
mod sns;
mod target;
mod time;
mod tone;

pub use act::Act;
pub use actor::{Actor, ActorKind};
pub(crate) use alert::Alert;
pub(crate) use mask::{Masked, text as mask_text};

pub use crate::contract::GuardOutcome;
pub use alarm::{
    Alarm, Child, Comparison, Condition, Graph, LogLines, Measure, Metric, Muted, NoLines, Query, Reading,
    State, Window,
};
pub use bridge::{Detail, Event, Unknown};
pub use call::{Call, Origin};
pub use decision::{Decision, Exposed};
pub use effect::Effect;
pub use ending::{Ending, Problem};
pub use gist::Gist;
pub use guard::Guarded;
pub use incident::{AlarmPlace, Incident, Phase};
pub use insight::Insight;
pub use report::{Fact, Job, News, Page, Report, Thing, Turn};
pub use session::Session;
pub use tone::Tone;

use crate::contract::{ArnParts, topic_name};
use crate::json::Json;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// One thing to report: what happened, and how the report arrived.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    pub source: Source,
    pub content: Content,
    /// The test that the notice belongs to, `t-` and 8 hexadecimal digits; `None` for a real alert.
    pub test: Option<String>,
}

/// How a notice reached the function.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Source {
    /// The SNS topic; `None` for an event that did not come through SNS.
    pub topic_arn: Option<String>,
    /// When the sender says it was sent.
    pub sent: Option<Timestamp>,
    /// Key of the stack's rule that matched it.
    pub rule: Option<String>,
    /// Key of the stack's endpoint that received it.
    pub endpoint: Option<String>,
    /// Account id → its name in the organization, of those that it is about.
    pub accounts: BTreeMap<String, String>,
}

impl Source {
    /// Name of the SNS topic, the last part of its ARN.
    pub fn topic(&self) -> Option<&str> {
        self.topic_arn.as_deref().map(topic_name)
    }

    /// A part of that ARN, unless it is missing or empty.
    fn topic_part<'a>(&'a self, part: fn(ArnParts<'a>) -> &'a str) -> Option<&'a str> {
        let part = part(ArnParts::of(self.topic_arn.as_deref()?));
        (!part.is_empty()).then_some(part)
    }
}

/// What a notice is about.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// A CloudWatch alarm changed its state.
    Alarm(Box<Alarm>),
    /// A trail was stopped, and the guard acted.
    Guard(Box<Guarded>),
    /// An EventBridge event.
    Event(Box<Event>),
    /// Text for people, with the subject of the SNS message.
    Text { subject: Option<String>, text: String },
    /// JSON in an unknown format, with the subject it came with.
    Json { subject: Option<String>, value: Json },
}

/// Reads an event that has no envelope: an SNS delivery with its records, an EventBridge event, or any other
/// JSON.
pub fn read(event: &Value) -> Vec<Notice> {
    match event.get("Records").and_then(Value::as_array) {
        Some(records) if !records.is_empty() => {
            let alone = |record| json!({ "Records": [record] });
            records
                .iter()
                .map(|record| read_one(&alone(record).into()).0)
                .collect()
        }
        _ => vec![read_one(&event.into()).0],
    }
}

/// Reads an event that holds one thing, and also returns the JSON behind it: the message of an SNS record if it
/// is JSON, otherwise the record's `Sns` with its `Subject` and `Message`, or the event itself.
pub fn read_one(event: &Json) -> (Notice, Json) {
    match first_record(event) {
        Some(record) => sns::read(&record),
        None => (alone(event), event.clone()),
    }
}

/// Only the JSON that [`read_one`] returns.
pub(crate) fn payload(event: &Json) -> Json {
    first_record(event).map_or_else(|| event.clone(), |record| sns::payload(&record).0)
}

fn first_record(event: &Json) -> Option<Json> {
    event.get("Records")?.get(0)?;
    Some(event.part("/Records/0"))
}

/// Reads an event that did not come through SNS.
fn alone(event: &Json) -> Notice {
    Notice {
        source: Source {
            sent: text(event, "time").as_deref().and_then(time::parse),
            ..Source::default()
        },
        content: content(None, event),
        test: mark::read(event),
    }
}

/// The content of JSON from anywhere: an alarm, an event, or something unknown.
fn content(subject: Option<String>, value: &Json) -> Content {
    if let Some(alarm) = Alarm::read(value).or_else(|| Alarm::read_event(value)) {
        return Content::Alarm(Box::new(alarm));
    }
    match Event::read(value)
        .or_else(|| report::in_json(value))
        .or_else(|| report::in_record(value))
    {
        Some(event) => Content::Event(Box::new(event)),
        None => Content::Json {
            subject: subject.or_else(|| text(value, "detail-type")),
            value: value.clone(),
        },
    }
}

/// A key without its separators and in lower case: services spell one name as `build-status`, `buildStatus` …
fn normalised(key: &str) -> String {
    let letters = key.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|letter| letter.to_ascii_lowercase()).collect()
}

/// The text under `key`, unless it is missing or blank.
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
