//! The duty `ingest`: alerts over HTTP, as an API Gateway HTTP API hands them on (payload format 2.0).
//!
//! The answers are made for ElastAlert2, which waits 10 s, takes every status below 400 as success, and
//! sends the whole alert again for days after any other:
//!
//! | answer | what became of the alert |
//! |---|---|
//! | 200 | every destination has it, or has had it: it came again |
//! | 202 | it is in the dead-letter queue: it cannot be read, every destination refuses it for good, or some have it and others do not |
//! | 401 | no valid token; nothing was read |
//! | 503 | nobody has it; sending it again may help |
//!
//! An alert of which one destination has a copy is not sent again for the sake of the others, since that
//! one would get it every minute: what is missing lies in the dead-letter queue, with the names of those
//! that do not have it. Only if that queue fails too, everything has to come again.

use super::caller::{self, header};
use super::dead_letters::Record;
use super::destinations::Destination;
use super::log::{self, Kind};
use super::seen::Seen;
use super::{Network, Variables};
use crate::config::{DESTINATIONS, SettingsError, TOPICS};
use crate::{Duty, Endpoint, Ingesting, Settings, Told, compose, parse_lenient};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::time::Duration;
use tokio::time::Instant;

/// ElastAlert2 waits 10 s. What is left of them is for the way there and back and a cold start.
const DELIVERY_TIME: Duration = Duration::from_millis(5_500);
/// After this, from the start of the request, not even the dead-letter queue is waited for.
const TOTAL_TIME: Duration = Duration::from_millis(7_500);

pub(super) struct Ingest {
    settings: Settings,
    own: Ingesting,
    destinations: Vec<Destination>,
    network: Network,
    /// Alerts that are not owed any more.
    seen: Seen,
}

/// What the caller gets, and what the log says about it.
struct Answer {
    status: u16,
    kind: Kind,
    outcome: &'static str,
    /// For the caller.
    message: String,
    /// For the log.
    reason: Option<String>,
}

impl Ingest {
    pub fn from_environment(variable: Variables) -> Result<Self, SettingsError> {
        let told = Told::read(variable)?;
        let destinations = Destination::all(&told);
        if destinations.is_empty() {
            return Err(SettingsError::Value {
                variable: DESTINATIONS,
                problem: format!("and {TOPICS} name no destination"),
            });
        }
        Ok(Self {
            own: Ingesting::read(variable)?,
            destinations,
            network: Network::new(&told.topics, variable),
            settings: super::settings(variable)?,
            seen: Seen::default(),
        })
    }

    /// Answers a request, within [`TOTAL_TIME`]. Never fails: the caller decides by the status.
    pub async fn handle(&self, request: &Value, request_id: &str) -> Value {
        let started = Instant::now();
        let answer = if caller::is_known(request, &self.own.token_digests) {
            self.take(request, request_id, started).await
        } else {
            Answer::unauthorized()
        };
        log::write(
            answer.kind,
            Duty::Ingest,
            request_id,
            answer.outcome,
            answer.reason.as_deref(),
        );
        answer.response()
    }

    /// Takes a request of a known caller.
    async fn take(&self, request: &Value, request_id: &str, started: Instant) -> Answer {
        let decoded = body(request);
        let body = decoded.as_deref().unwrap_or(text(request).as_bytes());
        let alert = match decoded {
            Some(_) => self.read(request, body),
            None => Err("the body is not Base64, although the request says so"),
        };
        let alert = match alert {
            Ok(alert) => alert,
            Err(reason) => {
                let record = self.record(reason, request_id, Vec::new(), body);
                return self.park(record, Kind::Refused, reason.to_owned(), started).await;
            }
        };
        let identity = Endpoint::identity(&alert);
        if identity
            .as_deref()
            .is_some_and(|identity| self.seen.contains(identity))
        {
            return Answer::ok("duplicate", "the alert was taken before");
        }
        let answer = self.deliver(&alert, body, request_id, started).await;
        if let Some(identity) = identity.filter(|_| answer.status < 400) {
            self.seen.insert(&identity);
        }
        answer
    }

