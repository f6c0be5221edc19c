//! What a function's code consists of: the relay's executable, and the settings beside it.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::resource::Fields;

/// How many characters of a digest are shown.
const SHORT: usize = 12;

/// The sources of an executable. Equal for all builds of the same sources.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Relay {
    pub version: String,
    /// Digest of its sources, in hex.
    pub sha256: String,
}

impl Relay {
    /// Compares this relay's version with that of `other` like semantic versions, as far as their parts are numbers.
    pub fn compare(&self, other: &Self) -> Ordering {
        let parts = |version: &str| {
            let version = version.split('+').next().unwrap_or_default();
            let (release, pre) = match version.split_once('-') {
                Some((release, pre)) => (release, Some(pre)),
                None => (version, None),
            };
            let numbers: Vec<u64> = release
                .split('.')
                .map(|number| number.parse().unwrap_or(0))
                .collect();
            // A pre-release is less than its release.
            (numbers, pre.is_none(), pre.map(str::to_owned))
        };
        parts(&self.version).cmp(&parts(&other.version))
    }
}

impl fmt::Display for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.version, short(&self.sha256))
    }
}

/// The settings beside the executable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Digest of the file, in hex.
    pub sha256: String,
    /// The contents, by names such as `settings.channels.project`.
    fields: BTreeMap<String, Value>,
}

impl Settings {
    /// The settings in the text of a settings file.
    pub fn of(text: &str) -> Self {
        let mut fields = BTreeMap::new();
        if let Ok(Value::Object(sections)) = serde_json::from_str(text) {
            for (section, value) in sections {
                match value {
                    Value::Object(entries) => fields.extend(
                        entries
                            .into_iter()
                            .map(|(key, value)| (format!("settings.{section}.{key}"), value)),
                    ),
                    other => _ = fields.insert(format!("settings.{section}"), other),
                }
            }
        }
        Self {
            sha256: hex::encode(Sha256::digest(text)),
            fields,
        }
    }

    /// Settings whose digest alone is known. They get the fields of `other`, so that only the digests differ.
    pub(super) fn unread(sha256: &str, other: &Self) -> Self {
        Self {
            sha256: sha256.to_owned(),
            fields: other.fields.clone(),
        }
    }

    /// Adds the digest and the contents.
    pub(super) fn fields(&self, fields: Fields) -> Fields {
        let fields = fields.set("settings", short(&self.sha256));
        let named = self.fields.iter();
        named.fold(fields, |fields, (name, value)| fields.set(name, value.clone()))
    }
}

fn short(digest: &str) -> &str {
    digest.get(..SHORT).unwrap_or(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relay(version: &str) -> Relay {
        Relay {
            version: version.to_owned(),
            sha256: "ab".repeat(32),
        }
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        let versions = ["0.2.0-rc.1", "0.2.0", "0.10.0", "1.0.0"];
        for pair in versions.windows(2) {
            let (older, newer) = (relay(pair[0]), relay(pair[1]));
            assert_eq!(older.compare(&newer), Ordering::Less, "{pair:?}");
            assert_eq!(newer.compare(&older), Ordering::Greater, "{pair:?}");
        }
        let build = relay("0.2.0+linux");
        assert_eq!(build.compare(&relay("0.2.0")), Ordering::Equal);
    }
}
