//! A record of an SNS delivery to Lambda: `Records[].Sns`.

use super::{Content, Notice, Source, text, time};
use serde_json::Value;

pub(super) fn read(record: &Value) -> Notice {
    let Some(sns) = record.get("Sns") else {
        return Notice {
            source: Source::default(),
            content: Content::Json {
                subject: text(record, "eventSource"),
                value: record.clone(),
            },
        };
    };
    let source = Source {
        topic_arn: text(sns, "TopicArn"),
        sent: text(sns, "Timestamp").as_deref().and_then(time::parse),
    };
    let subject = text(sns, "Subject");
    let content = match sns.get("Message") {
        Some(Value::String(message)) => content(subject, message),
        _ => Content::Json {
            subject,
            value: sns.clone(),
        },
    };
    Notice { source, content }
}

/// What a published message is: JSON, or text. A lone JSON number or word is text.
fn content(subject: Option<String>, message: &str) -> Content {
    match serde_json::from_str::<Value>(message) {
        Ok(value) if value.is_object() || value.is_array() => super::content(subject, &value),
        _ => Content::Text {
            subject,
            text: message.to_owned(),
        },
    }
}
