//! A replacement for Slack and other services: accepts what they accept and shows it on a page.

mod accept;
mod files;
mod page;
mod post;
mod press;
mod services;
pub(super) mod store;

use std::convert::Infallible;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path as UrlPath, RawQuery, Request, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures::{Stream, StreamExt as _, stream};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::process::GO;
use super::{LocalError, os};
use post::Post;
use store::{Arrival, Message, Store, Verdict};

/// Most messages in one response; the page does not show more either.
const PAGE_LIMIT: usize = 500;
const MAX_BODY: usize = 1024 * 1024;
/// Response of `/health`, so that another program on the port is not mistaken for the inbox.
pub(super) const HEALTH: &str = "alertctl inbox";

/// Serves the inbox of a directory on a loopback port until SIGTERM. [`up`](super::up) starts the hidden
/// command that runs this. It first waits for the go-ahead on standard input, see [`super::process`].
pub async fn serve_inbox(dir: &Path, port: u16) -> Result<(), LocalError> {
    let inbox = |url: &str, error: std::io::Error| LocalError::Inbox {
        url: url.to_owned(),
        reason: error.to_string(),
    };
    let url = format!("http://127.0.0.1:{port}");
    let mut word = [0; GO.len()];
    std::io::stdin()
        .read_exact(&mut word)
        .map_err(|error| inbox(&url, error))?;
    let end = os::asked_to_end().map_err(|error| inbox(&url, error))?;
    let store = Arc::new(Store::open(dir)?);
    let listener = TcpListener::bind(("127.0.0.1", port))
        .await
        .map_err(|error| inbox(&url, error))?;
    println!("listening on {url}");
    tokio::select! {
        served = axum::serve(listener, router(store, dir)) => served.map_err(|error| inbox(&url, error)),
        () = end => Ok(()),
    }
}

fn router(store: Arc<Store>, dir: &Path) -> Router {
    let mut router = Router::new();
    let dir: Arc<Path> = dir.into();
    let press = async move |State(store): State<Arc<Store>>, Json(pressed): Json<press::Pressed>| {
        match press::hand_over(&store, &dir, &pressed).await {
            Ok(()) => StatusCode::OK.into_response(),
            Err(refused) => refused.into_response(),
        }
    };
    for prefix in ["services", "workflows", "triggers"] {
        router = router.route(&format!("/{prefix}/{{*rest}}"), post(receive).get(asked));
    }
    router
        .route("/events", get(events))
        .route("/messages", get(list))
        .route("/messages/{seq}", get(one))
        .route("/press", post(press))
        .route("/health", get(|| async { HEALTH }))
        .merge(page::router())
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn(only_this_machine))
        .with_state(store)
}

async fn receive(State(store): State<Arc<Store>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let path = percent_encoding::percent_decode_str(uri.path())
        .decode_utf8_lossy()
        .into_owned();
    let post = Post::read(&path);
    if let Some(answer) = post.as_ref().and_then(|post| post.read_only(&store)) {
        return answer;
    }
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok());
    let host = host.unwrap_or_default();
    if let Some(answer) = post.as_ref().and_then(|post| store.files.take(post, host, &body)) {
        return answer;
    }
    let (body, checked) = match accept::parse(content_type, &body) {
        Ok(mut body) => {
            let checked = match (&post, accept::starts_workflow(uri.path())) {
                (Some(post), _) => post
                    .check(&body, &store)
                    .and_then(|()| store.files.show(post, &mut body)),
                (None, true) => accept::check_workflow(&body),
                (None, false) => accept::check(&body),
            };
            (body, checked)
        }
        Err(refusal) => (
            Value::String(String::from_utf8_lossy(&body).into_owned()),
            Err(refusal),
        ),
    };
    if services::is_probe(&path, &body) {
        return answer(post.as_ref(), &checked, 0, &store);
    }
    let verdict = match &checked {
        Ok(()) => Verdict::Accepted,
        Err(refusal) => Verdict::Rejected {
            code: refusal.code.into(),
            reason: refusal.reason.clone(),
        },
    };
    let channel = match &post {
        Some(post) => post.channel,
        None => path.trim_end_matches('/').rsplit('/').next().unwrap_or_default(),
    };
    let arrival = Arrival {
        channel: channel.to_owned(),
        path: path.clone(),
        verdict,
        body,
    };
    match store.add(arrival) {
        Ok(seq) => answer(post.as_ref(), &checked, seq, &store),
        Err(error) => {
            eprintln!("failed to keep a message: {error}");
            (StatusCode::INTERNAL_SERVER_ERROR, "failed to keep the message").into_response()
        }
    }
}

