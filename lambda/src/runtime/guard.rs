//! The duty `guard`: restarts a trail that somebody stopped, and notifies its destinations.

use super::Variables;
use super::api::Context;
use super::aws::{Aws, AwsError, Call, Service};
use super::destinations::Destination;
use super::dispatcher::{Attempt, Dispatcher};
use super::failure::Failure;
use super::log;
use super::refusal::Refusal;
use super::seen::Seen;
use super::time::{Budget, remaining};
use crate::contract::{Envelope, Kind, Outcome};
use crate::event::{GuardOutcome, Guarded, Notice};
use crate::item::Item;
use crate::{Duty, Guarding, Receivers, SettingsError, Trail};
use bytes::Bytes;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// Attempts to start the trail, if the time allows, with pauses of up to 1, 2, 4 … s between them.
const ATTEMPTS: u32 = 6;
/// Timeout for reading the trail's status, which matters less than starting it.
const STATUS_TIME: Duration = Duration::from_secs(3);
/// Timeout for starting the trail; Lambda retries after one minute.
const START_TIME: Duration = Duration::from_secs(15);
/// Timeout for the notification.
const TELL_TIME: Duration = Duration::from_secs(8);

/// The duty `guard`: restarts the logging of a trail that somebody stopped, and tells who did.
pub(super) struct Guard {
    trail: Trail,
    destinations: Vec<Destination>,
    dispatcher: Dispatcher,
    /// Which destination was notified about which call: a retry notifies only the others.
    delivered: Seen,
}

impl Guard {
    pub fn from_environment(variable: Variables) -> Result<Self, SettingsError> {
        let receivers = Receivers::read(variable)?;
        Ok(Self {
            trail: Guarding::read(variable)?.trail,
            destinations: Destination::all(&receivers),
            dispatcher: Dispatcher::from_environment(Duty::Guard, variable)?,
            delivered: Seen::default(),
        })
    }

    /// Starts the trail if the event says that it was stopped, and notifies the destinations whether or not
    /// that worked.
    pub async fn handle(&self, event: Value, context: &Context) -> Result<Value, Failure> {
        let envelope = Envelope::open(event);
        if let Err(reason) = is_stopped(&self.trail, &envelope.event) {
            log::write(
                Kind::Done,
                Duty::Guard,
                &context.request_id,
                "ignored",
                Some(reason),
            );
            return Ok(json!({ "outcome": "ignored", "reason": reason }));
        }
        let time = remaining(context).min(START_TIME + TELL_TIME + STATUS_TIME);
        let end = Instant::now() + time;
        let outcome = self
            .restart((time / 2).min(START_TIME), &context.request_id)
            .await;
        let guarded = Guarded {
            outcome,
            event: envelope.event.clone(),
        };
        let mut destinations = self.destinations.clone();
        destinations.extend(envelope.channels.iter().cloned().map(Destination::Channel));
        destinations.sort();
        destinations.dedup();
        let delivered = self
            .deliver(&destinations, &guarded, envelope, &context.request_id, end)
            .await;
        match (guarded.outcome, delivered) {
            (GuardOutcome::Failed(reason), Ok(_)) => Err(Failure::Unguarded(reason)),
            (GuardOutcome::Failed(reason), Err(undelivered)) => {
                Err(Failure::Unguarded(format!("{reason}; {undelivered}")))
            }
            (_, Err(undelivered)) => Err(undelivered),
            (outcome, Ok(delivered)) => {
                let outcome = match outcome {
                    GuardOutcome::AlreadyLogging => "already logging",
                    _ => "restarted",
                };
                log::write(Kind::Done, Duty::Guard, &context.request_id, outcome, None);
                Ok(json!({ "outcome": outcome, "delivered": delivered }))
            }
        }
    }

    /// Starts logging whatever the status says: right after the call the status may still be the old one
    /// (eventual consistency), and starting a trail that is already logging changes nothing.
    async fn restart(&self, time: Duration, request_id: &str) -> GuardOutcome {
        let aws = self.dispatcher.network.aws();
        let starting = async {
            let logging = match timeout(STATUS_TIME, self.is_logging(aws)).await {
                Ok(Ok(logging)) => logging,
                Ok(Err(error)) => {
                    let reason = Refusal::by("CloudTrail", &error).reason;
                    log::write(
                        Kind::Failed,
                        Duty::Guard,
                        request_id,
                        "status unknown",
                        Some(&reason),
                    );
                    false
                }
                Err(_) => false,
            };
            match self.call(aws, "StartLogging").await {
                Ok(_) if logging => GuardOutcome::AlreadyLogging,
                Ok(_) => GuardOutcome::Restarted,
                Err(error) => GuardOutcome::Failed(Refusal::by("CloudTrail", &error).reason),
            }
        };
        let late = || GuardOutcome::Failed("CloudTrail does not answer in the time there is".to_owned());
        timeout(time, starting).await.unwrap_or_else(|_| late())
    }

    /// Whether CloudTrail says that the trail is logging.
    async fn is_logging(&self, aws: &Aws) -> Result<bool, AwsError> {
        let status = self.call(aws, "GetTrailStatus").await?;
        let status: Value = serde_json::from_slice(&status).unwrap_or_default();
        Ok(status.get("IsLogging").and_then(Value::as_bool).unwrap_or(false))
    }

    /// Calls an operation whose only input is the trail.
    async fn call(&self, aws: &Aws, operation: &'static str) -> Result<Bytes, AwsError> {
        let input = json!({ "Name": self.trail.arn });
        let call = Call::json(Service::CLOUDTRAIL, operation, &input).attempts(ATTEMPTS);
        aws.call(&self.trail.region, &call).await
    }

