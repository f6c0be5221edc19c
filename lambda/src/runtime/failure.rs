//! Reasons for a failed invocation.

use std::fmt;

/// An invocation that did not complete its work. Lambda retries an asynchronous invocation and then puts its
/// event into the dead-letter queue.
#[derive(Clone, Debug)]
pub(super) enum Failure {
    /// The function's environment is wrong; nothing was attempted.
    Settings(String),
    /// Some messages were not delivered. Others may have been.
    Undelivered { problems: Vec<String>, delivered: usize },
    /// A trail is still stopped.
    Unguarded(String),
}

impl Failure {
    /// The failure for an event that is not JSON. Lambda refuses to invoke a function with one; an emulator may not.
    pub fn unreadable(error: &serde_json::Error) -> Self {
        Self::Undelivered {
            problems: vec![format!("the event is not JSON: {error}")],
            delivered: 0,
        }
    }

    /// The failure as Lambda's `errorType`, which a dead letter carries too.
    pub fn error_type(&self) -> &'static str {
        match self {
            Self::Settings(_) => "Relay.Settings",
            Self::Undelivered { .. } => "Relay.Undelivered",
            Self::Unguarded(_) => "Relay.Unguarded",
        }
    }

    /// The failure as one word, for the log.
    pub fn outcome(&self) -> &'static str {
        match self {
            Self::Settings(_) => "unusable",
            Self::Undelivered { .. } => "undelivered",
            Self::Unguarded(_) => "unguarded",
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Settings(reason) => write!(f, "the environment of the function is wrong: {reason}"),
            Self::Undelivered { problems, delivered } => {
                write!(f, "{} ({delivered} delivered)", problems.join("; "))
            }
            Self::Unguarded(reason) => f.write_str(reason),
        }
    }
}
