//! A proxy in front of the local AWS: records every call, adds a round trip's time, loses answers, and
//! tells a test when a certain call has been made.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes, to_bytes};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};

/// One call as it passed, in order of arrival.
#[derive(Debug, Clone)]
pub struct Call {
    /// The IAM action, such as `kms:CreateKey`.
    pub action: String,
    /// Since the proxy's start.
    pub start: Duration,
    /// When its answer left, or was lost.
    pub end: Duration,
}

/// What a test does when a call passes.
pub type Act = Arc<dyn Fn() + Send + Sync>;

/// What happens to a call.
#[derive(Clone)]
pub enum Fate {
    Pass,
    /// Runs before the call is passed on; the call then never reaches AWS and the connection breaks.
    Before(Act),
    /// Runs before the call is passed on, which then goes its way.
    Meanwhile(Act),
    /// Runs once the call has been carried out; the connection then breaks before any answer.
    After(Act),
    /// The call is refused with this status, code and message, and never reaches AWS.
    Refuse(u16, &'static str, &'static str),
}

impl Fate {
    /// The call is carried out, its answer never arrives.
    pub fn lost() -> Self {
        Self::After(Arc::new(|| {}))
    }
}

type Judge = dyn Fn(usize, &str) -> Fate + Send + Sync;

/// A running proxy.
pub struct Proxy {
    pub url: String,
    shared: Arc<Shared>,
    _runtime: tokio::runtime::Runtime,
}

struct Shared {
    upstream: SocketAddr,
    delay: Duration,
    started: Instant,
    calls: Mutex<Vec<Call>>,
    connections: AtomicUsize,
    under_way: AtomicUsize,
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
        let shared = Arc::new(Shared {
            upstream: upstream.trim_start_matches("http://").parse().unwrap(),
            delay,
            started: Instant::now(),
            calls: Mutex::default(),
            connections: AtomicUsize::new(0),
            under_way: AtomicUsize::new(0),
            judge: Box::new(judge),
        });
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        runtime.spawn(serve(listener, shared.clone()));
        Self {
            url,
            shared,
            _runtime: runtime,
        }
    }

    /// All calls so far.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.calls.lock().unwrap().clone()
    }

    /// The actions of all calls so far.
    pub fn actions(&self) -> Vec<String> {
        self.calls().into_iter().map(|call| call.action).collect()
    }

    /// How many connections were opened so far.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Forgets the calls so far; the next one has index 0 again.
    pub fn clear(&self) {
        self.quiet();
        self.shared.calls.lock().unwrap().clear();
        self.shared.connections.store(0, Ordering::SeqCst);
    }

    /// Waits until no call is under way: a killed client's calls are still carried out.
    pub fn quiet(&self) {
        while self.shared.under_way.load(Ordering::SeqCst) > 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let _ = stream.set_nodelay(true);
        shared.connections.fetch_add(1, Ordering::SeqCst);
        let shared = shared.clone();
        let service = service_fn(move |request| {
            let shared = shared.clone();
            // A task of its own: it goes on when the client is gone.
            async move { tokio::spawn(pass(shared, request)).await.unwrap() }
        });
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .serve_connection(TokioIo::new(stream), service);
        // It ends with an error when an answer is lost.
        tokio::spawn(async move { drop(connection.await) });
    }
}

/// No answer: the connection closes.
#[derive(Debug)]
struct Lost;

impl std::fmt::Display for Lost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("lost")
    }
}

impl std::error::Error for Lost {}

async fn pass(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Response<Body>, Lost> {
    let start = shared.started.elapsed();
    let (head, body) = request.into_parts();
    // A client killed in the middle of its request has made none.
    let body = to_bytes(Body::new(body), usize::MAX).await.map_err(|_| Lost)?;
    let action = action(head.method.as_str(), head.uri.path(), &head.headers, &body);
    shared.under_way.fetch_add(1, Ordering::SeqCst);
    let index = {
        let mut calls = shared.calls.lock().unwrap();
        calls.push(Call {
            action: action.clone(),
            start,
            end: start,
        });
        calls.len() - 1
    };
    let answer = meet(&shared, (shared.judge)(index, &action), head, body).await;
    shared.calls.lock().unwrap()[index].end = shared.started.elapsed();
    shared.under_way.fetch_sub(1, Ordering::SeqCst);
    answer
}

async fn meet(shared: &Shared, fate: Fate, head: Parts, body: Bytes) -> Result<Response<Body>, Lost> {
    match &fate {
        Fate::Before(act) => {
            act();
            return Err(Lost);
        }
        Fate::Meanwhile(act) => act(),
        Fate::Refuse(status, code, message) => return Ok(refusal(*status, code, message, &head, &body)),
        Fate::Pass | Fate::After(_) => {}
    }
    tokio::time::sleep(shared.delay).await;
    let answer = forward(shared.upstream, head, body).await;
    if let Fate::After(act) = fate {
        act();
        return Err(Lost);
    }
    answer
}

async fn forward(upstream: SocketAddr, head: Parts, body: Bytes) -> Result<Response<Body>, Lost> {
    let stream = TcpStream::connect(upstream).await.map_err(|_| Lost)?;
    let _ = stream.set_nodelay(true);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|_| Lost)?;
    tokio::spawn(connection);
    let request = Request::from_parts(head, Body::from(body));
    let (head, body) = sender.send_request(request).await.map_err(|_| Lost)?.into_parts();
    // Read to its end, so that "carried out" and the recorded time mean the whole of it.
    let body = to_bytes(Body::new(body), usize::MAX).await.map_err(|_| Lost)?;
    Ok(Response::from_parts(head, Body::from(body)))
}

