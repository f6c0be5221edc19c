//! Delivers messages to channels: applies the channel's routes, then uses its buffer or posts to Slack
//! directly. What a destination does not take now goes into the retry queue. Logs the outcome of each message.

use super::account_names::AccountNames;
use super::destinations::Destination;
use super::lateness::Lateness;
use super::log::{self, Report};
use super::pauses::Pauses;
use super::queue::Outbox;
use super::refusal::Refusal;
use super::time::Budget;
use super::{FUNCTION_NAME, Network, Variables};
use crate::contract::{ChannelKey, DeadLetterReason, Envelope, LogEntry, Outcome, Severity, Verdict};
use crate::destination::Shape;
use crate::item::Item;
use crate::{Card, Duty, Notifying, Queue, Settings, SettingsError, SnsText};
use futures_util::future::join_all;
use jiff::Timestamp;
use std::borrow::Cow;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::time::Instant;

/// How long a dead letter that is sent again waits for the others of its redrive, with which it becomes a digest.
const GATHERING: Duration = Duration::from_secs(5);

/// Brings items to the channels of a stack, each by its routes, buffer and pauses.
pub(super) struct Dispatcher {
    pub settings: Arc<Settings>,
    pub network: Network,
    /// Which channels are left alone for a while.
    pub pauses: Pauses,
    pub lateness: Lateness,
    pub names: AccountNames,
    duty: Duty,
    /// The function's name.
    function: String,
    buffers: BTreeMap<ChannelKey, Outbox>,
    retries: Option<Outbox>,
    dead_letters: Option<Outbox>,
}

/// The data of one invocation that its messages need.
#[derive(Clone, Copy)]
pub(super) struct Attempt<'a> {
    pub request_id: &'a str,
    pub budget: Budget,
}

/// A message that a channel has.
#[derive(Debug, Default)]
pub(super) struct Posted {
    /// Number of retries.
    pub retried: u32,
    /// Why it came as text alone.
    pub refused: Option<Refusal>,
}

impl Dispatcher {
    pub fn from_environment(duty: Duty, variable: Variables) -> Result<Self, SettingsError> {
        let around = Notifying::read(variable)?;
        let buffers = around.buffers.into_iter();
        let settings = Arc::new(super::settings(variable)?);
        Ok(Self {
            network: Network::new(variable, &settings),
            settings,
            pauses: Pauses::default(),
            lateness: Lateness::default(),
            names: AccountNames::default(),
            duty,
            function: variable(FUNCTION_NAME).unwrap_or_default(),
            buffers: buffers
                .map(|(channel, queue)| (channel, Outbox::new(queue)))
                .collect(),
            retries: around.retries.map(Outbox::new),
            dead_letters: around.dead_letters.map(Outbox::new),
        })
    }

    /// The channel whose buffer is `queue`.
    pub fn behind(&self, queue: &Queue) -> Option<&ChannelKey> {
        let mut found = self.buffers.iter().filter(|(_, outbox)| outbox.is(queue));
        Some(found.next()?.0)
    }

    /// The buffer or the retry queue that is `queue`.
    pub fn outbox(&self, queue: &Queue) -> Option<&Outbox> {
        let mut drained = self.buffers.values().chain(&self.retries);
        drained.find(|outbox| outbox.is(queue))
    }

