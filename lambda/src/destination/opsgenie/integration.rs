//! An integration in Opsgenie or Jira Service Management, which takes alerts under its key.

use std::time::Duration;

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use serde::Serialize;

use super::alert::request;
use crate::card::Card;
use crate::contract::ServiceRegion;
use crate::destination::address::{Address, Form, Rule};
use crate::destination::post::{Post, Probe, Refused, Why, by_status, json};
use crate::destination::shape::Shape;

/// Says for how many seconds requests were counted when they became too many.
/// <https://docs.opsgenie.com/docs/api-rate-limiting>
const PERIOD: &str = "x-ratelimit-period-in-sec";
/// The key beside an emulator, where the address has none.
const NO_KEY: &str = "00000000-0000-0000-0000-000000000000";

/// The key of an integration in Jira Service Management.
pub static JIRA_SERVICE_MANAGEMENT: Form = Form {
    service: "Jira Service Management",
    name: "API key",
    example: EXAMPLE,
    page: "the page `Integrations` of the team's operations in Jira Service Management, in an integration of the type `API`",
    rule: RULE,
};

/// The key of an integration in Opsgenie.
pub static OPSGENIE: Form = Form {
    service: "Opsgenie",
    name: "API key",
    example: EXAMPLE,
    page: "the team's page `Integrations` in Opsgenie, in an integration of the type `API`",
    rule: RULE,
};

const EXAMPLE: &str = "01234567-89ab-cdef-0123-456789abcdef";
const RULE: Rule = Rule::Key {
    fits: is_key,
    is: "an integration's key, five groups of letters and digits with hyphens between them",
    second: None,
};

/// An integration.
#[derive(Debug)]
pub struct Integration {
    form: &'static Form,
    address: Address,
    /// Where the paths of the API begin.
    api: &'static str,
}

impl Integration {
    /// An integration of Jira Service Management, which has one address for all regions.
    /// <https://developer.atlassian.com/cloud/jira/service-desk-ops/rest/v2/api-group-integration-events/>
    pub fn of_jira(address: Address) -> Self {
        Self {
            form: &JIRA_SERVICE_MANAGEMENT,
            address,
            api: "https://api.atlassian.com/jsm/ops/integration/v2",
        }
    }

    /// An integration of Opsgenie, whose regions are apart. <https://docs.opsgenie.com/docs/alert-api>
    pub fn of_opsgenie(address: Address, region: ServiceRegion) -> Self {
        Self {
            form: &OPSGENIE,
            address,
            api: match region {
                ServiceRegion::Us => "https://api.opsgenie.com/v2",
                ServiceRegion::Eu => "https://api.eu.opsgenie.com/v2",
            },
        }
    }

    fn ask(&self, path: &str, body: &impl Serialize) -> Request<Vec<u8>> {
        let mut request = json(self.address.url(&format!("{}{path}", self.api)), body);
        if let Some(authorization) = self.authorization() {
            request.headers_mut().insert(AUTHORIZATION, authorization);
        }
        request
    }

