//! The messages of a batch for one channel.

mod steps;

use super::{Arrival, Left, Queued, Receipt};
use crate::card::Row;
use crate::contract::{Buffer, ChannelKey, Locale, Outcome, Severity, Verdict};
use crate::destination::Shape;
use crate::event::Phase;
use crate::item::Item;
use crate::runtime::defect::caught;
use crate::runtime::dispatcher::{Dispatcher, Posted};
use crate::runtime::log::Report;
use crate::runtime::pauses::growing;
use crate::runtime::refusal::Refusal;
use crate::runtime::time::Budget;
use crate::{Card, digest, summarise};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Number of functions that may drain a queue at the same time: 2 is the lowest limit that Lambda allows. Each
/// gets its share of the rate. <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html>
const FUNCTIONS: f64 = 2.0;
/// Lowest rate: at less than one post per minute the queue would only grow.
const SLOWEST: f64 = 1.0 / 60.0;
/// Time that a post needs, but at most a fifth of all; with less time left, none is started: what Slack has taken without
/// an answer is posted again.
const ATTEMPT: Duration = Duration::from_secs(2);

/// One message of a batch.
struct Waiting {
    /// Of the message, and of its copies that came by other rules.
    receipts: Vec<Receipt>,
    /// The most urgent copy.
    item: Item,
    /// Of all copies.
    verdict: Verdict,
    copies: Vec<Item>,
    /// Earlier steps of the same incident, which its message need not show any more.
    earlier: Vec<(Item, Verdict)>,
    age: Duration,
    tries: u32,
}

/// State while the messages for one channel are delivered.
pub(super) struct Draining<'a> {
    queued: &'a Queued,
    dispatcher: &'a Dispatcher,
    channel: &'a ChannelKey,
    buffer: Buffer,
    /// How many rows fit into a digest, if the channel gets any.
    fit: Option<fn(&[Row], Locale) -> usize>,
    /// Whether its messages are updated, so that only the last step of an incident has to be delivered.
    is_living: bool,
    request_id: &'a str,
    budget: Budget,
    /// What stays in the queue.
    left: Vec<Left>,
}

impl Waiting {
    /// Takes in another copy of the same event.
    fn join(&mut self, arrival: Arrival, verdict: &Verdict) {
        let mut copy = arrival.item;
        if verdict.severity > self.verdict.severity {
            std::mem::swap(&mut self.item, &mut copy);
        }
        self.verdict.merge(verdict);
        // A dead letter keeps the merged verdict, so that a redrive mentions whom the copies would have mentioned.
        self.item.envelope.verdict = Some(self.verdict.clone());
        self.receipts.push(arrival.receipt);
        self.copies.push(copy);
    }

    /// Takes in an earlier step of the same incident.
    fn follow(&mut self, earlier: Self) {
        // The incident goes on, so whom the earlier step mentions is mentioned now.
        if self
            .item
            .notice
            .incident()
            .is_some_and(|incident| incident.phase == Phase::Firing)
        {
            self.verdict.merge(&earlier.verdict);
        }
        self.receipts.extend(earlier.receipts);
        self.copies.extend(earlier.copies);
        self.earlier.extend(earlier.earlier);
        self.earlier.push((earlier.item, earlier.verdict));
    }

    fn is_test(&self) -> bool {
        self.item.notice.test.is_some()
    }

    /// The most urgent first, and of these the oldest.
    fn order(&self) -> impl Ord + use<> {
        let time = self.item.notice.time();
        (Reverse(self.verdict.severity), time.is_none(), time)
    }
}

impl<'a> Draining<'a> {
    pub fn new(
        queued: &'a Queued,
        dispatcher: &'a Dispatcher,
        channel: &'a ChannelKey,
        request_id: &'a str,
        budget: Budget,
    ) -> Self {
        let settings = dispatcher.settings.channels.get(channel);
        let channel_type = settings.map(|channel| channel.channel_type.clone());
        let channel_type = channel_type.unwrap_or_default();
        Self {
            fit: channel_type.fit(),
            is_living: channel_type.is_slack_app(),
            queued,
            dispatcher,
            channel,
            buffer: settings.and_then(|channel| channel.buffer).unwrap_or_default(),
            request_id,
            budget,
            left: Vec::new(),
        }
    }

