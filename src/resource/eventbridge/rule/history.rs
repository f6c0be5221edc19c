//! The calls that CloudTrail recorded in the past: its event history, which every account has, without a trail.

use aws_sdk_cloudtrail::primitives::DateTime;
use aws_sdk_cloudtrail::types::{LookupAttribute, LookupAttributeKey};
use serde_json::Value;

use crate::resource::{Aws, Result};

/// How many seconds CloudTrail's event history goes back.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/view-cloudtrail-events.html>
pub const KEPT: i64 = 90 * 86_400;
/// How many events a page has at most.
const PAGE: i32 = 50;

/// What to look for: CloudTrail takes one attribute at a time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lookup {
    /// Calls of this name, such as `RunInstances`.
    Name(String),
    /// Calls of this service, such as `iam.amazonaws.com`.
    Source(String),
    /// Calls by this user; `root` is the root user.
    User(String),
    /// All calls that change something.
    Writes,
}

impl Lookup {
    fn attribute(&self) -> LookupAttribute {
        let (key, value) = match self {
            Self::Name(name) => (LookupAttributeKey::EventName, name.as_str()),
            Self::Source(source) => (LookupAttributeKey::EventSource, source.as_str()),
            Self::User(user) => (LookupAttributeKey::Username, user.as_str()),
            Self::Writes => (LookupAttributeKey::ReadOnly, "false"),
        };
        let attribute = LookupAttribute::builder()
            .attribute_key(key)
            .attribute_value(value);
        attribute.build().expect("key and value are set")
    }
}

/// Some events, newest first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Page {
    /// Records of CloudTrail: what `detail` has in an event of EventBridge.
    pub records: Vec<Value>,
    /// When the oldest of them happened, in seconds since 1970.
    pub oldest: Option<i64>,
    /// The token of the next page.
    pub next: Option<String>,
}

/// One page of the event history of a region, from `from` to `until` in seconds since 1970.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html>
pub async fn look_up(
    aws: &Aws,
    lookup: &Lookup,
    from: i64,
    until: i64,
    token: Option<String>,
) -> Result<Page> {
    let request = aws.connection.clients.cloudtrail.lookup_events();
    let request = request
        .lookup_attributes(lookup.attribute())
        .start_time(DateTime::from_secs(from))
        .end_time(DateTime::from_secs(until))
        .max_results(PAGE)
        .set_next_token(token);
    let page = aws
        .call("cloudtrail:LookupEvents", || request.clone().send())
        .await?;
    let events = page.events.unwrap_or_default();
    let oldest = events
        .iter()
        .filter_map(|event| event.event_time())
        .map(DateTime::secs)
        .min();
    let records = events.iter().filter_map(|event| {
        let text = event.cloud_trail_event()?;
        serde_json::from_str(text).ok()
    });
    Ok(Page {
        records: records.collect(),
        oldest,
        next: page.next_token.filter(|token| !token.is_empty()),
    })
}
