//! What the function is told through its environment.

use crate::locale::Locale;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Environment variable: language of the messages, `en` (default) or `ko`.
pub const LOCALE: &str = "ALERTCTL_LOCALE";
/// Environment variable: IANA time zone of the messages, `UTC` by default.
pub const TIMEZONE: &str = "ALERTCTL_TIMEZONE";
/// Environment variable: JSON object, SNS topic name → array of channel keys.
pub const ROUTES: &str = "ROUTES";
/// Environment variable: JSON object, channel key → label such as `#project`.
pub const CHANNELS: &str = "CHANNELS";
/// Environment variable: what the function is for, `notify` (default), `ingest` or `guard`.
pub const DUTY: &str = "ALERTCTL_DUTY";
/// Environment variable: value of [`ENCRYPTION_CONTEXT_KEY`] for the webhooks, by default the name of the
/// function itself.
pub const ENCRYPTED_FOR: &str = "ALERTCTL_ENCRYPTED_FOR";
/// Environment variable: JSON array of the channel keys that `ingest` and `guard` post to.
pub const DESTINATIONS: &str = "DESTINATIONS";
/// Environment variable: JSON array of the ARNs of the SNS topics that `ingest` and `guard` publish to.
pub const TOPICS: &str = "TOPICS";
/// Environment variable (`ingest`): SHA-256 of each valid token in hexadecimal, separated by commas; two
/// while a token is being replaced.
pub const TOKEN_SHA256: &str = "TOKEN_SHA256";
/// Environment variable (`ingest`): largest body in bytes, 262,144 by default.
pub const BODY_LIMIT: &str = "BODY_LIMIT";
/// Environment variable (`ingest`): key of the endpoint in the stack file.
pub const ENDPOINT: &str = "ENDPOINT";
/// Environment variable (`ingest`): template of the subject, see [`Template`](crate::Template).
pub const MESSAGE_SUBJECT: &str = "MESSAGE_SUBJECT";
/// Environment variable (`ingest`): template of the text, see [`Template`](crate::Template).
pub const MESSAGE_BODY: &str = "MESSAGE_BODY";
/// Environment variable (`ingest`): ARN of the SQS queue for what can never be delivered.
pub const DEAD_LETTER_QUEUE: &str = "DEAD_LETTER_QUEUE";
/// Environment variable (`guard`): ARN of the trail whose logging is started again.
pub const TRAIL: &str = "TRAIL";
/// Encryption context key of every webhook ciphertext; its value is the name of the function.
pub const ENCRYPTION_CONTEXT_KEY: &str = "LambdaFunctionName";

/// The key of a channel in the stack file, such as `project`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ChannelKey(pub String);

impl fmt::Display for ChannelKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Name of the environment variable with the encrypted webhook of `channel`: `WEBHOOK_` and the key,
/// each `-` as `_` because Lambda allows only letters, digits and underscores.
pub fn webhook_variable(channel: &ChannelKey) -> String {
    format!("WEBHOOK_{}", channel.0.replace('-', "_"))
}

/// How events are shown and where they go.
#[derive(Clone, Debug)]
pub struct Settings {
    pub locale: Locale,
    pub timezone: TimeZone,
    /// SNS topic name → the channels it is relayed to.
    pub routes: BTreeMap<String, Vec<ChannelKey>>,
    /// Channel → its label for people.
    pub labels: BTreeMap<ChannelKey, String>,
    /// Channels that everything goes to, whatever the event says.
    pub destinations: Vec<ChannelKey>,
    /// ARNs of the topics that everything is published to.
    pub topics: Vec<String>,
}

impl Default for Settings {
    /// English, UTC, no routes.
    fn default() -> Self {
        Self {
            locale: Locale::En,
            timezone: TimeZone::UTC,
            routes: BTreeMap::new(),
            labels: BTreeMap::new(),
            destinations: Vec::new(),
            topics: Vec::new(),
        }
    }
}

