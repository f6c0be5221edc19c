//! How much attention something deserves: what channels are chosen and people are called by.

use super::{Content, Detail, GuardOutcome, Notice, State, Tone, Weight};
use serde::{Deserialize, Serialize};

/// From what is good to know to what wakes people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Info,
    Warning,
    Error,
    Critical,
}

impl Severity {
    pub const ALL: [Self; 4] = [Self::Info, Self::Warning, Self::Error, Self::Critical];

    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }
}

impl Notice {
    /// How much attention it deserves by what it says.
    pub fn severity(&self) -> Severity {
        match &self.content {
            Content::Alarm(alarm) => match alarm.new {
                State::Alarm => Severity::Error,
                State::InsufficientData => Severity::Warning,
                State::Ok | State::Other(_) => Severity::Info,
            },
            Content::Guard(guarded) => match guarded.outcome {
                GuardOutcome::Failed(_) => Severity::Critical,
                GuardOutcome::Restarted | GuardOutcome::AlreadyLogging => Severity::Error,
            },
            Content::Event(event) => match &event.detail {
                Detail::Call(call) => match call.weight {
                    Weight::Read | Weight::Change | Weight::SignIn => Severity::Info,
                    Weight::Delete | Weight::Failed | Weight::Denied => Severity::Warning,
                    Weight::Critical => Severity::Critical,
                },
                Detail::Report(report) => match report.tone {
                    Tone::Good | Tone::Plain | Tone::Idle => Severity::Info,
                    Tone::Warning => Severity::Warning,
                    Tone::Bad => Severity::Error,
                },
                Detail::Other(_) => Severity::Info,
            },
            Content::Text { .. } | Content::Json { .. } => Severity::Info,
        }
    }

    /// The AWS account it is about, twelve digits.
    pub fn account(&self) -> Option<&str> {
        match &self.content {
            Content::Alarm(alarm) => alarm.account.as_deref(),
            Content::Event(event) => event.account.as_deref(),
            _ => None,
        }
    }

    /// The AWS region it is about.
    pub fn region(&self) -> Option<&str> {
        match &self.content {
            Content::Alarm(alarm) => alarm.arn.as_ref()?.region.as_deref(),
            Content::Event(event) => event.region.as_deref(),
            _ => None,
        }
    }
}
