//! The duty `notify`: events become Slack messages.
//!
//! | a message that | is |
//! |---|---|
//! | Slack accepts | delivered |
//! | goes to a channel with a buffer | put into that queue, which returns it in batches ([`Queued`]) |
//! | Slack will never accept, or only after a person fixed something | put into the dead-letter queue at once; a person can redrive it |
//! | Slack does not accept now | deferred: put into the retry queue, which returns it in batches, for four days |
//! | is about a muted alarm, or comes by a muted rule or topic | dropped (`super::silence`) |
//! | neither Slack nor the retry queue accepts now | undelivered: the invocation fails, Lambda retries it and then puts the event into the dead-letter queue |
//!
//! Each channel of each record is tracked separately, and so is the topic that a record came from, if its e-mail
//! subscribers are told, too ([`super::publish`]). A retry goes only to the channels and topics that lack the message,
//! as far as the process remembers. An event that comes by several rules is told once, and again only by a rule that
//! makes it more urgent or calls somebody else.

use super::Variables;
use super::api::Context;
use super::dispatcher::{Attempt, Dispatcher};
use super::failure::Failure;
use super::heartbeat;
use super::log::Report;
use super::publish::Publication;
use super::queued::{self, Queued};
use super::seen::Seen;
use super::time::Budget;
use crate::contract::{ChannelKey, Outcome, Signal, Verdict};
use crate::item::{Item, items};
use crate::{Duty, SettingsError};
use futures_util::future::{join, join_all};
use jiff::Timestamp;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The duty `notify`: the relay itself, which turns events and notifications into messages.
pub(super) struct Notify {
    dispatcher: Dispatcher,
    /// How each channel was told of what.
    delivered: Seen<Verdict>,
    /// What topics have.
    published: Seen,
    queued: Queued,
}

impl Notify {
    pub fn from_environment(variable: Variables) -> Result<Self, SettingsError> {
        Ok(Self {
            dispatcher: Dispatcher::from_environment(Duty::Notify, variable)?,
            delivered: Seen::default(),
            published: Seen::default(),
            queued: Queued::default(),
        })
    }

    /// Delivers all messages of the event; attempts all of them before it returns an error.
    pub async fn handle(&self, event: Value, context: &Context) -> Result<Value, Failure> {
        let budget = Budget::of(context);
        if let Some(signal) = Signal::read(&event) {
            let deadline = budget.deliver;
            let destinations = self.dispatcher.network.destinations();
            return match signal {
                Signal::Heartbeat(path) => Ok(heartbeat::answer(&path, destinations, deadline).await),
                Signal::Remind => destinations.remind(deadline).await,
                Signal::Press(press) => destinations.press(&press, context, deadline).await,
            };
        }
        if queued::is_batch(&event) {
            let batch = self.queued.deliver(event, &self.dispatcher, context, budget);
            let answer = batch.await;
            self.dispatcher.chart(context, budget).await;
            return Ok(answer);
        }
        let mut items = items(event);
        for (index, item) in items.iter_mut().enumerate() {
            // Lambda retries an invocation under the same request id.
            item.identity
                .get_or_insert_with(|| format!("{} {index}", context.request_id));
        }
        let now = Timestamp::now();
        for item in &mut items {
            item.muted = self.dispatcher.muted(item, now);
        }
        self.dispatcher.find_names(items.iter_mut(), budget).await;
        let account = context.account.as_deref();
        self.dispatcher
            .find_lines(items.iter_mut(), account, budget)
            .await;
        // Messages for the same channel are sent one after another, in the order of the records.
        let mut queues: BTreeMap<&ChannelKey, Vec<&Item>> = BTreeMap::new();
        let mut unrouted = BTreeSet::new();
        let channels: Vec<_> = items
            .iter()
            .map(|item| item.channels(&self.dispatcher.settings))
            .collect();
        for (item, channels) in items.iter().zip(&channels) {
            match channels {
                Ok(channels) => channels
                    .iter()
                    .for_each(|channel| queues.entry(channel).or_default().push(item)),
                // Nobody would be told anyway.
                Err(_) if item.muted.is_some() => {}
                Err(topic) => {
                    unrouted.insert(*topic);
                }
            }
        }
        let queues = queues.into_iter();
        let deliver = |(channel, queue)| self.deliver(channel, queue, &context.request_id, budget);
        let publish = self.publish(&items, &context.request_id, budget);
        let (delivered, published) = join(join_all(queues.map(deliver)), publish).await;
        let outcomes = [delivered.concat(), published].concat();
        let count = |wanted| outcomes.iter().filter(|outcome| **outcome == Ok(wanted)).count();
        let delivered = count(Outcome::Delivered);
        if delivered > 0 {
            self.dispatcher.chart(context, budget).await;
        }
        let unrouted = unrouted.into_iter();
        let unrouted = unrouted.map(|topic| format!("no channel is routed to topic `{topic}`"));
        let refused = outcomes.iter().filter_map(|outcome| outcome.clone().err());
        let problems: Vec<_> = unrouted.chain(refused).collect();
        if !problems.is_empty() {
            return Err(Failure::Undelivered { problems, delivered });
        }
        let mut answer = Map::new();
        answer.insert("delivered".to_owned(), delivered.into());
        for (name, outcome) in [
            ("buffered", Outcome::Buffered),
            ("deferred", Outcome::Deferred),
            ("parked", Outcome::DeadLettered),
            ("duplicates", Outcome::Duplicate),
            ("filtered", Outcome::Filtered),
            ("muted", Outcome::Muted),
        ] {
            let count = count(outcome);
            if count > 0 {
                answer.insert(name.to_owned(), count.into());
            }
        }
        Ok(answer.into())
    }

