//! A proxy in front of the local AWS: records every call, adds a round trip's time, loses answers, and
//! tells a test when a certain call has been made.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Response, StatusCode};
use tokio::net::TcpListener;

/// One call as it passed, in order of arrival.
#[derive(Debug, Clone)]
pub struct Call {
    /// Service and operation, such as `kms:CreateKey`.
    pub action: String,
    /// Since the proxy's start.
    pub start: Duration,
    pub end: Duration,
}

/// What happens to a call.
#[derive(Clone)]
pub enum Fate {
    Pass,
    /// Runs before the call is passed on; the call then never reaches AWS.
    Before(Arc<dyn Fn() + Send + Sync>),
    /// Runs once the call has been carried out; its answer is never delivered.
    After(Arc<dyn Fn() + Send + Sync>),
    /// The call is refused with this status, code and message.
    Refuse(u16, &'static str, &'static str),
}

type Judge = dyn Fn(usize, &str) -> Fate + Send + Sync;

/// A running proxy.
pub struct Proxy {
    pub url: String,
    calls: Arc<Mutex<Vec<Call>>>,
    _runtime: tokio::runtime::Runtime,
}

struct Shared {
    upstream: SocketAddr,
    delay: Duration,
    started: Instant,
    calls: Arc<Mutex<Vec<Call>>>,
    judge: Box<Judge>,
}

impl Proxy {
    /// Passes every call to `upstream` (`http://127.0.0.1:PORT`), each taking `delay` longer.
    pub fn start(upstream: &str, delay: Duration) -> Self {
        Self::judging(upstream, delay, |_, _| Fate::Pass)
    }

    /// The same, with a fate for the call with this index (from 0) and action.
    pub fn judging(
        upstream: &str,
        delay: Duration,
        judge: impl Fn(usize, &str) -> Fate + Send + Sync + 'static,
    ) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let calls = Arc::new(Mutex::new(Vec::new()));
        let upstream = upstream.trim_start_matches("http://").parse().unwrap();
        let shared = Arc::new(Shared {
            upstream,
            delay,
            started: Instant::now(),
            calls: calls.clone(),
            judge: Box::new(judge),
        });
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new().fallback(pass).with_state(shared);
        runtime.spawn(async move { axum::serve(listener, app).await });
        Self { url, calls, _runtime: runtime }
    }

    /// All calls so far.
    pub fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    /// The actions of all calls so far.
    pub fn actions(&self) -> Vec<String> {
        self.calls().into_iter().map(|call| call.action).collect()
    }

    /// Forgets the calls so far.
    pub fn clear(&self) {
        self.calls.lock().unwrap().clear();
    }
}

async fn pass(State(shared): State<Arc<Shared>>, request: Request) -> Response<Body> {
    let start = shared.started.elapsed();
    let (head, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let action = action(head.method.as_str(), head.uri.path(), &head.headers, &body);
    let index = {
        let mut calls = shared.calls.lock().unwrap();
        calls.push(Call { action: action.clone(), start, end: start });
        calls.len() - 1
    };
    let fate = (shared.judge)(index, &action);
    if let Fate::Before(act) = &fate {
        act();
        return lost();
    }
    if let Fate::Refuse(status, code, message) = fate {
        return refusal(status, code, message);
    }
    tokio::time::sleep(shared.delay).await;
    let answer = forward(shared.upstream, head, body).await;
    if let Some(call) = shared.calls.lock().unwrap().get_mut(index) {
        call.end = shared.started.elapsed();
    }
    if let Fate::After(act) = &fate {
        act();
        return lost();
    }
    answer
}

async fn forward(upstream: SocketAddr, head: axum::http::request::Parts, body: Bytes) -> Response<Body> {
    let stream = tokio::net::TcpStream::connect(upstream).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(hyper_util::rt::TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = axum::http::Request::from_parts(head, Body::from(body));
    match sender.send_request(request).await {
        Ok(answer) => answer.map(Body::new),
        Err(_) => lost(),
    }
}

/// An answer that breaks off: the client sees a connection closed in the middle.
fn lost() -> Response<Body> {
    let broken = futures::stream::once(async { Err::<Bytes, _>(std::io::Error::other("lost")) });
    Response::builder().header("content-length", "1000").body(Body::from_stream(broken)).unwrap()
}

/// A refusal in the form of AWS's JSON and XML services at once.
fn refusal(status: u16, code: &str, message: &str) -> Response<Body> {
    let json = format!(r#"{{"__type":"{code}","message":"{message}"}}"#);
    Response::builder()
        .status(StatusCode::from_u16(status).unwrap())
        .header("x-amzn-errortype", code)
        .header("content-type", "application/x-amz-json-1.1")
        .body(Body::from(json))
        .unwrap()
}

/// Service and operation of a call, read from whatever its protocol puts them in.
fn action(method: &str, path: &str, headers: &HeaderMap, body: &[u8]) -> String {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let service = header("authorization").split('/').nth(3).unwrap_or("unknown").to_owned();
    if let Some((_, operation)) = header("x-amz-target").rsplit_once('.') {
        return format!("{service}:{operation}");
    }
    if let Some((_, operation)) = path.split_once("/operation/") {
        return format!("{service}:{operation}");
    }
    let form = String::from_utf8_lossy(body);
    if let Some(operation) = form.split('&').find_map(|pair| pair.strip_prefix("Action=")) {
        return format!("{service}:{operation}");
    }
    // REST: the path without names.
    let kind = path.rsplit('/').next().unwrap_or_default();
    format!("{service}:{method} {kind}")
}
