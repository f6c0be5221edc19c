//! Messages that waited in a queue: in a channel's buffer, or in the stack's retry queue. Lambda delivers them in
//! batches, and the function returns the ids of those that must stay in the queue ("partial batch response"). When each
//! of these comes back is set exactly, by its visibility timeout.
//!
//! A few messages are posted one by one; more become digests that list each of them. A pause between two posts respects
//! Slack's rate limit, and after a refusal the channel is left alone for as long as it asks, or for a growing time. No
//! channel waits for another.
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>

mod channel;
mod topic;

use super::api::Context;
use super::defect::caught;
use super::destinations::Destination;
use super::dispatcher::Dispatcher;
use super::log::{self, Waits};
use super::queue::PutOff;
use super::refusal::Refusal;
use super::seen::Seen;
use super::time::Budget;
use crate::contract::{ChannelKey, Envelope, Kind, LogEntry, Verdict};
use crate::item::{Item, items};
use crate::json::Json;
use crate::{Duty, Queue, json};
use channel::Draining;
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::Instant;

/// What the process remembers about the queues that it drains.
#[derive(Default)]
pub(super) struct Queued {
    /// How each channel was told of what.
    delivered: Seen<Verdict>,
    /// The earliest time of the next post to each channel.
    next: Mutex<BTreeMap<ChannelKey, Instant>>,
}

/// One message from a queue, for one destination.
struct Arrival {
    receipt: Receipt,
    item: Item,
    /// Time in the queue before this invocation.
    age: Duration,
    /// How often SQS delivered it before.
    tries: u32,
}

/// What SQS knows a message by.
#[derive(Clone)]
struct Receipt {
    id: String,
    /// Of this delivery.
    handle: String,
    /// The queue's ARN.
    queue: String,
}

/// A message that stays in its queue.
struct Left {
    receipt: Receipt,
    /// Time in the queue before this invocation.
    age: Duration,
    /// When it is to be delivered again, from now.
    due: Duration,
}

/// Whether an invocation event is a batch from a queue.
pub(super) fn is_batch(event: &Value) -> bool {
    event.pointer("/Records/0/eventSource").and_then(Value::as_str) == Some("aws:sqs")
}

impl Queued {
    /// Delivers a batch; returns the ids of messages that must stay in the queue.
    pub async fn deliver(
        &self,
        mut event: Value,
        dispatcher: &Dispatcher,
        context: &Context,
        budget: Budget,
    ) -> Value {
        let request_id = context.request_id.as_str();
        let records = match event.get_mut("Records") {
            Some(Value::Array(records)) => std::mem::take(records),
            _ => Vec::new(),
        };
        let mut arrivals: BTreeMap<Destination, Vec<Arrival>> = BTreeMap::new();
        let mut homeless = Vec::new();
        for record in &records {
            let receipt = Receipt::of(record);
            let queue = Queue::from_arn(&receipt.queue);
            let behind = queue.and_then(|queue| dispatcher.behind(&queue));
            let items = match caught(|| read(record, behind)) {
                Ok(items) => items,
                Err(defect) => {
                    if !is_kept(record, &defect, dispatcher, request_id, budget).await {
                        homeless.push(receipt.id);
                    }
                    continue;
                }
            };
            for item in items {
                let Some(destination) = destination(&item) else {
                    homeless.push(receipt.id.clone());
                    continue;
                };
                arrivals.entry(destination).or_default().push(Arrival {
                    receipt: receipt.clone(),
                    item,
                    age: age(record),
                    tries: number(record, "ApproximateReceiveCount").saturating_sub(1) as u32,
                });
            }
        }
        if !homeless.is_empty() {
            let arn = text(records.first().unwrap_or(&Value::Null), "eventSourceARN");
            let reason = format!("no channel has `{arn}` for its buffer");
            let (kind, duty) = (Kind::Failed, Duty::Notify);
            log::write(kind, duty, request_id, "undelivered", Some(&reason));
        }
        let items = arrivals.values_mut().flatten().map(|arrival| &mut arrival.item);
        dispatcher.find_names(items, budget).await;
        let items = arrivals.values_mut().flatten().map(|arrival| &mut arrival.item);
        dispatcher
            .find_lines(items, context.account.as_deref(), budget)
            .await;
        let settled = arrivals.into_iter().map(async |(destination, arrivals)| {
            let left = match &destination {
                Destination::Channel(channel) => {
                    let draining = Draining::new(self, dispatcher, channel, request_id, budget);
                    draining.run(arrivals).await
                }
                Destination::Topic(arn) => {
                    topic::publish(dispatcher, arn, arrivals, request_id, budget).await
                }
            };
            waits(&left, &destination, dispatcher, budget);
            // At once, because another channel may take its time.
            put_off(&left, dispatcher, request_id, budget).await;
            left
        });
        let left = join_all(settled).await.into_iter().flatten();
        let left = left.map(|left| left.receipt.id);
        let left: BTreeSet<_> = left.chain(homeless).collect();
        let left = left.iter().map(|id| json!({ "itemIdentifier": id }));
        json!({ "batchItemFailures": left.collect::<Value>() })
    }

