//! Times in which nobody is told.

use std::time::Duration;

use alertctl_relay::mute::{Cron, MAX_MUTE_SECONDS, Moment};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::duration;

/// A mute: an alarm mute rule of CloudWatch, and a window of the relay.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "a mute, such as `{ cron: 0 2 * * *, duration: 2h, alarms: [cpu] }`"
)]
pub struct Mute {
    /// When a window opens, again and again: minute, hour, day of the month, month, day of the week, as CloudWatch's mute
    /// rules have it.
    #[schemars(with = "Option<String>")]
    pub cron: Option<Cron>,
    /// When the one window opens, such as `2026-12-24T18:00`.
    #[schemars(with = "Option<String>")]
    pub at: Option<Moment>,
    /// How long a window is open: whole minutes, `1m` to `15d`.
    pub duration: Length,
    /// IANA time zone of these times, 1–50 characters; the stack's by default.
    pub timezone: Option<String>,
    /// Alarms whose actions are muted: keys of `alarms`, at most 100 in a region.
    #[serde(default)]
    pub alarms: Vec<String>,
    /// Keys of `rules` and `topics`: the relay tells nothing that comes by them.
    #[serde(default)]
    pub rules: Vec<String>,
    /// No window is open before this day or time.
    #[schemars(with = "Option<String>")]
    pub from: Option<Moment>,
    /// No window is open after this day, or from this time on.
    #[schemars(with = "Option<String>")]
    pub until: Option<Moment>,
    /// The reason, shown in the console and by `alertctl mutes`, at most 1,024 characters.
    pub why: Option<String>,
}

/// The length of a window, written `90m`, `2h` or `15d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String", extend("pattern" = r"^\d+[smhd]$"))]
pub struct Length(Duration);

impl Length {
    /// In whole minutes.
    pub fn minutes(self) -> u64 {
        self.0.as_secs() / 60
    }

    pub fn seconds(self) -> u64 {
        self.0.as_secs()
    }
}

impl TryFrom<Duration> for Length {
    type Error = String;

    fn try_from(length: Duration) -> Result<Self, String> {
        let seconds = length.as_secs();
        match seconds.is_multiple_of(60) && (60..=MAX_MUTE_SECONDS).contains(&seconds) {
            true => Ok(Self(length)),
            false => Err("a window is open for 1 minute to 15 days".to_owned()),
        }
    }
}

impl TryFrom<String> for Length {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        const ADVICE: &str = "write whole minutes, hours or days, from `1m` to `15d`";
        let read =
            duration::parse(&text).map_err(|_| format!("`{}` is no length of time", text.escape_debug()));
        read.and_then(Self::try_from)
            .map_err(|error| format!("{error}\n{ADVICE}"))
    }
}
