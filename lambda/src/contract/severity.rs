//! How urgent something is.

use serde::{Deserialize, Serialize};

/// How much attention something deserves, from what is good to know to what wakes people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Worth a look when there is time.
    Warning,
    /// Something is broken.
    Error,
    /// Somebody has to act now.
    Critical,
}

impl Severity {
    /// All of them, the least urgent first.
    pub const ALL: [Self; 4] = [Self::Info, Self::Warning, Self::Error, Self::Critical];

    /// As it is written in the stack file, in settings, in JSON and in log lines.
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }

    /// The first character of a digest line.
    pub fn emoji(self) -> &'static str {
        match self {
            Self::Info => "🔵",
            Self::Warning => "🟡",
            Self::Error => "🟠",
            Self::Critical => "🔴",
        }
    }
}
