//! A record of an SNS delivery to Lambda: `Records[].Sns`.

use super::{Content, Notice, Source, mark, report, text, time};
use serde_json::Value;
use std::borrow::Cow;

/// Reads a record and returns its notice and the JSON that it carries.
pub(super) fn read(record: &Value) -> (Notice, Cow<'_, Value>) {
    let Some(sns) = record.get("Sns") else {
        let content = match report::in_record(record) {
            Some(event) => Content::Event(Box::new(event)),
            None => Content::Json {
                subject: text(record, "eventSource"),
                value: record.clone(),
            },
        };
        let notice = Notice {
            source: Source::default(),
            content,
            test: None,
        };
        return (notice, Cow::Borrowed(record));
    };
    let source = Source {
        topic_arn: text(sns, "TopicArn"),
        sent: text(sns, "Timestamp").as_deref().and_then(time::parse),
        ..Source::default()
    };
    let subject = text(sns, "Subject");
    let mut test = mark::attribute(sns);
    let payload = payload(record);
    let content = match sns.get("Message") {
        Some(Value::String(message)) => match &payload {
            Cow::Owned(value) => {
                test = test.or_else(|| mark::read(value));
                super::content(subject, value)
            }
            Cow::Borrowed(_) => match report::in_text(message, |name| attribute(sns, name)) {
                Some(event) => Content::Event(Box::new(event)),
                None => Content::Text {
                    subject,
                    text: message.clone(),
                },
            },
        },
        _ => Content::Json {
            subject,
            value: sns.clone(),
        },
    };
    let notice = Notice {
        source,
        content,
        test,
    };
    (notice, payload)
}

/// The value of an attribute of the message.
fn attribute(sns: &Value, name: &str) -> Option<String> {
    text(sns.get("MessageAttributes")?.get(name)?, "Value")
}

/// The JSON that a record carries, borrowed where it is the record's own.
pub(super) fn payload(record: &Value) -> Cow<'_, Value> {
    let sns = record.get("Sns").unwrap_or(record);
    let message = sns.get("Message").and_then(Value::as_str).and_then(json);
    message.map_or(Cow::Borrowed(sns), Cow::Owned)
}

/// Parses a published message as JSON. A lone number or word counts as text.
fn json(message: &str) -> Option<Value> {
    let value = serde_json::from_str::<Value>(message).ok()?;
    (value.is_object() || value.is_array()).then_some(value)
}
