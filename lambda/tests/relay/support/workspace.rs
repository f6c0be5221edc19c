//! A Slack workspace behind its Web API: it refuses what the real one refuses. Its table of DynamoDB is in `table`.

use super::fakes::serve;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use futures_util::stream;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

pub const CHANNEL: &str = "C0123ABCD";

/// What happens to the next call of a method.
#[derive(Clone, Copy)]
pub enum Fault {
    /// It is refused with this error.
    Error(&'static str),
    /// It is done, and the connection breaks off.
    Lost,
}

#[derive(Default)]
pub struct Inner {
    /// The channel's messages by their time, replies included.
    pub messages: BTreeMap<String, Value>,
    /// Method of each call.
    pub calls: Vec<String>,
    /// What happens to the next calls of each method.
    pub faults: BTreeMap<&'static str, VecDeque<Fault>>,
    /// The table's items by their key.
    pub items: BTreeMap<String, Map<String, Value>>,
    /// Files by their ids.
    pub files: BTreeMap<String, File>,
    /// Where it says that files may be sent, if not here.
    pub upload_url: Option<&'static str>,
    /// How long the table looks for a page of a scan.
    pub scan_takes: Duration,
    /// Whether the table answers with an error.
    pub table_fails: bool,
    /// The person and the text of what one person alone is told.
    pub whispers: Vec<(String, String)>,
    /// How many calls the workspace takes in a second; `None` for any number.
    pub per_second: Option<usize>,
    /// How many calls came faster.
    pub too_fast: usize,
    /// When the calls of the last second came.
    taken: VecDeque<Instant>,
    posted: u64,
}

/// A file on its way to a thread.
#[derive(Clone, Default)]
pub struct File {
    pub length: usize,
    pub alt: String,
    /// Empty until it arrives.
    pub bytes: Vec<u8>,
    pub title: String,
    /// The thread that shows it.
    pub thread: Option<String>,
}

#[derive(Clone, Default)]
pub struct Workspace(Arc<Mutex<Inner>>);

impl Workspace {
    pub async fn start() -> (Self, SocketAddr) {
        let workspace = Self::default();
        let address = workspace.open().await;
        (workspace, address)
    }

    /// Opens one more address.
    pub async fn open(&self) -> SocketAddr {
        let router = Router::new()
            .route("/slack/api/{method}", post(call))
            .route("/slack/upload/v1/{file}", post(upload))
            .with_state(self.clone());
        serve(router).await
    }

    pub fn state(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().expect("not poisoned")
    }

    pub fn fail(&self, method: &'static str, fault: Fault) {
        self.state().faults.entry(method).or_default().push_back(fault);
    }

    /// The headlines of the channel's messages, without replies.
    pub fn headlines(&self) -> Vec<String> {
        let state = self.state();
        let own = state
            .messages
            .values()
            .filter(|message| message["thread_ts"].is_null());
        own.map(headline).collect()
    }

    /// The headlines of all replies, and whether the channel shows them, too.
    pub fn replies(&self) -> Vec<(String, bool)> {
        let state = self.state();
        let replies = state
            .messages
            .values()
            .filter(|message| !message["thread_ts"].is_null());
        let reply = |message: &Value| (headline(message), message["reply_broadcast"] == true);
        replies.map(reply).collect()
    }

    /// Somebody deletes all messages.
    pub fn delete_all(&self) {
        self.state().messages.clear();
    }
}

fn headline(message: &Value) -> String {
    let text = &message["blocks"][0]["text"]["text"];
    text.as_str().expect("a headline").to_owned()
}

async fn call(
    State(workspace): State<Workspace>,
    Path(method): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let body: Value = match headers["content-type"].to_str().expect("ASCII") {
        "application/x-www-form-urlencoded" => {
            let form = std::str::from_utf8(&body).expect("ASCII");
            let pairs = form.split('&').filter_map(|pair| pair.split_once('='));
            pairs
                .map(|(name, value)| {
                    let value = percent_decode_str(value).decode_utf8().expect("UTF-8");
                    (name.to_owned(), Value::from(value))
                })
                .collect()
        }
        _ => serde_json::from_slice(&body).expect("JSON"),
    };
    assert_eq!(headers["authorization"], "Bearer xoxb-local");
    let mut state = workspace.state();
    if state.is_too_fast() {
        return (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "1")]).into_response();
    }
    state.calls.push(method.clone());
    let fault = state
        .faults
        .get_mut(method.as_str())
        .and_then(VecDeque::pop_front);
    if let Some(Fault::Error(error)) = fault {
        let needed = (method.starts_with("files.") && error == "missing_scope").then_some("files:write");
        return answer(&json!({ "ok": false, "error": error, "needed": needed }));
    }
    let done = match method.as_str() {
        "chat.postMessage" => state.post(&body),
        "chat.update" => state.update(&body),
        "chat.postEphemeral" => state.whisper(&body),
        "conversations.history" => Ok(state.history(&body)),
        "files.getUploadURLExternal" => {
            assert_eq!(headers["content-type"], "application/x-www-form-urlencoded");
            state.take_file(&body, headers["host"].to_str().expect("ASCII"))
        }
        "files.completeUploadExternal" => state.show_file(&body),
        other => panic!("{other}"),
    };
    if let Some(Fault::Lost) = fault {
        let broken = Err::<Bytes, _>(std::io::Error::other("cut"));
        return (StatusCode::OK, Body::from_stream(stream::iter([broken]))).into_response();
    }
    answer(&done.unwrap_or_else(|error| json!({ "ok": false, "error": error })))
}

