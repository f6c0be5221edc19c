//! PagerDuty, Opsgenie and Jira Service Management as far as the relay uses them: they refuse what the real ones refuse, and
//! keep incidents by their keys.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::net::TcpListener;

mod rules;
mod samples;

pub use rules::{opsgenie_problems, pagerduty_problems};
pub use samples::{assert_valid, cards, events_with, hostile, sent, skeleton, snapshot};

/// Status, headers and body of a response.
type Answer = (u16, Vec<(&'static str, &'static str)>, Value);

/// What they got, and how they respond.
#[derive(Default)]
pub struct Seen {
    /// Path with query, and body of each request.
    pub requests: Vec<(String, Value)>,
    /// The next responses; afterwards they judge for themselves.
    pub answers: VecDeque<Answer>,
    /// Number of incidents that were opened.
    pub opened: usize,
    /// How often each open incident was reported.
    pub open: BTreeMap<String, usize>,
    /// The notes with which alerts were closed.
    pub notes: Vec<String>,
    /// Change events.
    pub changes: Vec<Value>,
}

#[derive(Clone)]
pub struct Pager {
    pub address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
}

impl Pager {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let pager = Self {
            address: listener.local_addr().expect("its address"),
            seen: Arc::default(),
        };
        let router = Router::new().fallback(serve).with_state(pager.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        pager
    }

    pub fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().expect("not poisoned")
    }

    /// Responds to the next request with this.
    pub fn answer(&self, status: u16, headers: &[(&'static str, &'static str)], body: Value) {
        self.seen().answers.push_back((status, headers.to_vec(), body));
    }

    /// How many incidents were opened, and how many are open.
    pub fn counts(&self) -> (usize, usize) {
        let seen = self.seen();
        (seen.opened, seen.open.len())
    }

    /// The bodies so far.
    pub fn bodies(&self) -> Vec<Value> {
        let requests = self.seen().requests.clone();
        requests.into_iter().map(|(_, body)| body).collect()
    }
}

async fn serve(State(pager): State<Pager>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    assert_eq!(headers["content-type"], "application/json; charset=utf-8");
    let path = uri.path_and_query().expect("a path").to_string();
    let sent: Value = serde_json::from_slice(&body).expect("JSON");
    let key = headers
        .get("authorization")
        .map(|value| value.to_str().expect("ASCII"));
    let mut seen = pager.seen();
    seen.requests.push((path.clone(), sent.clone()));
    let (status, headers, body) = match seen.answers.pop_front() {
        Some(answer) => answer,
        None => {
            let (status, body) = seen.judge(&path, key, &sent);
            (status, Vec::new(), body)
        }
    };
    let status = StatusCode::from_u16(status).expect("a status");
    let mut response = (status, body.to_string()).into_response();
    for (name, value) in headers {
        response
            .headers_mut()
            .insert(name, value.parse().expect("a value"));
    }
    response
}

impl Seen {
    fn judge(&mut self, path: &str, key: Option<&str>, sent: &Value) -> (u16, Value) {
        if path.ends_with("/enqueue") {
            return self.pagerduty(path, sent);
        }
        let key = key
            .and_then(|key| key.strip_prefix("GenieKey "))
            .unwrap_or_default();
        if key.len() != 36 || key.split('-').count() != 5 {
            return (
                422,
                json!({ "message": "Key format is not valid!", "took": 0.0, "requestId": "r" }),
            );
        }
        self.opsgenie(path, sent)
    }

    fn pagerduty(&mut self, path: &str, sent: &Value) -> (u16, Value) {
        let problems = pagerduty_problems(path, sent);
        if !problems.is_empty() {
            let message = "Event object is invalid";
            return (
                400,
                json!({ "status": "invalid event", "message": message, "errors": problems }),
            );
        }
        let key = sent["dedup_key"].as_str().unwrap_or_default();
        match sent["event_action"].as_str() {
            None => self.changes.push(sent.clone()),
            Some("trigger") => self.fire(key),
            Some(_) => {
                self.open.remove(key);
            }
        }
        (
            202,
            json!({ "status": "success", "message": "Event processed", "dedup_key": key }),
        )
    }

    fn opsgenie(&mut self, path: &str, sent: &Value) -> (u16, Value) {
        let problems = opsgenie_problems(path, sent);
        if !problems.is_empty() {
            return (
                422,
                json!({ "message": problems.join("; "), "took": 0.0, "requestId": "r" }),
            );
        }
        match path.rsplit_once("/alerts/") {
            None => self.fire(sent["alias"].as_str().unwrap_or_default()),
            Some((_, rest)) => {
                let alias = rest.split('/').next().unwrap_or_default();
                self.open.remove(alias);
                self.notes.extend(sent["note"].as_str().map(str::to_owned));
            }
        }
        (
            202,
            json!({ "result": "Request will be processed", "took": 0.302, "requestId": "r" }),
        )
    }

    fn fire(&mut self, key: &str) {
        let count = self.open.entry(key.to_owned()).or_default();
        self.opened += usize::from(*count == 0);
        *count += 1;
    }
}
