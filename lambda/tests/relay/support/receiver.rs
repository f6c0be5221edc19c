//! A receiver of signed webhooks, which verifies them with the library of Standard Webhooks.

use super::fakes::serve;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use standardwebhooks::Webhook;
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

/// What came, and what it answers.
#[derive(Default)]
pub struct Receiver {
    /// What the sender signs with; each of them has to verify what comes.
    pub secrets: Vec<String>,
    /// Status, headers and body of the next answers; afterwards 204.
    pub answers: VecDeque<(u16, Vec<(&'static str, String)>, String)>,
    /// Path, `webhook-id` and `webhook-timestamp` of each request.
    pub asked: Vec<(String, String, i64)>,
    /// The events that it took, by their id.
    pub taken: BTreeMap<String, Value>,
}

pub async fn start(secrets: &[String]) -> (SocketAddr, Arc<Mutex<Receiver>>) {
    let receiver = Receiver {
        secrets: secrets.to_vec(),
        ..Receiver::default()
    };
    let receiver = Arc::new(Mutex::new(receiver));
    let router = Router::new().fallback(receive).with_state(receiver.clone());
    (serve(router).await, receiver)
}

async fn receive(
    State(receiver): State<Arc<Mutex<Receiver>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    assert_eq!(method, Method::POST);
    assert_eq!(
        headers["content-type"],
        "application/cloudevents+json; charset=utf-8"
    );
    assert!(body.len() <= 20_000, "{}", body.len());
    let header = |name: &str| headers[name].to_str().expect("ASCII").to_owned();
    let mut receiver = receiver.lock().expect("not poisoned");
    for secret in &receiver.secrets {
        let webhook = Webhook::new(secret).expect("a secret");
        if let Err(error) = webhook.verify(&body, &headers) {
            return (StatusCode::UNAUTHORIZED, error.to_string()).into_response();
        }
    }
    let event: Value = serde_json::from_slice(&body).expect("JSON");
    let id = header("webhook-id");
    assert_eq!(event["id"], id.as_str());
    assert!(!id.contains('.'), "{id}");
    let time = header("webhook-timestamp").parse().expect("seconds");
    receiver.asked.push((uri.to_string(), id.clone(), time));
    match receiver.answers.pop_front() {
        None => {
            receiver.taken.insert(id, event);
            StatusCode::NO_CONTENT.into_response()
        }
        Some((status, headers, text)) => {
            let mut response = (StatusCode::from_u16(status).expect("a status"), text).into_response();
            for (name, value) in headers {
                response
                    .headers_mut()
                    .insert(name, value.parse().expect("a header"));
            }
            response
        }
    }
}
