//! What happens to a message that is received and not deleted.

use std::collections::HashMap;

use aws_sdk_sqs::types::QueueAttributeName as Attribute;
use serde_json::{Value, json};

use super::{Changes, Context, Fields, Known, Result, Text};

/// What happens to a message that its consumer does not delete.
#[derive(Debug, Clone)]
pub struct Redelivery {
    /// Seconds until it is received again, at most 43,200. Lambda refuses a queue whose messages become visible again
    /// before its function would time out, and AWS recommends six times the function's timeout. Source: AWS Lambda
    /// Developer Guide, "Creating and configuring an Amazon SQS event source mapping".
    pub visibility_seconds: i32,
    /// The ARN of the dead letter queue for a message that was received too often. That queue must exist first.
    pub dead_letter_queue: Text,
    /// How often it is received at most, 1 to 1,000.
    pub max_receive_count: i32,
}

/// The existing settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Live {
    pub visibility_seconds: i32,
    pub dead_letter_queue: Option<String>,
    pub max_receive_count: Option<i32>,
}

/// The fields of `RedrivePolicy`, one attribute.
const REDRIVE: &[&str] = &["dead_letter_queue", "max_receive_count"];

impl Redelivery {
    pub(super) fn fields(&self, fields: Fields, known: &Known) -> Fields {
        let Self {
            visibility_seconds,
            dead_letter_queue,
            max_receive_count,
        } = self;
        fields
            .set("visibility_seconds", *visibility_seconds)
            .text("dead_letter_queue", dead_letter_queue, known)
            .set("max_receive_count", *max_receive_count)
    }

    /// The settings in the form in which they will be read back.
    pub(super) fn expected(&self, cx: &Context<'_>) -> Result<Live> {
        Ok(Live {
            visibility_seconds: self.visibility_seconds,
            dead_letter_queue: Some(cx.text(&self.dead_letter_queue)?),
            max_receive_count: Some(self.max_receive_count),
        })
    }
}

impl Live {
    pub(super) fn read(attributes: &HashMap<Attribute, String>) -> Self {
        let text = |name: Attribute| attributes.get(&name).map_or("", String::as_str);
        let redrive: Value = serde_json::from_str(text(Attribute::RedrivePolicy)).unwrap_or_default();
        // SQS returns the count as a number or as text, as it was set.
        let count = match &redrive["maxReceiveCount"] {
            Value::String(count) => count.parse().ok(),
            count => count.as_i64().and_then(|count| count.try_into().ok()),
        };
        Self {
            visibility_seconds: text(Attribute::VisibilityTimeout).parse().unwrap_or_default(),
            dead_letter_queue: redrive["deadLetterTargetArn"].as_str().map(str::to_owned),
            max_receive_count: count,
        }
    }

    pub(super) fn fields(&self, fields: Fields) -> Fields {
        let Self {
            visibility_seconds,
            dead_letter_queue,
            max_receive_count,
        } = self;
        fields
            .set("visibility_seconds", *visibility_seconds)
            .set_some("dead_letter_queue", dead_letter_queue.as_deref())
            .set_some("max_receive_count", *max_receive_count)
    }

    /// The attributes that `changes` touch, or all of them without `changes`, in the form that SQS accepts.
    pub(super) fn attributes(&self, changes: Option<&Changes>) -> HashMap<Attribute, String> {
        let touch = |fields: &[&str]| changes.is_none_or(|changes| changes.touch_any(fields));
        let visibility = (Attribute::VisibilityTimeout, self.visibility_seconds.to_string());
        let redrive = json!({
            "deadLetterTargetArn": self.dead_letter_queue,
            "maxReceiveCount": self.max_receive_count,
        });
        let redrive = (Attribute::RedrivePolicy, redrive.to_string());
        [
            touch(&["visibility_seconds"]).then_some(visibility),
            touch(REDRIVE).then_some(redrive),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}
