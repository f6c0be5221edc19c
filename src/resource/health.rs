//! How a resource does, as far as AWS tells: for `status`, and for waiting until a stack works.

use std::collections::BTreeMap;

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde::Serialize;
use serde_json::Value;

/// How a live resource does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Health {
    pub verdict: Verdict,
    /// A few words, AWS's own where it has some: `OK since 2026-11-21T03:04:05Z`, `active`, `3 messages parked`.
    pub text: String,
    /// The same piece by piece, such as `alarm_state`, `last_delivery`, `messages`.
    #[serde(flatten)]
    pub facts: BTreeMap<&'static str, Value>,
}

/// What [`Health`] comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It works.
    Healthy,
    /// It works, and has something to look at: an alarm that is on, messages that are parked.
    Attention,
    /// It does not work yet; time mends it, or somebody who has to confirm it.
    Waiting,
    /// It does not work, and stays so until somebody changes it.
    Failed,
}

impl Health {
    /// A verdict in words.
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

/// `2026-11-21T03:04:05Z` of a time that AWS told.
pub(super) fn moment(time: &DateTime) -> Option<String> {
    DateTime::from_secs(time.secs()).fmt(Format::DateTime).ok()
}
