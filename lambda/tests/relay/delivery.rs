//! Tests the real executable with the duty `notify`, with a fake Lambda, KMS and Slack.

use crate::support::fixture;
use crate::support::function::{BUFFER, Function, PATIENCE, QUEUE, SECRET, batch, lock, settings};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use tokio::net::TcpListener;
use tokio::time::timeout;

mod buffers;
mod refusals;
mod webhooks;

/// The relay with a dead-letter queue.
async fn relay() -> Function {
    Function::start_with(|command| {
        command.env("DEAD_LETTER_QUEUE", QUEUE);
    })
    .await
}

/// A text message through SNS.
fn text(id: &str) -> Value {
    let mut event = fixture("text");
    event["Records"][0]["Sns"]["MessageId"] = id.into();
    event["Records"][0]["Sns"]["Subject"] = format!("alert {id}").into();
    event
}

fn headlines(function: &Function) -> Vec<String> {
    let text = |(_, message): &(String, Value)| crate::support::headline(message).to_owned();
    function.messages().iter().map(text).collect()
}

#[tokio::test]
async fn an_alarm_reaches_the_channel_once() {
    let mut function = Function::start().await;
    let event = fixture("alarm-in-alarm");
    assert_eq!(function.succeed(&event).await, json!({ "delivered": 1 }));

    let expected = alertctl_relay::render(&event, &crate::support::english()).deliveries;
    let messages = function.messages();
    assert_eq!(
        messages,
        [(
            format!("/services/T0/B0/{SECRET}"),
            json!(alertctl_relay::slack::message(&expected[0].card))
        )]
    );
    assert_eq!(
        function.kms_requests(),
        [json!({
            "CiphertextBlob": BASE64_STANDARD.encode("ciphertext"),
            "EncryptionContext": { "LambdaFunctionName": "mission-lambda" },
        })]
    );
    let lines = function.log().await;
    assert_eq!(lines.len(), 1);
    let expected = json!({
        "Stack": "mission", "Channel": "project", "outcome": "delivered", "duty": "notify",
        "severity": "error", "Delivered": 1, "Retried": 0, "Parked": 0,
        "eventId": event["Records"][0]["Sns"]["MessageId"],
    });
    for (name, value) in expected.as_object().expect("fields") {
        assert_eq!(&lines[0][name], value, "{name}");
    }
    assert!(lines[0]["Latency"].is_u64() && lines[0]["_aws"]["Timestamp"].is_u64());
}

#[tokio::test]
async fn a_repetition_is_for_those_that_do_not_have_it() {
    let mut settings = settings();
    settings["topics"]["mission-sns"]["to"] = json!(["project", "other"]);
    let mut function = Function::start_as(&settings, |command| {
        command.env("WEBHOOK_other", BASE64_STANDARD.encode("ciphertext"));
    })
    .await;
    // One of the two messages is refused until the time is over.
    lock(&function.script).kms_refusals = [(500, json!({ "__type": "KMSInternalException" }))].into();
    lock(&function.script).slack_answers = [(410, "channel_is_archived".to_owned())].into();
    let error = function.fail(&text("1")).await;
    assert!(error.ends_with("(1 delivered)"), "{error}");
    let answer = function.succeed(&text("1")).await;
    assert_eq!(answer, json!({ "delivered": 1, "duplicates": 1 }));
    function.stop().await;
}

#[tokio::test]
async fn the_other_records_and_channels_still_get_theirs() {
    let mut settings = settings();
    settings["topics"]["mission-sns"]["to"] = json!(["project", "broken-one"]);
    let mut function = Function::start_as(&settings, |_| {}).await;
    let mut event = fixture("injection");
    event["Records"][1]["Sns"]["MessageId"] = "another".into();
    let error = function.fail(&event).await;
    assert!(
        error.contains("channel `broken-one`: the variable WEBHOOK_broken_one is not set"),
        "{error}"
    );
    assert!(error.ends_with("(2 delivered)"), "{error}");
    assert_eq!(function.messages().len(), 2);
    function.stop().await;
}

#[tokio::test]
async fn a_topic_without_a_route_fails_by_name() {
    let mut function = Function::start_as(&json!({}), |_| {}).await;
    let error = function.fail(&fixture("text")).await;
    assert_eq!(error, "no channel is routed to topic `mission-sns` (0 delivered)");
    assert_eq!(function.kms_requests().len(), 0);
    function.stop().await;
}

#[tokio::test]
async fn a_bad_setting_fails_each_invocation() {
    let mut function = Function::start_as(&json!({ "timezone": "Mars/Olympus" }), |_| {}).await;
    for _ in 0..2 {
        assert!(function.fail(&fixture("text")).await.contains("`Mars/Olympus`"));
    }
    function.stop().await;
}

#[tokio::test]
async fn the_relay_waits_for_work_at_once() {
    let mut function = Function::start().await;
    timeout(PATIENCE, function.runtime.polled())
        .await
        .expect("the relay asks for work");
    assert_eq!(function.kms_requests().len(), 0);
    function.stop().await;
}

#[tokio::test]
async fn the_wrapper_says_where_an_event_goes() {
    let mut settings = settings();
    settings["channels"]["other"] = json!({});
    let mut function = Function::start_as(&settings, |command| {
        command
            .env("WEBHOOK_audit_log", BASE64_STANDARD.encode("ciphertext"))
            .env("ALERTCTL_ENCRYPTED_FOR", "mission-relay");
    })
    .await;
    let inner = fixture("ec2-stopped");
    let wrapped =
        |channels: Value| json!({ "alertctl": { "rule": "r", "channels": channels }, "event": inner });
    let event = wrapped(json!(["audit-log"]));
    let answer = function.succeed(&event).await;
    assert_eq!(answer, json!({ "delivered": 1 }));
    let expected = alertctl_relay::render(&event, &crate::support::english()).deliveries;
    assert_eq!(
        function.messages()[0].1,
        json!(alertctl_relay::slack::message(&expected[0].card))
    );
    assert_eq!(
        function.kms_requests()[0]["EncryptionContext"],
        json!({ "LambdaFunctionName": "mission-relay" })
    );
    let error = function.fail(&wrapped(json!(["nowhere"]))).await;
    assert_eq!(
        error,
        "channel `nowhere`: the variable WEBHOOK_nowhere is not set; dead-letter queue: the function has none \
         (0 delivered)"
    );
    function.stop().await;
}

#[tokio::test]
async fn a_failure_is_one_line_of_json() {
    let mut function = Function::start_as(&json!({}), |_| {}).await;
    function.fail(&fixture("text")).await;
    let line: Value = serde_json::from_str(function.stop().await.trim_end()).expect("one line of JSON");
    assert_eq!(
        line,
        json!({
            "kind": "failed",
            "duty": "notify",
            "outcome": "undelivered",
            "requestId": "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
            "reason": "no channel is routed to topic `mission-sns` (0 delivered)",
        })
    );
}