/// It gets the bytes as they are, and no token.
async fn upload(
    State(workspace): State<Workspace>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    assert!(headers.get("authorization").is_none());
    let mut state = workspace.state();
    state.calls.push("upload".to_owned());
    let fault = state.faults.get_mut("upload").and_then(VecDeque::pop_front);
    match state.files.get_mut(&id) {
        None => (StatusCode::NOT_FOUND, "no such file").into_response(),
        Some(_) if fault.is_some() => (StatusCode::INTERNAL_SERVER_ERROR, "").into_response(),
        Some(file) if file.length != body.len() => (StatusCode::BAD_REQUEST, "wrong length").into_response(),
        Some(file) => {
            file.bytes = body.to_vec();
            (StatusCode::OK, format!("OK - {}", body.len())).into_response()
        }
    }
}

fn answer(body: &Value) -> Response {
    (
        StatusCode::OK,
        [("content-type", "application/json")],
        body.to_string(),
    )
        .into_response()
}

impl Inner {
    /// Counts a call; whether there were too many in the last second.
    fn is_too_fast(&mut self) -> bool {
        let Some(most) = self.per_second else {
            return false;
        };
        let now = Instant::now();
        self.taken
            .retain(|then| now.duration_since(*then) < Duration::from_secs(1));
        let is_too_fast = self.taken.len() >= most;
        match is_too_fast {
            true => self.too_fast += 1,
            false => self.taken.push_back(now),
        }
        is_too_fast
    }

    fn post(&mut self, body: &Value) -> Result<Value, &'static str> {
        if body["channel"] != CHANNEL {
            return Err("channel_not_found");
        }
        let parent = body["thread_ts"].as_str();
        if parent.is_some_and(|parent| !self.messages.contains_key(parent)) {
            return Err("thread_not_found");
        }
        self.posted += 1;
        let ts = format!("17{:08}.000100", self.posted);
        self.messages.insert(ts.clone(), body.clone());
        Ok(json!({ "ok": true, "channel": CHANNEL, "ts": ts }))
    }

    /// <https://docs.slack.dev/reference/methods/files.getUploadURLExternal>
    fn take_file(&mut self, body: &Value, host: &str) -> Result<Value, &'static str> {
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        let length = text("length").parse().unwrap_or_default();
        if text("filename").is_empty() || length == 0 {
            return Err("invalid_arguments");
        }
        let id = format!("F{}", self.files.len() + 1);
        let file = File {
            length,
            alt: text("alt_txt"),
            ..File::default()
        };
        self.files.insert(id.clone(), file);
        let url = format!("http://{host}/slack/upload/v1/{id}");
        let url = self.upload_url.map_or(url, str::to_owned);
        Ok(json!({ "ok": true, "upload_url": url, "file_id": id }))
    }

    /// <https://docs.slack.dev/reference/methods/files.completeUploadExternal>
    fn show_file(&mut self, body: &Value) -> Result<Value, &'static str> {
        let thread = body["thread_ts"].as_str().ok_or("invalid_arguments")?;
        if body["channel_id"] != CHANNEL {
            return Err("channel_not_found");
        }
        let parent = self.messages.get(thread).ok_or("thread_not_found")?;
        assert!(parent["thread_ts"].is_null(), "{parent}");
        let file = &body["files"][0];
        let known = file["id"].as_str().and_then(|id| self.files.get_mut(id));
        let known = known
            .filter(|file| !file.bytes.is_empty())
            .ok_or("file_not_found")?;
        if known.thread.is_some() {
            return Err("file_already_shared");
        }
        known.thread = Some(thread.to_owned());
        known.title = file["title"].as_str().unwrap_or_default().to_owned();
        Ok(json!({ "ok": true, "files": [file] }))
    }

    /// What an update does not name stays. <https://docs.slack.dev/reference/methods/chat.update>
    fn update(&mut self, body: &Value) -> Result<Value, &'static str> {
        let ts = body["ts"].as_str().ok_or("message_not_found")?.to_owned();
        if body["channel"] != CHANNEL {
            return Err("channel_not_found");
        }
        let message = self.messages.get_mut(&ts).ok_or("message_not_found")?;
        for part in ["text", "blocks", "attachments"] {
            if !body[part].is_null() {
                message[part] = body[part].clone();
            }
        }
        Ok(json!({ "ok": true, "channel": CHANNEL, "ts": ts }))
    }

    fn whisper(&mut self, body: &Value) -> Result<Value, &'static str> {
        let text = |name: &str| body[name].as_str().map(str::to_owned);
        if body["channel"] != CHANNEL {
            return Err("channel_not_found");
        }
        let (user, text) = (
            text("user").ok_or("user_not_in_channel")?,
            text("text").ok_or("no_text")?,
        );
        self.whispers.push((user, text));
        Ok(json!({ "ok": true, "message_ts": "17.000100" }))
    }

    fn history(&self, body: &Value) -> Value {
        let with_metadata = body["include_all_metadata"] == "true" && body["channel"] == CHANNEL;
        let shown = self
            .messages
            .iter()
            .filter(|(_, message)| message["thread_ts"].is_null());
        let shown = shown.map(|(ts, message)| {
            let metadata = message.get("metadata").filter(|_| with_metadata);
            json!({ "ts": ts, "text": message["text"], "metadata": metadata })
        });
        json!({ "ok": true, "messages": shown.rev().collect::<Vec<_>>() })
    }
}
