//! The duty `ingest`: alerts over HTTP, in the format of an API Gateway HTTP API (payload format 2.0).
//!
//! The responses are designed for ElastAlert2, which waits 10 s, treats every status below 400 as success, and
//! retries the whole alert for days after any other status:
//!
//! | response | what happened to the alert |
//! |---|---|
//! | 200 | every destination has it, now or from an earlier attempt; a body that is no JSON object is shown as text |
//! | 202 | it is in a queue: in the retry queue for the destinations that do not take it now, or in the dead-letter queue because it cannot be shown, or because a destination refuses it permanently |
//! | 401 | no valid token; nothing was read |
//! | 503 | no destination has it; a retry may help |
//!
//! A dead letter is an envelope that names the destinations that lack the alert. If the function is invoked
//! with it, it sends the alert to exactly these. No HTTP request can look like a dead letter ([`is_dead_letter`]).
//!
//! If one destination has the alert, the sender must not retry it for the others, because that destination
//! would get a copy every minute. So the rest goes to a queue, with the names of the destinations that lack it. Only if
//! that queue fails, too, must the sender retry the whole alert.

mod again;
mod body;

use super::Variables;
use super::answer::Answer;
use super::api::Context;
use super::caller::{self, header};
use super::destinations::Destination;
use super::dispatcher::{Attempt, Dispatcher};
use super::failure::Failure;
use super::log;
use super::refusal::Refusal;
use super::seen::Seen;
use super::time::Budget;
use crate::config::SettingsError;
use crate::contract::{
    DESTINATIONS, DeadLetterReason, Envelope, Kind, Outcome, TEST_HEADER, TOPICS, is_test,
};
use crate::event::{Content, Notice, Source};
use crate::hash::hex;
use crate::item::Item;
use crate::{Duty, Endpoint, Ingesting, Json, Receivers, SnsText, parse_lenient};
use again::{is_dead_letter, readable};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use body::Body;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::time::Duration;
use tokio::time::Instant;

/// ElastAlert2 waits 10 s. The difference is for the network and a cold start.
const DELIVERY_TIME: Duration = Duration::from_millis(5_500);
/// Time limit from the start of the request that includes the dead-letter queue.
const TOTAL_TIME: Duration = Duration::from_millis(7_500);

/// What a caller without a valid token is told.
const NO_TOKEN: &str = "no valid token: send `Authorization: Bearer <token>`";

/// Limit in bytes for a body in a dead letter that cannot be shown; Base64 makes it a third larger.
const MAX_BINARY: usize = 700_000;

/// The duty `ingest`: an endpoint that takes alerts over HTTP.
pub(super) struct Ingest {
    own: Ingesting,
    destinations: Vec<Destination>,
    dispatcher: Dispatcher,
    /// Alerts that are already handled.
    seen: Seen,
}

/// One request.
#[derive(Clone, Copy)]
struct Call<'a> {
    request_id: &'a str,
    started: Instant,
    /// The mark of a test.
    test: Option<&'a str>,
}

/// What goes to the dead-letter queue.
struct Rest<'a> {
    destinations: Vec<Destination>,
    /// The alert, or the text of a body that is not an alert.
    event: Json,
    /// Size in bytes of a body whose Base64 `event` holds, because it is no text.
    base64: Option<usize>,
    reason: &'a str,
}

impl Ingest {
    pub fn from_environment(variable: Variables) -> Result<Self, SettingsError> {
        let receivers = Receivers::read(variable)?;
        let destinations = Destination::all(&receivers);
        if destinations.is_empty() {
            return Err(SettingsError::Value {
                variable: DESTINATIONS,
                problem: format!("and {TOPICS} name no destination"),
            });
        }
        Ok(Self {
            own: Ingesting::read(variable)?,
            destinations,
            dispatcher: Dispatcher::from_environment(Duty::Ingest, variable)?,
            seen: Seen::default(),
        })
    }

