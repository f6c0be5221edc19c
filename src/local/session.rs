//! The running local mode: starts its two processes, finds them again, stops them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use alertctl_relay::ChannelType;
use serde::{Deserialize, Serialize};

use super::parts::{self, Kind, Running};
use super::{LocalError, MINISTACK_VERSION, cache, os, provision};

/// Path prefix of the inbox's addresses; the channel follows, and the service if it is not Slack.
const WEBHOOKS: &str = "/services/LOCAL/INBOX/";

/// A local mode whose two parts answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Session {
    /// The endpoint URL of every AWS service.
    pub endpoint: String,
    /// The page of the inbox.
    pub inbox: String,
    /// The version of MiniStack.
    pub version: String,
    #[serde(skip)]
    pub(super) inbox_port: u16,
    #[serde(skip)]
    pub(super) emulator_port: u16,
}

/// The state of the local mode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    pub emulator: Part,
    pub inbox: Part,
    /// The version of MiniStack.
    pub version: String,
    /// Number of received messages; `None` while the inbox is down.
    pub messages: Option<u64>,
}

/// One of the two processes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Part {
    pub url: String,
    pub pid: u32,
    /// Whether the process exists.
    pub running: bool,
    /// Whether it also answers.
    pub answers: bool,
    pub log: PathBuf,
}

/// `session.json`: the data to find the processes again.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Record {
    version: String,
    /// The digest of MiniStack's additions.
    #[serde(default)]
    additions: String,
    emulator: Option<Running>,
    inbox: Option<Running>,
}

/// Starts the parts that do not run yet and returns the session. A second call changes nothing; a part that
/// died is started again on its old port with its data.
///
/// `inbox_args` are the arguments with which this executable runs [`serve_inbox`](super::serve_inbox);
/// `--state-dir DIR --port PORT` is added to them.
pub async fn up(inbox_args: &[OsString], mut say: impl FnMut(&str)) -> Result<Session, LocalError> {
    if !os::RUNS_THE_RELAY {
        return Err(LocalError::NotHere);
    }
    let cache_dir = cache::cache_dir()?;
    let python = provision::python(&cache_dir, &mut say).await?;
    let dir = cache_dir.join("local");
    cache::make_private_dir(&dir)?;
    let _lock = lock(&dir, &mut say).await?;
    let mut record = Record::read(&dir)?.unwrap_or_default();

    let additions = parts::additions_digest();
    if (&*record.version, &record.additions) != (MINISTACK_VERSION, &additions)
        && let Some(old) = &record.emulator
    {
        // The state is kept: MiniStack reads the files of its older versions.
        old.process.stop(Kind::Emulator.name()).await?;
    }
    record.version = MINISTACK_VERSION.to_owned();
    record.additions = additions;
    let port = |running: &Option<Running>| running.as_ref().map(|running| running.port);
    let before = (port(&record.emulator), port(&record.inbox));
    if !record
        .emulator
        .as_ref()
        .is_some_and(|running| running.process.alive())
    {
        say(&format!("starting MiniStack {MINISTACK_VERSION}"));
    }
    let command = |port| parts::emulator_command(&python, &dir, port);
    let emulator = parts::ensure(Kind::Emulator, &dir, record.emulator.take(), command, |running| {
        record.emulator = Some(running);
        record.write(&dir)
    })
    .await?;
    let command = |port| parts::inbox_command(inbox_args, &dir, port);
    let inbox = parts::ensure(Kind::Inbox, &dir, record.inbox.take(), command, |running| {
        record.inbox = Some(running);
        record.write(&dir)
    })
    .await?;
    record = Record {
        emulator: Some(emulator),
        inbox: Some(inbox),
        ..record
    };
    record.write(&dir)?;

    for (part, old, new) in [
        ("emulator", before.0, port(&record.emulator)),
        ("inbox", before.1, port(&record.inbox)),
    ] {
        if old.is_some() && old != new {
            say(&format!(
                "the {part}'s old port is taken, so it uses another one: run apply again to update the stacks"
            ));
        }
    }
    Ok(record
        .session()
        .unwrap_or_else(|| unreachable!("both parts were just recorded")))
}

/// The port of the local AWS, as the local mode's directory notes it.
pub(super) fn emulator_port(local: &Path) -> Option<u16> {
    let record = Record::read(local).ok()??;
    record.emulator.map(|running| running.port)
}

