//! Drains a channel's buffer. Lambda delivers the queue's messages in batches, and the function returns the ids
//! of those that must stay in the queue ("partial batch response").
//!
//! A few messages are posted one by one; more become digests that list each of them. Critical messages and
//! tests never go into a digest. A pause between two posts respects Slack's rate limit.
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>

use super::destinations::{BAD_REQUEST, Refusal};
use super::dispatcher::{Dispatcher, Posted, Report};
use super::log::{self, Kind};
use super::seen::Seen;
use super::slack::Shape;
use super::time::Budget;
use crate::contract::{Buffer, ChannelKey, Outcome, Severity, Verdict};
use crate::destination::slack::fit;
use crate::item::{Item, items};
use crate::{Card, Duty, Queue, digest, summarise};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::{Instant, sleep_until};

/// Number of functions that may drain a queue at the same time: 2 is the lowest limit that Lambda allows. Each
/// gets its share of the rate. <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html>
const FUNCTIONS: f64 = 2.0;
/// Lowest rate: at less than one post per minute the queue would only grow.
const SLOWEST: f64 = 1.0 / 60.0;
/// Time that a post needs; with less time left, none is started.
const ATTEMPT: Duration = Duration::from_millis(500);

/// What the process remembers about the buffers that it drains.
#[derive(Default)]
pub(super) struct Buffered {
    /// How each channel was told of what.
    told: Seen<Verdict>,
    /// The earliest time of the next post to each channel.
    next: Mutex<BTreeMap<ChannelKey, Instant>>,
}

/// One message of a batch, for one channel.
struct Waiting {
    /// SQS's ids of the message, and of its copies that came by other rules.
    ids: Vec<String>,
    /// The most urgent copy.
    item: Item,
    /// Of all copies.
    verdict: Verdict,
    copies: Vec<Item>,
    /// Time in the queue before this invocation.
    age: Duration,
}

/// State while draining the buffer of one channel.
struct Emptying<'a> {
    buffered: &'a Buffered,
    dispatcher: &'a Dispatcher,
    channel: &'a ChannelKey,
    buffer: Buffer,
    request_id: &'a str,
    budget: Budget,
    /// Ids of messages that must stay in the queue.
    left: BTreeSet<String>,
}

/// Whether an invocation event is a batch from a queue.
pub(super) fn is_batch(event: &Value) -> bool {
    event.pointer("/Records/0/eventSource").and_then(Value::as_str) == Some("aws:sqs")
}

impl Buffered {
    /// Posts a batch; returns the ids of messages that must stay in the queue.
    pub async fn deliver(
        &self,
        mut event: Value,
        dispatcher: &Dispatcher,
        request_id: &str,
        budget: Budget,
    ) -> Value {
        let records = match event.get_mut("Records") {
            Some(Value::Array(records)) => std::mem::take(records),
            _ => Vec::new(),
        };
        let mut left = BTreeSet::new();
        let mut queues: BTreeMap<ChannelKey, Vec<(String, Item, Duration)>> = BTreeMap::new();
        for record in &records {
            let id = text(record, "messageId");
            let arn = text(record, "eventSourceARN");
            let behind = Queue::from_arn(arn).and_then(|queue| dispatcher.behind(&queue));
            for item in read(record, behind) {
                let Some(channel) = item.envelope.channels.first().cloned() else {
                    let reason = format!("no channel has `{arn}` for its buffer");
                    log::write(
                        Kind::Failed,
                        Duty::Notify,
                        request_id,
                        "undelivered",
                        Some(&reason),
                    );
                    left.insert(id.to_owned());
                    continue;
                };
                let queue = queues.entry(channel).or_default();
                queue.push((id.to_owned(), item, age(record)));
            }
        }
        for (channel, queue) in queues {
            let settings = dispatcher.settings.channels.get(&channel);
            let mut emptying = Emptying {
                buffered: self,
                dispatcher,
                channel: &channel,
                buffer: settings.and_then(|channel| channel.buffer).unwrap_or_default(),
                request_id,
                budget,
                left: BTreeSet::new(),
            };
            emptying.run(queue).await;
            left.extend(emptying.left);
        }
        let left = left.iter().map(|id| json!({ "itemIdentifier": id }));
        json!({ "batchItemFailures": left.collect::<Value>() })
    }

