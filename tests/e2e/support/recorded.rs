//! An AWS that answers from files, each in the wire format of its service, so that a test decides on every field.
//!
//! A file is named after the call, `events.ListRules.json`; `events.ListRules.TOKEN.json` answers requests with `TOKEN` in them.
//! CloudWatch's answers are CBOR, which nobody can read: the file has them as JSON, with a point in time as `{"$time": 1.5}`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};

use aws_smithy_cbor::Encoder;
use aws_smithy_types::DateTime;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::Response;
use serde_json::Value;

use super::wire::{action, refusal};

/// The files of a call by what is in its request; the one without comes first.
type Answers = BTreeMap<String, BTreeMap<String, String>>;

/// A running server.
pub struct Recorded {
    pub url: String,
    /// The names of the files that were sent.
    pub sent: Arc<Mutex<BTreeSet<String>>>,
    /// Calls without a file.
    pub missed: Arc<Mutex<BTreeSet<String>>>,
    _runtime: tokio::runtime::Runtime,
}

impl Recorded {
    /// Answers from the files of `directory`, as `edit` changes them.
    pub fn start(directory: &Path, edit: impl Fn(&str, String) -> String) -> Self {
        let mut answers = Answers::new();
        for file in std::fs::read_dir(directory).unwrap() {
            let path = file.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let (name, _) = name.rsplit_once('.').unwrap();
            let mut parts = name.splitn(3, '.');
            let call = format!("{}:{}", parts.next().unwrap(), parts.next().unwrap());
            let text = edit(name, std::fs::read_to_string(&path).unwrap());
            let of_call = answers.entry(call).or_default();
            of_call.insert(parts.next().unwrap_or_default().to_owned(), text);
        }
        let (sent, missed) = (Arc::default(), Arc::default());
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime
            .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
            .unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new((answers, Arc::clone(&sent), Arc::clone(&missed)));
        let router = Router::new().fallback(move |request: Request| {
            let shared = shared.clone();
            async move {
                let (answers, sent, missed) = &*shared;
                answer(answers, sent, missed, request).await
            }
        });
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self {
            url,
            sent,
            missed,
            _runtime: runtime,
        }
    }
}

async fn answer(
    answers: &Answers,
    sent: &Mutex<BTreeSet<String>>,
    missed: &Mutex<BTreeSet<String>>,
    request: Request,
) -> Response<Body> {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let action = action(&head, &body);
    let text = format!("{} {}", head.uri, String::from_utf8_lossy(&body));
    // The last one is the most special: all but the first are in the request.
    let mut fitting = answers.get(&action).into_iter().flatten().rev();
    let Some((selector, content)) = fitting.find(|(selector, _)| text.contains(selector.as_str())) else {
        missed.lock().unwrap().insert(action);
        return refusal(400, "InvalidAction", "nothing is recorded", &head, &body);
    };
    let name = action.replace(':', ".");
    sent.lock().unwrap().insert(match selector.is_empty() {
        true => name,
        false => format!("{name}.{selector}"),
    });
    let answer = Response::builder()
        .status(200)
        .header("x-amzn-requestid", "11111111-2222-3333-4444-555555555555");
    let answer = if head.headers.contains_key("smithy-protocol") {
        let mut encoder = Encoder::new(Vec::new());
        cbor(&serde_json::from_str(content).unwrap(), &mut encoder);
        answer
            .header("content-type", "application/cbor")
            .header("smithy-protocol", "rpc-v2-cbor")
            .body(Body::from(encoder.into_writer()))
    } else if content.starts_with('<') {
        answer
            .header("content-type", "text/xml")
            .body(Body::from(content.clone()))
    } else {
        answer
            .header("content-type", "application/x-amz-json-1.1")
            .body(Body::from(content.clone()))
    };
    answer.unwrap()
}

/// Writes a value as CBOR.
fn cbor(value: &Value, encoder: &mut Encoder) {
    match value {
        Value::Null => encoder.null(),
        Value::Bool(is) => encoder.boolean(*is),
        Value::Number(number) => match number.as_i64() {
            Some(number) => encoder.long(number),
            None => encoder.double(number.as_f64().unwrap()),
        },
        Value::String(text) => encoder.str(text),
        Value::Array(items) => {
            encoder.array(items.len());
            items.iter().for_each(|item| cbor(item, encoder));
            encoder
        }
        Value::Object(entries) => match entries.get("$time") {
            Some(time) => encoder.timestamp(&DateTime::from_secs_f64(time.as_f64().unwrap())),
            None => {
                encoder.map(entries.len());
                for (key, value) in entries {
                    encoder.str(key);
                    cbor(value, encoder);
                }
                encoder
            }
        },
    };
}