/// The session, if both of its parts answer.
pub async fn current() -> Result<Option<Session>, LocalError> {
    let dir = cache::cache_dir()?.join("local");
    let Some(record) = Record::read(&dir)? else {
        return Ok(None);
    };
    for (kind, running) in [(Kind::Emulator, &record.emulator), (Kind::Inbox, &record.inbox)] {
        let Some(running) = running else { return Ok(None) };
        if !running.process.alive() || !kind.answers(running.port).await {
            return Ok(None);
        }
    }
    Ok(record.session())
}

/// The state of both parts; `None` if nothing was started since the last [`down`].
pub async fn status() -> Result<Option<Status>, LocalError> {
    let dir = cache::cache_dir()?.join("local");
    let Some(record) = Record::read(&dir)? else {
        return Ok(None);
    };
    let (Some(emulator), Some(inbox)) = (&record.emulator, &record.inbox) else {
        return Ok(None);
    };
    let part = async |kind: Kind, running: &Running| {
        let alive = running.process.alive();
        Part {
            url: running.url(),
            pid: running.process.pid,
            running: alive,
            answers: alive && kind.answers(running.port).await,
            log: kind.log(&dir),
        }
    };
    let (emulator, inbox) = (
        part(Kind::Emulator, emulator).await,
        part(Kind::Inbox, inbox).await,
    );
    let messages = match record.session() {
        Some(session) if inbox.answers => Some(session.last_seq().await?),
        _ => None,
    };
    Ok(Some(Status {
        emulator,
        inbox,
        version: record.version,
        messages,
    }))
}

/// Stops both parts and deletes all their data; false if there was nothing to stop or delete.
pub async fn down(mut say: impl FnMut(&str)) -> Result<bool, LocalError> {
    let dir = cache::cache_dir()?.join("local");
    if !dir.exists() {
        return Ok(false);
    }
    let _lock = lock(&dir, &mut say).await?;
    let record = Record::read(&dir)?;
    let existed = record.is_some();
    if let Some(Record { emulator, inbox, .. }) = record {
        for (kind, running) in [(Kind::Inbox, inbox), (Kind::Emulator, emulator)] {
            let Some(running) = running else { continue };
            if running.process.alive() {
                say(&format!("stopping the {}", kind.name()));
            }
            running.process.stop(kind.name()).await?;
        }
    }
    for kind in [Kind::Inbox, Kind::Emulator] {
        cache::remove(&kind.dir(&dir))?;
    }
    for notes in [REGIONS, CIPHERTEXTS] {
        cache::remove(&notes_file(notes)?)?;
    }
    // This file is removed last: as long as it exists, the next run completes an interrupted one.
    cache::remove(&dir.join("session.json"))?;
    Ok(existed)
}

impl Session {
    fn of(version: &str, emulator: &Running, inbox: &Running) -> Self {
        Self {
            endpoint: emulator.url(),
            inbox: inbox.url(),
            version: version.to_owned(),
            inbox_port: inbox.port,
            emulator_port: emulator.port,
        }
    }

    /// The address of a channel: the inbox shows what is posted to it.
    pub fn address(&self, channel: &str, channel_type: &ChannelType) -> String {
        let channel = percent_encoding::utf8_percent_encode(channel, percent_encoding::NON_ALPHANUMERIC);
        let service = match (channel_type, channel_type.place()) {
            (ChannelType::Slack, _) | (_, []) => String::new(),
            (_, [service, ..]) => format!("/{service}"),
        };
        format!("{}{WEBHOOKS}{channel}{service}", self.inbox)
    }

    /// True for a webhook of the inbox from before it moved to another port, because its old port was taken.
    pub fn has_moved_from(&self, webhook: &str) -> bool {
        webhook.contains(WEBHOOKS) && !webhook.starts_with(&format!("{}/", self.inbox))
    }

    /// Records that something was created in `region`: the local AWS separates its regions, as AWS does.
    pub fn remember_region(&self, region: &str) -> Result<(), LocalError> {
        note(REGIONS, region)
    }

    /// The recorded regions, oldest first.
    pub fn regions(&self) -> Result<Vec<String>, LocalError> {
        notes(REGIONS)
    }

    /// Records that the ciphertext with this fingerprint (which includes its function) contains `webhook`, a
    /// URL on this machine. While its key is pending deletion, it cannot be decrypted.
    pub fn remember_ciphertext(&self, fingerprint: &str, webhook: &str) -> Result<(), LocalError> {
        let of_inbox = webhook.contains(WEBHOOKS) && !self.has_moved_from(webhook);
        let inbox = if of_inbox { &self.inbox } else { "-" };
        note(CIPHERTEXTS, &format!("{fingerprint} {inbox}"))
    }

