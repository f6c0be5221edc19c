//! A record of an SNS delivery to Lambda: `Records[].Sns`.

use super::{Content, Notice, Source, mark, report, text, time};
use serde_json::Value;
use std::borrow::Cow;

pub(super) fn read(record: &Value) -> Notice {
    let Some(sns) = record.get("Sns") else {
        return Notice {
            source: Source::default(),
            content: Content::Json {
                subject: text(record, "eventSource"),
                value: record.clone(),
            },
            test: None,
        };
    };
    let source = Source {
        topic_arn: text(sns, "TopicArn"),
        sent: text(sns, "Timestamp").as_deref().and_then(time::parse),
        ..Source::default()
    };
    let subject = text(sns, "Subject");
    let mut test = mark::attribute(sns);
    let content = match sns.get("Message") {
        Some(Value::String(message)) => match json(message) {
            Some(value) => {
                test = test.or_else(|| mark::read(&value));
                super::content(subject, &value)
            }
            None => match report::in_text(message, |name| attribute(sns, name)) {
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
    Notice {
        source,
        content,
        test,
    }
}

/// The value of an attribute of the message.
fn attribute(sns: &Value, name: &str) -> Option<String> {
    text(sns.get("MessageAttributes")?.get(name)?, "Value")
}

/// The JSON that a record brings.
pub(super) fn told(record: &Value) -> Cow<'_, Value> {
    let sns = record.get("Sns").unwrap_or(record);
    let message = sns.get("Message").and_then(Value::as_str).and_then(json);
    message.map_or(Cow::Borrowed(sns), Cow::Owned)
}

/// A published message that is JSON. A lone number or word is text.
fn json(message: &str) -> Option<Value> {
    let value = serde_json::from_str::<Value>(message).ok()?;
    (value.is_object() || value.is_array()).then_some(value)
}
