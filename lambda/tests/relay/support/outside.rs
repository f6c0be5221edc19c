//! A service outside of AWS, on loopback: it asks a judge about each request, and answers as the real one would.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::net::TcpListener;

/// A request that the service got.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: Method,
    pub uri: Uri,
    pub headers: HeaderMap,
    pub body: Value,
}

/// Status, body, and after how many seconds it wants to be asked again.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub body: String,
    pub pause: Option<u64>,
}

/// What the service answers to a request.
pub type Judge = fn(&Asked) -> Answer;

#[derive(Default)]
struct Seen {
    asked: Vec<Asked>,
    /// Those of them that it took.
    taken: Vec<Value>,
    /// The next answers, instead of the judge's.
    answers: VecDeque<Answer>,
}

#[derive(Clone)]
pub struct Outside {
    pub address: SocketAddr,
    judge: Judge,
    seen: Arc<Mutex<Seen>>,
}

impl Answer {
    pub fn new(status: u16, body: impl ToString) -> Self {
        Self {
            status,
            body: body.to_string(),
            pause: None,
        }
    }
}

impl Outside {
    pub async fn start(judge: Judge) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let outside = Self {
            address: listener.local_addr().expect("its address"),
            judge,
            seen: Arc::default(),
        };
        let router = Router::new().fallback(answer).with_state(outside.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        outside
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().expect("not poisoned")
    }

    /// Answers so next.
    pub fn script(&self, answers: impl IntoIterator<Item = Answer>) {
        self.seen().answers.extend(answers);
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.seen().asked.clone()
    }

    /// The messages that it took.
    pub fn taken(&self) -> Vec<Value> {
        self.seen().taken.clone()
    }
}

async fn answer(
    State(outside): State<Outside>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let asked = Asked {
        method,
        uri,
        headers,
        body: serde_json::from_slice(&body).unwrap_or_default(),
    };
    let scripted = outside.seen().answers.pop_front();
    let answer = scripted.unwrap_or_else(|| (outside.judge)(&asked));
    let mut seen = outside.seen();
    if (200..300).contains(&answer.status) {
        seen.taken.push(asked.body.clone());
    }
    seen.asked.push(asked);
    let status = StatusCode::from_u16(answer.status).expect("a status");
    match answer.pause {
        Some(pause) => (status, [("retry-after", pause.to_string())], answer.body).into_response(),
        None => (status, answer.body).into_response(),
    }
}
