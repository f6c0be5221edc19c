//! Mute windows: while one is open, the relay tells nothing that comes by the rules and topics that it names.
//!
//! A schedule is that of an alarm mute rule of CloudWatch, and means here what it means there.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Schedule.html>

mod cron;
pub(crate) mod zone;

pub use cron::Cron;

use crate::contract::as_text;
use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The longest window of a mute rule.
pub const MAX_MUTE_SECONDS: u64 = 15 * 24 * 3600;

/// When windows open, as the settings have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Schedule {
    /// Again and again.
    Cron(Cron),
    /// Once, at this local time.
    At(#[serde(with = "as_text")] DateTime),
}

/// A mute of what comes by rules and topics.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mute {
    #[serde(flatten)]
    pub schedule: Schedule,
    /// How long a window is open.
    pub seconds: u64,
    #[serde(with = "zone")]
    pub timezone: TimeZone,
    /// Before it, no window is open.
    #[serde(default, with = "as_text::some", skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// From then on, no window is open.
    #[serde(default, with = "as_text::some", skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Keys of rules.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<String>,
    /// Names of topics.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub topics: Vec<String>,
}

/// The expression of CloudWatch, as [`Schedule::parse`] reads it.
impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cron(cron) => write!(f, "cron({cron})"),
            Self::At(local) => write!(f, "at({})", local.strftime("%Y-%m-%dT%H:%M")),
        }
    }
}

impl Schedule {
    /// Reads an expression of CloudWatch: `cron(0 2 * * *)`, `at(2026-12-24T18:00)`. `None` for one that is not understood.
    pub fn parse(expression: &str) -> Option<Self> {
        let inside = |kind: &str| {
            expression
                .strip_prefix(kind)?
                .strip_prefix('(')?
                .strip_suffix(')')
        };
        match (inside("cron"), inside("at")) {
            (Some(cron), _) => Cron::try_from(cron.to_owned()).ok().map(Self::Cron),
            (None, Some(at)) => at.parse().ok().map(Self::At),
            (None, None) => None,
        }
    }

    /// The last time up to `now` at which a window opened, if that is not longer ago than the longest window. A local time
    /// that a change of clocks leaves out counts as late by the change, one that comes twice counts the first time.
    fn last(&self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let start = |local: DateTime| zone.to_ambiguous_timestamp(local).compatible().ok();
        match self {
            Self::At(local) => start(*local).filter(|start| *start <= now),
            Self::Cron(cron) => {
                // Clocks change by a day at most, and the longest window is 15 days.
                let mut date = zone.to_datetime(now).date().tomorrow().ok()?;
                for _ in 0..18 {
                    if cron.is_on(date) {
                        let mut starts = cron.times().filter_map(|time| start(date.to_datetime(time)));
                        if let Some(start) = starts.find(|start| *start <= now) {
                            return Some(start);
                        }
                    }
                    date = date.yesterday().ok()?;
                }
                None
            }
        }
    }
}

impl Mute {
    /// Whether a window is open at `now`.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.open_until(now).is_some()
    }

    /// When the window ends that is open at `now`.
    pub fn open_until(&self, now: Timestamp) -> Option<Timestamp> {
        if self.from.is_some_and(|from| now < from) {
            return None;
        }
        let length = SignedDuration::from_secs(i64::try_from(self.seconds).ok()?);
        let start = self.schedule.last(now, &self.timezone)?;
        let end = start.checked_add(length).ok()?;
        let end = self.until.map_or(end, |until| until.min(end));
        (now < end).then_some(end)
    }

    /// Whether no window opens any more after `now`, as far as that is certain.
    pub fn is_over(&self, now: Timestamp) -> bool {
        let over = self.until.is_some_and(|until| until <= now);
        let once =
            matches!(self.schedule, Schedule::At(_)) && self.schedule.last(now, &self.timezone).is_some();
        (over || once) && !self.is_open(now)
    }
}

/// A local time of the stack file, `2026-12-24T18:00`, or a day, `2026-12-24`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Moment {
    Day(jiff::civil::Date),
    At(DateTime),
}

impl Moment {
    /// The local time at which it begins.
    pub fn begin(self) -> DateTime {
        match self {
            Self::Day(date) => date.to_datetime(Time::midnight()),
            Self::At(local) => local,
        }
    }

    /// The local time at which it is over: a day ends with the next one's beginning.
    pub fn end(self) -> DateTime {
        match self {
            Self::Day(_) => self.begin().saturating_add(Span::new().days(1)),
            Self::At(local) => local,
        }
    }
}

impl TryFrom<String> for Moment {
    type Error = String;

    /// # Errors
    /// What is wrong, and in the next line what to write instead.
    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{}` is neither a day nor a time\nwrite such as `2026-12-24` or `2026-12-24T18:00`",
                text.escape_debug()
            )
        };
        let plain = text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || b"-T:".contains(&byte));
        match text.len() {
            10 if plain => text.parse().map(Self::Day).map_err(|_| wrong()),
            16 if plain => text.parse().map(Self::At).map_err(|_| wrong()),
            _ => Err(wrong()),
        }
    }
}

#[cfg(test)]
mod tests;