    /// Sends `item` to all destinations in parallel and logs the outcome for each channel, except for refusals:
    /// the caller decides how to handle those.
    pub async fn deliver<'a>(
        &self,
        destinations: &'a [Destination],
        item: &Item,
        sns_text: &SnsText,
        attempt: Attempt<'_>,
    ) -> Vec<(&'a Destination, Result<Outcome, Refusal>)> {
        let test = item.notice.test.as_deref();
        let marked = test.map(|id| sns_text.marked(id, self.settings.locale));
        let sns_text = marked.as_ref().unwrap_or(sns_text);
        let send = async |destination: &'a Destination| {
            let outcome = match destination {
                Destination::Channel(channel) => self.take(item, channel, attempt).await,
                Destination::Topic(arn) => self.publish(item, arn, sns_text, attempt).await,
            };
            (destination, outcome)
        };
        join_all(destinations.iter().map(send)).await
    }

    /// Sends `item` to `channel` unless its routes filter it out: into its buffer, or to Slack.
    pub async fn take(
        &self,
        item: &Item,
        channel: &ChannelKey,
        attempt: Attempt<'_>,
    ) -> Result<Outcome, Refusal> {
        match self.verdict(item, channel, attempt.request_id) {
            Some(verdict) => self.hand_over(item, channel, verdict, attempt).await,
            None => Ok(Outcome::Filtered),
        }
    }

    /// How `channel` is told of `item`. If its routes filter it out, logs that and returns `None`.
    pub fn verdict(&self, item: &Item, channel: &ChannelKey, request_id: &str) -> Option<Verdict> {
        let Some(mut verdict) = item.verdict(channel, &item.traits(&self.settings), &self.settings) else {
            self.log(item, channel, request_id, Outcome::Filtered, Report::default());
            return None;
        };
        verdict.quiet = item.muted.is_some();
        if verdict.quiet || self.lateness.is_overtaken(channel, &item.notice) {
            verdict.mention.clear();
        }
        Some(verdict)
    }

    /// Sends `item` to `channel`: into its buffer, or to Slack, or into the retry queue if Slack does not take it now.
    pub async fn hand_over(
        &self,
        item: &Item,
        channel: &ChannelKey,
        verdict: Verdict,
        attempt: Attempt<'_>,
    ) -> Result<Outcome, Refusal> {
        match self.buffers.get(channel) {
            Some(buffer) => {
                let envelope = item.waiting_for(channel, verdict);
                let (network, deadline) = (&self.network, attempt.budget.deliver);
                let sent = buffer.send(&envelope, Duration::ZERO, network, deadline).await;
                // Lambda tries again, also if IAM has not spread the permission yet.
                sent.map_err(|refusal| Refusal {
                    transient: true,
                    ..refusal
                })?;
                let (request_id, report) = (attempt.request_id, Report::default());
                self.log(item, channel, request_id, Outcome::Buffered, report);
                Ok(Outcome::Buffered)
            }
            None => match self.post_now(item, channel, &verdict, attempt).await {
                Ok(()) => Ok(Outcome::Delivered),
                Err((refusal, pause)) => {
                    let envelope = item.waiting_for(channel, verdict);
                    self.defer(&envelope, pause, &refusal, attempt).await?;
                    let (request_id, report) = (attempt.request_id, Report::of(&refusal));
                    self.log(item, channel, request_id, Outcome::Deferred, report);
                    Ok(Outcome::Deferred)
                }
            },
        }
    }

    /// Posts `item` to `channel`, unless another message was refused a moment ago, or many may come at once. The error also
    /// says how long to wait.
    async fn post_now(
        &self,
        item: &Item,
        channel: &ChannelKey,
        verdict: &Verdict,
        attempt: Attempt<'_>,
    ) -> Result<(), (Refusal, Duration)> {
        if item.envelope.dead_letter.is_some() && self.retries.is_some() {
            let reason = "it is sent again together with others".to_owned();
            return Err((Refusal::transient(reason), GATHERING));
        }
        let pause = self.pauses.left(channel);
        if !pause.is_zero() && self.retries.is_some() {
            let reason = "the channel refused another message a moment ago".to_owned();
            return Err((Refusal::transient(reason), pause));
        }
        let (lateness, settings) = (&self.lateness, &self.settings);
        let posted = match lateness.card(item, channel, verdict, Duration::ZERO, settings) {
            Ok(card) => self.post_alert(channel, &card, attempt.budget.deliver).await,
            Err(defect) => Err(defect),
        };
        match posted {
            Ok(posted) => {
                self.pauses.taken(channel);
                self.lateness.note_delivered(channel, &item.notice);
                let report = Report {
                    retried: posted.retried,
                    latency: attempt.budget.started.elapsed(),
                    refusal: posted.refused.as_ref(),
                    reason: None,
                };
                self.log(item, channel, attempt.request_id, Outcome::Delivered, report);
                Ok(())
            }
            Err(refusal) => {
                let pause = match refusal.is_of_all() {
                    true => self.pauses.refused(channel, &refusal, 0),
                    false => refusal.own_pause(),
                };
                Err((refusal, pause))
            }
        }
    }

    /// Puts a message that was refused into the retry queue for `pause`.
    ///
    /// # Errors
    /// The refusal, if there is no retry queue, if the queue refuses the message too, or if another try cannot help. The
    /// guard never decides the last: it has no time, so the relay does when it reads the queue.
    pub async fn defer(
        &self,
        envelope: &Envelope,
        pause: Duration,
        refusal: &Refusal,
        attempt: Attempt<'_>,
    ) -> Result<(), Refusal> {
        let helps = refusal.may_pass(Duration::ZERO) || self.duty == Duty::Guard;
        let Some(retries) = self.retries.as_ref().filter(|_| helps) else {
            return Err(refusal.clone());
        };
        let deadline = attempt.budget.dead_letter;
        let sent = retries.send(envelope, pause, &self.network, deadline).await;
        sent.map_err(|error| Refusal {
            transient: true,
            reason: format!("{}; retry queue: {error}", refusal.reason),
            ..refusal.clone()
        })
    }

    /// Posts a card in one shape.
    pub async fn post(
        &self,
        channel: &ChannelKey,
        card: &Card,
        shape: Shape,
        deadline: Instant,
    ) -> Result<Posted, Refusal> {
        let destinations = self.network.destinations();
        let retried = destinations.post(channel, card, shape, deadline).await?;
        Ok(Posted {
            retried,
            refused: None,
        })
    }

    /// Posts the card of one alert. If Slack refuses its form, posts it once more as text: it would refuse the form
    /// each time.
    pub async fn post_alert(
        &self,
        channel: &ChannelKey,
        card: &Card,
        deadline: Instant,
    ) -> Result<Posted, Refusal> {
        let refused = match self.post(channel, card, Shape::Usual, deadline).await {
            Err(refusal) if refusal.as_text => refusal,
            outcome => return outcome,
        };
        match self.post(channel, card, Shape::Plain, deadline).await {
            Ok(posted) => Ok(Posted {
                retried: refused.retried + 1 + posted.retried,
                refused: Some(refused),
            }),
            Err(again) if again.transient => Err(again),
            Err(_) => Err(refused),
        }
    }

    /// Puts an envelope into the function's dead-letter queue.
    pub async fn dead_letter(
        &self,
        envelope: Envelope,
        reason: DeadLetterReason<'_>,
        deadline: Instant,
    ) -> Result<(), Refusal> {
        let queue = self.dead_letters.as_ref();
        let queue = queue.ok_or_else(|| Refusal::lasting("the function has none".to_owned()))?;
        let envelope = envelope.as_dead_letter(reason);
        queue
            .send(&envelope, Duration::ZERO, &self.network, deadline)
            .await
    }

    /// The details of a dead letter.
    pub fn dead_letter_reason<'a>(&'a self, reason: &'a str, request_id: &'a str) -> DeadLetterReason<'a> {
        DeadLetterReason {
            reason,
            at: Timestamp::now(),
            request_id,
            function: &self.function,
            base64: None,
        }
    }

    /// Moves a message that Slack will never accept to the dead-letter queue, or leaves it for a retry, and
    /// logs which. Returns the problem if the message is left for a retry.
    pub async fn give_up(
        &self,
        item: &Item,
        channel: &ChannelKey,
        refusal: Refusal,
        request_id: &str,
        deadline: Instant,
    ) -> Result<(), String> {
        let mut refusal = refusal;
        let mut outcome = Outcome::Undelivered;
        if !refusal.transient {
            let reason = self.dead_letter_reason(&refusal.reason, request_id);
            let sent = self.dead_letter(item.envelope.for_channel(channel), reason, deadline);
            match sent.await {
                Ok(()) => outcome = Outcome::DeadLettered,
                Err(error) => refusal.reason = format!("{}; dead-letter queue: {error}", refusal.reason),
            }
        }
        self.log(item, channel, request_id, outcome, Report::of(&refusal));
        match outcome {
            Outcome::DeadLettered => Ok(()),
            _ => Err(format!(
                "channel {}: {}",
                self.settings.channel_name(channel),
                refusal.reason
            )),
        }
    }

    /// Logs a refusal by a channel. A topic is not logged, because the line needs a channel.
    pub fn log_refusal(
        &self,
        item: &Item,
        destination: &Destination,
        request_id: &str,
        outcome: Outcome,
        refusal: &Refusal,
    ) {
        if let Destination::Channel(channel) = destination {
            self.log(item, channel, request_id, outcome, Report::of(refusal));
        }
    }

    /// The severity of `item`.
    pub fn severity(&self, item: &Item) -> Severity {
        match &item.envelope.verdict {
            Some(verdict) => verdict.severity,
            None => item.traits(&self.settings).severity,
        }
    }

    pub fn log(
        &self,
        item: &Item,
        channel: &ChannelKey,
        request_id: &str,
        outcome: Outcome,
        report: Report<'_>,
    ) {
        let entry = LogEntry {
            channel: Some(channel.0.as_str().into()),
            severity: Some(self.severity(item).name().into()),
            rule: item.envelope.rule.as_deref().map(Cow::from),
            ..self.entry(item, request_id)
        };
        log::message(entry, outcome, &report);
    }

    /// What the log says of an item and the request that it came with, wherever it goes.
    pub fn entry<'a>(&'a self, item: &'a Item, request_id: &'a str) -> LogEntry<'a> {
        LogEntry {
            stack: Some(self.settings.stack.as_str().into()),
            duty: Some(self.duty.name().into()),
            request_id: Some(request_id.into()),
            event_id: item.identity.as_deref().map(Cow::from),
            test: item.notice.test.as_deref().map(Cow::from),
            ..LogEntry::default()
        }
    }
}