    /// The outcome of each item for each of its topics: of a dead letter that is sent again, and of mail.
    async fn publish(
        &self,
        items: &[Item],
        request_id: &str,
        budget: Budget,
    ) -> Vec<Result<Outcome, String>> {
        let mut outcomes = Vec::new();
        for item in items {
            let topics = item.envelope.topics.iter().map(String::as_str);
            for arn in topics.chain(item.mail(&self.dispatcher.settings)) {
                outcomes.push(self.publish_one(item, arn, request_id, budget).await);
            }
        }
        outcomes
    }

    async fn publish_one(
        &self,
        item: &Item,
        arn: &str,
        request_id: &str,
        budget: Budget,
    ) -> Result<Outcome, String> {
        let publication = Publication {
            dispatcher: &self.dispatcher,
            item,
            arn,
            request_id,
        };
        if let Some(reason) = &item.muted {
            publication.log_because(Outcome::Muted, Some(reason));
            return Ok(Outcome::Muted);
        }
        let key = item.key(arn);
        if self.published.contains(&key) {
            publication.log(Outcome::Duplicate, None);
            return Ok(Outcome::Duplicate);
        }
        let attempt = Attempt { request_id, budget };
        let outcome = match publication.sns_text() {
            Ok(sns_text) => self.dispatcher.publish(item, arn, &sns_text, attempt).await,
            Err(defect) => Err(defect),
        };
        let outcome = match outcome {
            Ok(outcome) => {
                publication.log(outcome, None);
                outcome
            }
            // Lambda tries again.
            Err(refusal) if refusal.transient => {
                publication.log(Outcome::Undelivered, Some(&refusal));
                return Err(format!("topic `{arn}`: {refusal}"));
            }
            Err(refusal) => {
                publication.dead_letter(refusal, budget.dead_letter).await?;
                Outcome::DeadLettered
            }
        };
        self.published.insert(&key, ());
        Ok(outcome)
    }

    /// The outcome of each item for one channel.
    async fn deliver(
        &self,
        channel: &ChannelKey,
        queue: Vec<&Item>,
        request_id: &str,
        budget: Budget,
    ) -> Vec<Result<Outcome, String>> {
        let attempt = Attempt { request_id, budget };
        let mut outcomes = Vec::with_capacity(queue.len());
        for item in queue {
            if let Some(reason) = self.dispatcher.silenced(item, channel) {
                let report = Report {
                    reason: Some(reason),
                    ..Report::default()
                };
                self.dispatcher
                    .log(item, channel, request_id, Outcome::Muted, report);
                outcomes.push(Ok(Outcome::Muted));
                continue;
            }
            // What is filtered is not remembered: another rule may let the same event pass.
            let Some(verdict) = self.dispatcher.verdict(item, channel, request_id) else {
                outcomes.push(Ok(Outcome::Filtered));
                continue;
            };
            let key = item.key(channel);
            if self.delivered.covers(&key, &verdict) {
                self.dispatcher
                    .log(item, channel, request_id, Outcome::Duplicate, Report::default());
                outcomes.push(Ok(Outcome::Duplicate));
                continue;
            }
            let taken = self.dispatcher.hand_over(item, channel, verdict.clone(), attempt);
            let outcome = match taken.await {
                Ok(outcome) => Ok(outcome),
                Err(refusal) => self
                    .dispatcher
                    .give_up(item, channel, refusal, request_id, budget.dead_letter)
                    .await
                    .map(|()| Outcome::DeadLettered),
            };
            if outcome.is_ok() {
                self.delivered.add(&key, verdict);
            }
            outcomes.push(outcome);
        }
        outcomes
    }
}
