//! The mutes of a stack, as text and as JSON.

use alertctl_relay::Settings;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::printable;

/// One mute: an alarm mute rule in a region, or a window of the relay alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MuteRow {
    /// The name of the rule or, of the relay's window, its key in the stack file.
    pub name: String,
    /// The region, if it is not the stack's own.
    pub region: Option<String>,
    /// Whether somebody made it by `alertctl mute`.
    pub ad_hoc: bool,
    /// `active`, `scheduled` or `expired`; `missing`, if it is in the stack file and not in the account.
    pub state: String,
    /// When the open window ends.
    pub until: Option<Timestamp>,
    /// `cron(…)` or `at(…)`.
    pub schedule: String,
    pub duration: String,
    pub timezone: String,
    /// Keys or, of an alarm that the stack file does not have, names.
    pub alarms: Vec<String>,
    /// Keys of rules and topics.
    pub rules: Vec<String>,
    pub why: Option<String>,
}

impl MuteRow {
    pub fn is_active(&self) -> bool {
        self.state == "active"
    }

    /// `active     mission-nightly  until …  cpu, disk  Backups`.
    pub fn text(&self, settings: &Settings) -> String {
        self.text_as(&self.state, settings)
    }

    /// The same with another word for its state.
    pub fn text_as(&self, state: &str, settings: &Settings) -> String {
        let local = |time: Timestamp| {
            time.to_zoned(settings.timezone.clone())
                .strftime("%Y-%m-%d %H:%M")
                .to_string()
        };
        let when = match self.until {
            Some(until) => format!("until {}", local(until)),
            None => format!("{} for {} ({})", self.schedule, self.duration, self.timezone),
        };
        let region = self
            .region
            .as_deref()
            .map(|region| format!(" in {region}"))
            .unwrap_or_default();
        let of = |what: &str, keys: &[String]| match keys.is_empty() {
            true => None,
            false => Some(format!("{what}{}", keys.join(", "))),
        };
        let parts = [
            Some(format!("{state:<9}  {}{region}", self.name)),
            Some(when),
            of("", &self.alarms),
            of("rules: ", &self.rules),
            self.why.as_deref().map(printable),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join("  ")
    }

    pub fn json(&self) -> Value {
        json!({
            "name": self.name,
            "region": self.region,
            "origin": if self.ad_hoc { "ad_hoc" } else { "file" },
            "state": self.state,
            "until": self.until.map(|until| until.to_string()),
            "schedule": self.schedule,
            "duration": self.duration,
            "timezone": self.timezone,
            "alarms": self.alarms,
            "rules": self.rules,
            "why": self.why,
        })
    }
}