    /// The alert in the body, or why there is none and never will be.
    fn read(&self, request: &Value, body: &[u8]) -> Result<Value, &'static str> {
        if header(request, "content-encoding")
            .is_some_and(|encoding| !encoding.eq_ignore_ascii_case("identity"))
        {
            return Err("the body is compressed, which is not supported");
        }
        if body.len() > self.own.body_limit {
            return Err("the body is larger than the endpoint takes");
        }
        if header(request, "content-type").is_some_and(|content_type| !is_utf8(content_type)) {
            return Err("the body is not in UTF-8");
        }
        let text = std::str::from_utf8(body).map_err(|_| "the body is not in UTF-8")?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let alert = parse_lenient(text).map_err(|_| "the body is not JSON, or nested too deeply")?;
        // ElastAlert2 sends one object for each match; of a list, one answer could not say what became of each.
        alert
            .is_object()
            .then_some(alert)
            .ok_or("the body is not a JSON object")
    }

    async fn deliver(&self, alert: &Value, body: &[u8], request_id: &str, started: Instant) -> Answer {
        let message = compose(&self.own.endpoint.notice(alert), &self.settings);
        let letter = self.own.endpoint.letter(alert, self.settings.locale);
        let told = self
            .network
            .destinations()
            .tell(&self.destinations, &message, &letter, started + DELIVERY_TIME)
            .await;
        let refused = told
            .into_iter()
            .filter_map(|(destination, outcome)| Some((destination.name(&self.settings), outcome.err()?)));
        let refused: Vec<_> = refused.collect();
        if refused.is_empty() {
            return Answer::ok("delivered", "the alert is delivered");
        }
        let reason = |(name, refusal): &(String, _)| format!("{name}: {refusal}");
        let reason = refused.iter().map(reason).collect::<Vec<_>>().join("; ");
        let nobody_has_it = refused.len() == self.destinations.len();
        if nobody_has_it && refused.iter().any(|(_, refusal)| refusal.transient) {
            return Answer::unavailable("no destination takes the alert now; send it again", reason);
        }
        let names = refused.into_iter().map(|(name, _)| name).collect();
        let record = self.record(&reason, request_id, names, body);
        self.park(record, Kind::Failed, reason.clone(), started).await
    }

    fn record<'a>(
        &'a self,
        reason: &'a str,
        request_id: &'a str,
        destinations: Vec<String>,
        body: &'a [u8],
    ) -> Record<'a> {
        Record {
            reason,
            request_id,
            endpoint: &self.own.endpoint.key,
            destinations,
            body,
        }
    }

    /// Puts an alert into the dead-letter queue. If that fails, its sender has to keep it.
    async fn park(&self, record: Record<'_>, kind: Kind, reason: String, started: Instant) -> Answer {
        let message = if record.destinations.is_empty() {
            format!("stored, but not delivered: {}", record.reason)
        } else {
            "stored for the destinations that do not have it".to_owned()
        };
        let stored = record
            .store(&self.own.dead_letters, &self.network, started + TOTAL_TIME)
            .await;
        match stored {
            Ok(()) => Answer {
                status: 202,
                kind,
                outcome: "stored",
                message,
                reason: Some(reason),
            },
            Err(refusal) => Answer::unavailable(
                "the alert can be neither delivered nor stored now; send it again",
                format!("{reason}; dead-letter queue: {refusal}"),
            ),
        }
    }
}

impl Answer {
    fn ok(outcome: &'static str, message: &str) -> Self {
        Self {
            status: 200,
            kind: Kind::Done,
            outcome,
            message: message.to_owned(),
            reason: None,
        }
    }

    fn unauthorized() -> Self {
        Self {
            status: 401,
            kind: Kind::Refused,
            outcome: "unauthorized",
            message: "no valid token: send `Authorization: Bearer <token>`".to_owned(),
            reason: None,
        }
    }

    fn unavailable(message: &str, reason: String) -> Self {
        Self {
            status: 503,
            kind: Kind::Failed,
            outcome: "unavailable",
            message: message.to_owned(),
            reason: Some(reason),
        }
    }

    /// The answer in API Gateway's payload format 2.0.
    fn response(self) -> Value {
        let name = if self.status < 400 { "message" } else { "error" };
        let mut headers = json!({ "content-type": "application/json" });
        if self.status == 401 {
            headers["www-authenticate"] = "Bearer".into();
        }
        json!({
            "statusCode": self.status,
            "headers": headers,
            "body": json!({ name: self.message }).to_string(),
            "isBase64Encoded": false,
        })
    }
}

/// The bytes of the body; `None` if they should be in Base64 and are not.
fn body(request: &Value) -> Option<Cow<'_, [u8]>> {
    let text = text(request);
    if request.get("isBase64Encoded").and_then(Value::as_bool) != Some(true) {
        return Some(text.as_bytes().into());
    }
    BASE64_STANDARD.decode(text).ok().map(Cow::from)
}

/// The body as it stands in the request.
fn text(request: &Value) -> &str {
    request.get("body").and_then(Value::as_str).unwrap_or_default()
}

/// Whether a content type leaves the text at UTF-8, which JSON is in unless something else is said.
fn is_utf8(content_type: &str) -> bool {
    content_type
        .split(';')
        .skip(1)
        .filter_map(|parameter| parameter.split_once('='))
        .filter(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))
        .all(|(_, charset)| {
            let charset = charset.trim().trim_matches('"').to_ascii_lowercase();
            matches!(charset.as_str(), "utf-8" | "utf8" | "us-ascii")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_another_charset_is_refused() {
        for content_type in [
            "application/json",
            "application/json;charset=utf-8",
            "text/plain; x=y; Charset=\"UTF-8\"",
            "",
        ] {
            assert!(is_utf8(content_type), "{content_type}");
        }
        assert!(!is_utf8("application/json; charset=EUC-KR"));
        assert!(!is_utf8("application/json; charset=utf-8; charset=utf-16"));
    }
}
