//! The received messages, in memory and in a file that outlives the process.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::watch;

use super::files::Files;
use super::post::Post;
use crate::local::{LocalError, cache, os};

const FILE: &str = "messages.jsonl";
/// Locked by the process that writes the file.
const LOCK: &str = "messages.lock";

/// One post to a webhook, accepted or refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Counts up from 1, without gaps.
    pub seq: u64,
    /// When it was received, RFC 3339 in UTC.
    pub received: String,
    /// The last segment of the webhook's path.
    pub channel: String,
    /// The whole path of the request.
    pub path: String,
    /// The service's answer to such a post.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// The posted JSON, or the raw text if it is not JSON.
    pub body: Value,
}

impl Message {
    /// Its channel, for people: `#project` in Slack and Discord, `pager (pagerduty)` elsewhere.
    pub fn place(&self) -> String {
        match Post::read(&self.path).map(|post| post.service) {
            None | Some("slack" | "discord") => format!("#{}", self.channel),
            Some(service) => format!("{} ({service})", self.channel),
        }
    }
}

/// The answer to a post.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "lowercase")]
pub enum Verdict {
    /// `200 ok`.
    Accepted,
    /// `400` with the service's short code; the services themselves do not send the reason.
    Rejected { code: String, reason: String },
}

/// A post without a number yet.
pub(super) struct Arrival {
    pub(super) channel: String,
    pub(super) path: String,
    pub(super) verdict: Verdict,
    pub(super) body: Value,
}

/// All messages since the last `down`.
pub(super) struct Store {
    inner: Mutex<Inner>,
    last: watch::Sender<u64>,
    /// Pictures that are not part of a message yet.
    pub(super) files: Files,
    _lock: File,
}

struct Inner {
    messages: Vec<Arc<Message>>,
    file: File,
}

impl Store {
    /// Opens the store of a directory; drops a last line that a kill truncated.
    pub(super) fn open(dir: &Path) -> Result<Self, LocalError> {
        cache::make_private_dir(dir)?;
        let path = dir.join(FILE);
        let lock = cache::try_lock(&dir.join(LOCK))?;
        let lock = lock.ok_or_else(|| LocalError::InboxBusy { path: path.clone() })?;
        let mut messages = Vec::new();
        let mut whole = 0;
        for line in read_or_empty(&path)?.split_inclusive(|byte| *byte == b'\n') {
            let Ok(message) = serde_json::from_slice::<Message>(line) else {
                break;
            };
            if !line.ends_with(b"\n") {
                break;
            }
            whole += line.len() as u64;
            messages.push(Arc::new(message));
        }
        let file = os::keep_private(OpenOptions::new().create(true).append(true))
            .open(&path)
            .map_err(LocalError::file("open", &path))?;
        file.set_len(whole).map_err(LocalError::file("shorten", &path))?;
        let (last, _) = watch::channel(messages.last().map_or(0, |message| message.seq));
        Ok(Self {
            inner: Mutex::new(Inner { messages, file }),
            last,
            files: Files::default(),
            _lock: lock,
        })
    }

    /// Numbers a post, stores it and notifies the listeners; returns its number.
    pub(super) fn add(&self, arrival: Arrival) -> std::io::Result<u64> {
        let mut inner = self.inner();
        let message = Message {
            seq: inner.messages.last().map_or(0, |last| last.seq) + 1,
            received: jiff::Timestamp::now().to_string(),
            channel: arrival.channel,
            path: arrival.path,
            verdict: arrival.verdict,
            body: arrival.body,
        };
        let mut line = serde_json::to_vec(&message)?;
        line.push(b'\n');
        inner.file.write_all(&line)?;
        self.last.send_replace(message.seq);
        let seq = message.seq;
        inner.messages.push(Arc::new(message));
        Ok(seq)
    }

    /// The newest `limit` messages with a number above `after`, oldest first.
    pub(super) fn after(&self, after: u64, limit: usize) -> Vec<Arc<Message>> {
        let messages = &self.inner().messages;
        let start = messages.partition_point(|message| message.seq <= after);
        messages[start.max(messages.len().saturating_sub(limit))..].to_vec()
    }

    pub(super) fn get(&self, seq: u64) -> Option<Arc<Message>> {
        let messages = &self.inner().messages;
        messages
            .binary_search_by_key(&seq, |message| message.seq)
            .ok()
            .map(|index| messages[index].clone())
    }

    /// The number of the newest message, now and at every change.
    pub(super) fn watch(&self) -> watch::Receiver<u64> {
        self.last.subscribe()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // A panic cannot leave this data half changed.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read_or_empty(path: &Path) -> Result<Vec<u8>, LocalError> {
    match std::fs::read(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        other => other.map_err(LocalError::file("read", path)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn arrival(text: &str) -> Arrival {
        Arrival {
            channel: "project".into(),
            path: "/services/LOCAL/INBOX/project".into(),
            verdict: Verdict::Accepted,
            body: json!({ "text": text }),
        }
    }

    #[test]
    fn messages_survive_a_restart_and_a_torn_last_line() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        store.add(arrival("one")).unwrap();
        store.add(arrival("two")).unwrap();
        drop(store);
        let mut file = OpenOptions::new()
            .append(true)
            .open(dir.path().join(FILE))
            .unwrap();
        file.write_all(b"{\"seq\":3,\"rece").unwrap();

        let store = Store::open(dir.path()).unwrap();
        store.add(arrival("three")).unwrap();
        let texts: Vec<_> = store
            .after(0, 10)
            .iter()
            .map(|m| m.body["text"].clone())
            .collect();
        assert_eq!(texts, ["one", "two", "three"]);
        assert_eq!(store.get(3).unwrap().body["text"], "three");
        assert_eq!(*store.watch().borrow(), 3);
    }

    #[test]
    fn the_newest_come_when_there_are_too_many() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        for text in ["one", "two", "three"] {
            store.add(arrival(text)).unwrap();
        }
        let seqs = |after, limit| {
            store
                .after(after, limit)
                .iter()
                .map(|m| m.seq)
                .collect::<Vec<_>>()
        };
        assert_eq!(seqs(0, 2), [2, 3]);
        assert_eq!(seqs(2, 2), [3]);
        assert_eq!(seqs(9, 2), [0; 0]);
        assert!(store.get(4).is_none());
    }

    #[test]
    fn two_inboxes_do_not_share_one_file() {
        let dir = tempfile::tempdir().unwrap();
        let _first = Store::open(dir.path()).unwrap();
        assert!(matches!(
            Store::open(dir.path()),
            Err(LocalError::InboxBusy { .. })
        ));
    }

    #[test]
    fn a_message_reads_back_as_written() {
        let message = Message {
            seq: 7,
            received: "2026-11-20T00:00:00Z".into(),
            channel: "c".into(),
            path: "/services/c".into(),
            verdict: Verdict::Rejected {
                code: "no_text".into(),
                reason: "empty".into(),
            },
            body: json!({}),
        };
        let text = serde_json::to_string(&message).unwrap();
        assert!(text.contains(r#""status":"rejected","code":"no_text""#), "{text}");
        assert_eq!(serde_json::from_str::<Message>(&text).unwrap(), message);
    }
}
