//! An entry of the functions' logs: the relay writes it, `alertctl logs`, `test` and `status` read it.

use super::Outcome;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// One line of JSON. Everything but `outcome` depends on what the line is about: a message for a channel or a topic, a request
/// to a function, a heartbeat.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LogEntry<'a> {
    #[serde(rename = "Stack", skip_serializing_if = "Option::is_none")]
    pub stack: Option<Cow<'a, str>>,
    /// Key of the channel.
    #[serde(rename = "Channel", skip_serializing_if = "Option::is_none")]
    pub channel: Option<Cow<'a, str>>,
    /// ARN of the SNS topic that it was published to.
    #[serde(rename = "Topic", skip_serializing_if = "Option::is_none")]
    pub topic: Option<Cow<'a, str>>,
    /// The way that a heartbeat came.
    #[serde(rename = "Path", skip_serializing_if = "Option::is_none")]
    pub path: Option<Cow<'a, str>>,
    /// Only for a line about a whole request, a topic or the table of incidents: the name of a [`Kind`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<Cow<'a, str>>,
    /// The name of an [`Outcome`], or another word that depends on the duty.
    pub outcome: Cow<'a, str>,
    /// `notify`, `ingest`, `actions` or `guard`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duty: Option<Cow<'a, str>>,
    /// Lambda's id of the invocation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<Cow<'a, str>>,
    /// The name of a [`Severity`](super::Severity).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<Cow<'a, str>>,
    /// Id of the EventBridge event or of the SNS message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_id: Option<Cow<'a, str>>,
    /// The EventBridge rule that the event came through.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<Cow<'a, str>>,
    /// The mark of a message that `alertctl test` sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<Cow<'a, str>>,
    /// For people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Cow<'a, str>>,
    /// HTTP status of the service's response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What each channel at the end of a heartbeat said: `ok`, or what is wrong.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub channels: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
    /// Metric: the number of retries.
    #[serde(rename = "Retried", skip_serializing_if = "Option::is_none")]
    pub retried: Option<u32>,
    /// Metric: milliseconds from the time when the function, or the channel's buffer, received it to the service's response.
    #[serde(rename = "Latency", skip_serializing_if = "Option::is_none")]
    pub latency: Option<u64>,
}

/// The result of a request to a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing is left to do.
    Done,
    /// The caller's fault: it sent something that cannot be accepted.
    Refused,
    /// Something is still undelivered, or was given up.
    Failed,
}

impl Kind {
    /// Its word in the log.
    pub fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

impl LogEntry<'_> {
    /// Whether something of a request is still undelivered, or was given up.
    pub fn is_failure(&self) -> bool {
        self.kind.as_deref() == Some(Kind::Failed.name())
    }

    /// The outcome of a message that has this word. The line of a request may have the same word.
    pub fn of_message(&self) -> Option<Outcome> {
        Outcome::named(&self.outcome)
    }

    /// Whether the service has it.
    pub fn is_there(&self) -> bool {
        self.of_message().is_some_and(Outcome::is_there)
    }

    /// Whether the outcome cannot change without a person.
    pub fn is_final(&self) -> bool {
        self.of_message().is_some_and(Outcome::is_final)
    }
}
