//! What the guard did about a stopped trail: it travels with the event where a message has to wait.

use serde::{Deserialize, Serialize};

/// The state in which the guard left the trail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GuardOutcome {
    Restarted,
    /// The trail was logging again before the guard ran.
    AlreadyLogging,
    /// The trail is still stopped, for this reason.
    Failed(String),
}
