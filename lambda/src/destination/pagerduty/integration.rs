//! An integration of a service in PagerDuty, which takes events under its key.

use std::time::Duration;

use http::{HeaderMap, Request, StatusCode};
use serde::Serialize;

use super::event::{Event, event};
use crate::card::Card;
use crate::contract::ServiceRegion;
use crate::destination::address::{Address, Form, Rule};
use crate::destination::post::{Post, Probe, Refused, Why, by_status, json};
use crate::destination::shape::Shape;

/// How long to wait after a 429. PagerDuty counts over the last 60 seconds, and says no time of its own.
/// <https://developer.pagerduty.com/docs/events-api-rate-limits>
const PAUSE: Duration = Duration::from_secs(30);
/// The key beside an emulator, where the address has none.
const NO_KEY: &str = "00000000000000000000000000000000";

/// The key of an integration.
pub static INTEGRATION: Form = Form {
    service: "PagerDuty",
    name: "integration key",
    example: "0123456789abcdef0123456789abcdef",
    page: "the service's tab `Integrations` in PagerDuty, under `Events API V2`",
    rule: Rule::Key {
        fits: is_key,
        is: "32 letters and digits",
        second: None,
    },
};

/// An integration.
#[derive(Debug)]
pub struct Integration {
    address: Address,
    region: ServiceRegion,
}

/// An event as it is sent. It shows the key, so it has no `Debug`.
#[derive(Serialize)]
struct Sent<'a> {
    routing_key: &'a str,
    #[serde(flatten)]
    event: &'a Event,
}

impl Integration {
    /// An integration whose key is `address`.
    pub fn new(address: Address, region: ServiceRegion) -> Self {
        Self { address, region }
    }

    fn key(&self) -> &str {
        match self.address.is_loopback() {
            true => NO_KEY,
            false => self.address.expose(),
        }
    }

    /// The key of an orchestration, which begins with `R`, takes no change events.
    /// <https://developer.pagerduty.com/docs/events-api-v2-overview#getting-started>
    fn takes_changes(&self) -> bool {
        !self.key().starts_with('R')
    }

    /// The address for events. The regions are apart: one knows no key of the other.
    /// <https://support.pagerduty.com/main/docs/service-regions>
    fn url(&self, is_change: bool) -> &'static str {
        match (self.region, is_change) {
            (ServiceRegion::Us, false) => "https://events.pagerduty.com/v2/enqueue",
            (ServiceRegion::Us, true) => "https://events.pagerduty.com/v2/change/enqueue",
            (ServiceRegion::Eu, false) => "https://events.eu.pagerduty.com/v2/enqueue",
            (ServiceRegion::Eu, true) => "https://events.eu.pagerduty.com/v2/change/enqueue",
        }
    }
}

impl Post for Integration {
    fn form(&self) -> &'static Form {
        &INTEGRATION
    }

    fn address(&self) -> &Address {
        &self.address
    }

    fn request(&self, card: &Card, shape: Shape) -> Request<Vec<u8>> {
        let event = event(card, shape, self.takes_changes());
        let sent = Sent {
            routing_key: self.key(),
            event: &event,
        };
        json(self.address.url(self.url(event.is_change())), &sent)
    }

    /// The end of an incident that nobody opened: PagerDuty takes it and does nothing.
    /// <https://developer.pagerduty.com/docs/events-api-v2-overview#event-action-behavior>
    fn probe(&self) -> Option<Probe> {
        let event = serde_json::json!({
            "routing_key": self.key(), "event_action": "resolve", "dedup_key": "alertctl-heartbeat",
        });
        Some(Probe::Harmless(json(self.address.url(self.url(false)), &event)))
    }

    /// PagerDuty queues what it takes, and says 202. A key that it does not know is a 400 like any other, but one that only
    /// a person can mend; the text says `Invalid routing key`, or what is wrong with `'routing_key'`.
    fn judge(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Result<(), Refused> {
        by_status(status, headers).map_err(|refused| match refused.why {
            Why::Throttled => Refused {
                pause: refused.pause.or(Some(PAUSE)),
                ..refused
            },
            Why::Malformed if names_the_key(body) => Why::Denied.into(),
            // More than 512 KB.
            _ if status == StatusCode::PAYLOAD_TOO_LARGE => Why::Malformed.into(),
            _ => refused,
        })
    }
}