    /// Delivers `arrivals`; returns those that stay in their queue.
    pub async fn run(mut self, arrivals: Vec<Arrival>) -> Vec<Left> {
        let mut waiting = self.wanted(arrivals);
        if self.is_living {
            waiting = steps::newest(waiting);
        }
        waiting.sort_by_cached_key(Waiting::order);
        let waiting = steps::as_they_happened(waiting);
        let (singly, together) = self.divided(&waiting);
        for one in singly {
            self.post_one(one).await;
        }
        self.post_together(&together).await;
        self.leaving()
    }

    /// Posts digests that list each of `together`.
    async fn post_together(&mut self, together: &[&Waiting]) {
        let settings = &self.dispatcher.settings;
        let (mut lines, mut listed) = (Vec::new(), Vec::new());
        for one in together {
            match caught(|| summarise(&one.item.notice, settings)) {
                Ok(line) => {
                    lines.push(line);
                    listed.push(*one);
                }
                Err(defect) => self.refused(&[*one], defect).await,
            }
        }
        let Some(fit) = self.fit else {
            return;
        };
        for digest in digest(&lines, settings, fit) {
            let covered = digest.covers.iter();
            let covered: Vec<_> = covered.filter_map(|index| listed.get(*index).copied()).collect();
            self.post_digest(digest.card, &covered).await;
        }
    }

