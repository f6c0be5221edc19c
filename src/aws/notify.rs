//! Publishes to topics and event buses, and tests event patterns.

use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use aws_sdk_sns::types::MessageAttributeValue;
use serde_json::Value;

use super::call::Aws;
use super::fault::{Fault, Result};

/// Publishes a message to a topic, with text attributes. Returns its message id.
pub async fn publish(
    aws: &Aws,
    topic: &str,
    subject: Option<&str>,
    message: &str,
    attributes: &[(&str, &str)],
) -> Result<String> {
    let mut request = aws
        .connection
        .clients
        .sns
        .publish()
        .topic_arn(topic)
        .message(message);
    request = request.set_subject(subject.map(str::to_owned));
    for (name, value) in attributes {
        let value = MessageAttributeValue::builder()
            .data_type("String")
            .string_value(*value)
            .build()
            .map_err(|error| Fault::new("sns:Publish", "InvalidParameter", error.to_string()))?;
        request = request.message_attributes(*name, value);
    }
    let answer = aws.call("sns:Publish", || request.clone().send()).await?;
    Ok(answer.message_id.unwrap_or_default())
}

/// Puts an event with a custom source on the bus called `bus`. AWS refuses sources that begin with `aws.`.
///
/// # Errors
/// Also if EventBridge answers with success but lists the event as failed.
pub async fn put_event(aws: &Aws, bus: &str, event: &Value) -> Result<()> {
    const ACTION: &str = "events:PutEvents";
    let text = |name: &str| event[name].as_str().unwrap_or_default();
    let resources = event["resources"].as_array().into_iter().flatten();
    let entry = PutEventsRequestEntry::builder()
        .event_bus_name(bus)
        .source(text("source"))
        .detail_type(text("detail-type"))
        .detail(event["detail"].to_string())
        .set_resources(Some(
            resources
                .filter_map(|one| one.as_str().map(str::to_owned))
                .collect(),
        ))
        .build();
    let request = aws.connection.clients.events.put_events().entries(entry);
    let answer = aws.call(ACTION, || request.clone().send()).await?;
    let refused = answer.entries().iter().find_map(|entry| {
        let code = entry.error_code()?;
        Some(Fault::new(
            ACTION,
            code,
            entry.error_message().unwrap_or_default(),
        ))
    });
    refused.map_or(Ok(()), Err)
}

/// Whether an event matches an event pattern, according to EventBridge itself.
pub async fn matches(aws: &Aws, pattern: &Value, event: &Value) -> Result<bool> {
    let request = aws.connection.clients.events.test_event_pattern();
    let request = request
        .event_pattern(pattern.to_string())
        .event(event.to_string());
    Ok(aws
        .call("events:TestEventPattern", || request.clone().send())
        .await?
        .result)
}
