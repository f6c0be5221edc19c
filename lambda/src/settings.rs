//! The message settings of the stack file: `settings.json`, beside the executable in the function's zip.
//!
//! Hundreds of rules and ten channels do not fit into the 4 KB that Lambda allows for environment variables.
//! The file contains no secret in clear text: the addresses of channels are encrypted, and in the environment as long as
//! there is room for them.

use crate::config::SettingsError;
use crate::contract::{
    Actions, Buffer, ChannelKey, ChannelType, Filter, Locale, Mention, Portal, Route, Severity,
};
use crate::mute::{Mute, zone};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How events are shown, and where they go.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Name of the stack.
    pub stack: String,
    pub locale: Locale,
    #[serde(with = "zone")]
    pub timezone: TimeZone,
    /// Account id → alias.
    pub accounts: BTreeMap<String, String>,
    /// Whether it hears other accounts of its organization.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub organization: bool,
    /// Whether Organizations tells the relay the names of accounts.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub account_names: bool,
    /// Through which links open the console.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub portal: Option<Portal>,
    pub channels: BTreeMap<ChannelKey, Channel>,
    /// Keyed by the name of the SNS topic.
    pub topics: BTreeMap<String, Source>,
    /// Keyed by the rule's key in the stack file.
    pub rules: BTreeMap<String, Source>,
    /// Keyed by the name of the CloudWatch alarm.
    pub alarms: BTreeMap<String, Source>,
    /// Keyed by the endpoint's key in the stack file.
    pub endpoints: BTreeMap<String, Source>,
    /// What the guard of the trail tells.
    #[serde(skip_serializing_if = "is_usual")]
    pub trail: Source,
    /// Windows in which rules and topics are silent, keyed by the mute's key in the stack file.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub mutes: BTreeMap<String, Mute>,
}

/// A channel.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Channel {
    /// Its name for people, such as `#project`.
    pub label: Option<String>,
    /// The service that it belongs to.
    #[serde(rename = "type", skip_serializing_if = "is_slack")]
    pub channel_type: ChannelType,
    /// Its encrypted address in Base64, if the environment has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encrypted: Option<String>,
    /// The channel accepts messages that match any of these routes; without routes, all messages.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<Route>,
    /// The channel drops messages that match any of these filters, whatever the routes say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<Filter>,
    /// Who is mentioned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mention: Option<Mention>,
    /// After how many minutes, again and again, people are reminded of what goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remind_minutes: Option<u32>,
    /// The buttons under its messages, if there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actions: Option<Actions>,
    /// The rate limit of the channel, if there is a queue in front of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub buffer: Option<Buffer>,
}

/// A source of messages.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Source {
    /// The channels of its messages, unless the envelope names them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<ChannelKey>,
    /// Its names in routes, besides the name that it is found by: its key in the stack file, and the key of the
    /// preset that it belongs to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<String>,
    /// The severity of its messages, instead of their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// Of a topic: whether the relay also publishes its messages to it, for the e-mail subscribers.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub mail: bool,
    /// Pages that its messages link to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runbook: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dashboard: Option<String>,
    /// Of an alarm: whether a chart of its metric goes into the threads of its messages.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub chart: bool,
    /// Of a log alarm: how many of the log events that its query found its messages show.
    #[serde(skip_serializing_if = "is_zero")]
    pub lines: u32,
}

impl Default for Settings {
    /// English, UTC, no channel.
    fn default() -> Self {
        Self {
            stack: String::new(),
            locale: Locale::En,
            timezone: TimeZone::UTC,
            accounts: BTreeMap::new(),
            organization: false,
            account_names: false,
            portal: None,
            channels: BTreeMap::new(),
            topics: BTreeMap::new(),
            rules: BTreeMap::new(),
            alarms: BTreeMap::new(),
            endpoints: BTreeMap::new(),
            trail: Source::default(),
            mutes: BTreeMap::new(),
        }
    }
}

impl Settings {
    /// Parses the text of [`SETTINGS_FILE`].
    ///
    /// # Errors
    /// The text is not JSON, has an unknown field, or names an unknown time zone.
    pub fn parse(text: &str) -> Result<Self, SettingsError> {
        serde_json::from_str(text).map_err(|error| SettingsError::File(error.to_string()))
    }

