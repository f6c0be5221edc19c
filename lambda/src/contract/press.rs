//! A button that somebody pressed, as the function behind the endpoint hands it to the relay.

use super::{ChannelKey, as_text};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// What a button asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Somebody takes care of it: nobody is reminded any more.
    Acknowledge,
    SnoozeOneHour,
    SnoozeEightHours,
    SnoozeUntilResolved,
    /// What was snoozed is told again.
    EndSnooze,
}

/// A button that somebody pressed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Press {
    pub channel: ChannelKey,
    /// The key of the incident.
    pub incident: String,
    /// The id of the message under which the button is: the same incident may begin anew in another one.
    #[serde(default)]
    pub message: String,
    pub act: Act,
    /// Id of the person in the service.
    pub user: String,
    /// The person's name there, as far as the service says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// When the press arrived.
    #[serde(with = "as_text")]
    pub at: Timestamp,
}

impl Act {
    /// All buttons, in the order in which a message shows them.
    pub const ALL: [Self; 5] = [
        Self::Acknowledge,
        Self::SnoozeOneHour,
        Self::SnoozeEightHours,
        Self::SnoozeUntilResolved,
        Self::EndSnooze,
    ];

    /// How long it silences an incident; `None` for as long as that lasts, or if it silences nothing.
    pub fn length(self) -> Option<SignedDuration> {
        match self {
            Self::SnoozeOneHour => Some(SignedDuration::from_hours(1)),
            Self::SnoozeEightHours => Some(SignedDuration::from_hours(8)),
            Self::Acknowledge | Self::SnoozeUntilResolved | Self::EndSnooze => None,
        }
    }
}
