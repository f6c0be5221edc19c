//! Events as AWS sends them, to preview messages and to test rules: the relay's own test events.

use alertctl_relay::Envelope;
use alertctl_relay::event::{self, Act, Content, Decision, Detail};
use jiff::Timestamp;
use serde_json::Value;

/// Name and JSON of every sample, sorted by name; the build script lists the files.
const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/samples.rs"));

/// The region of most samples. A sample from another region is an event that AWS logs only in that region.
const HOME: &str = "ap-northeast-2";

/// An event with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    pub name: &'static str,
    /// The JSON, as written.
    pub text: &'static str,
}

/// The place and the trail of an event.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Twelve digits.
    pub account: &'a str,
    pub region: &'a str,
    /// The name or ARN of the trail, for a CloudTrail call.
    pub trail: Option<&'a str>,
}

/// Every sample, by name.
pub fn all() -> impl Iterator<Item = Sample> {
    FILES.iter().map(|(name, text)| Sample { name, text })
}

/// The sample with this name.
pub fn find(name: &str) -> Option<Sample> {
    all().find(|sample| sample.name == name)
}

/// The event without its envelope from a rule's target.
fn unwrapped(event: &Value) -> &Value {
    Envelope::parts(event).map_or(event, |(_, inner)| inner)
}

impl Sample {
    /// The event that the function gets.
    pub fn event(&self) -> Value {
        serde_json::from_str(self.text).unwrap_or_default()
    }

    /// The kind of sample, as the relay reads it: `alarm`, `sign-in`, `call`, `tampering`, `service`, `trail
    /// guard`, `text` or `other`.
    pub fn kind(&self) -> &'static str {
        let event = self.event();
        let notices = event::read(unwrapped(&event));
        match notices.first().map(|notice| &notice.content) {
            Some(Content::Alarm(_)) => "alarm",
            Some(Content::Guard(_)) => "trail guard",
            Some(Content::Event(event)) => match &event.detail {
                Detail::Call(call) if matches!(call.act, Act::SignIn { .. } | Act::SwitchRole { .. }) => {
                    "sign-in"
                }
                Detail::Call(call) if call.decision.as_ref().is_some_and(Decision::is_safeguard) => {
                    "tampering"
                }
                Detail::Call(_) => "call",
                Detail::Report(_) => "service",
                Detail::Other(_) => "other",
            },
            Some(Content::Text { .. }) => "text",
            Some(Content::Json { .. }) | None => "other",
        }
    }

    /// The region whose event bus gets the event; `None` if it can be any region, or if the event does not come
    /// through a bus.
    pub fn region(&self) -> Option<String> {
        let event = self.event();
        let region = unwrapped(&event)["region"].as_str()?;
        (region != HOME).then(|| region.to_owned())
    }

    /// Whether it is about a trail.
    pub fn names_a_trail(&self) -> bool {
        let event = self.event();
        let event = unwrapped(&event);
        event["source"] == "aws.cloudtrail" && event.pointer(TRAIL).is_some()
    }

    /// The EventBridge event as if it had just happened at `place`; `None` for a sample that arrives
    /// differently, such as through a topic.
    pub fn happening(&self, place: Place<'_>) -> Option<Value> {
        let event = self.event();
        let mut event = unwrapped(&event).clone();
        event["source"].as_str().zip(event["detail-type"].as_str())?;
        for (own, new) in [("region", place.region), ("account", place.account)] {
            if let Some(own) = event[own].as_str().map(str::to_owned) {
                replace(&mut event, &own, new);
            }
        }
        let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let mut set = |pointer: &str, value: String| {
            if let Some(place) = event.pointer_mut(pointer) {
                *place = Value::String(value);
            }
        };
        for time in ["/time", "/detail/eventTime"] {
            set(time, now.clone());
        }
        // New ids, because the relay treats an event with a known id as a duplicate.
        for id in ["/id", "/detail/eventID"] {
            set(id, fresh_id());
        }
        if let Some(trail) = place.trail.filter(|_| self.names_a_trail()) {
            set(TRAIL, trail.to_owned());
        }
        Some(event)
    }
}

const TRAIL: &str = "/detail/requestParameters/name";

/// Replaces `own` in every text.
fn replace(value: &mut Value, own: &str, new: &str) {
    match value {
        Value::String(text) => *text = text.replace(own, new),
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, own, new)),
        Value::Object(map) => map.values_mut().for_each(|item| replace(item, own, new)),
        _ => {}
    }
}

/// A random text in the form of a UUID.
pub fn fresh_id() -> String {
    let hex = format!("{:032x}", fastrand::u128(..));
    let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
    parts.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    const DUBLIN: Place<'_> = Place {
        account: "000000000000",
        region: "eu-west-1",
        trail: Some("audit"),
    };

    #[test]
    fn every_file_is_a_sample_and_json() {
        let files = std::fs::read_dir("lambda/fixtures").unwrap().count();
        assert_eq!(all().count(), files);
        assert!(FILES.is_sorted_by_key(|(name, _)| name));
        assert!(all().all(|sample| !sample.event().is_null()));
        assert_eq!(find("sign-in").unwrap().name, "sign-in");
        assert_eq!(find("nothing"), None);
    }

    #[test]
    fn kinds_are_what_the_relay_reads() {
        for (name, kind) in [
            ("alarm-in-alarm", "alarm"),
            ("alarm-from-eventbridge", "alarm"),
            ("sign-in-root", "sign-in"),
            ("sign-in-switch-role", "sign-in"),
            ("call-from-rule", "call"),
            ("call-through-sns", "call"),
            ("tamper-stop-logging", "tampering"),
            ("guardduty", "service"),
            ("text", "text"),
            ("foreign-json", "other"),
            ("other-event", "other"),
        ] {
            assert_eq!(find(name).unwrap().kind(), kind, "{name}");
        }
    }

    #[test]
    fn an_event_happens_where_and_when_it_is_sent() {
        let event = find("tamper-stop-logging").unwrap().happening(DUBLIN).unwrap();
        assert_eq!(event["region"], "eu-west-1");
        assert_eq!(event["detail"]["awsRegion"], "eu-west-1");
        assert_eq!(event["account"], "000000000000");
        assert_eq!(event["detail"]["requestParameters"]["name"], "audit");
        let text = event.to_string();
        for own in [HOME, "111122223333", "2026-11-20T05:03"] {
            let rest = text.replace("AWSReservedSSO", "");
            assert!(!rest.contains(own), "{own}: {rest}");
        }
        let again = find("tamper-stop-logging").unwrap().happening(DUBLIN).unwrap();
        assert_ne!(event["id"], again["id"]);
        assert_eq!(event["id"].as_str().unwrap().len(), 36);
        // The envelope of a rule's target is removed; a sample that is not a bus event gives `None`.
        assert_eq!(
            find("call-from-rule").unwrap().happening(DUBLIN).unwrap()["source"],
            "aws.ecs"
        );
        assert_eq!(find("text").unwrap().happening(DUBLIN), None);
        assert_eq!(find("call-bare").unwrap().happening(DUBLIN), None);
    }

    #[test]
    fn only_what_is_logged_elsewhere_has_a_region_of_its_own() {
        assert_eq!(
            find("sign-in-root").unwrap().region().as_deref(),
            Some("us-east-1")
        );
        assert_eq!(find("ec2-stopped").unwrap().region(), None);
        assert_eq!(find("text").unwrap().region(), None);
        assert!(!find("sign-in").unwrap().names_a_trail());
    }
}
