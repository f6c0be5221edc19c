//! The environment variables of the function.

use crate::settings::SETTINGS_FILE;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Environment variable: what the function is for, `notify` (default), `ingest` or `guard`.
pub const DUTY: &str = "ALERTCTL_DUTY";
/// Environment variable: value of [`ENCRYPTION_CONTEXT_KEY`] for the webhooks; the function's own name by
/// default.
pub const ENCRYPTED_FOR: &str = "ALERTCTL_ENCRYPTED_FOR";
/// Environment variable: JSON array of the channel keys that `ingest` and `guard` post to.
pub const DESTINATIONS: &str = "DESTINATIONS";
/// Environment variable: JSON array of the ARNs of the SNS topics that `ingest` and `guard` publish to.
pub const TOPICS: &str = "TOPICS";
/// Environment variable (`ingest`): SHA-256 of each valid token in hexadecimal, separated by commas. There are
/// two during a token rotation.
pub const TOKEN_SHA256: &str = "TOKEN_SHA256";
/// Environment variable (`ingest`): largest body in bytes, 262,144 by default.
pub const BODY_LIMIT: &str = "BODY_LIMIT";
/// Environment variable (`ingest`): key of the endpoint in the stack file.
pub const ENDPOINT: &str = "ENDPOINT";
/// Environment variable (`ingest`): template of the subject, see [`Template`](crate::Template).
pub const MESSAGE_SUBJECT: &str = "MESSAGE_SUBJECT";
/// Environment variable (`ingest`): template of the text, see [`Template`](crate::Template).
pub const MESSAGE_BODY: &str = "MESSAGE_BODY";
/// Environment variable (`notify`, `ingest`): ARN of the SQS queue for messages that can never be delivered.
pub const DEAD_LETTER_QUEUE: &str = "DEAD_LETTER_QUEUE";
/// Environment variable (`notify`, `ingest`): JSON object that maps the key of each channel with a buffer to
/// the ARN of its SQS queue.
pub const BUFFERS: &str = "BUFFERS";
/// Environment variable (`guard`): ARN of the trail whose logging the guard restarts.
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

/// Name of the environment variable with the encrypted webhook of `channel`: `WEBHOOK_` and the key. Each `-`
/// becomes `_` because Lambda allows only letters, digits and underscores.
pub fn webhook_variable(channel: &ChannelKey) -> String {
    format!("WEBHOOK_{}", channel.0.replace('-', "_"))
}

/// A variable that cannot be understood. The error never contains the value, only what is wrong with it.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("{SETTINGS_FILE} cannot be read: {0}")]
    File(String),
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

/// Parses the JSON in a variable; returns the type's default if the variable is missing or empty.
pub(crate) fn json<T: serde::de::DeserializeOwned + Default>(
    variable: &impl Fn(&str) -> Option<String>,
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
