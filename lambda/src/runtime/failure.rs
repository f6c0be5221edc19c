//! Reasons for a failed invocation.

use lambda_runtime::Diagnostic;
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

impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Self {
        let error_type = match failure {
            Failure::Settings(_) => "Relay.Settings",
            Failure::Undelivered { .. } => "Relay.Undelivered",
            Failure::Unguarded(_) => "Relay.Unguarded",
        };
        Self {
            error_type: error_type.to_owned(),
            error_message: failure.to_string(),
        }
    }
}
