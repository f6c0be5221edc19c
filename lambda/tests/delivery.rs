//! The real executable with the duty `notify` between a fake Lambda, KMS and Slack.

#[path = "support/fakes.rs"]
mod fakes;
#[path = "support/function.rs"]
mod function;
mod support;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use function::{Function, PATIENCE, SECRET, lock, settings};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use support::fixture;
use tokio::net::TcpListener;
use tokio::time::timeout;

#[tokio::test]
async fn an_alarm_reaches_the_channel_once() {
    let mut function = Function::start().await;
    let event = fixture("alarm-in-alarm");
    assert_eq!(function.succeed(&event).await, json!({ "delivered": 1 }));

    let expected = alertctl_relay::render(&event, &support::english()).deliveries;
    let messages = function.messages();
    assert_eq!(
        messages,
        [(format!("/services/T0/B0/{SECRET}"), json!(expected[0].message))]
    );
    assert_eq!(
        function.kms_requests(),
        [json!({
            "CiphertextBlob": BASE64_STANDARD.encode("ciphertext"),
            "EncryptionContext": { "LambdaFunctionName": "mission-lambda" },
        })]
    );
    assert_eq!(function.stop().await, "");
}

#[tokio::test]
async fn a_webhook_is_decrypted_once_per_process() {
    let mut function = Function::start().await;
    for _ in 0..3 {
        function.succeed(&fixture("text")).await;
    }
    assert_eq!((function.messages().len(), function.kms_requests().len()), (3, 1));
    function.stop().await;
}

#[tokio::test]
async fn what_slack_refuses_fails_the_invocation() {
    let mut function = Function::start().await;
    lock(&function.script).slack_answers = [
        (500, "rollup_error".to_owned()),
        (404, "no_service".to_owned()),
        (404, format!("nothing at /services/T0/B0/{SECRET}")),
    ]
    .into();
    let event = fixture("alarm-ok");
    let error = function.fail(&event).await;
    assert_eq!(
        error,
        "channel `project` (#project): Slack answers 500 Internal Server Error: rollup_error (0 delivered)"
    );
    assert!(function.fail(&event).await.contains("404 Not Found: no_service"));
    assert!(
        function
            .fail(&event)
            .await
            .contains("an answer that repeats the webhook")
    );
    // A refusal is not tried again here: Lambda does that.
    assert_eq!(function.messages().len(), 3);
    assert!(function.stop().await.contains("rollup_error"));
}

#[tokio::test]
async fn the_other_records_and_channels_still_get_theirs() {
    let mut settings = settings();
    settings["topics"]["mission-sns"]["to"] = json!(["project", "broken-one"]);
    let mut function = Function::start_as(&settings, |_| {}).await;
    let error = function.fail(&fixture("injection")).await;
    assert!(
        error.contains("channel `broken-one`: the variable WEBHOOK_broken_one is not set"),
        "{error}"
    );
    assert!(error.ends_with("(2 delivered)"), "{error}");
    assert_eq!(function.messages().len(), 2);
    function.stop().await;
}

#[tokio::test]
async fn a_failed_decryption_is_explained_and_tried_again() {
    let mut function = Function::start().await;
    let denied = "The ciphertext refers to a customer master key that does not exist, does not exist in \
                  this region, or you are not allowed to access.";
    lock(&function.script).kms_refusals = [
        (400, json!({ "__type": "InvalidCiphertextException" })),
        (
            400,
            json!({ "__type": "AccessDeniedException", "message": denied }),
        ),
        (
            400,
            json!({ "__type": "DisabledException", "message": "arn:aws:kms:x is disabled." }),
        ),
    ]
    .into();
    let event = fixture("text");
    let error = function.fail(&event).await;
    assert!(
        error.contains("another function than `mission-lambda`"),
        "{error}"
    );
    assert!(error.contains("alertctl encrypt-hook"), "{error}");
    let error = function.fail(&event).await;
    assert!(
        error.contains("the key of the ciphertext is gone, lies in another region than ap-northeast-2"),
        "{error}"
    );
    let error = function.fail(&event).await;
    assert!(
        error.contains("DisabledException: arn:aws:kms:x is disabled."),
        "{error}"
    );
    function.succeed(&event).await;
    function.stop().await;
}

/// Without a scheme the address is https. The fake speaks no TLS, so the attempt itself is the proof.
#[tokio::test]
async fn a_webhook_without_a_scheme_is_https() {
    let mut function = Function::start().await;
    let schemeless = lock(&function.script)
        .plaintext
        .trim_start_matches("http://")
        .to_owned();
    lock(&function.script).plaintext = schemeless;
    let error = function.fail(&fixture("text")).await;
    assert!(error.contains("no secure connection (TLS)"), "{error}");
    function.stop().await;
}

#[tokio::test]
async fn a_webhook_in_clear_text_never_leaves_the_machine() {
    let mut function = Function::start().await;
    lock(&function.script).plaintext = format!("http://hooks.slack.com/services/T0/B0/{SECRET}");
    let error = function.fail(&fixture("text")).await;
    assert!(error.contains("the webhook must use https"), "{error}");
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

/// The other side hangs up during the TLS handshake, so Slack cannot have the message yet.
#[tokio::test]
async fn a_connection_that_fails_is_tried_twice() {
    let mut function = Function::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("its address");
    let attempts = Arc::new(AtomicUsize::new(0));
    let counter = attempts.clone();
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            counter.fetch_add(1, Ordering::SeqCst);
        }
    });
    lock(&function.script).plaintext = format!("{address}/services/T0/B0/{SECRET}");
    let error = function.fail(&fixture("text")).await;
    assert!(
        error.contains("Slack cannot be reached: no connection"),
        "{error}"
    );
    assert!(!error.contains(&address.to_string()), "{error}");
    assert_eq!(attempts.load(Ordering::SeqCst), 2);
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
async fn slack_is_given_the_pause_it_asks_for() {
    let mut function = Function::start().await;
    lock(&function.script).slack_answers = [(429, "rate_limited".to_owned())].into();
    let started = Instant::now();
    function.succeed(&fixture("text")).await;
    assert!(started.elapsed().as_secs_f64() >= 1.0);
    assert_eq!(function.messages().len(), 2);
    assert_eq!(function.stop().await, "");
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
    let expected = alertctl_relay::render(&event, &support::english()).deliveries;
    assert_eq!(function.messages()[0].1, json!(expected[0].message));
    assert_eq!(
        function.kms_requests()[0]["EncryptionContext"],
        json!({ "LambdaFunctionName": "mission-relay" })
    );
    let error = function.fail(&wrapped(json!(["nowhere"]))).await;
    assert_eq!(
        error,
        "channel `nowhere`: the variable WEBHOOK_nowhere is not set (0 delivered)"
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
