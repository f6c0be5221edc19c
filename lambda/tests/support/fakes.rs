//! The world of the relay on loopback: Lambda's Runtime API, KMS and Slack.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Instant;
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc};

/// How an invocation ended, as the function told the Runtime API.
#[derive(Debug)]
pub enum Outcome {
    Success(Value),
    /// The body of the report, which Lambda hands to the dead-letter queue and the caller.
    Failure(Value),
}

/// What KMS and Slack saw, and how they answer.
#[derive(Default)]
pub struct Script {
    /// Status and error body of KMS's next answers; afterwards it decrypts.
    pub kms_refusals: VecDeque<(u16, Value)>,
    /// What every ciphertext decrypts to.
    pub plaintext: String,
    /// Requests that KMS got.
    pub kms_requests: Vec<Value>,
    /// Status and body of Slack's answers; afterwards 200 `ok`.
    pub slack_answers: VecDeque<(u16, String)>,
    /// Path and body of each message that Slack got.
    pub slack_messages: Vec<(String, Value)>,
}

pub type Shared = Arc<Mutex<Script>>;

/// Invocations to hand out one at a time.
pub struct Invocations {
    waiting: Mutex<VecDeque<Value>>,
    arrived: Notify,
    outcomes: mpsc::UnboundedSender<Outcome>,
    polls: mpsc::UnboundedSender<Instant>,
}

pub struct Runtime {
    pub address: SocketAddr,
    invocations: Arc<Invocations>,
    outcomes: mpsc::UnboundedReceiver<Outcome>,
    polls: mpsc::UnboundedReceiver<Instant>,
}

impl Runtime {
    pub async fn start() -> Self {
        let (outcome_sender, outcomes) = mpsc::unbounded_channel();
        let (poll_sender, polls) = mpsc::unbounded_channel();
        let invocations = Arc::new(Invocations {
            waiting: Mutex::default(),
            arrived: Notify::new(),
            outcomes: outcome_sender,
            polls: poll_sender,
        });
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/{how}", post(report))
            .with_state(invocations.clone());
        Self {
            address: serve(router).await,
            invocations,
            outcomes,
            polls,
        }
    }

    /// Waits until the function asks for work, and says when it did.
    pub async fn polled(&mut self) -> Instant {
        self.polls.recv().await.expect("the server lives")
    }

    pub async fn invoke(&mut self, event: &Value) -> Outcome {
        self.invocations
            .waiting
            .lock()
            .expect("not poisoned")
            .push_back(event.clone());
        self.invocations.arrived.notify_one();
        self.outcomes.recv().await.expect("the server lives")
    }
}

async fn next(State(invocations): State<Arc<Invocations>>) -> Response {
    let _ = invocations.polls.send(Instant::now());
    loop {
        let event = invocations.waiting.lock().expect("not poisoned").pop_front();
        if let Some(event) = event {
            let headers = [
                (
                    "lambda-runtime-aws-request-id",
                    "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
                ),
                ("lambda-runtime-deadline-ms", "4102444800000"),
                (
                    "lambda-runtime-invoked-function-arn",
                    "arn:aws:lambda:us-east-1:111122223333:function:f",
                ),
                (
                    "lambda-runtime-trace-id",
                    "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700",
                ),
            ];
            return (headers, event.to_string()).into_response();
        }
        invocations.arrived.notified().await;
    }
}

async fn report(
    State(invocations): State<Arc<Invocations>>,
    Path((_, how)): Path<(String, String)>,
    body: Bytes,
) -> StatusCode {
    let body = serde_json::from_slice(&body).expect("a report is JSON");
    let outcome = if how == "response" {
        Outcome::Success(body)
    } else {
        Outcome::Failure(body)
    };
    let _ = invocations.outcomes.send(outcome);
    StatusCode::ACCEPTED
}

/// KMS and Slack on one port: KMS takes `POST /`, every other path is a webhook.
pub async fn services(script: Shared) -> SocketAddr {
    serve(
        Router::new()
            .route("/", post(kms))
            .fallback(slack)
            .with_state(script),
    )
    .await
}

async fn kms(State(script): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    assert_eq!(headers["x-amz-target"], "TrentService.Decrypt");
    let signature = headers["authorization"].to_str().expect("ASCII");
    assert!(
        signature.starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"),
        "{signature}"
    );
    assert_eq!(headers["x-amz-security-token"], "session");
    let request: Value = serde_json::from_slice(&body).expect("JSON");
    let mut script = script.lock().expect("not poisoned");
    script.kms_requests.push(request);
    let (status, answer) = script.kms_refusals.pop_front().unwrap_or_else(|| {
        let plaintext = BASE64_STANDARD.encode(&script.plaintext);
        (
            200,
            json!({ "KeyId": "arn:aws:kms:us-east-1:111122223333:key/k", "Plaintext": plaintext }),
        )
    });
    let status = StatusCode::from_u16(status).expect("a status");
    (
        status,
        [("content-type", "application/x-amz-json-1.1")],
        answer.to_string(),
    )
        .into_response()
}

async fn slack(State(script): State<Shared>, uri: Uri, body: Bytes) -> Response {
    let message = serde_json::from_slice(&body).expect("a message is JSON");
    let mut script = script.lock().expect("not poisoned");
    script.slack_messages.push((uri.path().to_owned(), message));
    let (status, answer) = script.slack_answers.pop_front().unwrap_or((200, "ok".to_owned()));
    (StatusCode::from_u16(status).expect("a status"), answer).into_response()
}

async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("its address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}
