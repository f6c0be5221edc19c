//! The health of resources, as far as AWS reports it. Used by `status`, and to wait until a stack works.

use std::collections::BTreeMap;

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde::Serialize;
use serde_json::Value;

/// The health of a live resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Health {
    pub verdict: Verdict,
    /// A few words, taken from AWS where it has some: `OK since 2026-11-21T03:04:05Z`, `active`, `3 messages parked`.
    pub text: String,
    /// The same as single facts, such as `alarm_state`, `last_delivery`, `messages`.
    #[serde(flatten)]
    pub facts: BTreeMap<&'static str, Value>,
}

/// The summary of a [`Health`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It works.
    Healthy,
    /// It works but needs attention: an alarm is on, or messages are parked.
    Attention,
    /// It does not work yet. It will work after some time, or when somebody confirms it.
    Waiting,
    /// It does not work until somebody changes something.
    Failed,
}

impl Health {
    /// A verdict with its text.
    pub fn new(verdict: Verdict, text: impl Into<String>) -> Self {
        Self {
            verdict,
            text: text.into(),
            facts: BTreeMap::new(),
        }
    }

    /// Adds a fact for machines.
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.facts.insert(name, value.into());
        self
    }
}

/// A time from AWS in the form `2026-11-21T03:04:05Z`.
pub(super) fn moment(time: &DateTime) -> Option<String> {
    DateTime::from_secs(time.secs()).fmt(Format::DateTime).ok()
}