/// A variable that cannot be understood. Holds no value, only what is wrong with it.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("{LOCALE} is `{0}`, which is neither `en` nor `ko`")]
    Locale(String),
    #[error("{TIMEZONE} is `{0}`, which is not an IANA time zone name such as `Asia/Seoul`")]
    Timezone(String),
    #[error("{DUTY} is `{0}`, which is neither `notify` nor `ingest` nor `guard`")]
    Duty(String),
    #[error("{variable} is not the JSON it should be: {source}")]
    Json {
        variable: &'static str,
        source: serde_json::Error,
    },
    #[error("{variable} {problem}")]
    Value { variable: &'static str, problem: String },
}

impl Settings {
    /// Reads the settings through `variable`, which answers with the value of an environment variable.
    /// An empty variable counts as absent.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let variable = |name| variable(name).filter(|value| !value.is_empty());
        let locale = match variable(LOCALE) {
            None => Locale::En,
            Some(name) => Locale::from_code(&name).ok_or(SettingsError::Locale(name))?,
        };
        let timezone = match variable(TIMEZONE) {
            None => TimeZone::UTC,
            Some(name) => TimeZone::get(&name).map_err(|_| SettingsError::Timezone(name))?,
        };
        Ok(Self {
            locale,
            timezone,
            routes: json(&variable, ROUTES)?,
            labels: json(&variable, CHANNELS)?,
            destinations: json(&variable, DESTINATIONS)?,
            topics: json(&variable, TOPICS)?,
        })
    }

    /// Every channel that is mentioned, each once.
    pub fn all_channels(&self) -> Vec<ChannelKey> {
        let routed = self.routes.values().flatten();
        let keys: BTreeSet<_> = routed
            .chain(self.labels.keys())
            .chain(&self.destinations)
            .collect();
        keys.into_iter().cloned().collect()
    }

    /// The channel as people know it: its label and key, or the key alone.
    pub fn channel_name(&self, channel: &ChannelKey) -> String {
        match self.labels.get(channel) {
            Some(label) => format!("`{channel}` ({label})"),
            None => format!("`{channel}`"),
        }
    }
}

fn json<T: serde::de::DeserializeOwned + Default>(
    variable: &impl Fn(&'static str) -> Option<String>,
    name: &'static str,
) -> Result<T, SettingsError> {
    match variable(name) {
        None => Ok(T::default()),
        Some(text) => serde_json::from_str(&text).map_err(|source| SettingsError::Json {
            variable: name,
            source,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        Settings::read(|name| {
            variables
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn nothing_set_is_english_and_utc() {
        let settings = read(&[(LOCALE, "")]).expect("defaults");
        assert_eq!(
            (settings.locale, &settings.timezone),
            (Locale::En, &TimeZone::UTC)
        );
        assert!(settings.all_channels().is_empty());
    }

    #[test]
    fn every_variable_is_read() {
        let settings = read(&[
            (LOCALE, "ko"),
            (TIMEZONE, "Asia/Seoul"),
            (ROUTES, r#"{"mission-sns":["project","audit-log"]}"#),
            (CHANNELS, r##"{"project":"#project"}"##),
        ])
        .expect("valid settings");
        assert_eq!(settings.locale, Locale::Ko);
        assert_eq!(settings.timezone.iana_name(), Some("Asia/Seoul"));
        assert_eq!(
            settings.all_channels(),
            [ChannelKey("audit-log".into()), ChannelKey("project".into())]
        );
        assert_eq!(
            settings.channel_name(&ChannelKey("project".into())),
            "`project` (#project)"
        );
        assert_eq!(
            webhook_variable(&ChannelKey("audit-log".into())),
            "WEBHOOK_audit_log"
        );
    }

    #[test]
    fn a_bad_variable_is_named() {
        for (name, value) in [
            (LOCALE, "fr"),
            (TIMEZONE, "Seoul"),
            (ROUTES, "[]"),
            (CHANNELS, "{"),
            (DESTINATIONS, "{}"),
            (TOPICS, "[1]"),
        ] {
            let error = read(&[(name, value)]).expect_err("refused").to_string();
            assert!(error.starts_with(name), "{error}");
        }
    }
}
