//! Buffers: a queue in front of a channel. The relay drains it in batches, so that an alert storm waits its
//! turn.

use std::collections::BTreeMap;

use alertctl_relay::BUFFERS;

use super::Build;
use super::function::{Function, plain};
use crate::aws::Text;
use crate::aws::policy::Statement;
use crate::resource::lambda::event_source_mapping::LambdaEventSourceMapping;
use crate::resource::lambda::function::EnvValue;
use crate::resource::sqs::queue::{Redelivery, SqsQueue};
use crate::resource::{NodeId, Ref, Resource};

/// Minimum timeout in seconds for a batch: a few posts within Slack's rate limit, and one wait of half a minute
/// that Slack may ask for.
pub(super) const BATCH_TIMEOUT: i32 = 60;
/// SQS's longest retention: 14 days.
const RETENTION: i32 = 1_209_600;
/// Seconds of retries before a message becomes a dead letter: one week. Its age continues to count in the
/// dead-letter queue, so that leaves one more week to look at it.
const PARKED_AFTER: i32 = RETENTION / 2;
/// SQS's highest receive count.
const RECEIVES: i32 = 1000;
/// Largest batch; all of it may become one digest.
const BATCH_SIZE: i32 = 100;
/// Seconds. AWS requires at least one for batches of more than 10.
const BATCHING_WINDOW: i32 = 1;
/// The lowest value that AWS accepts. Each concurrent function uses its share of the channel's rate.
const CONCURRENCY: i32 = 2;

impl Build<'_> {
    /// The stack's channels that have a buffer.
    pub(super) fn buffered(&self) -> Vec<String> {
        self.buffered_in(self.stack.channels.keys())
    }

    /// Those of `channels` that have a buffer.
    pub(super) fn buffered_in<'c>(&self, channels: impl IntoIterator<Item = &'c String>) -> Vec<String> {
        let has = |key: &&String| {
            let channel = self.stack.channels.get(*key);
            channel.is_some_and(|channel| channel.buffer.is_some())
        };
        channels.into_iter().filter(has).cloned().collect()
    }

    /// Adds the queue in front of `channel`, which a function with this `timeout` drains. A message that is
    /// received too often goes to `dead_letters`.
    pub(super) fn buffer(
        &mut self,
        channel: &str,
        dead_letters: &Ref<SqsQueue>,
        timeout: i32,
    ) -> Ref<SqsQueue> {
        let (key, name) = (buffer_key(channel), self.names.buffer(channel));
        self.watched.buffers.push((key.clone(), name.clone()));
        // AWS recommends six times the function's timeout, so that Lambda can retry while the function is
        // throttled.
        let visibility_seconds = 6 * timeout;
        self.graph.add_after(
            &key,
            SqsQueue {
                name,
                retention_seconds: RETENTION,
                policy: None,
                // High, so that Slack may be down for days. The relay itself moves messages that Slack refuses
                // permanently to the dead-letter queue.
                redelivery: Some(Redelivery {
                    visibility_seconds,
                    dead_letter_queue: dead_letters.arn(),
                    max_receive_count: (PARKED_AFTER / visibility_seconds).clamp(1, RECEIVES),
                }),
                tags: self.tags::<SqsQueue>(&key),
            },
            [dead_letters.id().clone()],
        )
    }

    /// Makes `function` drain the buffer of `channel`.
    pub(super) fn work_off(&mut self, channel: &str, queue: Ref<SqsQueue>, function: &Function) {
        let key = buffer_key(channel);
        self.graph.add_after(
            &key,
            LambdaEventSourceMapping {
                queue,
                function: function.function.clone(),
                batch_size: BATCH_SIZE,
                batching_window_seconds: BATCHING_WINDOW,
                maximum_concurrency: CONCURRENCY,
                tags: self.tags::<LambdaEventSourceMapping>(&key),
            },
            function.after.clone(),
        );
    }

    /// Environment variable with the buffers of `channels`: a JSON object from channel to queue ARN.
    pub(super) fn buffers(&self, channels: &[String]) -> BTreeMap<String, EnvValue> {
        if channels.is_empty() {
            return BTreeMap::new();
        }
        let arns = channels
            .iter()
            .map(|channel| (channel.as_str(), self.names.buffer_arn(channel)));
        plain([(BUFFERS, Text::json_object(arns))])
    }

    /// Allows a function to put messages into the buffers of `channels`.
    pub(super) fn may_buffer(&self, channels: &[String]) -> Option<Statement> {
        self.on_buffers(Statement::allow("Buffer", &["sqs:SendMessage"]), channels)
    }

    /// Allows Lambda to read the buffers of `channels` for a function, and allows the function to delay
    /// messages that it cannot deliver yet. Source: AWS Lambda Developer Guide, "Configuring execution role
    /// permissions" for Amazon SQS.
    pub(super) fn may_work_off(&self, channels: &[String]) -> Option<Statement> {
        let actions = [
            "sqs:ReceiveMessage",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:ChangeMessageVisibility",
        ];
        self.on_buffers(Statement::allow("WorkOffBuffers", &actions), channels)
    }

    fn on_buffers(&self, allow: Statement, channels: &[String]) -> Option<Statement> {
        let arns = channels.iter().map(|channel| self.names.buffer_arn(channel));
        (!channels.is_empty()).then(|| arns.fold(allow, Statement::on))
    }
}

/// The nodes of these buffers; the relay's part of the graph adds them.
pub(super) fn buffer_nodes(channels: &[String]) -> Vec<NodeId> {
    let node = |channel: &String| NodeId {
        kind: SqsQueue::KIND,
        key: buffer_key(channel),
    };
    channels.iter().map(node).collect()
}

/// The key of a buffer's resources in the graph.
fn buffer_key(channel: &str) -> String {
    format!("buffer.{channel}")
}
