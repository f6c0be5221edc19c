//! The CloudTrail trail, its bucket and log group, and the function that keeps it logging.

use std::fmt;

use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::form::{Or, written_as};
use super::values::on;

/// The trail, the stack's own or one that is there already.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(from = "TrailFields")]
pub struct Trail {
    /// Whose trail.
    pub source: TrailSource,
    /// Whether to start the trail again if somebody stops it.
    pub keep_logging: bool,
    /// The function that starts the trail again.
    pub guard: Guard,
    /// Recipients when it does: keys of `topics` and `channels`.
    pub to: Vec<String>,
    /// A page that says what to do, `https://`; the guard's messages link to it.
    pub runbook: Option<String>,
    /// A page that shows how things are, `https://`; the guard's messages link to it.
    pub dashboard: Option<String>,
    /// The trail's log group; alarms with a `filter` on the trail imply it.
    pub logs: Option<TrailLogs>,
    /// Whether the trail and what belongs to it are deleted or replaced only by name.
    pub protect: bool,
}

impl Trail {
    /// The account in the ARN of an existing trail.
    pub fn account(&self) -> Option<&str> {
        match &self.source {
            TrailSource::Existing(arn) => arn.split(':').nth(4),
            TrailSource::Own(_) => None,
        }
    }

    /// The home region of an existing trail, if its ARN is given.
    pub fn home_region(&self) -> Option<&str> {
        match &self.source {
            TrailSource::Existing(arn) => arn.split(':').nth(3),
            TrailSource::Own(_) => None,
        }
    }
}

/// Whose trail.
#[derive(Debug, Clone, PartialEq)]
pub enum TrailSource {
    /// Somebody else's, by name or ARN.
    Existing(String),
    /// The stack's own.
    Own(OwnTrail),
}

/// A trail that the stack owns.
#[derive(Debug, Clone, PartialEq)]
pub struct OwnTrail {
    /// Physical name, 3–128 of `[A-Za-z0-9._-]`; `<stack>-trail` by default.
    pub name: Option<String>,
    /// Where it writes.
    pub bucket: TrailBucket,
    /// Prefix of its log files, at most 200 characters.
    pub prefix: Option<String>,
    /// Whether it logs all regions, or only the stack's.
    pub multi_region: bool,
    /// Whether it writes signed digests of its log files.
    pub log_file_validation: bool,
    /// Whether it logs every account of the organization.
    pub organization: bool,
    /// Whether its log files are encrypted with the stack's key.
    pub encrypted: bool,
    /// Which events.
    pub selectors: EventSelectors,
}

/// The bucket of a trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrailBucket {
    /// The stack's own.
    Own {
        /// Physical name, 3–63 characters, in which `{account}` stands for the account's number;
        /// without it `<stack>-trail-{account}`.
        name: Option<String>,
        /// Days until its files are deleted, 1–36,500; if not set, they are kept.
        expire_after_days: Option<i32>,
    },
    /// Somebody else's.
    Existing(String),
}

impl Default for TrailBucket {
    fn default() -> Self {
        Self::Own {
            name: None,
            expire_after_days: None,
        }
    }
}

/// Which events a trail writes.
#[derive(Debug, Clone, PartialEq)]
pub enum EventSelectors {
    /// Management events.
    Management {
        /// Which of them.
        events: ManagementEvents,
        /// Sources to exclude: `kms.amazonaws.com`, `rdsdata.amazonaws.com` or both.
        exclude: Vec<String>,
    },
    /// AWS's `AdvancedEventSelectors`, an array.
    Advanced(serde_json::Value),
}

/// Which management events a trail writes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ManagementEvents {
    /// All.
    #[default]
    All,
    /// Calls that change something.
    WriteOnly,
    /// Calls that only read.
    ReadOnly,
}

impl ManagementEvents {
    /// The name in the CloudTrail API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "All",
            Self::WriteOnly => "WriteOnly",
            Self::ReadOnly => "ReadOnly",
        }
    }
}

/// The log group a trail writes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrailLogs {
    /// Physical name.
    pub group: Option<String>,
    /// Retention of its logs in days, one of the values that CloudWatch Logs allows.
    pub retention_days: i32,
}

impl Default for TrailLogs {
    fn default() -> Self {
        Self {
            group: None,
            retention_days: 90,
        }
    }
}

/// The function that starts a stopped trail again.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "the guard's settings, such as `name: enable_trail`"
)]
pub struct Guard {
    /// Physical name, `[A-Za-z0-9_-]{1,64}`; without it `<stack>-guard`.
    pub name: Option<String>,
    /// MB, 128–10,240.
    pub memory: i32,
}

impl Default for Guard {
    fn default() -> Self {
        Self {
            name: None,
            memory: 128,
        }
    }
}

