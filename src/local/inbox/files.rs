//! Pictures of a Slack app, on their way into a thread: the place that takes one is asked for first, and then told which
//! message the picture belongs to. <https://docs.slack.dev/messaging/working-with-files#upload>

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::accept::Refusal;
use super::post::Post;

/// The page shows nothing else.
const PNG: [u8; 8] = [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n'];
/// Most pictures that wait for their thread.
const MOST: usize = 20;
const ASK: &str = "api/files.getUploadURLExternal";
const SHOW: &str = "api/files.completeUploadExternal";
const PLACE: &str = "upload/";

/// Pictures that no thread shows yet.
#[derive(Default)]
pub(super) struct Files(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    files: BTreeMap<u64, File>,
    last: u64,
}

struct File {
    length: usize,
    alt: String,
    /// `None` until it arrives.
    png: Option<Vec<u8>>,
}

impl Files {
    /// The answer to a request that gets a picture here, if it is one; `host` is where it came to.
    pub(super) fn take(&self, post: &Post<'_>, host: &str, body: &[u8]) -> Option<Response> {
        match (post.service, post.api) {
            ("slack", ASK) => {
                let answer = self.ask(post.channel, host, body);
                Some(Json(answer).into_response())
            }
            ("slack", api) => Some(self.receive(api.strip_prefix(PLACE)?, body).into_response()),
            _ => None,
        }
    }

    fn ask(&self, channel: &str, host: &str, body: &[u8]) -> Value {
        let form = String::from_utf8_lossy(body);
        let field = |name: &str| {
            let mut pairs = form.split('&').filter_map(|pair| pair.split_once('='));
            let (_, value) = pairs.find(|(key, _)| *key == name)?;
            Some(
                percent_decode_str(&value.replace('+', " "))
                    .decode_utf8_lossy()
                    .into_owned(),
            )
        };
        let length = field("length").and_then(|length| length.parse().ok());
        let length = length.filter(|length| (1..=super::MAX_BODY).contains(length));
        let (Some(length), Some(_)) = (length, field("filename").filter(|name| !name.is_empty())) else {
            return json!({ "ok": false, "error": "invalid_arguments" });
        };
        let mut inner = self.inner();
        inner.last += 1;
        let id = inner.last;
        let alt = field("alt_txt").unwrap_or_default();
        inner.files.insert(
            id,
            File {
                length,
                alt,
                png: None,
            },
        );
        while inner.files.len() > MOST {
            inner.files.pop_first();
        }
        let url = format!("http://{host}/services/LOCAL/INBOX/{channel}/slack/{PLACE}F{id}");
        json!({ "ok": true, "upload_url": url, "file_id": format!("F{id}") })
    }

    fn receive(&self, id: &str, body: &[u8]) -> (StatusCode, String) {
        let mut inner = self.inner();
        match number(id).and_then(|id| inner.files.get_mut(&id)) {
            None => (StatusCode::NOT_FOUND, "no such file".to_owned()),
            Some(file) if file.length != body.len() => {
                let text = format!("it has {} bytes, and {} were announced", body.len(), file.length);
                (StatusCode::BAD_REQUEST, text)
            }
            Some(_) if !body.starts_with(&PNG) => {
                (StatusCode::BAD_REQUEST, "the inbox shows PNGs only".to_owned())
            }
            Some(file) => {
                file.png = Some(body.to_vec());
                (StatusCode::OK, format!("OK - {}", body.len()))
            }
        }
    }

    /// Puts the picture that a message of a thread shows into its body, where the page finds it.
    pub(super) fn show(&self, post: &Post<'_>, body: &mut Value) -> Result<(), Refusal> {
        if (post.service, post.api) != ("slack", SHOW) {
            return Ok(());
        }
        let id = body["files"][0]["id"].as_str().and_then(number);
        let mut inner = self.inner();
        let file = id.and_then(|id| inner.files.remove(&id));
        let picture = file.and_then(|file| Some((file.alt, file.png?)));
        let (alt, png) = picture.ok_or_else(|| Refusal {
            code: "file_not_found",
            reason: "no picture with this id has arrived".to_owned(),
        })?;
        body["picture"] = format!("data:image/png;base64,{}", BASE64_STANDARD.encode(png)).into();
        body["alt"] = alt.into();
        // What a terminal shows.
        let title = body["files"][0]["title"].as_str().unwrap_or_default();
        body["text"] = format!("{title} (a picture)").into();
        Ok(())
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // A panic cannot leave this data half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The number of a file in its id.
fn number(id: &str) -> Option<u64> {
    id.strip_prefix('F')?.parse().ok()
}

/// Checks a message that shows a file; `is_thread` says whether there is a message with this `ts`.
pub(super) fn check(body: &Value, is_thread: impl Fn(&str) -> bool) -> Result<(), Refusal> {
    let refuse = |code, reason: &str| {
        Err(Refusal {
            code,
            reason: reason.to_owned(),
        })
    };
    match (body["channel_id"].as_str(), body["thread_ts"].as_str()) {
        (None | Some(""), _) => refuse("channel_not_found", "it names no `channel_id`"),
        (_, Some(ts)) if !is_thread(ts) => {
            refuse("thread_not_found", "there is no message with this `thread_ts`")
        }
        _ => Ok(()),
    }
}