    /// What is posted one by one, and what goes into digests. Tests are posted one by one, and so are critical messages
    /// as long as there is time for a post of each.
    fn divided<'w>(&self, waiting: &'w [Waiting]) -> (Vec<&'w Waiting>, Vec<&'w Waiting>) {
        let few = |count| count <= self.buffer.digest_above as usize;
        let is_critical = |one: &&Waiting| one.verdict.severity == Severity::Critical;
        let critical = waiting.iter().filter(is_critical).count();
        let (mut singly, mut together): (Vec<_>, Vec<_>) = waiting.iter().partition(|one| {
            self.fit.is_none()
                || one.is_test()
                || few(waiting.len())
                || (is_critical(one) && critical <= self.posts_in_time())
        });
        if few(together.len()) {
            singly.append(&mut together);
        }
        (singly, together)
    }

    /// How many posts the channel's rate allows in the time there is.
    fn posts_in_time(&self) -> usize {
        let time = self.budget.deliver.saturating_duration_since(Instant::now());
        let time = time.saturating_sub(self.queued.wait(self.channel));
        let posts = time.as_secs_f64() / self.pace().as_secs_f64();
        // Far below 2^53: the time is at most 15 minutes, and the pace at least a millisecond.
        posts.max(1.0) as usize
    }

    /// The time between two posts of this function.
    fn pace(&self) -> Duration {
        Duration::from_secs_f64(FUNCTIONS / self.buffer.per_second.clamp(SLOWEST, 2_000.0))
    }

    /// The messages that the channel accepts and does not have yet. Copies of one event that came by several rules are
    /// one message: the most urgent of them, with the mentions of all.
    fn wanted(&self, arrivals: Vec<Arrival>) -> Vec<Waiting> {
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        let mut wanted: Vec<Waiting> = Vec::with_capacity(arrivals.len());
        for arrival in arrivals {
            let item = &arrival.item;
            let Some(verdict) = self.dispatcher.verdict(item, self.channel, self.request_id) else {
                continue;
            };
            let key = item.key(self.channel);
            if self.queued.delivered.covers(&key, &verdict) {
                self.log_duplicate(item);
                continue;
            }
            match places.get(&key).and_then(|place| wanted.get_mut(*place)) {
                Some(one) => one.join(arrival, &verdict),
                None => {
                    places.insert(key, wanted.len());
                    wanted.push(Waiting {
                        receipts: vec![arrival.receipt],
                        item: arrival.item,
                        verdict,
                        copies: Vec::new(),
                        earlier: Vec::new(),
                        age: arrival.age,
                        tries: arrival.tries,
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

    /// Remembers that the channel has the message, or never will.
    fn remember(&self, one: &Waiting, outcome: Outcome) {
        let key = one.item.key(self.channel);
        self.queued.delivered.add(&key, one.verdict.clone());
        for (earlier, verdict) in &one.earlier {
            self.queued
                .delivered
                .add(&earlier.key(self.channel), verdict.clone());
            self.dispatcher
                .log(earlier, self.channel, self.request_id, outcome, Report::default());
        }
        one.copies.iter().for_each(|copy| self.log_duplicate(copy));
    }

    async fn post_one(&mut self, one: &Waiting) {
        let Dispatcher {
            lateness, settings, ..
        } = self.dispatcher;
        let card = lateness.card(&one.item, self.channel, &one.verdict, one.age, settings);
        let card = match card {
            Ok(card) => card,
            Err(defect) => return self.refused(&[one], defect).await,
        };
        let channel = self.channel;
        let deadline = self.budget.deliver;
        let post = self.dispatcher.post_alert(channel, &card, deadline);
        match self.at_its_pace(post).await {
            None => self.leave(&[one], Duration::ZERO),
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
            None => self.leave(covered, Duration::ZERO),
            Some(Ok(posted)) => self.delivered(covered, &posted),
            Some(Err(refusal)) if refusal.malformed => {
                for one in covered {
                    self.post_one(one).await;
                }
            }
            Some(Err(refusal)) => self.refused(covered, refusal).await,
        }
    }

    /// Posts as soon as the channel's rate allows; `None` if the channel asked for a pause or the remaining time is too
    /// short.
    async fn at_its_pace(
        &self,
        post: impl Future<Output = Result<Posted, Refusal>>,
    ) -> Option<Result<Posted, Refusal>> {
        let wait = self.queued.wait(self.channel);
        let paused = !self.dispatcher.pauses.left(self.channel).is_zero();
        let whole = self.budget.deliver.saturating_duration_since(self.budget.started);
        if paused || Instant::now() + wait + ATTEMPT.min(whole / 5) > self.budget.deliver {
            return None;
        }
        sleep(wait).await;
        self.queued.pace(self.channel, self.pace());
        Some(post.await)
    }

    /// Leaves the messages in the queue, for `pause` at least.
    fn leave(&mut self, all: &[&Waiting], pause: Duration) {
        for one in all {
            let left = |receipt: &Receipt| Left {
                receipt: receipt.clone(),
                age: one.age,
                due: pause,
            };
            self.left.extend(one.receipts.iter().map(left));
        }
    }

    /// All of what stays comes back when the channel may be tried again: together, so that it becomes a digest.
    fn leaving(mut self) -> Vec<Left> {
        let pause = self.dispatcher.pauses.left(self.channel);
        let due = pause.max(self.queued.wait(self.channel));
        for left in &mut self.left {
            left.due = left.due.max(due);
        }
        self.left
    }

    fn delivered(&mut self, all: &[&Waiting], posted: &Posted) {
        self.dispatcher.pauses.taken(self.channel);
        for (index, one) in all.iter().enumerate() {
            self.remember(one, Outcome::Delivered);
            self.dispatcher
                .lateness
                .note_delivered(self.channel, &one.item.notice);
            let report = Report {
                // All messages of a digest share one post, so its retries count once.
                retried: if index == 0 { posted.retried } else { 0 },
                latency: one.age + self.budget.started.elapsed(),
                refusal: posted.refused.as_ref(),
                reason: None,
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
        if refusal.is_of_all() {
            let tries = all.iter().map(|one| one.tries).min().unwrap_or_default();
            self.dispatcher.pauses.refused(self.channel, &refusal, tries);
        }
        for one in all {
            if refusal.may_pass(one.age) {
                let report = Report::of(&refusal);
                let (item, request_id) = (&one.item, self.request_id);
                self.dispatcher
                    .log(item, self.channel, request_id, Outcome::Deferred, report);
                self.leave(&[one], refusal.own_pause());
            } else {
                self.give_up(one, refusal.clone()).await;
            }
            refusal.retried = 0;
        }
    }

    async fn give_up(&mut self, one: &Waiting, refusal: Refusal) {
        let (dispatcher, channel, deadline) = (self.dispatcher, self.channel, self.budget.dead_letter);
        let refusal = refusal.after(one.age);
        let given_up = dispatcher.give_up(&one.item, channel, refusal, self.request_id, deadline);
        match given_up.await {
            Ok(()) => self.remember(one, Outcome::DeadLettered),
            Err(problem) => self.leave(&[one], growing(one.tries, &Refusal::transient(problem))),
        }
    }
}
