//! Fakes of everything around the function, on loopback: AWS and Slack here, the Runtime API in its own file.

use super::workspace::Workspace;
use super::{cloudwatch, dynamodb, logs};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::pending;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

pub use super::runtime_api::{Outcome, Runtime};

/// What AWS and Slack received, and how they respond.
#[derive(Default)]
pub struct Script {
    /// Services that accept a request and never respond: `slack`, `KMS`, `SNS`, `SQS`, `CloudTrail`, `CloudWatch`, `Logs`,
    /// `Organizations`.
    pub silent: BTreeSet<&'static str>,
    /// Status and error code of SNS's next responses; afterwards it publishes.
    pub sns_refusals: VecDeque<(u16, &'static str)>,
    /// Parameters of each message that SNS received.
    pub sns_messages: Vec<BTreeMap<String, String>>,
    /// Status and error code of SQS's next responses; afterwards it stores.
    pub sqs_refusals: VecDeque<(u16, &'static str)>,
    /// Messages that SQS stored.
    pub sqs_requests: Vec<Value>,
    /// Receipt handle of each message that was put off, and for how many seconds.
    pub put_off: Vec<(String, u64)>,
    /// Whether CloudTrail reports that the trail is logging.
    pub logging: bool,
    /// Status and error code of the next responses to `StartLogging`; afterwards it starts.
    pub start_refusals: VecDeque<(u16, &'static str)>,
    /// The calls that CloudTrail received, with the trail in the request and the region of the signature.
    pub trail_calls: Vec<(String, String, String)>,
    /// Status and error body of KMS's next responses; afterwards it decrypts.
    pub kms_refusals: VecDeque<(u16, Value)>,
    /// The plaintext of every ciphertext but those in `webhooks`.
    pub plaintext: String,
    /// The plaintext of each of these ciphertexts, in Base64.
    pub webhooks: BTreeMap<String, String>,
    /// Requests that KMS received.
    pub kms_requests: Vec<Value>,
    /// The `Retry-After` of Slack's responses with status 429, in seconds; 1 by default.
    pub slack_pause: Option<u64>,
    /// Status and body of Slack's next responses; afterwards 200 `ok`.
    pub slack_answers: VecDeque<(u16, String)>,
    /// Slack's response after those, for every request.
    pub slack_always: Option<(u16, &'static str)>,
    /// Slack's response at these paths, for every request.
    pub slack_at: BTreeMap<String, (u16, &'static str)>,
    /// Path and body of each message that Slack received.
    pub slack_messages: Vec<(String, Value)>,
    /// Name and event of each function that was invoked.
    pub invoked: Vec<(String, Value)>,
    /// Status and error code of Lambda's next responses; afterwards it invokes.
    pub invoke_refusals: VecDeque<(u16, &'static str)>,
    /// Names of alarm mute rules that were deleted.
    pub unmuted: Vec<String>,
    /// Region and request of each alarm mute rule that was put.
    pub mute_rules: Vec<(String, Value)>,
    /// Status and error code of CloudWatch's next responses; afterwards it takes the rule.
    pub mute_refusals: VecDeque<(u16, &'static str)>,
    /// The workspace that the table of DynamoDB belongs to.
    pub workspace: Option<Workspace>,
    /// What CloudWatch was asked for, and in which region.
    pub metric_requests: Vec<(String, Value)>,
    /// Status and body of CloudWatch's next answers; afterwards a value for each period.
    pub metric_answers: VecDeque<(u16, Value)>,
    /// What CloudWatch Logs was asked for, and in which region.
    pub query_requests: Vec<(String, Value)>,
    /// Status and body of its next answers; afterwards it knows no run.
    pub query_answers: VecDeque<(u16, Value)>,
    /// Account id → name, of the accounts in the organization.
    pub account_names: BTreeMap<String, String>,
    /// The accounts that Organizations was asked for.
    pub account_requests: Vec<String>,
    /// Status and error code of its next answers.
    pub account_refusals: VecDeque<(u16, &'static str)>,
    /// Body of each message that Slack accepted.
    pub slack_taken: Vec<Value>,
}

pub type Shared = Arc<Mutex<Script>>;

/// AWS and Slack on one port: `POST /` is for AWS, every other path is a webhook.
pub async fn services(script: Shared) -> SocketAddr {
    serve(
        Router::new()
            .route("/", post(aws))
            .route("/2015-03-31/functions/{name}/invocations", post(invoke))
            .fallback(slack)
            .with_state(script),
    )
    .await
}

async fn aws(State(script): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    let signature = headers["authorization"].to_str().expect("ASCII");
    let credential = signature
        .strip_prefix("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")
        .unwrap_or_else(|| panic!("{signature}"));
    assert_eq!(headers["x-amz-security-token"], "session");
    let region = credential.split('/').nth(1).expect("a region");
    let target = headers
        .get("x-amz-target")
        .map(|target| target.to_str().expect("ASCII"));
    let Some((service, call)) = target.and_then(|target| target.rsplit_once('.')) else {
        return sns(&script, &body).await;
    };
    let request: Value = serde_json::from_slice(&body).expect("JSON");
    match (service, call) {
        ("TrentService", "Decrypt") => kms(&script, request).await,
        ("DynamoDB_20120810", call) => dynamodb::answer(&script, call, &request),
        ("GraniteServiceVersion20100801", "GetMetricData") => {
            assert_eq!(headers["content-type"], "application/x-amz-json-1.0");
            assert!(credential.contains("/monitoring/aws4_request"), "{credential}");
            cloudwatch::answer(&script, request, region).await
        }
        ("Logs_20140328", "GetQueryResults") => {
            assert!(credential.contains("/logs/aws4_request"), "{credential}");
            logs::answer(&script, request, region).await
        }
        ("AWSOrganizationsV20161128", "DescribeAccount") => {
            // Organizations is in one region for all.
            assert!(
                credential.contains("/us-east-1/organizations/aws4_request"),
                "{credential}"
            );
            account(&script, &request).await
        }
        ("AmazonSQS", "SendMessage") => sqs(&script, request).await,
        ("AmazonSQS", "ChangeMessageVisibilityBatch") => put_off(&script, &request).await,
        ("GraniteServiceVersion20100801", "PutAlarmMuteRule") => cloudwatch::mute(&script, request, region),
        ("GraniteServiceVersion20100801", "DeleteAlarmMuteRule") => {
            cloudwatch::unmute(&script, &request, region)
        }
        (service, call) if service.ends_with("CloudTrail_20131101") => {
            cloudtrail(&script, call, request, region).await
        }
        other => panic!("{other:?}"),
    }
}

/// Lambda takes an event for a function, and answers before that runs.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>
async fn invoke(
    State(script): State<Shared>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let signature = headers["authorization"].to_str().expect("ASCII");
    assert!(signature.contains("/lambda/aws4_request"), "{signature}");
    assert!(signature.contains("x-amz-invocation-type"), "{signature}");
    assert_eq!(headers["x-amz-invocation-type"], "Event");
    speak(&script, "Lambda").await;
    let mut script = script.lock().expect("not poisoned");
    if let Some((status, code)) = script.invoke_refusals.pop_front() {
        let status = StatusCode::from_u16(status).expect("a status");
        return (
            status,
            [("x-amzn-errortype", code)],
            json!({ "Message": "no" }).to_string(),
        )
            .into_response();
    }
    let event = serde_json::from_slice(&body).expect("JSON");
    script.invoked.push((name, event));
    StatusCode::ACCEPTED.into_response()
}

/// Never returns if `service` is silent.
pub async fn speak(script: &Shared, service: &str) {
    let silent = script.lock().expect("not poisoned").silent.contains(service);
    if silent {
        pending::<()>().await;
    }
}

async fn kms(script: &Shared, request: Value) -> Response {
    speak(script, "KMS").await;
    let mut script = script.lock().expect("not poisoned");
    let ciphertext = request["CiphertextBlob"].as_str().unwrap_or_default();
    let known = script.webhooks.get(ciphertext).cloned();
    script.kms_requests.push(request);
    let (status, answer) = script.kms_refusals.pop_front().unwrap_or_else(|| {
        let plaintext = known.unwrap_or_else(|| script.plaintext.clone());
        let plaintext = BASE64_STANDARD.encode(plaintext);
        (
            200,
            json!({ "KeyId": "arn:aws:kms:us-east-1:111122223333:key/k", "Plaintext": plaintext }),
        )
    });
    answered(status, "application/x-amz-json-1.1", answer.to_string())
}

async fn sns(script: &Shared, body: &[u8]) -> Response {
    let body = std::str::from_utf8(body).expect("ASCII");
    let decode = |text: &str| {
        let text = text.replace('+', " ");
        percent_decode_str(&text)
            .decode_utf8()
            .expect("UTF-8")
            .into_owned()
    };
    let request: BTreeMap<_, _> = body
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(key, value)| (decode(key), decode(value)))
        .collect();
    assert_eq!(request["Action"], "Publish");
    let refusal = {
        let mut script = script.lock().expect("not poisoned");
        script.sns_messages.push(request);
        script.sns_refusals.pop_front()
    };
    speak(script, "SNS").await;
    match refusal {
        None => answered(
            200,
            "text/xml",
            "<PublishResponse><PublishResult><MessageId>m</MessageId></PublishResult></PublishResponse>"
                .to_owned(),
        ),
        Some((status, code)) => answered(
            status,
            "text/xml",
            format!("<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"),
        ),
    }
}

async fn sqs(script: &Shared, request: Value) -> Response {
    speak(script, "SQS").await;
    let mut script = script.lock().expect("not poisoned");
    let (status, answer) = match script.sqs_refusals.pop_front() {
        None => {
            script.sqs_requests.push(request);
            (200, json!({ "MessageId": "m" }))
        }
        Some((status, code)) => (status, json!({ "__type": code, "message": "no" })),
    };
    answered(status, "application/x-amz-json-1.0", answer.to_string())
}

/// An account of the organization, by its id.
/// <https://docs.aws.amazon.com/organizations/latest/APIReference/API_DescribeAccount.html>
async fn account(script: &Shared, request: &Value) -> Response {
    let id = request["AccountId"].as_str().expect("an account").to_owned();
    let (status, answer) = {
        let mut script = script.lock().expect("not poisoned");
        let name = script.account_names.get(&id).cloned();
        script.account_requests.push(id.clone());
        match (script.account_refusals.pop_front(), name) {
            (Some((status, code)), _) => (status, json!({ "__type": code, "message": "no" })),
            (None, Some(name)) => (200, json!({ "Account": { "Id": id, "Name": name } })),
            (None, None) => (
                400,
                json!({ "__type": "AccountNotFoundException", "message": "no" }),
            ),
        }
    };
    speak(script, "Organizations").await;
    answered(status, "application/x-amz-json-1.1", answer.to_string())
}

/// SQS takes ten entries, with ids that differ, and counts in seconds up to twelve hours.
async fn put_off(script: &Shared, request: &Value) -> Response {
    speak(script, "SQS").await;
    let entries = request["Entries"].as_array().expect("entries");
    let ids: BTreeSet<_> = entries
        .iter()
        .map(|entry| entry["Id"].as_str().expect("an id"))
        .collect();
    assert!(
        ids.len() == entries.len() && (1..=10).contains(&entries.len()),
        "{request}"
    );
    let mut script = script.lock().expect("not poisoned");
    for entry in entries {
        let receipt = entry["ReceiptHandle"].as_str().expect("a receipt").to_owned();
        let seconds = entry["VisibilityTimeout"].as_u64().expect("seconds");
        assert!((1..=43_200).contains(&seconds), "{request}");
        script.put_off.push((receipt, seconds));
    }
    let answer = json!({ "Successful": [], "Failed": [] }).to_string();
    answered(200, "application/x-amz-json-1.0", answer)
}

async fn cloudtrail(script: &Shared, call: &str, request: Value, region: &str) -> Response {
    let (status, answer) = {
        let mut script = script.lock().expect("not poisoned");
        let trail = request["Name"].as_str().expect("a trail").to_owned();
        script
            .trail_calls
            .push((call.to_owned(), trail, region.to_owned()));
        match call {
            "GetTrailStatus" => (200, json!({ "IsLogging": script.logging })),
            "StartLogging" => match script.start_refusals.pop_front() {
                None => (200, json!({})),
                Some((status, code)) => (status, json!({ "__type": code, "message": "no" })),
            },
            other => panic!("{other}"),
        }
    };
    speak(script, "CloudTrail").await;
    answered(status, "application/x-amz-json-1.1", answer.to_string())
}

pub fn answered(status: u16, content_type: &str, body: String) -> Response {
    let status = StatusCode::from_u16(status).expect("a status");
    (status, [("content-type", content_type)], body).into_response()
}

async fn slack(State(script): State<Shared>, uri: Uri, body: Bytes) -> Response {
    // A heartbeat service is called without a body.
    let message: Value = match body.is_empty() {
        true => Value::Null,
        false => serde_json::from_slice(&body).expect("a message is JSON"),
    };
    let (status, answer, pause) = {
        let mut script = script.lock().expect("not poisoned");
        script
            .slack_messages
            .push((uri.path().to_owned(), Value::clone(&message)));
        let pause = script.slack_pause.unwrap_or(1).to_string();
        let here = script.slack_at.get(uri.path()).copied();
        let always = here.or(script.slack_always).unwrap_or((200, "ok"));
        let always = (always.0, always.1.to_owned());
        let (status, answer) = script.slack_answers.pop_front().unwrap_or(always);
        if status == 200 {
            script.slack_taken.push(message);
        }
        (status, answer, pause)
    };
    speak(&script, "slack").await;
    let status = StatusCode::from_u16(status).expect("a status");
    if status == StatusCode::TOO_MANY_REQUESTS {
        return (status, [("retry-after", pause)], answer).into_response();
    }
    (status, answer).into_response()
}

pub async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("its address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}