    /// Answers a request within [`TOTAL_TIME`]; the caller decides by the status. Returns an error only for a
    /// redriven dead letter.
    pub async fn handle(&self, event: Value, context: &Context) -> Result<Value, Failure> {
        if is_dead_letter(&event) {
            return self.again(event, context).await;
        }
        let call = Call {
            request_id: &context.request_id,
            started: Instant::now(),
            test: header(&event, TEST_HEADER).filter(|mark| is_test(mark)),
        };
        let answer = if caller::is_known(&event, &self.own.token_digests) {
            self.take(&event, call).await
        } else {
            Answer::unauthorized(NO_TOKEN, None)
        };
        log::write(
            answer.kind,
            Duty::Ingest,
            call.request_id,
            answer.outcome,
            answer.reason.as_deref(),
        );
        Ok(answer.response())
    }

    /// Handles a request of an authenticated caller.
    async fn take(&self, request: &Value, call: Call<'_>) -> Answer {
        let alert = match Body::read(request, self.own.body_limit) {
            Body::Alert(alert) => alert,
            Body::Text { text, reason } => {
                let answer = self.deliver(Value::String(text), call).await;
                return answer.shown_as_text(reason);
            }
            Body::Unreadable { bytes, reason } => {
                let (item, _) = self.item(self.envelope(&self.destinations, Value::Null, call.test));
                let (event, base64) = kept(&bytes);
                let rest = Rest {
                    destinations: self.destinations.clone(),
                    event: event.into(),
                    base64,
                    reason,
                };
                let message = format!("stored, but not delivered: {reason}");
                return self.dead_letter(rest, &item, Kind::Refused, message, call).await;
            }
        };
        let identity = Endpoint::identity(&alert);
        if identity
            .as_deref()
            .is_some_and(|identity| self.seen.contains(identity))
        {
            return Answer::ok("duplicate", "the alert was taken before");
        }
        let answer = self.deliver(alert, call).await;
        if let Some(identity) = identity.filter(|_| answer.status < 400) {
            self.seen.insert(&identity, ());
        }
        answer
    }

    /// Delivers an alert, or a text.
    async fn deliver(&self, alert: Value, call: Call<'_>) -> Answer {
        let alert = Json::from(alert);
        let (item, sns_text) = self.item(self.envelope(&self.destinations, alert.clone(), call.test));
        let attempt = Attempt {
            request_id: call.request_id,
            budget: Budget {
                started: call.started,
                deliver: call.started + DELIVERY_TIME,
                dead_letter: call.started + TOTAL_TIME,
            },
        };
        let outcomes = self
            .dispatcher
            .deliver(&self.destinations, &item, &sns_text, attempt)
            .await;
        let deferred = outcomes
            .iter()
            .any(|(_, outcome)| *outcome == Ok(Outcome::Deferred));
        let refused = outcomes
            .into_iter()
            .filter_map(|(destination, outcome)| Some((destination.clone(), outcome.err()?)));
        let refused: Vec<_> = refused.collect();
        if refused.is_empty() {
            return match deferred {
                true => Answer::deferred(),
                false => Answer::ok("delivered", "the alert is delivered"),
            };
        }
        let name = |destination: &Destination| destination.name(&self.dispatcher.settings);
        let reasons = refused
            .iter()
            .map(|(destination, refusal)| format!("{}: {refusal}", name(destination)));
        let reason = reasons.collect::<Vec<_>>().join("; ");
        let nobody_has_it = refused.len() == self.destinations.len();
        if nobody_has_it && refused.iter().any(|(_, refusal)| refusal.transient) {
            self.log_refused(&item, &refused, call.request_id, false);
            return Answer::unavailable("no destination takes the alert now; send it again", reason);
        }
        let rest = Rest {
            destinations: refused
                .iter()
                .map(|(destination, _)| destination.clone())
                .collect(),
            event: alert,
            base64: None,
            reason: &reason,
        };
        let message = "stored for the destinations that do not have it".to_owned();
        let answer = self.dead_letter(rest, &item, Kind::Failed, message, call).await;
        self.log_refused(&item, &refused, call.request_id, answer.status < 400);
        answer
    }

