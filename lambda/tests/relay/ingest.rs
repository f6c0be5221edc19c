//! Tests the real executable with the duty `ingest`, with a fake API Gateway, AWS and Slack.

use crate::support::function::{Function, lock};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::process::Command;

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
fn parked(function: &Function) -> Vec<Value> {
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
async fn what_cannot_be_shown_is_stored() {
    let mut function = endpoint(|command| {
        command.env("BODY_LIMIT", "1000");
    })
    .await;
    let header = |name: &str, value: &str| {
        let mut request = request("{}");
        request["headers"][name] = value.into();
        request
    };
    let cases = [
        (request(&format!(r#"{{"a":"{}"}}"#, "x".repeat(1_000))), "larger"),
        (header("content-encoding", "br"), "not with gzip"),
        (header("content-encoding", "gzip"), "not gzip"),
    ];
    for (index, (request, reason)) in cases.iter().enumerate() {
        let (status, body) = answer(&mut function, request).await;
        assert_eq!(status, 202, "{request}");
        let message = body["message"].as_str().expect("a text");
        assert!(
            message.contains("stored") && message.contains(reason),
            "{message}"
        );
        let parked = parked(&function);
        assert_eq!(parked.len(), index + 1);
        let why = &parked[index]["alertctl"]["parked"];
        assert!(
            why["reason"].as_str().expect("a reason").contains(reason),
            "{why}"
        );
        assert_eq!(why["requestId"], "8476a536-e9f4-11e8-9739-2dfe598c3fcd");
    }
    let wrapper = &parked(&function)[0]["alertctl"];
    assert_eq!(
        (&wrapper["endpoint"], &wrapper["channels"], &wrapper["topics"]),
        (&json!("elastalert"), &json!(["project"]), &json!([TOPIC]))
    );
    assert_eq!(shown(&function), (0, 0));
    lock(&function.script).sqs_refusals = [(400, "AccessDenied")].into();
    assert_eq!(status(&mut function, &cases[1].0).await, 503);
    let (lines, _) = log(function).await;
    assert!(
        lines[..3]
            .iter()
            .all(|line| line["kind"] == "refused" && line["outcome"] == "stored")
    );
    assert_eq!(
        (&lines[3]["kind"], &lines[3]["outcome"]),
        (&json!("failed"), &json!("unavailable"))
    );
}

#[tokio::test]
async fn what_is_no_alert_is_shown_as_the_text_it_is() {
    let mut function = endpoint(|_| {}).await;
    let mut base64 = request("{}");
    base64["isBase64Encoded"] = true.into();
    let mut euc_kr = base64.clone();
    euc_kr["body"] = BASE64_STANDARD.encode([b'"', 0xb0, 0xa1, b'"']).into();
    let mut empty = request("");
    empty["body"] = Value::Null;
    let cases = [
        (request("disk full on db-1"), "not JSON", "disk full on db-1"),
        (request("{\"a\":"), "not JSON", "{\"a\":"),
        (request(&"[".repeat(900)), "nested", "[[[["),
        (request("[{\"a\":1}]"), "not a JSON object", "[{\"a\":1}]"),
        (empty, "not JSON", ""),
        (euc_kr, "not in UTF-8", "\u{fffd}"),
        (base64, "not Base64", "{}"),
    ];
    for (index, (request, reason, text)) in cases.iter().enumerate() {
        let (status, body) = answer(&mut function, request).await;
        assert_eq!(status, 200, "{request}");
        let message = body["message"].as_str().expect("a text");
        assert!(
            message.contains("as text") && message.contains(reason),
            "{message}"
        );
        let (_, slack) = function.messages().pop().expect("a message");
        assert!(crate::support::headline(&slack).contains("elastalert"));
        let mail = lock(&function.script).sns_messages[index].clone();
        let blocks = slack["attachments"].to_string();
        let quoted = json!(text).to_string();
        assert!(blocks.contains(quoted.trim_matches('"')), "{text}: {blocks}");
        assert!(mail["Message"].contains(text), "{mail:?}");
    }
    assert!(parked(&function).is_empty());
    // While nobody takes it, the sender keeps it.
    {
        let mut script = lock(&function.script);
        script.sns_refusals = [(429, "Throttled")].into();
        script.slack_always = Some((500, "rollup_error"));
    }
    assert_eq!(status(&mut function, &request("again")).await, 503);
    lock(&function.script).slack_always = None;
    log(function).await;
}

#[tokio::test]
async fn what_python_sends_is_read() {
    let mut function = endpoint(|_| {}).await;
    let plain = "\u{feff}{\"rule\": \"NaN\", \"value\": NaN, \"list\": [-Infinity, 1]}";
    let mut encoded = request(&BASE64_STANDARD.encode("{\"rule\": \"\\ud55c\", \"value\": 2}"));
    encoded["isBase64Encoded"] = true.into();
    encoded["headers"]["content-type"] = "application/json; charset=UTF-8".into();
    assert_eq!(status(&mut function, &request(plain)).await, 200);
    assert_eq!(status(&mut function, &encoded).await, 200);
    let messages = lock(&function.script).sns_messages.clone();
    assert_eq!(messages[0]["Subject"], "ElastAlert: NaN");
    assert!(messages[0]["Message"].contains("\"value\": null"), "{messages:?}");
    assert_eq!(messages[1]["Subject"], "ElastAlert: 한");
    log(function).await;
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
async fn what_all_refuse_for_good_is_stored() {
    let mut function = endpoint(|_| {}).await;
    {
        let mut script = lock(&function.script);
        script.sns_refusals = [(403, "AuthorizationError")].into();
        script.slack_answers = [(404, "no_service".to_owned())].into();
    }
    let body = alert("1").to_string();
    assert_eq!(status(&mut function, &request(&body)).await, 202);
    let record = &parked(&function)[0];
    let wrapper = &record["alertctl"];
    assert_eq!(
        (&wrapper["channels"], &wrapper["topics"]),
        (&json!(["project"]), &json!([TOPIC]))
    );
    let reason = wrapper["parked"]["reason"].as_str().expect("a reason");
    assert!(
        reason.contains("no_service") && reason.contains("SNS answers AuthorizationError: no"),
        "{reason}"
    );
    assert_eq!(record["event"], alert("1"));
    // The alert is in the queue, so the sender need not retry it.
    assert_eq!(status(&mut function, &request(&body)).await, 200);
    assert_eq!(shown(&function), (1, 1));
    let (lines, _) = log(function).await;
    assert_eq!(
        (&lines[0]["kind"], &lines[0]["outcome"]),
        (&json!("failed"), &json!("stored"))
    );
}

#[tokio::test]
async fn what_one_has_is_stored_for_the_others() {
    let mut function = endpoint(|_| {}).await;
    lock(&function.script).slack_always = Some((500, "rollup_error"));
    let body = alert("1").to_string();
    assert_eq!(status(&mut function, &request(&body)).await, 202);
    let wrapper = &parked(&function)[0]["alertctl"];
    assert_eq!(
        (&wrapper["channels"], wrapper.get("topics")),
        (&json!(["project"]), None)
    );
    // If the queue fails, too, the sender must retry the whole alert.
    {
        let mut script = lock(&function.script);
        script.slack_always = Some((404, "no_service"));
        script.sqs_refusals = [(400, "AWS.SimpleQueueService.NonExistentQueue")].into();
    }
    assert_eq!(
        status(&mut function, &request(&alert("2").to_string())).await,
        503
    );
    log(function).await;
}

#[tokio::test]
async fn what_nobody_takes_now_comes_again() {
    let mut function = endpoint(|_| {}).await;
    {
        let mut script = lock(&function.script);
        script.sns_refusals = [(403, "AuthorizationError")].into();
        script.slack_always = Some((503, "busy"));
    }
    assert_eq!(
        status(&mut function, &request(&alert("1").to_string())).await,
        503
    );
    assert!(parked(&function).is_empty());
    let (lines, _) = log(function).await;
    assert!(lines[0]["reason"].as_str().expect("a reason").contains("busy"));
}

#[tokio::test]
async fn silence_is_not_waited_for() {
    let silent: [(&[&str], u64, usize); 4] = [
        (&["slack", "SNS"], 503, 0),
        (&["KMS", "SNS"], 503, 0),
        (&["slack"], 202, 1),
        (&["slack", "SQS"], 503, 0),
    ];
    let mut cases = Vec::new();
    for (services, expected, stored) in silent {
        cases.push(tokio::spawn(async move {
            let mut function = endpoint(|_| {}).await;
            lock(&function.script).silent = services.iter().copied().collect();
            assert_eq!(
                status(&mut function, &request(&alert("1").to_string())).await,
                expected,
                "{services:?}"
            );
            assert_eq!(parked(&function).len(), stored, "{services:?}");
            log(function).await;
        }));
    }
    for case in cases {
        case.await.expect("the case holds");
    }
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
async fn what_is_parked_and_sent_again_goes_to_those_without_it() {
    let mut function = endpoint(|_| {}).await;
    lock(&function.script).slack_answers = [(404, "no_service".to_owned())].into();
    status(&mut function, &request(&alert("1").to_string())).await;
    // One that cannot be shown, and is stored as it came.
    let mut compressed = request("{\"a\":");
    compressed["headers"]["content-encoding"] = "br".into();
    status(&mut function, &compressed).await;
    let letters = parked(&function);
    assert_eq!(shown(&function), (1, 1));
    let answer = function.succeed(&letters[0]).await;
    assert_eq!(answer, json!({ "delivered": 1, "parked": 0 }));
    assert_eq!(shown(&function), (1, 2));
    // A body that is not JSON is shown as text.
    let answer = function.succeed(&letters[1]).await;
    assert_eq!(answer, json!({ "delivered": 2, "parked": 0 }));
    let message = lock(&function.script).slack_messages[2].1.to_string();
    assert!(message.contains("{\\\"a\\\":"), "{message}");
    // Destinations that have the alert by now do not get it again. A new failure is reported, or becomes a dead
    // letter again.
    function.succeed(&letters[1]).await;
    assert_eq!(shown(&function), (2, 3));
    let mut letter = letters[0].clone();
    letter["alertctl"]["parked"]["at"] = "later".into();
    lock(&function.script).slack_answers = [(410, "channel_is_archived".to_owned())].into();
    assert_eq!(
        function.succeed(&letter).await,
        json!({ "delivered": 0, "parked": 1 })
    );
    assert_eq!(parked(&function)[2]["event"], alert("1"));
    lock(&function.script).slack_always = Some((500, "rollup_error"));
    function.runtime.hurry(Duration::from_secs(3));
    letter["alertctl"]["parked"]["at"] = "later still".into();
    assert!(function.fail(&letter).await.contains("rollup_error"));
    log(function).await;
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
