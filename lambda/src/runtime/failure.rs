//! What fails an invocation.

use lambda_runtime::Diagnostic;
use std::fmt;

/// An invocation that did not do everything. Lambda retries an asynchronous one and then parks its event
/// in the dead-letter queue.
#[derive(Clone, Debug)]
pub(super) enum Failure {
    /// The environment of the function is wrong; nothing was tried.
    Settings(String),
    /// Some messages did not arrive. Others may have.
    Undelivered { problems: Vec<String>, delivered: usize },
    /// A trail is still stopped.
    Unguarded(String),
}

impl Failure {
    /// The failure in a word, for the log.
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