    fn next(&self, channel: &ChannelKey) -> Instant {
        let next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        next.get(channel).copied().unwrap_or_else(Instant::now)
    }

    fn pause(&self, channel: &ChannelKey, pause: Duration) {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        next.insert(channel.clone(), Instant::now() + pause);
    }
}

impl Waiting {
    /// Takes in another copy of the same event.
    fn join(&mut self, id: String, mut copy: Item, verdict: &Verdict) {
        if verdict.severity > self.verdict.severity {
            std::mem::swap(&mut self.item, &mut copy);
        }
        self.verdict.merge(verdict);
        // A dead letter of it is told to whom the copies would have been told.
        self.item.envelope.verdict = Some(self.verdict.clone());
        self.ids.push(id);
        self.copies.push(copy);
    }
}

impl Emptying<'_> {
    async fn run(&mut self, queue: Vec<(String, Item, Duration)>) {
        let waiting = self.wanted(queue);
        let few = |count| count <= self.buffer.digest_above as usize;
        let urgent = |one: &&Waiting| {
            few(waiting.len()) || one.verdict.severity == Severity::Critical || one.item.notice.test.is_some()
        };
        let (mut singly, mut together): (Vec<_>, Vec<_>) = waiting.iter().partition(urgent);
        if few(together.len()) {
            singly.append(&mut together);
        }
        for one in singly {
            self.post_one(one).await;
        }
        let settings = &self.dispatcher.settings;
        let lines: Vec<_> = together
            .iter()
            .map(|one| summarise(&one.item.notice, settings))
            .collect();
        for digest in digest(&lines, settings, fit) {
            let covered = digest.covers.iter();
            let covered: Vec<_> = covered
                .filter_map(|index| together.get(*index).copied())
                .collect();
            self.post_digest(digest.card, &covered).await;
        }
    }

    /// The messages that the channel accepts and does not have yet. Copies of one event that came by several rules are
    /// one message: the most urgent of them, with the mentions of all.
    fn wanted(&self, queue: Vec<(String, Item, Duration)>) -> Vec<Waiting> {
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        let mut wanted: Vec<Waiting> = Vec::with_capacity(queue.len());
        for (id, item, age) in queue {
            let verdict = self.dispatcher.verdict(&item, self.channel, self.request_id);
            let Some(verdict) = verdict else {
                continue;
            };
            let key = item.key(self.channel);
            if self.buffered.told.covers(&key, &verdict) {
                self.log_duplicate(&item);
                continue;
            }
            match places.get(&key).and_then(|place| wanted.get_mut(*place)) {
                Some(one) => one.join(id, item, &verdict),
                None => {
                    places.insert(key, wanted.len());
                    wanted.push(Waiting {
                        ids: vec![id],
                        item,
                        verdict,
                        copies: Vec::new(),
                        age,
                    });
                }
            }
        }
        wanted
    }

    fn log_duplicate(&self, item: &Item) {
        let (outcome, report) = (Outcome::Duplicate, Report::default());
        self.dispatcher
            .log(item, self.channel, self.request_id, outcome, report);
    }

    /// Remembers that the channel was told, or never will be.
    fn remember(&self, one: &Waiting) {
        let key = one.item.key(self.channel);
        self.buffered.told.add(&key, one.verdict.clone());
        one.copies.iter().for_each(|copy| self.log_duplicate(copy));
    }

    async fn post_one(&mut self, one: &Waiting) {
        let card = one.item.card(&one.verdict, &self.dispatcher.settings);
        let channel = self.channel;
        let deadline = self.budget.deliver;
        let post = self.dispatcher.post_alert(channel, &card, deadline);
        match self.at_its_pace(post).await {
            None => self.leave(&[one]),
            Some(Ok(posted)) => self.delivered(&[one], &posted),
            Some(Err(refusal)) => self.refused(&[one], refusal).await,
        }
    }

    async fn post_digest(&mut self, mut card: Card, covered: &[&Waiting]) {
        let called: BTreeSet<_> = covered.iter().flat_map(|one| &one.verdict.mention).collect();
        card.mention(&called.into_iter().cloned().collect::<Vec<_>>());
        let dispatcher = self.dispatcher;
        let post = dispatcher.post(self.channel, &card, Shape::Usual, self.budget.deliver);
        match self.at_its_pace(post).await {
            None => self.leave(covered),
            Some(Ok(posted)) => self.delivered(covered, &posted),
            Some(Err(refusal)) if refusal.status == BAD_REQUEST => {
                for one in covered {
                    self.post_one(one).await;
                }
            }
            Some(Err(refusal)) => self.refused(covered, refusal).await,
        }
    }

    /// Posts as soon as the channel's rate allows; `None` if the remaining time is too short.
    async fn at_its_pace(
        &self,
        post: impl Future<Output = Result<Posted, Refusal>>,
    ) -> Option<Result<Posted, Refusal>> {
        let next = self.buffered.next(self.channel);
        if next.max(Instant::now()) + ATTEMPT > self.budget.deliver {
            return None;
        }
        sleep_until(next).await;
        let outcome = post.await;
        let asked = match &outcome {
            Err(refusal) => refusal.pause.unwrap_or_default(),
            Ok(_) => Duration::ZERO,
        };
        let own = Duration::from_secs_f64(FUNCTIONS / self.buffer.per_second.max(SLOWEST));
        self.buffered.pause(self.channel, asked.max(own));
        Some(outcome)
    }

    /// Leaves the messages in the queue.
    fn leave(&mut self, all: &[&Waiting]) {
        self.left.extend(all.iter().flat_map(|one| one.ids.clone()));
    }

    fn delivered(&self, all: &[&Waiting], posted: &Posted) {
        for (index, one) in all.iter().enumerate() {
            self.remember(one);
            let report = Report {
                // All messages of a digest share one post, so its retries count once.
                retried: if index == 0 { posted.retried } else { 0 },
                latency: one.age + self.budget.started.elapsed(),
                refusal: posted.refused.as_ref(),
            };
            self.dispatcher.log(
                &one.item,
                self.channel,
                self.request_id,
                Outcome::Delivered,
                report,
            );
        }
    }

    async fn refused(&mut self, all: &[&Waiting], mut refusal: Refusal) {
        for one in all {
            let given_up = self
                .dispatcher
                .give_up(
                    &one.item,
                    self.channel,
                    refusal.clone(),
                    self.request_id,
                    self.budget.park,
                )
                .await;
            refusal.retried = 0;
            match given_up {
                Ok(()) => self.remember(one),
                Err(_) => self.leave(&[one]),
            }
        }
    }
}

/// The items of one record: exactly one, unless something other than the relay filled the queue.
fn read(record: &Value, behind: Option<&ChannelKey>) -> Vec<Item> {
    let body = text(record, "body");
    let mut items = match serde_json::from_str::<Value>(body) {
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

/// How long a record has been in the queue.
fn age(record: &Value) -> Duration {
    let sent = record
        .pointer("/attributes/SentTimestamp")
        .and_then(Value::as_str);
    let sent = sent.and_then(|text| text.parse().ok()).map(Duration::from_millis);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    sent.map_or(Duration::ZERO, |sent| now.saturating_sub(sent))
}

fn text<'a>(record: &'a Value, name: &str) -> &'a str {
    record.get(name).and_then(Value::as_str).unwrap_or_default()
}