    /// The envelope of an alert that arrived here.
    fn envelope(&self, to: &[Destination], event: impl Into<Json>, test: Option<&str>) -> Envelope {
        let channel = |destination: &Destination| match destination {
            Destination::Channel(channel) => Some(channel.clone()),
            Destination::Topic(_) => None,
        };
        let topic = |destination: &Destination| match destination {
            Destination::Channel(_) => None,
            Destination::Topic(arn) => Some(arn.clone()),
        };
        Envelope {
            endpoint: Some(self.own.endpoint.key.clone()),
            channels: to.iter().filter_map(channel).collect(),
            topics: to.iter().filter_map(topic).collect(),
            test: test.map(str::to_owned),
            event: event.into(),
            ..Envelope::default()
        }
    }

    /// The item and the letter for an envelope with an alert, or with a body that is not an alert.
    fn item(&self, envelope: Envelope) -> (Item, SnsText) {
        let locale = self.dispatcher.settings.locale;
        let text = match &*envelope.event {
            Value::String(text) => Some(readable(text, envelope.dead_letter.as_ref())),
            Value::Array(_) => Some(envelope.event.to_string()),
            _ => None,
        };
        if let Some(text) = text {
            let sns_text = SnsText::new(&self.own.endpoint.key, &text, locale);
            let notice = Notice {
                source: Source::default(),
                content: Content::Text {
                    subject: Some(self.own.endpoint.key.clone()),
                    text,
                },
                test: None,
            };
            return (Item::alert(envelope, notice, None), sns_text);
        }
        let alert = &envelope.event;
        let sns_text = self.own.endpoint.sns_text(alert, locale);
        let notice = self.own.endpoint.notice(alert.clone());
        let identity = Endpoint::identity(alert).map(|identity| digest(&identity));
        (Item::alert(envelope, notice, identity), sns_text)
    }

    fn log_refused(&self, item: &Item, refused: &[(Destination, Refusal)], request_id: &str, stored: bool) {
        let outcome = match stored {
            true => Outcome::DeadLettered,
            false => Outcome::Undelivered,
        };
        for (destination, refusal) in refused {
            self.dispatcher
                .log_refusal(item, destination, request_id, outcome, refusal);
        }
    }

    /// Puts an alert into the dead-letter queue. If that fails, the sender must keep it.
    async fn dead_letter(
        &self,
        rest: Rest<'_>,
        item: &Item,
        kind: Kind,
        message: String,
        call: Call<'_>,
    ) -> Answer {
        let reason = rest.reason.to_owned();
        let deadline = call.started + TOTAL_TIME;
        match self.store(rest, item, call.request_id, deadline).await {
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

    async fn store(
        &self,
        rest: Rest<'_>,
        item: &Item,
        request_id: &str,
        deadline: Instant,
    ) -> Result<(), Refusal> {
        let envelope = self.envelope(&rest.destinations, rest.event, item.notice.test.as_deref());
        let reason = DeadLetterReason {
            base64: rest.base64,
            ..self.dispatcher.dead_letter_reason(rest.reason, request_id)
        };
        self.dispatcher.dead_letter(envelope, reason, deadline).await
    }
}

/// What is kept of a body that cannot be shown: an alert, a text, or as much as fits in Base64, with the size of the
/// whole.
fn kept(body: &[u8]) -> (Value, Option<usize>) {
    match std::str::from_utf8(body) {
        Ok(text) => {
            let alert = parse_lenient(text).ok().filter(Value::is_object);
            (alert.unwrap_or_else(|| text.into()), None)
        }
        Err(_) => {
            let kept = &body[..body.len().min(MAX_BINARY)];
            (BASE64_STANDARD.encode(kept).into(), Some(body.len()))
        }
    }
}

/// An identifier for an alert that reveals nothing about it.
fn digest(identity: &str) -> String {
    let digest: [u8; 32] = Sha256::digest(identity).into();
    hex(&digest[..16])
}
