//! A fake of Lambda's Runtime API: it hands out invocations one at a time, and takes their results.

use super::fakes::serve;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::Value;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::{Notify, mpsc};

/// The result of an invocation, as reported to the Runtime API.
#[derive(Debug)]
pub enum Outcome {
    Success(Value),
    /// The body of the report, which Lambda puts into the dead-letter queue and returns to the caller.
    Failure(Value),
}

/// Invocations, which are delivered one at a time.
pub struct Invocations {
    pub waiting: Mutex<VecDeque<String>>,
    /// Time limit of an invocation; `None` for no limit.
    pub time: Mutex<Option<Duration>>,
    /// Number of processes that were killed before this one.
    pub killed: AtomicU16,
    arrived: Notify,
    outcomes: mpsc::UnboundedSender<Outcome>,
    polls: mpsc::UnboundedSender<Instant>,
}

pub struct Runtime {
    pub address: SocketAddr,
    pub invocations: Arc<Invocations>,
    pub outcomes: mpsc::UnboundedReceiver<Outcome>,
    polls: mpsc::UnboundedReceiver<Instant>,
}

impl Runtime {
    pub async fn start() -> Self {
        let (outcome_sender, outcomes) = mpsc::unbounded_channel();
        let (poll_sender, polls) = mpsc::unbounded_channel();
        let invocations = Arc::new(Invocations {
            waiting: Mutex::default(),
            time: Mutex::default(),
            killed: AtomicU16::default(),
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

    /// Waits until the function asks for work; returns the time when it did.
    pub async fn polled(&mut self) -> Instant {
        self.polls.recv().await.expect("the server lives")
    }

    /// `event` must be JSON.
    pub async fn invoke_text(&mut self, event: String) -> Outcome {
        self.invocations
            .waiting
            .lock()
            .expect("not poisoned")
            .push_back(event);
        self.invocations.arrived.notify_one();
        self.outcomes.recv().await.expect("the server lives")
    }
}

impl Invocations {
    /// The same id for all invocations of a process, as if each were a retry.
    fn request_id(&self) -> String {
        let end = 0x3fcd + self.killed.load(Ordering::SeqCst);
        format!("8476a536-e9f4-11e8-9739-2dfe598c{end:04x}")
    }
}

async fn next(State(invocations): State<Arc<Invocations>>) -> Response {
    let _ = invocations.polls.send(Instant::now());
    loop {
        let event = invocations.waiting.lock().expect("not poisoned").pop_front();
        if let Some(event) = event {
            let time = *invocations.time.lock().expect("not poisoned");
            let deadline = time.map_or(4_102_444_800_000, |time| {
                let end = SystemTime::now() + time;
                end.duration_since(UNIX_EPOCH).expect("after 1970").as_millis()
            });
            let (deadline, request_id) = (deadline.to_string(), invocations.request_id());
            let headers = [
                ("content-type", "application/json"),
                ("lambda-runtime-aws-request-id", request_id.as_str()),
                ("lambda-runtime-deadline-ms", deadline.as_str()),
                (
                    "lambda-runtime-invoked-function-arn",
                    "arn:aws:lambda:us-east-1:111122223333:function:f",
                ),
                (
                    "lambda-runtime-trace-id",
                    "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700",
                ),
            ];
            return (headers, event).into_response();
        }
        invocations.arrived.notified().await;
    }
}

async fn report(
    State(invocations): State<Arc<Invocations>>,
    Path((id, how)): Path<(String, String)>,
    body: Bytes,
) -> StatusCode {
    let body = serde_json::from_slice(&body).expect("a report is JSON");
    let outcome = if how == "response" {
        Outcome::Success(body)
    } else {
        Outcome::Failure(body)
    };
    if id == invocations.request_id() {
        let _ = invocations.outcomes.send(outcome);
    }
    StatusCode::ACCEPTED
}