/// What belongs to a trail of the stack's own; beside `existing` it is refused where it is written.
#[derive(Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "the trail's settings, such as `bucket: my-trail-{account}`"
)]
struct TrailFields {
    /// Somebody else's trail, by name or ARN, instead of the stack's own.
    existing: Option<String>,
    /// Physical name, 3–128 of `[A-Za-z0-9._-]`; `<stack>-trail` by default.
    name: Option<String>,
    /// Bucket for its log files: a name, in which `{account}` stands for the account's id, or settings.
    #[serde(default)]
    #[schemars(with = "Or<String, BucketFields>")]
    bucket: TrailBucket,
    /// Prefix of its log files, at most 200 characters.
    prefix: Option<String>,
    /// Whether it logs all regions, or only the stack's.
    #[serde(default = "on")]
    multi_region: bool,
    /// Whether it writes signed digests of its log files.
    #[serde(default = "on")]
    log_file_validation: bool,
    /// Whether it logs every account of the organization; the stack is in the management account, or `organization.management_account` names it.
    #[serde(default)]
    organization: bool,
    /// Whether its log files are encrypted with the stack's key.
    #[serde(default)]
    encrypted: bool,
    /// A log group to write to as well; implied by alarms with a `filter` on the trail.
    #[serde(default, deserialize_with = "logs")]
    #[schemars(with = "Or<bool, LogsFields>")]
    logs: Option<TrailLogs>,
    /// Which management events to log.
    #[serde(default)]
    events: ManagementEvents,
    /// Sources to exclude: `kms.amazonaws.com`, `rdsdata.amazonaws.com` or both.
    #[serde(default)]
    exclude: Vec<String>,
    /// AWS's `AdvancedEventSelectors`, instead of `events` and `exclude`.
    selectors: Option<Vec<serde_json::Value>>,
    /// Whether to start the trail again if somebody stops it.
    #[serde(default = "on")]
    keep_logging: bool,
    /// The function that starts the trail again.
    #[serde(default)]
    guard: Guard,
    /// Recipients when it does: keys of `topics` and `channels`.
    #[serde(default)]
    to: Vec<String>,
    /// A page that says what to do, `https://`; the guard's messages link to it.
    runbook: Option<String>,
    /// A page that shows how things are, `https://`; the guard's messages link to it.
    dashboard: Option<String>,
    /// Whether the trail, its bucket and log group, and the guard are deleted or replaced only by name, with `--unprotect`.
    #[serde(default)]
    protect: bool,
}

written_as!(Trail, TrailFields);

impl From<TrailFields> for Trail {
    fn from(fields: TrailFields) -> Self {
        let source = match fields.existing {
            Some(existing) => TrailSource::Existing(existing),
            None => TrailSource::Own(OwnTrail {
                name: fields.name,
                bucket: fields.bucket,
                prefix: fields.prefix,
                multi_region: fields.multi_region,
                log_file_validation: fields.log_file_validation,
                organization: fields.organization,
                encrypted: fields.encrypted,
                selectors: match fields.selectors {
                    Some(selectors) => EventSelectors::Advanced(selectors.into()),
                    None => EventSelectors::Management {
                        events: fields.events,
                        exclude: fields.exclude,
                    },
                },
            }),
        };
        Self {
            source,
            keep_logging: fields.keep_logging,
            guard: fields.guard,
            to: fields.to,
            runbook: fields.runbook,
            dashboard: fields.dashboard,
            logs: fields.logs,
            protect: fields.protect,
        }
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct BucketFields {
    /// Somebody else's bucket, whose policy must allow the trail to write.
    existing: Option<String>,
    /// Physical name, 3–63 characters; `<stack>-trail-{account}` by default.
    name: Option<String>,
    /// Days until its files are deleted, 1–36,500; if not set, they are kept.
    expire_after_days: Option<i32>,
}

impl<'de> Deserialize<'de> for TrailBucket {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameOrSettings;

        impl<'de> Visitor<'de> for NameOrSettings {
            type Value = TrailBucket;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "a bucket's name, `{ existing: NAME }` or `{ name: NAME, expire_after_days: 365 }`",
                )
            }

            fn visit_str<E>(self, name: &str) -> Result<TrailBucket, E> {
                Ok(TrailBucket::Own {
                    name: Some(name.to_owned()),
                    expire_after_days: None,
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<TrailBucket, A::Error> {
                let fields = BucketFields::deserialize(MapAccessDeserializer::new(map))?;
                match fields {
                    BucketFields {
                        existing: Some(name),
                        name: None,
                        expire_after_days: None,
                    } => Ok(TrailBucket::Existing(name)),
                    BucketFields {
                        existing: None,
                        name,
                        expire_after_days,
                    } => Ok(TrailBucket::Own {
                        name,
                        expire_after_days,
                    }),
                    _ => Err(A::Error::custom(
                        "an `existing` bucket belongs to somebody else\nremove `name` and \
                         `expire_after_days`, or `existing`",
                    )),
                }
            }
        }

        deserializer.deserialize_any(NameOrSettings)
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct LogsFields {
    /// Physical name.
    group: Option<String>,
    /// Retention of its logs in days, one of the values that CloudWatch Logs allows; 90 by default.
    retention_days: Option<i32>,
}

/// `true`, `false`, or the log group's settings.
fn logs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<TrailLogs>, D::Error> {
    struct SwitchOrSettings;

    impl<'de> Visitor<'de> for SwitchOrSettings {
        type Value = Option<TrailLogs>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("`true`, `false` or `{ group: NAME, retention_days: 90 }`")
        }

        fn visit_bool<E>(self, on: bool) -> Result<Self::Value, E> {
            Ok(on.then(TrailLogs::default))
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            let fields = LogsFields::deserialize(MapAccessDeserializer::new(map))?;
            Ok(Some(TrailLogs {
                group: fields.group,
                retention_days: fields
                    .retention_days
                    .unwrap_or(TrailLogs::default().retention_days),
            }))
        }
    }

    deserializer.deserialize_any(SwitchOrSettings)
}
