//! An EventBridge event: the envelope, and the known kinds of detail.

use super::gist::Gist;
use super::{Call, Report, list, mask, text, time};
use crate::contract::TEST_RESOURCE;
use crate::excerpt::Excerpt;
use jiff::Timestamp;
use serde_json::Value;

/// Longest JSON of an unknown kind worth showing.
const MAX_DETAIL: usize = 6_000;

/// An EventBridge event.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// `None` for a detail that came without its envelope.
    pub detail_type: Option<String>,
    /// Such as `aws.ec2`.
    pub source: Option<String>,
    /// Twelve digits.
    pub account: Option<String>,
    pub region: Option<String>,
    pub time: Option<Timestamp>,
    /// ARNs, or whatever a service puts in their place.
    pub resources: Vec<String>,
    pub detail: Detail,
}

/// The content of an event.
#[derive(Clone, Debug, PartialEq)]
pub enum Detail {
    /// A CloudTrail record.
    Call(Box<Call>),
    /// A service reports on one of its resources, in a format that is known here.
    Report(Box<Report>),
    /// Anything else.
    Other(Box<Unknown>),
}

/// The detail of a kind that has no layout.
#[derive(Clone, Debug, PartialEq)]
pub struct Unknown {
    pub gist: Gist,
    /// The JSON, masked; `None` if there is none.
    pub detail: Option<Excerpt>,
}

impl Event {
    /// Reads an event, or a CloudTrail record without its envelope (a target with the input path `$.detail`
    /// sends that); `None` for other JSON.
    pub fn read(event: &Value) -> Option<Self> {
        let (detail_type, source) = (text(event, "detail-type"), text(event, "source"));
        // A target's input path or transformer may have left the source out.
        let Some(detail_type) = detail_type.filter(|_| source.is_some() || event.get("detail").is_some())
        else {
            let is_record = ["eventSource", "eventName", "userIdentity", "eventID"]
                .iter()
                .all(|key| event.get(key).is_some());
            return is_record.then(|| Call::read(event)).flatten().map(Self::bare);
        };
        let detail = event.get("detail").unwrap_or(&Value::Null);
        let resources: Vec<_> = list(event, "resources")
            .iter()
            .filter_map(Value::as_str)
            .filter(|resource| !resource.starts_with(TEST_RESOURCE))
            .map(str::to_owned)
            .collect();
        // Events have "AWS Console Sign In via CloudTrail"; AWS's guide has "AWS Console Signin via
        // CloudTrail".
        let call = detail_type
            .ends_with("via CloudTrail")
            .then(|| Call::read(detail))
            .flatten();
        let detail = match call {
            Some(call) => Detail::Call(Box::new(call)),
            None => match Report::read(source.as_deref(), &detail_type, event, event.get("detail")) {
                Some(report) => Detail::Report(Box::new(report)),
                None => {
                    let gist = Gist::glance(&detail_type, &resources, detail);
                    let detail = mask::shown(detail, MAX_DETAIL);
                    Detail::Other(Box::new(Unknown { gist, detail }))
                }
            },
        };
        Some(Self {
            detail_type: Some(detail_type),
            source,
            account: text(event, "account"),
            region: text(event, "region"),
            time: text(event, "time").as_deref().and_then(time::parse),
            resources,
            detail,
        })
    }

    fn bare(call: Call) -> Self {
        Self {
            detail_type: None,
            source: call.source.clone(),
            account: call.account.clone(),
            region: call.region.clone(),
            time: call.time,
            resources: Vec::new(),
            detail: Detail::Call(Box::new(call)),
        }
    }
}
