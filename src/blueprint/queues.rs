//! The queues in which messages wait: a buffer in front of a channel, so that an alert storm waits its turn, and the
//! retry queue for what a destination without a buffer does not take now. The relay drains them in batches.

use std::collections::{BTreeMap, BTreeSet};

use alertctl_relay::{BUFFERS, RETRY_QUEUE};

use super::Build;
use super::environment::plain;
use super::names::Names;
use crate::aws::Text;
use crate::aws::policy::Statement;
use crate::resource::lambda::event_source_mapping::LambdaEventSourceMapping;
use crate::resource::lambda::function::{EnvValue, LambdaFunction};
use crate::resource::sqs::queue::{Redelivery, SqsQueue};
use crate::resource::{NodeId, Ref, Resource};

/// Minimum timeout in seconds for a batch: a few posts within a service's rate limit.
pub(super) const BATCH_TIMEOUT: i32 = 60;
/// Minimum timeout in seconds of a function that drains a queue: with less, nothing would ever be posted.
pub(super) const SHORTEST: i32 = 10;
/// SQS's longest retention: 14 days.
const RETENTION: i32 = 1_209_600;
/// SQS's highest receive count. The relay itself gives up what it cannot deliver within four days; this is for a message
/// at which it ends each time.
const RECEIVES: i32 = 1000;
/// Seconds that a batch stays hidden after the function's timeout, if the function ends without an answer. What the
/// function answers for is delivered again when the function says.
const GRACE: i32 = 30;
/// Largest batch; all of it may become one digest.
const BATCH_SIZE: i32 = 100;
/// Seconds. AWS requires at least one for batches of more than 10.
const BATCHING_WINDOW: i32 = 1;
/// The lowest value that AWS accepts. Each concurrent function uses its share of the channel's rate.
const CONCURRENCY: i32 = 2;

/// A queue in which messages wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Queue {
    /// In front of this channel.
    Buffer(String),
    Retry,
}

impl Queue {
    /// The key of its resources in the graph.
    fn key(&self) -> String {
        match self {
            Self::Buffer(channel) => format!("buffer.{channel}"),
            Self::Retry => "retries".to_owned(),
        }
    }

    fn name(&self, names: Names<'_>) -> String {
        match self {
            Self::Buffer(channel) => names.buffer(channel),
            Self::Retry => names.retries(),
        }
    }

    fn arn(&self, names: Names<'_>) -> Text {
        Text::arn("sqs", self.name(names))
    }

    /// Its node; the relay's part of the graph adds it.
    pub(super) fn node(&self) -> NodeId {
        NodeId {
            kind: SqsQueue::KIND,
            key: self.key(),
        }
    }
}

impl Build<'_> {
    /// The queues in which messages to `to` may have to wait.
    pub(super) fn queues<'t>(&self, to: impl IntoIterator<Item = &'t String>) -> Vec<Queue> {
        let has_buffer = |key: &String| {
            let channel = self.stack.channels.get(key);
            channel.is_some_and(|channel| channel.buffer.is_some())
        };
        let (buffered, others): (BTreeSet<_>, BTreeSet<_>) = to.into_iter().partition(|key| has_buffer(key));
        let buffers = buffered.into_iter().cloned().map(Queue::Buffer);
        let retry = !others.is_empty() && self.has_retries();
        buffers.chain(retry.then_some(Queue::Retry)).collect()
    }

    /// Whether anything goes to a channel without a buffer, or the relay writes mails.
    fn has_retries(&self) -> bool {
        let topics = self.stack.topics.values().flat_map(|topic| &topic.to);
        let rules = self.rules.iter().flat_map(|rule| &rule.rule.to);
        let mut reached = topics.chain(rules).chain(self.notified());
        let to_channels = reached.any(|key| {
            let channel = self.stack.channels.get(key);
            channel.is_some_and(|channel| channel.buffer.is_none())
        });
        to_channels || self.mailed().next().is_some()
    }

    /// The channels and topics that endpoints and the guard notify themselves.
    pub(super) fn notified(&self) -> impl Iterator<Item = &String> {
        let endpoints = self.stack.endpoints.values().flat_map(|endpoint| &endpoint.to);
        let guard = self.stack.trail.iter().filter(|trail| trail.keep_logging);
        endpoints.chain(guard.flat_map(|trail| &trail.to))
    }

    /// Adds a queue that a function with this `timeout` drains. A message that is received too often goes to
    /// `dead_letters`.
    pub(super) fn queue(
        &mut self,
        queue: &Queue,
        dead_letters: &Ref<SqsQueue>,
        timeout: i32,
    ) -> Ref<SqsQueue> {
        let (key, name) = (queue.key(), queue.name(self.names));
        self.watched.waiting.push((key.clone(), name.clone()));
        self.graph.add_after(
            &key,
            SqsQueue {
                name,
                retention_seconds: RETENTION,
                policy: None,
                redelivery: Some(Redelivery {
                    visibility_seconds: timeout + GRACE,
                    dead_letter_queue: dead_letters.arn(),
                    max_receive_count: RECEIVES,
                }),
                tags: self.tags::<SqsQueue>(&key),
            },
            [dead_letters.id().clone()],
        )
    }

    /// Makes `function` drain `queue`, once the nodes exist that must exist before an event may reach it.
    pub(super) fn work_off(
        &mut self,
        queue: &Queue,
        node: Ref<SqsQueue>,
        function: &Ref<LambdaFunction>,
        after: &[NodeId],
    ) {
        let key = queue.key();
        self.graph.add_after(
            &key,
            LambdaEventSourceMapping {
                queue: node,
                function: function.clone(),
                batch_size: BATCH_SIZE,
                batching_window_seconds: BATCHING_WINDOW,
                maximum_concurrency: CONCURRENCY,
                tags: self.tags::<LambdaEventSourceMapping>(&key),
            },
            after.to_vec(),
        );
    }

    /// Environment variables with `queues`: for buffers, a JSON object from channel to ARN.
    pub(super) fn queue_variables(&self, queues: &[Queue]) -> BTreeMap<String, EnvValue> {
        let buffers: Vec<_> = queues
            .iter()
            .filter_map(|queue| match queue {
                Queue::Buffer(channel) => Some((channel.as_str(), queue.arn(self.names))),
                Queue::Retry => None,
            })
            .collect();
        let mut variables = BTreeMap::new();
        if !buffers.is_empty() {
            variables.extend(plain([(BUFFERS, Text::json_object(buffers))]));
        }
        if queues.contains(&Queue::Retry) {
            variables.extend(plain([(RETRY_QUEUE, Queue::Retry.arn(self.names))]));
        }
        variables
    }

    /// Allows a function to put messages into `queues`.
    pub(super) fn may_defer(&self, queues: &[Queue]) -> Option<Statement> {
        self.on_queues(Statement::allow("LetWait", &["sqs:SendMessage"]), queues)
    }

    /// Allows Lambda to read `queues` for a function, and allows the function to delay messages that it cannot deliver
    /// yet. Source: AWS Lambda Developer Guide, "Configuring execution role permissions" for Amazon SQS.
    pub(super) fn may_work_off(&self, queues: &[Queue]) -> Option<Statement> {
        let actions = [
            "sqs:ReceiveMessage",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:ChangeMessageVisibility",
        ];
        self.on_queues(Statement::allow("WorkOffQueues", &actions), queues)
    }

    fn on_queues(&self, allow: Statement, queues: &[Queue]) -> Option<Statement> {
        let arns = queues.iter().map(|queue| queue.arn(self.names));
        (!queues.is_empty()).then(|| arns.fold(allow, Statement::on))
    }
}
