//! Tests the real executable with the duty `ingest`, with a fake API Gateway, AWS and Slack.

use crate::support::function::{Function, lock};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::process::Command;

mod bodies;
mod refusals;

const TOKEN: &str = "a token of this test";
const OLD_TOKEN: &str = "the token before it";
const TOPIC: &str = "arn:aws:sns:ap-northeast-2:111122223333:elastalertToEmail";
const QUEUE: &str = "arn:aws:sqs:ap-northeast-2:111122223333:failed";
/// ElastAlert2 waits 10 s; the network and a cold start take a part of them.
const PATIENCE: Duration = Duration::from_secs(9);

/// The endpoint, with one topic and one channel unless `change` says otherwise.
async fn endpoint(change: impl FnOnce(&mut Command)) -> Function {
    Function::start_with(|command| {
        command
            .env("ALERTCTL_DUTY", "ingest")
            .env("ENDPOINT", "elastalert")
            .env("TOPICS", json!([TOPIC]).to_string())
            .env("DESTINATIONS", r#"["project"]"#)
            .env("TOKEN_SHA256", format!("{},{}", sha256(OLD_TOKEN), sha256(TOKEN)))
            .env("DEAD_LETTER_QUEUE", QUEUE);
        change(command);
    })
    .await
}

fn sha256(text: &str) -> String {
    use sha2::{Digest as _, Sha256};
    let digest: [u8; 32] = Sha256::digest(text).into();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A request as an HTTP API forwards it.
fn request(body: &str) -> Value {
    json!({
        "version": "2.0",
        "routeKey": "POST /elastalert",
        "rawPath": "/elastalert",
        "headers": {
            "accept": "application/json;charset=utf-8",
            "authorization": format!("Bearer {TOKEN}"),
            "content-type": "application/json",
            "user-agent": "python-requests/2.32.5",
        },
        "requestContext": { "http": { "method": "POST", "path": "/elastalert" }, "requestId": "api" },
        "body": body,
        "isBase64Encoded": false,
    })
}

fn alert(id: &str) -> Value {
    json!({
        "rule": "5xx", "_index": "logs", "_id": id, "@timestamp": "2026-11-20T05:00:00Z",
        "API": "/login", "sourceIP": "203.0.113.7", "result": 500, "num_hits": 1,
    })
}

/// Status and body of the response.
async fn answer(function: &mut Function, request: &Value) -> (u64, Value) {
    let started = Instant::now();
    let answer = function.succeed(request).await;
    assert!(started.elapsed() < PATIENCE, "{:?}", started.elapsed());
    assert_eq!(answer["headers"]["content-type"], "application/json");
    let body = answer["body"].as_str().expect("a body");
    let body: Value = serde_json::from_str(body).expect("JSON");
    let status = answer["statusCode"].as_u64().expect("a status");
    let name = if status < 400 { "message" } else { "error" };
    assert!(body[name].is_string(), "{body}");
    (status, body)
}

async fn status(function: &mut Function, request: &Value) -> u64 {
    answer(function, request).await.0
}

/// The content of the dead-letter queue.
fn dead_letters(function: &Function) -> Vec<Value> {
    function.queue("failed")
}

/// Number of messages that SNS and Slack received.
fn shown(function: &Function) -> (usize, usize) {
    let script = lock(&function.script);
    (script.sns_messages.len(), script.slack_messages.len())
}

/// The responses in the log, and the outcomes of messages for channels. The log never contains a token or an
/// alert's text.
async fn log(function: Function) -> (Vec<Value>, Vec<Value>) {
    let said = function.stop().await;
    assert!(
        !said.contains(TOKEN) && !said.contains(OLD_TOKEN) && !said.contains("/login"),
        "{said}"
    );
    let line = |line| serde_json::from_str(line).expect("a line of JSON");
    let lines = said.lines().map(line);
    lines.partition(|line: &Value| line.get("kind").is_some())
}

#[tokio::test]
async fn an_alert_reaches_topic_and_channel() {
    let mut function = endpoint(|command| {
        command.env("MESSAGE_SUBJECT", "🚨 ElastAlert 알림 !!!").env(
            "MESSAGE_BODY",
            "API: {API}\nIP: {sourceIP}\n{result} 에러, {missing}",
        );
    })
    .await;
    assert_eq!(
        status(&mut function, &request(&alert("1").to_string())).await,
        200
    );
    {
        let script = lock(&function.script);
        let letter = &script.sns_messages[0];
        assert_eq!(letter["TopicArn"], TOPIC);
        assert_eq!(letter["Subject"], "🚨 ElastAlert 알림 !!!");
        assert_eq!(letter["Message"], "API: /login\nIP: 203.0.113.7\n500 에러, N/A");
        let message = &script.slack_messages[0].1;
        assert_eq!(crate::support::headline(message), "*🚨 ElastAlert 알림 !!!*");
        assert_eq!(message["text"], "🚨 ElastAlert 알림 !!!");
        assert_eq!(script.slack_messages.len(), 1);
    }
    let (answers, messages) = log(function).await;
    assert_eq!(
        answers,
        [json!({
            "kind": "done", "duty": "ingest", "outcome": "delivered",
            "requestId": "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
        })]
    );
    assert_eq!(messages.len(), 1);
    assert_eq!(
        (&messages[0]["duty"], &messages[0]["Delivered"]),
        (&json!("ingest"), &json!(1))
    );
}

#[tokio::test]
async fn nobody_comes_in_without_a_token() {
    let mut function = endpoint(|_| {}).await;
    let body = alert("1").to_string();
    for headers in [
        json!({}),
        json!({ "authorization": "Bearer wrong" }),
        json!({ "authorization": format!("Basic {TOKEN}") }),
        json!({ "authorization": TOKEN }),
        json!({ "x-api-key": "wrong" }),
        json!({ "x-api-key": sha256(TOKEN) }),
    ] {
        let mut request = request(&body);
        request["headers"] = headers;
        let answer = function.succeed(&request).await;
        assert_eq!(answer["statusCode"], 401, "{request}");
        assert_eq!(answer["headers"]["www-authenticate"], "Bearer");
    }
    assert_eq!((shown(&function), function.kms_requests().len()), ((0, 0), 0));
    for headers in [
        json!({ "authorization": format!("bearer {OLD_TOKEN}") }),
        json!({ "x-api-key": TOKEN }),
    ] {
        let mut request = request(r#"{"a":1}"#);
        request["headers"] = headers;
        assert_eq!(status(&mut function, &request).await, 200);
    }
    let (lines, _) = log(function).await;
    assert_eq!(
        lines
            .iter()
            .filter(|line| line["outcome"] == "unauthorized")
            .count(),
        6
    );
}

#[tokio::test]
async fn an_alert_that_comes_again_is_not_sent_again() {
    let mut function = endpoint(|_| {}).await;
    for id in ["1", "1", "2", "1"] {
        assert_eq!(status(&mut function, &request(&alert(id).to_string())).await, 200);
    }
    assert_eq!(shown(&function), (2, 2));
    // Without an id, duplicates cannot be recognized.
    for _ in 0..2 {
        status(&mut function, &request(r#"{"rule":"5xx"}"#)).await;
    }
    assert_eq!(shown(&function), (4, 4));
    // A retry after a failure is not a duplicate.
    {
        let mut script = lock(&function.script);
        script.sns_refusals = [(429, "Throttled")].into();
        script.slack_always = Some((500, "rollup_error"));
    }
    assert_eq!(
        status(&mut function, &request(&alert("3").to_string())).await,
        503
    );
    lock(&function.script).slack_always = None;
    assert_eq!(
        status(&mut function, &request(&alert("3").to_string())).await,
        200
    );
    let (lines, _) = log(function).await;
    assert_eq!(
        lines.iter().filter(|line| line["outcome"] == "duplicate").count(),
        2
    );
}

#[tokio::test]
async fn an_endpoint_without_a_token_or_a_destination_is_closed() {
    for (name, value, problem) in [
        ("TOKEN_SHA256", "", "TOKEN_SHA256 is not set"),
        (
            "TOKEN_SHA256",
            TOKEN,
            "TOKEN_SHA256 is not one or more SHA-256 digests",
        ),
        ("DEAD_LETTER_QUEUE", "", "DEAD_LETTER_QUEUE is not set"),
        ("MESSAGE_BODY", "{a", "MESSAGE_BODY is no template"),
        ("ALERTCTL_DUTY", "swallow", "ALERTCTL_DUTY is `swallow`"),
    ] {
        let mut function = endpoint(|command| {
            command.env(name, value);
        })
        .await;
        let error = function.fail(&request("{}")).await;
        assert!(error.contains(problem), "{error}");
        log(function).await;
    }
    let mut function = endpoint(|command| {
        command.env("TOPICS", "[]").env("DESTINATIONS", "");
    })
    .await;
    let error = function.fail(&request("{}")).await;
    assert!(error.contains("name no destination"), "{error}");
}

#[tokio::test]
async fn no_request_passes_as_something_parked() {
    let mut function = endpoint(|_| {}).await;
    let letter = json!({
        "alertctl": { "endpoint": "elastalert", "channels": ["project"], "parked": { "at": "now" } },
        "event": alert("1"),
    });
    // A caller controls the body, the headers and the query.
    let mut request = request(&letter.to_string());
    request["headers"] = json!({ "alertctl": "x", "event": "y" });
    request["queryStringParameters"] = json!({ "alertctl": "x", "event": "y" });
    assert_eq!(function.succeed(&request).await["statusCode"], 401);
    // Not even with these fields next to those of a request.
    request["alertctl"] = letter["alertctl"].clone();
    request["event"] = letter["event"].clone();
    assert_eq!(function.succeed(&request).await["statusCode"], 401);
    assert_eq!(shown(&function), (0, 0));
    log(function).await;
}

#[tokio::test]
async fn an_alert_waits_in_the_buffer_of_its_channel() {
    const BUFFER: &str = "arn:aws:sqs:ap-northeast-2:111122223333:mission-project-buffer";
    let mut function = endpoint(|command| {
        command
            .env("BUFFERS", json!({ "project": BUFFER }).to_string())
            .env("MESSAGE_SUBJECT", "{rule}")
            .env("MESSAGE_BODY", "API: {API}");
    })
    .await;
    let mut request = request(&alert("1").to_string());
    request["headers"]["x-alertctl-test"] = "t-0123abcd".into();
    assert_eq!(status(&mut function, &request).await, 200);
    assert_eq!(shown(&function), (1, 0));
    let waiting = &function.queue("mission-project-buffer")[0];
    assert_eq!(
        waiting["alertctl"],
        json!({
            "endpoint": "elastalert", "channels": ["project"], "test": "t-0123abcd",
            "verdict": { "severity": "info" },
        })
    );
    // Formatted with the endpoint's templates, so that the relay does not need them.
    let sns = &waiting["event"]["Records"][0]["Sns"];
    assert_eq!(
        (&sns["Subject"], &sns["Message"]),
        (&json!("5xx"), &json!("API: /login"))
    );
    assert!(sns["MessageId"].is_string());
    // The topic's subscribers see that it is a test, and so does a relay behind the topic.
    let letter = lock(&function.script).sns_messages[0].clone();
    assert_eq!(letter["Subject"], "[TEST] 5xx");
    assert!(letter["Message"].starts_with("This is only a test (t-0123abcd)."));
    assert_eq!(letter["MessageAttributes.entry.1.Name"], "alertctl.test");
    assert_eq!(
        letter["MessageAttributes.entry.1.Value.StringValue"],
        "t-0123abcd"
    );
    let (answers, messages) = log(function).await;
    assert_eq!(answers[0]["outcome"], "delivered");
    assert_eq!(messages[0]["outcome"], "buffered");
}
