//! A proxy in front of the local AWS: it records every call, adds latency, loses answers, enforces AWS's rate limits,
//! counts round trips, and notifies a test when a certain call has been made.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::gate::Gate;
use super::limits::Limits;
use super::rounds::Rounds;
use super::wire::region;
use axum::body::Bytes;
use axum::http::HeaderValue;
use axum::http::request::Parts;
use pass::serve;
use tokio::net::TcpListener;

mod pass;

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
