//! What routing decides about a message for one channel.

use serde::{Deserialize, Serialize};

use super::Severity;

/// How a channel that takes a message is told of it. It travels with the message, so that nobody judges it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The severity that routes matched against.
    pub severity: Severity,
    /// The mentions: `@here`, `@channel`, `@everyone`, or ids of users and user groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mention: Vec<String>,
    /// Whether it may only end what the channel shows as going on: nobody is told anything else, because it is muted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub quiet: bool,
}

impl Verdict {
    /// Whether a channel that was told by this verdict gains nothing from `other` on the same event, which may come by
    /// several rules: it is no more urgent, and mentions nobody else.
    pub fn covers(&self, other: &Self) -> bool {
        self.severity >= other.severity && other.mention.iter().all(|who| self.mention.contains(who))
    }

    /// Takes over from `other` what this one does not cover.
    pub fn merge(&mut self, other: &Self) {
        self.severity = self.severity.max(other.severity);
        unite(&mut self.mention, &other.mention);
    }
}

/// Adds those of `more` to `mention` that are not in it.
pub fn unite<'a>(mention: &mut Vec<String>, more: impl IntoIterator<Item = &'a String>) {
    for who in more {
        if !mention.contains(who) {
            mention.push(who.clone());
        }
    }
}
