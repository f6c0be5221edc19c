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
}

impl Default for Settings {
    /// English, UTC, no routes.
    fn default() -> Self {
        Self {
            locale: Locale::En,
            timezone: TimeZone::UTC,
            routes: BTreeMap::new(),
            labels: BTreeMap::new(),
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
    #[error("{variable} is not the JSON object it should be: {source}")]
    Json {
        variable: &'static str,
        source: serde_json::Error,
    },
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
            routes: object(&variable, ROUTES)?,
            labels: object(&variable, CHANNELS)?,
        })
    }

    /// Every channel that a route or a label mentions, each once.
    pub fn all_channels(&self) -> Vec<ChannelKey> {
        let keys: BTreeSet<_> = self.routes.values().flatten().chain(self.labels.keys()).collect();
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

fn object<T: serde::de::DeserializeOwned + Default>(
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
        ] {
            let error = read(&[(name, value)]).expect_err("refused").to_string();
            assert!(error.starts_with(name), "{error}");
        }
    }
}
