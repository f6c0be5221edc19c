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

/// A way into a channel.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "RouteFields")]
pub struct Route {
    /// What comes in by it. Its conditions are written beside the mention.
    #[serde(flatten)]
    pub filter: Filter,
    /// Who is mentioned for messages that come in by it, instead of the channel's mentions; an empty list mentions
    /// nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mention: Option<Vec<String>>,
}

// As it is read: `serde(flatten)` would accept unknown fields.
/// A way into a channel.
#[derive(Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "a route, such as `{ severity: warning }`"
)]
struct RouteFields {
    /// This severity or higher.
    severity: Option<Severity>,
    /// Names from `accounts`, or ids.
    accounts: Vec<String>,
    /// Regions; `*` stands for any text.
    regions: Vec<String>,
    /// Sources of messages: keys of `rules`, `alarms`, `endpoints` and `topics`.
    rules: Vec<String>,
    /// An EventBridge pattern that the event, the alarm or the alert must match.
    #[serde(rename = "match")]
    pattern: Option<Map<String, Value>>,
    /// Whom to mention for messages that match, instead of the channel's `mention`; an empty list mentions
    /// nobody.
    mention: Option<Vec<String>>,
}

impl From<RouteFields> for Route {
    fn from(fields: RouteFields) -> Self {
        let RouteFields {
            severity,
            accounts,
            regions,
            rules,
            pattern,
            mention,
        } = fields;
        let filter = Filter {
            severity,
            accounts,
            regions,
            rules,
            pattern,
        };
        Self { filter, mention }
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Route {
    fn inline_schema() -> bool {
        RouteFields::inline_schema()
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Route".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        RouteFields::json_schema(generator)
    }
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
    /// Maximum number of posts per second, 0.02–10; by default what the service accepts.
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
