//! What a person asks for by a button: somebody takes care of an incident, or wants to hear nothing of it for a while.
//!
//! The incident's own message shows it, its thread gets a line, and its record in the table keeps it, which is where the
//! alarm comes from, too: what a button carries is only the incident's key.

use super::api::Context;
use super::destinations::{Destinations, Refusal};
use super::failure::Failure;
use super::incidents::{Incidents, Record};
use super::log;
use super::mute_rule::MuteRule;
use super::post::{Again, send};
use crate::card::{Acknowledged, Card, Phrase, Snoozed, remark};
use crate::contract::{Act, Press};
use crate::destination::{Living, MessageId, Post, Shape};
use ::http::Request;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::Instant;

/// A person at a channel of the service.
struct Asking<'a> {
    press: &'a Press,
    service: &'a dyn Post,
    living: &'a dyn Living,
    /// The function's own account.
    account: Option<&'a str>,
    deadline: Instant,
}

impl Destinations {
    /// Does what a person asks for; who asks for what cannot be done is told why.
    ///
    /// # Errors
    /// The table or the key does not answer, or another process is at the incident: Lambda tries again.
    pub async fn press(&self, press: &Press, context: &Context, deadline: Instant) -> Result<Value, Failure> {
        let settings = self.settings();
        let channel = settings.channels.get(&press.channel);
        let actions = channel.and_then(|channel| channel.actions.as_ref());
        let (Some(actions), Some(incidents)) = (actions, self.incidents()) else {
            return Ok(self.end(press, "ignored", Some("the channel has no buttons any more")));
        };
        let service = self.service_by(&press.channel, deadline).await.map_err(failed)?;
        let Some(living) = service.living() else {
            return Ok(self.end(press, "ignored", Some("the channel has no buttons any more")));
        };
        let asking = Asking {
            press,
            service: &*service,
            living,
            account: context.account.as_deref(),
            deadline,
        };
        if !actions.who.is_empty() && !actions.who.contains(&press.user) {
            self.whisper(&asking, settings.locale.words().may_not_press).await;
            return Ok(self.end(press, "refused", Some("`actions` does not name the person")));
        }
        self.handle(incidents, &asking).await
    }

    async fn handle(&self, incidents: &Incidents, asking: &Asking<'_>) -> Result<Value, Failure> {
        let (press, settings) = (asking.press, self.settings());
        let place = asking.living.place();
        let held = self.hold(incidents, &press.channel, place, &press.incident, asking.deadline);
        let held = match held.await {
            Ok(Some(held)) => held,
            Ok(None) => {
                return Err(failed(Refusal::transient(
                    "another process tells of the incident".to_owned(),
                )));
            }
            Err(error) => return Err(failed(Refusal::by("DynamoDB", &error))),
        };
        let mut record = held.record.clone();
        let id = record.id.clone().filter(|_| record.firing);
        let line = match &id {
            Some(_) => self.change(&mut record, asking).await,
            None => None,
        };
        // Whoever tells of the incident next needs it, whatever becomes of the rest.
        let released = incidents
            .release(self.aws(), &held, &record, Timestamp::now())
            .await;
        let (Some(id), Some(line)) = (id, line) else {
            // Another channel of the stack is at the same place in the service: the press is for that one.
            if record.at.is_none() {
                return Ok(self.end(press, "unknown", None));
            }
            let words = settings.locale.words();
            let (outcome, said) = match record.acknowledged.as_ref().filter(|_| record.firing) {
                Some(by) => ("acknowledged before", by.line(settings).plain()),
                None => ("over", words.is_over.to_owned()),
            };
            self.whisper(asking, &said).await;
            return Ok(self.end(press, outcome, None));
        };
        if let Err(error) = released {
            return Err(failed(Refusal::by("DynamoDB", &error)));
        }
        self.show(asking, &record, &id, line).await;
        let outcome = match press.act {
            Act::Acknowledge => "acknowledged",
            _ => "snoozed",
        };
        Ok(self.end(press, outcome, None))
    }

    /// Writes down what the person did; returns the line for the thread. `None` if that was done before.
    async fn change(&self, record: &mut Record, asking: &Asking<'_>) -> Option<Phrase> {
        let (press, settings) = (asking.press, self.settings());
        let who = press.name.clone().filter(|name| !name.is_empty());
        let who = who.unwrap_or_else(|| press.user.clone());
        let Some(length) = press.act.length() else {
            // Nobody is reminded of what somebody takes care of.
            record.due = None;
            return match press.act {
                Act::Acknowledge if record.acknowledged.is_some() => None,
                Act::Acknowledge => {
                    let by = Acknowledged { who, at: press.at };
                    Some(record.acknowledged.insert(by).line(settings))
                }
                _ => Some(record.snoozed.insert(Snoozed { who, until: None }).line(settings)),
            };
        };
        let until = press.at.checked_add(length).ok();
        let mut line = record
            .snoozed
            .insert(Snoozed {
                who: who.clone(),
                until,
            })
            .line(settings);
        let channel = settings.channels.get(&press.channel);
        let reminds = channel.is_some_and(|channel| channel.remind().is_some());
        record.due = until.filter(|_| reminds && record.acknowledged.is_none());
        if let Some(alarm) = &record.alarm {
            let rule = MuteRule {
                stack: &settings.stack,
                incident: &press.incident,
                alarm,
                who: &who,
                length,
            };
            if let Err(reason) = self.mute(&rule, asking).await {
                log::pressed(&settings.stack, press, "not muted", Some(&reason));
                line = Phrase::said(format!("{line}. {}", settings.locale.words().mute_refused));
            }
        }
        Some(line)
    }

    async fn mute(&self, rule: &MuteRule<'_>, asking: &Asking<'_>) -> Result<(), String> {
        if !rule.alarm.is_in(asking.account) {
            return Err("the alarm is in another account".to_owned());
        }
        let put = rule.put(self.aws(), asking.press.at).await;
        put.map_err(|error| Refusal::by("CloudWatch", &error).reason)
    }

    /// Shows it in the message and in its thread. If that fails, the next step of the incident shows it.
    async fn show(&self, asking: &Asking<'_>, record: &Record, id: &MessageId, line: Phrase) {
        let settings = self.settings();
        if let Some(content) = &record.content {
            let page = record.page.clone();
            let care = record.care(&asking.press.incident, true, page, settings);
            let request = asking.living.redraw(content, &care, settings.locale, id);
            self.ask(asking, request).await;
        }
        let card: Card = remark(line, settings);
        let request = asking.living.reply(&card, Shape::Usual, id, false);
        self.ask(asking, request).await;
    }

    async fn whisper(&self, asking: &Asking<'_>, text: &str) {
        let request = asking.living.whisper(&asking.press.user, &Phrase::text(text));
        self.ask(asking, request).await;
    }

    async fn ask(&self, asking: &Asking<'_>, request: Request<Vec<u8>>) {
        let (_, answer) = send(
            self.http(),
            asking.service,
            request,
            Again::Always,
            asking.deadline,
        )
        .await;
        if let Err(error) = answer {
            log::pressed(
                &self.settings().stack,
                asking.press,
                "not shown",
                Some(&error.to_string()),
            );
        }
    }

    fn end(&self, press: &Press, outcome: &str, reason: Option<&str>) -> Value {
        log::pressed(&self.settings().stack, press, outcome, reason);
        json!({ "pressed": outcome })
    }
}

fn failed(refusal: Refusal) -> Failure {
    Failure::Undelivered {
        problems: vec![format!("a button: {refusal}")],
        delivered: 0,
    }
}
