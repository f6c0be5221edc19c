//! A proxy in front of the local AWS: it records every call, adds latency, loses answers, enforces AWS's rate limits,
//! counts round trips, and notifies a test when a certain call has been made.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes, to_bytes};
use axum::http::HeaderValue;
use axum::http::request::Parts;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};

use super::gate::{self, Gate};
use super::limits::{Limits, throttled};
use super::rounds::Rounds;
use super::wire::{action, refusal, region};

/// One recorded call. Calls are kept in order of arrival.
#[derive(Debug, Clone)]
pub struct Call {
    /// The IAM action, such as `kms:CreateKey`.
    pub action: String,
    /// The region it was signed for.
    pub region: String,
    /// Time since the proxy's start.
    pub start: Duration,
    /// When its answer was sent or lost.
    pub end: Duration,
    /// Whether it was throttled, because calls came faster than AWS accepts them.
    pub throttled: bool,
    /// The number of its round trip, from 0. See [`Proxy::in_rounds`].
    pub round: usize,
}

/// The action of a test when a call passes.
pub type Act = Arc<dyn Fn() + Send + Sync>;

/// What the proxy does with a call.
#[derive(Clone)]
pub enum Fate {
    Pass,
    /// Runs the action before the call is passed on. The call never reaches AWS, and the connection breaks.
    Before(Act),
    /// Runs the action, then passes the call on.
    Meanwhile(Act),
    /// The call waits until this is true and is then passed on. Other calls are not held.
    Hold(Arc<AtomicBool>),
    /// Runs the action after the call was carried out. The connection breaks before any answer.
    After(Act),
    /// The call is refused with this status, code and message, and never reaches AWS.
    Refuse(u16, &'static str, &'static str),
    /// The call gets this status without a body, as from a gateway in front of a service, and never reaches AWS.
    Bare(u16),
    /// The call gets this answer, and never reaches AWS.
    Answer(&'static str),
}

impl Fate {
    /// The call is carried out, but its answer never arrives.
    pub fn lost() -> Self {
        Self::After(Arc::new(|| {}))
    }
}

/// An incoming call.
pub struct Arrival<'a> {
    /// From 0.
    pub index: usize,
    pub action: &'a str,
    head: &'a Parts,
    body: &'a Bytes,
}

impl Arrival<'_> {
    /// A digest of the request's content. It does not depend on the time of signing or on the order of maps, so a
    /// request that is sent again has the same digest.
    pub fn digest(&self) -> u64 {
        let mut counts = [0_u32; 256];
        for byte in self.body {
            counts[usize::from(*byte)] += 1;
        }
        let Parts {
            method, uri, headers, ..
        } = self.head;
        let operation = headers.get("x-amz-target").map(HeaderValue::as_bytes);
        let mut digest = DefaultHasher::new();
        (
            method.as_str(),
            uri.to_string(),
            operation,
            region(headers),
            counts,
        )
            .hash(&mut digest);
        digest.finish()
    }
}

