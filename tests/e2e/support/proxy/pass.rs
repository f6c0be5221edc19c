//! What becomes of one call: it is passed on, held, lost, refused or answered.

use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::{Arrival, Call, Fate, Shared};
use crate::support::gate::{self, Gate};
use crate::support::limits::{Limits, throttled};
use crate::support::rounds::Rounds;
use crate::support::wire::{action, refusal, region};
use axum::body::{Body, Bytes, to_bytes};
use axum::http::request::Parts;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};

pub(super) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
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