    /// Notifies every destination that has not been notified yet; returns their number.
    async fn deliver(
        &self,
        everybody: &[Destination],
        guarded: &Guarded,
        envelope: Envelope,
        request_id: &str,
        end: Instant,
    ) -> Result<usize, Failure> {
        let call = guarded.event.pointer("/detail/eventID").unwrap_or(&Value::Null);
        let state = matches!(guarded.outcome, GuardOutcome::Failed(_));
        let key = |destination: &Destination| format!("{call} {state} {destination:?}");
        let known =
            |destination: &&Destination| !call.is_null() && self.delivered.contains(&key(destination));
        let ignorant: Vec<_> = everybody.iter().filter(|one| !known(one)).cloned().collect();
        if ignorant.is_empty() {
            return Ok(0);
        }
        let envelope = Envelope {
            guard: Some(guarded.outcome.clone()),
            ..envelope
        };
        let notice = Notice::from(guarded.clone());
        let identity = call.as_str().map(str::to_owned);
        let mut item = Item::known(envelope, notice, identity);
        let settings = &self.dispatcher.settings;
        let sns_text = guarded.sns_text(settings);
        let started = Instant::now();
        let attempt = Attempt {
            request_id,
            budget: Budget {
                started,
                deliver: end.min(started + TELL_TIME),
                dead_letter: end,
            },
        };
        let one = std::iter::once(&mut item);
        self.dispatcher.find_names(one, attempt.budget).await;
        let outcomes = self
            .dispatcher
            .deliver(&ignorant, &item, &sns_text, attempt)
            .await;
        let mut problems = Vec::new();
        for (destination, outcome) in outcomes {
            match outcome {
                Ok(_) => self.delivered.insert(&key(destination), ()),
                Err(refusal) => {
                    problems.push(format!("{}: {refusal}", destination.name(settings)));
                    self.dispatcher.log_refusal(
                        &item,
                        destination,
                        request_id,
                        Outcome::Undelivered,
                        &refusal,
                    );
                }
            }
        }
        let delivered = ignorant.len() - problems.len();
        if problems.is_empty() {
            return Ok(delivered);
        }
        Err(Failure::Undelivered { problems, delivered })
    }
}

/// Whether `event` says that `trail` was stopped; if not, the reason.
fn is_stopped(trail: &Trail, event: &Value) -> Result<(), &'static str> {
    let detail = event.get("detail").unwrap_or(&Value::Null);
    let text = |key| detail.get(key).and_then(Value::as_str);
    if (text("eventSource"), text("eventName")) != (Some("cloudtrail.amazonaws.com"), Some("StopLogging")) {
        return Err("the event is no StopLogging call");
    }
    if ["errorCode", "errorMessage"]
        .iter()
        .any(|key| detail.get(key).is_some_and(|error| !error.is_null()))
    {
        return Err("the call was refused");
    }
    let named = detail.pointer("/requestParameters/name").and_then(Value::as_str);
    // A name without an ARN means the caller's trail in the region of the call, which is the trail's home
    // region.
    let here = text("awsRegion").is_none_or(|region| region == trail.region)
        && text("recipientAccountId").is_none_or(|account| account == trail.account);
    match named {
        Some(name) if name == trail.arn || (name == trail.name && here) => Ok(()),
        _ => Err("the call is about another trail"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:cloudtrail:us-east-1:111122223333:trail/audit";

    fn verdict(change: impl FnOnce(&mut Value)) -> Result<(), &'static str> {
        let mut event = json!({ "detail": {
            "eventSource": "cloudtrail.amazonaws.com",
            "eventName": "StopLogging",
            "awsRegion": "us-east-1",
            "recipientAccountId": "111122223333",
            "errorCode": null,
            "requestParameters": { "name": "audit" },
        }});
        change(&mut event["detail"]);
        is_stopped(&Trail::from_arn(ARN).expect("a trail"), &event)
    }

    #[test]
    fn only_its_own_trail_concerns_the_guard() {
        assert_eq!(verdict(|_| {}), Ok(()));
        assert_eq!(
            verdict(|detail| detail["requestParameters"]["name"] = ARN.into()),
            Ok(())
        );
        let another = Err("the call is about another trail");
        assert_eq!(
            verdict(|detail| detail["requestParameters"]["name"] = "audit2".into()),
            another
        );
        assert_eq!(
            verdict(|detail| detail["requestParameters"] = Value::Null),
            another
        );
        assert_eq!(
            verdict(|detail| detail["awsRegion"] = "eu-west-1".into()),
            another
        );
        assert_eq!(
            verdict(|detail| detail["recipientAccountId"] = "444455556666".into()),
            another
        );
    }

    #[test]
    fn what_did_not_stop_it_is_ignored() {
        let refused = Err("the call was refused");
        assert_eq!(
            verdict(|detail| detail["errorCode"] = "AccessDenied".into()),
            refused
        );
        assert_eq!(verdict(|detail| detail["errorMessage"] = "no".into()), refused);
        let other = Err("the event is no StopLogging call");
        assert_eq!(
            verdict(|detail| detail["eventName"] = "StartLogging".into()),
            other
        );
        assert_eq!(
            verdict(|detail| detail["eventSource"] = "evil.example".into()),
            other
        );
        assert_eq!(verdict(|detail| *detail = Value::Null), other);
    }
}