/// A GET: of a heartbeat service it is a call, which the page shows; others are asked whether they are there.
async fn asked(State(store): State<Arc<Store>>, uri: Uri) -> Response {
    let path = percent_encoding::percent_decode_str(uri.path()).decode_utf8_lossy();
    let Some(post) = Post::read(&path).filter(|post| post.service == "heartbeat") else {
        return services::webhook().await.into_response();
    };
    let arrival = Arrival {
        channel: post.channel.to_owned(),
        path: path.to_string(),
        verdict: Verdict::Accepted,
        body: json!({ "text": "All is well: the heartbeat service was called." }),
    };
    match store.add(arrival) {
        Ok(_) => (StatusCode::OK, "OK").into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// The answer to a post; `seq` is the number of the message.
fn answer(
    post: Option<&Post<'_>>,
    checked: &Result<(), accept::Refusal>,
    seq: u64,
    store: &Store,
) -> Response {
    match (post, checked) {
        (Some(post), checked) => post.answer(checked.as_ref().err(), seq, store),
        (None, Ok(())) => (StatusCode::OK, "ok").into_response(),
        (None, Err(refusal)) => (StatusCode::BAD_REQUEST, refusal.code).into_response(),
    }
}

/// A number from the query string, such as `?after=12`.
fn number(query: Option<&str>, name: &str) -> Option<u64> {
    let pairs = query?.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .filter(|(key, _)| *key == name)
        .find_map(|(_, value)| value.parse().ok())
}

/// The newest messages with a number above `after`, at most `limit`, oldest first.
async fn list(State(store): State<Arc<Store>>, RawQuery(query): RawQuery) -> Json<Vec<Message>> {
    let after = number(query.as_deref(), "after").unwrap_or(0);
    let limit = number(query.as_deref(), "limit").and_then(|limit| usize::try_from(limit).ok());
    let messages = store.after(after, limit.map_or(PAGE_LIMIT, |limit| limit.min(PAGE_LIMIT)));
    Json(messages.iter().map(|message| Message::clone(message)).collect())
}

async fn one(State(store): State<Arc<Store>>, UrlPath(seq): UrlPath<u64>) -> Response {
    match store.get(seq) {
        Some(message) => Json(Message::clone(&message)).into_response(),
        None => (StatusCode::NOT_FOUND, "no such message\n").into_response(),
    }
}

/// Sends the number of the newest message immediately and at each change; the page then requests the messages
/// that it lacks.
async fn events(State(store): State<Arc<Store>>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let mut last = store.watch();
    last.mark_changed();
    let numbers = stream::unfold(last, |mut last| async move {
        last.changed().await.ok()?;
        let number = *last.borrow_and_update();
        Some((number, last))
    });
    let events = numbers.map(|number| Ok(Event::default().data(number.to_string())));
    Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15)))
}

/// Refuses host names other than loopback's, because a hostile site could bind its name to 127.0.0.1 (DNS
/// rebinding) to read the messages. Also refuses requests from pages of other sites.
async fn only_this_machine(request: Request, next: Next) -> Response {
    if is_foreign(request.headers()) {
        return (StatusCode::FORBIDDEN, "only for this machine\n").into_response();
    }
    next.run(request).await
}

fn is_foreign(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(header::HOST).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    !matches!(name, "127.0.0.1" | "localhost")
        || text(header::ORIGIN).is_some_and(|origin| origin != format!("http://{host}"))
}

#[cfg(test)]
mod tests;
