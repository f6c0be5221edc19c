//! A record of an SNS delivery to Lambda: `Records[].Sns`.

use super::{Content, Notice, Source, mark, report, text, time};
use crate::json::{self, Json};
use serde_json::Value;

/// Reads a record and returns its notice and the JSON that it carries.
pub(super) fn read(record: &Json) -> (Notice, Json) {
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
        return (notice, record.clone());
    };
    let source = Source {
        topic_arn: text(sns, "TopicArn"),
        sent: text(sns, "Timestamp").as_deref().and_then(time::parse),
        ..Source::default()
    };
    let subject = text(sns, "Subject");
    let mut test = mark::attribute(sns);
    let (payload, is_message) = payload(record);
    let content = match sns.get("Message") {
        Some(Value::String(message)) => match is_message {
            true => {
                test = test.or_else(|| mark::read(&payload));
                super::content(subject, &payload)
            }
            false => match report::in_text(message, |name| attribute(sns, name)) {
                Some(event) => Content::Event(Box::new(event)),
                None => Content::Text {
                    subject,
                    text: message.clone(),
                },
            },
        },
        _ => Content::Json {
            subject,
            value: payload.clone(),
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

/// The JSON that a record carries, and whether it is the message.
pub(super) fn payload(record: &Json) -> (Json, bool) {
    let sns = record.get("Sns");
    let message = sns.unwrap_or(record).get("Message").and_then(Value::as_str);
    match message.and_then(parsed) {
        Some(message) => (message.into(), true),
        None if sns.is_some() => (record.part("/Sns"), false),
        None => (record.clone(), false),
    }
}

/// Parses a published message as JSON. A lone number or word counts as text.
fn parsed(message: &str) -> Option<Value> {
    let value = json::parse(message).ok()?;
    (value.is_object() || value.is_array()).then_some(value)
}
