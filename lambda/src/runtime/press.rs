//! What a person asks for by a button: somebody takes care of an incident, or wants to hear nothing of it for a while.
//!
//! The incident's own message shows it, its thread gets a line, and its record in the table keeps it, which is where the
//! alarm comes from, too: what a button carries is only the incident's key, and which message it is under.

use super::api::Context;
use super::destinations::Destinations;
use super::failure::Failure;
use super::incidents::{Held, Incidents, LONGEST_STEP, Record, due_in};
use super::log;
use super::mute_rule::MuteRule;
use super::post::{Again, send};
use super::refusal::Refusal;
use super::reminders::LOOKS;
use crate::card::{Acknowledged, Card, Phrase, Snoozed, remark};
use crate::contract::{Act, Press};
use crate::destination::{Living, MessageId, Post, Shape};
use crate::event::AlarmPlace;
use crate::settings::Channel;
use ::http::Request;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

/// How long a press tries to hold an incident that another process holds: longer than a step does, because the person waits,
/// and Lambda tries a failed press again only a minute later.
const PRESS_HOLD_TIMEOUT: Duration = Duration::from_secs(8);

/// A person at a channel of the service.
struct Asking<'a> {
    press: &'a Press,
    service: &'a dyn Post,
    living: &'a dyn Living,
    channel: &'a Channel,
    /// The function's own account.
    account: Option<&'a str>,
    deadline: Instant,
}

/// What becomes of an incident's record.
enum Change {
    /// The thread gets this line.
    Made(Phrase),
    /// Somebody takes care of it already, which the person is told.
    Before(String),
    /// Somebody asked for something else later.
    Overtaken,
}