/// A refusal as the called service sends it over the wire. `code` is the one that AWS documents: for SQS and
/// CloudWatch that of the query protocol, which these services send in a header besides the type.
fn refusal(status: u16, code: &str, message: &str, head: &Parts, body: &[u8]) -> Response<Body> {
    let answer = Response::builder()
        .status(status)
        .header("x-amzn-requestid", "proxy");
    let blame = if status < 500 { "Sender" } else { "Receiver" };
    let query_error = format!("{code};{blame}");
    let plain = code.rsplit('.').next().unwrap();
    let target = head
        .headers
        .get("x-amz-target")
        .map(|value| value.to_str().unwrap());
    let answer = if head.headers.contains_key("smithy-protocol") {
        let text = |text: &str| {
            let length = u16::try_from(text.len()).unwrap().to_be_bytes();
            [&[0x79, length[0], length[1]], text.as_bytes()].concat()
        };
        let kind = format!("com.amazonaws.cloudwatch#{plain}");
        let map = [
            &[0xa2],
            &*text("__type"),
            &text(&kind),
            &text("message"),
            &text(message),
        ]
        .concat();
        answer
            .header("content-type", "application/cbor")
            .header("smithy-protocol", "rpc-v2-cbor")
            .header("x-amzn-query-error", query_error)
            .body(Body::from(map))
    } else if target.is_some_and(|target| target.starts_with("AmazonSQS.")) {
        let json = serde_json::json!({ "__type": format!("com.amazonaws.sqs#{plain}"), "message": message });
        answer
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amzn-query-error", query_error)
            .body(Body::from(json.to_string()))
    } else if target.is_some() {
        let json = serde_json::json!({ "__type": code, "message": message });
        answer
            .header("content-type", "application/x-amz-json-1.1")
            .body(Body::from(json.to_string()))
    } else if parameter(body, "Action").is_some() {
        let xml = format!(
            "<ErrorResponse><Error><Type>{blame}</Type><Code>{code}</Code><Message>{message}</Message></Error>\
             <RequestId>proxy</RequestId></ErrorResponse>"
        );
        answer.header("content-type", "text/xml").body(Body::from(xml))
    } else {
        let json = serde_json::json!({ "Type": "User", "message": message });
        answer
            .header("x-amzn-errortype", code)
            .header("content-type", "application/json")
            .body(Body::from(json.to_string()))
    };
    answer.unwrap()
}

/// The IAM action of a call, read from whatever its protocol puts it in.
fn action(method: &str, path: &str, headers: &HeaderMap, body: &[u8]) -> String {
    let header = |name: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    let service = match header("authorization").split('/').nth(3) {
        Some("monitoring") => "cloudwatch",
        Some("tagging") => "tag",
        Some(service) => service,
        None => "unsigned",
    };
    let operation = if let Some((_, operation)) = header("x-amz-target").rsplit_once('.') {
        operation.to_owned()
    } else if let Some((_, operation)) = path.split_once("/operation/") {
        operation.to_owned()
    } else if let Some(operation) = parameter(body, "Action") {
        operation
    } else {
        rest(method, path)
    };
    format!("{service}:{operation}")
}

/// A field of a form.
fn parameter(body: &[u8], name: &str) -> Option<String> {
    let form = std::str::from_utf8(body).ok()?;
    let value = form
        .split('&')
        .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    value.map(str::to_owned)
}

/// Lambda's operations, by what follows the API's version in the path.
fn rest(method: &str, path: &str) -> String {
    let parts: Vec<_> = path.trim_matches('/').split('/').skip(1).collect();
    let verb = |get: &str, put: &str, post: &str, delete: &str| {
        let verbs = [("GET", get), ("PUT", put), ("POST", post), ("DELETE", delete)];
        verbs
            .into_iter()
            .find(|(name, _)| *name == method)
            .unwrap()
            .1
            .to_owned()
    };
    match parts.as_slice() {
        ["functions"] => verb("ListFunctions", "", "CreateFunction", ""),
        ["functions", _] => verb("GetFunction", "", "", "DeleteFunction"),
        ["functions", _, "configuration"] => {
            verb("GetFunctionConfiguration", "UpdateFunctionConfiguration", "", "")
        }
        ["functions", _, "code"] => verb("", "UpdateFunctionCode", "", ""),
        ["functions", _, "concurrency"] => verb(
            "GetFunctionConcurrency",
            "PutFunctionConcurrency",
            "",
            "DeleteFunctionConcurrency",
        ),
        ["functions", _, "policy", ..] => verb("GetPolicy", "", "AddPermission", "RemovePermission"),
        ["functions", _, "event-invoke-config"] => verb(
            "GetFunctionEventInvokeConfig",
            "PutFunctionEventInvokeConfig",
            "UpdateFunctionEventInvokeConfig",
            "DeleteFunctionEventInvokeConfig",
        ),
        ["tags", ..] => verb("ListTags", "", "TagResource", "UntagResource"),
        _ => format!("{method} {path}"),
    }
}