    /// The text of [`SETTINGS_FILE`], deterministic.
    pub fn json(&self) -> String {
        // Cannot fail: every key is a text, and every value can be serialised.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// A moment in the stack's time zone, for people.
    pub(crate) fn moment(&self, moment: Timestamp) -> String {
        let local = moment.to_zoned(self.timezone.clone());
        let zone = self.timezone.iana_name().unwrap_or("UTC");
        format!("{} ({zone})", local.strftime("%Y-%m-%d %H:%M"))
    }

    /// All channels that the settings mention, without duplicates.
    pub fn all_channels(&self) -> Vec<ChannelKey> {
        let routed = self.topics.values().flat_map(|topic| &topic.to);
        let keys: BTreeSet<_> = routed.chain(self.channels.keys()).collect();
        keys.into_iter().cloned().collect()
    }

    /// The channel's name for people: its label and key, or only the key.
    pub fn channel_name(&self, channel: &ChannelKey) -> String {
        match self.channels.get(channel).and_then(|known| known.label.as_ref()) {
            Some(label) => format!("`{channel}` ({label})"),
            None => format!("`{channel}`"),
        }
    }
}

impl Channel {
    /// After how long people are reminded of what goes on.
    pub fn remind(&self) -> Option<Duration> {
        Some(Duration::from_secs(u64::from(self.remind_minutes?) * 60))
    }
}

/// Few stacks say more of their trail's messages than these say themselves.
fn is_usual(source: &Source) -> bool {
    *source == Source::default()
}

/// Few alarms show log events.
fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// Most channels are webhooks of Slack, so that goes without saying.
fn is_slack(channel_type: &ChannelType) -> bool {
    *channel_type == ChannelType::Slack
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_said_is_english_and_utc() {
        let settings = Settings::parse("{}").expect("defaults");
        assert_eq!(settings, Settings::default());
        assert!(settings.all_channels().is_empty());
    }

    #[test]
    fn what_is_written_is_read() {
        let text = r##"{"stack":"mission","locale":"ko","timezone":"Asia/Seoul",
            "accounts":{"111122223333":"production"},"channels":{"project":{"label":"#project",
                "routes":[{"severity":"warning","match":{"a":["b"]},"mention":["@here"]}],
                "except":[{"regions":["us-*"]}],"mention":{"from":"error","who":["U0123ABCD"]},
                "buffer":{"per_second":0.5}}},
            "topics":{"mission-sns":{"to":["project","audit-log"],"mail":true}},
            "rules":{"logins":{"severity":"critical"}},
            "alarms":{"mission-cpu":{"keys":["cpu"]}},
            "trail":{"runbook":"https://wiki.example.com/audit"}}"##;
        let settings = Settings::parse(text).expect("valid settings");
        assert_eq!(settings.locale, Locale::Ko);
        assert_eq!(settings.timezone.iana_name(), Some("Asia/Seoul"));
        assert_eq!(settings.rules["logins"].severity, Some(Severity::Critical));
        let channel = &settings.channels[&ChannelKey("project".into())];
        assert_eq!(channel.routes[0].filter.severity, Some(Severity::Warning));
        assert_eq!(channel.buffer.as_ref().map(|buffer| buffer.digest_above), Some(5));
        assert_eq!(
            settings.all_channels(),
            [ChannelKey("audit-log".into()), ChannelKey("project".into())]
        );
        assert_eq!(
            settings.channel_name(&ChannelKey("project".into())),
            "`project` (#project)"
        );
        assert!(settings.topics["mission-sns"].mail);
        assert_eq!(settings.json().matches("mail").count(), 1);
        assert!(settings.trail.runbook.is_some() && settings.json().contains("\"trail\""));
        assert!(!Settings::default().json().contains("trail"));
        let again = Settings::parse(&settings.json()).expect("the same");
        assert_eq!(again.json(), settings.json());
        // Of a zone, the rules are written that the crate brings, and this machine may have others.
        let timezone = settings.timezone.clone();
        assert_eq!(Settings { timezone, ..again }, settings);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, named) in [
            (r#"{"locale":"fr"}"#, "fr"),
            (r#"{"timezone":"Seoul"}"#, "Seoul"),
            (r#"{"topics":[]}"#, "map"),
            (r#"{"tpoics":{}}"#, "tpoics"),
            ("{", "EOF"),
        ] {
            let error = Settings::parse(text).expect_err("refused").to_string();
            assert!(error.starts_with("settings.json cannot be read: "), "{error}");
            assert!(error.contains(named), "{error}");
        }
    }
}