impl Destinations {
    /// Does what a person asks for; who asks for what cannot be done is told why.
    ///
    /// # Errors
    /// The table or the key does not answer, or another process is at the incident: Lambda tries again.
    pub async fn press(&self, press: &Press, context: &Context, deadline: Instant) -> Result<Value, Failure> {
        let settings = self.settings();
        let channel = settings.channels.get(&press.channel);
        let with_buttons = channel.and_then(|channel| Some((channel, channel.actions.as_ref()?)));
        let (Some((channel, actions)), Some(incidents)) = (with_buttons, self.incidents()) else {
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
            channel,
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
        let press = asking.press;
        let until = asking.deadline.min(Instant::now() + PRESS_HOLD_TIMEOUT);
        let place = asking.living.place();
        let held = self.hold(incidents, &press.channel, place, &press.incident, until);
        let held = match held.await {
            Ok(Some(held)) => held,
            Ok(None) => {
                return Err(failed(Refusal::transient(
                    "another process tells of the incident".to_owned(),
                )));
            }
            Err(error) => return Err(failed(Refusal::by("DynamoDB", &error))),
        };
        let asking = &Asking {
            deadline: asking.deadline.min(Instant::now() + LONGEST_STEP),
            ..*asking
        };
        let mut record = held.record.clone();
        let id = record
            .id
            .clone()
            .filter(|id| record.firing && id.0 == press.message);
        let Some(id) = id else {
            self.let_go(incidents, &held, &record).await?;
            // Another channel of the stack is at the same place in the service: the press is for that one.
            if record.at.is_none() && self.has_twin(asking) {
                return Ok(self.end(press, "unknown", None));
            }
            let words = self.settings().locale.words();
            let said = match record.firing {
                true => words.is_elsewhere,
                false => words.is_over,
            };
            self.whisper(asking, said).await;
            return Ok(self.end(press, "over", None));
        };
        match self.change(&mut record, asking).await {
            Change::Made(line) => {
                // While it is held: a step that comes meanwhile would be covered.
                self.redraw(asking, &record, &id).await;
                self.let_go(incidents, &held, &record).await?;
                self.note(asking, line, &id).await;
                Ok(self.end(press, outcome(press.act), None))
            }
            Change::Before(said) => {
                self.let_go(incidents, &held, &record).await?;
                self.whisper(asking, &said).await;
                Ok(self.end(press, "acknowledged before", None))
            }
            Change::Overtaken => {
                self.let_go(incidents, &held, &record).await?;
                Ok(self.end(press, "overtaken", None))
            }
        }
    }

    /// Whether another channel is at the same place in the service.
    fn has_twin(&self, asking: &Asking<'_>) -> bool {
        let mut channels = self.settings().channels.iter();
        channels.any(|(key, other)| {
            *key != asking.press.channel && other.channel_type == asking.channel.channel_type
        })
    }

    /// Writes down what the person did.
    async fn let_go(&self, incidents: &Incidents, held: &Held, record: &Record) -> Result<(), Failure> {
        let now = Timestamp::now();
        match incidents.release(self.aws(), held, record, now).await {
            Ok(true) => Ok(()),
            Ok(false) => {
                let reason = "another process has the incident: this one was too slow";
                Err(failed(Refusal::transient(reason.to_owned())))
            }
            Err(error) => Err(failed(Refusal::by("DynamoDB", &error))),
        }
    }

    /// Changes what is known of the incident, and mutes the alarm or ends that.
    async fn change(&self, record: &mut Record, asking: &Asking<'_>) -> Change {
        let (press, settings) = (asking.press, self.settings());
        let who = press.name.clone().filter(|name| !name.is_empty());
        let who = who.unwrap_or_else(|| press.user.clone());
        if press.act == Act::Acknowledge {
            if let Some(by) = &record.acknowledged {
                return Change::Before(by.line(settings).plain());
            }
            // Nobody is reminded of what somebody takes care of.
            record.due = None;
            let by = Acknowledged { who, at: press.at };
            return Change::Made(record.acknowledged.insert(by).line(settings));
        }
        // A press that Lambda tries again has the same time.
        if record.pressed.is_some_and(|last| press.at < last) {
            return Change::Overtaken;
        }
        record.pressed = Some(press.at);
        let rule = MuteRule::of(&settings.stack, &press.channel, &press.incident);
        let before = record.snoozed.take();
        if press.act == Act::EndSnooze && before.is_none() {
            return Change::Overtaken;
        }
        let Some(length) = press.act.length() else {
            // The rule would hold back the end.
            let is_muted = before.is_some_and(|by| by.until.is_some());
            let alarm = record.alarm.as_ref().filter(|_| is_muted);
            let kept = match alarm.map(|alarm| self.can_mute(alarm, asking)) {
                Some(Ok(())) => rule.delete(self.aws()).await.err(),
                _ => None,
            };
            let line = match press.act {
                Act::SnoozeUntilResolved => {
                    record.due = None;
                    record.snoozed.insert(Snoozed { who, until: None }).line(settings)
                }
                _ => {
                    record.due = asking.reminded_from(record, due_in(asking.channel.remind()));
                    Phrase::said((settings.locale.words().snooze_ended)(&Phrase::strong(&who)))
                }
            };
            return Change::Made(match kept {
                Some(reason) => {
                    log::pressed(&settings.stack, press, "still muted", Some(&reason));
                    with_remark(line, settings.locale.words().unmute_refused)
                }
                None => line,
            });
        };
        let until = press.at.checked_add(length).ok();
        // CloudWatch runs what it held back a moment after the rule has ended.
        let after = until.and_then(|until| until.checked_add(LOOKS).ok());
        record.due = asking.reminded_from(record, after);
        let muted = match &record.alarm {
            None => Ok(()),
            Some(alarm) => match self.can_mute(alarm, asking) {
                Ok(()) => rule.put(self.aws(), &alarm.name, &who, press.at, length).await,
                Err(reason) => Err(reason.to_owned()),
            },
        };
        let line = record.snoozed.insert(Snoozed { who, until }).line(settings);
        Change::Made(match muted {
            Ok(()) => line,
            Err(reason) => {
                log::pressed(&settings.stack, press, "not muted", Some(&reason));
                with_remark(line, settings.locale.words().mute_refused)
            }
        })
    }

    /// Whether CloudWatch may mute an alarm without that something is lost.
    fn can_mute(&self, alarm: &AlarmPlace, asking: &Asking<'_>) -> Result<(), &'static str> {
        if !alarm.is_in(asking.account) {
            return Err("the alarm is in another account");
        }
        // An alarm of another region comes here by events. CloudWatch sends no event when a mute of it ends.
        match alarm.region == self.aws().region() {
            true => Ok(()),
            false => Err("the alarm is in another region"),
        }
    }

    /// Shows it in the message. If that fails, the next step of the incident shows it.
    async fn redraw(&self, asking: &Asking<'_>, record: &Record, id: &MessageId) {
        let settings = self.settings();
        if let Some(content) = &record.content {
            let page = record.page.clone();
            let care = record.care(&asking.press.incident, true, page, settings);
            let request = asking.living.redraw(content, &care, settings.locale, id);
            self.ask(asking, request).await;
        }
    }

    /// Adds a line to the message's thread.
    async fn note(&self, asking: &Asking<'_>, line: Phrase, id: &MessageId) {
        let card: Card = remark(line, self.settings());
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

impl Asking<'_> {
    /// When people are reminded next if it is from `then` on: never, if somebody takes care of it.
    fn reminded_from(&self, record: &Record, then: Option<Timestamp>) -> Option<Timestamp> {
        then.filter(|_| self.channel.remind().is_some() && record.acknowledged.is_none())
    }
}

fn outcome(act: Act) -> &'static str {
    match act {
        Act::Acknowledge => "acknowledged",
        Act::SnoozeOneHour | Act::SnoozeEightHours | Act::SnoozeUntilResolved => "snoozed",
        Act::EndSnooze => "snooze ended",
    }
}

fn with_remark(line: Phrase, remark: &str) -> Phrase {
    Phrase::said(format!("{line}. {remark}"))
}

fn failed(refusal: Refusal) -> Failure {
    Failure::Undelivered {
        problems: vec![format!("a button: {refusal}")],
        delivered: 0,
    }
}
