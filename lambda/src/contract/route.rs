//! Which messages a channel accepts, whom they mention, and how fast they are posted.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Severity;

/// Conditions on messages. All of them must match, and of each list one entry.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "conditions on messages, such as `{ severity: warning }`"
)]
pub struct Filter {
    /// This severity or higher.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// Names from `accounts`, or ids.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schemars(extend("default" = [] as [&str; 0])))]
    pub accounts: Vec<String>,
    /// Regions; `*` stands for any text.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schemars(extend("default" = [] as [&str; 0])))]
    pub regions: Vec<String>,
    /// Sources of messages: keys of `rules`, `alarms`, `endpoints` and `topics`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schemars(extend("default" = [] as [&str; 0])))]
    pub rules: Vec<String>,
    /// An EventBridge pattern that the event, the alarm or the alert must match.
    #[serde(rename = "match", skip_serializing_if = "Option::is_none")]
    pub pattern: Option<Map<String, Value>>,
}

/// Who is mentioned in a channel, and from which severity on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mention {
    /// Below this nobody is mentioned.
    pub from: Severity,
    /// `@here`, `@channel`, `@everyone`, ids of users (`U…`, `W…`) and of user groups (`S…`).
    pub who: Vec<String>,
}

/// A queue in front of a channel: storms come out as digests, at Slack's pace.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "a buffer: `true`, or `{ digest_above: 5, per_second: 1 }`"
)]
pub struct Buffer {
    /// If more messages than this are waiting, they become digests, 1–100.
    pub digest_above: u32,
    /// Maximum number of posts per second, 0.1–10; Slack accepts one.
    pub per_second: f64,
}

impl Default for Buffer {
    /// Slack accepts about one message per second for a webhook.
    /// <https://docs.slack.dev/apis/web-api/rate-limits/>
    fn default() -> Self {
        Self {
            digest_above: 5,
            per_second: 1.0,
        }
    }
}