    /// How long until the next post to `channel`.
    fn wait(&self, channel: &ChannelKey) -> Duration {
        let next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let next = next.get(channel).copied();
        next.map_or(Duration::ZERO, |next| {
            next.saturating_duration_since(Instant::now())
        })
    }

    fn pace(&self, channel: &ChannelKey, pause: Duration) {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        next.insert(channel.clone(), Instant::now() + pause);
    }
}

/// Logs that these wait for `destination`, if there are any.
fn waits(left: &[Left], destination: &Destination, dispatcher: &Dispatcher, budget: Budget) {
    let Some(oldest) = left.iter().map(|left| left.age).max() else {
        return;
    };
    let again_in = left.iter().map(|left| left.due).max().unwrap_or_default();
    let mut entry = LogEntry {
        stack: Some(dispatcher.settings.stack.as_str().into()),
        outcome: "waiting".into(),
        ..LogEntry::default()
    };
    match destination {
        Destination::Channel(channel) => entry.channel = Some(channel.0.as_str().into()),
        Destination::Topic(arn) => entry.topic = Some(arn.into()),
    }
    let waits = Waits {
        entry,
        count: left.len(),
        oldest: oldest + budget.started.elapsed() + again_in,
        again_in,
    };
    waits.write();
}

/// Sets when SQS delivers each of these again.
async fn put_off(left: &[Left], dispatcher: &Dispatcher, request_id: &str, budget: Budget) {
    let mut queues: BTreeMap<&str, Vec<PutOff>> = BTreeMap::new();
    for left in left {
        queues.entry(&left.receipt.queue).or_default().push(PutOff {
            receipt: left.receipt.handle.clone(),
            due: left.due,
        });
    }
    for (arn, messages) in queues {
        let Some(outbox) = Queue::from_arn(arn).and_then(|queue| dispatcher.outbox(&queue)) else {
            continue;
        };
        let done = outbox
            .put_off(&messages, &dispatcher.network, budget.dead_letter)
            .await;
        if let Err(refusal) = done {
            let reason = format!("messages come back later than they should: {refusal}");
            let (kind, duty) = (Kind::Failed, Duty::Notify);
            log::write(kind, duty, request_id, "put off", Some(&reason));
        }
    }
}

impl Receipt {
    fn of(record: &Value) -> Self {
        Self {
            id: text(record, "messageId").to_owned(),
            handle: text(record, "receiptHandle").to_owned(),
            queue: text(record, "eventSourceARN").to_owned(),
        }
    }
}

/// The destination of a message in a queue: each is for one.
fn destination(item: &Item) -> Option<Destination> {
    let envelope = &item.envelope;
    let channel = envelope.channels.first().cloned().map(Destination::Channel);
    channel.or_else(|| envelope.topics.first().cloned().map(Destination::Topic))
}

/// The items of one record: exactly one, unless something other than the relay filled the queue.
fn read(record: &Value, behind: Option<&ChannelKey>) -> Vec<Item> {
    let body = text(record, "body");
    let mut items = match json::parse(body) {
        Ok(event @ Value::Object(_)) => items(event),
        _ => vec![Item::text(body)],
    };
    for (index, item) in items.iter_mut().enumerate() {
        if item.envelope.channels.is_empty() {
            item.envelope.channels.extend(behind.cloned());
        }
        let id = || format!("{} {index}", text(record, "messageId"));
        item.identity.get_or_insert_with(id);
    }
    items
}

/// Puts a message at which reading fails into the dead-letter queue as it is; whether it is there.
async fn is_kept(
    record: &Value,
    defect: &Refusal,
    dispatcher: &Dispatcher,
    request_id: &str,
    budget: Budget,
) -> bool {
    let envelope = Envelope {
        event: Json::from(Value::from(text(record, "body"))),
        ..Envelope::default()
    };
    let reason = dispatcher.dead_letter_reason(&defect.reason, request_id);
    dispatcher
        .dead_letter(envelope, reason, budget.dead_letter)
        .await
        .is_ok()
}

/// How long a record has been in the queue.
fn age(record: &Value) -> Duration {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    match number(record, "SentTimestamp") {
        0 => Duration::ZERO,
        sent => now.saturating_sub(Duration::from_millis(sent)),
    }
}

/// An attribute of a record; SQS writes numbers as texts.
fn number(record: &Value, attribute: &str) -> u64 {
    let attributes = record.get("attributes");
    let value = attributes.and_then(|attributes| attributes.get(attribute)?.as_str()?.parse().ok());
    value.unwrap_or_default()
}

fn text<'a>(record: &'a Value, name: &str) -> &'a str {
    record.get(name).and_then(Value::as_str).unwrap_or_default()
}
