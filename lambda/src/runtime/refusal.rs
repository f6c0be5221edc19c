//! Why a destination did not accept a message, and what follows from that.

use super::aws::AwsError;
use std::time::Duration;

/// Why a destination did not accept a message. Never contains a part of an address.
#[derive(Clone, Debug, Default, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub(super) struct Refusal {
    /// Whether a retry may help.
    pub transient: bool,
    pub reason: String,
    /// HTTP status of the service's response.
    pub status: Option<u16>,
    /// Number of retries.
    pub retried: u32,
    /// How long the service asks to wait.
    pub pause: Option<Duration>,
    /// The service refuses the message for its form. For a digest, the cause may be only one of its alerts.
    pub malformed: bool,
    /// In a simpler form it may take it.
    pub as_text: bool,
    /// Another process is about to tell of the same: the channel itself takes others.
    pub busy: bool,
    /// A permission is missing. Right after a deployment that may be because IAM has not spread it yet.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency>
    pub denied: bool,
}

/// How long a message that is not taken is tried again; a person looks at it then.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(4 * 24 * 60 * 60);
/// How long the retry queue delays a step of an incident that another process holds.
const BUSY: Duration = Duration::from_secs(5);
/// How long a missing permission may be one that IAM has not spread yet.
const SPREADING: Duration = Duration::from_secs(10 * 60);

impl Refusal {
    pub fn transient(reason: String) -> Self {
        Self {
            transient: true,
            reason,
            ..Self::default()
        }
    }

    /// Another process tells of the same incident.
    pub fn busy() -> Self {
        Self {
            pause: Some(BUSY),
            busy: true,
            ..Self::transient("another process tells of the same incident".to_owned())
        }
    }

    /// Whether another try may help a message that has waited for `age`.
    pub fn may_pass(&self, age: Duration) -> bool {
        let time = match (self.transient, self.denied) {
            (true, _) => GIVEN_UP_AFTER,
            (false, true) => SPREADING,
            (false, false) => return false,
        };
        age < time
    }

    /// Whether the destination would refuse other messages now, too.
    pub fn is_of_all(&self) -> bool {
        (self.transient && !self.busy) || self.denied
    }

    /// How long the message itself has to wait, whatever its channel does.
    pub fn own_pause(&self) -> Duration {
        self.pause.filter(|_| self.busy).unwrap_or_default()
    }

    /// The same refusal of a message that is given up after it has waited for `age`.
    pub fn after(self, age: Duration) -> Self {
        match self.transient {
            false => self,
            true => Self {
                transient: false,
                reason: format!("after {} days: {}", age.as_secs() / 86_400, self.reason),
                ..self
            },
        }
    }

    /// The refusal for a failed call to `service`.
    pub fn by(service: &str, error: &AwsError) -> Self {
        Self {
            transient: error.is_transient(),
            denied: error.is_denied(),
            reason: format!("{service} {error}"),
            ..Self::default()
        }
    }

    pub fn lasting(reason: String) -> Self {
        Self {
            reason,
            ..Self::default()
        }
    }
}
