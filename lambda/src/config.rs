//! What is wrong with the function's environment or settings.

use crate::contract::{DUTY, SETTINGS_FILE};

/// A variable that cannot be understood. The error never contains the value, only what is wrong with it.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("{SETTINGS_FILE} cannot be read: {0}")]
    File(String),
    #[error("{DUTY} is `{0}`, which is none of `notify`, `ingest`, `actions` and `guard`")]
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

pub(crate) fn missing(variable: &'static str) -> SettingsError {
    wrong(variable, "is not set")
}

pub(crate) fn wrong(variable: &'static str, problem: impl Into<String>) -> SettingsError {
    SettingsError::Value {
        variable,
        problem: problem.into(),
    }
}
