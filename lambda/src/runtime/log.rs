//! The function's log: one line of JSON for everything it says.
//!
//! No line holds a webhook, a token or the text of an alert.

use crate::Duty;
use serde_json::json;

/// How something ended for whoever reads the log.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// Nothing is owed.
    Done,
    /// The caller's fault: it sent what cannot be taken.
    Refused,
    /// Something is still owed, or was given up.
    Failed,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// Says how the request `request_id` ended: `outcome` is one of a few words, `reason` is for people.
pub(super) fn write(kind: Kind, duty: Duty, request_id: &str, outcome: &str, reason: Option<&str>) {
    let mut line = json!({
        "kind": kind.name(),
        "duty": duty.name(),
        "outcome": outcome,
        "requestId": request_id,
    });
    if let Some(reason) = reason {
        line["reason"] = reason.into();
    }
    eprintln!("{line}");
}