    /// What was recorded for the ciphertext with this fingerprint.
    pub fn ciphertext(&self, fingerprint: &str) -> Result<Option<Noted>, LocalError> {
        let noted = notes(CIPHERTEXTS)?.into_iter().rev();
        let mut noted = noted.filter_map(|line| {
            let (of, inbox) = line.split_once(' ')?;
            let moved = inbox != "-" && inbox != self.inbox;
            (of == fingerprint).then_some(if moved { Noted::Moved } else { Noted::Here })
        });
        Ok(noted.next())
    }
}

/// The last known content of a ciphertext.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noted {
    /// A webhook on this machine.
    Here,
    /// A webhook of the inbox from before it moved to another port.
    Moved,
}

/// Files with one note per line, beside the session's record.
const REGIONS: &str = "regions";
const CIPHERTEXTS: &str = "ciphertexts";

fn notes_file(name: &str) -> Result<PathBuf, LocalError> {
    Ok(cache::cache_dir()?.join("local").join(name))
}

/// The notes in a file, oldest first.
fn notes(name: &str) -> Result<Vec<String>, LocalError> {
    let path = notes_file(name)?;
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(text.lines().map(str::to_owned).collect()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(LocalError::file("read", &path)(error)),
    }
}

/// Adds a note, unless it already exists.
fn note(name: &str, line: &str) -> Result<(), LocalError> {
    let mut lines = notes(name)?;
    if !lines.iter().any(|known| known == line) {
        lines.push(line.to_owned());
        cache::write_atomically(&notes_file(name)?, lines.join("\n").as_bytes())?;
    }
    Ok(())
}

impl Record {
    /// `None` if nothing was started. An invalid file means the same: the file is written atomically, so only
    /// another version of alertctl can have left it.
    fn read(dir: &Path) -> Result<Option<Self>, LocalError> {
        let path = dir.join("session.json");
        match std::fs::read(&path) {
            Ok(text) => Ok(serde_json::from_slice(&text).ok()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(LocalError::file("read", &path)(error)),
        }
    }

    fn write(&self, dir: &Path) -> Result<(), LocalError> {
        let path = dir.join("session.json");
        let text = serde_json::to_vec_pretty(self)
            .map_err(|error| LocalError::file("write", &path)(error.into()))?;
        cache::write_atomically(&path, &text)
    }

    fn session(&self) -> Option<Session> {
        Some(Session::of(
            &self.version,
            self.emulator.as_ref()?,
            self.inbox.as_ref()?,
        ))
    }
}

/// Only one command at a time may start or stop the local mode.
async fn lock(dir: &Path, say: &mut impl FnMut(&str)) -> Result<std::fs::File, LocalError> {
    cache::lock(&dir.join("lock"), || {
        say("waiting for another alertctl that starts or stops the local mode")
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_webhook_names_its_channel() {
        let session = Session {
            endpoint: "http://127.0.0.1:1".into(),
            inbox: "http://127.0.0.1:2".into(),
            version: MINISTACK_VERSION.into(),
            inbox_port: 2,
            emulator_port: 1,
        };
        assert_eq!(
            session.address("project", &ChannelType::Slack),
            "http://127.0.0.1:2/services/LOCAL/INBOX/project"
        );
        assert_eq!(
            session.address("a/b", &ChannelType::Slack),
            "http://127.0.0.1:2/services/LOCAL/INBOX/a%2Fb"
        );
        assert!(!session.has_moved_from(&session.address("project", &ChannelType::Slack)));
        assert!(session.has_moved_from("http://127.0.0.1:3/services/LOCAL/INBOX/project"));
        assert!(!session.has_moved_from("http://127.0.0.1:3/services/T0/B0/x"));
    }

    #[test]
    fn a_record_is_kept_and_an_unreadable_one_counts_as_none() {
        let dir = tempfile::tempdir().unwrap();
        assert!(Record::read(dir.path()).unwrap().is_none());
        Record {
            version: "1".into(),
            ..Record::default()
        }
        .write(dir.path())
        .unwrap();
        assert_eq!(Record::read(dir.path()).unwrap().unwrap().version, "1");
        std::fs::write(dir.path().join("session.json"), "[").unwrap();
        assert!(Record::read(dir.path()).unwrap().is_none());
    }
}