    /// The header that shows the key.
    fn authorization(&self) -> Option<HeaderValue> {
        let key = match self.address.is_loopback() {
            true => NO_KEY,
            false => self.address.expose(),
        };
        let mut value = HeaderValue::from_str(&format!("GenieKey {key}")).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

impl Post for Integration {
    fn form(&self) -> &'static Form {
        self.form
    }

    fn address(&self) -> &Address {
        &self.address
    }

    fn request(&self, card: &Card, shape: Shape) -> Request<Vec<u8>> {
        let asked = request(card, shape);
        self.ask(&asked.path(), &asked)
    }

    /// The end of an alert that is not open is taken and does nothing.
    fn probe(&self) -> Option<Probe> {
        let path = "/alerts/alertctl-heartbeat/close?identifierType=alias";
        let end = serde_json::json!({ "source": "alertctl" });
        Some(Probe::Harmless(self.ask(path, &end)))
    }

    /// Both queue what they take, and say 202; the end of an alert that is not open is taken, too. 422 is for what the JSON
    /// says, and for a key that cannot be one: `Key format is not valid!`.
    /// <https://docs.opsgenie.com/docs/response>
    fn judge(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Result<(), Refused> {
        by_status(status, headers).map_err(|refused| match status {
            StatusCode::TOO_MANY_REQUESTS => Refused {
                pause: refused.pause.or_else(|| period(headers)),
                ..refused
            },
            StatusCode::UNPROCESSABLE_ENTITY if !is_about_the_key(body) => Why::Malformed.into(),
            StatusCode::PAYLOAD_TOO_LARGE => Why::Malformed.into(),
            _ => refused,
        })
    }
}

/// A UUID, as far as it is documented: the example there has a letter that none has, and a group of five.
fn is_key(text: &str) -> bool {
    let groups: Vec<_> = text.split('-').collect();
    let is_group = |group: &&str| {
        (3..=16).contains(&group.len()) && group.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    groups.len() == 5 && groups.iter().all(is_group) && (32..=64).contains(&text.len())
}

fn period(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(PERIOD)?.to_str().ok()?.parse::<u32>().ok()?;
    Some(Duration::from_secs(seconds.into()))
}

fn is_about_the_key(body: &[u8]) -> bool {
    String::from_utf8_lossy(body)
        .to_lowercase()
        .contains("key format")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::destination::address::{AllowLoopback, Wrong};
    use crate::event::read;
    use crate::{Settings, compose};
    use serde_json::json;

    const KEY: &str = "acc0c3fc-13d8-4b3c-af0a-2cbd136e38b8";

    fn address(key: &str) -> Address {
        Address::parse(key, &OPSGENIE, AllowLoopback::Yes).expect("a key")
    }

    #[test]
    fn a_key_is_a_uuid_or_like_one() {
        let parse = |text: &str, form| {
            let address = Address::parse(text, form, AllowLoopback::No);
            address
                .map(|address| address.expose().to_owned())
                .map_err(|error| error.wrong)
        };
        for form in [&OPSGENIE, &JIRA_SERVICE_MANAGEMENT] {
            for key in [KEY, &KEY.to_uppercase(), "eb243592-faa2-4ba2-a551q-1afdf565c889"] {
                assert_eq!(parse(&format!(" {key}\n"), form).as_deref(), Ok(key));
            }
            for (text, wrong) in [
                ("", Wrong::Empty),
                ("GenieKey acc0c3fc-13d8-4b3c-af0a-2cbd136e38b8", Wrong::Characters),
                ("ATATT3xFfGF0T4Jp-x_y=1A2B3C4D", Wrong::Key),
                ("e93facc04764012d7bfb002500d5d1a6", Wrong::Key),
                ("acc0c3fc-13d8-4b3c-af0a", Wrong::Key),
                ("acc0c3fc-13d8-4b3c-af0a-2cbd136e38b8-", Wrong::Key),
                ("acc0c3fc-13d8-4b3c-af0a-2cbd136e38b_", Wrong::Key),
                ("https://api.opsgenie.com/v2/alerts", Wrong::Key),
                ("http://127.0.0.1:8080/a", Wrong::Loopback),
            ] {
                assert_eq!(parse(text, form), Err(wrong), "{text}");
            }
        }
    }

    #[test]
    fn each_has_its_address_and_the_key_is_in_a_sensitive_header() {
        let alarm = |state: &str| {
            let alarm = json!({ "AlarmName": "cpu", "NewStateValue": state });
            compose(&read(&alarm)[0], &Settings::default())
        };
        let key = alarm("ALARM").incident.expect("an incident").key;
        for (integration, api) in [
            (
                Integration::of_jira(address(KEY)),
                "https://api.atlassian.com/jsm/ops/integration/v2",
            ),
            (
                Integration::of_opsgenie(address(KEY), ServiceRegion::Us),
                "https://api.opsgenie.com/v2",
            ),
            (
                Integration::of_opsgenie(address(KEY), ServiceRegion::Eu),
                "https://api.eu.opsgenie.com/v2",
            ),
        ] {
            let request = integration.request(&alarm("ALARM"), Shape::Usual);
            assert_eq!(request.uri().to_string(), format!("{api}/alerts"));
            let authorization = &request.headers()[AUTHORIZATION];
            assert_eq!(authorization, &format!("GenieKey {KEY}"));
            assert!(authorization.is_sensitive());
            let shown = format!("{integration:?} {request:?}");
            assert!(!shown.contains("acc0c3fc"), "{shown}");
            let request = integration.request(&alarm("OK"), Shape::Usual);
            let close = format!("{api}/alerts/{key}/close?identifierType=alias");
            assert_eq!(request.uri().to_string(), close);
        }
        let local = Integration::of_jira(address("http://127.0.0.1:8080/a"));
        let request = local.request(&alarm("ALARM"), Shape::Usual);
        assert_eq!(
            request.uri(),
            "http://127.0.0.1:8080/a/jsm/ops/integration/v2/alerts"
        );
        assert_eq!(request.headers()[AUTHORIZATION], format!("GenieKey {NO_KEY}"));
    }

    #[test]
    fn an_answer_says_what_may_help() {
        let judge = |status: u16, body: &str, period: Option<&'static str>| {
            let status = StatusCode::from_u16(status).expect("a status");
            let period =
                period.map(|period| (PERIOD.parse().expect("a name"), HeaderValue::from_static(period)));
            let headers: HeaderMap = period.into_iter().collect();
            Integration::of_jira(address(KEY)).judge(status, &headers, body.as_bytes())
        };
        let why = |status, body| judge(status, body, None).map_err(|refused| refused.why);
        assert_eq!(
            why(
                202,
                r#"{"result":"Request will be processed","took":0.3,"requestId":"43a2"}"#
            ),
            Ok(())
        );
        assert_eq!(why(400, ""), Err(Why::Malformed));
        assert_eq!(
            why(422, r#"{"message":"Request body is not processable."}"#),
            Err(Why::Malformed)
        );
        assert_eq!(
            why(422, r#"{"message":"Key format is not valid!","took":0.0}"#),
            Err(Why::Denied)
        );
        for status in [401, 402, 403, 404] {
            assert_eq!(why(status, ""), Err(Why::Denied), "{status}");
        }
        assert_eq!(
            (why(500, ""), why(503, "")),
            (Err(Why::Failing), Err(Why::Failing))
        );
        let pause = |period| judge(429, "", period).map_err(|refused| (refused.why, refused.pause));
        assert_eq!(
            pause(Some("60")),
            Err((Why::Throttled, Some(Duration::from_secs(60))))
        );
        assert_eq!(pause(None), Err((Why::Throttled, None)));
    }
}