type Judge = dyn Fn(&Arrival<'_>) -> Fate + Send + Sync;

/// A running proxy.
pub struct Proxy {
    pub url: String,
    shared: Arc<Shared>,
    _runtime: tokio::runtime::Runtime,
}

struct Shared {
    upstream: SocketAddr,
    settings: Settings,
    started: Instant,
    calls: Mutex<Vec<Call>>,
    connections: AtomicUsize,
    under_way: AtomicUsize,
    judge: Box<Judge>,
}

/// What a proxy does besides passing calls on.
#[derive(Default)]
struct Settings {
    delay: Duration,
    limits: Option<Mutex<Limits>>,
    rounds: Option<Rounds>,
    gate: Option<Arc<Gate>>,
    /// The tagging index contains all kinds, as AWS's does.
    indexed: bool,
}

impl Proxy {
    /// Passes every call to `upstream` (`http://127.0.0.1:PORT`) with an additional latency of `delay`.
    pub fn start(upstream: &str, delay: Duration) -> Self {
        Self::judging(upstream, delay, pass_all)
    }

    /// The same with a fate for each call, chosen by its index (from 0) and action.
    pub fn judging(
        upstream: &str,
        delay: Duration,
        judge: impl Fn(usize, &str) -> Fate + Send + Sync + 'static,
    ) -> Self {
        let settings = Settings {
            delay,
            ..Settings::default()
        };
        Self::with(upstream, settings, judge)
    }

    /// The same with a fate for each arrival.
    pub fn meeting(upstream: &str, judge: impl Fn(&Arrival<'_>) -> Fate + Send + Sync + 'static) -> Self {
        Self::deciding(upstream, Settings::default(), Box::new(judge))
    }

    /// Passes calls that respect AWS's rate limits, and throttles the others as AWS does.
    pub fn limiting(upstream: &str, delay: Duration) -> Self {
        let settings = Settings {
            delay,
            limits: Some(Mutex::default()),
            ..Settings::default()
        };
        Self::with(upstream, settings, pass_all)
    }

    /// Passes every call, and adds to the tagging index the kinds that only AWS's has.
    pub fn indexing(upstream: &str) -> Self {
        let settings = Settings {
            indexed: true,
            ..Settings::default()
        };
        Self::with(upstream, settings, pass_all)
    }

    /// Holds all answers until no more calls come, then releases all of them. Each release is one round trip, however
    /// long anything takes. A client that sends nothing for `quiet` is waiting for answers.
    pub fn in_rounds(upstream: &str, quiet: Duration) -> Self {
        let settings = Settings {
            rounds: Some(Rounds::new(quiet)),
            ..Settings::default()
        };
        Self::with(upstream, settings, pass_all)
    }

    /// Passes calls with the granted permissions, and denies the others as AWS does.
    pub fn gated(upstream: &str, gate: Arc<Gate>) -> Self {
        let settings = Settings {
            gate: Some(gate),
            indexed: true,
            ..Settings::default()
        };
        Self::with(upstream, settings, pass_all)
    }

    fn with(
        upstream: &str,
        settings: Settings,
        judge: impl Fn(usize, &str) -> Fate + Send + Sync + 'static,
    ) -> Self {
        let judge = Box::new(move |arrival: &Arrival<'_>| judge(arrival.index, arrival.action));
        Self::deciding(upstream, settings, judge)
    }

    fn deciding(upstream: &str, settings: Settings, judge: Box<Judge>) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let shared = Arc::new(Shared {
            upstream: upstream.trim_start_matches("http://").parse().unwrap(),
            settings,
            started: Instant::now(),
            calls: Mutex::default(),
            connections: AtomicUsize::new(0),
            under_way: AtomicUsize::new(0),
            judge,
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

    /// Forgets the calls so far. The next one has index 0 and round 0 again.
    pub fn clear(&self) {
        self.quiet();
        self.shared.calls.lock().unwrap().clear();
        self.shared.settings.rounds.iter().for_each(Rounds::restart);
        // Each command is measured alone, so it starts with the full burst.
        if let Some(limits) = &self.shared.settings.limits {
            *limits.lock().unwrap() = Limits::default();
        }
        self.shared.connections.store(0, Ordering::SeqCst);
    }

    /// Waits until no call is in flight: calls of a killed client are still carried out.
    pub fn quiet(&self) {
        while self.shared.under_way.load(Ordering::SeqCst) > 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

fn pass_all(_: usize, _: &str) -> Fate {
    Fate::Pass
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let _ = stream.set_nodelay(true);
        shared.connections.fetch_add(1, Ordering::SeqCst);
        let shared = shared.clone();
        let service = service_fn(move |request| {
            let shared = shared.clone();
            // A separate task, which continues if the client is gone.
            async move { tokio::spawn(pass(shared, request)).await.unwrap() }
        });
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .serve_connection(TokioIo::new(stream), service);
        // The connection ends with an error if an answer is lost.
        tokio::spawn(async move { drop(connection.await) });
    }
}

/// There is no answer: the connection is closed.
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
    // A client that was killed while sending its request has made no call.
    let body = to_bytes(Body::new(body), usize::MAX).await.map_err(|_| Lost)?;
    if !head.headers.contains_key("authorization") {
        // This is no call to AWS: the local mode checks whether the endpoint is up.
        return forward(shared.upstream, head, body).await;
    }
    let action = action(&head, &body);
    let region = region(&head.headers);
    shared.under_way.fetch_add(1, Ordering::SeqCst);
    let taken = |limits: &Mutex<Limits>| limits.lock().unwrap().take(&action, &region, Instant::now());
    let throttled = shared
        .settings
        .limits
        .as_ref()
        .is_some_and(|limits| !taken(limits));
    let round = shared.settings.rounds.as_ref().map(Rounds::enter);
    let index = {
        let mut calls = shared.calls.lock().unwrap();
        calls.push(Call {
            action: action.clone(),
            region,
            start,
            end: start,
            throttled,
            round: round.unwrap_or_default(),
        });
        calls.len() - 1
    };
    let fate = match throttled {
        true => throttling(&action),
        false => (shared.judge)(&Arrival {
            index,
            action: &action,
            head: &head,
            body: &body,
        }),
    };
    let answer = match &shared.settings.gate {
        Some(gate) => guarded(&shared, gate, &action, head, body).await,
        None if shared.settings.indexed => indexed(&shared, &action, head, body).await,
        None => meet(&shared, fate, head, body).await,
    };
    if let Some(rounds) = &shared.settings.rounds {
        rounds.leave().await;
    }
    shared.calls.lock().unwrap()[index].end = shared.started.elapsed();
    shared.under_way.fetch_sub(1, Ordering::SeqCst);
    answer
}

/// Passes the call through the gate.
async fn guarded(
    shared: &Shared,
    gate: &Gate,
    action: &str,
    head: Parts,
    body: Bytes,
) -> Result<Response<Body>, Lost> {
    let upstream = format!("http://{}", shared.upstream);
    if let Some(refusal) = gate.refuses(&upstream, action, &head, &body).await {
        return Ok(refusal);
    }
    if let Some(answer) = gate.answers(action, &body) {
        return Ok(answer);
    }
    indexed(shared, action, head, body).await
}

/// Completes the tagging index as in AWS.
async fn indexed(shared: &Shared, action: &str, head: Parts, body: Bytes) -> Result<Response<Body>, Lost> {
    let upstream = format!("http://{}", shared.upstream);
    if action != "tag:GetResources" {
        return forward(shared.upstream, head, body).await;
    }
    let answer = forward(shared.upstream, head.clone(), body.clone()).await?;
    Ok(gate::complete(&upstream, &head, &body, answer).await)
}

/// The response of AWS to calls that come too fast.
fn throttling(action: &str) -> Fate {
    let (status, code) = throttled(action);
    Fate::Refuse(status, code, "Rate exceeded")
}

async fn meet(shared: &Shared, fate: Fate, head: Parts, body: Bytes) -> Result<Response<Body>, Lost> {
    match &fate {
        Fate::Before(act) => {
            act();
            return Err(Lost);
        }
        Fate::Meanwhile(act) => act(),
        Fate::Hold(open) => {
            while !open.load(Ordering::SeqCst) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        Fate::Refuse(status, code, message) => return Ok(refusal(*status, code, message, &head, &body)),
        Fate::Bare(status) => {
            let answer = Response::builder().status(*status);
            return Ok(answer.body(Body::empty()).unwrap());
        }
        Fate::Answer(json) => {
            let answer = Response::builder().header("content-type", "application/x-amz-json-1.1");
            return Ok(answer.body(Body::from(*json)).unwrap());
        }
        Fate::Pass | Fate::After(_) => {}
    }
    tokio::time::sleep(shared.settings.delay).await;
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
    // The body is read to its end, so that "carried out" and the recorded time include all of it.
    let body = to_bytes(Body::new(body), usize::MAX).await.map_err(|_| Lost)?;
    Ok(Response::from_parts(head, Body::from(body)))
}
