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

/// The relay with a dead-letter queue.
async fn relay() -> Function {
    Function::start_with(|command| {
        command.env("DEAD_LETTER_QUEUE", QUEUE);
    })
    .await
}

/// The relay with a buffer in front of its channel, which posts as often as it can.
async fn buffered(per_second: f64) -> Function {
    let mut settings = settings();
    settings["channels"]["project"]["buffer"] = json!({ "digest_above": 3, "per_second": per_second });
    Function::start_as(&settings, |command| {
        command
            .env("DEAD_LETTER_QUEUE", QUEUE)
            .env("BUFFERS", json!({ "project": BUFFER }).to_string());
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

fn waiting(id: &str) -> String {
    json!({ "alertctl": { "channels": ["project"] }, "event": text(id) }).to_string()
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
async fn a_webhook_is_decrypted_once_per_process() {
    let mut function = Function::start().await;
    for id in ["1", "2", "3"] {
        function.succeed(&text(id)).await;
    }
    assert_eq!((function.messages().len(), function.kms_requests().len()), (3, 1));
    function.stop().await;
}

#[tokio::test]
async fn what_slack_will_never_take_is_parked_at_once() {
    let mut function = relay().await;
    lock(&function.script).slack_answers = [
        (404, "no_service".to_owned()),
        (400, "invalid_payload".to_owned()),
        (400, "no_text".to_owned()),
        (403, format!("nothing at /services/T0/B0/{SECRET}")),
    ]
    .into();
    for (id, reason) in [
        ("1", "Slack answers 404 Not Found: no_service"),
        ("2", "Slack answers 400 Bad Request: invalid_payload"),
        (
            "3",
            "Slack answers 403 Forbidden: (an answer that repeats the webhook)",
        ),
    ] {
        let answer = function.succeed(&text(id)).await;
        assert_eq!(answer, json!({ "delivered": 0, "parked": 1 }));
        let parked = function.queue("dead").pop().expect("a dead letter");
        assert_eq!(parked["alertctl"]["channels"], json!(["project"]));
        assert_eq!(parked["alertctl"]["parked"]["reason"], reason);
        assert_eq!(parked["alertctl"]["parked"]["function"], "mission-lambda");
        assert_eq!(parked["event"], text(id));
        // Lambda may retry the event because of another channel.
        let answer = function.succeed(&text(id)).await;
        assert_eq!(answer, json!({ "delivered": 0, "duplicates": 1 }));
    }
    assert_eq!((function.messages().len(), function.queue("dead").len()), (4, 3));
    // A redriven dead letter is delivered again, but only once.
    let parked = function.queue("dead").remove(0);
    assert_eq!(function.succeed(&parked).await, json!({ "delivered": 1 }));
    assert_eq!(
        function.succeed(&parked).await,
        json!({ "delivered": 0, "duplicates": 1 })
    );
    let lines = function.log().await;
    let parked = lines.iter().filter(|line| line["Parked"] == 1);
    let statuses: Vec<_> = parked.map(|line| line["status"].clone()).collect();
    assert_eq!(statuses, [404, 400, 403]);
}

#[tokio::test]
async fn without_a_place_to_park_the_invocation_fails() {
    let mut function = Function::start().await;
    lock(&function.script).slack_always = Some((410, "channel_is_archived"));
    let error = function.fail(&text("1")).await;
    assert_eq!(
        error,
        "channel `project` (#project): Slack answers 410 Gone: channel_is_archived; dead-letter queue: the \
         function has none (0 delivered)"
    );
    function.stop().await;
    let mut function = relay().await;
    {
        let mut script = lock(&function.script);
        script.slack_always = Some((410, "channel_is_archived"));
        script.sqs_refusals = [(400, "AWS.SimpleQueueService.NonExistentQueue")].into();
    }
    assert!(function.fail(&text("1")).await.contains("NonExistentQueue"));
    function.succeed(&text("1")).await;
    assert_eq!(function.queue("dead").len(), 1);
    assert!(!function.stop().await.contains("\"Parked\":2"));
}

#[tokio::test]
async fn a_moment_of_trouble_is_overcome() {
    let mut function = Function::start().await;
    lock(&function.script).slack_answers =
        [(500, "rollup_error".to_owned()), (503, "busy".to_owned())].into();
    assert_eq!(function.succeed(&text("1")).await, json!({ "delivered": 1 }));
    assert_eq!(function.messages().len(), 3);
    assert_eq!(function.log().await[0]["Retried"], 2);
}

#[tokio::test]
async fn lasting_trouble_fails_the_invocation_in_time() {
    let mut function = relay().await;
    lock(&function.script).slack_always = Some((500, "rollup_error"));
    function.runtime.hurry(std::time::Duration::from_secs(4));
    let started = Instant::now();
    let error = function.fail(&text("1")).await;
    assert!(started.elapsed().as_secs_f64() < 4.0);
    assert_eq!(
        error,
        "channel `project` (#project): Slack answers 500 Internal Server Error: rollup_error (0 delivered)"
    );
    // A pause that exceeds the remaining time is not started.
    lock(&function.script).slack_always = Some((429, "rate_limited"));
    function.runtime.hurry(std::time::Duration::from_millis(1_800));
    let before = function.messages().len();
    assert!(function.fail(&text("2")).await.contains("429 Too Many Requests"));
    assert_eq!(function.messages().len(), before + 1);
    // Nor does it wait for a server that does not answer.
    lock(&function.script).silent = ["slack"].into();
    let started = Instant::now();
    let error = function.fail(&text("3")).await;
    assert!(error.contains("does not answer in the time there is"), "{error}");
    assert!(started.elapsed().as_secs_f64() < 1.8);
    assert!(function.queue("dead").is_empty());
    function.stop().await;
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

#[tokio::test]
async fn a_webhook_in_clear_text_never_leaves_the_machine() {
    let mut function = Function::start().await;
    lock(&function.script).plaintext = format!("http://hooks.slack.com/services/T0/B0/{SECRET}");
    let error = function.fail(&fixture("text")).await;
    assert!(error.contains("the webhook is not an https:// URL"), "{error}");
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

/// The server closes the connection during the TLS handshake.
#[tokio::test]
async fn a_connection_that_fails_is_tried_again() {
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
    lock(&function.script).plaintext = format!("http://{address}/services/T0/B0/{SECRET}");
    let error = function.fail(&fixture("text")).await;
    assert!(error.contains("Slack cannot be reached: "), "{error}");
    assert!(!error.contains(&address.to_string()), "{error}");
    assert_eq!(attempts.load(Ordering::SeqCst), 6);
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
    assert_eq!(function.log().await[0]["Retried"], 1);
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

#[tokio::test]
async fn a_buffer_takes_messages_for_its_channel_alone() {
    let mut function = buffered(50.0).await;
    lock(&function.script).sqs_refusals = [(500, "InternalFailure")].into();
    let event = json!({ "alertctl": { "rule": "r", "channels": ["project"] }, "event": text("1") });
    assert_eq!(
        function.succeed(&event).await,
        json!({ "delivered": 0, "buffered": 1 })
    );
    let mut queued = event.clone();
    queued["alertctl"]["verdict"] = json!({ "severity": "info" });
    assert_eq!(function.queue("mission-project-buffer"), [queued]);
    assert!(function.messages().is_empty());
    let buffered = batch(&[event.to_string()]);
    assert_eq!(
        function.succeed(&buffered).await,
        json!({ "batchItemFailures": [] })
    );
    assert_eq!(headlines(&function), ["🔵 *alert 1*"]);
    // SQS delivers at least once, but the message is posted only once.
    function.succeed(&buffered).await;
    assert_eq!(function.messages().len(), 1);
    let lines = function.log().await;
    let outcomes: Vec<_> = lines.iter().map(|line| line["outcome"].clone()).collect();
    assert_eq!(outcomes, ["buffered", "delivered", "duplicate"]);
    assert!(lines[1]["Latency"].as_u64() >= Some(1_000), "{}", lines[1]);
    assert!(lines[0].get("_aws").is_none() && lines[2].get("_aws").is_none());
}

#[tokio::test]
async fn many_become_a_digest_that_shows_each() {
    let mut function = buffered(50.0).await;
    let ids: Vec<_> = (0..40).map(|n| format!("n{n:02}")).collect();
    let mut bodies: Vec<_> = ids.iter().map(|id| waiting(id)).collect();
    // A test is never hidden in a digest, and a plain text from anybody is shown.
    bodies.push(
        json!({ "alertctl": { "channels": ["project"], "test": "t-0123abcd" }, "event": text("t") })
            .to_string(),
    );
    bodies.push("no envelope".to_owned());
    assert_eq!(
        function.succeed(&batch(&bodies)).await,
        json!({ "batchItemFailures": [] })
    );
    let messages = function.messages();
    assert!(messages.len() < 5, "{}", messages.len());
    assert!(headlines(&function)[0].contains("alert t"));
    let digests = json!(messages[1..]).to_string();
    for id in &ids {
        assert!(digests.contains(&format!("alert {id}")), "{id}");
    }
    let lines = function.log().await;
    let delivered = lines.iter().filter(|line| line["Delivered"] == 1);
    assert_eq!(delivered.count(), 42);
}

#[tokio::test]
async fn a_digest_that_is_refused_is_posted_one_by_one() {
    let mut function = buffered(100.0).await;
    lock(&function.script).slack_answers = [
        (400, "invalid_blocks".to_owned()),
        (200, "ok".to_owned()),
        (400, "invalid_blocks".to_owned()),
        (400, "no_text".to_owned()),
    ]
    .into();
    let bodies: Vec<_> = ["a", "b", "c", "d", "e"].into_iter().map(waiting).collect();
    function.succeed(&batch(&bodies)).await;
    let said = |(_, message): &(String, Value)| message["text"].as_str().expect("a text").to_owned();
    let texts: Vec<_> = function.messages().iter().map(said).collect();
    assert_eq!(
        texts[1..]
            .iter()
            .map(|text| text.lines().next().unwrap_or_default())
            .collect::<Vec<_>>(),
        [
            "🔵 alert a",
            "🔵 alert b",
            "🔵 alert b",
            "🔵 alert c",
            "🔵 alert d",
            "🔵 alert e"
        ]
    );
    let parked = function.queue("dead");
    assert_eq!(parked.len(), 1);
    assert_eq!(parked[0]["event"], text("b"));
    function.stop().await;
}

#[tokio::test]
async fn what_finds_no_time_or_no_ear_stays_in_the_buffer() {
    let mut function = buffered(1.0).await;
    function.runtime.hurry(std::time::Duration::from_secs(6));
    let bodies: Vec<_> = ["a", "b", "c"].into_iter().map(waiting).collect();
    // Two functions may post at the same time, so each posts every two seconds: at 0 s and at 2 s.
    let answer = function.succeed(&batch(&bodies)).await;
    assert_eq!(
        answer,
        json!({ "batchItemFailures": [{ "itemIdentifier": "m-2" }] })
    );
    assert_eq!(headlines(&function), ["🔵 *alert a*", "🔵 *alert b*"]);
    // The pause that Slack asks for also applies to the following messages.
    lock(&function.script).slack_always = Some((429, "rate_limited"));
    let answer = function.succeed(&batch(&[waiting("c"), waiting("d")])).await;
    assert_eq!(answer["batchItemFailures"].as_array().expect("a list").len(), 2);
    lock(&function.script).slack_always = None;
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let answer = function.succeed(&batch(&[waiting("a"), waiting("c")])).await;
    assert_eq!(answer, json!({ "batchItemFailures": [] }));
    assert_eq!(headlines(&function).last().expect("a message"), "🔵 *alert c*");
    function.stop().await;
}

#[tokio::test]
async fn a_batch_for_nobody_stays_where_it_is() {
    let mut function = Function::start().await;
    let answer = function.succeed(&batch(&["x".to_owned()])).await;
    assert_eq!(
        answer,
        json!({ "batchItemFailures": [{ "itemIdentifier": "m-0" }] })
    );
    assert!(
        function
            .stop()
            .await
            .contains("no channel has `arn:aws:sqs:ap-northeast-2")
    );
}

#[tokio::test]
async fn what_slack_refuses_for_its_form_comes_as_text() {
    let mut function = relay().await;
    lock(&function.script).slack_answers = [(400, "invalid_blocks".to_owned())].into();
    let event = fixture("alarm-in-alarm");
    assert_eq!(function.succeed(&event).await, json!({ "delivered": 1 }));
    let messages = function.messages();
    let [(_, refused), (_, shown)] = messages.as_slice() else {
        panic!("{messages:#?}");
    };
    assert!(refused["attachments"].is_array());
    assert!(shown.get("attachments").is_none(), "{shown:#}");
    let (refused, shown) = (refused["text"].as_str(), shown["text"].as_str());
    assert!(shown.expect("a text").starts_with(refused.expect("a headline")));
    let lines = function.log().await;
    assert_eq!(lines[0]["outcome"], "delivered");
    assert_eq!(lines[0]["status"], 400);
    assert_eq!(lines[0]["Retried"], 1);
    assert_eq!(
        lines[0]["reason"],
        "Slack answers 400 Bad Request: invalid_blocks"
    );
}