/// PagerDuty itself checks no more than this before it looks for the key.
fn is_key(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn names_the_key(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body).to_lowercase();
    text.contains("routing key") || text.contains("routing_key")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::destination::address::{AllowLoopback, Wrong};
    use crate::event::read;
    use crate::{Settings, compose};
    use serde_json::{Value, json};

    const KEY: &str = "e93facc04764012d7bfb002500d5d1a6";

    fn integration(key: &str, region: ServiceRegion) -> Integration {
        let address = Address::parse(key, &INTEGRATION, AllowLoopback::Yes);
        Integration::new(address.expect("a key"), region)
    }

    fn sent(integration: &Integration, event: &Value) -> (String, Value) {
        let card = compose(&read(event)[0], &Settings::default());
        let request = integration.request(&card, Shape::Usual);
        let body = serde_json::from_slice(request.body()).expect("JSON");
        (request.uri().to_string(), body)
    }

    #[test]
    fn a_key_is_32_letters_and_digits() {
        let parse = |text: &str| {
            let address = Address::parse(text, &INTEGRATION, AllowLoopback::No);
            address
                .map(|address| address.expose().to_owned())
                .map_err(|error| error.wrong)
        };
        for key in [KEY, "R0123456789ABCDEFGHIJKLMNOPQRSTU"] {
            assert_eq!(parse(&format!(" {key}\n")).as_deref(), Ok(key));
        }
        for (text, wrong) in [
            ("", Wrong::Empty),
            ("e+23rschqsESqk9Q6_-g", Wrong::Key),
            ("e93facc04764012d7bfb002500d5d1a", Wrong::Key),
            ("e93facc04764012d7bfb002500d5d1a67", Wrong::Key),
            ("e93facc0-4764-012d-7bfb-002500d5d1a", Wrong::Key),
            ("https://events.pagerduty.com/v2/enqueue", Wrong::Key),
            ("e93facc04764012d 7bfb002500d5d1a6", Wrong::Characters),
            ("http://127.0.0.1:8080/a", Wrong::Loopback),
        ] {
            assert_eq!(parse(text), Err(wrong), "{text}");
        }
    }

    #[test]
    fn a_region_has_its_own_host() {
        let alarm = json!({ "AlarmName": "cpu", "NewStateValue": "ALARM" });
        for (region, host) in [
            (ServiceRegion::Us, "events.pagerduty.com"),
            (ServiceRegion::Eu, "events.eu.pagerduty.com"),
        ] {
            let integration = integration(KEY, region);
            let (url, body) = sent(&integration, &alarm);
            assert_eq!(url, format!("https://{host}/v2/enqueue"));
            assert_eq!(
                (&body["routing_key"], &body["event_action"]),
                (&json!(KEY), &json!("trigger"))
            );
            let (url, body) = sent(&integration, &json!({ "any": 1 }));
            assert_eq!(url, format!("https://{host}/v2/change/enqueue"));
            assert!(
                body.get("event_action").is_none() && body.get("dedup_key").is_none(),
                "{body}"
            );
        }
        let local = integration("http://127.0.0.1:8080/a/", ServiceRegion::Eu);
        let (url, body) = sent(&local, &alarm);
        assert_eq!(url, "http://127.0.0.1:8080/a/v2/enqueue");
        assert_eq!(body["routing_key"], NO_KEY);
    }

    #[test]
    fn an_orchestration_gets_no_change_event() {
        let orchestration = integration("R0123456789ABCDEFGHIJKLMNOPQRSTU", ServiceRegion::Us);
        let (url, body) = sent(&orchestration, &json!({ "any": 1 }));
        assert!(url.ends_with("/v2/enqueue"), "{url}");
        assert_eq!(
            (&body["event_action"], &body["payload"]["severity"]),
            (&json!("trigger"), &json!("info"))
        );
        assert_eq!(body["dedup_key"].as_str().map(str::len), Some(64));
    }

    #[test]
    fn an_answer_says_what_may_help() {
        let judge = |status: u16, body: &str| {
            let status = StatusCode::from_u16(status).expect("a status");
            integration(KEY, ServiceRegion::Us).judge(status, &HeaderMap::new(), body.as_bytes())
        };
        let taken = r#"{"status":"success","message":"Event processed","dedup_key":"x"}"#;
        assert_eq!(judge(202, taken), Ok(()));
        assert_eq!(
            judge(429, "").map_err(|refused| (refused.why, refused.pause)),
            Err((Why::Throttled, Some(PAUSE)))
        );
        let why = |status, errors: &[&str]| {
            let body =
                json!({ "status": "invalid event", "message": "Event object is invalid", "errors": errors });
            judge(status, &body.to_string()).map_err(|refused| refused.why)
        };
        assert_eq!(
            why(400, &["'payload.summary' is missing or blank"]),
            Err(Why::Malformed)
        );
        assert_eq!(why(400, &["Invalid routing key"]), Err(Why::Denied));
        let length = "Length of 'routing_key' is incorrect (should be 32 characters)";
        assert_eq!(why(400, &[length]), Err(Why::Denied));
        assert_eq!(why(413, &[]), Err(Why::Malformed));
        assert_eq!(why(500, &[]), Err(Why::Failing));
        assert_eq!(why(403, &[]), Err(Why::Denied));
    }

    #[test]
    fn its_key_is_never_shown() {
        let integration = integration(KEY, ServiceRegion::Us);
        assert!(!format!("{integration:?}").contains("e93f"));
        assert!(integration.address().appears_in(&format!("no integration {KEY}")));
    }
}
